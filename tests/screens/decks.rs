//! Decks that the screens are drawn from, and what was seen in them.

use quarterdeck::model::{Fact, Observation, Outcome, Phase, PhaseName, ReportEntry, Text};

use crate::world::{Script, deck, ms};

/// Three environments; in production one service of every state.
pub const SHOP: &str = r#"
name = "shop"
[defaults]
every = "30s"
timeout = "5s"
[templates.web]
doc = "{service} of the shop"
probes.ready = { http = "http://127.0.0.1:{port}/health/ready", report = "aspnet" }
probes.live = { tcp = "127.0.0.1:{port}" }
[environments.production]
tier = "production"
timezone = "Asia/Singapore"
hosts.vps = { ssh = "deploy@192.0.2.10" }
[environments.production.services]
common    = { use = "web", port = 5001 }
community = { use = "web", port = 5002 }
gifts     = { use = "web", port = 5003, optional = true }
inventory = { use = "web", port = 5004 }
nightly   = { use = "web", port = 5005 }
payroll   = { use = "web", port = 5006 }
reports   = { use = "web", port = 5007, paused = "maintenance until 15:00" }
sales     = { use = "web", port = 5008, depends = ["common"] }
[environments.qa]
tier = "staging"
services.sales = { use = "web", port = 5108 }
services.payroll = { use = "web", port = 5106 }
[environments.sandbox]
tier = "development"
services.sales = { use = "web", port = 5208 }
"#;

fn report(outcome: Outcome, db: &str) -> Observation {
    let entry = |name: &str, outcome, detail: &str, took| ReportEntry {
        name: name.into(),
        outcome,
        detail: (!detail.is_empty()).then(|| detail.into()),
        took: Some(ms(took)),
    };
    let mut seen = Observation::new(outcome).after(ms(26));
    seen.phases = vec![
        Phase { name: PhaseName::Connect, took: ms(1) },
        Phase { name: PhaseName::Wait, took: ms(24) },
        Phase { name: PhaseName::Read, took: ms(1) },
    ];
    seen.entries = vec![
        entry("queue", Outcome::Pass, "12 waiting", 3),
        entry("disk", Outcome::Degraded, "91 % full", 1),
        entry("db", outcome, db, 20),
    ];
    seen.facts = vec![Fact { name: "status".into(), value: "503".into() }];
    seen.version = Some("2.14.0".into());
    seen.answer = Some(Text::block("{\n  \"status\": \"Unhealthy\",\n  \"db\": \"connection refused\"\n}", 4096));
    if outcome != Outcome::Pass {
        seen.reason = Some(format!("answered 503; db: {db}").into());
    }
    seen
}

/// The shop in the middle of the day: one of every state.
pub fn shop() -> Script {
    let mut script = deck(SHOP)
        .steady("production/common/ready", 14, 1771, 1)
        .steady("production/community/ready", 18, 1775, 35)
        .ago(5)
        .fail("production/community/ready", "connection reset by 127.0.0.1:5002 while reading the answer")
        .steady("production/inventory/ready", 16, 1820, 620)
        .ago(610)
        .pass("production/inventory/live", 1)
        .steady("production/payroll/ready", 40, 1771, 1351)
        .steady("production/sales/ready", 30, 1771, 271)
        .ago(2)
        .unknown("production/nightly/live", "permission denied for the socket of the agent")
        .fail("production/gifts/live", "connection refused on 127.0.0.1:5003")
        .fail("production/gifts/ready", "connection refused on 127.0.0.1:5003");
    for step in 0..45 {
        script = script.ago(1 + (44 - step) * 30).degraded(
            "production/payroll/ready",
            820 + (step % 5).unsigned_abs() * 30,
            "took 912 ms, more than 800 ms",
        );
    }
    for ago in [241, 211, 181, 151, 121, 91, 61, 31, 1] {
        let seen = report(Outcome::Fail, "connection refused on 127.0.0.1:5432");
        script = script.ago(ago).see("production/sales/ready", seen);
    }
    for live in ["common", "community", "payroll"] {
        script = script.steady(&format!("production/{live}/live"), 1, 1774, 4);
    }
    script = script.steady("production/sales/live", 1, 1774, 274);
    for ago in [243, 213, 183, 153, 123, 93, 63, 33, 3] {
        script = script.ago(ago).fail("production/sales/live", "connection refused on 127.0.0.1:5008");
    }
    for well in ["qa/sales", "qa/payroll"] {
        script = script.steady(&format!("{well}/ready"), 12, 1771, 1).steady(&format!("{well}/live"), 1, 1772, 2);
    }
    script
}

/// A host that cannot be reached, and twelve services behind it.
pub fn unreachable() -> Script {
    let mut text = String::from(
        "name = \"edge\"\n[environments.production]\ntier = \"production\"\nhosts.vps = { ssh = \"deploy@192.0.2.10\" }\n\
         [environments.production.services]\n",
    );
    for at in 0..12 {
        text.push_str(&format!(
            "svc-{at:02} = {{ host = \"vps\", probes.ready = {{ http = \"http://127.0.0.1:{}/\", via = \"vps\" }} }}\n",
            5000 + at
        ));
    }
    text.push_str("local = { probes.ready = { tcp = \"127.0.0.1:22\" } }\n");
    let mut script = deck(&text).pass("production/local/ready", 1);
    for at in 0..12 {
        let path = format!("production/svc-{at:02}/ready");
        script = script.ago(12 * 60 - at).blocked(&path, "vps", "no route to vps (192.0.2.10:22)");
        script = script.ago(1).blocked(&path, "vps", "no route to vps (192.0.2.10:22)");
    }
    script
}

/// Many services in one environment; every hundredth does not work.
pub fn many(count: usize) -> Script {
    let mut text = String::from(
        "name = \"many\"\n[defaults]\nfall = 1\n[environments.production]\ntier = \"production\"\n\
         [environments.production.services]\n",
    );
    for at in 0..count {
        text.push_str(&format!("svc-{at:04} = {{ probes.live = {{ tcp = \"127.0.0.1:80\" }} }}\n"));
    }
    let mut script = deck(&text);
    for at in 0..count {
        let path = format!("production/svc-{at:04}/live");
        script = if at % 100 == 50 {
            script.fail(&path, "connection refused on 127.0.0.1:80")
        } else {
            script.pass(&path, 1 + u64::try_from(at).unwrap() % 40)
        };
    }
    script
}
