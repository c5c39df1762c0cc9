//! The way to a PostgreSQL server: the hosts of an address in turn, each over a connection that brings at most 1 MiB.
//! The driver would dial by itself, but takes messages of any length. Puts no questions.

use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{CancelToken, Client, Config, Connection};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{SERVICE, trouble};
use crate::source::health::api::Trouble;
use crate::source::health::bounded::{Bounded, Meter};
use crate::transport::dial;

type Encrypted = <MakeRustlsConnect as MakeTlsConnect<Bounded>>::Stream;

/// What leads to a server.
pub(super) struct Way<'w> {
    /// The address with login and options.
    pub(super) config: Config,
    /// Whom to believe.
    pub(super) tls: rustls::ClientConfig,
    /// The first host, for reasons.
    pub(super) place: &'w str,
    /// The time limit of the check.
    pub(super) limit: Duration,
    /// Through what it is reached, if not straight.
    pub(super) through: Option<Arc<dyn dial::Way>>,
}

/// A session; the connection must be polled for the client to hear anything.
pub(super) struct Link {
    pub(super) client: Client,
    pub(super) connection: Connection<Bounded, Encrypted>,
    pub(super) meter: Meter,
}

impl Way<'_> {
    /// A session with the first host that gives one; the trouble is that of the last.
    pub(super) async fn connect(&self) -> Result<Link, Trouble> {
        let mut last = Trouble::unknown("the address names no host");
        for (number, host) in self.config.get_hosts().iter().enumerate() {
            match self.connect_to(number, host).await {
                Ok(link) => return Ok(link),
                Err(trouble) => last = trouble,
            }
        }
        Err(last)
    }

    /// Asks the server that a session is with to end what the session does.
    pub(super) async fn cancel(&self, token: CancelToken) -> Result<(), Trouble> {
        let ports = self.config.get_ports();
        let mut last = Trouble::unknown("the address names no host");
        for (number, host) in self.config.get_hosts().iter().enumerate() {
            let port = ports.get(number).or(ports.first()).copied().unwrap_or(5432);
            let Host::Tcp(name) = host else { continue };
            let address = self.config.get_hostaddrs().get(number).map(ToString::to_string);
            let address = address.as_ref().unwrap_or(name);
            let (stream, _) = match Bounded::dial(address, port, self.limit, self.through.as_ref()).await {
                Ok(dialled) => dialled,
                Err(trouble) => {
                    last = trouble;
                    continue;
                }
            };
            let mut tls = MakeRustlsConnect::new(self.tls.clone());
            let tls = MakeTlsConnect::<Bounded>::make_tls_connect(&mut tls, name)
                .map_err(|e| Trouble::unknown(format!("TLS cannot be set up: {e}")))?;
            match token.cancel_query_raw(stream, tls).await {
                Ok(()) => return Ok(()),
                Err(error) => last = trouble::of(&error, self.place),
            }
        }
        Err(last)
    }

    async fn connect_to(&self, number: usize, host: &Host) -> Result<Link, Trouble> {
        let ports = self.config.get_ports();
        let port = ports.get(number).or(ports.first()).copied().unwrap_or(5432);
        let mut config = self.config.clone();
        let (stream, meter, name) = match host {
            Host::Tcp(name) => {
                // `hostaddr` says where to go, `host` still says who should be there.
                let address = config.get_hostaddrs().get(number).map(ToString::to_string);
                let (stream, meter) =
                    Bounded::dial(address.as_ref().unwrap_or(name), port, self.limit, self.through.as_ref()).await?;
                (stream, meter, name.as_str())
            }
            #[cfg(unix)]
            Host::Unix(folder) if self.through.is_some() => {
                let folder = folder.display();
                return Err(Trouble::unknown(format!(
                    "a socket in {folder} is of this machine; name a port to go through a host"
                )));
            }
            #[cfg(unix)]
            Host::Unix(folder) => {
                // A socket of this machine is never encrypted, whatever `sslmode` says.
                config.ssl_mode(SslMode::Disable);
                let path = folder.join(format!(".s.PGSQL.{port}"));
                let opened = tokio::net::UnixStream::connect(path).await;
                let stream = opened.map_err(|e| Trouble::of_connection(&e, self.place))?;
                let (stream, meter) = Bounded::new(stream);
                (stream, meter, "localhost")
            }
        };
        let mut tls = MakeRustlsConnect::new(self.tls.clone());
        let tls = MakeTlsConnect::<Bounded>::make_tls_connect(&mut tls, name)
            .map_err(|e| Trouble::unknown(format!("TLS cannot be set up: {e}")))?;
        match config.connect_raw(stream, tls).await {
            Ok((client, connection)) => Ok(Link { client, connection, meter }),
            Err(error) => Err(meter.judge(trouble::of(&error, self.place), self.place, SERVICE)),
        }
    }
}
