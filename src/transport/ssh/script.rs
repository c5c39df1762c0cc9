//! Commands as one POSIX shell script with marks around each answer, and the way back from what comes over the wire to
//! one [`Output`] a command. The script travels on standard input, so no login shell, whichever it is, reads a word of it;
//! what a login shell prints before is left out.

use std::fmt::Write as _;
use std::time::Duration;

use crate::transport::{Argv, Exit, Limits, Output};

/// What the login shell runs: plain words that sh, bash, zsh, fish and csh read alike.
pub const COMMAND: &str = "exec sh -s";

/// A script of several commands, run one after the other.
#[derive(Debug)]
pub struct Script {
    mark: String,
    text: String,
    count: usize,
}

impl Script {
    /// An empty script whose marks hold this number, which no output can know.
    pub fn new(nonce: u64) -> Self {
        let mark = format!("quarterdeck-{nonce:016x}");
        // `$$` leads the process group, by which the commands are ended when time is up.
        let text = format!(
            "m={mark}\nPATH=\"$PATH:/usr/local/sbin:/usr/sbin:/sbin\"\nprintf '\\n%s begin %d\\n' \"$m\" \"$$\"\n\
             printf '\\n%s begin\\n' \"$m\" >&2\n"
        );
        Self { mark, text, count: 0 }
    }

    /// Adds a command that reads nothing.
    pub fn add(&mut self, argv: &Argv) {
        self.put(argv, " </dev/null");
    }

    /// Adds a command that reads what is left of the input. It must be the last.
    pub fn add_reading(&mut self, argv: &Argv) {
        self.put(argv, "");
    }

    /// The script of a single command that takes the shell's place, and the mark after which its output begins; the rest
    /// of the mark's line is its process group.
    pub fn of_one(nonce: u64, argv: &Argv) -> (String, Vec<u8>) {
        let mut script = Self::new(nonce);
        script.text.push_str(&body(argv));
        script.text.push_str(" </dev/null\n");
        (guarded(&script.text), format!("\n{} begin", script.mark).into_bytes())
    }

    /// The same for a command that reads what is left of the input, and is not ended when nobody waits.
    pub fn of_one_reading(nonce: u64, argv: &Argv) -> (String, Vec<u8>) {
        let mut script = Self::new(nonce);
        script.text.push_str(&body(argv));
        script.text.push('\n');
        (script.text, format!("\n{} begin", script.mark).into_bytes())
    }

    fn put(&mut self, argv: &Argv, input: &str) {
        let body = body(argv);
        let index = self.count;
        writeln!(self.text, "( {body} ){input}").ok();
        writeln!(self.text, "r=$?; printf '\\n%s {index} %d\\n' \"$m\" \"$r\"; printf '\\n%s {index}\\n' \"$m\" >&2")
            .ok();
        self.count += 1;
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The same, ended with all it has started as soon as what it reads ends: the server sees to that when nobody waits
    /// any more, even if it allows no further command, and when the connection ends. A script that comes only in part
    /// does nothing.
    pub fn guarded(&self) -> String {
        guarded(&self.text)
    }

    /// Takes the answers apart; each command's output is cut at its limit.
    pub fn answers(&self, limits: &[Limits]) -> Answers {
        let most = |at: usize| limits.get(at).map_or(0, |l| l.most_bytes);
        let parts = |()| (0..self.count).map(|at| Part::new(most(at))).collect();
        Answers {
            streams: [Splitter::new(&self.mark, parts(()), false), Splitter::new(&self.mark, parts(()), true)],
            taken: 0,
        }
    }
}

/// What the login shell runs so that a shell takes exactly this text from its input and leaves the rest to the command.
/// One read of `dd` may give less than was asked for, and never more; byte by byte it would take a tenth of a second for
/// long texts. A text with other letters is read so all the same, because shells count those differently.
pub fn taking(text: &str) -> String {
    let length = text.len();
    if !text.is_ascii() {
        return format!("exec sh -c 'eval \"$(dd bs=1 count={length} 2>/dev/null)\"'");
    }
    format!(
        "exec sh -c 'eval \"$(n={length}; while [ $n -gt 0 ]; do p=$(dd bs=$n count=1 2>/dev/null; echo .); p=${{p%.}}; \
         [ -n \"$p\" ] || exit; printf %s \"$p\"; n=$((n-${{#p}})); done)\"'"
    )
}

/// A shell reads all of this before it runs any. `$$` leads a process group unless a forced command stands above it; then
/// the group is another shell's, and never that of a server that starts commands in its own. `kill -TERM -- -N` fails in
/// dash. Who takes the shell's place, as a followed command does, is ended too.
fn guarded(text: &str) -> String {
    format!(
        "{{\nexec 3<&0 </dev/null\n( read -r x <&3; trap '' TERM; g=$$\n\
         kill -s 0 -- -$g || {{ g=$(($(ps -o pgid= -p $$ || echo 0)))\n\
         case $(ps -o comm= -p $g) in *ssh*) g= ;; *sh) ;; *) g= ;; esac; }}\n\
         kill -s TERM -- -$g || kill -s TERM $$; sleep 1; kill -s KILL -- -$g ) >/dev/null 2>&1 &\n\
         w=$!; exec 3<&-\n{text}exec 2>/dev/null; kill $w\nexit 0\n}}\n"
    )
}

/// The words of a command, with its folder and variables, for a shell of its own.
fn body(argv: &Argv) -> String {
    let mut body = String::new();
    if let Some(folder) = &argv.folder {
        // Writing into a text cannot fail.
        write!(body, "cd -- {} || exit 126; ", quoted(&folder.to_string_lossy())).ok();
    }
    for (name, value) in argv.env.iter().filter(|(name, _)| is_variable(name)) {
        write!(body, "{name}={}; export {name}; ", quoted(value)).ok();
    }
    let program = quoted(&argv.program);
    write!(body, "command -v {program} >/dev/null 2>&1 || exit 127; exec {program}").ok();
    for argument in &argv.arguments {
        write!(body, " {}", quoted(argument)).ok();
    }
    body
}

/// A word for a POSIX shell.
pub fn quoted(word: &str) -> String {
    // A NUL cannot be an argument; leaving it out is what every shell does.
    let word = word.replace('\0', "");
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn is_variable(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Answers as they come.
#[derive(Debug)]
pub struct Answers {
    streams: [Splitter; 2],
    taken: usize,
}

/// Bytes of a login shell's noise that are kept, for the words when nothing else comes.
const MOST_NOISE: usize = 4096;

impl Answers {
    /// Takes in a part of standard output (0) or standard error (1).
    pub fn push(&mut self, stream: usize, bytes: &[u8]) {
        if let Some(splitter) = self.streams.get_mut(stream) {
            splitter.push(bytes);
        }
    }

    /// Whether the script began, so that the host does run commands.
    pub fn began(&self) -> bool {
        self.streams.iter().any(|s| s.current.is_some())
    }

    /// The process group of the script on the host.
    pub fn group(&self) -> Option<u32> {
        self.streams.iter().find_map(|s| s.group)
    }

    /// What was printed before the script began: the words of a shell that runs nothing.
    pub fn noise(&self) -> String {
        let texts = self.streams.iter().map(|s| {
            let held = if s.current.is_none() { s.held.as_slice() } else { &[] };
            String::from_utf8_lossy(&[&s.before, held].concat()).trim().to_owned()
        });
        texts.filter(|t| !t.is_empty()).collect::<Vec<_>>().join("; ")
    }

    /// Whether every answer was taken.
    pub fn are_all_taken(&self) -> bool {
        self.streams.iter().all(|s| s.parts.len() <= self.taken)
    }

    /// The next complete answer, in order.
    pub fn next(&mut self, took: Duration) -> Option<Output> {
        let at = self.taken;
        let [out, err] = &mut self.streams;
        let code = out.parts.get(at)?.code?;
        err.parts.get(at)?.code?;
        self.taken += 1;
        let (out, err) = (out.parts.get_mut(at)?, err.parts.get_mut(at)?);
        Some(Output {
            exit: exit_of(code),
            stdout: std::mem::take(&mut out.bytes),
            stderr: std::mem::take(&mut err.bytes),
            truncated: out.more || err.more,
            took,
        })
    }
}

/// A shell says 128 + n of a command that signal n ended.
fn exit_of(code: i32) -> Exit {
    match code {
        129..=192 => Exit::Signal(code - 128),
        _ => Exit::Code(code),
    }
}

/// One command's share of a stream.
#[derive(Debug)]
struct Part {
    bytes: Vec<u8>,
    most: usize,
    more: bool,
    /// Its exit code; on standard error only whether it is complete.
    code: Option<i32>,
}

impl Part {
    fn new(most: usize) -> Self {
        Self { bytes: Vec::new(), most, more: false, code: None }
    }

    fn take(&mut self, bytes: &[u8]) {
        let room = self.most.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(bytes.get(..bytes.len().min(room)).unwrap_or_default());
        self.more |= bytes.len() > room;
    }
}

/// Finds the marks in a stream that comes in pieces.
#[derive(Debug)]
struct Splitter {
    is_errors: bool,
    mark: Vec<u8>,
    held: Vec<u8>,
    /// The part that is being read; none before the script begins.
    current: Option<usize>,
    parts: Vec<Part>,
    before: Vec<u8>,
    group: Option<u32>,
}

impl Splitter {
    fn new(mark: &str, parts: Vec<Part>, is_errors: bool) -> Self {
        let mark = format!("\n{mark} ").into_bytes();
        Self { is_errors, mark, held: Vec::new(), current: None, parts, before: Vec::new(), group: None }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
        while let Some(at) = memchr::memmem::find(&self.held, &self.mark) {
            self.keep(at);
            let Some(end) = memchr::memchr(b'\n', self.held.get(self.mark.len()..).unwrap_or_default()) else {
                // The mark's line is not complete yet.
                return;
            };
            let line: Vec<u8> = self.held.drain(..=self.mark.len() + end).skip(self.mark.len()).collect();
            self.read_mark(String::from_utf8_lossy(&line).trim_end());
        }
        // The last bytes may be the beginning of a mark.
        self.keep(self.held.len().saturating_sub(self.mark.len()));
    }

    /// Moves the first bytes held to where they belong.
    fn keep(&mut self, count: usize) {
        let bytes = self.held.drain(..count.min(self.held.len()));
        let Some(at) = self.current else {
            let room = MOST_NOISE.saturating_sub(self.before.len());
            self.before.extend(bytes.take(room));
            return;
        };
        if let Some(part) = self.parts.get_mut(at) {
            part.take(bytes.as_slice());
        }
    }

    fn read_mark(&mut self, line: &str) {
        let (index, value) = line.split_once(' ').unwrap_or((line, ""));
        if index == "begin" {
            self.current = Some(0);
            self.group = value.parse().ok();
        } else if let Ok(index) = index.parse::<usize>() {
            if let Some(part) = self.parts.get_mut(index) {
                // Standard error carries no code; a damaged one on standard output is none.
                part.code = if self.is_errors { Some(0) } else { value.parse().ok() };
            }
            self.current = Some(index + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { timeout: Duration::from_secs(5), most_bytes: 1000 };

    /// Runs a script in the real shell, its output cut into pieces of this size.
    fn run(shell: &str, script: &Script, limits: &[Limits], piece: usize) -> Vec<Output> {
        use std::io::Write;
        use std::process::{Command, Stdio};
        let mut child = Command::new(shell);
        child.arg("-s").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = child.spawn().unwrap();
        child.stdin.take().unwrap().write_all(script.text().as_bytes()).unwrap();
        let done = child.wait_with_output().unwrap();
        let mut answers = script.answers(limits);
        done.stdout.chunks(piece).for_each(|c| answers.push(0, c));
        done.stderr.chunks(piece).for_each(|c| answers.push(1, c));
        assert!(answers.began() && answers.group().is_some());
        std::iter::from_fn(|| answers.next(Duration::ZERO)).collect()
    }

    fn shells() -> Vec<&'static str> {
        let has = |s: &&str| std::process::Command::new(s).arg("-c").arg(":").status().is_ok_and(|s| s.success());
        ["sh", "bash", "dash"].into_iter().filter(has).collect()
    }

    #[test]
    fn each_command_has_its_own_output_errors_and_exit() {
        let mut script = Script::new(7);
        script.add(&Argv::new("sh", ["-c", "printf out; echo err >&2; exit 3"]));
        script.add(&Argv::new("true", [""; 0]));
        script.add(&Argv::new("sh", ["-c", "echo two; kill -9 $$"]));
        script.add(&Argv::new("no-such-program", ["x"]));
        for shell in shells() {
            for piece in [1, 7, 4096] {
                let outputs = run(shell, &script, &[LIMITS; 4], piece);
                assert_eq!(outputs.len(), 4, "{shell} {piece}");
                assert_eq!((outputs[0].exit, outputs[0].stdout.as_slice()), (Exit::Code(3), b"out".as_slice()));
                assert_eq!(outputs[0].stderr, b"err\n");
                assert_eq!((outputs[1].exit, outputs[1].stdout.len()), (Exit::Code(0), 0));
                assert_eq!((outputs[2].exit, outputs[2].stdout.as_slice()), (Exit::Signal(9), b"two\n".as_slice()));
                assert_eq!((outputs[3].exit, outputs[3].stderr.len()), (Exit::Code(127), 0));
            }
        }
    }

    #[test]
    fn no_argument_is_read_by_the_shell() {
        let odd = ["$HOME `id` $(id)", "a'b\"c\\", "-n", "*", "line\nbreak", "ü ☃", "quarterdeck-0000000000000007 0 0"];
        for word in odd {
            let mut script = Script::new(7);
            let mut argv = Argv::new("printf", ["%s", word]);
            argv.env = vec![("LC_ALL".into(), "C".into()), ("bad name; id".into(), "x".into())];
            argv.folder = Some("/".into());
            script.add(&argv);
            for shell in shells() {
                assert_eq!(run(shell, &script, &[LIMITS], 4096)[0].stdout, word.as_bytes(), "{shell}");
            }
        }
    }

    #[test]
    fn a_flood_is_cut_and_what_comes_after_it_is_whole() {
        let mut script = Script::new(7);
        script.add(&Argv::new("sh", ["-c", "yes | head -c 300000"]));
        script.add(&Argv::new("echo", ["after"]));
        let outputs = run("sh", &script, &[LIMITS; 2], 8192);
        assert_eq!((outputs[0].stdout.len(), outputs[0].truncated), (1000, true));
        assert_eq!((outputs[1].stdout.as_slice(), outputs[1].truncated), (b"after\n".as_slice(), false));
    }

    #[test]
    fn what_a_login_shell_prints_before_is_no_output() {
        let mut script = Script::new(7);
        script.add(&Argv::new("true", [""; 0]));
        let mut answers = script.answers(&[LIMITS]);
        answers.push(0, b"Welcome to vps!\nlast login yesterday");
        assert!(!answers.began());
        assert_eq!(answers.noise(), "Welcome to vps!\nlast login yesterday");
        answers.push(0, b"\nquarterdeck-0000000000000007 begin 4711\n\nquarterdeck-0000000000000007 0 0\n");
        answers.push(1, b"\nquarterdeck-0000000000000007 begin\n\nquarterdeck-0000000000000007 0\n");
        assert_eq!((answers.group(), answers.next(Duration::ZERO).unwrap().stdout), (Some(4711), Vec::new()));
    }
}
