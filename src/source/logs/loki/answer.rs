//! What Loki answers, as entries: `query_range` and the frames of `tail` have the same streams of values. A value is its
//! moment in nanoseconds, its line, and sometimes metadata. Asks nothing and keeps nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, SeqAccess, Visitor};

use crate::log::Level;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// In nanoseconds since 1970.
    pub stamp: i64,
    /// Of its stream and its line; with the stamp it tells an entry from all others.
    pub mark: u64,
    pub line: String,
    /// The priority of syslog.
    pub priority: Option<u8>,
}

impl Entry {
    pub fn time(&self) -> Option<Timestamp> {
        Timestamp::from_nanosecond(i128::from(self.stamp)).ok()
    }
}

/// A frame of `tail`.
#[derive(Debug)]
pub(super) struct Frame {
    pub entries: Vec<Entry>,
    /// The moments of entries that the server left out before these, because they were too many at once.
    pub dropped: Vec<i64>,
}

#[derive(Deserialize)]
struct Range {
    data: Streams,
}

#[derive(Deserialize)]
struct Streams {
    result: Vec<Stream>,
}

#[derive(Deserialize)]
struct Tailed {
    #[serde(default)]
    streams: Option<Vec<Stream>>,
    #[serde(default)]
    dropped_entries: Option<Vec<Dropped>>,
}

#[derive(Deserialize)]
struct Dropped {
    #[serde(default)]
    timestamp: String,
}

#[derive(Deserialize)]
struct Stream {
    stream: BTreeMap<String, String>,
    values: Vec<Value>,
}

struct Value {
    stamp: i64,
    line: String,
    /// `structuredMetadata` and `parsed`, or metadata itself.
    more: serde_json::Value,
}

/// What `query_range` answered, oldest first. The error says why that is no lines.
pub(super) fn range(body: &[u8]) -> Result<Vec<Entry>, String> {
    let range: Result<Range, _> = serde_json::from_slice(body);
    match range {
        Ok(range) => Ok(entries(range.data.result)),
        Err(e) => Err(match kind(body).as_deref() {
            None => "the answer is not that of a Loki server".to_owned(),
            Some("streams") => format!("the answer cannot be read: {e}"),
            Some(kind) => {
                format!(
                    "the query gives numbers ({kind}), not lines; take out rate(…), count_over_time(…) and the like"
                )
            }
        }),
    }
}

/// A frame of `tail`.
pub(super) fn tailed(frame: &[u8]) -> Result<Frame, String> {
    let tailed: Tailed = serde_json::from_slice(frame).map_err(|e| format!("a frame cannot be read: {e}"))?;
    let dropped = tailed.dropped_entries.unwrap_or_default();
    let dropped = dropped.iter().map(|d| d.timestamp.parse().unwrap_or_default()).collect();
    Ok(Frame { entries: entries(tailed.streams.unwrap_or_default()), dropped })
}

fn kind(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Kind {
        data: Named,
    }
    #[derive(Deserialize)]
    struct Named {
        #[serde(rename = "resultType")]
        kind: String,
    }
    serde_json::from_slice::<Kind>(body).ok().map(|k| k.data.kind)
}

/// Streams come one after the other, each in either direction.
fn entries(streams: Vec<Stream>) -> Vec<Entry> {
    let mut all = Vec::with_capacity(streams.iter().map(|s| s.values.len()).sum());
    for stream in streams {
        let mut hasher = DefaultHasher::new();
        stream.stream.hash(&mut hasher);
        all.extend(stream.values.into_iter().map(|value| {
            let mut hasher = hasher.clone();
            value.line.hash(&mut hasher);
            let priority = priority(|name| label(name, &stream.stream, &value.more));
            Entry { stamp: value.stamp, mark: hasher.finish(), line: value.line, priority }
        }));
    }
    all.sort_by_key(|entry| entry.stamp);
    all
}

/// What is known of an entry by a name: from its line by the query, from its stream, or beside its line.
fn label<'a>(name: &str, stream: &'a BTreeMap<String, String>, more: &'a serde_json::Value) -> Option<&'a str> {
    let of = |part: &str| more.get(part)?.get(name)?.as_str();
    let known = of("parsed").or_else(|| stream.get(name).map(String::as_str)).or_else(|| of("structuredMetadata"));
    known.or_else(|| more.get(name)?.as_str())
}

/// What is said of how bad it is; what the program said counts more than what Loki guesses.
fn priority<'a>(find: impl Fn(&str) -> Option<&'a str>) -> Option<u8> {
    ["level", "severity", "severity_text", "detected_level"].into_iter().find_map(|name| {
        Some(match Level::parse(find(name)?)? {
            Level::Fatal => 2,
            Level::Error => 3,
            Level::Warn => 4,
            Level::Info => 6,
            Level::Debug | Level::Trace => 7,
        })
    })
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Parts;
        impl<'de> Visitor<'de> for Parts {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time, a line and perhaps metadata")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Value, A::Error> {
                let stamp: String = parts.next_element()?.ok_or_else(|| A::Error::invalid_length(0, &self))?;
                let stamp = stamp.parse().map_err(|_| A::Error::custom("a time that is no number of nanoseconds"))?;
                let line = parts.next_element()?.ok_or_else(|| A::Error::invalid_length(1, &self))?;
                let more = parts.next_element()?.unwrap_or_default();
                while parts.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Value { stamp, line, more })
            }
        }
        deserializer.deserialize_seq(Parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = r#"{"status":"success","data":{"resultType":"streams","encodingFlags":["categorize-labels"],"result":[
        {"stream":{"app":"sales","pod":"b","level":"warn"},"values":[["1700000000000000003","three",
          {"structuredMetadata":{"detected_level":"error"}}]]},
        {"stream":{"app":"sales","pod":"a"},"values":[["1700000000000000004","four",
          {"structuredMetadata":{"detected_level":"error","trace":"x"}}],["1700000000000000002","two",
          {"parsed":{"level":"info"},"structuredMetadata":{"detected_level":"unknown"}}],
          ["1700000000000000001","one",{"level":"DEBUG"}],["1700000000000000000","none"]]}],
        "stats":{"summary":{}}}}"#;

    #[test]
    fn streams_are_put_in_order_with_time_and_priority() {
        let entries = range(TWO.as_bytes()).unwrap();
        let told: Vec<_> = entries.iter().map(|e| (e.line.as_str(), e.priority)).collect();
        assert_eq!(told, [("none", None), ("one", Some(7)), ("two", Some(6)), ("three", Some(4)), ("four", Some(3))]);
        assert_eq!(entries[1].time().unwrap().to_string(), "2023-11-14T22:13:20.000000001Z");
    }

    #[test]
    fn an_entry_is_the_same_in_both_kinds_of_answer_and_others_are_not() {
        let frame = r#"{"streams":[{"stream":{"pod":"a","app":"sales"},"values":[["1700000000000000004","four",
            {"structuredMetadata":{"trace":"x","detected_level":"error"}}]]}],
            "dropped_entries":[{"labels":{},"timestamp":"1"},{"labels":{},"timestamp":"2"}]}"#;
        let tail = tailed(frame.as_bytes()).unwrap();
        let before = range(TWO.as_bytes()).unwrap();
        assert_eq!((tail.dropped, tail.entries[0].mark), (vec![1, 2], before[4].mark));
        assert_ne!(before[3].mark, before[4].mark);
        let other = frame.replace("\"a\"", "\"b\"");
        assert_ne!(tailed(other.as_bytes()).unwrap().entries[0].mark, before[4].mark);
        assert_eq!(tailed(b"{\"streams\":null}").unwrap().entries, []);
    }

    #[test]
    fn what_is_no_lines_is_told() {
        let matrix =
            r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"2"]]}]}}"#;
        assert!(range(matrix.as_bytes()).unwrap_err().starts_with("the query gives numbers (matrix), not lines"));
        assert_eq!(range(b"<html>").unwrap_err(), "the answer is not that of a Loki server");
        let odd = r#"{"data":{"resultType":"streams","result":[{"stream":{},"values":[["now","x"]]}]}}"#;
        assert!(range(odd.as_bytes()).unwrap_err().contains("no number of nanoseconds"));
    }
}
