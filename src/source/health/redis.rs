//! `redis`: a new connection, `PING` and `INFO`, a judgement on persistence, replication and memory. Sends nothing
//! else, so a login that may only `+ping +info` will do. Reads at most 1 MiB of what the server says.

pub mod judge;
pub mod sections;
pub mod trouble;

use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, Either, select};
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo, RedisResult,
};
use secrecy::SecretString;
use tokio_rustls::TlsConnector;

use super::api::{Budget, Trouble, address, secret_if_any, tls};
use super::bounded::{Bounded, Wire};
use super::{Check, Context, Kind, Placement};
use crate::model::Observation;
use crate::secret::{SecretRef, expose};
use crate::settings::Section;
use crate::source::tls::server_name;
use judge::{Limits, Role};
use sections::Sections;

/// The kind's row.
pub static KIND: Kind = Kind {
    name: "redis",
    doc: "A Redis or Valkey server: loading, persistence, replication, memory",
    example: r#"{ redis = "redis://127.0.0.1:6379/0", password = "env:REDIS_PASSWORD", role = "primary", memory-degraded = 85 }"#,
    every: Duration::from_secs(10),
    timeout: Duration::from_secs(5),
    latency: true,
    placement: Placement::Network,
    read,
};

const EXAMPLE: &str = "redis://127.0.0.1:6379/0";

#[derive(Debug)]
struct Redis {
    url: String,
    info: ConnectionInfo,
    host: String,
    port: u16,
    tls: bool,
    place: String,
    user: Option<String>,
    password: Option<SecretRef>,
    ca: Option<PathBuf>,
    limits: Limits,
}

fn read(section: &mut Section<'_>) -> Option<Box<dyn Check>> {
    let url = address(section, "redis", &["redis", "rediss"], EXAMPLE);
    let user = section.text("user");
    let password = section.has("password").then(|| section.secret("password"));
    let ca = section.path("ca");
    let errors = section.faults().errors();
    let limits = Limits {
        role: section.choice("role", &[("primary", Role::Primary), ("replica", Role::Replica)]),
        memory_degraded: section.whole("memory-degraded", 1..=100).unwrap_or(85),
        memory_fail: section.whole("memory-fail", 1..=100).unwrap_or(95),
    };
    if limits.memory_degraded > limits.memory_fail {
        let help = "the first limit comes first: memory-degraded = 85, memory-fail = 95";
        section.error("memory-degraded", "`memory-degraded` is above `memory-fail`", help);
    }
    if user.is_some() && password.is_none() {
        section.error("user", "`user` stands without `password`", "add password = \"env:NAME\"");
    }
    if section.faults().errors() > errors {
        return None;
    }
    let url = url?;
    if ca.is_some() && !url.starts_with("rediss://") {
        section.error("ca", "`ca` is of no use without TLS", "write the address with rediss://");
        return None;
    }
    let Ok(info) = url.as_str().into_connection_info() else {
        section.error("redis", "`redis` is not an address of a server", format!("write redis = \"{EXAMPLE}\""));
        return None;
    };
    let (host, port, tls) = match info.addr() {
        ConnectionAddr::Tcp(host, port) => (host.clone(), *port, false),
        ConnectionAddr::TcpTls { host, port, insecure: false, .. } => (host.clone(), *port, true),
        _ => {
            let help = "leave #insecure out; a private authority is named by ca = \"FILE.pem\"";
            section.error("redis", "`redis` asks for TLS without proof of identity", help);
            return None;
        }
    };
    let password = match password {
        Some(reference) => Some(reference?),
        None => None,
    };
    let place = info.addr().to_string();
    Some(Box::new(Redis { url, info, host, port, tls, place, user, password, ca, limits }))
}

impl Check for Redis {
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
                Ok(info) => judge::judge(&info, &self.limits).after(budget.took()),
                Err(trouble) => trouble.into(),
            }
        })
    }
}

impl Redis {
    async fn ask(
        &self,
        context: &Context,
        secret: Option<&SecretString>,
        budget: &Budget,
    ) -> Result<Sections, Trouble> {
        let doing = format!("while connecting to {}", self.place);
        let dialled = Bounded::dial(&self.host, self.port, context.timeout, context.way.as_ref());
        let (stream, meter) = budget.spend(&doing, dialled).await?;
        let told = |trouble| meter.judge(trouble, &self.place, "Redis");
        if !self.tls {
            return self.talk(stream, secret, budget).await.map_err(told);
        }
        let connector = TlsConnector::from(Arc::new(tls::trusting(self.ca.as_deref()).await?));
        let name = server_name(&self.host).map_err(|e| Trouble::unknown(e.to_string()))?;
        let shake =
            async { connector.connect(name, stream).await.map_err(|e| Trouble::of_connection(&e, &self.place)) };
        let stream = budget.spend(&doing, shake).await.map_err(told)?;
        self.talk(stream, secret, budget).await.map_err(told)
    }

    async fn talk<W: Wire + 'static>(
        &self,
        stream: W,
        secret: Option<&SecretString>,
        budget: &Budget,
    ) -> Result<Sections, Trouble> {
        // The crate would log in by itself, but keeps the server's words about a refusal to itself.
        let plain = RedisConnectionInfo::default().set_skip_set_lib_name();
        // The budget alone decides on time.
        let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let both = async {
            let made = MultiplexedConnection::new_with_config(&plain, stream, config).await;
            let (mut connection, driver) = made.map_err(|e| self.trouble(&e))?;
            // The connection is driven here, so that a dropped check drops it too.
            match select(pin!(self.put_questions(&mut connection, secret)), pin!(driver)).await {
                Either::Left((answer, _)) => answer,
                Either::Right(((), asking)) => asking.await,
            }
        };
        budget.spend(&format!("from {} to PING and INFO", self.place), both).await
    }

    async fn put_questions(
        &self,
        connection: &mut MultiplexedConnection,
        secret: Option<&SecretString>,
    ) -> Result<Sections, Trouble> {
        self.enter(connection, secret).await.map_err(|e| self.trouble(&e))?;
        let ping = redis::cmd("PING").query_async::<String>(connection).await;
        let text = redis::cmd("INFO").query_async::<String>(connection).await;
        match (ping, text) {
            // `INFO` is answered while data are loaded, and says how far that is.
            (_, Ok(text)) if Sections::parse(&text).is_loading() => Ok(Sections::parse(&text)),
            (Err(error), _) | (Ok(_), Err(error)) => Err(self.trouble(&error)),
            (Ok(_), Ok(text)) => Ok(Sections::parse(&text)),
        }
    }

    /// Logs in and chooses the database, as far as the deck asks for it.
    async fn enter(&self, connection: &mut MultiplexedConnection, secret: Option<&SecretString>) -> RedisResult<()> {
        let wanted = self.info.redis_settings();
        if let Some(secret) = secret {
            let mut login = redis::cmd("AUTH");
            if let Some(user) = self.user.as_deref().or_else(|| wanted.username()) {
                login.arg(user);
            }
            login.arg(expose(secret)).query_async::<()>(connection).await?;
        }
        if wanted.db() != 0 {
            redis::cmd("SELECT").arg(wanted.db()).query_async::<()>(connection).await?;
        }
        Ok(())
    }

    fn trouble(&self, error: &redis::RedisError) -> Trouble {
        trouble::of(error, &self.place)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{check, faults};

    #[test]
    fn a_password_in_the_address_is_a_fault_that_does_not_repeat_it() {
        let found = faults("redis = \"redis://:hunter2@cache:6379\"");
        assert!(!format!("{found:?}").contains("hunter2"));
    }

    #[test]
    fn settings_that_contradict_each_other_are_faults() {
        let base = "redis = \"redis://cache\"\n";
        assert!(faults(&format!("{base}memory-degraded = 96"))[0].message.contains("is above"));
        assert!(faults(&format!("{base}user = \"ops\""))[0].message.contains("without `password`"));
        assert!(faults(&format!("{base}ca = \"x.pem\""))[0].message.contains("without TLS"));
        let insecure = faults("redis = \"rediss://cache/#insecure\"");
        assert!(insecure[0].message.contains("without proof of identity"), "{insecure:?}");
        assert!(faults("redis = \"cache:6379\"")[0].message.contains("starts with redis:// or rediss://"));
    }

    #[test]
    fn the_target_is_the_address_as_written() {
        let check = check("redis = \"rediss://cache:6380/2\"\nuser = \"ops\"\npassword = \"env:X\"");
        assert_eq!(check.target(), "rediss://cache:6380/2");
    }
}
