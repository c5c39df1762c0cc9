//! `postgres`: a new connection, one read-only round of questions, a judgement on role, replication and connections.
//! Never writes: the session is read-only and its statements are limited in time.

pub mod answer;
pub mod judge;
pub mod trouble;

use std::path::PathBuf;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Config, NoTls, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::api::{Budget, Trouble, address, tls};
use super::{Check, Context, Kind};
use crate::model::Observation;
use crate::secret::{SecretRef, expose};
use crate::settings::Section;
use answer::{Answer, QUESTIONS};
use judge::{Limits, Role};

/// The kind's row.
pub static KIND: Kind = Kind {
    name: "postgres",
    doc: "A PostgreSQL server: role, replication lag, connections in use",
    example: r#"{ postgres = "postgresql://monitor@127.0.0.1:5432/app", password = "env:PG_PASSWORD", role = "primary", standbys = 1 }"#,
    every: Duration::from_secs(15),
    timeout: Duration::from_secs(5),
    latency: true,
    read,
};

const EXAMPLE: &str = "postgresql://monitor@127.0.0.1:5432/app";

/// What stands for proof of the server's identity. Source: PostgreSQL manual, "SSL Support", table of sslmode values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    /// `disable`, `prefer`, `require`: none.
    None,
    /// `verify-full`: certificate and name.
    Full,
}

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

fn read(section: &mut Section<'_>) -> Option<Box<dyn Check>> {
    let url = address(section, "postgres", &["postgresql", "postgres"], EXAMPLE);
    let password = section.has("password").then(|| section.secret("password"));
    let ca = section.text("ca").map(PathBuf::from);
    let limits = limits(section);
    let url = url?;
    let (plain, proof) = proof(section, &url, ca.is_some())?;
    let mut config = match plain.parse::<Config>() {
        Ok(config) if !config.get_hosts().is_empty() => config,
        Ok(_) => {
            section.error("postgres", "`postgres` names no host", format!("write postgres = \"{EXAMPLE}\""));
            return None;
        }
        Err(error) => {
            let why = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            let message = format!("`postgres` is not a connection address: {why}");
            section.error("postgres", message, format!("write postgres = \"{EXAMPLE}\""));
            return None;
        }
    };
    if proof == Proof::Full {
        config.ssl_mode(SslMode::Require);
    }
    config.application_name("quarterdeck");
    let password = match password {
        Some(reference) => Some(reference?),
        None => None,
    };
    Some(Box::new(Postgres { place: place(&config), url, config, proof, ca, password, limits: limits? }))
}

/// What the address says of proof; the address as the driver takes it, which knows no `verify-full`.
fn proof(section: &Section<'_>, url: &str, ca: bool) -> Option<(String, Proof)> {
    match (mode(url), ca) {
        (Some("verify-full"), _) => Some((url.replace("sslmode=verify-full", "sslmode=require"), Proof::Full)),
        (Some("disable"), true) => {
            section.error("ca", "`ca` is of no use without TLS", "write sslmode=verify-full in the address");
            None
        }
        (None | Some("disable" | "prefer" | "require"), ca) => {
            Some((url.to_owned(), if ca { Proof::Full } else { Proof::None }))
        }
        (Some(mode), _) => {
            let help = "write sslmode=disable, prefer, require or verify-full";
            section.error("postgres", format!("`sslmode={mode}` is not known here"), help);
            None
        }
    }
}

fn mode(url: &str) -> Option<&str> {
    let (_, query) = url.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix("sslmode="))
}

fn limits(section: &Section<'_>) -> Option<Limits> {
    let errors = section.faults().errors();
    let percent = |key: &str, default: i64| section.whole(key, 1..=100).unwrap_or(default);
    let limits = Limits {
        role: section.choice("role", &[("primary", Role::Primary), ("standby", Role::Standby)]),
        standbys: section.whole("standbys", 0..=99),
        lag_degraded: section.duration("lag-degraded"),
        lag_fail: section.duration("lag-fail"),
        connections_degraded: percent("connections-degraded", 80),
        connections_fail: percent("connections-fail", 95),
    };
    if limits.connections_degraded > limits.connections_fail {
        let help = "the first limit comes first: connections-degraded = 80, connections-fail = 95";
        section.error("connections-degraded", "`connections-degraded` is above `connections-fail`", help);
    }
    if let (Some(first), Some(second)) = (limits.lag_degraded, limits.lag_fail)
        && first > second
    {
        let help = "the first limit comes first: lag-degraded = \"30s\", lag-fail = \"5m\"";
        section.error("lag-degraded", "`lag-degraded` is above `lag-fail`", help);
    }
    if limits.role == Some(Role::Standby) && limits.standbys.is_some() {
        let help = "`standbys` counts what hangs on a primary; leave it out or write role = \"primary\"";
        section.error("standbys", "`standbys` is asked of a standby", help);
    }
    (section.faults().errors() == errors).then_some(limits)
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
            let budget = Budget::of(context);
            match self.ask(context, &budget).await {
                Ok(answer) => judge::judge(&answer, &self.limits).after(budget.took()),
                Err(trouble) => trouble.into(),
            }
        })
    }
}

impl Postgres {
    async fn ask(&self, context: &Context, budget: &Budget) -> Result<Answer, Trouble> {
        let mut config = self.config.clone();
        if let Some(reference) = &self.password {
            let secret = budget.spend("while looking the password up", context.vault.reveal(reference)).await?;
            config.password(expose(&secret));
        }
        let limit = budget.left().as_millis().max(1);
        let own = config.get_options().map(|o| format!("{o} ")).unwrap_or_default();
        config.options(format!("{own}-c default_transaction_read_only=on -c statement_timeout={limit}"));
        let doing = format!("while connecting to {}", self.place);
        if config.get_ssl_mode() == SslMode::Disable {
            let connect = async { config.connect(NoTls).await.map_err(|e| self.trouble(&e)) };
            let (client, connection) = budget.spend(&doing, connect).await?;
            return self.talk(client, connection, budget).await;
        }
        let tls = match self.proof {
            Proof::None => tls::believing()?,
            Proof::Full => tls::trusting(self.ca.as_deref()).await?,
        };
        let connect = async { config.connect(MakeRustlsConnect::new(tls)).await.map_err(|e| self.trouble(&e)) };
        let (client, connection) = budget.spend(&doing, connect).await?;
        self.talk(client, connection, budget).await
    }

    /// Puts the questions. The connection is driven here, so that a dropped check drops it too.
    async fn talk<C>(&self, client: tokio_postgres::Client, connection: C, budget: &Budget) -> Result<Answer, Trouble>
    where
        C: Future<Output = Result<(), tokio_postgres::Error>>,
    {
        let asking = async move {
            let rows = client.simple_query(QUESTIONS).await;
            drop(client);
            rows
        };
        let both = async {
            let (rows, end) = futures::join!(asking, connection);
            // The answer's own error says more than the connection's.
            let rows = rows.map_err(|e| self.trouble(&e))?;
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

    fn trouble(&self, error: &tokio_postgres::Error) -> Trouble {
        trouble::of(error, &self.place)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{check, faults};

    #[test]
    fn a_password_in_the_address_is_a_fault_that_does_not_repeat_it() {
        let found = faults("postgres = \"postgresql://app:hunter2@db/x\"");
        assert!(found[0].help.as_deref().unwrap().contains("password = \"env:NAME\""));
        assert!(!format!("{found:?}").contains("hunter2"));
    }

    #[test]
    fn limits_in_the_wrong_order_and_unknown_words_are_faults() {
        let base = "postgres = \"postgresql://app@db/x\"\n";
        for (more, words) in [
            ("connections-degraded = 99", "is above"),
            ("lag-degraded = \"10m\"\nlag-fail = \"1m\"", "is above"),
            ("role = \"master\"", "cannot be \"master\""),
            ("role = \"standby\"\nstandbys = 1", "asked of a standby"),
        ] {
            assert!(faults(&format!("{base}{more}"))[0].message.contains(words), "{more}");
        }
        assert!(faults("postgres = \"postgresql://db/x?sslmode=verify-ca\"")[0].message.contains("sslmode=verify-ca"));
        assert!(faults("postgres = \"mysql://db/x\"")[0].message.contains("starts with postgresql://"));
    }

    #[test]
    fn the_target_is_the_address_as_written() {
        let url = "postgresql://app@db:5432/x?sslmode=verify-full";
        assert_eq!(check(&format!("postgres = \"{url}\"\npassword = \"env:X\"")).target(), url);
    }
}
