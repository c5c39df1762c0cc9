//! What stands for something else in a value: `%h`, `~` and `${NAME}`. Fills them in; decides nothing about the value.

use std::path::{Path, PathBuf};

/// Why a value cannot be filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TokenError {
    /// A `%` with a letter that means nothing here.
    #[error("`%{0}` cannot be filled in")]
    Unknown(char),
    /// A `%` at the end.
    #[error("a `%` stands alone")]
    Alone,
    /// A variable that is not set.
    #[error("the variable `{0}` is not set")]
    Unset(String),
    /// `${` without a name and `}`.
    #[error("a `${{` has no name or does not close")]
    Open,
    /// `~name` of nobody known.
    #[error("the user `{0}` is not known on this machine")]
    Nobody(String),
    /// A value that a shell would act on.
    #[error("`%{0}` has characters that a shell would act on")]
    Unsafe(char),
}

/// What the tokens stand for at one time.
#[derive(Clone, Debug, Default)]
pub(super) struct Tokens {
    pub(super) home: String,
    pub(super) host: String,
    pub(super) uid: String,
    pub(super) jump: String,
    pub(super) key_alias: String,
    pub(super) local_host: String,
    pub(super) alias: String,
    pub(super) port: String,
    pub(super) user: String,
    pub(super) local_user: String,
}

impl Tokens {
    fn value(&self, letter: char) -> Option<&str> {
        Some(match letter {
            'd' => &self.home,
            'h' => &self.host,
            'i' => &self.uid,
            'j' => &self.jump,
            'k' => &self.key_alias,
            'L' => self.local_host.split('.').next().unwrap_or_default(),
            'l' => &self.local_host,
            'n' => &self.alias,
            'p' => &self.port,
            'r' => &self.user,
            'u' => &self.local_user,
            _ => return None,
        })
    }

    /// Fills in `%` tokens and `${NAME}`.
    pub(super) fn fill(&self, text: &str) -> Result<String, TokenError> {
        fill(text, true, |letter| self.value(letter).map(str::to_owned).ok_or(TokenError::Unknown(letter)))
    }

    /// Fills in those of the `%` tokens that are allowed.
    pub(super) fn fill_some(&self, text: &str, allowed: &str) -> Result<String, TokenError> {
        fill(text, false, |letter| {
            let value = self.value(letter).filter(|_| allowed.contains(letter));
            value.map(str::to_owned).ok_or(TokenError::Unknown(letter))
        })
    }

    /// Fills in the `%` tokens of a command for a shell; a value that the shell would act on is refused.
    pub(super) fn fill_command(&self, text: &str) -> Result<String, TokenError> {
        fill(text, false, |letter| {
            let value = self.value(letter).ok_or(TokenError::Unknown(letter))?;
            let is_plain = value.chars().all(|c| c.is_alphanumeric() || "._-:@%+=,/".contains(c));
            if is_plain { Ok(value.to_owned()) } else { Err(TokenError::Unsafe(letter)) }
        })
    }

    /// A path with `~`, tokens and variables filled in.
    pub(super) fn path(&self, text: &str) -> Result<PathBuf, TokenError> {
        let text = tilde(text, &self.home)?;
        Ok(PathBuf::from(self.fill(&text)?))
    }
}

fn fill(
    text: &str,
    has_variables: bool,
    value: impl Fn(char) -> Result<String, TokenError>,
) -> Result<String, TokenError> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['%', '$']) {
        let (before, from) = rest.split_at(at);
        filled.push_str(before);
        let mut chars = from.chars();
        if chars.next() == Some('%') {
            match chars.next().ok_or(TokenError::Alone)? {
                '%' => filled.push('%'),
                letter => filled.push_str(&value(letter)?),
            }
            rest = chars.as_str();
            continue;
        }
        if let Some(variable) = chars.as_str().strip_prefix('{').filter(|_| has_variables) {
            let (name, after) = variable.split_once('}').ok_or(TokenError::Open)?;
            if name.is_empty() {
                return Err(TokenError::Open);
            }
            filled.push_str(&std::env::var(name).map_err(|_| TokenError::Unset(name.to_owned()))?);
            rest = after;
        } else {
            filled.push('$');
            rest = chars.as_str();
        }
    }
    filled.push_str(rest);
    Ok(filled)
}

/// A path with `~` or `~name` at its start filled in.
pub(super) fn tilde(text: &str, home: &str) -> Result<String, TokenError> {
    let Some(after) = text.strip_prefix('~') else {
        return Ok(text.to_owned());
    };
    let (name, path) = after.split_once('/').unwrap_or((after, ""));
    let folder = if name.is_empty() { home.to_owned() } else { home_of(name)? };
    Ok(format!("{}/{}", folder.trim_end_matches('/'), path.trim_start_matches('/')))
}

/// The home of another user of this machine.
fn home_of(name: &str) -> Result<String, TokenError> {
    let nobody = || TokenError::Nobody(super::note::shown(name).to_string());
    let users = std::fs::read_to_string(Path::new("/etc/passwd")).map_err(|_| nobody())?;
    let fields = users.lines().map(|l| l.split(':')).find_map(|mut f| (f.next() == Some(name)).then_some(f));
    fields.and_then(|mut f| f.nth(4)).map(str::to_owned).ok_or_else(nobody)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> Tokens {
        Tokens {
            home: "/home/ops".into(),
            host: "web.example.net".into(),
            uid: "1000".into(),
            alias: "web".into(),
            port: "22".into(),
            user: "deploy".into(),
            local_user: "ops".into(),
            local_host: "desk.example.net".into(),
            key_alias: "key".into(),
            jump: "jump".into(),
        }
    }

    #[test]
    fn every_token_stands_for_its_value() {
        let filled = tokens().fill("%% %d %h %i %j %k %L %l %n %p %r %u");
        assert_eq!(
            filled.as_deref(),
            Ok("% /home/ops web.example.net 1000 jump key desk desk.example.net web 22 deploy ops")
        );
        assert_eq!(tokens().fill("%C"), Err(TokenError::Unknown('C')));
        assert_eq!(tokens().fill("a%"), Err(TokenError::Alone));
        assert_eq!(tokens().fill_some("%n.%h", "h"), Err(TokenError::Unknown('n')));
    }

    #[test]
    fn variables_are_filled_in_and_missing_ones_told() {
        let home = std::env::var("PATH").unwrap();
        assert_eq!(tokens().fill("${PATH}/x$y"), Ok(format!("{home}/x$y")));
        assert_eq!(tokens().fill("${QD_NOT_SET_ANYWHERE}"), Err(TokenError::Unset("QD_NOT_SET_ANYWHERE".into())));
        assert_eq!((tokens().fill("${}"), tokens().fill("${PATH")), (Err(TokenError::Open), Err(TokenError::Open)));
        assert_eq!(tokens().fill_some("${PATH}", "h").as_deref(), Ok("${PATH}"));
    }

    #[test]
    fn a_tilde_is_a_home() {
        for (text, path) in [("~/x", "/home/ops/x"), ("~//x", "/home/ops/x"), ("~root/x", "/root/x"), ("a~", "a~")] {
            assert_eq!(tokens().path(text), Ok(PathBuf::from(path)), "{text}");
        }
        assert_eq!(tokens().path("~nobody-of-that-name/x"), Err(TokenError::Nobody("nobody-of-that-name".into())));
    }

    #[test]
    fn nothing_that_a_shell_acts_on_gets_into_a_command() {
        assert_eq!(tokens().fill_command("test %h = x").as_deref(), Ok("test web.example.net = x"));
        let sly = Tokens { user: "a$(id)".into(), ..tokens() };
        assert_eq!(sly.fill_command("echo %r"), Err(TokenError::Unsafe('r')));
    }
}
