//! Places in a configuration file, and what is wrong there.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A line and a column, both counted from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(crate) struct Placed<T> {
    pub(crate) place: Place,
    pub(crate) value: T,
}

/// One thing that is wrong in a file, and what to write there.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    pub(crate) place: Place,
    pub(crate) told: String,
}

/// Everything that is wrong in a file. Its text has a line per problem, and quotes no line of the file,
/// since a secret may stand there.
#[derive(Debug)]
pub(crate) struct Problems {
    pub(crate) path: PathBuf,
    pub(crate) list: Vec<Problem>,
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, Problem { place, told }) in self.list.iter().enumerate() {
            let line_break = if number == 0 { "" } else { "\n" };
            write!(f, "{line_break}{}:{place}: {told}", self.path.display())?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// A file while it is read: turns offsets into places and gathers problems.
pub(super) struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    problems: RefCell<Vec<Problem>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(path: &'a Path, text: &'a str) -> Self {
        Self {
            path,
            text,
            problems: RefCell::default(),
        }
    }

    pub(super) fn path(&self) -> &'a Path {
        self.path
    }

    /// The folder that paths in the file are relative to.
    pub(super) fn folder(&self) -> PathBuf {
        let folder = self.path.parent().unwrap_or_else(|| Path::new(""));
        if folder.as_os_str().is_empty() {
            PathBuf::from(".")
        } else {
            folder.to_owned()
        }
    }

    pub(super) fn place(&self, span: &Range<usize>) -> Place {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Place {
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        }
    }

    pub(super) fn report(&self, span: Range<usize>, told: impl Into<String>) {
        self.report_at(self.place(&span), told);
    }

    pub(super) fn report_at(&self, place: Place, told: impl Into<String>) {
        let told = told.into();
        self.problems.borrow_mut().push(Problem { place, told });
    }

    /// The value, when nothing was wrong.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, Problems> {
        let mut list = self.problems.into_inner();
        list.sort();
        match value {
            Some(value) if list.is_empty() => Ok(value),
            _ => Err(Problems {
                path: self.path.to_owned(),
                list,
            }),
        }
    }
}
