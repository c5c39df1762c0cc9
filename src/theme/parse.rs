//! Reads the files of a theme, the inherited ones first. Colours are looked up in the palette as it stands in the end,
//! so a theme may inherit every role and change one colour of the palette.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};

use super::colour::{self, ANSI, DEFAULT};
use super::{GlyphSet, Role, Theme};
use crate::model::Text;
use crate::settings::{Faults, Node, Section, Table, Value, word};

/// What the files say so far.
#[derive(Default)]
struct Layers<'a> {
    about: String,
    glyphs: GlyphSet,
    background: Option<&'a Node>,
    palette: BTreeMap<&'a str, Color>,
    roles: BTreeMap<Role, &'a Node>,
}

/// Makes a theme of tables, the inherited ones first. What is not sound is told and left out.
pub fn read(name: &str, tables: &[Table], faults: &Faults<'_>) -> Theme {
    let mut layers = Layers::default();
    for table in tables {
        layers.lay(table, faults);
    }
    let Layers { palette, .. } = &layers;
    let background = layers.background.and_then(|node| read_colour(node, "background", palette, faults));
    let given = layers
        .roles
        .iter()
        .filter_map(|(role, node)| Some((*role, read_style(node, role.name(), palette, faults)?)))
        .collect();
    let background = background.unwrap_or(Color::Reset);
    Theme::from_given(name.to_owned(), layers.about, layers.glyphs, background, given)
}

impl<'a> Layers<'a> {
    fn lay(&mut self, table: &'a Table, faults: &Faults<'_>) {
        let section = Section::new(table, "a theme", faults);
        // Followed by the shelf; asked for here so that it is of the right type.
        section.text("inherits");
        self.about = section.text("about").map(|text| Text::line(&text).as_str().to_owned()).unwrap_or_default();
        if let Some(set) = section.choice("glyphs", &[("unicode", GlyphSet::Unicode), ("ascii", GlyphSet::Ascii)]) {
            self.glyphs = set;
        }
        if section.has("background") {
            self.background = table.get("background").map(|e| &e.node);
        }
        let none = BTreeMap::new();
        if section.table("palette").is_some() {
            for entry in entries(table, "palette") {
                // A palette colour may bear the name of a terminal colour; it is not looked up in the palette itself.
                match read_colour(&entry.node, &entry.name, &none, faults) {
                    Some(colour) => self.palette.insert(&entry.name, colour),
                    // Told once, here: whoever uses the name has done nothing wrong.
                    None => Some(*self.palette.entry(&entry.name).or_insert(Color::Reset)),
                };
            }
        }
        if section.table("roles").is_some() {
            for entry in entries(table, "roles") {
                if let Some(role) = Role::named(&entry.name) {
                    self.roles.insert(role, &entry.node);
                } else {
                    let help = match word::nearest(&entry.name, Role::ALL.iter().map(|r| r.name())) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "`qd themes ansi` lists every role".to_owned(),
                    };
                    faults.error(entry.place, format!("there is no role `{}`", entry.name), help);
                }
            }
        }
        section.finish();
    }
}

fn entries<'a>(table: &'a Table, key: &str) -> &'a [crate::settings::Entry] {
    match table.get(key).map(|e| &e.node.value) {
        Some(Value::Table(table)) => &table.entries,
        _ => &[],
    }
}

const MODIFIERS: [(&str, Modifier); 6] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("reverse", Modifier::REVERSED),
    ("strike", Modifier::CROSSED_OUT),
];

fn read_style(node: &Node, role: &str, palette: &BTreeMap<&str, Color>, faults: &Faults<'_>) -> Option<Style> {
    let Value::Table(table) = &node.value else {
        return read_colour(node, role, palette, faults).map(|fg| Style::new().fg(fg));
    };
    let section = Section::new(table, format!("the role `{role}`"), faults);
    let mut style = Style::new();
    if let Some(entry) = section.entry("fg") {
        style.fg = read_colour(&entry.node, "fg", palette, faults);
    }
    if let Some(entry) = section.entry("bg") {
        style.bg = read_colour(&entry.node, "bg", palette, faults);
    }
    for (name, modifier) in MODIFIERS {
        if section.truth(name) == Some(true) {
            style = style.add_modifier(modifier);
        }
    }
    section.finish();
    Some(style)
}

fn read_colour(node: &Node, key: &str, palette: &BTreeMap<&str, Color>, faults: &Faults<'_>) -> Option<Color> {
    let (message, help) = match &node.value {
        Value::Whole(number) => match u8::try_from(*number) {
            Ok(n) => return Some(Color::Indexed(n)),
            Err(_) => (format!("there is no colour {number}"), "colours are numbered from 0 to 255".to_owned()),
        },
        Value::Text(text) => match palette.get(text.as_str()).copied().or_else(|| colour::parse(text)) {
            Some(colour) => return Some(colour),
            None => unknown_colour(text, palette),
        },
        other => (format!("`{key}` must be a colour, not {}", other.describe()), FORMS.to_owned()),
    };
    faults.error(node.place, message, help);
    None
}

const FORMS: &str = "a colour is a name from [palette], a terminal colour (\"red\", \"bright-blue\"), \"#rrggbb\", \
                     a number from 0 to 255, or \"default\"";

fn unknown_colour(text: &str, palette: &BTreeMap<&str, Color>) -> (String, String) {
    let message = format!("there is no colour `{text}`");
    if let Some(digits) = text.strip_prefix('#') {
        let hex = digits.chars().all(|c| c.is_ascii_hexdigit());
        let help = if hex && digits.len() == 3 {
            let doubled: String = digits.chars().flat_map(|c| [c, c]).collect();
            format!("write all six digits: \"#{doubled}\"")
        } else {
            "a # is followed by six digits, 0 to 9 and a to f: \"#39c5cf\"".to_owned()
        };
        return (message, help);
    }
    let grey = matches!(text, "gray" | "grey" | "dark-gray" | "dark-grey" | "darkgray" | "darkgrey");
    let known = palette.keys().copied().chain(ANSI.map(|(name, _)| name)).chain([DEFAULT]);
    let near = if grey { Some("bright-black") } else { word::nearest(text, known) };
    let help = near.map_or_else(|| FORMS.to_owned(), |near| format!("did you mean `{near}`?"));
    (message, help)
}
