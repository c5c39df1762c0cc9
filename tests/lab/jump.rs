//! Hosts behind another one: reached through it, never past it.

use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use crate::lab::Lab;
use crate::told;

#[test]
fn hosts_behind_another_are_reached_through_it_alone() {
    let Some(lab) = Lab::new() else { return };
    let (gate, behind) = lab.jump("gate", &["db1", "db2"]);
    let aside = lab.host("aside");
    let config = lab.ssh_config(&[&gate, &aside, &behind[0], &behind[1]]);
    for (name, host) in ["db1", "db2"].into_iter().zip(&behind) {
        let place = SocketAddr::new(host.address(), host.port());
        assert!(TcpStream::connect_timeout(&place, Duration::from_millis(300)).is_err(), "{host:?} is reached");
        let ssh = |jump: &str| told(Command::new("ssh").arg("-F").arg(&config).args(["-J", jump, name, "hostname"]));
        ssh("gate").said(name);
        let other = ssh("aside");
        assert_eq!(other.code, Some(255), "{other:?}");
    }
    // The way to the gate is the way to all behind it.
    gate.cut();
    let gone = told(Command::new("ssh").arg("-F").arg(&config).args(["-J", "gate", "db1", "true"]));
    assert_eq!(gone.code, Some(255), "{gone:?}");
    gate.heal();
    behind[0].freeze();
    let hung = told(Command::new("ssh").arg("-F").arg(&config).args(["-J", "gate", "db1", "true"]));
    hung.failed_with("timed out during banner exchange");
    behind[0].thaw();
    assert!(told(Command::new("ssh").arg("-F").arg(&config).args(["-J", "gate", "db1", "true"])).code == Some(0));
}
