//! Several hosts: batches, a canary, what a runbook bears, a gate between batches, and going on where it failed.

use std::time::Duration;

use super::rig::{Rig, nobody, script, step, to_end};
use crate::model::RunStatus;
use crate::model::run::{Choice, Fact, Question};
use crate::model::runbook::{Batches, Checked, Size, Until, Wait};
use crate::runner::execute::*;
use crate::runner::machine::tests::plans::Spec;

/// A step that fails on these hosts until they are mended.
fn fails_on(id: &str, hosts: &str) -> Spec {
    let text = format!(
        r#"echo "$QD_STEP@$QD_HOST" >> "$LOG"
        case " {hosts} " in *" $QD_HOST "*) test -e "$LOG.mended" ;; esac"#
    );
    script(id, &text)
}

fn in_batches(rig: &mut Rig, sizes: &[&[usize]], max_fail: usize) {
    let name = |n: &usize| format!("h{n}").into();
    rig.plan.batches = sizes.iter().map(|batch| batch.iter().map(name).collect()).collect();
    rig.plan.batching = Some(Batches { sizes: vec![Size::Hosts(1)], max_fail, hold: false, gate: None });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_that_fails_keeps_the_rest_as_it_was() {
    let mut rig = Rig::new(4, &[step("pull"), fails_on("switch", "h0")]);
    in_batches(&mut rig, &[&[0], &[1, 2, 3]], 1);
    let (end, _) = to_end(rig.start(&rig.runner(256)).await, |_| Choice::GiveUp).await;
    assert_eq!(end.status, RunStatus::Failed);
    assert_eq!(rig.ran(), ["pull@h0", "switch@h0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_go_on_below_the_limit_of_failures_and_stop_when_it_is_reached() {
    let mut rig = Rig::new(4, &[fails_on("switch", "h1 h2"), step("check")]);
    in_batches(&mut rig, &[&[0], &[1], &[2], &[3]], 2);
    let handle = rig.start(&rig.runner(256)).await;
    let run = handle.id.clone();
    let (end, _) = to_end(handle, |question| {
        assert!(matches!(question, Question::Failure { hosts, .. } if hosts.len() == 2), "{question:?}");
        Choice::GiveUp
    })
    .await;
    assert_eq!(end.status, RunStatus::Failed);
    assert_eq!(end.why.unwrap().as_str(), "switch failed on h1, h2: as found");
    assert_eq!(rig.ran(), ["check@h0", "switch@h0", "switch@h1", "switch@h2"], "h3 is as it was");
    // Going on runs what failed and what never began, and nothing that ended well.
    std::fs::write(rig.path("log.mended"), "").unwrap();
    let (end, _) = to_end(rig.resume(&run).await, nobody).await;
    assert_eq!(end.status, RunStatus::Succeeded);
    let ran = rig.ran();
    let count = |line: &str| ran.iter().filter(|l| *l == line).count();
    for host in ["h0", "h1", "h2", "h3"] {
        let tries = if matches!(host, "h1" | "h2") { 2 } else { 1 };
        assert_eq!(count(&format!("switch@{host}")), tries, "{ran:?}");
        assert_eq!(count(&format!("check@{host}")), 1, "{ran:?}");
    }
    assert!(rig.is_free().await && !rig.kept(&run).state.dirty);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_holds_the_next_batch_until_it_is_so_and_ends_the_run_when_a_person_says_so() {
    for comes in [true, false] {
        let mut rig = Rig::new(2, &[step("switch")]);
        let ready = rig.path("ready");
        rig.probe(&format!("{{ file = \"{}\" }}", ready.display()));
        in_batches(&mut rig, &[&[0], &[1]], 1);
        let gate = Until { what: Checked::Health(None), is: "healthy".into(), hold: Duration::ZERO };
        rig.plan.batching.as_mut().unwrap().gate = Some(Wait { until: vec![gate] });
        let mut handle = rig.start(&rig.runner(256)).await;
        let run = handle.id.clone();
        let is_waiting = |e: &Event| matches!(e, Event::RunTold { entry, .. } if matches!(&entry.fact, Fact::Starting { step, .. } if step == "gate:2"));
        while !is_waiting(&tokio::time::timeout(super::rig::LONG, handle.news.recv()).await.unwrap().unwrap()) {}
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert_eq!(rig.ran(), ["switch@h0"], "the second batch waits");
        if comes {
            std::fs::write(&ready, "").unwrap();
        } else {
            handle.orders.send(Order::Interrupt { even_uninterruptible: false }).await.unwrap();
        }
        let (end, _) = to_end(handle, nobody).await;
        if comes {
            assert_eq!(end.status, RunStatus::Succeeded);
            assert_eq!(rig.ran(), ["switch@h0", "switch@h1"]);
        } else {
            assert_eq!(end.status, RunStatus::Cancelled);
            assert_eq!(rig.ran(), ["switch@h0"]);
            assert!(rig.kept(&run).state.dirty);
        }
    }
}
