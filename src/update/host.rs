//! Commands on hosts: a shell, connecting again, answering what a host asks, forwarded ports. A question keeps the host
//! and the key it was opened with; what is typed answers that and nothing else.

use jiff::Timestamp;

use super::guard::refusal;
use super::{Effect, input};
use crate::command::Command;
use crate::model::{Ask, HostId};
use crate::store::Store;
use crate::ui::edit::Edit;
use crate::ui::hidden::Hidden;
use crate::ui::host::{asking, target};
use crate::ui::popup::forwards::chosen;
use crate::ui::popup::palette::FORWARD;
use crate::ui::popup::passphrase::Unlock;
use crate::ui::popup::trust::{Trust, WORD};
use crate::ui::state::Popup;
use crate::ui::{SMALLEST, Ui};

/// Runs a command of the host scope.
pub fn command(ui: &mut Ui, store: &Store, command: Command, now: Timestamp) -> Vec<Effect> {
    match command {
        Command::Shell | Command::Reconnect => match target(store, ui, now) {
            Ok(host) => return on_host(ui, store, command, host, now),
            Err(why) => ui.say(why, now),
        },
        Command::Answer => ask(ui, store, now),
        Command::Forward => input::open_palette(ui, FORWARD),
        Command::Forwards => super::toggle(ui, Popup::Forwards(None), |p| matches!(p, Popup::Forwards(_))),
        Command::CloseForward => return close_forward(ui, now),
        _ => {}
    }
    Vec::new()
}

fn on_host(ui: &mut Ui, store: &Store, command: Command, host: HostId, now: Timestamp) -> Vec<Effect> {
    // What lies over the panes hides which host is meant.
    if !ui.popups.is_empty() {
        return Vec::new();
    }
    if command == Command::Shell {
        if let Some(why) = refusal(ui, store, command, Some(&host.environment), now) {
            ui.warn(why, now);
            return Vec::new();
        }
        return vec![Effect::Shell(host)];
    }
    ui.say(format!("connecting to {host} again"), now);
    vec![Effect::Reconnect(host)]
}

/// Opens the question of the host that asks.
fn ask(ui: &mut Ui, store: &Store, now: Timestamp) {
    let Some((host, ask)) = asking(store, ui, now) else {
        ui.say("no host asks for anything", now);
        return;
    };
    let host = host.declared().id.clone();
    let popup = match ask {
        Ask::Trust { name, kind, fingerprint } => Popup::Trust(Trust {
            host,
            name: name.to_string(),
            kind: kind.to_string(),
            fingerprint: fingerprint.to_string(),
            opened: now,
            edit: Edit::default(),
        }),
        Ask::Passphrase { file } => Popup::Unlock(Unlock { host, file: file.to_string(), hidden: Hidden::default() }),
    };
    // One question at a time.
    ui.popups.retain(|p| !matches!(p, Popup::Trust(_) | Popup::Unlock(_)));
    ui.popups.push(popup);
}

/// A key or an edit in the question of a host key; the question comes back as long as it stays open.
pub fn trust(ui: &mut Ui, store: &Store, mut trust: Trust, command: Command, now: Timestamp) -> Vec<Effect> {
    if command == Command::Cancel {
        return Vec::new();
    }
    if trust.is_deaf(now) {
        ui.popups.push(Popup::Trust(trust));
        return Vec::new();
    }
    if command != Command::Accept {
        input::edit(&mut trust.edit, command);
        ui.popups.push(Popup::Trust(trust));
        return Vec::new();
    }
    if ui.size.0 < SMALLEST.0 || ui.size.1 < SMALLEST.1 {
        // Nobody accepts what cannot be seen.
        ui.popups.push(Popup::Trust(trust));
        return Vec::new();
    }
    if !trust.still_asked(store) {
        ui.warn(format!("{} does not offer that key any more; nothing was accepted", trust.host), now);
        return Vec::new();
    }
    if trust.edit.text().trim() != WORD {
        ui.say(format!("nothing is accepted before {WORD} is typed in full"), now);
        ui.popups.push(Popup::Trust(trust));
        return Vec::new();
    }
    ui.say(format!("accepted the key of {}", trust.name), now);
    vec![Effect::Trust { host: trust.host, fingerprint: trust.fingerprint }]
}

/// The same in the question for a passphrase.
pub fn unlock(ui: &mut Ui, store: &Store, mut unlock: Unlock, command: Command, now: Timestamp) -> Vec<Effect> {
    match command {
        Command::Cancel => return Vec::new(),
        Command::Accept if !unlock.still_asked(store) => {
            ui.warn(format!("{} does not ask for that key file any more", unlock.host), now);
            return Vec::new();
        }
        Command::Accept if !unlock.hidden.is_empty() => {
            let passphrase = unlock.hidden.take();
            return vec![Effect::Unlock { host: unlock.host, file: unlock.file, passphrase }];
        }
        Command::DeleteBack => unlock.hidden.delete_back(),
        // Words of what is not shown cannot be aimed at.
        Command::DeleteWord | Command::DeleteAll => unlock.hidden.delete_all(),
        _ => {}
    }
    ui.popups.push(Popup::Unlock(unlock));
    Vec::new()
}

/// Asks for a forwarded port.
pub fn forward(ui: &mut Ui, host: &HostId, target: &str, now: Timestamp) -> Vec<Effect> {
    // It changes nothing there, so it may go to a protected environment; who may only look is kept from it.
    if ui.read_only {
        ui.warn("forward opens a way past this console, which is read-only", now);
        return Vec::new();
    }
    ui.say(format!("forwarding a local port through {host} to {target}"), now);
    vec![Effect::Forward { host: host.clone(), target: target.to_owned() }]
}

fn close_forward(ui: &mut Ui, now: Timestamp) -> Vec<Effect> {
    let Some(Popup::Forwards(id)) = ui.popups.last() else {
        ui.say("forwarded ports are closed in their list", now);
        return Vec::new();
    };
    match chosen(ui, *id).map(|f| f.id) {
        Some(id) => vec![Effect::CloseForward(id)],
        None => Vec::new(),
    }
}

/// Copies the local address of the chosen forwarded port.
pub fn copy_forward(ui: &mut Ui, id: Option<u64>, now: Timestamp) -> Vec<Effect> {
    let Some(local) = chosen(ui, id).map(|f| f.local.to_string()) else { return Vec::new() };
    ui.say(format!("sent {local} to the clipboard of the terminal"), now);
    vec![Effect::Copy(local)]
}

/// Moves the choice in the list of forwarded ports.
pub fn move_forward(ui: &mut Ui, id: Option<u64>, step: isize) {
    let at = ui.forwards.iter().position(|f| Some(f.id) == id).unwrap_or(0);
    let next = at.saturating_add_signed(step).min(ui.forwards.len().saturating_sub(1));
    let next = ui.forwards.get(next).map(|f| f.id);
    if let Some(Popup::Forwards(chosen)) = ui.popups.last_mut() {
        *chosen = next;
    }
}
