//! Records of releases as runs leave them: what ran before the first one, what was gone back from, how many stay.

use std::collections::BTreeMap;

use super::rig::{Rig, later, nobody, script, to_end};
use crate::model::plan::{PlannedRelease, Value};
use crate::model::run::Fact;
use crate::model::runbook::{Release, RunbookKind};
use crate::model::{RunId, RunStatus};
use crate::runner::machine::tests::plans::Spec;
use crate::runner::target::Record;

const SWITCH: &str = r#"echo "$VERSION" > "$ROOT/$QD_HOST.current"; mkdir -p "$ROOT/releases/$VERSION""#;

fn rig(specs: &[Spec]) -> Rig {
    let rig = Rig::new(2, specs);
    std::fs::create_dir_all(rig.path("releases/v1")).unwrap();
    for host in ["h0", "h1"] {
        std::fs::write(rig.path(&format!("{host}.current")), "v1\n").unwrap();
    }
    rig
}

/// The plan of a run that brings this version, or goes back to it.
fn brings(rig: &mut Rig, kind: RunbookKind, version: &str) {
    let current = |host: &str| std::fs::read_to_string(rig.path(&format!("{host}.current"))).unwrap();
    let current: BTreeMap<_, _> = ["h0", "h1"].map(|h| (h.into(), current(h).trim().into())).into();
    let root = rig.scratch.path().display().to_string();
    let file = rig.path("settings").display().to_string();
    rig.plan.kind = kind;
    rig.plan.values.insert("version".into(), Value::Plain(version.into()));
    rig.plan.values.insert("root".into(), Value::Plain(root));
    rig.plan.release = Some(PlannedRelease {
        release: Release {
            version: "version".into(),
            current: Some(r#"cat "$ROOT/$QD_HOST.current""#.into()),
            available: Some(r#"test -d "$ROOT/releases/$VERSION""#.into()),
            facts: [("what".into(), r#"ls -d "$ROOT/releases/$VERSION" | wc -l; echo "$VERSION""#.into())].into(),
            files: vec![file],
            schema: None,
            keep: 5,
        },
        version: version.into(),
        current,
        available: Vec::new(),
        recorded_at: None,
        is_bad: false,
    });
}

async fn runs(rig: &Rig) -> (RunId, Vec<Record>) {
    later();
    let handle = rig.start(&rig.runner(256)).await;
    let run = handle.id.clone();
    let (end, _) = to_end(handle, nobody).await;
    assert_eq!((end.status, end.why), (RunStatus::Succeeded, None));
    (run, rig.keeper().records("qa/sales").await.unwrap())
}

fn told(records: &[Record]) -> Vec<(&str, bool, bool)> {
    records.iter().map(|r| (r.version.as_str(), r.found, r.bad)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_release_leaves_a_record_of_what_ran_before_it() {
    let mut rig = rig(&[script("switch", SWITCH)]);
    std::fs::write(rig.path("settings"), "port = 1\n").unwrap();
    brings(&mut rig, RunbookKind::Deploy, "v2");
    let (run, records) = runs(&rig).await;
    assert_eq!(told(&records), [("v2", false, false), ("v1", true, false)]);
    let found = &records[1];
    assert_eq!(found.facts["h1"]["what"].as_str().split_whitespace().last(), Some("v1"), "facts are those of v1");
    assert_eq!(found.files["h0"].len(), 1, "files are kept as they were");
    assert!(found.run < run);
    let kept = rig.kept(&run);
    let at = |wanted: &dyn Fn(&Fact) -> bool| kept.entries.iter().position(|e| wanted(&e.fact)).unwrap();
    let found = at(&|f| matches!(f, Fact::Recorded { found: true, version } if version.as_str() == "v1"));
    assert!(found < at(&|f| matches!(f, Fact::Starting { .. })), "before the first change");
    // The next one finds it there.
    brings(&mut rig, RunbookKind::Deploy, "v3");
    let (_, records) = runs(&rig).await;
    assert_eq!(told(&records), [("v3", false, false), ("v2", false, false), ("v1", true, false)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_left_unfinished_is_never_put_on_record_as_good() {
    let mut rig = rig(&[script("switch", SWITCH)]);
    std::fs::write(rig.path("settings"), "").unwrap();
    brings(&mut rig, RunbookKind::Deploy, "v2");
    let left = crate::runner::plan::fixture::dirty();
    rig.keeper().set_dirty(&crate::runner::Permit::for_trial(), "qa/sales", &left).await.unwrap();
    rig.plan.lock.as_mut().unwrap().dirty = Some(left);
    let (_, records) = runs(&rig).await;
    assert_eq!(told(&records), [("v2", false, false)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_any_more_is_no_way_back_and_files_that_lack_hinder_nothing() {
    let mut rig = rig(&[script("switch", SWITCH)]);
    brings(&mut rig, RunbookKind::Deploy, "v2");
    rig.plan.release.as_mut().unwrap().release.files.clear();
    std::fs::remove_dir(rig.path("releases/v1")).unwrap();
    let (_, records) = runs(&rig).await;
    assert_eq!(told(&records), [("v2", false, false)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_marks_what_it_went_back_from_and_records_stay_as_many_as_are_kept() {
    let mut rig = rig(&[script("switch", SWITCH)]);
    std::fs::write(rig.path("settings"), "").unwrap();
    brings(&mut rig, RunbookKind::Deploy, "v2");
    runs(&rig).await;
    brings(&mut rig, RunbookKind::Rollback, "v1");
    let (_, records) = runs(&rig).await;
    assert_eq!(told(&records), [("v1", false, false), ("v2", false, true), ("v1", true, false)]);
    brings(&mut rig, RunbookKind::Deploy, "v3");
    rig.plan.release.as_mut().unwrap().release.keep = 2;
    let (_, records) = runs(&rig).await;
    assert_eq!(told(&records), [("v3", false, false), ("v1", false, false)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_fails_first_leaves_the_way_back() {
    let mut rig = rig(&[script("switch", "exit 1")]);
    std::fs::write(rig.path("settings"), "").unwrap();
    brings(&mut rig, RunbookKind::Deploy, "v2");
    let (end, _) = to_end(rig.start(&rig.runner(256)).await, |_| crate::model::run::Choice::GiveUp).await;
    assert_eq!(end.status, RunStatus::Failed);
    let records = rig.keeper().records("qa/sales").await.unwrap();
    assert_eq!(told(&records), [("v1", true, false)]);
}
