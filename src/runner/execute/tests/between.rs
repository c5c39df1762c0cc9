//! What others did between a plan and its run: nothing begins that was planned on other ground, and what they left
//! unfinished stays marked where the run did not mend it.

use super::rig::{Rig, nobody, script, step, to_end};
use crate::model::plan::PlannedRelease;
use crate::model::run::Dirty;
use crate::model::runbook::Release;
use crate::model::{Operator, RunId, RunStatus, RunbookKind};
use crate::runner::Permit;

/// Left by another run, which was planned for these hosts.
fn left(hosts: &[&str]) -> Dirty {
    Dirty {
        run: RunId::parse("20261119-090000-00aa").unwrap(),
        runbook: "deploy".into(),
        operator: Operator { name: "bob".into(), console: "laptop".into() },
        since: jiff::Timestamp::UNIX_EPOCH,
        hosts: hosts.iter().map(|name| (*name).into()).collect(),
    }
}

/// The marker of a key after a run of this rig.
async fn marked_after(rig: &Rig, key: &str) -> Option<RunId> {
    let (end, _) = to_end(rig.start(&rig.runner(256)).await, nobody).await;
    assert_eq!(end.status, RunStatus::Succeeded, "{end:?}");
    rig.keeper().dirty(key).await.unwrap().map(|dirty| dirty.run)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_was_left_unfinished_since_the_plan_is_not_gone_over() {
    let rig = Rig::new(1, &[step("a")]);
    rig.keeper().set_dirty(&Permit::for_trial(), "qa/sales", &left(&["h0"])).await.unwrap();
    let handle = rig.start(&rig.runner(256)).await;
    let run = handle.id.clone();
    let (end, _) = to_end(handle, nobody).await;
    assert_ne!(end.status, RunStatus::Succeeded);
    let why = end.why.unwrap_or_default().to_string();
    assert!(why.contains("20261119-090000-00aa") && why.contains("make a new plan"), "{why}");
    assert!(rig.ran().is_empty());
    assert_eq!(rig.keeper().dirty("qa/sales").await.unwrap(), Some(left(&["h0"])), "its marker stays");
    assert!(!rig.kept(&run).state.dirty);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_agreed_to_go_over_is_mended_only_by_a_run_for_all_its_hosts() {
    for (hosts, stays) in [(&["h0"][..], false), (&["h0", "h1"], false), (&["h0", "h7"], true)] {
        let mut rig = Rig::new(2, &[step("a")]);
        rig.plan.kind = RunbookKind::Rollback;
        rig.plan.lock.as_mut().unwrap().dirty = Some(left(hosts));
        rig.keeper().set_dirty(&Permit::for_trial(), "qa/sales", &left(hosts)).await.unwrap();
        assert_eq!(marked_after(&rig, "qa/sales").await, stays.then(|| left(hosts).run), "{hosts:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_service_left_under_a_shared_lock_stays_marked() {
    let mut rig = Rig::new(1, &[step("a")]);
    let lock = rig.plan.lock.as_mut().unwrap();
    lock.keys.push("qa/database".into());
    lock.also.insert("qa/database".into(), left(&["h0"]));
    rig.keeper().set_dirty(&Permit::for_trial(), "qa/database", &left(&["h0"])).await.unwrap();
    assert_eq!(marked_after(&rig, "qa/database").await, Some(left(&["h0"]).run));
    assert_eq!(rig.keeper().dirty("qa/sales").await.unwrap(), None);
}

/// Two hosts of which each says that it runs another release, as the plan has them.
fn two_versions() -> Rig {
    let mut rig = Rig::new(2, &[script("a", r#"echo "$QD_HOST goes back to $PREVIOUS" >> "$LOG""#)]);
    let place = rig.scratch.path().display();
    rig.plan.release = Some(PlannedRelease {
        release: Release {
            version: "version".into(),
            current: Some(format!("cat '{place}/'$QD_HOST.current")),
            available: None,
            facts: [].into(),
            files: Vec::new(),
            schema: None,
            keep: 5,
        },
        version: "v3".into(),
        current: [("h0".into(), "v2".into()), ("h1".into(), "v1".into())].into(),
        available: Vec::new(),
        recorded_at: None,
        is_bad: false,
    });
    for (host, version) in [("h0", "v2"), ("h1", "v1")] {
        std::fs::write(rig.path(&format!("{host}.current")), version).unwrap();
    }
    rig
}

#[tokio::test(flavor = "multi_thread")]
async fn every_host_goes_back_to_what_ran_on_it() {
    let rig = two_versions();
    marked_after(&rig, "qa/sales").await;
    assert_eq!(rig.ran(), ["h0 goes back to v2", "h1 goes back to v1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_begins_where_another_version_runs_than_in_the_plan() {
    let rig = two_versions();
    std::fs::write(rig.path("h1.current"), "v9").unwrap();
    let (end, _) = to_end(rig.start(&rig.runner(256)).await, nobody).await;
    let why = end.why.unwrap_or_default().to_string();
    assert!(why.contains("v9 runs on h1 now, and v1 when the plan was made"), "{why}");
    assert!(end.status != RunStatus::Succeeded && rig.ran().is_empty() && rig.is_free().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_of_long_ago_left_on_a_host_goes_when_a_run_is_over() {
    let rig = Rig::new(1, &[step("a")]);
    let old = rig.path("hosts/h0/runs/20260101-000000-0001");
    std::fs::create_dir_all(old.join("a-1")).unwrap();
    std::fs::write(old.join("a-1/log"), "of long ago").unwrap();
    for path in [old.join("a-1/log"), old.join("a-1"), old.clone()] {
        assert!(std::process::Command::new("touch").args(["-d", "8 days ago"]).arg(path).status().unwrap().success());
    }
    let handle = rig.start(&rig.runner(256)).await;
    let run = handle.id.clone();
    assert_eq!(to_end(handle, nobody).await.0.status, RunStatus::Succeeded);
    assert!(!old.exists(), "it is older than a week");
    assert!(rig.path("hosts/h0/runs").join(run.as_str()).exists());
}
