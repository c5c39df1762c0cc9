//! What one field of a line must say: `status>=500`, `user!=alice`, `path~^/api`. Judges the value alone; where it stands
//! in a line is not its business.

use regex::bytes::Regex;

use super::pattern;

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldOp {
    /// `=`: the same text, or a status of the class (`5xx`).
    Is,
    /// `!=`: another.
    IsNot,
    /// `>`: a greater number.
    Above,
    /// `>=`: no smaller number.
    AtLeast,
    /// `<`: a smaller number.
    Below,
    /// `<=`: no greater number.
    AtMost,
    /// `~`: the pattern is found in it.
    Like,
}

impl FieldOp {
    /// Longer signs before those that they begin with.
    const SIGNS: [(&'static str, Self); 7] = [
        ("!=", Self::IsNot),
        (">=", Self::AtLeast),
        ("<=", Self::AtMost),
        (">", Self::Above),
        ("<", Self::Below),
        ("=", Self::Is),
        ("~", Self::Like),
    ];

    /// The sign, as it is written.
    pub fn sign(self) -> &'static str {
        Self::SIGNS.into_iter().find_map(|(sign, op)| (op == self).then_some(sign)).unwrap_or_default()
    }
}

/// What a field must say. A line without the field is not wanted, whatever the test.
#[derive(Debug, Clone)]
pub struct FieldTest {
    /// The name of the field.
    pub name: String,
    /// How its value is compared.
    pub op: FieldOp,
    /// With what.
    pub value: String,
    with: With,
}

/// The value, made ready.
#[derive(Debug, Clone)]
enum With {
    Text,
    /// `5xx`: the first of three digits.
    Class(u8),
    Number(f64),
    Pattern(Regex),
}

impl FieldTest {
    /// From `name=value`, and so with `!=`, `>`, `>=`, `<`, `<=` and `~`. The first sign counts. The error says what
    /// to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let at = text.find(['=', '!', '<', '>', '~']).unwrap_or(text.len());
        let (name, rest) = text.split_at_checked(at).unwrap_or((text, ""));
        let signed = FieldOp::SIGNS.into_iter().find_map(|(sign, op)| Some((op, rest.strip_prefix(sign)?)));
        match (name.trim(), signed) {
            (name, Some((op, value))) if !name.is_empty() => Self::new(name, op, value),
            _ => Err(format!("\"{text}\" tests no field; write name=value, or !=, >, >=, <, <=, ~ between the two")),
        }
    }

    /// From its parts.
    pub fn new(name: &str, op: FieldOp, value: &str) -> Result<Self, String> {
        let with = match op {
            FieldOp::Is | FieldOp::IsNot => class(value).map_or(With::Text, With::Class),
            FieldOp::Like => {
                With::Pattern(pattern(value).map_err(|e| format!("\"{name}~{value}\" is no regular expression: {e}"))?)
            }
            FieldOp::Above | FieldOp::AtLeast | FieldOp::Below | FieldOp::AtMost => {
                let sign = op.sign();
                let told = || format!("\"{name}{sign}{value}\" compares with no number; write {name}{sign}500");
                With::Number(number(value.as_bytes()).ok_or_else(told)?)
            }
        };
        Ok(Self { name: name.to_owned(), op, value: value.to_owned(), with })
    }

    /// `name` is `value`, letter for letter (but for `5xx`).
    pub fn is(name: &str, value: &str) -> Self {
        let with = class(value).map_or(With::Text, With::Class);
        Self { name: name.to_owned(), op: FieldOp::Is, value: value.to_owned(), with }
    }

    /// The text that the field must be, where only one will do: what to search for before a line is taken apart.
    pub fn exact(&self) -> Option<&str> {
        (self.op == FieldOp::Is && matches!(self.with, With::Text)).then_some(self.value.as_str())
    }

    /// Whether the value of the field is as it must be.
    pub fn is_met(&self, value: &[u8]) -> bool {
        let same = match &self.with {
            With::Text => value == self.value.as_bytes(),
            With::Class(first) => {
                value == self.value.as_bytes()
                    || matches!(value, [a, b, c] if a == first && b.is_ascii_digit() && c.is_ascii_digit())
            }
            With::Pattern(pattern) => return pattern.is_match(value),
            With::Number(limit) => {
                return number(value).is_some_and(|n| match self.op {
                    FieldOp::Above => n > *limit,
                    FieldOp::AtLeast => n >= *limit,
                    FieldOp::Below => n < *limit,
                    _ => n <= *limit,
                });
            }
        };
        same == (self.op == FieldOp::Is)
    }
}

impl PartialEq for FieldTest {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.op, &self.value) == (&other.name, other.op, &other.value)
    }
}

impl std::fmt::Display for FieldTest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}{}", self.name, self.op.sign(), self.value)
    }
}

fn class(value: &str) -> Option<u8> {
    match value.as_bytes() {
        [first @ b'1'..=b'5', b'x' | b'X', b'x' | b'X'] => Some(*first),
        _ => None,
    }
}

fn number(value: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(value).ok()?.trim();
    text.parse().ok().filter(|n: &f64| n.is_finite())
}
