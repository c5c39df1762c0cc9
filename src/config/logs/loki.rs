//! `loki`: the keys of a log that a Loki server keeps. It is asked from this machine unless `via` or `on` names a host to go
//! through, whatever hosts the service has. Asks nothing.

use std::sync::Arc;

use hyper::header::HeaderValue;
use reqwest::Url;

use super::Around;
use crate::config::service::host;
use crate::model::{HostId, LogFrom, LogLogin, LokiQuery, SecretPlace, Text};
use crate::settings::{Section, Value};
use crate::source::fetch::Target;
use crate::source::health::api;
use crate::source::health::http::{Credential, login, trust};

/// A query as people begin with.
const EXAMPLE: &str = "query = '{app=\"shop\"}'";

/// The host to go through; none from this machine.
pub(super) fn way(section: &Section<'_>, around: &Around<'_>) -> Option<HostId> {
    let faults = section.faults();
    let via = section.entry_if_there("via");
    let on = section.entry_if_there("on");
    let (key, entry) = match (on, via) {
        (Some(_), Some(via)) => {
            faults.error(via.place, "`on` and `via` say the same", "keep `via` and remove `on`");
            return None;
        }
        (Some(on), None) => ("on", on),
        (None, Some(via)) => ("via", via),
        (None, None) => return None,
    };
    if matches!(entry.node.value, Value::List(_)) {
        let help = format!("name the host that reaches it: {key} = \"web1\"");
        section.error(key, "a Loki server is asked through one host", help);
        return None;
    }
    host(section, key, around.environment)
}

/// Reads the rest.
pub(super) fn read(section: &Section<'_>) -> Option<LogFrom> {
    let before = section.faults().errors();
    let url = url(section);
    let query = query(section);
    let tenant = tenant(section);
    let login = match login(section) {
        None => LogLogin::Open,
        Some(Credential::Bearer(token)) => LogLogin::Token(SecretPlace(token.written())),
        Some(Credential::Basic(user, password)) => LogLogin::User(user, SecretPlace(password.written())),
        // `headers` is no key of a log.
        Some(Credential::Header(..)) => return None,
    };
    let trust = trust(section);
    let found = LokiQuery { url: url?, query: query?, tenant, login, ca: trust.ca, verify: trust.verify };
    (section.faults().errors() == before).then(|| LogFrom::Loki(Arc::new(found)))
}

fn url(section: &Section<'_>) -> Option<String> {
    let example = "http://127.0.0.1:3100";
    let text = api::address(section, "loki", &["http", "https"], example)?;
    let help = format!("write loki = \"{example}\"; `query` has a key of its own");
    let url = match Url::parse(&text) {
        Ok(url) => url,
        Err(e) => {
            section.error("loki", format!("\"{}\" is not a URL: {e}", Text::line_at_most(&text, 80)), help);
            return None;
        }
    };
    if !url.username().is_empty() {
        section.error("loki", "the URL names a user", "use the keys user = \"…\" and password = \"env:NAME\"");
        return None;
    }
    if url.query().is_some() || url.fragment().is_some() || url.path().contains("/loki/api") {
        section.error("loki", "the address of a Loki server ends before `/loki/api` and `?`", help);
        return None;
    }
    if let Err(why) = Target::new(url.clone()) {
        section.error("loki", why, help);
        return None;
    }
    Some(url.as_str().trim_end_matches('/').to_owned())
}

fn query(section: &Section<'_>) -> Option<String> {
    if !section.has("query") {
        section.error("loki", "a Loki server needs to know which lines", format!("add {EXAMPLE}"));
        return None;
    }
    let query = section.query("query")?.trim().to_owned();
    if !query.starts_with(['{', '(', '#']) {
        let shown = Text::line_at_most(&query, 60);
        section.error("query", format!("\"{shown}\" selects no lines"), format!("write {EXAMPLE}"));
        return None;
    }
    Some(query)
}

fn tenant(section: &Section<'_>) -> Option<String> {
    let tenant = section.text("tenant")?;
    if tenant.trim().is_empty() || HeaderValue::from_str(&tenant).is_err() {
        let help = "it is sent as the header X-Scope-OrgID: tenant = \"shop\"";
        section.error("tenant", "`tenant` cannot be the name of a tenant", help);
        return None;
    }
    Some(tenant)
}
