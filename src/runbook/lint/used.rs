//! Lint over names: inputs that nothing uses, variables and names in braces that nothing sets.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::{pattern, shell, spot};
use crate::model::runbook::Action;
use crate::runbook::front::Front;
use crate::runbook::step::{Draft, Shell};
use crate::settings::{Faults, word};

patterns! {
    USE = r"(?:^|[^\\])\$\{?#?([A-Z][A-Z0-9_]*)(:?[-+=])?";
    SET = r"(?m)(?:^|[\s;&|({])([A-Z][A-Z0-9_]*)=|\bfor\s+([A-Z][A-Z0-9_]*)\s+in\b|\bread\s+(?:-r\s+)?([A-Z][A-Z0-9_]*)";
    SOURCES = r"(?m)^\s*(?:\.|source|eval)\s+\S";
}

/// Variables that a shell, its login or the run itself sets.
const COMMON: [&str; 41] = [
    "HOME",
    "PATH",
    "USER",
    "LOGNAME",
    "SHELL",
    "PWD",
    "OLDPWD",
    "TMPDIR",
    "LANG",
    "LC_ALL",
    "TERM",
    "TZ",
    "HOSTNAME",
    "RANDOM",
    "SECONDS",
    "UID",
    "EUID",
    "PPID",
    "IFS",
    "OPTARG",
    "OPTIND",
    "LINENO",
    "BASH_SOURCE",
    "BASH_VERSION",
    "FUNCNAME",
    "PIPESTATUS",
    "NF",
    "NR",
    "FS",
    "OFS",
    "RS",
    "XDG_RUNTIME_DIR",
    "SSH_CONNECTION",
    "PREVIOUS",
    "ENVIRONMENT",
    "SERVICE",
    "QD_ENVIRONMENT",
    "QD_SERVICE",
    "QD_HOST",
    "QD_RUN",
    "QD_STEP",
];

/// Names that texts can hold whatever the service sets.
const BRACED: [&str; 6] = ["environment", "service", "host", "run", "step", "previous"];

/// As a variable is called.
fn variable(name: &str) -> String {
    name.to_uppercase().replace('-', "_")
}

fn known(front: &Front) -> impl Iterator<Item = &str> {
    let inputs = front.inputs.iter().map(|i| i.name.as_str());
    inputs.chain(front.needs.iter().map(String::as_str)).chain(front.defaults.keys().map(String::as_str))
}

fn shells<'d>(front: &'d Front, drafts: &'d [Draft]) -> impl Iterator<Item = &'d Shell> {
    front.shells.iter().chain(drafts.iter().flat_map(|d| &d.shells))
}

/// Inputs that are asked for and not used.
pub fn inputs(front: &Front, drafts: &[Draft], faults: &Faults<'_>) {
    for input in &front.inputs {
        let name = input.name.as_str();
        let Some(word) = pattern(&format!(r"\b{}\b", regex::escape(&variable(name)))) else { continue };
        let braced = format!("{{{name}}}");
        let in_steps = drafts.iter().any(|draft| {
            let in_sql =
                matches!(&draft.step.action, Action::Sql(call) if call.statement.contains(&format!(":{name}")));
            let in_when = draft.step.when.as_ref().is_some_and(|w| w.name == name);
            in_sql || in_when || draft.names.iter().any(|(n, _)| n == name)
        });
        let elsewhere = front.release.as_ref().is_some_and(|r| r.version == name)
            || front.inputs.iter().any(|i| i.default.as_ref().is_some_and(|d| d.contains(&braced)));
        if !in_steps && !elsewhere && !shells(front, drafts).any(|s| word.is_match(&s.text)) {
            let place = front.input_places.get(name).copied().unwrap_or(front.kind_place);
            let help =
                format!("use it as \"${}\" in a shell text or as {{{name}}} elsewhere, or remove it", variable(name));
            faults.warn(place, format!("the input `{name}` is used nowhere"), help);
        }
    }
}

/// Variables of shell texts that nothing sets.
pub fn variables(front: &Front, drafts: &[Draft], faults: &Faults<'_>) {
    let named: BTreeSet<String> = known(front).map(variable).collect();
    for shell in &front.shells {
        unset(shell, &named, faults);
    }
    for draft in drafts {
        let mut named = named.clone();
        if let Action::Shell { env, .. } = &draft.step.action {
            named.extend(env.keys().cloned());
        }
        for shell in &draft.shells {
            unset(shell, &named, faults);
        }
    }
}

fn unset(shell: &Shell, named: &BTreeSet<String>, faults: &Faults<'_>) {
    let text = shell::plain(&shell.text);
    let (Some(uses), Some(sets), Some(sources)) = (USE.as_ref(), SET.as_ref(), SOURCES.as_ref()) else { return };
    if sources.is_match(&text) {
        return;
    }
    let set: BTreeSet<&str> =
        sets.captures_iter(&text).filter_map(|c| c.get(1).or(c.get(2)).or(c.get(3))).map(|m| m.as_str()).collect();
    let mut told = BTreeSet::new();
    for used in uses.captures_iter(&text).filter(|c| c.get(2).is_none()) {
        let Some(name) = used.get(1).map(|m| m.as_str()) else { continue };
        let is_known = named.contains(name) || set.contains(name) || COMMON.contains(&name);
        if is_known || !told.insert(name) {
            continue;
        }
        let near = word::nearest(name, named.iter().map(String::as_str));
        let add = format!("add needs = [\"{}\"] where the service sets it, or [inputs.{0}]", name.to_lowercase());
        let help = near.map_or(add, |near| format!("did you mean `${near}`?"));
        faults.warn(spot(shell.place, name, faults), format!("nothing sets `${name}`"), help);
    }
}

/// Names in braces and in conditions that nothing sets.
pub fn names(front: &Front, drafts: &[Draft], faults: &Faults<'_>) {
    let known: Vec<&str> = known(front).chain(BRACED).collect();
    for draft in drafts {
        let when = draft.step.when.as_ref().zip(draft.marks.iter().find(|(mark, _)| *mark == "when"));
        let when = when.map(|(condition, (_, place))| (&condition.name, *place));
        for (name, place) in draft.names.iter().map(|(name, place)| (name, *place)).chain(when) {
            if known.iter().any(|k| k.to_lowercase() == name.to_lowercase()) {
                continue;
            }
            let near = word::nearest(name, known.iter().copied());
            let add = format!("add needs = [\"{name}\"] where the service sets it, or [inputs.{name}]");
            let help = near.map_or(add, |near| format!("did you mean `{near}`?"));
            faults.warn(spot(place, name, faults), format!("nothing sets `{name}`"), help);
        }
    }
}
