//! Plain sshds that refuse, hosts that pretend and wires that break, as the real client sees them.

use std::time::{Duration, Instant};

use crate::sshd::{FakeHost, Settings, Sshd, Wire};
use crate::{tell, told};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_plain_sshd_lets_in_and_says_so_in_its_log() {
    let server = Sshd::start(&[]);
    told(server.ssh().arg("echo here")).said("here");
    assert!(server.log().contains("Accepted publickey"), "{}", server.log());
}

#[test]
fn it_refuses_what_its_settings_say() {
    let stranger = Sshd::with(&Settings { takes_key: false, ..Settings::default() });
    told(stranger.ssh().arg("true")).failed_with("Permission denied (publickey)");
    let forced = Sshd::start(&["ForceCommand echo no shell here"]);
    told(forced.ssh().arg("true")).said("no shell here");
    let narrow = Sshd::start(&["AllowTcpForwarding no"]);
    told(narrow.ssh().args(["-W", "127.0.0.1:1"])).failed_with("administratively prohibited");
    let single = Sshd::start(&["MaxSessions 0"]);
    told(single.ssh().arg("true")).failed_with("open failed");
    let odd = Sshd::start(&["Ciphers aes128-ctr"]);
    told(odd.ssh().args(["-c", "aes256-ctr"]).arg("true")).failed_with("no matching cipher");
}

#[test]
fn its_host_keys_are_of_the_kinds_asked_for_and_can_be_signed() {
    let settings = Settings { host_keys: &["rsa", "ecdsa"], address: [127, 0, 0, 77].into(), ..Settings::default() };
    let server = Sshd::with(&settings);
    assert_eq!(server.address().to_string(), "127.0.0.77");
    told(server.ssh().arg("echo here")).said("here");
    let wrong = told(server.ssh().args(["-o", "HostKeyAlgorithms=ssh-ed25519"]).arg("true"));
    wrong.failed_with("no matching host key type");
    let signed = Sshd::with(&Settings { certified: true, ..Settings::default() });
    let known = signed.folder().join("authorities");
    std::fs::write(&known, signed.authority_line()).unwrap();
    let file = format!("UserKnownHostsFile={}", known.display());
    // The first word on an option counts, so the usual file must not come first.
    let mut client = std::process::Command::new("ssh");
    client.args(["-o", &file]).args(signed.ssh().get_args()).arg("echo here");
    told(&mut client).said("here");
}

#[test]
fn a_stopped_listener_takes_connections_and_says_nothing() {
    let mut server = Sshd::start(&[]);
    server.freeze();
    told(server.ssh().arg("true")).failed_with("timed out during banner exchange");
    server.thaw();
    told(server.ssh().arg("echo here")).said("here");
    server.stop();
    told(server.ssh().arg("true")).failed_with("Connection refused");
    server.start_again();
    told(server.ssh().arg("echo here")).said("here");
}

#[test]
fn hosts_that_pretend_fool_nobody() {
    let server = Sshd::start(&[]);
    let try_at = |fake: &FakeHost| told(server.ssh_at(fake.place()).arg("true"));
    try_at(&FakeHost::black_hole()).failed_with("timed out during banner exchange");
    try_at(&FakeHost::banner_flood()).failed_with("No SSH version received in first 1024 lines");
    try_at(&FakeHost::endless_line()).failed_with("banner exchange");
    try_at(&FakeHost::garbage()).failed_with("kex_exchange_identification");
    let noise = try_at(&FakeHost::noise_after_banner());
    assert_eq!(noise.code, Some(255), "{noise:?}");
    let busy = FakeHost::busy(2, server.place());
    for _ in 0..2 {
        try_at(&busy).failed_with("kex_exchange_identification");
    }
    told(server.ssh_at(busy.place()).arg("echo here")).said("here");
    assert_eq!(busy.accepted(), 3);
}

#[test]
fn a_wire_carries_is_late_is_cut_and_closes() {
    let server = Sshd::start(&[]);
    let wire = Wire::to(server.place());
    let try_once = || told(server.ssh_at(wire.place()).arg("echo here"));
    let quick = try_once();
    quick.said("here");
    wire.delay(Duration::from_millis(50));
    let late = try_once();
    late.said("here");
    assert!(late.took > quick.took + Duration::from_millis(300), "{:?} {:?}", quick.took, late.took);
    wire.delay(Duration::ZERO);
    wire.cut();
    try_once().failed_with("timed out during banner exchange");
    wire.mend();
    try_once().said("here");
    assert!(wire.accepted() == 4 && wire.carried() > 1000);
}

#[test]
fn a_session_on_a_wire_outlives_a_short_cut_and_ends_when_closed() {
    let server = Sshd::start(&[]);
    let wire = Wire::to(server.place());
    let mut client = server.ssh_at(wire.place());
    let client = client.arg("while sleep 0.1; do echo on; done");
    let mut session = client.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    std::thread::sleep(SECOND);
    wire.cut();
    let before = wire.carried();
    std::thread::sleep(SECOND);
    assert!(before > 1000 && wire.carried() == before, "nothing is carried");
    assert!(session.try_wait().unwrap().is_none(), "and nobody is told");
    wire.mend();
    std::thread::sleep(SECOND / 2);
    assert!(wire.carried() > before && wire.open() == 1, "what was held back arrives");
    let began = Instant::now();
    wire.close();
    let ended = tell(session.wait_with_output().unwrap(), began);
    assert!(ended.took < SECOND, "{ended:?}");
    ended.failed_with("closed by remote host");
}
