//! Environments in files of their own: `environments/NAME.toml` beside the main file. A file that cannot be read breaks
//! its environment alone.

use std::path::{Path, PathBuf};

use super::deck::EnvironmentDeck;
use super::environment::{self, Common};
use crate::model::{EnvironmentId, Fault};
use crate::settings::{Faults, Files, Place, Table, files};

/// A file of one environment.
#[derive(Debug)]
pub struct Part {
    /// The environment, named by the file.
    pub id: EnvironmentId,
    /// Its number among the files; none when it could not be read.
    file: Option<usize>,
    path: PathBuf,
}

/// Reads the files of the folder in, by name; and what is wrong with them as files.
pub fn read_all(main: &Path, files: &mut Files) -> (Vec<Part>, Vec<Fault>) {
    let mut faults = Vec::new();
    let folder = main.with_file_name("environments");
    let mut paths = match paths(&folder) {
        Ok(paths) => paths,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(e) => {
            let (why, help) = files::reason(&e);
            faults.push(files::whole_file(&folder, format!("cannot be read: {why}"), help));
            Vec::new()
        }
    };
    paths.sort();
    let parts = paths.into_iter().map(|path| {
        let id = EnvironmentId::new(&path.file_stem().unwrap_or_default().to_string_lossy());
        let file = files.read(&path).map_err(|mut fault| {
            fault.breaks = vec![id.clone()];
            faults.push(*fault);
        });
        Part { id, file: file.ok(), path }
    });
    (parts.collect(), faults)
}

fn paths(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        // Editors keep their own files beside (`.#qa.toml`, `.qa.toml.swp`).
        let hidden = path.file_name().is_none_or(|n| n.to_string_lossy().starts_with('.'));
        if !hidden && path.extension().is_some_and(|e| e == "toml") {
            found.push(path);
        }
    }
    Ok(found)
}

/// Reads the environment; none when the main file has it too, which breaks that one: nobody can say which is meant.
pub fn read(part: &Part, twice: bool, common: &Common<'_>, faults: &Faults<'_>) -> Option<EnvironmentDeck> {
    if twice {
        faults.within(Some(part.id.clone()));
        let message = format!("environment `{}` is in the main file too", part.id);
        let help = "keep it in one of the two files";
        match part.file {
            Some(file) => faults.error(Place { file, start: 0, end: 0 }, message, help),
            None => faults.push(files::whole_file(&part.path, message, help)),
        }
        faults.within(None);
        return None;
    }
    let body = part.file.and_then(|file| {
        faults.within(Some(part.id.clone()));
        let body = Table::parse(file, faults);
        faults.within(None);
        body
    });
    Some(match body {
        Some(body) => environment::read(part.id.as_str(), &body, common, faults),
        None => EnvironmentDeck::broken(part.id.clone()),
    })
}
