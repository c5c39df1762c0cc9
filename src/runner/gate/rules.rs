//! The rules of the gate, one a function: each refuses with words that say what to do, or lets pass. Pure; none of them
//! makes a permit.

use jiff::Timestamp;

use super::{Consent, FRESH, Given, Refusal, SHORTEST_EMERGENCY, SHORTEST_REASON, is_reason, since};
use crate::config::acting::Policy;
use crate::model::plan::StepEffect;
use crate::model::{Level, Plan, ServiceId};
use crate::runner::plan::digest;
use crate::transport::human;

/// The plan is what its digest says.
pub(super) fn intact(plan: &Plan) -> Result<(), Refusal> {
    if digest(plan) == plan.digest {
        return Ok(());
    }
    Err(Refusal::new("this plan was changed after it was made: its digest is not that of its content"))
}

/// So it is, and it is the one that was agreed to.
pub(super) fn content(plan: &Plan, consent: &Consent) -> Result<(), Refusal> {
    intact(plan)?;
    if consent.digest != plan.digest {
        return Err(Refusal::new(format!(
            "another plan was agreed to: this one is {}; look at it again",
            plan.short()
        )));
    }
    Ok(())
}

/// It can run.
pub(super) fn blocked(plan: &Plan) -> Result<(), Refusal> {
    let mut why: Vec<String> = plan.blocked.iter().map(ToString::to_string).collect();
    for step in plan.steps.iter().filter(|s| s.left_out.is_none()) {
        for (host, effect) in &step.effects {
            if let StepEffect::Blocked(reason) = effect {
                why.push(format!("{} on {host}: {reason}", step.step.id));
            }
        }
    }
    why.dedup();
    if why.is_empty() { Ok(()) } else { Err(Refusal::new(format!("the plan is blocked: {}", why.join("; ")))) }
}

/// Its facts are not too old for where it runs.
pub(super) fn fresh(plan: &Plan, level: Level, now: Timestamp) -> Result<(), Refusal> {
    let age = since(plan.made_at, now);
    if level >= Level::Typed && age > FRESH {
        let (age, most) = (human(std::time::Duration::from_secs(age.as_secs())), human(FRESH));
        return Err(Refusal::new(format!("its facts are {age} old, at most {most} here: plan again")));
    }
    if plan.made_at > now && since(now, plan.made_at) > FRESH {
        return Err(Refusal::new("it was made by a clock that is ahead of this one: plan again"));
    }
    Ok(())
}

/// It was agreed to in the way that its level asks for. A stronger way fits a lower level.
pub(super) fn consent(plan: &Plan, level: Level, consent: &Consent) -> Result<(), Refusal> {
    let phrase = phrase(&plan.target, level, plan.short());
    let fits = match &consent.by {
        Given::Enter => level == Level::Enter,
        Given::Yes => level <= Level::Yes,
        Given::Typed(typed) => typed.trim() == phrase,
        Given::Flag(flag) => return flagged(plan, flag),
    };
    if fits { Ok(()) } else { Err(Refusal::new(wanted(level, &phrase))) }
}

/// What is to be typed at a level: the target, and the digest where it may destroy.
pub(super) fn phrase(target: &ServiceId, level: Level, short: &str) -> String {
    match level {
        Level::Digest => format!("{target} {short}"),
        _ => target.to_string(),
    }
}

fn flagged(plan: &Plan, flag: &str) -> Result<(), Refusal> {
    let wanted = format!("{}:{}", plan.target.environment, plan.short());
    if flag == wanted {
        return Ok(());
    }
    Err(Refusal::new(format!("--confirm says {flag}, this plan is {wanted}")))
}

fn wanted(level: Level, phrase: &str) -> String {
    match level {
        Level::Enter => "press Enter to run it".into(),
        Level::Yes => "answer y to run it".into(),
        Level::Typed | Level::Digest => format!("type `{phrase}` to run it"),
    }
}

/// The same for what is done by hand, without a plan.
pub(super) fn by_hand(target: &ServiceId, level: Level, consent: &Consent) -> Result<(), Refusal> {
    let phrase = target.to_string();
    let fits = match &consent.by {
        Given::Enter => level == Level::Enter,
        Given::Yes => level <= Level::Yes,
        Given::Typed(typed) => typed.trim() == phrase,
        Given::Flag(flag) => *flag == phrase,
    };
    if fits { Ok(()) } else { Err(Refusal::new(wanted(level.min(Level::Typed), &phrase))) }
}

/// A reason where mistakes cost something.
pub(super) fn reason(level: Level, consent: &Consent) -> Result<(), Refusal> {
    let is_given = consent.reason.as_ref().is_some_and(|reason| is_reason(reason, SHORTEST_REASON));
    if level >= Level::Typed && !is_given {
        return Err(Refusal::new(format!("say why, in at least {SHORTEST_REASON} characters")));
    }
    Ok(())
}

/// Nothing starts at a peak time, but for an incident.
pub(super) fn peak(policy: &Policy, consent: &Consent, now: Timestamp) -> Result<(), Refusal> {
    let Some(peak) = policy.peak_at(now) else { return Ok(()) };
    if consent.break_glass.as_ref().is_some_and(|reason| is_reason(reason, SHORTEST_EMERGENCY)) {
        return Ok(());
    }
    let how = format!("for an incident `qd run --break-glass` takes why, in at least {SHORTEST_EMERGENCY} characters");
    Err(Refusal::new(format!("nothing starts at this time ({}); {how}", peak.written)))
}

/// What a run left unfinished is not gone over unseen.
pub(super) fn dirty(plan: &Plan, level: Level, consent: &Consent) -> Result<(), Refusal> {
    let Some(dirty) = plan.goes_over().next() else { return Ok(()) };
    let is_seen = consent.over_dirty.as_ref().is_some_and(|reason| is_reason(reason, SHORTEST_REASON));
    if level < Level::Typed || is_seen {
        return Ok(());
    }
    let (run, who) = (&dirty.run, &dirty.operator);
    let what = format!("run {run} of {} by {who} was left unfinished", dirty.runbook);
    Err(Refusal::new(format!("{what}: resume it, roll back, or say why to go over it")))
}
