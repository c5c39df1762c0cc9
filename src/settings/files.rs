//! The files of one load and the faults found in them. A [`Place`] is a file and a range of bytes; it becomes line and
//! column only when a fault is told.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};

use crate::model::{EnvironmentId, Fault, Severity};

/// A range of bytes in one of the files of a load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Place {
    /// Which file, as numbered by [`Files::add`].
    pub file: usize,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// The texts of one load.
#[derive(Clone, Debug, Default)]
pub struct Files {
    files: Vec<(PathBuf, String)>,
}

/// A file larger than this is not meant: the largest deck we know has 60 KiB.
pub const MOST_BYTES: u64 = 1024 * 1024;

impl Files {
    /// Takes a text in, to be known by the number returned.
    pub fn add(&mut self, path: impl Into<PathBuf>, text: impl Into<String>) -> usize {
        self.files.push((path.into(), text.into()));
        self.files.len() - 1
    }

    /// Reads a file in; the error is a fault of the file as a whole.
    pub fn read(&mut self, path: &Path) -> Result<usize, Box<Fault>> {
        let fault = |message: String, help: &str| Box::new(whole_file(path, message, help));
        let size = std::fs::metadata(path)
            .map_err(|e| {
                fault(format!("cannot be read: {e}"), "check that the path is right and that you may read it")
            })?
            .len();
        if size > MOST_BYTES {
            let help = "a deck, theme or keymap may have at most 1 MiB; is this the right file?";
            return Err(fault(format!("is {:.1} MiB long", size as f64 / 1_048_576.0), help));
        }
        let bytes =
            std::fs::read(path).map_err(|e| fault(format!("cannot be read: {e}"), "check that you may read it"))?;
        match String::from_utf8(bytes) {
            Ok(text) => Ok(self.add(path, text)),
            Err(e) => {
                let at = e.utf8_error().valid_up_to();
                let line = e.as_bytes().iter().take(at).filter(|b| **b == b'\n').count() + 1;
                let mut fault = fault("is not UTF-8".into(), "save the file as UTF-8");
                fault.line = line;
                fault.column = 1;
                Err(fault)
            }
        }
    }

    /// The path a place is in.
    pub fn path(&self, file: usize) -> &Path {
        self.files.get(file).map_or(Path::new(""), |(path, _)| path)
    }

    /// The text of a file.
    pub fn text(&self, file: usize) -> &str {
        self.files.get(file).map_or("", |(_, text)| text)
    }

    fn fault(&self, place: Place, severity: Severity, message: String, help: Option<String>) -> Fault {
        let text = self.text(place.file);
        let before = text.get(..place.start.min(text.len())).unwrap_or_default();
        let from = before.rfind('\n').map_or(0, |i| i + 1);
        let source = text.get(from..).unwrap_or_default().lines().next().unwrap_or_default();
        let column = before.get(from..).unwrap_or_default().chars().count() + 1;
        let marked = text.get(place.start..place.end).unwrap_or_default().lines().next().unwrap_or_default();
        Fault {
            file: self.path(place.file).to_owned(),
            line: before.matches('\n').count() + 1,
            column,
            width: marked.chars().count().clamp(1, source.chars().count().saturating_sub(column - 1).max(1)),
            severity,
            message,
            source: source.replace('\t', " "),
            help,
            environment: None,
        }
    }
}

/// A fault of a file as a whole.
pub fn whole_file(path: &Path, message: String, help: &str) -> Fault {
    Fault {
        file: path.to_owned(),
        line: 0,
        column: 0,
        width: 0,
        severity: Severity::Error,
        message,
        source: String::new(),
        help: Some(help.to_owned()),
        environment: None,
    }
}

/// Collects faults; everything that reads settings shares one.
#[derive(Debug)]
pub struct Faults<'f> {
    files: &'f Files,
    found: RefCell<Vec<Fault>>,
    errors: Cell<usize>,
    environment: RefCell<Option<EnvironmentId>>,
}

impl<'f> Faults<'f> {
    /// None yet.
    pub fn new(files: &'f Files) -> Self {
        Self { files, found: RefCell::default(), errors: Cell::new(0), environment: RefCell::default() }
    }

    /// The files that places point into.
    pub fn files(&self) -> &'f Files {
        self.files
    }

    /// Faults noted from now on belong to this environment.
    pub fn within(&self, environment: Option<EnvironmentId>) {
        *self.environment.borrow_mut() = environment;
    }

    /// The environment that faults belong to at the moment.
    pub fn environment(&self) -> Option<EnvironmentId> {
        self.environment.borrow().clone()
    }

    /// Notes something that keeps the part from loading.
    pub fn error(&self, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.note(place, Severity::Error, message.into(), Some(help.into()));
    }

    /// Notes something that loads but is probably not meant.
    pub fn warn(&self, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.note(place, Severity::Warning, message.into(), Some(help.into()));
    }

    /// Takes in a fault made elsewhere.
    pub fn push(&self, fault: Fault) {
        if fault.severity == Severity::Error {
            self.errors.set(self.errors.get() + 1);
        }
        self.found.borrow_mut().push(fault);
    }

    /// How many errors were noted so far: two readings tell whether what lay between is sound.
    pub fn errors(&self) -> usize {
        self.errors.get()
    }

    /// How many errors were noted for an environment.
    pub fn errors_of(&self, environment: &EnvironmentId) -> usize {
        let found = self.found.borrow();
        let of = |f: &&Fault| f.severity == Severity::Error && f.environment.as_ref() == Some(environment);
        found.iter().filter(of).count()
    }

    /// All of them, by file and line; a place told twice in the same words is told once.
    pub fn into_list(self) -> Vec<Fault> {
        let mut list = self.found.into_inner();
        list.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        list.dedup_by(|b, a| {
            a.file == b.file && a.line == b.line && a.column == b.column && a.message == b.message && {
                // A fault in a template shared by several environments belongs to all of them.
                a.environment == b.environment
            }
        });
        list
    }

    fn note(&self, place: Place, severity: Severity, message: String, help: Option<String>) {
        let help = help.filter(|h| !h.is_empty());
        let mut fault = self.files.fault(place, severity, message, help);
        fault.environment.clone_from(&self.environment.borrow());
        self.push(fault);
    }
}
