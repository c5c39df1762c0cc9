//! A query of a Loki server as a deck declares it. Plain values: secrets by reference only, and nothing here asks.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::model::Text;

/// The lines that a Loki server has for a query.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LokiQuery {
    /// The address of the server, with the path before `/loki/api` where a proxy has one.
    pub url: String,
    /// LogQL that selects lines.
    pub query: String,
    /// The tenant, sent as `X-Scope-OrgID`.
    pub tenant: Option<String>,
    /// Who asks.
    pub login: LogLogin,
    /// A PEM file of further authorities.
    pub ca: Option<PathBuf>,
    /// Whether the certificate is verified.
    pub verify: bool,
}

impl fmt::Display for LokiQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", Text::line(&self.query), self.url)
    }
}

/// Who asks for a log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LogLogin {
    /// Nobody in particular.
    #[default]
    Open,
    /// Who has this token.
    Token(SecretPlace),
    /// A user with a password.
    User(String, SecretPlace),
}

/// Where a secret is found, as a deck writes it: `env:NAME`. Prints no more than its first word.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SecretPlace(pub String);

impl fmt::Debug for SecretPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.split_whitespace().next().unwrap_or_default())
    }
}
