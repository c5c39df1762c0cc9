//! Consoles beside each other: one that does not hold the lock leaves nothing behind and takes nothing over; one that is
//! gone is followed by another machine; one that does not look is not waited for.

use std::time::Duration;

use secrecy::SecretString;

use super::rig::{LONG, Rig, nobody, script, step, to_end};
use super::wall::die;
use crate::model::RunStatus;
use crate::model::plan::Value;
use crate::model::run::{Choice, Fact};
use crate::model::runbook::On;
use crate::runner::Permit;
use crate::runner::execute::*;
use crate::runner::machine::tests::plans::Spec;
use crate::runner::target::Claim;

fn claim(rig: &Rig, run: Option<RunId>) -> Claim {
    Claim {
        key: "qa/sales".into(),
        run,
        operator: Operator { name: "bo".into(), console: "desk".into() },
        console_id: None,
        what: "maintenance".into(),
        reason: None,
        digest: Some(rig.plan.digest.clone()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_gets_no_lock_leaves_nothing_on_the_host_of_the_lock() {
    let rig = Rig::new(1, &[step("a")]);
    rig.keeper().lock(&Permit::for_trial(), &claim(&rig, None)).await.unwrap();
    let (end, _) = to_end(rig.start(&rig.runner(256)).await, nobody).await;
    assert_eq!(end.status, RunStatus::Failed);
    assert!(end.why.unwrap().as_str().contains("bo@desk"));
    assert!(!rig.path("hosts/h0/runs").exists(), "nothing of it is there");
    assert!(rig.ran().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_machine_goes_on_when_the_first_is_gone_and_nothing_runs_twice() {
    let rig = Rig::new(2, &[script("a", r#"sleep 1; echo "a@$QD_HOST" >> "$LOG""#), step("b")]);
    // The console dies while `a` runs on both hosts.
    let (handle, wall) = rig.start_to(8).await;
    let run = handle.id.clone();
    assert!(wall.is_reached(&handle.end).await);
    tokio::time::sleep(Duration::from_millis(300)).await;
    die(&rig, handle, wall).await;
    // Another machine under the same name: names prove nothing.
    let runner = rig.runner_at(&rig.path("laptop"), "desk", 256);
    let keeper = rig.keeper();
    let refused = runner.resume(&run, Some(&keeper), rig.means(Answers::Person)).await.unwrap();
    let (end, _) = to_end(refused, nobody).await;
    assert_eq!(end.status, RunStatus::Interrupted, "{end:?}");
    assert_eq!(end.why.unwrap().as_str(), "qa/sales is held by ann@desk");
    rig.age_lock(120);
    let second = runner.resume(&run, Some(&keeper), rig.means(Answers::Person)).await.unwrap();
    let (end, _) = to_end(second, nobody).await;
    assert_eq!(end, RunEnd { status: RunStatus::Succeeded, why: None, on_failure: None });
    assert_eq!(rig.ran(), ["a@h0", "a@h1", "b@h0", "b@h1"]);
    assert!(rig.is_free().await);
    let theirs = std::fs::read(rig.path("laptop/runs").join(run.as_str()).join("journal.jsonl")).unwrap();
    let mirrored = std::fs::read(rig.path("hosts/h0/runs").join(run.as_str()).join("journal.jsonl")).unwrap();
    assert_eq!(theirs, mirrored, "the mirror tells the whole story");
    // The first one comes back, and learns that it is done.
    let back = rig.runner(256).resume(&run, None, rig.means(Answers::Person)).await.unwrap_err().to_string();
    assert_eq!(back, format!("run {run} has succeeded"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_consoles_of_one_machine_do_not_drive_one_run() {
    let rig = Rig::new(1, &[script("a", "sleep 1"), step("b")]);
    let handle = rig.start(&rig.runner(256)).await;
    let second = rig.runner(256).resume(&handle.id, None, rig.means(Answers::Person)).await;
    assert!(second.unwrap_err().to_string().contains("driven by another console"));
    assert_eq!(to_end(handle, nobody).await.0.status, RunStatus::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_screen_that_stops_reading_holds_nothing_up_and_misses_no_entry() {
    let rig = Rig::new(1, &[script("a", "seq 1 20000"), step("b"), step("c")]);
    let RunHandle { id, mut news, end, orders, .. } = rig.start(&rig.runner(1)).await;
    let end = tokio::time::timeout(LONG, end).await.expect("nobody is waited for").unwrap();
    assert_eq!(end.status, RunStatus::Succeeded);
    drop(orders);
    let (mut entries, mut lines) = (Vec::new(), 0);
    while let Some(event) = news.recv().await {
        match event {
            Event::RunTold { entry, .. } => entries.push(*entry),
            Event::RunPrinted { step, lines: some, left_out, .. } if step == "a" => {
                lines += some.len() as u64 + left_out;
            }
            _ => {}
        }
    }
    assert_eq!(entries, rig.kept(&id).entries, "every entry in its order");
    assert_eq!(lines, 20_000, "what was left out was counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_does_not_wait_for_what_this_console_does_itself() {
    // A server that takes the request and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let call = Spec::post("call").on(On::Local).with(|s| {
        if let crate::model::runbook::Action::Http(call) = &mut s.action {
            call.url = url;
        }
    });
    let rig = Rig::new(1, &[call, step("b")]);
    let handle = rig.start(&rig.runner(256)).await;
    let run = handle.id.clone();
    let _open = tokio::time::timeout(LONG, silent.accept()).await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(handle.orders);
    let end = tokio::time::timeout(Duration::from_secs(3), handle.end).await.expect("it leaves at once").unwrap();
    assert_eq!(end.status, RunStatus::Interrupted);
    // Whether the request had its effect is not known, and a person says it.
    let (end, news) = to_end(rig.resume(&run).await, |_| Choice::MarkDone).await;
    assert_eq!(end.status, RunStatus::SucceededWithOverrides);
    let asked = |e: &Event| matches!(e, Event::RunTold { entry, .. } if matches!(&entry.fact, Fact::Asked { question: crate::model::run::Question::Fate { .. } }));
    assert!(news.iter().any(asked));
    assert_eq!(rig.ran(), ["b@h0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_in_no_reason_of_a_step_whose_fate_is_unknown() {
    let port = speaks_of_it().await;
    let url = format!("http://127.0.0.1:{port}/");
    let call = Spec::post("call").on(On::Local).with(|s| {
        if let crate::model::runbook::Action::Http(call) = &mut s.action {
            call.url = url;
        }
    });
    let mut rig = Rig::new(1, &[call]);
    rig.plan.values.insert("token".into(), Value::Asked);
    let mut means = rig.means(Answers::Person);
    means.secrets.asked.insert("token".into(), SecretString::from("hunter2-hunter2"));
    means.reason = Some("with hunter2-hunter2".into());
    let handle = rig.runner(256).start(std::sync::Arc::new(rig.plan.clone()), "# A", means).await.unwrap();
    let run = handle.id.clone();
    let (end, news) = to_end(handle, |_| Choice::GiveUp).await;
    assert_eq!(end.status, RunStatus::Lost);
    let journal = std::fs::read_to_string(rig.state().join("runs").join(run.as_str()).join("journal.jsonl")).unwrap();
    let audit = std::fs::read_to_string(rig.state().join("audit.jsonl")).unwrap();
    let told: Vec<_> = news.iter().filter(|e| !matches!(e, Event::RunOpened { .. })).collect();
    for text in [journal, audit, format!("{told:?}"), format!("{end:?}")] {
        assert!(!text.contains("hunter2"), "{text}");
    }
}

/// A server that does not speak HTTP, and says what it should not.
async fn speaks_of_it() -> u16 {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut read = [0; 1024];
            assert!(socket.read(&mut read).await.is_ok());
            socket.write_all(b"hunter2-hunter2 is what I was given\r\n\r\n").await.ok();
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_before_another_held_the_lock_is_looked_at_again() {
    let proof = |s: &mut crate::model::runbook::Step| s.verify = Some(r#"grep -q "switch@$QD_HOST" "$LOG""#.into());
    let prove = script("prove", r#"test -e "$LOG.well""#).with(|s| s.looks = true);
    let rig = Rig::new(1, &[step("switch").with(proof), prove]);
    let handle = rig.start(&rig.runner(256)).await;
    let run = handle.id.clone();
    assert_eq!(to_end(handle, |_| Choice::GiveUp).await.0.status, RunStatus::Failed);
    // Another run takes it back, and the look at it holds again.
    let (keeper, permit) = (rig.keeper(), Permit::for_trial());
    let fence = keeper.lock(&permit, &claim(&rig, RunId::parse("20261120-140451-7c1f"))).await.unwrap();
    std::fs::write(rig.path("log"), "").unwrap();
    std::fs::write(rig.path("log.well"), "").unwrap();
    keeper.unlock(&permit, "qa/sales", fence).await.unwrap();
    let alone = rig.runner(256).resume(&run, None, rig.means(Answers::Policy)).await.unwrap();
    let (end, _) = to_end(alone, nobody).await;
    assert_eq!(end.status, RunStatus::Failed);
    assert!(end.why.unwrap().as_str().contains("may have undone switch on h0: its proof does not hold any more"));
    assert_eq!(rig.ran(), [] as [&str; 0]);
    let (end, _) = to_end(rig.resume(&run).await, |_| Choice::Retry).await;
    assert_eq!((end.status, rig.ran()), (RunStatus::Succeeded, vec!["switch@h0".to_owned()]));
}
