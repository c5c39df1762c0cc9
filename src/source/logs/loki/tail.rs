//! What is written from now on, by a WebSocket of `tail`. Once the server tells that it listens too, pages fill what came
//! before that; frames that come meanwhile wait. Signs of life go both ways, so that a dead connection is noticed.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::super::change;
use super::{Reading, Stop, answer};
use crate::model::{Link, Text};
use crate::source::fetch::{Message, Socket};

/// A server that tails says something within this time, if only a sign of life: Loki gives one a second.
const BEGIN: Duration = Duration::from_secs(5);
/// Between two signs of life of ours.
const SIGN: Duration = Duration::from_secs(10);
/// A connection on which nothing is heard for so long is dead.
const SILENCE: Duration = Duration::from_secs(25);
/// Frames that wait while pages are read, in bytes; then the server waits.
const MOST_HELD: usize = 32 << 20;
/// Loki puts no more entries into a frame. Where more come at once it leaves some out, and does not always say so.
pub(super) const FULL: usize = 100;

/// How a tail ended.
pub(super) enum End {
    /// The server, or the connection, ended it.
    Over,
    /// The server ended it before it began.
    Refused,
    /// More comes than it holds; the moments of what was left out, as far as that was said.
    Hurried(Vec<i64>),
}

impl Reading {
    /// Tells what comes until it ends.
    pub(super) async fn listen(&mut self, mut socket: Box<Socket>) -> Result<End, Stop> {
        let mut held: Vec<Vec<u8>> = Vec::new();
        match timeout(BEGIN, socket.next()).await {
            Ok(Ok(Message::Whole(frame))) => held.push(frame),
            Ok(Ok(Message::Sign)) | Err(_) => {}
            Ok(Ok(Message::Closed(..)) | Err(_)) => return Ok(End::Refused),
        }
        let over = self.fill_beside(&mut socket, &mut held).await?;
        for frame in held {
            if let Some(dropped) = self.frame(&frame).await? {
                return Ok(End::Hurried(dropped));
            }
        }
        if over {
            return Ok(End::Over);
        }
        let mut link: Option<watch::Receiver<Link>> = self.remote.as_ref().map(|r| r.keeper().link());
        let (mut dead, mut sign) = (Instant::now() + SILENCE, Instant::now() + SIGN);
        loop {
            tokio::select! {
                message = socket.next() => match message {
                    Ok(Message::Whole(frame)) => {
                        if let Some(dropped) = self.frame(&frame).await? {
                            return Ok(End::Hurried(dropped));
                        }
                    }
                    Ok(Message::Sign) => {}
                    // Pages tell at once whether it can be reached, and what was missed.
                    Ok(Message::Closed(..)) | Err(_) => return Ok(End::Over),
                },
                link = change(link.as_mut()) => {
                    self.sheet.heed(link);
                    self.send().await?;
                    continue;
                }
                () = sleep_until(sign) => {
                    socket.ping();
                    sign = Instant::now() + SIGN;
                    continue;
                }
                () = sleep_until(dead) => return Ok(End::Over),
                () = self.outbox.closed() => return Err(Stop::Unheard),
            }
            dead = Instant::now() + SILENCE;
        }
    }

    /// Reads pages and frames beside each other; whether the tail is over.
    async fn fill_beside(&mut self, socket: &mut Socket, held: &mut Vec<Vec<u8>>) -> Result<bool, Stop> {
        let mut bytes: usize = held.iter().map(Vec::len).sum();
        let mut over = false;
        let mut fill = std::pin::pin!(self.fill());
        loop {
            tokio::select! {
                done = &mut fill => return done.map(|()| over),
                message = socket.next(), if !over && bytes < MOST_HELD => match message {
                    Ok(Message::Whole(frame)) => {
                        bytes += frame.len();
                        held.push(frame);
                    }
                    Ok(Message::Sign) => {}
                    Ok(Message::Closed(..)) | Err(_) => over = true,
                },
            }
        }
    }

    /// Tells a frame; or nothing of one that is full, as pages are sure then: gives what is known to be left out.
    async fn frame(&mut self, frame: &[u8]) -> Result<Option<Vec<i64>>, Stop> {
        match answer::tailed(frame) {
            Ok(frame) if !frame.dropped.is_empty() || frame.entries.len() >= FULL => return Ok(Some(frame.dropped)),
            Ok(frame) => self.tell(&frame.entries),
            Err(why) => self.sheet.gap(Text::line_at_most(&format!("Loki sent what is no log: {why}"), 300)),
        }
        self.send().await?;
        Ok(None)
    }
}
