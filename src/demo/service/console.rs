//! The pipes to the console that started this process: one line out, one line in, and then the end of the input,
//! which comes when the console is gone, whatever killed it.

use std::io::Write;
use std::os::fd::AsFd;

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;

use super::super::DemoError;
use super::super::wire::{Announcement, Briefing, MOST_LINE};

/// Standard input. Read through the reactor, because tokio's own standard input would cost a thread.
pub struct Console(Receiver);

impl Console {
    /// Takes standard input, which must be a pipe.
    pub fn open() -> Result<Self, DemoError> {
        let input = std::io::stdin().as_fd().try_clone_to_owned().map_err(DemoError::System)?;
        Receiver::from_owned_fd(input).map(Self).map_err(|_| DemoError::ByHand)
    }

    /// The line that tells who the others are; none when the console left before.
    pub async fn briefing(&mut self) -> Result<Option<Briefing>, DemoError> {
        let mut line = Vec::new();
        while !line.ends_with(b"\n") {
            if line.len() > MOST_LINE || self.0.read_buf(&mut line).await.unwrap_or(0) == 0 {
                return Ok(None);
            }
        }
        serde_json::from_slice(&line).map(Some).map_err(DemoError::Line)
    }

    /// Returns when the console is gone. What it still says is read and dropped.
    pub async fn gone(&mut self) {
        let mut rest = [0; 64];
        while self.0.read(&mut rest).await.unwrap_or(0) > 0 {}
    }
}

/// Prints the one line that the console waits for.
pub fn announce(announcement: &Announcement) -> Result<(), DemoError> {
    let line = serde_json::to_string(announcement).map_err(DemoError::Line)?;
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}").and_then(|()| output.flush()).map_err(DemoError::System)
}
