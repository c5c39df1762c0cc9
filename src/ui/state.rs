//! What the operator chose: focus, selection, filters, marks, popups. Selection is by identity, so a refresh cannot
//! move it. Changed by `update` alone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::edit::Edit;
use super::filter::Filter;
use super::logs::{LogPane, Prompt};
use super::popup::card::Card;
use super::popup::confirm::Confirm;
use super::popup::forwards::ForwardLine;
use super::popup::inputs::Form;
use super::popup::line::LinePage;
use super::popup::locks::LockList;
use super::popup::page::Page;
use super::popup::palette::Palette;
use super::popup::passphrase::Unlock;
use super::popup::picker::Picker;
use super::popup::trust::Trust;
use super::run::RunView;
use crate::config::user::Times;
use crate::keymap::Key;
use crate::model::{EnvironmentId, HostId, LogId, RunId, ServiceId};

/// A part of the screen that can have the focus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pane {
    /// Every environment in one line each.
    Environments,
    /// The services of the selected environment.
    Services,
    /// Everything about the selected service.
    Detail,
    /// The logs of the selected service, or of the environment.
    Logs,
    /// Runs: those that go on and those on record.
    Runs,
}

impl Pane {
    /// In the order of the focus ring.
    pub const ALL: [Pane; 5] = [Pane::Environments, Pane::Services, Pane::Detail, Pane::Logs, Pane::Runs];
}

/// Order of the services.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Those that need a look first.
    #[default]
    Worst,
    /// By name.
    Name,
    /// Slowest first.
    Latency,
    /// As in the deck.
    Deck,
}

impl Sort {
    /// The next order.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Sort::Worst => Sort::Name,
            Sort::Name => Sort::Latency,
            Sort::Latency => Sort::Deck,
            Sort::Deck => Sort::Worst,
        }
    }

    /// For the title of the pane.
    pub fn words(self) -> &'static str {
        match self {
            Sort::Worst => "worst first",
            Sort::Name => "by name",
            Sort::Latency => "slowest first",
            Sort::Deck => "as in the deck",
        }
    }
}

/// Something that lies over the panes.
#[derive(Clone, Debug)]
pub enum Popup {
    /// The keys; scrolled down by so many lines.
    Help(usize),
    /// Faults of the deck and the look; scrolled down by so many lines.
    Faults(usize),
    /// Find a command.
    Palette(Palette),
    /// Type a filter for the focused pane.
    Filter(Edit),
    /// Something is typed for the logs.
    Prompt(Prompt),
    /// One line of a log, all of it.
    Line(LinePage),
    /// How each log stands; the chosen one.
    Sources(Option<LogId>),
    /// Whether a host key is right.
    Trust(Trust),
    /// The passphrase of a key file.
    Unlock(Unlock),
    /// Forwarded ports; the number of the chosen one.
    Forwards(Option<u64>),
    /// The runbooks of a service.
    Picker(Picker),
    /// What a runbook asks for.
    Inputs(Form),
    /// A plan, and saying yes to it.
    Card(Card),
    /// The full text of a step.
    Page(Page),
    /// Something else to say yes to.
    Confirm(Confirm),
    /// A run on the whole screen.
    Run(RunView),
    /// How to stop a run.
    Stop(RunId),
    /// The locks of an environment.
    Locks(LockList),
    /// The audit log; scrolled down by so many lines.
    Audit(usize),
}

/// A message of the console to its operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What.
    pub text: String,
    /// When.
    pub at: Timestamp,
    /// Whether something went wrong.
    pub is_fault: bool,
}

/// What the operator chose.
#[derive(Clone, Debug)]
pub struct Ui {
    /// The pane that has the focus.
    pub focus: Pane,
    /// Whether it has the whole screen.
    pub zoom: bool,
    /// What is drawn below the services: the detail, or the logs.
    pub lower: Pane,
    /// Whether the deck has logs.
    pub has_logs: bool,
    /// How logs are looked at.
    pub logs: LogPane,
    /// The environment on the screen.
    pub environment: Option<EnvironmentId>,
    /// The service selected in each environment.
    pub service: BTreeMap<EnvironmentId, ServiceId>,
    /// The host under the cursor of the environments pane; none while the cursor is on the environment.
    pub host: Option<HostId>,
    /// The chosen run.
    pub run: Option<RunId>,
    /// How many plans were asked for.
    pub asks: u64,
    /// The key that was pressed last, since when it was pressed again and again, and when it was last.
    pub held: Option<(Key, Timestamp, Timestamp)>,
    /// The filter of each pane.
    pub filters: BTreeMap<Pane, Filter>,
    /// Marked services.
    pub marks: BTreeSet<ServiceId>,
    /// Order of the services.
    pub sort: Sort,
    /// The first row of each list, as a wish: drawing moves it so that the selected row is seen.
    pub tops: BTreeMap<Pane, usize>,
    /// Lines the detail is scrolled down.
    pub scroll: usize,
    /// What lies over the panes, the uppermost last.
    pub popups: Vec<Popup>,
    /// Keys of a sequence typed so far, and since when.
    pub pending: Vec<Key>,
    /// When the first key of the sequence was typed.
    pub pending_since: Option<Timestamp>,
    /// The newest message.
    pub notice: Option<Notice>,
    /// Which zone times are shown in.
    pub times: Times,
    /// The zone of this machine.
    pub local: TimeZone,
    /// How far the wall clock was set back while the console runs; times are shown as the wall tells them now.
    pub set_back: SignedDuration,
    /// Commands that act are refused.
    pub read_only: bool,
    /// Whether this is `qd demo`.
    pub demo: bool,
    /// The theme's name.
    pub theme: String,
    /// The keymap's name.
    pub keymap: String,
    /// Names of all themes and keymaps.
    pub shelves: Shelves,
    /// Faults of themes, keymaps and the user's configuration, as text.
    pub look_faults: Vec<crate::model::Fault>,
    /// Ports of this machine that are forwarded through hosts, as the app tells.
    pub forwards: Vec<ForwardLine>,
    /// Columns and lines of the terminal.
    pub size: (u16, u16),
}

/// What can be chosen by name.
#[derive(Clone, Debug, Default)]
pub struct Shelves {
    /// Names of themes.
    pub themes: Vec<String>,
    /// Names of keymaps.
    pub keymaps: Vec<String>,
}

impl Default for Ui {
    fn default() -> Self {
        Self {
            focus: Pane::Services,
            zoom: false,
            lower: Pane::Detail,
            has_logs: false,
            logs: LogPane::default(),
            environment: None,
            service: BTreeMap::new(),
            host: None,
            run: None,
            asks: 0,
            held: None,
            filters: BTreeMap::new(),
            marks: BTreeSet::new(),
            sort: Sort::default(),
            tops: BTreeMap::new(),
            scroll: 0,
            popups: Vec::new(),
            pending: Vec::new(),
            pending_since: None,
            notice: None,
            times: Times::Environment,
            local: TimeZone::UTC,
            set_back: SignedDuration::ZERO,
            read_only: false,
            demo: false,
            theme: "ansi".into(),
            keymap: "default".into(),
            shelves: Shelves::default(),
            look_faults: Vec::new(),
            forwards: Vec::new(),
            size: (80, 24),
        }
    }
}

impl Ui {
    /// Gives a pane the focus, and what is drawn below the services with it.
    pub fn turn_to(&mut self, pane: Pane) {
        self.focus = pane;
        if matches!(pane, Pane::Detail | Pane::Logs) {
            self.lower = pane;
        }
    }

    /// The filter of a pane.
    pub fn filter(&self, pane: Pane) -> Option<&Filter> {
        self.filters.get(&pane).filter(|f| !f.is_empty())
    }

    /// The filter being typed for a pane, or the one it has.
    pub fn live_filter(&self, pane: Pane) -> Option<Filter> {
        match self.popups.last() {
            Some(Popup::Filter(edit)) if self.focus == pane => {
                Some(Filter::parse(&edit.text())).filter(|f| !f.is_empty())
            }
            _ => self.filter(pane).cloned(),
        }
    }

    /// Tells the operator something.
    pub fn say(&mut self, text: impl Into<String>, now: Timestamp) {
        self.notice = Some(Notice { text: text.into(), at: now, is_fault: false });
    }

    /// Tells the operator that something went wrong.
    pub fn warn(&mut self, text: impl Into<String>, now: Timestamp) {
        self.notice = Some(Notice { text: text.into(), at: now, is_fault: true });
    }
}
