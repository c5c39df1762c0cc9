//! How many colours the terminal has, and what becomes of a theme where they are fewer than it was made for. States,
//! the row under the cursor and production stay visible at every depth.

use ratatui::style::{Color, Modifier, Style};

use super::book::shipped;
use super::colour::{ANSI, hue, luminance, rgb, to_256};
use super::glyphs::GlyphSet;
use super::{Role, Theme};

/// How many colours there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Depth {
    /// None: bold, underline and reverse alone.
    None,
    /// The sixteen that every terminal has.
    Ansi16,
    /// The palette of 256.
    Ansi256,
    /// Red, green and blue of 256 steps each.
    True,
}

/// What the environment says of the terminal: the values of the variables, empty when unset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terminal {
    /// `NO_COLOR` (<https://no-color.org>): any text in it means no colours.
    pub no_color: String,
    /// `COLORTERM`: `truecolor` or `24bit` where there are that many.
    pub colorterm: String,
    /// `TERM`.
    pub term: String,
    /// The first that is set of `LC_ALL`, `LC_CTYPE` and `LANG`.
    pub locale: String,
}

/// Terminals that have all colours and do not always say so in `COLORTERM`, over SSH for one.
const TRUE_COLOUR_TERMS: [&str; 6] = ["kitty", "alacritty", "foot", "wezterm", "ghostty", "-direct"];

impl Terminal {
    /// How many colours it has.
    pub fn depth(&self) -> Depth {
        if !self.no_color.is_empty() || self.term == "dumb" {
            return Depth::None;
        }
        if self.term == "linux" {
            return Depth::Ansi16;
        }
        if matches!(self.colorterm.as_str(), "truecolor" | "24bit")
            || TRUE_COLOUR_TERMS.iter().any(|t| self.term.contains(t))
        {
            return Depth::True;
        }
        if self.term.contains("256") { Depth::Ansi256 } else { Depth::Ansi16 }
    }

    /// The characters it can be trusted to show: the console of Linux has no shapes in its font, and a locale that
    /// names a character set other than UTF-8 cannot send them. None when nothing speaks against the theme's choice.
    pub fn glyphs(&self) -> Option<GlyphSet> {
        let locale = self.locale.to_lowercase();
        let utf8 = locale.is_empty() || locale.contains("utf-8") || locale.contains("utf8");
        let plain = matches!(self.term.as_str(), "linux" | "dumb") || !utf8;
        plain.then_some(GlyphSet::Ascii)
    }
}

impl Theme {
    /// The theme as a terminal of that depth can show it.
    #[must_use]
    pub fn adapted(&self, depth: Depth) -> Theme {
        let mut theme = self.clone();
        match depth {
            Depth::True => return theme,
            Depth::None => {
                theme.background = Color::Reset;
                // The theme without colours says which bold, underline and reverse stand for which state.
                let mono = shipped("mono").unwrap_or_else(Theme::plain);
                for (style, role) in theme.styles.iter_mut().zip(Role::ALL) {
                    *style = Style { fg: None, bg: None, underline_color: None, ..style.patch(mono.style(*role)) };
                }
            }
            Depth::Ansi16 => {
                theme.background = if sixteen(self.background) { by_name(self.background) } else { Color::Reset };
                let ansi = shipped("ansi").unwrap_or_else(Theme::plain);
                for (style, role) in theme.styles.iter_mut().zip(Role::ALL) {
                    *style = in_hues(*style, ansi.style(*role));
                }
            }
            Depth::Ansi256 => {
                theme.background = to_256(self.background);
                for (style, role) in theme.styles.iter_mut().zip(Role::ALL) {
                    *style = in_256(*style, *role, self.background);
                }
            }
        }
        theme
    }
}

/// Whether a colour is one of the sixteen, or the terminal's own.
fn sixteen(colour: Color) -> bool {
    !matches!(colour, Color::Rgb(..) | Color::Indexed(16..))
}

/// One of the first sixteen by its name: a terminal that has no more does not know the sequence for numbers.
fn by_name(colour: Color) -> Color {
    let Color::Indexed(number) = colour else { return colour };
    ANSI.get(usize::from(number)).map_or(colour, |(_, named)| *named)
}

/// A style where only sixteen colours are sure, and their shades are not: the ground is the terminal's, greys give way
/// to what the theme of sixteen colours does, and a hue stays that hue.
fn in_hues(style: Style, ansi: Style) -> Style {
    if style.fg.is_none_or(sixteen) && style.bg.is_none_or(sixteen) {
        return Style { fg: style.fg.map(by_name), bg: style.bg.map(by_name), ..style };
    }
    let fg = if style.bg.is_none_or(|bg| bg == Color::Reset) { style.fg } else { None };
    let fg = fg.and_then(|fg| if sixteen(fg) { Some(by_name(fg)) } else { hue(fg) });
    Style { fg: fg.or(ansi.fg), add_modifier: style.add_modifier | ansi.add_modifier, ..ansi }
}

/// A style in the palette of 256. Two colours that were different and have become one would hide what they told apart.
fn in_256(style: Style, role: Role, background: Color) -> Style {
    let beneath = to_256(background);
    let mut fitted = Style { fg: style.fg.map(to_256), bg: style.bg.map(to_256), ..style };
    if role != Role::Text && style.bg != Some(background) && fitted.bg == Some(beneath) {
        fitted.bg = None;
        if role.stands_out() {
            fitted = fitted.add_modifier(Modifier::REVERSED);
        }
    }
    let under = fitted.bg.unwrap_or(beneath);
    if fitted.fg == Some(under) && under != Color::Reset {
        let dark = rgb(under).is_none_or(|b| luminance(b) < 0.3);
        fitted.fg = Some(if dark { Color::Indexed(231) } else { Color::Indexed(16) });
    }
    fitted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terminal(no_color: &str, colorterm: &str, term: &str) -> Terminal {
        let owned = str::to_owned;
        Terminal { no_color: owned(no_color), colorterm: owned(colorterm), term: owned(term), locale: String::new() }
    }

    #[test]
    fn the_depth_is_what_the_environment_says() {
        assert_eq!(terminal("1", "truecolor", "xterm-256color").depth(), Depth::None);
        assert_eq!(terminal("", "truecolor", "xterm-256color").depth(), Depth::True);
        assert_eq!(terminal("", "", "xterm-kitty").depth(), Depth::True);
        assert_eq!(terminal("", "", "screen-256color").depth(), Depth::Ansi256);
        assert_eq!(terminal("", "", "screen").depth(), Depth::Ansi16);
        assert_eq!(terminal("", "", "dumb").depth(), Depth::None);
        assert_eq!(terminal("", "truecolor", "linux").depth(), Depth::Ansi16);
        assert_eq!(Terminal::default().depth(), Depth::Ansi16);
    }

    #[test]
    fn sixteen_colours_keep_hues_and_leave_the_ground_to_the_terminal() {
        let theme = shipped("light").unwrap().adapted(Depth::Ansi16);
        assert_eq!(theme.style(Role::Text), Style::new().fg(Color::Reset).bg(Color::Reset));
        assert_eq!(theme.style(Role::Healthy).fg, Some(Color::Green));
        assert_eq!(theme.style(Role::TierProduction).fg, Some(Color::Magenta));
        assert!(theme.style(Role::Selected).add_modifier.contains(Modifier::REVERSED));
        assert!(theme.style(Role::Dim).add_modifier.contains(Modifier::DIM));
        assert_eq!(by_name(Color::Indexed(9)), Color::LightRed);
    }

    #[test]
    fn shapes_are_drawn_only_where_they_can_be_seen() {
        assert_eq!(terminal("", "", "linux").glyphs(), Some(GlyphSet::Ascii));
        let locale = |locale: &str| Terminal { locale: locale.into(), ..terminal("", "", "xterm") }.glyphs();
        assert_eq!(locale("en_GB.UTF-8"), None);
        assert_eq!(locale("C.utf8"), None);
        assert_eq!(locale(""), None);
        assert_eq!(locale("C"), Some(GlyphSet::Ascii));
        assert_eq!(locale("de_DE.ISO-8859-1"), Some(GlyphSet::Ascii));
    }
}
