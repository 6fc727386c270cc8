//! midfield at a terminal.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

/// A command whose standard streams are a terminal of 60 columns.
pub(crate) struct Terminal {
    child: Child,
    keys: File,
    seen: Arc<Mutex<String>>,
    /// Up to where a test has looked at what was shown.
    looked: usize,
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
        let mut answers = keys.try_clone().unwrap();
        let seen: Arc<Mutex<String>> = Arc::default();
        let shown = Arc::clone(&seen);
        let reading = thread::spawn(move || {
            let (mut bytes, mut all) = ([0; 4096], Vec::new());
            while let Ok(count @ 1..) = screen.read(&mut bytes) {
                all.extend_from_slice(&bytes[..count]);
                // A character may come in two parts.
                let whole = all
                    .utf8_chunks()
                    .next()
                    .map_or(0, |chunk| chunk.valid().len());
                let text: Vec<u8> = all.drain(..whole).collect();
                // A terminal is asked where its cursor stands, and says so.
                if text.windows(4).any(|part| part == b"\x1b[6n") {
                    let _ = answers.write_all(b"\x1b[1;1R");
                }
                shown
                    .lock()
                    .unwrap()
                    .push_str(&String::from_utf8(text).unwrap());
            }
        });
        Self {
            child,
            keys,
            seen,
            looked: 0,
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

    /// Waits until `words` are shown after those that were waited for before.
    #[track_caller]
    pub(crate) fn wait_for_next(&mut self, words: &str) {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let seen = self.seen();
            if let Some(at) = seen[self.looked..].find(words) {
                self.looked += at + words.len();
                return;
            }
            assert!(
                Instant::now() < deadline,
                "no {words:?} in {:?}",
                &seen[self.looked..]
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Presses keys, as a terminal sends them.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Interrupts the command, as a terminal does for Ctrl-C.
    pub(crate) fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// Sends a signal to the command.
    pub(crate) fn signal(&self, signal: Signal) {
        let id = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(id, signal).unwrap();
    }

    /// Whether the terminal gives whole lines, as it does while nobody reads it key by key.
    pub(crate) fn is_calm(&self) -> bool {
        let modes = tcgetattr(&self.keys).unwrap().local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO)
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
