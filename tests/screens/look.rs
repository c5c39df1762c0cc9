//! What a drawn frame looks like: its text, and a grid that says in one letter a cell in which role it is drawn. The
//! theme behind it gives every role a colour of its own, so a letter is proof of the role.

use std::sync::LazyLock;

use quarterdeck::theme::{Role, Theme, ThemeBook};
use quarterdeck::ui::render;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use crate::world::World;

/// The letter of each role. Rows under the cursor are told by a background instead, and printed as `>` before the line.
const LETTERS: [(Role, char); 30] = [
    (Role::Text, '.'),
    (Role::Dim, 'd'),
    (Role::Strong, 's'),
    (Role::Title, 't'),
    (Role::Header, 'h'),
    (Role::Footer, 'f'),
    (Role::Key, 'k'),
    (Role::Border, 'b'),
    (Role::BorderFocused, 'B'),
    (Role::Accent, 'a'),
    (Role::Selected, '>'),
    (Role::Marked, 'M'),
    (Role::Match, 'm'),
    (Role::Input, 'i'),
    (Role::Code, 'c'),
    (Role::Healthy, 'H'),
    (Role::Degraded, 'D'),
    (Role::Unhealthy, 'U'),
    (Role::Unknown, '?'),
    (Role::Stale, '~'),
    (Role::Paused, 'P'),
    (Role::Spark, 'S'),
    (Role::TierDevelopment, '1'),
    (Role::TierStaging, '2'),
    (Role::TierProduction, '3'),
    (Role::Fault, 'F'),
    (Role::Notice, 'N'),
    (Role::ReadOnly, 'R'),
    (Role::Armed, 'A'),
    (Role::Danger, 'X'),
];

/// Colours below this are the terminal's own.
const FIRST: u8 = 100;

fn colour(role: Role) -> u8 {
    FIRST + role as u8
}

/// The theme that gives each role its own colour.
pub fn roles() -> Theme {
    static THEME: LazyLock<Theme> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        let mut text = String::from("about = \"One colour a role\"\n[roles]\n");
        for role in Role::ALL {
            let key = if *role == Role::Selected { "bg" } else { "fg" };
            text.push_str(&format!("{role} = {{ {key} = {} }}\n", colour(*role)));
        }
        std::fs::write(folder.path().join("roles.toml"), text).unwrap();
        let (theme, faults) = ThemeBook::new(&[folder.path().to_owned()]).load("roles");
        assert!(faults.is_empty(), "{faults:?}");
        theme.unwrap()
    });
    THEME.clone()
}

/// A shipped theme.
pub fn shipped(name: &str) -> Theme {
    ThemeBook::new(&[]).load(name).0.unwrap()
}

/// Draws the world as large as its terminal is.
pub fn draw(world: &World) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(world.ui.size.0, world.ui.size.1)).unwrap();
    terminal.draw(|frame| render(frame, &world.view())).unwrap();
    terminal.backend().buffer().clone()
}

/// The cells of a line; what a wide character covers is left out.
fn cells(buffer: &Buffer, y: u16) -> Vec<&Cell> {
    let mut found = Vec::new();
    let mut x = 0;
    while x < buffer.area.width {
        let cell = &buffer[(x, y)];
        found.push(cell);
        x += u16::try_from(cell.symbol().width()).unwrap().max(1);
    }
    found
}

/// The lines of a frame as text.
pub fn lines(buffer: &Buffer) -> Vec<String> {
    let line = |y| cells(buffer, y).into_iter().map(Cell::symbol).collect::<String>().trim_end().to_owned();
    (0..buffer.area.height).map(line).collect()
}

/// The lines of the screen as text.
pub fn text(world: &World) -> String {
    lines(&draw(world)).join("\n")
}

/// The roles of a frame, a letter a cell; blanks stay blank, the cell of a text cursor is `@`.
fn grid(buffer: &Buffer) -> Vec<String> {
    let letter = |cell: &Cell| {
        let reversed = cell.modifier.contains(Modifier::REVERSED);
        let letters = |&&(role, _): &&(Role, char)| cell.fg == Color::Indexed(colour(role));
        match (cell.symbol(), LETTERS.iter().find(letters)) {
            (_, Some((Role::Input, _))) if reversed => '@',
            (" ", _) if !reversed => ' ',
            (_, Some((_, letter))) => *letter,
            (_, None) => '!',
        }
    };
    let line = |y| {
        let cells = cells(buffer, y);
        let under = cells.iter().any(|c| c.bg == Color::Indexed(colour(Role::Selected)));
        let letters: String = cells.into_iter().map(letter).collect();
        format!("{}{letters}", if under { '>' } else { ' ' }).trim_end().to_owned()
    };
    (0..buffer.area.height).map(line).collect()
}

/// Text and roles, as a snapshot holds them.
pub fn picture(world: &World) -> String {
    let buffer = draw(world);
    let (columns, lines_) = world.ui.size;
    format!("{columns}x{lines_}\n{}\n\nroles\n{}\n", lines(&buffer).join("\n"), grid(&buffer).join("\n"))
}

/// Compares with the snapshot of that name.
#[track_caller]
pub fn shot(name: &str, world: &World) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path("snapshots");
    let name = format!("{name}-{}x{}", world.ui.size.0, world.ui.size.1);
    settings.bind(|| insta::assert_snapshot!(name, picture(world)));
}

/// The same at the two sizes that every view is looked at: one pane at a time, and tiled.
#[track_caller]
pub fn shots(name: &str, world: World) {
    let world = world.sized(80, 24);
    shot(name, &world);
    shot(name, &world.sized(120, 40));
}
