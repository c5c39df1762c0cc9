//! The screen: a pure function of the store, what the operator chose ([`Ui`]), the theme, the keymap and the time.
//! Nothing here waits, writes, reads a clock or knows where facts come from.

pub mod acting;
pub mod consent;
pub mod edit;
pub mod filter;
pub mod footer;
pub mod header;
pub mod hidden;
pub mod host;
pub mod layout;
pub mod logs;
pub mod pane;
pub mod places;
pub mod popup;
pub mod rows;
pub mod run;
pub mod state;
pub mod text;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Widget};

use crate::command::Command;
use crate::config::user::Times;
use crate::keymap::Keymap;
use crate::model::{Environment, EnvironmentId, Tier};
use crate::store::Store;
use crate::theme::{Role, Theme};

pub use state::{Pane, Popup, Ui};

/// Everything a frame is drawn from.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// Observed facts.
    pub store: &'a Store,
    /// What the operator chose.
    pub ui: &'a Ui,
    /// How roles look.
    pub theme: &'a Theme,
    /// What keys do, for the hints.
    pub keymap: &'a Keymap,
    /// The time.
    pub now: Timestamp,
}

/// Below this nothing useful fits; the screen then says so.
pub const SMALLEST: (u16, u16) = (40, 10);

/// Draws a frame.
pub fn render(frame: &mut Frame<'_>, view: &View<'_>) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    buffer.set_style(area, view.style(Role::Text));
    if area.is_empty() {
        return;
    }
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let text = format!("{}x{} is too small, {}x{} is enough", area.width, area.height, SMALLEST.0, SMALLEST.1);
        let text = text::cut(&text, usize::from(area.width), "");
        buffer.set_string(area.x, area.y, text, view.style(Role::Text));
        return;
    }
    let plan = layout::plan(area, view.ui);
    header::draw(buffer, plan.header, view);
    for (pane, area) in &plan.panes {
        match pane {
            Pane::Environments => pane::environments::draw(buffer, *area, view),
            Pane::Services => pane::services::draw(buffer, *area, view),
            Pane::Detail => pane::detail::draw(buffer, *area, view),
            Pane::Logs => pane::logs::draw(buffer, *area, view),
            Pane::Runs => pane::runs::draw(buffer, *area, view),
        }
    }
    footer::draw(buffer, plan.footer, view);
    popup::draw(buffer, plan.body, view);
}

impl<'a> View<'a> {
    /// How a role looks.
    pub fn style(&self, role: Role) -> Style {
        self.theme.style(role)
    }

    /// A piece of text in a role.
    pub fn span(&self, role: Role, text: impl Into<std::borrow::Cow<'a, str>>) -> Span<'a> {
        Span::styled(text, self.theme.style(role))
    }

    /// The environment on the screen.
    pub fn environment(&self) -> Option<&'a Environment> {
        let chosen = self.ui.environment.as_ref().and_then(|id| self.store.environment(id));
        chosen.or_else(|| self.store.environments().first())
    }

    /// A moment as the wall clock tells it now.
    pub fn on_the_wall(&self, at: Timestamp) -> Timestamp {
        at.checked_sub(self.ui.set_back).unwrap_or(at)
    }

    /// Whether an environment may be acted on from here now.
    pub fn may_act(&self, id: &EnvironmentId) -> bool {
        let open = self.store.environment(id).is_some_and(|e| !e.tier.is_protected());
        !self.ui.read_only && (open || self.store.acting().is_armed(id, self.now))
    }

    /// The zone that times are shown in.
    pub fn zone(&self) -> TimeZone {
        match self.ui.times {
            Times::Utc => TimeZone::UTC,
            Times::Local => self.ui.local.clone(),
            Times::Environment => {
                self.environment().and_then(|e| TimeZone::get(e.timezone.as_deref()?).ok()).unwrap_or(TimeZone::UTC)
            }
        }
    }

    /// How a command is given: its first key, or its name for the palette.
    pub fn key(&self, command: Command) -> String {
        self.keymap.keys_of(command).into_iter().next().unwrap_or_else(|| format!(":{command}"))
    }

    /// A frame with a title; the focused one wears the colour of the tier.
    fn framed(&self, buffer: &mut Buffer, area: Rect, pane: Pane, title: Line<'a>, right: Line<'a>) -> Rect {
        let focused = self.ui.focus == pane;
        let style = match (focused, self.environment()) {
            (true, Some(environment)) => self.style(Role::BorderFocused).patch(self.tier_frame(environment.tier)),
            (true, None) => self.style(Role::BorderFocused),
            (false, _) => self.style(Role::Border),
        };
        let block = Block::bordered().border_set(self.theme.glyphs().border).border_style(style);
        let inner = block.inner(area);
        block.render(area, buffer);
        // Titles wear their own colours, not the frame's; the right one gives way.
        let room = area.width.saturating_sub(4);
        let left_cells = u16::try_from(title.width()).unwrap_or(room).min(room);
        self.on_frame(buffer, area.x + 2, area.y, left_cells, &title);
        let right_cells = u16::try_from(right.width()).unwrap_or(room);
        if right_cells > 0 && left_cells + right_cells < room {
            self.on_frame(buffer, area.right() - 2 - right_cells, area.y, right_cells, &right);
        }
        inner
    }

    /// A line of text on a frame.
    fn on_frame(&self, buffer: &mut Buffer, x: u16, y: u16, cells: u16, line: &Line<'_>) {
        let area = Rect { x, y, width: cells, height: 1 };
        buffer.set_style(area, Style::reset().patch(self.style(Role::Text)));
        buffer.set_line(x, y, line, cells);
    }

    /// Whether the cursor is in a pane, and no popup has taken it.
    fn has_cursor(&self, pane: Pane) -> bool {
        self.ui.focus == pane
    }

    /// The colour of a tier for frames: its foreground alone, so that a reversed badge does not make a reversed frame.
    fn tier_frame(&self, tier: Tier) -> Style {
        let tier = self.style(tier.into());
        match (tier.bg, tier.fg) {
            (Some(bg), _) if bg != ratatui::style::Color::Reset => Style::new().fg(bg),
            (_, Some(fg)) => Style::new().fg(fg),
            _ => Style::new(),
        }
    }
}
