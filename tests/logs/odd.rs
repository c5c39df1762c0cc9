//! Files that no program should write, and places that cannot be read.

use std::fs;

use quarterdeck::model::LogState;

use crate::ear::{Ear, FOLLOWED, ONCE, folder, write};

#[tokio::test(flavor = "multi_thread")]
async fn a_last_line_without_an_end_is_a_line() {
    let folder = folder();
    let path = folder.path().join("app.log");
    write(&path, "one\r\ntwo");
    let mut ear = Ear::here(&path, ONCE);
    ear.end().await;
    assert_eq!(ear.lines, ["one", "two"]);
    fs::write(&path, "").unwrap();
    let mut ear = Ear::here(&path, ONCE);
    ear.end().await;
    assert!(ear.lines.is_empty() && ear.gaps.is_empty(), "an empty file has no line: {:?}", ear.lines);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_ten_megabytes_is_cut_and_the_next_one_is_whole() {
    let folder = folder();
    let path = folder.path().join("app.log");
    write(&path, [&vec![b'x'; 10 << 20][..], b"\nnext\n"].concat());
    let mut ear = Ear::here(&path, ONCE);
    ear.end().await;
    assert_eq!((ear.lines.len(), ear.lines[1].as_str()), (2, "next"));
    assert!(ear.lines[0].len() < 70_000 && ear.lines[0].contains("cut"), "{}", ear.lines[0].len());
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_of_any_kind_come_as_they_are() {
    let folder = folder();
    let path = folder.path().join("app.log");
    // Among them what a word between the bytes begins with.
    let bytes: Vec<u8> = (0..=255).chain(*b"\x1eqd-\x1eqd-0123456789abcdef at 1 2 3").filter(|b| *b != b'\n').collect();
    (0..1000).for_each(|_| write(&path, [&bytes, &b"\n"[..]].concat()));
    let mut ear = Ear::here(&path, ONCE);
    ear.end().await;
    let wanted = String::from_utf8_lossy(&bytes);
    assert_eq!((ear.lines.len(), ear.lines.iter().filter(|l| **l == wanted).count()), (1000, 1000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_a_missing_file_and_a_device_are_told_and_end_what_is_not_followed() {
    let folder = folder();
    let fifo = folder.path().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    for (path, told) in [
        (folder.path().to_owned(), "is a folder"),
        (folder.path().join("none"), "is not there yet"),
        (fifo, "is no plain file"),
    ] {
        let mut ear = Ear::here(&path, ONCE);
        ear.end().await;
        let why = ear.states.last().and_then(LogState::why).map(ToString::to_string).unwrap_or_default();
        assert!(why.ends_with(told), "{}: {:?}", path.display(), ear.states);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_a_shell_would_take_for_more_is_a_name() {
    let folder = folder();
    let path = folder.path().join("a $(touch stolen) `b` \"c\" 'd'; e.log");
    write(&path, "one\n");
    let mut ear = Ear::here(&path, FOLLOWED);
    ear.live().await;
    write(&path, "two\n");
    ear.line("two").await;
    assert!(!folder.path().join("stolen").exists() && ear.lines.len() == 2);
}
