//! Every way to break a host, as the real client sees it.

use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::lab::{Host, Lab};
use crate::{Told, tell, told};

const SECOND: Duration = Duration::from_secs(1);

fn greet(host: &Host) -> Told {
    told(host.ssh_as("ops").arg("echo here"))
}

/// A session that says a word every tenth of a second.
fn session(host: &Host, options: &[&str]) -> Child {
    let mut client = host.ssh_as("ops");
    let client = client.args(options).arg("while sleep 0.1; do echo on; done").stdout(Stdio::piped()).spawn().unwrap();
    // Long enough for the login.
    std::thread::sleep(SECOND);
    client
}

#[test]
fn a_pulled_cable_is_silence() {
    let Some(lab) = Lab::new() else { return };
    let host = lab.host("web1");
    host.cut();
    let silent = greet(&host);
    assert!(silent.err.contains("timed out") || silent.err.contains("No route"), "{silent:?}");
    assert!(silent.code == Some(255) && silent.took > SECOND, "{silent:?}");
    host.heal();
    greet(&host).said("here");
}

#[test]
fn a_dropped_port_is_silence_and_a_rejected_one_a_refusal() {
    let Some(lab) = Lab::new() else { return };
    let host = lab.host("web1");
    host.drop_port(22);
    greet(&host).failed_with("Connection timed out");
    host.open_ports();
    host.reject_port(22);
    let refused = greet(&host);
    refused.failed_with("Connection refused");
    assert!(refused.took < SECOND, "{refused:?}");
    host.open_ports();
    greet(&host).said("here");
}

#[test]
fn a_hung_host_takes_connections_and_says_nothing() {
    let Some(lab) = Lab::new() else { return };
    let host = lab.host("web1");
    host.freeze();
    let place = SocketAddr::new(host.address(), host.port());
    assert!(TcpStream::connect_timeout(&place, SECOND).is_ok(), "its kernel answers");
    greet(&host).failed_with("timed out during banner exchange");
    host.thaw();
    greet(&host).said("here");
    // One that hangs can be switched off and on all the same.
    host.freeze();
    host.off();
    host.on();
    greet(&host).said("here");
}

#[test]
fn a_killed_host_ends_sessions_and_refuses_new_ones() {
    let Some(lab) = Lab::new() else { return };
    let host = lab.host("web1");
    let session = session(&host, &[]);
    host.must("echo kept >/srv/kept; sync");
    let began = Instant::now();
    host.off();
    let ended = tell(session.wait_with_output().unwrap(), began);
    assert!(ended.took < SECOND * 2 && ended.out.starts_with("on\n"), "{ended:?}");
    ended.failed_with("closed by remote host");
    let refused = greet(&host);
    refused.failed_with("Connection refused");
    assert!(refused.took < SECOND && !host.is_on(), "{refused:?}");
    host.on();
    told(host.ssh_as("ops").arg("cat /srv/kept")).said("kept");
}

#[test]
fn a_power_cut_is_noticed_by_keepalive_alone() {
    let Some(lab) = Lab::new() else { return };
    let host = lab.host("web1");
    let careful = session(&host, &["-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=2"]);
    let mut careless = session(&host, &[]);
    let began = Instant::now();
    host.power_cut();
    let ended = tell(careful.wait_with_output().unwrap(), began);
    ended.failed_with("not responding");
    assert!(ended.took > SECOND && ended.took < SECOND * 6, "{ended:?}");
    assert!(careless.try_wait().unwrap().is_none(), "without keepalive a session goes silent");
    let gone = greet(&host);
    assert!(gone.code == Some(255) && gone.took > SECOND, "{gone:?}");
    host.on();
    greet(&host).said("here");
    careless.kill().unwrap();
    careless.wait().unwrap();
}

#[test]
fn a_slow_line_is_slow() {
    let Some(lab) = Lab::new() else { return };
    let host = lab.host("web1");
    let load = || told(host.ssh_as("ops").arg("head -c 100000 /dev/urandom | base64 -w 0 | head -c 100000"));
    let quick = load();
    assert!(quick.out.len() == 100_000 && quick.took < SECOND * 2, "{:?}", quick.took);
    host.slow("256kbit");
    let slow = load();
    assert!(slow.out.len() == 100_000 && slow.took > SECOND * 2, "{:?} {}", slow.took, slow.err);
    host.full_speed();
    assert!(load().took < SECOND * 2);
}

#[test]
fn a_host_set_up_anew_has_another_key() {
    let Some(lab) = Lab::new() else { return };
    let host = lab.host("web1");
    greet(&host).said("here");
    let old = host.known_hosts_line();
    host.new_host_key();
    assert_ne!(host.known_hosts_line(), old);
    greet(&host).failed_with("REMOTE HOST IDENTIFICATION HAS CHANGED");
}

#[test]
fn a_small_disk_is_full_soon() {
    let Some(lab) = Lab::new() else { return };
    let host = lab.host("web1");
    host.small_disk("/srv/small", "1m");
    let full = told(host.ssh_as("ops").arg("head -c 2000000 /dev/zero >/srv/small/file"));
    assert!(full.code == Some(1) && full.err.contains("No space left on device"), "{full:?}");
}
