//! `qd init --ssh`: a deck from hosts that boot, and what `qd check` and `qd status` make of it.

use crate::desk::Desk;
use crate::lab::Lab;

#[test]
fn a_deck_is_written_from_what_runs_on_hosts() {
    let Some(lab) = Lab::new() else { return };
    let hosts = lab.hosts(2);
    hosts[0].service("sales", 8080);
    hosts[0].service("payroll", 8081);
    hosts[1].service("sales", 8080);
    let config = std::fs::read_to_string(lab.ssh_config(&[&hosts[0], &hosts[1]])).unwrap();
    let desk = Desk::with("", &format!("{config}Host gone\n  HostName 127.0.0.1\n  Port 1\n"));
    let ended = desk.qd(&["init", "--ssh", "--force", "--env", "lab", "--tier", "staging"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.told.contains("gone: connection refused on 127.0.0.1:1"), "{ended:?}");
    let deck = desk.deck();
    for line in [
        "hosts.host-1 = { ssh = \"host-1\" }",
        "# gone: not looked at when this was written: connection refused on 127.0.0.1:1",
        "services.sales-host-1.probes.unit = { systemd = \"sales.service\" }",
        "services.payroll.probes.live = { http = \"http://127.0.0.1:8081/health\"",
        "services.sales-host-2.host = \"host-2\"",
        "services.host-1.probes.figures = { host = \"host-1\" }",
    ] {
        assert!(deck.contains(line), "no {line} in\n{deck}");
    }
    for unwanted in ["ssh.service", "dbus", "journald", "getty", ":22"] {
        assert!(
            !deck.contains(&format!("\"{unwanted}")) && !deck.contains(&format!("127.0.0.1{unwanted}\"")),
            "{deck}"
        );
    }
    let checked = desk.qd(&["check"]);
    assert!(checked.code == 0 && checked.out.contains("no faults"), "{checked:?}");
    let status = desk.qd(&["status", "--service", "payroll", "--service", "sales-host-2"]);
    assert_eq!(status.code, 0, "{status:?}\n{deck}");
}

#[test]
fn what_there_is_to_look_at_is_told_when_there_is_nothing() {
    let desk = Desk::with("", "Host *\n  User ops\n");
    let ended = desk.qd(&["init", "--ssh", "--force"]);
    assert!(ended.code == 2 && ended.told.contains("ssh_config names no host"), "{ended:?}");
    std::fs::remove_file(desk.work().join("ssh_config")).unwrap();
    let ended = desk.qd(&["init", "--ssh", "--force"]);
    assert!(ended.code == 2 && ended.told.contains("there is no OpenSSH configuration at "), "{ended:?}");
    let ended = desk.qd(&["init", "--ssh", "--force", "-", "web"]);
    assert!(ended.code == 2 && ended.told.contains("leads to no host"), "{ended:?}");
    assert_eq!(desk.deck(), "");
}
