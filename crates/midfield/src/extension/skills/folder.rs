//! Skills in a folder of the file system.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use super::skill::{MANIFEST, MAX_BYTES, MAX_FILES};
use super::{Skill, SkillError};

/// Reads all skills in and below `folder`: each folder with a `SKILL.md` is one.
pub(super) fn read(folder: &Path) -> Result<Vec<Skill>, SkillError> {
    let mut skills = Vec::new();
    search(folder, &mut Vec::new(), &mut skills)?;
    Ok(skills)
}

/// Searches a folder, which is at `path` below the one that was given.
fn search(
    folder: &Path,
    path: &mut Vec<String>,
    skills: &mut Vec<Skill>,
) -> Result<(), SkillError> {
    if path.len() > MAX_DEPTH || skills.len() > MAX_SKILLS {
        return Err(SkillError::TooLarge);
    }
    let manifest = folder.join(MANIFEST);
    if fs::symlink_metadata(&manifest).is_ok() {
        skills.push(read_skill(folder, path)?);
        return Ok(());
    }
    for (name, entry) in entries(folder)? {
        if kind(&entry)?.is_dir() {
            path.push(name);
            search(&entry, path, skills)?;
            path.pop();
        }
    }
    Ok(())
}

fn read_skill(folder: &Path, path: &[String]) -> Result<Skill, SkillError> {
    let manifest = contents(&folder.join(MANIFEST), MAX_BYTES)?;
    let markdown = String::from_utf8(manifest).map_err(|_| SkillError::NoFrontmatter)?;
    let mut skill = Skill::from_markdown(markdown)?;
    let mut left = MAX_BYTES;
    let mut waiting = vec![(folder.to_owned(), String::new(), 0)];
    while let Some((folder, prefix, depth)) = waiting.pop() {
        if depth > MAX_DEPTH {
            return Err(SkillError::TooLarge);
        }
        for (name, entry) in entries(&folder)? {
            let within = format!("{prefix}{name}");
            if kind(&entry)?.is_dir() {
                waiting.push((entry, format!("{within}/"), depth + 1));
            } else if within != MANIFEST {
                let contents = contents(&entry, left)?;
                left = left.saturating_sub(contents.len());
                skill = skill.file(&within, contents)?;
            }
        }
    }
    match path.split_last() {
        Some((folder, _)) if folder != skill.name() => Err(SkillError::Folder {
            folder: folder.clone(),
            name: skill.name().to_owned(),
        }),
        Some((_, above)) if !above.is_empty() => skill.under(&above.join("/")),
        _ => Ok(skill),
    }
}

/// What is in a folder, by name, in order. Names that begin with a dot are left out.
fn entries(folder: &Path) -> Result<Vec<(String, std::path::PathBuf)>, SkillError> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(|source| failure(folder, source))? {
        let path = entry.map_err(|source| failure(folder, source))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| SkillError::Path {
            path: path.display().to_string(),
        })?;
        if !name.starts_with('.') {
            entries.push((name.to_owned(), path));
        }
        if entries.len() > MAX_FILES {
            return Err(SkillError::TooLarge);
        }
    }
    entries.sort();
    Ok(entries)
}

/// What is at `path`, if it is a file or a folder: nothing is followed to elsewhere.
fn kind(path: &Path) -> Result<fs::FileType, SkillError> {
    let metadata = fs::symlink_metadata(path).map_err(|source| failure(path, source))?;
    let kind = metadata.file_type();
    if kind.is_dir() || kind.is_file() {
        return Ok(kind);
    }
    Err(SkillError::Link {
        path: path.display().to_string(),
    })
}

/// A file's bytes, of which there may be `most`.
fn contents(path: &Path, most: usize) -> Result<Vec<u8>, SkillError> {
    kind(path)?;
    let file = fs::File::open(path).map_err(|source| failure(path, source))?;
    let mut contents = Vec::new();
    // One byte more says that there are too many.
    let most = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    file.take(most)
        .read_to_end(&mut contents)
        .map_err(|source| failure(path, source))?;
    if u64::try_from(contents.len()).is_ok_and(|length| length >= most) {
        return Err(SkillError::TooLarge);
    }
    Ok(contents)
}

fn failure(path: &Path, source: std::io::Error) -> SkillError {
    SkillError::Io {
        path: path.display().to_string(),
        source,
    }
}

/// How deep folders may be nested.
const MAX_DEPTH: usize = 16;

/// Most skills in one folder and below.
const MAX_SKILLS: usize = 1_024;
