//! What `qd plan` and `qd run` are about: a runbook, a service, inputs; and the deck and the hosts behind them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::card;
use crate::app::Now;
use crate::cli::hosts;
use crate::cli::run::refused;
use crate::cli::{General, hosts::ask};
use crate::config::Deck;
use crate::config::acting::Acting;
use crate::config::folder::state_folder;
use crate::exit::Ending;
use crate::model::plan::Value;
use crate::model::{EnvironmentId, Plan, ServiceId};
use crate::runner::helm::{Helm, Wanted};
use crate::runner::plan::{self, Ask};
use crate::secret::expose;
use crate::settings::word::hint;
use crate::source::Surroundings;

/// What is to be planned.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)]
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

/// The deck, its hosts and this machine.
pub struct Desk {
    /// The deck.
    pub deck: Arc<Deck>,
    /// Hosts, secrets, the clock.
    pub surroundings: Surroundings,
    /// The gate, the audit log and the runner.
    pub helm: Arc<Helm>,
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
        let helm = Helm::open(surroundings.clone(), state, user.operator(), user.read_only, false);
        Ok(Self { deck: Arc::new(deck), surroundings, helm: Arc::new(helm) })
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

    fn offers(acting: &Acting, name: &str) -> Result<(), Ending> {
        if acting.runbooks.iter().any(|r| *r.name == *name) {
            return Ok(());
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
    async fn asks(&self, what: &What) -> Result<Ask, Ending> {
        let (Some(runbook), Some(service)) = (&what.runbook, &what.service) else {
            tell!("qd: name a runbook and a service, as in `qd plan restart-unit production/sales`");
            return Err(Ending::Usage);
        };
        let acting = self.acting(service)?;
        Self::offers(&acting, runbook)?;
        let mut inputs = BTreeMap::new();
        for input in &what.inputs {
            let Some((name, value)) = input.split_once('=') else {
                tell!("qd: \"{input}\" is no input; write --input name=value");
                return Err(Ending::Usage);
            };
            inputs.insert(name.to_owned(), value.to_owned());
        }
        let only = what.hosts.iter().map(|h| h.as_str().into()).collect();
        let wanted = Wanted { inputs, only, resumes: None };
        self.helm.ask(&self.deck, &acting.service, runbook, wanted).await.map_err(|e| refused(&e))
    }

    /// Connects to the hosts of an environment, or of all.
    pub fn connect(&self, environment: Option<&EnvironmentId>) {
        let hosts = self.deck.hosts().filter(|h| environment.is_none_or(|e| h.id.environment == *e));
        self.surroundings.hosts.follow(hosts);
        self.surroundings.hosts.ask_all();
    }

    /// Makes a plan, and gives what it was made from.
    pub async fn plan(&self, what: &What) -> Result<(Plan, Ask), Ending> {
        let mut asks = self.asks(what).await?;
        self.connect(Some(&asks.acting.service.environment));
        self.fill(&mut asks).await?;
        let plan = self.helm.plan(&asks).await.map_err(|e| refused(&e))?;
        Ok((plan, asks))
    }

    /// A plan that was saved, made again: what is run is what was agreed to, or nothing.
    pub async fn saved(&self, file: &Path) -> Result<(Plan, Ask), Ending> {
        let complain = |why: String| {
            tell!("qd: {}: {why}", file.display());
            Ending::Usage
        };
        let text = std::fs::read(file).map_err(|e| complain(e.to_string()))?;
        let saved: Plan = serde_json::from_slice(&text).map_err(|e| complain(format!("this is no plan: {e}")))?;
        self.connect(Some(&saved.target.environment));
        let inputs = saved.inputs.iter().filter_map(|input| match saved.values.get(&input.name)? {
            Value::Plain(value) | Value::Reference(value) => Some((input.name.clone(), value.clone())),
            Value::Asked => None,
        });
        let hosts = saved.hosts.iter().map(|h| h.name.clone()).filter(|h| &**h != plan::LOCAL);
        let wanted = Wanted { inputs: inputs.collect(), only: hosts.collect(), resumes: saved.resumes.clone() };
        let ask = self.helm.ask(&self.deck, &saved.target, &saved.runbook, wanted).await.map_err(|e| refused(&e))?;
        let now = self.helm.plan(&ask).await.map_err(|e| refused(&e))?;
        if now.digest != saved.digest {
            tell!(
                "qd: {}: the plan is {} by now, it was {}; look at what has changed:",
                file.display(),
                now.short(),
                saved.short()
            );
            for line in difference(&card::card(&saved), &card::card(&now)) {
                tell!("  {line}");
            }
            return Err(Ending::Refused);
        }
        Ok((now, ask))
    }

    /// Asks for inputs that are missing, where somebody can answer; none of it goes on when a question is left with Ctrl-C.
    async fn fill(&self, asks: &mut Ask) -> Result<(), Ending> {
        if !ask::is_answered() {
            return Ok(());
        }
        let missing: Vec<_> = asks
            .runbook
            .inputs
            .iter()
            .filter(|i| i.required && i.default.is_none() && !asks.inputs.contains_key(&i.name))
            .cloned()
            .collect();
        if missing.is_empty() {
            return Ok(());
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
            if ask::is_over() {
                return Err(Ending::Cancelled);
            }
            if let Some(value) = value {
                asks.inputs.insert(input.name.clone(), value);
            }
        }
        Ok(())
    }
}

/// Lines that only one of two texts has: `-` was, `+` is.
fn difference(before: &str, after: &str) -> Vec<String> {
    let gone =
        before.lines().filter(|line| !after.lines().any(|l| l == *line)).map(|line| format!("- {}", line.trim()));
    let new = after.lines().filter(|line| !before.lines().any(|l| l == *line)).map(|line| format!("+ {}", line.trim()));
    gone.chain(new).collect()
}
