//! Cuts the Markdown of a runbook into blocks: front matter, headings, prose, fenced blocks that are steps, boxes to tick.
//! Every block knows where it stands. Judges nothing and knows no step.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::attributes;
use super::prose::Writer;
use crate::model::Text;
use crate::model::runbook::{Prose, Shape};
use crate::settings::Place;

/// A text cut into blocks.
#[derive(Debug)]
pub struct Scanned {
    /// Its number among the files.
    pub file: usize,
    /// Where the TOML of the front matter stands.
    pub front: Option<Place>,
    /// The first line, when it opens front matter that is never closed.
    pub open: Option<Place>,
    /// Everything below it.
    pub blocks: Vec<Block>,
}

/// A block.
#[derive(Debug)]
pub enum Block {
    /// A heading and its words.
    Heading(Prose, String),
    /// What people read.
    Prose(Prose),
    /// A fenced block that is meant to be a step, or settings of one.
    Fence(Fence),
    /// Boxes to tick.
    Tasks(Vec<Text>, Place),
}

/// A fenced block.
#[derive(Debug)]
pub struct Fence {
    /// Its first line.
    pub place: Place,
    /// What stands behind the backticks.
    pub info: Place,
    /// Its body as it stands in the file.
    pub body: Place,
    /// Its body without the indentation of what it stands in.
    pub text: String,
    /// Whether it is closed.
    pub closed: bool,
    /// Whether it stands in a quotation.
    pub quoted: bool,
}

/// Cuts a text.
pub fn scan(file: usize, text: &str) -> Scanned {
    let (front, open, start) = front_matter(file, text);
    let body = text.get(start..).unwrap_or_default();
    let mut scan =
        Scan { file, start, body, writer: Writer::default(), quotes: 0, fence: None, code: None, blocks: Vec::new() };
    let options = Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH;
    for (event, range) in Parser::new_ext(body, options).into_offset_iter() {
        scan.take(event, range);
    }
    scan.flush();
    Scanned { file, front, open, blocks: scan.blocks }
}

/// The place of the TOML between two lines of `+++`, or of an opening line that is never closed; and where the rest begins.
fn front_matter(file: usize, text: &str) -> (Option<Place>, Option<Place>, usize) {
    let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut at = mark;
    let mut opened = None;
    for line in text.get(mark..).unwrap_or_default().split_inclusive('\n') {
        let is_fence = line.trim_end() == "+++";
        match opened {
            None if is_fence => opened = Some(at + line.len()),
            None => return (None, None, mark),
            Some(start) if is_fence => return (Some(Place { file, start, end: at }), None, at + line.len()),
            Some(_) => {}
        }
        at += line.len();
    }
    let open = opened.map(|_| Place { file, start: mark, end: mark + 3 });
    (None, open, if open.is_some() { text.len() } else { mark })
}

struct Scan<'t> {
    file: usize,
    start: usize,
    body: &'t str,
    writer: Writer,
    quotes: usize,
    /// The fenced step that is being read.
    fence: Option<Fence>,
    /// Code that is only text.
    code: Option<String>,
    blocks: Vec<Block>,
}

impl Scan<'_> {
    fn take(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                self.flush();
                match self.step(&kind, &range) {
                    Some(fence) => self.fence = Some(fence),
                    None => self.code = Some(String::new()),
                }
            }
            Event::End(TagEnd::CodeBlock) => {
                self.blocks.extend(self.fence.take().map(Block::Fence));
                self.blocks.extend(self.code.take().map(|code| Block::Prose(super::prose::code(&code))));
            }
            Event::Text(text) if self.fence.is_some() || self.code.is_some() => {
                if let Some(into) = self.fence.as_mut().map(|f| &mut f.text).or(self.code.as_mut()) {
                    into.push_str(&text.replace("\r\n", "\n"));
                }
            }
            Event::Start(Tag::BlockQuote(_)) => {
                self.flush();
                self.quotes += 1;
            }
            Event::End(TagEnd::BlockQuote(_)) => {
                self.flush();
                self.quotes = self.quotes.saturating_sub(1);
            }
            Event::Rule => {
                self.flush();
                self.blocks.push(Block::Prose(Prose { shape: Shape::Rule, spans: Vec::new() }));
            }
            other => {
                if Writer::ends_before(&other) {
                    self.flush();
                }
                let ends = Writer::ends_after(&other);
                self.writer.take(other, self.quotes > 0, self.place(&range));
                if ends {
                    self.flush();
                }
            }
        }
    }

    fn place(&self, range: &Range<usize>) -> Place {
        Place { file: self.file, start: self.start + range.start, end: self.start + range.end }
    }

    /// Ends the prose that is being written.
    fn flush(&mut self) {
        let written = self.writer.finish();
        self.writer.leave();
        let Some(written) = written else { return };
        let Some((is_new, place)) = written.task else {
            self.blocks.push(match written.prose.shape {
                Shape::Heading(_) => Block::Heading(written.prose, written.words),
                _ => Block::Prose(written.prose),
            });
            return;
        };
        match self.blocks.last_mut() {
            Some(Block::Tasks(items, _)) if is_new => items.push(Text::line_at_most(&written.words, 500)),
            Some(Block::Tasks(items, _)) => {
                if let Some(last) = items.last_mut() {
                    *last = Text::line_at_most(&format!("{last} {}", written.words), 500);
                }
            }
            _ => self.blocks.push(Block::Tasks(vec![Text::line_at_most(&written.words, 500)], place)),
        }
    }

    /// A fenced block with braces behind its backticks, or one that puts a runbook in.
    fn step(&self, kind: &CodeBlockKind<'_>, range: &Range<usize>) -> Option<Fence> {
        let CodeBlockKind::Fenced(_) = kind else { return None };
        let raw = self.body.get(range.clone())?;
        let first = raw.split('\n').next()?;
        let mark = first.trim_start().chars().next()?;
        let info = first.trim_start().trim_start_matches(mark);
        let marks = first.trim_start().len() - info.len();
        if !info.contains('{') && attributes::word(info) != "include" {
            return None;
        }
        let (body, closed) = match raw.trim_end().rsplit_once('\n') {
            Some((above, last)) => {
                let last = last.trim_start_matches([' ', '\t', '>']).trim_end();
                let closed = last.len() >= marks && last.chars().all(|c| c == mark);
                (first.len() + 1..if closed { (above.len() + 1).max(first.len() + 1) } else { raw.len() }, closed)
            }
            None => (raw.len()..raw.len(), false),
        };
        let at = |within: Range<usize>| self.place(&(range.start + within.start..range.start + within.end));
        let shown = first.trim_end().len();
        Some(Fence {
            place: at(0..shown),
            info: at(first.len() - info.len()..shown.max(first.len() - info.len())),
            body: at(body),
            text: String::new(),
            closed,
            quoted: self.quotes > 0,
        })
    }
}
