//! The same files and keys given to the real `ssh`, which talks to a real `sshd` over a pipe: what ssh takes with strict
//! checking and what is taken here has to agree, but for the places named, in which we are stricter.

use std::process::Command;

use super::*;

/// Runs sshd with the configuration named by the only argument. As root it wants a folder that not every system has
/// while no server runs; it gets one that only it sees.
const SERVER: &str = r#"#!/bin/sh
if [ "$(id -u)" = 0 ] && [ ! -d /run/sshd ]; then
    exec unshare -m sh -c 'mount -t tmpfs none /run && mkdir -m 755 /run/sshd && exec /usr/sbin/sshd -i -e -f "$0"' "$1"
fi
exec /usr/sbin/sshd -i -e -f "$1"
"#;

/// Whether ssh goes on to log in; none when it did not come to see a host key.
fn ssh_takes(bench: &Bench, certificate: Option<&str>, text: &str, name: &str, port: u16) -> Option<bool> {
    let mut config = format!("HostKey {}\nUsePAM no\nStrictModes no\n", bench.path("host").display());
    if let Some(certificate) = certificate {
        config += &format!("HostCertificate {}\n", bench.path(certificate).display());
    }
    let config = bench.write("config", &config);
    let hosts = bench.write("hosts", text);
    let proxy = format!("sh {} {}", bench.write("server", SERVER).display(), config.display());
    let output = Command::new("timeout")
        .args(["20", "ssh", "-F", "none", "-o", "StrictHostKeyChecking=yes", "-o", "GlobalKnownHostsFile=/dev/null"])
        .args(["-o", "PreferredAuthentications=none", "-o", "BatchMode=yes", "-o", &format!("ProxyCommand={proxy}")])
        .args(["-o", &format!("UserKnownHostsFile={}", hosts.display()), "-p", &port.to_string(), name, "true"])
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stderr);
    match (said.contains("Permission denied"), said.contains("Host key verification failed")) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        _ => {
            eprintln!("not compared with ssh: {said}");
            None
        }
    }
}

#[test]
fn ssh_and_we_take_the_same_keys() {
    let Some(bench) = Bench::new() else { return };
    let plain = bench.key("host", "ssh-ed25519");
    bench.key("other", "ssh-ed25519");
    bench.key("rsa", "ssh-rsa");
    bench.key("ca", "ssh-ed25519");
    let expired = bench.sign("ca", "host", &["-h", "-n", HOST, "-V", "20200101:20200201"]);
    std::fs::rename(bench.path("host-cert.pub"), bench.path("expired")).unwrap();
    let valid = bench.sign("ca", "host", &["-h", "-n", HOST]);
    std::fs::rename(bench.path("host-cert.pub"), bench.path("valid")).unwrap();
    let (host, other, rsa, ca) = (bench.public("host"), bench.public("other"), bench.public("rsa"), bench.public("ca"));
    if ssh_takes(&bench, None, &format!("{HOST} {host}"), HOST, 22).is_none() {
        return;
    }
    let none = None::<(&str, &[u8])>;
    let cases = [
        (none, 22, String::new()),
        (none, 22, format!("{HOST} {host}")),
        (none, 22, format!("192.0.2.*,!{HOST} {host}")),
        (none, 22, format!("{HOST} {other}")),
        (none, 22, format!("{HOST} {rsa}")),
        (none, 22, format!("{HOST} {other}\n{HOST} {host}")),
        (none, 22, format!("{HOST} {host}\n@revoked * {host}")),
        (none, 22, format!("[{HOST}]:2222 {host}")),
        (none, 2222, format!("[{HOST}]:2222 {host}")),
        (none, 2222, format!("* {host}")),
        (none, 22, format!("@cert-authority * {ca}")),
        (Some(("valid", &valid)), 22, format!("@cert-authority * {ca}")),
        (Some(("valid", &valid)), 22, format!("@cert-authority * {other}")),
        (Some(("valid", &valid)), 22, format!("@cert-authority * {ca}\n@revoked {HOST} {ca}")),
        (Some(("expired", &expired)), 22, format!("@cert-authority * {ca}")),
        (Some(("expired", &expired)), 22, format!("@cert-authority * {ca}\n{HOST} {host}")),
        (Some(("expired", &expired)), 22, format!("{HOST} {host}\n@revoked * {ca}")),
    ];
    for (shown, port, text) in cases {
        let blob = shown.map_or(plain.as_slice(), |(_, blob)| blob);
        let theirs = ssh_takes(&bench, shown.map(|(name, _)| name), &text, HOST, port);
        let ours = judge(&text, HOST, port, blob);
        assert_eq!(Some(ours == Verdict::Known), theirs, "port {port}, {shown:?}, {ours:?}:\n{text}");
    }
    // Here ssh looks again without the port; we name the line and leave it to the person.
    let text = format!("{HOST} {host}");
    assert_eq!(ssh_takes(&bench, None, &text, HOST, 2222), Some(true));
    assert!(matches!(judge(&text, HOST, 2222, &plain), Verdict::Unknown { without_port: Some(_), .. }));
}
