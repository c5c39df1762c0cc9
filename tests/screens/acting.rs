//! Pictures of acting: runbooks, inputs, plans, runs, questions, locks, the audit log.

use quarterdeck::model::run::{Liveness, Question};
use quarterdeck::model::{Level, RunStatus, Tier};
use quarterdeck::store::Event;

use crate::look::shots;
use crate::runs::{
    acting, ago, armed, asking, card, dirty, failing, history, holder, locks, made, plan, running, summary,
};
use crate::world::World;

fn production() -> quarterdeck::model::Plan {
    plan("production/sales", Tier::Production, Level::Typed, &["vps"])
}

#[test]
fn runbooks_of_a_service_are_chosen_and_those_that_do_not_apply_say_why() {
    shots("picker", acting().play().after("r"));
    shots("picker-not-applying", acting().play().after("r up down down down"));
    shots("picker-none", crate::decks::shop().play().after("r"));
}

#[test]
fn inputs_are_asked_for_and_checked() {
    let form = || acting().play().after("r").typed("deploy").after("enter");
    shots("inputs", form());
    shots("inputs-wrong", form().typed("2.15").after("down down down right down").typed("hunter2"));
}

#[test]
fn a_plan_is_awaited_and_may_not_be_made() {
    let mut world = acting().play().after("r").typed("rollback").after("enter");
    world.wait(4);
    shots("plan-awaited", world);
    let mut world = acting().play().after("r").typed("rollback").after("enter");
    let event = made(&world, Err("version: no release is on record but the one that runs"));
    world.hears(event);
    shots("plan-none", world);
}

#[test]
fn a_plan_is_read_before_it_is_confirmed() {
    shots("plan-unarmed", card(production(), false));
    shots("plan-armed", card(production(), true));
    shots(
        "plan-typing",
        card(production(), true).after("tab").typed("production/sales").after("tab").typed("sales down"),
    );
    shots("plan-staging", card(plan("qa/sales", Tier::Staging, Level::Yes, &["qa-1"]), false));
    shots("plan-development", card(plan("sandbox/sales", Tier::Development, Level::Enter, &["local"]), false));
    shots("plan-step", card(production(), true).after("o"));
}

#[test]
fn what_keeps_a_plan_from_running_is_told_first() {
    let mut blocked =
        plan("production/sales", Tier::Production, Level::Digest, &["web-1", "web-2", "web-3", "web-4", "web-5"]);
    blocked.blocked = vec!["night@desk-2 holds production/sales for deploy-release".into()];
    blocked.warnings = vec!["sales is unhealthy for 4m".into(), "the clock of web-3 is 12 s ahead".into()];
    blocked.raised_by = vec!["it reaches more than a quarter of the hosts".into()];
    blocked.hosts[2].unreachable = Some("no route to 192.0.2.15:22".into());
    if let Some(lock) = &mut blocked.lock {
        lock.held = Some(holder("production/sales", Liveness::Held));
        lock.dirty = Some(dirty());
    }
    shots("plan-blocked", card(blocked.clone(), true));
    blocked.blocked.clear();
    blocked.kind = quarterdeck::model::RunbookKind::Deploy;
    shots("plan-dirty", card(blocked, true).after("tab"));
}

#[test]
fn sudo_and_typed_secrets_are_asked_for_unseen() {
    let mut sudo = production();
    sudo.hosts[0].sudo = Some(quarterdeck::model::plan::Sudo::Password);
    let world = card(sudo, true).after("tab").typed("production/sales").after("tab").typed("sales down");
    shots("plan-sudo", world.after("tab").typed("hunter2"));
    let mut listed = acting().play();
    let runs = vec![summary(7, "qa/sales", "deploy-release", RunStatus::Interrupted, 5)];
    listed.hears(Event::RunsListed { runs });
    listed.press("6 R");
    listed.wait(2);
    shots("inputs-again", listed.after("y").typed("hunter2"));
}

#[test]
fn what_was_not_started_says_why() {
    let mut world = card(production(), true).after("tab").typed("production/sales").after("tab").typed("sales down");
    world.press("enter");
    shots("run-starting", world);
    let mut world = card(production(), true).after("tab").typed("production/sales").after("tab").typed("sales down");
    world.press("enter");
    let why = "nothing starts at this time (Mon-Fri 09:00-17:00); for an incident `qd run --break-glass` takes why, \
               in at least 20 characters";
    world.hears(Event::RunRefused { ask: world.ui.asks, why: why.into() });
    shots("run-refused", world);
}

#[test]
fn a_run_shows_its_steps_and_what_they_print() {
    shots("run", running().after("6"));
    shots("run-full", running().after("6 o"));
    shots("run-behind", running());
    shots("run-stop", running().after("6 ctrl-c"));
    shots("run-interrupt", running().after("6 i"));
}

#[test]
fn a_failure_is_a_question_with_its_reason() {
    shots("failure", failing().after("6"));
    shots("failure-host", failing().after("6 down down"));
    shots("failure-skip", failing().after("6 s").typed("web-2 is drained"));
}

#[test]
fn people_are_asked_in_other_ways_too() {
    let boxes = Question::Boxes {
        step: "prove".into(),
        items: vec!["a login works".into(), "an order goes through".into(), "the desk knows".into()],
        ticked: vec![0],
    };
    shots("boxes", asking(boxes).after("6 down"));
    let danger = Question::Danger { step: "restart".into(), hosts: vec!["vps".into()] };
    shots("danger", asking(danger).after("6 a"));
    let batch = Question::Batch { batch: 1, hosts: vec!["vps".into()] };
    shots("batch", asking(batch).after("6"));
}

#[test]
fn runs_on_record_are_listed() {
    let listed = |mut world: World| {
        world.hears(Event::RunsListed { runs: history() });
        world
    };
    shots("runs", listed(acting().play()).after("6"));
    shots("runs-going", listed(running()).after("6 esc"));
    shots("runs-none", acting().play().after("6"));
}

#[test]
fn locks_and_the_audit_log_are_shown() {
    let mut world = acting().play().after("L");
    world.hears(locks());
    shots("locks", world);
    let mut world = acting().play();
    world.hears(armed("production"));
    world.hears(locks());
    shots("locks-break", world.after("L down b"));
    let mut world = acting().play().after("U");
    let lines = vec![
        (ago(40), "run 20261120-060130-7c1f began: rollback-release on production/sales by ops@laptop".into()),
        (ago(90), "production armed by ops@laptop: sales down since 13:58".into()),
    ];
    world.hears(Event::AuditListed { lines, broken: Some("line 412 does not follow line 411: it was changed".into()) });
    shots("audit", world);
    shots("arm", acting().play().after("A").typed("sales down"));
}
