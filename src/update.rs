//! Wishes become changes: `(&mut Ui, &Store, Command) -> Vec<Effect>`. Synchronous and without I/O; what must happen
//! outside comes back as [`Effect`]s.

mod act;
mod host;
mod input;
mod mouse;
mod navigate;

use jiff::Timestamp;

use crate::command::{Command, Risk, Scope};
use crate::keymap::{Key, Keymap, Resolved};
use crate::model::{EnvironmentId, HostId, ServiceId};
use crate::store::Store;
use crate::ui::hidden::Passphrase;
use crate::ui::state::Popup;
use crate::ui::{Pane, Ui, rows};

pub use input::paste;
pub use mouse::mouse;

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
}

/// The scopes in which a key is looked up now, the innermost first.
pub fn scopes(ui: &Ui) -> Vec<Scope> {
    match ui.popups.last() {
        Some(Popup::Palette(_) | Popup::Filter(_) | Popup::Trust(_) | Popup::Unlock(_)) => return vec![Scope::Input],
        Some(Popup::Forwards(_)) => return vec![Scope::Host, Scope::List, Scope::Global],
        Some(Popup::Help(_) | Popup::Faults(_)) => return vec![Scope::List, Scope::Global],
        None => {}
    }
    let mut scopes = Vec::new();
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
    match keymap.resolve(&scopes(ui), &ui.pending, key) {
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
                input::insert(ui, &typed.to_string(), now);
            }
            Vec::new()
        }
    }
}

/// A command was given.
pub fn update(ui: &mut Ui, store: &Store, command: Command, now: Timestamp) -> Vec<Effect> {
    if command.scope() == Scope::Demo && !ui.demo {
        ui.say(format!("{command} works in qd demo alone"), now);
        return Vec::new();
    }
    let here = rows::environment(store, ui).map(|e| &e.id);
    if let Some(why) = refusal(ui, store, command, here) {
        ui.warn(why, now);
        return Vec::new();
    }
    pin(ui, store, now);
    match command.scope() {
        Scope::Global => global(ui, store, command, now),
        Scope::List => navigate::list(ui, store, command, now),
        Scope::Service | Scope::Demo => act::service(ui, store, command, now),
        Scope::Host => host::command(ui, store, command, now),
        Scope::Input => input::command(ui, store, command, now),
    }
}

/// Why a command is refused in an environment; none when it is not.
fn refusal(ui: &Ui, store: &Store, command: Command, on: Option<&EnvironmentId>) -> Option<String> {
    if command.risk() != Risk::Acts {
        return None;
    }
    if ui.read_only {
        return Some(format!("{command} acts, and this console is read-only"));
    }
    let protected = on.and_then(|id| store.environment(id)).filter(|e| e.tier.is_protected())?;
    Some(format!("{} is protected and read-only; try it in another environment", protected.id))
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
        Command::Quit => return vec![Effect::Quit],
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
