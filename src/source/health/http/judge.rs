//! What an answer means: status, report, body and JSON values, each expectation told when it is not met. Pure.

use std::fmt::Write as _;

use hyper::header::{CONTENT_TYPE, LOCATION};
use regex::Regex;
use serde_json::Value;

use super::status::Accepted;
use crate::model::{Observation, Outcome, Text};
use crate::source::fetch::Answer;
use crate::source::health::report::{self, Report, Style};

/// What is expected of an answer.
#[derive(Debug)]
pub(super) struct Judge {
    pub(super) accepted: Accepted,
    /// Whether the deck names the set; only then does it outweigh a report that says degraded.
    pub(super) strict: bool,
    pub(super) style: Style,
    pub(super) body: Option<Regex>,
    pub(super) json: Vec<(String, Expected)>,
}

/// A value that a JSON answer must hold.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expected {
    Text(String),
    Number(f64),
    Truth(bool),
}

impl Expected {
    /// Text, number and truth are compared by meaning: `"5"` is 5, `"true"` is true.
    fn is(&self, found: &Value) -> bool {
        match (self, found) {
            (Self::Text(want), Value::String(found)) => want == found,
            (Self::Text(want), Value::Number(found)) => {
                want == &found.to_string()
                    || want.parse().ok().is_some_and(|w| Self::Number(w).is(&Value::Number(found.clone())))
            }
            (Self::Text(want), Value::Bool(found)) => want == if *found { "true" } else { "false" },
            (Self::Text(want), Value::Null) => want == "null",
            (Self::Number(want), Value::Number(found)) => {
                found.as_f64().is_some_and(|f| (f - want).abs() <= want.abs() * f64::EPSILON)
            }
            (Self::Number(_), Value::String(found)) => found.trim().parse().is_ok_and(|f: f64| self.is(&f.into())),
            (Self::Truth(want), Value::Bool(found)) => want == found,
            (Self::Truth(want), Value::String(found)) => {
                found.eq_ignore_ascii_case(if *want { "true" } else { "false" })
            }
            _ => false,
        }
    }

    fn told(&self) -> String {
        match self {
            Self::Text(text) => format!("\"{text}\""),
            Self::Number(number) => number.to_string(),
            Self::Truth(truth) => truth.to_string(),
        }
    }
}

impl Judge {
    /// The answer as an observation, without times.
    pub(super) fn judge(&self, answer: &Answer) -> Observation {
        let json = self.parse(answer);
        let code = answer.status.as_u16();
        let well = self.accepted.contains(code);
        let mut seen = Observation::new(Outcome::Pass).fact("status", status_line(answer));
        match report::read(self.style, &answer.body, json.as_ref()) {
            Ok(Some(report)) => self.by_report(&mut seen, report, code, well),
            Ok(None) if well => {}
            Ok(None) => seen.worsen(Outcome::Fail, self.unexpected(answer, code)),
            Err(_) if !well => seen.worsen(Outcome::Fail, self.unexpected(answer, code)),
            Err(no) => seen.worsen(Outcome::Fail, no.0),
        }
        self.by_body(&mut seen, answer);
        self.by_json(&mut seen, answer, json.as_ref());
        seen.version = json.as_ref().and_then(report::version);
        if !answer.body.is_empty() {
            let head = answer.body.get(..answer.body.len().min(Observation::MOST_ANSWER * 4)).unwrap_or_default();
            seen.answer = Some(Text::block(&String::from_utf8_lossy(head), Observation::MOST_ANSWER));
        }
        if answer.cut {
            seen = seen.fact("body", "longer than 256 KiB; the rest was not read");
        }
        seen
    }

    /// The body as JSON, if it is and anybody wants it. Content types are not trusted: many services get them wrong.
    fn parse(&self, answer: &Answer) -> Option<Value> {
        let first = answer.body.iter().find(|b| !b.is_ascii_whitespace())?;
        let wanted = self.style != Style::None || !self.json.is_empty();
        let likely = matches!(first, b'{' | b'[' | b'"') || !self.json.is_empty();
        if answer.cut || !wanted || !likely { None } else { serde_json::from_slice(&answer.body).ok() }
    }

    /// The service's own word goes before its code, except that a code that is not accepted is never a pass.
    fn by_report(&self, seen: &mut Observation, report: Report, code: u16, well: bool) {
        let mut outcome = report.outcome;
        if !well && (outcome == Outcome::Pass || self.strict) {
            outcome = Outcome::Fail;
        }
        if outcome != Outcome::Pass {
            let told = told(&report);
            seen.worsen(
                outcome,
                match (well, report.outcome) {
                    (true, _) => told,
                    (false, Outcome::Pass) => {
                        format!("{code}, expected {}, although the report says {}", self.accepted, report.word)
                    }
                    (false, _) => format!("{code}, {told}"),
                },
            );
        }
        seen.entries = report.entries;
    }

    fn unexpected(&self, answer: &Answer, code: u16) -> String {
        let mut reason = match answer.header(LOCATION).filter(|_| answer.status.is_redirection()) {
            Some(location) => {
                return format!("{code} to {}, expected {}", Text::line_at_most(&location, 120), self.accepted);
            }
            None => format!("{code}, expected {}", self.accepted),
        };
        let html = answer.header(CONTENT_TYPE).is_some_and(|t| t.contains("html"));
        let words = if html { title(&answer.body) } else { report::first_words(&answer.body, 120) };
        if !words.as_str().is_empty() {
            write!(reason, ": {words}").ok();
        }
        reason
    }

    fn by_body(&self, seen: &mut Observation, answer: &Answer) {
        let Some(pattern) = &self.body else { return };
        let text = String::from_utf8_lossy(&answer.body);
        if !pattern.is_match(&text) {
            let part = if answer.cut { "the first 256 KiB of the body do" } else { "body does" };
            let found = match report::first_words(&answer.body, 80) {
                words if words.as_str().is_empty() => "it is empty".to_owned(),
                words => format!("it starts \"{words}\""),
            };
            seen.worsen(Outcome::Fail, format!("{part} not match /{pattern}/; {found}"));
        }
    }

    fn by_json(&self, seen: &mut Observation, answer: &Answer, json: Option<&Value>) {
        if self.json.is_empty() {
            return;
        }
        let Some(json) = json else {
            let why = match report::first_words(&answer.body, 80) {
                _ if answer.cut => "body is longer than 256 KiB, so its JSON cannot be read".to_owned(),
                words if words.as_str().is_empty() => "expected JSON, but the body is empty".to_owned(),
                words => format!("expected JSON, but the body starts \"{words}\""),
            };
            return seen.worsen(Outcome::Fail, why);
        };
        for (path, expected) in &self.json {
            let want = expected.told();
            match at(json, path) {
                Some(found) if expected.is(found) => {}
                Some(found) => {
                    let found = Text::line_at_most(&found.to_string(), 80);
                    seen.worsen(Outcome::Fail, format!("`{path}` is {found}, expected {want}"));
                }
                None => seen.worsen(Outcome::Fail, format!("there is no `{path}`, expected {want}")),
            }
        }
    }
}

/// The value at a dotted path; a part may be a place in a list, and a key may itself hold dots.
fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    match value {
        Value::Object(object) => object.get(path).or_else(|| {
            path.match_indices('.').find_map(|(dot, _)| at(object.get(path.get(..dot)?)?, path.get(dot + 1..)?))
        }),
        Value::Array(list) => {
            let (place, rest) = path.split_once('.').map_or((path, None), |(p, r)| (p, Some(r)));
            let found = list.get(place.parse::<usize>().ok()?)?;
            rest.map_or(Some(found), |rest| at(found, rest))
        }
        _ => None,
    }
}

/// `db: connection refused to …; cache: slow`, or the report's word.
fn told(report: &Report) -> String {
    const MOST: usize = 3;
    let mut bad: Vec<_> = report.entries.iter().filter(|e| e.outcome != Outcome::Pass).collect();
    bad.sort_by_key(|e| e.outcome != Outcome::Fail);
    if bad.is_empty() {
        return format!("the report says {}", report.word);
    }
    let each = |e: &&crate::model::ReportEntry| match &e.detail {
        Some(detail) => format!("{}: {}", e.name, Text::line_at_most(detail.as_str(), 120)),
        None => format!(
            "{} is {}",
            e.name,
            match e.outcome {
                Outcome::Fail => "unhealthy",
                Outcome::Degraded => "degraded",
                _ => "unknown",
            }
        ),
    };
    let mut reason = bad.iter().take(MOST).map(each).collect::<Vec<_>>().join("; ");
    if bad.len() > MOST {
        write!(reason, "; and {} more", bad.len() - MOST).ok();
    }
    reason
}

fn status_line(answer: &Answer) -> String {
    answer
        .status
        .canonical_reason()
        .map_or_else(|| answer.status.as_str().to_owned(), |r| format!("{} {r}", answer.status.as_str()))
}

/// The title of an error page says what its markup hides.
fn title(body: &[u8]) -> Text {
    let head = String::from_utf8_lossy(body.get(..body.len().min(4096)).unwrap_or_default());
    let lower = head.to_ascii_lowercase();
    let found = lower.find("<title").and_then(|tag| {
        let from = tag + lower.get(tag..)?.find('>')? + 1;
        let to = from + lower.get(from..)?.find("</title")?;
        head.get(from..to)
    });
    Text::line_at_most(found.unwrap_or_default().trim(), 120)
}

#[cfg(test)]
mod tests;
