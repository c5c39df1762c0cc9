//! Lint over shell texts. They are looked at as text: good enough to warn, never to judge.

use std::sync::LazyLock;

use regex::Regex;

use super::{pattern, spot};
use crate::runbook::step::{Draft, Shell};
use crate::settings::Faults;

patterns! {
    COMMENT = r"(?m)(^|\s)#.*$";
    QUOTED = r"'[^']*'";
    SUDO = r"\bsudo\b";
    QUIET = r"[0-9&]?>{1,2}\s*/dev/null|[0-9]?>&[0-9-]";
    REMOVES = r#"\brm\s+(?:--?[\w-]+\s+)*(?:-[a-zA-Z]*[rR][a-zA-Z]*|--recursive)(?:\s+-\S+)*\s+"?(\$\{?(\w+))?"#;
    STOPS = r#"\bsystemctl\s+(?:-\S+\s+)*stop\s+(?:-\S+\s+)*([^\s;&|]+)|\bservice\s+([^\s;&|]+)\s+stop\b"#;
    STARTS = r#"\bsystemctl\s+(?:-\S+\s+)*(?:start|restart|reload-or-restart|try-restart)\s+(?:-\S+\s+)*([^\n;&|]+)|\bservice\s+([^\s;&|]+)\s+(?:start|restart)\b"#;
}

/// The text without comments.
pub fn plain(text: &str) -> String {
    replaced(&COMMENT, text, "$1")
}

fn replaced(pattern: &LazyLock<Option<Regex>>, text: &str, by: &str) -> String {
    pattern.as_ref().map_or_else(|| text.to_owned(), |p| p.replace_all(text, by).into_owned())
}

/// A word that removes a whole folder, unless the text has made that folder itself.
pub fn removes(plain: &str) -> Option<&str> {
    let own = |name: &str| {
        let made = ["", "\""].iter().any(|quote| plain.contains(&format!("{name}={quote}$(mktemp")));
        made && !name.is_empty()
    };
    let mut found = REMOVES.as_ref()?.captures_iter(plain);
    let removes = found.find(|c| !c.get(2).is_some_and(|name| own(name.as_str())))?;
    let whole = removes.get(0)?.as_str();
    Some(whole.split(['"', '$']).next().unwrap_or(whole).trim())
}

/// `sudo` in the text of a step that does not say so.
pub fn sudo(draft: &Draft, faults: &Faults<'_>) {
    if draft.step.sudo {
        return;
    }
    for shell in draft.shells.iter().filter(|s| s.what != "verify") {
        if SUDO.as_ref().is_some_and(|p| p.is_match(&plain(&shell.text))) {
            let help = "write ```sh {sudo}: it is checked before the run, and asked for once";
            faults.warn(spot(shell.place, "sudo", faults), "the step uses sudo and does not say so", help);
        }
    }
}

/// A text that should only look and does more.
pub fn only_looks(shell: &Shell, faults: &Faults<'_>) {
    let plain = plain(&shell.text);
    let what = shell.what;
    let help = "it runs in plans too: let it only look";
    if SUDO.as_ref().is_some_and(|p| p.is_match(&plain)) {
        faults.warn(spot(shell.place, "sudo", faults), format!("`{what}` uses sudo"), help);
    }
    let bare = replaced(&QUIET, &replaced(&QUOTED, &plain, "''"), "");
    if bare.contains('>') {
        faults.warn(spot(shell.place, ">", faults), format!("`{what}` writes into a file"), help);
    }
}

/// A unit that is stopped and never started again.
pub fn stops(drafts: &[Draft], faults: &Faults<'_>) {
    let scripts: Vec<(&Shell, String)> = drafts
        .iter()
        .flat_map(|d| &d.shells)
        .filter(|s| s.what == "script")
        .map(|shell| (shell, plain(&shell.text)))
        .collect();
    let (Some(stops), Some(starts)) = (STOPS.as_ref(), STARTS.as_ref()) else { return };
    for (at, (shell, text)) in scripts.iter().enumerate() {
        for stop in stops.captures_iter(text) {
            let (Some(whole), Some(unit)) = (stop.get(0), stop.get(1).or(stop.get(2))) else { continue };
            let names = |text: &str| {
                starts
                    .captures_iter(text)
                    .any(|s| s.get(1).or(s.get(2)).is_some_and(|u| u.as_str().contains(unit.as_str())))
            };
            let rest = text.get(whole.end()..).unwrap_or_default();
            if !names(rest) && !scripts.iter().skip(at + 1).any(|(_, later)| names(later)) {
                let message = format!("{} is stopped and never started again", unit.as_str());
                let help = format!("start it in a later step: systemctl start {}", unit.as_str());
                faults.warn(spot(shell.place, whole.as_str(), faults), message, help);
            }
        }
    }
}
