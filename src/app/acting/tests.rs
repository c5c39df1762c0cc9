//! Runs as the console passes them on: what a step printed is found again, and a run whose driver broke is not left going.

#![allow(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

use std::time::Duration;

use super::record::printed;
use super::*;
use crate::model::RunState;
use crate::model::run::TaskState;
use crate::runner::journal::Printed;
use crate::runner::plan::fixture;

fn id() -> RunId {
    RunId::parse("20261120-060130-7c1f").unwrap()
}

#[test]
fn what_a_step_printed_is_found_again_whatever_its_name_and_only_its_end_is_read() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("out")).unwrap();
    let mut state = RunState::new(id(), Arc::new(fixture::plan()));
    let mut tell = |step: &str, host: &str, text: &str| {
        let mut file = Printed::open(folder.path(), step, host, 1).unwrap();
        file.add(1, text.as_bytes(), 1).unwrap();
        state.tasks.insert((step.to_owned(), host.into()), TaskState::Pending);
    };
    tell("undo:switch", "web1.example.com", "taken back\n");
    tell("switch", "web1.example.com", &format!("first\n{}last\n", "a long line of output\n".repeat(20_000)));
    let events = printed(folder.path(), &state);
    let lines_of = |of: &str| {
        events.iter().find_map(|event| match event {
            Event::RunPrinted { step, lines, .. } if step == of => Some(lines.clone()),
            _ => None,
        })
    };
    assert_eq!(lines_of("undo:switch").unwrap(), ["taken back".into()]);
    let switch = lines_of("switch").unwrap();
    assert!(switch.len() > 10_000 && switch.len() < 20_000, "{}", switch.len());
    assert!(*switch.last().unwrap() == "last".into() && !switch.contains(&"first".into()));
}

#[tokio::test]
async fn a_run_whose_driver_broke_is_closed_and_told() {
    let (outbox, mut events) = mpsc::channel(8);
    let (news, mut heard) = mpsc::channel(8);
    let (orders, _kept) = mpsc::channel(1);
    let (_, told) = mpsc::channel(1);
    let end = tokio::spawn(std::future::pending());
    end.abort();
    let handle = RunHandle { id: id(), orders, told_before: 0, news: told, end };
    let target = EnvironmentId::new("production").service("sales");
    let carried = carry(handle, target, outbox, news);
    tokio::time::timeout(Duration::from_secs(20), carried).await.unwrap();
    assert_eq!(events.recv().await, Some(Event::RunClosed { run: id() }));
    assert!(matches!(heard.recv().await, Some(News::Began(..))));
    let Some(News::Ended(run, _, end)) = heard.recv().await else { panic!("the end is not told") };
    assert_eq!((run, end.status), (id(), RunStatus::Interrupted));
    assert!(end.why.unwrap().as_str().contains("go on with it"));
}
