//! How many colours the terminal has, and what becomes of a theme where they are fewer than it was made for. States,
//! the row under the cursor and production stay visible at every depth.

use ratatui::style::{Color, Modifier, Style};

use super::book::shipped;
use super::colour::{luminance, rgb, to_16, to_256};
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
            Depth::Ansi256 | Depth::Ansi16 => {
                let fit = if depth == Depth::Ansi256 { to_256 } else { to_16 };
                theme.background = fit(self.background);
                for (style, role) in theme.styles.iter_mut().zip(Role::ALL) {
                    *style = fitted(*style, *role, self.background, fit);
                }
            }
        }
        theme
    }
}

/// A style with fewer colours. Two colours that were different and have become one would hide what they told apart.
fn fitted(style: Style, role: Role, background: Color, fit: fn(Color) -> Color) -> Style {
    let beneath = fit(background);
    let mut fitted = Style { fg: style.fg.map(fit), bg: style.bg.map(fit), ..style };
    if role != Role::Text && style.bg != Some(background) && fitted.bg == Some(beneath) {
        fitted.bg = None;
        if role.stands_out() {
            fitted = fitted.add_modifier(Modifier::REVERSED);
        }
    }
    let under = fitted.bg.unwrap_or(beneath);
    if fitted.fg == Some(under) && under != Color::Reset {
        let dark = style.bg.or(Some(background)).and_then(rgb).is_none_or(|b| luminance(b) < 0.3);
        fitted.fg = Some(if dark { Color::White } else { Color::Black });
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
