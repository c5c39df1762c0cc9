//! Hosts by keys: which one a command means, what is refused, and questions that nothing but a typed answer answers.

use quarterdeck::command::Command;
use quarterdeck::model::{Ask, LinkState};
use quarterdeck::ui::Pane;
use quarterdeck::ui::hidden::Passphrase;
use quarterdeck::ui::popup::forwards::{ForwardLine, ForwardState};
use quarterdeck::update::{Effect, paste};

use crate::keys_of;
use crate::look::text;
use crate::world::{World, deck, host, link};
use crate::worlds::{FINGERPRINT, UNKNOWN_KEY, calm, hundred, locked, lost, refused, trust};

fn chosen(world: &World) -> Option<String> {
    quarterdeck::ui::host::selected(&world.store, &world.ui).map(|h| h.declared().id.to_string())
}

#[test]
fn the_cursor_of_the_environments_walks_over_hosts_and_stays_on_the_one_it_is_on() {
    let mut world = calm().play().after("1");
    let mut seen = Vec::new();
    for _ in 0..6 {
        seen.push(chosen(&world).unwrap_or_else(|| world.view().environment().unwrap().id.to_string()));
        world.press("j");
    }
    assert_eq!(seen, ["production", "production/vps", "production/edge", "qa", "qa/qa-1", "sandbox"]);
    world.press("g j j");
    assert_eq!(chosen(&world), Some("production/edge".into()));
    world.relinked("production/vps", link(LinkState::Lost, "no route to 192.0.2.10"));
    assert_eq!(chosen(&world), Some("production/edge".into()), "another host got worse");
    world.press("]");
    assert_eq!(chosen(&world), None, "a host does not follow into another environment");
}

#[test]
fn a_host_under_the_cursor_stays_on_the_screen_when_it_gets_well() {
    let mut world = hundred().play().after("1 j");
    assert_eq!(chosen(&world), Some("production/web-55".into()));
    world.relinked("production/web-55", link(LinkState::Live, ""));
    let shown = text(&world);
    assert!(chosen(&world).is_some() && shown.contains("web-55") && shown.contains("▌  ● host web-55"), "{shown}");
    world.press("k");
    assert!(!text(&world).contains("web-55"), "nobody is on it any more");
}

#[test]
fn a_command_means_the_chosen_host_or_the_one_of_the_service() {
    let shell = |on| vec![Effect::Shell(host(on))];
    let again = |on| vec![Effect::Reconnect(host(on))];
    for (keys, effects) in [
        ("1 j c", again("production/vps")),
        ("1 j j c", again("production/edge")),
        ("1 c", vec![]),
        ("c", again("production/vps")),
        ("v c", again("production/vps")),
        ("1 ] c", again("qa/qa-1")),
        ("1 ] s", shell("qa/qa-1")),
        ("] s", shell("qa/qa-1")),
        ("] v s", shell("qa/qa-1")),
        ("1 G s", vec![]),
        ("1 j j y", vec![Effect::Copy("ops@192.0.2.20".into())]),
    ] {
        assert_eq!(calm().play().press(keys), effects, "{keys}");
    }
    assert!(text(&calm().play().after("1 c")).contains("production has 2 hosts; choose one of them first"));
    assert!(text(&calm().play().after("1 G s")).contains("sandbox has no hosts"));
    assert!(text(&calm().play().after("] ] s")).contains("the deck names no host for sandbox/orders"));
    let mut behind = lost().play().after("/").typed("search").after("enter");
    assert_eq!(behind.press("c"), again("production/edge"));
}

#[test]
fn a_shell_is_refused_where_nothing_may_act_and_a_forwarded_port_where_one_may_only_look() {
    for keys in ["s", "1 j s", "v s"] {
        let mut world = calm().play();
        assert!(world.press(keys).is_empty(), "{keys}");
        assert!(text(&world).contains("production is protected and read-only"), "{keys}");
        let mut world = calm().play().after("]");
        world.ui.read_only = true;
        assert!(world.press(keys).is_empty(), "{keys}");
    }
    // A forwarded port changes nothing there, but is a way past a console that may only look.
    let mut world = calm().play();
    world.ui.read_only = true;
    let mut world = world.after(":").typed("forward 15672 production/vps");
    assert!(text(&world).contains("refused, read-only"), "{}", text(&world));
    assert!(world.press("enter").is_empty() && text(&world).contains("which is read-only"));
    let mut world = calm().play().after("]");
    world.ui.read_only = true;
    assert_eq!(world.press("c"), [Effect::Reconnect(host("qa/qa-1"))], "connecting acts on nothing");
}

#[test]
fn a_port_is_forwarded_through_the_host_that_is_named_or_meant() {
    for (typed, target) in [
        ("15672", "127.0.0.1:15672"),
        ("15672 qa", "127.0.0.1:15672"),
        ("db.example.com:5432 qa-1", "db.example.com:5432"),
        ("[2001:db8::1]:80", "[2001:db8::1]:80"),
        ("9090 qa/qa-1", "127.0.0.1:9090"),
    ] {
        let mut world = calm().play().after("] F").typed(typed);
        let wanted = Effect::Forward { host: host("qa/qa-1"), target: target.into() };
        assert_eq!(world.press("enter"), [wanted], "{typed}");
    }
    for typed in ["", "0", "65536", "db:0", "$(id):80", "-oProxyCommand=x:80", "a b", "15672 nowhere", ":80", "[::1:80"]
    {
        let mut world = calm().play().after("] F").typed(typed);
        assert!(world.press("enter").is_empty(), "{typed}");
    }
    assert!(text(&calm().play().after("] F")).contains("type a port, or address:port"));
}

fn forwarding() -> World {
    let mut world = calm().play().after("]");
    let line = |id, local: &str| ForwardLine {
        id,
        host: host("qa/qa-1"),
        target: "127.0.0.1:80".into(),
        local: local.into(),
        state: ForwardState::Open,
        cause: None,
        since: world.now,
    };
    world.ui.forwards = vec![line(3, "127.0.0.1:4001"), line(7, "127.0.0.1:4002"), line(9, "127.0.0.1:4003")];
    world
}

#[test]
fn forwarded_ports_are_chosen_by_what_they_are_and_not_by_their_row() {
    let mut world = forwarding().after("f j");
    assert_eq!(world.press("y"), [Effect::Copy("127.0.0.1:4002".into())]);
    world.ui.forwards.remove(0);
    assert_eq!(world.press("X"), [Effect::CloseForward(7)], "a row above went away");
    world.press("j j j");
    assert_eq!(world.press("X"), [Effect::CloseForward(9)]);
    world.press("f");
    assert!(world.ui.popups.is_empty() && world.press("X").is_empty(), "only what is seen is closed");
    assert!(calm().play().press("f X y j").is_empty());
    assert!(forwarding().press("f s c").is_empty(), "the host behind the list is not meant");
}

/// The question for the key of `edge`, open for long enough to hear.
fn asked() -> World {
    let mut world = refused().play().after("K");
    assert_eq!(world.ui.popups.len(), 1);
    world.linger(500);
    world
}

fn accepted() -> Vec<Effect> {
    vec![Effect::Trust { host: host("production/edge"), fingerprint: FINGERPRINT.into() }]
}

#[test]
fn a_host_key_is_accepted_by_typing_yes_in_full() {
    assert_eq!(asked().typed("yes").press("enter"), accepted(), "in a protected environment too: it is this machine's");
    for typed in ["", "y", "ye", "YES", "yess", "no", "yes please"] {
        let mut world = asked().typed(typed);
        assert!(world.press("enter").is_empty() && world.ui.popups.len() == 1, "{typed}");
        assert!(world.press("enter enter enter").is_empty());
    }
    for leave in ["esc", "ctrl-c"] {
        let mut world = asked().typed("yes");
        assert!(world.press(leave).is_empty() && world.ui.popups.is_empty());
        assert!(world.press("enter").is_empty());
    }
}

#[test]
fn keys_that_were_typed_before_the_question_came_up_do_not_answer_it() {
    let mut world = refused().play().after("K").typed("yes");
    assert!(world.press("enter").is_empty());
    world.linger(499);
    assert!(world.typed("yes").press("enter").is_empty());
    let mut world = refused().play().after("K").typed("yes");
    world.linger(500);
    assert!(world.press("enter").is_empty(), "what was typed too early is gone");
    assert_eq!(world.typed("yes").press("enter"), accepted());
    let mut world = refused().play().after("K");
    assert!(world.press("esc").is_empty() && world.ui.popups.is_empty(), "leaving is always heard");
    let mut world = refused().play().after("K");
    world.wait(-3600);
    assert_eq!(world.typed("yes").press("enter"), accepted(), "a clock that went back does not make it deaf");
}

#[test]
fn pasted_text_accepts_no_host_key() {
    for pasted in ["yes", "yes\n", "yes\r\n"] {
        let mut world = asked();
        paste(&mut world.ui, &world.store, pasted, world.now);
        assert!(text(&world).contains("pasted text accepts nothing"));
        assert!(world.press("enter").is_empty(), "{pasted:?}");
    }
}

#[test]
fn a_key_that_changes_while_it_is_looked_at_is_not_accepted() {
    let mut world = asked().typed("yes");
    let mut other = link(LinkState::Refused, UNKNOWN_KEY);
    other.ask = Some(trust("SHA256:0000000000000000000000000000000000000000000"));
    world.relinked("production/edge", other);
    let shown = text(&world);
    assert!(shown.contains("does not offer this key any more") && shown.contains(FINGERPRINT), "{shown}");
    assert!(world.press("enter").is_empty() && world.ui.popups.is_empty());
    assert!(text(&world).contains("nothing was accepted"));
    let mut world = asked().typed("yes");
    world.relinked("production/edge", link(LinkState::Live, ""));
    assert!(world.press("enter").is_empty(), "nothing is asked any more");
}

#[test]
fn a_key_that_cannot_be_seen_is_not_accepted() {
    let mut world = asked().typed("yes");
    world.ui.size = (39, 10);
    assert!(world.press("enter").is_empty());
    world.ui.size = (40, 10);
    assert_eq!(world.press("enter"), accepted());
}

#[test]
fn a_question_keeps_its_host_whatever_is_chosen_behind_it() {
    let mut world = asked().typed("yes");
    let mut more = link(LinkState::Refused, UNKNOWN_KEY);
    more.ask = Some(trust("SHA256:1111111111111111111111111111111111111111111"));
    world.relinked("production/vps", more);
    assert_eq!(world.press("enter"), accepted());
    for command in [Command::Shell, Command::Reconnect] {
        let mut world = asked();
        let effects = quarterdeck::update::update(&mut world.ui, &world.store, command, world.now);
        assert!(effects.is_empty(), "{command} under a question");
    }
}

#[test]
fn a_passphrase_goes_to_the_host_that_asks_and_is_told_nowhere() {
    let unlocked = |typed: &str| {
        let file = "/home/ops/.ssh/id_ed25519".to_owned();
        vec![Effect::Unlock { host: host("qa/qa-1"), file, passphrase: Passphrase::from(typed) }]
    };
    let mut world = locked().play().after("K").typed("hunter22").after("backspace");
    let shown = text(&world);
    assert!(shown.contains("•••••••") && !shown.contains("hunter"), "{shown}");
    assert!(!format!("{:?}", world.ui).contains("hunter"));
    let effects = world.press("enter");
    assert!(!format!("{effects:?}").contains("hunter"));
    assert_eq!(effects, unlocked("hunter2"));
    assert!(world.ui.popups.is_empty());
    assert!(!text(&world.after("K")).contains('•'), "nothing of it is kept");
    let mut pasted = locked().play().after("K").typed("x").after("ctrl-u");
    paste(&mut pasted.ui, &pasted.store, "two words\n", pasted.now);
    assert_eq!(pasted.press("enter"), unlocked("two words"));
    let mut several = locked().play().after("K");
    paste(&mut several.ui, &several.store, "one\ntwo", several.now);
    assert!(text(&several).contains("that is no passphrase") && several.press("enter").is_empty());
    assert!(locked().play().after("K").typed("hunter2").press("esc").is_empty());
}

#[test]
fn a_passphrase_that_nobody_waits_for_any_more_goes_nowhere() {
    let mut world = locked().play().after("K").typed("hunter2");
    let mut other = link(LinkState::Refused, "another key file has a passphrase");
    other.ask = Some(Ask::Passphrase { file: "/home/ops/.ssh/other".into() });
    world.relinked("qa/qa-1", other);
    assert!(text(&world).contains("does not ask for this any more"), "{}", text(&world));
    assert!(world.press("enter").is_empty() && world.ui.popups.is_empty());
}

#[test]
fn a_pending_question_is_told_at_the_bottom_and_never_comes_up_by_itself() {
    for name in ["default", "vim", "emacs"] {
        let mut world = calm().play();
        world.keymap = crate::world::keymap(name);
        let mut asking = link(LinkState::Refused, UNKNOWN_KEY);
        asking.ask = Some(trust(FINGERPRINT));
        world.relinked("qa/qa-1", asking);
        assert!(world.ui.popups.is_empty());
        let hint = format!(" {} trust qa-1?", keys_of(Command::Answer, &world));
        let shown = text(&world);
        assert!(shown.lines().last().unwrap().starts_with(&hint), "{shown}");
    }
    let mut nobody = calm().play().after("K");
    assert!(text(&nobody).contains("no host asks for anything") && nobody.press("enter").is_empty());
}

#[test]
fn the_palette_finds_hosts() {
    let world = calm().play().after(":").typed("host qa/qa-1").after("enter");
    assert_eq!((chosen(&world), world.ui.focus), (Some("qa/qa-1".into()), Pane::Environments));
    let shown = text(&calm().play().after("] :").typed("shell"));
    assert!(shown.contains("qa/qa-1: Open a shell on the host"), "{shown}");
    let empty = deck("name = \"empty\"\n").play();
    assert!(empty.after("s").press("c K f X").is_empty());
}
