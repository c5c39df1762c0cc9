//! Where a redirect leads, and whether to go there. Asks nothing itself.

use hyper::header::LOCATION;
use reqwest::Url;

use crate::model::Text;
use crate::source::fetch::{Answer, Target};

/// More steps than this are a fault of the service.
const MOST: usize = 5;

/// A 3xx that names another place (RFC 9110, 15.4); 300 and 304 do not.
pub(super) fn is_redirect(answer: &Answer) -> bool {
    matches!(answer.status.as_u16(), 301 | 302 | 303 | 307 | 308) && answer.headers.contains_key(LOCATION)
}

/// The next place; an error tells why not to go on.
pub(super) fn next(from: &Target, location: &str, seen: &[Url]) -> Result<Target, String> {
    let shown = Text::line_at_most(location, 120);
    let url = from.url.join(location).map_err(|e| format!("redirected to \"{shown}\", which is no URL: {e}"))?;
    let way = || {
        let steps: Vec<&str> = seen.iter().chain([&url]).map(Url::path).collect();
        Text::line_at_most(&steps.join(" → "), 200)
    };
    if seen.contains(&url) {
        return Err(format!("redirects go in circles: {}", way()));
    }
    if seen.len() > MOST {
        return Err(format!("more than {MOST} redirects: {}", way()));
    }
    Target::new(url).map_err(|e| format!("redirected to \"{shown}\": {e}"))
}

/// Whether credentials may go along: same host and port, or the same host's step from http to https.
pub(super) fn is_same_place(from: &Url, to: &Url) -> bool {
    if from.host_str() != to.host_str() {
        return false;
    }
    let ports = (from.port_or_known_default(), to.port_or_known_default());
    match (from.scheme(), to.scheme()) {
        (a, b) if a == b => ports.0 == ports.1,
        ("http", "https") => ports == (Some(80), Some(443)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(from: &str, to: &str) -> bool {
        is_same_place(&from.parse().unwrap(), &to.parse().unwrap())
    }

    #[test]
    fn credentials_stay_with_their_host_port_and_protection() {
        assert!(same("http://a/x", "http://a/y"));
        assert!(same("http://a/x", "https://a/x"));
        assert!(!same("https://a/x", "http://a/x"));
        assert!(!same("http://a/x", "http://b/x"));
        assert!(!same("http://a/x", "http://a:8080/x"));
    }
}
