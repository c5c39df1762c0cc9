//! The folder of one demo: releases of each service, the data of the ledger, artefacts to bring out, backups, and the deck.
//! Made anew for each demo and removed with it; what a killed demo left behind goes when the next one starts.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, symlink};
use std::path::{Path, PathBuf};

use rustix::process::{Pid, getuid, test_kill_process};
use serde::{Deserialize, Serialize};

use super::shop::{ENVIRONMENTS, Role, services};
use crate::model::ServiceId;

/// How the folder's name begins, in the system's folder for temporary files.
const PREFIX: &str = "quarterdeck-demo-";
/// Rows of the ledger's data.
const ENTRIES: usize = 2000;

const RUNBOOKS: [(&str, &str); 6] = [
    ("deploy-release", include_str!("runbooks/deploy-release.md")),
    ("rollback-release", include_str!("runbooks/rollback-release.md")),
    ("restart", include_str!("runbooks/restart.md")),
    ("backup-ledger", include_str!("runbooks/backup-ledger.md")),
    ("restore-ledger", include_str!("runbooks/restore-ledger.md")),
    ("look-around", include_str!("runbooks/look-around.md")),
];

/// What a release says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Its version.
    pub version: String,
    /// Why it does not work; none when it does.
    pub fault: Option<String>,
}

impl Release {
    /// The release that a service's `current` points to.
    pub fn current(place: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(place.join("current/release.json")).ok()?).ok()
    }
}

/// The folder. Dropping it removes it.
#[derive(Debug)]
pub struct Yard {
    root: PathBuf,
}

impl Yard {
    /// Makes a folder that only this user can look into.
    pub fn make(token: &str) -> io::Result<Self> {
        let temporary = std::env::temp_dir();
        sweep(&temporary);
        let root = temporary.join(format!("{PREFIX}{}", token.get(..12).unwrap_or(token)));
        fs::DirBuilder::new().mode(0o700).create(&root)?;
        let yard = Self { root: root.canonicalize()? };
        fs::write(yard.root.join("owner"), std::process::id().to_string())?;
        for folder in ["artefacts", "deck/runbooks", "state"] {
            fs::create_dir_all(yard.root.join(folder))?;
        }
        for environment in ENVIRONMENTS {
            fs::create_dir_all(yard.root.join("backups").join(environment))?;
        }
        for id in services() {
            yard.furnish(&id)?;
        }
        for (name, text) in RUNBOOKS {
            fs::write(yard.root.join(format!("deck/runbooks/{name}.md")), text)?;
        }
        Ok(yard)
    }

    fn furnish(&self, id: &ServiceId) -> io::Result<()> {
        let Some(role) = Role::of(id.environment.as_str(), &id.name) else { return Ok(()) };
        let place = self.place(id);
        let version = role.version(id.environment.as_str());
        let releases = place.join("releases");
        put(&releases.join(version), &Release { version: version.to_owned(), fault: None })?;
        symlink(Path::new("releases").join(version), place.join("current"))?;
        for release in role.coming() {
            let name = format!("artefacts/{}-{}.release", role.name, release.version);
            fs::write(self.root.join(name), text(&release)?)?;
        }
        if role.keeps_entries {
            fs::create_dir_all(place.join("data"))?;
            let mut rows = String::new();
            for n in 1..=ENTRIES {
                rows.push_str(&format!("{n},2026-11-{:02},{}.{:02}\n", n % 28 + 1, n * 7 % 900, n % 100));
            }
            fs::write(place.join("data/entries.csv"), rows)?;
        }
        Ok(())
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of a service.
    pub fn place(&self, id: &ServiceId) -> PathBuf {
        self.root.join("services").join(id.environment.as_str()).join(&*id.name)
    }

    /// Writes the deck's main file and says where it is.
    pub fn write_deck(&self, deck: &str) -> io::Result<PathBuf> {
        let path = self.root.join("deck/quarterdeck.toml");
        fs::write(&path, deck)?;
        Ok(path)
    }
}

impl Drop for Yard {
    fn drop(&mut self) {
        // What is still being written may stand in the way once; the next demo sweeps up what is left.
        if fs::remove_dir_all(&self.root).is_err() {
            fs::remove_dir_all(&self.root).ok();
        }
    }
}

fn text(release: &Release) -> io::Result<String> {
    Ok(serde_json::to_string(release)? + "\n")
}

fn put(folder: &Path, release: &Release) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("release.json"), text(release)?)
}

/// Removes folders of demos of this user whose console is gone.
fn sweep(temporary: &Path) {
    for entry in fs::read_dir(temporary).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_demo = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        let is_ours = fs::symlink_metadata(&path).is_ok_and(|m| m.is_dir() && m.uid() == getuid().as_raw());
        if !is_demo || !is_ours {
            continue;
        }
        let owner = fs::read_to_string(path.join("owner")).ok().and_then(|text| text.parse().ok());
        // Without an owner it is being made right now.
        let is_left = owner.and_then(Pid::from_raw).is_some_and(|pid| test_kill_process(pid).is_err());
        if is_left {
            fs::remove_dir_all(&path).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::EnvironmentId;

    fn orders() -> ServiceId {
        EnvironmentId::new("staging").service("orders")
    }

    #[test]
    fn every_service_has_a_release_that_runs_and_one_to_bring_out() {
        let yard = Yard::make("0123456789ab-one").unwrap();
        let current = Release::current(&yard.place(&orders())).unwrap();
        assert_eq!((current.version.as_str(), current.fault), ("2.15.0-rc.1", None));
        assert!(yard.root().join("artefacts/orders-2.16.0.release").is_file());
        let root = yard.root().to_owned();
        drop(yard);
        assert!(!root.exists());
    }

    #[test]
    fn what_a_killed_demo_left_goes_and_what_a_running_one_has_stays() {
        let folder = tempfile::tempdir().unwrap();
        for (name, owner) in
            [("quarterdeck-demo-dead", "4194303"), ("quarterdeck-demo-live", &std::process::id().to_string())]
        {
            fs::create_dir(folder.path().join(name)).unwrap();
            fs::write(folder.path().join(name).join("owner"), owner).unwrap();
        }
        fs::create_dir(folder.path().join("other")).unwrap();
        sweep(folder.path());
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert!(left.len() == 2 && !left.iter().any(|n| n == "quarterdeck-demo-dead"), "{left:?}");
    }
}
