//! A world that answers the machine truthfully: targets with jobs, a lock, a marker, and a count of what ran. Every rule
//! that must hold at any moment is asserted while it answers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::super::*;
use crate::model::plan::HostName;
use crate::model::run::{Choice, Question, TaskState};
use crate::model::{Plan, RunState, StepOutcome};
use crate::runner::target::{Ended, Fate};

pub(super) fn who() -> Operator {
    Operator { name: "ann".into(), console: "desk".into() }
}

/// What becomes of a job that its console does not hear to the end of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Job {
    Runs(i32),
    Hangs,
    Ended(i32),
    Gone,
}

pub(super) struct World {
    pub(super) machine: Machine,
    pub(super) entries: Vec<Entry>,
    pub(super) starts: Vec<String>,
    pub(super) said: Vec<String>,
    pub(super) over: Option<(RunStatus, Option<Text>)>,
    pub(super) on_failure: Option<Arc<str>>,
    pub(super) is_locked: bool,
    pub(super) is_marked: bool,
    /// How often a step ran on a host.
    pub(super) ran: BTreeMap<Key, u32>,
    /// Entries that are written before the console dies.
    pub(super) dies_after: Option<usize>,
    pub(super) is_dead: bool,
    pub(super) loses_links: bool,
    pub(super) chance: u64,
    pub(super) asked_again: BTreeSet<Key>,
    /// The number of the lock.
    pub(super) fence: u64,
    /// That of a lock which the run left behind, as its host tells.
    pub(super) left: Option<u64>,
    lock_is_anothers: bool,
    jobs: BTreeMap<(HostName, String), Job>,
    pending: VecDeque<Do>,
    inbox: VecDeque<Input>,
    fails: BTreeMap<Key, u32>,
    proven: BTreeSet<Key>,
    unprovable: BTreeSet<Key>,
    hanging: BTreeSet<Key>,
    vanishing: BTreeSet<Key>,
    at: Timestamp,
}

fn key(step: &str, host: &str) -> Key {
    (step.to_owned(), host.into())
}

impl World {
    pub(super) fn new(plan: Plan) -> Self {
        Self::answered_by(plan, Answers::Person)
    }

    pub(super) fn without_a_person(plan: Plan) -> Self {
        Self::answered_by(plan, Answers::Policy)
    }

    fn answered_by(plan: Plan, answers: Answers) -> Self {
        let run = RunId::parse("20261120-140451-7c1f").unwrap();
        let mut world = Self {
            machine: Machine::new(Arc::new(plan), run, who(), None, answers),
            entries: Vec::new(),
            starts: Vec::new(),
            said: Vec::new(),
            over: None,
            on_failure: None,
            is_locked: false,
            is_marked: false,
            ran: BTreeMap::new(),
            dies_after: None,
            is_dead: false,
            loses_links: false,
            chance: 1,
            asked_again: BTreeSet::new(),
            fence: 6,
            left: None,
            lock_is_anothers: false,
            jobs: BTreeMap::new(),
            pending: VecDeque::new(),
            inbox: VecDeque::from([Input::Begin]),
            fails: BTreeMap::new(),
            proven: BTreeSet::new(),
            unprovable: BTreeSet::new(),
            hanging: BTreeSet::new(),
            vanishing: BTreeSet::new(),
            at: Timestamp::UNIX_EPOCH,
        };
        world.at += SignedDuration::from_secs(1);
        world
    }

    pub(super) fn fails(&mut self, step: &str, host: &str, times: u32) {
        self.fails.insert(key(step, host), times);
    }
    pub(super) fn holds(&mut self, step: &str, host: &str) {
        self.proven.insert(key(step, host));
    }
    /// Somebody else undoes what it did.
    pub(super) fn undone(&mut self, step: &str, host: &str) {
        self.proven.remove(&key(step, host));
    }
    pub(super) fn never_holds(&mut self, step: &str, host: &str) {
        self.unprovable.insert(key(step, host));
    }
    pub(super) fn hangs(&mut self, step: &str, host: &str) {
        self.hanging.insert(key(step, host));
    }
    /// What hung there ended well while nobody listened.
    pub(super) fn finishes(&mut self, step: &str, host: &str) {
        let step = step.replace(':', "-");
        let of_step = self.jobs.iter_mut().filter(|((at, name), _)| &**at == host && name.starts_with(&step));
        of_step.for_each(|(_, job)| *job = Job::Ended(0));
    }
    /// Its first attempt has its effect, and then nobody writes down how it ended.
    pub(super) fn vanishes(&mut self, step: &str, host: &str) {
        self.vanishing.insert(key(step, host));
    }
    pub(super) fn outcome(&self, step: &str, host: &str) -> Option<StepOutcome> {
        self.machine.state().task(step, &host.into()).outcome()
    }
    pub(super) fn question(&self) -> Option<Question> {
        self.machine.state().question.clone()
    }
    pub(super) fn answer(&mut self, choice: Choice, reason: Option<&str>) {
        if choice == Choice::Retry
            && let Some(Question::Fate { step, host, .. }) = self.question()
        {
            self.asked_again.insert((step, host));
        }
        let asked = self.machine.state().asked.unwrap_or_default();
        self.input(Input::Answer { asked, choice, reason: reason.map(Into::into), by: who() });
    }
    pub(super) fn tick(&mut self, step: &str, item: usize) {
        self.input(Input::Tick { step: step.into(), item, by: who() });
    }

    /// Whether the newest run of a step on a host had its effect.
    pub(super) fn has_effect(&self, key: &Key) -> bool {
        self.proven.contains(key)
    }

    pub(super) fn roll(&mut self, below: u64) -> u64 {
        self.chance = self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.chance >> 33) % below.max(1)
    }

    /// Everything until nothing more happens by itself.
    pub(super) fn run(&mut self) {
        for _ in 0..20_000 {
            if !self.turn() {
                return;
            }
        }
        panic!("it never ends: {:#?}", self.entries.iter().rev().take(20).collect::<Vec<_>>());
    }

    pub(super) fn run_to_question(&mut self) {
        self.run();
        assert!(self.question().is_some(), "nothing is asked: {:?}", self.over);
    }

    pub(super) fn run_until_started(&mut self, step: &str, host: &str) {
        for _ in 0..1000 {
            if matches!(self.machine.state().task(step, &host.into()), TaskState::Running { .. }) {
                return;
            }
            assert!(self.turn(), "{step} never started on {host}");
        }
    }

    pub(super) fn run_until(&mut self, is_so: impl Fn(&Self) -> bool) {
        for _ in 0..1000 {
            if is_so(self) {
                return;
            }
            assert!(self.turn(), "nothing more happens");
        }
    }

    pub(super) fn turn(&mut self) -> bool {
        if self.is_dead {
            return false;
        }
        if let Some(input) = self.inbox.pop_front() {
            self.input(input);
            return true;
        }
        let Some(effect) = self.pending.pop_front() else { return false };
        self.carry_out(effect);
        true
    }

    pub(super) fn input(&mut self, input: Input) {
        self.lock_is_anothers |= matches!(input, Input::LockLost(_));
        self.at += SignedDuration::from_secs(1);
        for effect in self.machine.step(input, self.at) {
            if self.is_dead {
                return;
            }
            match effect {
                Do::Journal(entry) => {
                    assert_eq!(entry.number as usize, self.entries.len() + 1, "a gap in the journal");
                    self.entries.push(entry);
                    self.is_dead = self.dies_after == Some(self.entries.len());
                }
                Do::Say(words) => self.said.push(words.to_string()),
                Do::Over { status, why, on_failure } => {
                    self.over = Some((status, why));
                    self.on_failure = on_failure;
                    self.pending.clear();
                }
                Do::Start(task) => {
                    self.check_start(&task);
                    self.pending.push_back(Do::Start(task));
                }
                other => self.pending.push_back(other),
            }
        }
    }

    fn check_start(&self, task: &Task) {
        let mut folded = RunState::new(self.machine.state().id.clone(), self.machine.state().plan.clone());
        assert!(self.entries.iter().all(|e| folded.apply(e)));
        let state = folded.task(&task.step, &task.host);
        let announced = matches!(&state, TaskState::Starting { attempt, .. } if *attempt == task.attempt);
        assert!(announced, "{task:?} starts without being announced: {state:?}");
        let cancelled = matches!(folded.status, RunStatus::Draining | RunStatus::Interrupting);
        assert!(!cancelled && !self.lock_is_anothers, "{task:?} starts after the run was stopped");
        assert!(folded.question.is_none(), "{task:?} starts while a question is open");
    }

    fn carry_out(&mut self, effect: Do) {
        match effect {
            Do::TakeLocks => {
                self.is_locked = true;
                self.fence += 1;
                let (key, fence) = ("qa/sales".into(), self.fence);
                self.inbox.push_back(Input::Locked(vec![Taken { key, fence, left: self.left.take() }]));
            }
            Do::Require => self.inbox.push_back(Input::Required(Vec::new())),
            Do::Mark { .. } => {
                self.is_marked = true;
                self.inbox.push_back(Input::Marked(Ok(())));
            }
            Do::Start(task) => self.start(task),
            Do::Attach(task) => self.follow(task),
            Do::AskFate(task) => {
                let fate = match self.jobs.get(&(task.host.clone(), task.name())) {
                    None => Fate::Absent,
                    Some(Job::Runs(_) | Job::Hangs) => Fate::Alive { pid: 42, size: 0 },
                    Some(Job::Ended(code)) => Fate::Ended(self.ended(*code)),
                    Some(Job::Gone) => Fate::Gone { size: 0 },
                };
                self.inbox.push_back(Input::FateKnown(task, fate));
            }
            Do::Verify(key) => {
                let holds = self.proven.contains(&key) && !self.unprovable.contains(&key);
                self.inbox.push_back(Input::Verified(key, Ok(holds)));
            }
            Do::End(task) => {
                let job = self.jobs.get_mut(&(task.host.clone(), task.name()));
                if let Some(job @ Job::Hangs) = job {
                    *job = Job::Ended(143);
                    self.inbox.push_back(Input::Ended(task, end_of(&self.ended(143))));
                }
            }
            Do::KeepRecord => self.inbox.push_back(Input::Recorded(Ok("v2".into()))),
            Do::Clean => {
                self.is_marked = false;
                self.inbox.push_back(Input::Cleaned(Ok(())));
            }
            Do::Release => {
                self.is_locked = false;
                self.inbox.push_back(Input::Released(Ok(())));
            }
            Do::Journal(_) | Do::Say(_) | Do::Over { .. } => unreachable!("taken at once"),
        }
    }

    fn is_detached(&self, task: &Task) -> bool {
        let planned = self.machine.state().plan.step(task.step.trim_start_matches("undo:"));
        planned.is_some_and(|p| task.step.starts_with("undo:") || task::is_supervised(&p.step))
    }

    fn start(&mut self, task: Task) {
        // A start that never arrives leaves nothing behind.
        if self.loses_links && self.is_detached(&task) && self.roll(4) == 0 {
            self.inbox.push_back(Input::Lost(task, "the link was lost".into()));
            return;
        }
        let key = task.key();
        let repeats = self.machine.state().plan.step(&key.0).is_none_or(|p| p.step.idempotent || p.step.only_looks());
        let asked = self.asked_again.remove(&key);
        assert!(repeats || asked || !self.proven.contains(&key), "{task:?} runs although it had its effect");
        self.starts.push(format!("{}@{}", task.name(), task.host));
        let ran = self.ran.entry(key.clone()).or_default();
        *ran += 1;
        let code = i32::from(*ran <= self.fails.get(&key).copied().unwrap_or_default());
        if code == 0 {
            self.proven.insert(key.clone());
        }
        let job = match () {
            () if self.hanging.contains(&key) => Job::Hangs,
            () if self.vanishing.remove(&key) => Job::Gone,
            () => Job::Runs(code),
        };
        if self.is_detached(&task) {
            let before = self.jobs.insert((task.host.clone(), task.name()), job);
            assert_eq!(before, None, "two jobs of one name: {task:?}");
        }
        let lost = self.loses_links && self.is_detached(&task) && self.roll(4) == 0;
        self.inbox.push_back(Input::Started(task.clone(), Some(42)));
        if lost || job == Job::Gone {
            self.inbox.push_back(Input::Lost(task, "the link was lost".into()));
        } else if self.is_detached(&task) {
            self.pending.push_back(Do::Attach(task));
        } else {
            let how = if code == 0 { How::Ok } else { How::Failed("it failed".into()) };
            self.inbox.push_back(Input::Ended(task, TaskEnd::new(how)));
        }
    }

    fn follow(&mut self, task: Task) {
        let at = (task.host.clone(), task.name());
        match self.jobs.get(&at).copied() {
            Some(Job::Runs(code)) => {
                self.jobs.insert(at, Job::Ended(code));
                self.inbox.push_back(Input::Ended(task, end_of(&self.ended(code))));
            }
            Some(Job::Ended(code)) => self.inbox.push_back(Input::Ended(task, end_of(&self.ended(code)))),
            _ => {}
        }
    }

    fn ended(&self, code: i32) -> Ended {
        Ended { code, timed_out: false, size: 0, dropped: 0, at: self.at }
    }

    /// Another console goes on with what the journal holds, only to end it.
    pub(super) fn cancel(&mut self, insist: bool) {
        self.resume();
        self.machine = self.machine.clone().cancelling(insist);
    }

    /// Another console goes on with what the journal holds, with nobody in front of it.
    pub(super) fn resume_without_a_person(&mut self) {
        self.resume();
        self.machine = Machine::resume(self.machine.state().clone(), who(), Answers::Policy);
    }

    /// Another console goes on with what the journal holds.
    pub(super) fn resume(&mut self) {
        let mut state = RunState::new(self.machine.state().id.clone(), self.machine.state().plan.clone());
        assert!(self.entries.iter().all(|e| state.apply(e)));
        self.machine = Machine::resume(state, who(), Answers::Person);
        (self.is_dead, self.dies_after, self.over) = (false, None, None);
        self.pending.clear();
        self.inbox = VecDeque::from([Input::Begin]);
    }
}
