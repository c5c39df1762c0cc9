//! A pattern looked for in many lines at once: most of them do not hold it, and need not be told apart for that. Knows no
//! times and no levels; holds no lines.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memrchr};
use regex::bytes::{Regex, RegexBuilder};

use super::split::Splitter;

/// So many matches over the end of a line, and the rest is read line by line.
pub(super) const PATIENCE: usize = 16;

/// Finds the lines that hold a pattern.
#[derive(Debug, Clone)]
pub struct Sift {
    grep: Regex,
    /// The pattern for many lines, if it means the same there.
    wide: Option<Regex>,
    /// The lines without it are wanted.
    invert: bool,
    /// The pattern may ask for the end of a line.
    ends: bool,
}

impl Sift {
    /// For the lines that hold the pattern or, if `invert`, those that do not.
    pub fn new(grep: &Regex, invert: bool) -> Self {
        Self { grep: grep.clone(), wide: wide(grep), invert, ends: grep.as_str().contains('$') }
    }

    /// Tells where the lines stand that are wanted, in their order and without their ends. The text is whole lines; the
    /// last one may lack its end. Of a line that is too long, what a [`Splitter`] leaves of it is looked at.
    pub fn each(&self, text: &[u8], sink: &mut dyn FnMut(Range<usize>)) {
        if !self.invert {
            return self.holding(text, sink);
        }
        let mut next = 0;
        self.holding(text, &mut |found| {
            lines(text, next..found.start, sink);
            next = end_of(text, found.start);
        });
        lines(text, next..text.len(), sink);
    }

    fn holding(&self, text: &[u8], sink: &mut dyn FnMut(Range<usize>)) {
        // What stands before the newline counts there, and not in the line.
        let is_plain = !self.ends || memchr(b'\r', text).is_none();
        let Some(wide) = self.wide.as_ref().filter(|_| is_plain) else { return self.slowly(text, 0, sink) };
        let (mut at, mut strays) = (0, 0);
        while let Some(found) = (at < text.len()).then(|| wide.find_at(text, at)).flatten() {
            let before = text.get(at..found.start()).unwrap_or_default();
            let start = memrchr(b'\n', before).map_or(at, |end| at + end + 1);
            if start >= text.len() {
                return;
            }
            let next = end_of(text, start);
            let line = start..without_end(text, start, next);
            // What ends in the same line is a match of that line; what goes over its end may be none, and is slow.
            let inside = found.end() <= line.end && line.len() <= Splitter::MOST;
            if inside || self.grep.is_match(&cut(text, &line)) {
                sink(line);
            }
            strays += usize::from(!inside);
            at = next;
            if strays > PATIENCE {
                return self.slowly(text, at, sink);
            }
        }
    }

    fn slowly(&self, text: &[u8], from: usize, sink: &mut dyn FnMut(Range<usize>)) {
        lines(text, from..text.len(), &mut |line| {
            if self.grep.is_match(&cut(text, &line)) {
                sink(line);
            }
        });
    }
}

/// Where the next line begins.
fn end_of(text: &[u8], start: usize) -> usize {
    memchr(b'\n', text.get(start..).unwrap_or_default()).map_or(text.len(), |end| start + end + 1)
}

/// The end of a line without what ends it. A return alone ends none.
fn without_end(text: &[u8], start: usize, next: usize) -> usize {
    match text.get(start..next) {
        Some([.., b'\r', b'\n']) => next - 2,
        Some([.., b'\n']) => next - 1,
        _ => next,
    }
}

/// Every line that begins in a part of a text.
pub fn lines(text: &[u8], part: Range<usize>, sink: &mut dyn FnMut(Range<usize>)) {
    let mut at = part.start;
    while at < part.end {
        let next = end_of(text, at);
        sink(at..without_end(text, at, next));
        at = next;
    }
}

/// A line of a text as a [`Splitter`] gives it.
pub fn cut<'t>(text: &'t [u8], line: &Range<usize>) -> Cow<'t, [u8]> {
    let line = text.get(line.clone()).unwrap_or_default();
    match line.get(..Splitter::MOST) {
        Some(head) if line.len() > Splitter::MOST => Cow::Owned([head, Splitter::CUT.as_bytes()].concat()),
        _ => Cow::Borrowed(line),
    }
}

/// The same pattern for many lines at once, or none if it could mean something else there: `\A` and `\z` know no lines,
/// and flags that are taken away could be those that lines need.
pub(super) fn wide(grep: &Regex) -> Option<Regex> {
    let pattern = grep.as_str();
    let unsure = pattern.contains("\\A") || pattern.contains("\\z") || takes_flags(pattern) || pattern.contains("(?x");
    if unsure {
        return None;
    }
    RegexBuilder::new(pattern).multi_line(true).size_limit(8 << 20).build().ok()
}

/// Whether a group like `(?-u)`, `(?i-m:` or `(?R)` stands in the pattern.
fn takes_flags(pattern: &str) -> bool {
    pattern.split("(?").skip(1).any(|group| {
        let flags = group.split([':', ')', '<', 'P']).next().unwrap_or_default();
        flags.contains(['-', 'R', 'm', 'x'])
    })
}
