//! `command`: runs a program and judges it by its exit code, its output, or by the rules of Nagios plugins. No shell
//! reads the command, and it runs through the transport, so it never knows on which machine.

pub mod perfdata;
pub mod signal;

use std::fmt;
use std::time::Duration;

use futures::future::BoxFuture;
use regex::Regex;

use super::api::Budget;
use super::{Check, Context, Kind, Placement};
use crate::model::{Fact, Observation, Outcome, Text};
use crate::settings::{Section, Value};
use crate::transport::{Argv, Exit, Limits, Output, TransportError};

/// The kind's row.
pub static KIND: Kind = Kind {
    name: "command",
    doc: "A program's exit code and output, or a Nagios plugin",
    example: r#"{ command = ["pg_isready", "-p", "5432"], exit = [0], output = "accepting" }"#,
    every: Duration::from_secs(30),
    timeout: Duration::from_secs(10),
    latency: true,
    placement: Placement::OnHost,
    read,
};

/// Most bytes of each stream that are looked at.
const MOST_BYTES: usize = 64 * 1024;
/// Most values after the `|` of a plugin that become facts.
const MOST_FACTS: usize = 8;

/// How an end is judged.
#[derive(Debug)]
enum Rule {
    /// These exit codes are good, and the output must match.
    Exit { accepted: Vec<i32>, output: Option<Regex> },
    /// 0 good, 1 warning, 2 critical, 3 unknown; the first line says why. Source: Monitoring Plugins Development
    /// Guidelines, "Plugin Return Codes" and "Performance data".
    Nagios,
}

struct Command {
    argv: Argv,
    rule: Rule,
}

impl fmt::Debug for Command {
    /// Variables may hold what nobody should read in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command").field("argv", &self.argv.to_string()).field("rule", &self.rule).finish()
    }
}

fn read(section: &mut Section<'_>) -> Option<Box<dyn Check>> {
    let words = words(section);
    let env = section.has("env").then(|| section.text_map("env"));
    let folder = section.path("folder");
    let nagios = section.truth("nagios").unwrap_or(false);
    let accepted = section.has("exit").then(|| codes(section));
    let output = section.has("output").then(|| section.pattern("output"));
    for key in ["exit", "output"] {
        if nagios && section.has(key) {
            let message = format!("`{key}` and `nagios` cannot stand together");
            section.error(key, message, format!("with nagios = true the plugin decides; remove `{key}`"));
            return None;
        }
    }
    let rule = if nagios {
        Rule::Nagios
    } else {
        Rule::Exit {
            accepted: accepted.unwrap_or_else(|| Some(vec![0]))?,
            output: match output {
                Some(pattern) => Some(pattern?),
                None => None,
            },
        }
    };
    let mut words = words?.into_iter();
    let mut argv = Argv::new(words.next()?, words);
    argv.env = env.unwrap_or_else(|| Some(Vec::new()))?;
    argv.folder = folder;
    Some(Box::new(Command { argv, rule }))
}

fn words(section: &Section<'_>) -> Option<Vec<String>> {
    let entry = section.entry("command")?;
    let Value::List(_) = entry.node.value else {
        let help = "write a list; no shell reads it: command = [\"systemctl\", \"is-active\", \"nginx\"]";
        section.error("command", format!("`command` must be a list, not {}", entry.node.value.describe()), help);
        return None;
    };
    let words = section.texts("command")?;
    if words.first().is_none_or(|w| w.trim().is_empty()) {
        section.error("command", "`command` names no program", "the first word is the program: command = [\"true\"]");
        return None;
    }
    Some(words)
}

fn codes(section: &Section<'_>) -> Option<Vec<i32>> {
    let texts = section.texts("exit")?;
    let codes: Option<Vec<i32>> =
        texts.iter().map(|t| t.trim().parse().ok().filter(|c| (0..=255).contains(c))).collect();
    if codes.as_ref().is_none_or(Vec::is_empty) {
        section.error("exit", "`exit` must be exit codes from 0 to 255", "write exit = 0 or exit = [0, 2]");
        return None;
    }
    codes
}

impl Check for Command {
    fn target(&self) -> String {
        self.argv.to_string()
    }

    fn check<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Observation> {
        Box::pin(async move {
            let limits = Limits { timeout: Budget::of(context).left(), most_bytes: MOST_BYTES };
            match context.transport.read(&self.argv, limits).await {
                Ok(output) => judge(&self.argv.program, &self.rule, &output),
                Err(TransportError::TimedOut { .. }) => {
                    let limit = crate::transport::human(context.timeout);
                    Observation::fail(format!("`{}` did not end within {limit} and was stopped", self.argv.program))
                }
                Err(error) => Observation::unknown(error.to_string()),
            }
        })
    }
}

/// What an end means. Pure.
fn judge(program: &str, rule: &Rule, output: &Output) -> Observation {
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    let mut seen = match rule {
        Rule::Exit { accepted, output: pattern } => {
            by_exit(program, accepted, pattern.as_ref(), output.exit, &stdout, &stderr)
        }
        Rule::Nagios => by_plugin(program, output.exit, &stdout, &stderr),
    };
    seen.latency = Some(output.took);
    let printed = if stdout.trim().is_empty() { &stderr } else { &stdout };
    seen.answer = Some(Text::block(printed, Observation::MOST_ANSWER)).filter(|t| !t.as_str().is_empty());
    seen
}

fn by_exit(
    program: &str,
    accepted: &[i32],
    pattern: Option<&Regex>,
    exit: Exit,
    stdout: &str,
    stderr: &str,
) -> Observation {
    match (exit, pattern) {
        (Exit::Code(code), _) if !accepted.contains(&code) => {
            let why = last_line(stderr).or_else(|| last_line(stdout)).map(|l| format!(": {l}"));
            Observation::fail(format!("`{program}` exited with {code}{}", why.unwrap_or_default()))
        }
        (Exit::Code(_), Some(pattern)) if !matches(pattern, stdout) => {
            let got =
                last_line(stdout).map_or("; it printed nothing".to_owned(), |l| format!("; its last line is \"{l}\""));
            Observation::fail(format!("the output of `{program}` does not match `{pattern}`{got}"))
        }
        (Exit::Code(_), _) => Observation::new(Outcome::Pass),
        (Exit::Signal(number), _) => Observation::fail(format!("`{program}` was ended by {}", signal::name(number))),
        (Exit::Missing, _) => Observation::unknown(format!("nobody knows how `{program}` ended")),
    }
}

/// Whoever writes `^ready$` does not think of the line feed that ends the last line.
fn matches(pattern: &Regex, stdout: &str) -> bool {
    pattern.is_match(stdout) || pattern.is_match(stdout.trim_end_matches(['\r', '\n']))
}

fn by_plugin(program: &str, exit: Exit, stdout: &str, stderr: &str) -> Observation {
    let first = stdout.lines().find(|l| !l.trim().is_empty()).unwrap_or_default();
    let (words, numbers) = first.split_once('|').unwrap_or((first, ""));
    let words = Some(words.trim()).filter(|w| !w.is_empty()).map(|w| Text::line_at_most(w, MOST_WORDS));
    let words = words.or_else(|| last_line(stderr));
    let outcome = match exit {
        Exit::Code(0) => Outcome::Pass,
        Exit::Code(1) => Outcome::Degraded,
        Exit::Code(2) => Outcome::Fail,
        Exit::Code(3) => Outcome::Unknown,
        Exit::Code(code) => {
            let why = words.map(|w| format!(": {w}")).unwrap_or_default();
            return Observation::unknown(format!("`{program}` exited with {code}, which no plugin does{why}"));
        }
        Exit::Signal(number) => {
            return Observation::unknown(format!("`{program}` was ended by {}", signal::name(number)));
        }
        Exit::Missing => return Observation::unknown(format!("nobody knows how `{program}` ended")),
    };
    let mut seen = Observation::new(outcome);
    seen.reason = match (words, outcome) {
        (Some(words), _) => Some(words),
        (None, Outcome::Pass) => None,
        (None, _) => Some(format!("`{program}` says {} and no more", outcome.word()).into()),
    };
    seen.facts = perfdata::parse(numbers)
        .take(MOST_FACTS)
        .map(|(name, value)| Fact { name: Text::line_at_most(&name, 40), value: Text::line_at_most(value, 40) })
        .collect();
    seen
}

/// Most characters of a line that become part of a reason.
const MOST_WORDS: usize = 300;

/// The last line that says something.
pub fn last_line(text: &str) -> Option<Text> {
    let line = text.lines().rev().find(|l| !l.trim().is_empty())?;
    Some(Text::line_at_most(line.trim(), MOST_WORDS)).filter(|t| !t.as_str().is_empty())
}

#[cfg(test)]
mod tests;
