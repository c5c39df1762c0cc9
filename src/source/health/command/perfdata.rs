//! The values after the `|` of a Nagios plugin: `'label'=value[unit];warn;crit;min;max`, separated by blanks; a quote
//! in a quoted label is written twice. Source: Monitoring Plugins Development Guidelines, "Performance data". Never
//! judges a value: the plugin has done so.

/// Label and value with its unit, one after the other; what is not of this shape is left out.
pub fn parse(text: &str) -> impl Iterator<Item = (String, &str)> {
    let mut rest = text.trim_start();
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let (found, after) = item(rest);
            rest = after.trim_start();
            if found.is_some() {
                return found;
            }
        }
        None
    })
}

/// One item and what follows it; always shorter than what came in.
fn item(text: &str) -> (Option<(String, &str)>, &str) {
    let (label, after) = if let Some(quoted) = text.strip_prefix('\'') {
        let Some(found) = unquote(quoted) else { return (None, "") };
        found
    } else {
        let end = text.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(text.len());
        let (label, after) = text.split_at_checked(end).unwrap_or((text, ""));
        (label.to_owned(), after)
    };
    let end = after.find(char::is_whitespace).unwrap_or(after.len());
    let (numbers, after) = after.split_at_checked(end).unwrap_or((after, ""));
    let value = numbers.strip_prefix('=').and_then(|n| n.split(';').next()).unwrap_or_default();
    let found = !label.is_empty() && value.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '.' | 'U'));
    (found.then_some((label, value)), after)
}

fn unquote(text: &str) -> Option<(String, &str)> {
    let mut label = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('\'')?;
        label.push_str(part);
        match after.strip_prefix('\'') {
            Some(more) => {
                label.push('\'');
                rest = more;
            }
            None => return Some((label, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels_with_blanks_and_quotes_are_read_and_limits_are_left_out() {
        let text = " time=0.004s;1;2;0 '/var log'=81%;80;90 'it''s'=3 broken =4 load1=U";
        let found: Vec<_> = parse(text).collect();
        let expected = [("time", "0.004s"), ("/var log", "81%"), ("it's", "3"), ("load1", "U")];
        assert_eq!(found, expected.map(|(l, v)| (l.to_owned(), v)));
    }

    proptest! {
        #[test]
        fn any_text_comes_to_an_end(text in any::<String>()) {
            prop_assert!(parse(&text).count() <= text.len());
        }

        #[test]
        fn any_mixture_of_the_special_characters_comes_to_an_end(text in "['= a1;\u{e4}]{0,40}") {
            prop_assert!(parse(&text).count() <= text.len());
        }
    }
}
