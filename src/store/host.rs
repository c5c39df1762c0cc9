//! The state of one host: how its connection stands and since when. What runs there is told by probes.

use jiff::{SignedDuration, Timestamp};

use super::Changed;
use crate::model::{Host, Link, LinkState};

/// What is known of one host.
#[derive(Debug)]
pub struct HostState {
    host: Host,
    link: Link,
    since: Option<Timestamp>,
    at: Option<Timestamp>,
}

impl HostState {
    /// Nothing is known yet.
    pub fn new(host: Host) -> Self {
        Self { host, link: Link::default(), since: None, at: None }
    }

    /// Takes over a changed declaration; another destination is another host.
    pub fn declare(&mut self, host: Host) {
        if self.host.destination == host.destination {
            self.host = host;
        } else {
            *self = Self::new(host);
        }
    }

    /// As declared in the deck.
    pub fn declared(&self) -> &Host {
        &self.host
    }

    /// How its connection stands.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// Since when it stands so; none before the first report.
    pub fn since(&self) -> Option<Timestamp> {
        self.since
    }

    /// When the next attempt is made; none when none is planned.
    pub fn next(&self) -> Option<Timestamp> {
        self.at?.checked_add(SignedDuration::try_from(self.link.next_in?).ok()?).ok()
    }

    /// Takes a report in. Attempts that fail again do not start the time anew.
    pub fn linked(&mut self, link: Link, at: Timestamp) -> Changed {
        let before = std::mem::replace(&mut self.link, link);
        self.at = Some(at);
        // An outage lasts from its beginning, whatever is tried meanwhile.
        let goes_on = before.state == self.link.state || (is_down(&before) && is_down(&self.link));
        if !goes_on || self.since.is_none() {
            self.since = Some(at);
        }
        let told = |l: &Link| (l.state, l.trouble, l.cause.clone(), l.ask.clone(), l.next_in.is_some());
        if told(&before) == told(&self.link) { Changed::Numbers } else { Changed::State }
    }
}

fn is_down(link: &Link) -> bool {
    matches!(link.state, LinkState::Connecting | LinkState::Lost | LinkState::Refused)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::EnvironmentId;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn host(destination: &str) -> Host {
        Host { id: EnvironmentId::new("qa").host("vps"), destination: destination.into() }
    }

    #[test]
    fn a_lost_host_is_lost_since_the_first_report_and_not_since_the_newest_attempt() {
        let mut state = HostState::new(host("ops@192.0.2.10"));
        let lost =
            |seconds| Link { state: LinkState::Lost, next_in: Some(Duration::from_secs(seconds)), ..Link::default() };
        assert_eq!(state.linked(lost(2), at(0)), Changed::State);
        state.linked(Link { state: LinkState::Connecting, ..Link::default() }, at(5));
        state.linked(lost(4), at(10));
        assert_eq!((state.since(), state.next()), (Some(at(0)), Some(at(14))));
        state.linked(Link { state: LinkState::Live, ..Link::default() }, at(20));
        assert_eq!((state.since(), state.next()), (Some(at(20)), None));
    }

    #[test]
    fn another_destination_is_another_host() {
        let mut state = HostState::new(host("ops@192.0.2.10"));
        state.linked(Link { state: LinkState::Live, ..Link::default() }, at(0));
        state.declare(host("ops@192.0.2.10"));
        assert_eq!(state.link().state, LinkState::Live);
        state.declare(host("ops@192.0.2.20"));
        assert_eq!((state.link().state, state.since()), (LinkState::Idle, None));
    }
}
