//! `qd status`, once: the exit code says what was observed, and nothing a server sends can harm who reads it.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::run::{command, deck, ends, on, qd};
use super::support::server::Server;
use super::support::stage::Stage;

/// Services, the exit code, words that are printed.
type Row<'a> = (&'a [(&'a str, String)], i32, &'a str);

#[test]
fn the_exit_code_tells_what_was_observed() {
    let server = Server::start();
    let unknown = format!("probes.live = {{ http = \"{}\", via = \"far\" }}", server.url("/ok"));
    let refused = "probes.live = { tcp = \"127.0.0.1:1\" }".to_owned();
    let table: [Row<'_>; 9] = [
        (&[("well", on(&server, "/ok"))], 0, "healthy"),
        (&[("down", on(&server, "/down"))], 1, "503"),
        (&[("closed", refused.clone())], 1, "connection refused on 127.0.0.1:1"),
        (&[("slow", on(&server, "/degraded"))], 1, "degraded"),
        (&[("far-away", unknown.clone())], 3, "unknown"),
        (&[("far-away", unknown.clone()), ("well", on(&server, "/ok"))], 3, "unknown"),
        (&[("far-away", unknown.clone()), ("down", on(&server, "/down"))], 1, "unhealthy"),
        (&[("extra", format!("optional = true, {refused}")), ("well", on(&server, "/ok"))], 0, "(optional)"),
        (&[("laid-up", format!("paused = \"until noon\", {refused}")), ("well", on(&server, "/ok"))], 0, "until noon"),
    ];
    for (services, code, words) in table {
        let ended = qd(&Stage::new(&deck(services)), &["status"]);
        assert_eq!(ended.code, code, "{services:?}: {ended:?}");
        assert!(ended.out.contains(words), "no `{words}` in {ended:?}");
        assert!(
            ended.out.contains("harbour") && services.iter().all(|(name, _)| ended.out.contains(name)),
            "{ended:?}"
        );
    }
}

#[test]
fn a_broken_environment_is_never_good_health() {
    let server = Server::start();
    let broken = deck(&[("well", on(&server, "/ok"))])
        + "[environments.sea]\ntier = \"staging\"\nservices.boat = { probes.live = { htpp = \"http://127.0.0.1:1\" } }\n";
    let stage = Stage::new(&broken);
    let ended = qd(&stage, &["status"]);
    assert_ne!(ended.code, 0, "{ended:?}");
    assert!(ended.told.contains("did you mean `http`"), "{ended:?}");
    assert!(ended.out.contains("well") && ended.out.contains("does not load"), "{ended:?}");
    stage.write_deck("[environments\n");
    assert_eq!(qd(&stage, &["status"]).code, 2);
}

#[test]
fn one_environment_and_one_service_can_be_asked_for() {
    let server = Server::start();
    let both = deck(&[("well", on(&server, "/ok")), ("down", on(&server, "/down"))])
        + &format!("[environments.sea]\ntier = \"staging\"\nservices.boat = {{ {} }}\n", on(&server, "/ok"));
    let stage = Stage::new(&both);
    assert_eq!(qd(&stage, &["status"]).code, 1);
    let sea = qd(&stage, &["status", "--env", "sea"]);
    assert_eq!(sea.code, 0, "{sea:?}");
    assert!(sea.out.contains("boat") && !sea.out.contains("harbour"), "{sea:?}");
    let well = qd(&stage, &["status", "--service", "well"]);
    assert_eq!(well.code, 0, "{well:?}");
    assert!(well.out.contains("well") && !well.out.contains("down") && !well.out.contains("boat"), "{well:?}");
}

#[test]
fn a_misspelt_name_is_told_with_the_nearest_right_one() {
    let server = Server::start();
    let stage = Stage::new(&deck(&[("storefront", on(&server, "/ok"))]));
    for (arguments, hint) in [
        (["status", "--env", "harbor"], "`harbour`"),
        (["status", "--service", "storefrnt"], "`storefront`"),
        (["status", "--deck", "no/such/folder"], "no/such/folder"),
        (["status", "--theme", "drak"], ""),
    ] {
        let ended = qd(&stage, &arguments);
        if !hint.is_empty() {
            assert_eq!(ended.code, 2, "{ended:?}");
            assert!(ended.told.contains(hint) && ended.out.is_empty(), "{ended:?}");
        }
    }
    let nowhere = qd(&Stage::empty(), &["status"]);
    assert_eq!(nowhere.code, 2);
    assert!(nowhere.told.contains("qd init") && nowhere.told.contains("qd demo"), "{nowhere:?}");
}

#[test]
fn control_sequences_of_a_server_stay_off_the_terminal() {
    let server = Server::start();
    let table = format!("probes.live = {{ http = \"{}\", body = \"Healthy\" }}", server.url("/hostile"));
    let stage = Stage::new(&deck(&[("odd", on(&server, "/hostile")), ("odder", table)]));
    for arguments in [&["status"][..], &["status", "--json"], &["check", "--probes"]] {
        let ended = qd(&stage, arguments);
        let bad = |c: char| c.is_control() && c != '\n';
        assert!(!ended.out.contains(bad) && !ended.told.contains(bad), "{ended:?}");
        assert!(!ended.out.contains("\\u001b") && !ended.out.contains("[31m"), "{ended:?}");
    }
}

#[test]
fn redirects_in_a_circle_end_and_are_told() {
    let server = Server::start();
    let table = format!("probes.live = {{ http = \"{}\", redirect = \"follow\" }}", server.url("/round"));
    let ended = qd(&Stage::new(&deck(&[("round", table)])), &["status"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.out.contains("redirects go in circles: /round → /about → /round"), "{ended:?}");
}

#[test]
fn a_server_that_never_answers_is_given_its_time_and_no_more() {
    let server = Server::start();
    let table = format!("probes.live = {{ http = \"{}\", timeout = \"300ms\" }}", server.url("/never"));
    let began = tokio::time::Instant::now();
    let ended = qd(&Stage::new(&deck(&[("mute", table)])), &["status"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.out.contains("300ms") || ended.out.contains("300 ms"), "{ended:?}");
    assert!(began.elapsed() < std::time::Duration::from_secs(3), "{:?}", began.elapsed());
}

#[test]
fn a_reader_that_leaves_after_the_first_line_is_no_panic() {
    let server = Server::start();
    let services: Vec<(String, String)> = (0..200).map(|n| (format!("s{n}"), on(&server, "/ok"))).collect();
    let services: Vec<(&str, String)> = services.iter().map(|(name, table)| (name.as_str(), table.clone())).collect();
    let stage = Stage::new(&deck(&services));
    for arguments in [&["status"][..], &["status", "--json"], &["check", "--probes"], &["schema"], &["man"]] {
        let mut child = command(&stage, arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::with_capacity(16, child.stdout.take().unwrap());
        let mut first = String::new();
        out.read_line(&mut first).unwrap();
        drop(out);
        let code = ends(&mut child).code();
        let told = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
        assert!(code == Some(0) && told.is_empty(), "{arguments:?}: {code:?} {told}");
        // Gone before the first word.
        let mut child = command(&stage, arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let code = ends(&mut child).code();
        let told = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
        assert!(code == Some(0) && told.is_empty(), "{arguments:?}: {code:?} {told}");
    }
}

#[test]
fn faults_told_to_a_reader_that_left_are_no_panic() {
    let server = Server::start();
    let stage = Stage::new(&(deck(&[("well", on(&server, "/ok"))]) + "[environments.sea]\nteir = 1\ntire = 2\n"));
    for arguments in [&["status"][..], &["status", "--env", "see"], &["check"], &["keys", "--keymap", "vmi"], &[]] {
        let mut child = command(&stage, arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop((child.stdout.take(), child.stderr.take()));
        let status = ends(&mut child);
        assert!(matches!(status.code(), Some(2 | 3)), "{arguments:?}: {status:?}");
    }
}

#[test]
fn colours_are_for_terminals_alone() {
    let server = Server::start();
    let ended = qd(&Stage::new(&deck(&[("down", on(&server, "/down"))])), &["status"]);
    assert!(!ended.out.contains('\x1b'), "{ended:?}");
}

#[test]
fn a_slow_probe_does_not_make_the_quick_ones_stale() {
    let server = Server::start();
    let slow = "probes.live = { command = [\"sleep\", \"4\"], every = \"6s\", timeout = \"5s\" }".to_owned();
    let quick = on(&server, "/ok").replace(" }", ", timeout = \"500ms\" }");
    let ended = qd(&Stage::new(&deck(&[("quick", quick), ("slow", slow)])), &["status"]);
    assert!(ended.code == 0 && !ended.out.contains("stale"), "{ended:?}");
}

#[test]
fn a_round_that_is_cut_short_leaves_no_command_running() {
    // A number that no other process of this machine sleeps for.
    let seconds = format!("9{}", std::process::id());
    let waits = format!("probes.live = {{ command = [\"sleep\", \"{seconds}\"], every = \"1h\", timeout = \"1h\" }}");
    let stage = Stage::new(&deck(&[("waits", waits)]));
    let sleeps = || {
        let found = std::process::Command::new("pgrep").args(["-f", &format!("^sleep {seconds}$")]).output().unwrap();
        !found.stdout.is_empty()
    };
    let until = |wanted: bool| {
        let deadline = tokio::time::Instant::now() + super::support::stage::patience();
        while sleeps() != wanted {
            assert!(tokio::time::Instant::now() < deadline, "sleeping is {}", !wanted);
            std::thread::yield_now();
        }
    };
    let mut child = command(&stage, &["status"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until(true);
    std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(5), "cancelled");
    until(false);
}

#[test]
fn names_that_hold_control_sequences_reach_no_terminal() {
    let odd = "[environments.\"\\u001b]0;owned\\u0007\"]\ntier = \"staging\"\nservices.a.probes.b = { tcp = \"127.0.0.1:1\" }\n";
    let stage = Stage::new(odd);
    for arguments in [&["check"][..], &["status"]] {
        let ended = qd(&stage, arguments);
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(!format!("{}{}", ended.out, ended.told).contains(['\u{1b}', '\u{7}']), "{ended:?}");
    }
}
