//! Addresses of services as decks hold them: a URL of a known scheme without a password. A password that stands there
//! all the same is never repeated by its fault.

use crate::settings::Section;

/// Reads the URL under a key. The fault about a wrong scheme names the right ones; the one about a password points to
/// `password = "env:…"`.
pub fn address(section: &Section<'_>, key: &str, schemes: &[&str], example: &str) -> Option<String> {
    let errors = section.faults().errors();
    let text = section.needed_text(key, &format!("{key} = \"{example}\""))?;
    let text = text.trim().to_owned();
    if section.faults().errors() > errors {
        return None;
    }
    if holds_password(&text) {
        let help = "a deck holds no secrets: take it out of the address and add password = \"env:NAME\"";
        section.faults().hide(section.place_of(key));
        section.error(key, format!("`{key}` holds a password"), help);
        return None;
    }
    let known = text.split_once("://").is_some_and(|(s, rest)| schemes.contains(&s) && !rest.is_empty());
    if !known {
        let words = schemes.iter().map(|s| format!("{s}://")).collect::<Vec<_>>().join(" or ");
        section.error(
            key,
            format!("`{key}` must be an address that starts with {words}"),
            format!("write {key} = \"{example}\""),
        );
        return None;
    }
    Some(text)
}

/// Whether something that may be a password stands in an address, well-formed or not.
fn holds_password(text: &str) -> bool {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let named = text.to_ascii_lowercase().contains("password=");
    // The last `@` counts: a password may hold one, and a careless one even a slash.
    named || rest.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_an_address_is_seen_in_any_shape() {
        for bad in
            ["postgresql://app:s3cret@db/x", "redis://:s3cret@h", "http://a:b/c@h", "x://h/?password=a", "password=a"]
        {
            assert!(holds_password(bad), "{bad}");
        }
        for good in ["postgresql://app@db:5432/x", "redis://h:6379/0", "http://127.0.0.1:15672"] {
            assert!(!holds_password(good), "{good}");
        }
    }
}
