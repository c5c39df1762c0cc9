//! Colours: reading them, fitting them to terminals that have fewer, and measuring how well they are read. Pure.

use ratatui::style::Color;

/// The names of the sixteen colours that every terminal has, by number, and the colour that ratatui calls them.
pub const ANSI: [(&str, Color); 16] = [
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("white", Color::Gray),
    ("bright-black", Color::DarkGray),
    ("bright-red", Color::LightRed),
    ("bright-green", Color::LightGreen),
    ("bright-yellow", Color::LightYellow),
    ("bright-blue", Color::LightBlue),
    ("bright-magenta", Color::LightMagenta),
    ("bright-cyan", Color::LightCyan),
    ("bright-white", Color::White),
];

/// The word for the terminal's own colour.
pub const DEFAULT: &str = "default";

/// Reads `default`, an ANSI name, `#rrggbb` or a number from 0 to 255.
pub fn parse(text: &str) -> Option<Color> {
    if text == DEFAULT {
        return Some(Color::Reset);
    }
    if let Some((_, colour)) = ANSI.iter().find(|(name, _)| *name == text) {
        return Some(*colour);
    }
    if let Some(digits) = text.strip_prefix('#') {
        let six = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        let number = if six { u32::from_str_radix(digits, 16).ok()? } else { return None };
        let [_, r, g, b] = number.to_be_bytes();
        return Some(Color::Rgb(r, g, b));
    }
    let number = text.bytes().all(|b| b.is_ascii_digit());
    if number { text.parse().ok().map(Color::Indexed) } else { None }
}

/// The colour as themes write it.
pub fn word(colour: Color) -> String {
    match colour {
        Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        Color::Indexed(n) => n.to_string(),
        other => ANSI.iter().find(|(_, c)| *c == other).map_or(DEFAULT, |(name, _)| name).to_owned(),
    }
}

/// Red, green and blue, where they are certain: the first sixteen colours and the default are the terminal's own.
pub fn rgb(colour: Color) -> Option<(u8, u8, u8)> {
    match colour {
        Color::Rgb(r, g, b) => Some((r, g, b)),
        Color::Indexed(n @ 232..=255) => {
            let grey = 8 + (n - 232) * 10;
            Some((grey, grey, grey))
        }
        Color::Indexed(n @ 16..=231) => {
            let step = |n: u8| if n == 0 { 0 } else { 55 + n * 40 };
            let n = n - 16;
            Some((step(n / 36), step(n / 6 % 6), step(n % 6)))
        }
        _ => None,
    }
}

/// Relative luminance as WCAG 2 defines it, 0 (black) to 1 (white).
pub fn luminance((r, g, b): (u8, u8, u8)) -> f64 {
    let linear = |channel: u8| {
        let c = f64::from(channel) / 255.0;
        if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

/// Contrast ratio as WCAG 2 defines it, 1 to 21; none where a colour is the terminal's own.
pub fn contrast(one: Color, other: Color) -> Option<f64> {
    let (one, other) = (luminance(rgb(one)?), luminance(rgb(other)?));
    Some((one.max(other) + 0.05) / (one.min(other) + 0.05))
}

/// The nearest of the 240 colours of the 256-colour palette that no terminal redefines.
pub fn to_256(colour: Color) -> Color {
    let Color::Rgb(red, green, blue) = colour else { return colour };
    let distance = |number: u8| {
        let (x, y, z) = rgb(Color::Indexed(number)).unwrap_or_default();
        let square = |one: u8, other: u8| (i32::from(one) - i32::from(other)).pow(2);
        // The eye weighs green most; blue weighs more here than in luminance, because it still tells hues apart.
        2 * square(red, x) + 4 * square(green, y) + 3 * square(blue, z)
    };
    (16..=255).min_by_key(|number| distance(*number)).map_or(colour, Color::Indexed)
}

/// The plain ANSI colour of the same hue; none for a grey and for what is the terminal's own. By hue and not by
/// distance, because a calm red is nearer to grey than to the ANSI red; never a bright one, because terminals give
/// those other meanings.
pub fn hue(colour: Color) -> Option<Color> {
    let (red, green, blue) = rgb(colour)?;
    let (high, low) = (red.max(green).max(blue), red.min(green).min(blue));
    let chroma = f64::from(high - low);
    if chroma < 40.0 {
        return None;
    }
    let across = |one: u8, other: u8| (f64::from(one) - f64::from(other)) / chroma;
    let sixth = match high {
        h if h == red => across(green, blue).rem_euclid(6.0),
        h if h == green => across(blue, red) + 2.0,
        _ => across(red, green) + 4.0,
    };
    // Not the middle of each sixth: orange is a kind of red, violet a kind of magenta, and sky is blue.
    let edges = [
        (0.6, Color::Red),
        (1.5, Color::Yellow),
        (2.5, Color::Green),
        (3.4, Color::Cyan),
        (4.35, Color::Blue),
        (5.5, Color::Magenta),
    ];
    Some(edges.iter().find(|(edge, _)| sixth < *edge).map_or(Color::Red, |(_, colour)| *colour))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_as_they_are_written() {
        for text in ["default", "bright-black", "white", "#39c5cf", "0", "255"] {
            assert_eq!(word(parse(text).unwrap()), text);
        }
        for bad in ["", "#", "#fff", "#39c5cg", "256", "-1", "+1", "grey", "#é1234"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn hues_survive_when_colours_get_fewer() {
        let of = |text: &str| hue(parse(text).unwrap());
        assert_eq!(of("#f2848b"), Some(Color::Red));
        assert_eq!(of("#b3241c"), Some(Color::Red));
        assert_eq!(of("#ffae57"), Some(Color::Red));
        assert_eq!(of("#e3b65f"), Some(Color::Yellow));
        assert_eq!(of("#216838"), Some(Color::Green));
        assert_eq!(of("#6cb8dc"), Some(Color::Cyan));
        assert_eq!(of("#5a9ede"), Some(Color::Blue));
        assert_eq!(of("#c9a2f2"), Some(Color::Magenta));
        assert_eq!(of("196"), Some(Color::Red));
        assert_eq!(of("#95a1b2"), None);
        assert_eq!(of("default"), None);
        assert_eq!(to_256(Color::Rgb(255, 0, 0)), Color::Indexed(196));
        assert_eq!(to_256(Color::Rgb(0x80, 0x80, 0x80)), Color::Indexed(244));
    }

    #[test]
    fn contrast_of_black_on_white_is_twenty_one() {
        let ratio = contrast(Color::Rgb(0, 0, 0), Color::Rgb(255, 255, 255)).unwrap();
        assert!((ratio - 21.0).abs() < 0.01, "{ratio}");
        assert_eq!(contrast(Color::Red, Color::Rgb(0, 0, 0)), None);
    }
}
