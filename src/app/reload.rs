//! Reads the deck again when its files change. Folders are watched, because editors replace files; the reading is done
//! away from the loop.

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::config::{self, Loaded};

/// Editors write in several steps; reading waits until they are done.
const SETTLE: Duration = Duration::from_millis(150);

/// Watches the deck for as long as the runtime lives. Where that cannot be done (too many watches, a strange file
/// system) the console says so once, and reads on request.
pub fn watch(path: PathBuf, reloads: mpsc::Sender<Loaded>, notes: &mpsc::Sender<String>) {
    let (touched, mut touches) = mpsc::channel::<()>(1);
    let file = path.canonicalize().unwrap_or_else(|_| path.clone());
    let Some(folder) = file.parent().map(Path::to_owned) else { return };
    let parts = ["environments", crate::runbook::shelf::FOLDER].map(|name| folder.join(name));
    let (watched_file, watched_parts) = (file.clone(), parts.clone());
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        let ours = |p: &PathBuf| *p == watched_file || watched_parts.iter().any(|part| p.starts_with(part));
        if !event.kind.is_access() && event.paths.iter().any(ours) {
            // Full means that a reading is due already.
            touched.try_send(()).ok();
        }
    });
    let mut watcher = match watcher {
        Ok(watcher) => watcher,
        Err(error) => {
            notes.try_send(format!("the deck is not watched for changes: {error}")).ok();
            return;
        }
    };
    for folder in std::iter::once(&folder).chain(&parts) {
        if folder.is_dir()
            && let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive)
        {
            notes.try_send(format!("the deck is not watched for changes: {error}")).ok();
        }
    }
    tokio::spawn(async move {
        while touches.recv().await.is_some() {
            tokio::time::sleep(SETTLE).await;
            while touches.try_recv().is_ok() {}
            // A folder of environments or runbooks may be new, or another one of that name.
            for part in &parts {
                watcher.unwatch(part).ok();
                if part.is_dir() {
                    watcher.watch(part, RecursiveMode::NonRecursive).ok();
                }
            }
            send(path.clone(), &reloads).await;
        }
    });
}

/// Reads the deck and sends what came of it.
pub async fn send(path: PathBuf, reloads: &mpsc::Sender<Loaded>) {
    if let Ok(loaded) = tokio::task::spawn_blocking(move || config::load(&path)).await {
        // An error means that the console is leaving.
        reloads.send(loaded).await.ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_runbook_that_changes_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let runbook = |title: &str| format!("# {title}\n\n```sh {{looks}}\ntrue\n```\n");
        let main = folder.path().join("quarterdeck.toml");
        std::fs::write(&main, "environments.qa.tier = \"staging\"\n").unwrap();
        std::fs::create_dir(folder.path().join("runbooks")).unwrap();
        std::fs::write(folder.path().join("runbooks/greet.md"), runbook("Before")).unwrap();
        let (reloads, mut loaded) = mpsc::channel(4);
        let (notes, mut told) = mpsc::channel(4);
        watch(main, reloads, &notes);
        std::fs::write(folder.path().join("runbooks/greet.md"), runbook("After")).unwrap();
        let read = tokio::time::timeout(Duration::from_secs(20), loaded.recv()).await;
        let deck = read.unwrap_or_else(|_| panic!("{:?}", told.try_recv())).unwrap().deck.unwrap();
        let greet = deck.runbooks.iter().find(|r| &*r.name == "greet").unwrap();
        assert_eq!(greet.title.as_str(), "After");
    }
}
