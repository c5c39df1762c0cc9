//! What is typed for the logs: filters and searches work while they are typed, times and notes when they are taken.

use jiff::Timestamp;

use super::go::older_than;
use super::{go_to, since_of_service, zone};
use crate::command::Command;
use crate::log::Place;
use crate::model::LogId;
use crate::settings::when;
use crate::store::Store;
use crate::ui::Ui;
use crate::ui::logs::window::place;
use crate::ui::logs::{Asked, Finding, Jump, Prompt, shown};
use crate::ui::state::Popup;
use crate::update::{Effect, input, navigate};

/// Types text.
pub fn insert(ui: &mut Ui, store: &Store, text: &str, now: Timestamp) {
    let (least, zone) = (ui.logs.least, zone(ui, store, now));
    if let Some(Popup::Prompt(prompt)) = ui.popups.last_mut() {
        prompt.edit.insert(text);
        prompt.read(least, now, &zone);
    }
}

/// A command of the input scope, with the prompt taken off already.
pub fn command(ui: &mut Ui, store: &Store, mut prompt: Prompt, command: Command, now: Timestamp) -> Vec<Effect> {
    let zone = zone(ui, store, now);
    match command {
        Command::Cancel => return Vec::new(),
        Command::Accept => return accept(ui, store, prompt, now),
        Command::InputUp | Command::InputDown if prompt.asked == Asked::Filter => {
            ui.popups.push(Popup::Prompt(prompt));
            navigate::by(ui, store, now, if command == Command::InputUp { -1 } else { 1 });
            return Vec::new();
        }
        other => {
            input::edit(&mut prompt.edit, other);
            prompt.read(ui.logs.least, now, &zone);
        }
    }
    ui.popups.push(Popup::Prompt(prompt));
    Vec::new()
}

fn accept(ui: &mut Ui, store: &Store, mut prompt: Prompt, now: Timestamp) -> Vec<Effect> {
    let text = prompt.edit.text().trim().to_owned();
    if prompt.fault.is_some() && matches!(prompt.asked, Asked::Filter | Asked::Find) {
        // What is wrong stands beside it.
        ui.popups.push(Popup::Prompt(prompt));
        return Vec::new();
    }
    let outcome = match prompt.asked {
        Asked::Filter => {
            ui.logs.trace = None;
            ui.logs.filter =
                prompt.live.take().map(|(filter, _)| filter).filter(|f| !f.is_open() || f.context.is_some());
            ui.logs.refine();
            Ok(Vec::new())
        }
        Asked::Find => {
            let filter = prompt.live.take().map(|(filter, _)| filter.filter).filter(|f| f.grep.is_some());
            if filter.is_none() && !text.is_empty() {
                Err("a search needs a text; levels and fields are for the filter".to_owned())
            } else {
                ui.logs.find = filter.map(|filter| Finding { text: text.clone(), filter });
                // Upwards, as it is read from the end; once all is searched.
                let edge = crate::ui::logs::window::cursor(store, ui).map(Place::next);
                ui.logs.jump = ui.logs.find.is_some().then_some(Jump { edge, back: true });
                Ok(Vec::new())
            }
        }
        Asked::Note(line) => {
            ui.logs.marks.insert(line, crate::model::Text::line_at_most(&text, 200).to_string());
            Ok(Vec::new())
        }
        Asked::Time => to_time(ui, store, &text, now),
        Asked::Save => save(ui, store, &text, now),
    };
    match outcome {
        Ok(effects) => effects,
        Err(why) => {
            prompt.fault = Some(why);
            ui.popups.push(Popup::Prompt(prompt));
            Vec::new()
        }
    }
}

fn to_time(ui: &mut Ui, store: &Store, text: &str, now: Timestamp) -> Result<Vec<Effect>, String> {
    let at = if text.is_empty() {
        since_of_service(ui, store, now).ok_or("nobody knows since when the service is as it is")?
    } else {
        when::read(text, now, &zone(ui, store, now))?
    };
    let found = place(store, Place::at(at)).ok_or("there are no lines")?;
    go_to(ui, store, found, now);
    if found.time() < at {
        ui.say("all lines are older", now);
    }
    Ok(older_than(ui, store, at, now))
}

/// `14:00 to 14:15`.
fn save(ui: &mut Ui, store: &Store, text: &str, now: Timestamp) -> Result<Vec<Effect>, String> {
    let zone = zone(ui, store, now);
    let (from, to) = text.split_once(" to ").ok_or("write two times: 14:00 to 14:15")?;
    let (since, until) = (when::read(from, now, &zone)?, when::read(to, now, &zone)?);
    if since > until {
        return Err("it ends before it begins".into());
    }
    let logs: Vec<LogId> = shown(store, ui, now).iter().map(|spec| spec.id.clone()).collect();
    ui.say("reading what is there", now);
    Ok(vec![Effect::SaveLogs { logs, since, until }])
}
