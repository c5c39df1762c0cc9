//! Writes the prose of a runbook down: paragraphs, items, rows, with what is emphasised. Cleans every text on the way.

use pulldown_cmark::{Event, Tag, TagEnd};

use crate::model::Text;
use crate::model::runbook::{Accent, Prose, Shape, Span};
use crate::settings::Place;

/// Deeper lists are set like this one.
const DEEPEST: usize = 8;

/// What was written since the last end.
#[derive(Debug)]
pub struct Written {
    /// As it is shown.
    pub prose: Prose,
    /// Its plain words.
    pub words: String,
    /// A box to tick: whether it begins here, and where it stands.
    pub task: Option<(bool, Place)>,
}

/// An item of a list that is open.
#[derive(Debug, Default)]
struct Item {
    number: Option<u64>,
    task: Option<Place>,
    begun: bool,
}

/// Collects pieces of text until something ends them.
#[derive(Debug, Default)]
pub struct Writer {
    pieces: Vec<(String, Accent)>,
    accents: Vec<Accent>,
    lists: Vec<Option<u64>>,
    items: Vec<Item>,
    heading: Option<u8>,
    row: bool,
    quoted: bool,
    link: Option<(String, usize)>,
}

impl Writer {
    /// Whether what was written so far ends before this.
    pub fn ends_before(event: &Event<'_>) -> bool {
        matches!(
            event,
            Event::Start(
                Tag::Paragraph
                    | Tag::Heading { .. }
                    | Tag::List(_)
                    | Tag::Item
                    | Tag::TableHead
                    | Tag::TableRow
                    | Tag::HtmlBlock
            ) | Event::End(TagEnd::Item | TagEnd::List(_))
        )
    }

    /// Whether it ends after this.
    pub fn ends_after(event: &Event<'_>) -> bool {
        matches!(event, Event::End(TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::TableHead | TagEnd::TableRow))
    }

    /// Takes one event in.
    pub fn take(&mut self, event: Event<'_>, quoted: bool, place: Place) {
        self.quoted = quoted;
        match event {
            Event::Start(tag) => self.open(tag),
            Event::End(tag) => self.close(tag),
            Event::TaskListMarker(_) => {
                if let Some(item) = self.items.last_mut() {
                    item.task = Some(place);
                }
            }
            Event::Text(text) => self.push(&text, self.accents.last().copied().unwrap_or_default()),
            Event::Code(text) => self.push(&text, Accent::Code),
            Event::SoftBreak | Event::HardBreak => self.push(" ", Accent::Plain),
            _ => {}
        }
    }

    /// What was written since the last end.
    pub fn finish(&mut self) -> Option<Written> {
        let pieces = std::mem::take(&mut self.pieces);
        let words: String = pieces.iter().map(|(text, _)| text.as_str()).collect();
        if words.trim().is_empty() && !self.row {
            return None;
        }
        let depth = self.items.len().saturating_sub(1).min(DEEPEST);
        let (shape, task, number) = match self.items.last_mut() {
            Some(item) => {
                let is_first = !item.begun;
                item.begun = true;
                let shape = if is_first { Shape::Item(depth as u8) } else { Shape::Paragraph };
                (shape, item.task.map(|place| (is_first, place)), item.number.filter(|_| is_first))
            }
            None if self.quoted => (Shape::Quote, None, None),
            None => (Shape::Paragraph, None, None),
        };
        let shape = match self.heading {
            Some(level) => Shape::Heading(level),
            None if self.row => Shape::Row,
            None => shape,
        };
        let number = number.map(|n| (format!("{n}. "), Accent::Plain));
        let spans = spans(number.into_iter().chain(pieces));
        Some(Written { prose: Prose { shape, spans }, words: words.trim().to_owned(), task })
    }

    fn push(&mut self, text: &str, accent: Accent) {
        match self.pieces.last_mut() {
            Some((last, same)) if *same == accent => last.push_str(text),
            _ => self.pieces.push((text.to_owned(), accent)),
        }
    }

    fn open(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { level, .. } => self.heading = Some(level as u8),
            Tag::List(first) => self.lists.push(first),
            Tag::Item => {
                let number = self.lists.last_mut().and_then(|next| {
                    let number = *next;
                    *next = number.map(|n| n.saturating_add(1));
                    number
                });
                self.items.push(Item { number, ..Item::default() });
            }
            Tag::TableHead | Tag::TableRow => self.row = true,
            Tag::TableCell if !self.pieces.is_empty() => self.push(" │ ", Accent::Plain),
            Tag::Emphasis => self.accents.push(Accent::Emphasis),
            Tag::Strong => self.accents.push(Accent::Strong),
            Tag::Link { dest_url, .. } => {
                self.accents.push(Accent::Link);
                self.link = Some((dest_url.into_string(), self.pieces.len()));
            }
            _ => {}
        }
    }

    fn close(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::List(_) => drop(self.lists.pop()),
            TagEnd::Item => drop(self.items.pop()),
            TagEnd::Emphasis | TagEnd::Strong => drop(self.accents.pop()),
            TagEnd::Link => {
                self.accents.pop();
                if let Some((address, from)) = self.link.take() {
                    let words: String = self.pieces.iter().skip(from).map(|(text, _)| text.as_str()).collect();
                    if words != address && !address.is_empty() {
                        self.push(&format!(" ({address})"), Accent::Plain);
                    }
                }
            }
            _ => {}
        }
    }

    /// Forgets the block that has just been finished.
    pub fn leave(&mut self) {
        self.heading = None;
        self.row = false;
    }
}

/// Pieces as spans. A text loses what is blank at its end, so that goes over to the beginning of the next.
fn spans(pieces: impl Iterator<Item = (String, Accent)>) -> Vec<Span> {
    let mut blank = "";
    let mut spans = Vec::new();
    for (text, accent) in pieces {
        let flat = text.replace(['\n', '\t'], " ");
        let full = format!("{blank}{}", flat.trim_end());
        blank = if flat.ends_with(' ') { " " } else { "" };
        if !full.trim().is_empty() {
            spans.push(Span { text: Text::line(&full), accent });
        } else if !full.is_empty() {
            blank = " ";
        }
    }
    spans
}

/// Code that is not run.
pub fn code(text: &str) -> Prose {
    let line = |line: &str| Span { text: Text::line(&line.replace('\t', "    ")), accent: Accent::Code };
    Prose { shape: Shape::Code, spans: text.lines().map(line).collect() }
}
