//! Looks at what is no web page: PostgreSQL, Redis, RabbitMQ, ports and hosts.

use futures::join;
use reqwest::Url;

use super::address::{Address, Asked, place};
use super::draft::{Draft, Login};
use super::finding::{Finding, certificate, fact, is_well, reason, silence, trouble};
use super::lens::{FIRST, Lens, SECOND};
use super::web;
use crate::model::{Observation, Text};

/// Ports that a better probe knows how to ask.
const BETTER: [(u16, &str); 4] = [
    (5432, "postgres = \"postgresql://monitor@HOST/postgres\""),
    (6379, "redis = \"redis://HOST\""),
    (15672, "rabbitmq = \"http://HOST:15672\""),
    (80, "http = \"http://HOST/\""),
];

/// Looks at an address of any form.
pub(super) async fn look(lens: &Lens, address: &Address) -> Finding {
    match &address.asked {
        Asked::Web(url) => web::look(lens, address, url).await,
        Asked::Server(draft) => server(lens, address, draft).await,
        Asked::Broker(tls) => broker(lens, address, *tls).await,
        Asked::Port(true) => tls_port(lens, address).await,
        Asked::Port(false) => tcp_port(lens, address).await,
        Asked::Host => host(lens, address).await,
    }
}

async fn server(lens: &Lens, address: &Address, draft: &Draft) -> Finding {
    let seen = lens.look(draft, FIRST).await;
    let (kind, product) =
        if address.shown.starts_with("postgres") { ("postgres", "PostgreSQL") } else { ("redis", "Redis") };
    let (version, role) = (seen.version.as_ref().map(Text::as_str), fact(&seen, "role"));
    let mut told = product.to_owned();
    for part in [version, role].into_iter().flatten() {
        told = format!("{told} {part}");
    }
    if is_well(&seen) {
        let remark = if reason(&seen).is_empty() { String::new() } else { format!("; {}", reason(&seen)) };
        let words = format!("{told}{remark}");
        return Finding::new(kind, vec![draft.clone().noted(&words)], words);
    }
    let asks = ["asks for a password", "Authentication required"].iter().any(|w| reason(&seen).contains(w));
    if asks && draft.login.is_none() {
        let words = format!("{product} asks for a password");
        let draft = draft.clone().with_login(Some(&Login { user: None, password: None }), false).noted(&words);
        return Finding::new(kind, vec![draft], words);
    }
    Finding::new(kind, vec![draft.clone().noted(&trouble(&seen))], reason(&seen)).silent()
}

/// RabbitMQ's management interface, if that is what answers under a base.
pub(super) async fn management(lens: &Lens, base: &str, login: Option<&Login>) -> Option<Finding> {
    let page = |path: &str| Draft::new("live", "http", &format!("{base}/{path}")).with_login(login, true);
    let (overview, front) = (page("api/overview"), page(""));
    let (overview, front) = join!(lens.look(&overview, FIRST), lens.look(&front, FIRST));
    let says = |seen: &Observation, words: &str| seen.answer.as_ref().is_some_and(|a| a.as_str().contains(words));
    // Without the right login the overview is refused, but the front page is for everybody and has this title.
    let refused = fact(&overview, "status").is_some_and(|status| status.starts_with("401"));
    let by_front = refused && says(&front, "<title>RabbitMQ Management");
    if !by_front && !says(&overview, "\"rabbitmq_version\"") {
        return None;
    }
    let login = login.cloned().unwrap_or(Login { user: None, password: None });
    let login = Login { user: Some(login.user.unwrap_or_else(|| "monitoring".into())), ..login };
    let draft = Draft::new("live", "rabbitmq", base).with_login(Some(&login), true);
    if login.password.is_none() {
        let comment = "RabbitMQ's management; name a user with the tag monitoring";
        return Some(Finding::new(
            "rabbitmq",
            vec![draft.noted(comment)],
            "RabbitMQ's management, which asks for a login",
        ));
    }
    let seen = lens.look(&draft, SECOND).await;
    let version = seen.version.as_ref().map(|v| format!(" {v}")).unwrap_or_default();
    Some(if is_well(&seen) {
        let words = format!("RabbitMQ{version}");
        Finding::new("rabbitmq", vec![draft.noted(&words)], words)
    } else {
        Finding::new("rabbitmq", vec![draft.noted(&trouble(&seen))], format!("RabbitMQ{version}: {}", reason(&seen)))
    })
}

/// The port that clients use, and the management interface beside it.
async fn broker(lens: &Lens, address: &Address, tls: bool) -> Finding {
    let port = async { if tls { tls_port(lens, address).await } else { tcp_port(lens, address).await } };
    // A login that was meant for TLS is not sent without it.
    let (scheme, beside) = if tls { ("https", 15671) } else { ("http", 15672) };
    let (base, login) = (format!("{scheme}://{}", place(&address.host, beside)), address.login.as_ref());
    let (mut finding, management) = join!(port, management(lens, &base, login));
    finding.kind = "rabbitmq";
    for draft in &mut finding.drafts {
        draft.name = "amqp".into();
    }
    if let Some(management) = management {
        finding.words = format!("{}; {}", finding.words, management.words);
        finding.drafts.extend(management.drafts);
    }
    finding
}

async fn tls_port(lens: &Lens, address: &Address) -> Finding {
    let draft = Draft::new("cert", "tls", &address.place());
    let seen = lens.look(&draft, FIRST).await;
    let (draft, words) = certificate(draft, &seen);
    Finding::new("tls", vec![draft], words)
}

async fn tcp_port(lens: &Lens, address: &Address) -> Finding {
    let draft = Draft::new("port", "tcp", &address.place());
    let seen = lens.look(&draft, FIRST).await;
    if !is_well(&seen) {
        let words = silence(&seen);
        return Finding::new("port", vec![draft.noted(&trouble(&seen))], words).silent();
    }
    let better = BETTER.iter().find(|(port, _)| *port == address.port);
    let draft = match better {
        Some((_, probe)) => {
            draft.noted(&format!("Says more, if it is what it looks like: {}", probe.replace("HOST", &address.host)))
        }
        None => draft,
    };
    Finding::new("port", vec![draft], "takes connections")
}

/// The name, and what the web ports say.
async fn host(lens: &Lens, address: &Address) -> Finding {
    let named = address.host.parse::<std::net::IpAddr>().is_err() && address.host != "localhost";
    let dns = Draft::new("name", "dns", &address.host);
    let bracketed = place(&address.host, 443);
    let bracketed = bracketed.trim_end_matches(":443");
    let urls = ["https", "http"].map(|scheme| Url::parse(&format!("{scheme}://{bracketed}/")).ok());
    let [Some(https), Some(http)] = urls else {
        return Finding::new("web", vec![dns], "not looked at");
    };
    let asked = async { if named { Some(lens.look(&dns, FIRST).await) } else { None } };
    let (seen, secure, plain) = join!(asked, web::look(lens, address, &https), web::look(lens, address, &http));
    let mut finding = match (secure.answered, plain.answered) {
        (false, true) => Finding { port: Some(80), ..plain },
        _ => secure,
    };
    if let Some(seen) = seen {
        finding.drafts.push(resolved(dns, &seen));
    }
    finding
}

fn resolved(draft: Draft, seen: &Observation) -> Draft {
    match fact(seen, "A") {
        Some(addresses) if is_well(seen) => draft.noted(&format!("Found {addresses}; expect = [\"…\"] compares")),
        _ => draft.noted(&trouble(seen)),
    }
}
