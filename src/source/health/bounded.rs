//! A connection that brings at most 1 MiB in all, so that no peer can fill the memory through a driver that believes
//! the lengths it is told. Knows no protocol. Counts what comes over the wire, beneath TLS.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::api::Trouble;
use crate::source::dial::{DialError, Watch, Way, dial};

/// Most bytes that a check reads; what servers say of themselves takes a hundredth of it.
const MOST_BYTES: usize = 1024 * 1024;

/// No check takes as long.
const LONGEST: Duration = Duration::from_hours(24 * 365);

/// Anything that carries bytes both ways.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<W: AsyncRead + AsyncWrite + Send + Unpin> Wire for W {}

/// The connection; an error after [`MOST_BYTES`].
pub(super) struct Bounded {
    wire: Box<dyn Wire>,
    taken: usize,
    meter: Meter,
}

/// Tells whether the limit was reached, after the driver has turned the error into one of its own.
#[derive(Clone, Debug, Default)]
pub(super) struct Meter(Arc<AtomicBool>);

impl Meter {
    /// The trouble as it is, or the better words when the limit was its cause. `service` as in "not what Redis does".
    pub(super) fn judge(&self, trouble: Trouble, place: &str, service: &str) -> Trouble {
        if self.0.load(Ordering::Relaxed) {
            return Trouble::fail(format!("{place} answers more than 1 MiB, which is not what {service} does"));
        }
        trouble
    }
}

impl Bounded {
    /// A connection that nothing was read from yet.
    pub(super) fn new(wire: impl Wire + 'static) -> (Self, Meter) {
        let meter = Meter::default();
        (Self { wire: Box::new(wire), taken: 0, meter: meter.clone() }, meter)
    }

    /// A new connection to the first address of a host that takes it. The caller's budget should end before `limit`,
    /// because it knows better words.
    pub(super) async fn dial(
        host: &str,
        port: u16,
        limit: Duration,
        way: Option<&Arc<dyn Way>>,
    ) -> Result<(Self, Meter), Trouble> {
        // The clock cannot be set to just any time: a limit of centuries would be beyond its end.
        match dial(host, port, &mut Watch::new(limit.min(LONGEST)).by(way.cloned())).await {
            Ok((stream, _)) => Ok(Self::new(stream)),
            Err(error) => Err(said(&error)),
        }
    }
}

fn said(error: &DialError) -> Trouble {
    if error.is_ours() { Trouble::unknown(error.to_string()) } else { Trouble::fail(error.to_string()) }
}

impl fmt::Debug for Bounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bounded").field("taken", &self.taken).finish_non_exhaustive()
    }
}

impl AsyncRead for Bounded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.wire).poll_read(context, buffer))?;
        self.taken = self.taken.saturating_add(buffer.filled().len().saturating_sub(before));
        if self.taken > MOST_BYTES {
            self.meter.0.store(true, Ordering::Relaxed);
            // An error brings no bytes.
            buffer.set_filled(before);
            return Poll::Ready(Err(io::Error::other("more than 1 MiB")));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Bounded {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.wire).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn the_limit_itself_is_read_and_one_byte_more_is_not() {
        for (size, is_good) in [(MOST_BYTES, true), (MOST_BYTES + 1, false)] {
            let (mut stream, meter) = Bounded::new(std::io::Cursor::new(vec![0; size]));
            let read = stream.read_to_end(&mut Vec::new()).await;
            assert_eq!(read.is_ok(), is_good, "{size}");
            let told = meter.judge(Trouble::unknown("odd"), "db:1", "Redis").reason;
            assert_eq!(told == "odd", is_good, "{told}");
        }
    }
}
