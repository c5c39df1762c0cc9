//! Records as text, in the form people write them, and how two sets of them differ. Pure.

use hickory_resolver::proto::rr::{RData, Record, RecordType};

/// The records of one type, sorted, each once.
pub(super) fn of_type(records: &[Record], kind: RecordType) -> Vec<String> {
    let mut found: Vec<String> =
        records.iter().filter(|r| r.record_type() == kind).map(|r| plain(&text(&r.data), kind)).collect();
    found.sort();
    found.dedup();
    found
}

/// Text of a TXT record is joined from its parts (RFC 7208, 3.3); others are as zone files write them.
fn text(data: &RData) -> String {
    match data {
        RData::TXT(txt) => {
            txt.txt_data.iter().map(|part| String::from_utf8_lossy(part).into_owned()).collect::<String>()
        }
        other => other.to_string(),
    }
}

/// Without the last dot of a name, which people leave out; in lower case where case means nothing.
pub(super) fn plain(text: &str, kind: RecordType) -> String {
    if kind == RecordType::TXT {
        return text.to_owned();
    }
    let text = text.trim();
    if let Ok(address) = text.parse::<std::net::IpAddr>() {
        return address.to_string();
    }
    match text.strip_suffix('.') {
        Some(name) if !name.ends_with('.') && !name.is_empty() && is_name(name) => name.to_ascii_lowercase(),
        _ if is_name(text) => text.to_ascii_lowercase(),
        _ => text.to_owned(),
    }
}

fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.: ".contains(c))
}

/// What is missing and what is there too much; an empty expectation is met by anything.
pub(super) fn difference(expected: &[String], found: &[String]) -> Option<String> {
    if expected.is_empty() {
        return None;
    }
    let without = |all: &[String], some: &[String]| -> Vec<String> {
        all.iter().filter(|one| !some.contains(one)).cloned().collect()
    };
    let (missing, strange) = (without(expected, found), without(found, expected));
    match (missing.is_empty(), strange.is_empty()) {
        (true, true) => None,
        (false, true) => Some(format!("{} is missing; found {}", missing.join(", "), found.join(", "))),
        (true, false) => Some(format!("{} is not expected beside {}", strange.join(", "), expected.join(", "))),
        (false, false) => Some(format!("expected {}, found {}", expected.join(", "), found.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_differ_by_what_is_missing_and_what_is_strange() {
        let of = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        assert_eq!(difference(&of(&[]), &of(&["a"])), None);
        assert_eq!(difference(&of(&["b", "a"]), &of(&["a", "b"])), None);
        assert_eq!(difference(&of(&["a", "b"]), &of(&["a"])).unwrap(), "b is missing; found a");
        assert_eq!(difference(&of(&["a"]), &of(&["a", "b"])).unwrap(), "b is not expected beside a");
        assert_eq!(difference(&of(&["a"]), &of(&["b"])).unwrap(), "expected a, found b");
    }

    #[test]
    fn the_last_dot_and_the_case_of_a_name_do_not_matter() {
        assert_eq!(plain("10 Mail.Example.com.", RecordType::MX), "10 mail.example.com");
        assert_eq!(plain("AbC", RecordType::TXT), "AbC");
        assert_eq!(plain("2001:DB8:0::1", RecordType::AAAA), "2001:db8::1");
    }
}
