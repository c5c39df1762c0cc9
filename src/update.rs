//! Wishes become changes: `(&mut Ui, &Store, Command) -> Vec<Effect>`. Synchronous and without I/O; what must happen
//! outside comes back as [`Effect`]s.

mod act;
mod decide;
mod form;
mod guard;
mod host;
mod input;
mod logs;
mod mouse;
mod navigate;
mod plan;
mod run;

use jiff::Timestamp;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::command::{Command, Scope};
use crate::keymap::{Key, Keymap, Resolved};
use crate::model::run::Choice;
use crate::model::{EnvironmentId, HostId, LogId, RunId, ServiceId};
use crate::runner::gate::Given;
use crate::store::Store;
use crate::ui::hidden::Passphrase;
use crate::ui::popup::locks::LockList;
use crate::ui::state::Popup;
use crate::ui::{Pane, Ui, rows};

pub use input::paste;
pub use logs::settle;
pub use mouse::mouse;
pub use plan::{awaits, follow_up};

/// Something to be done outside of the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Leave.
    Quit,
    /// Go to the background of the shell.
    Suspend,
    /// Read the deck again.
    Reload,
    /// Draw everything anew.
    Redraw,
    /// Let the probes of these services look now.
    ProbeNow(Vec<ServiceId>),
    /// Pause the probes of these services.
    Pause(Vec<ServiceId>),
    /// Let the probes of these services go on.
    Resume(Vec<ServiceId>),
    /// Put text on the clipboard of the terminal.
    Copy(String),
    /// Use a theme.
    UseTheme(String),
    /// Use a keymap.
    UseKeymap(String),
    /// Bring a fault about in a demo service, or end it.
    DemoFault(ServiceId, Command),
    /// Open a shell on a host.
    Shell(HostId),
    /// Connect to a host again now.
    Reconnect(HostId),
    /// Take a host key as known: the one with the fingerprint that was shown, and no other.
    Trust {
        /// The host that is connected to.
        host: HostId,
        /// `SHA256:…` as it was shown.
        fingerprint: String,
    },
    /// Unlock a key file.
    Unlock {
        /// The host that it is needed for.
        host: HostId,
        /// The file.
        file: String,
        /// What was typed.
        passphrase: Passphrase,
    },
    /// Forward a port of this machine through a host.
    Forward {
        /// Through which.
        host: HostId,
        /// Where it leads, as the host sees it: `127.0.0.1:15672`.
        target: String,
    },
    /// End the forwarded port of this number.
    CloseForward(u64),
    /// Look up what can be chosen for the inputs of a runbook. Only looks.
    Choices {
        /// The number of the asking, which comes back with the choices.
        ask: u64,
        /// On what.
        service: ServiceId,
        /// Which runbook.
        runbook: Arc<str>,
    },
    /// Make a plan. Only looks.
    Plan {
        /// The number of the asking, which comes back with the plan.
        ask: u64,
        /// On what.
        service: ServiceId,
        /// Which runbook.
        runbook: Arc<str>,
        /// What was given; what is missing is as the runbook says.
        inputs: BTreeMap<String, String>,
        /// What was given and is not shown.
        secrets: BTreeMap<String, Passphrase>,
        /// The run that it is to go on with; then inputs are those of that run.
        resumes: Option<RunId>,
    },
    /// Run a plan that was said yes to.
    Run {
        /// The number of the asking that it came of.
        ask: u64,
        /// Its digest as it was shown.
        digest: String,
        /// What was done to say yes.
        given: Given,
        /// Why.
        reason: Option<String>,
        /// Why it goes over what another run left unfinished.
        over_dirty: Option<String>,
        /// The password for sudo, where a host asks for one.
        sudo: Option<Passphrase>,
    },
    /// Begin nothing more of a run.
    Drain {
        /// Which.
        run: RunId,
    },
    /// End what runs.
    Interrupt {
        /// Of which run.
        run: RunId,
        /// Steps that must not be interrupted too: that was typed.
        insist: bool,
    },
    /// Leave a run alone.
    Detach {
        /// Which.
        run: RunId,
    },
    /// Answer what a run asks.
    Answer {
        /// Which.
        run: RunId,
        /// What was chosen.
        choice: Choice,
        /// Why.
        reason: Option<String>,
    },
    /// Tick a box of a manual step.
    Tick {
        /// Of which run.
        run: RunId,
        /// The step's id.
        step: String,
        /// Which box, from 0.
        item: usize,
    },
    /// Show a run that is on record: read its journal, and follow it where it goes on.
    OpenRun {
        /// Which.
        run: RunId,
    },
    /// List the runs on record.
    ListRuns,
    /// Look at the locks of an environment.
    ListLocks {
        /// Which.
        environment: EnvironmentId,
    },
    /// Read the newest of the audit log.
    ListAudit,
    /// Read these logs again, with so many of their last lines.
    OlderLogs(Vec<(LogId, u64)>),
    /// Save what the servers have of these logs in a file.
    SaveLogs {
        /// Which.
        logs: Vec<LogId>,
        /// Nothing before.
        since: Timestamp,
        /// Nothing after; the last second is in it.
        until: Timestamp,
    },
    /// Break a lock.
    BreakLock {
        /// Where.
        environment: EnvironmentId,
        /// Which.
        key: String,
        /// Its number as it was shown; another one is not broken.
        fence: u64,
        /// What was typed.
        typed: String,
        /// Why.
        reason: String,
    },
    /// Allow acting in a protected environment.
    Arm {
        /// Which.
        environment: EnvironmentId,
        /// Why.
        reason: String,
    },
    /// End that.
    Disarm,
}

/// The scopes in which a key is looked up now, the innermost first.
pub fn scopes(ui: &Ui) -> Vec<Scope> {
    match ui.popups.last() {
        Some(
            Popup::Palette(_)
            | Popup::Filter(_)
            | Popup::Prompt(_)
            | Popup::Trust(_)
            | Popup::Unlock(_)
            | Popup::Picker(_)
            | Popup::Inputs(_),
        ) => return vec![Scope::Input],
        Some(Popup::Card(card)) if card.consent.is_typing() => return vec![Scope::Input],
        Some(Popup::Confirm(confirm)) if confirm.consent.is_typing() => return vec![Scope::Input],
        Some(Popup::Run(run)) if run.searching.is_some() => return vec![Scope::Input],
        Some(Popup::Card(_) | Popup::Confirm(_) | Popup::Page(_)) => {
            return vec![Scope::Plan, Scope::List, Scope::Global];
        }
        Some(Popup::Run(_) | Popup::Stop(_) | Popup::Locks(_)) => return vec![Scope::Run, Scope::List, Scope::Global],
        Some(Popup::Forwards(_)) => return vec![Scope::Host, Scope::List, Scope::Global],
        Some(Popup::Line(_) | Popup::Sources(_)) => return vec![Scope::Logs, Scope::List, Scope::Global],
        Some(Popup::Help(_) | Popup::Faults(_) | Popup::Audit(_)) => return vec![Scope::List, Scope::Global],
        None => {}
    }
    if ui.focus == Pane::Runs {
        return vec![Scope::Run, Scope::List, Scope::Global];
    }
    let mut scopes = Vec::new();
    if ui.focus == Pane::Logs {
        scopes.push(Scope::Logs);
    }
    if ui.focus != Pane::Environments {
        scopes.push(Scope::Service);
    }
    scopes.extend([Scope::Host, Scope::List]);
    if ui.demo {
        scopes.push(Scope::Demo);
    }
    scopes.push(Scope::Global);
    scopes
}

/// A key was pressed.
pub fn key(ui: &mut Ui, store: &Store, keymap: &Keymap, key: Key, now: Timestamp) -> Vec<Effect> {
    let resolved = keymap.resolve(&scopes(ui), &ui.pending, key);
    guard::remember(ui, key, now);
    if guard::came_too_soon(ui, store, resolved, now) {
        return Vec::new();
    }
    match resolved {
        Resolved::Command(command) => {
            ui.pending.clear();
            ui.pending_since = None;
            update(ui, store, command, now)
        }
        Resolved::Pending => {
            ui.pending.push(key);
            ui.pending_since.get_or_insert(now);
            Vec::new()
        }
        Resolved::Unbound => {
            let typed = ui.pending.is_empty().then(|| key.typed()).flatten();
            if !ui.pending.is_empty() {
                let mut keys = std::mem::take(&mut ui.pending);
                keys.push(key);
                ui.pending_since = None;
                ui.say(format!("{} does nothing here", crate::keymap::sequence(&keys)), now);
            }
            if let Some(typed) = typed {
                input::insert(ui, store, &typed.to_string(), now);
            }
            Vec::new()
        }
    }
}

/// A key that is held repeats: nothing is said yes to by that.
pub fn repeated(ui: &mut Ui, store: &Store, keymap: &Keymap, key_: Key, now: Timestamp) -> Vec<Effect> {
    let asks = |popup: &Popup| matches!(popup, Popup::Card(_) | Popup::Confirm(_));
    let types = scopes(ui) == [Scope::Input] && !matches!(key_.code(), crate::keymap::Code::Enter);
    let answers = guard::answers(keymap.resolve(&scopes(ui), &ui.pending, key_));
    let ticks = answers && matches!(ui.popups.last(), Some(Popup::Run(_)));
    if (ui.popups.last().is_some_and(asks) && !types) || ticks {
        guard::remember(ui, key_, now);
        return Vec::new();
    }
    key(ui, store, keymap, key_, now)
}

/// A command was given.
pub fn update(ui: &mut Ui, store: &Store, command: Command, now: Timestamp) -> Vec<Effect> {
    let mut effects = carry_out(ui, store, command, now);
    effects.extend(left(ui, store, now).filter(|e| !effects.contains(e)));
    effects
}

/// What is armed is disarmed as soon as another environment is on the screen.
pub fn left(ui: &Ui, store: &Store, now: Timestamp) -> Option<Effect> {
    let (armed, _) = store.acting().armed(now)?;
    rows::environment(store, ui).is_none_or(|here| here.id != *armed).then_some(Effect::Disarm)
}

fn carry_out(ui: &mut Ui, store: &Store, command: Command, now: Timestamp) -> Vec<Effect> {
    if command.scope() == Scope::Demo && !ui.demo {
        ui.say(format!("{command} works in qd demo alone"), now);
        return Vec::new();
    }
    let here = guard::reached(ui, store);
    if let Some(why) = guard::refusal(ui, store, command, here.as_ref(), now) {
        ui.warn(why, now);
        return Vec::new();
    }
    pin(ui, store, now);
    match command.scope() {
        Scope::Global => global(ui, store, command, now),
        Scope::List => navigate::list(ui, store, command, now),
        Scope::Service | Scope::Demo => act::service(ui, store, command, now),
        Scope::Host => host::command(ui, store, command, now),
        Scope::Plan => match ui.popups.last() {
            Some(Popup::Card(_)) => plan::on_card(ui, store, command, now),
            Some(Popup::Confirm(_)) => decide::on_question(ui, store, command, now),
            _ => Vec::new(),
        },
        Scope::Logs => logs::command(ui, store, command, now),
        Scope::Run => run::command(ui, store, command, now),
        Scope::Input => input::command(ui, store, command, now),
    }
}

/// Until the first key the cursor is on the first row, whatever that is: the worst is looked at without a key pressed.
/// From then on it stays on its service, so that the next key means the same one even when rows have changed places.
fn pin(ui: &mut Ui, store: &Store, now: Timestamp) {
    let Some(environment) = rows::environment(store, ui).map(|e| e.id.clone()) else { return };
    let chosen = ui.service.get(&environment).is_some_and(|id| store.service(id).is_some());
    if let Some(service) = rows::selected(store, ui, now).filter(|_| !chosen) {
        ui.service.insert(environment, service.declared().id.clone());
    }
}

fn global(ui: &mut Ui, store: &Store, command: Command, now: Timestamp) -> Vec<Effect> {
    match command {
        // The key that leaves a pager leaves the popup, and not the console behind it.
        Command::Quit if ui.popups.pop().is_some() => {}
        Command::Quit => return decide::quit(ui, store, now),
        Command::Runs => return run::show(ui, store),
        Command::Arm => return decide::arm(ui, store, now),
        Command::Audit => {
            toggle(ui, Popup::Audit(0), |p| matches!(p, Popup::Audit(_)));
            return vec![Effect::ListAudit];
        }
        Command::Locks => {
            let Some(environment) = guard::reached(ui, store) else { return Vec::new() };
            let list = LockList { environment: environment.clone(), chosen: None };
            toggle(ui, Popup::Locks(list), |p| matches!(p, Popup::Locks(_)));
            return vec![Effect::ListLocks { environment }];
        }
        Command::Suspend => return vec![Effect::Suspend],
        Command::Reload => return vec![Effect::Reload],
        Command::Redraw => return vec![Effect::Redraw],
        Command::Help => toggle(ui, Popup::Help(0), |p| matches!(p, Popup::Help(_))),
        Command::Faults => toggle(ui, Popup::Faults(0), |p| matches!(p, Popup::Faults(_))),
        Command::Palette => input::open_palette(ui, ""),
        Command::Theme => input::open_palette(ui, "theme "),
        Command::Keymap => input::open_palette(ui, "keymap "),
        Command::Times => act::next_times(ui, now),
        _ => navigate::global(ui, store, command, now),
    }
    Vec::new()
}

/// Opens a popup, or closes it when it is open already.
fn toggle(ui: &mut Ui, popup: Popup, is_same: impl Fn(&Popup) -> bool) {
    if ui.popups.last().is_some_and(is_same) {
        ui.popups.pop();
    } else {
        ui.popups.push(popup);
    }
}
