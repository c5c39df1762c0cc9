//! What `qd logs` prints: a line with time, source and level before it, or a JSON object; words about the sources on
//! standard error. Everything from outside is cleaned here.

use std::io::{self, BufWriter, ErrorKind, IsTerminal, Stdout, Write};
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::document::Document;
use super::lane::Line;
use crate::log::Level;
use crate::model::{LogSpec, LogState, Text};

/// Where it is printed.
pub struct Paper {
    out: BufWriter<Stdout>,
    specs: Vec<Arc<LogSpec>>,
    names: Vec<String>,
    json: bool,
    colour: bool,
    zone: TimeZone,
}

impl Paper {
    /// For these sources.
    pub fn new(specs: &[Arc<LogSpec>], json: bool, no_color: bool, zone: TimeZone) -> Self {
        let longest = specs.iter().map(|s| s.id.to_string().chars().count()).max().unwrap_or(0);
        let is_wanted = !no_color && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        Self {
            out: BufWriter::with_capacity(64 * 1024, io::stdout()),
            specs: specs.to_vec(),
            names: specs.iter().map(|s| format!("{:<longest$}", s.id.to_string())).collect(),
            json,
            colour: is_wanted && io::stdout().is_terminal(),
            zone,
        }
    }

    /// Prints a line; whether anybody still reads.
    pub fn line(&mut self, source: usize, line: &Line) -> io::Result<bool> {
        let (Some(spec), Some(name)) = (self.specs.get(source), self.names.get(source)) else { return Ok(true) };
        let text = Text::line(&String::from_utf8_lossy(&line.bytes));
        let written = if self.json {
            let document = Document::line(spec, line, &text);
            serde_json::to_writer(&mut self.out, &document).map_err(io::Error::from).and_then(|()| writeln!(self.out))
        } else {
            let time = line.at.to_zoned(self.zone.clone());
            let time = time.strftime("%Y-%m-%d %H:%M:%S%.3f");
            let word = line.level.map_or("-", Level::word);
            let (on, off) = if self.colour { (colour_of(line.level), "\x1b[0m") } else { ("", "") };
            writeln!(self.out, "{time} {name} {on}{word:<5}{off} {text}")
        };
        still_read(written)
    }

    /// Tells of lines that may be missing.
    pub fn gap(&mut self, source: usize, why: &Text) -> io::Result<bool> {
        if !self.flush()? {
            return Ok(false);
        }
        let Some(spec) = self.specs.get(source) else { return Ok(true) };
        tell!("qd: {}: gap: {why}", spec.id);
        if !self.json {
            return Ok(true);
        }
        let document = Document::gap(spec, why);
        still_read(
            serde_json::to_writer(&mut self.out, &document).map_err(io::Error::from).and_then(|()| writeln!(self.out)),
        )
    }

    /// Tells how a source stands.
    pub fn state(&mut self, source: usize, state: &LogState) -> io::Result<bool> {
        if !self.flush()? {
            return Ok(false);
        }
        let Some(spec) = self.specs.get(source) else { return Ok(true) };
        let why = state.why().map(|why| format!(": {why}")).unwrap_or_default();
        tell!("qd: {}: {}{why}", spec.id, state.word());
        Ok(true)
    }

    /// Hands over what is printed so far; whether anybody still reads.
    pub fn flush(&mut self) -> io::Result<bool> {
        still_read(self.out.flush())
    }
}

/// A reader that has left is no error.
fn still_read(written: io::Result<()>) -> io::Result<bool> {
    match written {
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(false),
        other => other.map(|()| true),
    }
}

/// The sixteen colours of the terminal.
fn colour_of(level: Option<Level>) -> &'static str {
    match level {
        Some(Level::Fatal) => "\x1b[1;31m",
        Some(Level::Error) => "\x1b[31m",
        Some(Level::Warn) => "\x1b[33m",
        Some(Level::Info) => "\x1b[32m",
        Some(Level::Trace | Level::Debug) | None => "\x1b[2m",
    }
}
