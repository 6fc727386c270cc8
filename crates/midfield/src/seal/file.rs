//! A key ring in a file that only its owner can read: made at the first start, kept from then on.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::{KeyRing, KeyRingError, NoRandomness, random};

/// Why a file gives no key ring.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// It cannot be read.
    #[error("could not read the key ring at {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It cannot be written.
    #[error("could not write the key ring at {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others than its owner may read it.
    #[error("others than its owner may read the key ring at {path}; set its mode to 600")]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// It holds something else.
    #[error("could not use the key ring at {path}")]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: KeyRingError,
    },
    /// There is no randomness for a new key.
    #[error("could not make a key")]
    Random(#[from] NoRandomness),
}

impl KeyRing {
    /// Reads the ring at `path`, or makes one there when the file does not exist. When several processes
    /// start at once, all of them use the one that was there first.
    ///
    /// # Errors
    /// When the file cannot be read or written, is no ring, or can be read by others.
    pub fn in_file(path: impl AsRef<Path>) -> Result<Self, KeyFileError> {
        let path = path.as_ref();
        match read(path) {
            Err(KeyFileError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                write(path, &Self::generate()?, Replace::Never)?;
                read(path)
            }
            ring => ring,
        }
    }

    /// Rotates the ring at `path`: a new key seals from the next start on, and the `kept` newest of the
    /// others still open what they sealed.
    ///
    /// # Errors
    /// As [`KeyRing::in_file`]; a file that does not exist is an error here.
    pub fn rotate_file(path: impl AsRef<Path>, kept: usize) -> Result<Self, KeyFileError> {
        let path = path.as_ref();
        let ring = read(path)?.rotated(kept)?;
        write(path, &ring, Replace::Always)?;
        Ok(ring)
    }
}

fn read(path: &Path) -> Result<KeyRing, KeyFileError> {
    let failed = |source| KeyFileError::Read {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if file.metadata().map_err(failed)?.permissions().mode() & 0o077 != 0 {
            return Err(KeyFileError::Exposed {
                path: path.to_owned(),
            });
        }
    }
    let mut text = String::new();
    file.take(MAX_FILE)
        .read_to_string(&mut text)
        .map_err(failed)?;
    KeyRing::parse(&text).map_err(|source| KeyFileError::Content {
        path: path.to_owned(),
        source,
    })
}

/// Whether a file that is there already gives way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Replace {
    Never,
    Always,
}

/// Writes beside the file and then puts it in its place, so that nobody ever reads half of one.
fn write(path: &Path, ring: &KeyRing, replace: Replace) -> Result<(), KeyFileError> {
    let suffix: [u8; 8] = random()?;
    let beside = path.with_extension(format!("new-{}", u64::from_be_bytes(suffix)));
    let placed = write_new(&beside, ring).and_then(|()| match replace {
        Replace::Always => fs::rename(&beside, path),
        Replace::Never => match fs::hard_link(&beside, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        },
    });
    // Gone already where it was renamed.
    let _ = fs::remove_file(&beside);
    placed.map_err(|source| KeyFileError::Write {
        path: path.to_owned(),
        source,
    })
}

fn write_new(path: &Path, ring: &KeyRing) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(ring.to_text().as_bytes())?;
    file.sync_all()
}

/// A ring of several thousand keys.
const MAX_FILE: u64 = 256 * 1024;
