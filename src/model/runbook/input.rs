//! What an operator is asked for before a runbook runs.

use serde::{Deserialize, Serialize};

use crate::model::Text;

/// An input. It reaches shell steps as an environment variable of its name in capitals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Input {
    /// `version`: small letters, digits and underscores.
    pub name: String,
    /// What may be given.
    pub kind: InputKind,
    /// Taken when nothing is given. May hold `{names}` of the service.
    pub default: Option<String>,
    /// A run without a value is refused.
    pub required: bool,
    /// A regular expression that the whole value must match.
    pub pattern: Option<String>,
    /// What can be chosen.
    pub choices: Option<Choices>,
    /// What it is, in a line.
    pub help: Text,
    /// Never shown, never kept: on record only by its name.
    pub secret: bool,
}

/// What may be given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum InputKind {
    /// Any text without control characters.
    #[default]
    String,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// `90s`, `5m`.
    Duration,
    /// A file or folder of the operator's machine that is there.
    Path,
}

/// Where the values to choose from come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Choices {
    /// Written down.
    Listed(Vec<String>),
    /// The lines of a command on the first host, that only looks.
    Command(String),
    /// Versions of the releases on record of this service, the newest first, the one that runs left out.
    Releases,
}
