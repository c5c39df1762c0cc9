//! What can be chosen for the inputs of a runbook, looked up in a task. Changes nothing anywhere.

use std::sync::Arc;

use super::App;
use crate::config::Deck;
use crate::model::{ServiceId, Text};
use crate::runner::helm::{Helm, Wanted};
use crate::runner::plan;
use crate::store::Event;

impl App {
    pub(super) fn choices(
        &mut self,
        helm: Arc<Helm>,
        deck: Arc<Deck>,
        ask: u64,
        service: ServiceId,
        runbook: Arc<str>,
    ) {
        let (outbox, surroundings) = (self.acts.outbox.clone(), self.acts.surroundings.clone());
        tokio::spawn(async move {
            let found = match helm.ask(&deck, &service, &runbook, Wanted::default()).await {
                Ok(asked) => Ok(plan::choices(&asked, &surroundings).await),
                Err(why) => Err(Text::from(why.to_string())),
            };
            outbox.send(Event::ChoicesFound { ask, found }).await.ok();
        });
    }
}
