//! What the operator gave, held against what the runbook asks for. Looks at nothing but files named by `path` inputs;
//! choices that a host must be asked for are handed in.

use std::collections::BTreeMap;
use std::path::Path;

use regex::Regex;

use super::names::{self, hint};
use crate::model::plan::{Given, Value};
use crate::model::runbook::{Choices, Input, InputKind};
use crate::model::{Runbook, Text};
use crate::runner::redact::MASK;
use crate::secret::SecretRef;
use crate::settings::word;

/// What was given, as far as it can be judged without asking a host.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// As it is shown.
    pub(super) given: Vec<Given>,
    /// As the plan keeps it.
    pub(super) values: BTreeMap<String, Value>,
    /// Inputs whose values must be among what a host says: their names and values.
    pub(super) open: Vec<(Input, String)>,
    /// What was typed for secret inputs.
    pub(super) typed: Vec<(String, String)>,
}

/// Judges everything that was given. `known` are the names of the service.
pub(super) fn settle(
    runbook: &Runbook,
    given: &BTreeMap<String, String>,
    known: &BTreeMap<String, String>,
) -> Result<Settled, Text> {
    let inputs = || runbook.inputs.iter().map(|i| i.name.as_str());
    if let Some(name) = given.keys().find(|name| inputs().all(|i| i != name.as_str())) {
        let what = format!("runbook {} has no input `{}`", runbook.name, Text::line_at_most(name, 60));
        let hint = if runbook.inputs.is_empty() { "it has none".into() } else { hint(name, inputs()) };
        return Err(format!("{what}; {hint}").into());
    }
    let mut settled = Settled::default();
    for input in &runbook.inputs {
        let value = match (given.get(&input.name), &input.default) {
            (Some(value), _) => Some(value.clone()),
            (None, Some(default)) => Some(names::now(default, known)?),
            (None, None) => None,
        };
        let Some(value) = value.filter(|v| !v.is_empty()) else {
            if input.required {
                return Err(missing(input));
            }
            continue;
        };
        take(input, value, &mut settled)?;
    }
    Ok(settled)
}

fn take(input: &Input, value: String, settled: &mut Settled) -> Result<(), Text> {
    if input.secret {
        settled.given.push(Given { name: input.name.clone(), shown: MASK.into() });
        let kept = if SecretRef::parse(&value).is_ok() {
            Value::Reference(value)
        } else {
            if value.contains('\0') {
                return Err(format!("input `{}` holds a NUL byte", input.name).into());
            }
            settled.typed.push((input.name.clone(), value));
            Value::Asked
        };
        settled.values.insert(input.name.clone(), kept);
        return Ok(());
    }
    let value = fits(input, value)?;
    match &input.choices {
        Some(Choices::Listed(listed)) => among(input, &value, listed)?,
        Some(Choices::Command(_) | Choices::Releases) => settled.open.push((input.clone(), value.clone())),
        None => {}
    }
    settled.given.push(Given { name: input.name.clone(), shown: Text::line_at_most(&value, 300) });
    settled.values.insert(input.name.clone(), Value::Plain(value));
    Ok(())
}

/// A value is one of those that can be chosen.
pub(super) fn among(input: &Input, value: &str, choices: &[String]) -> Result<(), Text> {
    if choices.iter().any(|c| c == value) {
        return Ok(());
    }
    let shown = Text::line_at_most(value, 60);
    let near = word::nearest(value, choices.iter().map(String::as_str));
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None if choices.is_empty() => "there is none to choose from".into(),
        None => format!("there are {}", word::few(choices)),
    };
    Err(format!("input `{}` cannot be `{shown}`; {help}", input.name).into())
}

fn missing(input: &Input) -> Text {
    let help = if input.help.as_str().is_empty() { String::new() } else { format!(" ({})", input.help) };
    format!("input `{}` is not given{help}", input.name).into()
}

/// The value in its usual form, when it is of the input's type and pattern.
fn fits(input: &Input, value: String) -> Result<String, Text> {
    let name = &input.name;
    let refuse =
        |why: &str| -> Text { format!("input `{name}` {why}, not `{}`", Text::line_at_most(&value, 60)).into() };
    if value.chars().any(char::is_control) {
        return Err(refuse("must be one line without control characters"));
    }
    match input.kind {
        InputKind::String => {}
        InputKind::Integer if value.parse::<i64>().is_ok() => {}
        InputKind::Integer => return Err(refuse("must be a whole number")),
        InputKind::Boolean if matches!(value.as_str(), "true" | "false") => {}
        InputKind::Boolean => return Err(refuse("must be true or false")),
        InputKind::Duration if word::duration(&value).is_some() => {}
        InputKind::Duration => return Err(refuse("must be a duration such as 90s or 5m")),
        InputKind::Path if Path::new(&value).exists() => {}
        InputKind::Path => return Err(refuse("must be a file or folder of this machine that is there")),
    }
    if let Some(pattern) = &input.pattern {
        // The whole value: a pattern that matches a part of `v1; rm -rf /` says nothing.
        let whole = Regex::new(&format!(r"\A(?:{pattern})\z"));
        let whole = whole.map_err(|_| refuse("has a pattern that is no regular expression"))?;
        if !whole.is_match(&value) {
            return Err(refuse(&format!("must match {pattern}")));
        }
    }
    Ok(value)
}

#[cfg(test)]
mod tests;
