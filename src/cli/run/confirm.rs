//! Agreeing to a plan on a terminal: as strongly as its level wants. Without a terminal the command line says it all, or
//! nothing runs.

use crate::cli::hosts::ask;
use crate::config::acting::Acting;
use crate::model::{Level, Operator, Plan, ServiceId, Text};
use crate::runner::gate::{Consent, Given};

/// What the command line said about agreeing.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)]
pub struct Options {
    /// Agree to exactly this plan: ENVIRONMENT:DIGEST, the eight digits that `qd plan` shows
    #[arg(long, value_name = "ENV:DIGEST8")]
    confirm: Option<String>,
    /// Why; production needs one
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Go over what an earlier run left unfinished, and why
    #[arg(long, value_name = "WHY")]
    over_unfinished: Option<String>,
    /// Go over a peak time, for this incident; needs a reason of 20 characters
    #[arg(long, value_name = "INCIDENT")]
    break_glass: Option<String>,
}

impl Options {
    /// Agrees, or not: none when nobody did.
    pub async fn agree(&self, plan: &Plan, operator: &Operator) -> Option<Consent> {
        let mut consent = Consent {
            digest: plan.digest.clone(),
            by: Given::Enter,
            reason: text(self.reason.as_deref()),
            operator: operator.clone(),
            break_glass: text(self.break_glass.as_deref()),
            over_dirty: text(self.over_unfinished.as_deref()),
        };
        if let Some(flag) = &self.confirm {
            consent.by = Given::Flag(flag.clone());
            return Some(consent);
        }
        // What only looks needs no agreement.
        if plan.only_looks() {
            return Some(consent);
        }
        if !ask::is_answered() {
            let environment = &plan.target.environment;
            tell!("qd: nobody is here to agree; look at the plan and add --confirm {environment}:{}", plan.short());
            return None;
        }
        consent.by = agreed(plan).await?;
        if plan.level >= Level::Typed {
            if consent.over_dirty.is_none() && plan.goes_over().next().is_some() {
                consent.over_dirty = asked("an earlier run left changes that are not proven; why go over it? ").await;
            }
            if consent.reason.is_none() {
                consent.reason = asked("reason: ").await;
            }
        }
        Some(consent)
    }
}

/// What the command line said about agreeing to what is done by hand, without a plan.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)]
pub struct Hand {
    /// Agree to it: ENV/SERVICE, as it would be typed
    #[arg(long, value_name = "ENV/SERVICE")]
    confirm: Option<String>,
}

impl Hand {
    /// Agrees, as strongly as the service's environment wants; none when nobody did. `doing` begins the question.
    pub async fn agree(
        &self,
        doing: &str,
        target: &ServiceId,
        acting: &Acting,
        reason: Option<&str>,
        operator: &Operator,
    ) -> Option<Consent> {
        let mut consent = Consent {
            digest: String::new(),
            by: Given::Enter,
            reason: text(reason),
            operator: operator.clone(),
            break_glass: None,
            over_dirty: None,
        };
        if let Some(flag) = &self.confirm {
            consent.by = Given::Flag(flag.clone());
            return Some(consent);
        }
        if !ask::is_answered() {
            tell!("qd: nobody is here to agree; add --confirm {target}");
            return None;
        }
        let level = acting.policy.level.max(Level::of(acting.policy.tier));
        consent.by = match level {
            Level::Enter => {
                ask::line(&format!("{doing}, press Enter (Ctrl-C leaves it): ")).await.map(|_| Given::Enter)?
            }
            Level::Yes => {
                let answer = ask::line(&format!("{doing}, type y: ")).await?;
                matches!(answer.as_str(), "y" | "Y" | "yes").then_some(Given::Yes)?
            }
            Level::Typed | Level::Digest => ask::line(&format!("{doing}, type {target}: ")).await.map(Given::Typed)?,
        };
        if level >= Level::Typed && consent.reason.is_none() {
            consent.reason = asked("reason: ").await;
        }
        Some(consent)
    }
}

async fn agreed(plan: &Plan) -> Option<Given> {
    match plan.level {
        Level::Enter => ask::line("Enter runs it, Ctrl-C leaves it: ").await.map(|_| Given::Enter),
        Level::Yes => {
            let answer = ask::line("run it? [y/N] ").await?;
            matches!(answer.as_str(), "y" | "Y" | "yes").then_some(Given::Yes)
        }
        Level::Typed => {
            let words = plan.target.to_string();
            ask::line(&format!("to run it, type {words}: ")).await.map(Given::Typed)
        }
        Level::Digest => {
            let words = format!("{} {}", plan.target, plan.short());
            ask::line(&format!("to run it, type {words}: ")).await.map(Given::Typed)
        }
    }
}

async fn asked(question: &str) -> Option<Text> {
    text(ask::line(question).await.as_deref())
}

fn text(raw: Option<&str>) -> Option<Text> {
    raw.map(str::trim).filter(|raw| !raw.is_empty()).map(Text::from)
}
