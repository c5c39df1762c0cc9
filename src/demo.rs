//! The fleet behind `qd demo`: a small shop in two environments, each service a real process of this executable that
//! answers over HTTP on a free loopback port, and a deck that observes and operates them. Faults come by a programme that
//! repeats and on request. Its files lie in one temporary folder; neither that nor a process outlives the console.

mod call;
mod crew;
mod deck;
mod programme;
mod service;
mod shop;
mod wire;
mod yard;

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::future::try_join_all;
use hyper::Method;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use self::call::CallError;
pub use self::programme::{FaultKind, UnknownFault};
pub use self::service::serve;
pub use self::wire::{SUBCOMMAND, ServiceOptions};
use crate::model::ServiceId;
use crate::transport::human;

/// How long a crashed service stays away.
pub const AWAY: Duration = Duration::from_secs(8);

/// How long a service may take to acknowledge a fault.
const ACKNOWLEDGE: Duration = Duration::from_secs(2);

/// What can go wrong with the demo itself.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A process could not be started.
    #[error("cannot start the demo service {service}: {source}")]
    Start {
        /// Which one.
        service: ServiceId,
        /// The system's word.
        source: std::io::Error,
    },
    /// A process started and did not say where it listens.
    #[error("the demo service {service} does not come up: {why}")]
    Silent {
        /// Which one.
        service: ServiceId,
        /// What is known.
        why: String,
    },
    /// The shop has no such service.
    #[error("the demo has no service {0}")]
    NoSuchService(String),
    /// A service cannot be told to have a fault.
    #[error("cannot reach the demo service {service}: {source}; a crashed one is back after {}", human(AWAY))]
    Away {
        /// Which one.
        service: ServiceId,
        /// What happened.
        source: CallError,
    },
    /// A service did not take the fault.
    #[error("the demo service {service} refused the fault with {status}")]
    Refused {
        /// Which one.
        service: ServiceId,
        /// Its answer.
        status: u16,
    },
    /// Said by a service: the port is not to be had.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// Where.
        address: SocketAddr,
        /// The system's word.
        source: std::io::Error,
    },
    /// Said by a service that was started without a console.
    #[error("a demo service is started by `qd demo`, not by hand")]
    ByHand,
    /// One side sent what the other cannot read.
    #[error("console and demo service do not understand each other: {0}")]
    Line(serde_json::Error),
    /// There is no place for its files.
    #[error("cannot make a folder for the demo in the folder for temporary files ($TMPDIR): {0}")]
    Yard(std::io::Error),
    /// Anything else the system says.
    #[error("the system refused: {0}")]
    System(std::io::Error),
}

/// The running fleet. Dropping it closes every standard input, which ends every process; [`Demo::stop`] also waits.
#[derive(Debug)]
pub struct Demo {
    switchboard: Switchboard,
    yard: Arc<yard::Yard>,
    crew: JoinSet<()>,
    stop: CancellationToken,
}

/// Sends faults to the services; a cheap copy for tasks that outlive a borrow of the [`Demo`].
#[derive(Clone)]
pub struct Switchboard {
    ports: Arc<BTreeMap<ServiceId, u16>>,
    token: Arc<str>,
}

impl Demo {
    /// Starts every service, all at the same time; returns when each has a port and knows the others. `executable`
    /// is this program, whose `demo-service` subcommand must call [`serve`]. When one fails all are ended again.
    pub async fn start(executable: &Path) -> Result<Self, DemoError> {
        let token = token().map_err(DemoError::System)?;
        let yard = Arc::new(yard::Yard::make(&token).map_err(DemoError::Yard)?);
        let ship = Arc::new(crew::Ship {
            executable: executable.to_owned(),
            yard: Arc::clone(&yard),
            token,
            began: Instant::now(),
        });
        let ids = shop::services();
        let hands: Result<Vec<crew::Hand>, _> = ids.iter().map(|id| crew::Hand::start(&ship, id, 0)).collect();
        let mut hands = hands?;
        let listening = try_join_all(hands.iter_mut().map(crew::Hand::port)).await?;
        let ports: BTreeMap<ServiceId, u16> = ids.into_iter().zip(listening.iter().copied()).collect();
        let near: BTreeMap<&str, _> = shop::ENVIRONMENTS.iter().map(|e| (*e, Arc::new(peers(&ports, e)))).collect();
        let berths: Vec<crew::Berth> = hands
            .iter()
            .zip(listening)
            .map(|(hand, port)| crew::Berth {
                ship: Arc::clone(&ship),
                id: hand.id.clone(),
                port,
                peers: near.get(hand.id.environment.as_str()).cloned().unwrap_or_default(),
            })
            .collect();
        try_join_all(hands.iter_mut().zip(&berths).map(|(hand, berth)| hand.brief(berth))).await?;
        let stop = CancellationToken::new();
        let mut crew = JoinSet::new();
        for (hand, berth) in hands.into_iter().zip(berths) {
            crew.spawn(berth.keep(hand, stop.clone()));
        }
        let switchboard = Switchboard { ports: Arc::new(ports), token: ship.token.as_str().into() };
        Ok(Self { switchboard, yard, crew, stop })
    }

    /// The deck that observes the fleet, as TOML with the ports of this run.
    pub fn deck(&self) -> String {
        deck::fill(&self.switchboard.ports, self.yard.root())
    }

    /// Writes the deck into the folder of the demo and says where.
    pub fn write_deck(&self) -> Result<PathBuf, DemoError> {
        self.yard.write_deck(&self.deck()).map_err(DemoError::Yard)
    }

    /// The folder of the demo; it goes with the demo.
    pub fn folder(&self) -> &Path {
        self.yard.root()
    }

    /// The loopback port of each service.
    pub fn ports(&self) -> &BTreeMap<ServiceId, u16> {
        &self.switchboard.ports
    }

    /// A copy of the part that sends faults.
    pub fn switchboard(&self) -> Switchboard {
        self.switchboard.clone()
    }

    /// See [`Switchboard::fault`].
    pub async fn fault(&self, service: &ServiceId, kind: FaultKind) -> Result<(), DemoError> {
        self.switchboard.fault(service, kind).await
    }

    /// Ends every process and waits until all are gone; takes less than 100 ms.
    pub async fn stop(mut self) {
        self.stop.cancel();
        while self.crew.join_next().await.is_some() {}
    }
}

impl Switchboard {
    /// Makes a service have a fault, or recover. A fault stays until recovery or the next crash; a recovery holds
    /// until the programme brings the next fault.
    pub async fn fault(&self, service: &ServiceId, kind: FaultKind) -> Result<(), DemoError> {
        let port = self.ports.get(service).ok_or_else(|| DemoError::NoSuchService(service.to_string()))?;
        let path = format!("{}?kind={kind}", wire::FAULT_PATH);
        let answer = call::call(Method::POST, *port, &path, &[(wire::TOKEN_HEADER, &*self.token)], ACKNOWLEDGE).await;
        let service = service.clone();
        match answer {
            Ok(status) if status.is_success() => Ok(()),
            Ok(status) => Err(DemoError::Refused { service, status: status.as_u16() }),
            Err(source) => Err(DemoError::Away { service, source }),
        }
    }
}

impl fmt::Debug for Switchboard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Switchboard").field("ports", &self.ports).finish_non_exhaustive()
    }
}

fn peers(ports: &BTreeMap<ServiceId, u16>, environment: &str) -> BTreeMap<String, u16> {
    let near = ports.iter().filter(|(id, _)| id.environment.as_str() == environment);
    near.map(|(id, port)| (id.name.to_string(), *port)).collect()
}

/// 128 bits from the system, in hexadecimal.
fn token() -> std::io::Result<String> {
    let mut bytes = [0; 16];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}
