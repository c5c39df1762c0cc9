//! Locks and dirty markers on this machine.

use super::*;
use crate::model::run::{Dirty, Liveness};
use crate::runner::target::call::Piece;

fn claim(run: Option<RunId>) -> Claim {
    let operator = Operator { name: "asha".into(), console: "laptop".into() };
    Claim {
        key: "production/sales".into(),
        run,
        operator,
        console_id: None,
        what: "deploy".into(),
        reason: None,
        digest: Some("7c1f".into()),
    }
}

const KEY: &str = "production/sales";

#[tokio::test]
async fn a_lock_is_had_by_one_and_counts_up() {
    let place = Place::new();
    let (target, permit) = (&place.target, &place.permit);
    assert_eq!(target.holder(KEY).await.unwrap(), None);
    assert_eq!(target.lock(permit, &claim(Some(run_id()))).await.unwrap(), 1);
    let Err(TargetError::Held(holder)) = target.lock(permit, &claim(None)).await else { panic!("two have it") };
    assert_eq!((holder.fence, holder.run, holder.liveness), (1, Some(run_id()), Liveness::Held));
    assert_eq!(holder.operator.to_string(), "asha@laptop");
    target.beat(permit, KEY, 1).await.unwrap();
    target.unlock(permit, KEY, 1).await.unwrap();
    assert_eq!(target.holder(KEY).await.unwrap(), None);
    assert_eq!(target.lock(permit, &claim(None)).await.unwrap(), 2);
    assert_eq!(target.holder(KEY).await.unwrap().unwrap().liveness, Liveness::Manual);
    let Err(TargetError::LockLost { by: Some(by), .. }) = target.beat(permit, KEY, 1).await else { panic!("it beats") };
    assert_eq!(by.fence, 2);
}

#[tokio::test]
async fn where_the_lock_is_kept_nothing_starts_without_it() {
    let place = Place::new();
    let (target, permit) = (&place.target, &place.permit);
    let first = target.lock(permit, &claim(Some(run_id()))).await.unwrap();
    let held = |task: &str, fence: u64| Job { fence: Some((KEY.into(), fence)), keeps_lock: true, ..job(task, "true") };
    assert_eq!(place.run(&held("held-1", first)).await.1.code, 0);
    target.break_lock(permit, KEY, first).await.unwrap();
    let Err(TargetError::LockLost { key, by: None }) = target.start(permit, &held("broken-1", first)).await else {
        panic!("it starts")
    };
    assert_eq!((key.as_str(), place.task("broken-1").exists()), (KEY, false));
    let second = target.lock(permit, &claim(None)).await.unwrap();
    let Err(TargetError::LockLost { by: Some(by), .. }) = target.start(permit, &held("late-1", first)).await else {
        panic!("it starts")
    };
    assert_eq!((by.fence, place.task("late-1").exists()), (second, false));
}

#[tokio::test]
async fn of_many_who_try_at_once_one_takes_and_one_breaks() {
    let place = Place::new();
    let (target, permit) = (&place.target, &place.permit);
    for round in 1..=10_u64 {
        let claim = claim(Some(run_id()));
        let took = futures::future::join_all((0..6).map(|_| target.lock(permit, &claim))).await;
        let numbers: Vec<u64> = took.into_iter().filter_map(Result::ok).collect();
        assert_eq!(numbers, [round]);
        let broke = futures::future::join_all((0..6).map(|_| target.break_lock(permit, KEY, round))).await;
        assert_eq!(broke.iter().filter(|b| b.is_ok()).count(), 1);
    }
}

#[tokio::test]
async fn a_holder_without_beats_is_stale_or_his_steps_are_unattended() {
    let place = Place::new();
    let (target, permit) = (&place.target, &place.permit);
    let number = target.lock(permit, &claim(Some(run_id()))).await.unwrap();
    let file = place.state().join("locks/production%2Fsales/1");
    let text = std::fs::read_to_string(&file).unwrap();
    let (head, body) = text.split_once('\n').unwrap();
    let (taken, run) = head.split_once(' ').unwrap();
    let old = taken.parse::<i64>().unwrap() - 100;
    std::fs::write(&file, format!("{old} {run}\n{body}")).unwrap();
    assert_eq!(target.holder(KEY).await.unwrap().unwrap().liveness, Liveness::Stale);
    let mut following = place.start(&job("a-1", "echo on; sleep 30")).await;
    let News::Started(pid) = following.next().await else { panic!("not started") };
    let holder = target.holder(KEY).await.unwrap().unwrap();
    assert_eq!(holder.liveness, Liveness::Unattended { pids: vec![pid] });
    assert!(holder.silent_for.as_secs() >= 100);
    target.beat(permit, KEY, number).await.unwrap();
    assert_eq!(target.holder(KEY).await.unwrap().unwrap().liveness, Liveness::Held);
    target.end(permit, &run_id(), "a-1", Duration::from_secs(1)).await.unwrap();
}

#[tokio::test]
async fn markers_stay_until_they_are_taken_away_and_are_listed_with_locks() {
    let place = Place::new();
    let (target, permit) = (&place.target, &place.permit);
    assert_eq!(target.dirty(KEY).await.unwrap(), None);
    let operator = claim(None).operator;
    let dirty =
        Dirty { run: run_id(), runbook: "deploy".into(), operator, since: Timestamp::UNIX_EPOCH, hosts: Vec::new() };
    target.set_dirty(permit, KEY, &dirty).await.unwrap();
    target.lock(permit, &claim(Some(run_id()))).await.unwrap();
    let (held, marked) = target.locks("production/").await.unwrap();
    assert_eq!((held.len(), marked), (1, vec![(KEY.to_owned(), dirty.clone())]));
    assert_eq!(target.locks("staging/").await.unwrap(), (Vec::new(), Vec::new()));
    assert_eq!(target.dirty(KEY).await.unwrap(), Some(dirty));
    target.clean(permit, KEY).await.unwrap();
    assert_eq!(target.dirty(KEY).await.unwrap(), None);
}

#[tokio::test]
async fn a_damaged_lock_is_told_and_not_taken_for_a_free_one() {
    let place = Place::new();
    let (target, permit) = (&place.target, &place.permit);
    target.lock(permit, &claim(Some(run_id()))).await.unwrap();
    std::fs::write(place.state().join("locks/production%2Fsales/1"), "100 x\n{\x1b[31m\n").unwrap();
    assert!(target.holder(KEY).await.unwrap_err().to_string().contains("a lock is damaged"));
    assert!(target.lock(permit, &claim(None)).await.is_err());
}

#[tokio::test]
async fn a_number_of_a_lock_that_somebody_wrote_is_not_run() {
    let place = Place::new();
    place.target.lock(&place.permit, &claim(Some(run_id()))).await.unwrap();
    let trap = place.state().join("trap");
    let lock = place.state().join("locks/production%2Fsales/1");
    let body = std::fs::read_to_string(&lock).unwrap();
    let body = body.lines().nth(1).unwrap();
    std::fs::write(&lock, format!("a[$(touch${{IFS}}{})] -\n{body}\n", trap.display())).unwrap();
    // Unlike dash, bash takes such words for numbers.
    let argv = place.target.argv(Piece::Keep, "m", "holder", &["production%2Fsales"]);
    let output = std::process::Command::new("bash").arg("--posix").args(&argv.arguments).output().unwrap();
    assert!(output.status.success() && !trap.exists(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("lock 1 "), "{output:?}");
}
