//! A small HTTP server on loopback with good, bad, odd and hostile answers by path. One thread a connection; ends with
//! the test.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

/// What `/hostile` sends: colours, a cleared screen, a window title.
pub const HOSTILE: &str = "\x1b[2J\x1b[31mred\x1b[0m \x1b]0;title\x07 \u{9b}31m \r\x08 told by the server";

/// A running server.
pub struct Server {
    address: SocketAddr,
    switch: Arc<AtomicU16>,
}

impl Server {
    /// Starts it on a free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let switch = Arc::new(AtomicU16::new(200));
        let status = Arc::clone(&switch);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let status = Arc::clone(&status);
                // A caller that leaves early is what some tests are about.
                std::thread::spawn(move || answer(stream, &status).ok());
            }
        });
        Self { address, switch }
    }

    /// `http://127.0.0.1:…` and the path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// From now on `/switch` answers with this status.
    pub fn switch(&self, status: u16) {
        self.switch.store(status, Ordering::SeqCst);
    }
}

fn answer(mut stream: TcpStream, switch: &AtomicU16) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let path = first.split(' ').nth(1).unwrap_or_default();
    let (status, more, body) = match path {
        "/ok" => (200, String::new(), "Healthy"),
        "/degraded" => (200, String::new(), "Degraded"),
        "/down" => (503, String::new(), "no database"),
        "/switch" => (switch.load(Ordering::SeqCst), String::new(), ""),
        "/round" => (302, "Location: /about\r\n".into(), ""),
        "/about" => (302, "Location: /round\r\n".into(), ""),
        "/hostile" => (503, format!("X-Powered-By: {HOSTILE}\r\n").replace("\r\x08", ""), HOSTILE),
        "/endless" => return endless(&mut stream),
        "/never" => {
            std::thread::park();
            return Ok(());
        }
        _ => (404, String::new(), "no such path"),
    };
    let length = body.len();
    write!(stream, "HTTP/1.1 {status} Said\r\nContent-Length: {length}\r\nConnection: close\r\n{more}\r\n{body}")
}

/// A gigabyte, or as much of it as the caller takes.
fn endless(stream: &mut TcpStream) -> std::io::Result<()> {
    const GIGABYTE: usize = 1 << 30;
    let piece = vec![b'x'; 1 << 20];
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {GIGABYTE}\r\nConnection: close\r\n\r\n")?;
    (0..GIGABYTE / piece.len()).try_for_each(|_| stream.write_all(&piece))
}
