//! Follows the logs that the screen is about, and a little longer those that it was about. What they tell comes in on a
//! way of its own, which waits when the loop has other things to do: a flood of lines holds up neither keys nor facts.

mod save;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::App;
use crate::model::{LogFrom, LogId, LogNews, LogSpec};
use crate::source::Surroundings;
use crate::source::logs::{WAITING, Wanted, read};
use crate::transport::ssh::remote::Remote;
use crate::ui::logs::{LINES, is_seen, move_along, shown, wish};
use crate::ui::pane::logs::buckets;
use crate::ui::{Pane, layout};
use crate::update::{Effect, settle};

/// News that may wait for the loop; sources wait when there are more.
const NEWS: usize = 32;
/// A choice of logs must last so long before they are followed: who runs through a list follows nothing.
const DWELL: Duration = Duration::from_millis(150);
/// Logs are followed so much longer than they are looked at.
const LINGER: SignedDuration = SignedDuration::from_mins(2);
/// At most so many are followed at the same time.
const MOST: usize = 96;
/// What the loop gives to lines and to searches before it looks at keys again.
const SLICE: Duration = Duration::from_millis(4);
/// Bytes that are searched at once.
const STEP: usize = 1 << 20;

/// What comes in.
pub(super) enum News {
    /// A log that is followed tells something; the number is that of the following.
    Log(u64, LogId, LogNews),
    /// A range was saved, or not.
    Saved(Result<String, String>),
}

/// The logs that are followed.
pub(super) struct Following {
    surroundings: Surroundings,
    outbox: mpsc::Sender<News>,
    tasks: BTreeMap<LogId, Task>,
    number: u64,
    /// What is wanted, and since when.
    wanted: (Vec<LogId>, Instant),
    /// It was told that no more can be followed.
    is_full: bool,
    is_saving: bool,
}

struct Task {
    number: u64,
    abort: AbortHandle,
    unwanted: Option<Timestamp>,
    /// The host that it is read from, as the deck had it when it began.
    host: Option<Arc<Remote>>,
}

impl Drop for Task {
    fn drop(&mut self) {
        self.abort.abort();
    }
}

impl Following {
    pub(super) fn new(surroundings: &Surroundings) -> (Self, mpsc::Receiver<News>) {
        let (outbox, inbox) = mpsc::channel(NEWS);
        let wanted = (Vec::new(), Instant::now());
        let surroundings = surroundings.clone();
        let (is_full, is_saving) = (false, false);
        (Self { surroundings, outbox, tasks: BTreeMap::new(), number: 0, wanted, is_full, is_saving }, inbox)
    }

    fn start(&mut self, spec: Arc<LogSpec>, lines: Option<u64>) {
        self.number += 1;
        let (number, surroundings, outbox) = (self.number, self.surroundings.clone(), self.outbox.clone());
        let (id, host) = (spec.id.clone(), self.host(&spec));
        let task = tokio::spawn(async move {
            let (sender, mut news) = mpsc::channel(WAITING);
            let hand_on = async {
                while let Some(told) = news.recv().await {
                    if outbox.send(News::Log(number, spec.id.clone(), told)).await.is_err() {
                        return;
                    }
                }
            };
            tokio::join!(read(&spec, Wanted { lines, since: None, follow: true }, &surroundings, sender), hand_on);
        });
        self.tasks.insert(id, Task { number, abort: task.abort_handle(), unwanted: None, host });
    }

    fn host(&self, spec: &LogSpec) -> Option<Arc<Remote>> {
        spec.on.as_ref().and_then(|host| self.surroundings.hosts.get(host))
    }

    /// Whether a log is read from where the deck says now.
    fn is_right(&self, spec: &LogSpec, task: &Task) -> bool {
        match (self.host(spec), &task.host) {
            (Some(now), Some(then)) => Arc::ptr_eq(&now, then),
            (None, None) => true,
            _ => false,
        }
    }
}

impl App {
    /// Follows what the screen is about, and looks for what it is filtered by. Before every frame; when it is to be
    /// called again at the latest.
    pub(super) fn tend_logs(&mut self, now: Timestamp) -> Option<Duration> {
        let is_seen = is_seen(&self.ui);
        let wish = wish(&self.store, &self.ui, now);
        let wanted = if is_seen { wish.logs.clone() } else { Vec::new() };
        if self.following.wanted.0 != wanted {
            self.following.wanted = (wanted, Instant::now());
        }
        let left = DWELL.checked_sub(self.following.wanted.1.elapsed()).filter(|left| !left.is_zero());
        if left.is_none() {
            self.follow_wanted(now);
        }
        self.end_lingering(now);
        let logs = self.store.logs_mut();
        logs.set_back(self.ui.set_back);
        move_along(logs, &mut self.ui.logs);
        logs.look(&wish);
        settle(&mut self.ui, &self.store, now);
        let logs = self.store.logs_mut();
        if is_seen && !self.ui.logs.no_bars {
            let plan = layout::plan(layout::whole(&self.ui), &self.ui);
            let area = plan.panes.iter().find(|(pane, _)| *pane == Pane::Logs);
            logs.measure(area.map_or(0, |(_, area)| buckets(area.width)), now);
        }
        left
    }

    fn follow_wanted(&mut self, now: Timestamp) {
        let new: Vec<Arc<LogSpec>> = shown(&self.store, &self.ui, now)
            .into_iter()
            .filter(|spec| self.following.wanted.0.contains(&spec.id) && !self.following.tasks.contains_key(&spec.id))
            .cloned()
            .collect();
        for spec in new {
            if self.following.tasks.len() >= MOST && !self.make_room() {
                if !self.following.is_full {
                    self.ui.warn(format!("{MOST} logs are followed already; leave some out to see {}", spec.id), now);
                }
                self.following.is_full = true;
                return;
            }
            self.following.is_full = false;
            let lines = self.ui.logs.asked.get(&spec.id).copied().unwrap_or(LINES);
            self.begin_log(&spec, lines, now);
        }
    }

    /// Ends what has not been looked at for the longest time; whether there was anything.
    fn make_room(&mut self) -> bool {
        let unwanted = self.following.tasks.iter().filter_map(|(id, task)| Some((task.unwanted?, id.clone())));
        let Some((_, id)) = unwanted.min() else { return false };
        self.following.tasks.remove(&id);
        self.store.logs_mut().leave(&id);
        true
    }

    fn begin_log(&mut self, spec: &Arc<LogSpec>, lines: u64, now: Timestamp) {
        let named = spec.zone.as_deref().and_then(|zone| TimeZone::get(zone).ok());
        let own = || if spec.on.is_none() { self.ui.local.clone() } else { TimeZone::UTC };
        // The last lines of the audit log may all be of other services.
        let lines = (spec.from != LogFrom::Runs).then_some(lines);
        self.store.logs_mut().begin(&spec.id, lines, named.unwrap_or_else(own), now);
        self.following.start(Arc::clone(spec), lines);
    }

    /// Ends following what was not looked at for a while. What has marks stays, and so does what is not old enough.
    fn end_lingering(&mut self, now: Timestamp) {
        let logs = self.store.logs();
        let marked: Vec<LogId> = self.ui.logs.marks.keys().filter_map(|line| logs.of(*line)).cloned().collect();
        let wanted = &self.following.wanted.0;
        let mut over = Vec::new();
        for (id, task) in &mut self.following.tasks {
            if wanted.contains(id) || marked.contains(id) {
                task.unwanted = None;
                continue;
            }
            let since = *task.unwanted.get_or_insert(now);
            if now.duration_since(since) > LINGER || logs.spec(id).is_none() {
                over.push(id.clone());
            }
        }
        for id in over {
            self.following.tasks.remove(&id);
            self.store.logs_mut().leave(&id);
        }
    }

    /// The deck was read: logs that are read elsewhere now are begun anew.
    pub(super) fn declare_logs(&mut self) {
        let logs: Vec<Arc<LogSpec>> = self.deck.iter().flat_map(|deck| deck.logs()).cloned().collect();
        self.ui.has_logs = !logs.is_empty();
        self.event(crate::store::Event::LogsLoaded { logs });
        let logs = self.store.logs();
        self.following.tasks.retain(|id, _| logs.heard(id).is_some());
        self.following.wanted.0.clear();
    }

    /// The hosts of the deck are followed: what was read from one that is another now is read from that one.
    pub(super) fn rehost_logs(&mut self) {
        let logs = self.store.logs();
        let is_wrong = |(id, task): (&LogId, &Task)| {
            let wrong = logs.spec(id).is_none_or(|spec| !self.following.is_right(spec, task));
            wrong.then(|| id.clone())
        };
        let wrong: Vec<LogId> = self.following.tasks.iter().filter_map(is_wrong).collect();
        for id in wrong {
            self.following.tasks.remove(&id);
            self.store.logs_mut().leave(&id);
        }
    }

    /// Takes in what logs tell, for as long as a slice lasts.
    pub(super) fn hear_logs(&mut self, first: News, inlet: &mut mpsc::Receiver<News>) {
        let until = Instant::now() + SLICE;
        let now = self.clock.get();
        let mut next = Some(first);
        while let Some(news) = next {
            match news {
                News::Log(number, id, news) => {
                    if self.following.tasks.get(&id).is_some_and(|task| task.number == number) {
                        self.store.logs_mut().hear(&id, news, now);
                    }
                }
                News::Saved(saved) => {
                    self.following.is_saving = false;
                    self.pacer.soon();
                    match saved {
                        Ok(words) => self.ui.say(words, now),
                        Err(why) => self.ui.warn(why, now),
                    }
                }
            }
            next = if Instant::now() < until { inlet.try_recv().ok() } else { None };
        }
        if is_seen(&self.ui) {
            self.pacer.soon();
        }
    }

    /// Whether something is left to be looked through; nothing is, while nobody looks.
    pub(super) fn searches_logs(&self) -> bool {
        self.store.logs().is_searching() && is_seen(&self.ui)
    }

    /// Looks on for what the pane is filtered by.
    pub(super) fn search_logs(&mut self) {
        let until = Instant::now() + SLICE;
        while self.store.logs().is_searching() && Instant::now() < until {
            self.store.logs_mut().step(STEP);
        }
        self.pacer.soon();
    }

    /// Carries out an effect of logs.
    pub(super) fn log_effect(&mut self, effect: Effect) {
        let now = self.clock.get();
        match effect {
            Effect::OlderLogs(asked) => {
                for (id, lines) in asked {
                    if let Some(spec) = self.store.logs().spec(&id).cloned() {
                        self.following.tasks.remove(&id);
                        self.begin_log(&spec, lines, now);
                    }
                }
            }
            Effect::SaveLogs { .. } if self.following.is_saving => {
                self.ui.warn("a range is being saved already", now);
            }
            Effect::SaveLogs { logs, since, until } => {
                self.following.is_saving = true;
                let specs: Vec<_> = logs.iter().filter_map(|id| self.store.logs().spec(id)).cloned().collect();
                let around = save::Around {
                    surroundings: self.following.surroundings.clone(),
                    local: self.ui.local.clone(),
                    folder: crate::config::folder::state_folder(),
                };
                let outbox = self.following.outbox.clone();
                tokio::spawn(async move {
                    let saved = save::save(specs, since, until, around).await;
                    outbox.send(News::Saved(saved)).await.ok();
                });
            }
            _ => {}
        }
    }
}
