//! What a run does when nothing fails but what is meant to.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::rig::{LONG, Rig, nobody, script, step, to_end};
use crate::model::plan::Value;
use crate::model::run::{Choice, Entry};
use crate::model::runbook::{Action, On};
use crate::model::{RunStatus, StepOutcome};
use crate::runner::audit::verify;
use crate::runner::execute::*;
use crate::runner::machine::tests::plans::Spec;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_does_its_steps_keeps_everything_and_leaves_nothing_held() {
    let rig = Rig::new(
        2,
        &[
            step("pull"),
            step("switch").verify().with(|s| s.verify = Some(r#"grep -q "switch@$QD_HOST" "$LOG""#.into())),
        ],
    );
    let handle = rig.start(&rig.runner(256)).await;
    let run = handle.id.clone();
    let (end, news) = to_end(handle, nobody).await;
    assert_eq!(end, RunEnd { status: RunStatus::Succeeded, why: None, on_failure: None });
    assert_eq!(rig.ran(), ["pull@h0", "pull@h1", "switch@h0", "switch@h1"]);
    assert!(rig.is_free().await);
    let kept = rig.kept(&run);
    assert!(kept.state.status == RunStatus::Succeeded && !kept.state.dirty);
    let mirrored = std::fs::read(rig.path("hosts/h0/runs").join(run.as_str()).join("journal.jsonl")).unwrap();
    let here = std::fs::read(rig.state().join("runs").join(run.as_str()).join("journal.jsonl")).unwrap();
    assert_eq!(mirrored, here, "the mirror is the journal");
    let out = rig.state().join("runs").join(run.as_str()).join("out/pull.h1.log");
    assert_eq!(std::fs::read_to_string(out).unwrap(), "out of pull\n");
    assert!(news.iter().any(
        |e| matches!(e, Event::RunPrinted { step, lines, .. } if step == "pull" && lines[0].as_str() == "out of pull")
    ));
    let audited = std::fs::read_to_string(rig.state().join("audit.jsonl")).unwrap();
    assert_eq!(audited.matches("\"what\":\"intent\"").count(), 4);
    assert!(verify(&rig.state().join("audit.jsonl")).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_fails_is_asked_about_and_tried_again_where_it_failed() {
    let text = r#"echo "a@$QD_HOST" >> "$LOG"; test "$QD_HOST" = h0 || test -e "$LOG.mended""#;
    let rig = Rig::new(2, &[script("a", text)]);
    let handle = rig.start(&rig.runner(256)).await;
    let mended = rig.path("log.mended");
    let (end, _) = to_end(handle, move |_| {
        std::fs::write(&mended, "").unwrap();
        Choice::Retry
    })
    .await;
    assert_eq!(end.status, RunStatus::Succeeded);
    assert_eq!(rig.ran(), ["a@h0", "a@h1", "a@h1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_ends_the_processes_and_the_run_is_cancelled_and_left_marked() {
    let rig = Rig::new(1, &[script("a", "echo begun; sleep 30"), step("b")]);
    let mut handle = rig.start(&rig.runner(256)).await;
    let run = handle.id.clone();
    loop {
        let event = tokio::time::timeout(LONG, handle.news.recv()).await.unwrap().unwrap();
        if matches!(event, Event::RunPrinted { .. }) {
            break;
        }
    }
    handle.orders.send(Order::Interrupt { even_uninterruptible: false }).await.unwrap();
    let began = tokio::time::Instant::now();
    let (end, _) = to_end(handle, nobody).await;
    assert_eq!(end.status, RunStatus::Cancelled);
    assert!(began.elapsed() < Duration::from_secs(15));
    let kept = rig.kept(&run);
    assert_eq!(kept.state.task("a", &"h0".into()).outcome(), Some(StepOutcome::Cancelled));
    assert!(rig.ran().is_empty() && kept.state.dirty);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_leaves_lets_the_step_go_on_and_goes_on_with_the_run_later() {
    let rig = Rig::new(1, &[script("a", r#"echo one; sleep 1; echo two; echo "a@$QD_HOST" >> "$LOG""#), step("b")]);
    let mut handle = rig.start(&rig.runner(256)).await;
    let run = handle.id.clone();
    while !matches!(handle.news.recv().await.unwrap(), Event::RunPrinted { .. }) {}
    drop(handle.orders);
    let end = tokio::time::timeout(LONG, handle.end).await.unwrap().unwrap();
    assert_eq!(end.status, RunStatus::Interrupted);
    let (end, _) = to_end(rig.resume(&run).await, nobody).await;
    assert_eq!(end.status, RunStatus::Succeeded);
    assert_eq!(rig.ran(), ["a@h0", "b@h0"]);
    let out = rig.state().join("runs").join(run.as_str()).join("out/a.h0.log");
    assert_eq!(std::fs::read_to_string(out).unwrap(), "one\ntwo\n", "no gap and no repeat");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_in_no_file_and_no_event() {
    let rig = {
        let mut rig = Rig::new(1, &[script("a", r#"echo "token is $TOKEN"; echo "$TOKEN" | wc -c"#)]);
        rig.plan.values.insert("token".into(), Value::Asked);
        rig
    };
    let mut means = rig.means(Answers::Person);
    means.secrets.asked.insert("token".into(), SecretString::from("hunter2-hunter2"));
    let handle = rig.runner(256).start(Arc::new(rig.plan.clone()), "# A", means).await.unwrap();
    let run = handle.id.clone();
    let (end, news) = to_end(handle, nobody).await;
    assert_eq!(end.status, RunStatus::Succeeded);
    assert!(!format!("{news:?}").contains("hunter2"));
    let out = rig.state().join("runs").join(run.as_str()).join("out/a.h0.log");
    assert!(std::fs::read_to_string(out).unwrap().starts_with("token is •••\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_put_on_the_audit_log_does_not_begin() {
    struct Mute;
    impl Witness for Mute {
        fn intent(
            &self,
            _: jiff::Timestamp,
            _: &RunId,
            _: &Plan,
            _: &crate::runner::machine::Task,
            _: &str,
        ) -> Result<(), Text> {
            Err("the audit log is full".into())
        }
        fn told(&self, _: &RunId, _: &Plan, _: &[Entry]) -> Result<(), Text> {
            Ok(())
        }
    }
    let rig = Rig::new(1, &[step("a")]);
    let mut runner = rig.runner(256);
    runner.witness = Arc::new(Mute);
    let handle = rig.start(&runner).await;
    let run = handle.id.clone();
    let (end, _) = to_end(handle, |_| Choice::GiveUp).await;
    assert_eq!(end.status, RunStatus::Failed);
    assert_eq!(rig.kept(&run).state.task("a", &"h0".into()).outcome(), Some(StepOutcome::Refused));
    assert!(rig.ran().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_copied_whole_and_what_is_not_here_goes_only_where_it_is_said() {
    for (delete, stays) in [(false, true), (true, false)] {
        let copy = |to: String| {
            Spec::sh("copy").on(On::Once).with(|s| {
                s.action = Action::Copy { from: "new".into(), to, delete };
            })
        };
        let mut rig = Rig::new(1, &[copy(String::new())]);
        let to = rig.path("there/web").display().to_string();
        rig.plan.steps[0].step = copy(to).0;
        std::fs::create_dir_all(rig.path("new/css")).unwrap();
        std::fs::write(rig.path("new/css/a.css"), "new").unwrap();
        std::fs::create_dir_all(rig.path("there/web")).unwrap();
        std::fs::write(rig.path("there/web/old"), "old").unwrap();
        let (end, _) = to_end(rig.start(&rig.runner(256)).await, nobody).await;
        assert_eq!(end.status, RunStatus::Succeeded, "{:?}", end.why);
        assert_eq!(std::fs::read_to_string(rig.path("there/web/css/a.css")).unwrap(), "new");
        assert_eq!(rig.path("there/web/old").exists(), stays);
        assert_eq!(std::fs::read_dir(rig.path("there")).unwrap().count(), 1, "nothing is left beside it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_for_sudo_reaches_steps_that_use_it_and_no_other() {
    let text = r#"if [ -n "$SUDO_ASKPASS" ] && [ "$("$SUDO_ASKPASS")" = hunter2-sudo ]; then has=it; else has=none; fi
        echo "$QD_STEP@$has" >> "$LOG""#;
    let rig = Rig::new(1, &[script("plain", text), script("root", text).with(|s| s.sudo = true)]);
    let mut means = rig.means(Answers::Person);
    means.secrets.sudo = Some(Arc::new(SecretString::from("hunter2-sudo")));
    let handle = rig.runner(256).start(Arc::new(rig.plan.clone()), "# A", means).await.unwrap();
    let run = handle.id.clone();
    let (end, _) = to_end(handle, nobody).await;
    assert_eq!(end.status, RunStatus::Succeeded);
    assert_eq!(rig.ran(), ["plain@none", "root@it"]);
    let kept =
        std::process::Command::new("grep").args(["-rl", "hunter2-sudo"]).arg(rig.scratch.path()).output().unwrap();
    let kept = String::from_utf8(kept.stdout).unwrap();
    // The step's own text names it; nothing else does.
    let others = kept.lines().filter(|f| !f.ends_with("/script") && !f.ends_with("/plan.json"));
    assert_eq!(others.collect::<Vec<_>>(), [] as [&str; 0], "in run {run}");
}
