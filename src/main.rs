//! The binary `qd`: logging, error reports, the exit code. Everything else is the library's.

use std::io::Write;
use std::process::ExitCode;

use quarterdeck::cli;
use quarterdeck::config::folder::state_folder;
use quarterdeck::exit::Ending;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    // The log goes to a file: the screen and the pipes belong to what was asked for. The guard writes the last lines.
    let _log = log();
    let installed =
        color_eyre::config::HookBuilder::default().display_env_section(false).display_location_section(false).install();
    let ended = installed.and_then(|()| cli::run());
    match ended {
        Ok(ending) => ending.into(),
        Err(error) => {
            tracing::error!(?error, "failed");
            // Where the terminal is gone nobody can be told, which is no reason to panic.
            writeln!(std::io::stderr(), "qd: {error:#}").ok();
            Ending::Usage.into()
        }
    }
}

/// Writes to `quarterdeck.log` in the state folder; without one there is no log, which is no reason not to run.
fn log() -> Option<tracing_appender::non_blocking::WorkerGuard> {
    let folder = state_folder()?;
    std::fs::create_dir_all(&folder).ok()?;
    let file = std::fs::OpenOptions::new().create(true).append(true).open(folder.join("quarterdeck.log")).ok()?;
    let (writer, guard) = tracing_appender::non_blocking(file);
    let filter = EnvFilter::try_from_env("QUARTERDECK_LOG").unwrap_or_else(|_| EnvFilter::new("quarterdeck=info"));
    tracing_subscriber::fmt().with_writer(writer).with_ansi(false).with_env_filter(filter).init();
    Some(guard)
}
