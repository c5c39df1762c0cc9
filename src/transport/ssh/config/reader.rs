//! Goes through the files line by line: which lines count for the host (`Host`, `Match`, `Include`) and what they set.
//! Fills in no default and expands no value but what a condition needs.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::chosen::Chosen;
use super::destination::Destination;
use super::file::{self, FileError};
use super::keyword::{self, Keyword, Shape};
use super::line::{self, Line};
use super::note::{Notes, Place, shown};
use super::token::{Tokens, tilde};
use super::{Sources, criteria, pattern};

/// How deep files may include files, as in OpenSSH.
pub(super) const MOST_DEPTH: usize = 16;

/// How many files one pass may read: includes of includes grow fast.
const MOST_FILES: usize = 2_000;

/// What surrounds the lines of one file.
#[derive(Clone, Debug)]
struct Around {
    /// Whether it belongs to the user's configuration or to the machine's.
    is_user: bool,
    /// Whether it is included where nothing counts: read only for what it asks of the whole reading.
    is_dormant: bool,
    /// The files that include it, and itself.
    trail: Vec<PathBuf>,
}

/// One reading for one host.
#[derive(Debug)]
pub(super) struct Reader<'s> {
    pub(super) sources: &'s Sources,
    /// The host as it was written.
    pub(super) alias: String,
    /// The host as patterns see it: as written, in the final pass the name that was found.
    pub(super) host: String,
    pub(super) is_final: bool,
    pub(super) asks_final: bool,
    pub(super) chosen: Chosen,
    pub(super) notes: Notes,
    files_read: usize,
}

impl<'s> Reader<'s> {
    pub(super) fn new(destination: &Destination, sources: &'s Sources) -> Self {
        let mut chosen = Chosen::default();
        let place = Place::file(Path::new(""));
        if let Some(user) = &destination.user {
            chosen.set("User", user, place.clone());
        }
        if let Some(port) = destination.port {
            chosen.set("Port", port.to_string(), place);
        }
        Self {
            sources,
            alias: destination.host.clone(),
            host: destination.host.clone(),
            is_final: false,
            asks_final: false,
            chosen,
            notes: Notes::default(),
            files_read: 0,
        }
    }

    /// Reads the user's file, then the machine's.
    pub(super) fn pass(&mut self) {
        self.files_read = 0;
        let sources = self.sources;
        for (path, is_user) in [(&sources.user, true), (&sources.system, false)] {
            let Some(path) = path else { continue };
            let is_named = is_user && sources.is_named;
            match file::read(path, is_user && !is_named) {
                Ok(bytes) => {
                    let around = Around { is_user, is_dormant: false, trail: vec![real(path)] };
                    self.file(path, &bytes, &around, true);
                }
                Err(FileError::Missing) if !is_named => {}
                Err(error) => self.notes.fatal(&Place::file(path), "", error.to_string(), error.help()),
            }
        }
    }

    /// Whether the files must be read again: a `Match final` asks for it, and so does `CanonicalizeHostname`, which makes
    /// OpenSSH read them again whatever became of the name.
    pub(super) fn wants_final_pass(&self) -> bool {
        let canonicalizes = self.chosen.word("CanonicalizeHostname").map(str::to_ascii_lowercase);
        self.asks_final || canonicalizes.is_some_and(|word| !["no", "false", "none"].contains(&word.as_str()))
    }

    /// From now on patterns see the name that was found, which no line changes any more.
    pub(super) fn start_final_pass(&mut self, host: &str) {
        host.clone_into(&mut self.host);
        self.is_final = true;
        let place = self.chosen.get("HostName").map_or_else(|| Place::file(Path::new("")), |v| v.place.clone());
        self.chosen.set("HostName", host.replace('%', "%%"), place);
    }

    /// The host as far as it is known now.
    pub(super) fn known_host(&self) -> String {
        match self.chosen.word("HostName") {
            Some(_) if self.is_final => self.host.clone(),
            Some(name) => {
                let tokens = Tokens { host: self.alias.clone(), ..Tokens::default() };
                tokens.fill_some(name, "h").unwrap_or_else(|_| self.alias.clone())
            }
            None => self.host.clone(),
        }
    }

    /// The user as far as it is known now.
    pub(super) fn known_user(&self) -> String {
        self.chosen.word("User").unwrap_or(&self.sources.local_user).to_owned()
    }

    /// What the tokens stand for as far as it is known now.
    pub(super) fn tokens(&self) -> Tokens {
        let host = self.known_host();
        let jump = self.chosen.word("ProxyJump").filter(|jump| !jump.eq_ignore_ascii_case("none"));
        let last = jump.and_then(|jump| jump.rsplit(',').next()).and_then(|hop| hop.trim().parse::<Destination>().ok());
        Tokens {
            home: self.sources.home.to_string_lossy().into_owned(),
            uid: rustix::process::getuid().as_raw().to_string(),
            jump: last.map(|hop| hop.host).unwrap_or_default(),
            key_alias: self.chosen.word("HostKeyAlias").unwrap_or(&host).to_owned(),
            local_host: self.sources.local_host.clone(),
            alias: self.alias.clone(),
            port: self.chosen.word("Port").unwrap_or("22").to_owned(),
            user: self.known_user(),
            local_user: self.sources.local_user.clone(),
            host,
        }
    }

    fn file(&mut self, path: &Path, bytes: &[u8], around: &Around, starts_active: bool) {
        let path: Rc<Path> = path.into();
        let mut counts = starts_active;
        for (at, bytes) in bytes.split(|b| *b == b'\n').enumerate() {
            let text = String::from_utf8_lossy(bytes);
            let Some(line) = line::read(&text) else { continue };
            let place = Place { path: path.clone(), line: at + 1, column: line.keyword.column };
            match keyword::find(&line.keyword.text) {
                Some(found) if found.shape == Shape::Scope => self.scope(found, &line, &place, around, &mut counts),
                Some(found) if counts && found.shape != Shape::Unread => {
                    if std::str::from_utf8(bytes).is_err() {
                        self.notes.fatal(&place, found.name, "the line is not UTF-8", "save the file as UTF-8");
                    } else {
                        self.chosen.take(found, &line, &place, &mut self.notes);
                    }
                }
                None if counts => self.unknown(&line, &place),
                _ => {}
            }
        }
    }

    fn unknown(&mut self, line: &Line, place: &Place) {
        let word = line.keyword.text.to_lowercase();
        let ignored = self.chosen.word("IgnoreUnknown").map(str::to_lowercase);
        if ignored.is_some_and(|list| pattern::list_matches(&word, &list)) {
            return;
        }
        let help = match keyword::nearest(&word) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "drop the line or name it in `IgnoreUnknown` before it".to_owned(),
        };
        let what = format!("`{}` is no keyword of ssh_config", shown(&line.keyword.text));
        self.notes.tell(place, &line.keyword.text, what, help);
    }

    fn scope(&mut self, found: Keyword, line: &Line, place: &Place, around: &Around, counts: &mut bool) {
        let is_include = found.name == "Include";
        // `tagged ""` has a meaning; other empty values are told by the conditions themselves.
        let takes_empty = found.name == "Match";
        let Some(words) = line.words.as_deref().filter(|words| takes_empty || words.iter().all(|w| !w.text.is_empty()))
        else {
            let (what, help) = match line.words {
                None => ("a quote does not close", "close it or write `\\\"`"),
                Some(_) => ("an empty word stands in the line", "drop the empty quotes"),
            };
            self.notes.fatal(&place.at(line.rest_column), found.name, format!("{what} in `{}`", found.name), help);
            *counts &= is_include;
            return;
        };
        if line.rest.is_empty() || (words.is_empty() && found.name != "Host") {
            let what = format!("`{}` has no value", found.name);
            self.notes.fatal(place, found.name, what, "write one after it or drop the line");
            *counts &= is_include;
            return;
        }
        match found.name {
            "Host" => *counts = !around.is_dormant && self.is_of_host(words),
            "Match" => *counts = criteria::hold(self, words, place, around.is_dormant),
            _ => {
                for word in words {
                    self.include(&word.text, &place.at(word.column), around, *counts);
                }
            }
        }
    }

    fn is_of_host(&self, words: &[line::Word]) -> bool {
        let mut fits = false;
        for word in words {
            match word.text.strip_prefix('!') {
                Some(denied) if pattern::matches(&self.host, denied) => return false,
                Some(_) => {}
                None => fits |= pattern::matches(&self.host, &word.text),
            }
        }
        fits
    }

    fn include(&mut self, word: &str, place: &Place, around: &Around, counts: bool) {
        let paths = self.tokens().fill(word).map_err(|e| (e.to_string(), "mend the path or drop it"));
        let paths = paths.and_then(|filled| included(&filled, around.is_user, self.sources));
        let paths = match paths {
            Ok(paths) => paths,
            Err((what, help)) => return self.notes.fatal(place, "Include", what, help),
        };
        for path in paths {
            let real = real(&path);
            let name = path.display();
            if around.trail.contains(&real) {
                self.notes.fatal(place, "Include", format!("{name} includes itself"), "take the circle out");
                continue;
            }
            self.files_read += 1;
            if around.trail.len() > MOST_DEPTH || self.files_read > MOST_FILES {
                let what = format!("{name} is not read: files include files more than {MOST_DEPTH} deep or too often");
                self.notes.fatal(place, "Include", what, "include fewer files");
                return;
            }
            match file::read(&path, true) {
                Ok(bytes) => {
                    let trail = around.trail.iter().cloned().chain([real]).collect();
                    let inner = Around { is_dormant: around.is_dormant || !counts, trail, ..around.clone() };
                    self.file(&path, &bytes, &inner, counts);
                }
                Err(FileError::Missing) => {}
                Err(error) => self.notes.fatal(place, "Include", format!("{name}: {error}"), error.help()),
            }
        }
    }
}

/// A path by which a file is known again.
pub(super) fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// The files that a word of an `Include` names.
pub(super) fn included(word: &str, is_user: bool, sources: &Sources) -> Result<Vec<PathBuf>, (String, &'static str)> {
    if word.starts_with('~') && !is_user {
        return Err(("`~` stands in a file of the machine".to_owned(), "write the whole path"));
    }
    let home = sources.home.to_string_lossy();
    let word = tilde(word, &home).map_err(|e| (e.to_string(), "write the whole path"))?;
    let folder = if is_user { sources.home.join(".ssh") } else { PathBuf::from("/etc/ssh") };
    file::glob(&folder.join(word)).ok_or_else(|| ("more than 1000 files fit".to_owned(), "write a narrower pattern"))
}
