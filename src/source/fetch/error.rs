//! Every way an exchange can end badly, with words of its own.

use crate::source::dial::{DialError, Watch};
use crate::source::tls::{Flaw, TlsError, chain};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No connection.
    #[error(transparent)]
    Dial(DialError),
    /// The way round is closed, which says nothing about the target.
    #[error("{0}")]
    Proxy(String),
    /// No TLS.
    #[error(transparent)]
    Tls(TlsError),
    /// TLS, but a chain that clients do not accept.
    #[error("{}", chain::tell(.0))]
    Certificate(Vec<Flaw>),
    /// Connected, but no whole answer; the sentence says how far it came.
    #[error("{0}")]
    Answer(String),
}

impl FetchError {
    /// Whether this side is at fault, so that nothing is known about the target.
    pub fn is_ours(&self) -> bool {
        match self {
            Self::Dial(e) => e.is_ours(),
            Self::Proxy(_) | Self::Tls(TlsError::Ours(_)) => true,
            Self::Tls(TlsError::Handshake(_)) | Self::Certificate(_) | Self::Answer(_) => false,
        }
    }

    pub(super) fn no_handshake(watch: &Watch) -> Self {
        let (limit, so_far) = (watch.limit(), watch.so_far());
        Self::Answer(format!("no TLS handshake within {limit} (connected after {so_far}, then silence)"))
    }
}

/// The first bytes of an answer that is not what was asked for, in words.
pub(super) fn what_came(head: &[u8]) -> String {
    match head {
        [] => "nothing".into(),
        [0x15 | 0x16, 3, ..] => "a TLS record; use https:".into(),
        [0, 0, _, 4, ..] => "HTTP/2 without being asked".into(),
        _ => {
            let printable = head.iter().filter(|b| b.is_ascii_graphic() || b.is_ascii_whitespace()).count();
            if printable * 4 >= head.len() * 3 {
                format!("\"{}\"", String::from_utf8_lossy(head).trim())
            } else {
                let shown: Vec<String> = head.iter().take(8).map(|b| format!("{b:02x}")).collect();
                format!("bytes {} …", shown.join(" "))
            }
        }
    }
}
