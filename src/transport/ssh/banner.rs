//! What a server says first, looked at before the handshake without taking it away: whether it speaks SSH at all, and if
//! it does not, what it does instead. Sends nothing.

use std::io::{Error, ErrorKind};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::net::{RecvFlags, recv};
use tokio::time::{Instant, sleep};

use super::refusal::Refusal;
use crate::model::{Text, Trouble};

/// A server has this long for its first line.
pub const BANNER: Duration = Duration::from_secs(8);
/// A server may say something before its version (RFC 4253, section 4.2), but not more than this.
const MOST: usize = 8 * 1024;
/// How often it is looked again while a line is not complete.
const AGAIN: Duration = Duration::from_millis(40);

/// Waits for the version line. The socket must not block.
pub async fn wait(socket: impl AsFd, place: &str) -> Result<(), Refusal> {
    let until = Instant::now() + BANNER;
    let mut pause = Duration::from_millis(1);
    loop {
        let mut buffer = [MaybeUninit::uninit(); MOST];
        let seen: &[u8] = match recv(&socket, buffer.as_mut_slice(), RecvFlags::PEEK | RecvFlags::DONTWAIT) {
            Ok((([], _), _)) => {
                return Err(Refusal::new(
                    Trouble::Closed,
                    format!("{place} closed the connection before it said anything"),
                ));
            }
            Ok(((seen, _), _)) => seen,
            Err(e) if Error::from(e).kind() == ErrorKind::WouldBlock => &[],
            Err(e) => {
                let why = Error::from(e);
                return Err(Refusal::new(
                    Trouble::Closed,
                    format!("{place} cut the connection before it said anything: {why}"),
                ));
            }
        };
        if ["MaxStartups", "Not allowed at this time"]
            .iter()
            .any(|w| memchr::memmem::find(seen, w.as_bytes()).is_some())
        {
            return Err(Refusal::new(Trouble::Closed, format!("{place} has too many logins under way (MaxStartups)")));
        }
        match judge(seen) {
            Some(true) => return Ok(()),
            Some(false) => return Err(foreign(place, seen)),
            None => {}
        }
        if Instant::now() >= until {
            let limit = BANNER.as_secs();
            if !seen.is_empty() {
                return Err(foreign(place, seen));
            }
            let cause = format!("{place} takes the connection but says nothing for {limit} s: the host may hang");
            return Err(Refusal::new(Trouble::Banner, cause));
        }
        sleep(pause).await;
        pause = (pause * 2).min(AGAIN);
    }
}

/// What says something else.
fn foreign(place: &str, seen: &[u8]) -> Refusal {
    let seen = String::from_utf8_lossy(seen);
    let words = Text::line_at_most(seen.lines().next().unwrap_or_default(), 60);
    Refusal::new(Trouble::Banner, format!("what answers on {place} is not an SSH server; it says \"{words}\""))
}

/// Whether this is an SSH server; none as long as that cannot be told.
fn judge(seen: &[u8]) -> Option<bool> {
    let mut lines = seen.split(|b| *b == b'\n').peekable();
    while let Some(line) = lines.next() {
        if line.starts_with(b"SSH-2.0-") || line.starts_with(b"SSH-1.99-") {
            return Some(true);
        }
        let is_complete = lines.peek().is_some();
        let foreign = [b"HTTP/".as_slice(), b"220 ", b"+OK", b"SSH-1", b"* OK"].iter().any(|f| line.starts_with(f));
        if foreign && (is_complete || line.len() > 8) {
            return Some(false);
        }
        // Text may come before the version, but no binary protocol.
        if line.iter().any(|b| matches!(b, 0..=8 | 14..=26 | 28..=31)) {
            return Some(false);
        }
    }
    (seen.len() >= MOST).then_some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_line_may_come_after_others_and_in_pieces() {
        assert_eq!(judge(b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n"), Some(true));
        assert_eq!(judge(b"Authorised use only\r\nSSH-2.0-x\r\n"), Some(true));
        assert_eq!(judge(b"SSH-"), None);
        assert_eq!(judge(b""), None);
    }

    #[test]
    fn other_protocols_and_floods_are_told() {
        assert_eq!(judge(b"HTTP/1.1 400 Bad Request\r\n"), Some(false));
        assert_eq!(judge(b"220 mail.example.com ESMTP\r\n"), Some(false));
        assert_eq!(judge(&vec![b'x'; MOST]), Some(false));
        assert_eq!(judge(b"SSH-1.5-old\r\n"), Some(false));
    }
}
