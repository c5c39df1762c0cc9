//! The command line: one file a subcommand. Data goes to standard output, words to standard error; every command ends
//! with one of the codes of [`Ending`].

/// Writes a line to standard error. `eprintln!` would panic when nobody reads it any more (`2>&1 | head -1`).
macro_rules! tell {
    ($($words:tt)*) => {{
        use std::io::Write;
        writeln!(std::io::stderr(), $($words)*).ok();
    }};
}

mod audit;
mod check;
mod console;
mod demo;
mod forward;
mod hosts;
mod init;
mod locks;
mod logs;
mod plan;
mod printed;
mod run;
mod runbooks;
mod runs;
mod status;

use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand};
use color_eyre::Result;

use crate::config::User;
use crate::config::folder::{NotFound, Search, config_folder};
use crate::demo::ServiceOptions;
use crate::exit::Ending;

/// The environments and the service health of your systems in one terminal console.
#[derive(Debug, Parser)]
#[command(name = "qd", version, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Line {
    #[command(flatten)]
    general: General,
    #[command(subcommand)]
    command: Option<Command>,
}

const AFTER_HELP: &str = "Without a subcommand: the console on the deck found by --deck, $QUARTERDECK_DECK, the nearest \
parent folder with a quarterdeck.toml, or the configuration folder.\n\n\
Exit codes: 0 good, 1 unhealthy or degraded, 2 usage or deck, 3 unknown, 4 refused, 5 cancelled, 6 lost.";

/// Options that every subcommand takes.
#[derive(Clone, Debug, clap::Args)]
pub struct General {
    /// The deck: a folder with a quarterdeck.toml, or the file itself
    #[arg(long, global = true, value_name = "PATH")]
    deck: Option<PathBuf>,
    /// The theme, by name (`qd themes` lists them)
    #[arg(long, global = true, value_name = "NAME")]
    theme: Option<String>,
    /// The keymap, by name (`qd keys` lists them)
    #[arg(long, global = true, value_name = "NAME")]
    keymap: Option<String>,
    /// Take every command away that acts
    #[arg(long, global = true)]
    read_only: bool,
    /// Draw with ASCII characters alone
    #[arg(long, global = true)]
    ascii: bool,
    /// Leave the mouse to the terminal
    #[arg(long, global = true)]
    no_mouse: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show a small live fleet that starts itself and leaves nothing behind
    Demo,
    /// Look once (or on and on) and print the health of every service
    Status(status::Options),
    /// Print logs of hosts and of this machine in one stream, merged by time
    Logs(logs::Options),
    /// Connect once to every host and tell how each connection stands
    Hosts(hosts::Options),
    /// Forward a port of this machine through a host, until you stop it
    Forward(forward::Options),
    /// Show what a runbook would do to a service; changes nothing
    Plan(plan::Options),
    /// Run a runbook on a service
    Run(run::Options),
    /// List the runs of this machine; show one, look on at it, go on with it, end it
    Runs(runs::Options),
    /// Show who holds which lock and what was left unfinished; break one, take or give one back by hand
    Locks(locks::Options),
    /// Print what was done from this machine; look whether the record is whole; copy out the evidence of a run
    Audit(audit::Options),
    /// Read the deck and tell everything that is wrong with it
    Check(check::Options),
    /// Print every runbook, what it asks for and which services it applies to; with a name, its steps
    Runbooks(runbooks::Options),
    /// Write a commented starter deck, probing what it is given
    Init(init::Options),
    /// Print the keys of a keymap, and the names of all keymaps
    Keys {
        /// Which keymap; without it the one in use
        name: Option<String>,
    },
    /// Print the roles of a theme, and the names of all themes
    Themes {
        /// Which theme; without it the one in use
        name: Option<String>,
    },
    /// Print the JSON Schema of `qd status --json`, or of another document
    Schema {
        /// Which document
        #[arg(default_value = "status", value_parser = ["status", "hosts", "runbooks", "plan", "runs", "run", "locks", "logs"])]
        document: String,
    },
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
    /// One service of the demo; started by `qd demo` alone
    #[command(name = crate::demo::SUBCOMMAND, hide = true)]
    DemoService(ServiceOptions),
}

/// Runs the command line of this process.
pub fn run() -> Result<Ending> {
    let line = Line::parse();
    let general = line.general;
    match line.command {
        None => console::run(&general),
        Some(Command::Demo) => demo::run(&general),
        Some(Command::Status(options)) => status::run(&general, &options),
        Some(Command::Logs(options)) => logs::run(&general, &options),
        Some(Command::Hosts(options)) => hosts::run(&general, &options),
        Some(Command::Forward(options)) => forward::run(&general, &options),
        Some(Command::Plan(options)) => plan::run(&general, &options),
        Some(Command::Run(options)) => run::run(&general, &options),
        Some(Command::Runs(options)) => runs::run(&general, &options),
        Some(Command::Locks(options)) => locks::run(&general, &options),
        Some(Command::Audit(options)) => audit::run(&general, &options),
        Some(Command::Check(options)) => check::run(&general, &options),
        Some(Command::Runbooks(options)) => runbooks::run(&general, &options),
        Some(Command::Init(options)) => init::run(&options),
        Some(Command::Keys { name }) => printed::keys(&general, name),
        Some(Command::Themes { name }) => printed::themes(&general, name),
        Some(Command::Schema { document }) => printed::schema(&document),
        Some(Command::Completions { shell }) => printed::completions(shell),
        Some(Command::Man) => printed::man(),
        Some(Command::DemoService(options)) => {
            // It ends with its console; how it ends interests nobody but its supervisor.
            let code = crate::demo::serve(&options)?;
            Ok(if code == std::process::ExitCode::SUCCESS { Ending::Good } else { Ending::Unhealthy })
        }
    }
}

impl Line {
    /// The command line as clap knows it, for completions, the manual and the tables of the README.
    pub fn definition() -> clap::Command {
        Line::command()
    }
}

impl General {
    /// The user's own settings under the options of this call, and what is wrong with them.
    fn user(&self) -> (User, Vec<crate::model::Fault>) {
        let (mut user, faults) = config_folder().map(|f| User::load(&f)).unwrap_or_default();
        if let Some(theme) = &self.theme {
            user.theme.clone_from(theme);
        }
        if let Some(keymap) = &self.keymap {
            user.keymap.clone_from(keymap);
        }
        user.mouse &= !self.no_mouse;
        user.read_only |= self.read_only;
        (user, faults)
    }

    /// The main file of the deck.
    fn find_deck(&self) -> Result<PathBuf, NotFound> {
        Search::from_process(self.deck.clone()).find()
    }
}

/// Says that there is no deck, where it was looked for, and what to do.
fn explain_missing(missing: &NotFound) -> Ending {
    match missing {
        NotFound::Asked { .. } => {
            tell!("qd: {missing}");
            tell!("  help: check the path, or write a starter deck with `qd init`");
        }
        NotFound::Nowhere { looked } => {
            tell!("qd: no deck found. A deck says what you operate: a folder with a quarterdeck.toml.");
            tell!();
            tell!("  qd demo                      see a live fleet right now, nothing is left behind");
            tell!("  qd init                      write a commented starter deck here");
            tell!("  qd init https://example.com  the same, probing what you give it");
            tell!();
            tell!("looked for it with --deck, in $QUARTERDECK_DECK, and at");
            for path in looked {
                tell!("  {}", path.display());
            }
        }
    }
    Ending::Usage
}

/// Threads that drive probes. Probes wait and hardly compute: one is enough for a console that runs all night, and wakes
/// the processor less often; a round that somebody waits for takes two.
#[derive(Clone, Copy)]
enum Pace {
    Calm = 1,
    Quick = 2,
}

/// Runs a command to its end.
fn block_on<T>(pace: Pace, work: impl Future<Output = T>) -> std::io::Result<T> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(pace as usize).max_blocking_threads(64).enable_all().build()?;
    let done = runtime.block_on(work);
    // Long enough for tasks to end what they started, too short to wait for what hangs.
    runtime.shutdown_timeout(std::time::Duration::from_millis(60));
    Ok(done)
}
