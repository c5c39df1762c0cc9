//! A thousand local HTTP endpoints: one port each, all served by one process that is apart from what is measured. The
//! bench starts itself again for it. The child prints its ports on one line, then answers `count` lines with how many
//! requests it has served; it ends when its input does, so it cannot be left behind. Measures nothing.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Set, with the number of endpoints, in the process that serves them.
pub const SERVES: &str = "QUARTERDECK_BENCH_ENDPOINTS";

/// What every endpoint answers.
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n\r\nHealthy";

/// The running child.
#[allow(dead_code, reason = "not every bench counts requests")]
pub struct Endpoints {
    /// Where they listen on 127.0.0.1.
    pub ports: Vec<u16>,
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Endpoints {
    /// Starts the child and waits until every port listens.
    pub fn start(count: usize) -> Result<Self, Box<dyn Error>> {
        let mut child = Command::new(std::env::current_exe()?)
            .env(SERVES, count.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let questions = child.stdin.take();
        let mut answers = BufReader::new(child.stdout.take().ok_or("the endpoints have no output")?);
        let mut line = String::new();
        answers.read_line(&mut line)?;
        let ports = line.split_whitespace().map(str::parse).collect::<Result<Vec<u16>, _>>()?;
        if ports.len() != count {
            return Err(format!("{} of {count} endpoints listen", ports.len()).into());
        }
        Ok(Self { ports, child, questions, answers })
    }

    /// How many requests were served since the start.
    #[allow(dead_code, reason = "not every bench counts requests")]
    pub fn served(&mut self) -> Result<usize, Box<dyn Error>> {
        writeln!(self.questions.as_mut().ok_or("the endpoints have no input")?, "count")?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        Ok(line.trim().parse()?)
    }
}

impl Drop for Endpoints {
    fn drop(&mut self) {
        // The end of its input ends it.
        drop(self.questions.take());
        self.child.wait().ok();
    }
}

/// The child: serves until its input ends.
pub fn serve(count: usize) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = Arc::new(AtomicUsize::new(0));
    let ports = runtime.block_on(listen(count, &served))?;
    println!("{}", ports.iter().map(u16::to_string).collect::<Vec<_>>().join(" "));
    for line in std::io::stdin().lines() {
        if line?.trim() == "count" {
            println!("{}", served.load(Ordering::Relaxed));
        }
    }
    runtime.shutdown_background();
    Ok(())
}

async fn listen(count: usize, served: &Arc<AtomicUsize>) -> std::io::Result<Vec<u16>> {
    let mut ports = Vec::with_capacity(count);
    for _ in 0..count {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        ports.push(listener.local_addr()?.port());
        let served = Arc::clone(served);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&served)));
            }
        });
    }
    Ok(ports)
}

/// Answers every request on a connection; the requests have no body, so an empty line ends each.
async fn answer(mut stream: TcpStream, served: Arc<AtomicUsize>) {
    let mut request = Vec::new();
    while let Ok(1..) = stream.read_buf(&mut request).await {
        if request.ends_with(b"\r\n\r\n") {
            request.clear();
            served.fetch_add(1, Ordering::Relaxed);
            if stream.write_all(ANSWER).await.is_err() {
                return;
            }
        }
    }
}
