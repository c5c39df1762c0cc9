//! The files of one load: read within limits, numbered, and able to say where a byte stands. A [`Place`] is a file and
//! a range of bytes; it becomes line and column only when a fault is told.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::excerpt;
use crate::model::{Fault, Severity};

/// A range of bytes in one of the files of a load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    files: Vec<File>,
}

#[derive(Clone, Debug)]
struct File {
    path: PathBuf,
    text: String,
    /// The first byte of every line.
    lines: Vec<usize>,
}

/// A file larger than this is not meant: ten thousand services take less than 1 MiB.
pub const MOST_BYTES: u64 = 4 * 1024 * 1024;

impl Files {
    /// Takes a text in, to be known by the number returned.
    pub fn add(&mut self, path: impl Into<PathBuf>, text: impl Into<String>) -> usize {
        let text = text.into();
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        self.files.push(File { path: path.into(), text, lines });
        self.files.len() - 1
    }

    /// Reads a file in; the error is a fault of the file as a whole.
    pub fn read(&mut self, path: &Path) -> Result<usize, Box<Fault>> {
        let bytes = read_bytes(path).map_err(|(why, help)| Box::new(whole_file(path, why, &help)))?;
        match String::from_utf8(bytes) {
            Ok(text) => Ok(self.add(path, text)),
            Err(e) => Err(Box::new(not_utf8(path, e.as_bytes(), e.utf8_error().valid_up_to()))),
        }
    }

    /// The path a place is in.
    pub fn path(&self, file: usize) -> &Path {
        self.files.get(file).map_or(Path::new(""), |file| file.path.as_path())
    }

    /// The text of a file.
    pub fn text(&self, file: usize) -> &str {
        self.files.get(file).map_or("", |file| file.text.as_str())
    }

    /// What is written at a place.
    pub fn written(&self, place: Place) -> &str {
        self.text(place.file).get(place.start..place.end).unwrap_or_default()
    }

    /// The line of a place, from 1.
    pub fn line(&self, place: Place) -> usize {
        self.files.get(place.file).map_or(1, |file| file.lines.partition_point(|start| *start <= place.start).max(1))
    }

    /// The bytes of a line (counted from 1) without its end.
    pub(super) fn line_range(&self, file: usize, line: usize) -> std::ops::Range<usize> {
        let Some(file) = self.files.get(file) else { return 0..0 };
        let start = file.lines.get(line.saturating_sub(1)).copied().unwrap_or(file.text.len());
        let end = file.lines.get(line).copied().unwrap_or(file.text.len());
        let text = file.text.get(start..end).unwrap_or_default();
        // A mark of the byte order is no part of what a person sees there.
        let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        start + mark..start + text.trim_end_matches(['\r', '\n']).len().max(mark)
    }
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, (String, String)> {
    let unreadable = |e: std::io::Error| {
        let (why, help) = reason(&e);
        (format!("cannot be read: {why}"), help.to_owned())
    };
    let meta = std::fs::metadata(path).map_err(unreadable)?;
    if meta.is_dir() {
        return Err((
            "cannot be read: it is a folder".into(),
            "a file is wanted here; move or rename the folder".into(),
        ));
    }
    if !meta.is_file() {
        // Reading a pipe or a device could wait for ever.
        return Err(("cannot be read: it is no regular file".into(), "put a plain text file here".into()));
    }
    let too_long = |size: u64| {
        let why = format!("is {:.1} MiB long, at most {} MiB are read", mib(size), MOST_BYTES / 1024 / 1024);
        (why, "is this the right file? A deck can be split into environments/NAME.toml".to_owned())
    };
    if meta.len() > MOST_BYTES {
        return Err(too_long(meta.len()));
    }
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    let size = bytes.len() as u64;
    if size > MOST_BYTES { Err(too_long(size)) } else { Ok(bytes) }
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}

/// Why something could not be read, without numbers of the operating system, and what to do.
pub fn reason(error: &std::io::Error) -> (String, &'static str) {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound => ("it is not there".into(), "check the path"),
        ErrorKind::PermissionDenied => {
            ("you have no permission".into(), "let your user read it: chmod, or ask its owner")
        }
        _ => {
            let said = error.to_string();
            let words = said.split(" (os error").next().unwrap_or_default().to_lowercase();
            (words, "check the path and the disk it lies on")
        }
    }
}

fn not_utf8(path: &Path, bytes: &[u8], at: usize) -> Fault {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return whole_file(path, "is UTF-16, not UTF-8".into(), "save the file as UTF-8 in your editor");
    }
    let before = String::from_utf8_lossy(bytes.get(..at).unwrap_or_default()).into_owned();
    let byte = bytes.get(at).copied().unwrap_or_default();
    let help = match char::from(byte) {
        // What an editor set to Western European would have meant.
        c if c.is_alphabetic() => format!("save the file as UTF-8; in Latin-1 this byte is `{c}`"),
        _ => "save the file as UTF-8, and check that it is a text file".into(),
    };
    let mut fault = whole_file(path, format!("is not UTF-8: byte 0x{byte:02X}"), &help);
    let line = before.rsplit('\n').next().unwrap_or_default();
    let rest = String::from_utf8_lossy(bytes.get(at..).unwrap_or_default()).into_owned();
    let text = format!("{line}{}", rest.lines().next().unwrap_or_default());
    let bad = line.len()..line.len() + '\u{fffd}'.len_utf8();
    let shown = excerpt::show(&text, bad, &super::veil::secrets(&text));
    fault.line = before.matches('\n').count() + 1;
    fault.column = line.chars().count() + 1;
    (fault.source, fault.caret, fault.width) = (shown.source, shown.caret, shown.width);
    fault.cleaned()
}

/// A fault of a file as a whole.
pub fn whole_file(path: &Path, message: String, help: &str) -> Fault {
    Fault {
        file: path.to_owned(),
        line: 0,
        column: 0,
        width: 0,
        caret: 0,
        severity: Severity::Error,
        message,
        source: String::new(),
        help: Some(help.to_owned()),
        environment: None,
    }
    .cleaned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(bytes: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("quarterdeck.toml");
        std::fs::write(&path, bytes).unwrap();
        let fault = Files::default().read(&path).unwrap_err().to_string();
        fault.replace(&folder.path().display().to_string(), "")
    }

    #[test]
    fn a_byte_that_is_not_utf8_is_pointed_at() {
        let said = "/quarterdeck.toml:2:13: error: is not UTF-8: byte 0xFC\n  2 │ name = \"日本 K\u{fffd}che\"\n    \
                    │               ^\n  help: save the file as UTF-8; in Latin-1 this byte is `ü`\n";
        let mut bytes = "# x\nname = \"日本 K".as_bytes().to_vec();
        bytes.extend(b"\xfcche\"\n");
        assert_eq!(told(&bytes), said);
        assert!(told(b"\xff\xfea\0").contains("is UTF-16"));
    }

    #[test]
    fn what_is_too_long_or_no_file_is_not_read() {
        let long = vec![b'#'; 5 * 1024 * 1024];
        assert!(told(&long).contains(": error: is 5.0 MiB long, at most 4 MiB are read"));
        let folder = tempfile::tempdir().unwrap();
        let fault = Files::default().read(folder.path()).unwrap_err();
        assert_eq!(fault.message, "cannot be read: it is a folder");
        let fault = Files::default().read(&folder.path().join("none.toml")).unwrap_err();
        assert_eq!(fault.message, "cannot be read: it is not there");
        assert_eq!(reason(&std::io::ErrorKind::PermissionDenied.into()).0, "you have no permission");
    }

    #[test]
    fn lines_are_counted_from_one_whatever_ends_them() {
        let mut files = Files::default();
        let file = files.add("x", "a\r\nbc\n\nd");
        let line = |start| files.line(Place { file, start, end: start });
        assert_eq!([line(0), line(2), line(3), line(6), line(7), line(99)], [1, 1, 2, 3, 4, 4]);
        let text = |n| files.text(file).get(files.line_range(file, n)).unwrap();
        assert_eq!([text(1), text(2), text(3), text(4), text(9)], ["a", "bc", "", "d", ""]);
    }
}
