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
/// Loki counts no more dropped entries than these.
const MOST_DROPPED: usize = 1000;

impl Reading {
    /// Tells what comes until it ends; false where the server ended it before it began.
    pub(super) async fn listen(&mut self, mut socket: Box<Socket>) -> Result<bool, Stop> {
        let mut held: Vec<Vec<u8>> = Vec::new();
        match timeout(BEGIN, socket.next()).await {
            Ok(Ok(Message::Whole(frame))) => held.push(frame),
            Ok(Ok(Message::Sign)) | Err(_) => {}
            Ok(Ok(Message::Closed(..)) | Err(_)) => return Ok(false),
        }
        let over = self.fill_beside(&mut socket, &mut held).await?;
        for frame in held {
            self.frame(&frame).await?;
        }
        if over {
            return Ok(true);
        }
        let mut link: Option<watch::Receiver<Link>> = self.remote.as_ref().map(|r| r.keeper().link());
        let (mut dead, mut sign) = (Instant::now() + SILENCE, Instant::now() + SIGN);
        loop {
            tokio::select! {
                message = socket.next() => match message {
                    Ok(Message::Whole(frame)) => self.frame(&frame).await?,
                    Ok(Message::Sign) => {}
                    // Pages tell at once whether it can be reached, and what was missed.
                    Ok(Message::Closed(..)) | Err(_) => return Ok(true),
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
                () = sleep_until(dead) => return Ok(true),
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

    async fn frame(&mut self, frame: &[u8]) -> Result<(), Stop> {
        match answer::tailed(frame) {
            Ok(frame) => {
                if frame.dropped > 0 {
                    self.sheet.gap(dropped(frame.dropped));
                }
                self.tell(&frame.entries);
            }
            Err(why) => self.sheet.gap(Text::line_at_most(&format!("Loki sent what is no log: {why}"), 300)),
        }
        self.send().await
    }
}

fn dropped(count: usize) -> String {
    let lines = if count == 1 { "line" } else { "lines" };
    let least = if count >= MOST_DROPPED { "at least " } else { "" };
    format!("Loki left out {least}{count} {lines} here, which were not taken fast enough")
}
