//! Names for services, probes and variables, made from addresses. Every name made here is one that a deck accepts.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::address::Address;

/// Names to try for a service, the best first: the host's own label, then more of it, then what it is.
pub(super) fn candidates(address: &Address, kind: &str) -> Vec<String> {
    let host = address.host.as_str();
    if host.is_empty() || host == "localhost" || host.parse::<IpAddr>().is_ok() {
        let numbered = format!("{kind}-{}", address.port);
        return if usual(kind, address.port) { vec![kind.to_owned(), numbered] } else { vec![numbered] };
    }
    // `www` names no service, and a vendor's page is the vendor's.
    let dull = |label: &&str| *label == "www" || (kind == "vendor" && *label == "status");
    let labels: Vec<&str> = host.split('.').filter(|l| !l.is_empty()).collect();
    let labels = if labels.len() > 2 { labels.into_iter().skip_while(dull).collect() } else { labels };
    let (first, second) = (labels.first().copied().unwrap_or(kind), labels.get(1).copied().unwrap_or(kind));
    let (own, more) = (first.to_owned(), format!("{first}-{second}"));
    let what = if kind == "web" { format!("{first}-{}", address.port) } else { format!("{first}-{kind}") };
    [own, what, more].iter().map(|n| plain(n)).collect()
}

fn usual(kind: &str, port: u16) -> bool {
    let ports: &[u16] = match kind {
        "web" => &[80, 443],
        "postgres" => &[5432],
        "redis" => &[6379],
        "rabbitmq" => &[5671, 5672, 15671, 15672],
        _ => &[],
    };
    ports.contains(&port)
}

/// The first candidate that is free; otherwise the first one with a number. It is taken then.
pub(super) fn free(candidates: &[String], taken: &mut BTreeSet<String>) -> String {
    let first = candidates.first().cloned().unwrap_or_else(|| "service".into());
    let numbered = (2..).map(|n| format!("{first}-{n}"));
    let all = candidates.iter().cloned().chain(numbered);
    let name = all.into_iter().find(|n| !taken.contains(n)).unwrap_or(first);
    taken.insert(name.clone());
    name
}

/// Letters, digits and hyphens of a text, lower case, at most 40, starting with a letter or digit.
pub(super) fn plain(text: &str) -> String {
    let mapped = text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    let joined: String = mapped.collect::<String>().split('-').filter(|p| !p.is_empty()).collect::<Vec<_>>().join("-");
    let cut: String = joined.chars().take(40).collect();
    let cut = cut.trim_end_matches('-');
    if cut.is_empty() { "service".into() } else { cut.to_owned() }
}

/// A name for the probe of a page: what its path ends with.
pub(super) fn of_path(path: &str) -> String {
    match path.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default() {
        "" | "health" | "healthz" | "livez" | "live" | "liveness" => "live".into(),
        "ready" | "readyz" | "readiness" => "ready".into(),
        other => plain(other),
    }
}

/// A variable of the shell: `SHOP_PASSWORD`.
pub(super) fn variable(parts: &[&str]) -> String {
    let name = plain(&parts.join("-")).replace('-', "_").to_ascii_uppercase();
    let name = format!("{name}_PASSWORD");
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("QD_{name}") } else { name }
}

#[cfg(test)]
mod tests {
    use super::super::address::parse;
    use super::*;

    fn names(text: &str, kind: &str) -> Vec<String> {
        candidates(&parse(text).unwrap(), kind)
    }

    #[test]
    fn a_service_is_called_by_its_host_or_by_what_it_is() {
        assert_eq!(names("https://www.shop.example.com", "web"), ["shop", "shop-443", "shop-example"]);
        assert_eq!(names("https://status.vendor.example", "vendor")[0], "vendor");
        assert_eq!(names("http://127.0.0.1:5006", "web"), ["web-5006"]);
        assert_eq!(names("redis://localhost", "redis"), ["redis", "redis-6379"]);
        assert_eq!(names("https://my_app.example.com", "web")[0], "my-app");
    }

    #[test]
    fn a_name_that_is_taken_gives_way_to_the_next() {
        let mut taken = BTreeSet::new();
        let names = ["api".to_owned(), "api-shop".to_owned()];
        let found: Vec<String> = (0..4).map(|_| free(&names, &mut taken)).collect();
        assert_eq!(found, ["api", "api-shop", "api-2", "api-3"]);
    }

    #[test]
    fn a_variable_is_one_that_a_shell_can_export() {
        assert_eq!(variable(&["web-5006"]), "WEB_5006_PASSWORD");
        assert_eq!(variable(&["1password", "ops"]), "QD_1PASSWORD_OPS_PASSWORD");
    }

    #[test]
    fn a_probe_is_called_by_the_end_of_its_path() {
        for (path, name) in
            [("/", "live"), ("/api/health", "live"), ("/health/ready", "ready"), ("/x/Status", "status")]
        {
            assert_eq!(of_path(path), name);
        }
    }
}
