//! `journal`: the entries of a unit as `journalctl -o json` prints them. Its cursor says where to go on after a lost link.
//! Source: systemd's "Journal JSON Format": a value is a text, null, a list of bytes, or a list of such values.

mod entry;

use jiff::Timestamp;

use super::sheet::Sheet;
use super::{After, Reader, Wanted};
use crate::log::Splitter;
use crate::model::{LogLine, LogState, Text};
use crate::transport::{Argv, Exit};

use entry::Entry;

/// An entry that is longer as JSON is left out; a byte may take four characters there.
const MOST_ENTRY: usize = 4 << 20;
/// Errors that are kept.
const MOST_ERRORS: usize = 4 * 1024;

/// The first line is empty and only says that it runs. Some journalctl say nothing to a user who may read no journal of the system, and find no entry.
const ASK: &str = r#"may= not=
for f in /var/log/journal/*/system.journal /run/log/journal/*/system.journal; do
[ -e "$f" ] || continue
if [ -r "$f" ]; then may=yes; else not=yes; fi
done
[ -n "$may" ] || [ -z "$not" ] || echo "insufficient permissions" >&2
echo
exec journalctl "$@""#;

/// Reads the journal of a unit.
pub(super) struct JournalReader {
    unit: String,
    place: String,
    wanted: Wanted,
    cursor: Option<String>,
    last: Option<Timestamp>,
    pending: Vec<u8>,
    /// The entry is too long; its rest is left out.
    skips: bool,
    errors: Vec<u8>,
    denied: bool,
}

impl JournalReader {
    pub fn new(unit: &str, place: &str, wanted: Wanted) -> Self {
        Self {
            unit: unit.to_owned(),
            place: place.to_owned(),
            wanted,
            cursor: None,
            last: None,
            pending: Vec::new(),
            skips: false,
            errors: Vec::new(),
            denied: false,
        }
    }

    fn entry(&mut self, line: &[u8], sheet: &mut Sheet) {
        let Ok(entry) = serde_json::from_slice::<Entry>(line) else {
            if !line.is_empty() {
                sheet.gap(format!("an entry of the journal of {} cannot be read", self.unit));
            }
            return;
        };
        sheet.state(LogState::Live);
        let received = sheet.now();
        self.last = entry.time.or(self.last);
        // A message of several lines is several lines of one moment.
        let mut splitter = Splitter::new();
        let mut add = |bytes: &[u8]| {
            let bytes = bytes.to_vec();
            sheet.add(LogLine { bytes, received, time: entry.time, priority: entry.priority });
        };
        match &entry.message {
            Some(message) => {
                splitter.push(message, &mut add);
                splitter.end(&mut add);
            }
            None => add("[an entry without a message]".as_bytes()),
        }
        self.cursor = entry.cursor.or(self.cursor.take());
    }

    fn judge(&mut self) -> Option<LogState> {
        let said = String::from_utf8_lossy(&self.errors);
        let hint = "add the user to the group systemd-journal there";
        let why = if said.contains("insufficient permissions") {
            format!("{} does not let this user read its journal; {hint}", self.place)
        } else if said.contains("not seeing messages from other users") {
            format!("{} shows this user no journal of the system; {hint}", self.place)
        } else if said.contains("No journal files were found") {
            return Some(LogState::Absent(format!("{} keeps no journal", self.place).into()));
        } else {
            return None;
        };
        self.denied = true;
        Some(LogState::Denied(Text::line_at_most(&why, 300)))
    }
}

impl Reader for JournalReader {
    fn argv(&mut self, sheet: &mut Sheet) -> Argv {
        let said = String::from_utf8_lossy(&self.errors).into_owned();
        // A cursor of a journal that was thrown away.
        if self.cursor.is_some() && said.contains("cursor") {
            self.cursor = None;
            sheet.gap(format!("the journal of {} does not know the entry that was read last", self.place));
        }
        self.pending.clear();
        self.errors.clear();
        (self.skips, self.denied) = (false, false);
        let mut words: Vec<String> =
            ["--output=json", "--output-fields=MESSAGE,PRIORITY", "--all", "--no-pager"].map(str::to_owned).into();
        words.push(format!("--unit={}", self.unit));
        if self.wanted.follow {
            words.push("--follow".into());
        }
        let since = |at: Timestamp| format!("--since=@{}", at.as_second());
        let lines = match (&self.cursor, self.last) {
            (Some(cursor), _) => {
                words.push(format!("--after-cursor={cursor}"));
                None
            }
            (None, Some(last)) => {
                words.push(format!("--since=@{}", last.as_second() + 1));
                None
            }
            (None, None) => {
                words.extend(self.wanted.since.map(since));
                self.wanted.lines
            }
        };
        words.push(lines.map_or_else(|| "--lines=all".into(), |n| format!("--lines={n}")));
        let own = ["-c", ASK, "journalctl"].map(str::to_owned);
        let mut argv = Argv::new("sh", own.into_iter().chain(words));
        argv.env.push(("LC_ALL".into(), "C".into()));
        argv
    }

    fn take(&mut self, mut bytes: &[u8], sheet: &mut Sheet) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(end);
            bytes = rest.get(1..).unwrap_or_default();
            if std::mem::take(&mut self.skips) {
                continue;
            }
            if self.pending.is_empty() {
                self.entry(line, sheet);
            } else {
                self.pending.extend_from_slice(line);
                let whole = std::mem::take(&mut self.pending);
                self.entry(&whole, sheet);
            }
        }
        if self.skips {
            return;
        }
        self.pending.extend_from_slice(bytes);
        if self.pending.len() > MOST_ENTRY {
            self.pending = Vec::new();
            self.skips = true;
            sheet.gap(format!("an entry of the journal of {} is longer than 4 MiB and is left out", self.unit));
        }
    }

    fn hear(&mut self, bytes: &[u8], sheet: &mut Sheet) {
        let room = MOST_ERRORS.saturating_sub(self.errors.len());
        self.errors.extend(bytes.iter().take(room));
        if let Some(state) = self.judge() {
            sheet.state(state);
        }
    }

    fn ended(&mut self, exit: Exit, sheet: &mut Sheet) -> After {
        if let Some(state) = self.judge() {
            return After::Again(state);
        }
        if exit == Exit::Code(0) && !self.wanted.follow {
            return After::Over;
        }
        let said = String::from_utf8_lossy(&self.errors);
        let why = match said.lines().rev().find(|l| !l.trim().is_empty()) {
            Some(said) => format!("journalctl on {} ended: {said}", self.place),
            None => format!("journalctl on {} ended", self.place),
        };
        if self.cursor.is_none() && sheet.is_connecting() && exit == Exit::Code(127) {
            return After::Again(LogState::Absent(format!("{} has no journalctl", self.place).into()));
        }
        After::Again(LogState::Lost(Text::line_at_most(&why, 300)))
    }

    fn is_caught_up_by_silence(&self) -> bool {
        !self.denied
    }

    fn speaks_at_once(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests;
