//! Runs on hosts at their worst: links that are cut in the middle of a word, supervisors that are killed, hosts that boot
//! again, disks that are full, shells that are odd, consoles that race. Real sshds and booted hosts throughout.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "this crate is tests only"
)]
#![allow(clippy::disallowed_methods, reason = "tests measure real waits by the real clock")]
#![allow(missing_docs, reason = "nobody calls a test from outside")]

#[allow(dead_code, reason = "each test crate uses a part")]
#[path = "../ssh/desk.rs"]
mod desk;
#[path = "../support/lab.rs"]
mod lab;
#[path = "../support/sshd.rs"]
mod sshd;

mod booted;
mod links;
mod times;

use std::sync::Arc;
use std::time::Duration;

use quarterdeck::model::RunId;
use quarterdeck::runner::Permit;
use quarterdeck::runner::target::{Ended, Fate, Following, Job, News, Target};
use quarterdeck::transport::Transport;
use quarterdeck::transport::ssh::remote::Remote;

use crate::desk::{LIMITS, sh};

const RUN: &str = "20261120-140451-7c1f";

fn run_id() -> RunId {
    RunId::parse(RUN).unwrap()
}

fn target(transport: Arc<dyn Transport>, folder: Option<String>) -> Target {
    Target::new("vps".into(), transport, folder)
}

fn job(task: &str, script: &str) -> Job {
    Job {
        run: run_id(),
        task: task.into(),
        script: script.into(),
        env: Vec::new(),
        cwd: None,
        sudo_password: None,
        timeout: Duration::from_mins(2),
        grace: Duration::from_secs(1),
        fence: None,
        keeps_lock: false,
    }
}

async fn run(target: &Target, job: &Job) -> (String, Ended) {
    let mut following = target.start(&Permit::for_trial(), job).await.unwrap();
    let (log, ended) = whole(&mut *following, 0).await;
    (String::from_utf8_lossy(&log).into_owned(), ended.expect("an end"))
}

/// All of what comes, which must be without gap or repeat, and the end; none when it was lost.
async fn whole(following: &mut dyn Following, from: u64) -> (Vec<u8>, Option<Ended>) {
    let mut log = Vec::new();
    loop {
        match following.next().await {
            News::Started(pid) => assert!(pid > 1),
            News::Output(at, bytes) => {
                assert_eq!(at, from + log.len() as u64, "a gap or a repeat");
                log.extend(bytes);
            }
            News::Ended(ended) => return (log, Some(ended)),
            News::Lost(_) => return (log, None),
        }
    }
}

/// Waits until a host answers again. That its link is said to be up may be news from before it was lost.
async fn answers(remote: &Remote) {
    for _ in 0..150 {
        if remote.read(&sh("true"), LIMITS).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("the host does not answer again");
}

/// What becomes of a task that somebody still ends, within twenty seconds.
async fn ended(target: &Target, task: &str) -> Ended {
    for _ in 0..100 {
        if let Ok(Fate::Ended(ended)) = target.fate(&run_id(), task).await {
            return ended;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("{task} does not end");
}
