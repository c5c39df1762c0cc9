//! The palette: every command and everything that can be chosen by name, found by fuzzy words; each line says what it
//! will do, and on what.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::framed;
use crate::command::{Command, Risk, Scope};
use crate::model::{EnvironmentId, ServiceId};
use crate::store::Store;
use crate::theme::Role;
use crate::ui::View;
use crate::ui::edit::Edit;
use crate::ui::filter::rank;
use crate::ui::rows::targets;
use crate::ui::state::Ui;
use crate::ui::text::{cut, fit};

/// The palette as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Palette {
    /// What is typed.
    pub edit: Edit,
    /// The chosen line.
    pub at: usize,
}

/// What a line does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Run a command.
    Command(Command),
    /// Show an environment.
    Environment(EnvironmentId),
    /// Show a service.
    Service(ServiceId),
    /// Choose a theme.
    Theme(String),
    /// Choose a keymap.
    Keymap(String),
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What is typed to find it.
    pub name: String,
    /// What it will do, and on what.
    pub words: String,
    /// What it does.
    pub deed: Deed,
}

/// Every line that fits what is typed, best first.
pub fn items(store: &Store, ui: &Ui, now: Timestamp, typed: &str) -> Vec<Item> {
    let mut all: Vec<Item> = Command::ALL
        .iter()
        .filter(|c| c.scope() != Scope::Input && (c.scope() != Scope::Demo || ui.demo))
        .map(|command| command_item(*command, store, ui, now))
        .collect();
    for name in &ui.shelves.themes {
        let words = if *name == ui.theme { "the theme in use".into() } else { format!("Use the theme {name}") };
        all.push(Item { name: format!("theme {name}"), words, deed: Deed::Theme(name.clone()) });
    }
    for name in &ui.shelves.keymaps {
        let words = if *name == ui.keymap { "the keymap in use".into() } else { format!("Use the keymap {name}") };
        all.push(Item { name: format!("keymap {name}"), words, deed: Deed::Keymap(name.clone()) });
    }
    for environment in store.environments() {
        let id = &environment.id;
        let words = format!("Show {id} ({})", environment.tier.word());
        all.push(Item { name: format!("environment {id}"), words, deed: Deed::Environment(id.clone()) });
        if !typed.is_empty() {
            all.extend(store.services(environment).map(|service| {
                let id = service.declared().id.clone();
                let words = format!("Show {id}, {}", service.health(now).word());
                Item { name: format!("service {id}"), words, deed: Deed::Service(id) }
            }));
        }
    }
    // `theme ` and `keymap ` ask for one of them, not for commands that sound alike.
    let asked = ["theme ", "keymap "].into_iter().find(|kind| typed.starts_with(kind));
    if let Some(kind) = asked {
        all.retain(|item| item.name.starts_with(kind));
    }
    rank(typed, all, |item| (item.name.as_str(), item.words.as_str()))
}

fn command_item(command: Command, store: &Store, ui: &Ui, now: Timestamp) -> Item {
    let on = match command.scope() {
        Scope::Service | Scope::Demo => targets(store, ui, now),
        _ => Vec::new(),
    };
    let on = match on.as_slice() {
        [] => String::new(),
        [one] => format!("{one}: "),
        [first, rest @ ..] => format!("{first} and {} more: ", rest.len()),
    };
    // On what stands first: it is what must not be cut.
    let refused = if ui.read_only && command.risk() == Risk::Acts { "refused, read-only: " } else { "" };
    Item {
        name: command.name().to_owned(),
        words: format!("{refused}{on}{}", command.doc()),
        deed: Deed::Command(command),
    }
}

/// Draws the palette.
pub fn draw(buffer: &mut Buffer, body: Rect, palette: &Palette, view: &View<'_>) {
    let items = items(view.store, view.ui, view.now, &palette.edit.text());
    let height = (body.height * 2 / 3).max(8);
    let inner = framed(buffer, body, (100, height), "palette", view);
    let glyphs = view.theme.glyphs();
    let (before, after) = palette.edit.parts();
    let under = after.chars().next().unwrap_or(' ');
    let rest: String = after.chars().skip(1).collect();
    let input = Line::from(vec![
        view.span(Role::Key, " : "),
        view.span(Role::Input, before.to_owned()),
        Span::styled(under.to_string(), view.style(Role::Input).add_modifier(Modifier::REVERSED)),
        view.span(Role::Input, rest),
    ]);
    buffer.set_line(inner.x, inner.y, &input, inner.width);
    let room = usize::from(inner.height.saturating_sub(2));
    let at = palette.at.min(items.len().saturating_sub(1));
    let top = (at + 1).saturating_sub(room);
    if items.is_empty() {
        buffer.set_line(
            inner.x,
            inner.y + 2,
            &Line::from(view.span(Role::Dim, "   nothing is called like that")),
            inner.width,
        );
    }
    for ((index, item), y) in items.iter().enumerate().skip(top).zip(inner.y + 2..inner.bottom()) {
        let keys = match &item.deed {
            Deed::Command(command) => view.keymap.keys_of(*command).into_iter().next().unwrap_or_default(),
            _ => String::new(),
        };
        let name = fit(&item.name, 24, glyphs.ellipsis);
        let words = fit(&item.words, usize::from(inner.width).saturating_sub(24 + 14), glyphs.ellipsis);
        let line = Line::from(vec![
            view.span(Role::Accent, if index == at { glyphs.cursor } else { " " }),
            view.span(Role::Strong, format!(" {name} ")),
            view.span(Role::Text, words),
            view.span(Role::Key, format!(" {}", cut(&keys, 10, ""))),
        ]);
        super::super::pane::row(buffer, inner, y, &line, index == at, view);
    }
}
