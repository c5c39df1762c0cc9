//! What is on record: runs of this machine and of the hosts, locks, the audit log. Read in tasks, told by events.

use std::path::Path;
use std::sync::Arc;

use super::{AUDIT_LINES, App, carry};
use crate::config::Deck;
use crate::model::plan::HostName;
use crate::model::{EnvironmentId, RunId, RunState, Text};
use crate::runner::audit::{Verdict, verify};
use crate::runner::gate::Consent;
use crate::runner::helm::Helm;
use crate::runner::journal::{end_of, run_folder};
use crate::store::Event;

/// Bytes of the output of a step that are read again.
const MOST_OUTPUT: u64 = 256 * 1024;

impl App {
    pub(super) fn list_runs(&mut self, helm: Arc<Helm>) {
        let outbox = self.acts.outbox.clone();
        tokio::task::spawn_blocking(move || {
            let runs = helm.runs().into_iter().filter_map(|run| run.summary.ok()).collect();
            outbox.blocking_send(Event::RunsListed { runs }).ok();
        });
    }

    pub(super) fn list_locks(&mut self, helm: Arc<Helm>, deck: Arc<Deck>, environment: EnvironmentId) {
        let (outbox, clock) = (self.acts.outbox.clone(), self.clock.clone());
        tokio::spawn(async move {
            let found = helm.locks(&deck, &environment).await;
            let locks = found.held.into_iter().map(|(_, holder)| holder).collect();
            let (dirty, failed, at) = (found.dirty, found.failed, clock.get());
            outbox.send(Event::LocksListed { environment, at, locks, dirty, failed }).await.ok();
        });
    }

    pub(super) fn list_audit(&mut self, helm: &Arc<Helm>) {
        let now = self.clock.get();
        let audit = match helm.audit() {
            Ok(audit) => Arc::clone(audit),
            Err(error) => {
                self.ui.warn(error.to_string(), now);
                return;
            }
        };
        let outbox = self.acts.outbox.clone();
        tokio::task::spawn_blocking(move || {
            let lines = audit.newest(AUDIT_LINES).unwrap_or_default();
            let lines = lines.iter().map(|line| (line.fact.at, Text::from(line.to_string()))).collect();
            let broken = match verify(audit.path()) {
                Ok(Verdict::Holds { .. }) => None,
                Ok(Verdict::Broken { line, why }) => Some(Text::from(format!("line {line}: {why}"))),
                Err(error) => Some(Text::from(error.to_string())),
            };
            outbox.blocking_send(Event::AuditListed { lines, broken }).ok();
        });
    }

    pub(super) fn break_lock(
        &mut self,
        helm: Arc<Helm>,
        deck: Arc<Deck>,
        environment: EnvironmentId,
        key: String,
        fence: u64,
        consent: Consent,
    ) {
        let (notes, outbox, clock) = (self.notes.clone(), self.acts.outbox.clone(), self.clock.clone());
        tokio::spawn(async move {
            match helm.break_lock(&deck, &key, Some(fence), consent).await {
                Ok(holder) => notes.send(format!("the lock {key} was taken from {}", holder.operator)).await.ok(),
                Err(error) => notes.send(error.to_string()).await.ok(),
            };
            let found = helm.locks(&deck, &environment).await;
            let locks = found.held.into_iter().map(|(_, holder)| holder).collect();
            let (dirty, failed, at) = (found.dirty, found.failed, clock.get());
            outbox.send(Event::LocksListed { environment, at, locks, dirty, failed }).await.ok();
        });
    }

    /// Shows a run that is on record, with what it printed, and looks on while another console drives it.
    pub(super) fn open_run(&mut self, helm: Arc<Helm>, deck: Arc<Deck>, run: RunId) {
        let (outbox, news, notes) = (self.acts.outbox.clone(), self.acts.news.clone(), self.notes.clone());
        tokio::spawn(async move {
            let kept = match helm.kept(&deck, &run).await {
                Ok((kept, _)) => kept,
                Err(error) => return drop(notes.send(error.to_string()).await),
            };
            let is_driven = crate::runner::journal::is_driven(helm.state(), &run);
            if is_driven && let Ok(handle) = helm.attach(&deck, &run).await {
                return carry(handle, kept.state.plan.target.clone(), outbox, news).await;
            }
            let plan = Arc::clone(&kept.state.plan);
            outbox.send(Event::RunOpened { run: run.clone(), plan, is_ours: false }).await.ok();
            for entry in kept.entries {
                outbox.send(Event::RunTold { run: run.clone(), entry: Box::new(entry) }).await.ok();
            }
            let (folder, state) = (run_folder(helm.state(), &run), kept.state);
            let printed = tokio::task::spawn_blocking(move || printed(&folder, &state)).await.unwrap_or_default();
            for event in printed {
                outbox.send(event).await.ok();
            }
            outbox.send(Event::RunClosed { run }).await.ok();
        });
    }
}

/// What the steps printed, as far as this machine kept it: the end of it.
pub(super) fn printed(folder: &Path, state: &RunState) -> Vec<Event> {
    let mut events = Vec::new();
    for ((step, host), task) in &state.tasks {
        let Some(bytes) = end_of(folder, step, host, MOST_OUTPUT) else { continue };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let lines: Vec<Text> = text.lines().map(|line| Text::line_at_most(line, 2000)).collect();
        let at = match task {
            crate::model::run::TaskState::Finished { at, .. } => *at,
            _ => state.began.unwrap_or(state.plan.made_at),
        };
        let (run, host): (RunId, HostName) = (state.id.clone(), host.clone());
        events.push(Event::RunPrinted { run, step: step.clone(), host, at, lines, left_out: 0 });
    }
    events
}
