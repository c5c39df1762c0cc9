//! A ring of samples of one probe: a fixed number, sixteen bytes each, with the figures that the screen shows kept up
//! to date as samples come.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::Outcome;

/// One sample, packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Point {
    at_millis: i64,
    latency_micros: u32,
    outcome: Outcome,
}

/// No latency: nothing answered.
const NO_LATENCY: u32 = u32::MAX;

/// Figures over the samples kept.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Share of samples that found the service working (pass or degraded) among those that found anything, 0 to 1.
    pub uptime: Option<f64>,
    /// Half of the answers came within this.
    pub p50: Option<Duration>,
    /// 95 of 100 answers came within this.
    pub p95: Option<Duration>,
    /// The slowest answer.
    pub slowest: Option<Duration>,
}

/// The last samples of one probe.
#[derive(Clone, Debug, Default)]
pub struct Series {
    points: VecDeque<Point>,
    figures: Figures,
    /// Samples since the figures were computed.
    fresh: u32,
}

/// One cell of a sparkline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The slowest answer in it; none when nothing answered.
    pub latency: Option<Duration>,
    /// The worst outcome in it.
    pub outcome: Outcome,
}

impl Series {
    /// Most samples kept: half an hour at the usual pace of a probe every 5 seconds.
    pub const CAPACITY: usize = 360;

    /// Takes a sample in; the oldest makes room.
    pub fn push(&mut self, at: Timestamp, outcome: Outcome, latency: Option<Duration>) {
        if self.points.len() == Self::CAPACITY {
            self.points.pop_front();
        }
        let micros = latency.map_or(NO_LATENCY, |l| u32::try_from(l.as_micros()).unwrap_or(NO_LATENCY - 1));
        self.points.push_back(Point { at_millis: at.as_millisecond(), latency_micros: micros, outcome });
        // Percentiles move slowly: a full count every eighth sample is as good and costs an eighth.
        self.fresh += 1;
        if self.points.len() <= 32 || self.fresh >= 8 || outcome != Outcome::Pass {
            self.fresh = 0;
            self.figures = self.count();
        }
    }

    /// How many samples are kept.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// How long ago the oldest sample was taken: the window the figures speak of.
    pub fn window(&self, now: Timestamp) -> Duration {
        let first = self.points.front().map_or(now.as_millisecond(), |p| p.at_millis);
        Duration::from_millis(u64::try_from(now.as_millisecond() - first).unwrap_or(0))
    }

    /// Uptime and latencies over the samples kept.
    pub fn figures(&self) -> Figures {
        self.figures
    }

    fn count(&self) -> Figures {
        let known = self.points.iter().filter(|p| p.outcome != Outcome::Unknown);
        let (up, all) =
            known.fold((0_u32, 0_u32), |(up, all), p| (up + u32::from(p.outcome != Outcome::Fail), all + 1));
        let mut latencies: Vec<u32> =
            self.points.iter().map(|p| p.latency_micros).filter(|l| *l != NO_LATENCY).collect();
        let mut at = |share: f64| {
            let last = latencies.len().checked_sub(1)?;
            let index = ((latencies.len() as f64 * share).ceil() as usize).saturating_sub(1).min(last);
            let (_, value, _) = latencies.select_nth_unstable(index);
            Some(Duration::from_micros(u64::from(*value)))
        };
        Figures {
            uptime: (all > 0).then(|| f64::from(up) / f64::from(all)),
            p50: at(0.5),
            p95: at(0.95),
            slowest: at(1.0),
        }
    }

    /// The last `span` of time in `count` equal buckets, oldest first; none where no sample lies. Bucket borders stand
    /// on multiples of their width, so that a line does not crawl with every sample.
    pub fn buckets(&self, now: Timestamp, span: Duration, count: usize) -> Vec<Option<Bucket>> {
        let mut buckets = vec![None; count];
        let width = i64::try_from(span.as_millis()).unwrap_or(i64::MAX) / i64::try_from(count.max(1)).unwrap_or(1);
        let width = width.max(1);
        let newest = now.as_millisecond().div_euclid(width);
        for point in self.points.iter().rev() {
            let back = newest - point.at_millis.div_euclid(width);
            let Ok(back) = usize::try_from(back.max(0)) else { continue };
            if back >= count {
                break;
            }
            let latency =
                (point.latency_micros != NO_LATENCY).then(|| Duration::from_micros(point.latency_micros.into()));
            if let Some(slot) = buckets.get_mut(count - 1 - back) {
                let before: Option<Bucket> = *slot;
                *slot = Some(Bucket {
                    latency: latency.max(before.and_then(|b| b.latency)),
                    outcome: before.map_or(point.outcome, |b| b.outcome.worst(point.outcome)),
                });
            }
        }
        buckets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn the_ring_keeps_the_newest_samples() {
        let mut series = Series::default();
        for second in 0..1000 {
            series.push(at(second), Outcome::Pass, Some(Duration::from_millis(1)));
        }
        assert_eq!((series.len(), series.window(at(1000)).as_secs()), (Series::CAPACITY, 360));
    }

    #[test]
    fn uptime_counts_what_was_observed_and_not_what_was_not() {
        let mut series = Series::default();
        for outcome in [Outcome::Pass, Outcome::Degraded, Outcome::Fail, Outcome::Unknown, Outcome::Pass] {
            series.push(at(0), outcome, None);
        }
        assert_eq!(series.figures().uptime, Some(0.75));
    }

    #[test]
    fn percentiles_are_those_of_the_latencies_that_were_measured() {
        let mut series = Series::default();
        for millis in 1..=20 {
            series.push(at(0), Outcome::Pass, Some(Duration::from_millis(millis)));
        }
        series.push(at(0), Outcome::Fail, None);
        let figures = series.figures();
        assert_eq!((figures.p50, figures.p95), (Some(Duration::from_millis(10)), Some(Duration::from_millis(19))));
    }

    #[test]
    fn a_bucket_without_samples_is_empty_and_not_zero() {
        let mut series = Series::default();
        series.push(at(0), Outcome::Fail, None);
        series.push(at(30), Outcome::Pass, Some(Duration::from_millis(3)));
        let buckets = series.buckets(at(39), Duration::from_secs(40), 4);
        assert_eq!(buckets[0], Some(Bucket { latency: None, outcome: Outcome::Fail }));
        assert_eq!((buckets[1], buckets[2]), (None, None));
        assert_eq!(buckets[3].unwrap().latency, Some(Duration::from_millis(3)));
    }

    #[test]
    fn a_clock_that_jumped_back_breaks_nothing() {
        let mut series = Series::default();
        series.push(at(100), Outcome::Pass, None);
        assert_eq!(series.window(at(0)), Duration::ZERO);
        assert_eq!(series.buckets(at(0), Duration::from_secs(40), 4)[3].unwrap().outcome, Outcome::Pass);
    }
}
