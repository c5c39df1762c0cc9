//! One object of `qd logs --json`: a line, or a place where lines may be missing.

use schemars::JsonSchema;
use serde::Serialize;

use super::lane::Line;
use crate::model::{LogSpec, Text};

/// The shape's version.
const SCHEMA: u32 = 1;

/// One line of `qd logs --json`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Document<'a> {
    /// Version of this shape.
    schema: u32,
    /// What it is.
    kind: Kind,
    /// The environment.
    environment: &'a str,
    /// The service; null for a log of the environment itself.
    service: Option<&'a str>,
    /// The log.
    log: &'a str,
    /// The host that it is on; null for the machine that reads.
    host: Option<&'a str>,
    /// When the line, or the record that it is part of, was written; null where it does not say.
    time: Option<String>,
    /// When the line was read here; null for a gap.
    received: Option<String>,
    /// trace, debug, info, warn, error or fatal; null where the line does not say.
    level: Option<&'static str>,
    /// Whether the line goes on with the record before it in the same log.
    continues: bool,
    /// The line without control sequences, or why lines may be missing.
    text: &'a Text,
}

/// What an object is.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// A line of a log.
    Line,
    /// Lines of this log may be missing here.
    Gap,
}

impl<'a> Document<'a> {
    /// Of a line.
    pub fn line(spec: &'a LogSpec, line: &Line, text: &'a Text) -> Self {
        Self {
            kind: Kind::Line,
            time: line.time.map(|t| t.to_string()),
            received: Some(line.received.to_string()),
            level: line.level.map(crate::log::Level::word),
            continues: line.goes_on,
            ..Self::gap(spec, text)
        }
    }

    /// Of a gap.
    pub fn gap(spec: &'a LogSpec, why: &'a Text) -> Self {
        Self {
            schema: SCHEMA,
            kind: Kind::Gap,
            environment: spec.id.environment.as_str(),
            service: spec.id.service.as_deref(),
            log: &spec.id.name,
            host: spec.on.as_ref().map(|h| &*h.name),
            time: None,
            received: None,
            level: None,
            continues: false,
            text: why,
        }
    }
}
