//! Worlds with logs: two sources of one service, one of another, one of the environment.

use quarterdeck::model::{LogNews, LogState, Text};

use crate::world::{Script, World, deck};

/// A service with two logs, one with one, one with none, and a log of the environment.
pub const LOGGED: &str = r#"
name = "shop"
[environments.production]
tier = "production"
timezone = "Asia/Singapore"
hosts.vps = { ssh = "deploy@192.0.2.10" }
logs.nginx = { file = "/var/log/nginx/access.log", on = "vps" }
[environments.production.services.sales]
probes.ready = { tcp = "127.0.0.1:5008" }
logs.app = { file = "/var/log/shop/sales.log", on = "vps" }
logs.unit = { journal = "shop-sales.service", on = "vps" }
[environments.production.services.payroll]
probes.ready = { tcp = "127.0.0.1:5006" }
logs.app = { file = "/var/log/shop/payroll.log", on = "vps" }
[environments.production.services.quiet]
probes.ready = { tcp = "127.0.0.1:5009" }
"#;

/// What the service says.
pub const APP: &str = r#"{"@t":"2026-11-20T05:58:01.104Z","@m":"GET /api/orders answered 200","Elapsed":12,"TraceId":"4f1c22aa90be41d7"}
{"@t":"2026-11-20T05:58:31.552Z","@m":"GET /api/orders answered 200","Elapsed":14,"TraceId":"90ab00ffee5512c0"}
{"@t":"2026-11-20T06:01:58.020Z","@l":"Error","@m":"Failed to connect to 127.0.0.1:5432","TraceId":"77aa33bb11cc22dd"}
{"@t":"2026-11-20T06:01:59.400Z","@l":"Warning","@m":"outbox holds 1840 messages, expected at most 500"}
{"@t":"2026-11-20T06:02:01.007Z","@l":"Error","@m":"Failed to connect to 127.0.0.1:5432","TraceId":"12ee45dd90ac31b7"}"#;

/// What its unit says.
pub const UNIT: &str = "2026-11-20T05:57:40Z sales.service: started\n2026-11-20T06:02:03Z ERROR sales.service: main \
                        process exited, code=killed, status=9\n    stopped after 4 min\n    restart in 5 s";

/// What nginx says.
pub const NGINX: &str = "192.0.2.77 - - [20/Nov/2026:06:02:02 +0000] \"GET /api/orders HTTP/1.1\" 504 157 \"-\" \
                         \"curl/8.5.0\" rt=60.001 trace=12ee45dd90ac31b7";

fn base() -> Script {
    let deck = deck(LOGGED).ago(240).fail("production/sales/ready", "connection refused on 127.0.0.1:5008");
    deck.ago(1).fail("production/sales/ready", "connection refused on 127.0.0.1:5008")
}

/// All logs are live.
pub fn logged() -> World {
    let mut world = base().pass("production/payroll/ready", 12).pass("production/quiet/ready", 2).play();
    world.lines("production/sales:app", APP);
    world.lines("production/sales:unit", UNIT);
    world.lines("production/payroll:app", "2026-11-20T06:00:00Z INFO paid 12 people");
    world.lines("production:nginx", NGINX);
    world
}

/// One is lost and one may have missed lines.
pub fn troubled() -> World {
    let mut world = logged();
    world.log("production/sales:app", LogNews::Gap(Text::from("the file was cut; lines may be missing")));
    world.lines("production/sales:app", r#"{"@t":"2026-11-20T06:02:09.500Z","@m":"started"}"#);
    let why = "connection refused on 192.0.2.10:22; it is tried again";
    world.log("production/sales:unit", LogNews::State(LogState::Lost(why.into()), world.now));
    world.wait(180);
    world
}

/// So many lines, one a second, the last at the time of the screen; one in ten is a warning.
pub fn long(count: i64) -> World {
    let mut world = base().play();
    let line = |n: i64| -> String {
        let at = world.now - jiff::SignedDuration::from_secs(count - 1 - n);
        let word = if n % 10 == 5 { "WARN" } else { "INFO" };
        format!("{at} {word} order {n} was taken in by the shop and goes to the kitchen")
    };
    let text: Vec<String> = (0..count).map(line).collect();
    world.lines("production/sales:app", &text.join("\n"));
    world
}
