//! The forms in which a secret value is printed: as it is, each of its lines, and as encoders and shells write it. Only
//! makes them; looks for nothing.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Shorter values, in characters, would blank out ordinary words.
pub const SHORTEST: usize = 4;

/// Every form of a value.
pub(super) fn of(value: &str) -> Vec<Vec<u8>> {
    let value = value.trim_end_matches(['\r', '\n']);
    if value.chars().count() < SHORTEST {
        return Vec::new();
    }
    let mut forms = Vec::new();
    let plain = crate::model::Text::line(value);
    let lines = value.lines().map(str::trim).filter(|l| l.chars().count() >= SHORTEST);
    // As cleaned text shows it: several lines in one.
    for part in std::iter::once(value).chain(lines).chain([plain.as_str()]) {
        forms.push(part.as_bytes().to_vec());
        forms.extend(encoded(part).into_iter().map(String::into_bytes));
    }
    // A terminal turns the end of a line into two bytes.
    forms.push(value.replace('\n', "\r\n").into_bytes());
    forms.extend(in_base64(value.as_bytes()).into_iter().map(String::into_bytes));
    forms.retain(|form| form.len() >= SHORTEST);
    forms
}

fn encoded(value: &str) -> Vec<String> {
    let json = serde_json::to_string(value).unwrap_or_default();
    let json = json.strip_prefix('"').and_then(|j| j.strip_suffix('"')).unwrap_or_default().to_owned();
    let slashes = json.replace('/', "\\/");
    vec![
        // In single quotes, as `printf %q` has it, in double quotes.
        value.replace('\'', "'\\''"),
        value.replace('\'', "'\"'\"'"),
        escaped(value, |c| !c.is_ascii_alphanumeric() && !"_-./:=@%+,".contains(c)),
        escaped(value, |c| !c.is_ascii_alphanumeric() && !"_-./:=@%+".contains(c)),
        escaped(value, |c| "\"\\$`".contains(c)),
        percent(value, "-_.~", true),
        percent(value, "-_.~", false),
        // As a form sends it, and as JavaScript's two ways leave more characters alone.
        percent(value, "-_.* ", true).replace(' ', "+"),
        percent(value, "-_.!~*'()", true),
        percent(value, "-_.!~*'();/?:@&=+$,#", true),
        json,
        slashes,
    ]
}

fn escaped(value: &str, needs: impl Fn(char) -> bool) -> String {
    value.chars().flat_map(|c| needs(c).then_some('\\').into_iter().chain([c])).collect()
}

fn percent(value: &str, kept: &str, capitals: bool) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || (byte.is_ascii() && kept.contains(c)) {
            text.push(c);
        } else if capitals {
            text.push_str(&format!("%{byte:02X}"));
        } else {
            text.push_str(&format!("%{byte:02x}"));
        }
    }
    text
}

/// Alone, and in the middle of something longer (`user:password`): there the first and the last characters depend on
/// what stands beside it, and are left out.
fn in_base64(value: &[u8]) -> Vec<String> {
    let mut forms = Vec::new();
    for shift in 0..3 {
        let mut padded = vec![0; shift];
        padded.extend_from_slice(value);
        // Of `shift` bytes before it come so many characters that are not its own alone.
        let before = [0, 2, 3].get(shift).copied().unwrap_or_default();
        let whole = usize::from(!padded.len().is_multiple_of(3));
        for text in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            let inner = text.get(before..text.len().saturating_sub(whole)).unwrap_or_default();
            if inner.len() >= 2 * SHORTEST {
                forms.push(inner.to_owned());
            }
            if shift == 0 {
                forms.push(text);
            }
        }
    }
    forms
}
