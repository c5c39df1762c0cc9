//! Where the deck goes: the file, whether it may be written, and writing it so that an old deck is either whole or
//! replaced. Never makes up a place: what cannot be written is told.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::config::folder::MAIN_FILE;

/// Why the deck is not written.
#[derive(Debug, thiserror::Error)]
pub(super) enum Denied {
    /// There is one already.
    #[error("{} exists already; --force replaces it, --print shows what would be written", .0.display())]
    Exists(PathBuf),
    /// A file beside it describes the same environment.
    #[error("environment `{name}` is in {} already; choose another name with --env", .path.display())]
    Taken {
        /// The environment.
        name: String,
        /// The file.
        path: PathBuf,
    },
    /// The system says no.
    #[error("cannot write {}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's word.
        source: io::Error,
    },
}

/// The file that will be written in a folder, if it may be.
pub(super) fn file(folder: &Path, environment: &str, force: bool) -> Result<PathBuf, Denied> {
    let path = folder.join(MAIN_FILE);
    if path.symlink_metadata().is_ok() && !force {
        return Err(Denied::Exists(path));
    }
    let beside = folder.join("environments").join(format!("{environment}.toml"));
    if beside.exists() {
        return Err(Denied::Taken { name: environment.to_owned(), path: beside });
    }
    Ok(path)
}

/// Writes it; the folder is made where it is missing.
pub(super) fn write(path: &Path, text: &str, force: bool) -> Result<(), Denied> {
    let denied = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists if !force => Denied::Exists(path.to_owned()),
        _ => Denied::Io { path: path.to_owned(), source },
    };
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(denied)?;
    }
    if !force {
        return fill(path, text).map_err(denied);
    }
    // Behind a link it is the file linked to that is replaced.
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let draft = real.with_extension(format!("toml.{}.new", std::process::id()));
    let written = fill(&draft, text).and_then(|()| std::fs::rename(&draft, &real));
    if written.is_err() {
        std::fs::remove_file(&draft).ok();
    }
    written.map_err(denied)
}

/// Makes a file; one that could not be written whole does not stay.
fn fill(path: &Path, text: &str) -> io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        std::fs::remove_file(path).ok();
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deck_is_replaced_only_by_force_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("new");
        let path = file(&inner, "qa", false).unwrap();
        write(&path, "a", false).unwrap();
        assert!(matches!(file(&inner, "qa", false), Err(Denied::Exists(_))));
        assert!(matches!(write(&path, "b", false), Err(Denied::Exists(_))));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "a");
        write(&file(&inner, "qa", true).unwrap(), "b", true).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "b");
        assert_eq!(std::fs::read_dir(&inner).unwrap().count(), 1);
    }

    #[test]
    fn an_environment_that_has_its_own_file_is_not_written_twice() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("environments")).unwrap();
        std::fs::write(folder.path().join("environments/qa.toml"), "").unwrap();
        assert!(matches!(file(folder.path(), "qa", true), Err(Denied::Taken { .. })));
        assert!(file(folder.path(), "production", true).is_ok());
    }
}
