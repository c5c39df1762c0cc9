//! Typing: the palette, the filter and the questions of hosts.

use jiff::Timestamp;

use super::{Effect, decide, form, host, logs, navigate, plan, run, update};
use crate::command::Command;
use crate::store::Store;
use crate::ui::consent::Spot;
use crate::ui::edit::Edit;
use crate::ui::filter::Filter;
use crate::ui::popup::palette::{Deed, Item, Palette, items};
use crate::ui::state::Popup;
use crate::ui::{Pane, Ui};

/// Opens the palette with a text typed already.
pub fn open_palette(ui: &mut Ui, typed: &str) {
    ui.popups.retain(|p| !matches!(p, Popup::Palette(_)));
    // On the one in use, so that one key down is the next.
    let in_use = match typed {
        "theme " => ui.shelves.themes.iter().position(|t| *t == ui.theme),
        "keymap " => ui.shelves.keymaps.iter().position(|k| *k == ui.keymap),
        _ => None,
    };
    ui.popups.push(Popup::Palette(Palette { edit: Edit::new(typed), at: in_use.unwrap_or(0) }));
}

/// Types text where text is typed; elsewhere it is dropped.
pub fn insert(ui: &mut Ui, store: &Store, text: &str, now: Timestamp) {
    match ui.popups.last_mut() {
        Some(Popup::Palette(palette)) => {
            palette.edit.insert(text);
            palette.at = 0;
        }
        Some(Popup::Filter(edit)) => edit.insert(text),
        Some(Popup::Prompt(_)) => logs::insert(ui, store, text, now),
        Some(Popup::Trust(trust)) if !trust.is_deaf(now) => trust.edit.insert(text),
        Some(Popup::Picker(picker)) => {
            picker.edit.insert(text);
            picker.chosen = None;
        }
        Some(Popup::Inputs(inputs)) => {
            if let Err(why) = form::type_into(inputs, text) {
                ui.say(why, now);
            }
        }
        Some(Popup::Card(card)) => {
            if let Err(why) = card.consent.insert(text) {
                ui.say(why, now);
            }
        }
        Some(Popup::Confirm(confirm)) => {
            if let Err(why) = confirm.consent.insert(text) {
                ui.say(why, now);
            }
        }
        Some(Popup::Run(view)) => run::type_into(view, text),
        Some(Popup::Unlock(unlock)) => {
            let taken = unlock.hidden.insert(text);
            if !taken {
                ui.say("that is no passphrase: it has several lines or is too long", now);
            }
        }
        _ => {}
    }
}

fn takes_paste(popup: &Popup) -> bool {
    match popup {
        Popup::Palette(_)
        | Popup::Filter(_)
        | Popup::Prompt(_)
        | Popup::Unlock(_)
        | Popup::Picker(_)
        | Popup::Inputs(_) => true,
        Popup::Run(view) => view.searching.is_some(),
        // A reason or a password may be pasted; it is no yes.
        Popup::Card(card) => matches!(card.consent.at, Spot::Reason | Spot::Password),
        Popup::Confirm(confirm) => confirm.consent.at == Spot::Reason,
        _ => false,
    }
}

/// Text was pasted. It is typed where text is typed and never taken for keys.
pub fn paste(ui: &mut Ui, store: &Store, text: &str, now: Timestamp) {
    match ui.popups.last() {
        Some(popup) if takes_paste(popup) => insert(ui, store, text, now),
        Some(Popup::Card(_) | Popup::Confirm(_)) => ui.say("pasted text confirms nothing; it was dropped", now),
        Some(Popup::Trust(_)) => ui.say("pasted text accepts nothing; it was dropped", now),
        _ => ui.say("pasted text is not taken for keys; it was dropped", now),
    }
}

/// Runs a command of the input scope.
pub fn command(ui: &mut Ui, store: &Store, command: Command, now: Timestamp) -> Vec<Effect> {
    match ui.popups.pop() {
        Some(Popup::Palette(mut palette)) => {
            let found = items(store, ui, now, &palette.edit.text());
            let at = palette.at.min(found.len().saturating_sub(1));
            match command {
                Command::Accept => return found.get(at).map(|item| perform(ui, store, item, now)).unwrap_or_default(),
                Command::Cancel => return Vec::new(),
                Command::Complete => {
                    if let Some(item) = found.get(at) {
                        palette = Palette { edit: Edit::new(&item.name), at: 0 };
                    }
                }
                Command::InputUp => palette.at = at.saturating_sub(1),
                Command::InputDown => palette.at = (at + 1).min(found.len().saturating_sub(1)),
                other => {
                    edit(&mut palette.edit, other);
                    palette.at = 0;
                }
            }
            ui.popups.push(Popup::Palette(palette));
        }
        Some(Popup::Filter(mut typed)) => {
            // The arrows move in the list as the filter being typed narrows it.
            let step = match command {
                Command::Accept => {
                    ui.filters.insert(ui.focus, Filter::parse(&typed.text()));
                    return Vec::new();
                }
                Command::Cancel => return Vec::new(),
                Command::InputUp => Some(-1),
                Command::InputDown => Some(1),
                other => {
                    edit(&mut typed, other);
                    None
                }
            };
            ui.popups.push(Popup::Filter(typed));
            if let Some(step) = step {
                navigate::by(ui, store, now, step);
            }
        }
        Some(Popup::Prompt(prompt)) => return logs::prompted(ui, store, prompt, command, now),
        Some(Popup::Trust(question)) => return host::trust(ui, store, question, command, now),
        Some(Popup::Unlock(question)) => return host::unlock(ui, store, question, command, now),
        Some(Popup::Picker(picker)) => return plan::picker(ui, store, picker, command, now),
        Some(Popup::Inputs(inputs)) => return form::form(ui, store, inputs, command, now),
        Some(Popup::Card(card)) if card.consent.is_typing() => return plan::typing(ui, store, card, command, now),
        Some(Popup::Confirm(confirm)) if confirm.consent.is_typing() => {
            return decide::typing(ui, store, confirm, command, now);
        }
        Some(Popup::Run(view)) => return run::searching(ui, store, view, command, now),
        Some(other) => ui.popups.push(other),
        None => {}
    }
    Vec::new()
}

/// An edit of typed text.
pub fn edit(edit: &mut Edit, command: Command) {
    match command {
        Command::CursorLeft => edit.left(),
        Command::CursorRight => edit.right(),
        Command::CursorStart => edit.start(),
        Command::CursorEnd => edit.end(),
        Command::DeleteBack => edit.delete_back(),
        Command::DeleteForward => edit.delete_forward(),
        Command::DeleteWord => edit.delete_word(),
        Command::DeleteAll => edit.delete_all(),
        _ => {}
    }
}

fn perform(ui: &mut Ui, store: &Store, item: &Item, now: Timestamp) -> Vec<Effect> {
    match &item.deed {
        Deed::Command(command) => return update(ui, store, *command, now),
        Deed::Theme(name) => return vec![Effect::UseTheme(name.clone())],
        Deed::Keymap(name) => return vec![Effect::UseKeymap(name.clone())],
        Deed::Runbook(service, name) => return plan::begin(ui, store, service.clone(), name, now),
        Deed::Forward(host, target) => return host::forward(ui, host, target, now),
        Deed::Host(id) => {
            navigate::show_environment(ui, id.environment.clone());
            ui.filters.remove(&Pane::Environments);
            ui.host = Some(id.clone());
            ui.focus = Pane::Environments;
        }
        Deed::Environment(id) => {
            navigate::show_environment(ui, id.clone());
            ui.focus = Pane::Services;
        }
        Deed::Service(id) => {
            navigate::show_environment(ui, id.environment.clone());
            ui.filters.remove(&Pane::Services);
            ui.service.insert(id.environment.clone(), id.clone());
            ui.focus = Pane::Detail;
            ui.scroll = 0;
        }
    }
    Vec::new()
}
