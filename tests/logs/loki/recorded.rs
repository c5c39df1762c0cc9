//! The same on every machine: what a Loki 3.7.8 answered once, given again byte by byte. Ten lines of two pods were
//! recorded, a second or less apart; a tail that the server ended; and refusals.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use quarterdeck::model::{LogFrom, LogLogin, LogState, LokiQuery, SecretPlace};
use quarterdeck::source::Surroundings;
use quarterdeck::source::logs::Wanted;
use quarterdeck::transport::ssh::config::Sources;

use super::replay::{Answer, Replay};
use super::server::of;
use super::{last, why};
use crate::ear::{Ear, ONCE};

const SALES: &str = r#"{app="sales"}"#;
/// The third line was written a nanosecond before.
const BEHIND_THIRD: i64 = 1_795_301_161_437_040_701;
const FOLLOWED: Wanted = Wanted { lines: Some(3), since: None, follow: true };

/// As on the evening of the recording.
fn then() -> Surroundings {
    let clock = Arc::new(|| "2026-11-21T22:46:10Z".parse::<Timestamp>().unwrap());
    Surroundings::with(clock, Sources::only(PathBuf::from("/dev/null")), None)
}

fn listen(replay: &Replay, wanted: Wanted) -> Ear {
    Ear::to(of(replay.place(), Some("shop"), SALES), None, wanted, &then())
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_tails_together_tell_every_line_once() {
    let replay = Replay::start(&[
        ("backward", &["last.http"]),
        ("forward", &["onward.http", "again.http", "nothing.http"]),
        ("tail", &["tail.http", "dropped.http"]),
    ]);
    let mut ear = listen(&replay, FOLLOWED);
    ear.until(|e| !e.gaps.is_empty()).await;
    ear.during(Duration::from_millis(300)).await;
    ear.has_all("line", 3, 10);
    // That tail holds 41 lines of a flood too, which pages were to bring.
    assert_eq!(ear.gaps, ["Loki left out 59 lines here, more than it can tell at once"]);
    // A tail that the server ends is nothing to be told.
    assert_eq!(ear.states, [LogState::Connecting, LogState::Live]);
    assert_eq!(replay.asked("/tail?").len(), 2);
    let from = |head: &str| head.split("start=").nth(1).and_then(|s| s.split('&').next()?.parse::<i64>().ok());
    let asked = replay.asked("direction=forward");
    assert_eq!((from(&asked[0]), from(&asked[1])), (Some(BEHIND_THIRD), Some(BEHIND_THIRD)));
}

#[tokio::test(flavor = "multi_thread")]
async fn time_and_level_are_those_of_the_entry() {
    let replay = Replay::start(&[("backward", &["last.http"])]);
    let (outbox, mut inbox) = tokio::sync::mpsc::channel(9);
    let spec = crate::ear::spec(of(replay.place(), Some("shop"), SALES), None);
    quarterdeck::source::logs::read(&spec, last(3), &then(), outbox).await;
    let mut told = Vec::new();
    while let Some(news) = inbox.recv().await {
        if let quarterdeck::model::LogNews::Lines(lines) = news {
            let line = |l: &quarterdeck::model::LogLine| (String::from_utf8_lossy(&l.bytes).into_owned(), l.priority);
            told.extend(lines.iter().map(line));
            let first = lines.first().and_then(|l| l.time).unwrap();
            assert!(first.to_string().starts_with("2026-11-21T22:46:01.4"), "{first}");
        }
    }
    let wanted = [("line 3", None), ("line 4", Some(4)), ("line 5", None)];
    assert_eq!(told, wanted.map(|(line, priority)| (line.to_owned(), priority)));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_websocket_is_refused_pages_are_read_again_and_again() {
    for refusal in [
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 400 Bad Request\r\nContent-Length: 12\r\n\r\nBad Request\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\u{8}\u{1}",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
    ] {
        let answers: [(_, &[Answer]); 3] = [
            ("backward", &["last.http"]),
            ("forward", &["onward.http", "again.http", "nothing.http"]),
            ("tail", &[refusal]),
        ];
        let replay = Replay::start(&answers);
        let mut ear = listen(&replay, FOLLOWED);
        ear.line("line 10").await;
        ear.has_all("line", 3, 10);
        assert_eq!(ear.states, [LogState::Connecting, LogState::Live], "{refusal}");
        assert_eq!(replay.asked("/tail?").len(), 1, "{refusal}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_told_in_the_words_of_loki() {
    for (answer, word, wanted) in [
        (
            "bad-query.http",
            "lost",
            "refuses the query: parse error at line 1, col 13: syntax error: unexpected $end, expecting } or ,",
        ),
        ("no-tenant.http", "denied", "denies this log (401: no org id); look at `tenant`"),
        ("numbers.http", "lost", ": the query gives numbers (matrix), not lines"),
        (
            "HTTP/1.1 503 Busy\r\n\r\n{\"message\":\"\\u001b[31mtoo many \\u202erequests\\u001b]0;x\\u0007\"}",
            "lost",
            "answered 503: too many requests",
        ),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 12\r\n\r\n<html></html", "lost", "/loki/api (404)"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK", "lost", "the answer is not that of a Loki server"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"status\":", "lost", "body stopped in the middle"),
    ] {
        let replay = Replay::start(&[("backward", &[answer]), ("forward", &[answer])]);
        for wished in [ONCE, last(3)] {
            let mut ear = listen(&replay, wished);
            ear.end().await;
            let state = ear.states.last().unwrap();
            let place = replay.place().to_string();
            assert_eq!(state.word(), word, "{state:?}");
            assert!(why(&ear).contains(wanted) && why(&ear).contains(&place), "{answer}: {}", why(&ear));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_does_not_allow_at_once_is_asked_for_in_parts() {
    let replay =
        Replay::start(&[("forward", &["too-many.http", "too-far.http", "too-far.http", "again.http", "nothing.http"])]);
    let mut ear = listen(&replay, ONCE);
    ear.end().await;
    ear.has_all("line", 4, 10);
    assert_eq!((ear.states.last(), ear.gaps.len()), (Some(&LogState::Live), 0));
    let asked = replay.asked("direction=forward");
    let number = |head: &String, key: &str| -> i64 {
        head.split(&format!("{key}=")).nth(1).unwrap().split(['&', ' ']).next().unwrap().parse().unwrap()
    };
    let limits: Vec<i64> = asked.iter().take(3).map(|h| number(h, "limit")).collect();
    assert_eq!(limits, [5000, 1250, 1250]);
    let days: Vec<f64> = asked.iter().map(|h| (number(h, "end") - number(h, "start")) as f64 / 86_400e9).collect();
    assert_eq!(days[..4], [30.0, 30.0, 7.5, 1.875]);

    let replay = Replay::start(&[("backward", &["too-far.http"])]);
    let mut ear = listen(&replay, last(3));
    ear.end().await;
    assert!(ear.gaps[0].starts_with("older lines are not looked for: "), "{:?}", ear.gaps);
}

#[tokio::test(flavor = "multi_thread")]
async fn tenant_and_login_are_sent_and_a_secret_that_comes_back_is_not_shown() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"t0p-s3cret\n").unwrap();
    let answer = "HTTP/1.1 403 Forbidden\r\nContent-Length: 39\r\n\r\nno rights with Bearer t0p-s3cret, sorry";
    let replay = Replay::start(&[("backward", &[answer])]);
    let place = SecretPlace(format!("file:{}", file.path().display()));
    for (login, sent) in [
        (LogLogin::Token(place.clone()), "authorization: bearer t0p-s3cret"),
        (LogLogin::User("ops".into(), place), "authorization: basic b3bzonqwcc1zm2nyzxq="),
    ] {
        let LogFrom::Loki(query) = of(replay.place(), Some("shop"), SALES) else { panic!("no Loki") };
        let query = LokiQuery { login, ..(*query).clone() };
        let mut ear = Ear::to(LogFrom::Loki(Arc::new(query)), None, last(1), &then());
        ear.end().await;
        let heads = replay.asked("query_range");
        let head = heads.last().unwrap().to_lowercase();
        assert!(head.contains(sent) && head.contains("x-scope-orgid: shop"), "{head}");
        let told = format!("{:?} {}", ear.states, why(&ear));
        assert!(told.contains("denies this log (403: no rights") && !told.contains("s3cret"), "{told}");
    }
}
