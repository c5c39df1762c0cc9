//! Logs that a Loki server keeps: read from a real one where there is one, and from the recorded answers of a real one
//! everywhere. Every line once and in order is what counts, whatever happens to the server meanwhile.

#[path = "loki/recorded.rs"]
mod recorded;
#[path = "loki/replay.rs"]
mod replay;
#[path = "loki/server.rs"]
mod server;

use std::time::Duration;

use jiff::Timestamp;
use quarterdeck::model::LogState;
use quarterdeck::source::logs::Wanted;

use crate::desk::{Desk, Entry, id};
use crate::ear::{Ear, FOLLOWED, ONCE, around};
use crate::sshd::Sshd;
use server::Loki;

const SALES: &str = r#"{"app":"sales","pod":"a"}"#;

fn now() -> i64 {
    i64::try_from(Timestamp::now().as_nanosecond()).unwrap()
}

/// `word N` for each number, a millisecond apart, the last one at that moment.
fn lines(word: &str, numbers: std::ops::RangeInclusive<i64>, last: i64) -> Vec<(i64, String)> {
    let end = *numbers.end();
    numbers.map(|n| (last - (end - n) * 1_000_000, format!("{word} {n}"))).collect()
}

fn last(lines: u64) -> Wanted {
    Wanted { lines: Some(lines), since: None, follow: false }
}

fn why(ear: &Ear) -> String {
    ear.states.last().and_then(LogState::why).map(ToString::to_string).unwrap_or_default()
}

async fn read(loki: &Loki, query: &str, wanted: Wanted) -> Ear {
    let mut ear = Ear::to(loki.query(Some("shop"), query), None, wanted, &around());
    ear.end().await;
    assert_eq!((ear.states.last(), ear.gaps.len()), (Some(&LogState::Live), 0), "{query}: {:?}", ear.gaps);
    ear
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_real_loki_has_is_read_from_both_ends() {
    let Some(loki) = Loki::start() else { return };
    let at = now() - 60_000_000_000;
    loki.push(&[(SALES, lines("line", 1..=4500, at))]);
    let (odd, even): (Vec<_>, Vec<_>) =
        lines("both", 1..=40, at).into_iter().partition(|(at, _)| at / 1_000_000 % 2 == 1);
    loki.push(&[(r#"{"app":"both","pod":"a"}"#, odd), (r#"{"app":"both","pod":"b"}"#, even)]);
    let same: Vec<_> = (1..=3000).map(|n| (at, format!("same {n}"))).collect();
    loki.push(&[(r#"{"app":"same"}"#, same)]);
    let old = (now() - 2 * 3_600_000_000_000, "hours ago".to_owned());
    loki.push(&[(r#"{"app":"old"}"#, vec![old])]);
    let trace = vec![(at, "broken\n  at one\n  at two".to_owned())];
    loki.push(&[(r#"{"app":"trace","level":"error"}"#, trace)]);

    let sales = r#"{app="sales"}"#;
    read(&loki, sales, ONCE).await.has_all("line", 1, 4500);
    read(&loki, sales, last(10)).await.has_all("line", 4491, 4500);
    read(&loki, sales, last(2345)).await.has_all("line", 2156, 4500);
    read(&loki, sales, last(99_999)).await.has_all("line", 1, 4500);
    let since = Timestamp::from_nanosecond(i128::from(at - 20_000_000)).unwrap();
    read(&loki, sales, Wanted { since: Some(since), ..ONCE }).await.has_all("line", 4480, 4500);
    read(&loki, sales, Wanted { since: Some(since), ..last(99) }).await.has_all("line", 4480, 4500);
    read(&loki, sales, Wanted { since: Some(since), ..last(5) }).await.has_all("line", 4496, 4500);
    read(&loki, r#"{app="both"}"#, ONCE).await.has_all("both", 1, 40);
    read(&loki, r#"{app="both"}"#, last(7)).await.has_all("both", 34, 40);
    let mut same = read(&loki, r#"{app="same"}"#, ONCE).await.lines.clone();
    same.sort_by_key(|line| line[5..].parse::<u32>().unwrap());
    assert_eq!((same.len(), same[2999].as_str()), (3000, "same 3000"));
    assert_eq!(read(&loki, r#"{app="old"}"#, last(3)).await.lines, ["hours ago"]);
    assert_eq!(read(&loki, r#"{app="none"}"#, last(3)).await.lines.len(), 0);
    assert_eq!(read(&loki, r#"{app="trace"} |= "broken""#, ONCE).await.lines, ["broken", "  at one", "  at two"]);
    let far = Timestamp::now() - Duration::from_hours(90 * 24);
    read(&loki, sales, Wanted { since: Some(far), ..ONCE }).await.has_all("line", 1, 4500);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_loki_says_in_its_own_words_why_it_gives_nothing() {
    let Some(loki) = Loki::start() else { return };
    let place = loki.place();
    for (tenant, query, state, wanted) in [
        (
            Some("shop"),
            r#"{app="sales""#,
            "lost",
            format!("Loki at {place} refuses the query: parse error at line 1, col 13: "),
        ),
        (Some("shop"), r#"(rate({app="sales"}[1m]))"#, "lost", format!("Loki at {place}: the query gives numbers")),
        (
            None,
            r#"{app="sales"}"#,
            "denied",
            format!("Loki at {place} denies this log (401: no org id); the log needs `tenant`"),
        ),
    ] {
        for wished in [ONCE, FOLLOWED, last(3)] {
            loki.push(&[(SALES, vec![(now(), "one".into())])]);
            let mut ear = Ear::to(loki.query(tenant, query), None, wished, &around());
            ear.until(|e| e.states.len() == 2).await;
            let last = ear.states.last().unwrap();
            assert!(last.word() == state && why(&ear).starts_with(&wanted), "{query}: {last:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_comes_at_once_and_once_from_every_stream_and_through_a_host() {
    let Some(loki) = Loki::start() else { return };
    let server = Sshd::start(&[]);
    let desk = Desk::with(vec![Entry::of("a", &server)]);
    desk.follow(&["a"]);
    loki.push(&[(SALES, lines("line", 1..=5, now()))]);
    let query = || loki.query(Some("shop"), r#"{app="sales"}"#);
    let mut straight = Ear::to(query(), None, Wanted { follow: true, ..last(3) }, &around());
    let mut through = Ear::to(query(), Some(id("a")), Wanted { follow: true, ..last(0) }, &desk.around);
    straight.live().await;
    through.live().await;
    for n in 6..=60 {
        let pod = if n % 2 == 0 { SALES } else { r#"{"app":"sales","pod":"b"}"# };
        loki.push(&[(pod, vec![(now(), format!("line {n}"))])]);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    straight.line("line 60").await;
    straight.has_all("line", 3, 60);
    through.line("line 60").await;
    through.has_all("line", 6, 60);
    assert!(straight.gaps.is_empty() && through.gaps.is_empty(), "{:?} {:?}", straight.gaps, through.gaps);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_comes_once_and_in_order_though_the_server_is_killed_twice() {
    let Some(mut loki) = Loki::start() else { return };
    let mut ear = Ear::to(loki.query(Some("shop"), r#"{app="sales"}"#), None, FOLLOWED, &around());
    ear.live().await;
    let mut told = 0;
    for round in 1..=2 {
        for n in told + 1..=told + 300 {
            loki.push(&[(SALES, vec![(now(), format!("line {n}"))])]);
        }
        told += 300;
        // Once with all of it heard, once not.
        if round == 1 {
            ear.line(&format!("line {told}")).await;
        }
        loki.kill();
        ear.until(|e| matches!(e.states.last(), Some(LogState::Lost(_)))).await;
        assert!(why(&ear).contains(&loki.place().to_string()), "{}", why(&ear));
        loki.again();
        for n in told + 1..=told + 50 {
            loki.push(&[(SALES, vec![(now(), format!("line {n}"))])]);
        }
        told += 50;
        ear.line(&format!("line {told}")).await;
    }
    ear.during(Duration::from_secs(3)).await;
    ear.has_all("line", 1, told);
    assert_eq!(ear.gaps.len(), 0, "{:?}", ear.gaps);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_that_no_tail_holds_comes_once_and_in_order_and_what_is_written_after_it_too() {
    let Some(loki) = Loki::start() else { return };
    let mut ear = Ear::to(loki.query(Some("shop"), r#"{app="sales"}"#), None, FOLLOWED, &around());
    ear.live().await;
    let mut told = 0;
    for (burst, times) in [(1, 20), (2000, 15), (1, 20)] {
        for _ in 0..times {
            let at = now();
            let entries = (0..burst).map(|n| (at + n, format!("line {}", told + n + 1))).collect();
            loki.push(&[(SALES, entries)]);
            told += burst;
            ear.during(Duration::from_millis(100)).await;
        }
        ear.line(&format!("line {told}")).await;
        // So long that a tail is opened again.
        ear.during(Duration::from_secs(4)).await;
    }
    ear.has_all("line", 1, usize::try_from(told).unwrap());
    assert!(ear.gaps.is_empty(), "{:?}", ear.gaps);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_goes_away_and_comes_back_costs_no_line() {
    let Some(loki) = Loki::start() else { return };
    let mut server = Sshd::start(&[]);
    let desk = Desk::with(vec![Entry::of("a", &server)]);
    desk.follow(&["a"]);
    let mut ear = Ear::to(loki.query(Some("shop"), r#"{app="sales"}"#), Some(id("a")), FOLLOWED, &desk.around);
    ear.live().await;
    for round in 0..2 {
        for n in 1..=20 {
            loki.push(&[(SALES, vec![(now(), format!("line {}", round * 40 + n))])]);
        }
        ear.line(&format!("line {}", round * 40 + 20)).await;
        server.stop();
        ear.until(|e| matches!(e.states.last(), Some(LogState::Lost(_)))).await;
        for n in 21..=40 {
            loki.push(&[(SALES, vec![(now(), format!("line {}", round * 40 + n))])]);
        }
        server.start_again();
        ear.line(&format!("line {}", round * 40 + 40)).await;
        ear.live().await;
    }
    ear.has_all("line", 1, 80);
    assert!(ear.gaps.is_empty(), "{:?}", ear.gaps);
}
