//! Targets over this machine: what jobs, locks and files do there, in every shell that is at hand.

mod jobs;
mod keeps;
mod locks;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::runner::Permit;
use crate::transport::Local;

const RUN: &str = "20261120-140451-7c1f";

/// A target in a folder of its own.
struct Place {
    target: Target,
    folder: tempfile::TempDir,
    permit: Permit,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("qd-target-").tempdir().unwrap();
        let path = folder.path().join("state").display().to_string();
        Self { target: Target::new("local".into(), Arc::new(Local), Some(path)), folder, permit: Permit::for_trial() }
    }

    fn state(&self) -> std::path::PathBuf {
        self.folder.path().join("state")
    }

    fn task(&self, task: &str) -> std::path::PathBuf {
        self.state().join("runs").join(RUN).join(task)
    }

    async fn start(&self, job: &Job) -> Box<dyn Following> {
        self.target.start(&self.permit, job).await.unwrap()
    }

    async fn run(&self, job: &Job) -> (Vec<u8>, Ended) {
        let mut following = self.start(job).await;
        whole(&mut *following, 0).await
    }
}

fn run_id() -> RunId {
    RunId::parse(RUN).unwrap()
}

fn job(task: &str, script: &str) -> Job {
    Job {
        run: run_id(),
        task: task.into(),
        script: script.into(),
        env: Vec::new(),
        cwd: None,
        sudo_password: None,
        timeout: Duration::from_mins(1),
        grace: Duration::from_secs(1),
        fence: None,
        keeps_lock: false,
    }
}

/// All of what comes, which must be without gap or repeat, and the end.
async fn whole(following: &mut dyn Following, from: u64) -> (Vec<u8>, Ended) {
    let mut log = Vec::new();
    loop {
        match following.next().await {
            News::Started(pid) => assert!(pid > 1),
            News::Output(at, bytes) => {
                assert_eq!(at, from + log.len() as u64, "a gap or a repeat");
                log.extend(bytes);
            }
            News::Ended(ended) => return (log, ended),
            News::Lost(why) => panic!("lost: {why}"),
        }
    }
}

async fn until(mut good: impl FnMut() -> bool) {
    for _ in 0..500 {
        if good() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it does not come about");
}

fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

fn pid_in(file: &Path) -> u32 {
    std::fs::read_to_string(file).unwrap().trim().parse().unwrap()
}
