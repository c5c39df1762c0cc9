//! The shop that the demo plays: which services there are, what they depend on, how fast they are and what they say
//! of themselves. Plain tables; never starts or asks anything.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::yard::Release;
use crate::model::{EnvironmentId, ServiceId};

/// The environment where trouble is cheap.
pub const STAGING: &str = "staging";
/// The environment that customers see.
pub const PRODUCTION: &str = "production";
/// Both, in the order of the deck.
pub const ENVIRONMENTS: [&str; 2] = [STAGING, PRODUCTION];

/// The shape of a health report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// `status`, `totalDuration`, `entries`: the UI writer of the ASP.NET Core health checks.
    Aspnet,
    /// `status`, `components`: Spring Boot Actuator.
    Spring,
    /// One word: the default writer of the ASP.NET Core health checks.
    Plain,
}

/// How a service writes its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// JSON in the compact form of Serilog.
    Serilog,
    /// The text of Spring Boot.
    Spring,
    /// `name=value`.
    Logfmt,
    /// As PostgreSQL does.
    Postgres,
}

/// What a service does for an order.
#[derive(Clone, Copy, Debug)]
pub struct Deed {
    /// What it writes about it: a template with names.
    pub text: &'static str,
    /// Every so many seconds it begins with one by itself, as if somebody had ordered.
    pub every: Option<u64>,
}

/// What a service is, the same in every environment.
#[derive(Debug)]
pub struct Role {
    /// Its name in the deck.
    pub name: &'static str,
    /// How it reports its health.
    pub report: Report,
    /// How it writes its log.
    pub voice: Voice,
    /// What it does for an order.
    pub deed: Deed,
    /// Services of the same environment that it calls for every report and every order.
    pub depends: &'static [&'static str],
    /// How long its own part of a report takes, in milliseconds.
    pub pace: RangeInclusive<u64>,
    /// What else it checks: a name and what it says when all is well.
    pub parts: &'static [(&'static str, &'static str)],
    /// The part that a degrade fault hits and what it says then.
    pub complaint: (&'static str, &'static str),
    /// The version in staging and in production.
    pub versions: [&'static str; 2],
    /// Versions that wait to be brought out: a good one, and one with a fault.
    pub coming: [(&'static str, Option<&'static str>); 2],
    /// Whether it holds data without which it does not work.
    pub keeps_entries: bool,
    /// Where it runs.
    pub environments: &'static [&'static str],
}

/// Every role.
pub static ROLES: &[Role] = &[
    Role {
        name: "storefront",
        report: Report::Aspnet,
        voice: Voice::Serilog,
        deed: Deed { text: "Order {Order} of customer {Customer} is placed", every: Some(4) },
        depends: &["orders", "search"],
        pace: 8..=24,
        parts: &[("sessions", "312 open, room for 5000"), ("templates", "148 compiled")],
        complaint: ("sessions", "4710 of 5000 sessions in use"),
        versions: ["4.3.0-rc.2", "4.2.1"],
        coming: [("4.3.0", None), ("4.4.0", Some("templates do not compile: unknown filter `price`"))],
        keeps_entries: false,
        environments: &ENVIRONMENTS,
    },
    Role {
        name: "orders",
        report: Report::Aspnet,
        voice: Voice::Serilog,
        deed: Deed { text: "Order {Order} is accepted with {Lines} lines", every: None },
        depends: &["ledger", "payments"],
        pace: 6..=18,
        parts: &[("outbox", "0 messages waiting"), ("disk", "61 % used")],
        complaint: ("outbox", "1840 messages waiting, expected at most 500"),
        versions: ["2.15.0-rc.1", "2.14.0"],
        coming: [("2.16.0", None), ("2.17.0", Some("setting `payments.url` is missing"))],
        keeps_entries: false,
        environments: &ENVIRONMENTS,
    },
    Role {
        name: "payments",
        report: Report::Spring,
        voice: Voice::Spring,
        deed: Deed { text: "Order {Order} is paid: {Amount}", every: None },
        depends: &["ledger"],
        pace: 14..=40,
        parts: &[("acquirer", "answers in 180 ms"), ("diskSpace", "38 % used")],
        complaint: ("acquirer", "answers in 2.4 s, agreed are 1.0 s"),
        versions: ["1.9.0", "1.8.6"],
        coming: [("1.9.1", None), ("1.10.0", Some("certificate of the acquirer is not trusted"))],
        keeps_entries: false,
        environments: &ENVIRONMENTS,
    },
    Role {
        name: "inventory",
        report: Report::Aspnet,
        voice: Voice::Serilog,
        deed: Deed { text: "{Lines} articles are reserved for order {Order}", every: None },
        depends: &["ledger"],
        pace: 4..=12,
        parts: &[("cache", "hit ratio 93 %, expected 80 %"), ("feed", "newest stock count 2 min old")],
        complaint: ("cache", "cache hit ratio 41 %, expected 80 %"),
        versions: ["3.1.0-rc.4", "3.0.9"],
        coming: [("3.1.0", None), ("3.2.0", Some("table `stock_counts` has no column `shelf`"))],
        keeps_entries: false,
        environments: &ENVIRONMENTS,
    },
    Role {
        name: "search",
        report: Report::Spring,
        voice: Voice::Spring,
        deed: Deed { text: "Suggestions for order {Order} come from {Shards} shards", every: None },
        depends: &["inventory"],
        pace: 300..=600,
        parts: &[("index", "green, 4 shards"), ("diskSpace", "72 % used")],
        complaint: ("index", "yellow, 1 of 4 shards has no replica"),
        versions: ["0.27.1", "0.27.0"],
        coming: [("0.28.0", None), ("0.29.0", Some("index has the format of 0.27"))],
        keeps_entries: false,
        environments: &ENVIRONMENTS,
    },
    Role {
        name: "mail-worker",
        report: Report::Plain,
        voice: Voice::Logfmt,
        deed: Deed { text: "mail is handed to the relay", every: Some(6) },
        depends: &[],
        pace: 2..=6,
        parts: &[("smtp", "relay accepts mail")],
        complaint: ("smtp", "relay defers mail"),
        versions: ["1.2.0", "1.2.0"],
        coming: [("1.2.1", None), ("1.3.0", Some("template `invoice` is missing"))],
        keeps_entries: false,
        environments: &ENVIRONMENTS,
    },
    Role {
        name: "ledger",
        report: Report::Plain,
        voice: Voice::Postgres,
        deed: Deed { text: "INSERT INTO entries (order_id, amount) VALUES ({Order}, {Amount})", every: None },
        depends: &[],
        pace: 2..=4,
        parts: &[("checkpoint", "written 40 s ago")],
        complaint: ("checkpoint", "written 19 min ago, expected every 5 min"),
        versions: ["15.8", "15.8"],
        coming: [("15.9", None), ("16.0", Some("data folder was written by version 15"))],
        keeps_entries: true,
        environments: &ENVIRONMENTS,
    },
    Role {
        name: "reports",
        report: Report::Aspnet,
        voice: Voice::Serilog,
        deed: Deed { text: "Nothing is due, next run at 02:00", every: Some(9) },
        depends: &["ledger"],
        pace: 10..=30,
        parts: &[("scheduler", "next run at 02:00")],
        complaint: ("scheduler", "last night's run took 3 h, expected 40 min"),
        versions: ["1.4.2", "1.4.2"],
        coming: [("1.4.3", None), ("1.5.0", Some("query `month-end` does not parse"))],
        keeps_entries: false,
        environments: &[PRODUCTION],
    },
];

impl Role {
    /// The role of a service, if the shop has it there.
    pub fn of(environment: &str, service: &str) -> Option<&'static Role> {
        ROLES.iter().find(|role| role.name == service && role.environments.contains(&environment))
    }

    /// The version that runs in an environment.
    pub fn version(&self, environment: &str) -> &'static str {
        let [staging, production] = self.versions;
        if environment == STAGING { staging } else { production }
    }

    /// The releases that wait to be brought out.
    pub fn coming(&self) -> impl Iterator<Item = Release> {
        self.coming
            .iter()
            .map(|(version, fault)| Release { version: (*version).to_owned(), fault: fault.map(ToOwned::to_owned) })
    }

    /// How long its own part of the `count`th report takes: looks random, is the same in every demo.
    pub fn latency(&self, environment: &str, count: u64) -> Duration {
        let name = environment.bytes().chain(self.name.bytes());
        let seed = name.fold(0_u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
        let (low, high) = (*self.pace.start(), *self.pace.end());
        let micros = (high - low) * 1000;
        Duration::from_micros(low * 1000 + scatter(seed.wrapping_add(count)) % (micros + 1))
    }
}

/// Every service of the shop, environment by environment.
pub fn services() -> Vec<ServiceId> {
    ENVIRONMENTS
        .iter()
        .flat_map(|name| {
            let environment = EnvironmentId::new(name);
            ROLES.iter().filter(|r| r.environments.contains(name)).map(move |r| environment.service(r.name))
        })
        .collect()
}

/// Scatters a number over all 64 bits: the output step of the `SplitMix64` generator (Steele, Lea, Flood 2014).
pub fn scatter(number: u64) -> u64 {
    let mut z = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dependency_runs_in_the_same_environment() {
        for id in services() {
            let role = Role::of(id.environment.as_str(), &id.name).unwrap();
            for needed in role.depends {
                assert!(Role::of(id.environment.as_str(), needed).is_some(), "{id} needs {needed}");
            }
        }
    }

    #[test]
    fn a_complaint_is_about_a_part_that_the_service_reports() {
        for role in ROLES {
            assert!(role.parts.iter().any(|(name, _)| *name == role.complaint.0), "{}", role.name);
        }
    }

    #[test]
    fn latencies_are_repeatable_spread_and_within_the_pace() {
        for role in ROLES {
            let all: Vec<Duration> = (0..200).map(|n| role.latency(STAGING, n)).collect();
            assert_eq!(all, (0..200).map(|n| role.latency(STAGING, n)).collect::<Vec<_>>());
            assert_ne!(all, (0..200).map(|n| role.latency(PRODUCTION, n)).collect::<Vec<_>>());
            let low = Duration::from_millis(*role.pace.start());
            let high = Duration::from_millis(*role.pace.end());
            assert!(all.iter().all(|l| (low..=high).contains(l)), "{}", role.name);
            let quarter = high.abs_diff(low) / 4;
            assert!(all.iter().any(|l| *l < low + quarter) && all.iter().any(|l| *l + quarter > high));
        }
    }
}
