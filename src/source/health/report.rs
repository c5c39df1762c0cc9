//! Health reports as services write them: ASP.NET Core (plain word, HealthChecks UI, home-made), Spring Boot's actuator,
//! the `health+json` draft, plain words. Tolerant in form, strict in meaning: JSON without a known status is no report.
//! Touches no network and never fails on any bytes.

mod entries;
mod number;

use serde_json::{Map, Value};

use crate::model::{Observation, Outcome, ReportEntry, Text};

/// What a service says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its own judgement, or the worst of its entries when it has none.
    pub outcome: Outcome,
    /// That judgement in the service's word.
    pub word: Text,
    /// Its parts, those that are not well first when there are too many.
    pub entries: Vec<ReportEntry>,
}

/// What form is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Whatever is recognised; nothing is fine too.
    Auto,
    /// ASP.NET Core: one word, or JSON.
    Aspnet,
    /// Spring Boot's actuator: JSON.
    Spring,
    /// Any JSON with a status.
    Json,
    /// One word.
    Plain,
    /// The body is no report.
    None,
}

impl Style {
    /// The words in a deck.
    pub const CHOICES: [(&'static str, Style); 6] = [
        ("auto", Style::Auto),
        ("aspnet", Style::Aspnet),
        ("spring", Style::Spring),
        ("json", Style::Json),
        ("plain", Style::Plain),
        ("none", Style::None),
    ];
}

/// The body is not the report that the deck promises; the sentence says what came.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoReport(pub String);

/// Reads a report. `json` is the body parsed, if it is JSON.
pub fn read(style: Style, body: &[u8], json: Option<&Value>) -> Result<Option<Report>, NoReport> {
    let found = match style {
        Style::None => return Ok(None),
        Style::Auto => match json {
            Some(Value::Object(object)) => of_object(object, false),
            Some(_) => None,
            None => of_word(body),
        },
        Style::Plain => of_word(body),
        Style::Aspnet => json.and_then(of_json).or_else(|| of_word(body)),
        Style::Spring | Style::Json => json.and_then(of_json),
    };
    match found {
        None if style != Style::Auto => Err(NoReport(missing(style, body, json))),
        found => Ok(found),
    }
}

/// The version that a JSON answer names: `version`, or the same in `info` or `build`.
pub fn version(json: &Value) -> Option<Text> {
    let top = json.as_object()?;
    let at = |path: &[&str]| {
        let (last, tables) = path.split_last()?;
        let table = tables.iter().try_fold(top, |table, key| get(table, &[key])?.as_object())?;
        match get(table, &[last])? {
            Value::String(text) if !text.trim().is_empty() => Some(Text::line_at_most(text.trim(), 64)),
            Value::Number(number) => Some(number.to_string().into()),
            _ => None,
        }
    };
    let places: [&[&str]; 5] =
        [&["version"], &["info", "version"], &["build", "version"], &["info", "build", "version"], &["releaseId"]];
    places.into_iter().find_map(at)
}

fn of_json(json: &Value) -> Option<Report> {
    match json {
        Value::Object(object) => of_object(object, true),
        Value::String(word) => of_word(word.as_bytes()),
        _ => None,
    }
}

/// With `lenient`, entries alone make a report.
fn of_object(object: &Map<String, Value>, lenient: bool) -> Option<Report> {
    let mut entries = entries::read(object);
    let status = get(object, &["status"]);
    let own = match status {
        Some(Value::String(word)) => outcome(word).map(|o| (o, Text::line_at_most(word.trim(), 40))),
        // A bare number is a status only beside entries: elsewhere it is anything, an HTTP code for one.
        Some(number @ Value::Number(_)) if lenient || !entries.is_empty() => {
            number::outcome(number).map(|o| (o, Text::line(o.word())))
        }
        _ => None,
    };
    let (outcome, word) = match own {
        Some(own) => own,
        None if lenient && !entries.is_empty() => {
            let worst = entries.iter().fold(Outcome::Pass, |worst, e| worst.worst(e.outcome));
            (worst, Text::line(worst.word()))
        }
        None => return None,
    };
    if entries.len() > Observation::MOST_ENTRIES {
        entries.sort_by_key(|e| e.outcome == Outcome::Pass);
        entries.truncate(Observation::MOST_ENTRIES);
    }
    Some(Report { outcome, word, entries })
}

/// A body that is one word of health and nothing else.
fn of_word(body: &[u8]) -> Option<Report> {
    // Longer than any word of health with its quotes and newline.
    let text = std::str::from_utf8(body.get(..64.min(body.len()))?).ok()?;
    if body.len() > 64 {
        return None;
    }
    let word = text.trim_start_matches('\u{feff}').trim().trim_matches('"');
    Some(Report { outcome: outcome(word)?, word: Text::line(word), entries: Vec::new() })
}

/// What a word of health means; words of other trades mean nothing.
fn outcome(word: &str) -> Option<Outcome> {
    const WORDS: [(&str, Outcome); 24] = [
        ("healthy", Outcome::Pass),
        ("up", Outcome::Pass),
        ("ok", Outcome::Pass),
        ("pass", Outcome::Pass),
        ("passed", Outcome::Pass),
        ("passing", Outcome::Pass),
        ("alive", Outcome::Pass),
        ("ready", Outcome::Pass),
        ("degraded", Outcome::Degraded),
        ("warn", Outcome::Degraded),
        ("warning", Outcome::Degraded),
        ("unhealthy", Outcome::Fail),
        ("down", Outcome::Fail),
        ("out_of_service", Outcome::Fail),
        ("fail", Outcome::Fail),
        ("failed", Outcome::Fail),
        ("failing", Outcome::Fail),
        ("error", Outcome::Fail),
        ("critical", Outcome::Fail),
        ("not_ready", Outcome::Fail),
        ("not ready", Outcome::Fail),
        ("dead", Outcome::Fail),
        ("unavailable", Outcome::Fail),
        ("unknown", Outcome::Unknown),
    ];
    let word = word.trim();
    WORDS.iter().find(|(w, _)| w.eq_ignore_ascii_case(word)).map(|(_, o)| *o)
}

/// The value of the first of some keys, whatever their case.
fn get<'v>(object: &'v Map<String, Value>, keys: &[&str]) -> Option<&'v Value> {
    keys.iter().find_map(|key| {
        object.get(*key).or_else(|| object.iter().find(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, v)| v))
    })
}

fn missing(style: Style, body: &[u8], json: Option<&Value>) -> String {
    let wanted = match style {
        Style::Aspnet => "an ASP.NET health report",
        Style::Spring => "a Spring health report",
        Style::Plain => "one word of health",
        _ => "a JSON health report",
    };
    let came = match json {
        Some(Value::Object(object)) if get(object, &["status"]).is_some() => {
            let status = get(object, &["status"]).map(Value::to_string).unwrap_or_default();
            format!("JSON with the status {status}")
        }
        Some(Value::Object(_)) => "JSON without a status".into(),
        Some(_) => "JSON that is no object".into(),
        None if body.is_empty() => "an empty body".into(),
        None => format!("\"{}\"", first_words(body, 60)),
    };
    Text::line_at_most(&format!("not {wanted} but {came}"), 200).to_string()
}

/// The first words of a body, cleaned, on one line.
pub fn first_words(body: &[u8], most: usize) -> Text {
    let head = String::from_utf8_lossy(body.get(..body.len().min(most * 8)).unwrap_or_default());
    Text::line_at_most(&head.split_whitespace().collect::<Vec<_>>().join(" "), most)
}

#[cfg(test)]
mod tests;
