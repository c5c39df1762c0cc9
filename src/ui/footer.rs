//! The line at the bottom: the keys that do something now, made from the live keymap, or the newest message.

use std::time::Duration;

use jiff::SignedDuration;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::edit::Edit;
use super::logs::Asked;
use super::run::RunView;
use super::state::{Pane, Popup};
use super::{View, host, text};
use crate::command::Command;
use crate::model::Ask;
use crate::model::run::TaskState;
use crate::theme::Role;

/// A message stays this long.
pub const NOTICE: Duration = Duration::from_secs(5);

/// Draws the line.
pub fn draw(buffer: &mut Buffer, area: Rect, view: &View<'_>) {
    buffer.set_style(area, view.style(Role::Footer));
    match view.ui.popups.last() {
        Some(Popup::Filter(edit)) => {
            let hint = "  text  !not  ~fuzzy  health:unhealthy  kind:http";
            return typing(buffer, area, " / ", edit, Err(hint), view);
        }
        Some(Popup::Prompt(prompt)) => {
            let (name, hint) = prompt_words(prompt.asked);
            let said = prompt.fault.as_deref().ok_or(hint);
            return typing(buffer, area, name, &prompt.edit, said, view);
        }
        _ => {}
    }
    if let Some(notice) = view.ui.notice.as_ref().filter(|n| is_fresh(n.at, view.now)) {
        let role = if notice.is_fault { Role::Fault } else { Role::Notice };
        let words = text::cut(&notice.text, usize::from(area.width.saturating_sub(2)), view.theme.glyphs().ellipsis);
        buffer.set_line(area.x, area.y, &Line::from(view.span(role, format!(" {words}"))), area.width);
        return;
    }
    buffer.set_line(area.x, area.y, &keys(usize::from(area.width), view), area.width);
}

/// What is asked for the logs, and what can be typed.
fn prompt_words(asked: Asked) -> (&'static str, &'static str) {
    match asked {
        Asked::Filter => (" / ", "  text|regex  !not  ~fuzzy  level>=warn  status>=500  since:15m  +3 around"),
        Asked::Find => (" search ", "  text or regex; n and N go on"),
        Asked::Time => (" go to ", "  14:30  15m  2026-05-01T14:30; nothing: when the service became as it is"),
        Asked::Note(_) => (" note ", "  about this line"),
        Asked::Save => (" save ", "  14:00 to 14:15"),
    }
}

/// A text being typed, and what is wrong with it or what can be typed.
fn typing(buffer: &mut Buffer, area: Rect, name: &str, edit: &Edit, said: Result<&str, &str>, view: &View<'_>) {
    let mut spans = vec![view.span(Role::Key, name.to_owned())];
    spans.extend(super::popup::question::typed(edit, view));
    match said {
        Ok(fault) => spans.push(view.span(Role::Fault, format!("  {fault}"))),
        Err(hint) if edit.is_empty() => spans.push(view.span(Role::Dim, hint.to_owned())),
        Err(_) => {}
    }
    buffer.set_line(area.x, area.y, &Line::from(spans), area.width);
}

/// Whether a message is still shown. One from the future (the clock went back) is.
pub fn is_fresh(at: jiff::Timestamp, now: jiff::Timestamp) -> bool {
    now.duration_since(at) < SignedDuration::try_from(NOTICE).unwrap_or(SignedDuration::ZERO)
}

/// What matters now, most important first, and the words for it.
fn hints(view: &View<'_>) -> Vec<(Command, String)> {
    let ui = view.ui;
    let hints: &[(Command, &str)] = match ui.popups.last() {
        None => return pane_hints(view),
        Some(Popup::Palette(_)) => {
            &[(Command::Accept, "do it"), (Command::Complete, "complete"), (Command::Cancel, "leave")]
        }
        Some(
            Popup::Picker(_)
            | Popup::Inputs(_)
            | Popup::Card(_)
            | Popup::Confirm(_)
            | Popup::Page(_)
            | Popup::Run(_)
            | Popup::Locks(_),
        ) => return acting_hints(view),
        Some(Popup::Stop(_)) => &[
            (Command::Back, "go back"),
            (Command::Drain, "drain"),
            (Command::Interrupt, "interrupt"),
            (Command::Detach, "detach"),
        ],
        Some(Popup::Trust(_) | Popup::Unlock(_)) => &[(Command::Accept, "answer"), (Command::Cancel, "leave")],
        Some(Popup::Sources(_)) => &[
            (Command::Back, "close"),
            (Command::Mark, "leave out"),
            (Command::MarkAll, "all"),
            (Command::Down, "down"),
        ],
        Some(Popup::Forwards(_)) if ui.forwards.is_empty() => &[(Command::Back, "close")],
        Some(Popup::Forwards(_)) => {
            &[(Command::Back, "close"), (Command::Copy, "copy the address"), (Command::CloseForward, "end it")]
        }
        Some(_) => &[(Command::Back, "close"), (Command::Down, "down"), (Command::Up, "up")],
    };
    hints.iter().map(|(command, words)| (*command, (*words).to_owned())).collect()
}

/// What can be done on a plan, with a run, where something is asked.
fn acting_hints(view: &View<'_>) -> Vec<(Command, String)> {
    let hints: Vec<(Command, &str)> = match view.ui.popups.last() {
        Some(Popup::Picker(_)) => {
            vec![(Command::Accept, "plan it"), (Command::InputDown, "down"), (Command::Cancel, "leave")]
        }
        Some(Popup::Inputs(form)) => {
            use super::popup::inputs::Given;
            let last = form.at + 1 >= form.fields.len();
            let mut hints = vec![(Command::Accept, if last { "plan it" } else { "next" })];
            match form.fields.get(form.at).map(|field| &field.given) {
                Some(Given::Looked(_)) => hints.push((Command::InputDown, "choose")),
                Some(Given::Chosen(..)) => hints.push((Command::CursorRight, "choose")),
                _ => {}
            }
            if form.fields.len() > 1 {
                hints.push((Command::Complete, "next field"));
            }
            hints.push((Command::Cancel, "leave"));
            hints
        }
        Some(Popup::Card(card)) if card.consent.is_typing() => {
            vec![(Command::Accept, "go on"), (Command::Complete, "next field"), (Command::Cancel, "back to the plan")]
        }
        Some(Popup::Card(card)) if card.plan(view.store).is_some() => vec![
            (Command::Back, "cancel"),
            (Command::Down, "next step"),
            (Command::ShowText, "full text"),
            (Command::Replan, "plan again"),
            (Command::Help, "help"),
        ],
        Some(Popup::Confirm(confirm)) if confirm.consent.is_typing() => {
            vec![(Command::Accept, "go on"), (Command::Complete, "next field"), (Command::Cancel, "cancel")]
        }
        Some(Popup::Confirm(_)) => vec![(Command::Confirm, "yes"), (Command::Decline, "no")],
        Some(Popup::Run(run)) if run.searching.is_some() => vec![(Command::Accept, "find"), (Command::Cancel, "leave")],
        Some(Popup::Run(run)) => run_hints(run, view),
        Some(Popup::Locks(_)) => {
            vec![(Command::Back, "close"), (Command::BreakLock, "break the lock"), (Command::Reload, "")]
        }
        _ => vec![(Command::Back, "close"), (Command::Down, "down"), (Command::Up, "up")],
    };
    let told = hints.into_iter().filter(|(_, words)| !words.is_empty());
    told.map(|(command, words)| (command, words.to_owned())).collect()
}

fn run_hints<'h>(run: &RunView, view: &View<'_>) -> Vec<(Command, &'h str)> {
    let Some(open) = run.open(view.store) else {
        let back = if run.refusal(view.store).is_some() { "back to the plan" } else { "leave" };
        return vec![(Command::Back, back)];
    };
    let mut hints = Vec::new();
    if matches!(open.state().question, Some(crate::model::run::Question::Boxes { .. })) && open.is_ours() {
        hints.push((Command::Mark, "tick"));
    }
    if open.is_ours() && open.is_going() {
        // While it asks, its answers stand above; what runs beside that can be stopped.
        let runs = |task: &TaskState| matches!(task, TaskState::Starting { .. } | TaskState::Running { .. });
        if open.state().question.is_none() || open.state().tasks.values().any(runs) {
            hints.extend([(Command::Drain, "drain"), (Command::Interrupt, "interrupt")]);
        }
        hints.push((Command::Detach, "detach"));
    }
    if open.status() == crate::model::RunStatus::Interrupted {
        hints.push((Command::Continue, "go on with it"));
    }
    if run.anchor.is_some() || run.row.is_some() {
        hints.push((Command::Follow, "follow"));
    }
    if !open.is_going() {
        // What comes after: the screen behind it, or other runs.
        hints.extend([(Command::Back, "back"), (Command::Runs, "all runs")]);
    }
    hints.extend([
        (Command::ShowOutput, if run.full { "steps" } else { "full output" }),
        (Command::Filter, "search"),
        (Command::PageUp, "scroll"),
    ]);
    if open.is_going() {
        hints.push((Command::Back, "leave it running"));
    }
    hints.push((Command::Help, "help"));
    hints
}

fn pane_hints(view: &View<'_>) -> Vec<(Command, String)> {
    let ui = view.ui;
    let tiled = super::layout::is_tiled(Rect::new(0, 0, ui.size.0, ui.size.1), ui);
    let on_service = !matches!(ui.focus, Pane::Environments | Pane::Runs)
        && super::rows::selected(view.store, ui, view.now).is_some();
    let on_host = ui.focus == Pane::Environments && host::selected(view.store, ui).is_some();
    let mut hints: Vec<(Command, &str)> = Vec::new();
    if !view.store.faults().is_empty() || !ui.look_faults.is_empty() {
        hints.push((Command::Faults, "faults"));
    }
    match ui.focus {
        Pane::Environments if on_host => hints.extend(host_hints(view)),
        Pane::Environments => hints.push((Command::Open, "services")),
        Pane::Services if on_service => hints.push((Command::Open, "detail")),
        Pane::Services => {}
        Pane::Detail => hints.push((Command::Back, "back")),
        Pane::Logs => return log_hints(view),
        Pane::Runs => hints.push((Command::Open, "open")),
    }
    if on_service {
        hints.push((Command::ProbeNow, "probe now"));
        if !super::rows::targets(view.store, ui, view.now).is_empty() && has_runbooks(view) {
            hints.push((Command::Runbooks, "runbooks"));
        }
    }
    if ui.focus != Pane::Detail {
        if !ui.marks.is_empty() {
            hints.push((Command::Back, "drop marks"));
        } else if ui.filter(ui.focus).is_some() {
            hints.push((Command::Back, "drop filter"));
        }
        hints.push((Command::Filter, "filter"));
    }
    // The way to everything else comes before conveniences, which narrow screens leave out.
    hints.extend([(Command::Palette, "palette"), (Command::Help, "help"), (Command::Quit, "quit")]);
    if view.store.environments().len() > 1 {
        hints.push((Command::NextEnvironment, "next environment"));
    }
    if view.environment().is_some_and(|e| e.tier.is_protected()) && !ui.read_only && has_runbooks(view) {
        let armed = view.environment().is_some_and(|e| view.may_act(&e.id));
        hints.push((Command::Arm, if armed { "disarm" } else { "arm" }));
    }
    if on_service {
        hints.push((Command::Pause, "pause"));
        hints.extend(shell(view).filter(|_| host::target(view.store, ui, view.now).is_ok()));
    }
    if on_service && ui.focus == Pane::Services {
        hints.extend([(Command::Mark, "mark"), (Command::Sort, "order")]);
    }
    if tiled || ui.zoom {
        hints.push((Command::Zoom, if ui.zoom { "unzoom" } else { "zoom" }));
    }
    // Nothing goes on behind a host that waits for an answer.
    let question = host::asking(view.store, ui, view.now).map(|(host, ask)| {
        let name = &host.declared().id.name;
        let words = match ask {
            Ask::Trust { .. } => format!("trust {name}?"),
            Ask::Passphrase { .. } => format!("unlock the key for {name}"),
        };
        (Command::Answer, words)
    });
    question.into_iter().chain(hints.into_iter().map(|(command, words)| (command, words.to_owned()))).collect()
}

/// What can be done in the logs.
fn log_hints(view: &View<'_>) -> Vec<(Command, String)> {
    let pane = &view.ui.logs;
    let mut hints: Vec<(Command, &str)> = Vec::new();
    if pane.at.is_some() {
        hints.push((Command::FollowLogs, "follow"));
    }
    if pane.trace.is_some() || pane.filter.is_some() || pane.least.is_some() {
        hints.push((Command::Back, "drop filter"));
    }
    hints.extend([(Command::Filter, "filter"), (Command::Search, "search")]);
    if pane.find.is_some() {
        hints.push((Command::NextMatch, "next"));
    }
    hints.extend([
        (Command::PreviousError, "error"),
        (Command::RaiseLevel, "worse"),
        (Command::AllLogs, if pane.wide { "service's" } else { "all" }),
        (Command::Open, "line"),
        (Command::Help, "help"),
        (Command::Trace, "trace"),
        (Command::GoToTime, "time"),
        (Command::Wrap, "wrap"),
        (Command::Mark, "mark"),
        (Command::Copy, "copy"),
        (Command::SaveLogs, "save"),
        (Command::ChooseLogs, "logs"),
        (Command::Zoom, if view.ui.zoom { "unzoom" } else { "zoom" }),
    ]);
    hints.into_iter().map(|(command, words)| (command, words.to_owned())).collect()
}

/// Whether the selected service offers anything.
fn has_runbooks(view: &View<'_>) -> bool {
    super::rows::selected(view.store, view.ui, view.now).is_some_and(|s| !s.declared().runbooks.is_empty())
}

/// A shell, where it is not refused.
fn shell(view: &View<'_>) -> Option<(Command, &'static str)> {
    let acts = view.environment().is_some_and(|e| view.may_act(&e.id));
    acts.then_some((Command::Shell, "shell"))
}

/// What can be done with the host under the cursor.
fn host_hints(view: &View<'_>) -> Vec<(Command, &'static str)> {
    shell(view).into_iter().chain([(Command::Reconnect, "reconnect"), (Command::Copy, "copy its address")]).collect()
}

fn keys<'a>(cells: usize, view: &View<'a>) -> Line<'a> {
    let mut spans = vec![view.span(Role::Footer, " ")];
    let mut used = 1;
    for (command, words) in hints(view) {
        let Some(key) = view.keymap.keys_of(command).into_iter().next() else { continue };
        let wide = text::width(&key) + 1 + text::width(&words) + 3;
        if used + wide > cells {
            break;
        }
        used += wide;
        spans.push(view.span(Role::Key, key));
        spans.push(view.span(Role::Footer, format!(" {words}   ")));
    }
    Line::from(spans)
}
