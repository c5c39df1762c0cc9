//! Hosts boot, one or twenty, and let in whom they should.

use std::collections::BTreeSet;
use std::net::TcpStream;

use crate::lab::{Host, Lab};
use crate::told;

#[test]
fn two_hosts_run_and_are_not_the_same() {
    let Some(lab) = Lab::new() else { return };
    let hosts = [lab.host("web1"), lab.host("web2")];
    for host in &hosts {
        assert_eq!(host.must("systemctl is-system-running").trim(), "running", "{}", host.must("systemctl --failed"));
        told(host.ssh_as("ops").arg("hostname && sudo -n id -u")).said(&format!("{}\n0", host.name()));
        let kinds: Vec<String> = host.known_hosts().lines().map(|l| l.split(' ').nth(1).unwrap().to_owned()).collect();
        assert_eq!(kinds, ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"]);
        for kind in kinds {
            let only = format!("HostKeyAlgorithms={}", kind.replace("ssh-rsa", "rsa-sha2-512"));
            told(host.ssh_as("ops").args(["-o", &only]).arg("true")).said("");
        }
    }
    let [one, two] = &hosts;
    let differ = |what: fn(&Host) -> String| assert_ne!(what(one), what(two));
    differ(|h| h.must("cat /etc/machine-id"));
    differ(|h| h.must("cat /etc/ssh/ssh_host_ed25519_key.pub"));
    differ(|h| h.must("cat /etc/ssh/ssh_host_rsa_key.pub"));
    // They see each other and nothing else.
    told(one.ssh_as("ops").arg(format!("timeout 2 bash -c '</dev/tcp/{}/22' && echo met", two.address()))).said("met");
    assert_eq!(one.must("ip route show default"), "");
    assert!(!one.run("timeout 2 bash -c '</dev/tcp/192.0.2.1/80'").status.success());
}

#[test]
fn one_user_may_do_anything_and_the_other_nothing() {
    let Some(lab) = Lab::new() else { return };
    let host = lab.host("web1");
    told(host.ssh_as("ops").arg("journalctl -n 1 -q >/dev/null && echo read")).said("read");
    let sudo = told(host.ssh_as("plain").arg("sudo -n true"));
    assert!(sudo.code == Some(1) && sudo.err.contains("a password is required"), "{sudo:?}");
    // By now there is a journal of its own, which is all it is shown.
    let journal = told(host.ssh_as("plain").arg("journalctl -n 1"));
    assert!(journal.err.contains("not seeing messages from other users"), "{journal:?}");
    told(host.ssh_as("root").arg("true")).failed_with("Permission denied");
}

#[test]
fn files_and_units_are_put_inside_and_outlive_a_boot() {
    let Some(lab) = Lab::new() else { return };
    let host = lab.host("web1");
    host.put("/srv/a folder/it's", b"\x00\xffbytes", 0o640);
    host.unit(
        "once.service",
        "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c 'echo ran >/srv/once'\n",
    );
    host.must("systemctl start once");
    assert_eq!(host.must("cat /srv/once"), "ran\n");
    let boot = host.must("cat /proc/sys/kernel/random/boot_id");
    let key = host.known_hosts();
    host.reboot();
    assert_ne!(host.must("cat /proc/sys/kernel/random/boot_id"), boot);
    assert_eq!(host.known_hosts(), key);
    assert_eq!(host.run("cat \"/srv/a folder/it's\"").stdout, b"\x00\xffbytes");
    assert_eq!(host.must("stat -c '%a %U' \"/srv/a folder/it's\"").trim(), "640 root");
    host.must("journalctl --boot=-1 --lines=1 --quiet");
}

#[test]
fn twenty_hosts_boot_at_once() {
    let Some(lab) = Lab::new() else { return };
    let hosts = lab.hosts(20);
    let addresses: BTreeSet<_> = hosts.iter().map(Host::address).collect();
    assert_eq!(addresses.len(), 20);
    for host in &hosts {
        assert!(TcpStream::connect((host.address(), host.port())).is_ok(), "{host:?}");
        let mib = host.memory() >> 20;
        assert!((5..200).contains(&mib), "{host:?} counts its own memory, and has {mib} MiB");
    }
    let last = hosts.last().unwrap();
    told(last.ssh_as("ops").arg("hostname")).said("host-20");
}
