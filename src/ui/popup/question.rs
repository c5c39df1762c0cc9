//! What the questions of hosts have in common: named values, the environment as word and colour, the text being typed.

use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use crate::model::{EnvironmentId, HostId};
use crate::theme::Role;
use crate::ui::View;
use crate::ui::edit::Edit;
use crate::ui::text::{chop, fit, wrap};

/// Cells of a name and the blank before and after it.
const NAME: usize = 14;

/// A name and its value.
pub fn field<'a>(name: &str, value: Vec<Span<'a>>, view: &View<'a>) -> Line<'a> {
    let mut spans = vec![view.span(Role::Dim, format!(" {} ", fit(name, NAME - 2, "")))];
    spans.extend(value);
    Line::from(spans)
}

/// A name and a value that is never cut: what does not fit goes on in the next line.
pub fn told<'a>(name: &str, value: &str, role: Role, cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let lines = chop(value, cells.saturating_sub(NAME + 1)).into_iter().enumerate();
    lines.map(|(at, text)| field(if at == 0 { name } else { "" }, vec![view.span(role, text)], view)).collect()
}

/// A name and a sentence, broken between words.
pub fn sentence<'a>(name: &str, value: &str, role: Role, cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let lines = wrap(value, cells.saturating_sub(NAME + 1)).into_iter().enumerate();
    lines.map(|(at, text)| field(if at == 0 { name } else { "" }, vec![view.span(role, text)], view)).collect()
}

/// The environment of a host: its name and its tier, in the colour of the tier.
pub fn place<'a>(host: &HostId, view: &View<'a>) -> Vec<Span<'a>> {
    environment(&host.environment, view)
}

/// An environment: its name and its tier, in the colour of the tier.
pub fn environment<'a>(id: &EnvironmentId, view: &View<'a>) -> Vec<Span<'a>> {
    let Some(environment) = view.store.environment(id) else {
        return vec![view.span(Role::Unknown, format!("{id} is not in the deck any more"))];
    };
    let tier = environment.tier;
    let word = if tier.is_protected() { tier.word().to_uppercase() } else { tier.word().to_owned() };
    vec![
        view.span(Role::from(tier), environment.id.to_string()),
        view.span(Role::Dim, format!(" {} ", view.theme.glyphs().separator)),
        view.span(Role::from(tier), word),
    ]
}

/// The frame of a question wears the colour of the tier.
pub fn frame(host: &HostId, view: &View<'_>) -> Style {
    border(&host.environment, view)
}

/// The same for an environment.
pub fn border(id: &EnvironmentId, view: &View<'_>) -> Style {
    let tier = view.store.environment(id).map(|e| view.tier_frame(e.tier)).unwrap_or_default();
    view.style(Role::BorderFocused).patch(tier)
}

/// The text being typed, with its cursor.
pub fn typed<'a>(edit: &Edit, view: &View<'a>) -> Vec<Span<'a>> {
    let (before, after) = edit.parts();
    let under = after.chars().next().unwrap_or(' ');
    let rest: String = after.chars().skip(1).collect();
    vec![
        view.span(Role::Input, before.to_owned()),
        Span::styled(under.to_string(), view.style(Role::Input).add_modifier(Modifier::REVERSED)),
        view.span(Role::Input, rest),
    ]
}
