//! An input whose choices a host or the record tells: text while they are not known, then a list that what is typed
//! narrows. Asks nobody itself.

use crate::model::Text;
use crate::model::runbook::{Choices, Input};
use crate::ui::edit::Edit;

/// What was typed and chosen, and what can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// Typed: a value while the choices are not known, else what narrows them.
    pub edit: Edit,
    /// Chosen by hand.
    pub chosen: Option<String>,
    /// What can be chosen, or why that is not known; none while it is looked up.
    pub found: Option<Result<Vec<String>, Text>>,
    /// Taken when nothing was typed or chosen.
    default: Option<String>,
    /// Whether the first is the one that is usually meant: the newest good release to go back to.
    first: bool,
}

impl Looked {
    /// Nothing typed yet.
    pub(super) fn new(input: &Input) -> Self {
        Self {
            edit: Edit::default(),
            chosen: None,
            found: None,
            default: input.default.clone(),
            first: input.choices == Some(Choices::Releases),
        }
    }

    /// Everything that can be chosen; none while or where that is not known.
    pub fn all(&self) -> Option<&[String]> {
        self.found.as_ref()?.as_ref().ok().map(Vec::as_slice)
    }

    /// What can be chosen and holds what is typed: those that begin with it first, else in the order they came.
    pub fn fitting(&self) -> Vec<&str> {
        let typed = self.edit.text().trim().to_lowercase();
        let all = self.all().unwrap_or_default().iter().map(String::as_str);
        let mut fitting: Vec<&str> = all.filter(|choice| choice.to_lowercase().contains(&typed)).collect();
        fitting.sort_by_key(|choice| !choice.to_lowercase().starts_with(&typed));
        fitting
    }

    /// What would be planned with.
    pub fn value(&self) -> String {
        let typed = self.edit.text().trim().to_owned();
        let default = || self.default.clone().unwrap_or_default();
        let Some(all) = self.all() else { return if typed.is_empty() { default() } else { typed } };
        if let Some(chosen) = &self.chosen {
            return chosen.clone();
        }
        if typed.is_empty() {
            let first = all.first().filter(|_| self.first && self.default.is_none()).cloned();
            return first.unwrap_or_else(default);
        }
        // Who typed one of them in full means that one, whatever else begins like it.
        if all.contains(&typed) {
            return typed;
        }
        self.fitting().first().map_or(typed, |choice| (*choice).to_owned())
    }

    /// Whether what is typed fits none of the choices.
    pub(super) fn is_strange(&self) -> bool {
        self.all().is_some() && !self.edit.text().trim().is_empty() && self.fitting().is_empty()
    }

    /// To the next or the former choice; false at the ends and where there is none.
    pub(super) fn step(&mut self, down: bool) -> bool {
        let fitting: Vec<String> = self.fitting().into_iter().map(ToOwned::to_owned).collect();
        let value = self.value();
        let next = match (fitting.iter().position(|choice| *choice == value), down) {
            (None, true) => Some(0),
            (None, false) => None,
            (Some(at), true) => Some(at + 1),
            (Some(at), false) => at.checked_sub(1),
        };
        let Some(next) = next.and_then(|at| fitting.into_iter().nth(at)) else { return false };
        self.chosen = Some(next);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::runbook::InputKind;

    fn looked(choices: Choices, found: Option<&[&str]>) -> Looked {
        let input = Input {
            name: "version".into(),
            kind: InputKind::String,
            default: None,
            required: true,
            pattern: None,
            choices: Some(choices),
            help: "".into(),
            secret: false,
        };
        let found = found.map(|found| Ok(found.iter().map(|f| (*f).to_owned()).collect()));
        Looked { found, ..Looked::new(&input) }
    }

    fn command(found: Option<&[&str]>) -> Looked {
        looked(Choices::Command("ls".into()), found)
    }

    #[test]
    fn text_is_free_until_the_choices_are_known_and_then_narrows_them() {
        let typed = Edit::new("2.1");
        assert_eq!(Looked { edit: typed.clone(), ..command(None) }.value(), "2.1");
        let known = Looked { edit: typed, ..command(Some(&["3.0.0", "2.16.0", "2.17.0"])) };
        assert_eq!(known.fitting(), ["2.16.0", "2.17.0"]);
        assert_eq!(known.value(), "2.16.0");
        let whole = Looked { edit: Edit::new("2.1"), ..command(Some(&["2.10", "2.1"])) };
        assert_eq!(whole.value(), "2.1");
        let strange = Looked { edit: Edit::new("9"), ..command(Some(&["2.10"])) };
        assert!(strange.is_strange());
    }

    #[test]
    fn a_release_to_go_back_to_is_proposed_and_one_to_bring_out_is_not() {
        let found: Option<&[&str]> = Some(&["2.16.0", "2.15.0"]);
        assert_eq!(looked(Choices::Releases, found).value(), "2.16.0");
        assert_eq!(command(found).value(), "");
    }

    #[test]
    fn steps_stay_within_the_list_and_tell_where_it_ends() {
        let mut list = command(Some(&["a", "b"]));
        assert!(!list.step(false));
        assert!(list.step(true) && list.step(true) && !list.step(true));
        assert_eq!(list.value(), "b");
        assert!(list.step(false) && !list.step(false));
        assert!(!command(None).step(true));
    }
}
