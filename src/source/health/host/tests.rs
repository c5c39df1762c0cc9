//! How a deck writes a `host` probe: what it may say, and what is told of what it may not.

use super::super::fixture::{check, faults};
use super::*;

fn told(deck: &str) -> String {
    let faults = faults(&format!("host = \"vps\"\n{deck}"));
    let [fault] = faults.as_slice() else { panic!("{faults:?}") };
    format!("{}; {}", fault.message, fault.help.clone().unwrap_or_default())
}

#[test]
fn the_target_is_the_machine() {
    assert_eq!(check("host = \"vps\"").target(), "vps");
    assert_eq!(check("host = \"local\"").target(), "this machine");
}

#[test]
fn every_limit_can_be_set_and_switched_off() {
    check(
        r#"host = "vps"
        disk = { degraded = "80%", fail = "90%" }
        inodes = { fail = "99%" }
        memory = "ignore"
        swap = { degraded = "50%" }
        load = { degraded = "2 per cpu", fail = "8 per cpu" }
        clock = { degraded = "1s", fail = "10s" }
        failed-units = { ignore = ["certbot", "backup.timer"] }
        reboot-required = "degraded"
        mounts = ["/srv/cache/", "/"]
        ignore-mounts = "/boot""#,
    );
    check("host = \"vps\"\nfailed-units = \"ignore\"");
}

#[test]
fn what_cannot_be_meant_is_told() {
    assert_eq!(
        told("mounts = [\"srv\"]"),
        "\"srv\" is not a mount point; write the whole path: mounts = [\"/srv/cache\"]"
    );
    assert!(told("failed-units = [\"a.service\"]").contains("failed-units = { ignore = [\"certbot.service\"] }"));
    assert_eq!(
        told("failed_units = \"ignore\""),
        "probe `live` has no key `failed_units`; did you mean `failed-units`?"
    );
    assert!(told("reboot-required = \"fail\"").starts_with("`reboot-required` cannot be \"fail\""));
    assert!(told("load = { degraded = 4 }").contains("write degraded = \"4 per cpu\""));
    assert!(told("clock = { degraded = 5 }").contains("a number needs its unit"));
}

#[test]
fn what_the_deck_says_never_becomes_text_of_the_script() {
    let rules = Rules {
        load: Threshold::OFF,
        memory: Threshold::OFF,
        disk: Threshold::OFF,
        swap: Threshold::OFF,
        inodes: Threshold::OFF,
        clock: Threshold::OFF,
        units: Units::Ignored,
        mounts: vec!["/srv/$(reboot) 'x'".into()],
        ignored_mounts: Vec::new(),
        reboot: false,
    };
    let argv = Host { name: "vps".into(), rules }.argv(2);
    assert_eq!(argv.arguments[1], SCRIPT);
    assert_eq!(argv.arguments[2..], ["sh", "2", "/srv/$(reboot) 'x'"]);
}
