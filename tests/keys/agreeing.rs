//! What comes after yes to a plan: the run, or why nothing was started and the way back; and what is asked for besides.

use quarterdeck::model::plan::Sudo;
use quarterdeck::model::run::Entry;
use quarterdeck::model::{Level, Plan, Tier};
use quarterdeck::store::Event;
use quarterdeck::ui::state::Popup;
use quarterdeck::update::{self, Effect};

use crate::look::text;
use crate::runs::{card, plan};
use crate::world::World;

fn production() -> Plan {
    plan("production/sales", Tier::Production, Level::Typed, &["vps"])
}

fn staging() -> Plan {
    plan("qa/sales", Tier::Staging, Level::Yes, &["qa-1"])
}

/// Production, said yes to with a reason.
fn agreed() -> World {
    let mut world = card(production(), true).after("tab").typed("production/sales").after("tab").typed("sales down");
    assert!(matches!(world.press("enter").as_slice(), [Effect::Run { .. }]));
    world
}

fn refused(world: &mut World, why: &str) {
    world.linger(200);
    let ask = world.ui.asks;
    assert!(update::awaits(&world.ui, ask), "nobody looks");
    world.hears(Event::RunRefused { ask, why: why.into() });
}

#[test]
fn a_refusal_is_told_in_words_and_the_card_comes_back_with_its_reason() {
    let why = "its facts are 16m old, at most 15m here: plan again";
    for key in ["enter", "esc"] {
        let mut world = agreed();
        assert!(text(&world).contains("nothing has begun yet"));
        refused(&mut world, why);
        world.wait(60);
        let seen = text(&world);
        assert!(seen.contains("not started") && seen.contains(why) && !seen.contains("has begun yet"), "{seen}");
        world.press(key);
        let Some(Popup::Card(card)) = world.ui.popups.last() else { panic!("no card: {}", text(&world)) };
        assert_eq!((card.consent.reason.text().as_str(), card.consent.phrase.is_empty()), ("sales down", true));
        world.wait(2);
        assert!(matches!(world.press("R").as_slice(), [Effect::Plan { .. }]), "it is planned again from there");
        let Some(Popup::Card(card)) = world.ui.popups.last() else { panic!("no card: {}", text(&world)) };
        assert_eq!(card.consent.reason.text(), "sales down");
    }
}

#[test]
fn a_card_that_comes_back_is_said_yes_to_anew() {
    let mut world = card(plan("sandbox/sales", Tier::Development, Level::Enter, &["local"]), false);
    assert!(matches!(world.press("enter").as_slice(), [Effect::Run { .. }]));
    refused(&mut world, "the audit log cannot be written");
    world.wait(2);
    assert!(world.press("enter").is_empty() && matches!(world.ui.popups.last(), Some(Popup::Card(_))));
    world.linger(300);
    assert!(world.press("enter").is_empty(), "the same key, still held");
    world.wait(2);
    assert!(matches!(world.press("enter").as_slice(), [Effect::Run { .. }]));
    assert!(text(&world).contains("nothing has begun yet"), "what was refused before is over: {}", text(&world));
}

#[test]
fn going_on_with_a_run_that_is_refused_is_told_too() {
    use quarterdeck::model::RunId;
    let resumes = Some(RunId::parse(crate::runs::RUN).unwrap());
    let mut world = card(Plan { resumes, ..staging() }, false);
    world.press("y");
    refused(&mut world, "night@desk-2 holds qa/sales");
    assert!(text(&world).contains("night@desk-2 holds qa/sales"), "{}", text(&world));
}

#[test]
fn the_card_of_a_run_that_goes_on_says_what_was_done() {
    let run = quarterdeck::model::RunId::parse(crate::runs::RUN).unwrap();
    let mut world = card(Plan { resumes: Some(run.clone()), ..staging() }, false);
    assert!(!text(&world).contains("was done"));
    world.hears(Event::RunOpened { run: run.clone(), plan: staging().into(), is_ours: false });
    let fact = crate::going::finished("switch", "qa-1", quarterdeck::model::StepOutcome::Ok, 1200, "");
    let entry = Entry { number: 1, at: crate::runs::ago(60), fact };
    world.hears(Event::RunTold { run, entry: Box::new(entry) });
    let shown = text(&world);
    let done: Vec<&str> = shown.lines().filter(|line| line.contains("was done")).collect();
    assert!(done.len() == 1 && done[0].contains("1 Switch"), "{shown}");
}

#[test]
fn a_reason_is_as_long_as_the_gate_wants_it() {
    let mut world = card(production(), true).after("tab").typed("production/sales").after("tab").typed("n o");
    assert!(world.press("enter").is_empty());
    assert!(text(&world).contains("at least 3 characters"), "{}", text(&world));
    world.write("w");
    assert!(matches!(world.press("enter").as_slice(), [Effect::Run { .. }]));
}

fn with_sudo(mut plan: Plan) -> Plan {
    plan.hosts[0].sudo = Some(Sudo::Password);
    plan
}

#[test]
fn the_password_for_sudo_is_typed_on_the_card_and_seen_nowhere() {
    let mut world = card(with_sudo(production()), true).after("tab").typed("production/sales").after("enter");
    world.write("sales down");
    assert!(world.press("enter").is_empty(), "on to the password");
    assert!(world.press("enter").is_empty() && text(&world).contains("without the password that sudo asks for"));
    world.write("hunterx");
    world.press("backspace");
    update::paste(&mut world.ui, &world.store, "22\n", world.now);
    assert!(!text(&world).contains("hunter") && !format!("{:?}", world.ui).contains("hunter"));
    let effects = world.press("enter");
    let [Effect::Run { sudo: Some(sudo), .. }] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(*sudo == "hunter22".into() && !format!("{effects:?}").contains("hunter"));
    refused(&mut world, "say why");
    world.press("enter");
    let Some(Popup::Card(card)) = world.ui.popups.last() else { panic!("no card") };
    assert!(card.consent.password.is_empty(), "it was handed over");
}

#[test]
fn a_password_is_asked_for_at_every_level_and_when_a_run_goes_on() {
    let development = plan("sandbox/sales", Tier::Development, Level::Enter, &["local"]);
    let resumes = Some(quarterdeck::model::RunId::parse(crate::runs::RUN).unwrap());
    for (plan, key) in [(development, "enter"), (staging(), "y"), (Plan { resumes, ..staging() }, "y")] {
        let mut world = card(with_sudo(plan.clone()), false);
        assert!(world.press(key).is_empty(), "{}", text(&world));
        let mut world = card(with_sudo(plan), false);
        world.press("tab");
        world.write("hunter2");
        assert!(matches!(world.press("enter").as_slice(), [Effect::Run { sudo: Some(_), .. }]), "{}", text(&world));
    }
    assert!(matches!(card(staging(), false).press("y").as_slice(), [Effect::Run { sudo: None, .. }]));
}

#[test]
fn what_only_looks_runs_where_nothing_may_act_and_nothing_else_does() {
    let looking = |mut plan: Plan| {
        for step in &mut plan.steps {
            step.step.looks = true;
        }
        plan.level = Level::Enter;
        assert!(plan.only_looks());
        plan
    };
    for read_only in [false, true] {
        let mut world = card(looking(production()), false);
        world.ui.read_only = read_only;
        assert!(!text(&world).contains("arms it") && !text(&world).contains("and not run"), "{}", text(&world));
        assert!(matches!(world.press("enter").as_slice(), [Effect::Run { .. }]), "{}", text(&world));
        let mut changes = card(production(), false);
        changes.ui.read_only = read_only;
        assert!(changes.press("tab enter").is_empty() && text(&changes).contains("read-only"), "{}", text(&changes));
    }
}

#[test]
fn a_secret_that_was_typed_is_asked_for_again_when_the_run_goes_on() {
    use quarterdeck::model::plan::Value;
    use quarterdeck::model::{RunId, RunStatus};
    let mut deploy = staging();
    deploy.runbook = "deploy-release".into();
    deploy.values.insert("token".into(), Value::Asked);
    deploy.values.insert("version".into(), Value::Plain("2.15.0".into()));
    let run = RunId::parse(crate::runs::RUN).unwrap();
    let mut world = crate::runs::run_of(deploy, true, vec![(9, crate::runs::starting("restart", "qa-1"))]);
    world.hears(Event::RunClosed { run: run.clone() });
    world.press("6");
    world.press("enter R");
    world.wait(2);
    assert!(world.press("y").is_empty(), "{}", text(&world));
    let seen = text(&world);
    assert!(seen.contains("token") && !seen.contains("the release to bring out"), "{seen}");
    assert!(world.press("enter").is_empty() && text(&world).contains("token: needed"));
    world.write("hunter2");
    let asked = |effects: &[Effect]| {
        let [Effect::Plan { resumes: Some(of), secrets, inputs, .. }] = effects else { panic!("{effects:?}") };
        assert!(*of == run && inputs.is_empty() && secrets.get("token") == Some(&"hunter2".into()));
    };
    asked(&world.press("enter"));
    // A plan that cannot be made leads back to the form, not to the same failure.
    world.hears(crate::runs::made(&world, Err("input token is not given")));
    world.wait(2);
    assert!(world.press("R").is_empty() && text(&world).contains("kept nowhere"), "{}", text(&world));
    world.write("hunter2");
    asked(&world.press("enter"));
    // Of one that was only listed nobody knows how it was given.
    let mut listed = crate::runs::acting().play();
    listed.hears(Event::RunsListed {
        runs: vec![crate::runs::summary(7, "qa/sales", "deploy-release", RunStatus::Interrupted, 5)],
    });
    listed.press("6 R");
    listed.wait(2);
    listed.press("y");
    assert!(matches!(listed.press("enter").as_slice(), [Effect::Plan { secrets, .. }] if secrets.is_empty()));
}
