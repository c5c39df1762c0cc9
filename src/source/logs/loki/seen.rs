//! Which entries were told already. Keeps the latest ones only: those of a few seconds, bounded in number; what is older
//! than that is never asked for again. Knows nothing of lines.

use std::collections::{BTreeMap, HashSet};

use super::answer::Entry;

/// Streams whose clocks differ by less are read on without a gap.
const WINDOW: i64 = 10_000_000_000;
/// Most entries that are kept, but for those of one moment.
const MOST: usize = 4096;

/// The latest entries that were told.
#[derive(Debug)]
pub(super) struct Seen {
    marks: BTreeMap<i64, HashSet<u64>>,
    count: usize,
    horizon: i64,
}

impl Seen {
    /// Nothing was told from this moment on.
    pub fn from(horizon: i64) -> Self {
        Self { marks: BTreeMap::new(), count: 0, horizon }
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
        let new = self.marks.entry(entry.stamp).or_default().insert(entry.mark);
        self.count += usize::from(new);
        let last = self.marks.last_key_value().map_or(self.horizon, |(stamp, _)| *stamp);
        while let Some(first) = self.marks.first_entry() {
            if *first.key() >= last || (self.count <= MOST && *first.key() >= last.saturating_sub(WINDOW)) {
                break;
            }
            self.horizon = first.key() + 1;
            self.count -= first.get().len();
            first.remove();
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
        for n in 0..10_000 {
            assert!(seen.is_new(&entry(start + n, 1)));
        }
        assert_eq!(seen.horizon(), start + 10_000 - i64::try_from(MOST).unwrap());
        assert!(!seen.is_new(&entry(start + 9_999, 1)));
    }

    #[test]
    fn entries_of_one_moment_are_all_kept_however_many() {
        let mut seen = Seen::from(0);
        assert!((0..10_000).all(|mark| seen.is_new(&entry(7, mark))));
        assert!((0..10_000).all(|mark| !seen.is_new(&entry(7, mark))));
        assert!(seen.is_new(&entry(8, 1)));
        assert_eq!(seen.horizon(), 8);
    }
}
