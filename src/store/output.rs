//! What the steps of a run printed: one ring a step and host, bounded in bytes, read back in the order in which the lines
//! came. Knows nothing of what the lines mean.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use crate::model::Text;
use crate::model::plan::HostName;

/// Bytes kept of one step on one host.
pub const MOST_OF_ONE: usize = 256 * 1024;
/// Bytes kept of a whole run.
pub const MOST_OF_ALL: usize = 4 * 1024 * 1024;
/// What a line costs beside its text.
const OVERHEAD: usize = 48;

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    /// Counts up through the whole run.
    pub number: u64,
    /// When it came.
    pub at: Timestamp,
    /// What it says.
    pub text: Text,
    /// Lines left out before it, because they came too fast.
    pub left_out: u64,
}

#[derive(Debug, Default)]
struct Ring {
    lines: VecDeque<Printed>,
    bytes: usize,
    dropped: u64,
}

impl Ring {
    fn drop_first(&mut self) -> usize {
        let Some(line) = self.lines.pop_front() else { return 0 };
        let bytes = line.text.as_str().len() + OVERHEAD;
        self.bytes = self.bytes.saturating_sub(bytes);
        self.dropped += 1 + line.left_out;
        bytes
    }
}

/// All that a run printed.
#[derive(Debug, Default)]
pub struct Output {
    rings: BTreeMap<(String, HostName), Ring>,
    bytes: usize,
    number: u64,
}

impl Output {
    /// Takes lines in.
    pub fn take(&mut self, step: &str, host: &HostName, at: Timestamp, lines: Vec<Text>, left_out: u64) {
        let ring = self.rings.entry((step.to_owned(), host.clone())).or_default();
        let mut left_out = left_out;
        let lines = if lines.is_empty() && left_out > 0 { vec![Text::default()] } else { lines };
        for text in lines {
            self.number += 1;
            let bytes = text.as_str().len() + OVERHEAD;
            ring.bytes += bytes;
            self.bytes += bytes;
            ring.lines.push_back(Printed { number: self.number, at, text, left_out: std::mem::take(&mut left_out) });
            while ring.bytes > MOST_OF_ONE {
                self.bytes = self.bytes.saturating_sub(ring.drop_first());
            }
        }
        while self.bytes > MOST_OF_ALL {
            // The longest gives way, so that a chatty host does not push out what a quiet one said.
            let Some(longest) = self.rings.values_mut().max_by_key(|ring| ring.bytes) else { return };
            self.bytes = self.bytes.saturating_sub(longest.drop_first());
        }
    }

    fn rings<'o>(
        &'o self,
        step: &'o str,
        host: Option<&'o HostName>,
    ) -> impl Iterator<Item = (&'o HostName, &'o Ring)> {
        let fits = move |key: &(String, HostName)| key.0 == step && host.is_none_or(|h| *h == key.1);
        self.rings.iter().filter(move |(key, _)| fits(key)).map(|(key, ring)| (&key.1, ring))
    }

    /// How many lines there are of a step, on one host or on all.
    pub fn count(&self, step: &str, host: Option<&HostName>) -> usize {
        self.rings(step, host).map(|(_, ring)| ring.lines.len()).sum()
    }

    /// How many lines are not kept any more.
    pub fn dropped(&self, step: &str, host: Option<&HostName>) -> u64 {
        self.rings(step, host).map(|(_, ring)| ring.dropped).sum()
    }

    /// How many lines came after the one of this number.
    pub fn after(&self, step: &str, host: Option<&HostName>, number: u64) -> usize {
        let after = |ring: &Ring| ring.lines.len() - ring.lines.partition_point(|line| line.number <= number);
        self.rings(step, host).map(|(_, ring)| after(ring)).sum()
    }

    /// When a step printed last.
    pub fn last(&self, step: &str, host: Option<&HostName>) -> Option<Timestamp> {
        self.rings(step, host).filter_map(|(_, ring)| ring.lines.back()).map(|line| line.at).max()
    }

    /// At most `room` lines that end `back` lines before the newest, in the order in which they came.
    pub fn window<'o>(
        &'o self,
        step: &'o str,
        host: Option<&'o HostName>,
        back: usize,
        room: usize,
    ) -> Vec<(&'o HostName, &'o Printed)> {
        let wanted = back.saturating_add(room);
        let mut lines: Vec<(&HostName, &Printed)> = self
            .rings(step, host)
            .flat_map(|(host, ring)| ring.lines.iter().rev().take(wanted).map(move |line| (host, line)))
            .collect();
        lines.sort_unstable_by_key(|(_, line)| std::cmp::Reverse(line.number));
        let mut shown: Vec<_> = lines.into_iter().skip(back).take(room).collect();
        shown.reverse();
        shown
    }

    /// How many lines stand after the newest line that passes, looked for from `back` lines before the end on.
    pub fn find_back(
        &self,
        step: &str,
        host: Option<&HostName>,
        back: usize,
        passes: impl Fn(&str) -> bool,
    ) -> Option<usize> {
        let lines = self.window(step, host, back, usize::MAX);
        lines.iter().rev().position(|(_, line)| passes(line.text.as_str())).map(|at| at + back)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &str) -> HostName {
        name.into()
    }

    fn texts(output: &Output, host: Option<&HostName>, back: usize, room: usize) -> Vec<String> {
        output.window("switch", host, back, room).iter().map(|(h, l)| format!("{h} {}", l.text)).collect()
    }

    #[test]
    fn lines_of_several_hosts_come_back_in_the_order_in_which_they_came() {
        let mut output = Output::default();
        let (a, b) = (host("a"), host("b"));
        for (on, text) in [(&a, "1"), (&b, "2"), (&a, "3"), (&b, "4")] {
            output.take("switch", on, Timestamp::UNIX_EPOCH, vec![text.into()], 0);
        }
        output.take("other", &a, Timestamp::UNIX_EPOCH, vec!["x".into()], 0);
        assert_eq!(texts(&output, None, 0, 3), ["b 2", "a 3", "b 4"]);
        assert_eq!(texts(&output, None, 1, 2), ["b 2", "a 3"]);
        assert_eq!(texts(&output, Some(&a), 0, 9), ["a 1", "a 3"]);
        assert_eq!(output.find_back("switch", None, 0, |l| l == "2"), Some(2));
    }

    #[test]
    fn what_is_too_much_is_dropped_and_counted_and_a_chatty_host_gives_way_first() {
        let mut output = Output::default();
        let long = "x".repeat(1000);
        output.take("switch", &host("quiet"), Timestamp::UNIX_EPOCH, vec!["hello".into()], 0);
        for n in 0..40 {
            for _ in 0..300 {
                output.take("switch", &host(&format!("h{n}")), Timestamp::UNIX_EPOCH, vec![long.as_str().into()], 0);
            }
        }
        assert!(output.bytes <= MOST_OF_ALL, "{}", output.bytes);
        assert_eq!(output.count("switch", Some(&host("quiet"))), 1);
        let (kept, dropped) = (output.count("switch", None), output.dropped("switch", None));
        assert_eq!(kept as u64 + dropped, 40 * 300 + 1);
    }

    #[test]
    fn lines_that_were_left_out_are_told_even_when_nothing_follows() {
        let mut output = Output::default();
        output.take("switch", &host("a"), Timestamp::UNIX_EPOCH, Vec::new(), 12);
        assert_eq!(output.window("switch", None, 0, 9).first().map(|(_, l)| l.left_out), Some(12));
    }
}
