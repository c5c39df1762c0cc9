//! Pictures of hosts: calm while they answer, with the reason and the next attempt while they do not, and the questions
//! that they ask.

use quarterdeck::ui::popup::forwards::{ForwardLine, ForwardState};

use crate::look::{shot, shots, text};
use crate::world::{World, host, link};
use crate::worlds::{FINGERPRINT, calm, hundred, locked, lost, refused, short_of_memory, trust};

/// A view of the environments at every size: tiled, alone, and alone on a large screen.
fn everywhere(name: &str, world: impl Fn() -> World) {
    shots(name, world());
    shots(&format!("{name}-environments"), world().after("1 z"));
    shot(name, &world().sized(200, 60));
}

#[test]
fn hosts_that_answer_take_a_calm_line() {
    everywhere("hosts-live", || calm().play());
}

#[test]
fn a_lost_host_is_told_once_and_what_was_known_behind_it_stays_with_its_age() {
    everywhere("hosts-lost", || lost().play());
    shots("hosts-lost-detail", lost().play().after("v z"));
    let detail = text(&lost().play().sized(120, 40).after("/").typed("search").after("enter v z"));
    for words in ["on edge ✕ lost", "next in 1", "as of 4m ago", "memory 1.4 GiB of 2.0 GiB"] {
        assert!(detail.contains(words), "{words} in\n{detail}");
    }
}

#[test]
fn a_host_with_an_unknown_key_says_which_key_answers() {
    everywhere("hosts-refused", || refused().play());
}

#[test]
fn of_many_hosts_those_in_trouble_are_told() {
    everywhere("hosts-hundred", || hundred().play());
    let shown = text(&hundred().play().after("1 z"));
    assert!(shown.contains("web-55") && shown.contains("+ 2 connecting · 93 live"), "{shown}");
}

#[test]
fn a_host_short_of_memory_says_so_where_it_stands() {
    everywhere("hosts-memory", || short_of_memory().play());
}

#[test]
fn the_question_for_a_host_key_says_how_to_find_out() {
    shots("trust", refused().play().after("K"));
    let mut typing = refused().play().after("K");
    typing.linger(600);
    shots("trust-typed", typing.typed("ye"));
    let mut changed = refused().play().after("K");
    let mut other = link(quarterdeck::model::LinkState::Refused, crate::worlds::UNKNOWN_KEY);
    other.ask = Some(trust("SHA256:0000000000000000000000000000000000000000000"));
    changed.relinked("production/edge", other);
    shots("trust-changed", changed);
    shot("trust", &refused().play().sized(40, 10).after("K"));
    // Whole at every size, in several lines if need be.
    for (columns, lines) in [(40, 10), (41, 24), (60, 12), (80, 24), (200, 60)] {
        let shown = text(&refused().play().sized(columns, lines).after("K"));
        let from = shown.lines().skip_while(|l| !l.contains("fingerprint")).map(|l| l.replace("fingerprint", ""));
        let seen: String = from.flat_map(|l| l.chars().filter(|c| !"│ ".contains(*c)).collect::<Vec<_>>()).collect();
        assert!(seen.contains(FINGERPRINT), "{columns}x{lines}\n{shown}");
    }
}

#[test]
fn the_question_for_a_passphrase_shows_dots() {
    shots("passphrase", locked().play().after("] K"));
    shots("passphrase-typed", locked().play().after("] K").typed("hunter2"));
    shots("passphrase-asked", locked().play());
}

#[test]
fn forwarded_ports_are_listed() {
    shots("forwards-none", calm().play().after("f"));
    let mut world = calm().play();
    let line = |id, on: &str, target: &str, local: &str, state| ForwardLine {
        id,
        host: host(on),
        target: target.into(),
        local: local.into(),
        state,
        cause: (state == ForwardState::Broken).then(|| "the host was lost".into()),
        since: world.now - jiff::SignedDuration::from_secs(80),
    };
    world.ui.forwards = vec![
        line(1, "qa/qa-1", "127.0.0.1:15672", "127.0.0.1:40123", ForwardState::Open),
        line(2, "qa/qa-1", "db.example.com:5432", "127.0.0.1:40124", ForwardState::Broken),
        line(5, "qa/qa-1", "127.0.0.1:9090", "127.0.0.1:40130", ForwardState::Opening),
    ];
    shots("forwards", world.after("f j"));
    shots("forward-typed", calm().play().after(":").typed("forward 15672 qa/"));
}
