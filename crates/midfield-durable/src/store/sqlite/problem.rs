//! What can go wrong in the file, and how it is told.

use std::path::Path;
use std::sync::Arc;

use rusqlite::ErrorCode;

use crate::store::StoreError;

/// Why something could not be done.
#[derive(Clone, Debug)]
pub(super) enum Problem {
    /// SQLite says so.
    Sql(Arc<rusqlite::Error>),
    /// The file holds what this program never writes.
    Damaged(String),
    /// What was asked for cannot be.
    Refused(String),
}

pub(super) type Result<T> = std::result::Result<T, Problem>;

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as Sql;
        match error {
            Sql::FromSqlConversionFailure(..)
            | Sql::IntegralValueOutOfRange(..)
            | Sql::InvalidColumnType(..)
            | Sql::Utf8Error(..) => Self::Damaged(error.to_string()),
            other => Self::Sql(Arc::new(other)),
        }
    }
}

impl Problem {
    /// Whether a failed commit may have been one all the same: not when SQLite only refused it.
    pub(super) fn leaves_open(&self) -> bool {
        match self {
            Self::Sql(error) => !matches!(
                error.sqlite_error_code(),
                Some(
                    ErrorCode::DatabaseBusy
                        | ErrorCode::DatabaseLocked
                        | ErrorCode::ConstraintViolation
                )
            ),
            Self::Damaged(_) | Self::Refused(_) => false,
        }
    }

    /// Whether another process is in the way.
    pub(super) fn is_busy(&self) -> bool {
        let Self::Sql(error) = self else { return false };
        matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
        )
    }

    /// As what a caller is told: `tried` and the path, what is wrong, and what to do.
    pub(super) fn told(&self, tried: &str, path: &Path) -> StoreError {
        let path = path.display();
        match self {
            Self::Sql(error) => {
                let advice = advice(error).map_or(String::new(), |advice| format!(": {advice}"));
                StoreError::new(format!("could not {tried} {path}{advice}"))
                    .because(Arc::clone(error))
            }
            Self::Damaged(what) => StoreError::new(format!(
                "could not {tried} {path}: it is damaged ({what}); check it, and restore a copy"
            )),
            Self::Refused(what) => StoreError::new(format!("could not {tried} {path}: {what}")),
        }
    }
}

fn advice(error: &rusqlite::Error) -> Option<&'static str> {
    Some(match error.sqlite_error_code()? {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            "another process has held it for too long; try again"
        }
        ErrorCode::DiskFull => "there is no room left; make room on the disk, or allow it more",
        ErrorCode::NotADatabase => {
            "it is no SQLite database, or its beginning is damaged; name another file, or restore a copy"
        }
        ErrorCode::DatabaseCorrupt => "it is damaged or cut short; check it, and restore a copy",
        ErrorCode::ReadOnly => "this process may not write to it; let it, or name another file",
        ErrorCode::CannotOpen | ErrorCode::PermissionDenied => {
            "it cannot be opened; see whether its folder is there and may be written to"
        }
        ErrorCode::SystemIoFailure => "the disk failed; see what the operating system says of it",
        ErrorCode::TooBig => "it is larger than a database can keep",
        _ => return None,
    })
}
