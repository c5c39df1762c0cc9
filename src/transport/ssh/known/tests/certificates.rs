//! Host certificates signed by the real `ssh-keygen`: each that vouches and each reason why one does not.

use super::*;

const NAMES: &[&str] = &["-h", "-n", "192.0.2.10,*.example.org", "-V", "20260101:20260201"];

/// A bench with a host key, an authority and the line that trusts it.
fn bench(authority: &str) -> Option<(Bench, String)> {
    let bench = Bench::new()?;
    bench.key("ca", authority);
    bench.key("host", "ssh-ed25519");
    let line = format!("@cert-authority * {}\n", bench.public("ca"));
    Some((bench, line))
}

/// Why a certificate is refused.
fn refused(text: &str, name: &str, blob: &[u8]) -> String {
    match judge(text, name, 22, blob) {
        Verdict::CertificateRefused { why } => why,
        other => panic!("not refused but {other:?}"),
    }
}

#[test]
fn an_authority_vouches_for_host_keys_of_every_type() {
    let Some((bench, line)) = bench("ssh-ed25519") else { return };
    for (type_, _) in KINDS {
        bench.key(type_, type_);
        let certificate = bench.sign("ca", type_, NAMES);
        assert!(kind(&certificate).ends_with("-cert-v01@openssh.com"));
        assert_eq!(judge(&line, HOST, 22, &certificate), Verdict::Known, "{type_}");
        let listed = bench.run(&["-lf", &format!("{type_}-cert.pub")]);
        assert!(listed.contains(&fingerprint(&certificate)), "{listed}");
    }
}

#[test]
fn authorities_of_every_type_but_p521_and_sha_1_can_vouch() {
    for (type_, _) in KINDS {
        let Some((bench, line)) = bench(type_) else { return };
        let certificate = bench.sign("ca", "host", NAMES);
        if *type_ == "ecdsa-sha2-nistp521" {
            let why = refused(&line, HOST, &certificate);
            assert!(why.contains("signs with ecdsa-sha2-nistp521, which cannot be checked here"), "{why}");
        } else {
            assert_eq!(judge(&line, HOST, 22, &certificate), Verdict::Known, "{type_}");
        }
    }
    let Some((bench, line)) = bench("ssh-rsa") else { return };
    let older = bench.sign("ca", "host", &[NAMES, &["-t", "rsa-sha2-256"]].concat());
    assert_eq!(judge(&line, HOST, 22, &older), Verdict::Known);
    let oldest = bench.sign("ca", "host", &[NAMES, &["-t", "ssh-rsa"]].concat());
    assert!(refused(&line, HOST, &oldest).contains("RSA and SHA-1, which cannot be checked"));
}

#[test]
fn names_in_a_certificate_may_have_wildcards_and_the_port_plays_no_part() {
    let Some((bench, _)) = bench("ssh-ed25519") else { return };
    let certificate = bench.sign("ca", "host", NAMES);
    let line = format!("@cert-authority [*.example.org]:2222 {}\n", bench.public("ca"));
    assert_eq!(judge(&line, "a.example.org", 2222, &certificate), Verdict::Known);
    assert!(judge(&line, "a.example.org", 22, &certificate).may_be_accepted());
}

#[test]
fn a_certificate_that_does_not_vouch_says_why() {
    let Some((bench, line)) = bench("ssh-ed25519") else { return };
    for (arguments, name, wanted) in [
        (&["-h", "-n", HOST, "-V", "20250101:20260101"][..], HOST, "it expired at 2026-01-01T00:00:00Z"),
        (&["-h", "-n", HOST, "-V", "20260201:20270101"], HOST, "it is valid only from 2026-02-01T00:00:00Z on"),
        (NAMES, "192.0.2.11", "it is for 192.0.2.10, *.example.org"),
        (&["-h"], HOST, "it names no host; sign the key again with -n and the names"),
        (&["-n", HOST], HOST, "it is no host certificate but one for users; sign the key again with -h"),
        (
            &["-h", "-n", HOST, "-O", "critical:strange@example.org=1"],
            HOST,
            "it has critical options that hosts do not have: strange@example.org",
        ),
    ] {
        let certificate = bench.sign("ca", "host", arguments);
        assert_eq!(refused(&line, name, &certificate), wanted);
        let words = judge(&line, name, 22, &certificate).words(name, 22, &certificate);
        assert!(
            words.starts_with(&format!("the host certificate of {name} is refused: {wanted}; its key is ")),
            "{words}"
        );
        // As in OpenSSH, the key in it still counts where that very key is known.
        let with_key = format!("{line}{name} {}", bench.public("host"));
        assert_eq!(judge(&with_key, name, 22, &certificate), Verdict::Known);
    }
}

#[test]
fn a_certificate_of_a_stranger_is_judged_by_the_key_in_it() {
    let Some((bench, line)) = bench("ssh-ed25519") else { return };
    bench.key("stranger", "ssh-ed25519");
    bench.key("other", "ssh-ed25519");
    let certificate = bench.sign("stranger", "host", NAMES);
    assert!(judge(&line, HOST, 22, &certificate).may_be_accepted());
    let known = format!("{line}{HOST} {}", bench.public("host"));
    assert_eq!(judge(&known, HOST, 22, &certificate), Verdict::Known);
    let changed = format!("{line}{HOST} {}", bench.public("other"));
    assert!(matches!(judge(&changed, HOST, 22, &certificate), Verdict::Changed { .. }));
    let elsewhere = line.replace("* ", "*.example.org ");
    let ours = bench.sign("ca", "host", NAMES);
    assert!(judge(&elsewhere, HOST, 22, &ours).may_be_accepted(), "an authority for other hosts vouches for none here");
}

#[test]
fn accepting_a_certificate_keeps_its_plain_key() {
    let Some((bench, _)) = bench("ssh-ed25519") else { return };
    let certificate = bench.sign("ca", "host", NAMES);
    accept(&bench.path("hosts"), HOST, 22, &certificate).unwrap();
    assert_eq!(std::fs::read_to_string(bench.path("hosts")).unwrap(), format!("{HOST} {}\n", bench.public("host")));
}

#[test]
fn a_revoked_authority_or_key_is_refused_with_its_certificate() {
    let Some((bench, line)) = bench("ssh-ed25519") else { return };
    let certificate = bench.sign("ca", "host", NAMES);
    let text = format!("{line}{HOST} {}\n@revoked * {}", bench.public("host"), bench.public("ca"));
    let words = judge(&text, HOST, 22, &certificate).words(HOST, 22, &certificate);
    assert!(words.contains("line 3 of /etc/ssh/ssh_known_hosts says that the authority that signed it"), "{words}");
    let text = format!("{line}@revoked {HOST} {}", bench.public("host"));
    assert!(matches!(judge(&text, HOST, 22, &certificate), Verdict::Revoked { .. }));
}

#[test]
fn a_certificate_with_any_byte_changed_is_never_taken() {
    let Some((bench, line)) = bench("ecdsa-sha2-nistp256") else { return };
    let certificate = bench.sign("ca", "host", NAMES);
    assert_eq!(judge(&line, HOST, 22, &certificate), Verdict::Known);
    let (mut forged, with_key) = (0, format!("{line}{HOST} {}", bench.public("host")));
    for at in 0..certificate.len() {
        let mut changed = certificate.clone();
        changed[at] ^= 1;
        assert_ne!(judge(&line, HOST, 22, &changed), Verdict::Known, "byte {at}");
        let why = format!("{:?}", judge(&with_key, HOST, 22, &changed));
        forged += usize::from(why.contains("its signature is wrong"));
    }
    assert!(forged > 100, "a forged certificate is refused even where the key in it is known: {forged}");
    for length in 0..certificate.len() {
        assert_ne!(judge(&line, HOST, 22, &certificate[..length]), Verdict::Known, "cut at {length}");
    }
}
