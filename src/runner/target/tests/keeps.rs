//! Files of runs, records and looks on this machine.

use super::*;
use crate::runner::target::call::Piece;

fn record(run: &RunId) -> Record {
    Record {
        version: "1.4.2".into(),
        run: run.clone(),
        runbook: ("deploy".into(), "00".into()),
        at: Timestamp::UNIX_EPOCH,
        operator: Operator { name: "asha".into(), console: "laptop".into() },
        inputs: [].into(),
        facts: [].into(),
        files: [].into(),
        schema: [].into(),
        irreversible: Vec::new(),
        bad: false,
        found: false,
    }
}

#[tokio::test]
async fn a_mirrored_file_grows_from_any_offset_and_is_cut_there() {
    let place = Place::new();
    let (target, permit, run) = (&place.target, &place.permit, run_id());
    assert_eq!(target.fetch(&run, "journal.jsonl").await.unwrap(), None);
    target.mirror(permit, &run, "journal.jsonl", 0, b"one\ntwo\n").await.unwrap();
    target.mirror(permit, &run, "journal.jsonl", 4, b"2\n\xff\n").await.unwrap();
    assert_eq!(target.fetch(&run, "journal.jsonl").await.unwrap().unwrap(), b"one\n2\n\xff\n");
    let error = target.mirror(permit, &run, "journal.jsonl", 99, b"x").await.unwrap_err().to_string();
    assert!(error.contains("fewer than the 99"), "{error}");
    assert!(target.mirror(permit, &run, "../x", 0, b"").await.is_err());
    // A call over a connection that was lost long ago, and ends only now.
    let path = format!("{run}/journal.jsonl");
    let late = target.tell(permit, Piece::Keep, "mirror", &[&path, "4", "40"], b"2\n").await.unwrap_err().to_string();
    assert!(late.contains("only a part"), "{late}");
    assert_eq!(target.fetch(&run, "journal.jsonl").await.unwrap().unwrap(), b"one\n2\n\xff\n");
    target.mirror(permit, &run, "plan.json", 0, b"").await.unwrap();
    assert_eq!(target.fetch(&run, "plan.json").await.unwrap().unwrap(), b"");
    assert_eq!(target.runs().await.unwrap(), [run]);
}

#[tokio::test]
async fn old_runs_go_and_those_that_still_work_or_are_young_stay() {
    let place = Place::new();
    let (target, permit) = (&place.target, &place.permit);
    let runs: Vec<RunId> = (0..3).map(|n| RunId::new(Timestamp::UNIX_EPOCH, n)).collect();
    for run in &runs {
        target.mirror(permit, run, "plan.json", 0, b"{}").await.unwrap();
    }
    let mut lasting = job("a-1", "echo on; sleep 30");
    lasting.run = runs[1].clone();
    let following = place.start(&lasting).await;
    for run in &runs[..2] {
        let folder = place.state().join("runs").join(run.as_str());
        let old = format!("find {} -exec touch -d '9 days ago' {{}} +", folder.display());
        assert!(std::process::Command::new("sh").args(["-c", &old]).status().unwrap().success());
    }
    target.tidy(permit, Duration::from_hours(7 * 24)).await.unwrap();
    assert_eq!(target.runs().await.unwrap(), [runs[2].clone(), runs[1].clone()]);
    target.end(permit, &runs[1], "a-1", Duration::from_secs(1)).await.unwrap();
    drop(following);
}

#[tokio::test]
async fn records_come_newest_first_and_only_so_many_stay_with_their_files() {
    let place = Place::new();
    let (target, permit) = (&place.target, &place.permit);
    let file = place.folder.path().join("app.conf");
    std::fs::write(&file, "port = 1\n").unwrap();
    let path = file.display().to_string();
    let runs: Vec<RunId> = (0..4).map(|n| RunId::new(Timestamp::UNIX_EPOCH, n)).collect();
    for run in &runs {
        let kept = target.keep_files(permit, "production/sales", run, std::slice::from_ref(&path)).await.unwrap();
        let (sum, name) = &kept[&path];
        assert_eq!(sum.len(), 64);
        let copy = place.state().join(format!("releases/production%2Fsales/{run}.files/{name}"));
        assert_eq!(std::fs::read_to_string(copy).unwrap(), "port = 1\n");
        target.record(permit, "production/sales", &record(run), 3).await.unwrap();
    }
    let found: Vec<RunId> = target.records("production/sales").await.unwrap().into_iter().map(|r| r.run).collect();
    assert_eq!(found, [runs[3].clone(), runs[2].clone(), runs[1].clone()]);
    assert!(!place.state().join(format!("releases/production%2Fsales/{}.files", runs[0])).exists());
    let gone = target.keep_files(permit, "k", &runs[0], &["/no/such".into()]).await.unwrap_err().to_string();
    assert!(gone.contains("there is no file /no/such"), "{gone}");
}

#[tokio::test]
async fn a_look_tells_what_there_is_and_changes_nothing() {
    let place = Place::new();
    let ground = place.target.look(crate::app::Now::default().get(), false).await.unwrap();
    assert_eq!(
        (ground.folder, ground.unwritable, ground.unsupervised),
        (place.state().display().to_string(), None, None)
    );
    assert!(ground.clock_offset.abs() < jiff::SignedDuration::from_millis(200), "{:?}", ground.clock_offset);
    assert!(ground.free.unwrap() > 0);
    assert!(!place.state().exists());
}

#[tokio::test]
async fn a_check_tells_its_code_and_what_it_printed() {
    let place = Place::new();
    let env = [("WHO".to_owned(), "it's".to_owned())];
    let check = |text: &'static str| place.target.check(text, &env, Duration::from_secs(5));
    assert_eq!(check("echo \"$WHO\"; echo err >&2; exit 3").await.unwrap(), (3, "it's\nerr\n".to_owned()));
    assert_eq!(check("#!/bin/bash\nfalse | true; echo no").await.unwrap(), (1, String::new()));
}
