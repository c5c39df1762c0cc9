//! The set of status codes that are well: `200`, `"2xx"`, `"200-299"` or a list of those.

use std::fmt;

use crate::settings::{Node, Section, Value};

/// Ranges of accepted codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Accepted(Vec<(u16, u16)>);

impl Default for Accepted {
    fn default() -> Self {
        Self(vec![(200, 299)])
    }
}

impl Accepted {
    /// Reads the key `status`; a fault for each part that is no status.
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let node = &section.entry("status")?.node;
        let nodes = match &node.value {
            Value::List(list) => list.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let ranges: Option<Vec<_>> = nodes.iter().map(|n| range_of(n, section)).collect();
        ranges.filter(|r| !r.is_empty()).map(Self)
    }

    /// Whether a code is well.
    pub(super) fn contains(&self, code: u16) -> bool {
        self.0.iter().any(|(low, high)| (*low..=*high).contains(&code))
    }
}

fn range_of(node: &Node, section: &Section<'_>) -> Option<(u16, u16)> {
    let text = match &node.value {
        Value::Whole(_) | Value::Text(_) => section.text_of(node, "status")?,
        _ => String::new(),
    };
    let range = parse(text.trim());
    if range.is_none() {
        let message = format!("`status` must be a set of HTTP status codes, not {}", node.value.describe());
        section.faults().error(node.place, message, "write 200, \"2xx\", \"200-299\" or a list of those");
    }
    range
}

fn parse(text: &str) -> Option<(u16, u16)> {
    let code = |t: &str| t.trim().parse().ok().filter(|c| (100..=599).contains(c));
    if let Some(class) = text.to_ascii_lowercase().strip_suffix("xx") {
        let class: u16 = class.parse().ok().filter(|c| (1..=5).contains(c))?;
        return Some((class * 100, class * 100 + 99));
    }
    match text.split_once('-') {
        Some((low, high)) => Some((code(low)?, code(high)?)).filter(|(low, high)| low <= high),
        None => code(text).map(|c| (c, c)),
    }
}

impl fmt::Display for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (low, high)) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str(if n + 1 == self.0.len() { " or " } else { ", " })?;
            }
            match (low, high) {
                (l, h) if l == h => write!(f, "{l}")?,
                (l, h) if l % 100 == 0 && *h == l + 99 => write!(f, "{}xx", l / 100)?,
                (l, h) => write!(f, "{l}-{h}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_read_and_told_as_it_is_written() {
        let set = Accepted(["2xx", "301-303", "418"].into_iter().map(|t| parse(t).unwrap()).collect());
        assert!([200, 299, 302, 418].into_iter().all(|c| set.contains(c)));
        assert!(![199, 300, 304, 500].into_iter().any(|c| set.contains(c)));
        assert_eq!(set.to_string(), "2xx, 301-303 or 418");
        for bad in ["", "x", "9xx", "300-200", "20", "600", "2xx-3xx"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
