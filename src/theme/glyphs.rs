//! The characters that themes draw with, in two sets: Unicode, and ASCII for consoles and fonts without the others.
//! Every glyph is one cell wide unless it says otherwise.

use ratatui::symbols::border;

use crate::model::{Health, LinkState};

/// Which set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum GlyphSet {
    /// Geometric shapes, blocks and rounded frames.
    #[default]
    Unicode,
    /// Printable ASCII alone.
    Ascii,
}

/// The characters of one set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// Which set this is.
    pub set: GlyphSet,
    healthy: &'static str,
    degraded: &'static str,
    unhealthy: &'static str,
    unknown: &'static str,
    stale: &'static str,
    paused: &'static str,
    idle: &'static str,
    connecting: &'static str,
    /// Steps of a sparkline, lowest first.
    pub spark: [&'static str; 8],
    /// Frames.
    pub border: border::Set<'static>,
    /// Stands for text cut off. One cell in Unicode, two in ASCII.
    pub ellipsis: &'static str,
    /// Before a marked row.
    pub mark: &'static str,
    /// Before the row under the cursor.
    pub cursor: &'static str,
    /// Before a line that belongs to the row above it.
    pub tree: &'static str,
    /// Between parts of a line.
    pub separator: &'static str,
    /// A rule between two columns of text.
    pub column: &'static str,
    /// A horizontal rule.
    pub rule: &'static str,
    /// A value that does not apply. What is not known is `?` instead.
    pub missing: &'static str,
    /// From one value to the next. One cell in Unicode, two in ASCII.
    pub arrow: &'static str,
    /// How often: `×37`.
    pub times: &'static str,
    /// Stands for a character that is not shown.
    pub hidden: &'static str,
}

impl Glyphs {
    /// The characters of a set.
    pub fn of(set: GlyphSet) -> &'static Glyphs {
        match set {
            GlyphSet::Unicode => &UNICODE,
            GlyphSet::Ascii => &ASCII,
        }
    }

    /// The glyph of a state.
    pub fn health(&self, health: Health) -> &'static str {
        match health {
            Health::Healthy => self.healthy,
            Health::Degraded => self.degraded,
            Health::Unhealthy => self.unhealthy,
            Health::Unknown => self.unknown,
            Health::Stale => self.stale,
            Health::Paused => self.paused,
        }
    }

    /// The glyph of a connection to a host. What is lost and what is refused are told apart by their words.
    pub fn link(&self, state: LinkState) -> &'static str {
        match state {
            LinkState::Live => self.healthy,
            LinkState::Degraded => self.degraded,
            LinkState::Idle => self.idle,
            LinkState::Connecting => self.connecting,
            LinkState::Lost | LinkState::Refused => self.unhealthy,
        }
    }
}

static UNICODE: Glyphs = Glyphs {
    set: GlyphSet::Unicode,
    healthy: "●",
    degraded: "▲",
    unhealthy: "✕",
    unknown: "?",
    stale: "◌",
    paused: "‖",
    idle: "○",
    connecting: "◐",
    spark: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    border: border::ROUNDED,
    ellipsis: "…",
    mark: "◆",
    cursor: "▌",
    tree: "│",
    separator: "·",
    column: "│",
    rule: "─",
    missing: "—",
    arrow: "→",
    times: "×",
    hidden: "•",
};

static ASCII: Glyphs = Glyphs {
    set: GlyphSet::Ascii,
    healthy: "+",
    degraded: "!",
    unhealthy: "x",
    unknown: "?",
    stale: "~",
    paused: "=",
    idle: "o",
    connecting: "/",
    spark: [".", ",", ":", ";", "o", "O", "8", "#"],
    border: border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: "|",
        vertical_right: "|",
        horizontal_top: "-",
        horizontal_bottom: "-",
    },
    ellipsis: "..",
    mark: "*",
    cursor: ">",
    tree: "|",
    separator: "-",
    column: "|",
    rule: "-",
    missing: "-",
    arrow: "->",
    times: "x",
    hidden: "*",
};

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn states_are_told_apart_by_glyph_alone_in_both_sets() {
        for glyphs in [&UNICODE, &ASCII] {
            let mut all: Vec<&str> = Health::ALL.iter().map(|h| glyphs.health(*h)).collect();
            assert!(all.iter().all(|g| g.width() == 1), "{all:?}");
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), Health::ALL.len());
            let others = [LinkState::Idle, LinkState::Connecting].map(|l| glyphs.link(l));
            assert!(others.iter().all(|g| g.width() == 1 && !all.contains(g)) && others[0] != others[1], "{others:?}");
        }
    }

    #[test]
    fn the_ascii_set_is_ascii() {
        assert!(format!("{ASCII:?}").is_ascii());
    }
}
