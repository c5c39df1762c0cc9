//! The palette: every command and everything that can be chosen by name, found by fuzzy words; each line says what it
//! will do, and on what.

use std::sync::Arc;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::framed;
use crate::command::{Command, Risk, Scope};
use crate::model::{EnvironmentId, HostId, ServiceId};
use crate::store::Store;
use crate::theme::Role;
use crate::ui::View;
use crate::ui::edit::Edit;
use crate::ui::filter::rank;
use crate::ui::host;
use crate::ui::rows::{self, targets};
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
    /// Show a host.
    Host(HostId),
    /// Forward a port through a host to where it leads there.
    Forward(HostId, String),
    /// Plan a runbook for a service.
    Runbook(ServiceId, Arc<str>),
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
    if let Some(asked) = typed.strip_prefix(FORWARD) {
        return forwards(store, ui, now, asked);
    }
    let mut all: Vec<Item> = Command::ALL
        .iter()
        .filter(|c| !matches!(c.scope(), Scope::Input | Scope::Plan) && (c.scope() != Scope::Demo || ui.demo))
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
    all.extend(runbooks(store, ui, now));
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
            all.extend(store.hosts(environment).map(|host| {
                let id = host.declared().id.clone();
                let words = format!("Show the host {id}, {}", host.link().state.word());
                Item { name: format!("host {id}"), words, deed: Deed::Host(id) }
            }));
        }
    }
    // `theme ` and `keymap ` ask for one of them, not for commands that sound alike.
    let asked = ["theme ", "keymap ", RUNBOOK].into_iter().find(|kind| typed.starts_with(kind));
    if let Some(kind) = asked {
        all.retain(|item| item.name.starts_with(kind));
    }
    rank(typed, all, |item| (item.name.as_str(), item.words.as_str()))
}

/// What a line begins with that plans a runbook.
pub const RUNBOOK: &str = "runbook ";

/// One line a runbook of the service that is meant; those that do not apply say why.
fn runbooks(store: &Store, ui: &Ui, now: Timestamp) -> Vec<Item> {
    let Some(service) = rows::selected(store, ui, now) else { return Vec::new() };
    let id = &service.declared().id;
    let item = |offer: &crate::model::Offer| Item {
        name: format!("{RUNBOOK}{}", offer.runbook),
        words: match &offer.why_not {
            Some(why) => format!("{id}: does not apply: {why}"),
            None => format!("{id}: Plan {}", offer.title),
        },
        deed: Deed::Runbook(id.clone(), offer.runbook.clone()),
    };
    service.declared().runbooks.iter().map(item).collect()
}

/// What a line begins with that forwards a port.
pub const FORWARD: &str = "forward ";

/// One line a host through which the port that is typed can be forwarded: `15672 vps`, `db.example.com:5432 vps`.
fn forwards(store: &Store, ui: &Ui, now: Timestamp, typed: &str) -> Vec<Item> {
    let (to, wanted) = typed.trim().split_once(' ').unwrap_or((typed.trim(), ""));
    let Some(target) = target(to) else {
        let words = "type a port, or address:port as the host sees it, and the host if it is another one";
        return vec![Item { name: FORWARD.into(), words: words.into(), deed: Deed::Command(Command::Forward) }];
    };
    let here = rows::environment(store, ui).map(|e| &e.id);
    let meant = host::target(store, ui, now).ok();
    // Named with its environment a host of another one is meant; else one of those on the screen.
    let all = store.environments().iter().flat_map(|e| store.hosts(e)).map(|h| &h.declared().id);
    let mut hosts: Vec<&HostId> = all
        .filter(|id| match wanted.trim() {
            "" => Some(&id.environment) == here,
            wanted if wanted.contains('/') => id.to_string().starts_with(wanted),
            wanted => Some(&id.environment) == here && id.name.starts_with(wanted),
        })
        .collect();
    hosts.sort_by_key(|id| (*id.name != *wanted.trim(), Some(*id) != meant.as_ref()));
    let item = |id: &HostId| Item {
        name: format!("{FORWARD}{to} {}", if wanted.contains('/') { id.to_string() } else { id.name.to_string() }),
        words: format!("{}{id}: Forward a local port to {target} there", refused(ui)),
        deed: Deed::Forward(id.clone(), target.clone()),
    };
    hosts.into_iter().map(item).collect()
}

fn refused(ui: &Ui) -> &'static str {
    if ui.read_only { "refused, read-only: " } else { "" }
}

/// `127.0.0.1:15672` for a bare port; an address with a port as it is.
fn target(typed: &str) -> Option<String> {
    if let Ok(port) = typed.parse::<u16>() {
        return (port > 0).then(|| format!("127.0.0.1:{port}"));
    }
    let (address, port) = typed.rsplit_once(':')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let six = address.strip_prefix('[').and_then(|a| a.strip_suffix(']'));
    let is_address = six.map_or_else(
        || address.chars().all(plain) && !address.starts_with('-'),
        |six| six.parse::<std::net::Ipv6Addr>().is_ok(),
    );
    let port = port.parse::<u16>().ok().filter(|port| *port > 0)?;
    (is_address && !address.is_empty()).then(|| format!("{address}:{port}"))
}

fn command_item(command: Command, store: &Store, ui: &Ui, now: Timestamp) -> Item {
    let on = match command.scope() {
        Scope::Service | Scope::Demo => targets(store, ui, now),
        _ => Vec::new(),
    };
    let meant = (command.scope() == Scope::Host).then(|| host::target(store, ui, now).ok()).flatten();
    let on = match on.as_slice() {
        [] if meant.is_some() && HOSTLY.contains(&command) => meant.map_or(String::new(), |id| format!("{id}: ")),
        [] => String::new(),
        [one] => format!("{one}: "),
        [first, rest @ ..] => format!("{first} and {} more: ", rest.len()),
    };
    // On what stands first: it is what must not be cut.
    let refused = if ui.read_only && command.risk() >= Risk::Decides { "refused, read-only: " } else { "" };
    Item {
        name: command.name().to_owned(),
        words: format!("{refused}{on}{}", command.doc()),
        deed: Deed::Command(command),
    }
}

/// Commands that act on the host that is meant.
const HOSTLY: [Command; 2] = [Command::Shell, Command::Reconnect];

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
