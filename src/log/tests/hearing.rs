//! What a source has never said before.

use proptest::prelude::*;

use super::super::Novel;

#[test]
fn a_message_is_new_until_its_shape_was_said() {
    let mut novel = Novel::new();
    for (said, again) in [
        ("order 17 took 12.5 ms", "order 4711 took 3 ms"),
        ("connected to 192.0.2.1:5432", "connected to 198.51.100.27:80"),
        ("user \"ann\" is unknown", "user \"bob smith\" is unknown"),
        ("request 8f14e45f-ceea-467f-a9d4-1b2c3d4e5f60 done", "request 00000000-ceea-467f-aaaa-1b2c3d4e5f61 done"),
        ("GET /orders/17/lines 200", "GET /orders/18/lines 404"),
        ("commit deadbeef is live", "commit cafebabe1 is live"),
        ("at 2026-11-21 18:46:24.123 it stopped", "at 2027-01-02 00:00:01.9 it stopped"),
        ("ids [1, 2, 3] are gone", "ids [7, 8, 9, 10, 11] are gone"),
        ("it's done", "IT'S DONE"),
    ] {
        assert!(novel.is_new(said.as_bytes()), "{said}");
        assert!(!novel.is_new(again.as_bytes()), "{again}");
    }
    for other in ["order 17 took too long", "connected from 192.0.2.1:5432", "GET /baskets/17 200", "it's gone", ""] {
        assert!(novel.is_new(other.as_bytes()), "{other}");
    }
}

#[test]
fn the_oldest_shapes_are_forgotten() {
    let mut novel = Novel::new();
    let word = |n: usize| format!("said {}", n.to_string().bytes().map(|b| char::from(b + 49)).collect::<String>());
    for n in 0..Novel::MOST + 10 {
        assert!(novel.is_new(word(n).as_bytes()), "{n}");
    }
    assert_eq!(novel.len(), Novel::MOST);
    assert!(!novel.is_new(word(10).as_bytes()));
    assert!(novel.is_new(word(9).as_bytes()));
}

#[test]
fn many_messages_of_one_shape_are_new_once() {
    let mut novel = Novel::new();
    let lines: Vec<_> =
        (0..20_000).map(|n| format!("order A-{n} of \"ann\" placed in {n}.5 ms by 192.0.2.{n} at /x/{n}")).collect();
    let new = lines.iter().filter(|line| novel.is_new(line.as_bytes())).count();
    assert_eq!(new, 1);
}

proptest! {
    #[test]
    fn a_message_is_new_once_whatever_its_bytes(line in prop::collection::vec(any::<u8>(), 0..700)) {
        let mut novel = Novel::new();
        prop_assert!(novel.is_new(&line));
        prop_assert!(!novel.is_new(&line));
    }

    #[test]
    fn numbers_do_not_make_a_message_new(a in any::<u32>(), b in any::<u32>(), word in "[g-z]{1,8}") {
        let mut novel = Novel::new();
        let (said, again) = (format!("{word} {a} of {a} {word}"), format!("{word} {b} of {a} {word}"));
        prop_assert!(novel.is_new(said.as_bytes()));
        prop_assert!(!novel.is_new(again.as_bytes()));
    }
}
