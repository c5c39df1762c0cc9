//! Presented certificates, good and bad, seen by the `tls` and the `http` check in the middle of June 2026.

use std::process::Command;

use quarterdeck::model::{Observation, Outcome};
use tokio::net::TcpListener;

use crate::certificates::{Authority, Chain, present, self_signed};
use crate::support::{Server, check_of, context, fact, free_port, look, reason, write};

const LAST_YEAR: (i32, u8, u8) = (2025, 1, 1);
const NEXT_YEAR: (i32, u8, u8) = (2027, 6, 15);
const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];

/// What the `tls` check sees of a chain, believing in a root.
async fn see(chain: &Chain, root: &Authority, keys: &str) -> Observation {
    let folder = Server::folder();
    let ca = write(folder.path(), "ca.pem", &root.pem);
    look(&format!("tls = \"127.0.0.1:{}\"\nca = \"{}\"\n{keys}", present(chain).await, ca.display())).await
}

#[tokio::test]
async fn a_good_chain_of_an_internal_authority_passes_with_its_facts() {
    let root = Authority::root("Shop Root");
    let middle = root.under("Shop Issuing", (2030, 1, 1));
    let seen = see(&middle.server(&NAMES, LAST_YEAR, NEXT_YEAR, &[&middle]), &root, "").await;
    assert_eq!((seen.outcome, reason(&seen)), (Outcome::Pass, ""));
    assert_eq!(fact(&seen, "issuer"), "Shop Issuing");
    assert_eq!(fact(&seen, "names"), "localhost, 127.0.0.1");
    assert_eq!(fact(&seen, "not after"), "2027-06-15 00:00 UTC");
    assert_eq!(fact(&seen, "left"), "364 days");
}

#[tokio::test]
async fn a_certificate_near_its_end_is_degraded_and_then_fails() {
    let root = Authority::root("Shop Root");
    let chain = root.server(&NAMES, LAST_YEAR, (2026, 6, 20), &[]);
    let seen = see(&chain, &root, "degraded = \"21d\"\nfail = \"3d\"").await;
    let told = "certificate expires in 4 days, on 2026-06-20 00:00 UTC";
    assert_eq!((seen.outcome, reason(&seen)), (Outcome::Degraded, told));
    let seen = see(&chain, &root, "degraded = \"21d\"\nfail = \"7d\"").await;
    assert_eq!((seen.outcome, reason(&seen)), (Outcome::Fail, told));
}

#[tokio::test]
async fn an_expired_certificate_tells_since_when() {
    let root = Authority::root("Shop Root");
    let seen = see(&root.server(&NAMES, LAST_YEAR, (2026, 6, 10), &[]), &root, "").await;
    assert_eq!(
        (seen.outcome, reason(&seen)),
        (Outcome::Fail, "certificate expired 5 days ago, on 2026-06-10 00:00 UTC")
    );
    let seen = see(&root.server(&NAMES, (2026, 7, 1), NEXT_YEAR, &[]), &root, "").await;
    assert_eq!(reason(&seen), "certificate is not valid before 2026-07-01 00:00 UTC");
}

#[tokio::test]
async fn an_expired_chain_certificate_is_named() {
    let root = Authority::root("Shop Root");
    let middle = root.under("Shop Issuing", (2026, 6, 1));
    let seen = see(&middle.server(&NAMES, LAST_YEAR, NEXT_YEAR, &[&middle]), &root, "").await;
    let told = "chain certificate \"Shop Issuing\" expired 14 days ago, on 2026-06-01 00:00 UTC";
    assert_eq!((seen.outcome, reason(&seen)), (Outcome::Fail, told));
    let soon = root.under("Shop Issuing", (2026, 6, 25));
    let seen = see(&soon.server(&NAMES, LAST_YEAR, NEXT_YEAR, &[&soon]), &root, "").await;
    let told = "chain certificate \"Shop Issuing\" expires in 9 days, on 2026-06-25 00:00 UTC";
    assert_eq!((seen.outcome, reason(&seen)), (Outcome::Degraded, told));
}

#[tokio::test]
async fn a_wrong_name_tells_the_names_there_are_and_an_unknown_issuer_is_told_apart() {
    let (root, other) = (Authority::root("Shop Root"), Authority::root("Other Root"));
    let wrong = root.server(&["shop.example.com", "www.example.com"], LAST_YEAR, NEXT_YEAR, &[]);
    let name = "certificate is not for 127.0.0.1 but for shop.example.com, www.example.com";
    assert_eq!(reason(&see(&wrong, &root, "").await), name);
    assert_eq!(see(&wrong, &root, "name = \"shop.example.com\"").await.outcome, Outcome::Pass);

    let seen = see(&root.server(&NAMES, LAST_YEAR, NEXT_YEAR, &[]), &other, "").await;
    assert!(reason(&seen).starts_with("issuer \"Shop Root\" is not trusted here"), "{seen:?}");

    let all = root.server(&["shop.example.com"], LAST_YEAR, (2026, 6, 10), &[]);
    let seen = see(&all, &other, "").await;
    for part in ["expired 5 days ago", "issuer \"Shop Root\" is not trusted", "is not for 127.0.0.1 but for shop."] {
        assert!(reason(&seen).contains(part), "{part}: {seen:?}");
    }
}

#[tokio::test]
async fn a_self_signed_certificate_fails_unless_it_is_the_one_believed_in() {
    let root = Authority::root("Shop Root");
    let own = self_signed(&NAMES, LAST_YEAR, NEXT_YEAR);
    assert_eq!(reason(&see(&own, &root, "").await), "certificate is self-signed and not trusted here");
    let folder = Server::folder();
    let ca = write(folder.path(), "own.pem", &own.pem);
    let seen = look(&format!("tls = \"127.0.0.1:{}\"\nca = \"{}\"", present(&own).await, ca.display())).await;
    assert_eq!(seen.outcome, Outcome::Pass, "{seen:?}");
}

#[tokio::test]
async fn https_checks_verify_by_the_same_rules_before_anything_is_sent() {
    let root = Authority::root("Shop Root");
    let folder = Server::folder();
    let ca = write(folder.path(), "ca.pem", &root.pem);
    let good = present(&root.server(&NAMES, LAST_YEAR, NEXT_YEAR, &[])).await;
    let seen = look(&format!("http = \"https://127.0.0.1:{good}/\"\nca = \"{}\"", ca.display())).await;
    assert_eq!(
        (seen.outcome, fact(&seen, "tls"), fact(&seen, "certificate")),
        (Outcome::Pass, "TLS 1.3", "364 days left")
    );
    let seen = look(&format!("http = \"https://127.0.0.1:{good}/\"")).await;
    assert_ne!(seen.outcome, Outcome::Pass);
    let old = present(&root.server(&NAMES, LAST_YEAR, (2026, 6, 10), &[])).await;
    let seen = look(&format!("http = \"https://127.0.0.1:{old}/\"\nca = \"{}\"", ca.display())).await;
    assert_eq!(reason(&seen), "certificate expired 5 days ago, on 2026-06-10 00:00 UTC");
    let seen = look(&format!("http = \"https://127.0.0.1:{old}/\"\nverify = false")).await;
    assert_eq!((seen.outcome, fact(&seen, "trust")), (Outcome::Pass, "certificate not verified"));
}

#[tokio::test]
async fn a_port_without_tls_is_told_as_such() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        while let Ok((mut stream, _)) = listener.accept().await {
            stream.write_all(b"220 mail.example.com ESMTP\r\n").await.ok();
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
    });
    let seen = look(&format!("tls = \"127.0.0.1:{port}\"\nverify = false")).await;
    assert_eq!(reason(&seen), "the answer is not TLS; does this port speak without it?");
}

#[tokio::test]
async fn a_real_nginx_with_old_tls_only_has_no_version_in_common() {
    let root = Authority::root("Shop Root");
    let chain = root.server(&NAMES, LAST_YEAR, NEXT_YEAR, &[]);
    let (port, old) = (free_port(), free_port());
    let folder = Server::folder();
    write(folder.path(), "cert.pem", &chain.pem);
    write(folder.path(), "key.pem", chain.key.serialize_pem());
    let ca = write(folder.path(), "ca.pem", &root.pem);
    let config = format!(
        "daemon off; master_process off; pid nginx.pid; error_log error.log; events {{}}
         http {{ access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4;
           scgi_temp_path t5; ssl_certificate cert.pem; ssl_certificate_key key.pem;
           ssl_ciphers ALL:@SECLEVEL=0;
           server {{ listen 127.0.0.1:{port} ssl; ssl_protocols TLSv1.2; location / {{ return 200 Healthy; }} }}
           server {{ listen 127.0.0.1:{old} ssl; ssl_protocols TLSv1.1; }} }}"
    );
    write(folder.path(), "nginx.conf", config);
    let prefix = format!("{}/", folder.path().display());
    let mut command = Command::new("nginx");
    let _server =
        Server::start(folder, command.args(["-e", "error.log", "-p", &prefix, "-c", "nginx.conf"]), port).await;
    let seen = look(&format!("http = \"https://localhost:{port}/\"\nca = \"{}\"", ca.display())).await;
    assert_eq!((seen.outcome, fact(&seen, "tls")), (Outcome::Pass, "TLS 1.2"), "{seen:?}");
    let seen = look(&format!("tls = \"localhost:{old}\"\nca = \"{}\"", ca.display())).await;
    assert_eq!(reason(&seen), "no TLS version in common: the server takes neither 1.2 nor 1.3");
}

#[tokio::test]
async fn a_missing_ca_file_is_a_fault_and_one_lost_later_makes_the_check_unknown() {
    let folder = Server::folder();
    let ca = write(folder.path(), "ca.pem", "nothing");
    let root = Authority::root("Shop Root");
    let port = present(&root.server(&NAMES, LAST_YEAR, NEXT_YEAR, &[])).await;
    let check = check_of(&format!("tls = \"127.0.0.1:{port}\"\nca = \"{}\"", ca.display()));
    let context = context(std::time::Duration::from_secs(2), "2026-06-15T12:00:00Z");
    let seen = check.check(&context).await;
    assert_eq!(seen.outcome, Outcome::Unknown);
    assert!(reason(&seen).ends_with("holds no certificate (-----BEGIN CERTIFICATE-----)"), "{seen:?}");
    write(folder.path(), "ca.pem", &root.pem);
    assert_eq!(check.check(&context).await.outcome, Outcome::Pass);
}
