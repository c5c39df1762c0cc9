//! `qd audit`: what was done from this machine, whether the record of it is whole, and the evidence of one run in a folder.

use std::path::PathBuf;

use color_eyre::Result;
use jiff::tz::TimeZone;

use super::General;
use super::printed::print;
use super::runs::list::state;
use crate::app::Now;
use crate::exit::Ending;
use crate::model::Text;
use crate::runner::audit::{self, Audit, Fact, Line, Verdict, What};
use crate::runner::journal;

/// Options of `qd audit`.
#[derive(Clone, Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Exit codes: 0 done, or every line is as it was written; 1 a line is not; 2 usage. A chain shows what \
was changed inside it; only a copy held elsewhere shows a chain that was made anew."
)]
pub struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    /// The newest so many
    #[arg(short = 'n', long = "lines", value_name = "N", default_value_t = 20)]
    lines: usize,
    /// Print them as JSON, one a line
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Command {
    /// Look whether every line is as it was written
    Verify {
        /// Another log, such as a copy held elsewhere
        file: Option<PathBuf>,
    },
    /// Copy the evidence of a run into a folder: plan, runbook, journal, outputs, its lines of the log, hashes of all
    Export {
        /// Which run
        run: String,
        /// The folder in which one for the run is made
        #[arg(long, value_name = "DIR", default_value = ".")]
        to: PathBuf,
    },
}

/// Prints, or does what is asked.
pub fn run(general: &General, options: &Options) -> Result<Ending> {
    let state = match state() {
        Ok(state) => state,
        Err(ending) => return Ok(ending),
    };
    let log = state.join(audit::FILE);
    match &options.command {
        None => newest(&log, options),
        Some(Command::Verify { file }) => verify(&file.clone().unwrap_or(log), file.is_some()),
        Some(Command::Export { run, to }) => {
            let run = match super::runs::find::here(run) {
                Ok(Some(run)) => run,
                Ok(None) => {
                    tell!("qd: there is no run {run} on this machine");
                    return Ok(Ending::Usage);
                }
                Err(ending) => return Ok(ending),
            };
            let user = general.user().0;
            // The log shows itself in the copy, so it is on record before.
            let mut fact = Fact::new(Now::default().get(), What::Export { to: to_text(to) });
            fact.run = Some(run.clone());
            if let Err(error) = Audit::open(&log, user.operator()).and_then(|audit| audit.write(&fact)) {
                tell!("qd: {error}");
                return Ok(Ending::Refused);
            }
            match audit::export(&run, &journal::run_folder(&state, &run), &log, to) {
                Ok(bundle) => {
                    print(&format!("{}\n", bundle.display()))?;
                    Ok(Ending::Good)
                }
                Err(error) => {
                    tell!("qd: run {run} cannot be copied to {}: {error}", to.display());
                    Ok(Ending::Usage)
                }
            }
        }
    }
}

fn to_text(path: &std::path::Path) -> Text {
    Text::line(&path.display().to_string())
}

/// The newest lines, the oldest of them first, as a log is read.
fn newest(log: &std::path::Path, options: &Options) -> Result<Ending> {
    let mut lines = audit::newest(log, options.lines)?;
    lines.reverse();
    if lines.is_empty() {
        tell!("nothing is on record here yet");
    }
    let zone = TimeZone::system();
    let mut text = String::new();
    for line in &lines {
        text.push_str(&if options.json { document(line)? } else { words(line, &zone) });
        text.push('\n');
    }
    print(&text)?;
    Ok(Ending::Good)
}

fn words(line: &Line, zone: &TimeZone) -> String {
    let at = line.fact.at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S");
    format!("{:>6}  {at}  {}", line.seq, line.words())
}

/// The line with its hash, which stands in the log outside of what is hashed.
fn document(line: &Line) -> Result<String> {
    let mut value = serde_json::to_value(line)?;
    if let Some(fields) = value.as_object_mut() {
        fields.insert("hash".into(), line.hash.clone().into());
    }
    Ok(serde_json::to_string(&value)?)
}

fn verify(log: &std::path::Path, is_named: bool) -> Result<Ending> {
    if is_named && !log.is_file() {
        tell!("qd: there is no file {}", log.display());
        return Ok(Ending::Usage);
    }
    match audit::verify(log) {
        Ok(Verdict::Holds { lines, hash }) => {
            let newest = if hash.is_empty() { String::new() } else { format!(", the newest is {hash}") };
            print(&format!("{}: {lines} lines, each as it was written{newest}\n", log.display()))?;
            Ok(Ending::Good)
        }
        Ok(Verdict::Broken { line, why }) => {
            print(&format!("{}: line {line}: {why}\n", log.display()))?;
            Ok(Ending::Unhealthy)
        }
        Err(error) => {
            tell!("qd: {}: {error}", log.display());
            Ok(Ending::Usage)
        }
    }
}
