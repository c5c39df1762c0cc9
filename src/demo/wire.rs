//! What the console and its demo services say to each other: arguments, one line on standard output, one on standard
//! input, and a header. Shapes only; nothing is sent here.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Which service a process plays: the options of the hidden subcommand `qd demo-service`.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct ServiceOptions {
    /// The environment it belongs to
    #[arg(long)]
    pub environment: String,
    /// The service it plays
    #[arg(long)]
    pub service: String,
    /// The port on 127.0.0.1 to answer on; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// Its folder, with the release that runs
    #[arg(long)]
    pub place: PathBuf,
}

/// The hidden subcommand.
pub const SUBCOMMAND: &str = "demo-service";

impl ServiceOptions {
    /// The arguments that start a process with these options.
    pub fn arguments(&self) -> Vec<OsString> {
        let port = self.port.to_string();
        let words =
            [SUBCOMMAND, "--environment", &self.environment, "--service", &self.service, "--port", &port, "--place"];
        words.iter().map(OsString::from).chain([self.place.clone().into_os_string()]).collect()
    }
}

/// The one line a service prints, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Announcement {
    /// It listens on this port.
    Port(u16),
    /// It cannot, and why.
    Fault(String),
}

/// The one line a service is told, as JSON.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Briefing {
    /// What requests to the control path must carry in [`TOKEN_HEADER`].
    pub token: String,
    /// Milliseconds since the demo began.
    pub elapsed: u64,
    /// The ports of the services of the same environment, by name.
    pub peers: BTreeMap<String, u16>,
}

/// Longest line that is read from the other side, in bytes.
pub const MOST_LINE: usize = 64 * 1024;

/// The path that takes faults: `POST /_demo/fault?kind=crash`.
pub const FAULT_PATH: &str = "/_demo/fault";

/// The header that carries the token.
pub const TOKEN_HEADER: &str = "x-demo-token";

/// The path of what is done for an order: `POST /work?order=20417&within=2000`.
pub const WORK_PATH: &str = "/work";

/// The header that carries the trace. Source: W3C Trace Context, section 3.2.
pub const TRACE_HEADER: &str = "traceparent";
