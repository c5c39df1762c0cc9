//! Message templates as Serilog and its kin write them: `Order {OrderId} took {Elapsed:0.0} ms`. Puts values where their
//! names stand; formats nothing by itself.

use std::borrow::Cow;

use memchr::memchr2;

use super::scan::Scan;

/// A template with its values in place, and the names that were used.
pub(super) struct Rendered {
    pub text: Vec<u8>,
    pub used: Vec<Vec<u8>>,
}

/// Puts values into a template. `formatted` are the values of names that ask for a format, in their order; a name
/// without a value stays as it is.
pub(super) fn render<'v>(
    template: &[u8],
    value: impl Fn(&[u8]) -> Option<Cow<'v, [u8]>>,
    mut formatted: impl Iterator<Item = Cow<'v, [u8]>>,
) -> Rendered {
    let mut rendered = Rendered { text: Vec::with_capacity(template.len() + 32), used: Vec::new() };
    let mut rest = template;
    while let Some(at) = memchr2(b'{', b'}', rest) {
        let (plain, from) = rest.split_at(at);
        rendered.text.extend_from_slice(plain);
        rest = match from {
            [b'{', b'{', more @ ..] | [b'}', b'}', more @ ..] => {
                rendered.text.extend_from_slice(from.get(..1).unwrap_or_default());
                more
            }
            _ => {
                let (hole, more) = from.split_at(hole(from).unwrap_or(1));
                let name = name(hole);
                let ready = hole.contains(&b':').then(|| formatted.next()).flatten();
                match value(name).filter(|_| !name.is_empty()) {
                    Some(value) => {
                        rendered.text.extend_from_slice(&ready.unwrap_or(value));
                        rendered.used.push(name.to_vec());
                    }
                    None => rendered.text.extend_from_slice(hole),
                }
                more
            }
        };
    }
    rendered.text.extend_from_slice(rest);
    rendered
}

/// How long the `{Name}` at the head of a text is.
fn hole(text: &[u8]) -> Option<usize> {
    let inside = text.strip_prefix(b"{")?;
    let end = memchr2(b'{', b'}', inside)?;
    (inside.get(end) == Some(&b'}')).then_some(end + 2)
}

/// `{@Name,10:000}` is `Name`.
fn name(hole: &[u8]) -> &[u8] {
    let mut scan = Scan(hole);
    scan.take_while(|b| matches!(b, b'{' | b'@' | b'$'));
    scan.take_while(|b| !matches!(b, b',' | b':' | b'}'))
}
