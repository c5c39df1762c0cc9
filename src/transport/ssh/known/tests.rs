//! Judgements on real keys from `ssh-keygen`: the whole format of the file, the words, the file of accepted keys, and
//! that no bytes can stop the console. Certificates and the comparison with the real client have files of their own.

mod certificates;
mod client;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use proptest::prelude::*;

use super::keygen::{Bench, KINDS};
use super::*;

const HOST: &str = "192.0.2.10";

fn now() -> Timestamp {
    "2026-01-15T00:00:00Z".parse().unwrap()
}

fn known(text: &str) -> KnownHosts {
    KnownHosts::parse(Path::new("/etc/ssh/ssh_known_hosts"), text)
}

fn judge(text: &str, name: &str, port: u16, blob: &[u8]) -> Verdict {
    known(text).judge(name, port, blob, now())
}

#[test]
fn a_key_of_every_type_is_known_and_has_the_fingerprint_that_ssh_keygen_prints() {
    let Some(bench) = Bench::new() else { return };
    for (type_, _) in KINDS {
        let blob = bench.key(type_, type_);
        let text = format!("a.example.org,{HOST} {} comment\r\n", bench.public(type_));
        assert_eq!(judge(&text, HOST, 22, &blob), Verdict::Known, "{type_}");
        assert_eq!(kind(&blob), *type_);
        let listed = bench.run(&["-lf", &format!("{type_}.pub")]);
        assert!(listed.contains(&format!(" {} ", fingerprint(&blob))), "{listed}: {}", fingerprint(&blob));
    }
}

#[test]
fn a_changed_key_is_told_with_both_fingerprints_and_the_place() {
    let Some(bench) = Bench::new() else { return };
    let blob = bench.key("new", "ssh-ed25519");
    let old = fingerprint(&bench.key("old", "ssh-ed25519"));
    let text = format!("# hosts\n\n{HOST} {}\n", bench.public("old"));
    let verdict = judge(&text, HOST, 22, &blob);
    assert!(!verdict.may_be_accepted());
    assert_eq!(
        verdict.words(HOST, 22, &blob),
        format!(
            "the host key of 192.0.2.10 has changed: it is ssh-ed25519 {}, but line 3 of /etc/ssh/ssh_known_hosts says {old}",
            fingerprint(&blob)
        )
    );
}

#[test]
fn a_host_of_which_another_type_of_key_is_known_is_not_new() {
    let Some(bench) = Bench::new() else { return };
    let blob = bench.key("shown", "ssh-ed25519");
    bench.key("known", "ecdsa-sha2-nistp256");
    let verdict = judge(&format!("{HOST} {}", bench.public("known")), HOST, 22, &blob);
    assert!(matches!(&verdict, Verdict::Unknown { others, .. } if others.len() == 1), "{verdict:?}");
    assert!(!verdict.may_be_accepted());
    let words = verdict.words(HOST, 22, &blob);
    assert!(
        words.ends_with(
            "but keys of other types are known for this host: ecdsa-sha2-nistp256 on line 1 of /etc/ssh/ssh_known_hosts"
        ),
        "{words}"
    );
    let new = judge("", HOST, 22, &blob);
    assert!(new.may_be_accepted());
    assert_eq!(
        new.words(HOST, 22, &blob),
        format!("the host key of 192.0.2.10 is not known: it is ssh-ed25519 {}", fingerprint(&blob))
    );
}

#[test]
fn several_lines_and_files_speak_for_one_host() {
    let Some(bench) = Bench::new() else { return };
    let blobs = [bench.key("one", "ssh-ed25519"), bench.key("two", "ssh-ed25519"), bench.key("three", "ssh-rsa")];
    let first = bench.write("first", &format!("{HOST} {}\n", bench.public("one")));
    let second = bench.write(
        "second",
        &format!("{HOST}\t{}\n 192.0.2.* {} with a comment\n", bench.public("two"), bench.public("three")),
    );
    let hosts = KnownHosts::read(&[first, bench.path("none"), second]);
    assert!(hosts.notes().is_empty());
    assert!(blobs.iter().all(|blob| hosts.judge(HOST, 22, blob, now()) == Verdict::Known));
}

#[test]
fn a_port_has_lines_of_its_own_and_a_line_without_it_is_only_named() {
    let Some(bench) = Bench::new() else { return };
    let blob = bench.key("host", "ssh-ed25519");
    let public = bench.public("host");
    let with_port = format!("[{HOST}]:2222 {public}");
    assert_eq!(judge(&with_port, HOST, 2222, &blob), Verdict::Known);
    assert!(judge(&with_port, HOST, 22, &blob).may_be_accepted());
    let verdict = judge(&format!("{HOST} {public}"), HOST, 2222, &blob);
    assert!(verdict.may_be_accepted());
    let words = verdict.words(HOST, 2222, &blob);
    assert!(words.starts_with("the host key of [192.0.2.10]:2222 is not known"), "{words}");
    assert!(words.ends_with("line 1 of /etc/ssh/ssh_known_hosts holds it for 192.0.2.10 without the port"), "{words}");
    let revoked = judge(&format!("@revoked {HOST} {public}"), HOST, 2222, &blob);
    assert!(matches!(revoked, Verdict::Revoked { .. }));
}

#[test]
fn a_revoked_key_is_refused_whatever_else_is_said_of_it() {
    let Some(bench) = Bench::new() else { return };
    let blob = bench.key("host", "ssh-rsa");
    let public = bench.public("host");
    let text = format!("{HOST} {public}\n@revoked * {public}\n");
    let words = judge(&text, HOST, 22, &blob).words(HOST, 22, &blob);
    assert!(words.contains("is revoked: it is ssh-rsa SHA256:"), "{words}");
    assert!(words.ends_with("line 2 of /etc/ssh/ssh_known_hosts says that it may not be used"), "{words}");
    assert_eq!(judge(&format!("{HOST} {public}\n@revoked b.example.org {public}"), HOST, 22, &blob), Verdict::Known);
}

#[test]
fn names_hashed_by_ssh_keygen_are_found_as_it_finds_them() {
    let Some(bench) = Bench::new() else { return };
    let blob = bench.key("host", "ssh-ed25519");
    let public = bench.public("host");
    let file = bench.write("hosts", &format!("a.example.org,{HOST} {public}\n[a.example.org]:2222 {public}\n"));
    bench.run(&["-H", "-f", "hosts"]);
    assert!(std::fs::read_to_string(&file).unwrap().lines().all(|line| line.starts_with("|1|")));
    let hosts = KnownHosts::read(&[file]);
    for (name, port, written) in [
        ("a.example.org", 22, "a.example.org"),
        ("A.EXAMPLE.ORG", 2222, "[a.example.org]:2222"),
        (HOST, 22, HOST),
        ("b.example.org", 22, "b.example.org"),
        (HOST, 2222, "[192.0.2.10]:2222"),
    ] {
        let (_, found) = bench.try_run(&["-F", written, "-f", "hosts"]);
        assert_eq!(hosts.judge(name, port, &blob, now()) == Verdict::Known, found, "{written}");
    }
}

#[test]
fn lines_that_cannot_be_read_are_noted_and_the_others_count() {
    let Some(bench) = Bench::new() else { return };
    let blob = bench.key("host", "ssh-ed25519");
    let public = bench.public("host");
    let base64 = public.split(' ').nth(1).unwrap();
    let text = format!(
        "@trusted * {public}\n@revoked @revoked * {public}\n{HOST}\n{HOST} 1024 65537 1234\n{HOST} ssh-rsa {base64}\n\
         |1|half {public}\n{HOST} ssh-ed25519 {}\n{HOST} ssh-ed25519 !!!\n{HOST} {public}",
        base64.split_at(40).0
    );
    let hosts = known(&text);
    let notes: Vec<String> = hosts.notes().iter().map(ToString::to_string).collect();
    let said = [
        "its marker is neither @cert-authority nor @revoked",
        "it has two markers",
        "it ends before the key",
        "its key is of SSH version 1, which is no longer spoken",
        "its key is of another type than it says",
        "its hashed name cannot be read",
        "its key is damaged or of a type that cannot be read",
        "its key is not base64",
    ];
    let wanted: Vec<String> = (1..)
        .zip(said)
        .map(|(line, why)| format!("line {line} of /etc/ssh/ssh_known_hosts is left out: {why}"))
        .collect();
    assert_eq!(notes, wanted);
    assert_eq!(hosts.judge(HOST, 22, &blob, now()), Verdict::Known);
}

#[test]
fn a_folder_in_place_of_a_file_is_noted_and_a_missing_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let hosts = KnownHosts::read(&[folder.path().to_owned(), folder.path().join("none"), "/dev/null".into()]);
    let notes: Vec<String> = hosts.notes().iter().map(ToString::to_string).collect();
    assert_eq!(notes, [format!("{} is left out: it is not a file", folder.path().display())]);
}

#[test]
fn algorithms_of_known_keys_are_offered_first() {
    let Some(bench) = Bench::new() else { return };
    bench.key("rsa", "ssh-rsa");
    bench.key("p521", "ecdsa-sha2-nistp521");
    let hosts = known(&format!(
        "{HOST} {}\n@cert-authority *.example.org {0}\n@cert-authority *.example.net {}",
        bench.public("rsa"),
        bench.public("p521")
    ));
    let first = |name: &str| hosts.algorithms(name, 22)[..2].to_vec();
    assert_eq!(first(HOST), ["rsa-sha2-512", "rsa-sha2-256"]);
    assert_eq!(
        first("a.example.org"),
        ["ssh-ed25519-cert-v01@openssh.com", "ecdsa-sha2-nistp256-cert-v01@openssh.com"]
    );
    assert_eq!(first("a.example.net")[0], "ssh-ed25519", "an authority whose signatures cannot be checked is no help");
    assert_eq!(hosts.algorithms(HOST, 2222).len(), 12);
}

#[test]
fn an_accepted_key_is_known_from_then_on_and_to_ssh_keygen_too() {
    let Some(bench) = Bench::new() else { return };
    let blob = bench.key("host", "ssh-ed25519");
    let file = bench.path("state/quarterdeck/known_hosts");
    accept(&file, "A.example.org", 2222, &blob).unwrap();
    accept(&file, "a.example.org", 2222, &blob).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text, format!("[a.example.org]:2222 {}\n", bench.public("host")));
    bench.run(&["-F", "[a.example.org]:2222", "-f", "state/quarterdeck/known_hosts"]);
    assert_eq!(
        KnownHosts::read(std::slice::from_ref(&file)).judge("a.example.org", 2222, &blob, now()),
        Verdict::Known
    );
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
}

#[test]
fn half_a_line_of_a_killed_console_does_not_swallow_the_next_one() {
    let Some(bench) = Bench::new() else { return };
    let blob = bench.key("host", "ssh-ed25519");
    let file = bench.write("hosts", "192.0.2.99 ssh-ed2551");
    accept(&file, HOST, 22, &blob).unwrap();
    let hosts = KnownHosts::read(std::slice::from_ref(&file));
    assert_eq!(hosts.judge(HOST, 22, &blob, now()), Verdict::Known);
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("192.0.2.99 ssh-ed2551\n"));
}

#[test]
fn consoles_that_accept_at_once_do_not_mix_their_lines() {
    let Some(bench) = Bench::new() else { return };
    let blob = bench.key("host", "ssh-ed25519");
    let file = bench.path("hosts");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..10).for_each(|n| accept(&file, &format!("192.0.2.{n}"), 22, &blob).unwrap()));
        }
    });
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().count(), 10, "{text}");
    assert!(KnownHosts::read(&[file]).notes().is_empty());
}

#[test]
fn names_that_mean_more_than_themselves_are_not_written() {
    let Some(bench) = Bench::new() else { return };
    let blob = bench.key("host", "ssh-ed25519");
    for name in ["*", "a,b", "a b", "!a", "#a", "@revoked", "|1|a|b", "a\nb", ""] {
        let refused = accept(&bench.path("hosts"), name, 22, &blob).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput, "{name:?}");
    }
    assert!(accept(&bench.path("hosts"), HOST, 22, b"no key").is_err());
    assert!(!bench.path("hosts").exists());
}

proptest! {
    #[test]
    fn no_bytes_stop_the_console(file in any::<Vec<u8>>(), blob in any::<Vec<u8>>(), at in any::<u16>()) {
        let text = format!("* ssh-ed25519 {0}\n@cert-authority {0}", String::from_utf8_lossy(&file));
        let verdict = judge(&text, "a", at, &blob);
        prop_assert!(!verdict.words("a", at, &blob).contains(char::is_control));
    }
}
