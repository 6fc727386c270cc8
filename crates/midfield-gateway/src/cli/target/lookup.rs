//! Where a name is looked for: the file of the command line, files of the folder, midfield's own, those of the known hosts.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use midfield::client::config::{
    ConfigError, Configured, Dialect, Entries, KnownFile, UnknownName, project_files, user_files,
};

use super::{Around, Resolved, of_server};
use crate::cli::exit::{Ended, Exit};
use crate::cli::text::line;
use crate::cli::{entry, note};

/// A file in which a name is looked for.
pub(in crate::cli) struct Place {
    /// Whose file it is.
    pub(in crate::cli) host: &'static str,
    pub(in crate::cli) path: PathBuf,
    pub(in crate::cli) dialect: Dialect,
}

impl From<KnownFile> for Place {
    fn from(file: KnownFile) -> Self {
        Self {
            host: file.host,
            path: file.path,
            dialect: file.dialect,
        }
    }
}

/// The places in which a name is looked for, in this order, each once.
pub(in crate::cli) fn places(around: &Around) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    let project = project_files(&around.folder).into_iter().map(Place::from);
    for place in project.chain(own(around)) {
        if !places.iter().any(|known| known.path == place.path) {
            places.push(place);
        }
    }
    places
}

/// The files of the user's own.
fn own(around: &Around) -> Vec<Place> {
    let Some(places) = &around.places else {
        return Vec::new();
    };
    let midfield = Place {
        host: "midfield",
        path: places.config.join("midfield/servers.json"),
        dialect: Dialect::Any,
    };
    let hosts = user_files(places).into_iter().map(Place::from);
    std::iter::once(midfield).chain(hosts).collect()
}

/// Whether nobody but the user writes in a file.
pub(super) fn is_own(path: &Path, around: &Around) -> bool {
    let path = around.folder.join(path);
    own(around).iter().any(|place| place.path == path)
}

/// Reads a place; `None` when there is no such file.
pub(in crate::cli) fn read(place: &Place) -> Result<Option<Entries>, ConfigError> {
    match Entries::read_as(&place.path, place.dialect) {
        Err(ConfigError::Read { source, .. })
            if matches!(
                source.kind(),
                std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        read => read.map(Some),
    }
}

/// The server of a name.
pub(super) fn find(name: &str, config: Option<&Path>, around: &Around) -> anyhow::Result<Resolved> {
    let mut looked = Looked::default();
    if let Some(path) = config {
        let path = around.folder.join(path);
        let entries = super::read(&path, Dialect::of_path(&path))?;
        if let Some(server) = looked.find(name, &path, entries, around) {
            return of_server(&server, &path, around);
        }
    }
    let mut taken: Option<(Configured, PathBuf)> = None;
    for place in places(around) {
        match (read(&place), &taken) {
            (Ok(Some(entries)), None) => {
                taken = looked
                    .find(name, &place.path, entries, around)
                    .map(|server| (server, place.path));
            }
            (Ok(Some(entries)), Some((server, _))) => {
                let entries = entries.within(&around.folder);
                let other = entries.find(name);
                if other.is_ok_and(|other| other.written() != server.written()) {
                    looked.passed_over.push(entry::path(&place.path));
                }
            }
            (Err(error), None) => looked
                .failed
                .push(format!("{:#}", anyhow::Error::from(error))),
            (Ok(None), _) | (Err(_), Some(_)) => {}
        }
    }
    if let Some((server, path)) = taken {
        if !looked.passed_over.is_empty() {
            note(&format!(
                "`{}` of {} is taken, not the one of {}",
                line(name),
                entry::path(&path),
                looked.passed_over.join(", ")
            ));
        }
        return of_server(&server, &path, around);
    }
    Err(looked.unknown(name, around).into())
}

/// Where a name was looked for.
#[derive(Default)]
struct Looked {
    /// Other files that have another server of the name.
    passed_over: Vec<String>,

    files: Vec<PathBuf>,
    failed: Vec<String>,
    names: Vec<String>,
}

impl Looked {
    fn find(
        &mut self,
        name: &str,
        path: &Path,
        entries: Entries,
        around: &Around,
    ) -> Option<Configured> {
        let entries = entries.within(&around.folder);
        if let Ok(server) = entries.find(name) {
            return Some(server.clone());
        }
        self.files.push(path.to_owned());
        self.names
            .extend(entries.names().into_iter().map(str::to_owned));
        None
    }

    fn unknown(&self, name: &str, around: &Around) -> Ended {
        let unknown = UnknownName::new(name, self.names.iter().map(String::as_str));
        let mut told = line(&unknown.to_string());
        for path in &self.files {
            let _ = write!(told, "\nlooked in {}", entry::path(path));
        }
        for failed in &self.failed {
            let _ = write!(told, "\ncould not look further: {}", line(failed));
        }
        if self.files.is_empty() && self.failed.is_empty() {
            let folder = entry::path(&around.folder);
            let _ = write!(
                told,
                "\nno file of a known host is in {folder}, nor in your own folders"
            );
        }
        Ended::new(Exit::NotFound, told)
    }
}
