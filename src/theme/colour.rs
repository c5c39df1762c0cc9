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

/// The ANSI colour of the same hue. By hue and not by distance: a calm red is nearer to grey than to the ANSI red.
pub fn to_16(colour: Color) -> Color {
    if let Color::Indexed(n @ 0..=15) = colour {
        return ANSI.get(usize::from(n)).map_or(colour, |(_, c)| *c);
    }
    let Some((r, g, b)) = rgb(colour) else { return colour };
    let (high, low) = (r.max(g).max(b), r.min(g).min(b));
    let chroma = high - low;
    if chroma < 40 {
        return match luminance((r, g, b)) {
            l if l < 0.045 => Color::Black,
            l if l < 0.20 => Color::DarkGray,
            l if l < 0.60 => Color::Gray,
            _ => Color::White,
        };
    }
    let (r, g, b, c) = (f64::from(r), f64::from(g), f64::from(b), f64::from(chroma));
    let sixth = if high == r as u8 {
        ((g - b) / c).rem_euclid(6.0)
    } else if high == g as u8 {
        (b - r) / c + 2.0
    } else {
        (r - g) / c + 4.0
    };
    let hue = sixth.round() as u8 % 6;
    let bright = u16::from(high) + u16::from(low) > 340;
    match (hue, bright) {
        (0, false) => Color::Red,
        (0, true) => Color::LightRed,
        (1, false) => Color::Yellow,
        (1, true) => Color::LightYellow,
        (2, false) => Color::Green,
        (2, true) => Color::LightGreen,
        (3, false) => Color::Cyan,
        (3, true) => Color::LightCyan,
        (4, false) => Color::Blue,
        (4, true) => Color::LightBlue,
        (_, false) => Color::Magenta,
        (_, true) => Color::LightMagenta,
    }
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
        assert_eq!(to_16(Color::Rgb(0xef, 0x7f, 0x86)), Color::LightRed);
        assert_eq!(to_16(Color::Rgb(0xb3, 0x26, 0x1e)), Color::Red);
        assert_eq!(to_16(Color::Rgb(0xe0, 0xb4, 0x5c)), Color::Yellow);
        assert_eq!(to_16(Color::Rgb(0x2d, 0x7a, 0x3e)), Color::Green);
        assert_eq!(to_16(Color::Indexed(9)), Color::LightRed);
        assert_eq!(to_256(Color::Rgb(255, 0, 0)), Color::Indexed(196));
        assert_eq!(to_256(Color::Rgb(0x80, 0x80, 0x80)), Color::Indexed(244));
        assert_eq!(to_16(Color::Reset), Color::Reset);
    }

    #[test]
    fn contrast_of_black_on_white_is_twenty_one() {
        let ratio = contrast(Color::Rgb(0, 0, 0), Color::Rgb(255, 255, 255)).unwrap();
        assert!((ratio - 21.0).abs() < 0.01, "{ratio}");
        assert_eq!(contrast(Color::Red, Color::Rgb(0, 0, 0)), None);
    }
}
