//! A WebSocket as a client that mostly listens (RFC 6455): opened by an HTTP request on a connection of its own, whole
//! messages in, signs of life both ways. Every wait may be dropped and begun again. Agrees on no extension.

mod frame;

use base64::prelude::{BASE64_STANDARD, Engine};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use hyper::upgrade::Upgraded;
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout_at;

use super::stream::{Remembering, Stream};
use super::{Answer, FetchError, MOST_HEADERS, Request, Sent};
use crate::model::Text;
use crate::source::dial::Watch;
use frame::{Kind, decode, encode};

/// Longest message.
const MOST: usize = 32 << 20;
/// What every server adds to the key (RFC 6455, section 1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What came of the request.
#[derive(Debug)]
pub enum Opened {
    /// The connection speaks in messages now.
    Socket(Box<Socket>),
    /// The server answered something else.
    Answer(Answer),
}

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A message, text or not.
    Whole(Vec<u8>),
    /// A sign of life.
    Sign,
    /// The server ends it: its code and its words.
    Closed(Option<u16>, Text),
}

/// An open one.
#[derive(Debug)]
pub struct Socket {
    io: TokioIo<Upgraded>,
    /// Bytes that came; those before `read` are done with.
    inbox: Vec<u8>,
    read: usize,
    /// The message that has begun.
    parts: Vec<u8>,
    outbox: Vec<u8>,
}

/// Asks for one.
pub(super) async fn open(
    stream: Stream,
    mut asked: hyper::Request<Sent>,
    request: &Request<'_>,
    watch: &mut Watch,
) -> Result<Opened, FetchError> {
    let no = |why: String| FetchError::Answer(format!("no WebSocket: {why}"));
    let key = BASE64_STANDARD.encode(random::<16>().map_err(no)?);
    let headers = asked.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    headers.insert(SEC_WEBSOCKET_KEY, HeaderValue::try_from(&key).map_err(|e| no(e.to_string()))?);
    let made = http1::Builder::new().max_buf_size(MOST_HEADERS).handshake(TokioIo::new(Remembering::new(stream))).await;
    let (mut sender, connection) = made.map_err(|e| no(e.to_string()))?;
    let mut connection = std::pin::pin!(connection.with_upgrades());
    let until = watch.until();
    let opened = timeout_at(until, async {
        let exchange = async {
            let response = sender.send_request(asked).await.map_err(|e| no(e.to_string()))?;
            if response.status() != StatusCode::SWITCHING_PROTOCOLS {
                return Ok(Opened::Answer(answer(response, request.most_body).await));
            }
            if response.headers().get(SEC_WEBSOCKET_ACCEPT).map(HeaderValue::as_bytes) != Some(accept(&key).as_bytes())
            {
                return Err(no("the server did not answer the key".into()));
            }
            let upgraded = hyper::upgrade::on(response).await.map_err(|e| no(e.to_string()))?;
            Ok(Opened::Socket(Box::new(Socket::over(upgraded))))
        };
        let mut exchange = std::pin::pin!(exchange);
        tokio::select! {
            biased;
            opened = &mut exchange => opened,
            // What broke the connection also reaches the exchange.
            _ = &mut connection => exchange.await,
        }
    });
    opened.await.map_err(|_| no(format!("no answer within {}", watch.limit())))?
}

/// A refusal, as far as it came.
async fn answer(response: Response<Incoming>, most: usize) -> Answer {
    let (head, mut body) = response.into_parts();
    let mut answer = Answer { status: head.status, headers: head.headers, body: Vec::new(), cut: false };
    while let Some(Ok(frame)) = body.frame().await {
        let Ok(bytes) = frame.into_data() else { continue };
        let room = most - answer.body.len();
        answer.body.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
        answer.cut = bytes.len() > room;
        if answer.cut {
            break;
        }
    }
    answer
}

fn random<const N: usize>() -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| "this machine has no random numbers".to_owned())?;
    Ok(bytes)
}

fn accept(key: &str) -> String {
    BASE64_STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &[key.as_bytes(), GUID].concat()))
}

impl Socket {
    fn over(io: Upgraded) -> Self {
        Self { io: TokioIo::new(io), inbox: Vec::new(), read: 0, parts: Vec::new(), outbox: Vec::new() }
    }

    /// Asks for a sign of life; it is sent with the next wait.
    pub fn ping(&mut self) {
        self.say(Kind::Ping, &[]);
    }

    /// The next thing that is heard. The error says how the connection ended.
    pub async fn next(&mut self) -> Result<Message, Text> {
        loop {
            while !self.outbox.is_empty() {
                let sent = self.io.write(&self.outbox).await.map_err(|e| broke(&e))?;
                self.outbox.drain(..sent);
            }
            if let Some(message) = self.heard()? {
                return Ok(message);
            }
            if self.outbox.is_empty() && self.io.read_buf(&mut self.inbox).await.map_err(|e| broke(&e))? == 0 {
                return Err("the connection was closed".into());
            }
        }
    }

    /// What stands in the inbox; an answer to it may stand in the outbox then.
    fn heard(&mut self) -> Result<Option<Message>, Text> {
        let wrong = |why: &str| Text::from(format!("the server sent {why}"));
        loop {
            let bytes = self.inbox.get(self.read..).unwrap_or_default();
            let Some(frame) = decode(bytes, MOST).map_err(wrong)? else {
                self.inbox.drain(..std::mem::take(&mut self.read));
                return Ok(None);
            };
            self.read += frame.taken;
            match frame.kind {
                Kind::Onward | Kind::Text | Kind::Binary => {
                    if self.parts.len() + frame.payload.len() > MOST {
                        return Err(wrong("a message that is too long"));
                    }
                    self.parts.extend_from_slice(frame.payload);
                    if frame.last {
                        return Ok(Some(Message::Whole(std::mem::take(&mut self.parts))));
                    }
                }
                Kind::Pong => return Ok(Some(Message::Sign)),
                Kind::Ping => {
                    let payload = frame.payload.to_vec();
                    self.say(Kind::Pong, &payload);
                    return Ok(Some(Message::Sign));
                }
                Kind::Close => {
                    let payload = frame.payload.to_vec();
                    self.say(Kind::Close, payload.get(..2).unwrap_or_default());
                    let (code, why) = match payload.as_slice() {
                        [a, b, why @ ..] => (Some(u16::from_be_bytes([*a, *b])), why),
                        _ => (None, &[][..]),
                    };
                    let why = Text::line_at_most(&String::from_utf8_lossy(why), 200);
                    return Ok(Some(Message::Closed(code, why)));
                }
            }
        }
    }

    fn say(&mut self, kind: Kind, payload: &[u8]) {
        // A mask keeps proxies from reading what is sent as HTTP; signs of life hold nothing that could be.
        self.outbox.extend(encode(kind, payload, random().unwrap_or_default()));
    }
}

fn broke(error: &std::io::Error) -> Text {
    Text::from(format!("the connection broke: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_answered_as_in_the_example_of_the_rfc() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
