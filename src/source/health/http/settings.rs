//! The keys of an `http` probe, read from a deck.

use std::path::PathBuf;

use hyper::Method;
use hyper::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use reqwest::Url;

use super::credential::Credential;
use super::judge::{Expected, Judge};
use super::status::Accepted;
use super::{Check, Http};
use crate::settings::{Node, Section, Value};
use crate::source::fetch::Target;
use crate::source::health::report::Style;
use crate::source::tls::Trust;

pub(super) fn read(section: &mut Section<'_>) -> Option<Box<dyn Check>> {
    let before = section.faults().errors();
    let target = target(section);
    let method = section.choice("method", &[("GET", false), ("HEAD", true)]);
    let (headers, mut credentials) = headers(section);
    credentials.extend(login(section));
    let style = section.choice("report", &Style::CHOICES);
    let judge = Judge {
        strict: section.has("status"),
        accepted: Accepted::read(section).unwrap_or_default(),
        style: style.unwrap_or(Style::Auto),
        body: section.pattern("body"),
        json: json(section),
    };
    let head = method == Some(true);
    if head && (judge.body.is_some() || !judge.json.is_empty()) {
        section.error("method", "HEAD brings no body to look at", "write method = \"GET\", or drop `body` and `json`");
    }
    if head && style.is_some_and(|s| s != Style::None && s != Style::Auto) {
        section.error("method", "HEAD brings no body, so no report", "write method = \"GET\", or report = \"none\"");
    }
    let check = Http {
        target: target?,
        method: if head { Method::HEAD } else { Method::GET },
        headers,
        credentials,
        trust: trust(section),
        follow: section.choice("redirect", &[("none", false), ("follow", true)]) == Some(true),
        judge,
    };
    (section.faults().errors() == before).then(|| Box::new(check) as Box<dyn Check>)
}

/// Whom to believe, from the keys `ca` and `verify`. A relative path starts at the folder of the deck.
pub(crate) fn trust(section: &Section<'_>) -> Trust {
    let ca = section.text("ca").map(|text| {
        let file = section.faults().files().path(section.place_of("ca").file);
        file.parent().map_or_else(|| PathBuf::from(&text), |folder| folder.join(&text))
    });
    if let Some(missing) = ca.as_ref().filter(|path| !path.is_file()) {
        let help = "a PEM file; a relative path starts at the folder of the deck";
        section.error("ca", format!("there is no file {}", missing.display()), help);
    }
    Trust { ca, verify: section.truth("verify").unwrap_or(true) }
}

fn target(section: &Section<'_>) -> Option<Target> {
    let text = section.needed_text("http", "http = \"http://127.0.0.1:5006/health\"")?;
    let example = "write it in full: http = \"https://shop.example.com/health\"";
    let url = match Url::parse(text.trim()) {
        Ok(url) => url,
        Err(e) => {
            section.error("http", format!("\"{text}\" is not a URL: {e}"), example);
            return None;
        }
    };
    if !url.username().is_empty() || url.password().is_some() {
        let help = "a deck holds no secrets: use the keys user = \"…\" and password = \"env:NAME\"";
        // The text is not repeated: it may hold the password.
        section.error("http", "the URL names a user", help);
        return None;
    }
    match Target::new(url) {
        Ok(target) => Some(target),
        Err(why) => {
            section.error("http", why, example);
            None
        }
    }
}

fn headers(section: &Section<'_>) -> (HeaderMap, Vec<Credential>) {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("quarterdeck/", env!("CARGO_PKG_VERSION"))));
    headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    headers.insert(hyper::header::CONNECTION, HeaderValue::from_static("close"));
    let mut credentials = Vec::new();
    let Some(table) = section.section("headers") else { return (headers, credentials) };
    for entry in section.table("headers").map(|t| t.entries.as_slice()).unwrap_or_default() {
        table.has(&entry.name);
        let Ok(name) = HeaderName::try_from(entry.name.as_str()) else {
            let message = format!("`{}` cannot be the name of a header", entry.name);
            section.faults().error(entry.place, message, "letters, digits and hyphens: X-Tenant = \"shop\"");
            continue;
        };
        if matches!(entry.node.value, Value::Table(_)) {
            if let Some(secret) = table.section(&entry.name) {
                credentials.extend(secret.secret("secret").map(|s| Credential::Header(name, s)));
                secret.finish();
            }
        } else if is_secret(&entry.name) {
            section.faults().hide(entry.node.place);
            let help = format!("a deck holds no secrets: {} = {{ secret = \"env:NAME\" }}", entry.name);
            section.faults().error(entry.node.place, format!("the header `{}` is a secret", entry.name), help);
        } else if let Some(value) = header_value(section, &entry.node, &entry.name) {
            headers.insert(name, value);
        }
    }
    (headers, credentials)
}

/// Headers that carry what nobody else may know.
fn is_secret(header: &str) -> bool {
    let name = header.to_lowercase();
    matches!(name.as_str(), "authorization" | "proxy-authorization" | "cookie")
        || ["token", "api-key", "apikey", "secret", "password"].iter().any(|word| name.contains(word))
}

fn header_value(section: &Section<'_>, node: &Node, name: &str) -> Option<HeaderValue> {
    let text = section.text_of(node, name)?;
    let value = HeaderValue::try_from(&text).ok();
    if value.is_none() {
        let message = format!("the header `{name}` has characters that HTTP cannot carry");
        section.faults().error(node.place, message, "printable characters on one line");
    }
    value
}

/// Who asks, from the keys `token`, `user` and `password`.
pub(crate) fn login(section: &Section<'_>) -> Option<Credential> {
    let token = section.secret("token");
    let user = section.text("user");
    let password = section.secret("password");
    let asked = (section.has("token"), section.has("user"), section.has("password"));
    match asked {
        (true, true, _) | (true, _, true) => {
            section.error("token", "there are both a token and a user", "keep `token`, or `user` and `password`");
        }
        (_, true, false) => section.error("user", "`user` stands without `password`", "add password = \"env:NAME\""),
        (_, false, true) => section.error("password", "`password` stands without `user`", "add user = \"…\""),
        _ => {}
    }
    match (token, user, password) {
        (Some(token), ..) => Some(Credential::Bearer(token)),
        (None, Some(user), Some(password)) => Some(Credential::Basic(user, password)),
        _ => None,
    }
}

fn json(section: &Section<'_>) -> Vec<(String, Expected)> {
    let mut wanted = Vec::new();
    if let Some(table) = section.table("json") {
        collect(section, table, "", &mut wanted);
    }
    wanted
}

/// `json = { db.lag = 0 }` and `json = { "db.lag" = 0 }` mean the same.
fn collect(section: &Section<'_>, table: &crate::settings::Table, prefix: &str, wanted: &mut Vec<(String, Expected)>) {
    for entry in &table.entries {
        let path = if prefix.is_empty() { entry.name.clone() } else { format!("{prefix}.{}", entry.name) };
        let expected = match &entry.node.value {
            Value::Table(inner) => {
                collect(section, inner, &path, wanted);
                continue;
            }
            Value::Text(_) => section.text_of(&entry.node, &path).map(Expected::Text),
            Value::Whole(number) => Some(Expected::Number(*number as f64)),
            Value::Real(number) => Some(Expected::Number(*number)),
            Value::Truth(truth) => Some(Expected::Truth(*truth)),
            other => {
                let message =
                    format!("`{path}` can be compared with a text, a number or a truth, not {}", other.describe());
                section.faults().error(entry.node.place, message, "write json = { \"db.lag\" = 0 }");
                None
            }
        };
        wanted.extend(expected.map(|e| (path, e)));
    }
}
