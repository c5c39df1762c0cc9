//! Transports: how a command reaches the place where it runs. One interface for this machine and for hosts over SSH, so
//! that a probe does not know where it looks. A call that changes something takes a `Permit`, which only the runner can
//! make.

pub mod dial;
pub mod local;
pub mod ssh;
pub mod tunnel;

use std::fmt;
use std::path::Path;
use std::time::Duration;

use futures::future::BoxFuture;

use crate::runner::Permit;

pub use local::Local;

/// A command as an argument vector. No shell reads it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Argv {
    /// The program, looked up in `PATH` unless it has a slash.
    pub program: String,
    /// Its arguments, passed as they are.
    pub arguments: Vec<String>,
    /// Variables added to the environment.
    pub env: Vec<(String, String)>,
    /// The folder it runs in; none means the console's own.
    pub folder: Option<std::path::PathBuf>,
    /// Whether it may be asked for several last words at once, and answers for each in turn with a blank line between.
    pub joins: bool,
}

impl Argv {
    /// A command without further settings.
    pub fn new(program: impl Into<String>, arguments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
            env: Vec::new(),
            folder: None,
            joins: false,
        }
    }
}

impl fmt::Display for Argv {
    /// For people: blanks separate, arguments with blanks are quoted. Not for a shell.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.program)?;
        for argument in &self.arguments {
            if argument.is_empty() || argument.contains(char::is_whitespace) {
                write!(f, " '{argument}'")?;
            } else {
                write!(f, " {argument}")?;
            }
        }
        Ok(())
    }
}

/// How a process ended. There is no default: what is not known is [`Exit::Missing`], never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It ended by itself with this code.
    Code(i32),
    /// A signal ended it.
    Signal(i32),
    /// Nobody said how it ended.
    Missing,
}

/// What a command printed and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// How it ended.
    pub exit: Exit,
    /// Standard output, cut at the limit.
    pub stdout: Vec<u8>,
    /// Standard error, cut at the limit.
    pub stderr: Vec<u8>,
    /// Whether more was printed than is kept.
    pub truncated: bool,
    /// From start to end.
    pub took: Duration,
}

/// Bounds on one command.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// After this long it is ended and [`TransportError::TimedOut`] is returned.
    pub timeout: Duration,
    /// Most bytes kept of each stream; the rest is read and dropped.
    pub most_bytes: usize,
}

/// Why a command has no output.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// There is no such program where it should run.
    #[error("no program `{program}` on {place}")]
    NoProgram {
        /// What was looked for.
        program: String,
        /// Where.
        place: String,
    },
    /// It may not be run.
    #[error("not allowed to run `{program}` on {place}")]
    Forbidden {
        /// What was to run.
        program: String,
        /// Where.
        place: String,
    },
    /// It did not end in time and was ended, with everything it had started.
    #[error("no end within {}", human(*.after))]
    TimedOut {
        /// The limit.
        after: Duration,
    },
    /// The place itself is not reached, so nothing is known of what it would say.
    #[error("{why}")]
    Unreachable {
        /// Where.
        place: String,
        /// Why, as a sentence.
        why: crate::model::Text,
    },
    /// Anything else the system says.
    #[error("cannot run `{program}` on {place}: {source}")]
    Io {
        /// What was to run.
        program: String,
        /// Where.
        place: String,
        /// The system's word.
        source: std::io::Error,
    },
}

/// A part of what a followed command prints, or its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Standard output.
    Out(Vec<u8>),
    /// Standard error.
    Err(Vec<u8>),
    /// It has ended; nothing comes after this.
    End(Exit),
}

/// A command whose output is followed. Dropping it ends the command; who reads slowly holds it up, and nobody else.
pub trait Follow: Send {
    /// The next part; the end is the last and is repeated.
    fn next(&mut self) -> BoxFuture<'_, Part>;
}

/// What was copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Files and links.
    pub files: u64,
    /// Bytes of files.
    pub bytes: u64,
}

/// Why files were not copied, or not all of them.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The place is not reached.
    #[error("{0}")]
    Unreachable(crate::model::Text),
    /// The host has no SFTP.
    #[error("{place} offers no SFTP: {why}")]
    NoSftp {
        /// The host.
        place: String,
        /// What libssh2 says.
        why: String,
    },
    /// A file of this machine.
    #[error("cannot read {}: {source}", path.display())]
    Here {
        /// Which.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file of the place.
    #[error("cannot write {} on {place}: {why}", path.display())]
    There {
        /// Which.
        path: std::path::PathBuf,
        /// Where.
        place: String,
        /// Why.
        why: String,
    },
    /// Nobody waits for it any more.
    #[error("stopped before the end")]
    Stopped,
}

impl TransportError {
    /// The same for another who waits for the same command.
    #[must_use]
    pub fn again(&self) -> Self {
        match self {
            Self::NoProgram { program, place } => Self::NoProgram { program: program.clone(), place: place.clone() },
            Self::Forbidden { program, place } => Self::Forbidden { program: program.clone(), place: place.clone() },
            Self::TimedOut { after } => Self::TimedOut { after: *after },
            Self::Unreachable { place, why } => Self::Unreachable { place: place.clone(), why: why.clone() },
            Self::Io { program, place, source } => {
                let source = std::io::Error::new(source.kind(), source.to_string());
                Self::Io { program: program.clone(), place: place.clone(), source }
            }
        }
    }
}

/// A place where commands run.
pub trait Transport: fmt::Debug + Send + Sync {
    /// The place in words, for reasons: `this machine`, `vps`.
    fn place(&self) -> &str;

    /// Runs a command that only looks. Dropping the future ends the command.
    fn read<'a>(&'a self, argv: &'a Argv, limits: Limits) -> BoxFuture<'a, Result<Output, TransportError>>;

    /// Runs a command that only looks and ends at once. A place far away takes those of one moment together, so that a
    /// round costs it one command; one that might take its time belongs to [`Transport::read`].
    fn glance<'a>(&'a self, argv: &'a Argv, limits: Limits) -> BoxFuture<'a, Result<Output, TransportError>> {
        self.read(argv, limits)
    }

    /// Starts a command that only looks and follows what it prints. The limit is for the start.
    fn follow<'a>(&'a self, argv: &'a Argv, limit: Duration) -> BoxFuture<'a, Result<Box<dyn Follow>, TransportError>>;

    /// Runs a command that may change something, with this for its standard input. When the future is dropped the command
    /// is ended; whether it was cannot be known here.
    fn act<'a>(
        &'a self,
        permit: &'a Permit,
        argv: &'a Argv,
        input: &'a [u8],
        limits: Limits,
    ) -> BoxFuture<'a, Result<Output, TransportError>>;

    /// Starts a command that may change something, with this for its standard input, and follows what it prints. The
    /// limit is for the start. Dropping the follower ends what is still in the command's own process group; a session
    /// that the command has made for others goes on, whatever becomes of the follower or the link.
    fn launch<'a>(
        &'a self,
        permit: &'a Permit,
        argv: &'a Argv,
        input: &'a [u8],
        limit: Duration,
    ) -> BoxFuture<'a, Result<Box<dyn Follow>, TransportError>>;

    /// Copies a file or a folder of this machine there.
    fn copy<'a>(&'a self, permit: &'a Permit, from: &'a Path, to: &'a str) -> BoxFuture<'a, Result<Copied, CopyError>>;
}

/// `5s`, `800ms`, `2m`: a duration as a deck writes it.
pub fn human(duration: Duration) -> String {
    let millis = duration.as_millis();
    match millis {
        0..1000 => format!("{millis}ms"),
        _ if !millis.is_multiple_of(1000) => format!("{:.1}s", duration.as_secs_f64()),
        _ => match duration.as_secs() {
            s @ 0..120 => format!("{s}s"),
            s if s.is_multiple_of(86_400) => format!("{}d", s / 86_400),
            s if s.is_multiple_of(3600) => format!("{}h", s / 3600),
            s if s.is_multiple_of(60) => format!("{}m", s / 60),
            s => format!("{}m{}s", s / 60, s % 60),
        },
    }
}
