//! A worker, as the program sees it: a process, and three pipes.

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::check::{bodies, checked};
use super::protocol::{Confinement, Hello, Reply, Request, Terms, VERSION, frame, header, header_length};
use crate::config::MediaConfig;
use crate::media::{MediaError, Renditions};

/// How long a worker may take to start, on the slowest machine.
const START: Duration = Duration::from_secs(60);
/// What is read of what a worker that ended said, in bytes.
const LAST_WORDS: u64 = 4096;
/// What the standard library says before it ends a process that has no memory left.
const NO_MEMORY: &str = "memory allocation of";

/// A worker that has started.
#[derive(Debug)]
pub(super) struct Worker {
    process: Child,
    requests: ChildStdin,
    replies: ChildStdout,
    complaints: ChildStderr,
    /// How long it has worked, over all its images.
    pub(super) worked: Duration,
}

/// Why a worker gave no renditions. It has ended.
#[derive(Debug)]
pub(super) enum Fault {
    /// It took too long.
    Silent,
    /// It ended, or what it said was no answer.
    Ended(MediaError),
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
        if version == VERSION { Ok(confinement) } else { Err(invalid("it is another version of offprint")) }
    }

    /// Whether it has decoded nothing yet.
    pub(super) const fn is_new(&self) -> bool {
        self.worked.is_zero()
    }

    /// Has the renditions of an image made. A worker that fails has ended.
    pub(super) async fn renditions(
        &mut self,
        request: &Request,
        bytes: &[u8],
        limits: &MediaConfig,
        patience: Duration,
    ) -> Result<Renditions, Fault> {
        let began = Instant::now();
        let answer = timeout(patience, self.ask(request, bytes, limits)).await;
        self.worked += began.elapsed().max(Duration::from_nanos(1));
        match answer {
            Ok(Ok(renditions)) => Ok(renditions),
            Ok(Err(error)) => Err(self.fault(&error).await),
            Err(_) => {
                self.end().await;
                Err(Fault::Silent)
            }
        }
    }

    async fn ask(&mut self, request: &Request, bytes: &[u8], limits: &MediaConfig) -> io::Result<Renditions> {
        self.requests.write_all(&frame(request)?).await?;
        self.requests.write_all(bytes).await?;
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
            return Fault::Ended(MediaError::Crashed(format!("it gave no answer that can be used: {error}")));
        }
        // It has closed its pipes: what keeps it from ending is none of its work.
        let status = match timeout(Duration::from_secs(1), self.process.wait()).await {
            Ok(Ok(status)) => Some(status),
            _ => None,
        };
        let words = self.last_words().await;
        self.end().await;
        match status {
            Some(status) if is_out_of_time(status) => Fault::Silent,
            Some(_) if words.contains(NO_MEMORY) => Fault::Ended(MediaError::OutOfMemory),
            Some(status) => Fault::Ended(MediaError::Crashed(how(status))),
            None => Fault::Ended(MediaError::Crashed("it closed its pipes".to_owned())),
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
        let mut complaints = (&mut self.complaints).take(LAST_WORDS);
        let reading = complaints.read_to_end(&mut words);
        // Another process could hold the pipe open.
        let _ = timeout(Duration::from_secs(1), reading).await;
        String::from_utf8_lossy(&words).trim().to_owned()
    }
}

/// Whether a pipe broke.
fn is_end(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}

#[cfg(unix)]
fn is_out_of_time(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    status.signal() == Some(rustix::process::Signal::XCPU.as_raw())
}

#[cfg(not(unix))]
fn is_out_of_time(_status: ExitStatus) -> bool {
    false
}

/// How a process ended, in words.
fn how(status: ExitStatus) -> String {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        let forbidden = rustix::process::Signal::SYS.as_raw();
        if status.signal() == Some(forbidden) {
            return "it did what decoding does not need".to_owned();
        }
    }
    status.to_string()
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}
