//! Puts a runbook together: its parts in their order, what it includes in the place of the include, ids made unique.

use std::sync::Arc;

use super::front::{self, Front};
use super::markdown::{Block, Fence, Scanned};
use super::pieces::{Piece, with_ids};
use super::step::{self, KINDS, Raw};
use super::texts::Texts;
use super::{attributes, body, lint};
use crate::model::runbook::{Origin, Shape};
use crate::model::{Runbook, Text};
use crate::settings::{Faults, Place, Table, word};

/// More are no procedure that anybody follows.
const MOST_STEPS: usize = 300;
/// Deeper includes are not read.
const DEEPEST: usize = 8;

/// What is put together.
pub struct Assembly<'a> {
    texts: &'a Texts,
    faults: &'a Faults<'a>,
    all: Option<&'a [String]>,
    steps: usize,
}

/// Where the reading of one text stands.
struct Page<'n> {
    chain: Vec<&'n str>,
    heading: String,
    settings: Option<(Table, Place)>,
    pieces: Vec<Piece>,
}

impl<'a> Assembly<'a> {
    /// Over these texts; `all` are the names of all runbooks, where they are known.
    pub fn new(texts: &'a Texts, faults: &'a Faults<'a>, all: Option<&'a [String]>) -> Self {
        Self { texts, faults, all, steps: 0 }
    }

    /// The runbook; with errors noted it is not whole.
    pub fn runbook(mut self, origin: Origin) -> Option<Runbook> {
        let (name, scanned) = self.texts.main()?;
        let mut front = self.front(scanned);
        let title = front.title.clone().or_else(|| first_heading(scanned)).unwrap_or_else(|| name.to_owned());
        let doc = first_paragraph(scanned);
        let pieces = self.pieces(name, scanned, &title, &mut vec![name], &mut front);
        let mut drafts = Vec::new();
        let parts = with_ids(pieces, self.faults, &mut drafts);
        // Beside other errors it would be noise: the steps may be what could not be read.
        let no_errors = self.faults.errors() == 0;
        if drafts.is_empty() && no_errors {
            let place = Place { file: scanned.file, start: 0, end: 0 };
            let help = "a fenced block with braces is a step: ```sh {on=host}; `- [ ]` is a box to tick";
            self.faults.error(place, "the runbook has no step", help);
        } else if no_errors {
            lint::lint(&front, &drafts, &origin, self.faults);
        }
        Some(Runbook {
            name: name.into(),
            origin,
            title: Text::line_at_most(&title, 120),
            doc,
            kind: front.kind,
            inputs: front.inputs,
            needs: front.needs,
            defaults: front.defaults,
            estimate: front.estimate,
            level: front.level,
            on_failure: front.on_failure,
            locks: front.locks,
            batches: front.batches,
            require: front.require,
            release: front.release,
            parts,
            source: Arc::from(self.texts.files().text(scanned.file)),
            hash: self.texts.hash(),
        })
    }

    fn front(&self, scanned: &Scanned) -> Front {
        if let Some(place) = scanned.open {
            self.faults.error(place, "the front matter is never closed", "add a line +++ below it");
        }
        scanned.front.map(|part| front::read(part, self.all, self.faults)).unwrap_or_default()
    }

    fn pieces<'n>(
        &mut self,
        name: &'n str,
        scanned: &'n Scanned,
        title: &str,
        chain: &mut Vec<&'n str>,
        front: &mut Front,
    ) -> Vec<Piece>
    where
        'a: 'n,
    {
        let mut page = Page { chain: chain.clone(), heading: title.to_owned(), settings: None, pieces: Vec::new() };
        for block in &scanned.blocks {
            match block {
                Block::Heading(prose, words) => {
                    page.heading.clone_from(words);
                    page.pieces.push(Piece::Prose(prose.clone()));
                }
                Block::Prose(prose) => page.pieces.push(Piece::Prose(prose.clone())),
                Block::Tasks(items, place) => {
                    let place = Place { end: place.start + 5, ..*place };
                    let body = Place { end: place.start, ..place };
                    let heading = page.heading.clone();
                    let raw = Raw { kind: "manual", place, body, text: "", items, heading: &heading };
                    self.step(&raw, Vec::new(), &mut page);
                }
                Block::Fence(fence) => self.fence(fence, &mut page, front),
            }
        }
        self.settings_of_nothing(&mut page);
        debug_assert!(chain.last() == Some(&name), "the chain ends with what is read");
        page.pieces
    }

    fn fence<'n>(&mut self, fence: &'n Fence, page: &mut Page<'n>, front: &mut Front)
    where
        'a: 'n,
    {
        let faults = self.faults;
        if !fence.closed {
            faults.error(fence.place, "the block is never closed", "add a line of as many backticks below it");
            return;
        }
        if fence.quoted {
            faults.error(fence.place, "a step cannot stand in a quotation", "take the > away before its lines");
            return;
        }
        let info = attributes::read(fence.info, faults);
        if info.kind == "toml" {
            self.settings(fence, &info.attributes, page);
            return;
        }
        if !KINDS.contains(&info.kind.as_str()) {
            let shells = ["bash", "shell", "zsh", "console", "dash", "ksh"];
            let help = match info.kind.as_str() {
                "" => "write the kind of the step before the braces: ```sh {on=host}".to_owned(),
                kind if shells.contains(&kind) => "write sh; a first line #!/bin/bash chooses another shell".to_owned(),
                kind => word::hint(kind, KINDS),
            };
            let place = if info.kind.is_empty() { fence.place } else { info.place };
            faults.error(place, format!("there is no kind of step `{}`", info.kind), help);
            page.settings = None;
            return;
        }
        if info.kind == "include" {
            self.include(fence, page, front);
            return;
        }
        let body = match info.kind.as_str() {
            "copy" | "http" | "notify" => body::toml(fence.body, faults),
            "wait" => Some(body::lines(fence.body, faults)),
            _ => Some(Table::default()),
        };
        let Some(body) = body else {
            page.settings = None;
            return;
        };
        let heading = page.heading.clone();
        let raw = Raw {
            kind: &info.kind,
            place: fence.place,
            body: fence.body,
            text: &fence.text,
            items: &[],
            heading: &heading,
        };
        self.step(&raw, vec![info.attributes, body], page);
    }

    fn settings(&self, fence: &Fence, attributes: &Table, page: &mut Page<'_>) {
        self.settings_of_nothing(page);
        let is_step = attributes.get("step").is_some();
        if let Some(other) = attributes.entries.iter().find(|e| e.name != "step") {
            let help = "settings stand in a block ```toml {step} right before their step";
            self.faults.error(other.place, format!("`{}` does not belong here", other.name), help);
        } else if !is_step {
            self.faults.error(fence.place, "TOML in braces is not a step", "write ```toml {step}");
        }
        page.settings = Table::parse_part(fence.body, self.faults).map(|table| (table, fence.place));
    }

    fn settings_of_nothing(&self, page: &mut Page<'_>) {
        if let Some((_, place)) = page.settings.take() {
            let help = "put the block right before the step that it belongs to";
            self.faults.error(place, "these settings belong to no step", help);
        }
    }

    fn step(&mut self, raw: &Raw<'_>, mut tables: Vec<Table>, page: &mut Page<'_>) {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            if self.steps == MOST_STEPS + 1 {
                let message = format!("the runbook has more than {MOST_STEPS} steps");
                self.faults.error(raw.place, message, "split it");
            }
            return;
        }
        if let Some((settings, _)) = page.settings.take() {
            tables.insert(0, settings);
        }
        let table = body::merged(tables, raw.place, self.faults);
        if let Some(draft) = step::read(raw, &table, self.faults) {
            page.pieces.push(Piece::Step(Box::new(draft)));
        }
    }

    fn include<'n>(&mut self, fence: &'n Fence, page: &mut Page<'n>, front: &mut Front)
    where
        'a: 'n,
    {
        self.settings_of_nothing(page);
        let name = fence.text.trim();
        let Some(scanned) = self.texts.get(name) else {
            let help = match self.all {
                Some(all) => word::hint(name, all.iter().map(String::as_str)),
                None => "write the name of a runbook, one line".to_owned(),
            };
            let message =
                if name.is_empty() { "this includes nothing".into() } else { format!("there is no runbook `{name}`") };
            let help = if help.is_empty() { "write the name of a runbook".to_owned() } else { help };
            self.faults.error(fence.place, message, help);
            return;
        };
        let mut chain = page.chain.clone();
        let is_circle = chain.contains(&name);
        chain.push(name);
        if is_circle || chain.len() > DEEPEST {
            let message = format!("runbooks include each other in a circle: {}", chain.join(" → "));
            let message = if is_circle { message } else { format!("includes go deeper than {DEEPEST}") };
            self.faults.error(fence.place, message, "remove one of these includes");
            return;
        }
        let inner = self.front(scanned);
        let title = first_heading(scanned).unwrap_or_else(|| name.to_owned());
        let mut inner = inner;
        let pieces = self.pieces(name, scanned, &title, &mut chain, &mut inner);
        absorb(front, inner);
        page.pieces.push(Piece::Included(name.to_owned(), pieces));
    }
}

/// What an included runbook asks for and locks comes along with it.
fn absorb(front: &mut Front, inner: Front) {
    for input in inner.inputs {
        if front.inputs.iter().all(|i| i.name != input.name) {
            front.inputs.push(input);
        }
    }
    for (name, place) in inner.input_places {
        front.input_places.entry(name).or_insert(place);
    }
    for (name, value) in inner.defaults {
        front.defaults.entry(name).or_insert(value);
    }
    for (into, more) in [(&mut front.needs, inner.needs), (&mut front.locks, inner.locks)] {
        for one in more {
            if !into.contains(&one) {
                into.push(one);
            }
        }
    }
    front.shells.extend(inner.shells);
    for require in inner.require {
        if !front.require.contains(&require) {
            front.require.push(require);
        }
    }
    front.level = front.level.max(inner.level);
}

fn first_heading(scanned: &Scanned) -> Option<String> {
    scanned.blocks.iter().find_map(|block| match block {
        Block::Heading(_, words) => Some(words.clone()),
        _ => None,
    })
}

/// The first paragraph, where it stands before the second heading.
fn first_paragraph(scanned: &Scanned) -> Text {
    let mut headings = 0;
    for block in &scanned.blocks {
        match block {
            Block::Heading(..) => headings += 1,
            Block::Prose(prose) if prose.shape == Shape::Paragraph && headings <= 1 => {
                let words: String = prose.spans.iter().map(|span| span.text.as_str()).collect();
                return Text::line_at_most(&words, 300);
            }
            _ => {}
        }
    }
    Text::default()
}
