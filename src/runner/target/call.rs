//! One call of the shell text on a target: put together, sent, and its answer taken apart. Everything that comes back is
//! untrusted and bounded. Knows no verb.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::time::Duration;

use super::{Target, TargetError};
use crate::model::Text;
use crate::runner::Permit;
use crate::transport::{Argv, Exit, Limits, Output, TransportError};

/// What a call has time for; disks of hosts may be slow.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of a usual answer.
pub(super) const MOST: usize = 256 * 1024;

/// Which part of the shell text a verb stands in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Piece {
    Job,
    Keep,
    Look,
}

static JOB: LazyLock<String> = LazyLock::new(|| text(&[include_str!("base.sh"), include_str!("job.sh")]));
static KEEP: LazyLock<String> = LazyLock::new(|| text(&[include_str!("base.sh"), include_str!("keep.sh")]));
static LOOK: LazyLock<String> =
    LazyLock::new(|| text(&[include_str!("base.sh"), include_str!("job.sh"), include_str!("look.sh")]));

/// Pieces as they are sent: without comments and indents, which no shell needs.
fn text(pieces: &[&str]) -> String {
    let lines = pieces.iter().flat_map(|piece| piece.lines()).map(str::trim_start);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.chain(["do_$verb \"$@\""]).flat_map(|line| [line, "\n"]).collect()
}

/// A mark that no output can know.
pub(super) fn mark() -> String {
    format!("qd-{:016x}", RandomState::new().hash_one(0))
}

/// What a call answered.
#[derive(Debug)]
pub(super) struct Answer {
    /// What it printed.
    pub stdout: Vec<u8>,
    /// Its words to the console.
    pub words: Vec<String>,
    /// Whether it did not do it, because of a lock.
    pub barred: bool,
    /// Whether more was printed than is kept.
    pub truncated: bool,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub fn says(&self, word: &str) -> bool {
        self.words.iter().any(|w| w == word)
    }
}

impl Target {
    /// The command of a call.
    pub(super) fn argv(&self, piece: Piece, mark: &str, verb: &str, words: &[&str]) -> Argv {
        let text = match piece {
            Piece::Job => &JOB,
            Piece::Keep => &KEEP,
            Piece::Look => &LOOK,
        };
        let folder = self.folder.as_deref().unwrap_or_default();
        let fixed = ["-c", "eval \"$1\"", "qd", text, verb, folder, mark];
        Argv::new("sh", fixed.iter().chain(words).copied())
    }

    /// A call that only looks.
    pub(super) async fn ask(
        &self,
        piece: Piece,
        verb: &str,
        words: &[&str],
        most_bytes: usize,
    ) -> Result<Answer, TargetError> {
        let mark = mark();
        let limits = Limits { timeout: PATIENCE, most_bytes };
        let output = self.transport.read(&self.argv(piece, &mark, verb, words), limits).await?;
        self.judge(&mark, output)
    }

    /// A call that changes something.
    pub(super) async fn tell(
        &self,
        permit: &Permit,
        piece: Piece,
        verb: &str,
        words: &[&str],
        input: &[u8],
    ) -> Result<Answer, TargetError> {
        self.tell_for(PATIENCE, permit, piece, verb, words, input).await
    }

    /// The same with another patience.
    pub(super) async fn tell_for(
        &self,
        timeout: Duration,
        permit: &Permit,
        piece: Piece,
        verb: &str,
        words: &[&str],
        input: &[u8],
    ) -> Result<Answer, TargetError> {
        let mark = mark();
        let limits = Limits { timeout, most_bytes: MOST };
        let output = self.transport.act(permit, &self.argv(piece, &mark, verb, words), input, limits).await?;
        self.judge(&mark, output)
    }

    fn judge(&self, mark: &str, output: Output) -> Result<Answer, TargetError> {
        let errors = String::from_utf8_lossy(&output.stderr);
        let words: Vec<String> = errors.lines().filter_map(|line| word(line, mark)).map(str::to_owned).collect();
        let barred = match output.exit {
            Exit::Code(0) => false,
            Exit::Code(4) => true,
            Exit::Code(_) => {
                let said = words.iter().find_map(|w| w.strip_prefix("refused "));
                let odd = || format!("its shell did not do it: {}", errors.trim());
                return Err(self.refuse(Text::line_at_most(&said.map_or_else(odd, str::to_owned), 400)));
            }
            Exit::Signal(_) | Exit::Missing => return Err(self.unknown("the call was ended there").into()),
        };
        Ok(Answer { stdout: output.stdout, words, barred, truncated: output.truncated })
    }

    /// It is not known whether it was done.
    pub(super) fn unknown(&self, why: &str) -> TransportError {
        let place = self.transport.place().to_owned();
        TransportError::Unreachable { why: format!("{place}: {why}").into(), place }
    }
}

/// What a line says to the console, if it is one that does.
pub(super) fn word<'l>(line: &'l str, mark: &str) -> Option<&'l str> {
    line.strip_prefix(mark)?.strip_prefix(' ')
}

/// A key as the name of a file: every byte but letters, digits, `.`, `_` and `-` becomes `%XX`. None begins with a dot.
pub(super) fn encoded(key: &str) -> String {
    let mut name = String::with_capacity(key.len());
    for (at, byte) in key.bytes().enumerate() {
        match byte {
            b'.' if at == 0 => name.push_str("%2E"),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' => name.push(byte.into()),
            _ => name.push_str(&format!("%{byte:02X}")),
        }
    }
    name
}

/// The key that a name of a file stands for.
pub(super) fn decoded(name: &str) -> String {
    let mut parts = name.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend(part.bytes().skip(2));
            }
            None => bytes.extend(format!("%{part}").bytes()),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
