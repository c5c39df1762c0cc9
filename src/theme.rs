//! Themes: which colours and characters the screen is drawn with. A theme is a TOML file that gives styles to roles;
//! views ask for `theme.style(Role::…)` and never name a colour.
//!
//! A view fills its area with [`Role::Text`] first and lays every other role over it. Where a role leaves a colour
//! out, what lies beneath shows through, so [`Role::Selected`] can be laid over a row without hiding its states.
//! Tier roles are a hue and no background, fit for frames; a badge is the same style reversed.
//! Never reads the environment: what the terminal can do comes in as [`Depth`] and [`GlyphSet`].

pub mod book;
pub mod colour;
pub mod depth;
pub mod glyphs;
pub mod listing;
mod parse;
pub mod role;
#[cfg(test)]
mod shipped;

use ratatui::style::{Color, Style};

pub use book::{Description, ThemeBook};
pub use depth::{Depth, Terminal};
pub use glyphs::{GlyphSet, Glyphs};
pub use listing::listing;
pub use role::Role;

/// The theme used when none is named: the terminal's own sixteen colours.
pub const DEFAULT: &str = "ansi";

/// A theme, ready to draw with.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    name: String,
    about: String,
    glyphs: GlyphSet,
    background: Color,
    /// What the theme itself gives, by role.
    given: Vec<Option<Style>>,
    /// What is drawn, by role: fallbacks taken.
    styles: Vec<Style>,
}

impl Theme {
    /// A theme in which every role looks like plain text; what is drawn with when not even the default theme loads.
    pub fn plain() -> Self {
        Self::from_given(String::from("plain"), String::new(), GlyphSet::Unicode, Color::Reset, Vec::new())
    }

    fn from_given(name: String, about: String, glyphs: GlyphSet, background: Color, given: Vec<(Role, Style)>) -> Self {
        let find = |role: Role| given.iter().rev().find(|(r, _)| *r == role).map(|(_, style)| *style);
        let given: Vec<Option<Style>> = Role::ALL.iter().map(|role| find(*role)).collect();
        let mut theme = Self { name, about, glyphs, background, given, styles: Vec::new() };
        theme.styles = Role::ALL.iter().map(|role| theme.resolved(*role)).collect();
        theme
    }

    fn resolved(&self, role: Role) -> Style {
        let mut from = role;
        let mut style = self.given(from);
        while let (None, Some(fallback)) = (style, from.fallback()) {
            from = fallback;
            style = self.given(from);
        }
        let style = style.unwrap_or_default();
        match (from, style.fg, style.bg) {
            (Role::Text, fg, bg) if role == Role::Text => {
                style.fg(fg.unwrap_or(Color::Reset)).bg(bg.unwrap_or(self.background))
            }
            // A role that falls back to plain text lets the row beneath show through.
            (Role::Text, ..) => Style { bg: None, ..style },
            _ => style,
        }
    }

    /// The name it was loaded by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is, in one line; empty when the file does not say.
    pub fn about(&self) -> &str {
        &self.about
    }

    /// How a role is drawn.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }

    /// What the theme's files themselves say of a role; none when it falls back.
    pub fn given(&self, role: Role) -> Option<Style> {
        self.given.get(role as usize).copied().flatten()
    }

    /// The background painted under everything; the terminal's own when that is `Color::Reset`.
    pub fn background(&self) -> Color {
        self.background
    }

    /// The characters to draw with.
    pub fn glyphs(&self) -> &'static Glyphs {
        Glyphs::of(self.glyphs)
    }

    /// The same theme with another set of characters.
    #[must_use]
    pub fn with_glyphs(mut self, set: GlyphSet) -> Self {
        self.glyphs = set;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_that_is_not_given_looks_like_its_fallback() {
        let given = vec![(Role::Text, Style::new().fg(Color::White)), (Role::Unhealthy, Style::new().fg(Color::Red))];
        let theme = Theme::from_given("t".into(), String::new(), GlyphSet::Ascii, Color::Rgb(1, 2, 3), given);
        assert_eq!(theme.style(Role::Fault), Style::new().fg(Color::Red));
        assert_eq!(theme.style(Role::Title), Style::new().fg(Color::White));
        assert_eq!(theme.style(Role::Text), Style::new().fg(Color::White).bg(Color::Rgb(1, 2, 3)));
        assert_eq!(theme.glyphs().ellipsis, "..");
        assert_eq!(Theme::plain().style(Role::Unhealthy), Style::new());
    }
}
