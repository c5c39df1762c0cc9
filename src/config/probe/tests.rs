//! Where probes look from: what a deck says, what a service says, and what is told when the two name no host.

use std::path::Path;

use crate::config::{Loaded, Probe, parse};

fn load(services: &str) -> Loaded {
    let deck = "[environments.qa]\ntier = \"staging\"\nhosts.vps = { ssh = \"ops@192.0.2.10\" }\n\
                hosts.db = { ssh = \"ops@192.0.2.11\" }\n";
    parse(Path::new("quarterdeck.toml"), &format!("{deck}{services}\n"))
}

/// The host of the probe `p` of the service `s`.
fn via(service: &str) -> Option<String> {
    let loaded = load(&format!("services.s = {service}"));
    assert!(!loaded.has_errors(), "{:?}", loaded.faults);
    let probe = loaded.deck.unwrap().environments[0].probes[0].clone();
    probe.info.via.as_ref().map(|host| host.name.to_string())
}

fn told(service: &str) -> String {
    let faults = load(&format!("services.s = {service}")).faults;
    let [fault] = faults.as_slice() else { panic!("{faults:?}") };
    format!("{}; {}", fault.message, fault.help.clone().unwrap_or_default())
}

#[test]
fn what_runs_on_a_host_runs_on_that_of_the_service() {
    for probe in [r#"systemd = "nginx""#, r#"command = ["true"]"#, r#"file = "/backups/*.gz""#] {
        let on = |host: &str, via: &str| via_of(host, probe, via);
        assert_eq!(on("vps", ""), Some("vps".into()), "{probe}");
        assert_eq!(on("vps", "db"), Some("db".into()), "{probe}");
        assert_eq!(on("vps", "local"), None, "{probe}");
        assert_eq!(on("local", ""), None, "{probe}");
        assert_eq!(on("", ""), None, "{probe}");
        assert_eq!(on("", "db"), Some("db".into()), "{probe}");
    }
}

fn via_of(host: &str, probe: &str, through: &str) -> Option<String> {
    let host = if host.is_empty() { String::new() } else { format!("host = \"{host}\", ") };
    let through = if through.is_empty() { String::new() } else { format!(", via = \"{through}\"") };
    via(&format!("{{ {host}probes.p = {{ {probe}{through} }} }}"))
}

#[test]
fn what_goes_over_the_network_goes_through_a_host_only_where_it_says_so() {
    let tcp = r#"tcp = "127.0.0.1:80""#;
    assert_eq!(via_of("vps", tcp, ""), None);
    assert_eq!(via_of("vps", tcp, "vps"), Some("vps".into()));
    assert_eq!(via_of("vps", tcp, "local"), None);
}

#[test]
fn a_probe_of_a_host_names_the_host_itself() {
    assert_eq!(via_of("vps", r#"host = "db""#, ""), Some("db".into()));
    assert_eq!(via_of("vps", r#"host = "{host}""#, ""), Some("vps".into()));
    assert_eq!(via_of("vps", r#"host = "local""#, ""), None);
    assert_eq!(told(r#"{ probes.p = { host = "vsp" } }"#), "environment `qa` has no host `vsp`; did you mean `vps`?");
    assert_eq!(
        told(r#"{ probes.p = { host = "locl" } }"#),
        "environment `qa` has no host `locl`; did you mean `local`?"
    );
    let twice = told(r#"{ probes.p = { host = "vps", via = "db" } }"#);
    assert!(twice.starts_with("`host` names the host already, so `via` has nothing to say; remove `via`"), "{twice}");
}

#[test]
fn a_host_that_is_not_there_is_told_with_the_nearest() {
    assert_eq!(
        told(r#"{ probes.p = { systemd = "nginx", via = "dbx" } }"#),
        "environment `qa` has no host `dbx`; did you mean `db`?"
    );
    assert_eq!(
        told(r#"{ probes.p = { systemd = "nginx", via = "backup" } }"#),
        "environment `qa` has no host `backup`; one of `db`, `local`, `vps`"
    );
}

#[test]
fn no_host_may_be_called_local() {
    let loaded = parse(
        Path::new("quarterdeck.toml"),
        "[environments.qa]\ntier = \"staging\"\nhosts.local = { ssh = \"ops@192.0.2.10\" }\n\
         services.s.probes.p = { tcp = \"127.0.0.1:80\" }\n",
    );
    let fault = &loaded.faults[0];
    assert_eq!(fault.message, "a host cannot be called `local`: the word stands for this machine");
    assert_eq!(fault.line, 3);
}

#[test]
fn another_host_is_another_history() {
    let probe = |host: &str| -> std::sync::Arc<Probe> {
        let service = format!("services.s = {{ host = \"{host}\", probes.p = {{ systemd = \"nginx\" }} }}");
        load(&service).deck.unwrap().environments[0].probes[0].clone()
    };
    assert_eq!(probe("vps").info.looks_at, probe("vps").info.looks_at);
    assert_ne!(probe("vps").info.looks_at, probe("db").info.looks_at);
    assert!(!probe("vps").is_same(&probe("db")));
}
