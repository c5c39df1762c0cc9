//! What the script of the `file` kind prints. Pure. The name comes last and is taken as it is up to the last mark, so a
//! name that holds newlines or marks says nothing of anything else.

use crate::model::Text;

/// The head of the answer.
const HEAD: &[u8] = b"@qd:file\n";
/// Its end; a name may hold the same, so the last one counts.
const END: &[u8] = b"\n@qd:end";
/// What stands before the name.
const NAME: &[u8] = b"name ";
/// Most characters of a name that are shown.
const MOST_NAME: usize = 200;

/// One file as the machine tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// It is a folder, whose size means nothing.
    pub is_folder: bool,
    /// When it was changed, in seconds since 1970.
    pub changed: Option<i64>,
    /// Bytes.
    pub size: Option<u64>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trace {
    /// At least one file.
    Found {
        /// The name of the newest, cleaned.
        name: Text,
        /// The newest.
        newest: Seen,
        /// The one before it.
        previous: Option<Seen>,
        /// How many match.
        matches: u64,
        /// The machine's own time, in seconds since 1970.
        now: Option<i64>,
    },
    /// Nothing matches.
    Missing,
    /// The folder itself is not there.
    NoFolder,
    /// The user may not look into this folder.
    Denied(Text),
}

impl Trace {
    /// Reads an answer; none when it is not whole.
    pub fn parse(answer: &[u8]) -> Option<Self> {
        let start = find(answer, HEAD)?.checked_add(HEAD.len())?;
        let body = answer.get(start..)?;
        let body = body.get(..rfind(body, END)?)?;
        let (lines, name) = split_name(body);
        let lines = String::from_utf8_lossy(lines);
        let value = |key: &str| lines.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')).map(str::trim);
        let name = || Text::line_at_most(&String::from_utf8_lossy(name.unwrap_or_default()), MOST_NAME);
        Some(match value("state")? {
            "found" => Self::Found {
                name: name(),
                newest: seen(value("newest")?),
                previous: value("previous").map(seen),
                matches: value("matches")?.parse().ok()?,
                now: value("now").and_then(|now| now.parse().ok()),
            },
            "missing" => Self::Missing,
            "no-folder" => Self::NoFolder,
            "denied" => Self::Denied(name()),
            _ => return None,
        })
    }
}

/// `file 1795170000 12345`
fn seen(text: &str) -> Seen {
    let mut words = text.split_whitespace();
    let is_folder = words.next() == Some("folder");
    let changed = words.next().and_then(|word| word.parse().ok());
    let size = words.next().and_then(|word| word.parse().ok()).filter(|_| !is_folder);
    Seen { is_folder, changed, size }
}

/// The lines before the name, and the name.
fn split_name(body: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut start = 0;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(NAME) {
            return (body.get(..start).unwrap_or_default(), body.get(start + NAME.len()..));
        }
        start += line.len();
    }
    (body, None)
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

fn rfind(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).rposition(|window| window == part)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FOUND: &str = "@qd:file\nstate found\nmatches 3\nnow 1795176000\nnewest file 1795170000 12345\n\
                         previous file 1795083600 12000\nname db.gz\n@qd:end\n";

    #[test]
    fn an_answer_tells_the_newest_and_the_one_before() {
        let Some(Trace::Found { name, newest, previous, matches, now }) = Trace::parse(FOUND.as_bytes()) else {
            panic!()
        };
        assert_eq!((name.as_str(), matches, now), ("db.gz", 3, Some(1_795_176_000)));
        assert_eq!(newest, Seen { is_folder: false, changed: Some(1_795_170_000), size: Some(12345) });
        assert_eq!(previous.unwrap().size, Some(12000));
    }

    #[test]
    fn a_name_says_nothing_of_anything_else() {
        for (name, shown) in [
            ("a\nstate missing\nmatches 9", "a state missing matches 9"),
            ("x\n@qd:end\n@qd:file\nstate denied", "x @qd:end @qd:file state denied"),
            ("\u{1b}[2Jred'\"`$(id)", "red'\"`$(id)"),
        ] {
            let answer = FOUND.replace("db.gz", name);
            let Some(Trace::Found { name, matches, .. }) = Trace::parse(answer.as_bytes()) else { panic!("{answer}") };
            assert_eq!((name.as_str(), matches), (shown, 3));
        }
        let bytes = [FOUND.split("db.gz").next().unwrap().as_bytes(), b"\xff\xfe.gz\n@qd:end\n"].concat();
        let Some(Trace::Found { name, .. }) = Trace::parse(&bytes) else { panic!() };
        assert_eq!(name.as_str(), "\u{fffd}\u{fffd}.gz");
    }

    #[test]
    fn what_could_not_be_seen_is_told_apart() {
        let read = |body: &str| Trace::parse(format!("Welcome!\n@qd:file\n{body}\n@qd:end\n").as_bytes());
        assert_eq!(read("state missing\n"), Some(Trace::Missing));
        assert_eq!(read("state no-folder\n"), Some(Trace::NoFolder));
        assert_eq!(read("state denied\nname /root"), Some(Trace::Denied("/root".into())));
        assert_eq!(
            read("state found\nmatches 1\nnow \nnewest file - -\nname a").map(|t| matches!(t, Trace::Found { .. })),
            Some(true)
        );
        for broken in ["", "state strange", "state found\nname a"] {
            assert_eq!(read(broken), None, "{broken}");
        }
        assert_eq!(Trace::parse(b"@qd:file\nstate missing\n"), None, "it broke off");
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(noise in any::<Vec<u8>>(), cut in 0..FOUND.len()) {
            Trace::parse(&noise);
            Trace::parse(&[&FOUND.as_bytes()[..cut], &noise, END].concat());
        }
    }
}
