//! A theme as plain text: what `qd themes NAME` prints. Tells what the theme says, not how a terminal shows it.

use ratatui::style::{Color, Modifier, Style};

use super::{Role, Theme, colour};
use crate::settings::columns;

/// A table of role, style and meaning.
pub fn listing(theme: &Theme) -> String {
    let mut rows = vec![["ROLE", "STYLE", "WHAT IT IS FOR"].map(str::to_owned)];
    for role in Role::ALL {
        let style = match (theme.given(*role), role.fallback()) {
            (Some(style), _) => describe(style),
            (None, Some(fallback)) => format!("as {fallback}"),
            (None, None) => describe(Style::new()),
        };
        rows.push([role.name().to_owned(), style, role.doc().to_owned()]);
    }
    columns(&rows)
}

fn describe(style: Style) -> String {
    let mut words = Vec::new();
    if let Some(fg) = style.fg {
        words.push(colour::word(fg));
    }
    if let Some(bg) = style.bg.filter(|bg| *bg != Color::Reset) {
        words.push(format!("on {}", colour::word(bg)));
    }
    let modifiers = [
        (Modifier::BOLD, "bold"),
        (Modifier::DIM, "dim"),
        (Modifier::ITALIC, "italic"),
        (Modifier::UNDERLINED, "underline"),
        (Modifier::REVERSED, "reverse"),
        (Modifier::CROSSED_OUT, "strike"),
    ];
    let set = modifiers.iter().filter(|(m, _)| style.add_modifier.contains(*m));
    words.extend(set.map(|(_, name)| (*name).to_owned()));
    if words.is_empty() { colour::DEFAULT.to_owned() } else { words.join(" ") }
}
