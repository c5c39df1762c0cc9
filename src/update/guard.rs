//! What stands between a key and something that acts: what is refused where, and which keys were not meant for what is on
//! the screen now.

use jiff::Timestamp;

use crate::command::{Command, Risk};
use crate::keymap::{Key, Resolved};
use crate::model::EnvironmentId;
use crate::store::Store;
use crate::ui::consent::{DEAF, HELD};
use crate::ui::state::Popup;
use crate::ui::{Pane, Ui, pane, rows};

/// The environment that a command would reach now: that of what is in front, else the one on the screen.
pub fn reached(ui: &Ui, store: &Store) -> Option<EnvironmentId> {
    let own = match ui.popups.last() {
        Some(Popup::Card(card)) => Some(card.service.environment.clone()),
        Some(Popup::Inputs(form)) => Some(form.service.environment.clone()),
        Some(Popup::Locks(list)) => Some(list.environment.clone()),
        Some(Popup::Confirm(confirm)) => confirm.deed.environment(store).cloned(),
        Some(Popup::Run(run)) => run.open(store).map(|run| run.state().plan.target.environment.clone()),
        None if ui.focus == Pane::Runs => {
            let runs = pane::runs::runs(store, ui).unwrap_or_default();
            pane::runs::selected(&runs, ui).map(|run| run.target.environment.clone())
        }
        _ => None,
    };
    own.or_else(|| rows::environment(store, ui).map(|e| e.id.clone()))
}

/// Why a command is refused in an environment; none when it is not.
pub fn refusal(ui: &Ui, store: &Store, command: Command, on: Option<&EnvironmentId>, now: Timestamp) -> Option<String> {
    let risk = command.risk();
    if risk < Risk::Decides {
        return None;
    }
    if ui.read_only {
        return Some(format!("{command} acts, and this console is read-only"));
    }
    if risk == Risk::Acts { locked(store, on?, now) } else { None }
}

/// Why nothing may act in an environment now; none when something may.
pub fn locked(store: &Store, on: &EnvironmentId, now: Timestamp) -> Option<String> {
    let Some(environment) = store.environment(on) else { return Some(format!("{on} is not in the deck any more")) };
    if !environment.tier.is_protected() || store.acting().is_armed(on, now) {
        return None;
    }
    Some(format!("{on} is protected and read-only until it is armed"))
}

/// Takes down which key is held.
pub fn remember(ui: &mut Ui, key: Key, now: Timestamp) {
    let again = ui.held.filter(|(last, _, at)| *last == key && now.duration_since(*at).abs() < HELD);
    ui.held = Some((key, again.map_or(now, |(_, since, _)| since), now));
}

/// Whether a key was meant for what was there before what it would reach now.
pub fn came_too_soon(ui: &Ui, store: &Store, resolved: Resolved, now: Timestamp) -> bool {
    let away = matches!(
        resolved,
        Resolved::Command(Command::Cancel | Command::Back | Command::Decline | Command::Quit | Command::Help)
    );
    let since = match ui.popups.last() {
        _ if away => return false,
        Some(Popup::Card(card)) => {
            if card.made(store).is_none() {
                return true;
            }
            if card.is_deaf(store, now) {
                return true;
            }
            card.ready(store)
        }
        Some(Popup::Confirm(confirm)) => Some(confirm.opened),
        Some(Popup::Run(run)) if answers(resolved) => run.open(store).and_then(crate::store::OpenRun::asked_at),
        _ => None,
    };
    let Some(since) = since else { return false };
    let deaf = now.duration_since(since).abs() < DEAF;
    // A key that is held was pressed down before, however late it repeats.
    let held = ui.held.is_some_and(|(_, from, _)| from < since.checked_add(DEAF).unwrap_or(since) && from <= now);
    deaf || held
}

/// Whether the key of now is the same as one just before, which may be one that is held: not every terminal tells them apart.
pub fn is_again(ui: &Ui, now: Timestamp) -> bool {
    ui.held.is_some_and(|(_, from, last)| from < last && last == now)
}

/// Whether a key would answer a run.
pub fn answers(resolved: Resolved) -> bool {
    matches!(
        resolved,
        Resolved::Command(
            Command::GoOn
                | Command::Retry
                | Command::Skip
                | Command::MarkDone
                | Command::Undo
                | Command::OnFailure
                | Command::GiveUp
                | Command::Mark
        )
    )
}
