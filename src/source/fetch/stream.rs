//! The bytes of one connection, plain or TLS, with the first ones remembered: when they turn out not to be HTTP, they
//! can be shown.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// A connection.
pub enum Stream {
    /// As it is.
    Plain(TcpStream),
    /// Encrypted; boxed, as it is large and rarer.
    Tls(Box<TlsStream<TcpStream>>),
}

/// How many first bytes are remembered.
const REMEMBERED: usize = 64;

/// A connection that remembers the first bytes it read.
pub struct Remembering {
    stream: Stream,
    first: [u8; REMEMBERED],
    length: usize,
}

impl Remembering {
    /// Remembers from now on.
    pub fn new(stream: Stream) -> Self {
        Self { stream, first: [0; REMEMBERED], length: 0 }
    }

    /// The first bytes.
    pub fn first(&self) -> &[u8] {
        self.first.get(..self.length).unwrap_or_default()
    }
}

impl AsyncRead for Remembering {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let me = &mut *self;
        let before = buffer.filled().len();
        let done = match &mut me.stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            Stream::Tls(tls) => Pin::new(tls).poll_read(cx, buffer),
        };
        if me.length < REMEMBERED && done.is_ready() {
            let fresh = buffer.filled().get(before..).unwrap_or_default();
            let free = me.first.get_mut(me.length..).unwrap_or_default();
            let count = fresh.len().min(free.len());
            for (slot, byte) in free.iter_mut().zip(fresh) {
                *slot = *byte;
            }
            me.length += count;
        }
        done
    }
}

impl AsyncWrite for Remembering {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Stream::Tls(tls) => Pin::new(tls).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Stream::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Stream::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}
