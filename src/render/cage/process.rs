//! A worker, as the program sees it: a process, and three pipes.

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;
use tokio_util::bytes::Buf;

use super::check::{bodies, checked};
use super::protocol::{Confinement, Hello, Reply, Request, Terms, frame, header, header_length, same_version};
use crate::config::MediaConfig;
use crate::media::{Fonts, MediaError, Renditions};

/// How long a worker may take to start, on the slowest machine.
const START: Duration = Duration::from_secs(60);
/// What is read of what a worker that ended said, in bytes: more than a pipe holds.
const WORDS: u64 = 128 << 10;
/// What is kept of it: its end.
const LAST_WORDS: usize = 4096;
/// How long a worker that has closed its pipes may take to end.
const ENDING: Duration = Duration::from_secs(1);
/// What a pipe holds, in bytes. All pipes of a user together may hold 64 MiB (`fs.pipe-user-pages-soft`), so that each takes
/// no more than helps.
#[cfg(target_os = "linux")]
const PIPE: usize = 256 << 10;
/// What is read of a reply at once, in bytes.
const READ_AT_ONCE: usize = 64 << 10;
/// What the standard library says before it ends a process that has no memory left.
const NO_MEMORY: &str = "memory allocation of";

/// A worker that has started.
#[derive(Debug)]
pub(super) struct Worker {
    process: Child,
    requests: ChildStdin,
    replies: BufReader<ChildStdout>,
    complaints: ChildStderr,
    /// How long it has worked, over all its images.
    pub(super) worked: Duration,
}

/// Why a worker gave no renditions. It has ended.
#[derive(Debug)]
pub(super) enum Fault {
    /// Somebody else ended it.
    Killed(String),
    /// It took too long, ended, or said what is no answer: an error of the image, unless one before it is to blame.
    Image(MediaError),
}

impl Worker {
    /// Starts a worker, and waits until it is confined.
    pub(super) async fn start(command: &[OsString], terms: Terms) -> io::Result<(Self, Confinement)> {
        let Some((program, arguments)) = command.split_first() else {
            return Err(io::Error::new(ErrorKind::NotFound, "no program is named"));
        };
        let mut command = Command::new(program);
        command.args(arguments).env_clear().current_dir("/").kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // What is typed at the terminal is meant for the program.
        #[cfg(unix)]
        command.process_group(0);
        let mut process = command.spawn()?;
        let pipes = (process.stdin.take(), process.stdout.take(), process.stderr.take());
        let (Some(requests), Some(replies), Some(complaints)) = pipes else {
            return Err(ErrorKind::BrokenPipe.into());
        };
        widen(&requests);
        widen(&replies);
        let replies = BufReader::with_capacity(READ_AT_ONCE, replies);
        let mut worker = Self { process, requests, replies, complaints, worked: Duration::ZERO };
        let hello = timeout(START, worker.greet(terms)).await.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()));
        match hello {
            Ok(confinement) => Ok((worker, confinement)),
            Err(error) => Err(io::Error::new(error.kind(), format!("{error}; {}", worker.end().await))),
        }
    }

    async fn greet(&mut self, terms: Terms) -> io::Result<Confinement> {
        self.requests.write_all(&frame(&terms)?).await?;
        let Hello { version, confinement } = self.read_header().await?;
        same_version(version).map(|()| confinement)
    }

    /// Whether it has decoded nothing yet.
    pub(super) const fn is_new(&self) -> bool {
        self.worked.is_zero()
    }

    /// Has the renditions of an image made, with the fonts that it needs. A worker that fails has ended.
    pub(super) async fn renditions(
        &mut self,
        request: &Request,
        sent: (&[u8], &Fonts),
        limits: &MediaConfig,
        patience: Duration,
    ) -> Result<Renditions, Fault> {
        let began = Instant::now();
        let answer = {
            let mut asking = std::pin::pin!(self.ask(request, sent, limits));
            match timeout(patience, &mut asking).await {
                // Where the program itself was stopped meanwhile, the answer may be there.
                Err(_) => timeout(ENDING, asking).await,
                answer => answer,
            }
        };
        self.worked += began.elapsed().max(Duration::from_nanos(1));
        match answer {
            Ok(Ok(renditions)) => Ok(renditions),
            Ok(Err(error)) => Err(self.fault(&error).await),
            Err(_) => {
                self.end().await;
                Err(Fault::Image(MediaError::OutOfTime))
            }
        }
    }

    async fn ask(
        &mut self,
        request: &Request,
        (bytes, fonts): (&[u8], &Fonts),
        limits: &MediaConfig,
    ) -> io::Result<Renditions> {
        let header = frame(request)?;
        self.requests.write_all_buf(&mut Buf::chain(header.as_slice(), bytes)).await?;
        for file in fonts.files() {
            self.requests.write_all(file).await?;
        }
        let reply: Reply = self.read_header().await?;
        let mut made = Vec::new();
        for length in bodies(&reply, request)? {
            let mut body = vec![0; length];
            self.replies.read_exact(&mut body).await?;
            made.push(body);
        }
        checked(reply, made, &request.sizes, limits)
    }

    async fn read_header<T: DeserializeOwned>(&mut self) -> io::Result<T> {
        let mut length = [0; 4];
        self.replies.read_exact(&mut length).await?;
        let mut bytes = vec![0; header_length(length)?];
        self.replies.read_exact(&mut bytes).await?;
        header(&bytes)
    }

    /// Ends the worker, and says why it failed: by itself, where its pipes broke, or by what it said.
    async fn fault(&mut self, error: &io::Error) -> Fault {
        if !is_end(error) {
            self.end().await;
            return Fault::Image(MediaError::Crashed(format!("it gave no answer that can be used: {error}")));
        }
        // It has closed its pipes, and is about to end. What keeps it from that is none of its work.
        let ended = timeout(ENDING, self.process.wait()).await;
        let words = self.end().await;
        let status = match ended {
            Ok(Ok(status)) => status,
            // The system does not say how: somebody else may have ended it.
            Ok(Err(error)) => return Fault::Killed(error.to_string()),
            Err(_) => return Fault::Image(MediaError::Crashed("it closed its pipes".to_owned())),
        };
        match ending(status) {
            Ending::OutOfTime => Fault::Image(MediaError::OutOfTime),
            Ending::FromOutside => Fault::Killed(status.to_string()),
            _ if words.contains(NO_MEMORY) => Fault::Image(MediaError::OutOfMemory),
            Ending::Forbidden => Fault::Image(MediaError::Crashed("it did what decoding does not need".to_owned())),
            Ending::ByItself => Fault::Image(MediaError::Crashed(status.to_string())),
        }
    }

    /// Ends the process, and gives what it said last.
    async fn end(&mut self) -> String {
        // It fails where the process has ended already.
        let _ = self.process.start_kill();
        let _ = self.process.wait().await;
        self.last_words().await
    }

    async fn last_words(&mut self) -> String {
        let mut words = Vec::new();
        let mut complaints = (&mut self.complaints).take(WORDS);
        let reading = complaints.read_to_end(&mut words);
        // Another process could hold the pipe open.
        let _ = timeout(ENDING, reading).await;
        let last = &words[words.len().saturating_sub(LAST_WORDS)..];
        String::from_utf8_lossy(last).trim().to_owned()
    }
}

/// Has a pipe hold most images and their renditions whole, so that neither side waits for the other half-way through one.
#[cfg(target_os = "linux")]
fn widen(pipe: &impl std::os::fd::AsFd) {
    // Where the system refuses, the worker works as well.
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, PIPE);
}

/// Elsewhere a pipe holds what the system gives it.
#[cfg(not(target_os = "linux"))]
const fn widen<T>(_pipe: &T) {}

/// Whether a pipe broke.
fn is_end(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}

/// Why a process ended, by how it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// It has used up its processor time.
    OutOfTime,
    /// It made a system call that it may not make.
    Forbidden,
    /// It failed, or ended as if it had done its work.
    ByItself,
    /// By a signal that no decoder causes.
    FromOutside,
}

#[cfg(unix)]
fn ending(status: ExitStatus) -> Ending {
    use std::os::unix::process::ExitStatusExt;

    use rustix::process::Signal;
    let of_decoders = [Signal::ABORT, Signal::BUS, Signal::FPE, Signal::ILL, Signal::SEGV, Signal::TRAP];
    match status.signal() {
        None => Ending::ByItself,
        Some(signal) if signal == Signal::XCPU.as_raw() => Ending::OutOfTime,
        Some(signal) if signal == Signal::SYS.as_raw() => Ending::Forbidden,
        Some(signal) if of_decoders.iter().any(|known| known.as_raw() == signal) => Ending::ByItself,
        Some(_) => Ending::FromOutside,
    }
}

#[cfg(not(unix))]
fn ending(_status: ExitStatus) -> Ending {
    Ending::ByItself
}
