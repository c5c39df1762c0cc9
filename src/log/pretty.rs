//! A line of JSON or logfmt on many lines, for people to read: indented, in the order in which it was written, texts with
//! newlines on lines of their own. Leaves nothing out without saying so, and hands out nothing that is not cleaned.

use memchr::memchr_iter;

use super::json::{Items, Members, Value};
use super::pairs::pairs;
use crate::model::Text;

/// How many lines there are at most, with the one that tells how many are left out.
const MOST: usize = 400;
/// How deep objects are taken apart; what is deeper stays on one line.
const DEPTH: usize = 32;
/// How long a line may be, in characters.
const LONGEST: usize = 8 * 1024;

/// The line on many lines, or none if it is text. Every line is safe for a screen.
pub fn pretty(line: &[u8]) -> Option<Vec<String>> {
    let mut page = Page::default();
    if object(line, &mut page).is_none() {
        for (name, value) in pairs(line)? {
            let name = String::from_utf8_lossy(name);
            match value {
                Value::Text(_) => page.text(0, &format!("{name}="), &value, ""),
                Value::Bare(raw) | Value::Nested(raw) => {
                    page.put(0, &format!("{name}={}", String::from_utf8_lossy(raw)));
                }
            }
        }
    }
    Some(page.lines())
}

/// A JSON object, at most with a head before it and something behind it.
fn object(line: &[u8], page: &mut Page) -> Option<()> {
    let mut colours = super::scan::Scan(line);
    colours.skip_colours();
    let (head, text) = memchr_iter(b'{', colours.0).take(4).find_map(|at| {
        let (head, text) = colours.0.split_at(at);
        let mut members = Members::of(text)?;
        (members.next().is_some() || (head.is_empty() && text.trim_ascii() == b"{}")).then_some((head, text))
    })?;
    if !head.trim_ascii().is_empty() {
        page.put(0, &String::from_utf8_lossy(head));
    }
    let rest = page.members(Members::of(text)?, 0, "", "");
    if !rest.is_empty() {
        page.put(0, &String::from_utf8_lossy(rest));
    }
    Some(())
}

/// The lines so far, and how many more there would be.
#[derive(Default)]
struct Page {
    lines: Vec<String>,
    more: usize,
}

impl Page {
    fn put(&mut self, depth: usize, text: &str) {
        if self.lines.len() >= MOST {
            self.more += 1;
            return;
        }
        let text = text.replace('\t', "    ");
        self.lines.push(format!("{}{}", "  ".repeat(depth), Text::line_at_most(&text, LONGEST)));
    }

    fn lines(mut self) -> Vec<String> {
        if self.more > 0 {
            self.lines.pop();
            self.lines.push(format!("… {} more lines are left out", self.more + 1));
        }
        self.lines
    }

    /// An object with what stands before and behind it; gives what comes behind in the line.
    fn members<'a>(&mut self, mut members: Members<'a>, depth: usize, before: &str, behind: &str) -> &'a [u8] {
        if members.rest().starts_with(b"}") {
            self.put(depth, &format!("{before}{{}}{behind}"));
        } else {
            self.put(depth, &format!("{before}{{"));
            let mut next = members.next();
            while let Some((name, value)) = next {
                next = members.next();
                let name = format!("{}: ", quoted(&Value::Text(name)));
                self.value(&value, depth + 1, &name, if next.is_some() { "," } else { "" });
            }
            if members.rest().starts_with(b"}") {
                self.put(depth, &format!("}}{behind}"));
            }
        }
        let rest = members.rest();
        rest.strip_prefix(b"}").unwrap_or(rest).trim_ascii()
    }

    fn value(&mut self, value: &Value<'_>, depth: usize, before: &str, behind: &str) {
        match value {
            Value::Text(_) => self.text(depth, before, value, behind),
            Value::Nested(raw) if depth < DEPTH => {
                if let Some(members) = Members::of(raw) {
                    self.members(members, depth, before, behind);
                } else if let Some(mut items) = Items::of(raw) {
                    let mut next = items.next();
                    if next.is_none() {
                        return self.put(depth, &format!("{before}{}{behind}", String::from_utf8_lossy(raw)));
                    }
                    self.put(depth, &format!("{before}["));
                    while let Some(item) = next {
                        next = items.next();
                        self.value(&item, depth + 1, "", if next.is_some() { "," } else { "" });
                    }
                    self.put(depth, &format!("]{behind}"));
                } else {
                    self.put(depth, &format!("{before}{}{behind}", String::from_utf8_lossy(raw)));
                }
            }
            Value::Bare(raw) | Value::Nested(raw) => {
                self.put(depth, &format!("{before}{}{behind}", String::from_utf8_lossy(raw)));
            }
        }
    }

    /// A text in quotes; one with newlines inside on several lines.
    fn text(&mut self, depth: usize, before: &str, value: &Value<'_>, behind: &str) {
        let plain = value.plain();
        let plain = String::from_utf8_lossy(&plain);
        if !plain.trim_end().contains('\n') {
            return self.put(depth, &format!("{before}{}{behind}", quoted(value)));
        }
        let mut lines = plain.trim_end().lines().peekable();
        let mut open = format!("{before}\"");
        let mut depth = depth;
        while let Some(line) = lines.next() {
            let close = if lines.peek().is_none() { format!("\"{behind}") } else { String::new() };
            self.put(depth, &format!("{open}{line}{close}"));
            if !open.is_empty() {
                open.clear();
                depth += 1;
            }
        }
    }
}

/// A text as JSON writes it, with escapes only where they must be.
fn quoted(value: &Value<'_>) -> String {
    let plain = value.plain();
    let plain = String::from_utf8_lossy(&plain);
    serde_json::to_string(&*plain).unwrap_or_default()
}
