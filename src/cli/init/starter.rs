//! The deck for somebody who named nothing: it watches this machine, so that there is something to see, and shows every
//! kind of probe as a comment to uncomment. The examples are those of the kinds themselves.

use std::fmt::Write as _;

use super::deck::{Setting, opening};
use super::finding::sentence;
use crate::source::health::KINDS;

/// Probes of this machine that work wherever `qd` does: programs of POSIX, no shell.
const MACHINE: &str = r#"
# This machine, so that there is something to see.
# Passes while the file system of / is less than 95 % full.
services.machine.probes.disk = { command = ["df", "-P", "/"], output = ' ([0-9]|[1-8][0-9]|9[0-4])% ' }
# Passes while temporary files can be written.
services.machine.probes.tmp  = { command = ["test", "-w", "/tmp"] }
"#;

const COMMON: &str = r#"
# Every probe also takes: every = "10s", timeout = "5s", rise = 2 and fall = 2 (so many in a row change the state),
# optional = true (shown, but does not alarm). A password is a reference: "env:NAME", "file:PATH", "command:PROGRAM …".
"#;

/// The deck.
pub(super) fn text(setting: &Setting<'_>) -> String {
    let mut text = opening(setting);
    text.push_str(MACHINE);
    text.push_str("\n# Your own: take the `# ` away from a line and change it.\n");
    let widest = KINDS.iter().map(|k| k.name.len()).max().unwrap_or(0);
    for kind in KINDS {
        writeln!(text, "#\n# {}:", sentence(kind.doc)).ok();
        writeln!(text, "# services.example.probes.{:<widest$} = {}", kind.name, kind.example).ok();
    }
    text.push_str(COMMON);
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config;
    use crate::model::Tier;

    const SETTING: Setting<'_> = Setting { environment: "local", tier: Tier::Development, day: "2026-11-20" };

    #[test]
    fn the_starter_has_no_fault() {
        let loaded = config::parse(Path::new("quarterdeck.toml"), &text(&SETTING));
        assert!(loaded.faults.is_empty(), "{:?}", loaded.faults);
        assert_eq!(loaded.deck.unwrap().probes().count(), 2);
    }

    #[test]
    fn every_example_works_once_it_is_uncommented() {
        let text = text(&SETTING).replace("# services.", "services.");
        let loaded = config::parse(Path::new("quarterdeck.toml"), &text);
        assert!(loaded.faults.is_empty(), "{:?}", loaded.faults);
        assert_eq!(loaded.deck.unwrap().probes().count(), 2 + KINDS.len());
    }
}
