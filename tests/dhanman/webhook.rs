//! A webhook on this machine's own address, which keeps what it is told.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Listens until the test ends.
#[derive(Debug)]
pub struct Webhook {
    address: SocketAddr,
    told: Arc<Mutex<Vec<String>>>,
}

impl Webhook {
    pub fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, told) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let kept = Arc::clone(&told);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let request = take(stream);
                kept.lock().unwrap().push(request);
            }
        });
        Self { address, told }
    }

    /// Where it is.
    pub fn address(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Whether anybody told this.
    pub fn heard(&self, words: &str) -> bool {
        self.told.lock().unwrap().iter().any(|told| told.contains(words))
    }
}

/// Reads a request whose body has a length, and says that it is good.
fn take(mut stream: TcpStream) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let (mut request, mut part) = (String::new(), [0; 4096]);
    while let Ok(count @ 1..) = stream.read(&mut part) {
        request += &String::from_utf8_lossy(&part[..count]);
        let Some((head, body)) = request.split_once("\r\n\r\n") else { continue };
        let head = head.to_lowercase();
        let length = head.split_once("content-length:").and_then(|(_, l)| l.lines().next()?.trim().parse().ok());
        if length.is_none_or(|length: usize| body.len() >= length) {
            break;
        }
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok").ok();
    request
}
