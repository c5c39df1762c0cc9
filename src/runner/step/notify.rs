//! `notify`: tells others over a webhook, in words (`{"text": …}`, as Slack and its likes read it) or as the whole event in
//! JSON. Tried three times; others who cannot be told do not keep a run from going on, unless the step says that it
//! matters by asking for `retries`.

use std::time::Duration;

use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::json;
use tokio::time::sleep;

use super::{Setting, StepEnd};
use crate::model::Text;
use crate::model::runbook::Action;
use crate::secret::{SecretRef, expose};
use crate::source::fetch::{Proxies, Request, Target, Trail, fetch};
use crate::source::tls::Trust;
use crate::transport::dial::Watch;

/// Before the second and the third try.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];
/// One try.
const LIMIT: Duration = Duration::from_secs(10);
/// What a webhook answers is a word or two.
const MOST_BODY: usize = 4096;

/// Tells.
pub async fn run(setting: &Setting<'_>) -> StepEnd {
    let Action::Notify { to, slack, text } = &setting.step.action else {
        return StepEnd::Failed("it is no notify step".into());
    };
    let body = if *slack { json!({ "text": text }) } else { event(setting, text) }.to_string();
    let told = tokio::select! {
        biased;
        () = setting.stop.cancelled() => return StepEnd::Cancelled,
        told = tell(setting, to, body.as_bytes()) => told,
    };
    match told {
        Ok(()) => StepEnd::Ok { exit: None },
        Err(why) if setting.step.retries > 0 => StepEnd::Failed(why),
        Err(why) => {
            (setting.say)(&format!("nobody was told: {why}"));
            StepEnd::Ok { exit: None }
        }
    }
}

fn event(setting: &Setting<'_>, text: &str) -> serde_json::Value {
    let plan = setting.plan;
    json!({
        "text": text,
        "run": setting.run,
        "runbook": plan.runbook,
        "kind": plan.kind.word(),
        "environment": plan.target.environment,
        "service": plan.target.name,
        "step": setting.step.id,
        "digest": plan.digest,
        "version": plan.release.as_ref().map(|release| &release.version),
        "hosts": plan.hosts.iter().map(|host| &host.name).collect::<Vec<_>>(),
        "at": (setting.surroundings.clock)(),
    })
}

async fn tell(setting: &Setting<'_>, to: &str, body: &[u8]) -> Result<(), Text> {
    let address = match SecretRef::parse(to) {
        Ok(reference) => {
            let found = setting.surroundings.vault.reveal_within(&reference, LIMIT).await;
            expose(&found.map_err(|e| Text::from(e.to_string()))?).to_owned()
        }
        Err(_) => to.to_owned(),
    };
    // The address of a webhook is its password: it is never repeated.
    let url = address.trim().parse().map_err(|_| Text::from("the address to tell is no URL"))?;
    let target = Target::new(url).map_err(|why| Text::from(format!("the address to tell is no URL: {why}")))?;
    let mut pauses = PAUSES.iter();
    loop {
        let (why, again) = match once(setting, &target, body).await {
            Ok(()) => return Ok(()),
            Err(failed) => failed,
        };
        let Some(pause) = pauses.next().filter(|_| again) else { return Err(why) };
        (setting.say)(&format!("not told yet: {why}"));
        sleep(*pause).await;
    }
}

/// One try; why it failed, and whether another may do better.
async fn once(setting: &Setting<'_>, target: &Target, body: &[u8]) -> Result<(), (Text, bool)> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let trust = Trust::default();
    let request = Request {
        target,
        method: &Method::POST,
        body,
        headers: &headers,
        trust: &trust,
        proxies: Proxies::of_environment(),
        now: (setting.surroundings.clock)(),
        most_body: MOST_BODY,
    };
    let mut trail = Trail::new(Watch::new(LIMIT.min(setting.step.timeout)));
    let host = target.url.host_str().unwrap_or_default();
    match fetch(&request, &mut trail).await {
        Ok(answer) if answer.status.is_success() => Ok(()),
        Ok(answer) => {
            let again = answer.status.is_server_error() || answer.status.as_u16() == 429;
            Err((format!("{host} answered {}", answer.status).into(), again))
        }
        Err(error) => Err((Text::line_at_most(&error.to_string(), 300), true)),
    }
}
