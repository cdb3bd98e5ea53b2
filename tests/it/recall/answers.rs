//! Odd answers of hosts, one a line of `tests/data/answers.tsv`: what each looks like, whether Chromium shows its image, what
//! offprint records of it, and the reason where these two differ.
//!
//! An answer is written as a JSON string. `{body}` stands before its body and means nothing; `{length}` is how long that is,
//! `{last}` one less, `{host}` the host that was asked. `{file}` is a file of `tests/data/images`, `{file-12}` the same
//! without its last 12 bytes; `{gzip file}`, `{gzip2 file}`, `{cutgzip file}`, `{zlib file}`, `{deflate file}` code it,
//! `{chunks file}`, `{chunks;a=b file}`, `{zeros file}` and `{feeds file}` cut it into chunks. `{100 x}` is a letter so many
//! times, `{headers 100}` so many headers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use serde_json::Value;

use super::browser::{self, Browser};

const TABLE: &str = include_str!("../../data/answers.tsv");
/// What a redirect leads to.
const GOOD: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: {length}\r\n\r\n{body}{truecolor.png}";
/// How long each chunk is, in bytes.
const CHUNK: usize = 50;

/// A line of the table.
struct Row {
    name: &'static str,
    answer: String,
    chromium: &'static str,
    offprint: &'static str,
    reason: &'static str,
}

fn rows() -> Vec<Row> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    let row = |line: &'static str| {
        let [name, answer, chromium, offprint, reason] =
            line.split('\t').collect::<Vec<_>>().try_into().expect("a line has five columns");
        let answer = serde_json::from_str(&format!("\"{answer}\"")).expect("the answer is escaped as JSON");
        Row { name, answer, chromium, offprint, reason }
    };
    lines.map(row).collect()
}

fn image(name: &str) -> Option<Vec<u8>> {
    let (name, cut) = name.rsplit_once('-').map_or((name, 0), |(name, cut)| (name, cut.parse().unwrap_or(0)));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/images").join(name);
    let mut bytes = std::fs::read(file).ok()?;
    bytes.truncate(bytes.len() - cut);
    Some(bytes)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

fn chunks(bytes: &[u8], zeros: &str, extension: &str, end: &str) -> Vec<u8> {
    let chunk =
        |chunk: &[u8]| [format!("{zeros}{:x}{extension}{end}", chunk.len()).as_bytes(), chunk, end.as_bytes()].concat();
    bytes.chunks(CHUNK).flat_map(chunk).collect()
}

/// What stands for a placeholder; `None` where it is none.
fn expand(placeholder: &str) -> Option<Vec<u8>> {
    let (how, what) = placeholder.rsplit_once(' ').unwrap_or(("", placeholder));
    if let Ok(times) = how.parse::<usize>() {
        return Some(what.repeat(times).into_bytes());
    }
    if how == "headers" {
        return Some(
            (0..what.parse().ok()?).flat_map(|number: usize| format!("X-{number}: b\r\n").into_bytes()).collect(),
        );
    }
    let bytes = image(what)?;
    Some(match how {
        "" => bytes,
        "gzip" => gzip(&bytes),
        "gzip2" => gzip(&gzip(&bytes)),
        "cutgzip" => gzip(&bytes).split_last_chunk::<20>()?.0.to_vec(),
        "zlib" => zlib(&bytes),
        "deflate" => deflate(&bytes),
        "zeros" => chunks(&bytes, "000", "", "\r\n"),
        "feeds" => chunks(&bytes, "", "", "\n"),
        _ => chunks(&bytes, "", how.strip_prefix("chunks")?, "\r\n"),
    })
}

/// The bytes of a template: each character is a byte.
fn render(template: &str) -> Vec<u8> {
    let byte = |c: char| u8::try_from(u32::from(c)).expect("an answer is written in Latin-1");
    let mut bytes = Vec::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let close = rest[open..].find('}').map(|length| open + length);
        let expanded = close.and_then(|close| Some((close, expand(&rest[open + 1..close])?)));
        let (plain, after) = expanded.as_ref().map_or((open + 1, open + 1), |(close, _)| (open, close + 1));
        bytes.extend(rest[..plain].chars().map(byte));
        bytes.extend(expanded.into_iter().flat_map(|(_, expanded)| expanded));
        rest = &rest[after..];
    }
    bytes.extend(rest.chars().map(byte));
    bytes
}

fn answer_of(template: &str, host: &str) -> Vec<u8> {
    let (head, body) = template.split_once("{body}").unwrap_or((template, ""));
    let body = render(body);
    let head = head.replace("{length}", &body.len().to_string()).replace("{host}", host);
    [render(&head.replace("{last}", &body.len().saturating_sub(1).to_string())), body].concat()
}

/// Serves on loopback what each host answers: `n7.test` the eighth line.
fn serve(answers: Arc<Vec<String>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback can be listened on");
    let address = listener.local_addr().expect("it has an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answers = Arc::clone(&answers);
            std::thread::spawn(move || serve_one(stream, &answers));
        }
    });
    address
}

fn serve_one(mut stream: TcpStream, answers: &[String]) -> std::io::Result<()> {
    let (mut request, mut buffer) = (String::new(), [0; 4096]);
    while !request.contains("\r\n\r\n") {
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        request.push_str(&String::from_utf8_lossy(&buffer[..length]));
    }
    let path = request.split(' ').nth(1).unwrap_or_default();
    let host = request
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("host:").map(|host| host.trim().to_owned()));
    let host = host.unwrap_or_default();
    let number = host.strip_prefix('n').and_then(|name| name.split('.').next()?.parse::<usize>().ok());
    let chain = path.strip_prefix("/chain/").and_then(|left| left.parse::<usize>().ok());
    let bytes = match (number, chain) {
        (_, Some(left @ 1..)) => {
            format!("HTTP/1.1 302 Found\r\nLocation: /chain/{}\r\nContent-Length: 0\r\n\r\n", left - 1).into_bytes()
        }
        (Some(number), None) if path == "/i" => answer_of(&answers[number], &host),
        (None, None) if path == "/page" => page(answers.len()),
        _ if chain.is_some() || path.contains("good") => answer_of(GOOD, &host),
        _ => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec(),
    };
    stream.write_all(&bytes)?;
    // The end of the connection is the end of the answer; what the client still sends must not reset it.
    stream.shutdown(std::net::Shutdown::Write)?;
    while stream.read(&mut buffer)? > 0 {}
    Ok(())
}

fn images(count: usize) -> String {
    (0..count).fold(String::new(), |images, number| images + &format!("<img src=\"http://n{number}.test/i\">"))
}

fn page(count: usize) -> Vec<u8> {
    let page = format!("<!doctype html>{}", images(count));
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{page}", page.len()).into_bytes()
}

fn origin(rows: &[Row]) -> SocketAddr {
    serve(Arc::new(rows.iter().map(|row| row.answer.clone()).collect()))
}

/// What a run records of each answer: `kept`, or the reason and the status.
fn recorded(rows: &[Row]) -> Vec<String> {
    let origin = origin(rows);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let host = |hosts: String, number: usize| hosts + &format!("\"n{number}.test\" = \"{origin}\"\n");
    let hosts = (0..rows.len()).fold(String::new(), host);
    let settings = format!(
        "[[source]]\nname = \"s\"\nkind = \"folder\"\npath = \"posts\"\n[fetch]\nallow_net = [\"127.0.0.0/8\"]\n\
         delay = \"0s\"\nretry_wait = \"1ms\"\n[fetch.resolve]\n{hosts}"
    );
    std::fs::create_dir(folder.path().join("posts")).expect("it can be made");
    std::fs::write(folder.path().join("posts/a.html"), images(rows.len())).expect("it can be written");
    std::fs::write(folder.path().join("config.toml"), settings).expect("it can be written");
    let program = env!("CARGO_BIN_EXE_offprint");
    let ran = Command::new(program).args(["run", "--json"]).current_dir(&folder).output().expect("the program runs");
    let report: Value = serde_json::from_slice(&ran.stdout).expect("it prints a report");
    let failures = report["failures"].as_array().into_iter().flatten();
    let failed: BTreeMap<_, _> = failures.map(|failure| (failure["url"].as_str(), failure)).collect();
    let of = |number: usize| {
        let url = format!("http://n{number}.test/i");
        let Some(failure) = failed.get(&Some(url.as_str())) else { return "kept".to_owned() };
        let reason = failure["reason"].as_str().unwrap_or_default();
        if reason == "http_status" { format!("{reason} {}", failure["status"]) } else { reason.to_owned() }
    };
    (0..rows.len()).map(of).collect()
}

#[test]
fn each_odd_answer_is_kept_or_refused_as_the_table_says() {
    let rows = rows();
    let recorded = recorded(&rows);
    let mut wrong = String::new();
    for (row, recorded) in rows.iter().zip(&recorded).filter(|(row, recorded)| row.offprint != **recorded) {
        let _ = writeln!(wrong, "{}: expected {}, recorded {recorded}", row.name, row.offprint);
    }
    assert!(wrong.is_empty(), "{wrong}");
    let unexplained = rows.iter().filter(|row| {
        let differ = (row.chromium == "shown") != (row.offprint == "kept");
        differ == row.reason.is_empty()
    });
    assert_eq!(unexplained.map(|row| row.name).collect::<Vec<_>>(), Vec::<&str>::new());
    assert!(rows.len() >= 120, "{} answers", rows.len());
}

#[test]
#[ignore = "needs Chromium"]
fn chromium_shows_of_odd_answers_what_the_table_says() {
    let rows = rows();
    let origin = origin(&rows);
    let program = browser::installed().expect("Chromium is not installed, which this test needs");
    let mut browser = Browser::start_with(program.as_os_str(), &format!("MAP * {origin}"));
    browser.load("http://page.test/page");
    let widths = browser.evaluate("JSON.stringify([...document.images].map((image) => image.naturalWidth))");
    let widths: Vec<u32> = serde_json::from_str(widths.as_str().unwrap_or_default()).expect("a list of widths");
    assert_eq!(widths.len(), rows.len());
    let mut wrong = String::new();
    for (row, width) in rows.iter().zip(widths) {
        let shown = if width > 0 { "shown" } else { "not shown" };
        if shown != row.chromium {
            let _ = writeln!(wrong, "{}: expected {}, is {shown}", row.name, row.chromium);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
