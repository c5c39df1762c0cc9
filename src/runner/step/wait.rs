//! `wait`: looks about once a second until everything that is waited for is so, and has been for as long as it must. Says
//! what is still missing whenever that changes. Only looks, by the probes of the deck and `systemctl`.

use std::time::Duration;

use futures::future::join_all;
use tokio::time::{Instant, sleep};

use super::{Setting, StepEnd};
use crate::config::{Deck, Probe};
use crate::model::runbook::{Action, Checked, Until, Wait};
use crate::model::{Health, ServiceId, Text};
use crate::runner::plan::target;
use crate::source::{Surroundings, ask};
use crate::transport::{Argv, Exit, Limits, Transport, human};

/// From one look to the next.
const EVERY: Duration = Duration::from_secs(1);
/// `systemctl is-active` answers at once.
const UNIT: Limits = Limits { timeout: Duration::from_secs(5), most_bytes: 4096 };

/// What is looked at.
pub struct Scene<'a> {
    /// The service of the run.
    pub service: &'a ServiceId,
    /// The deck as it is loaded now.
    pub deck: &'a Deck,
    /// What probes look with.
    pub surroundings: &'a Surroundings,
    /// Where units are looked at: name and transport.
    pub units: Vec<(&'a str, &'a dyn Transport)>,
}

/// Waits.
pub async fn run(setting: &Setting<'_>) -> StepEnd {
    let Action::Wait(wait) = &setting.step.action else {
        return StepEnd::Failed("it is no wait step".into());
    };
    let here = target_of(setting);
    let units = here.iter().map(|t| (&*t.name, &**t.transport())).collect();
    let scene = Scene { service: &setting.plan.target, deck: setting.deck, surroundings: setting.surroundings, units };
    tokio::select! {
        biased;
        () = setting.stop.cancelled() => StepEnd::Cancelled,
        end = until(wait, &scene, setting.say) => end,
    }
}

fn target_of(setting: &Setting<'_>) -> Option<crate::runner::target::Target> {
    let acting = setting.deck.acting(&setting.plan.target)?;
    target(acting, setting.host, setting.surroundings)
}

async fn until(wait: &Wait, scene: &Scene<'_>, say: &(dyn Fn(&str) + Send + Sync)) -> StepEnd {
    let mut since: Vec<Option<Instant>> = vec![None; wait.until.len()];
    let mut told = String::new();
    loop {
        let began = Instant::now();
        let looks = join_all(wait.until.iter().map(|until| look(until, scene))).await;
        let mut lacking = Vec::new();
        for ((until, held), seen) in wait.until.iter().zip(&mut since).zip(looks) {
            match seen {
                Ok(()) => {
                    let held = held.get_or_insert(began).elapsed();
                    if held < until.hold {
                        lacking.push(format!("{} is {}, to hold for {}", name(until), until.is, human(until.hold)));
                    }
                }
                Err(why) => {
                    *held = None;
                    lacking.push(why.to_string());
                }
            }
        }
        if lacking.is_empty() {
            return StepEnd::Ok { exit: None };
        }
        let words = lacking.join("; ");
        if words != told {
            say(&format!("waiting: {words}"));
            told = words;
        }
        sleep(EVERY.saturating_sub(began.elapsed()).max(Duration::from_millis(100))).await;
    }
}

/// What does not hold now; how long it held is not asked.
pub async fn lacking(wait: &Wait, scene: &Scene<'_>) -> Vec<Text> {
    let looks = join_all(wait.until.iter().map(|until| look(until, scene))).await;
    looks.into_iter().filter_map(Result::err).collect()
}

fn name(until: &Until) -> String {
    match &until.what {
        Checked::Health(None) => "the service".into(),
        Checked::Health(Some(service)) => service.clone(),
        Checked::Probe(probe) => format!("probe {probe}"),
        Checked::Unit(unit) => format!("unit {unit}"),
    }
}

/// One thing: holds, or what it is instead.
async fn look(until: &Until, scene: &Scene<'_>) -> Result<(), Text> {
    match &until.what {
        Checked::Health(other) => {
            let service =
                other.as_ref().map_or_else(|| scene.service.clone(), |s| scene.service.environment.service(s));
            let (health, why) = health(&service, scene.deck, scene.surroundings).await?;
            judge(until, health.word(), why.as_ref())
        }
        Checked::Probe(wanted) => {
            let id = scene.service.probe(wanted);
            let probe = scene.deck.probes().find(|p| p.info.id == id);
            let probe = probe.ok_or_else(|| Text::from(format!("{} has no probe {wanted}", scene.service)))?;
            let seen = ask(probe, scene.surroundings).await;
            judge(until, seen.outcome.word(), seen.reason.as_ref())
        }
        Checked::Unit(unit) => {
            for (place, transport) in &scene.units {
                let argv = Argv::new("systemctl", ["is-active", "--", unit]);
                let output = transport.read(&argv, UNIT).await.map_err(|e| Text::from(e.to_string()))?;
                if matches!(output.exit, Exit::Missing) {
                    return Err(format!("nobody knows how unit {unit} is on {place}").into());
                }
                let word = Text::line_at_most(&String::from_utf8_lossy(&output.stdout), 40);
                judge(until, word.as_str(), Some(&format!("on {place}").into()))?;
            }
            if scene.units.is_empty() {
                Err(format!("there is no host to look at unit {unit} on").into())
            } else {
                Ok(())
            }
        }
    }
}

fn judge(until: &Until, seen: &str, why: Option<&Text>) -> Result<(), Text> {
    if seen == until.is {
        return Ok(());
    }
    let why = why.map(|why| format!(" ({})", Text::line_at_most(why.as_str(), 160))).unwrap_or_default();
    let seen = if seen.is_empty() { "silent" } else { seen };
    Err(format!("{} is {seen}, not {}{why}", name(until), until.is).into())
}

/// What the probes of a service see now, and the reason of the worst. Optional probes do not count.
pub async fn health(
    service: &ServiceId,
    deck: &Deck,
    surroundings: &Surroundings,
) -> Result<(Health, Option<Text>), Text> {
    let counts = |p: &&std::sync::Arc<Probe>| p.info.id.service == *service && !p.info.optional && !p.paused;
    let probes: Vec<_> = deck.probes().filter(counts).collect();
    if probes.is_empty() {
        return Err(format!("{service} has no probe that counts").into());
    }
    let seen = join_all(probes.iter().map(|probe| ask(probe, surroundings))).await;
    let mut worst = (Health::Healthy, None);
    for (probe, seen) in probes.iter().zip(seen) {
        let health = Health::from(seen.outcome);
        if health.rank() > worst.0.rank() {
            let reason = seen.reason.map(|r| format!(": {r}")).unwrap_or_default();
            worst = (health, Some(format!("probe {}{reason}", probe.info.id.name).into()));
        }
    }
    Ok(worst)
}
