//! Parts of a runbook that have no ids yet, and giving them some.

use std::collections::BTreeMap;

use super::ids::{self, Ids};
use super::step::Draft;
use crate::model::runbook::{Part, Prose};
use crate::settings::{Faults, Place};

/// A part before ids are given.
pub enum Piece {
    /// What people read.
    Prose(Prose),
    /// A step.
    Step(Box<Draft>),
    /// The parts of another runbook, and its name.
    Included(String, Vec<Piece>),
}

/// Parts with their ids: given ones first, then those of headings, then those of what is included.
pub fn with_ids(pieces: Vec<Piece>, faults: &Faults<'_>, drafts: &mut Vec<Draft>) -> Vec<Part> {
    let mut flat = Vec::new();
    name(pieces, faults, &mut flat);
    let mut parts = Vec::new();
    for piece in flat {
        parts.push(match piece {
            Piece::Prose(prose) => Part::Prose(prose),
            Piece::Step(draft) => {
                let step = draft.step.clone();
                drafts.push(*draft);
                Part::Step(Box::new(step))
            }
            Piece::Included(..) => continue,
        });
    }
    parts
}

fn name(pieces: Vec<Piece>, faults: &Faults<'_>, flat: &mut Vec<Piece>) {
    let mut ids = Ids::default();
    let mut given: BTreeMap<String, Place> = BTreeMap::new();
    for piece in &pieces {
        let Piece::Step(draft) = piece else { continue };
        let Some((id, place)) = &draft.id else { continue };
        if !ids.take(id) {
            let line = given.get(id).map(|first| faults.files().line(*first)).unwrap_or_default();
            let message = format!("two steps are called `{id}`; the first is on line {line}");
            faults.error(*place, message, "give one of them another id");
        }
        given.entry(id.clone()).or_insert(*place);
    }
    let mut named = Vec::new();
    for mut piece in pieces {
        if let Piece::Step(draft) = &mut piece {
            let slug = Some(ids::slug(draft.step.title.as_str())).filter(|s| !s.is_empty());
            let own = || ids.free(&slug.unwrap_or_else(|| "step".to_owned()));
            draft.step.id = draft.id.as_ref().map_or_else(own, |(id, _)| id.clone());
        }
        named.push(piece);
    }
    for piece in named {
        let Piece::Included(from, inner) = piece else {
            flat.push(piece);
            continue;
        };
        let mut below = Vec::new();
        name(inner, faults, &mut below);
        for mut piece in below {
            if let Piece::Step(draft) = &mut piece {
                draft.step.id = ids.included(&draft.step.id, &from);
            }
            flat.push(piece);
        }
    }
}
