//! What a Redis server's `INFO` means. Pure.

use std::time::Duration;

use super::sections::Sections;
use crate::model::{Observation, Outcome};
use crate::source::health::systemd::unit::bytes;
use crate::transport::human;

/// Which end of replication a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Takes writes; Redis calls it master.
    Primary,
    /// Follows a primary; Redis calls it slave.
    Replica,
}

impl Role {
    fn word(self) -> &'static str {
        match self {
            Role::Primary => "primary",
            Role::Replica => "replica",
        }
    }
}

/// What is expected of a server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The role it should have.
    pub role: Option<Role>,
    /// Per cent of `maxmemory` from which on it is degraded.
    pub memory_degraded: i64,
    /// Per cent of `maxmemory` from which on it has failed.
    pub memory_fail: i64,
}

/// The judgement with its facts.
pub fn judge(info: &Sections, limits: &Limits) -> Observation {
    let mut seen = Observation::new(Outcome::Pass);
    if info.is_loading() {
        let done = info.get("loading_loaded_perc").map(|p| format!(", {p}% done")).unwrap_or_default();
        let left = info.number("loading_eta_seconds").map(|s| format!(", about {s}s left")).unwrap_or_default();
        seen.worsen(Outcome::Fail, format!("it is loading its data into memory{done}{left}"));
    }
    let role = match info.get("role") {
        Some("slave") => Some(Role::Replica),
        Some("master") => Some(Role::Primary),
        _ => None,
    };
    if let (Some(expected), Some(role)) = (limits.role, role)
        && expected != role
    {
        seen.worsen(Outcome::Fail, format!("it is a {}, but should be the {}", role.word(), expected.word()));
    }
    if role == Some(Role::Replica) {
        judge_link(&mut seen, info);
    }
    judge_persistence(&mut seen, info);
    judge_memory(&mut seen, info, limits);
    add_facts(seen, info, role)
}

fn judge_link(seen: &mut Observation, info: &Sections) {
    if info.get("master_link_status") == Some("up") {
        return;
    }
    let primary = match (info.get("master_host"), info.get("master_port")) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        _ => "unknown".into(),
    };
    let copying = info.get("master_sync_in_progress") == Some("1");
    let since = info.number("master_link_down_since_seconds").filter(|s| *s < u64::from(u32::MAX));
    let since = since.map(|s| format!(" for {}", human(Duration::from_secs(s)))).unwrap_or_default();
    if copying {
        seen.worsen(Outcome::Degraded, format!("it is copying everything from its primary {primary}"));
    } else {
        seen.worsen(Outcome::Fail, format!("the link to its primary {primary} is down{since}"));
    }
}

fn judge_persistence(seen: &mut Observation, info: &Sections) {
    if info.get("rdb_last_bgsave_status") == Some("err") {
        seen.worsen(Outcome::Degraded, "its last snapshot (RDB) could not be saved");
    }
    for (field, what) in [("aof_last_write_status", "write"), ("aof_last_bgrewrite_status", "rewrite")] {
        if info.get(field) == Some("err") {
            seen.worsen(Outcome::Degraded, format!("the last {what} of its log (AOF) failed"));
        }
    }
}

fn judge_memory(seen: &mut Observation, info: &Sections, limits: &Limits) {
    // 0 means no limit; then there is nothing to compare with.
    let (Some(used), Some(most @ 1..)) = (info.number("used_memory"), info.number("maxmemory")) else { return };
    let percent = i64::try_from(u128::from(used) * 100 / u128::from(most)).unwrap_or(i64::MAX);
    let policy = info.get("maxmemory_policy").unwrap_or("unknown");
    let then = if policy == "noeviction" { "writes will be refused" } else { "keys will be evicted" };
    let words = || format!("{} of {} memory in use ({percent}%); {then}", bytes(used), bytes(most));
    if percent >= limits.memory_fail {
        seen.worsen(Outcome::Fail, words());
    } else if percent >= limits.memory_degraded {
        seen.worsen(Outcome::Degraded, words());
    }
}

fn add_facts(mut seen: Observation, info: &Sections, role: Option<Role>) -> Observation {
    // Valkey reports the Redis version it is compatible with, and its own beside it.
    let version = info.get("valkey_version").or_else(|| info.get("redis_version"));
    seen.version = version.map(Into::into);
    if let Some(version) = version {
        seen = seen.fact("version", version);
    }
    if let Some(role) = role {
        seen = seen.fact("role", role.word());
    }
    if let Some(used) = info.number("used_memory") {
        let most = info.number("maxmemory").filter(|m| *m > 0).map(|m| format!(" of {}", bytes(m)));
        seen = seen.fact("memory", format!("{}{}", bytes(used), most.unwrap_or_default()));
    }
    if let Some(clients) = info.number("connected_clients") {
        let most = info.number("maxclients").map(|m| format!(" of {m}")).unwrap_or_default();
        seen = seen.fact("clients", format!("{clients}{most}"));
    }
    for (name, field) in
        [("replicas", "connected_slaves"), ("rejected", "rejected_connections"), ("evicted", "evicted_keys")]
    {
        if let Some(count) = info.number(field).filter(|n| *n > 0) {
            seen = seen.fact(name, count.to_string());
        }
    }
    match info.number("uptime_in_seconds") {
        Some(up) => seen.fact("up", human(Duration::from_secs(up))),
        None => seen,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits = Limits { role: None, memory_degraded: 85, memory_fail: 95 };
    const HEALTHY: &str = "# Server\r\nredis_version:7.0.15\r\nuptime_in_seconds:90\r\n\r\n# Memory\r\nused_memory:1048576\r\n\
        maxmemory:0\r\nmaxmemory_policy:noeviction\r\n# Persistence\r\nloading:0\r\nrdb_last_bgsave_status:ok\r\n\
        aof_last_write_status:ok\r\nrejected_connections:0\r\n# Replication\r\nrole:master\r\nconnected_slaves:0\r\n";

    fn judged(more: &str) -> (Outcome, String) {
        let seen = judge(&Sections::parse(&format!("{HEALTHY}{more}")), &LIMITS);
        (seen.outcome, seen.reason.map(|r| r.to_string()).unwrap_or_default())
    }

    #[test]
    fn a_healthy_server_passes_with_its_facts() {
        let seen = judge(&Sections::parse(HEALTHY), &LIMITS);
        assert_eq!((seen.outcome, seen.version.unwrap().as_str()), (Outcome::Pass, "7.0.15"));
        let facts: Vec<String> = seen.facts.iter().map(|f| format!("{} {}", f.name, f.value)).collect();
        assert_eq!(facts, ["version 7.0.15", "role primary", "memory 1.0 MiB", "up 90s"]);
    }

    #[test]
    fn loading_fails_and_says_how_far_it_is() {
        let (outcome, reason) = judged("loading:1\r\nloading_loaded_perc:45.20\r\nloading_eta_seconds:3\r\n");
        assert_eq!(outcome, Outcome::Fail);
        assert_eq!(reason, "it is loading its data into memory, 45.20% done, about 3s left");
    }

    #[test]
    fn a_replica_without_its_primary_fails_and_a_copying_one_is_degraded() {
        let replica = "role:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\nmaster_link_status:down\r\n";
        let (outcome, reason) = judged(&format!("{replica}master_link_down_since_seconds:75\r\n"));
        assert_eq!(
            (outcome, reason.as_str()),
            (Outcome::Fail, "the link to its primary 10.0.0.1:6379 is down for 75s")
        );
        assert_eq!(judged(&format!("{replica}master_sync_in_progress:1\r\n")).0, Outcome::Degraded);
        assert_eq!(judged("role:slave\r\nmaster_link_status:up\r\n").0, Outcome::Pass);
    }

    #[test]
    fn trouble_with_the_disk_is_degraded() {
        assert_eq!(judged("rdb_last_bgsave_status:err\r\n").0, Outcome::Degraded);
        assert_eq!(judged("aof_last_write_status:err\r\n").0, Outcome::Degraded);
    }

    #[test]
    fn memory_is_judged_only_against_a_limit() {
        assert_eq!(judged("maxmemory:0\r\nused_memory:99999999999\r\n").0, Outcome::Pass);
        assert_eq!(judged("maxmemory:100\r\nused_memory:84\r\n").0, Outcome::Pass);
        let (outcome, reason) = judged("maxmemory:1000\r\nused_memory:900\r\n");
        assert_eq!(
            (outcome, reason.as_str()),
            (Outcome::Degraded, "900 B of 1000 B memory in use (90%); writes will be refused")
        );
        assert_eq!(judged("maxmemory:100\r\nused_memory:95\r\nmaxmemory_policy:allkeys-lru\r\n").0, Outcome::Fail);
    }

    #[test]
    fn the_wrong_role_fails() {
        let limits = Limits { role: Some(Role::Replica), ..LIMITS };
        let seen = judge(&Sections::parse(HEALTHY), &limits);
        assert_eq!(seen.reason.unwrap().as_str(), "it is a primary, but should be the replica");
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_judge_panic(bytes in any::<Vec<u8>>(), number in any::<u64>()) {
            let text = format!("{HEALTHY}{}\nmaxmemory:{number}\nused_memory:{number}\nrole:slave\nmaster_link_down_since_seconds:{number}",
                String::from_utf8_lossy(&bytes));
            judge(&Sections::parse(&text), &LIMITS);
        }
    }
}
