//! When to draw: at once after a key, soon after a change of state, calmly after a change of numbers, when a text on
//! the screen changes by time alone, and otherwise never.

use std::time::Duration;

use tokio::time::Instant;

use crate::ui::footer::{NOTICE, is_fresh};
use crate::ui::popup::which::HESITATION;
use crate::ui::text::{next_age, next_minute};
use crate::ui::{Popup, View, host, rows};

/// The shortest time between two frames that no key asked for.
const FLOOR: Duration = Duration::from_millis(33);
/// Numbers alone are drawn this often.
const CALM: Duration = Duration::from_secs(1);

/// The frame that is due.
#[derive(Debug, Default)]
pub struct Pacer {
    due: Option<Instant>,
    last: Option<Instant>,
}

impl Pacer {
    /// When the next frame is due; none as long as nothing changes.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// A key changed something: draw at once.
    pub fn now(&mut self) {
        self.by(Instant::now());
    }

    /// A state changed: draw as soon as the floor allows.
    pub fn soon(&mut self) {
        self.after(FLOOR);
    }

    /// Numbers changed: draw within a second.
    pub fn calmly(&mut self) {
        self.after(CALM);
    }

    /// A frame was drawn; the next is due in `next` unless something happens before.
    pub fn drawn(&mut self, next: Duration) {
        let now = Instant::now();
        self.last = Some(now);
        self.due = Some(now + next.max(FLOOR));
    }

    fn after(&mut self, pause: Duration) {
        let now = Instant::now();
        self.by(self.last.map_or(now, |last| (last + pause).max(now)));
    }

    fn by(&mut self, at: Instant) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }
}

/// When the text on the screen changes by time alone: an age, the clock, a message that goes away, a service that
/// goes stale.
pub fn next_change(view: &View<'_>) -> Duration {
    let now = view.now;
    let mut next = next_minute(now);
    let mut sooner = |other: Duration| next = next.min(other);
    if view.ui.notice.as_ref().is_some_and(|n| is_fresh(n.at, now)) {
        sooner(NOTICE.min(Duration::from_secs(1)));
    }
    if view.ui.pending_since.is_some() {
        sooner(HESITATION);
    }
    if ticks(view) {
        sooner(Duration::from_secs(1));
    }
    for service in view.store.environments().iter().flat_map(|e| view.store.services(e)) {
        if let Some(since) = service.since(now) {
            sooner(next_age(since, now));
        }
        for probe in service.probes() {
            if let Some((at, _)) = probe.last() {
                let left = probe.patience().saturating_sub(now.duration_since(at).unsigned_abs());
                if !left.is_zero() {
                    sooner(left);
                }
            }
        }
    }
    for host in view.store.environments().iter().flat_map(|e| view.store.hosts(e)) {
        // A live host tells its latency alone; what is not live counts up, and down to the next attempt.
        if let Some(since) = host.since().filter(|_| host::in_trouble(host)) {
            sooner(next_age(since, now));
        }
        if host.next().is_some_and(|next| next > now) {
            sooner(Duration::from_secs(1));
        }
    }
    if crate::ui::logs::is_seen(view.ui) {
        let heard = crate::ui::logs::shown(view.store, view.ui, now).into_iter();
        let heard = heard.filter_map(|spec| view.store.logs().heard(&spec.id));
        heard.flat_map(|h| [h.last(), Some(h.since())]).flatten().for_each(|at| sooner(next_age(at, now)));
    }
    if let Some(service) = rows::selected(view.store, view.ui, now) {
        service.probes().iter().filter_map(|p| p.last()).for_each(|(at, _)| sooner(next_age(at, now)));
    }
    next
}

/// Whether a clock runs on the screen: of a run, of a plan being made, of what is armed.
fn ticks(view: &View<'_>) -> bool {
    let acting = view.store.acting();
    let planning = |popup: &Popup| matches!(popup, Popup::Card(card) if card.made(view.store).is_none());
    acting.going().next().is_some() || acting.armed(view.now).is_some() || view.ui.popups.last().is_some_and(planning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_key_is_drawn_at_once_and_numbers_within_a_second() {
        let mut pacer = Pacer::default();
        let start = Instant::now();
        pacer.drawn(Duration::from_mins(1));
        pacer.calmly();
        assert_eq!(pacer.due(), Some(start + CALM));
        pacer.soon();
        assert_eq!(pacer.due(), Some(start + FLOOR));
        pacer.now();
        assert_eq!(pacer.due(), Some(start));
    }

    #[tokio::test(start_paused = true)]
    async fn without_changes_no_frame_is_due_before_a_text_changes() {
        let mut pacer = Pacer::default();
        pacer.drawn(Duration::from_mins(1));
        assert_eq!(pacer.due(), Some(Instant::now() + Duration::from_mins(1)));
    }
}
