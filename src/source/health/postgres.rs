//! `postgres`: a new connection, one read-only round of questions, a judgement on role, replication and connections.
//! Never writes: the session is read-only and its statements are limited in time. Whom it believes is told in its
//! settings: an address without `sslmode` encrypts if it can and proves nothing.

pub mod answer;
pub mod judge;
pub mod session;
mod settings;
pub mod trouble;
mod way;

use std::path::PathBuf;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio_postgres::config::Host;
use tokio_postgres::{Config, SimpleQueryMessage};

use secrecy::SecretString;

use super::api::{Budget, Trouble, secret_if_any, tls};
use super::{Check, Context, Kind, Placement};
use crate::model::Observation;
use crate::secret::{SecretRef, expose};
use answer::{Answer, QUESTIONS};
use judge::Limits;
use settings::Proof;
use way::{Link, Way};

/// The kind's row.
pub static KIND: Kind = Kind {
    name: "postgres",
    doc: "A PostgreSQL server: role, replication lag, connections in use",
    example: r#"{ postgres = "postgresql://monitor@127.0.0.1:5432/app", password = "env:PG_PASSWORD", role = "primary", standbys = 1 }"#,
    every: Duration::from_secs(15),
    timeout: Duration::from_secs(5),
    latency: true,
    placement: Placement::Network,
    read: settings::read,
};

const EXAMPLE: &str = "postgresql://monitor@127.0.0.1:5432/app";
/// As reasons call it.
const SERVICE: &str = "PostgreSQL";

struct Postgres {
    url: String,
    config: Config,
    place: String,
    proof: Proof,
    ca: Option<PathBuf>,
    password: Option<SecretRef>,
    limits: Limits,
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postgres").field("url", &self.url).field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// `host:port` of the first host, for reasons.
fn place(config: &Config) -> String {
    let port = config.get_ports().first().copied().unwrap_or(5432);
    match config.get_hosts().first() {
        Some(Host::Tcp(host)) => format!("{host}:{port}"),
        #[cfg(unix)]
        Some(Host::Unix(path)) => format!("{}/.s.PGSQL.{port}", path.display()),
        None => format!("127.0.0.1:{port}"),
    }
}

impl Check for Postgres {
    fn target(&self) -> String {
        self.url.clone()
    }

    fn check<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Observation> {
        Box::pin(async move {
            // A secret that comes slowly is no slowness of the server.
            let secret = match secret_if_any(context, self.password.as_ref()).await {
                Ok(secret) => secret,
                Err(trouble) => return trouble.into(),
            };
            let budget = Budget::of(context);
            match self.ask(context, secret.as_ref(), &budget).await {
                Ok(answer) => judge::judge(&answer, &self.limits).after(budget.took()),
                Err(trouble) => trouble.into(),
            }
        })
    }
}

impl Postgres {
    async fn ask(&self, context: &Context, secret: Option<&SecretString>, budget: &Budget) -> Result<Answer, Trouble> {
        let mut config = self.config.clone();
        if let Some(secret) = secret {
            config.password(expose(secret));
        }
        let own = config.get_options().map(|o| format!("{o} ")).unwrap_or_default();
        let limit = statement_timeout(budget.left());
        config.options(format!("{own}-c default_transaction_read_only=on -c statement_timeout={limit}"));
        let tls = match self.proof {
            Proof::None => tls::believing()?,
            Proof::Full => tls::trusting(self.ca.as_deref()).await?,
        };
        let way = Way { config, tls, place: &self.place, limit: context.timeout, through: context.way.clone() };
        let link = budget.spend(&format!("while connecting to {}", self.place), way.connect()).await?;
        self.talk(link, budget).await
    }

    /// Puts the questions. The connection is driven here, so that a dropped check drops it too.
    async fn talk(&self, link: Link, budget: &Budget) -> Result<Answer, Trouble> {
        let Link { client, connection, meter } = link;
        let asking = async move {
            let rows = client.simple_query(QUESTIONS).await;
            drop(client);
            rows
        };
        let both = async {
            let (rows, end) = futures::join!(asking, connection);
            // The answer's own error says more than the connection's.
            let rows = rows.map_err(|e| meter.judge(trouble::of(&e, &self.place), &self.place, SERVICE))?;
            drop(end);
            Ok::<_, Trouble>(rows)
        };
        let rows = budget.spend(&format!("from {} to the questions on its state", self.place), both).await?;
        let cells = rows.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let cells = cells.filter_map(|row| Some((row.get(0)?.to_owned(), row.get(1)?.to_owned())));
        Answer::read(cells).ok_or_else(|| Trouble::unknown(format!("{} did not say what role it has", self.place)))
    }
}

/// In milliseconds, at least one (none means no limit) and at most what the server takes. Source: PostgreSQL manual,
/// "Client Connection Defaults": an integer of 32 bits.
fn statement_timeout(left: Duration) -> i32 {
    i32::try_from(left.as_millis()).unwrap_or(i32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_limit_is_more_than_a_server_takes() {
        let limits = [Duration::ZERO, Duration::from_secs(5), Duration::from_hours(24 * 25), Duration::MAX];
        assert_eq!(limits.map(statement_timeout), [1, 5000, i32::MAX, i32::MAX]);
    }
}
