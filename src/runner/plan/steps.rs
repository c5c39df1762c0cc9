//! The steps of a plan: where each runs, whether its condition leaves it out, and what it would do on each host. Asks
//! proofs, which only look; never runs a step.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::future::join_all;
use regex::Regex;

use super::names::{self, each, early, variables};
use super::place::{LOCAL, Site};
use super::{Ask, past};
use crate::model::Text;
use crate::model::plan::{HostName, PlannedStep, StepEffect};
use crate::model::runbook::step::{Condition, Test};
use crate::model::runbook::{Action, Checked, On, Step};

/// A proof that takes longer is not asked for in a plan.
const PROOF: Duration = Duration::from_secs(10);

/// What steps are planned with.
pub(super) struct Around<'a> {
    pub(super) ask: &'a Ask,
    /// Hosts of the plan; the operator's machine where the service has none.
    pub(super) hosts: &'a [HostName],
    /// Values that may stand in texts, secrets left out.
    pub(super) plain: &'a BTreeMap<String, String>,
    /// Names of secret inputs that are given.
    pub(super) secrets: &'a [String],
}

/// Steps with their places, before anything is asked.
pub(super) fn resolve(around: &Around<'_>) -> Result<Vec<PlannedStep>, Text> {
    around.ask.runbook.steps().map(|step| one(step, around)).collect()
}

fn one(step: &Step, around: &Around<'_>) -> Result<PlannedStep, Text> {
    let told = |why: Text| -> Text { format!("step {} (line {}): {why}", step.id, step.line).into() };
    let mut step = each(step, &|text| early(text, around.plain, around.secrets)).map_err(told)?;
    step.on = once_where_enough(&step);
    let hosts = match &step.on {
        On::Hosts => around.hosts.to_vec(),
        On::Once => around.hosts.iter().take(1).cloned().collect(),
        On::Local => vec![LOCAL.into()],
        On::Named(name) => vec![named(name, around).map_err(told)?],
    };
    let left_out = step.when.as_ref().and_then(|when| left_out(when, around));
    Ok(PlannedStep { step, hosts, left_out, effects: BTreeMap::new(), estimate: None })
}

/// What asks a person, tells others or watches the service does so once, and a statement runs once.
fn once_where_enough(step: &Step) -> On {
    match (&step.on, &step.action) {
        (On::Hosts, Action::Approve { .. } | Action::Manual { .. } | Action::Notify { .. }) => On::Local,
        (On::Hosts, Action::Wait(wait)) if !wait.until.iter().any(|u| matches!(u.what, Checked::Unit(_))) => On::Local,
        (On::Hosts, Action::Sql(_)) => On::Once,
        (on, _) => on.clone(),
    }
}

fn named(name: &str, around: &Around<'_>) -> Result<HostName, Text> {
    let environment = &around.ask.acting.service.environment;
    if name == LOCAL {
        return Ok(LOCAL.into());
    }
    let all = || around.ask.deck.hosts().filter(|h| h.id.environment == *environment).map(|h| &*h.id.name);
    let known: Vec<&str> = all().collect();
    if known.contains(&name) {
        return Ok(name.into());
    }
    let shown = Text::line_at_most(name, 60);
    Err(format!("{environment} has no host `{shown}`; {}", names::hint(name, known)).into())
}

/// The words for why a condition does not hold.
fn left_out(when: &Condition, around: &Around<'_>) -> Option<Text> {
    let name = when.name.to_lowercase();
    let value = around.plain.get(&name).map(String::as_str);
    let is_given = value.is_some_and(|v| !v.is_empty()) || around.secrets.contains(&name);
    let now = || Text::line_at_most(value.unwrap_or("not given"), 60);
    let (holds, wanted) = match &when.test {
        Test::Is(wanted) => (value == Some(wanted), format!("is {wanted}")),
        Test::IsNot(other) => (value != Some(other), format!("is not {other}")),
        Test::Matches(pattern) => {
            let matches = Regex::new(pattern).is_ok_and(|regex| regex.is_match(value.unwrap_or_default()));
            (matches, format!("matches {pattern}"))
        }
        Test::Given => (is_given, "is given".into()),
    };
    (!holds).then(|| format!("only when {name} {wanted}; it is {}", now()).into())
}

/// Fills in what each step would do on each host. `values` holds secrets: proofs get them as steps do. Says what should
/// be known besides.
pub(super) async fn effects(
    steps: &mut [PlannedStep],
    sites: &BTreeMap<HostName, Site>,
    values: &BTreeMap<String, String>,
    around: &Around<'_>,
) -> Vec<Text> {
    let proofs = steps.iter().enumerate().filter(|(_, s)| s.left_out.is_none() && s.step.verify.is_some());
    let proofs = proofs.flat_map(|(at, s)| s.hosts.iter().map(move |host| (at, s, host)));
    let asked = proofs.map(|(at, step, host)| async move {
        let answer = prove(&step.step, sites.get(host), host, values, around).await;
        ((at, host.clone()), answer)
    });
    let answers: BTreeMap<(usize, HostName), Proof> = join_all(asked).await.into_iter().collect();
    let mut warnings = Vec::new();
    // Hosts on which something changes before the step at hand.
    let mut changed: BTreeSet<HostName> = BTreeSet::new();
    for (at, planned) in steps.iter_mut().enumerate().filter(|(_, s)| s.left_out.is_none()) {
        for host in planned.hosts.clone() {
            let proof = answers.get(&(at, host.clone()));
            if let Some(Proof::Silent(why)) = proof {
                warnings.push(format!("the proof of step {} says nothing on {host}: {why}", planned.step.id).into());
            }
            let effect = effect(&planned.step, sites.get(&host), proof, changed.contains(&host), around);
            if !planned.step.only_looks() && effect != StepEffect::NoChange {
                changed.insert(host.clone());
            }
            planned.effects.insert(host, effect);
        }
        planned.estimate = past::of_step(&around.ask.past, &around.ask.runbook.name, &planned.step.id);
    }
    warnings
}

/// What a proof says.
enum Proof {
    Holds,
    Fails,
    Silent(Text),
}

async fn prove(
    step: &Step,
    site: Option<&Site>,
    host: &HostName,
    values: &BTreeMap<String, String>,
    around: &Around<'_>,
) -> Proof {
    let (Some(script), Some((target, _))) = (&step.verify, site.and_then(Site::reached)) else {
        return Proof::Silent("it is not reached".into());
    };
    let mut env = variables(values, &around.ask.acting.service, host);
    env.push(("QD_STEP".into(), step.id.clone()));
    match target.check(script, &env, PROOF.min(step.timeout)).await {
        Ok((0, _)) => Proof::Holds,
        Ok((126 | 127, said)) => Proof::Silent(Text::line_at_most(&said, 200)),
        Ok(_) => Proof::Fails,
        Err(error) => Proof::Silent(error.to_string().into()),
    }
}

fn effect(step: &Step, site: Option<&Site>, proof: Option<&Proof>, changed: bool, around: &Around<'_>) -> StepEffect {
    let needs_place =
        matches!(step.action, Action::Shell { .. } | Action::Copy { .. } | Action::Http(_) | Action::Sql(_));
    if needs_place && let Some(why) = site.and_then(|s| s.found.as_ref().err()) {
        return StepEffect::Blocked(why.clone());
    }
    if let Some(why) = without_sudo(step, site) {
        return StepEffect::Blocked(why);
    }
    if let Action::Copy { from, .. } = &step.action {
        let from = around.ask.acting.folder.join(from);
        // A name that is filled in later cannot be looked for now.
        if !from.to_string_lossy().contains('{') && !from.exists() {
            return StepEffect::Blocked(format!("there is no {} to copy", from.display()).into());
        }
    }
    match proof {
        _ if step.only_looks() => StepEffect::Looks,
        Some(Proof::Holds) if changed => StepEffect::Depends,
        Some(Proof::Holds) => StepEffect::NoChange,
        Some(Proof::Fails) => StepEffect::WouldChange,
        Some(Proof::Silent(_)) | None => StepEffect::WillRun,
    }
}

/// Why a step that needs sudo cannot run there.
fn without_sudo(step: &Step, site: Option<&Site>) -> Option<Text> {
    let why = site.and_then(Site::no_sudo).filter(|_| step.sudo)?;
    Some(format!("sudo is refused: {why}").into())
}

/// What stays when the run is taken back.
pub(super) fn not_undone(steps: &[PlannedStep]) -> Vec<Text> {
    let runs = steps.iter().filter(|s| s.left_out.is_none() && !s.step.only_looks());
    let stays = runs.filter_map(|planned| {
        let step = &planned.step;
        match (&step.irreversible, &step.undo) {
            (Some(why), _) => Some(format!("{}: {why}", step.id)),
            (None, None) => Some(format!("{}: says no way back", step.id)),
            (None, Some(_)) => None,
        }
    });
    stays.map(Text::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::plan::fixture;
    use crate::runner::target::Ground;

    #[test]
    fn a_step_that_needs_sudo_is_blocked_where_there_is_none() {
        let mut step = fixture::plan().steps.remove(0).step;
        let ground = |sudo| Ground {
            folder: "/state".into(),
            unwritable: None,
            unsupervised: None,
            clock_offset: jiff::SignedDuration::ZERO,
            user: "web".into(),
            sudo,
            free: None,
        };
        let site = |sudo| Site {
            name: "a".into(),
            destination: "a".into(),
            target: None,
            identity: None,
            found: Ok(ground(sudo)),
        };
        let refused = || site(Some(crate::model::plan::Sudo::Refused("there is no sudo there".into())));
        assert_eq!(without_sudo(&step, Some(&refused())), None, "it does not need it");
        step.sudo = true;
        let why = without_sudo(&step, Some(&refused())).unwrap();
        assert_eq!(why.as_str(), "sudo is refused: there is no sudo there");
        assert_eq!(without_sudo(&step, Some(&site(Some(crate::model::plan::Sudo::Password)))), None, "it is asked for");
        assert_eq!(without_sudo(&step, Some(&site(Some(crate::model::plan::Sudo::Free)))), None);
    }
}
