//! `qd`: the console on a deck.

use std::io::IsTerminal;
use std::path::PathBuf;

use color_eyre::Result;

use super::{General, Pace, block_on, explain_missing};
use crate::app::acting::Actor;
use crate::app::{self, Look, terminal};
use crate::config::folder::{look_folders, state_folder};
use crate::config::{self, Loaded};
use crate::demo::Switchboard;
use crate::exit::Ending;
use crate::model::Severity;
use crate::theme;
use crate::ui::Ui;

/// Runs the console.
pub fn run(general: &General) -> Result<Ending> {
    let path = match general.find_deck() {
        Ok(path) => path,
        Err(missing) => return Ok(explain_missing(&missing)),
    };
    let loaded = config::load(&path);
    if loaded.deck.is_none() {
        for fault in &loaded.faults {
            tell!("{fault}");
        }
        tell!("qd: nothing of the deck can be read");
        return Ok(Ending::Usage);
    }
    block_on(Pace::Calm, show(general, loaded, Some(path), None, None))?
}

/// Shows a deck until the operator leaves. Runs are kept in `state`, the user's own folder where none is given.
pub async fn show(
    general: &General,
    loaded: Loaded,
    path: Option<PathBuf>,
    demo: Option<Switchboard>,
    state: Option<PathBuf>,
) -> Result<Ending> {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        tell!(
            "qd: the console needs a terminal; without one use `qd status`, `qd status --json` or `qd status --watch`"
        );
        return Ok(Ending::Usage);
    }
    let (user, mut look_faults) = general.user();
    let actor = Actor { operator: user.operator(), state: state.or_else(state_folder), read_only: user.read_only };
    let deck = path.as_deref();
    let look =
        Look::new(&look_folders("themes", deck), &look_folders("keymaps", deck), terminal_of_process(), general.ascii);
    look_faults.extend(look.faults(&user.theme, &user.keymap));
    let errors = loaded.faults.iter().filter(|f| f.severity == Severity::Error).count();
    let ui = Ui {
        theme: user.theme,
        keymap: user.keymap,
        shelves: look.shelves(),
        times: user.times,
        local: jiff::tz::TimeZone::try_system().unwrap_or(jiff::tz::TimeZone::UTC),
        read_only: user.read_only,
        demo: demo.is_some(),
        look_faults,
        ..Ui::default()
    };
    terminal::install_panic_hook();
    tracing::info!(errors, "console starts");
    let options = app::Options { loaded, path, ui, look, mouse: user.mouse, log_memory: user.log_memory, demo, actor };
    let report = app::run(options).await;
    terminal::give_back();
    let report = report?;
    tracing::info!(frames = report.frames, events = report.events, "console ends");
    Ok(Ending::Good)
}

/// What the environment says of the terminal.
pub fn terminal_of_process() -> theme::Terminal {
    let get = |name: &str| std::env::var(name).unwrap_or_default();
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(get).into_iter().find(|v| !v.is_empty()).unwrap_or_default();
    theme::Terminal { no_color: get("NO_COLOR"), colorterm: get("COLORTERM"), term: get("TERM"), locale }
}
