//! Decks made by chance: no text panics, and what is well-formed loads.

use std::path::Path;

use proptest::prelude::*;
use quarterdeck::config::{self, Loaded};

fn parse(text: &str) -> Loaded {
    config::parse(Path::new("shop/quarterdeck.toml"), text)
}

/// What can be told of any text: no control characters, a caret under the line, something to do.
fn check(text: &str) {
    let loaded = parse(text);
    for fault in &loaded.faults {
        let told = fault.to_string();
        assert!(told.chars().all(|c| c == '\n' || !c.is_control()), "{told:?}");
        assert!(!fault.message.is_empty() && fault.caret < 400 && fault.width < 400, "{fault:?}");
    }
    assert!(loaded.has_errors() || loaded.deck.is_some());
}

/// Pieces of decks, so that chance gets past the syntax.
fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "[environments.qa]\n",
        "[environments]\n",
        "[templates.web]\n",
        "[vars]\n",
        "[defaults]\n",
        "tier = \"staging\"\n",
        "services.a = { use = \"web\" }\n",
        "services.a.probes.live = { http = \"{url}\" }\n",
        "use = \"web\"\n",
        "port = 80\n",
        "url = \"http://{port}\"\n",
        "x = \"{x}\"\n",
        "every = ",
        "\"10s\"",
        "\"{",
        "}\"",
        "{{",
        "= ",
        "{ ",
        " }",
        "[",
        "]",
        ", ",
        "\n",
        "\r\n",
        "\t",
        "\"",
        "'",
        "\"\"\"",
        "\\u001b",
        "\u{1b}[31m",
        "日本",
        "\u{202e}",
        "\0",
        "5",
        "true",
        "1979-05-27",
        "password = \"hunter2\"\n",
        "depends = [\"a\"]\n",
        "probes = ",
        "hosts.h = { ssh = \"x\" }\n",
        "via = \"h\"\n",
        "#",
        "command = [\"true\"]",
        "postgres = \"postgresql://a:b@c/d\"\n",
        "body = \"\\\\d{3}{x}\"\n",
    ];
    prop_oneof![4 => proptest::sample::select(pieces.to_vec()).prop_map(str::to_owned), 1 => any::<String>()]
}

fn name() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9-]{0,8}"
}

fn probe() -> impl Strategy<Value = String> {
    prop_oneof![
        (1_u16..).prop_map(|port| format!("http = \"http://127.0.0.1:{port}/{{service}}\"")),
        (1_u16..).prop_map(|port| format!("tcp = \"{{place}}:{port}\"")),
        Just("command = [\"true\", \"{environment}\"]".to_owned()),
        Just("systemd = \"{service}\"".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn no_pieces_of_decks_panic(pieces in proptest::collection::vec(piece(), 0..40)) {
        check(&pieces.concat());
    }

    #[test]
    fn a_well_formed_deck_loads_whole(
        environments in proptest::collection::btree_map(
            name(),
            proptest::collection::btree_map(name(), proptest::collection::btree_map(name(), probe(), 1..3), 1..5),
            1..4,
        ),
        tier in proptest::sample::select(vec!["development", "staging", "production"]),
    ) {
        let mut text = String::from("[vars]\nplace = \"127.0.0.1\"\n");
        for (environment, services) in &environments {
            text += &format!("[environments.{environment}]\ntier = \"{tier}\"\n");
            for (service, probes) in services {
                for (probe, what) in probes {
                    text += &format!("services.{service}.probes.{probe} = {{ {what} }}\n");
                }
            }
        }
        let loaded = parse(&text);
        prop_assert!(loaded.faults.is_empty(), "{}\n{:#?}", text, loaded.faults);
        let deck = loaded.deck.unwrap();
        prop_assert_eq!(deck.environments.len(), environments.len());
        let probes: usize = environments.values().flat_map(|s| s.values()).map(std::collections::BTreeMap::len).sum();
        prop_assert_eq!(deck.probes().count(), probes);
    }

    #[test]
    fn a_secret_is_in_no_fault(before in 0..3_usize, secret in "[a-zA-Z0-9{}@/]{9,20}") {
        let odd = ["", "tmeout = 1, ", "tcp = \"x\", "][before];
        let text = format!(
            "[environments.qa]\ntier = 1\nservices.a.probes.b = {{ postgres = \"postgresql://u@h/d\", {odd}password = \"{secret}\" }}\n"
        );
        let told: String = parse(&text).faults.iter().map(ToString::to_string).collect();
        let is_name = secret.starts_with('{') && secret.find('}') == Some(secret.len() - 1);
        prop_assert!(is_name || !told.contains(&secret), "{}", told);
    }
}
