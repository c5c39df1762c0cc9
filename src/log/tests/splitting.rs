//! Bytes to lines, in whatever pieces they come.

use proptest::prelude::*;

use super::super::Splitter;

fn lines<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Vec<u8>>, u64) {
    let (mut splitter, mut lines) = (Splitter::new(), Vec::new());
    for piece in pieces {
        splitter.push(piece, &mut |line| lines.push(line.to_vec()));
        assert!(splitter.pending() <= Splitter::MOST + 1);
    }
    splitter.end(&mut |line| lines.push(line.to_vec()));
    (lines, splitter.left_out())
}

fn cut(byte: u8) -> Vec<u8> {
    [vec![byte; Splitter::MOST], Splitter::CUT.as_bytes().to_vec()].concat()
}

#[test]
fn lines_come_without_their_ends_and_a_rest_at_the_end() {
    let (found, _) = lines([&b"one\r\ntw"[..], b"o\n\nfour\r", b"\nfi\rve"]);
    assert_eq!(found, [&b"one"[..], b"two", b"", b"four", b"fi\rve"]);
}

#[test]
fn a_line_of_ten_megabytes_is_cut_and_marked_and_the_next_one_is_whole() {
    let long = [vec![b'x'; 10 << 20], b"\nnext\n".to_vec()].concat();
    let whole = lines([&long[..]]);
    assert_eq!(whole.0, [cut(b'x'), b"next".to_vec()]);
    assert_eq!(whole.1, (10 << 20) - Splitter::MOST as u64);
    assert_eq!(lines(long.chunks(1000)), whole);
}

#[test]
fn a_line_that_just_fits_is_whole_whatever_its_end() {
    for end in [&b"\n"[..], b"\r\n", b""] {
        let text = [vec![b'x'; Splitter::MOST], end.to_vec()].concat();
        assert_eq!(lines([&text[..]]), (vec![vec![b'x'; Splitter::MOST]], 0));
        assert_eq!(lines(text.chunks(4097)), lines([&text[..]]));
    }
    let over = [vec![b'x'; Splitter::MOST], b"\ry\n".to_vec()].concat();
    assert_eq!(lines(over.chunks(Splitter::MOST + 1)), (vec![cut(b'x')], 2));
    assert_eq!(lines([&over[..]]), (vec![cut(b'x')], 2));
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        6 => prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..40),
        1 => (Splitter::MOST - 2..Splitter::MOST + 3).prop_map(|n| vec![b'x'; n]),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_split_of_the_bytes_gives_the_same_lines(
        text in text(), sizes in prop::collection::vec(1_usize..70_000, 1..50), small in 1_usize..9,
    ) {
        let whole = lines([&text[..]]);
        let mut pieces = Vec::new();
        let mut rest = &text[..];
        for size in sizes {
            let (head, tail) = rest.split_at(size.min(rest.len()));
            pieces.push(head);
            rest = tail;
        }
        pieces.push(rest);
        prop_assert_eq!(&lines(pieces), &whole);
        prop_assert_eq!(&lines(text.chunks(small)), &whole);
    }
}
