//! The log of a service: a file under its folder that is appended to and begun anew at a size, so that a demo of hours stays
//! small. A line that cannot be written is lost; the service goes on.

mod voice;

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use serde_json::Value;

use super::super::shop::{Role, Voice};
use super::trace::Trace;
use crate::app::Now;
use crate::log::Level;

/// A file that would be larger is put aside, in place of the one that was put aside before.
const MOST_BYTES: u64 = 1 << 20;

/// Why something failed: what kind of thing it was, and what is known.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The kind, which decides the exception and its stack.
    pub cause: Cause,
    /// In words.
    pub why: String,
}

/// Kinds of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A service that is needed did not answer as it should.
    Upstream,
    /// The release or the data does not fit.
    Broken,
    /// Nobody is free to answer.
    Starved,
    /// The end.
    Crash,
}

/// Something to write down.
#[derive(Clone, Debug)]
pub struct Remark {
    level: Level,
    logger: &'static str,
    /// With names in braces where values stand.
    text: String,
    values: Vec<(&'static str, Value)>,
    trace: Option<Trace>,
    failure: Option<Failure>,
}

impl Remark {
    /// Of a part of the program, with names in braces where values are to stand.
    pub fn new(level: Level, logger: &'static str, text: impl Into<String>) -> Self {
        Self { level, logger, text: text.into(), values: Vec::new(), trace: None, failure: None }
    }

    /// With a value.
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.values.push((name, value.into()));
        self
    }

    /// At another level.
    pub fn at(self, level: Level) -> Self {
        Self { level, ..self }
    }

    /// Only with the values that the text names.
    pub fn keep_named(mut self) -> Self {
        let text = &self.text;
        self.values.retain(|(name, _)| *name == "Order" || text.contains(&format!("{{{name}}}")));
        self
    }

    /// As part of a trace.
    pub fn on(mut self, trace: Trace) -> Self {
        self.trace = Some(trace);
        self
    }

    /// Because of a failure.
    pub fn because(mut self, cause: Cause, why: impl Into<String>) -> Self {
        self.failure = Some(Failure { cause, why: why.into() });
        self
    }

    /// The text with its values.
    fn said(&self) -> String {
        self.values.iter().fold(self.text.clone(), |text, (name, value)| {
            let plain = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            text.replace(&format!("{{{name}}}"), &plain)
        })
    }
}

/// Who writes.
#[derive(Clone, Debug)]
struct Author {
    name: &'static str,
    voice: Voice,
    process: u32,
}

/// The log.
pub struct Diary {
    now: Now,
    author: Author,
    app: Book,
    access: Book,
}

impl Diary {
    /// Begins or goes on under the folder of a service.
    pub fn open(role: &'static Role, place: &Path) -> Self {
        let folder = place.join("log");
        // Without it every line is lost, and nothing else.
        fs::create_dir_all(&folder).ok();
        Self {
            now: Now::default(),
            author: Author { name: role.name, voice: role.voice, process: std::process::id() },
            app: Book::new(folder.join("app.log")),
            access: Book::new(folder.join("access.log")),
        }
    }

    /// Writes something down.
    pub fn write(&self, remark: &Remark) {
        self.app.append(&voice::text(&self.author, remark, self.now.get()));
    }

    /// Writes down what a customer asked for, as a web server does.
    pub fn access(&self, customer: u64, path: &str, status: u16, took: f64, trace: Trace) {
        let at = self.now.get().to_zoned(TimeZone::UTC).strftime("%d/%b/%Y:%H:%M:%S %z");
        let (address, bytes) = (customer % 254 + 1, 300 + customer % 900);
        self.access.append(&format!(
            "198.51.100.{address} - - [{at}] \"POST {path} HTTP/1.1\" {status} {bytes} \"-\" \"Mozilla/5.0\" rt={took:.3} trace={}\n",
            trace.id()
        ));
    }

    /// A trace that begins here and now.
    pub fn trace(&self) -> Trace {
        let now = self.now.get().as_microsecond().cast_unsigned();
        Trace::new(now.wrapping_mul(1 << 20).wrapping_add(u64::from(self.author.process)))
    }
}

/// One file.
struct Book {
    path: PathBuf,
    open: RefCell<Option<(File, u64)>>,
}

impl Book {
    fn new(path: PathBuf) -> Self {
        Self { path, open: RefCell::new(None) }
    }

    fn append(&self, text: &str) {
        if self.try_append(text).is_err() {
            self.open.replace(None);
        }
    }

    /// One write for all of it, so that a reader sees no half of it.
    fn try_append(&self, text: &str) -> io::Result<()> {
        let mut open = self.open.borrow_mut();
        let length = text.len() as u64;
        if open.as_ref().is_some_and(|(_, size)| size + length > MOST_BYTES) {
            fs::rename(&self.path, self.path.with_extension("log.1"))?;
            *open = None;
        }
        if open.is_none() {
            let file = File::options().create(true).append(true).open(&self.path)?;
            let size = file.metadata()?.len();
            *open = Some((file, size));
        }
        if let Some((file, size)) = open.as_mut() {
            file.write_all(text.as_bytes())?;
            *size += length;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
