//! Where things lie on this machine: the deck in use, the user's configuration folder, the state folder.
//! `XDG_*` variables count on every system; otherwise the platform's own folders.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use directories::ProjectDirs;

/// The main file of a deck.
pub const MAIN_FILE: &str = "quarterdeck.toml";

/// What the search for a deck looks at.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// `--deck`.
    pub explicit: Option<PathBuf>,
    /// `$QUARTERDECK_DECK`.
    pub variable: Option<OsString>,
    /// The folder `qd` was started in.
    pub current: PathBuf,
    /// The user's configuration folder.
    pub user: Option<PathBuf>,
}

/// No deck was found.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFound {
    /// What was asked for is not there.
    #[error("there is no deck at {} (asked for by {by})", .path.display())]
    Asked {
        /// The path given.
        path: PathBuf,
        /// `--deck` or the variable.
        by: &'static str,
    },
    /// Nothing was asked for and none lies where one is looked for.
    #[error("no deck found")]
    Nowhere {
        /// Where it was looked for.
        looked: Vec<PathBuf>,
    },
}

impl Search {
    /// From the process: the variable, the current folder, the user's folder.
    pub fn from_process(explicit: Option<PathBuf>) -> Self {
        Self {
            explicit,
            variable: std::env::var_os("QUARTERDECK_DECK").filter(|v| !v.is_empty()),
            current: std::env::current_dir().unwrap_or_default(),
            user: config_folder(),
        }
    }

    /// The main file of the deck: explicit, then the variable, then the nearest parent folder that has one, then the
    /// user's configuration folder. What is asked for by name is never replaced by something else.
    pub fn find(&self) -> Result<PathBuf, NotFound> {
        let asked = [(self.explicit.clone(), "--deck"), (self.variable.clone().map(PathBuf::from), "QUARTERDECK_DECK")];
        for (path, by) in asked {
            if let Some(path) = path {
                let file = if path.is_dir() { path.join(MAIN_FILE) } else { path };
                return if file.is_file() { Ok(file) } else { Err(NotFound::Asked { path: file, by }) };
            }
        }
        let mut looked: Vec<PathBuf> = self.current.ancestors().map(|folder| folder.join(MAIN_FILE)).collect();
        looked.extend(self.user.iter().map(|folder| folder.join(MAIN_FILE)));
        looked.iter().find(|file| file.is_file()).cloned().ok_or(NotFound::Nowhere { looked })
    }
}

fn project() -> Option<ProjectDirs> {
    ProjectDirs::from("", "", "quarterdeck")
}

fn variable(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os(name)?);
    path.is_absolute().then(|| path.join("quarterdeck"))
}

/// The user's configuration folder (`~/.config/quarterdeck` on Linux).
pub fn config_folder() -> Option<PathBuf> {
    variable("XDG_CONFIG_HOME").or_else(|| Some(project()?.config_dir().to_owned()))
}

/// The state folder (`~/.local/state/quarterdeck` on Linux); the data folder where a platform has none.
pub fn state_folder() -> Option<PathBuf> {
    variable("XDG_STATE_HOME").or_else(|| {
        let project = project()?;
        Some(project.state_dir().unwrap_or(project.data_local_dir()).to_owned())
    })
}

/// Folders in which themes or keymaps may lie, the user's first: it wins over the deck's.
pub fn look_folders(kind: &str, deck: Option<&Path>) -> Vec<PathBuf> {
    let deck = deck.and_then(Path::parent).map(Path::to_owned);
    config_folder().into_iter().chain(deck).map(|folder| folder.join(kind)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_parent_folder_with_a_deck_wins() {
        let root = tempfile::tempdir().unwrap();
        let inner = root.path().join("a/b/c");
        std::fs::create_dir_all(&inner).unwrap();
        std::fs::write(root.path().join(MAIN_FILE), "").unwrap();
        std::fs::write(root.path().join("a").join(MAIN_FILE), "").unwrap();
        let search = Search { current: inner, ..Search::default() };
        assert_eq!(search.find(), Ok(root.path().join("a").join(MAIN_FILE)));
    }

    #[test]
    fn a_deck_asked_for_is_never_replaced_by_another() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join(MAIN_FILE), "").unwrap();
        let missing = root.path().join("missing.toml");
        let search = Search { explicit: Some(missing.clone()), current: root.path().into(), ..Search::default() };
        assert_eq!(search.find(), Err(NotFound::Asked { path: missing, by: "--deck" }));
    }
}
