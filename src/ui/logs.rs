//! The logs pane as its operator has it: which logs, what they are filtered by, where one reads, what is marked. Which
//! logs and which lines those are is answered here, the same for drawing, for keys and for whoever follows them.

pub mod filter;
pub mod window;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::edit::Edit;
use super::state::{Pane, Popup, Ui};
use super::{layout, rows};
use crate::log::{Filter, Level, LineId, Place};
use crate::model::{LogId, LogSpec};
use crate::store::Store;
use crate::store::logs::{Logs, Wish};
pub use filter::LogFilter;

/// With how many of its last lines a log is begun.
pub const LINES: u64 = 1000;

/// Where one reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The line under the cursor, or what stands where it was.
    pub place: Place,
    /// The row of the pane that it is drawn in, from 0.
    pub row: usize,
    /// The last line when following was left; what comes behind it is new.
    pub end: Option<Place>,
}

/// A match to go to, as soon as all is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jump {
    /// From here.
    pub edge: Option<Place>,
    /// Up.
    pub back: bool,
}

/// What is searched for.
#[derive(Clone, Debug)]
pub struct Finding {
    /// As typed.
    pub text: String,
    /// The same as a filter.
    pub filter: Arc<Filter>,
}

/// How the logs were looked at before a trace was followed.
#[derive(Clone, Debug)]
pub struct Before {
    /// Whether it was all logs of the environment.
    pub wide: bool,
    /// The filter.
    pub filter: Option<LogFilter>,
    /// The least level.
    pub least: Option<Level>,
    /// Where one read.
    pub at: Option<Reading>,
}

/// What the operator chose.
#[derive(Clone, Debug, Default)]
pub struct LogPane {
    /// All logs of the environment instead of those of the selected service.
    pub wide: bool,
    /// Logs that are left out.
    pub hidden: BTreeSet<LogId>,
    /// Where one reads; none follows.
    pub at: Option<Reading>,
    /// What lines must hold.
    pub filter: Option<LogFilter>,
    /// How bad they must at least be.
    pub least: Option<Level>,
    /// Lines shown around those that pass.
    pub context: usize,
    /// What is searched for.
    pub find: Option<Finding>,
    /// Long lines go on below.
    pub wrap: bool,
    /// Lines as they came, with what is no plain text escaped.
    pub raw: bool,
    /// Cells that long lines are scrolled to the left.
    pub left: usize,
    /// No bars above the lines.
    pub no_bars: bool,
    /// Marked lines, and what was noted about them.
    pub marks: BTreeMap<LineId, String>,
    /// The trace that is followed, and how it was before.
    pub trace: Option<(String, Box<Before>)>,
    /// With how many of their last lines the logs are begun, where it is more than usual.
    pub asked: BTreeMap<LogId, u64>,
    /// Where to go once what is searched for is found: from this place on, or before it.
    pub jump: Option<Jump>,
    /// The filter and the level together.
    passing: Option<Arc<Filter>>,
}

impl LogPane {
    /// To be called after the filter or the level was changed.
    pub fn refine(&mut self) {
        self.passing = passing(self.filter.as_ref(), self.least);
    }
}

/// What stood on lines that were read again moves to where they are now.
pub fn move_along(logs: &mut Logs, pane: &mut LogPane) {
    let reading = pane.at.iter().flat_map(|at| [Some(at.place), at.end]).flatten().map(Place::line);
    let lines: Vec<LineId> = pane.marks.keys().copied().chain(reading).collect();
    let moved = logs.moved(lines.into_iter());
    for (before, after) in &moved {
        if let Some(note) = pane.marks.remove(before) {
            pane.marks.insert(*after, note);
        }
    }
    let place = |place: Place| moved.get(&place.line()).and_then(|id| logs.lines().line(*id)).map(|line| line.place);
    if let Some(at) = &mut pane.at {
        at.place = place(at.place).unwrap_or(at.place);
        at.end = at.end.map(|end| place(end).unwrap_or(end));
    }
}

fn passing(filter: Option<&LogFilter>, least: Option<Level>) -> Option<Arc<Filter>> {
    let mut together = filter.map(|f| (*f.filter).clone()).unwrap_or_default();
    together.level = together.level.max(least);
    (!together.is_open()).then(|| Arc::new(together))
}

/// What is typed for the logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// What lines must hold.
    Filter,
    /// What to look for.
    Find,
    /// The time to go to.
    Time,
    /// A note about a line.
    Note(LineId),
    /// From when to when to save.
    Save,
}

/// A text being typed for the logs.
#[derive(Clone, Debug)]
pub struct Prompt {
    /// What for.
    pub asked: Asked,
    /// The text.
    pub edit: Edit,
    /// What is wrong with it.
    pub fault: Option<String>,
    /// What it says as a filter, and that filter together with the level.
    pub live: Option<(LogFilter, Option<Arc<Filter>>)>,
}

impl Prompt {
    /// With a text to begin with.
    pub fn new(asked: Asked, text: &str) -> Self {
        Self { asked, edit: Edit::new(text), fault: None, live: None }
    }

    /// To be called after the text was changed.
    pub fn read(&mut self, least: Option<Level>, now: Timestamp, zone: &jiff::tz::TimeZone) {
        if !matches!(self.asked, Asked::Filter | Asked::Find) {
            self.fault = None;
            return;
        }
        match LogFilter::parse(&self.edit.text(), now, zone) {
            Ok(filter) => {
                let together = passing(Some(&filter), least);
                (self.live, self.fault) = (Some((filter, together)), None);
            }
            Err(why) => self.fault = Some(why),
        }
    }
}

/// What is typed for the logs now.
pub fn prompt(ui: &Ui) -> Option<&Prompt> {
    match ui.popups.last() {
        Some(Popup::Prompt(prompt)) => Some(prompt),
        _ => None,
    }
}

/// The filter that counts: the one being typed, or the one the pane has.
fn filter_now(ui: &Ui) -> Option<Arc<Filter>> {
    let typed = prompt(ui).filter(|p| p.asked == Asked::Filter).and_then(|p| p.live.as_ref());
    typed.map_or_else(|| ui.logs.passing.clone(), |(_, together)| together.clone())
}

/// What is searched for: what is being typed, or what was.
pub fn find_now(ui: &Ui) -> Option<Arc<Filter>> {
    let typed = prompt(ui).filter(|p| p.asked == Asked::Find).and_then(|p| p.live.as_ref());
    let typed = typed.map(|(filter, _)| Arc::clone(&filter.filter)).filter(|f| f.grep.is_some());
    typed.or_else(|| ui.logs.find.as_ref().map(|find| Arc::clone(&find.filter)))
}

/// Lines around those that pass: as typed with the filter, or as chosen.
pub fn context_now(ui: &Ui) -> usize {
    let typed = prompt(ui).filter(|p| p.asked == Asked::Filter).and_then(|p| p.live.as_ref());
    let typed = typed.map(|(filter, _)| filter).or(ui.logs.filter.as_ref());
    typed.and_then(|f| f.context).unwrap_or(ui.logs.context)
}

/// The logs that the pane is about: those of the selected service, or all of the environment.
pub fn chosen<'s>(store: &'s Store, ui: &Ui, now: Timestamp) -> Vec<&'s Arc<LogSpec>> {
    let Some(environment) = rows::environment(store, ui) else { return Vec::new() };
    let service = rows::selected(store, ui, now).map(|s| &s.declared().id);
    let is_wide = ui.logs.wide;
    let is_chosen = |spec: &&Arc<LogSpec>| {
        let own = service.is_some_and(|s| spec.id.service.as_ref() == Some(&s.name));
        spec.id.environment == environment.id && (is_wide || own)
    };
    store.logs().declared().iter().filter(is_chosen).collect()
}

/// Those of them that are not left out.
pub fn shown<'s>(store: &'s Store, ui: &Ui, now: Timestamp) -> Vec<&'s Arc<LogSpec>> {
    chosen(store, ui, now).into_iter().filter(|spec| !ui.logs.hidden.contains(&spec.id)).collect()
}

/// Whether the pane is drawn.
pub fn is_seen(ui: &Ui) -> bool {
    let plan = layout::plan(layout::whole(ui), ui);
    plan.panes.iter().any(|(pane, _)| *pane == Pane::Logs)
}

/// What is looked at.
pub fn wish(store: &Store, ui: &Ui, now: Timestamp) -> Wish {
    let logs = shown(store, ui, now).into_iter().map(|spec| spec.id.clone()).collect();
    Wish { logs, filter: filter_now(ui), find: find_now(ui) }
}
