//! One probe as it will stand in the deck: keys, login and a comment. Writes TOML; asks nothing. A password never
//! becomes part of its text, only the place where it is found.

use secrecy::SecretString;

use crate::model::Text;

/// Longest comment of a probe, in characters.
const MOST_COMMENT: usize = 150;

/// Who asks.
#[derive(Clone, Debug)]
pub(super) struct Login {
    /// The name, without escapes.
    pub(super) user: Option<String>,
    /// For the probing only; none when the user still has to supply it.
    pub(super) password: Option<SecretString>,
}

/// A probe to be written.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    /// Its name in the service; made unique when the deck is put together.
    pub(super) name: String,
    /// With it the table gets a `password`.
    pub(super) login: Option<Login>,
    /// What a reader should know, as a phrase without a full stop.
    pub(super) comment: Option<Text>,
    keys: Vec<(&'static str, String)>,
}

impl Draft {
    /// A probe with its kind and what that looks at.
    pub(super) fn new(name: &str, kind: &'static str, target: &str) -> Self {
        Self { name: name.to_owned(), login: None, comment: None, keys: vec![(kind, quoted(target))] }
    }

    /// The same with another key, its value in TOML.
    #[must_use]
    pub(super) fn with(mut self, key: &'static str, value: impl ToString) -> Self {
        self.keys.push((key, value.to_string()));
        self
    }

    /// The same with a key that holds text.
    #[must_use]
    pub(super) fn with_text(self, key: &'static str, value: &str) -> Self {
        self.with(key, quoted(value))
    }

    /// The same with a login; `named` says that the user gets a key of its own, because no address holds it.
    #[must_use]
    pub(super) fn with_login(mut self, login: Option<&Login>, named: bool) -> Self {
        if let Some(user) = login.and_then(|l| l.user.as_deref()).filter(|_| named) {
            self = self.with_text("user", user);
        }
        self.login = login.cloned();
        self
    }

    /// The same with a comment.
    #[must_use]
    pub(super) fn noted(mut self, comment: &str) -> Self {
        self.comment = Some(Text::line_at_most(comment, MOST_COMMENT));
        self
    }

    /// The same without a key.
    pub(super) fn without(&self, key: &str) -> Self {
        let keys = self.keys.iter().filter(|(k, _)| *k != key).cloned().collect();
        Self { keys, ..self.clone() }
    }

    /// The inline table, with the place of the password where there is a login.
    pub(super) fn table(&self, password: Option<&str>, more: &str) -> String {
        // The login stands together, at the end.
        let (login, own): (Vec<_>, Vec<_>) = self.keys.iter().partition(|(key, _)| *key == "user");
        let all = own.into_iter().chain(login);
        let mut parts: Vec<String> = all.map(|(key, value)| format!("{key} = {value}")).collect();
        parts.extend(password.map(|place| format!("password = {}", quoted(place))));
        format!("{{ {}{more} }}", parts.join(", "))
    }
}

/// Text as a value of a deck: quoted for TOML, braces doubled, because single ones name a variable.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::String(text.replace('{', "{{").replace('}', "}}")).to_string()
}

/// A key: bare where TOML lets it be.
pub(super) fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if bare { name.to_owned() } else { toml::Value::String(name.to_owned()).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_holds_the_place_of_a_password_and_never_the_password() {
        let login = Login { user: Some("ops".into()), password: Some("hunter2".to_owned().into()) };
        let draft = Draft::new("live", "http", "http://h/?a={b}").with("status", 404).with_login(Some(&login), true);
        let table = draft.table(Some("env:H_PASSWORD"), "");
        let expected = r#"{ http = "http://h/?a={{b}}", status = 404, user = "ops", password = "env:H_PASSWORD" }"#;
        assert_eq!(table, expected);
        assert!(!format!("{draft:?}").contains("hunter2"));
    }

    #[test]
    fn a_comment_is_one_clean_line() {
        let draft = Draft::new("live", "tcp", "h:1").noted("a\nservices.x = 1\x1b[31m");
        assert_eq!(draft.comment.unwrap().as_str(), "a services.x = 1");
    }

    #[test]
    fn a_name_with_a_dot_is_quoted() {
        assert_eq!((key("qa-2"), key("eu.qa")), ("qa-2".into(), "\"eu.qa\"".into()));
    }
}
