//! Lint.

use super::front::Front;
use super::step::Draft;
use crate::model::runbook::Origin;
use crate::settings::Faults;

/// Warns.
pub fn lint(_front: &Front, _drafts: &[Draft], _origin: &Origin, _faults: &Faults<'_>) {}
