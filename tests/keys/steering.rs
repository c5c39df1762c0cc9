//! Steering runs: stopping, answering, ticking, looking; and that nothing acts where nothing may.

use quarterdeck::command::{Command, Risk};
use quarterdeck::model::run::{Choice, Fact, Question};
use quarterdeck::model::{Level, RunId, RunStatus, Tier};
use quarterdeck::store::Event;
use quarterdeck::ui::Pane;
use quarterdeck::ui::run::{RunView, Which};
use quarterdeck::ui::state::Popup;
use quarterdeck::update::{self, Effect};

use crate::look::text;
use crate::runs::{
    RUN, acting, armed, asking, card, failing, history, locks, plan, printed, run_of, running, started, starting,
};
use crate::world::World;

fn run() -> RunId {
    RunId::parse(RUN).unwrap()
}

/// The view of the run, long after it came up.
fn seen(mut world: World) -> World {
    world.press("6");
    world.wait(5);
    world
}

#[test]
fn a_run_is_drained_at_once_and_interrupted_or_left_after_a_question() {
    assert_eq!(seen(running()).press("d"), [Effect::Drain { run: run() }]);
    for (key, effect) in [("i", Effect::Interrupt { run: run(), insist: false }), ("D", Effect::Detach { run: run() })]
    {
        let mut world = seen(running());
        assert!(world.press(key).is_empty());
        assert!(world.press("y").is_empty(), "too soon");
        world.wait(2);
        assert!(world.press("enter").is_empty() && text(&world).contains("nothing was done"), "enter says no");
        world.press(key);
        world.wait(2);
        assert_eq!(world.press("y"), [effect]);
    }
}

#[test]
fn what_must_not_be_interrupted_is_typed() {
    let mut plan = plan("production/sales", Tier::Production, Level::Typed, &["vps"]);
    plan.steps[1].step.uninterruptible = Some("the database is left half migrated".into());
    let mut world = seen(run_of(plan, true, vec![(9, starting("restart", "vps")), (9, started("restart", "vps"))]));
    world.press("i");
    world.wait(2);
    assert!(text(&world).contains("half migrated"), "{}", text(&world));
    assert!(world.press("enter").is_empty());
    world.write("restart");
    assert_eq!(world.press("enter"), [Effect::Interrupt { run: run(), insist: true }]);
}

#[test]
fn ctrl_c_opens_the_menu_and_kills_nothing() {
    let mut world = seen(running());
    assert!(world.press("ctrl-c").is_empty() && text(&world).contains("stop the run"));
    assert_eq!(world.press("d"), [Effect::Drain { run: run() }]);
    let mut world = seen(running());
    assert!(world.press("ctrl-c ctrl-c ctrl-c ctrl-c").is_empty());
}

#[test]
fn leaving_while_a_run_goes_on_is_asked_first() {
    let mut world = running();
    assert!(world.press("q").is_empty());
    world.wait(2);
    assert_eq!(world.press("y"), [Effect::Detach { run: run() }, Effect::Quit]);
}

#[test]
fn leaving_the_view_leaves_the_run_going() {
    let mut world = seen(running());
    assert!(world.press("esc").is_empty() && world.ui.popups.is_empty());
    assert!(text(&world).contains("1 run"), "{}", text(&world));
    world.press("2 6");
    assert!(matches!(world.ui.popups.last(), Some(Popup::Run(_))));
}

#[test]
fn choices_are_asked_about_and_carried_out_as_chosen() {
    for (key, choice) in [("t", Choice::Retry), ("u", Choice::Undo), ("f", Choice::OnFailure), ("x", Choice::GiveUp)] {
        let mut world = seen(failing());
        assert!(world.press(key).is_empty());
        world.wait(2);
        assert!(world.press("enter").is_empty());
        world.press(key);
        world.wait(2);
        assert_eq!(world.press("y"), [Effect::Answer { run: run(), choice, reason: None }], "{key}");
    }
    for (key, choice) in [("s", Choice::Skip), ("m", Choice::MarkDone)] {
        let mut world = seen(failing());
        world.press(key);
        world.wait(2);
        assert!(world.press("enter").is_empty() && text(&world).contains("without a reason"));
        world.write("web-2 is drained");
        let reason = Some("web-2 is drained".into());
        assert_eq!(world.press("enter"), [Effect::Answer { run: run(), choice, reason }]);
    }
    let mut world = seen(failing());
    assert!(world.press("a").is_empty() && text(&world).contains("cannot be chosen here"));
}

#[test]
fn an_answer_to_a_question_that_is_gone_is_not_given() {
    let mut world = seen(failing());
    world.press("t");
    world.wait(2);
    let number = world.store.acting().open_run(&run()).unwrap().state().number + 1;
    let fact = Fact::Answered { choice: Choice::Skip, reason: None, by: None };
    let entry = Box::new(quarterdeck::model::run::Entry { number, at: world.now, fact });
    world.hears(Event::RunTold { run: run(), entry });
    assert!(text(&world).contains("does not ask this any more"));
    assert!(world.press("y").is_empty());
}

#[test]
fn a_question_that_has_just_come_up_is_not_answered_by_keys_in_flight() {
    let mut world = running().after("6");
    let number = world.store.acting().open_run(&run()).unwrap().state().number + 1;
    let question = Question::Boxes { step: "prove".into(), items: vec!["a login works".into()], ticked: vec![] };
    let entry = Box::new(quarterdeck::model::run::Entry { number, at: world.now, fact: Fact::Asked { question } });
    world.hears(Event::RunTold { run: run(), entry });
    world.linger(300);
    assert!(world.press("space").is_empty());
    world.wait(2);
    assert_eq!(world.press("space"), [Effect::Tick { run: run(), step: "prove".into(), item: 0 }]);
}

#[test]
fn a_dangerous_step_is_named_before_it_runs() {
    let danger = Question::Danger { step: "restart".into(), hosts: vec!["vps".into()] };
    let mut world = seen(asking(danger));
    world.press("a");
    world.wait(2);
    assert!(world.press("enter").is_empty());
    update::paste(&mut world.ui, &world.store, "restart", world.now);
    assert!(world.press("enter").is_empty(), "pasted");
    world.write("restart");
    assert_eq!(world.press("enter"), [Effect::Answer { run: run(), choice: Choice::GoOn, reason: None }]);
}

#[test]
fn a_run_of_another_console_can_only_be_looked_at() {
    let plan = plan("production/sales", Tier::Production, Level::Typed, &["vps"]);
    for key in ["d", "i", "D", "ctrl-c"] {
        let mut world = seen(run_of(plan.clone(), false, vec![(9, starting("restart", "vps"))]));
        assert!(world.press(key).is_empty() && world.ui.popups.len() == 1, "{key}");
        assert!(text(&world).contains("only be looked at"), "{}", text(&world));
    }
}

#[test]
fn output_is_scrolled_searched_and_followed() {
    let mut world = seen(running());
    for n in 0..200 {
        printed(&mut world, 3, "restart", "vps", &[format!("line {n}").as_str()]);
    }
    assert!(text(&world).contains("line 199") && text(&world).contains("following"));
    world.press("/");
    world.write("line 42");
    world.press("enter");
    assert!(text(&world).contains("line 42") && !text(&world).contains("line 199"));
    printed(&mut world, 1, "restart", "vps", &["line 200"]);
    assert!(text(&world).contains("line 42") && !text(&world).contains("line 200"), "what is read stays");
    world.press("G");
    assert!(text(&world).contains("line 200"));
    world.press("pageup");
    assert!(!text(&world).contains("line 200"));
    world.press("F");
    assert!(text(&world).contains("line 200"));
}

#[test]
fn a_run_on_record_is_opened_and_an_interrupted_one_goes_on_once_it_is_armed() {
    let mut world = acting().play();
    world.hears(Event::RunsListed { runs: history() });
    let interrupted = history().into_iter().find(|r| r.status == RunStatus::Interrupted).unwrap().id;
    world.press("6 down");
    assert_eq!(world.press("enter"), [Effect::OpenRun { run: interrupted.clone() }]);
    world.press("esc");
    assert!(world.press("R").is_empty() && text(&world).contains("read-only until it is armed"), "{}", text(&world));
    world.hears(armed("production"));
    world.press("R");
    world.wait(2);
    let asked = world.press("y");
    assert!(matches!(&asked[..], [Effect::Plan { resumes: Some(run), .. }] if *run == interrupted), "{asked:?}");
}

#[test]
fn a_lock_is_broken_by_its_name_and_a_reason_alone() {
    let mut world = acting().play();
    world.hears(armed("production"));
    assert!(matches!(world.press("L").as_slice(), [Effect::ListLocks { .. }]));
    world.hears(locks());
    world.press("down b");
    world.wait(2);
    assert!(world.press("enter enter").is_empty());
    world.write("production/payroll");
    world.press("enter");
    world.write("its console is gone");
    let effects = world.press("enter");
    assert!(
        matches!(effects.as_slice(), [Effect::BreakLock { key, fence: 12, typed, reason, .. }]
            if key == "production/payroll" && typed == key && reason == "its console is gone"),
        "{effects:?}"
    );
}

/// Every place from which a command can be given.
fn places() -> Vec<World> {
    let mut runs = acting().play().after("6");
    runs.hears(Event::RunsListed { runs: history() });
    let mut locked = acting().play().after("L");
    locked.hears(locks());
    let production = || plan("production/sales", Tier::Production, Level::Typed, &["vps"]);
    let mut services = acting().play();
    services.ui.demo = true;
    let mut environments = acting().play().after("1");
    environments.ui.focus = Pane::Environments;
    vec![services, environments, runs, locked, card(production(), false), seen(running()), seen(failing())]
}

#[test]
fn no_command_that_acts_does_anything_in_a_read_only_console() {
    for command in Command::ALL.iter().filter(|c| c.risk() >= Risk::Decides) {
        for mut world in places() {
            world.ui.read_only = true;
            world.hears(armed("production"));
            world.wait(2);
            let effects = update::update(&mut world.ui, &world.store, *command, world.now);
            assert!(effects.is_empty(), "{command}: {effects:?}");
        }
    }
}

#[test]
fn no_command_that_acts_does_anything_in_a_protected_environment_that_is_not_armed() {
    let mut tried = 0;
    for command in Command::ALL.iter().filter(|c| c.risk() == Risk::Acts) {
        for mut world in places() {
            world.ui.demo = true;
            let before = world.ui.popups.len();
            let effects = update::update(&mut world.ui, &world.store, *command, world.now);
            assert!(effects.is_empty() && world.ui.popups.len() == before, "{command}: {effects:?}");
            assert!(text(&world).contains("is protected and read-only"), "{command}: {}", text(&world));
            tried += 1;
        }
    }
    assert!(tried > 40, "{tried}");
}

#[test]
fn keys_never_reach_another_run_than_the_one_on_the_screen() {
    // Another run goes on behind a view whose run is not there yet: a plan that was just agreed to, or one still loading.
    let waiting = || {
        let other = RunId::parse("20261120-055900-aaaa").unwrap();
        let mut starting = running();
        starting.ui.popups.push(Popup::Run(RunView::new(Which::Of { digest: "ffff".into(), at: starting.now })));
        let mut loading = running();
        loading.hears(Event::RunsListed { runs: history() });
        loading.ui.popups.push(Popup::Run(RunView::new(Which::Run(other))));
        [starting, loading]
    };
    for keys in ["d", "i", "D", "ctrl-c", "R", "a"] {
        for mut world in waiting() {
            world.hears(armed("production"));
            world.wait(5);
            assert!(world.press(keys).is_empty() && world.ui.popups.len() == 1, "{keys}: {}", text(&world));
            assert!(text(&world).contains("not there yet"), "{keys}: {}", text(&world));
        }
    }
}

#[test]
fn in_the_list_the_chosen_run_is_meant_even_when_it_does_not_go_on() {
    let mut world = running();
    world.hears(Event::RunsListed { runs: history() });
    world.press("6 esc down");
    world.wait(5);
    for keys in ["d", "i"] {
        assert!(world.press(keys).is_empty() && world.ui.popups.is_empty(), "{keys}: {}", text(&world));
    }
    world.press("up");
    assert_eq!(world.press("d"), [Effect::Drain { run: run() }]);
    assert!(text(&world).contains("Roll back on production/sales: nothing more begins"), "{}", text(&world));
}

#[test]
fn what_is_interrupted_or_left_is_named() {
    for key in ["i", "D"] {
        let mut world = seen(running());
        world.press(key);
        assert!(text(&world).contains(&format!("Roll back on production/sales, run {RUN}")), "{}", text(&world));
    }
}

#[test]
fn a_held_key_ticks_one_box() {
    let items = vec!["a login works".into(), "an order goes through".into(), "the desk knows".into()];
    let question = Question::Boxes { step: "prove".into(), items, ticked: vec![] };
    let mut world = seen(asking(question));
    assert_eq!(world.press("space"), [Effect::Tick { run: run(), step: "prove".into(), item: 0 }]);
    // Terminals that tell repeats, and those that do not.
    let space = quarterdeck::keymap::Key::parse("space").unwrap();
    let World { ui, store, keymap, now, .. } = &mut world;
    assert!(update::repeated(ui, store, keymap, space, *now).is_empty());
    world.linger(660);
    for _ in 0..50 {
        assert!(world.press("space").is_empty());
        world.linger(33);
    }
    assert!(text(&world).contains("one box a press"), "{}", text(&world));
    world.wait(2);
    assert_eq!(world.press("space"), [Effect::Tick { run: run(), step: "prove".into(), item: 1 }]);
}

#[test]
fn a_run_that_was_left_is_read_again_when_it_is_opened() {
    let mut world = running();
    world.press("6 esc");
    assert!(world.press("enter").is_empty(), "it is followed");
    world.press("esc");
    world.hears(Event::RunClosed { run: run() });
    assert_eq!(world.press("enter"), [Effect::OpenRun { run: run() }]);
}

#[test]
fn the_first_line_is_reached_however_long_the_lines_are() {
    for width in [80, 120] {
        let mut world = seen(running()).sized(width, 24);
        for n in 0..15 {
            printed(&mut world, 3, "restart", "vps", &[format!("line {n} {}", "word ".repeat(20)).as_str()]);
        }
        world.press("g");
        assert!(text(&world).contains("Stopping sales"), "{width}: {}", text(&world));
        world.press("G /");
        world.write("line 0 ");
        world.press("enter");
        assert!(text(&world).contains("line 0 "), "{width}: {}", text(&world));
    }
}
