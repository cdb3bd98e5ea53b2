//! A headless Chromium, spoken to through pipes (the DevTools protocol), with no network but the loopback
//! interface.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

const FLAGS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--mute-audio",
    "--remote-debugging-pipe",
];

/// A running browser with one tab.
pub(crate) struct Browser {
    process: Child,
    commands: File,
    answers: BufReader<File>,
    session: String,
    number: u64,
    requested: Vec<String>,
    _folder: TempDir,
}

/// Where Chromium is, if it is installed.
pub(crate) fn installed() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut places =
        std::env::split_paths(&path).flat_map(|folder| ["chromium", "chromium-browser"].map(|name| folder.join(name)));
    places.find(|place| place.is_file())
}

impl Browser {
    /// A browser for which no host exists but loopback.
    pub(crate) fn start(program: &OsStr) -> Self {
        Self::start_with(program, "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1")
    }

    /// A browser that finds hosts by these rules (`--host-resolver-rules`).
    pub(crate) fn start_with(program: &OsStr, hosts: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let [input, output] = ["in", "out"].map(|name| folder.path().join(name));
        let made = Command::new("mkfifo").arg(&input).arg(&output).status().expect("mkfifo runs");
        assert!(made.success());
        // Chromium reads commands from descriptor 3 and answers on descriptor 4.
        let process = Command::new("sh")
            .args(["-c", "in=$1; out=$2; shift 2; exec \"$@\" 3<\"$in\" 4>\"$out\"", "sh"])
            .args([&input, &output])
            .arg(program)
            .args(FLAGS)
            .arg(format!("--host-resolver-rules={hosts}"))
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Chromium starts");
        let commands = OpenOptions::new().write(true).open(&input).expect("the pipe opens");
        let answers = BufReader::new(File::open(&output).expect("the pipe opens"));
        let mut browser = Self {
            process,
            commands,
            answers,
            session: String::new(),
            number: 0,
            requested: Vec::new(),
            _folder: folder,
        };
        browser.open_tab();
        browser
    }

    fn open_tab(&mut self) {
        let target = self.call("Target.createTarget", &json!({"url": "about:blank"}))["targetId"].clone();
        let session = self.call("Target.attachToTarget", &json!({"targetId": target, "flatten": true}));
        session["sessionId"].as_str().expect("a session").clone_into(&mut self.session);
        self.call("Page.enable", &json!({}));
    }

    /// Sets how many pixels of the screen a CSS pixel has.
    pub(crate) fn set_pixel_ratio(&mut self, ratio: f64) {
        let screen = json!({"width": 1280, "height": 1000, "deviceScaleFactor": ratio, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", &screen);
    }

    /// Sets how wide the screen is, in CSS pixels.
    pub(crate) fn set_width(&mut self, width: u32) {
        let screen = json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", &screen);
    }

    /// Evaluates an expression that leads to another page, and waits for that.
    pub(crate) fn follow(&mut self, expression: &str) {
        self.send("Runtime.evaluate", &json!({"expression": expression}));
        while self.receive()["method"] != "Page.loadEventFired" {}
    }

    /// Loads a page and everything in it.
    pub(crate) fn load(&mut self, url: &str) {
        self.send("Page.navigate", &json!({"url": url}));
        while self.receive()["method"] != "Page.loadEventFired" {}
    }

    /// Presses the tab key.
    pub(crate) fn press_tab(&mut self) {
        for kind in ["rawKeyDown", "keyUp"] {
            let key = json!({"type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9});
            self.call("Input.dispatchKeyEvent", &key);
        }
    }

    /// Takes note of every request from now on.
    pub(crate) fn watch_requests(&mut self) {
        self.call("Network.enable", &json!({}));
    }

    /// The addresses of the requests since they are watched, answered or not.
    pub(crate) fn requested(&self) -> &[String] {
        &self.requested
    }

    /// What an expression evaluates to in the page.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        let how = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let mut answer = self.call("Runtime.evaluate", &how);
        assert!(answer["exceptionDetails"].is_null(), "{answer}");
        answer["result"]["value"].take()
    }

    /// Does something with the browser, which is ended where that takes longer than this: who waits for an answer fails
    /// then, and waits no longer.
    pub(crate) fn within<T>(&mut self, time: Duration, act: impl FnOnce(&mut Self) -> T) -> T {
        let (done, ended) = mpsc::channel::<()>();
        let process = self.process.id().to_string();
        let limit = thread::spawn(move || {
            if ended.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
                let _ = Command::new("kill").args(["-KILL", &process]).status();
            }
        });
        let result = act(self);
        drop(done);
        limit.join().expect("waiting does not panic");
        result
    }

    fn call(&mut self, method: &str, parameters: &Value) -> Value {
        let number = self.send(method, parameters);
        loop {
            let mut message = self.receive();
            if message["id"] == number {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].take();
            }
        }
    }

    fn send(&mut self, method: &str, parameters: &Value) -> u64 {
        self.number += 1;
        let mut message = json!({"id": self.number, "method": method, "params": parameters});
        if !self.session.is_empty() {
            message["sessionId"] = self.session.as_str().into();
        }
        self.commands.write_all(format!("{message}\0").as_bytes()).expect("Chromium listens");
        self.number
    }

    fn receive(&mut self) -> Value {
        let mut message = Vec::new();
        self.answers.read_until(0, &mut message).expect("Chromium answers");
        message.pop();
        let message: Value = serde_json::from_slice(&message).expect("the answer is JSON");
        if message["method"] == "Network.requestWillBeSent" {
            self.requested.extend(message["params"]["request"]["url"].as_str().map(ToOwned::to_owned));
        }
        message
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.commands.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        let _ = self.process.wait();
    }
}
