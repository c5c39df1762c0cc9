//! The order in which a plan is carried out. All steps are done on the first batch, then those that run on hosts on each
//! further batch. A step that runs once stands in its place among the steps of the first batch; one that comes after the
//! last step on hosts runs after the last batch. Pure: decides nothing at run time.

use std::collections::BTreeSet;

use super::Key;
use crate::model::Plan;
use crate::model::plan::{HostName, PlannedStep};
use crate::model::runbook::On;

/// A part of the order. Nothing of the next one begins before it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// What is done.
    pub kind: Kind,
    /// In which batch, from 0.
    pub batch: usize,
    /// Where.
    pub hosts: Vec<HostName>,
}

/// What is done in a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What must hold before a batch is looked at.
    Gate,
    /// A batch begins, when a person lets it.
    Open,
    /// The step of this number.
    Step(usize),
}

/// The operator's machine.
pub const LOCAL: &str = "local";

/// The name under which the gate before a batch stands among the steps.
pub fn gate_of(batch: usize) -> String {
    format!("gate:{}", batch + 1)
}

/// The gate before a batch, and where it is looked at.
pub fn gate_key(batch: usize) -> Key {
    (gate_of(batch), LOCAL.into())
}

/// Every stage of a plan, in order.
pub fn stages(plan: &Plan) -> Vec<Stage> {
    let batches = batches(plan);
    let last = batches.len().saturating_sub(1);
    let on_hosts = |step: &PlannedStep| step.step.on == On::Hosts;
    let after_hosts = plan.steps.iter().rposition(on_hosts).map_or(0, |at| at + 1);
    let mut stages = Vec::new();
    for (batch, members) in batches.iter().enumerate() {
        if batch > 0 {
            if plan.batching.as_ref().is_some_and(|b| b.gate.is_some()) {
                stages.push(Stage { kind: Kind::Gate, batch, hosts: vec![LOCAL.into()] });
            }
            stages.push(Stage { kind: Kind::Open, batch, hosts: members.clone() });
        }
        for (number, step) in plan.steps.iter().enumerate() {
            let hosts: Vec<HostName> = if on_hosts(step) {
                step.hosts.iter().filter(|h| members.contains(h)).cloned().collect()
            } else if batch == if number < after_hosts { 0 } else { last } {
                step.hosts.clone()
            } else {
                Vec::new()
            };
            if !hosts.is_empty() {
                stages.push(Stage { kind: Kind::Step(number), batch, hosts });
            }
        }
    }
    stages
}

/// The batches of the plan; hosts of a step that stand in none come last. There is always one.
fn batches(plan: &Plan) -> Vec<Vec<HostName>> {
    let mut batches: Vec<Vec<HostName>> = plan.batches.iter().filter(|b| !b.is_empty()).cloned().collect();
    let mut known: BTreeSet<HostName> = batches.iter().flatten().cloned().collect();
    let on_hosts = plan.steps.iter().filter(|s| s.step.on == On::Hosts);
    let rest: Vec<HostName> = on_hosts.flat_map(|s| &s.hosts).filter(|h| known.insert((*h).clone())).cloned().collect();
    match batches.last_mut() {
        Some(last) => last.extend(rest),
        None => batches.push(rest),
    }
    batches
}
