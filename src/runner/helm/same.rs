//! Whether the plan that a person agreed to, made from the deck as it is now, is the one that a run goes on with. Pure.

use crate::model::plan::{HostName, PlannedHost, PlannedStep};
use crate::model::{Plan, Text};

/// The first thing in which going on would not be what was agreed to, in words that say what to do; none where nothing is.
/// What is observed anew may differ: effects, versions, estimates, who is reached.
pub(super) fn difference(pinned: &Plan, agreed: &Plan) -> Option<Text> {
    let what = what(pinned, agreed)?;
    let (run, runbook) = (agreed.resumes.as_ref().map(ToString::to_string).unwrap_or_default(), &pinned.runbook);
    let why = format!("run {run} cannot go on: since it began, {what}");
    Some(format!("{why}; put the deck back as it was then, or start {runbook} anew").into())
}

fn what(pinned: &Plan, agreed: &Plan) -> Option<String> {
    if (&pinned.target, &pinned.runbook) != (&agreed.target, &agreed.runbook) {
        return Some(format!("{} on {} became {} on {}", pinned.runbook, pinned.target, agreed.runbook, agreed.target));
    }
    if let Some(what) = hosts(&pinned.hosts, &agreed.hosts) {
        return Some(what);
    }
    let place = |plan: &Plan| plan.lock.as_ref().map(|lock| (lock.host.clone(), lock.keys.clone()));
    if place(pinned) != place(agreed) {
        return Some("the place or the names of its locks have changed".to_owned());
    }
    // What ran before is what it was when the run began.
    let names = pinned.values.keys().chain(agreed.values.keys()).filter(|name| *name != "previous");
    if let Some(name) = names.into_iter().find(|name| pinned.values.get(*name) != agreed.values.get(*name)) {
        return Some(format!("the value of `{name}` has changed"));
    }
    if let Some(what) = steps(&pinned.steps, &agreed.steps) {
        return Some(what);
    }
    let release = |plan: &Plan| plan.release.as_ref().map(|r| (r.release.clone(), r.version.clone()));
    let checks = [
        (pinned.batches != agreed.batches || pinned.batching != agreed.batching, "its batches have changed"),
        (pinned.require != agreed.require, "its preconditions have changed"),
        (release(pinned) != release(agreed), "what it says of its release has changed"),
        (pinned.on_failure != agreed.on_failure, "what follows its failure has changed"),
        (pinned.runbook_hash != agreed.runbook_hash, "a text that its runbook includes has changed"),
    ];
    checks.into_iter().find(|(differs, _)| *differs).map(|(_, words)| words.to_owned())
}

fn hosts(pinned: &[PlannedHost], agreed: &[PlannedHost]) -> Option<String> {
    let names = |hosts: &[PlannedHost]| hosts.iter().map(|h| h.name.clone()).collect::<Vec<HostName>>();
    if names(pinned) != names(agreed) {
        return Some(format!("its hosts were {} and are {}", names(pinned).join(", "), names(agreed).join(", ")));
    }
    pinned.iter().zip(agreed).find_map(|(then, now)| {
        if then.destination != now.destination {
            return Some(format!("{} was {} and is {}", then.name, then.destination, now.destination));
        }
        // One that is not reached now has no key to be compared.
        let (then_key, now_key) = (then.identity.as_ref()?, now.identity.as_ref()?);
        (then_key != now_key).then(|| format!("{} has another host key: {now_key}, it was {then_key}", then.name))
    })
}

fn steps(pinned: &[PlannedStep], agreed: &[PlannedStep]) -> Option<String> {
    let same = |a: &PlannedStep, b: &PlannedStep| a.step == b.step && a.hosts == b.hosts && a.left_out == b.left_out;
    if let Some((then, _)) = pinned.iter().zip(agreed).find(|(then, now)| !same(then, now)) {
        return Some(format!("its step {} has changed", then.step.id));
    }
    (pinned.len() != agreed.len()).then(|| format!("it had {} steps and has {}", pinned.len(), agreed.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::plan::{StepEffect, Value};
    use crate::runner::plan::fixture;

    type Change = (fn(&mut Plan), &'static str);

    #[test]
    fn what_is_observed_anew_is_no_difference() {
        let then = fixture::plan();
        let mut now = then.clone();
        now.made_at += jiff::SignedDuration::from_hours(2);
        now.values.insert("previous".into(), Value::Plain("v9".into()));
        now.steps[0].effects.insert("a".into(), StepEffect::NoChange);
        now.hosts[0].identity = None;
        now.hosts[0].unreachable = Some("no route".into());
        now.lock.as_mut().unwrap().dirty = Some(fixture::dirty());
        now.warnings.push("probe `live` fails".into());
        now.digest = "00".into();
        assert_eq!(difference(&then, &now), None);
    }

    #[test]
    fn every_change_of_what_would_be_done_is_told() {
        let mut then = fixture::plan();
        then.hosts[0].identity = Some("SHA256:one".into());
        let changes: Vec<Change> = vec![
            (|p| p.hosts[0].identity = Some("SHA256:other".into()), "has another host key: SHA256:other"),
            (|p| p.hosts[0].destination = "192.0.2.99".into(), "and is 192.0.2.99"),
            (|p| p.hosts.truncate(1), "its hosts were"),
            (|p| p.lock.as_mut().unwrap().keys.push("qa/more".into()), "its locks"),
            (|p| drop(p.values.insert("version".into(), Value::Plain("v77".into()))), "the value of `version`"),
            (|p| p.steps[0].step.timeout *= 2, "its step"),
            (|p| drop(p.steps.pop()), "steps and has"),
            (|p| p.batches.push(vec!["z".into()]), "its batches"),
            (|p| p.runbook_hash.push('0'), "a text that its runbook includes"),
        ];
        for (change, words) in changes {
            let mut now = then.clone();
            change(&mut now);
            let told = difference(&then, &now).map(|t| t.to_string()).unwrap_or_default();
            assert!(told.contains(words) && told.contains("put the deck back"), "{words}: {told}");
        }
    }
}
