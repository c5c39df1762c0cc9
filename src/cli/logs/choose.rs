//! Which log sources the names of a command line mean, and the list of all.

use std::sync::Arc;

use crate::config::Deck;
use crate::model::{LogId, LogSpec};
use crate::settings::word::hint;

/// A name taken apart: `[ENV/]SERVICE`, `ENV`, each with `:LOG` and `@HOST`.
struct Name<'a> {
    environment: Option<&'a str>,
    /// None for everything of the environment, or for its own logs where a log is named.
    service: Option<&'a str>,
    log: Option<&'a str>,
    host: Option<&'a str>,
}

impl<'a> Name<'a> {
    fn read(text: &'a str, deck: &Deck) -> Self {
        let (rest, host) = text.split_once('@').map_or((text, None), |(rest, host)| (rest, Some(host)));
        let (rest, log) = rest.split_once(':').map_or((rest, None), |(rest, log)| (rest, Some(log)));
        let is_environment = deck.environments.iter().any(|e| e.environment.id.as_str() == rest);
        let (environment, service) = match rest.split_once('/') {
            Some((environment, service)) => (Some(environment), Some(service)),
            None if is_environment => (Some(rest), None),
            None => (None, Some(rest)),
        };
        Self { environment, service, log, host }
    }

    fn means(&self, spec: &LogSpec) -> bool {
        let id = &spec.id;
        let of_service = match (self.service, self.log) {
            (Some(service), _) => id.service.as_deref() == Some(service),
            (None, Some(_)) => id.service.is_none(),
            (None, None) => true,
        };
        of_service
            && self.environment.is_none_or(|e| id.environment.as_str() == e)
            && self.log.is_none_or(|log| *id.name == *log)
            && self.host.is_none_or(|host| spec.on.as_ref().map_or("local", |h| &*h.name) == host)
    }
}

/// The sources that the names mean, in the order of the names, each once; else a complaint.
pub fn choose(deck: &Deck, names: &[String]) -> Result<Vec<Arc<LogSpec>>, String> {
    let mut chosen: Vec<Arc<LogSpec>> = Vec::new();
    for text in names {
        let name = Name::read(text, deck);
        let meant: Vec<&Arc<LogSpec>> = deck.logs().filter(|spec| name.means(spec)).collect();
        let Some(first) = meant.first() else { return Err(complaint(deck, text, &name)) };
        if let Some(other) = meant.iter().find(|m| m.id.environment != first.id.environment) {
            let service = name.service.unwrap_or_default();
            let (one, two) = (&first.id.environment, &other.id.environment);
            return Err(format!("`{text}` may be of {one}/{service} or {two}/{service}; write which"));
        }
        for spec in meant {
            if chosen.iter().all(|c| c.id != spec.id) {
                chosen.push(Arc::clone(spec));
            }
        }
    }
    Ok(chosen)
}

fn complaint(deck: &Deck, text: &str, name: &Name<'_>) -> String {
    let services = || deck.environments.iter().flat_map(|e| &e.environment.services).map(|s| &s.id);
    let of_this = |id: &LogId| {
        name.environment.is_none_or(|e| id.environment.as_str() == e) && id.service.as_deref() == name.service
    };
    let logs: Vec<String> = deck.logs().filter(|l| of_this(&l.id)).map(|l| l.id.to_string()).collect();
    let is_service = |id: &&crate::model::ServiceId| {
        name.environment.is_none_or(|e| id.environment.as_str() == e) && Some(&*id.name) == name.service
    };
    if !logs.is_empty() {
        return format!("there is no log `{text}`; {}", hint(text, logs.iter().map(String::as_str)));
    }
    if let Some(service) = services().find(is_service) {
        return format!("{service} has no logs; add logs.app = {{ file = \"/var/log/…\" }} to it");
    }
    if deck.logs().next().is_none() {
        return "the deck names no logs; add logs.app = { file = \"/var/log/…\" } to a service".to_owned();
    }
    let environments = deck.environments.iter().map(|e| e.environment.id.to_string());
    let known: Vec<String> = environments.chain(services().map(ToString::to_string)).collect();
    if name.service.is_none() {
        return format!("{text} has no logs; add logs.NAME = {{ file = \"/var/log/…\" }} to it");
    }
    format!("there is no `{text}`; {}", hint(text, known.iter().map(String::as_str)))
}

/// Every log of the deck with what is read, one a line.
pub fn listing(deck: &Deck) -> String {
    let longest = deck.logs().map(|l| l.id.to_string().chars().count()).max().unwrap_or(0);
    let line = |spec: &Arc<LogSpec>| {
        let place = spec.on.as_ref().map_or("this machine", |h| &*h.name);
        let doc = spec.doc.as_ref().map(|d| format!("  {d}")).unwrap_or_default();
        format!("{:<longest$}  {} on {place}{doc}\n", spec.id.to_string(), spec.from)
    };
    deck.logs().map(line).collect()
}
