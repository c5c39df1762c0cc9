//! What is printed never holds a secret, however it is cut, and is otherwise as it was.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use super::*;

fn redactor(values: &[&str]) -> Redactor {
    Redactor::new(&values.iter().map(|v| SecretString::from(*v)).collect::<Vec<_>>())
}

fn whole(values: &[&str], text: &str) -> String {
    redactor(values).text(text)
}

#[test]
fn a_value_is_masked_and_the_rest_stays() {
    assert_eq!(whole(&["hunter2!"], "login hunter2! ok\n"), "login ••• ok\n");
    assert_eq!(whole(&[], "login hunter2! ok\n"), "login hunter2! ok\n");
    assert_eq!(whole(&["abc"], "abc"), "abc", "three characters are an ordinary word");
}

#[test]
fn a_value_in_the_forms_of_encoders_and_shells_is_masked() {
    let secret = "p@ss/w0rd's \"x\"+=";
    let json = serde_json::json!({ "password": secret }).to_string();
    let basic = format!("Authorization: Basic {}", STANDARD.encode(format!("shop:{secret}")));
    let url = "?p=p%40ss%2Fw0rd%27s%20%22x%22%2B%3D&next=1";
    let small = "?p=p%40ss%2fw0rd%27s%20%22x%22%2b%3d&next=1";
    let form = "p=p%40ss%2Fw0rd%27s+%22x%22%2B%3D";
    let quoted = "+ psql 'p@ss/w0rd'\\''s \"x\"+='";
    let bash = r#"+ psql p@ss/w0rd\'s\ \"x\"+="#;
    for (text, leak) in [
        (json.as_str(), "w0rd"),
        (basic.as_str(), "cEBzcy93MHJk"),
        (url, "w0rd"),
        (small, "w0rd"),
        (form, "w0rd"),
        (quoted, "w0rd"),
        (bash, "w0rd"),
        (&STANDARD.encode(secret), "cEBzcy93MHJk"),
    ] {
        let clean = whole(&[secret], text);
        assert!(clean.contains(MASK) && !clean.contains(leak), "{text} -> {clean}");
    }
}

#[test]
fn each_line_of_a_key_is_masked_also_alone_and_with_the_ends_of_a_terminal() {
    let key = "-----BEGIN KEY-----\nAAAAB3Nza\nC1yc2EAAA\n-----END KEY-----\n";
    assert_eq!(whole(&[key], "got C1yc2EAAA here"), "got ••• here");
    assert_eq!(whole(&[key], &key.replace('\n', "\r\n")), "•••\r\n");
    assert_eq!(whole(&[key], &key.trim_end().replace('\n', " ")), "•••");
}

#[test]
fn a_line_without_a_beginning_of_a_value_comes_out_at_once() {
    let mut redactor = redactor(&["secret-value", "another"]);
    assert_eq!(redactor.push(b"step 1 done\n"), b"step 1 done\n");
    assert_eq!(redactor.push(b"token: sec"), b"token: ");
    assert_eq!(redactor.push(b"ond try\n"), b"second try\n");
    assert_eq!(redactor.push(b"secret-valu"), b"");
    assert_eq!(redactor.end(), b"secret-valu");
}

#[test]
fn the_longer_of_two_values_leaves_no_rest_and_overlaps_are_one() {
    assert_eq!(whole(&["token", "token-99-and-more"], "x token-99-and-more y token z"), "x ••• y ••• z");
    assert_eq!(whole(&["abcdef", "defghi"], "-abcdefghi-"), "-•••-");
    let mut cut = redactor(&["abcdef", "defghi"]);
    let mut all = cut.push(b"-abcdef");
    all.extend(cut.push(b"ghi-"));
    all.extend(cut.end());
    assert_eq!(String::from_utf8(all).unwrap(), "-•••-");
}

#[test]
fn what_is_debugged_says_nothing() {
    assert!(!format!("{:?}", redactor(&["hunter2!"])).contains("hunter2"));
}

#[test]
fn a_megabyte_a_read_is_no_work() {
    let values: Vec<String> = (0..50).map(|n| format!("secret-number-{n}-of-many")).collect();
    let values: Vec<SecretString> = values.into_iter().map(SecretString::from).collect();
    let mut redactor = Redactor::new(&values);
    let line = b"2026-11-20 12:00:00 INFO secret things happen all the time, number after number\n".repeat(800);
    let began = tokio::time::Instant::now();
    for _ in 0..16 {
        assert_eq!(redactor.push(&line).len(), line.len());
    }
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
}

proptest! {
    #[test]
    fn any_split_gives_what_one_piece_gives_and_no_value_survives(
        values in prop::collection::vec("[ab]{4,7}", 1..4),
        text in "[ab]{0,60}",
        cuts in prop::collection::vec(0usize..60, 0..8),
    ) {
        let known: Vec<SecretString> = values.iter().map(|v| SecretString::from(v.as_str())).collect();
        let once = Redactor::new(&known).text(&text);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(text.len())).collect();
        cuts.sort_unstable();
        let mut stream = Redactor::new(&known);
        let (mut given, mut from) = (Vec::new(), 0);
        for cut in cuts.into_iter().chain([text.len()]) {
            given.extend(stream.push(&text.as_bytes()[from..cut]));
            prop_assert!(stream.held.len() < stream.longest, "more is held back than the longest value needs");
            from = cut;
        }
        given.extend(stream.end());
        let given = String::from_utf8(given).unwrap();
        prop_assert_eq!(&given, &once);
        for value in &values {
            prop_assert!(!given.contains(value.as_str()), "{} in {}", value, given);
        }
    }
}
