//! Processes that decode images do what they may not, and that costs one image.
//!
//! This test starts itself as such a process. An image whose bytes are the name of a deed has it done there, once the
//! process is confined.

use std::ffi::OsString;
use std::io::{self, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use libtest_mimic::{Arguments, Trial};
use offprint::testing::cage::{
    Cage, Claim, Confinement, Hello, Reply, Request, Terms, VERSION, read, work, work_with, write,
};
use offprint::testing::config::{Config, MediaConfig, Sandbox, Size, ThumbnailConfig};
use offprint::testing::media::{Fonts, MediaError, Rendition, Renditions, probe, thumbnails};
use offprint::testing::model::MediaType;
use offprint::testing::render::{DecodePool, SystemFonts};

/// A GIF of one pixel.
const DOT: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

/// What an image that costs nothing else ends with.
type End = fn(&MediaError) -> bool;

/// The deeds, each with how its image ends.
const DEEDS: [(&str, End); 17] = [
    ("open a file", crashed),
    ("read /proc", crashed),
    ("write a file", crashed),
    ("remove a file", crashed),
    ("list a folder", crashed),
    ("connect", crashed),
    ("listen", crashed),
    ("start a thread", crashed),
    ("start a program", crashed),
    ("become a program", crashed),
    ("take ten gigabytes", out_of_memory),
    ("loop for ever", out_of_time),
    ("overflow the stack", crashed),
    ("print garbage", crashed),
    ("send another type", crashed),
    ("send another size", crashed),
    ("end", crashed),
];

fn crashed(error: &MediaError) -> bool {
    matches!(error, MediaError::Crashed(_)) && error.to_string().starts_with("decoder_crashed: ")
}

fn out_of_memory(error: &MediaError) -> bool {
    matches!(error, MediaError::OutOfMemory) && error.to_string().starts_with("decoder_memory: ")
}

fn out_of_time(error: &MediaError) -> bool {
    matches!(error, MediaError::OutOfTime) && error.to_string().starts_with("decoder_timeout: ")
}

fn main() {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let command: Vec<_> = arguments.iter().filter_map(|argument| argument.to_str()).collect();
    match command[..] {
        ["worker:decode"] => work().expect("the other side speaks the protocol"),
        ["worker:misbehave", file] => misbehave(file.to_owned()),
        ["worker:answer", how] => answer(how, "").expect("the pipes are there"),
        ["worker:answer", how, mark] => answer(how, mark).expect("the pipes are there"),
        ["worker:dots", how, mark] => answer_for_dots(how, mark).expect("the pipes are there"),
        _ => libtest_mimic::run(&Arguments::from_args(), trials()).exit(),
    }
}

fn trial(name: impl Into<String>, run: impl FnOnce() + Send + 'static) -> Trial {
    Trial::test(name, || {
        run();
        Ok(())
    })
}

fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial("renditions_are_those_of_this_process", renditions_are_those_of_this_process),
        trial("text_is_drawn_with_the_same_fonts_in_a_worker", text_is_drawn_with_the_same_fonts_in_a_worker),
        trial("a_worker_that_answers_wrongly_costs_one_image", a_worker_that_answers_wrongly_costs_one_image),
        trial("what_an_image_left_behind_costs_no_other", what_an_image_left_behind_costs_no_other),
        trial("a_program_that_is_none_is_named_with_the_way_out", a_program_that_is_none_is_named),
        trial("the_pool_decodes_where_the_settings_say", the_pool_decodes_where_the_settings_say),
        trial("no_program_or_no_sandbox_is_no_cage", no_program_or_no_sandbox_is_no_cage),
        trial("an_image_is_tried_again_by_one_new_worker_at_most", an_image_is_tried_again_by_one_new_worker_at_most),
    ];
    // What keeps a worker elsewhere is less.
    if cfg!(target_os = "linux") {
        trials.extend(DEEDS.map(|(deed, end)| {
            let name = format!("a_worker_may_not::{}", deed.replace([' ', '/'], "_"));
            trial(name, move || a_worker_may_not(deed, end))
        }));
        trials.push(trial("the_kernel_confines_workers", the_kernel_confines_workers));
        trials.push(trial("a_worker_that_somebody_ends_costs_no_image", a_worker_that_somebody_ends_costs_no_image));
    }
    trials
}

/// The settings that start this test as a worker.
fn limits(arguments: &[&str]) -> MediaConfig {
    let itself = std::env::current_exe().expect("a test knows its file").into_os_string();
    let command = [itself].into_iter().chain(arguments.iter().map(Into::into)).collect();
    MediaConfig { sandbox: Sandbox::Process, worker: Some(command), ..Config::default().media }
}

fn cage(arguments: &[&str], patience: Duration) -> Cage {
    Cage::new(&limits(arguments), patience).expect("the settings ask for it")
}

const PATIENT: Duration = Duration::from_secs(60);

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime can be made").block_on(work)
}

fn sizes() -> Vec<ThumbnailConfig> {
    Config::default().thumbnail
}

async fn render(cage: &Cage, bytes: &[u8]) -> Renditions {
    cage.thumbnails(bytes, &sizes(), &Fonts::default()).await.expect("a worker can be started")
}

fn in_this_process(bytes: &[u8]) -> Renditions {
    let limits = Config::default().media;
    thumbnails(bytes, &probe(bytes, &limits), &sizes(), &limits)
}

/// Images of this project, whole and not.
fn images() -> Vec<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/images");
    let files = std::fs::read_dir(folder).expect("the images are there");
    files.map(|file| std::fs::read(file.expect("it is there").path()).expect("it can be read")).collect()
}

fn renditions_are_those_of_this_process() {
    run(async {
        let cage = cage(&["worker:decode"], PATIENT);
        let images = images();
        assert!(images.len() > 10);
        for bytes in images.iter().map(Vec::as_slice).chain([DOT, b"", b"no image"]) {
            let (there, here) = (render(&cage, bytes).await, in_this_process(bytes));
            let text = |made: &Renditions| {
                made.sizes.iter().map(|size| size.as_ref().map_err(ToString::to_string).cloned()).collect::<Vec<_>>()
            };
            assert_eq!((text(&there), there.perceptual_hash), (text(&here), here.perceptual_hash));
        }
    });
}

/// A drawing with text, decoded where the settings say, with the fonts of this project or with those of the system.
fn text_is_drawn_with_the_same_fonts_in_a_worker() {
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' width='90' height='30'>\
                <text y='25' font-size='30' font-family='Offprint Latin'>a b \xe4\xb8\xad</text></svg>";
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/fonts"));
    for of_system in [false, true] {
        let [there, here] = [Sandbox::Process, Sandbox::Off].map(|sandbox| {
            let limits = MediaConfig { sandbox, ..limits(&["worker:decode"]) };
            let pool = DecodePool::new(&limits);
            let pool = if of_system { pool } else { pool.with_fonts(SystemFonts::in_folder(folder)) };
            let asset = probe(svg, &limits);
            run(async { pool.permit().await.thumbnails(svg.to_vec().into(), asset, sizes()).await })
                .expect("there is a worker")
        });
        assert_eq!(there, here);
        assert!(of_system || matches!(&here.sizes[..], [Ok(_)]), "{here:?}");
    }
    assert!(matches!(&in_this_process(svg).sizes[..], [Err(MediaError::Variant(_))]), "without fonts it shows nothing");
}

/// A deed costs its image, and then others are decoded. What lies outside is as it was.
fn a_worker_may_not(deed: &str, end: End) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("precious");
    std::fs::write(&file, "precious").expect("it can be written");
    run(async {
        let patience = if deed == "loop for ever" { Duration::from_secs(3) } else { PATIENT };
        let cage = cage(&["worker:misbehave", file.to_str().expect("it is Unicode")], patience);
        for _ in 0..2 {
            let honest = render(&cage, DOT).await;
            assert_eq!(honest, in_this_process(DOT));
            let made = render(&cage, deed.as_bytes()).await;
            assert!(matches!(&made.sizes[..], [Err(error)] if end(error)), "{made:?}");
        }
    });
    assert_eq!(std::fs::read(&file).expect("it is there"), b"precious");
    assert_eq!(std::fs::read_dir(folder.path()).expect("it is there").count(), 1);
}

fn the_kernel_confines_workers() {
    run(async {
        let cage = cage(&["worker:decode"], PATIENT);
        let confinement = cage.confinement().await.expect("a worker can be started");
        for what in ["limits", "seccomp", "no new privileges", "death with the program"] {
            assert!(confinement.in_force.iter().any(|name| name == what), "{confinement:?}");
        }
    });
}

fn a_worker_that_answers_wrongly_costs_one_image() {
    run(async {
        for how in ["another number", "too few", "too long", "more in the header", "half", "nothing"] {
            let cage = cage(&["worker:answer", how], PATIENT);
            for _ in 0..2 {
                let made = render(&cage, DOT).await;
                assert!(matches!(&made.sizes[..], [Err(error)] if crashed(error)), "{how}: {made:?}");
            }
        }
    });
}

/// A second answer, which the next image finds in the pipe.
fn what_an_image_left_behind_costs_no_other() {
    run(async {
        let cage = cage(&["worker:answer", "twice"], PATIENT);
        for _ in 0..3 {
            assert!(matches!(&render(&cage, DOT).await.sizes[..], [Err(MediaError::Damaged(_))]));
        }
    });
}

/// However many workers there are that have decoded others.
fn an_image_is_tried_again_by_one_new_worker_at_most() {
    run(async {
        for (how, tries) in [("late", 1), ("never", 2)] {
            let folder = tempfile::tempdir().expect("a temporary folder can be made");
            let mark = folder.path().join("mark");
            let patience = Duration::from_secs(5);
            let cage = cage(&["worker:dots", how, mark.to_str().expect("it is Unicode")], patience);
            let dots = tokio::join!(render(&cage, DOT), render(&cage, DOT), render(&cage, DOT));
            for made in [dots.0, dots.1, dots.2] {
                assert!(matches!(&made.sizes[..], [Ok(_)]), "{made:?}");
            }
            let made = render(&cage, &[DOT, DOT].concat()).await;
            assert!(matches!(&made.sizes[..], [Err(_)]), "{how}: {made:?}");
            assert_eq!(std::fs::read(&mark).expect("it is there").len(), tries, "{how}");
        }
    });
}

fn a_program_that_is_none_is_named() {
    run(async {
        for command in [vec!["/none/such".into()], vec![], vec!["/bin/false".into()]] {
            let limits = MediaConfig { worker: Some(command), ..limits(&[]) };
            let cage = Cage::new(&limits, PATIENT).expect("the settings ask for it");
            let error =
                cage.thumbnails(DOT, &sizes(), &Fonts::default()).await.expect_err("none can be started").to_string();
            assert!(error.contains("cannot start a process") && error.contains("sandbox = \"off\""), "{error}");
        }
    });
}

/// What the program renders by: with the sandbox the deed ends the worker, and without it the bytes are no image.
fn the_pool_decodes_where_the_settings_say() {
    let deed = b"end".to_vec();
    let caged = limits(&["worker:misbehave", "none"]);
    for (limits, is_caged) in [(caged.clone(), true), (MediaConfig { sandbox: Sandbox::Off, ..caged }, false)] {
        let pool = DecodePool::new(&limits);
        let asset = probe(&deed, &limits);
        let made = run(async { pool.permit().await.thumbnails(deed.clone().into(), asset, sizes()).await });
        let made = made.expect("a worker can be started");
        assert!(matches!(&made.sizes[..], [Err(error)] if crashed(error) == is_caged), "{made:?}");
    }
}

/// A worker that is ended from outside is replaced, and an image of which two were ended has no result at all: it would be
/// on record as one that cannot be decoded.
fn a_worker_that_somebody_ends_costs_no_image() {
    run(async {
        for (how, is_left) in [("ended once", false), ("ended", true)] {
            let folder = tempfile::tempdir().expect("a temporary folder can be made");
            let mark = folder.path().join("mark");
            let cage = cage(&["worker:answer", how, mark.to_str().expect("it is Unicode")], PATIENT);
            match cage.thumbnails(DOT, &sizes(), &Fonts::default()).await {
                Ok(made) => assert!(!is_left && matches!(&made.sizes[..], [Err(MediaError::Damaged(_))]), "{made:?}"),
                Err(error) => assert!(is_left && error.to_string().contains("ended from outside"), "{error}"),
            }
        }
    });
}

fn no_program_or_no_sandbox_is_no_cage() {
    assert!(Cage::new(&MediaConfig { worker: None, ..limits(&[]) }, PATIENT).is_none());
    assert!(Cage::new(&MediaConfig { sandbox: Sandbox::Off, ..limits(&[]) }, PATIENT).is_none());
    let unlimited = MediaConfig { max_alloc: Size(0), ..limits(&["worker:decode"]) };
    let cage = Cage::new(&unlimited, Duration::MAX).expect("the settings ask for it");
    assert_eq!(run(render(&cage, DOT)), in_this_process(DOT));
}

/// A worker that does what its image says.
fn misbehave(file: String) {
    let decode = move |bytes: &[u8], _: &[ThumbnailConfig], _: &Fonts, _: &MediaConfig| {
        if bytes == DOT {
            return in_this_process(bytes);
        }
        let deed = String::from_utf8_lossy(bytes);
        let outcome = do_it(&deed, &file);
        // Where the kernel lets it happen, the image has a rendition that no test expects.
        outcome.unwrap_or_else(|error| Renditions {
            sizes: vec![Err(MediaError::Damaged(error.to_string()))],
            perceptual_hash: None,
        })
    };
    work_with(decode).expect("the other side speaks the protocol");
}

fn do_it(deed: &str, file: &str) -> io::Result<Renditions> {
    match deed {
        "open a file" => drop(std::fs::read(file)?),
        "read /proc" => drop(std::fs::read("/proc/self/maps")?),
        "write a file" => std::fs::write(file, "changed")?,
        "remove a file" => std::fs::remove_file(file)?,
        "list a folder" => drop(std::fs::read_dir("/")?.count()),
        "connect" => drop(TcpStream::connect("127.0.0.1:9")?),
        "listen" => drop(std::net::TcpListener::bind("127.0.0.1:0")?),
        "start a thread" => drop(std::thread::Builder::new().spawn(|| ())?.join()),
        "start a program" => drop(Command::new("/bin/true").status()?),
        #[cfg(unix)]
        "become a program" => return Err(std::os::unix::process::CommandExt::exec(&mut Command::new("/bin/true"))),
        "take ten gigabytes" => drop(std::hint::black_box(vec![1_u8; 10 << 30])),
        "loop for ever" => loop {
            std::hint::spin_loop();
        },
        "overflow the stack" => drop(std::hint::black_box(deeper(&[0; 4096]))),
        "print garbage" => {
            io::stdout().write_all(&[0xff; 100])?;
            io::stdout().flush()?;
        }
        "send another type" => return Ok(sent(MediaType::Png, 1)),
        "send another size" => return Ok(sent(MediaType::Gif, 2)),
        "end" => std::process::exit(0),
        _ => {}
    }
    Ok(sent(MediaType::Gif, 1))
}

#[allow(unconditional_recursion, reason = "it is to end the process")]
fn deeper(above: &[u8; 4096]) -> u64 {
    let here = std::hint::black_box([above[0].wrapping_add(1); 4096]);
    1 + deeper(&here)
}

/// The dot, as what it may not be.
fn sent(media_type: MediaType, width: u32) -> Renditions {
    Renditions {
        sizes: vec![Ok(Rendition { media_type, width, height: 1, bytes: DOT.to_vec() })],
        perceptual_hash: None,
    }
}

/// Ends this process as somebody else would.
fn end_itself() {
    let ended = Command::new("kill").args(["-KILL", &std::process::id().to_string()]).status();
    panic!("this process goes on: {ended:?}");
}

/// The pipes of a worker that is not confined, after the first words.
fn greeted() -> io::Result<(io::StdinLock<'static>, io::StdoutLock<'static>)> {
    let (mut from, mut to) = (io::stdin().lock(), io::stdout().lock());
    let terms: Option<Terms> = read(&mut from)?;
    assert!(terms.is_some_and(|terms| terms.version == VERSION));
    write(&mut to, &Hello { version: VERSION, confinement: Confinement::default() }, [])?;
    Ok((from, to))
}

/// What a worker says of the dot.
const DOT_AS_CLAIMED: Claim = Claim { media_type: MediaType::Gif, width: 1, height: 1, length: 43 };

/// A worker that answers where the image is the dot, and else `late` or not at all.
fn answer_for_dots(how: &str, mark: &str) -> io::Result<()> {
    let (mut from, mut to) = greeted()?;
    while let Some(request) = read::<Request>(&mut from)? {
        io::copy(&mut io::Read::take(&mut from, request.length), &mut io::sink())?;
        if request.length != DOT.len() as u64 {
            note(mark)?;
            // Until the other side closes the pipe or ends this process.
            let rest = if how == "late" { u64::MAX } else { 0 };
            return io::copy(&mut io::Read::take(&mut from, rest), &mut io::sink()).map(drop);
        }
        let reply = Reply { number: request.number, sizes: vec![Ok(DOT_AS_CLAIMED)], perceptual_hash: None };
        write(&mut to, &reply, [DOT])?;
    }
    Ok(())
}

/// A worker that is not confined, and does not answer as it should.
fn answer(how: &str, mark: &str) -> io::Result<()> {
    let (mut from, mut to) = greeted()?;
    while let Some(request) = read::<Request>(&mut from)? {
        io::copy(&mut io::Read::take(&mut from, request.length), &mut io::sink())?;
        let claim = DOT_AS_CLAIMED;
        let refused = (&MediaError::Damaged("as it is".to_owned())).into();
        let reply = Reply { number: request.number, sizes: vec![Ok(claim.clone())], perceptual_hash: None };
        match how {
            "another number" => write(&mut to, &Reply { number: request.number - 1, ..reply }, [DOT])?,
            "too few" => write(&mut to, &Reply { sizes: Vec::new(), ..reply }, [])?,
            "too long" => {
                let claim = Claim { length: u32::MAX, ..claim };
                write(&mut to, &Reply { sizes: vec![Ok(claim)], ..reply }, [DOT])?;
            }
            "more in the header" => {
                to.write_all(&[3, 0, 0, 0, 0, 0, 0, 0])?;
                to.flush()?;
            }
            "half" => {
                write(&mut to, &reply, [&DOT[..20]])?;
                return Ok(());
            }
            "ended" => end_itself(),
            "ended once" if !std::fs::exists(mark)? => {
                std::fs::write(mark, "")?;
                end_itself();
            }
            "ended once" => write(&mut to, &Reply { sizes: vec![Err(refused)], ..reply }, [])?,
            "twice" => {
                let reply = Reply { sizes: vec![Err(refused)], ..reply };
                write(&mut to, &reply, [])?;
                write(&mut to, &reply, [])?;
            }
            _ => return Ok(()),
        }
    }
    Ok(())
}

/// Adds a byte to a file.
fn note(mark: &str) -> io::Result<()> {
    std::fs::File::options().create(true).append(true).open(mark)?.write_all(b"x")
}
