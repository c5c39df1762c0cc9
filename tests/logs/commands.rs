//! Commands as logs: both streams, how they end, and that each new start is a gap.

use quarterdeck::model::{LogFrom, LogState};

use crate::desk::{Desk, Entry, id};
use crate::ear::{Ear, FOLLOWED, ONCE, around};
use crate::sshd::Sshd;

fn sh(text: &str) -> LogFrom {
    LogFrom::Command { words: ["sh", "-c", text].map(str::to_owned).into() }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_command_prints_is_read_to_its_end() {
    let mut ear = Ear::to(sh("echo one; echo two; printf three"), None, ONCE, &around());
    ear.end().await;
    assert_eq!(ear.lines, ["one", "two", "three"]);
    assert!(ear.gaps.is_empty() && ear.states.last() == Some(&LogState::Live), "{:?}", ear.states);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_ends_is_started_anew_and_that_is_told_as_a_gap() {
    let mut ear = Ear::to(sh("echo one; echo no such container >&2; exit 4"), None, FOLLOWED, &around());
    ear.until(|e| e.gaps.len() >= 2).await;
    let lost = ear.states.iter().find_map(|s| if let LogState::Lost(why) = s { Some(why.to_string()) } else { None });
    assert_eq!(lost.as_deref(), Some("`sh` ended with 4: no such container"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_not_there_is_named() {
    let words = vec!["no-such-program".to_owned()];
    let mut ear = Ear::to(LogFrom::Command { words }, None, ONCE, &around());
    ear.end().await;
    let why = ear.states.last().and_then(LogState::why).map(ToString::to_string);
    assert_eq!(why.as_deref(), Some("no program `no-such-program` on this machine"));
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_host_it_is_the_same() {
    let server = Sshd::start(&[]);
    let desk = Desk::with(vec![Entry::of("a", &server)]);
    desk.follow(&["a"]);
    let mut ear = Ear::to(sh("echo; echo 'two  words'"), Some(id("a")), ONCE, &desk.around);
    ear.end().await;
    assert_eq!(ear.lines, ["", "two  words"]);
}
