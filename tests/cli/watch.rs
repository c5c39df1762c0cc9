//! `qd status --watch`: prints when a state changes and not otherwise, and ends when it is told to or nobody reads.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use rustix::process::Signal;

use super::run::{Running, command, deck, ends, on};
use super::support::server::Server;
use super::support::stage::Stage;

#[test]
fn a_change_is_printed_and_a_signal_ends_it() {
    for (signal, json) in [(Signal::INT, false), (Signal::TERM, true)] {
        let server = Server::start();
        let stage = Stage::new(&deck(&[("boat", on(&server, "/switch"))]));
        let mut arguments = vec!["status", "--watch"];
        arguments.extend(json.then_some("--json"));
        let mut running = Running::start(&stage, &arguments);
        running.prints("healthy");
        server.switch(503);
        let line = running.prints("503");
        assert!(line.contains("unhealthy"), "{line}");
        if json {
            let document: serde_json::Value = serde_json::from_str(&line).unwrap();
            assert_eq!(document["environments"][0]["services"][0]["health"], "unhealthy");
        }
        server.switch(200);
        running.prints("healthy");
        running.signal(signal);
        let status = running.ends();
        // Stopped by its operator: no verdict about the services.
        assert_eq!(status.code(), Some(5), "{status:?}");
    }
}

#[test]
fn a_better_cause_of_the_same_health_is_printed_too() {
    let server = Server::start();
    let late = "command = [\"sh\", \"-c\", \"! test -e down\"]";
    let probes =
        format!("probes.unit = {{ {late}, every = \"2s\" }}, probes.live = {{ http = \"{}\" }}", server.url("/switch"));
    let stage = Stage::new(&deck(&[("boat", probes)]));
    let running = Running::start(&stage, &["status", "--watch", "--json"]);
    running.prints("healthy");
    server.switch(503);
    assert!(running.prints("unhealthy").contains("\"cause\":\"live: 503"));
    std::fs::write(stage.work().join("down"), "").unwrap();
    // The probe that stands first knows more, and looks later.
    running.prints("\"cause\":\"unit: `sh` exited with 1");
}

#[test]
fn it_ends_when_nobody_reads_any_more() {
    let server = Server::start();
    let stage = Stage::new(&deck(&[("boat", on(&server, "/switch"))]));
    let mut child =
        command(&stage, &["status", "--watch"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    out.read_line(&mut first).unwrap();
    drop(out);
    let status = ends(&mut child);
    let told = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
    assert!(status.code() == Some(5) && told.is_empty(), "{status:?} {told}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_body_without_end_takes_no_memory() {
    use super::support::process::peak_memory;
    let server = Server::start();
    let services = [("flood", on(&server, "/endless")), ("flood-too", on(&server, "/endless"))];
    let stage = Stage::new(&deck(&services));
    let running = Running::start(&stage, &["status", "--watch", "--json"]);
    let line = running.prints("flood");
    assert!(!line.contains("xxxxxxxxxx"), "{line}");
    let peak = peak_memory(running.id());
    println!("peak {peak} MiB");
    assert!(peak < 80, "{peak} MiB at the peak");
}
