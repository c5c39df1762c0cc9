//! Lint: what can run and is probably not meant. Every finding is a warning; nothing here keeps a runbook from running.

/// Patterns that are made when they are first used.
macro_rules! patterns {
    ($($name:ident = $text:expr;)*) => {
        $(static $name: LazyLock<Option<Regex>> = LazyLock::new(|| pattern($text));)*
    };
}

mod shell;
mod used;

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use super::front::Front;
use super::step::{Draft, Shell};
use crate::model::RunbookKind;
use crate::model::runbook::{Action, Origin, Require};
use crate::settings::{Faults, Place};

/// A pattern of this program; an empty one, which a test would show, where it cannot be read.
fn pattern(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

patterns! {
    DESTROYS = r"(?i)\bdropdb\b|\bdrop\s+(?:database|table|schema)\b|\btruncate\s+table\b|\bmkfs\b|\s--delete(?:-\w+)?\b";
    BACKUP = r"(?i)\b(?:pg_dump|pg_dumpall|pg_basebackup|mysqldump|mongodump|backup|snapshot)\b";
}

/// Tells what is probably not meant.
pub fn lint(front: &Front, drafts: &[Draft], origin: &Origin, faults: &Faults<'_>) {
    proof(front, drafts, faults);
    restore(front, drafts, faults);
    shell::stops(drafts, faults);
    for (at, draft) in drafts.iter().enumerate() {
        let earlier = drafts.get(..at).unwrap_or_default();
        destroys(draft, earlier, faults);
        artefact(draft, origin, faults);
        if matches!(draft.step.action, Action::Wait(_)) && !draft.bounded {
            let help = "write how long it may wait: ```wait {timeout=2m}";
            faults.warn(draft.place, "this waits without saying for how long; it gives up after a minute", help);
        }
        shell::sudo(draft, faults);
        for shell in draft.shells.iter().filter(|s| s.what == "verify") {
            shell::only_looks(shell, faults);
        }
    }
    for shell in &front.shells {
        shell::only_looks(shell, faults);
    }
    used::inputs(front, drafts, faults);
    used::variables(front, drafts, faults);
    used::names(front, drafts, faults);
}

/// Where a word stands; the whole place when it is not found there as it is.
fn spot(place: Place, word: &str, faults: &Faults<'_>) -> Place {
    let found = faults.files().written(place).find(word).filter(|_| !word.is_empty());
    found.map_or(place, |at| Place { start: place.start + at, end: place.start + at + word.len(), ..place })
}

/// A deploy that is over before anything has shown that it works.
fn proof(front: &Front, drafts: &[Draft], faults: &Faults<'_>) {
    if front.kind != RunbookKind::Deploy {
        return;
    }
    let Some(last) = drafts.iter().rposition(|d| !d.step.only_looks()) else { return };
    let proves = |draft: &Draft| {
        let looks =
            matches!(draft.step.action, Action::Shell { .. } | Action::Sql(_) | Action::Http(_) | Action::Wait(_));
        looks && draft.step.only_looks()
    };
    let is_proven = drafts.get(last).is_some_and(|d| d.step.verify.is_some());
    if let Some(draft) = drafts.get(last).filter(|_| !is_proven && !drafts.iter().skip(last + 1).any(proves)) {
        let help = "end with ```wait {timeout=2m} and health = healthy for 10s, or give this step a `verify`";
        faults.warn(draft.place, "nothing proves the deploy after this last change", help);
    }
}

fn confirms(draft: &Draft) -> bool {
    matches!(draft.step.action, Action::Approve { .. } | Action::Manual { .. })
}

/// A restore that nobody confirms, or before which nothing is kept.
fn restore(front: &Front, drafts: &[Draft], faults: &Faults<'_>) {
    let changes = drafts.iter().any(|d| !d.step.only_looks());
    if front.kind != RunbookKind::Restore || !changes {
        return;
    }
    if !drafts.iter().any(|d| confirms(d) || d.step.danger) {
        let help = "mark the step that overwrites: ```sh {danger}, or ask before it with an ```approve {} block";
        faults.warn(front.kind_place, "a restore that nobody confirms", help);
    }
    let keeps = |shell: &Shell| shell.what == "script" && found(&BACKUP, &shell::plain(&shell.text)).is_some();
    let is_kept = drafts.iter().flat_map(|d| &d.shells).any(keeps)
        || front.require.iter().any(|r| matches!(r, Require::Backup { .. }));
    if !is_kept {
        let help =
            "add require = [{ backup = \"backup-postgres\", within = \"24h\" }], or a step that keeps what is there";
        faults.warn(front.kind_place, "a restore without a backup before it", help);
    }
}

/// What a pattern finds.
fn found<'t>(pattern: &LazyLock<Option<Regex>>, text: &'t str) -> Option<&'t str> {
    pattern.as_ref().and_then(|p| p.find(text)).map(|m| m.as_str().trim())
}

/// A destructive step that nobody was asked about.
fn destroys(draft: &Draft, earlier: &[Draft], faults: &Faults<'_>) {
    let step = &draft.step;
    if step.danger || step.irreversible.is_some() || earlier.iter().any(confirms) {
        return;
    }
    let help = "ask again before it: `danger`; or say what is lost: irreversible = \"…\" in a ```toml {step} block";
    if let Some((_, place)) = draft.marks.iter().find(|(mark, _)| *mark == "delete") {
        faults.warn(*place, "files are removed on the host without asking", help);
    }
    for shell in draft.shells.iter().filter(|s| s.what == "script") {
        let plain = shell::plain(&shell.text);
        if let Some(word) = shell::removes(&plain).or_else(|| found(&DESTROYS, &plain)) {
            faults.warn(spot(shell.place, word, faults), format!("`{word}` destroys without asking"), help);
        }
    }
    if let Action::Sql(call) = &step.action
        && let Some(word) = found(&DESTROYS, &call.statement)
    {
        faults.warn(draft.place, format!("`{word}` destroys without asking"), help);
    }
}

/// An artefact that is not there.
fn artefact(draft: &Draft, origin: &Origin, faults: &Faults<'_>) {
    let (Action::Copy { from, .. }, Origin::Deck(file)) = (&draft.step.action, origin) else { return };
    let folder = file.parent().and_then(Path::parent);
    // A text that lies nowhere has no neighbours.
    let Some(folder) = folder.filter(|_| file.is_file() && !from.contains(['{', '}'])) else { return };
    if !folder.join(from).exists() {
        let place = draft.marks.iter().find(|(mark, _)| *mark == "from").map_or(draft.place, |(_, place)| *place);
        let help = "check the path; a relative one starts at the deck";
        faults.warn(place, format!("there is no file or folder {from}"), help);
    }
}
