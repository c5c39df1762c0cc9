//! `qd demo`: the console on a fleet that it starts itself.

use std::path::PathBuf;

use color_eyre::Result;

use super::{General, Pace, block_on, console};
use crate::config;
use crate::demo::Demo;
use crate::exit::Ending;

/// Starts the fleet, shows it, ends it.
pub fn run(general: &General) -> Result<Ending> {
    let executable = executable()?;
    block_on(Pace::Calm, async {
        let demo = Demo::start(&executable).await?;
        let path = demo.write_deck()?;
        let loaded = config::load(&path);
        let state = demo.folder().join("console/quarterdeck");
        let shown = console::show(general, loaded, Some(path), Some(demo.switchboard()), Some(state)).await;
        demo.stop().await;
        shown
    })?
}

/// This program. On Linux by a name that stays right when the file is replaced while the demo runs.
fn executable() -> std::io::Result<PathBuf> {
    let by_process = PathBuf::from("/proc/self/exe");
    if by_process.exists() { Ok(by_process) } else { std::env::current_exe() }
}
