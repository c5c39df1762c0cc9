//! Hosts in the order in which they are taken. Pure.

use crate::model::plan::HostName;
use crate::model::runbook::{Batches, Size};

/// Divides hosts by the sizes, the last repeated; one batch where nothing is said. No batch is empty.
pub(super) fn divide(hosts: &[HostName], batching: Option<&Batches>) -> Vec<Vec<HostName>> {
    let sizes = batching.map(|b| b.sizes.as_slice()).unwrap_or_default();
    let mut batches = Vec::new();
    let mut rest = hosts;
    let mut turn = 0;
    while !rest.is_empty() {
        let size = sizes.get(turn).or(sizes.last()).copied().unwrap_or(Size::Percent(100));
        let count = match size {
            Size::Hosts(count) => count,
            Size::Percent(part) => (hosts.len() * usize::from(part)).div_ceil(100),
        };
        let (batch, after) = rest.split_at(count.clamp(1, rest.len()));
        batches.push(batch.to_vec());
        rest = after;
        turn += 1;
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(count: usize, sizes: &[Size]) -> Vec<usize> {
        let hosts: Vec<HostName> = (0..count).map(|n| format!("h{n}").into()).collect();
        let batching = Batches { sizes: sizes.to_vec(), max_fail: 1, hold: false, gate: None };
        let divided = divide(&hosts, (!sizes.is_empty()).then_some(&batching));
        assert_eq!(divided.concat(), hosts, "each host once, in order");
        divided.iter().map(Vec::len).collect()
    }

    #[test]
    fn sizes_are_taken_in_turn_and_the_last_is_repeated() {
        use Size::{Hosts, Percent};
        assert_eq!(sizes(20, &[]), [20]);
        assert_eq!(sizes(20, &[Hosts(1), Percent(25), Percent(100)]), [1, 5, 14]);
        assert_eq!(sizes(5, &[Hosts(2)]), [2, 2, 1]);
        assert_eq!(sizes(3, &[Percent(25)]), [1, 1, 1]);
        assert_eq!(sizes(2, &[Percent(0), Hosts(0)]), [1, 1], "nothing is never a batch");
        assert_eq!(sizes(0, &[Hosts(1)]), [] as [usize; 0]);
    }
}
