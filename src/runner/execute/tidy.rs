//! Old folders of runs on targets go a week after they were last written: a look a day and host, when a run is over. What
//! releases go back to is not among them.

use std::path::PathBuf;

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
        let targets =
            self.keeper().into_iter().chain(self.plan.hosts.iter().filter_map(|h| self.places.target(&h.name)));
        let mut due: Vec<Target> = Vec::new();
        for target in targets {
            if !due.iter().any(|t| t.name == target.name) && self.is_due(&target.name, now) {
                due.push(target);
            }
        }
        let work = due.iter().map(|target| async move {
            if matches!(timeout(LIMIT, target.tidy(&self.permit, STAYS)).await, Ok(Ok(()))) {
                self.looked_at(&target.name, now);
            }
        });
        join_all(work).await;
    }

    fn looks(&self, host: &HostName) -> PathBuf {
        let name: String = host.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
        self.state.join("tidied").join(name)
    }

    fn is_due(&self, host: &HostName, now: Timestamp) -> bool {
        let last =
            std::fs::read_to_string(self.looks(host)).ok().and_then(|text| text.trim().parse::<Timestamp>().ok());
        last.is_none_or(|last| now.duration_since(last) >= EVERY)
    }

    fn looked_at(&self, host: &HostName, now: Timestamp) {
        let path = self.looks(host);
        // At the worst it is looked at again.
        path.parent().map(std::fs::create_dir_all);
        std::fs::write(path, format!("{now}\n")).ok();
    }
}
