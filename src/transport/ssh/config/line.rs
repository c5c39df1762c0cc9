//! One line of ssh_config(5): its keyword, the rest as written, and the rest as words with quotes and escapes taken off.
//! Splits text; knows no keyword.

/// A word of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Without quotes.
    pub(super) text: String,
    /// Where it starts, from 1.
    pub(super) column: usize,
}

/// A line that says something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) keyword: Word,
    /// All after the keyword, as written; starts at `rest_column`.
    pub(super) rest: String,
    pub(super) rest_column: usize,
    /// The rest in words; none when a quote does not close.
    pub(super) words: Option<Vec<Word>>,
}

const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// Reads a line; none when it is empty or a comment.
pub(super) fn read(line: &str) -> Option<Line> {
    // OpenSSH works on C strings, which end here.
    let line = line.split('\0').next().unwrap_or_default().trim_end_matches([' ', '\t', '\r', '\n', '\x0c']);
    let body = line.trim_start_matches(BLANKS);
    if body.is_empty() || body.starts_with('#') {
        return None;
    }
    let (keyword, after) = match body.strip_prefix('"').and_then(|quoted| quoted.split_once('"')) {
        Some(quoted) => quoted,
        None => body.split_at(body.find(|c| BLANKS.contains(&c) || c == '=' || c == '"').unwrap_or(body.len())),
    };
    let after = after.trim_start_matches(BLANKS);
    let rest = after.strip_prefix('=').unwrap_or(after).trim_start_matches(BLANKS);
    let column = |tail: &str| columns(line, tail);
    let rest_column = column(rest);
    Some(Line {
        keyword: Word { text: keyword.to_owned(), column: column(body) },
        rest: rest.to_owned(),
        rest_column,
        words: words(rest, rest_column),
    })
}

/// The column at which a tail of a line starts.
fn columns(line: &str, tail: &str) -> usize {
    line.chars().count() - tail.chars().count() + 1
}

/// Splits at blanks; `"` and `'` hold words together, `\` takes the meaning from a quote, a `\` and, outside quotes, a
/// blank. A `#` at the start of a word starts a comment. None when a quote does not close.
fn words(text: &str, first_column: usize) -> Option<Vec<Word>> {
    let chars: Vec<char> = text.chars().collect();
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(c) = chars.get(at) {
        match c {
            ' ' | '\t' => at += 1,
            '#' => break,
            _ => {
                let column = first_column + at;
                let (text, end) = word(&chars, at)?;
                words.push(Word { text, column });
                at = end;
            }
        }
    }
    Some(words)
}

/// The word that starts here, and where it ends.
fn word(chars: &[char], mut at: usize) -> Option<(String, usize)> {
    let mut text = String::new();
    let mut quote = None;
    while let Some(&c) = chars.get(at) {
        at += 1;
        match (c, quote) {
            ('\\', _) => match chars.get(at) {
                Some(&next @ ('\'' | '"' | '\\')) => {
                    text.push(next);
                    at += 1;
                }
                Some(' ') if quote.is_none() => {
                    text.push(' ');
                    at += 1;
                }
                _ => text.push('\\'),
            },
            (' ' | '\t', None) => return Some((text, at)),
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (c, _) => text.push(c),
        }
    }
    quote.is_none().then_some((text, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> (String, Vec<String>) {
        let line = read(line).unwrap();
        (line.keyword.text, line.words.unwrap().into_iter().map(|w| w.text).collect())
    }

    #[test]
    fn keyword_and_value_are_parted_by_blanks_or_one_equals_sign() {
        for line in
            ["Port 22", "  Port\t22  ", "Port=22", "Port = 22", "Port= 22", "Port =22\r", "\"Port\" 22 # twenty"]
        {
            assert_eq!(split(line), ("Port".to_owned(), vec!["22".to_owned()]), "{line}");
        }
        assert_eq!(split("Port == 22").1, ["=", "22"]);
    }

    #[test]
    fn quotes_hold_words_together_and_escapes_take_their_meaning() {
        assert_eq!(split(r#"Host "a b" 'c d' e\ f "g\"h" i'j k'l"#).1, ["a b", "c d", "e f", "g\"h", "ij kl"]);
        assert_eq!(split(r#"Host "a\ b" \x \\ a#b"#).1, [r"a\ b", r"\x", r"\", "a#b"]);
        assert_eq!(split("Host \"\"").1, [""]);
    }

    #[test]
    fn a_quote_that_stays_open_is_told_and_a_comment_is_nothing() {
        assert_eq!(read("User \"ops").unwrap().words, None);
        assert_eq!(read("  # Host x"), None);
        assert_eq!(read(" \t\r\n"), None);
    }

    #[test]
    fn columns_count_characters() {
        let line = read("  Host é \"b c\" d").unwrap();
        let columns: Vec<_> = line.words.unwrap().iter().map(|w| w.column).collect();
        assert_eq!((line.keyword.column, line.rest_column, columns), (3, 8, vec![8, 10, 16]));
    }
}
