//! The service that hosts are given: it is healthy, and breaks when asked to.

use std::time::{Duration, Instant};

use crate::lab::{Host, Lab};

/// Properties of the unit, as `NAME=value` lines in alphabetical order.
fn properties(host: &Host, names: &str) -> String {
    host.must(&format!("systemctl show sales -p {names} | sort"))
}

fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(15), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn it_is_healthy_until_its_file_says_otherwise_and_is_back_after_a_boot() {
    let Some(lab) = Lab::new() else { return };
    let host = lab.host("web1");
    host.service("sales", 8080);
    let (status, body) = host.get(8080, "/health");
    assert!(status == 200 && body.contains(r#""version": "1.0.0""#), "{status} {body}");
    host.must("touch /srv/sales/broken");
    assert_eq!(host.get(8080, "/health").0, 503);
    host.must("rm /srv/sales/broken");
    let journal = host.must("journalctl -u sales -o cat --no-pager");
    assert!(journal.lines().any(|l| l.starts_with('{') && l.contains(r#""status": 503"#)), "{journal}");
    host.reboot();
    wait_for("it starts with its host", || host.get(8080, "/health/ready").0 == 200);
}

#[test]
fn it_crashes_comes_back_and_in_the_end_stays_down() {
    let Some(lab) = Lab::new() else { return };
    let host = lab.host("web1");
    host.service("sales", 8080);
    host.get(8080, "/crash");
    wait_for("it comes back", || properties(&host, "ActiveState,NRestarts") == "ActiveState=active\nNRestarts=1\n");
    wait_for("it stays down", || {
        host.get(8080, "/crash");
        properties(&host, "ActiveState") == "ActiveState=failed\n"
    });
    assert_eq!(properties(&host, "Result,ExecMainStatus"), "ExecMainStatus=7\nResult=exit-code\n");
}

#[test]
fn it_hangs_and_is_called_active_all_the_same() {
    let Some(lab) = Lab::new() else { return };
    let host = lab.host("web1");
    host.service("sales", 8080);
    host.hang("sales", true);
    assert_eq!((host.get(8080, "/health").0, host.must("systemctl is-active sales").as_str()), (0, "active\n"));
    host.hang("sales", false);
    assert_eq!(host.get(8080, "/health").0, 200);
}

#[test]
fn it_is_killed_when_it_takes_more_memory_than_it_may() {
    let Some(lab) = Lab::new() else { return };
    let host = lab.host("web1");
    host.service("sales", 8080);
    let current = properties(&host, "MemoryCurrent");
    let bytes: u64 = current.trim().trim_start_matches("MemoryCurrent=").parse().expect(&current);
    assert!((1 << 20..64 << 20).contains(&bytes), "{bytes}");
    assert_eq!(properties(&host, "MemoryMax"), "MemoryMax=67108864\n");
    // Or it would be started again before anybody looked.
    host.put("/run/systemd/system/sales.service.d/stay.conf", "[Service]\nRestart=no\n", 0o644);
    host.must("systemctl daemon-reload");
    host.get(8080, "/eat");
    wait_for("it is killed", || properties(&host, "ActiveState") == "ActiveState=failed\n");
    // The word for it depends on the version of control groups.
    let result = properties(&host, "Result,ExecMainStatus");
    assert!(
        ["ExecMainStatus=9\nResult=signal\n", "ExecMainStatus=9\nResult=oom-kill\n"].contains(&result.as_str()),
        "{result}"
    );
}
