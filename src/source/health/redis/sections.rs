//! The text of `INFO`: `name:value` lines under `# Section` headings. Source: Redis documentation, "INFO". Only reads.

use std::collections::HashMap;

/// Fields by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sections {
    fields: HashMap<String, String>,
}

impl Sections {
    /// Reads the lines; anything else is passed over.
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let pairs = lines.filter_map(|line| line.split_once(':'));
        Self { fields: pairs.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect() }
    }

    /// A field with a value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }

    /// A field that is a number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }

    /// Whether the data set is being read from disk; nothing else is answered meanwhile.
    pub fn is_loading(&self) -> bool {
        self.get("loading") == Some("1")
    }
}
