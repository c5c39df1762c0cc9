//! Real key files from `ssh-keygen`, of every type and form, locked and not, with what lies beside them and with what can
//! be wrong with them.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use proptest::prelude::*;

use super::*;
use crate::transport::ssh::known::keygen::{Bench, KINDS, blob};
use crate::transport::ssh::known::{fingerprint, kind};

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Writes a file as only its owner can read it, and says what is wrong with it.
fn wrong(bench: &Bench, text: &str) -> String {
    let path = bench.write("wrong", text);
    chmod(&path, 0o600);
    inspect(&path).unwrap_err().to_string().replace(&path.display().to_string(), "FILE")
}

#[test]
fn a_key_in_the_form_of_openssh_tells_its_type_and_public_half_even_when_locked() {
    let Some(bench) = Bench::new() else { return };
    for (type_, _) in KINDS {
        for (name, passphrase, encrypted) in [("open", "", false), ("locked", "a passphrase", true)] {
            let name = format!("{type_}-{name}");
            let public = bench.key_with(&name, type_, &["-N", passphrase]);
            std::fs::remove_file(bench.path(&format!("{name}.pub"))).unwrap();
            let key = inspect(&bench.path(&name)).unwrap();
            assert_eq!((key.format, key.encrypted, key.kind.as_deref()), (Format::OpenSsh, encrypted, Some(*type_)));
            assert_eq!(key.public.as_deref(), Some(public.as_slice()));
            assert_eq!((key.public_file, key.certificate, key.notes), (None, None, vec![]));
        }
    }
}

#[test]
fn keys_in_pem_tell_whether_they_are_locked_and_take_their_public_half_from_beside() {
    let Some(bench) = Bench::new() else { return };
    // ssh-keygen may write ed25519 keys in its own form whatever it is asked for.
    for (type_, _) in KINDS.iter().filter(|(type_, _)| *type_ != "ssh-ed25519") {
        let old = if *type_ == "ssh-rsa" { Format::Pkcs1 } else { Format::Sec1 };
        for (form, format) in [("PEM", old), ("PKCS8", Format::Pkcs8)] {
            for (passphrase, encrypted) in [("", false), ("a passphrase", true)] {
                let name = format!("{type_}-{form}-{encrypted}");
                let public = bench.key_with(&name, type_, &["-m", form, "-N", passphrase]);
                let key = inspect(&bench.path(&name)).unwrap();
                assert_eq!((key.format, key.encrypted), (format, encrypted), "{name}");
                assert_eq!(key.kind.as_deref(), Some(*type_), "{name}");
                assert_eq!(key.public.as_deref(), Some(public.as_slice()), "{name}");
                assert_eq!(key.public_file.unwrap().comment.as_str(), "someone");
                std::fs::remove_file(bench.path(&format!("{name}.pub"))).unwrap();
                let alone = inspect(&bench.path(&name)).unwrap();
                let told = !encrypted || format == Format::Pkcs1;
                assert_eq!((alone.kind.is_some(), alone.public), (told, None), "{name}");
            }
        }
    }
}

#[test]
fn an_ed25519_key_of_openssl_is_read_too() {
    let Some(bench) = Bench::new() else { return };
    let text = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
    let path = bench.write("key", text);
    chmod(&path, 0o600);
    let key = inspect(&path).unwrap();
    assert_eq!((key.format, key.encrypted, key.kind.as_deref()), (Format::Pkcs8, false, Some("ssh-ed25519")));
}

#[test]
fn the_certificate_beside_a_key_is_found() {
    let Some(bench) = Bench::new() else { return };
    bench.key("ca", "ssh-ed25519");
    bench.key("id", "ssh-rsa");
    let certificate = bench.sign("ca", "id", &["-n", "deploy"]);
    let key = inspect(&bench.path("id")).unwrap();
    let beside = key.certificate.unwrap();
    assert_eq!((beside.path, &beside.blob), (bench.path("id-cert.pub"), &certificate));
    assert_eq!(kind(&beside.blob), "ssh-rsa-cert-v01@openssh.com");
    assert_eq!(fingerprint(&beside.blob), fingerprint(&blob(&bench.path("id.pub"))));
}

#[test]
fn files_beside_a_key_that_belong_to_another_are_told_and_not_used() {
    let Some(bench) = Bench::new() else { return };
    bench.key("ca", "ssh-ed25519");
    bench.key("other", "ssh-ed25519");
    bench.sign("ca", "other", &["-n", "deploy"]);
    let public = bench.key("id", "ssh-ed25519");
    std::fs::rename(bench.path("other.pub"), bench.path("id.pub")).unwrap();
    std::fs::rename(bench.path("other-cert.pub"), bench.path("id-cert.pub")).unwrap();
    let key = inspect(&bench.path("id")).unwrap();
    assert_eq!(key.public, Some(public));
    assert_eq!((&key.public_file, &key.certificate), (&None, &None));
    let told = |name: &str| format!("{} is not used: it belongs to another private key", bench.path(name).display());
    assert_eq!(key.notes, [told("id.pub"), told("id-cert.pub")]);
}

#[test]
fn a_key_open_to_others_is_refused_with_the_command_that_mends_it() {
    let Some(bench) = Bench::new() else { return };
    bench.key("id", "ssh-ed25519");
    let path = bench.path("id");
    for mode in [0o640, 0o604, 0o660] {
        chmod(&path, mode);
        assert_eq!(
            inspect(&path).unwrap_err().to_string(),
            format!(
                "the key file {0} is open to others (mode {mode:04o}), so ssh does not use it; type: chmod 600 {0}",
                path.display()
            )
        );
        // ssh-keygen agrees.
        assert!(bench.try_run(&["-y", "-f", "id"]).0.contains("UNPROTECTED PRIVATE KEY FILE"));
    }
    chmod(&path, 0o400);
    assert!(inspect(&path).is_ok());
    let spaced = bench.write("it's a key", "");
    chmod(&spaced, 0o644);
    let words = inspect(&spaced).unwrap_err().to_string();
    assert!(words.ends_with("it'\\''s a key'"), "{words}");
}

#[test]
fn what_is_missing_or_no_file_is_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let none = folder.path().join("id");
    assert_eq!(inspect(&none).unwrap_err(), KeyFileError::Missing(none.clone()));
    let why = inspect(folder.path()).unwrap_err().to_string();
    assert!(why.ends_with("cannot be read: it is not a file"), "{why}");
}

#[test]
fn a_public_key_in_place_of_the_private_one_is_told() {
    let Some(bench) = Bench::new() else { return };
    bench.key("id", "ssh-ed25519");
    let path = bench.path("id.pub");
    for mode in [0o644, 0o600] {
        chmod(&path, mode);
        assert_eq!(inspect(&path).unwrap_err(), KeyFileError::Public(path.clone()));
    }
    bench.key("rsa", "ssh-rsa");
    let pem = bench.run(&["-e", "-m", "PKCS8", "-f", "rsa.pub"]);
    assert_eq!(wrong(&bench, &pem), "FILE holds a public key; name the private key that belongs to it");
}

#[test]
fn keys_that_need_a_fido_token_are_refused_with_words() {
    let Some(bench) = Bench::new() else { return };
    let kind = b"sk-ssh-ed25519@openssh.com";
    let mut public = Vec::new();
    for field in [&kind[..], &[7; 32], b"ssh:"] {
        crate::transport::ssh::wire::put_string(&mut public, field);
    }
    let mut file = b"openssh-key-v1\0".to_vec();
    for field in [&b"none"[..], b"none", b""] {
        crate::transport::ssh::wire::put_string(&mut file, field);
    }
    file.extend(1_u32.to_be_bytes());
    crate::transport::ssh::wire::put_string(&mut file, &public);
    crate::transport::ssh::wire::put_string(&mut file, b"handle");
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &file);
    let text = format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{encoded}\n-----END OPENSSH PRIVATE KEY-----\n");
    let why = wrong(&bench, &text);
    assert!(why.starts_with("the key in FILE is sk-ssh-ed25519@openssh.com, which needs its FIDO token"), "{why}");
}

#[test]
fn dsa_keys_are_refused_in_every_form() {
    let Some(bench) = Bench::new() else { return };
    let (said, made) = bench.try_run(&["-q", "-t", "dsa", "-N", "", "-f", "dsa"]);
    if !made {
        eprintln!("not tested: this ssh-keygen makes no DSA keys: {said}");
        return;
    }
    for form in ["RFC4716", "PEM", "PKCS8"] {
        bench.run(&["-p", "-N", "", "-m", form, "-f", "dsa"]);
        let refused = inspect(&bench.path("dsa")).unwrap_err();
        assert_eq!(
            refused,
            KeyFileError::Unsupported { path: bench.path("dsa"), kind: "ssh-dss".to_owned() },
            "{form}"
        );
    }
}

#[test]
fn what_is_no_key_says_what_it_is_instead() {
    let Some(bench) = Bench::new() else { return };
    bench.key("id", "ssh-ed25519");
    let whole = std::fs::read_to_string(bench.path("id")).unwrap();
    for (text, why) in [
        ("", "it is empty"),
        ("hello\n", "there is no line with BEGIN and PRIVATE KEY"),
        (whole.split_at(whole.len() / 2).0, "it is damaged or cut off"),
        ("PuTTY-User-Key-File-3: ssh-rsa\n", "it is PuTTY's; turn it into OpenSSH's with puttygen -O private-openssh"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "it is a certificate of TLS"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----\n",
            "it is damaged or cut off",
        ),
        ("-----BEGIN RSA PRIVATE KEY-----\n!\n-----END RSA PRIVATE KEY-----\n", "it is damaged or cut off"),
    ] {
        assert_eq!(wrong(&bench, text), format!("FILE holds no private key that can be read: {why}"));
    }
}

#[test]
fn nothing_private_is_printed() {
    let Some(bench) = Bench::new() else { return };
    bench.key("id", "ssh-ed25519");
    let whole = std::fs::read_to_string(bench.path("id")).unwrap();
    let secret = whole.lines().rev().nth(1).unwrap();
    assert!(!format!("{:?}", inspect(&bench.path("id")).unwrap()).contains(secret));
}

proptest! {
    #[test]
    fn no_bytes_stop_the_console(bytes in any::<Vec<u8>>(), label in 0_usize..5) {
        prop_assert!(armour::read(&bytes).is_err());
        let label = ["OPENSSH", "RSA", "EC", "ENCRYPTED", ""][label];
        let mut inner = b"openssh-key-v1\0".to_vec();
        inner.extend(&bytes);
        for body in [&bytes, &inner] {
            let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, body);
            let text = format!("-----BEGIN {label} PRIVATE KEY-----\n{encoded}\n-----END");
            // A block that is only locked up is taken for what it says it is.
            let found = armour::read(text.as_bytes());
            prop_assert!(found.is_err() || matches!(label, "RSA" | "EC" | "ENCRYPTED"));
        }
    }
}
