//! What a step prints, on its way to the screen and to this machine's disk: redacted, cut into lines, told in batches. The
//! file keeps all of it; a screen that does not keep up is told how much it missed.

use jiff::Timestamp;
use tokio::time::{Duration, Instant};

use super::news::Teller;
use crate::model::plan::HostName;
use crate::model::{RunId, Text};
use crate::runner::journal::{Files, JournalError, Printed};
use crate::runner::redact::Redactor;
use crate::source::Clock;
use crate::store::Event;

/// Between two batches.
pub(super) const EVERY: Duration = Duration::from_millis(30);
/// Lines of a batch.
const MOST_LINES: usize = 200;
/// Lines that are told of the end of a step where there is no room.
const LAST_LINES: usize = 20;
/// A line without end is cut here on the screen.
const LONGEST: usize = 4000;

/// The printer of one attempt of a step on a host.
pub(super) struct Printer {
    pub(super) run: RunId,
    pub(super) step: String,
    pub(super) host: HostName,
    pub(super) attempt: u32,
    pub(super) printed: Printed,
    pub(super) redactor: Redactor,
    pub(super) told: Teller,
    pub(super) clock: Clock,
    rest: Vec<u8>,
    lines: Vec<Text>,
    left_out: u64,
    flushed: Instant,
    bytes: u64,
    /// A part was read before, by a console that is gone or over a link that was lost.
    went_on: bool,
}

impl Printer {
    pub(super) fn new(
        (run, step, host, attempt): (RunId, String, HostName, u32),
        printed: Printed,
        redactor: Redactor,
        told: Teller,
        clock: Clock,
    ) -> Self {
        let (rest, lines, flushed) = (Vec::new(), Vec::new(), Instant::now());
        let bytes = printed.offset();
        Self {
            run,
            step,
            host,
            attempt,
            printed,
            redactor,
            told,
            clock,
            rest,
            lines,
            left_out: 0,
            flushed,
            bytes,
            went_on: bytes > 0,
        }
    }

    /// How far the log of the target is kept here.
    pub(super) fn offset(&self) -> u64 {
        self.printed.offset()
    }

    /// Whether a secret was printed, or may have been while nobody here read it.
    pub(super) fn has_secrets(&self) -> bool {
        self.redactor.has_found() || (self.went_on && !self.redactor.is_empty())
    }

    /// Bytes that were printed.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes bytes that end at this offset of the target's log. What the redactor holds back counts as not read yet.
    pub(super) fn push(&mut self, bytes: &[u8], ends: u64) -> Result<(), JournalError> {
        let clean = self.redactor.push(bytes);
        self.bytes = ends;
        let known = ends.saturating_sub(self.redactor.held() as u64);
        self.printed.add(self.attempt, &clean, known)?;
        self.cut(&clean);
        if self.flushed.elapsed() >= EVERY {
            self.flush();
        }
        Ok(())
    }

    /// Takes a line of a step that has no log elsewhere.
    pub(super) fn say(&mut self, line: &str) -> Result<(), JournalError> {
        let ends = self.bytes + line.len() as u64 + 1;
        self.push(format!("{line}\n").as_bytes(), ends)
    }

    /// Nothing more comes.
    pub(super) fn end(&mut self) -> Result<(), JournalError> {
        let clean = self.redactor.end();
        self.printed.add(self.attempt, &clean, self.bytes)?;
        self.cut(&clean);
        if !self.rest.is_empty() {
            self.cut(b"\n");
        }
        if !self.told.has_room() {
            // The last lines are what people look for; the rest is in the file.
            let most = self.lines.len().saturating_sub(LAST_LINES);
            self.left_out += self.lines.drain(..most).count() as u64;
        }
        self.tell();
        Ok(())
    }

    fn cut(&mut self, clean: &[u8]) {
        for piece in clean.split_inclusive(|b| *b == b'\n') {
            if self.rest.len() < LONGEST * 4 {
                self.rest.extend_from_slice(piece);
            }
            if piece.ends_with(b"\n") {
                let line = String::from_utf8_lossy(&self.rest);
                let line = Text::line_at_most(line.trim_end_matches(['\r', '\n']), LONGEST);
                self.rest.clear();
                if self.lines.len() < MOST_LINES {
                    self.lines.push(line);
                } else {
                    self.lines.remove(0);
                    self.lines.push(line);
                    self.left_out += 1;
                }
            }
        }
    }

    /// Tells the lines that came, if the screen has room for them.
    pub(super) fn flush(&mut self) {
        if self.told.has_room() {
            self.tell();
        }
    }

    fn tell(&mut self) {
        if self.lines.is_empty() {
            // What comes after a silence is told at once.
            return;
        }
        self.flushed = Instant::now();
        let at: Timestamp = (self.clock)();
        self.told.tell(Event::RunPrinted {
            run: self.run.clone(),
            step: self.step.clone(),
            host: self.host.clone(),
            at,
            lines: std::mem::take(&mut self.lines),
            left_out: std::mem::take(&mut self.left_out),
        });
    }

    /// What has to be put on the disk.
    pub(super) fn files(&self) -> Result<Files, JournalError> {
        self.printed.files()
    }
}

/// Nothing more comes: all of it is on the disk when this returns.
pub(super) async fn ended(printer: &mut Printer) -> Result<(), JournalError> {
    printer.end()?;
    on_disk(printer.files()?).await
}

/// Puts what was printed on the disk, beside the loop.
pub(super) async fn on_disk(files: Files) -> Result<(), JournalError> {
    // The runtime goes away before its answer only when everything does.
    tokio::task::spawn_blocking(move || files.flush()).await.unwrap_or(Ok(()))
}
