//! Which entries were told already. Keeps the latest ones only: those of a few seconds, bounded in number; what is older
//! than that is never asked for again. Knows nothing of lines.

use std::collections::BTreeSet;

use super::answer::Entry;

/// Streams whose clocks differ by less are read on without a gap.
const WINDOW: i64 = 10_000_000_000;
/// Most entries that are kept, but for those of one moment.
const MOST: usize = 10_000;

/// The latest entries that were told.
#[derive(Debug)]
pub(super) struct Seen {
    told: BTreeSet<(i64, u64)>,
    horizon: i64,
}

impl Seen {
    /// Nothing was told from this moment on.
    pub fn from(horizon: i64) -> Self {
        Self { told: BTreeSet::new(), horizon }
    }

    /// From here on every entry that was told is known: where to read on from.
    pub fn horizon(&self) -> i64 {
        self.horizon
    }

    /// Whether it was not told yet; it counts as told from now on. What is older than the horizon and comes all the same
    /// was late, and is new.
    pub fn is_new(&mut self, entry: &Entry) -> bool {
        if entry.stamp < self.horizon {
            return true;
        }
        let new = self.told.insert((entry.stamp, entry.mark));
        let last = self.told.last().map_or(self.horizon, |(stamp, _)| *stamp);
        while let Some((first, _)) = self.told.first().copied() {
            // Entries of one moment are kept or forgotten together.
            if first >= last || (self.told.len() <= MOST && first >= last.saturating_sub(WINDOW)) {
                break;
            }
            self.horizon = first + 1;
            while self.told.first().is_some_and(|(stamp, _)| *stamp == first) {
                self.told.pop_first();
            }
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(stamp: i64, mark: u64) -> Entry {
        Entry { stamp, mark, line: String::new(), priority: None }
    }

    #[test]
    fn an_entry_is_new_once_and_entries_of_one_moment_are_told_apart() {
        let mut seen = Seen::from(100);
        for (stamp, mark, new) in
            [(100, 1, true), (100, 2, true), (100, 1, false), (101, 1, true), (100, 3, true), (100, 3, false)]
        {
            assert_eq!(seen.is_new(&entry(stamp, mark)), new, "{stamp} {mark}");
        }
        assert_eq!(seen.horizon(), 100);
        assert!(seen.is_new(&entry(99, 1)) && seen.is_new(&entry(99, 1)), "late ones are not kept");
    }

    #[test]
    fn the_horizon_follows_in_time_and_number() {
        let mut seen = Seen::from(0);
        assert!(seen.is_new(&entry(5, 1)) && seen.is_new(&entry(5 + WINDOW, 1)));
        assert_eq!(seen.horizon(), 0);
        assert!(seen.is_new(&entry(6 + WINDOW, 1)));
        assert_eq!(seen.horizon(), 6);
        let start = 100 * WINDOW;
        for n in 0..30_000 {
            assert!(seen.is_new(&entry(start + n, 1)));
        }
        assert_eq!(seen.horizon(), start + 30_000 - i64::try_from(MOST).unwrap());
        assert!(!seen.is_new(&entry(start + 29_999, 1)));
    }

    #[test]
    fn entries_of_one_moment_are_all_kept_however_many() {
        let mut seen = Seen::from(0);
        assert!((0..30_000).all(|mark| seen.is_new(&entry(7, mark))));
        assert!((0..30_000).all(|mark| !seen.is_new(&entry(7, mark))));
        assert!(seen.is_new(&entry(8, 1)));
        assert_eq!(seen.horizon(), 8);
    }
}
