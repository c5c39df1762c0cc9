//! What comes of a job that is followed: bytes of its log in order, each once, then its end. What the follower on the
//! target did not send any more is fetched by offset. Dropping it leaves the job running.

use std::collections::VecDeque;
use std::time::Duration;

use futures::future::BoxFuture;

use super::call::{Piece, mark, word};
use super::{Ended, Following, News, Target, TargetError};
use crate::model::{RunId, Text};
use crate::transport::{Follow, Limits, Part};

/// Fetched at once.
const SLICE: u64 = 1 << 20;
/// For one of these.
const SLICE_TIME: Duration = Duration::from_mins(1);
/// Words of a shell that are kept, to tell why it ended.
const MOST_WORDS: usize = 64 * 1024;

/// A job, from an offset of its log on.
pub(super) struct Stream {
    target: Target,
    run: RunId,
    task: String,
    follow: Box<dyn Follow>,
    mark: String,
    /// Standard error that is no complete line yet.
    line: Vec<u8>,
    waiting: VecDeque<News>,
    position: u64,
    spoke: bool,
    refused: Option<String>,
    /// The lock is another's.
    barred: bool,
    ended: Option<Ended>,
    /// The follower has ended.
    closed: bool,
    over: Option<News>,
}

impl Stream {
    pub fn new(target: &Target, run: &RunId, task: &str, follow: Box<dyn Follow>, mark: String, position: u64) -> Self {
        Self {
            target: target.clone(),
            run: run.clone(),
            task: task.to_owned(),
            follow,
            mark,
            line: Vec::new(),
            waiting: VecDeque::new(),
            position,
            spoke: false,
            refused: None,
            barred: false,
            ended: None,
            closed: false,
            over: None,
        }
    }

    /// Returns when the target has said what it does.
    pub async fn begin(&mut self) -> Result<(), TargetError> {
        while !self.spoke && !self.closed {
            self.take().await;
        }
        if self.barred {
            return Err(TargetError::LockLost { key: String::new(), by: None });
        }
        if let Some(why) = &self.refused {
            return Err(self.target.refuse(Text::line_at_most(why, 400)));
        }
        if self.spoke {
            return Ok(());
        }
        let said = Text::line_at_most(String::from_utf8_lossy(&self.line).trim(), 200);
        let said = if said.as_str().is_empty() { String::new() } else { format!(": {said}") };
        Err(self.target.unknown(&format!("the link was lost before it said whether the step began{said}")).into())
    }

    /// Takes in one part of what the follower sends.
    async fn take(&mut self) {
        match self.follow.next().await {
            Part::Out(bytes) => {
                let at = self.position;
                self.position += bytes.len() as u64;
                self.waiting.push_back(News::Output(at, bytes));
            }
            Part::Err(bytes) => self.read_words(&bytes),
            Part::End(_) => self.closed = true,
        }
    }

    fn read_words(&mut self, bytes: &[u8]) {
        self.line.extend_from_slice(bytes);
        while let Some(at) = memchr::memchr(b'\n', &self.line) {
            let line: Vec<u8> = self.line.drain(..=at).collect();
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            let mark = self.mark.clone();
            if let Some(word) = word(&line, &mark) {
                self.hear(word);
            }
        }
        if self.line.len() > MOST_WORDS {
            self.line.clear();
        }
    }

    fn hear(&mut self, said: &str) {
        let (verb, rest) = said.split_once(' ').unwrap_or((said, ""));
        match verb {
            "started" => {
                // Output may have come on its own way before this word.
                self.waiting.push_front(News::Started(rest.trim().parse().unwrap_or(0)));
            }
            "ended" => self.ended = ended(rest),
            "refused" => self.refused = Some(rest.to_owned()),
            "lost" => self.barred = true,
            "gone" | "alive" | "absent" => {}
            _ => return,
        }
        self.spoke = true;
    }

    /// What is known when the follower has ended.
    async fn finish(&mut self) -> News {
        let Some(ended) = self.ended.clone() else {
            let why = match &self.refused {
                Some(why) => Text::line_at_most(why, 400),
                None => format!("{} says no more of the step", self.target.transport.place()).into(),
            };
            return self.close(News::Lost(why));
        };
        if self.position >= ended.size {
            return self.close(News::Ended(ended));
        }
        match self.slice(ended.size - self.position).await {
            Ok(bytes) if !bytes.is_empty() => {
                let at = self.position;
                self.position += bytes.len() as u64;
                News::Output(at, bytes)
            }
            // The log was cut or removed by somebody; the end is known all the same.
            Ok(_) => self.close(News::Ended(ended)),
            Err(error) => self.close(News::Lost(Text::line_at_most(&error.to_string(), 400))),
        }
    }

    async fn slice(&mut self, left: u64) -> Result<Vec<u8>, TargetError> {
        let (offset, length) = (self.position.to_string(), left.min(SLICE));
        let words = [self.run.as_str(), &self.task, &offset, &length.to_string()];
        let argv = self.target.argv(Piece::Job, &mark(), "slice", &words);
        let limits = Limits { timeout: SLICE_TIME, most_bytes: usize::try_from(length).unwrap_or(usize::MAX) };
        Ok(self.target.transport.read(&argv, limits).await?.stdout)
    }

    fn close(&mut self, news: News) -> News {
        self.over = Some(news.clone());
        news
    }
}

impl Following for Stream {
    fn next(&mut self) -> BoxFuture<'_, News> {
        Box::pin(async move {
            loop {
                if let Some(news) = self.waiting.pop_front() {
                    return news;
                }
                if let Some(news) = &self.over {
                    return news.clone();
                }
                if self.closed {
                    return self.finish().await;
                }
                self.take().await;
            }
        })
    }
}

/// `CODE TIMED SIZE DROPPED EPOCH`.
pub(super) fn ended(words: &str) -> Option<Ended> {
    let mut words = words.split_whitespace();
    Some(Ended {
        code: words.next()?.parse().ok()?,
        timed_out: words.next()? == "1",
        size: words.next()?.parse().ok()?,
        dropped: words.next()?.parse().ok()?,
        at: jiff::Timestamp::from_second(words.next()?.parse().ok()?).ok()?,
    })
}
