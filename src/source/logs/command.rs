//! `command`: the lines that a program prints, on both of its streams. A program cannot be asked where it was left, so
//! every start after the first leaves a gap mark.

use super::sheet::Sheet;
use super::{After, Reader, Wanted};
use crate::log::Splitter;
use crate::model::{LogState, Text};
use crate::transport::{Argv, Exit};

/// Reads a command.
pub(super) struct CommandReader {
    words: Vec<String>,
    wanted: Wanted,
    out: Splitter,
    err: Splitter,
    /// The last line of its errors.
    said: Option<Text>,
    starts: u64,
    /// On a host it may wait for a session; an empty line before all others says that it runs.
    away: bool,
    spoke: bool,
}

impl CommandReader {
    pub fn new(words: &[String], away: bool, wanted: Wanted) -> Self {
        let (out, err) = (Splitter::new(), Splitter::new());
        Self { words: words.to_vec(), wanted, out, err, said: None, starts: 0, away, spoke: false }
    }

    fn end_lines(&mut self, sheet: &mut Sheet) {
        let now = sheet.now();
        self.out.end(&mut |line| sheet.line(line, now));
        self.err.end(&mut |line| sheet.line(line, now));
    }
}

impl Reader for CommandReader {
    fn argv(&mut self, sheet: &mut Sheet) -> Argv {
        if self.starts > 0 {
            self.end_lines(sheet);
            sheet.gap("the command was started anew; lines may be missing or come again");
        }
        self.starts += 1;
        self.said = None;
        self.spoke = false;
        let mut words = self.words.iter();
        if self.away {
            let own = ["-c", "echo; exec \"$@\"", "sh"].map(str::to_owned);
            return Argv::new("sh", own.into_iter().chain(words.cloned()));
        }
        Argv::new(words.next().cloned().unwrap_or_default(), words)
    }

    fn take(&mut self, bytes: &[u8], sheet: &mut Sheet) {
        sheet.state(LogState::Live);
        let now = sheet.now();
        let first = self.away && !std::mem::replace(&mut self.spoke, true);
        let bytes = bytes.strip_prefix(b"\n").filter(|_| first).unwrap_or(bytes);
        self.out.push(bytes, &mut |line| sheet.line(line, now));
    }

    fn hear(&mut self, bytes: &[u8], sheet: &mut Sheet) {
        let now = sheet.now();
        let said = &mut self.said;
        self.err.push(bytes, &mut |line| {
            *said = Some(Text::line_at_most(&String::from_utf8_lossy(line), 200));
            sheet.line(line, now);
        });
    }

    fn ended(&mut self, exit: Exit, sheet: &mut Sheet) -> After {
        self.end_lines(sheet);
        if !self.wanted.follow && exit == Exit::Code(0) {
            return After::Over;
        }
        let how = match exit {
            Exit::Code(code) => format!("ended with {code}"),
            Exit::Signal(signal) => format!("was ended by signal {signal}"),
            Exit::Missing => "ended, nobody knows how".to_owned(),
        };
        let said = self.said.as_ref().map(|s| format!(": {s}")).unwrap_or_default();
        let program = self.words.first().map_or("", String::as_str);
        After::Again(LogState::Lost(Text::line_at_most(&format!("`{program}` {how}{said}"), 300)))
    }

    fn is_caught_up_by_silence(&self) -> bool {
        true
    }

    fn speaks_at_once(&self) -> bool {
        self.away
    }
}
