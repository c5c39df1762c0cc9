//! `qd forward`: a port of this machine that leads through a host, until it is stopped. The port stays while the host is
//! lost; what becomes of the host is told as it happens.

use std::time::Duration;

use color_eyre::Result;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::watch;

use super::hosts::{ask, choose, deck, reach::Reach};
use super::printed::print;
use super::{General, Pace, block_on};
use crate::exit::Ending;
use crate::model::Host;
use crate::transport::ssh::forwarding::{Forwarding, Phase, Standing, Target};

/// The first connection to the host may take this long.
const FIRST: Duration = Duration::from_secs(30);

/// Options of `qd forward`.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "It listens on 127.0.0.1 alone and prints the address. Stopping it with Ctrl-C is its good end \
(exit 0); 3 when the host was not reached in the first place, 4 when it refused."
)]
pub struct Options {
    /// The host to go through: `vps`, or `production/vps` where several have the name
    #[arg(value_name = "HOST")]
    host: String,
    /// A port of the host (15672), or what the host can reach (db.example.com:5432)
    #[arg(value_name = "TARGET")]
    target: Target,
    /// The port of this machine [default: the target's own number, or a free one where that is taken; 0: a free one]
    #[arg(long, value_name = "PORT")]
    local: Option<u16>,
}

/// Opens the port and keeps it open.
pub fn run(general: &General, options: &Options) -> Result<Ending> {
    if general.user().0.read_only {
        tell!("qd: forwarding a port acts, and --read-only or your settings forbid that");
        return Ok(Ending::Refused);
    }
    let deck = match deck(general) {
        Ok((deck, _)) => deck,
        Err(ending) => return Ok(ending),
    };
    let host = match choose::only(&deck, &options.host) {
        Ok(host) => host,
        Err(complaint) => {
            tell!("qd: {complaint}");
            return Ok(Ending::Usage);
        }
    };
    let is_open = std::cell::Cell::new(false);
    let ending = block_on(Pace::Calm, async {
        let reach = Reach::new(deck.name.clone(), vec![host.clone()], FIRST);
        ask::until_stopped(keep(&reach, &host, options, &is_open)).await
    })??;
    // Being stopped is how a forwarded port ends; before it was open it is a cancellation.
    Ok(if ending == Ending::Cancelled && is_open.get() { Ending::Good } else { ending })
}

async fn keep(reach: &Reach, host: &Host, options: &Options, is_open: &std::cell::Cell<bool>) -> Result<Ending> {
    reach.one(&host.id).await;
    reach.unlock().await;
    let link = reach.link(&host.id);
    if !link.state.is_up() {
        let why = link.cause.map_or_else(|| "it is still being connected to".to_owned(), |cause| cause.to_string());
        tell!("qd: no connection to {}: {why}", host.id);
        tell!("  help: `qd hosts --host {}` tells more", host.id);
        return Ok(reach.ending_of(&host.id));
    }
    let Some(remote) = reach.hosts().get(&host.id) else { return Ok(Ending::Unknown) };
    let opened = Forwarding::open(remote, options.target.clone(), options.local, reach.clock()).await;
    let forwarding = match opened {
        Ok(forwarding) => forwarding,
        Err(error) => {
            tell!("qd: {error}");
            return Ok(Ending::Usage);
        }
    };
    is_open.set(true);
    print(&format!("{}\n", forwarding.address()))?;
    tell!("{} leads to {} through {}; Ctrl-C ends it", forwarding.address(), forwarding.target(), host.id);
    follow(forwarding.standing(), host).await;
    // The listener ended by itself, which only a host that is no more lets it do.
    Ok(Ending::Lost)
}

/// Tells every change with its time, until the port is closed.
async fn follow(mut standing: watch::Receiver<Standing>, host: &Host) {
    let mut before = standing.borrow_and_update().clone();
    while standing.changed().await.is_ok() {
        let now = standing.borrow_and_update().clone();
        if now.phase != before.phase {
            let at = clock_time(now.since);
            let cause = now.cause.as_ref().map_or_else(String::new, |cause| format!(": {cause}"));
            match now.phase {
                Phase::Open => tell!("{at} {} is connected again", host.id),
                Phase::Broken => tell!("{at} {} is lost{cause}; the port stays open", host.id),
                Phase::Opening => tell!("{at} {} is being connected to", host.id),
            }
        }
        if let Some(why) = now.failed.as_ref().filter(|why| before.failed.as_ref() != Some(*why)) {
            tell!("{} a connection was closed: {why}", clock_time(now.at));
        }
        before = now;
    }
}

/// The time of day where the operator is.
fn clock_time(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%H:%M:%S").to_string()
}
