//! A small HTTP site on this machine, answered by a function, for as long as the test holds it.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// What is asked: the path and the header `Authorization`.
pub struct Asked {
    pub path: String,
    pub login: String,
}

/// Status and body; status 0 keeps silent.
pub type Answer = fn(&Asked) -> (u16, &'static str);

/// A site; returns its port. Its thread ends with the test's process.
pub fn start(answer: Answer) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // One that breaks off early is no matter of the test.
            std::thread::spawn(move || serve(stream, answer).ok());
        }
    });
    port
}

/// A port that refuses connections.
pub fn dead() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn serve(mut stream: TcpStream, answer: Answer) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut login = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((_, value)) = line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("authorization")) {
            value.trim().clone_into(&mut login);
        }
    }
    let (status, body) = answer(&Asked { path, login });
    if status == 0 {
        // Until the other side gives up.
        reader.read_line(&mut line)?;
        return Ok(());
    }
    write!(stream, "HTTP/1.1 {status} Words\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}
