//! A session with a PostgreSQL server for whoever has a statement to run: the same address, proof of identity and way as
//! the check of this kind. Runs nothing by itself.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio_postgres::{CancelToken, Client, Config};

use super::settings::{Proof, mode};
use super::way::{Link, Way};
use super::{place, statement_timeout, trouble};
use crate::secret::expose;
use crate::source::health::api::{Trouble, tls};
use crate::transport::dial;

/// How a session is made.
#[derive(Debug, Default)]
pub struct Wish {
    /// For the login.
    pub password: Option<SecretString>,
    /// Through what the server is reached, if not straight.
    pub through: Option<Arc<dyn dial::Way>>,
    /// For the connection, and for each statement.
    pub limit: Duration,
    /// Whether it may change anything.
    pub writes: bool,
}

/// Where a server is and how it is believed.
#[derive(Debug)]
pub struct Address {
    config: Config,
    proof: Proof,
    place: String,
}

/// A session. Its connection has to be driven beside whatever is asked.
pub struct Session {
    /// Puts statements.
    pub client: Client,
    way: Way<'static>,
    place: String,
}

impl Address {
    /// Reads `postgresql://user@host:port/database?sslmode=…`; the error says what is wrong and repeats no password.
    pub fn read(url: &str) -> Result<Self, String> {
        let (plain, proof) = match mode(url) {
            Some("verify-full") => (url.replace("sslmode=verify-full", "sslmode=require"), Proof::Full),
            None | Some("disable" | "prefer" | "require") => (url.to_owned(), Proof::None),
            Some(other) => return Err(format!("`sslmode={other}` is not known here")),
        };
        let mut config: Config = plain.parse().map_err(|_| "it is not a connection address".to_owned())?;
        if config.get_hosts().is_empty() {
            return Err("it names no host".into());
        }
        config.application_name("quarterdeck");
        Ok(Self { place: place(&config), config, proof })
    }

    /// `host:port` of the first host, for words.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Connects. The second part drives the connection and ends with it.
    pub async fn connect(&self, wish: &Wish) -> Result<(Session, impl Future<Output = ()> + Send + use<>), Trouble> {
        let mut config = self.config.clone();
        if let Some(password) = &wish.password {
            config.password(expose(password));
        }
        let own = config.get_options().map(|o| format!("{o} ")).unwrap_or_default();
        let (only_reads, limit) = (if wish.writes { "off" } else { "on" }, statement_timeout(wish.limit));
        config.options(format!("{own}-c default_transaction_read_only={only_reads} -c statement_timeout={limit}"));
        let tls = match self.proof {
            Proof::None => tls::believing()?,
            Proof::Full => tls::trusting(None).await?,
        };
        // The words of the way are those of the last error alone, so it need not know the place.
        let way = Way { config, tls, place: "the server", limit: wish.limit, through: wish.through.clone() };
        let Link { client, connection, .. } = way.connect().await?;
        let drive = async move {
            // What ends a connection reaches whoever waits for an answer.
            connection.await.ok();
        };
        Ok((Session { client, way, place: self.place.clone() }, drive))
    }
}

impl Session {
    /// Asks the server to end what the session does.
    pub async fn cancel(&self, token: CancelToken) -> Result<(), String> {
        self.way.cancel(token).await.map_err(|trouble| trouble.reason)
    }

    /// What an error of a statement means.
    pub fn words(&self, error: &tokio_postgres::Error) -> String {
        match error.as_db_error() {
            Some(said) => {
                let detail = said.detail().map(|d| format!(" ({d})")).unwrap_or_default();
                format!("{} answers: {}{detail} ({})", self.place, said.message(), said.code().code())
            }
            None => trouble::of(error, &self.place).reason,
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("place", &self.place).finish_non_exhaustive()
    }
}
