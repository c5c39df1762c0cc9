//! Who holds what in an environment, since when and for what, and what runs left unfinished.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{framed_in, question};
use crate::command::Command;
use crate::model::EnvironmentId;
use crate::model::run::{Liveness, LockHolder};
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

/// How a lock fares, in words.
fn liveness(holder: &LockHolder) -> (Role, String) {
    let silent = human(holder.silent_for.unsigned_abs());
    match &holder.liveness {
        Liveness::Held => (Role::Healthy, "alive".into()),
        Liveness::Manual => (Role::Paused, "held by hand".into()),
        Liveness::Stale => (Role::Degraded, format!("silent for {silent}, nothing of it runs")),
        Liveness::Unattended { pids } => {
            let pids: Vec<String> = pids.iter().take(4).map(ToString::to_string).collect();
            (Role::Unhealthy, format!("silent for {silent}, but {} still runs", pids.join(", ")))
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
            Line::from(
                view.span(Role::Healthy, format!(" {} no lock is held", glyphs.health(crate::model::Health::Healthy))),
            ),
        ));
    } else {
        lines.push((false, Line::from(view.span(Role::Dim, head))));
    }
    for holder in &locks.held {
        let under = Some(&holder.key) == chosen.as_ref();
        let (role, words) = liveness(holder);
        let room = cells.saturating_sub(3 + 26 + 1 + 24 + 1 + 5 + 2 + 1);
        lines.push((
            under,
            Line::from(vec![
                view.span(Role::Accent, if under { glyphs.cursor } else { " " }),
                view.span(Role::Strong, format!("  {} ", fit(&holder.key, 26, glyphs.ellipsis))),
                view.span(Role::Text, format!("{} ", fit(&holder.operator.to_string(), 24, glyphs.ellipsis))),
                view.span(Role::Dim, format!("{}  ", fit_right(&age(holder.taken_at, view.now), 5))),
                view.span(role, cut(&words, room, glyphs.ellipsis).into_owned()),
            ]),
        ));
        let why = holder.reason.as_ref().map_or(String::new(), |why| format!(": {why}"));
        let run = holder.run.as_ref().map_or(String::new(), |run| format!("  {run}"));
        let what = format!("{}{why}{run}", holder.what);
        lines.push((
            false,
            Line::from(view.span(
                Role::Dim,
                format!("   {} {}", glyphs.tree, cut(&what, cells.saturating_sub(6), glyphs.ellipsis)),
            )),
        ));
    }
    for (key, dirty) in &locks.dirty {
        let words = format!(
            "{key} was left unfinished by {} of {} {} ago",
            dirty.runbook,
            dirty.operator,
            age(dirty.since, view.now)
        );
        for line in wrap(&words, cells.saturating_sub(4)) {
            lines.push((
                false,
                Line::from(
                    view.span(Role::Danger, format!(" {} {line}", glyphs.health(crate::model::Health::Degraded))),
                ),
            ));
        }
    }
    for (host, why) in &locks.failed {
        let words =
            cut(&format!("{host} was not looked at: {why}"), cells.saturating_sub(4), glyphs.ellipsis).into_owned();
        lines.push((
            false,
            Line::from(view.span(Role::Unknown, format!(" {} {words}", glyphs.health(crate::model::Health::Unknown)))),
        ));
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
