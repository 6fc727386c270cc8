//! The library: its books, and a list of reservations. Its tools are for clients and for the assistant alike.

#![expect(
    clippy::needless_pass_by_value,
    reason = "what a tool takes is its own"
)]

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use midfield::prelude::*;

/// The tools.
pub(crate) fn tools() -> Vec<Tool> {
    tools![find_books, is_on_shelf, reserve].to_vec()
}

/// Where reservations are written down.
#[derive(Debug)]
pub(crate) struct Library {
    reservations: PathBuf,
}

impl Library {
    /// The library whose list of reservations lies in `state`.
    pub(crate) fn new(state: &Path) -> Self {
        Self {
            reservations: state.join("reservations.txt"),
        }
    }

    fn write_down(&self, title: &str) -> std::io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options.create(true).append(true).open(&self.reservations)?;
        writeln!(file, "{title}")
    }
}

#[derive(Clone, Copy, Serialize, JsonSchema)]
struct Book {
    title: &'static str,
    subject: &'static str,
    on_shelf: bool,
}

#[derive(Serialize, JsonSchema)]
struct Found {
    titles: Vec<&'static str>,
}

#[derive(Serialize, JsonSchema)]
struct Shelf {
    on_shelf: bool,
}

/// Find books on a subject.
#[tool(read_only)]
fn find_books(subject: String) -> Found {
    let books = BOOKS
        .iter()
        .filter(|book| book.subject == subject.to_lowercase());
    Found {
        titles: books.map(|book| book.title).collect(),
    }
}

/// Tell whether a book is on its shelf.
#[tool(read_only)]
fn is_on_shelf(title: String) -> Result<Shelf> {
    let on_shelf = find(&title)?.on_shelf;
    Ok(Shelf { on_shelf })
}

/// Reserve a book.
#[tool]
fn reserve(title: String, library: State<Library>) -> Result<String> {
    let book = find(&title)?;
    library.write_down(book.title)?;
    Ok(format!("{} is reserved", book.title))
}

fn find(title: &str) -> Result<Book> {
    let book = BOOKS.iter().find(|book| book.title == title).copied();
    book.ok_or_else(|| Error::tool(format!("there is no book {title:?}; find_books has titles")))
}

const BOOKS: [Book; 4] = [
    book("The Log from the Sea of Cortez", "sea", true),
    book("The Sea Around Us", "sea", false),
    book("The Living Mountain", "mountains", true),
    book("The Snow Leopard", "mountains", true),
];

const fn book(title: &'static str, subject: &'static str, on_shelf: bool) -> Book {
    Book {
        title,
        subject,
        on_shelf,
    }
}
