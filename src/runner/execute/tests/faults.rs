//! The console dies at every line of the journal; the link fails at every call. Each time the run goes on to the same end,
//! and nothing runs twice.

use super::flaky::Flaky;
use super::rig::{Rig, step, to_end};
use super::wall::die;
use crate::model::run::{Choice, Question};
use crate::model::{RunStatus, StepOutcome};
use crate::runner::machine::tests::plans::Spec;

fn specs() -> [Spec; 2] {
    let verify = r#"grep -q "switch@$QD_HOST" "$LOG""#;
    [step("pull"), step("switch").with(|s| s.verify = Some(verify.into()))]
}

/// Says truthfully what became of a step.
fn truth(log: std::path::PathBuf) -> impl Fn(&Question) -> Choice {
    move |question| {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        match question {
            Question::Fate { step, host, .. } if text.contains(&format!("{step}@{host}")) => Choice::MarkDone,
            _ => Choice::Retry,
        }
    }
}

const ALL: [&str; 4] = ["pull@h0", "pull@h1", "switch@h0", "switch@h1"];

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_dies_at_any_line_goes_on_and_nothing_runs_twice() {
    for line in 1.. {
        let rig = Rig::new(2, &specs());
        // It is stopped just after a line was written and before what that line announces.
        let (handle, wall) = rig.start_to(line).await;
        let run = handle.id.clone();
        if !wall.is_reached(&handle.end).await {
            assert!(line > 15, "it was never stopped: {line}");
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        die(&rig, handle, wall).await;
        if rig.kept(&run).state.status.is_over() {
            continue;
        }
        let (end, _) = to_end(rig.resume(&run).await, truth(rig.path("log"))).await;
        assert!(end.status.is_good(), "died after line {line}: {end:?}");
        assert_eq!(rig.ran(), ALL, "died after line {line}");
        assert!(rig.is_free().await, "died after line {line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_fails_at_any_call_is_got_over_and_nothing_runs_twice() {
    for late in [false, true] {
        for call in 1.. {
            let mut rig = Rig::new(2, &specs());
            rig.link = Flaky::at(call, late);
            let handle = rig.start(&rig.runner(256)).await;
            let run = handle.id.clone();
            let (mut end, _) = to_end(handle, truth(rig.path("log"))).await;
            if !end.status.is_good() {
                end = to_end(rig.resume(&run).await, truth(rig.path("log"))).await.0;
            }
            assert!(end.status.is_good(), "call {call} failed, late: {late}: {end:?}");
            assert_eq!(rig.ran(), ALL, "call {call} failed, late: {late}");
            assert!(rig.is_free().await, "call {call} failed, late: {late}");
            assert_eq!(rig.kept(&run).state.status, end.status);
            if rig.link.calls() < call {
                assert!(call > 10);
                break;
            }
            assert_ne!(end.status, RunStatus::Lost);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_which_nobody_knows_whether_it_is_in_place_is_not_called_failed() {
    for has_proof in [true, false] {
        let mut rig = Rig::new(1, &[Spec::sh("copy")]);
        rig.link = Flaky::deaf_to("stage=$1 to=$2");
        let to = rig.path("there").display().to_string();
        let step = &mut rig.plan.steps[0].step;
        step.action = crate::model::runbook::Action::Copy { from: "new".into(), to: to.clone(), delete: false };
        step.verify = has_proof.then(|| format!("test -e '{to}'"));
        std::fs::write(rig.path("new"), "new").unwrap();
        let handle = rig.start(&rig.runner(256)).await;
        let run = handle.id.clone();
        let (end, _) = to_end(handle, super::rig::nobody).await;
        let outcome = rig.kept(&run).state.task("copy", &"h0".into()).outcome();
        let wanted = if has_proof { StepOutcome::Reconciled } else { StepOutcome::Recovered };
        assert_eq!((end.status, outcome), (RunStatus::Succeeded, Some(wanted)), "{end:?}");
        assert_eq!(std::fs::read_to_string(&to).unwrap(), "new");
    }
}
