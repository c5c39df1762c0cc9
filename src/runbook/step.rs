//! One step: what every kind of it can say (where, how long, proof and way back). What it does is in `action`.

use std::time::Duration;

use super::action;
use super::condition;
use super::ids;
use super::names;
use crate::model::Text;
use crate::model::runbook::{Action, On, Step};
use crate::settings::{Faults, Node, Place, Section, Table, Value, word};

/// What a fence can be.
pub const KINDS: [&str; 8] = ["sh", "copy", "http", "sql", "wait", "approve", "notify", "include"];

/// A step as it was read, with what lint and ids need to know of it.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The step; its id is set when all are read.
    pub step: Step,
    /// Its fence.
    pub place: Place,
    /// Its id, where one is given, and where.
    pub id: Option<(String, Place)>,
    /// Where its shell texts stand: script, verify, undo.
    pub shells: Vec<Shell>,
    /// Names in braces, and where.
    pub names: Vec<(String, Place)>,
    /// Whether it says how long it may take.
    pub bounded: bool,
    /// Other values that lint looks at: `from`, `when`.
    pub marks: Vec<(&'static str, Place)>,
}

/// A shell text of a step.
#[derive(Clone, Debug)]
pub struct Shell {
    /// `script`, `verify` or `undo`.
    pub what: &'static str,
    /// Where it stands.
    pub place: Place,
    /// The text.
    pub text: String,
}

/// What is known of a step before its keys are read.
#[derive(Debug)]
pub struct Raw<'a> {
    /// The word of its fence; `manual` for boxes.
    pub kind: &'a str,
    /// Its fence.
    pub place: Place,
    /// Its body in the file.
    pub body: Place,
    /// Its body.
    pub text: &'a str,
    /// The boxes of a manual step.
    pub items: &'a [Text],
    /// The heading it stands under.
    pub heading: &'a str,
}

/// Reads a step; what is wrong with it is told.
pub fn read(raw: &Raw<'_>, table: &Table, faults: &Faults<'_>) -> Option<Draft> {
    let section = Section::new(table, format!("step `{}`", raw.kind), faults);
    let mut draft = common(raw, &section);
    let action = action::read(raw, &section, &mut draft);
    let sound = section.finish();
    draft.step.action = action?;
    sound.then_some(draft)
}

/// Until its action is known.
fn nothing() -> Action {
    Action::Manual { items: Vec::new() }
}

fn common(raw: &Raw<'_>, section: &Section<'_>) -> Draft {
    let faults = section.faults();
    let flag = |key: &str| section.truth(key).unwrap_or(false);
    let timeout = section.duration("timeout");
    let title = section.text("title");
    let mut draft = Draft {
        id: id(section),
        place: raw.place,
        shells: Vec::new(),
        names: Vec::new(),
        bounded: timeout.is_some(),
        marks: Vec::new(),
        step: Step {
            id: String::new(),
            title: Text::line_at_most(title.as_deref().unwrap_or(raw.heading), 120),
            line: faults.files().line(raw.place),
            action: nothing(),
            on: On::Hosts,
            timeout: timeout.unwrap_or_else(|| usual_time(raw.kind)),
            grace: section.duration("grace").unwrap_or(Duration::from_secs(10)),
            retries: section.whole("retries", 0..=100).unwrap_or(0) as u32,
            idempotent: flag("idempotent"),
            verify: None,
            undo: None,
            irreversible: words(section, "irreversible", "it cannot be taken back"),
            danger: flag("danger"),
            uninterruptible: words(section, "uninterruptible", "interrupting it leaves the work half done"),
            sudo: flag("sudo"),
            looks: flag("looks"),
            when: None,
            always: flag("always"),
            at_once: at_once(section),
        },
    };
    draft.step.on = on(section, &mut draft);
    draft.step.verify = shell(section, "verify", &mut draft);
    draft.step.undo = shell(section, "undo", &mut draft);
    if let Some(text) = section.text("when") {
        draft.marks.push(("when", section.place_of("when")));
        draft.step.when = condition::when(&text, section.place_of("when"), faults);
    }
    draft
}

fn usual_time(kind: &str) -> Duration {
    match kind {
        "sh" => Duration::from_mins(5),
        // People take their time.
        "approve" | "manual" => Duration::from_hours(1),
        _ => Duration::from_mins(1),
    }
}

fn id(section: &Section<'_>) -> Option<(String, Place)> {
    let id = section.text("id")?;
    let place = section.place_of("id");
    if !ids::is_good(&id) {
        let help = "use small letters, digits, `-` and `_`, at most 40, starting with a letter or digit";
        section.faults().error(place, format!("a step cannot be called \"{id}\""), help);
        return None;
    }
    Some((id, place))
}

/// A reason, or `true` for one that goes without saying.
fn words(section: &Section<'_>, key: &'static str, plain: &str) -> Option<Text> {
    match section.entry(key).map(|e| &e.node.value) {
        None | Some(Value::Truth(false)) => None,
        Some(Value::Truth(true)) => Some(Text::line(plain)),
        Some(_) => section.text(key).map(|text| Text::line_at_most(&text, 500)),
    }
}

fn on(section: &Section<'_>, draft: &mut Draft) -> On {
    match section.text("on").as_deref() {
        None | Some("host" | "hosts") => On::Hosts,
        Some("once") => On::Once,
        Some("local") => On::Local,
        Some(name) => {
            let place = section.place_of("on");
            let near = word::nearest(name, ["hosts", "once", "local"]);
            if let Some(near) = near.filter(|near| strsim::damerau_levenshtein(name, near) <= 1) {
                section.faults().warn(place, format!("`on={name}` names a host"), format!("did you mean `{near}`?"));
            }
            draft.names.extend(names::of(name, place, section.faults()).into_iter().map(|n| (n, place)));
            On::Named(name.to_owned())
        }
    }
}

fn at_once(section: &Section<'_>) -> Option<usize> {
    let Node { value: Value::Text(text), .. } = &section.entry("each")?.node else {
        return section.whole("each", 1..=10_000).map(|n| n as usize);
    };
    if text == "serial" { Some(1) } else { section.whole("each", 1..=10_000).map(|n| n as usize) }
}

/// A shell text in a key.
fn shell(section: &Section<'_>, key: &'static str, draft: &mut Draft) -> Option<String> {
    let text = section.text(key)?;
    let place = section.place_of(key);
    if text.trim().is_empty() {
        section.faults().error(place, format!("`{key}` is empty"), "write a command, or remove the key");
        return None;
    }
    draft.shells.push(Shell { what: key, place, text: text.clone() });
    Some(text)
}
