//! What a runbook asks for before it is planned: one field an input, checked while it is typed as far as that can be done
//! here. Secret ones show dots alone.

mod draw;
mod looked;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use regex::Regex;

use crate::model::runbook::{Choices, Input, InputKind};
use crate::model::{RunId, Runbook, ServiceId};
use crate::store::Store;
use crate::ui::edit::Edit;
use crate::ui::hidden::{Hidden, Passphrase};

pub use draw::draw;
pub use looked::Looked;

static DURATION: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^(?:\d+(?:ms|s|m|h|d))+$").ok());

/// What was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// Typed.
    Text(Edit),
    /// Typed, and not shown.
    Secret(Hidden),
    /// One of those that a host or the record tells; typed while they are not known.
    Looked(Looked),
    /// One of these.
    Chosen(Vec<String>, usize),
}

/// An input and what was given for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What is asked for.
    pub input: Input,
    /// What was given.
    pub given: Given,
}

impl Field {
    fn new(input: &Input) -> Self {
        let default = input.default.clone().unwrap_or_default();
        let listed = match (&input.choices, input.kind) {
            (Some(Choices::Listed(listed)), _) => Some(listed.clone()),
            (None, InputKind::Boolean) => Some(vec!["false".to_owned(), "true".to_owned()]),
            _ => None,
        };
        let given = match listed {
            _ if input.secret => Given::Secret(Hidden::default()),
            Some(mut listed) => {
                // Nothing is chosen for somebody who did not choose.
                if input.default.is_none() {
                    listed.insert(0, String::new());
                }
                let at = listed.iter().position(|choice| *choice == default).unwrap_or(0);
                Given::Chosen(listed, at)
            }
            None if looks(input) => Given::Looked(Looked::new(input)),
            None => Given::Text(Edit::new(&default)),
        };
        Self { input: input.clone(), given }
    }

    /// What was given, as text; nothing for a secret.
    pub fn value(&self) -> String {
        match &self.given {
            Given::Text(edit) => edit.text().trim().to_owned(),
            Given::Secret(_) => String::new(),
            Given::Looked(looked) => looked.value(),
            Given::Chosen(choices, at) => choices.get(*at).cloned().unwrap_or_default(),
        }
    }

    fn is_empty(&self) -> bool {
        match &self.given {
            Given::Secret(hidden) => hidden.is_empty(),
            _ => self.value().is_empty(),
        }
    }

    /// Whether it stands as the runbook filled it in.
    fn is_default(&self) -> bool {
        self.input.default.as_ref().is_some_and(|default| *default == self.value())
    }

    /// Why it cannot be planned with; none when it can, as far as that is known here.
    pub fn fault(&self) -> Option<String> {
        if self.is_empty() {
            let needed = self.input.required && self.input.default.is_none();
            return needed.then(|| "needed".to_owned());
        }
        // A default may hold names of the service, which are filled in when it is planned.
        if matches!(self.given, Given::Secret(_)) || self.is_default() {
            return None;
        }
        if let Given::Looked(looked) = &self.given
            && looked.is_strange()
        {
            return Some("none of the choices".into());
        }
        let value = self.value();
        let fits = match self.input.kind {
            InputKind::String | InputKind::Path => true,
            InputKind::Integer => value.parse::<i64>().is_ok(),
            InputKind::Boolean => matches!(value.as_str(), "true" | "false"),
            InputKind::Duration => DURATION.as_ref().is_none_or(|duration| duration.is_match(&value)),
        };
        if !fits {
            return Some(match self.input.kind {
                InputKind::Integer => "not a whole number".into(),
                InputKind::Boolean => "neither true nor false".into(),
                _ => "not a duration like 90s or 5m".into(),
            });
        }
        let pattern = self.input.pattern.as_ref()?;
        let whole = Regex::new(&format!("^(?:{pattern})$")).ok()?;
        (!whole.is_match(&value)).then(|| format!("does not match {pattern}"))
    }

    /// What is not known before it is planned.
    pub fn note(&self) -> Option<&'static str> {
        (self.input.kind == InputKind::Path).then_some("looked for when it is planned")
    }
}

/// Whether its choices must be looked up.
fn looks(input: &Input) -> bool {
    matches!(input.choices, Some(Choices::Command(_) | Choices::Releases))
}

/// The form as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// On what the runbook runs.
    pub service: ServiceId,
    /// Which.
    pub runbook: Arc<Runbook>,
    /// In the order of the runbook.
    pub fields: Vec<Field>,
    /// The field under the cursor.
    pub at: usize,
    /// Whether somebody tried to plan: from then on what is missing is a fault.
    pub tried: bool,
    /// The number under which its choices were asked for.
    pub ask: u64,
    /// Why it is run, where that is known before: the card asks for it filled in.
    pub reason: String,
    /// The run that is gone on with: then only what is kept nowhere is asked for again.
    pub resumes: Option<RunId>,
}

impl Form {
    /// With the defaults filled in.
    pub fn new(service: ServiceId, runbook: Arc<Runbook>, ask: u64) -> Self {
        let fields = runbook.inputs.iter().map(Field::new).collect();
        Self { service, runbook, fields, at: 0, tried: false, ask, reason: String::new(), resumes: None }
    }

    /// For going on with a run: these inputs alone, which were typed when it began and were not kept.
    pub fn again(service: ServiceId, runbook: Arc<Runbook>, ask: u64, run: RunId, asked: &[Input]) -> Self {
        let fields = asked.iter().map(Field::new).collect();
        Self { fields, resumes: Some(run), ..Self::new(service, runbook, ask) }
    }

    /// Whether choices must be looked up for it.
    pub fn looks(&self) -> bool {
        self.fields.iter().any(|field| looks(&field.input))
    }

    /// Takes in the choices that were found meanwhile.
    pub fn learn(&mut self, store: &Store) {
        let Some(found) = store.acting().choices(self.ask) else { return };
        for field in &mut self.fields {
            let Given::Looked(looked) = &mut field.given else { continue };
            looked.found.get_or_insert_with(|| match found {
                Ok(found) => found.get(&field.input.name).cloned().unwrap_or_else(|| Err("nobody told them".into())),
                Err(why) => Err(why.clone()),
            });
        }
    }

    /// To the next or the former choice of the field under the cursor; false where there is none.
    pub fn step(&mut self, down: bool) -> bool {
        match self.fields.get_mut(self.at).map(|field| &mut field.given) {
            Some(Given::Looked(looked)) => looked.step(down),
            _ => false,
        }
    }

    /// The first field that cannot be planned with.
    pub fn first_fault(&self) -> Option<(usize, String)> {
        self.fields.iter().enumerate().find_map(|(at, field)| Some((at, field.fault()?)))
    }

    /// The values to plan with: those that were given, secrets apart. What stands as the runbook filled it in is left to
    /// the plan, which knows the names in it.
    pub fn values(&mut self) -> (BTreeMap<String, String>, BTreeMap<String, Passphrase>) {
        let mut plain = BTreeMap::new();
        let mut secret = BTreeMap::new();
        for field in self.fields.iter_mut().filter(|field| !field.is_empty() && !field.is_default()) {
            let name = field.input.name.clone();
            if let Given::Secret(hidden) = &mut field.given {
                secret.insert(name, hidden.take());
            } else {
                plain.insert(name, field.value());
            }
        }
        (plain, secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(kind: InputKind) -> Input {
        Input {
            name: "version".into(),
            kind,
            default: None,
            required: true,
            pattern: None,
            choices: None,
            help: "".into(),
            secret: false,
        }
    }

    fn fault(input: &Input, typed: &str) -> Option<String> {
        let mut field = Field::new(input);
        match &mut field.given {
            Given::Text(edit) => *edit = Edit::new(typed),
            Given::Chosen(choices, at) => *at = choices.iter().position(|c| c == typed).unwrap(),
            Given::Secret(hidden) => drop(hidden.insert(typed)),
            Given::Looked(looked) => looked.edit = Edit::new(typed),
        }
        field.fault()
    }

    #[test]
    fn values_are_checked_by_kind_and_pattern_while_they_are_typed() {
        for (kind, good, bad) in [
            (InputKind::Integer, "-12", "12x"),
            (InputKind::Duration, "1h30m", "soon"),
            (InputKind::String, "anything at all", ""),
        ] {
            assert_eq!(fault(&input(kind), good), None, "{good}");
            assert!(fault(&input(kind), bad).is_some(), "{bad}");
        }
        let version = Input { pattern: Some(r"\d+\.\d+".into()), ..input(InputKind::String) };
        assert_eq!(fault(&version, "2.14"), None);
        assert!(fault(&version, "x2.14").is_some_and(|why| why.contains("does not match")));
    }

    #[test]
    fn a_boolean_without_a_default_must_be_chosen() {
        assert_eq!(fault(&input(InputKind::Boolean), ""), Some("needed".into()));
        assert_eq!(fault(&input(InputKind::Boolean), "true"), None);
    }
}
