//! Gives the recorded answers of a Loki 3.7.8 byte by byte, each kind of question its own in turn, and keeps what was
//! asked. Only the answer to the key of a WebSocket is made anew, as it belongs to the key. One thread a connection.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// A kind of question: `forward`, `backward` or `tail`.
type Kind = &'static str;

/// What is given: a file of `recorded/`, or the bytes themselves if they begin with `HTTP/`.
pub type Answer = &'static str;

#[derive(Clone)]
pub struct Replay {
    place: SocketAddr,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    answers: BTreeMap<Kind, VecDeque<Answer>>,
    asked: Vec<String>,
}

/// The answer to the key in the recording.
const RECORDED_KEY: &[u8] = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

impl Replay {
    /// Each kind gives its answers in turn, and then the last one for ever.
    pub fn start(answers: &[(Kind, &[Answer])]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = listener.local_addr().unwrap();
        let answers = answers.iter().map(|(kind, list)| (*kind, list.iter().copied().collect())).collect();
        let inner = Arc::new(Mutex::new(Inner { answers, asked: Vec::new() }));
        let server = Self { place, inner };
        let serving = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = serving.clone();
                // A caller that leaves early is what some tests are about.
                std::thread::spawn(move || serving.answer(stream).ok());
            }
        });
        server
    }

    pub fn place(&self) -> SocketAddr {
        self.place
    }

    /// The heads of the requests so far that hold a text.
    pub fn asked(&self, text: &str) -> Vec<String> {
        self.inner.lock().unwrap().asked.iter().filter(|head| head.contains(text)).cloned().collect()
    }

    fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut head = String::new();
        let mut lines = BufReader::new(stream.try_clone()?);
        while !head.ends_with("\r\n\r\n") && lines.read_line(&mut head)? > 0 {}
        let kind = match head.split(' ').nth(1).unwrap_or_default() {
            path if path.starts_with("/loki/api/v1/tail?") => "tail",
            path if path.starts_with("/loki/api/v1/query_range?") && path.contains("direction=backward") => "backward",
            path if path.starts_with("/loki/api/v1/query_range?") => "forward",
            other => panic!("nobody asks Loki for {other}"),
        };
        let given = {
            let mut inner = self.inner.lock().unwrap();
            inner.asked.push(head.clone());
            let answers = inner.answers.get_mut(kind).unwrap_or_else(|| panic!("no answer to {head}"));
            if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0] }
        };
        let mut bytes = if given.starts_with("HTTP/") {
            given.as_bytes().to_vec()
        } else {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/logs/loki/recorded");
            std::fs::read(format!("{folder}/{given}")).unwrap()
        };
        let key = head.lines().find_map(|l| l.to_lowercase().starts_with("sec-websocket-key").then(|| l[18..].trim()));
        if let (Some(key), Some(at)) = (key, bytes.windows(RECORDED_KEY.len()).position(|w| w == RECORDED_KEY)) {
            let salted = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
            let accept = BASE64_STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, salted.as_bytes()));
            bytes[at..at + RECORDED_KEY.len()].copy_from_slice(accept.as_bytes());
        }
        // In odd pieces, as networks bring them.
        for piece in bytes.chunks(97) {
            stream.write_all(piece)?;
        }
        if kind == "tail" && !given.starts_with("HTTP/1.1 4") {
            // Open until the reader leaves.
            std::io::copy(&mut lines, &mut std::io::sink())?;
        }
        Ok(())
    }
}
