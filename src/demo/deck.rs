//! The deck of the demo: the text of `deck.toml` with the ports of one run put in. Reads no file at run time.

use std::collections::BTreeMap;
use std::path::Path;

use crate::model::ServiceId;

const TEMPLATE: &str = include_str!("deck.toml");

/// Puts each port where `@service.environment@` stands, and the demo's folder where `@root@` does.
pub fn fill(ports: &BTreeMap<ServiceId, u16>, root: &Path) -> String {
    let text = TEMPLATE.replace("@root@", &root.display().to_string());
    ports
        .iter()
        .fold(text, |text, (id, port)| text.replace(&format!("@{}.{}@", id.name, id.environment), &port.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::shop::{self, Role};
    use super::*;

    fn filled() -> String {
        fill(&(40_000..).zip(shop::services()).map(|(port, id)| (id, port)).collect(), Path::new("/tmp/demo"))
    }

    #[test]
    fn no_placeholder_is_left() {
        assert!(TEMPLATE.contains("@ledger.production@"));
        assert!(!filled().contains('@'), "{}", filled());
    }

    #[test]
    fn every_process_is_in_the_deck_with_its_port_and_its_dependencies() {
        let deck: toml::Table = filled().parse().unwrap();
        for (port, id) in (40_000..).zip(shop::services()) {
            let service = &deck["environments"][id.environment.as_str()]["services"][&*id.name];
            assert_eq!(service["port"].as_integer(), Some(port), "{id}");
            let template = &deck["templates"][service["use"].as_str().unwrap()];
            let said = service.get("depends").or_else(|| template.get("depends"));
            let said: Vec<&str> = said
                .and_then(toml::Value::as_array)
                .map(|list| list.iter().filter_map(toml::Value::as_str).collect())
                .unwrap_or_default();
            let role = Role::of(id.environment.as_str(), &id.name).unwrap();
            assert_eq!(said, role.depends, "{id}");
        }
    }

    #[test]
    fn nothing_but_loopback_addresses_is_named() {
        let text = filled();
        for (at, _) in text.match_indices("://") {
            let address = text.split_at(at).1;
            assert!(address.starts_with("://127.0.0.1:"), "{address}");
        }
    }

    #[test]
    fn one_service_is_optional_and_one_is_paused_with_a_reason() {
        let text = filled();
        assert_eq!(text.matches("optional = true").count(), 1);
        assert!(text.contains("paused = \"maintenance until 15:00\""));
    }
}
