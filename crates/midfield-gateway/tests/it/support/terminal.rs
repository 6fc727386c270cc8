//! midfield at a terminal.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// A command whose standard streams are a terminal of 60 columns.
pub(crate) struct Terminal {
    child: Child,
    keys: File,
    seen: Arc<Mutex<String>>,
    reading: Option<JoinHandle<()>>,
}

impl Terminal {
    pub(crate) fn run(arguments: &[&str], prepare: impl FnOnce(&mut Command)) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap();
        let size = Winsize {
            ws_row: 24,
            ws_col: 60,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&terminal, size).unwrap();
        let path = OsStr::from_bytes(name.as_bytes());
        let side = || {
            OpenOptions::new()
                .read(true)
                .write(true)
                .open(path)
                .unwrap()
        };
        let mut command = super::midfield::command(arguments);
        prepare(&mut command);
        command.stdin(side()).stdout(side()).stderr(side());
        let child = command.spawn().unwrap();
        // The command's own ends are the last ones, so that reading ends with it.
        drop(command);
        let keys = File::from(terminal);
        let mut screen = keys.try_clone().unwrap();
        let seen: Arc<Mutex<String>> = Arc::default();
        let shown = Arc::clone(&seen);
        let reading = thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = screen.read(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
                shown.lock().unwrap().push_str(&text);
            }
        });
        Self {
            child,
            keys,
            seen,
            reading: Some(reading),
        }
    }

    /// All that was shown so far.
    pub(crate) fn seen(&self) -> String {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until `words` are shown.
    #[track_caller]
    pub(crate) fn wait_for(&self, words: &str) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !self.seen().contains(words) {
            assert!(
                Instant::now() < deadline,
                "no {words:?} in {:?}",
                self.seen()
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Types a line.
    pub(crate) fn say(&mut self, line: &str) {
        self.keys.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Waits for the end, and gives the exit code and all that was shown.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().unwrap();
        if let Some(reading) = self.reading.take() {
            reading.join().unwrap();
        }
        (status.code(), self.seen())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
