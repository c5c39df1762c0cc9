//! `rabbitmq`: the health checks of RabbitMQ's management interface, with version and alarms from its overview. Only
//! reads; never uses the aliveness test, which makes a queue.

pub mod answer;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, join_all};
use reqwest::Url;
use secrecy::SecretString;
use tokio::sync::OnceCell;

use super::api::client::{place, under};
use super::api::{Budget, Client, Trouble, address, secret};
use super::{Check, Context, Kind, Placement};
use crate::model::{Observation, Outcome};
use crate::secret::SecretRef;
use crate::settings::Section;
use crate::transport::dial::Way;

/// The kind's row.
pub static KIND: Kind = Kind {
    name: "rabbitmq",
    doc: "A RabbitMQ node by its management interface: alarms, virtual hosts",
    example: r#"{ rabbitmq = "http://127.0.0.1:15672", user = "ops", password = "env:RABBIT_PASSWORD", checks = ["alarms", "virtual-hosts"] }"#,
    every: Duration::from_secs(30),
    timeout: Duration::from_secs(10),
    latency: true,
    placement: Placement::Network,
    read,
};

const EXAMPLE: &str = "http://127.0.0.1:15672";

/// Asked for unless the deck names others.
const CHECKS: [&str; 3] = ["alarms", "virtual-hosts", "local-alarms"];

#[derive(Debug)]
struct RabbitMq {
    url: Url,
    text: String,
    user: String,
    password: SecretRef,
    checks: Vec<String>,
    ca: Option<PathBuf>,
    client: OnceCell<Client>,
}

fn read(section: &mut Section<'_>) -> Option<Box<dyn Check>> {
    let text = address(section, "rabbitmq", &["http", "https"], EXAMPLE);
    let user = section.needed_text("user", "user = \"monitoring\"");
    let password = section.secret("password");
    if !section.has("password") {
        section.error("password", "`rabbitmq` needs `password`", "add password = \"env:RABBIT_PASSWORD\"");
    }
    let ca = section.path("ca");
    let checks = if section.has("checks") { checks(section) } else { Some(CHECKS.map(str::to_owned).to_vec()) };
    let text = text?;
    let Ok(url) = Url::parse(&text) else {
        section.error("rabbitmq", "`rabbitmq` is not an address", format!("write rabbitmq = \"{EXAMPLE}\""));
        return None;
    };
    let (user, password, checks) = (user?, password?, checks?);
    Some(Box::new(RabbitMq { url, text, user, password, checks, ca, client: OnceCell::new() }))
}

fn checks(section: &Section<'_>) -> Option<Vec<String>> {
    let checks = section.texts("checks")?;
    // Some have parameters: `port-listener/5672`, `certificate-expiration/1/months`.
    let odd = |c: &str| c.is_empty() || !c.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '/' | '.'));
    if checks.is_empty() || checks.len() > 16 || checks.iter().any(|c| odd(c) || c.contains("..")) {
        let help = "write names as in /api/health/checks: checks = [\"alarms\", \"port-listener/5672\"]";
        section.error("checks", "`checks` must be a list of 1 to 16 names of health checks", help);
        return None;
    }
    Some(checks)
}

impl Check for RabbitMq {
    fn target(&self) -> String {
        self.text.clone()
    }

    fn check<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Observation> {
        Box::pin(async move {
            let password = match secret(context, &self.password).await {
                Ok(password) => password,
                Err(trouble) => return trouble.into(),
            };
            let budget = Budget::of(context);
            match self.ask(&password, &budget, context.way.as_ref()).await {
                Ok(seen) => seen.after(budget.took()),
                Err(trouble) => trouble.into(),
            }
        })
    }
}

impl RabbitMq {
    async fn ask(
        &self,
        password: &SecretString,
        budget: &Budget,
        way: Option<&Arc<dyn Way>>,
    ) -> Result<Observation, Trouble> {
        let client = self.client.get_or_try_init(|| Client::towards(&self.url, self.ca.as_deref())).await?;
        let client = &client.by(way.cloned());
        let place = place(&self.url);
        let doing = format!("from the management interface on {place}");
        // First of all, because it tells whether this is RabbitMQ and takes the login.
        let overview = self.get(client, "api/overview", password, budget, &doing).await?;
        let mut seen = answer::overview(&overview, &place)?;
        let doing = &doing;
        let asked = self.checks.iter().map(|check| async move {
            let path = format!("api/health/checks/{check}");
            (check, self.get(client, &path, password, budget, doing).await)
        });
        for (check, answer) in join_all(asked).await {
            let (outcome, reason) = match answer {
                Ok(answer) => answer::check(check, &answer),
                Err(trouble) => (trouble.outcome, trouble.reason),
            };
            // A local alarm is in the list of all alarms too; what is known is not told twice.
            let told = seen.reason.as_ref().is_some_and(|r| r.as_str().contains(&reason));
            if outcome != Outcome::Pass && !told {
                seen.worsen(outcome, reason);
            }
        }
        Ok(seen)
    }

    async fn get(
        &self,
        client: &Client,
        path: &str,
        password: &SecretString,
        budget: &Budget,
        doing: &str,
    ) -> Result<super::api::Answer, Trouble> {
        let url = under(&self.url, path).ok_or_else(|| Trouble::unknown(format!("`{path}` makes no address")))?;
        client.get(url, Some((&self.user, password)), budget, doing).await
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{check, faults};

    #[test]
    fn what_is_missing_or_odd_is_a_fault() {
        assert!(faults("rabbitmq = \"http://h\"\nuser = \"ops\"")[0].message.contains("needs `password`"));
        let base = "rabbitmq = \"http://h\"\nuser = \"ops\"\npassword = \"env:X\"\n";
        for bad in ["[]", "[\"../nodes\"]", "[\"a b\"]"] {
            assert!(faults(&format!("{base}checks = {bad}"))[0].message.contains("names of health checks"), "{bad}");
        }
        let found = faults("rabbitmq = \"http://ops:hunter2@h\"\nuser = \"ops\"\npassword = \"env:X\"");
        assert!(!format!("{found:?}").contains("hunter2"));
        assert_eq!(check(base).target(), "http://h");
    }
}
