//! The runbooks of a service: those that apply first, then those that do not and why. What is typed narrows the list.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::question::typed;
use super::{framed_in, question};
use crate::model::{Offer, ServiceId};
use crate::store::Store;
use crate::theme::Role;
use crate::ui::View;
use crate::ui::edit::Edit;
use crate::ui::filter::rank;
use crate::ui::text::{cut, fit, wrap};

/// The list as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picker {
    /// Of which service.
    pub service: ServiceId,
    /// What is typed.
    pub edit: Edit,
    /// The chosen runbook; the first where none is.
    pub chosen: Option<Arc<str>>,
}

impl Picker {
    /// The runbooks that fit what is typed, those that apply first.
    pub fn offers<'s>(&self, store: &'s Store) -> Vec<&'s Offer> {
        let Some(service) = store.service(&self.service) else { return Vec::new() };
        let all = service.declared().runbooks.iter();
        let mut found = rank(&self.edit.text(), all, |offer| (&*offer.runbook, offer.title.as_str()));
        found.sort_by_key(|offer| offer.why_not.is_some());
        found
    }

    /// The place of the chosen one among them.
    pub fn at(&self, offers: &[&Offer]) -> usize {
        offers.iter().position(|o| Some(&o.runbook) == self.chosen.as_ref()).unwrap_or(0)
    }
}

/// Draws the list.
pub fn draw(buffer: &mut Buffer, body: Rect, picker: &Picker, view: &View<'_>) {
    let offers = picker.offers(view.store);
    let at = picker.at(&offers);
    let cells = usize::from(body.width.min(96).saturating_sub(2));
    let about = about(offers.get(at).copied(), cells, view);
    let height = u16::try_from(offers.len().max(1) + about.len() + 6).unwrap_or(u16::MAX);
    let title = format!("runbooks of {}", picker.service.name);
    let border = question::border(&picker.service.environment, view);
    let inner = framed_in(buffer, body, (96, height), &title, border, view);
    let mut prompt = vec![view.span(Role::Key, " / ")];
    prompt.extend(typed(&picker.edit, view));
    buffer.set_line(inner.x, inner.y, &Line::from(prompt), inner.width);
    let place = question::field("environment", question::environment(&picker.service.environment, view), view);
    buffer.set_line(inner.x, inner.y + 1, &place, inner.width);
    if offers.is_empty() {
        let has_none = view.store.service(&picker.service).is_none_or(|s| s.declared().runbooks.is_empty());
        let words = if has_none {
            "   this service has no runbooks; the deck names them with `runbooks`"
        } else {
            "   no runbook is called like that"
        };
        buffer.set_line(inner.x, inner.y + 3, &Line::from(view.span(Role::Dim, words)), inner.width);
        return;
    }
    let foot = u16::try_from(about.len() + 1).unwrap_or(0);
    let end = inner.bottom().saturating_sub(foot).max(inner.y + 4);
    let room = usize::from(end.saturating_sub(inner.y + 3));
    let top = (at + 1).saturating_sub(room);
    for ((index, offer), y) in offers.iter().enumerate().skip(top).zip(inner.y + 3..end) {
        let line = row(offer, index == at, cells, view);
        super::super::pane::row(buffer, inner, y, &line, index == at, view);
    }
    for (line, y) in about.iter().zip(end + 1..inner.bottom()) {
        buffer.set_line(inner.x, y, line, inner.width);
    }
}

fn row<'a>(offer: &'a Offer, chosen: bool, cells: usize, view: &View<'a>) -> Line<'a> {
    let glyphs = view.theme.glyphs();
    let applies = offer.why_not.is_none();
    let name = fit(&offer.runbook, 22, glyphs.ellipsis);
    let words = offer.why_not.as_ref().map_or(offer.title.as_str(), |why| why.as_str());
    Line::from(vec![
        view.span(Role::Accent, if chosen { glyphs.cursor } else { " " }),
        view.span(if applies { Role::Strong } else { Role::Dim }, format!(" {name} ")),
        view.span(Role::Dim, format!("{} ", fit(offer.kind.word(), 8, ""))),
        view.span(Role::Dim, if applies { "" } else { "does not apply: " }),
        view.span(
            if applies { Role::Text } else { Role::Dim },
            cut(words, cells.saturating_sub(if applies { 35 } else { 51 }), glyphs.ellipsis).into_owned(),
        ),
    ])
}

/// What the chosen one is, or why it does not apply, in full.
fn about<'a>(offer: Option<&'a Offer>, cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let Some(offer) = offer else { return Vec::new() };
    let (role, words) = if let Some(why) = &offer.why_not {
        (Role::Degraded, format!("does not apply: {why}"))
    } else {
        let doc = view.store.acting().runbook(&offer.runbook).map(|runbook| runbook.doc.to_string());
        (Role::Dim, doc.filter(|doc| !doc.is_empty()).unwrap_or_else(|| offer.title.to_string()))
    };
    let lines = wrap(&words, cells.saturating_sub(2)).into_iter().take(4);
    lines.map(|line| Line::from(view.span(role, format!(" {line}")))).collect()
}
