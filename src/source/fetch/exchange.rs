//! Request out, answer in, on an open connection. Drives hyper's connection in the same task, so that dropping the
//! future drops everything, and says how far a broken answer came.

use std::error::Error as _;
use std::io;

use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::time::timeout_at;

use super::error::what_came;
use super::stream::{Remembering, Stream};
use super::{Answer, FetchError, MOST_HEADERS, Request, Sent};
use crate::model::PhaseName;
use crate::source::dial::Watch;

/// How far it came; outlives the exchange when time cuts it short.
#[derive(Default)]
struct Progress {
    answer: Option<Answer>,
    announced: Option<u64>,
}

pub(super) async fn run(
    stream: Stream,
    asked: hyper::Request<Sent>,
    request: &Request<'_>,
    watch: &mut Watch,
) -> Result<Answer, FetchError> {
    let connected = watch.so_far();
    let until = watch.until();
    let io = TokioIo::new(Remembering::new(stream));
    let made = http1::Builder::new().max_buf_size(MOST_HEADERS).handshake(io).await;
    let (mut sender, mut connection) = made.map_err(|e| FetchError::Answer(e.to_string()))?;
    let mut progress = Progress::default();
    let ended = timeout_at(until, async {
        let exchange = exchange(&mut sender, asked, &mut progress, watch, request.most_body);
        tokio::pin!(exchange);
        tokio::select! {
            biased;
            result = &mut exchange => result,
            // What broke the connection also reaches the exchange.
            _ = &mut connection => exchange.await,
        }
    })
    .await;
    match (ended, progress.answer) {
        (Ok(Ok(())), Some(answer)) => {
            watch.mark(PhaseName::Read);
            Ok(answer)
        }
        (Ok(Err(error)), None) => {
            let io = connection.into_parts().io.into_inner();
            Err(FetchError::Answer(before_the_body(&error, io.first())))
        }
        (Ok(Err(error)), Some(answer)) => {
            let far = far(answer.body.len(), progress.announced);
            Err(FetchError::Answer(format!("{}, body stopped in the middle: {far}{}", code(&answer), cause(&error))))
        }
        (Err(_), Some(answer)) => {
            let far = far(answer.body.len(), progress.announced);
            let (code, limit) = (code(&answer), watch.limit());
            Err(FetchError::Answer(format!("{code}, body stopped in the middle: {far} within {limit}")))
        }
        (Err(_) | Ok(Ok(())), None) => {
            let io = connection.into_parts().io.into_inner();
            let limit = watch.limit();
            let then = if io.first().is_empty() { "then silence" } else { "headers begun but never ended" };
            Err(FetchError::Answer(format!("no answer within {limit} (connected after {connected}, {then})")))
        }
    }
}

async fn exchange(
    sender: &mut SendRequest<Sent>,
    asked: hyper::Request<Sent>,
    progress: &mut Progress,
    watch: &mut Watch,
    most: usize,
) -> hyper::Result<()> {
    let response = sender.send_request(asked).await?;
    watch.mark(PhaseName::Wait);
    let (head, mut body) = response.into_parts();
    progress.announced = body.size_hint().exact();
    let answer =
        progress.answer.insert(Answer { status: head.status, headers: head.headers, body: Vec::new(), cut: false });
    while let Some(frame) = next(&mut body).await? {
        let room = most - answer.body.len();
        answer.body.extend_from_slice(frame.get(..room.min(frame.len())).unwrap_or_default());
        if frame.len() > room {
            answer.cut = true;
            return Ok(());
        }
    }
    Ok(())
}

/// The next bytes of the body; trailers are passed over.
async fn next(body: &mut Incoming) -> hyper::Result<Option<hyper::body::Bytes>> {
    while let Some(frame) = body.frame().await {
        if let Ok(bytes) = frame?.into_data() {
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}

fn before_the_body(error: &hyper::Error, first: &[u8]) -> String {
    let is_http = first.starts_with(b"HTTP/1.");
    // The predicate for this exists in hyper for servers alone; the words are its Display.
    if error.is_parse() && error.to_string().contains("too large") {
        format!("its headers are larger than {} KiB or more than 100", MOST_HEADERS / 1024)
    } else if first.is_empty() {
        match io_kind(error) {
            Some(io::ErrorKind::ConnectionReset) => "connection reset before answering".into(),
            Some(io::ErrorKind::BrokenPipe) | None => "closed before answering".into(),
            Some(kind) => format!("connection broke before answering: {kind}"),
        }
    } else if !is_http {
        format!("the answer is not HTTP but {}", what_came(first))
    } else if error.is_parse() {
        format!("the answer is broken HTTP: {error}{}", cause(error))
    } else {
        "closed in the middle of the headers".into()
    }
}

fn far(got: usize, announced: Option<u64>) -> String {
    match announced {
        Some(all) => format!("{got} of {all} bytes"),
        None => format!("{got} bytes and no end"),
    }
}

fn code(answer: &Answer) -> &str {
    answer.status.as_str()
}

fn io_kind(error: &hyper::Error) -> Option<io::ErrorKind> {
    error.source().and_then(|s| s.downcast_ref::<io::Error>()).map(io::Error::kind)
}

/// `, connection reset`: what the system says, if anything.
fn cause(error: &hyper::Error) -> String {
    match io_kind(error) {
        Some(io::ErrorKind::UnexpectedEof) => ", then closed".into(),
        None if error.is_incomplete_message() => ", then closed".into(),
        Some(kind) => format!(", {kind}"),
        None => String::new(),
    }
}
