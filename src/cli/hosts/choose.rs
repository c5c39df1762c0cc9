//! Which hosts of a deck are meant: by environment, by `host` and by `environment/host`. A misspelt name is told, never
//! passed over.

use crate::config::Deck;
use crate::model::Host;
use crate::settings::word::hint;

/// The hosts that are meant, in the order of the deck; without names all of them.
pub fn choose(deck: &Deck, environments: &[String], names: &[String]) -> Result<Vec<Host>, String> {
    let known: Vec<&str> = deck.environments.iter().map(|e| e.environment.id.as_str()).collect();
    if let Some(name) = environments.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("the deck has no environment `{name}`; {}", hint(name, known.iter().copied())));
    }
    let within =
        |host: &&Host| environments.is_empty() || environments.iter().any(|e| *e == *host.id.environment.as_str());
    let hosts: Vec<&Host> = deck.hosts().filter(within).collect();
    for name in names {
        if !hosts.iter().any(|host| is_meant(host, name)) {
            return Err(unknown(&hosts, name));
        }
    }
    let meant = |host: &&&Host| names.is_empty() || names.iter().any(|name| is_meant(host, name));
    Ok(hosts.iter().filter(meant).map(|host| (*host).clone()).collect())
}

/// The one host that is meant.
pub fn only(deck: &Deck, name: &str) -> Result<Host, String> {
    let mut found = choose(deck, &[], &[name.to_owned()])?;
    let all: Vec<String> = found.iter().map(|host| host.id.to_string()).collect();
    match found.pop() {
        Some(host) if found.is_empty() => Ok(host),
        _ => Err(format!("`{name}` may be {}; write which", all.join(" or "))),
    }
}

fn is_meant(host: &Host, name: &str) -> bool {
    *host.id.name == *name || host.id.to_string() == name
}

fn unknown(hosts: &[&Host], name: &str) -> String {
    if hosts.is_empty() {
        return format!("there is no host `{name}`: the deck names none there");
    }
    let full = hosts.iter().map(|host| host.id.to_string()).collect::<Vec<_>>();
    let short = hosts.iter().map(|host| &*host.id.name);
    let known: Vec<&str> = if name.contains('/') { full.iter().map(String::as_str).collect() } else { short.collect() };
    format!("there is no host `{name}`; {}", hint(name, known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deck() -> Deck {
        let text = "[environments.qa]\ntier = \"staging\"\nhosts.vps = { ssh = \"a\" }\nhosts.db = { ssh = \"b\" }\n\
                    [environments.live]\ntier = \"production\"\nhosts.vps = { ssh = \"c\" }\n";
        crate::config::parse(std::path::Path::new("quarterdeck.toml"), text).deck.unwrap()
    }

    fn chosen(environments: &[&str], names: &[&str]) -> Result<Vec<String>, String> {
        let owned = |all: &[&str]| all.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let found = choose(&deck(), &owned(environments), &owned(names));
        found.map(|hosts| hosts.iter().map(|h| h.id.to_string()).collect())
    }

    #[test]
    fn hosts_are_chosen_by_environment_and_by_name() {
        assert_eq!(chosen(&[], &[]).unwrap(), ["qa/vps", "qa/db", "live/vps"]);
        assert_eq!(chosen(&["live"], &[]).unwrap(), ["live/vps"]);
        assert_eq!(chosen(&[], &["vps"]).unwrap(), ["qa/vps", "live/vps"]);
        assert_eq!(chosen(&[], &["live/vps", "db"]).unwrap(), ["qa/db", "live/vps"]);
    }

    #[test]
    fn a_misspelt_name_is_told() {
        assert!(chosen(&["lvie"], &[]).unwrap_err().contains("did you mean `live`"), "{:?}", chosen(&["lvie"], &[]));
        assert!(chosen(&[], &["vsp"]).unwrap_err().contains("`vps`"));
        assert!(chosen(&["live"], &["db"]).is_err());
    }

    #[test]
    fn one_host_is_meant_or_it_is_told_which_there_are() {
        assert_eq!(only(&deck(), "db").unwrap().id.to_string(), "qa/db");
        assert_eq!(only(&deck(), "live/vps").unwrap().destination.as_str(), "c");
        assert_eq!(only(&deck(), "vps").unwrap_err(), "`vps` may be qa/vps or live/vps; write which");
    }
}
