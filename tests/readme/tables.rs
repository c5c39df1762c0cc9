//! The tables of the README, made from the tables in the code. Each function gives the whole text between its markers, with a
//! newline at the end. Decides no words of its own but column heads.

use quarterdeck::command::{Command, Scope};
use quarterdeck::config::keys_of;
use quarterdeck::exit::Ending;
use quarterdeck::keymap::{self, KeymapBook};
use quarterdeck::source::health::KINDS;
use quarterdeck::transport::human;

/// A table in Markdown; a bar in a cell is escaped.
fn table(heads: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let head = line(heads.iter().map(|h| (*h).to_owned()).collect());
    let rule = line(heads.iter().map(|_| "---".to_owned()).collect());
    let rows = rows.into_iter().map(|cells| line(cells.iter().map(|c| c.replace('|', "\\|")).collect()));
    [head, rule].into_iter().chain(rows).collect()
}

fn code(text: &str) -> String {
    // A backquote inside needs two around it.
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

/// Keys, command and meaning, one table for each scope.
pub fn commands() -> String {
    let where_it_works = |scope| match scope {
        Scope::Global => "Everywhere",
        Scope::List => "In lists and scrolled text",
        Scope::Service => "On a service",
        Scope::Host => "On a host, or the host of a service",
        Scope::Logs => "In the logs",
        Scope::Plan => "On a plan, and where something is asked",
        Scope::Run => "In a run, among the runs and the locks",
        Scope::Input => "While you type",
        Scope::Demo => "In `qd demo`",
    };
    let keymap = KeymapBook::new(&[]).load(keymap::DEFAULT).0.unwrap();
    let keys = |c: Command| keymap.keys_of(c).iter().map(|k| code(k)).collect::<Vec<_>>().join(" ");
    let tables = Scope::ALL.into_iter().map(|scope| {
        let rows = Command::ALL
            .iter()
            .filter(|c| c.scope() == scope)
            .map(|c| vec![keys(*c), code(c.name()), c.doc().to_owned()]);
        format!("**{}**\n\n{}", where_it_works(scope), table(&["keys", "command", "does"], rows))
    });
    tables.collect::<Vec<_>>().join("\n")
}

/// Code, word and meaning.
pub fn exit_codes() -> String {
    let rows = Ending::ALL.iter().map(|e| vec![e.code().to_string(), e.word().to_owned(), e.doc().to_owned()]);
    table(&["exit", "is", "when"], rows)
}

/// Kind, what it checks, how often, an example and every key of its own.
pub fn probes() -> String {
    let rows = KINDS.iter().map(|kind| {
        let keys = keys_of(kind).into_iter().filter(|key| key != kind.name);
        let keys: Vec<String> = keys.map(|key| code(&key)).collect();
        vec![code(kind.name), kind.doc.to_owned(), human(kind.every), code(kind.example), keys.join(" ")]
    });
    table(&["kind", "checks", "every", "for example", "keys of its own"], rows)
}
