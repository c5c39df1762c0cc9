//! What `qd init` is given, taken apart: an address of a known form, without its password, which goes its own way.
//! Nothing is asked here. What cannot be understood is told without repeating a password.

mod login;

use reqwest::Url;

use super::draft::{Draft, Login};
use super::lens;
use crate::settings::word;
use login::{login_of, masked, rest_user, secret_in_query, split_login, without_password};

/// The forms, as help shows them: an example and what it means.
pub(super) const FORMS: [(&str, &str); 7] = [
    ("https://shop.example.com", "a web service; its health page is looked for"),
    ("https://shop.example.com/health", "one page of it"),
    ("postgresql://app@db.example.com/shop", "PostgreSQL"),
    ("redis://cache.example.com:6379", "Redis or Valkey"),
    ("amqp://mq.example.com", "RabbitMQ; http://mq.example.com:15672 is its management"),
    ("mail.example.com:25", "a TCP port; port 443 is looked at as TLS"),
    ("shop.example.com", "a host: its name, and HTTPS or HTTP"),
];

/// Ports that speak TLS from the first byte.
const TLS_PORTS: [u16; 7] = [443, 465, 636, 853, 993, 995, 8443];

/// What is to be looked at.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    /// A page, or a site whose page is looked for.
    Web(Url),
    /// PostgreSQL or Redis: the draft is ready.
    Server(Draft),
    /// A message broker; with TLS or without.
    Broker(bool),
    /// A port that is to speak TLS, or any.
    Port(bool),
    /// A host alone.
    Host,
}

/// One argument, understood.
#[derive(Clone, Debug)]
pub(super) struct Address {
    /// The argument without its password, to be shown.
    pub(super) shown: String,
    /// The host, lower case, without brackets.
    pub(super) host: String,
    /// The port; what has the same host and port is one service.
    pub(super) port: u16,
    /// What it is.
    pub(super) asked: Asked,
    /// Who asks.
    pub(super) login: Option<Login>,
}

impl Address {
    /// `host:port` as decks write it.
    pub(super) fn place(&self) -> String {
        place(&self.host, self.port)
    }
}

/// `host:port`, IPv6 addresses in brackets.
pub(super) fn place(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// Why an argument is no address.
#[derive(Debug, thiserror::Error)]
#[error("cannot look at `{shown}`: {why}")]
pub(super) struct Refused {
    shown: String,
    why: String,
}

/// Takes an argument apart.
pub(super) fn parse(text: &str) -> Result<Address, Refused> {
    let text = text.trim();
    let read = match text.split_once("://") {
        Some((scheme, rest)) => of_scheme(&scheme.to_ascii_lowercase(), rest),
        None => bare(text),
    };
    read.map_err(|why| Refused { shown: crate::model::Text::line_at_most(&masked(text), 120).to_string(), why })
}

fn of_scheme(scheme: &str, rest: &str) -> Result<Address, String> {
    let known = ["http", "https", "postgresql", "postgres", "redis", "rediss", "amqp", "amqps", "tcp", "tls"];
    match scheme {
        "http" | "https" => web(&format!("{scheme}://{rest}")),
        "postgresql" | "postgres" => server(scheme, rest, "postgres", 5432),
        "redis" | "rediss" => server(scheme, rest, "redis", 6379),
        "amqp" | "amqps" => broker(scheme, rest),
        "tcp" | "tls" => port(scheme == "tls", rest.trim_end_matches('/')),
        _ => Err(match word::nearest(scheme, known) {
            Some(near) => format!("`{scheme}:` is not known; did you mean `{near}:`?"),
            None => format!("`{scheme}:` is not known; write host:port to look at its port"),
        }),
    }
}

fn web(text: &str) -> Result<Address, String> {
    let mut url = Url::parse(text).map_err(|e| e.to_string())?;
    if let Some(name) = secret_in_query(url.query().unwrap_or_default()) {
        let instead = "leave it out, and give the probe token = \"env:NAME\" in the deck";
        return Err(format!("its query holds a secret (`{name}`), which a deck must not; {instead}"));
    }
    let login = login_of(url.username(), url.password());
    // These fail only for addresses that can have none of them.
    let cleared = url.set_username("").and_then(|()| url.set_password(None));
    cleared.map_err(|()| "it names no host".to_owned())?;
    url.set_fragment(None);
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().unwrap_or(80);
    lens::accepts(&Draft::new("live", "http", url.as_str()).with_login(login.as_ref(), true))?;
    let shown = text_of(&url);
    Ok(Address { shown, host, port, asked: Asked::Web(url), login })
}

/// A URL as people write it: without the slash of an empty path.
pub(super) fn text_of(url: &Url) -> String {
    match url.as_str() {
        text if url.path() == "/" && url.query().is_none() => text.trim_end_matches('/').to_owned(),
        text => text.to_owned(),
    }
}

/// PostgreSQL and Redis: their addresses are no proper URLs (several hosts, sockets), so only the login is taken out.
fn server(scheme: &str, rest: &str, kind: &'static str, port: u16) -> Result<Address, String> {
    let (mut login, rest) = split_login(rest);
    let (rest, hidden) = without_password(rest);
    if let Some(password) = hidden {
        let user = login.as_ref().and_then(|l| l.user.clone());
        login = Some(Login { user, password: Some(password) });
    }
    let in_address = kind == "postgres";
    let user = rest_user(login.as_ref().filter(|_| in_address));
    let address = format!("{scheme}://{user}{rest}");
    let end = rest.find(['/', '?', ',']).unwrap_or(rest.len());
    let first = rest.get(..end).unwrap_or_default();
    let (host, own) = host_and_port(first)?;
    let needs = login.as_ref().is_some_and(|l| l.password.is_some()) || (kind == "redis" && login.is_some());
    let login = login.filter(|_| needs);
    let draft = Draft::new("live", kind, &address).with_login(login.as_ref(), !in_address);
    lens::accepts(&draft)?;
    Ok(Address { shown: address, host, port: own.unwrap_or(port), asked: Asked::Server(draft), login })
}

fn broker(scheme: &str, rest: &str) -> Result<Address, String> {
    let tls = scheme == "amqps";
    let (login, rest) = split_login(rest);
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, port) = host_and_port(rest.get(..end).unwrap_or_default())?;
    if host.is_empty() {
        return Err("it names no host".into());
    }
    let port = port.unwrap_or(if tls { 5671 } else { 5672 });
    Ok(Address { shown: format!("{scheme}://{rest}"), host, port, asked: Asked::Broker(tls), login })
}

fn bare(text: &str) -> Result<Address, String> {
    if text.contains('@') {
        return Err("it has a user but no scheme; write https://…, postgresql://… or the like in front".into());
    }
    if text.contains(['/', '?', '#']) {
        return Err(format!("it has a path but no scheme; did you mean https://{text}?"));
    }
    let (host, port) = host_and_port(text)?;
    if host.is_empty() {
        return Err("it names no host".into());
    }
    let asked = port.map_or(Asked::Host, |port| Asked::Port(TLS_PORTS.contains(&port)));
    Ok(Address { shown: text.to_owned(), host, port: port.unwrap_or(443), asked, login: None })
}

/// `tcp://host:port` and `tls://host:port`: which of the two is said, not guessed.
fn port(tls: bool, text: &str) -> Result<Address, String> {
    match bare(text)? {
        Address { asked: Asked::Host, .. } => Err("it names no port".into()),
        address => Ok(Address { asked: Asked::Port(tls), ..address }),
    }
}

/// A host, checked and normalised as in URLs, and a port. No host is fine here: a socket has none.
fn host_and_port(text: &str) -> Result<(String, Option<u16>), String> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, _)) if host.contains(':') && !host.starts_with('[') => {
            return Err(format!("write an IPv6 address in brackets: [{text}]:443"));
        }
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let port = match port.map(str::parse::<u16>) {
        None => None,
        Some(Ok(port)) if port > 0 => Some(port),
        Some(_) => return Err("its port is not a number from 1 to 65535".into()),
    };
    if host.is_empty() {
        return Ok((String::new(), port));
    }
    let strange = |c: char| c.is_whitespace() || c.is_control() || "%/@?#\\,;=".contains(c);
    let url = if host.contains(strange) { None } else { Url::parse(&format!("http://{host}/")).ok() };
    let host = url.as_ref().and_then(Url::host_str).ok_or("that is neither a URL nor a host")?;
    Ok((host.trim_matches(['[', ']']).to_owned(), port))
}

#[cfg(test)]
mod tests;
