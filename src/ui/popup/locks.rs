//! Who holds what in an environment, since when and for what, and what runs left unfinished.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{framed_in, question};
use crate::command::Command;
use crate::model::run::{Liveness, LockHolder};
use crate::model::{EnvironmentId, Health};
use crate::store::Store;
use crate::theme::Role;
use crate::ui::View;
use crate::ui::text::{age, cut, fit, fit_right, span as human, wrap};

/// The list as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockList {
    /// Where.
    pub environment: EnvironmentId,
    /// The chosen lock; the first where none is.
    pub chosen: Option<String>,
}

impl LockList {
    /// The chosen lock.
    pub fn chosen<'s>(&self, store: &'s Store) -> Option<&'s LockHolder> {
        let held = &store.acting().locks(&self.environment)?.held;
        held.iter().find(|lock| Some(&lock.key) == self.chosen.as_ref()).or(held.first())
    }
}

/// How a lock fares, in a word, and in a sentence where that is not enough.
fn liveness(holder: &LockHolder) -> (Role, &'static str, Option<String>) {
    let silent = human(holder.silent_for.unsigned_abs());
    match &holder.liveness {
        Liveness::Held => (Role::Healthy, "alive", None),
        Liveness::Manual => (Role::Paused, "by hand", None),
        Liveness::Stale => {
            let words = format!("its console is silent for {silent} and nothing of it runs");
            (Role::Degraded, "stale", Some(words))
        }
        Liveness::Unattended { pids } => {
            let pids: Vec<String> = pids.iter().take(4).map(ToString::to_string).collect();
            let words = format!("its console is silent for {silent}, but process {} still runs", pids.join(", "));
            (Role::Unhealthy, "unattended", Some(words))
        }
    }
}

/// Draws the list.
pub fn draw(buffer: &mut Buffer, body: Rect, list: &LockList, view: &View<'_>) {
    let cells = usize::from(body.width.min(110).saturating_sub(2));
    let lines = lines(list, cells, view);
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let dot = view.theme.glyphs().separator;
    let border = question::border(&list.environment, view);
    let inner = framed_in(buffer, body, (110, height), &format!("locks {dot} {}", list.environment), border, view);
    let last = lines.iter().rposition(|(under, _)| *under).unwrap_or(0);
    let top = (last + 1).saturating_sub(usize::from(inner.height));
    for ((under, line), y) in lines.iter().skip(top).zip(inner.y..inner.bottom()) {
        super::super::pane::row(buffer, inner, y, line, *under, view);
    }
}

fn lines<'a>(list: &LockList, cells: usize, view: &View<'a>) -> Vec<(bool, Line<'a>)> {
    let glyphs = view.theme.glyphs();
    let Some(locks) = view.store.acting().locks(&list.environment) else {
        return vec![(false, Line::from(view.span(Role::Dim, "   looking at the hosts")))];
    };
    let chosen = list.chosen(view.store).map(|lock| lock.key.clone());
    let mut lines = Vec::new();
    let head = format!("   {} {} {}  state", fit("lock", 26, ""), fit("holder", 24, ""), fit_right("since", 5));
    if locks.held.is_empty() {
        lines.push((
            false,
            Line::from(view.span(Role::Healthy, format!(" {} no lock is held", glyphs.health(Health::Healthy)))),
        ));
    } else {
        lines.push((false, Line::from(view.span(Role::Dim, head))));
    }
    for holder in &locks.held {
        lines.extend(lock(holder, Some(&holder.key) == chosen.as_ref(), cells, view));
    }
    let mut tell = |role: Role, mark: &str, words: &str| {
        for (at, line) in wrap(words, cells.saturating_sub(4)).into_iter().enumerate() {
            let mark = if at == 0 { mark } else { " " };
            lines.push((false, Line::from(view.span(role, format!(" {mark} {line}")))));
        }
    };
    for (key, dirty) in locks.dirty.iter().filter(|(_, dirty)| !dirty.is_under_way(&locks.held)) {
        let since = age(dirty.since, view.now);
        let words = format!("{key} was left unfinished by {} of {} {since} ago", dirty.runbook, dirty.operator);
        tell(Role::Danger, glyphs.health(Health::Degraded), &words);
    }
    for (host, why) in &locks.failed {
        tell(Role::Unknown, glyphs.health(Health::Unknown), &format!("{host} was not looked at: {why}"));
    }
    lines.push((false, Line::default()));
    let mut foot = vec![view.span(Role::Dim, format!(" looked at {} ago", age(locks.at, view.now)))];
    if !locks.held.is_empty() && view.may_act(&list.environment) {
        foot.extend([
            view.span(Role::Key, format!("   {}", view.key(Command::BreakLock))),
            view.span(Role::Text, " break it"),
        ]);
    }
    lines.push((false, Line::from(foot)));
    lines
}

fn lock<'a>(holder: &LockHolder, under: bool, cells: usize, view: &View<'a>) -> Vec<(bool, Line<'a>)> {
    let glyphs = view.theme.glyphs();
    let (role, word, sentence) = liveness(holder);
    let row = Line::from(vec![
        view.span(Role::Accent, if under { glyphs.cursor } else { " " }),
        view.span(Role::Strong, format!("  {} ", fit(&holder.key, 26, glyphs.ellipsis))),
        view.span(Role::Text, format!("{} ", fit(&holder.operator.to_string(), 24, glyphs.ellipsis))),
        view.span(Role::Dim, format!("{}  ", fit_right(&age(holder.taken_at, view.now), 5))),
        view.span(role, word),
    ]);
    let why = holder.reason.as_ref().map_or(String::new(), |why| format!(": {why}"));
    let run = holder.run.as_ref().map_or(String::new(), |run| format!("  {run}"));
    let below = |role: Role, words: &str| {
        let words = cut(words, cells.saturating_sub(6), glyphs.ellipsis).into_owned();
        let tree = view.span(Role::Dim, format!("   {} ", glyphs.tree));
        (false, Line::from(vec![tree, view.span(role, words)]))
    };
    let what = below(Role::Dim, &format!("{}{why}{run}", holder.what));
    let sentence = sentence.map(|words| below(role, &words));
    [Some((under, row)), sentence, Some(what)].into_iter().flatten().collect()
}
