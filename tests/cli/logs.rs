//! `qd logs`: several logs in one stream by time, what is left out, what is told of what cannot be read, and how it ends.
#![allow(clippy::disallowed_methods, reason = "a test waits for a real process by the real clock")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::run::{Ended, command, qd};
use super::support::stage::Stage;

const DECK: &str = r#"
[environments.qa]
tier = "staging"
logs.proxy = { file = "proxy.log", doc = "requests" }
[environments.qa.services]
shop = { logs.app = { file = "shop.log" }, probes.live = { file = "/tmp" } }
pay = { logs.app = { file = "pay.log" }, logs.slow = { file = "slow.log" }, probes.live = { file = "/tmp" } }
bare = { probes.live = { file = "/tmp" } }
[environments.live]
tier = "production"
services.shop = { logs.app = { file = "shop.log" }, probes.live = { file = "/tmp" } }
"#;

fn stage() -> Stage {
    let stage = Stage::empty();
    stage.write_deck(DECK);
    let write = |name: &str, text: &str| fs::write(stage.work().join(name), text).unwrap();
    write("shop.log", "2026-05-01T10:00:01Z INFO one\n2026-05-01T10:00:03Z ERROR three\n  at shop.rs:3\n");
    write("pay.log", "2026-05-01T10:00:02Z WARN two\n2026-05-01T10:00:04Z INFO four \u{1b}]0;title\u{7}\u{1b}[2Jend");
    write("proxy.log", "{\"time\":\"2026-05-01T10:00:02.5Z\",\"level\":\"debug\",\"trace\":\"abc\"}\n");
    stage
}

fn logs(stage: &Stage, arguments: &[&str]) -> Ended {
    qd(stage, &[&["logs", "--utc"], arguments].concat())
}

/// The texts alone.
fn texts(out: &str) -> Vec<&str> {
    out.lines().map(|l| l.rsplit(' ').next().unwrap()).collect()
}

#[test]
fn several_logs_are_one_stream_by_time_with_source_and_level() {
    let stage = stage();
    let ended = logs(&stage, &["qa/shop", "qa/pay:app"]);
    let wanted = "\
2026-05-01 10:00:01.000 qa/shop:app info  2026-05-01T10:00:01Z INFO one
2026-05-01 10:00:02.000 qa/pay:app  warn  2026-05-01T10:00:02Z WARN two
2026-05-01 10:00:03.000 qa/shop:app error 2026-05-01T10:00:03Z ERROR three
2026-05-01 10:00:03.000 qa/shop:app error   at shop.rs:3
2026-05-01 10:00:04.000 qa/pay:app  info  2026-05-01T10:00:04Z INFO four end
";
    assert_eq!((ended.out.as_str(), ended.told.as_str(), ended.code), (wanted, "", 0));
}

#[test]
fn an_environment_is_all_of_it_and_what_cannot_be_read_is_told_and_makes_it_unknown() {
    let stage = stage();
    let ended = logs(&stage, &["qa"]);
    assert_eq!((ended.out.lines().count(), ended.code), (6, 3), "{}", ended.out);
    assert!(ended.told.starts_with("qd: qa/pay:slow: absent: ") && ended.told.ends_with("slow.log is not there yet\n"));
}

#[test]
fn lines_are_left_out_by_pattern_level_time_and_field_and_a_trace_stays_with_its_error() {
    let stage = stage();
    for (arguments, wanted) in [
        (&["--grep", "info"][..], vec!["one", "end"]),
        (&["--grep", "THREE"], vec![]),
        (&["--grep", "info", "--invert"], vec!["two", "three", "shop.rs:3"]),
        (&["--level", "warn"], vec!["two", "three", "shop.rs:3"]),
        (&["--level", "error", "--grep", "shop"], vec!["shop.rs:3"]),
        (&["--since", "2026-05-01T10:00:03Z"], vec!["three", "shop.rs:3", "end"]),
        (&["--until", "2026-05-01 10:00:02"], vec!["one", "two"]),
        (&["-n", "1"], vec!["shop.rs:3", "end"]),
    ] {
        let ended = logs(&stage, &[&["qa/shop:app", "qa/pay:app"], arguments].concat());
        let mut found = texts(&ended.out);
        found.sort_unstable();
        let mut wanted = wanted;
        wanted.sort_unstable();
        assert_eq!((found, ended.code), (wanted, 0), "{arguments:?} {}", ended.told);
    }
    let ended = logs(&stage, &["qa:proxy", "qa/shop", "--field", "trace=abc"]);
    assert_eq!(ended.out.lines().count(), 1, "{}", ended.out);
}

#[test]
fn objects_have_a_version_and_what_the_schema_says() {
    let stage = stage();
    let ended = logs(&stage, &["qa/pay:app", "--json"]);
    let all: Vec<serde_json::Value> = ended.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(all.len(), 2);
    let last = &all[1];
    assert_eq!((&last["schema"], &last["kind"], &last["level"]), (&1.into(), &"line".into(), &"info".into()));
    assert_eq!((&last["time"], &last["service"]), (&"2026-05-01T10:00:04Z".into(), &"pay".into()));
    assert_eq!(last["text"], "2026-05-01T10:00:04Z INFO four end");
    let schema: serde_json::Value = serde_json::from_str(&qd(&stage, &["schema", "logs"]).out).unwrap();
    let known = schema["properties"].as_object().unwrap();
    assert!(last.as_object().unwrap().keys().all(|key| known.contains_key(key)) && known.len() == 11);
}

#[test]
fn names_that_mean_nothing_or_two_things_are_told_with_what_was_probably_meant() {
    let stage = stage();
    for (name, told) in [
        ("qa/shp", "qd: there is no `qa/shp`; did you mean `qa/shop`?\n"),
        ("qa/pay:slw", "qd: there is no log `qa/pay:slw`; did you mean `qa/pay:slow`?\n"),
        ("shop", "qd: `shop` may be of qa/shop or live/shop; write which\n"),
        ("qa/bare", "qd: qa/bare has no logs; add logs.app = { file = \"/var/log/…\" } to it\n"),
    ] {
        let ended = logs(&stage, &[name]);
        assert_eq!((ended.told.as_str(), ended.code), (told, 2));
    }
    for (arguments, told) in [
        (&["--level", "wrn2"][..], "there is no level"),
        (&["--since", "soon"], "\"soon\" is no time; write 15m"),
        (&["--grep", "("], "--grep is no regular expression"),
        (&["--field", "x"], "tests no field"),
    ] {
        let ended = logs(&stage, &[&["qa"], arguments].concat());
        assert!(ended.told.contains(told) && ended.code == 2, "{}", ended.told);
    }
    let listed = qd(&stage, &["logs"]);
    assert!(
        listed.out.lines().count() == 5 && listed.out.contains("proxy.log on this machine  requests"),
        "{}",
        listed.out
    );
}

struct Following {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
}

impl Following {
    fn start(stage: &Stage, arguments: &[&str]) -> Self {
        let mut command = command(stage, &[&["logs", "--utc", "-f"], arguments].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Self { out: BufReader::new(child.stdout.take().unwrap()), child }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line.rsplit(' ').next().unwrap().trim_end().to_owned()
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn write(path: &Path, text: &str) {
    fs::OpenOptions::new().append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

#[test]
fn following_begins_with_the_last_lines_and_prints_each_line_as_it_comes() {
    let stage = stage();
    let mut following = Following::start(&stage, &["qa/shop:app", "-n", "1"]);
    assert_eq!(following.line(), "shop.rs:3");
    for n in 0..3 {
        let began = Instant::now();
        write(&stage.work().join("shop.log"), &format!("2026-05-01T10:01:0{n}Z INFO new{n}\n"));
        assert_eq!(following.line(), format!("new{n}"));
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    }
    let pid = rustix::process::Pid::from_child(&following.child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(following.child.wait().unwrap().code(), Some(5));
}

#[test]
fn a_reader_that_leaves_ends_it_quietly() {
    let stage = stage();
    let mut following = Following::start(&stage, &["qa/shop:app"]);
    following.line();
    // Closes the only reading end.
    drop(std::mem::replace(&mut following.out, BufReader::new(closed(&stage))));
    assert_eq!(wait(&mut following.child), Some(0));
    let mut told = String::new();
    std::io::Read::read_to_string(&mut following.child.stderr.take().unwrap(), &mut told).unwrap();
    assert_eq!(told, "");
}

/// The output of something that has ended.
fn closed(stage: &Stage) -> std::process::ChildStdout {
    let mut child = command(stage, &["--version"]).stdout(Stdio::piped()).spawn().unwrap();
    child.wait().unwrap();
    child.stdout.take().unwrap()
}

fn wait(child: &mut Child) -> Option<i32> {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(10) {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    None
}

/// Several megabytes of what programs write: traces, returns, lines without a stamp, a line of 200 KB, odd bytes.
fn odd_file(path: &Path) {
    let mut text = b"no stamp yet\n  nor here: request 0\n".to_vec();
    for n in 0..30_000 {
        let at = format!("2026-05-01T{:02}:{:02}:{:02}Z", n / 3600, n / 60 % 60, n % 60);
        match n % 7 {
            0 => text.extend(format!("{at} ERROR request {n} failed\r\n  at shop.rs:{n}\r\n\tat main.rs:9\n").bytes()),
            1 => text.extend(format!("{{\"time\":\"{at}\",\"level\":\"warn\",\"request\":{n}}}\n").bytes()),
            2 => text.extend(format!("{at} INFO request {n} {}\n", "x".repeat(n % 400)).bytes()),
            3 => text.extend_from_slice(b"Caused by: \xff\0 request\n\n"),
            _ => text.extend(format!("{at} INFO nothing {n}\n").bytes()),
        }
        if n == 20_000 {
            text.extend_from_slice(&[&b"request "[..], &vec![b'y'; 200_000], b" request\n"].concat());
        }
    }
    text.extend_from_slice(b"the last request has no end");
    fs::write(path, text).unwrap();
}

#[test]
fn a_file_that_is_searched_in_blocks_has_the_lines_and_times_that_a_reader_of_every_line_sees() {
    let stage = stage();
    odd_file(&stage.work().join("shop.log"));
    let cases: &[&[&str]] = &[
        &["--grep", "request"],
        &["--grep", "Caused"],
        &["--grep", "shop.rs:2[0-9]*7$"],
        &["--grep", "^\\s+at|Caused", "--level", "error"],
        &["--grep", "nothing|request", "--invert"],
        &["--grep", "request [0-9]*77", "--until", "2026-05-01T02:00:00Z"],
        &["--grep", "last|yet|nor"],
        &["--grep", "request", "--field", "request=15408"],
    ];
    for arguments in cases {
        let direct = logs(&stage, &[&["qa/shop"], *arguments].concat());
        // With a number of lines it is read through a shell, as a host's file is.
        let told = logs(&stage, &[&["qa/shop", "-n", "999999999"], *arguments].concat());
        // What stands before the first stamp has the time when it was read.
        let known = |line| if str::starts_with(line, "2026-05-01") { line } else { line.split_at(24).1 };
        let mut both = direct.out.lines().map(known).zip(told.out.lines().map(known));
        assert_eq!(both.find(|(direct, told)| direct != told), None, "{arguments:?}");
        assert_eq!((direct.out.len(), direct.code), (told.out.len(), 0), "{arguments:?}");
        assert!(!direct.out.is_empty(), "{arguments:?}");
    }
}
