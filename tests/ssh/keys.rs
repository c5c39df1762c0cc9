//! Keys of hosts: unknown, changed, revoked, of another type, signed. Nothing of the user's is sent before one is known.

use std::fs;

use quarterdeck::model::{Ask, LinkState, Trouble};

use crate::desk::{Desk, Entry, SECOND, id, live, settle, until};
use crate::sshd::{Settings, Sshd};

/// What the user is and has is not told before the host is judged.
fn sent_nothing(server: &Sshd) {
    let log = server.log();
    assert!(!log.contains("publickey") && !log.contains("Accepted") && !log.contains("user root"), "{log}");
}

fn known(desk: &Sshd, text: &str) -> std::path::PathBuf {
    let path = desk.folder().join("known");
    fs::write(&path, text).unwrap();
    path
}

fn entry(server: &Sshd, text: &str) -> Entry {
    Entry::at("web", server.place())
        .with(&format!("IdentityFile {}", server.key_path().display()))
        .known(&known(server, text))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_key_is_asked_about_and_accepted_once() {
    let server = Sshd::start(&[]);
    let desk = Desk::with(vec![entry(&server, "")]);
    let host = desk.host("web");
    let link = settle(&host).await;
    assert_eq!((link.state, link.trouble), (LinkState::Refused, Some(Trouble::HostKeyUnknown)));
    let Some(Ask::Trust { name, kind, fingerprint }) = link.ask else { panic!("{link:?}") };
    assert_eq!((name.as_str(), kind.as_str()), (format!("[127.0.0.1]:{}", server.port()).as_str(), "ssh-ed25519"));
    let cause = link.cause.unwrap();
    assert_eq!(cause.as_str(), format!("the host key of {name} is not known: it is {kind} {fingerprint}"));
    sent_nothing(&server);
    assert!(desk.hosts().trust(&id("web"), "SHA256:another").is_err());
    desk.hosts().trust(&id("web"), fingerprint.as_str()).unwrap();
    until(&host, SECOND * 5, |l| l.state == LinkState::Live).await;
    assert_eq!(fs::read_to_string(server.folder().join("known")).unwrap(), "", "the user's file is left alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_revoked_and_other_keys_are_refused_and_nobody_is_asked() {
    let server = Sshd::start(&[]);
    let other = Sshd::with(&Settings { host_keys: &["ed25519", "ecdsa"], ..Settings::default() });
    let place = format!("[127.0.0.1]:{}", server.port());
    let line = |key: &str| format!("{place} {key}\n");
    let key = |text: &str, at: usize| text.lines().nth(at).unwrap().split_once(' ').unwrap().1.to_owned();
    let (own, strange) = (key(&server.known_hosts(), 0), other.known_hosts());
    for (text, trouble, words) in [
        (line(&key(&strange, 0)), Trouble::HostKeyChanged, "has changed: it is ssh-ed25519 SHA256:"),
        (format!("{}@revoked * {own}\n", line(&own)), Trouble::HostKeyRevoked, "is revoked: it is ssh-ed25519 SHA256:"),
        (line(&key(&strange, 1)), Trouble::HostKeyChanged, "but keys of other types are known for this host: ecdsa"),
    ] {
        let desk = Desk::with(vec![entry(&server, &text)]);
        let link = settle(&desk.host("web")).await;
        let cause = link.cause.unwrap();
        assert!(cause.as_str().starts_with(&format!("the host key of {place} ")), "{cause}");
        assert!(cause.as_str().contains(words), "{cause}");
        assert_eq!((link.state, link.trouble, link.ask), (LinkState::Refused, Some(trouble), None), "{cause}");
    }
    sent_nothing(&server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_host_is_known_by_its_authority() {
    let server = Sshd::with(&Settings { certified: true, ..Settings::default() });
    let desk = Desk::with(vec![entry(&server, &server.authority_line())]);
    live(&desk.host("web")).await;
}
