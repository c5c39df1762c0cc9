//! Arguments taken apart: every form, what is refused, and that no password is told.

use proptest::prelude::*;

use super::*;
use crate::secret::expose;

fn shown(text: &str) -> String {
    let address = parse(text).unwrap_or_else(|e| panic!("{e}"));
    format!("{} {} {}", address.shown, address.host, address.port)
}

#[test]
fn every_form_that_help_shows_is_understood() {
    for (form, _) in FORMS {
        parse(form).unwrap();
    }
}

#[test]
fn an_address_is_taken_apart_and_written_as_people_write_it() {
    for (text, expected) in [
        ("https://Shop.Example.com/", "https://shop.example.com shop.example.com 443"),
        ("http://127.0.0.1:5006/health#x", "http://127.0.0.1:5006/health 127.0.0.1 5006"),
        ("postgresql://app:pw@db:5433/x?sslmode=require", "postgresql://app@db:5433/x?sslmode=require db 5433"),
        ("postgresql://db/x?password=pw&sslmode=require", "postgresql://db/x?sslmode=require db 5432"),
        ("redis://:pw@cache/0", "redis://cache/0 cache 6379"),
        ("amqp://ops:pw@mq/shop", "amqp://mq/shop mq 5672"),
        ("[::1]:443", "[::1]:443 ::1 443"),
        ("tcp://mail:25", "mail:25 mail 25"),
        ("shop.example.com", "shop.example.com shop.example.com 443"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn the_login_is_kept_apart_with_its_escapes_undone() {
    for (text, user, password) in [
        ("https://ops:p%40ss@h/", Some("ops"), "p@ss"),
        ("postgresql://app:p@ss/w@db/x", Some("app"), "p@ss/w"),
        ("redis://:%70w@h", None, "pw"),
    ] {
        let login = parse(text).unwrap().login.unwrap();
        assert_eq!((login.user.as_deref(), expose(&login.password.unwrap())), (user, password), "{text}");
    }
}

#[test]
fn what_is_no_address_is_told_with_the_reason() {
    for (text, words) in [
        ("mysql://db/x", "write host:port"),
        ("htps://h", "did you mean `https:`?"),
        ("shop.example.com/health", "did you mean https://shop.example.com/health?"),
        ("db:99999", "port"),
        ("::1:80", "brackets"),
        ("a b", "neither a URL nor a host"),
        ("", "no host"),
        ("https://", "empty host"),
        ("https://h/?access_token=abc", "`access_token`"),
        ("postgresql://db/x?sslmode=verify-ca", "sslmode=verify-ca"),
        ("app@db", "no scheme"),
        ("tls://db", "no port"),
    ] {
        let why = parse(text).unwrap_err().to_string();
        assert!(why.contains(words), "{text}: {why}");
    }
}

#[test]
fn a_refusal_repeats_no_password() {
    for text in ["mysql://app:hunter2@db", "https://h/?token=hunter2", "app:hunter2@db", "postgresql://a:hunter2@db:x"]
    {
        assert!(!parse(text).unwrap_err().to_string().contains("hunter2"), "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_and_no_password_is_shown(text in any::<String>(), word in "[a-z]{9}") {
        drop(parse(&text));
        for scheme in ["https", "postgresql", "redis", "amqp"] {
            if let Ok(address) = parse(&format!("{scheme}://u:{word}@h/")) {
                let told = format!("{address:?}");
                prop_assert!(!told.contains(&word));
            }
        }
    }
}
