//! `qd run`: runs a runbook, or a plan that was saved.

pub mod confirm;
