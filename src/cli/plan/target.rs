//! What `qd plan` and `qd run` are about: a runbook, a service, inputs; and the deck and the hosts behind them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::app::Now;
use crate::cli::hosts;
use crate::cli::{General, hosts::ask};
use crate::config::Deck;
use crate::config::acting::Acting;
use crate::config::folder::state_folder;
use crate::exit::Ending;
use crate::model::{Operator, Plan, RunId, Runbook, ServiceId};
use crate::runner::journal::runs_folder;
use crate::runner::plan::{self, Ask, past};
use crate::secret::expose;
use crate::settings::word::hint;
use crate::source::Surroundings;

/// What is to be planned.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct What {
    /// The runbook, by name (`qd runbooks` lists them)
    #[arg(value_name = "RUNBOOK")]
    runbook: Option<String>,
    /// The service: production/sales
    #[arg(value_name = "ENV/SERVICE")]
    service: Option<String>,
    /// An input; may be given several times. A secret one takes a reference: env:NAME, file:PATH
    #[arg(short, long = "input", value_name = "NAME=VALUE")]
    inputs: Vec<String>,
    /// On this host alone; may be given several times
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
}

impl What {
    /// Whether anything was named at all.
    pub fn is_named(&self) -> bool {
        self.runbook.is_some() || self.service.is_some() || !self.inputs.is_empty()
    }
}

/// The deck, its hosts and this machine.
pub struct Desk {
    /// The deck.
    pub deck: Arc<Deck>,
    /// Hosts, secrets, the clock.
    pub surroundings: Surroundings,
    /// Who acts.
    pub operator: Operator,
    /// Where runs and the audit log of this machine lie.
    pub state: std::path::PathBuf,
    /// Nothing may act.
    pub read_only: bool,
}

impl Desk {
    /// Opens the deck; what is wrong was told when this fails.
    pub fn open(general: &General) -> Result<Self, Ending> {
        let (deck, _) = hosts::deck(general)?;
        let Some(state) = state_folder() else {
            tell!("qd: there is no home folder, so runs cannot be kept; set XDG_STATE_HOME");
            return Err(Ending::Usage);
        };
        let user = general.user().0;
        let clock = Now::default();
        let surroundings = Surroundings::new(Arc::new(move || clock.get()));
        let operator = user.operator();
        Ok(Self { deck: Arc::new(deck), surroundings, operator, state, read_only: user.read_only })
    }

    /// The service of this name, and what is known of acting on it.
    pub fn acting(&self, name: &str) -> Result<Arc<Acting>, Ending> {
        let all = || self.deck.environments.iter().flat_map(|e| e.acting.values());
        let is_meant = |id: &ServiceId| id.to_string() == name || *id.name == *name;
        let mut found: Vec<&Arc<Acting>> = all().filter(|a| is_meant(&a.service)).collect();
        if let (Some(acting), true) = (found.pop(), found.is_empty()) {
            return Ok(Arc::clone(acting));
        }
        let names: Vec<String> = all().map(|a| a.service.to_string()).collect();
        if names.iter().any(|n| n.split('/').nth(1) == Some(name)) {
            let several: Vec<&str> =
                names.iter().filter(|n| n.split('/').nth(1) == Some(name)).map(String::as_str).collect();
            tell!("qd: `{name}` may be {}; write which", several.join(" or "));
        } else {
            tell!("qd: there is no service `{name}`; {}", hint(name, names.iter().map(String::as_str)));
        }
        Err(Ending::Usage)
    }

    fn runbook(&self, acting: &Acting, name: &str) -> Result<Arc<Runbook>, Ending> {
        if let Some(runbook) = acting.runbooks.iter().find(|r| *r.name == *name) {
            return Ok(Arc::clone(runbook));
        }
        if let Some((_, why)) = acting.not_applying.iter().find(|(known, _)| **known == *name) {
            tell!("qd: runbook `{name}` does not apply to {}: {why}", acting.service);
        } else if acting.runbooks.is_empty() {
            tell!("qd: {} offers no runbook; add runbooks = [\"{name}\"] to it", acting.service);
        } else {
            let known = acting.runbooks.iter().map(|r| &*r.name);
            tell!("qd: {} offers no runbook `{name}`; {}", acting.service, hint(name, known));
        }
        Err(Ending::Usage)
    }

    /// Makes what a plan is made from.
    pub async fn asks(&self, what: &What, resumes: Option<RunId>) -> Result<Ask, Ending> {
        let (Some(runbook), Some(service)) = (&what.runbook, &what.service) else {
            tell!("qd: name a runbook and a service, as in `qd plan restart-unit production/sales`");
            return Err(Ending::Usage);
        };
        let acting = self.acting(service)?;
        let runbook = self.runbook(&acting, runbook)?;
        let mut inputs = BTreeMap::new();
        for input in &what.inputs {
            let Some((name, value)) = input.split_once('=') else {
                tell!("qd: \"{input}\" is no input; write --input name=value");
                return Err(Ending::Usage);
            };
            inputs.insert(name.to_owned(), value.to_owned());
        }
        let only = what.hosts.iter().map(|h| h.as_str().into()).collect();
        Ok(Ask { past: self.past(&acting).await, deck: Arc::clone(&self.deck), acting, runbook, inputs, only, resumes })
    }

    /// Runs of a service before this one.
    pub async fn past(&self, acting: &Acting) -> Arc<[past::Past]> {
        let (runs, target) = (runs_folder(&self.state), acting.service.clone());
        tokio::task::spawn_blocking(move || past::here(&runs, &target)).await.unwrap_or_default().into()
    }

    /// Connects to the hosts of a service; asks for passphrases where somebody can give them.
    pub fn connect(&self, acting: &Acting) {
        let hosts = self.deck.hosts().filter(|h| h.id.environment == acting.service.environment);
        self.surroundings.hosts.follow(hosts);
        self.surroundings.hosts.ask_all();
    }

    /// Makes a plan, and gives what it was made from.
    pub async fn plan(&self, what: &What) -> Result<(Plan, Ask), Ending> {
        let mut asks = self.asks(what, None).await?;
        self.connect(&asks.acting);
        self.fill(&mut asks).await;
        match plan::plan(&asks, &self.surroundings).await {
            Ok(plan) => Ok((plan, asks)),
            Err(why) => {
                tell!("qd: {why}");
                Err(Ending::Usage)
            }
        }
    }

    /// Asks for inputs that are missing, where somebody can answer.
    async fn fill(&self, asks: &mut Ask) {
        if !ask::is_answered() {
            return;
        }
        let missing: Vec<_> = asks
            .runbook
            .inputs
            .iter()
            .filter(|i| i.required && i.default.is_none() && !asks.inputs.contains_key(&i.name))
            .cloned()
            .collect();
        if missing.is_empty() {
            return;
        }
        let choices = plan::choices(asks, &self.surroundings).await;
        for input in missing {
            if let Some(Ok(values)) = choices.get(&input.name) {
                tell!("{}: one of {}", input.name, values.join(", "));
            }
            let value = if input.secret {
                ask::hidden(&format!("{} ({}), not shown: ", input.name, input.help))
                    .await
                    .map(|p| expose(p.secret()).to_owned())
            } else {
                ask::line(&format!("{} ({}): ", input.name, input.help)).await
            };
            if let Some(value) = value {
                asks.inputs.insert(input.name.clone(), value);
            }
        }
    }
}
