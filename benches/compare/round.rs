//! One timed round of one tool over all endpoints, and what several rounds add up to. A round counts only if the tool
//! ended well and every endpoint was asked: a tool that does less is not faster.

use std::error::Error;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::endpoints::Endpoints;

/// A tool and its rounds so far.
pub struct Tool {
    /// As in the table.
    pub name: &'static str,
    program: String,
    arguments: Vec<String>,
    times: Vec<Duration>,
    /// Why it is out of the comparison, if it is.
    pub failed: Option<String>,
}

impl Tool {
    /// A tool that has not run yet.
    pub fn new(name: &'static str, program: &str, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|a| (*a).to_owned()).collect();
        Self { name, program: program.to_owned(), arguments, times: Vec::new(), failed: None }
    }

    /// Runs once and keeps the time from start to end of the process if `keep` says so. A tool that failed once is out.
    pub fn round(&mut self, endpoints: &mut Endpoints, keep: bool) {
        if self.failed.is_none() {
            self.failed = self.measure(endpoints, keep).err().map(|e| e.to_string());
        }
    }

    fn measure(&mut self, endpoints: &mut Endpoints, keep: bool) -> Result<(), Box<dyn Error>> {
        let before = endpoints.served()?;
        let started = Instant::now();
        let output = Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .output()
            .map_err(|e| format!("{}: {e}", self.program))?;
        let took = started.elapsed();
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            let last = words.lines().last().unwrap_or("it says nothing");
            return Err(format!("{} ended with {}: {last}", self.program, output.status).into());
        }
        let asked = endpoints.served()? - before;
        let wanted = endpoints.ports.len();
        if asked < wanted {
            return Err(format!("{} asked {asked} of {wanted} endpoints", self.program).into());
        }
        if keep {
            self.times.push(took);
        }
        Ok(())
    }

    /// The middle time.
    pub fn median(&self) -> Duration {
        let mut sorted = self.times.clone();
        sorted.sort();
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    }

    /// The shortest time.
    pub fn shortest(&self) -> Duration {
        self.times.iter().min().copied().unwrap_or_default()
    }
}
