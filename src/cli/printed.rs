//! Commands that only print: keys, themes, the schema, completions, the manual page.

use std::io::{self, Write};

use color_eyre::Result;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{General, Line};
use crate::config::folder::look_folders;
use crate::exit::Ending;
use crate::keymap::{self, KeymapBook};
use crate::model::Fault;
use crate::store::snapshot::{HostsSnapshot, Snapshot};
use crate::theme::{self, ThemeBook};

/// Prints a keymap (the one in use unless named) and the names of all.
pub fn keys(general: &General, name: Option<String>) -> Result<Ending> {
    let deck = general.find_deck().ok();
    let book = KeymapBook::new(&look_folders("keymaps", deck.as_deref()));
    let (keymap, faults) = book.load(&name.unwrap_or_else(|| general.user().0.keymap));
    let about = |name: &str| book.describe(name).map(|d| d.about).unwrap_or_default();
    listed(keymap.map(|k| keymap::listing(&k)), &faults, "keymaps", book.names().into_iter().map(|n| (n, about(n))))
}

/// Prints a theme (the one in use unless named) and the names of all.
pub fn themes(general: &General, name: Option<String>) -> Result<Ending> {
    let deck = general.find_deck().ok();
    let book = ThemeBook::new(&look_folders("themes", deck.as_deref()));
    let (theme, faults) = book.load(&name.unwrap_or_else(|| general.user().0.theme));
    let about = |name: &str| book.describe(name).map(|d| d.about).unwrap_or_default();
    listed(theme.map(|t| theme::listing(&t)), &faults, "themes", book.names().into_iter().map(|n| (n, about(n))))
}

fn listed<'n>(
    listing: Option<String>,
    faults: &[Fault],
    all: &str,
    names: impl Iterator<Item = (&'n str, String)>,
) -> Result<Ending> {
    for fault in faults {
        tell!("{fault}");
    }
    let Some(mut text) = listing else { return Ok(Ending::Usage) };
    text.push_str(&format!("\n{all}\n"));
    for (name, about) in names {
        text.push_str(format!("  {name:<18} {about}").trim_end());
        text.push('\n');
    }
    print(&text)?;
    Ok(if faults.is_empty() { Ending::Good } else { Ending::Usage })
}

/// Prints the JSON Schema of a document: that of `qd status`, of `qd runs show`, and so on.
pub fn schema(document: &str) -> Result<Ending> {
    let schema = match document {
        "hosts" => schemars::schema_for!(HostsSnapshot),
        "runbooks" => schemars::schema_for!(super::runbooks::Document),
        "plan" => schemars::schema_for!(crate::model::Plan),
        "runs" => schemars::schema_for!(super::runs::list::Document),
        "run" => schemars::schema_for!(super::runs::show::Document),
        "locks" => schemars::schema_for!(super::locks::Document),
        "logs" => schemars::schema_for!(super::logs::document::Document<'static>),
        _ => schemars::schema_for!(Snapshot),
    };
    print(&(serde_json::to_string_pretty(&schema)? + "\n"))?;
    Ok(Ending::Good)
}

/// Prints completions.
pub fn completions(shell: clap_complete::Shell) -> Result<Ending> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Line::definition(), "qd", &mut text);
    print(&String::from_utf8(text)?)?;
    Ok(Ending::Good)
}

/// Prints the manual page.
pub fn man() -> Result<Ending> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Line::definition()).render(&mut text)?;
    print(&String::from_utf8(text)?)?;
    Ok(Ending::Good)
}

/// Writes to standard output; a reader that leaves early (`| head`) is no error.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Whether somebody still reads standard output: false once the other end of a pipe is closed or a terminal is gone.
pub fn is_read() -> bool {
    let out = io::stdout();
    let mut ends = [PollFd::new(&out, PollFlags::empty())];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    // What cannot be asked for is taken for read: printing tells an error then.
    poll(&mut ends, Some(&at_once)).is_err()
        || !ends.iter().any(|end| end.revents().intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL))
}
