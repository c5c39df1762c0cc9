//! What the OpenSSH configuration says of the hosts of a deck and is not followed, as warnings at its place there. The
//! deck itself is no worse for it, and another operator's configuration may do. Reads files and asks no network.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::config::Deck;
use crate::model::{Fault, HostId, Severity};
use crate::transport::ssh::config::{Destination, Note, Sources, resolve};

/// Hosts that one line is told for.
const MOST_HOSTS: usize = 4;

/// What makes two notes the same: file, line, column and words.
type Key = (PathBuf, usize, usize, String);

/// Each note once, by file and line, with the hosts that it is about.
pub fn notes(deck: &Deck, sources: &Sources) -> Vec<Fault> {
    let mut told: BTreeMap<Key, (Note, Vec<HostId>)> = BTreeMap::new();
    for host in deck.hosts() {
        // What is no destination is a fault of the deck.
        let Ok(destination) = host.destination.as_str().parse::<Destination>() else { continue };
        for note in resolve(&destination, sources).notes.into_iter().filter(|note| is_told(note, sources)) {
            let key = (note.path.clone(), note.line, note.column, note.what.clone());
            told.entry(key).or_insert_with(|| (note, Vec::new())).1.push(host.id.clone());
        }
    }
    told.into_values().map(|(note, hosts)| fault(note, &hosts)).collect()
}

/// The machine's own file is seldom the operator's to change, so only what keeps a host away is told of it. Debian's sets
/// a method of logging in that nobody here could use.
fn is_told(note: &Note, sources: &Sources) -> bool {
    let system = sources.system.as_ref().and_then(|file| file.parent());
    note.fatal || !system.is_some_and(|folder| note.path.starts_with(folder))
}

fn fault(note: Note, hosts: &[HostId]) -> Fault {
    let mut names: Vec<String> = hosts.iter().take(MOST_HOSTS).map(ToString::to_string).collect();
    if hosts.len() > MOST_HOSTS {
        names.push(format!("{} more", hosts.len().saturating_sub(MOST_HOSTS)));
    }
    let names = names.join(", ");
    let meaning = if note.fatal { "so there is no way to" } else { "it applies to" };
    let message = format!("{}; {meaning} {names}", note.what);
    let fault = Fault {
        file: note.path,
        line: note.line,
        column: note.column,
        width: 0,
        caret: 0,
        severity: Severity::Warning,
        message,
        source: String::new(),
        help: (!note.help.is_empty()).then_some(note.help),
        breaks: Vec::new(),
    };
    fault.cleaned()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn told(config: &str, system: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let (user, machine) = (folder.path().join("config"), folder.path().join("etc/ssh_config"));
        std::fs::create_dir(machine.parent().unwrap()).unwrap();
        std::fs::write(&user, config).unwrap();
        std::fs::write(&machine, system).unwrap();
        let deck = "[environments.qa]\ntier = \"staging\"\nhosts.vps = { ssh = \"web\" }\nhosts.db = { ssh = \"ops@web\" }\n\
                    hosts.far = { ssh = \"far\" }\n";
        let deck = crate::config::parse(Path::new("quarterdeck.toml"), deck).deck.unwrap();
        let sources = Sources { system: Some(machine), ..Sources::only(&user) };
        let short = |fault: &Fault| fault.to_string().replace(&format!("{}/", folder.path().display()), "");
        notes(&deck, &sources).iter().map(short).collect()
    }

    #[test]
    fn a_line_that_is_not_followed_is_told_once_with_the_hosts_it_is_about() {
        let told = told("Host far\n  Port 22\nHost web\n  ProxyCommand nc %h %p\n", "");
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("config:4:") && told[0].contains("no way to qa/vps, qa/db"), "{told:?}");
        assert!(told[0].contains("warning: ") && told[0].contains("help: "), "{told:?}");
    }

    #[test]
    fn of_the_machines_own_file_only_what_keeps_a_host_away_is_told() {
        assert_eq!(told("", "Host *\n  GSSAPIAuthentication yes\n"), Vec::<String>::new());
        let told = told("", "Host far\n  ProxyCommand nc %h %p\n");
        assert!(told.len() == 1 && told[0].starts_with("etc/ssh_config:2:"), "{told:?}");
    }
}
