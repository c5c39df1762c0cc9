//! How bad a line says it is. Knows the words of many loggers; never looks at a whole line.

/// How bad a line says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// Every step.
    Trace = 1,
    /// For who writes the program.
    Debug,
    /// What it does.
    Info,
    /// Odd, but it goes on.
    Warn,
    /// Something did not work.
    Error,
    /// It cannot go on.
    Fatal,
}

impl Level {
    /// All of them, mildest first.
    pub const ALL: [Self; 6] = [Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Fatal];

    /// From a word in any case: `warn`, `WRN`, `Warning`, `critical`; also the single letters of klog.
    pub fn parse(word: &str) -> Option<Self> {
        Self::from_bytes(word.as_bytes())
    }

    /// Its word in small letters.
    pub fn word(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }

    /// As [`Level::parse`], from bytes.
    pub fn from_bytes(word: &[u8]) -> Option<Self> {
        let mut small = [0; 13];
        let room = small.get_mut(..word.len())?;
        for (to, from) in room.iter_mut().zip(word) {
            *to = from.to_ascii_lowercase();
        }
        Some(match &*room {
            b"t" | b"trc" | b"vrb" | b"trace" | b"verbose" | b"finest" | b"finer" => Self::Trace,
            b"d" | b"dbg" | b"dbug" | b"debug" | b"fine" | b"debug1" | b"debug2" | b"debug3" | b"debug4"
            | b"debug5" => Self::Debug,
            b"i" | b"inf" | b"info" | b"information" | b"informational" | b"notice" | b"log" | b"statement"
            | b"hint" | b"detail" | b"context" => Self::Info,
            b"w" | b"wrn" | b"warn" | b"warning" => Self::Warn,
            b"e" | b"err" | b"eror" | b"error" | b"severe" => Self::Error,
            b"f" | b"ftl" | b"fatal" | b"c" | b"crit" | b"critical" | b"alert" | b"emerg" | b"emergency" | b"panic" => {
                Self::Fatal
            }
            _ => return None,
        })
    }

    /// From the numbers that pino and bunyan write: 10 is trace, 60 fatal.
    pub(super) fn from_number(number: &[u8]) -> Option<Self> {
        match number {
            [tens @ b'1'..=b'6', b'0'] => Self::from_code(tens - b'0'),
            _ => None,
        }
    }

    /// From a priority of syslog. Source: RFC 5424, section 6.2.1, "Numerical Code".
    pub fn from_priority(priority: u8) -> Option<Self> {
        Some(match priority {
            0..=2 => Self::Fatal,
            3 => Self::Error,
            4 => Self::Warn,
            5 | 6 => Self::Info,
            7 => Self::Debug,
            _ => return None,
        })
    }

    /// From an answer of an HTTP server: 5xx is an error, 4xx a warning.
    pub(super) fn from_status(status: &[u8]) -> Option<Self> {
        match status {
            [b'5', b'0'..=b'9', b'0'..=b'9'] => Some(Self::Error),
            [b'4', b'0'..=b'9', b'0'..=b'9'] => Some(Self::Warn),
            [b'1'..=b'3', b'0'..=b'9', b'0'..=b'9'] => Some(Self::Info),
            _ => None,
        }
    }

    pub(super) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code).checked_sub(1)?).copied()
    }
}
