//! Decks with hosts, and how the connections to them went.

use quarterdeck::model::{Ask, LinkState, Observation, Outcome};

use crate::world::{Script, deck, link, ms};

/// Production on two hosts, one of them behind a bastion; qa on one; a sandbox on none.
const FLEET: &str = r#"
name = "shop"
[environments.production]
tier = "production"
timezone = "Asia/Singapore"
hosts.vps = { ssh = "ops@192.0.2.10" }
hosts.edge = { ssh = "ops@192.0.2.20" }
[environments.production.services]
orders  = { host = "vps", probes.unit = { systemd = "orders", via = "vps" } }
billing = { host = "vps", probes.ready = { http = "http://127.0.0.1:5002/", via = "vps" } }
search  = { host = "edge", probes.ready = { http = "http://127.0.0.1:5003/", via = "edge" }, probes.unit = { systemd = "search", via = "edge" } }
mail    = { host = "edge", probes.ready = { http = "http://127.0.0.1:5004/", via = "edge" } }
vps     = { host = "vps", probes.figures = { tcp = "127.0.0.1:22", via = "vps" } }
edge    = { host = "edge", probes.figures = { tcp = "127.0.0.1:22", via = "edge" } }
[environments.qa]
tier = "staging"
hosts.qa-1 = { ssh = "ops@192.0.2.30" }
services.orders = { host = "qa-1", probes.unit = { systemd = "orders", via = "qa-1" } }
[environments.sandbox]
tier = "development"
services.orders = { probes.live = { tcp = "127.0.0.1:5208" } }
"#;

pub const FINGERPRINT: &str = "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDahNI5wO3Ws6yHHGk";

/// What a probe of a host sees.
pub fn figures(load: &str, memory: &str, disk: &str) -> Observation {
    Observation::pass(ms(4)).fact("load", load).fact("memory", memory).fact("disk", disk)
}

fn unit(since: &str, memory: &str) -> Observation {
    Observation::pass(ms(9))
        .fact("state", "active (running)")
        .fact("since", since)
        .fact("restarts", "0")
        .fact("memory", memory)
        .fact("tasks", "31 of 4915")
}

/// Everything answers, and the hosts tell their figures.
pub fn all_live() -> Script {
    let mut script = deck(FLEET).kind("production/vps/figures", "host").kind("production/edge/figures", "host");
    script = script.ago(900).live("production/vps", 3).live("production/edge", 51).live("qa/qa-1", 12);
    for ago in (1..=900).rev().step_by(10) {
        script = script
            .ago(ago)
            .see("production/orders/unit", unit("2026-11-11 09:14:02 +08 (9d ago)", "212.4 MiB of 512.0 MiB"))
            .pass("production/billing/ready", 14)
            .see("production/vps/figures", figures("1.2 of 8", "9.3 of 16.0 GiB", "/ 71 %"))
            .see("qa/orders/unit", unit("2026-11-20 13:40:00 +08 (22m ago)", "198.0 MiB"))
            .pass("sandbox/orders/live", 1);
        if ago > 260 {
            script = script.edge_answers();
        }
    }
    script
}

impl Script {
    /// What is seen through `edge` while it answers.
    fn edge_answers(self) -> Self {
        self.pass("production/search/ready", 38)
            .see("production/search/unit", unit("2026-11-18 03:00:11 +08 (2d ago)", "1.4 GiB of 2.0 GiB"))
            .pass("production/mail/ready", 22)
            .see("production/edge/figures", figures("0.4 of 4", "3.1 of 8.0 GiB", "/ 38 %"))
    }

    /// What is told instead once it does not.
    fn edge_is_gone(mut self, until: i64) -> Self {
        for ago in (until..=251).rev().step_by(10) {
            self = self.ago(ago);
            for probe in ["search/ready", "search/unit", "mail/ready", "edge/figures"] {
                self = self.blocked(&format!("production/{probe}"), "edge", "host edge is not reached");
            }
        }
        self
    }
}

/// The same with the second host answering to this day.
pub fn calm() -> Script {
    let mut script = all_live();
    for ago in (1..=260).rev().step_by(10) {
        script = script.ago(ago).edge_answers();
    }
    script
}

/// One host was lost four minutes ago, and what lies behind it is unknown.
pub fn lost() -> Script {
    let cause = "no answer from 192.0.2.20:22 within 10 s";
    all_live().ago(251).lost("production/edge", cause, 2).edge_is_gone(1).ago(8).lost("production/edge", cause, 20)
}

/// The question for a host key.
pub fn trust(fingerprint: &str) -> Ask {
    Ask::Trust { name: "192.0.2.20".into(), kind: "ssh-ed25519".into(), fingerprint: fingerprint.into() }
}

pub const UNKNOWN_KEY: &str = "the host key of 192.0.2.20 is not known";

/// A host offers a key that nobody has said yes to.
pub fn refused() -> Script {
    all_live().ago(251).asks("production/edge", UNKNOWN_KEY, trust(FINGERPRINT)).edge_is_gone(1)
}

/// A key file has a passphrase that nobody gave.
pub fn locked() -> Script {
    let ask = Ask::Passphrase { file: "/home/ops/.ssh/id_ed25519".into() };
    calm().ago(30).asks("qa/qa-1", "the key /home/ops/.ssh/id_ed25519 has a passphrase", ask)
}

/// The memory of a host runs out.
pub fn short_of_memory() -> Script {
    let mut seen = figures("6.2 of 8", "15.1 of 16.0 GiB", "/ 71 %");
    seen.worsen(Outcome::Degraded, "memory 94 % used, more than 90 %");
    let mut script = calm();
    for ago in [25, 15, 5] {
        script = script.ago(ago).see("production/vps/figures", seen.clone());
    }
    script
}

/// A hundred hosts, seven of them in trouble in different ways.
pub fn hundred() -> Script {
    let mut text = String::from("name = \"many\"\n[environments.production]\ntier = \"production\"\n");
    for at in 0..100 {
        text.push_str(&format!("hosts.web-{at:02} = {{ ssh = \"ops@192.0.2.{at}\" }}\n"));
    }
    text.push_str("services.web = { probes.live = { tcp = \"127.0.0.1:80\" } }\n");
    let mut script = deck(&text).pass("production/web/live", 2);
    for at in 0..100 {
        let path = format!("production/web-{at:02}");
        script = script.ago(700 + at);
        script = match at {
            17 | 18 | 40 => script.lost(&path, &format!("no route to 192.0.2.{at}"), 730),
            55 => script.linked(&path, link(LinkState::Refused, "ops is not let in on 192.0.2.55: publickey refused")),
            61 => {
                let mut slow = link(LinkState::Degraded, "answers are late");
                slow.latency = Some(ms(1240));
                script.linked(&path, slow)
            }
            77 | 78 => script.ago(3).linked(&path, link(LinkState::Connecting, "")),
            _ => script.live(&path, 2 + u64::try_from(at).unwrap() % 9),
        };
    }
    script
}
