//! What a confirmation is bound to: one number over everything that a plan says, but for what may differ between two looks
//! at the same facts. Pure.

use serde_json::Value;

use crate::model::Plan;

/// SHA-256 in hexadecimal over the canonical JSON of a plan: keys in order, without the digest itself, the time of its
/// making, estimates, warnings, clocks, and who holds the lock or left something unfinished.
pub fn digest(plan: &Plan) -> String {
    let mut value = serde_json::to_value(plan).unwrap_or_default();
    if let Value::Object(fields) = &mut value {
        for name in ["digest", "made_at", "estimate", "warnings"] {
            fields.remove(name);
        }
    }
    each(&mut value, "/steps", "estimate");
    each(&mut value, "/hosts", "clock_offset");
    if let Some(Value::Object(lock)) = value.pointer_mut("/lock") {
        lock.remove("held");
        lock.remove("dirty");
    }
    let mut text = String::new();
    write(&value, &mut text);
    crate::runner::audit::sha256(text.as_bytes())
}

fn each(value: &mut Value, list: &str, name: &str) {
    let Some(Value::Array(items)) = value.pointer_mut(list) else { return };
    for item in items.iter_mut().filter_map(Value::as_object_mut) {
        item.remove(name);
    }
}

/// By our own hand: whether serde_json keeps keys in order is decided by whoever else uses it.
fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort_unstable();
            text.push('{');
            for (at, name) in names.into_iter().enumerate() {
                text.push_str(if at == 0 { "" } else { "," });
                text.push_str(&Value::String(name.clone()).to_string());
                text.push(':');
                if let Some(field) = fields.get(name) {
                    write(field, text);
                }
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                text.push_str(if at == 0 { "" } else { "," });
                write(item, text);
            }
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::SignedDuration;

    use super::*;
    use crate::model::plan::{Estimate, StepEffect};
    use crate::runner::plan::fixture;

    #[test]
    fn the_same_facts_give_the_same_digest_after_a_trip_through_a_file_too() {
        let plan = fixture::plan();
        assert_eq!(plan.digest, digest(&plan));
        let read: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
        assert_eq!(digest(&read), plan.digest);
    }

    #[test]
    fn what_may_differ_between_two_looks_leaves_the_digest_alone() {
        let plan = fixture::plan();
        let mut later = plan.clone();
        later.made_at += SignedDuration::from_mins(3);
        later.warnings.push("probe `live` fails".into());
        later.estimate = Some(Estimate { p50: Duration::from_secs(9), p90: Duration::from_secs(12), runs: 4 });
        later.hosts[0].clock_offset = Some(SignedDuration::from_millis(-17));
        later.steps[0].estimate = Some(Duration::from_secs(2));
        later.lock.as_mut().unwrap().dirty = Some(fixture::dirty());
        assert_eq!(digest(&later), plan.digest);
    }

    #[test]
    fn every_change_that_matters_gives_another_digest() {
        let plan = fixture::plan();
        let changes: Vec<fn(&mut Plan)> = vec![
            |p| p.runbook_hash.push('0'),
            |p| p.target = p.target.environment.service("other"),
            |p| p.inputs[0].shown = "v1.3".into(),
            |p| p.values.insert("version".into(), crate::model::plan::Value::Plain("v1.3".into())).map_or((), drop),
            |p| p.hosts[0].identity = Some("SHA256:other".into()),
            |p| p.hosts.truncate(1),
            |p| p.batches.reverse(),
            |p| p.level = crate::model::Level::Enter,
            |p| p.blocked.push("no".into()),
            |p| p.steps.reverse(),
            |p| p.steps[0].step.timeout += Duration::from_secs(1),
            |p| p.steps[0].effects.insert("a".into(), StepEffect::NoChange).map_or((), drop),
            |p| p.lock.as_mut().unwrap().keys.push("more".into()),
            |p| p.not_undone.push("mail".into()),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut other = plan.clone();
            change(&mut other);
            assert_ne!(digest(&other), plan.digest, "change {number}");
        }
    }
}
