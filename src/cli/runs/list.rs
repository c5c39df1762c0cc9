//! The runs of this machine, the newest first, one line each. Asks no host; what cannot be read is listed with its fault.

use std::path::PathBuf;
use std::time::Duration;

use color_eyre::Result;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::app::Now;
use crate::cli::plan::card::rounded;
use crate::cli::printed::print;
use crate::config::folder::state_folder;
use crate::exit::Ending;
use crate::model::{Operator, RunId, RunStatus, RunSummary};
use crate::runner::journal::{self, Listed};
use crate::settings::columns::columns;

/// Options of `qd runs`.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct Options {
    /// Print one JSON document (`qd schema runs` describes it)
    #[arg(long)]
    json: bool,
    /// Runs in this environment alone
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
    /// Runs on this service alone, as `sales` or `production/sales`
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
}

/// What `qd runs --json` prints.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Document {
    /// The shape of this document.
    schema: u32,
    /// The newest first.
    runs: Vec<Entry>,
}

/// A run.
#[derive(Debug, Serialize, schemars::JsonSchema)]
struct Entry {
    id: RunId,
    /// What it came to; none where its files cannot be read.
    run: Option<Known>,
    /// Whether a console of this machine drives it.
    driven: bool,
    /// Why its files cannot be read.
    fault: Option<String>,
}

/// What is known of it.
#[derive(Debug, Serialize, schemars::JsonSchema)]
struct Known {
    status: RunStatus,
    /// `environment/service`.
    target: String,
    runbook: String,
    title: String,
    version: Option<String>,
    operator: Operator,
    reason: Option<String>,
    began: Timestamp,
    ended: Option<Timestamp>,
    /// Steps that ended.
    steps_ended: usize,
    /// All steps.
    steps: usize,
    /// Whether it left changes that are neither proven nor taken back.
    dirty: bool,
}

impl Known {
    fn of(summary: &RunSummary) -> Self {
        Self {
            status: summary.status,
            target: summary.target.to_string(),
            runbook: summary.runbook.to_string(),
            title: summary.title.to_string(),
            version: summary.version.as_ref().map(ToString::to_string),
            operator: summary.operator.clone(),
            reason: summary.reason.as_ref().map(ToString::to_string),
            began: summary.began,
            ended: summary.ended,
            steps_ended: summary.steps.0,
            steps: summary.steps.1,
            dirty: summary.dirty,
        }
    }
}

/// The folder of this machine's runs; told when there is none.
pub fn state() -> Result<PathBuf, Ending> {
    state_folder().ok_or_else(|| {
        tell!("qd: there is no home folder, so no runs are kept; set XDG_STATE_HOME");
        Ending::Usage
    })
}

/// Lists.
pub fn run(options: &Options) -> Result<Ending> {
    let state = match state() {
        Ok(state) => state,
        Err(ending) => return Ok(ending),
    };
    let runs: Vec<Listed> =
        journal::list(&state).into_iter().filter(|run| options.is_meant(run)).take(options.limit).collect();
    if options.json {
        let entry = |listed: &Listed| Entry {
            id: listed.id.clone(),
            run: listed.summary.as_ref().ok().map(Known::of),
            driven: listed.is_driven,
            fault: listed.summary.as_ref().err().map(ToString::to_string),
        };
        let document = Document { schema: 1, runs: runs.iter().map(entry).collect() };
        print(&(serde_json::to_string_pretty(&document)? + "\n"))?;
    } else if runs.is_empty() {
        tell!("no run is on record here; `qd run RUNBOOK ENV/SERVICE` makes one");
    } else {
        print(&table(&runs, Now::default().get()))?;
    }
    Ok(Ending::Good)
}

impl Options {
    /// What cannot be read may be anything, so it is never left out.
    fn is_meant(&self, run: &Listed) -> bool {
        let Ok(summary) = &run.summary else { return true };
        let target = &summary.target;
        self.env.as_deref().is_none_or(|env| target.environment.as_str() == env)
            && self.service.as_deref().is_none_or(|s| *target.name == *s || target.to_string() == s)
    }
}

/// One line each, and what to type for those that were interrupted.
fn table(runs: &[Listed], now: Timestamp) -> String {
    let rows: Vec<[String; 8]> = runs.iter().filter_map(|r| r.summary.as_ref().ok()).map(|s| row(s, now)).collect();
    let laid = columns(&rows);
    let mut lines = laid.lines();
    let mut text = String::new();
    for run in runs {
        match &run.summary {
            Ok(_) => text.push_str(lines.next().unwrap_or_default().trim_end()),
            Err(why) => text.push_str(&format!("{}  cannot be read: {why}", run.id)),
        }
        if run.is_interrupted() {
            text.push_str(&format!("   -> qd runs resume {}", run.id));
        }
        text.push('\n');
    }
    text
}

fn row(run: &RunSummary, now: Timestamp) -> [String; 8] {
    let version = run.version.as_ref().map(|v| format!(" {v}")).unwrap_or_default();
    let took = run.ended.map_or_else(|| "-".to_owned(), |end| span(end.duration_since(run.began)));
    [
        run.id.to_string(),
        run.status.words().to_owned(),
        run.target.to_string(),
        format!("{}{version}", run.runbook),
        run.operator.to_string(),
        format!("{} ago", span(now.duration_since(run.began))),
        took,
        if run.dirty { "dirty".to_owned() } else { String::new() },
    ]
}

/// A time as people say it: its largest unit, or two.
pub fn span(time: SignedDuration) -> String {
    let seconds = time.as_secs().unsigned_abs();
    match seconds {
        0..60 => rounded(Duration::from_secs(seconds)),
        60..3600 => format!("{}m", seconds / 60),
        3600..86400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86400),
    }
}
