//! A scratch folder with two hosts that are this machine, each with a folder of its own, and a console beside them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use crate::config::Deck;
use crate::model::plan::{HostName, Value};
use crate::model::run::{Choice, Entry, Fact, Question};
use crate::model::runbook::Action;
use crate::model::{Operator, Plan, RunId};
use crate::runner::Permit;
use crate::runner::audit::Audit;
use crate::runner::execute::*;
use crate::runner::journal::{Kept, read};
use crate::runner::machine::Answers;
use crate::runner::machine::tests::plans::{Spec, plan};
use crate::source::Surroundings;
use crate::store::Event;
use crate::transport::Local;
use crate::transport::ssh::config::Sources;

use super::flaky::Flaky;

/// Longest that anything here takes.
pub(super) const LONG: Duration = Duration::from_mins(1);

static TICKS: AtomicI64 = AtomicI64::new(1_790_000_000_000);

/// Time goes on, so that the next run has a later name.
pub(super) fn later() {
    TICKS.fetch_add(3000, Ordering::Relaxed);
}

pub(super) struct Rig {
    pub(super) scratch: tempfile::TempDir,
    pub(super) plan: Plan,
    pub(super) link: Flaky,
    deck: Arc<Deck>,
}

struct Here(PathBuf, Flaky);

impl Places for Here {
    fn target(&self, host: &HostName) -> Option<Target> {
        let folder = self.0.join("hosts").join(&**host).display().to_string();
        match &**host {
            name if name.starts_with('h') => Some(Target::new(host.clone(), Arc::new(self.1.clone()), Some(folder))),
            "local" => Some(Target::new(host.clone(), Arc::new(Local), Some(folder))),
            _ => None,
        }
    }

    fn folder(&self) -> &Path {
        &self.0
    }
}

/// A step that writes down that it ran.
pub(super) fn step(id: &str) -> Spec {
    script(id, r#"echo "$QD_STEP@$QD_HOST" >> "$LOG"; echo "out of $QD_STEP""#)
}

pub(super) fn script(id: &str, text: &str) -> Spec {
    Spec::sh(id).with(|s| {
        s.timeout = Duration::from_secs(20);
        if let Action::Shell { script, .. } = &mut s.action {
            *script = text.into();
        }
    })
}

impl Rig {
    pub(super) fn new(hosts: usize, specs: &[Spec]) -> Self {
        let scratch = tempfile::Builder::new().prefix("qd-run-").tempdir().unwrap();
        let mut plan = plan(hosts, specs);
        let log = scratch.path().join("log").display().to_string();
        plan.values.insert("log".into(), Value::Plain(log));
        let environments = Vec::new();
        let path = scratch.path().join("deck");
        let deck = Arc::new(Deck { name: "test".into(), path, environments, runbooks: Vec::new() });
        Self { scratch, plan, link: Flaky::default(), deck }
    }

    /// Gives the service a probe.
    pub(super) fn probe(&mut self, probe: &str) {
        let text =
            format!("[environments.qa]\ntier = \"staging\"\n[environments.qa.services.sales]\nprobes.live = {probe}\n");
        let file = self.path("quarterdeck.toml");
        std::fs::write(&file, text).unwrap();
        let loaded = crate::config::load(&file);
        self.deck = Arc::new(loaded.deck.unwrap_or_else(|| panic!("{:?}", loaded.faults)));
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    pub(super) fn state(&self) -> PathBuf {
        self.path("console")
    }

    pub(super) fn runner(&self, room: usize) -> Runner {
        self.runner_at(&self.state(), "desk", room)
    }

    pub(super) fn runner_at(&self, state: &Path, console: &str, room: usize) -> Runner {
        let tick = || Timestamp::from_millisecond(TICKS.fetch_add(7, Ordering::Relaxed)).unwrap();
        let surroundings = Surroundings::with(Arc::new(tick), Sources::in_use(), None);
        let operator = Operator { name: "ann".into(), console: console.into() };
        let audit = Audit::open(state.join("audit.jsonl"), operator.clone()).unwrap();
        let places = Arc::new(Here(self.scratch.path().to_owned(), self.link.clone()));
        Runner::new(surroundings, state.to_owned(), operator, Arc::new(audit)).with_places(places).with_room(room)
    }

    pub(super) fn means(&self, answers: Answers) -> Means {
        Means {
            deck: Arc::clone(&self.deck),
            secrets: Secrets::default(),
            permit: Permit::for_trial(),
            answers,
            reason: Some("a test".into()),
        }
    }

    pub(super) async fn start(&self, runner: &Runner) -> RunHandle {
        runner.start(Arc::new(self.plan.clone()), "# Deploy", self.means(Answers::Person)).await.unwrap()
    }

    /// The host that keeps locks, mirrors and records.
    pub(super) fn keeper(&self) -> Target {
        Target::new("h0".into(), Arc::new(Local), Some(self.path("hosts/h0").display().to_string()))
    }

    /// Makes the lock one that nobody has beaten for so many seconds.
    pub(super) fn age_lock(&self, seconds: i64) {
        let folder = self.path("hosts/h0/locks/qa%2Fsales");
        // By the clock that the host judges by.
        let date = std::process::Command::new("date").arg("+%s").output().unwrap();
        let now: i64 = String::from_utf8(date.stdout).unwrap().trim().parse().unwrap();
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let is_number = path.file_name().is_some_and(|n| n.to_string_lossy().bytes().all(|b| b.is_ascii_digit()));
            if is_number {
                let text = std::fs::read_to_string(&path).unwrap();
                let (head, rest) = text.split_once('\n').unwrap();
                let run = head.split_once(' ').unwrap().1;
                std::fs::write(&path, format!("{} {run}\n{rest}", now - seconds)).unwrap();
                std::fs::write(path.with_extension("beat"), format!("{}\n", now - seconds)).unwrap();
            }
        }
    }

    pub(super) async fn resume(&self, run: &RunId) -> RunHandle {
        self.runner(256).resume(run, None, self.means(Answers::Person)).await.unwrap()
    }

    pub(super) fn kept(&self, run: &RunId) -> Kept {
        read(&self.state(), run).unwrap()
    }

    /// What ran, in order of the names.
    pub(super) fn ran(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("log")).unwrap_or_default();
        let mut lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
        lines.sort();
        lines
    }

    /// Whether a lock or a marker lies on the host that keeps them.
    pub(super) async fn is_free(&self) -> bool {
        let (locks, dirty) = self.keeper().locks("").await.unwrap();
        locks.is_empty() && dirty.is_empty()
    }
}

/// Everything that is told until the run is over; questions are answered so.
pub(super) async fn to_end(handle: RunHandle, answer: impl Fn(&Question) -> Choice) -> (RunEnd, Vec<Event>) {
    let RunHandle { orders, mut news, end, told_before, .. } = handle;
    let mut all = Vec::new();
    let listening = async {
        while let Some(event) = news.recv().await {
            if let Event::RunTold { entry, .. } = &event
                && let Entry { fact: Fact::Asked { question }, .. } = &**entry
                && entry.number > told_before
            {
                let choice = answer(question);
                let asked = entry.number;
                orders.send(Order::Answer { asked, choice, reason: Some("as found".into()) }).await.ok();
            }
            all.push(event);
        }
    };
    tokio::time::timeout(LONG, listening).await.expect("it ends in time");
    (end.await.unwrap(), all)
}

pub(super) fn nobody(question: &Question) -> Choice {
    panic!("nothing should be asked: {question:?}")
}
