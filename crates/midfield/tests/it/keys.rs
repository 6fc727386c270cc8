//! Key rings in files: made once, kept, rotated, and read by their owner only.

use std::fs;
use std::path::PathBuf;
use std::sync::Barrier;

use midfield::{KeyFileError, KeyRing};

/// A folder of its own, removed with this value.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("midfield-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("keys")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_first_start_makes_the_ring_and_every_later_one_reads_it() {
    let folder = Folder::new("keys-first");
    let made = KeyRing::in_file(folder.file()).expect("a ring");
    let read = KeyRing::in_file(folder.file()).expect("the same ring");
    assert_eq!(made.to_text(), read.to_text());
    assert_eq!(fs::read_dir(&folder.0).expect("the folder").count(), 1);
}

#[test]
fn processes_that_start_at_once_use_one_ring() {
    let folder = Folder::new("keys-race");
    let barrier = Barrier::new(8);
    let rings: Vec<String> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    KeyRing::in_file(folder.file()).expect("a ring").to_text()
                })
            })
            .collect();
        starts
            .into_iter()
            .map(|start| start.join().expect("no panic"))
            .collect()
    });
    assert!(
        rings.iter().all(|ring| *ring == rings[0]),
        "{}",
        rings.len()
    );
}

#[test]
fn a_rotation_keeps_as_many_former_keys_as_it_is_told() {
    let folder = Folder::new("keys-rotate");
    let first = KeyRing::in_file(folder.file()).expect("a ring").to_text();
    let second = KeyRing::rotate_file(folder.file(), 1).expect("a rotation");
    assert_eq!(second.len(), 2);
    assert!(second.to_text().ends_with(&first));
    let read = KeyRing::in_file(folder.file()).expect("the rotated ring");
    assert_eq!(read.to_text(), second.to_text());
    let third = KeyRing::rotate_file(folder.file(), 0).expect("a rotation");
    assert_eq!(third.len(), 1);
    assert!(!second.to_text().contains(&third.to_text()));
}

#[test]
fn a_file_that_is_no_ring_is_refused_and_left_alone() {
    let folder = Folder::new("keys-broken");
    let path = folder.file();
    write_private(&path, "not a key\n");
    let refused = KeyRing::in_file(&path).expect_err("no ring");
    assert!(matches!(refused, KeyFileError::Content { .. }), "{refused}");
    assert!(KeyRing::rotate_file(&path, 1).is_err());
    assert_eq!(fs::read_to_string(&path).expect("the file"), "not a key\n");
    let missing = folder.0.join("missing").join("keys");
    assert!(matches!(
        KeyRing::in_file(missing),
        Err(KeyFileError::Write { .. })
    ));
    assert!(matches!(
        KeyRing::rotate_file(folder.0.join("none"), 1),
        Err(KeyFileError::Read { .. })
    ));
}

#[cfg(unix)]
#[test]
fn a_file_that_others_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new("keys-exposed");
    let path = folder.file();
    KeyRing::in_file(&path).expect("a ring");
    let mode = fs::metadata(&path).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("a mode");
    let refused = KeyRing::in_file(&path).expect_err("exposed");
    assert!(matches!(refused, KeyFileError::Exposed { .. }), "{refused}");
    assert!(refused.to_string().contains("600"), "{refused}");
}

fn write_private(path: &std::path::Path, text: &str) {
    fs::write(path, text).expect("a file");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("a mode");
    }
}
