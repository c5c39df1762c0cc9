//! Keys in the form of a runbook's inputs: from field to field, through what can be chosen, and on to the plan.

use jiff::Timestamp;

use super::plan::{Asked, ask};
use super::{Effect, input};
use crate::command::Command;
use crate::store::Store;
use crate::ui::Ui;
use crate::ui::popup::inputs::{self, Form};
use crate::ui::state::Popup;

/// A key in the form of inputs.
pub fn form(ui: &mut Ui, store: &Store, mut form: Form, command: Command, now: Timestamp) -> Vec<Effect> {
    form.learn(store);
    let last = form.fields.len().saturating_sub(1);
    match command {
        Command::Cancel => return Vec::new(),
        Command::Accept if form.at < last => form.at += 1,
        Command::Accept => {
            form.tried = true;
            let Some((at, why)) = form.first_fault() else {
                let (inputs, secrets) = form.values();
                let reason = form.reason.clone();
                let resumes = form.resumes.clone();
                let asked =
                    Asked { inputs, secrets, resumes, reason, ..Asked::of(form.service.clone(), &form.runbook) };
                return ask(ui, asked, now);
            };
            let name = form.fields.get(at).map_or("", |f| f.input.name.as_str());
            ui.say(format!("{name}: {why}"), now);
            form.at = at;
        }
        Command::InputUp | Command::InputDown if form.step(command == Command::InputDown) => {}
        Command::InputUp => form.at = form.at.saturating_sub(1),
        Command::InputDown => form.at = (form.at + 1).min(last),
        Command::Complete => form.at = if form.at == last { 0 } else { form.at + 1 },
        other => edit_field(&mut form, other),
    }
    ui.popups.push(Popup::Inputs(form));
    Vec::new()
}

fn edit_field(form: &mut Form, command: Command) {
    let Some(field) = form.fields.get_mut(form.at) else { return };
    match &mut field.given {
        inputs::Given::Text(edit) => input::edit(edit, command),
        inputs::Given::Looked(looked) => {
            input::edit(&mut looked.edit, command);
            looked.chosen = looked.chosen.take().filter(|_| !changes(command));
        }
        inputs::Given::Secret(hidden) => match command {
            Command::DeleteBack => hidden.delete_back(),
            Command::DeleteWord | Command::DeleteAll => hidden.delete_all(),
            _ => {}
        },
        inputs::Given::Chosen(choices, at) => match command {
            Command::CursorLeft => *at = at.saturating_sub(1),
            Command::CursorRight => *at = (*at + 1).min(choices.len().saturating_sub(1)),
            Command::CursorStart => *at = 0,
            Command::CursorEnd => *at = choices.len().saturating_sub(1),
            _ => {}
        },
    }
}

/// Whether a command changes what is typed; else it moves the cursor alone.
fn changes(command: Command) -> bool {
    !matches!(command, Command::CursorLeft | Command::CursorRight | Command::CursorStart | Command::CursorEnd)
}

/// Types into the field under the cursor. In a list of choices the first letters choose.
pub fn type_into(form: &mut Form, text: &str) -> Result<(), &'static str> {
    let Some(field) = form.fields.get_mut(form.at) else { return Ok(()) };
    match &mut field.given {
        inputs::Given::Text(edit) => edit.insert(text),
        inputs::Given::Looked(looked) => {
            looked.edit.insert(text);
            looked.chosen = None;
        }
        inputs::Given::Secret(hidden) => {
            if !hidden.insert(text) {
                return Err("that is no value: it has several lines or is too long");
            }
        }
        inputs::Given::Chosen(choices, at) => {
            let after = choices.iter().enumerate().cycle().skip(*at + 1).take(choices.len());
            if let Some(found) = after.into_iter().find(|(_, choice)| choice.starts_with(text)).map(|(at, _)| at) {
                *at = found;
            }
        }
    }
    Ok(())
}
