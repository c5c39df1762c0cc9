//! A pattern looked for in whole blocks finds what a look at every line would.

use proptest::prelude::*;

use super::super::sift::{cut, lines};
use super::super::{Sift, Splitter, pattern};

/// As a reader of every line sees them.
fn slowly(text: &[u8], pattern_text: &str, invert: bool) -> Vec<Vec<u8>> {
    let grep = pattern(pattern_text).unwrap();
    let (mut splitter, mut found) = (Splitter::new(), Vec::new());
    let mut take = |line: &[u8]| {
        if grep.is_match(line) != invert {
            found.push(line.to_vec());
        }
    };
    splitter.push(text, &mut take);
    splitter.end(&mut take);
    found
}

fn sifted(text: &[u8], pattern_text: &str, invert: bool) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    Sift::new(&pattern(pattern_text).unwrap(), invert)
        .each(text, &mut |range| found.push(cut(text, &range).into_owned()));
    found
}

#[test]
fn a_line_that_is_too_long_is_what_is_left_of_it() {
    let long = [b"a ", &vec![b'x'; Splitter::MOST + 10][..], b" q"].concat();
    let text = [b"q\n", &long[..], b"\r\nq"].concat();
    for (word, count) in [("a", 1), ("q", 2), ("x$", 0)] {
        assert_eq!(sifted(&text, word, false), slowly(&text, word, false));
        assert_eq!(sifted(&text, word, false).len(), count, "{word}");
    }
    let mut all = Vec::new();
    lines(&text, 0..text.len(), &mut |range| all.push(range.len()));
    assert_eq!(all, [1, long.len(), 1]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn what_is_found_in_a_block_is_what_is_found_line_by_line(
        text in prop::collection::vec("[ab c\r]{0,6}\r?", 0..80),
        ends in any::<bool>(),
        pattern_text in prop::sample::select(vec![
            "a", "^a", "a$", "^$", "^", "a.*b", "[^c]*b", r"a\s+b", r"\Aa", r"b\z", r"(?s)a.*b", r"(?m)^b", r"\bc\b",
            "a|^b", r"\n", r"(?-u)a", "", r"\s", "[^a]$", r"(?i-s)B", r"a\s*", r"a\B", r"b\b", r"a\r", "b.", "[^a]",
        ]),
        invert in any::<bool>(),
    ) {
        let text = text.join("\n") + if ends { "\n" } else { "" };
        // A splitter gives the last line as it is, return and all, if it has no end.
        prop_assert_eq!(sifted(text.as_bytes(), pattern_text, invert), slowly(text.as_bytes(), pattern_text, invert));
    }
}
