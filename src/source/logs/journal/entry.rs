//! One entry as JSON has it: texts, bytes as lists of numbers, nulls, and fields that stand there more than once.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// What is wanted of an entry.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Raw")]
pub(super) struct Entry {
    pub cursor: Option<String>,
    pub time: Option<Timestamp>,
    pub priority: Option<u8>,
    /// None where the journal gives none.
    pub message: Option<Vec<u8>>,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(rename = "__CURSOR", default)]
    cursor: Value,
    #[serde(rename = "__REALTIME_TIMESTAMP", default)]
    time: Value,
    #[serde(rename = "PRIORITY", default)]
    priority: Value,
    #[serde(rename = "MESSAGE", default)]
    message: Value,
}

impl From<Raw> for Entry {
    fn from(raw: Raw) -> Self {
        let text = |value: Value| String::from_utf8(bytes(&value)?).ok();
        let micros = text(raw.time).and_then(|t| t.parse().ok());
        Self {
            cursor: text(raw.cursor),
            time: micros.and_then(|t| Timestamp::from_microsecond(t).ok()),
            priority: text(raw.priority).and_then(|p| p.parse().ok()).filter(|p| *p <= 7),
            message: bytes(&raw.message),
        }
    }
}

fn bytes(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::String(text) => Some(text.clone().into_bytes()),
        Value::Number(number) => Some(number.to_string().into_bytes()),
        Value::Array(list) if list.first().is_some_and(|v| !v.is_number()) => list.iter().find_map(bytes),
        Value::Array(list) => list.iter().map(|v| v.as_u64().and_then(|n| u8::try_from(n).ok())).collect(),
        _ => None,
    }
}
