//! The time a check has. It ends a little before the supervisor would end the check, so that the check itself can say
//! how far it came.

use std::time::Duration;

use tokio::time::Instant;

use super::Trouble;
use crate::source::dial::lookup;
use crate::source::health::Context;
use crate::transport::human;

/// Time spent and left.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    started: Instant,
    limit: Duration,
    told: Duration,
}

/// What is left to the check for putting its reason into words.
const MARGIN: Duration = Duration::from_millis(50);

impl Budget {
    /// Starts now.
    pub fn of(context: &Context) -> Self {
        let limit = context.timeout.saturating_sub(MARGIN.min(context.timeout / 10));
        Self { started: Instant::now(), limit, told: context.timeout }
    }

    /// How long it has been.
    pub fn took(&self) -> Duration {
        self.started.elapsed()
    }

    /// How long there still is.
    pub fn left(&self) -> Duration {
        self.limit.saturating_sub(self.took())
    }

    /// Waits for some work; when time is up, the trouble says what was being done: `while connecting to x`.
    pub async fn spend<T, E: Into<Trouble>>(
        &self,
        doing: &str,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Trouble> {
        match tokio::time::timeout(self.left(), work).await {
            Ok(done) => done.map_err(Into::into),
            Err(_) => Err(Trouble::fail(format!("no answer within {} {doing}", human(self.told)))),
        }
    }

    /// The same for work that connects to `host` by way of [`lookup::lookup_patiently`]: when time is up and the name
    /// is still being looked up, it is this machine's resolver that keeps silent.
    pub async fn reach<T, E: Into<Trouble>>(
        &self,
        host: &str,
        doing: &str,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Trouble> {
        let mut work = std::pin::pin!(work);
        match tokio::time::timeout(self.left(), &mut work).await {
            Ok(done) => done.map_err(Into::into),
            // Asked while the work still waits for the name: once it is dropped, its look-up may be struck off.
            Err(_) if lookup::is_under_way(host) => Err(lookup::silence(host, &human(self.told)).into()),
            Err(_) => Err(Trouble::fail(format!("no answer within {} {doing}", human(self.told)))),
        }
    }
}
