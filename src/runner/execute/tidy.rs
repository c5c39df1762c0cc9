//! Old folders of runs on targets go a week after they were last written: a look a day and host, when a run is over. What
//! releases go back to is not among them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Duration, timeout};

use super::hand::Hand;
use crate::model::plan::HostName;
use crate::runner::target::Target;

/// What a run left on a host stays so long.
const STAYS: Duration = Duration::from_hours(7 * 24);
/// Between two looks at a host.
const EVERY: SignedDuration = SignedDuration::from_hours(24);
/// The end of a run waits no longer for it.
const LIMIT: Duration = Duration::from_secs(5);

impl Hand {
    /// Tidies the hosts that were not looked at for a day. A host that does not answer is looked at another time.
    pub(super) async fn tidy(&self) {
        let now = (self.surroundings.clock)();
        let hosts = self.plan.hosts.iter().filter_map(|h| self.places.target(&h.name));
        let targets: BTreeMap<HostName, Target> =
            self.keeper().into_iter().chain(hosts).map(|t| (t.name.clone(), t)).collect();
        let (folder, names) = (self.state.join("tidied"), targets.keys().cloned().collect());
        let due = tokio::task::spawn_blocking(move || due(&folder, names, now)).await.unwrap_or_default();
        let work = due.into_iter().filter_map(|(name, path)| Some((targets.get(&name)?, path))).map(
            |(target, path)| async move {
                if matches!(timeout(LIMIT, target.tidy(&self.permit, STAYS)).await, Ok(Ok(()))) {
                    tokio::task::spawn_blocking(move || looked_at(&path, now)).await.ok();
                }
            },
        );
        join_all(work).await;
    }
}

/// The hosts that were not looked at for a day, each with the file that says when it was.
fn due(folder: &Path, hosts: Vec<HostName>, now: Timestamp) -> Vec<(HostName, PathBuf)> {
    let path = |host: &HostName| {
        let name: String = host.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
        folder.join(name)
    };
    let is_due = |path: &Path| {
        let last = std::fs::read_to_string(path).ok().and_then(|text| text.trim().parse::<Timestamp>().ok());
        last.is_none_or(|last| now.duration_since(last) >= EVERY)
    };
    hosts
        .into_iter()
        .map(|host| (path(&host), host))
        .filter(|(path, _)| is_due(path))
        .map(|(path, host)| (host, path))
        .collect()
}

/// At the worst it is looked at again.
fn looked_at(path: &Path, now: Timestamp) {
    path.parent().map(std::fs::create_dir_all);
    std::fs::write(path, format!("{now}\n")).ok();
}
