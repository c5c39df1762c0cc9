//! `qd forward`: a port that carries real requests, and stays while its host is lost.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::desk::{Desk, known_to, leads_at};
use crate::sshd::{Sshd, Wire};
use crate::support::server::Server;
use crate::support::stage::patience;

/// Asks for `/ok`; what came before the connection ended.
fn get(place: &str) -> String {
    let Ok(mut stream) = TcpStream::connect(place) else { return String::new() };
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut answer = Vec::new();
    // Where the host is lost the connection ends early, which is what is looked at.
    stream.write_all(b"GET /ok HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").ok();
    stream.read_to_end(&mut answer).ok();
    String::from_utf8_lossy(&answer).into_owned()
}

fn port_of(server: &Server) -> String {
    server.url("").rsplit_once(':').unwrap().1.to_owned()
}

#[test]
fn a_forwarded_port_carries_requests_and_outlives_a_lost_link() {
    let (server, web) = (Sshd::start(&[]), Server::start());
    let wire = Wire::to(server.place());
    let known = server.folder().join("known");
    std::fs::write(&known, server.known_hosts_at(wire.place())).unwrap();
    let config = leads_at("vps", &server, wire.place().port(), &known.display().to_string());
    let desk = Desk::new(&["vps"], &config);
    let mut running = desk.start(&["forward", "qa/vps", &port_of(&web), "--local", "0"]);
    let place = running.says("127.0.0.1:").split(' ').next().unwrap().to_owned();
    assert!(get(&place).ends_with("Healthy"), "{}", get(&place));
    wire.cut();
    wire.close();
    running.says("qa/vps is lost: ");
    assert_eq!(get(&place), "", "nothing goes through, and nobody waits");
    wire.mend();
    running.says("qa/vps is connected again");
    let end = Instant::now() + patience();
    while !get(&place).ends_with("Healthy") {
        assert!(Instant::now() < end, "the same port leads there again");
    }
    assert_eq!(running.stop(), 0, "being stopped is its good end");
    assert!(TcpStream::connect(&place).is_err(), "the port is closed");
}

#[test]
fn what_the_target_says_is_told_and_the_port_stays() {
    let server = Sshd::start(&[]);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let desk = Desk::new(&["vps"], &known_to("vps", &server));
    let mut running = desk.start(&["forward", "vps", &closed.to_string(), "--local", "0"]);
    let place = running.says("127.0.0.1:").split(' ').next().unwrap().to_owned();
    assert_eq!(get(&place), "");
    running.says(&format!("a connection was closed: connection refused on 127.0.0.1:{closed} through vps"));
    assert_eq!(running.stop(), 0);
}

#[test]
fn a_port_that_is_taken_a_host_that_is_not_there_and_a_target_that_is_none_are_told() {
    let server = Sshd::start(&[]);
    let desk = Desk::new(&["vps"], &known_to("vps", &server));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ended = desk.qd(&["forward", "vps", "80", "--local", &port]);
    assert!(ended.code == 2 && ended.told.contains(&format!("port {port} of this machine is in use; ")), "{ended:?}");
    let ended = desk.qd(&["forward", "vsp", "80"]);
    assert!(ended.code == 2 && ended.told.contains("there is no host `vsp`"), "{ended:?}");
    let ended = desk.qd(&["forward", "vps", "db"]);
    assert!(ended.code == 2 && ended.told.contains("write a port of the host"), "{ended:?}");
    let ended = desk.qd(&["--read-only", "forward", "vps", "80"]);
    assert!(ended.code == 4 && ended.told.contains("--read-only"), "{ended:?}");
    let mut gone = server;
    gone.stop();
    let ended = desk.qd(&["forward", "vps", "80"]);
    assert!(ended.code == 3 && ended.told.contains("no connection to qa/vps: connection refused"), "{ended:?}");
}
