//! Collects the faults of one load. A fault is noted with its place and becomes line, column and excerpt when the list
//! is made, so that a secret found late is hidden in the lines of faults noted before.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::excerpt::{self, Excerpt};
use super::files::{Files, Place};
use super::veil;
use crate::model::{EnvironmentId, Fault, Severity};

/// What was noted at a place. The same at the same place for the same environment is one fault, however many services
/// came by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Noted {
    place: Place,
    severity: Severity,
    message: String,
    help: String,
    environment: Option<EnvironmentId>,
}

/// Collects faults; everything that reads settings shares one.
#[derive(Debug)]
pub struct Faults<'f> {
    files: &'f Files,
    noted: RefCell<Vec<Noted>>,
    seen: RefCell<HashSet<Noted>>,
    taken: RefCell<Vec<Fault>>,
    hidden: RefCell<Vec<Place>>,
    errors: Cell<usize>,
    of_environments: RefCell<HashMap<EnvironmentId, usize>>,
    environment: RefCell<Option<EnvironmentId>>,
}

impl<'f> Faults<'f> {
    /// None yet.
    pub fn new(files: &'f Files) -> Self {
        Self {
            files,
            noted: RefCell::default(),
            seen: RefCell::default(),
            taken: RefCell::default(),
            hidden: RefCell::default(),
            errors: Cell::new(0),
            of_environments: RefCell::default(),
            environment: RefCell::default(),
        }
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
        self.note(place, Severity::Error, message.into(), help.into());
    }

    /// Notes something that loads but is probably not meant.
    pub fn warn(&self, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.note(place, Severity::Warning, message.into(), help.into());
    }

    /// What stands at this place is not shown in any fault: it may be a secret.
    pub fn hide(&self, place: Place) {
        self.hidden.borrow_mut().push(place);
    }

    /// Takes in a fault made elsewhere.
    pub fn push(&self, fault: Fault) {
        self.count(fault.severity, fault.breaks.first(), true);
        self.taken.borrow_mut().push(fault.cleaned());
    }

    /// How many errors were noted so far, repeated ones too: two readings tell whether what lay between is sound.
    pub fn errors(&self) -> usize {
        self.errors.get()
    }

    /// How many different errors were noted for an environment.
    pub fn errors_of(&self, environment: &EnvironmentId) -> usize {
        self.of_environments.borrow().get(environment).copied().unwrap_or(0)
    }

    /// All of them, by file and line; a place told twice in the same words is told once.
    pub fn into_list(self) -> Vec<Fault> {
        let hidden = self.hidden.into_inner();
        let mut secrets: HashMap<(usize, usize), Vec<Range<usize>>> = HashMap::new();
        let mut list = self.taken.into_inner();
        list.reserve(self.noted.borrow().len());
        for noted in self.noted.into_inner() {
            let place = seen_place(self.files, noted.place);
            let line = self.files.line(place);
            let range = self.files.line_range(place.file, line);
            let text = self.files.text(place.file).get(range.clone()).unwrap_or_default();
            let within = |place: Place| {
                let clamp = |at: usize| at.clamp(range.start, range.end) - range.start;
                clamp(place.start)..clamp(place.end)
            };
            let secrets = secrets.entry((place.file, line)).or_insert_with(|| {
                let of_line = hidden.iter().filter(|h| h.file == place.file).map(|h| within(*h));
                veil::joined(veil::secrets(text).into_iter().chain(of_line).collect())
            });
            let bad = within(place);
            // The very start of a file stands for the whole: nothing in its first line is bad.
            let is_whole = (place.start, place.end) == (0, 0);
            let shown = if is_whole { Excerpt::default() } else { excerpt::show(text, bad.clone(), secrets) };
            let fault = Fault {
                file: self.files.path(place.file).to_owned(),
                line,
                column: text.get(..bad.start).unwrap_or_default().chars().count() + 1,
                width: shown.width,
                caret: shown.caret,
                severity: noted.severity,
                message: veil::veiled(&noted.message),
                source: shown.source,
                help: Some(veil::veiled(&noted.help)),
                breaks: noted.environment.into_iter().collect(),
            };
            list.push(fault.cleaned());
        }
        told_once(list)
    }

    fn note(&self, place: Place, severity: Severity, message: String, help: String) {
        let noted = Noted { place, severity, message, help, environment: self.environment() };
        let is_new = self.seen.borrow_mut().insert(noted.clone());
        self.count(severity, noted.environment.as_ref(), is_new);
        if is_new {
            self.noted.borrow_mut().push(noted);
        }
    }

    fn count(&self, severity: Severity, environment: Option<&EnvironmentId>, is_new: bool) {
        if severity == Severity::Warning {
            return;
        }
        self.errors.set(self.errors.get() + 1);
        if let Some(environment) = environment.filter(|_| is_new) {
            *self.of_environments.borrow_mut().entry(environment.clone()).or_default() += 1;
        }
    }
}

/// By file and line. A fault in a template stands in several environments; it is mended once, so it is told once.
fn told_once(faults: Vec<Fault>) -> Vec<Fault> {
    let mut told: Vec<Fault> = Vec::with_capacity(faults.len());
    let mut known = HashMap::new();
    for fault in faults {
        let key = (fault.file.clone(), fault.line, fault.column, fault.message.clone());
        let at = *known.entry(key).or_insert(told.len());
        match told.get_mut(at) {
            Some(same) => same.breaks.extend(fault.breaks),
            None => told.push(fault),
        }
    }
    told.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    told
}

/// Where a person looks for it: what is missing at the end of a file is missing after the last thing written.
fn seen_place(files: &Files, place: Place) -> Place {
    let text = files.text(place.file);
    let rest = text.get(place.start.min(text.len())..).unwrap_or_default();
    let written = text.trim_end().len();
    if rest.trim().is_empty() && written > 0 && written < place.start {
        return Place { start: written, end: written, ..place };
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_shared_by_environments_is_told_once_and_counted_for_each() {
        let mut files = Files::default();
        let file = files.add("a.toml", "x = 1\ny = 2\n");
        let faults = Faults::new(&files);
        let place = Place { file, start: 6, end: 7 };
        for environment in ["qa", "qa", "live"] {
            faults.within(Some(EnvironmentId::new(environment)));
            faults.error(place, "no `y`", "drop it");
        }
        faults.error(Place { file, start: 0, end: 1 }, "no `x`", "");
        assert_eq!((faults.errors(), faults.errors_of(&EnvironmentId::new("qa"))), (4, 1));
        let list = faults.into_list();
        assert_eq!(list.iter().map(|f| f.line).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(list[1].breaks, [EnvironmentId::new("qa"), EnvironmentId::new("live")]);
        assert_eq!(list[0].help, None);
    }

    #[test]
    fn a_secret_hidden_late_is_hidden_in_faults_noted_before() {
        let mut files = Files::default();
        let file = files.add("a.toml", "odd = \"hunter2\", x = 1\n");
        let faults = Faults::new(&files);
        faults.error(Place { file, start: 17, end: 18 }, "no `x`", "drop it");
        faults.hide(Place { file, start: 7, end: 14 });
        let list = faults.into_list();
        assert_eq!((list[0].source.as_str(), list[0].column, list[0].caret), ("odd = \"•••\", x = 1", 18, 13));
    }

    #[test]
    fn the_end_of_a_file_is_the_end_of_what_is_written() {
        let mut files = Files::default();
        let file = files.add("a.toml", "x = [1\n\n");
        let faults = Faults::new(&files);
        faults.error(Place { file, start: 8, end: 8 }, "not closed", "add ]");
        assert!(faults.into_list()[0].to_string().starts_with("a.toml:1:7: error: not closed\n  1 │ x = [1\n"));
    }
}
