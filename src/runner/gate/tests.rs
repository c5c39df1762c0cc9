//! What the gate lets pass, and the words with which it does not.

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::model::plan::StepEffect;
use crate::model::runbook::Action;
use crate::model::{RunId, RunbookKind};
use crate::runner::plan::{digest, fixture};

fn policy(tier: Tier, level: Level) -> Policy {
    Policy { tier, level, peak: Vec::new(), timezone: TimeZone::UTC, state: None }
}

fn mildest() -> Policy {
    policy(Tier::Development, Level::Enter)
}

fn at(level: Level) -> Plan {
    changed(|plan| {
        plan.level = level;
        plan.tier = if level >= Level::Typed { Tier::Production } else { Tier::Development };
    })
}

fn changed(change: impl FnOnce(&mut Plan)) -> Plan {
    let mut plan = fixture::plan();
    change(&mut plan);
    plan.digest = digest(&plan);
    plan
}

fn consent(plan: &Plan, by: Given) -> Consent {
    Consent {
        digest: plan.digest.clone(),
        by,
        reason: Some("new release".into()),
        operator: Operator { name: "ops".into(), console: "desk".into() },
        break_glass: None,
        over_dirty: None,
    }
}

fn typed(plan: &Plan) -> Consent {
    let flag = format!("{}:{}", plan.target.environment, plan.short());
    consent(plan, Given::Flag(flag))
}

fn now() -> Timestamp {
    fixture::made_at() + SignedDuration::from_mins(1)
}

fn refused(gate: &Gate, plan: &Plan, policy: &Policy, consent: &Consent) -> String {
    gate.admit(plan, policy, consent, now()).unwrap_err().to_string()
}

#[test]
fn each_level_takes_its_own_way_of_agreeing_and_no_weaker_one() {
    let gate = Gate::default();
    for level in [Level::Enter, Level::Yes, Level::Typed, Level::Digest] {
        let plan = at(level);
        let short = plan.short().to_owned();
        let ways = [
            (Given::Enter, level == Level::Enter),
            (Given::Yes, level <= Level::Yes),
            (Given::Typed("production/sales".into()), level <= Level::Typed),
            (Given::Typed(format!("production/sales {short}")), level == Level::Digest),
            (Given::Typed("production".into()), false),
            (Given::Typed("production/sale".into()), false),
            (Given::Typed("Production/sales".into()), false),
            (Given::Typed("production/sales 00000000".into()), false),
            (Given::Typed(String::new()), false),
            (Given::Flag(format!("production:{short}")), true),
            (Given::Flag(format!("staging:{short}")), false),
            (Given::Flag("production:00000000".into()), false),
            (Given::Flag(format!("production:{}", plan.digest)), false),
        ];
        for (by, passes) in ways {
            let given = consent(&plan, by.clone());
            let admitted = gate.admit(&plan, &mildest(), &given, now());
            assert_eq!(admitted.is_ok(), passes, "{level:?} by {by:?}: {admitted:?}");
        }
    }
}

#[test]
fn a_policy_raises_what_a_plan_was_made_for_and_never_lowers_it() {
    let gate = Gate::default();
    let plan = at(Level::Enter);
    let by_enter = consent(&plan, Given::Enter);
    assert!(gate.admit(&plan, &mildest(), &by_enter, now()).is_ok());
    let stricter = policy(Tier::Development, Level::Typed);
    assert_eq!(refused(&gate, &plan, &stricter, &by_enter), "type `production/sales` to run it");
    assert_eq!(refused(&gate, &at(Level::Digest), &mildest(), &consent(&at(Level::Digest), Given::Yes)), {
        format!("type `production/sales {}` to run it", at(Level::Digest).short())
    });
    let staging = policy(Tier::Staging, Level::Enter);
    assert_eq!(refused(&gate, &plan, &staging, &by_enter), "answer y to run it");
}

#[test]
fn a_read_only_console_lets_pass_what_only_looks_and_nothing_else() {
    let gate = Gate { read_only: true, ..Gate::default() };
    let plan = at(Level::Enter);
    assert_eq!(refused(&gate, &plan, &mildest(), &typed(&plan)), READ_ONLY);
    let looks = changed(|p| p.steps.iter_mut().for_each(|s| s.step.looks = true));
    assert!(gate.admit(&looks, &mildest(), &consent(&looks, Given::Enter), now()).is_ok());
    let copies = changed(|p| {
        p.steps[0].step.looks = true;
        p.steps[1].step.looks = true;
        p.steps[1].step.action = Action::Copy { from: "a".into(), to: "/b".into(), delete: false };
    });
    assert_eq!(refused(&gate, &copies, &mildest(), &typed(&copies)), READ_ONLY);
}

#[test]
fn a_protected_environment_is_armed_first_for_ten_minutes_and_one_at_a_time() {
    let mut gate = Gate { arms: true, ..Gate::default() };
    let plan = at(Level::Typed);
    assert_eq!(refused(&gate, &plan, &mildest(), &typed(&plan)), "production is protected: arm it first");
    assert!(gate.arm(&plan.target.environment, &"  ".into(), now()).is_err());
    let until = gate.arm(&plan.target.environment, &"release".into(), now()).unwrap();
    assert_eq!(until, now() + ARMED);
    assert!(gate.admit(&plan, &mildest(), &typed(&plan), now()).is_ok());
    let late = changed(|p| p.made_at = now() + ARMED);
    let words = gate.admit(&late, &mildest(), &typed(&late), until).unwrap_err().to_string();
    assert!(words.ends_with("arm it again"), "{words}");
    gate.arm(&EnvironmentId::new("other"), &"release".into(), now()).unwrap();
    assert_eq!(refused(&gate, &plan, &mildest(), &typed(&plan)), "production is protected: arm it first");
    gate.arm(&plan.target.environment, &"release".into(), now()).unwrap();
    gate.disarm();
    assert!(gate.armed(now()).is_none());
    assert!(gate.admit(&plan, &mildest(), &typed(&plan), now()).is_err());
    let free = at(Level::Enter);
    assert!(gate.admit(&free, &mildest(), &consent(&free, Given::Enter), now()).is_ok(), "it is not protected");
}

#[test]
fn a_plan_that_was_changed_blocked_or_is_stale_is_refused_with_what_to_do() {
    let gate = Gate::default();
    let mut forged = at(Level::Typed);
    forged.steps[0].step.action = Action::Shell { script: "rm -rf /".into(), cwd: None, env: [].into() };
    assert!(refused(&gate, &forged, &mildest(), &typed(&forged)).starts_with("this plan was changed"));
    let blocked = changed(|p| {
        p.blocked.push("host b is not reached".into());
        p.steps[0].effects.insert("a".into(), StepEffect::Blocked("sudo is refused".into()));
    });
    let words = refused(&gate, &blocked, &mildest(), &typed(&blocked));
    assert_eq!(words, "the plan is blocked: host b is not reached; switch on a: sudo is refused");
    let old = |age: u64| {
        let then = fixture::made_at() + SignedDuration::try_from(Duration::from_secs(age)).unwrap();
        let plan = at(Level::Typed);
        gate.admit(&plan, &mildest(), &typed(&plan), then)
    };
    assert!(old(15 * 60).is_ok());
    assert_eq!(old(15 * 60 + 1).unwrap_err().to_string(), "its facts are 15m1s old, at most 15m here: plan again");
    let mild = at(Level::Yes);
    let day = fixture::made_at() + SignedDuration::from_hours(24);
    assert!(gate.admit(&mild, &mildest(), &consent(&mild, Given::Yes), day).is_ok());
}

#[test]
fn a_reason_is_needed_where_mistakes_cost_something() {
    let gate = Gate::default();
    let plan = at(Level::Typed);
    for reason in [None, Some("  a b "), Some("")] {
        let given = Consent { reason: reason.map(Into::into), ..typed(&plan) };
        assert_eq!(refused(&gate, &plan, &mildest(), &given), "say why, in at least 3 characters");
    }
    let mild = at(Level::Yes);
    let given = Consent { reason: None, ..consent(&mild, Given::Yes) };
    assert!(gate.admit(&mild, &mildest(), &given, now()).is_ok());
}

#[test]
fn what_a_run_left_unfinished_is_resumed_rolled_back_or_gone_over_with_a_reason() {
    let gate = Gate::default();
    let left = |change: fn(&mut Plan)| {
        changed(|p| {
            p.lock.as_mut().unwrap().dirty = Some(fixture::dirty());
            change(p);
        })
    };
    let plan = left(|_| {});
    let words = refused(&gate, &plan, &mildest(), &typed(&plan));
    assert_eq!(
        words,
        "run 20261119-090000-00aa of deploy by ops@desk was left unfinished: resume it, roll back, or say why to go over it"
    );
    let seen = Consent { over_dirty: Some("looked at it".into()), ..typed(&plan) };
    assert!(gate.admit(&plan, &mildest(), &seen, now()).is_ok());
    let resumed = left(|p| p.resumes = Some(fixture::dirty().run));
    assert!(gate.admit(&resumed, &mildest(), &typed(&resumed), now()).is_ok());
    let another = left(|p| p.resumes = RunId::parse("20261119-090000-00ab"));
    assert!(gate.admit(&another, &mildest(), &typed(&another), now()).is_err());
    let back = left(|p| p.kind = RunbookKind::Rollback);
    assert!(gate.admit(&back, &mildest(), &typed(&back), now()).is_ok());
    let mild = left(|p| (p.level, p.tier) = (Level::Yes, Tier::Staging));
    assert!(gate.admit(&mild, &mildest(), &consent(&mild, Given::Yes), now()).is_ok());
}

#[test]
fn what_is_done_by_hand_is_agreed_to_at_the_level_of_its_environment() {
    let gate = Gate { arms: true, ..Gate::default() };
    let target = EnvironmentId::new("staging").service("sales");
    let staging = policy(Tier::Staging, Level::Yes);
    let given = |by| consent(&fixture::plan(), by);
    assert!(gate.admit_hand(&target, &staging, &given(Given::Enter), now()).is_err());
    assert!(gate.admit_hand(&target, &staging, &given(Given::Yes), now()).is_ok());
    let production = policy(Tier::Production, Level::Digest);
    let words = gate.admit_hand(&target, &production, &given(Given::Yes), now()).unwrap_err().to_string();
    assert_eq!(words, "staging is protected: arm it first");
    let line = Gate::default();
    assert!(line.admit_hand(&target, &production, &given(Given::Flag("staging/sales".into())), now()).is_ok());
    assert!(line.admit_hand(&target, &production, &given(Given::Flag("staging/sale".into())), now()).is_err());
}

proptest! {
    #[test]
    fn no_consent_without_the_exact_digest_is_ever_admitted(
        level in 0u8..4,
        digest in "[0-9a-f]{0,64}|.{0,12}",
        cut in 0usize..64,
        reason in ".{0,30}",
    ) {
        let plan = at(Level::from_number(level));
        let short = plan.short().to_owned();
        let digests = [digest, plan.digest.chars().take(cut).collect(), plan.digest.to_uppercase(), format!("{} ", plan.digest)];
        for digest in digests.into_iter().filter(|d| *d != plan.digest) {
            for by in [Given::Enter, Given::Yes, Given::Typed(format!("production/sales {short}")),
                       Given::Typed("production/sales".into()), Given::Flag(format!("production:{short}"))] {
                let given = Consent { digest: digest.clone(), reason: Some(reason.as_str().into()),
                    over_dirty: Some("yes yes".into()), break_glass: Some("an incident of some size".into()),
                    ..consent(&plan, by) };
                prop_assert!(Gate::default().admit(&plan, &mildest(), &given, now()).is_err());
            }
        }
    }
}
