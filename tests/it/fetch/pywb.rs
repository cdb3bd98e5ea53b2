//! The fallback against pywb, which replays web archives for libraries, where it is installed: `OFFPRINT_PYWB` names the
//! folder of its programs.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use offprint::testing::demo::photo::Photo;
use offprint::testing::fetch::memento_datetime;

use super::archives::{alternates, ask};
use super::{bytes, reason};
use crate::corpus::say;

const GONE: &str = "http://gone.example/a.jpg?w=640";
/// How long pywb may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A response record (WARC 1.1, section 6.3).
fn record(number: u64, date: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", body.len());
    let fields = format!(
        "WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{number:012}>\r\n\
         WARC-Date: {date}\r\nWARC-Target-URI: {GONE}\r\nContent-Type: application/http;msgtype=response\r\n\
         Content-Length: {}\r\n\r\n",
        head.len() + body.len()
    );
    [fields.as_bytes(), head.as_bytes(), body, b"\r\n\r\n"].concat()
}

/// A running pywb with one collection, `c`. It ends when this is dropped.
struct Pywb {
    address: SocketAddr,
    process: Child,
    _folder: tempfile::TempDir,
}

impl Drop for Pywb {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Pywb {
    fn start(programs: &Path, warc: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("captures.warc");
        std::fs::File::create(&file).unwrap().write_all(warc).unwrap();
        let run = |program: &str| {
            let mut command = Command::new(programs.join(program));
            command.current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
            command
        };
        assert!(run("wb-manager").args(["init", "c"]).status().unwrap().success());
        assert!(run("wb-manager").args(["add", "c"]).arg(&file).status().unwrap().success());
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let port = address.port().to_string();
        let process = run("wayback").args(["-b", "127.0.0.1", "-p", &port]).spawn().unwrap();
        let pywb = Self { address, process, _folder: folder };
        pywb.wait();
        pywb
    }

    fn wait(&self) {
        let begun = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            assert!(begun.elapsed() < PATIENCE, "pywb does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs pywb (OFFPRINT_PYWB)"]
async fn pywb_gives_the_capture_nearest_the_article_s_date_bit_for_bit() {
    let programs = std::env::var_os("OFFPRINT_PYWB").map(PathBuf::from);
    let programs = programs.expect("OFFPRINT_PYWB names the folder of pywb's programs, which this test needs");
    let dates = ["2019-01-01T00:00:00Z", "2021-06-01T12:00:00Z", "2025-01-01T00:00:00Z"];
    let photos: Vec<_> = (1..=3).map(|seed| Photo::new(seed, 64, 48).jpeg()).collect();
    let warc: Vec<u8> =
        dates.iter().zip(&photos).zip(1..).flat_map(|((date, photo), number)| record(number, date, photo)).collect();
    let pywb = tokio::task::spawn_blocking(move || Pywb::start(&programs, &warc)).await.unwrap();
    let template = format!("http://{}/c/{{timestamp}}id_/{{url}}", pywb.address);
    let alternates = alternates(&[template], Duration::ZERO);
    for (when, nearest) in [("2018-03-01T00:00:00Z", 0), ("2021-04-01T00:00:00Z", 1), ("2026-11-22T00:00:00Z", 2)] {
        let fetched = ask(&alternates, GONE, when).await;
        assert!(bytes(&fetched) == photos[nearest], "{when}: {:?}", fetched.outcome);
        let captured = memento_datetime(fetched.exchanges.last().unwrap()).unwrap();
        assert_eq!(captured.to_string(), dates[nearest]);
        say(&format!("pywb: for an article of {when} the capture of {captured}, bit for bit"));
    }
    let never = ask(&alternates, "http://gone.example/never.jpg", dates[0]).await;
    assert!(reason(&never).is_some());
}
