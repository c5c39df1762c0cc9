//! `qd hosts trust`: what is accepted, by whom, and where it stands then.

use crate::desk::{Desk, fingerprint, leads_to};
use crate::sshd::Sshd;

/// An operator who knows no key of a server, and the file that must not be written.
fn stranger(server: &Sshd) -> (Desk, std::path::PathBuf) {
    let desk = Desk::new(&["vps"], "");
    let own = desk.file("known_hosts", "");
    desk.configure(&leads_to("vps", server, &own.display().to_string()));
    (desk, own)
}

#[test]
fn a_key_is_accepted_by_its_fingerprint_into_the_state_folder_alone() {
    let server = Sshd::start(&[]);
    let (desk, own) = stranger(&server);
    let asked = desk.qd(&["hosts"]);
    let key = fingerprint(&server);
    assert_eq!(asked.code, 4, "{asked:?}");
    assert!(asked.out.contains(&format!("type: qd hosts trust qa/vps --fingerprint {key}")), "{}", asked.out);
    assert!(asked.out.contains("ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"), "{}", asked.out);
    let trusted = desk.qd(&["hosts", "trust", "vps", "--fingerprint", &key]);
    assert_eq!(trusted.code, 0, "{trusted:?}");
    assert!(trusted.told.contains("accepted; it stands in ") && trusted.out.contains("● live"), "{trusted:?}");
    assert_eq!(desk.accepted(), server.known_hosts());
    assert_eq!(std::fs::read_to_string(own).unwrap(), "");
    assert_eq!(desk.qd(&["hosts"]).code, 0);
    let again = desk.qd(&["hosts", "trust"]);
    assert!(again.code == 0 && again.told.contains("nothing to accept"), "{again:?}");
}

#[test]
fn nothing_is_accepted_that_nobody_compared() {
    let server = Sshd::start(&[]);
    let (desk, _) = stranger(&server);
    let blind = desk.qd(&["hosts", "trust"]);
    assert!(blind.code == 4 && blind.told.contains("nobody can answer here; there is no --yes"), "{blind:?}");
    let other = fingerprint(&Sshd::start(&[]));
    let wrong = desk.qd(&["hosts", "trust", "vps", "--fingerprint", &other]);
    assert!(wrong.code == 4 && wrong.told.contains("not the fingerprint that was given"), "{wrong:?}");
    let yes = desk.qd(&["hosts", "trust", "vps", "--yes"]);
    assert!(yes.code == 2 && yes.told.contains("there is no --yes"), "{yes:?}");
    let half = desk.qd(&["hosts", "trust", "vps", "--fingerprint", "SHA256:abc"]);
    assert!(half.code == 2 && half.told.contains("is no fingerprint"), "{half:?}");
    assert_eq!(desk.accepted(), "");
}

#[test]
fn a_key_that_changed_is_refused_with_the_line_to_look_at_and_what_to_type() {
    let (server, other) = (Sshd::start(&[]), Sshd::start(&[]));
    let (desk, own) = stranger(&server);
    let old = other.known_hosts().replace(&other.port().to_string(), &server.port().to_string());
    std::fs::write(&own, format!("# keys\n{old}")).unwrap();
    for words in [&["hosts"][..], &["hosts", "trust", "--fingerprint", &fingerprint(&server)]] {
        let ended = desk.qd(words);
        assert_eq!(ended.code, 4, "{ended:?}");
        assert!(ended.out.contains("has changed: it is ssh-ed25519 SHA256:"), "{ended:?}");
        assert!(ended.out.contains(&format!("look at {}:2;", own.display())), "{ended:?}");
        let remove = format!("ssh-keygen -R '[127.0.0.1]:{}' -f {}", server.port(), own.display());
        assert!(ended.out.contains(&remove), "{ended:?}");
    }
    assert_eq!(desk.accepted(), "");
    // What it says to type is right.
    let typed = format!("ssh-keygen -R '[127.0.0.1]:{}' -f {}", server.port(), own.display());
    assert!(std::process::Command::new("sh").args(["-c", &typed]).output().unwrap().status.success());
    assert_eq!(desk.qd(&["hosts", "trust", "--fingerprint", &fingerprint(&server)]).code, 0);
}

#[test]
fn a_revoked_key_is_never_accepted() {
    let server = Sshd::start(&[]);
    let (desk, own) = stranger(&server);
    let key = server.known_hosts().split_once(' ').unwrap().1.to_owned();
    std::fs::write(&own, format!("@revoked * {key}")).unwrap();
    let ended = desk.qd(&["hosts", "trust", "--fingerprint", &fingerprint(&server)]);
    assert!(
        ended.code == 4 && ended.out.contains("is revoked") && ended.out.contains(":1; the host needs"),
        "{ended:?}"
    );
    assert_eq!(desk.accepted(), "");
}

#[test]
fn the_keys_of_all_hosts_on_the_way_are_accepted_one_after_the_other() {
    let (gate, inner) = (Sshd::start(&[]), Sshd::start(&[]));
    let desk = Desk::new(&["inner"], "");
    let config = leads_to("gate", &gate, "/dev/null") + &leads_to("inner", &inner, "/dev/null") + "  ProxyJump gate\n";
    desk.configure(&config);
    let asked = desk.qd(&["hosts"]);
    assert!(asked.code == 4 && asked.out.contains(&fingerprint(&gate)), "the first one on the way asks: {asked:?}");
    let half = desk.qd(&["hosts", "trust", "inner", "--fingerprint", &fingerprint(&gate)]);
    assert!(half.code == 4 && half.out.contains(&fingerprint(&inner)), "then the next: {half:?}");
    assert_eq!(desk.accepted(), gate.known_hosts());
    let keys = [fingerprint(&gate), fingerprint(&inner)];
    let fresh = Desk::new(&["inner"], &config);
    let both = fresh.qd(&["hosts", "trust", "--fingerprint", &keys[0], "--fingerprint", &keys[1]]);
    assert!(both.code == 0 && both.told.matches("  accepted;").count() == 2, "{both:?}");
    assert_eq!(fresh.accepted(), gate.known_hosts() + &inner.known_hosts());
}
