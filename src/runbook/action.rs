//! What a step does, by its kind.

use std::collections::BTreeMap;

use super::condition;
use super::names;
use super::step::{Draft, Raw, Shell};
use crate::model::Text;
use crate::model::runbook::{Action, HttpCall, SqlCall, Wait};
use crate::secret::SecretRef;
use crate::settings::{Place, Section};

/// Reads the action; none when it is wrong, which is told.
pub fn read(raw: &Raw<'_>, section: &Section<'_>, draft: &mut Draft) -> Option<Action> {
    match raw.kind {
        "sh" => script(raw, section, draft),
        "copy" => copy(section, draft),
        "http" => http(section, draft).map(Action::Http),
        "sql" => sql(raw, section, draft).map(Action::Sql),
        "wait" => wait(section, draft).map(Action::Wait),
        "notify" => notify(section, draft),
        "approve" => {
            let question = said(raw, section, "the question", "Is the new release in order?")?;
            Some(Action::Approve { question: Text::block(question, 2_000) })
        }
        _ => Some(Action::Manual { items: raw.items.to_vec() }),
    }
}

/// The body, which must say something.
fn said<'r>(raw: &Raw<'r>, section: &Section<'_>, what: &str, example: &str) -> Option<&'r str> {
    let text = raw.text.trim();
    if text.is_empty() {
        let help = format!("write {what} between the lines of backticks: {example}");
        section.faults().error(raw.place, format!("step `{}` is empty", raw.kind), help);
        return None;
    }
    Some(text)
}

fn note(text: &str, place: Place, section: &Section<'_>, draft: &mut Draft) {
    draft.names.extend(names::of(text, place, section.faults()).into_iter().map(|name| (name, place)));
}

/// A text in which names may stand.
fn named(key: &str, section: &Section<'_>, draft: &mut Draft) -> Option<String> {
    let text = section.text(key)?;
    note(&text, section.place_of(key), section, draft);
    Some(text)
}

fn needed(key: &str, example: &str, section: &Section<'_>, draft: &mut Draft) -> Option<String> {
    let text = section.needed_text(key, example)?;
    note(&text, section.place_of(key), section, draft);
    Some(text)
}

fn map(key: &str, section: &Section<'_>, draft: &mut Draft) -> BTreeMap<String, String> {
    let map: BTreeMap<String, String> = section.text_map(key).unwrap_or_default().into_iter().collect();
    for value in map.values() {
        note(value, section.place_of(key), section, draft);
    }
    map
}

fn script(raw: &Raw<'_>, section: &Section<'_>, draft: &mut Draft) -> Option<Action> {
    let cwd = named("cwd", section, draft);
    let env = map("env", section, draft);
    for name in env.keys() {
        let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(good) || name.starts_with(|c: char| c.is_ascii_digit()) {
            section.error("env", format!("a variable cannot be called \"{name}\""), "use letters, digits and `_`");
        }
    }
    if raw.text.contains('\0') {
        section.faults().error(raw.place, "the text holds a zero byte", "remove it");
        return None;
    }
    said(raw, section, "the commands", "systemctl is-active \"$UNIT\"")?;
    draft.shells.push(Shell { what: "script", place: raw.body, text: raw.text.to_owned() });
    Some(Action::Shell { script: raw.text.to_owned(), cwd, env })
}

fn copy(section: &Section<'_>, draft: &mut Draft) -> Option<Action> {
    let from = needed("from", "from = \"build/{version}.tar.gz\"", section, draft);
    let to = needed("to", "to = \"{releases}/\"", section, draft);
    draft.marks.push(("from", section.place_of("from")));
    let delete = section.truth("delete").unwrap_or(false);
    draft.marks.extend(delete.then(|| ("delete", section.key_place("delete"))));
    Some(Action::Copy { from: from?, to: to?, delete })
}

const METHODS: [(&str, &str); 6] =
    [("HEAD", "HEAD"), ("POST", "POST"), ("PUT", "PUT"), ("PATCH", "PATCH"), ("DELETE", "DELETE"), ("GET", "GET")];

fn http(section: &Section<'_>, draft: &mut Draft) -> Option<HttpCall> {
    let method = section.choice("method", &METHODS);
    let url = needed("url", "url = \"http://127.0.0.1:{port}/health\"", section, draft);
    let headers = map("headers", section, draft);
    let body = named("body", section, draft);
    let expect = section.pattern("expect").map(|p| p.as_str().to_owned());
    let mut status = Vec::new();
    for (text, place) in section.texts_and_places("status").unwrap_or_default() {
        match text.parse() {
            Ok(code @ 100..=599) => status.push(code),
            _ => section.faults().error(place, format!("`status` cannot be \"{text}\""), "write status = 200"),
        }
    }
    let method = if section.has("method") { method? } else { "GET" };
    Some(HttpCall { method: method.to_owned(), url: url?, headers, body, status, expect })
}

fn sql(raw: &Raw<'_>, section: &Section<'_>, draft: &mut Draft) -> Option<SqlCall> {
    let url = needed("url", "url=\"postgresql://user@127.0.0.1:5432/{database}\"", section, draft);
    let has_password = section.has("password");
    let password = if has_password { section.secret("password").and(section.text("password")) } else { None };
    let writes = section.truth("writes").unwrap_or(false);
    let expect = section.pattern("expect").map(|p| p.as_str().to_owned());
    let statement = said(raw, section, "the statement", "select count(*) from jobs")?;
    Some(SqlCall { url: url?, password, statement: statement.to_owned(), writes, expect })
}

fn wait(section: &Section<'_>, draft: &mut Draft) -> Option<Wait> {
    let before = section.faults().errors();
    let wait = condition::wait(section);
    if wait.is_none() && section.faults().errors() == before {
        let help = "write health = healthy for 10s, probe.ready = pass, or unit.\"nginx\" = active";
        section.faults().error(draft.place, "step `wait` waits for nothing", help);
    }
    for key in condition::KEYS {
        let table = section.entry(key).map(|e| &e.node.value);
        if let Some(crate::settings::Value::Table(table)) = table {
            for entry in &table.entries {
                note(&entry.name, entry.place, section, draft);
            }
        }
    }
    wait
}

fn notify(section: &Section<'_>, draft: &mut Draft) -> Option<Action> {
    let text = needed("text", "text = \"{service} runs {version}\"", section, draft);
    let slack = section.truth("slack").unwrap_or(false);
    let to = section.needed_text("to", "to = \"env:SLACK_WEBHOOK\"")?;
    if SecretRef::parse(&to).is_err() && !to.starts_with("http://") && !to.starts_with("https://") {
        section.faults().hide(section.place_of("to"));
        let help = "write where the address is: to = \"env:SLACK_WEBHOOK\", or an http address";
        section.error("to", "`to` is neither a secret reference nor an address", help);
        return None;
    }
    Some(Action::Notify { to, slack, text: text? })
}
