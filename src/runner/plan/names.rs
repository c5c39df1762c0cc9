//! `{names}` in texts that are no shell texts, and the variables that shell texts get. Strict: a name that is not known is
//! an error. Never touches a shell text.
//!
//! Names are filled in twice. A plan fills in what is the same everywhere and may be kept; `{host}`, `{run}`, `{step}` and
//! secret inputs stay as they are until the step runs ([`finish`]).

use std::collections::BTreeMap;

use crate::model::plan::HostName;
use crate::model::runbook::{Action, Checked, On, Step};
use crate::model::{RunId, ServiceId, Text};
use crate::settings::word;

/// Names that are known only when a step runs on a host.
const LATE: [&str; 3] = ["host", "run", "step"];

/// What a name stands for.
enum Found<'a> {
    Now(&'a str),
    Later,
}

/// Fills a text in, as far as it can be now: what is not known yet, and braces that are meant, stay as they are.
pub(super) fn early(text: &str, values: &BTreeMap<String, String>, later: &[String]) -> Result<String, Text> {
    let known = |name: &str| match values.get(name) {
        _ if LATE.contains(&name) || later.iter().any(|l| l == name) => Some(Found::Later),
        value => value.map(|v| Found::Now(v)),
    };
    let filled = fill(text, &known, true)?;
    Ok(filled)
}

/// Fills a text in that has no late names: for what is looked at while a plan is made.
pub(super) fn now(text: &str, values: &BTreeMap<String, String>) -> Result<String, Text> {
    fill(text, &|name| values.get(name).map(|v| Found::Now(v)), false)
}

fn fill<'v>(text: &str, known: &dyn Fn(&str) -> Option<Found<'v>>, again: bool) -> Result<String, Text> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, brace)) = rest.find(['{', '}']).and_then(|at| rest.split_at_checked(at)) {
        filled.push_str(before);
        if let Some(after) = brace.strip_prefix("{{").or_else(|| brace.strip_prefix("}}")) {
            filled.push_str(brace.get(..if again { 2 } else { 1 }).unwrap_or_default());
            rest = after;
            continue;
        }
        let inner = brace.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let Some((name, after)) = inner.filter(|(name, _)| !name.contains('{')) else {
            return Err(format!("a brace stands alone in `{}`: write {{{{ or }}}} for one", shown(text)).into());
        };
        match known(name.trim()) {
            Some(Found::Now(value)) if again => filled.push_str(&value.replace('{', "{{").replace('}', "}}")),
            Some(Found::Now(value)) => filled.push_str(value),
            Some(Found::Later) => filled.push_str(brace.get(..name.len() + 2).unwrap_or_default()),
            None => return Err(format!("`{{{}}}` in `{}` is not known here", name.trim(), shown(text)).into()),
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

fn shown(text: &str) -> Text {
    Text::line_at_most(text, 60)
}

/// A step with every name filled in, right before it runs on a host. `values` holds secrets too.
pub fn finish(step: &Step, values: &BTreeMap<String, String>, host: &HostName, run: &RunId) -> Result<Step, Text> {
    let late = |name: &str| match name {
        "host" => Some(Found::Now(host)),
        "run" => Some(Found::Now(run.as_str())),
        "step" => Some(Found::Now(&step.id)),
        name => values.get(name).map(|v| Found::Now(v)),
    };
    each(step, &|text| fill(text, &late, false))
}

/// The same step with each of its texts that may hold names changed.
pub(super) fn each(step: &Step, change: &dyn Fn(&str) -> Result<String, Text>) -> Result<Step, Text> {
    let mut step = step.clone();
    if let On::Named(name) = &mut step.on {
        *name = change(name)?;
    }
    let some = |text: &mut Option<String>| match text {
        Some(text) => change(text).map(|changed| *text = changed),
        None => Ok(()),
    };
    match &mut step.action {
        Action::Shell { cwd, env, .. } => {
            some(cwd)?;
            env.values_mut().try_for_each(|value| change(value).map(|changed| *value = changed))?;
        }
        Action::Copy { from, to, .. } => {
            *from = change(from)?;
            *to = change(to)?;
        }
        Action::Http(call) => {
            call.url = change(&call.url)?;
            some(&mut call.body)?;
            call.headers.values_mut().try_for_each(|value| change(value).map(|changed| *value = changed))?;
        }
        Action::Sql(call) => call.url = change(&call.url)?,
        Action::Wait(wait) => {
            for until in &mut wait.until {
                if let Checked::Unit(unit) = &mut until.what {
                    *unit = change(unit)?;
                }
            }
        }
        Action::Notify { to, text, .. } => {
            *to = change(to)?;
            *text = change(text)?;
        }
        Action::Approve { .. } | Action::Manual { .. } => {}
    }
    Ok(step)
}

/// The variables of a shell text on a host: every value by its name in capitals, and where it is. `QD_RUN` and `QD_STEP`
/// are added by who runs a step.
pub fn variables(values: &BTreeMap<String, String>, target: &ServiceId, host: &str) -> Vec<(String, String)> {
    let own = values.iter().map(|(name, value)| (name.to_uppercase().replace('-', "_"), value.clone()));
    let around = [("QD_ENVIRONMENT", target.environment.as_str()), ("QD_SERVICE", &target.name), ("QD_HOST", host)];
    own.chain(around.map(|(name, value)| (name.to_owned(), value.to_owned()))).collect()
}

/// `did you mean …?` for a name.
pub(super) fn hint<'c>(name: &str, known: impl IntoIterator<Item = &'c str> + Clone) -> String {
    word::hint(name, known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::plan::fixture;

    fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn names_are_filled_in_twice_and_braces_come_out_once() {
        let run = RunId::parse("20261120-140451-7c1f").unwrap();
        let known = values(&[("releases", "/srv/{x}"), ("token", "s3cret")]);
        let mut step = fixture::step("ready", "echo {not a name}");
        step.action = Action::Notify { to: "{token}".into(), slack: true, text: "{{a}} {releases} on {host}".into() };
        let planned = each(&step, &|t| early(t, &known, &["token".into()])).unwrap();
        let Action::Notify { to, text, .. } = &planned.action else { panic!("{planned:?}") };
        assert_eq!((to.as_str(), text.as_str()), ("{token}", "{{a}} /srv/{{x}} on {host}"));
        let done = finish(&planned, &known, &"a".into(), &run).unwrap();
        let Action::Notify { to, text, .. } = &done.action else { panic!("{done:?}") };
        assert_eq!((to.as_str(), text.as_str()), ("s3cret", "{a} /srv/{x} on a"));
        assert_eq!(
            each(&fixture::step("x", "echo {a}"), &|t| now(t, &known)).unwrap().action,
            Action::Shell { script: "echo {a}".into(), cwd: None, env: BTreeMap::new() }
        );
    }

    #[test]
    fn a_name_that_is_not_known_and_a_brace_alone_are_errors() {
        assert_eq!(
            now("{relaeses}/x", &values(&[])).unwrap_err().as_str(),
            "`{relaeses}` in `{relaeses}/x` is not known here"
        );
        assert!(now("a } b", &values(&[])).is_err() && now("a { b", &values(&[])).is_err());
    }

    #[test]
    fn variables_are_in_capitals_without_dashes() {
        let target = crate::model::EnvironmentId::new("staging").service("sales");
        let all = variables(&values(&[("db-port", "5432")]), &target, "a");
        assert!(all.contains(&("DB_PORT".into(), "5432".into())) && all.contains(&("QD_HOST".into(), "a".into())));
    }
}
