//! The runbooks of the binary. A deck replaces one by a file of the same name.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use crate::model::Runbook;
use crate::model::runbook::Origin;

/// Names and texts, in the order in which they are listed.
pub const ALL: [(&str, &str); 8] = [
    ("deploy-release", include_str!("../../runbooks/deploy-release.md")),
    ("rollback-release", include_str!("../../runbooks/rollback-release.md")),
    ("restart-unit", include_str!("../../runbooks/restart-unit.md")),
    ("backup-postgres", include_str!("../../runbooks/backup-postgres.md")),
    ("restore-postgres", include_str!("../../runbooks/restore-postgres.md")),
    ("maintenance-on", include_str!("../../runbooks/maintenance-on.md")),
    ("maintenance-off", include_str!("../../runbooks/maintenance-off.md")),
    ("collect-diagnostics", include_str!("../../runbooks/collect-diagnostics.md")),
];

/// The text of one of them.
pub fn text(name: &str) -> Option<&'static str> {
    ALL.iter().find(|(n, _)| *n == name).map(|(_, text)| *text)
}

/// Where one would lie; faults in it name this.
pub fn path(name: &str) -> PathBuf {
    PathBuf::from(format!("runbooks/{name}.md"))
}

/// All of them, read once.
pub fn runbooks() -> &'static [Arc<Runbook>] {
    static READ: LazyLock<Vec<Arc<Runbook>>> =
        LazyLock::new(|| ALL.iter().filter_map(|(name, _)| read(name)).collect());
    &READ
}

fn read(name: &str) -> Option<Arc<Runbook>> {
    let include = |name: &str| text(name).map(str::to_owned);
    let runbook = super::read(&path(name), text(name)?, &include).runbook?;
    Some(Arc::new(Runbook { origin: Origin::Stock, ..runbook }))
}

#[cfg(test)]
mod tests;
