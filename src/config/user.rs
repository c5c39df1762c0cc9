//! The user's own settings, `config.toml` in the configuration folder: what is personal and never part of a deck. It
//! cannot lower a deck's protection.

use std::path::Path;

use crate::model::{Fault, Operator, Text};
use crate::settings::{Faults, Files, Section, Table};

/// Which zone times are shown in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Times {
    /// The zone of the environment on the screen.
    #[default]
    Environment,
    /// UTC.
    Utc,
    /// The zone of this machine.
    Local,
}

/// Personal settings, each with its default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Name of the theme.
    pub theme: String,
    /// Name of the keymap.
    pub keymap: String,
    /// Whether the mouse focuses, selects and scrolls.
    pub mouse: bool,
    /// Which zone times are shown in.
    pub times: Times,
    /// Never act.
    pub read_only: bool,
    /// How many MiB of log lines are held.
    pub log_memory: usize,
    /// The name under which one acts; that of the account where none is given.
    pub operator: Option<String>,
}

impl Default for User {
    fn default() -> Self {
        Self {
            theme: "ansi".into(),
            keymap: "default".into(),
            mouse: true,
            times: Times::Environment,
            read_only: false,
            log_memory: LOG_MEMORY,
            operator: None,
        }
    }
}

/// MiB of log lines, unless somebody says otherwise.
const LOG_MEMORY: usize = 256;

const TIMES: [(&str, Times); 3] = [("environment", Times::Environment), ("utc", Times::Utc), ("local", Times::Local)];

impl User {
    /// Who acts: claimed, not proven.
    pub fn operator(&self) -> Operator {
        let of = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
        let name = self.operator.clone().or_else(|| of("USER")).or_else(|| of("LOGNAME"));
        let name = name.unwrap_or_else(|| {
            let uid = rustix::process::getuid().as_raw();
            let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
            account(&accounts, uid).map_or_else(|| format!("uid {uid}"), ToOwned::to_owned)
        });
        let system = rustix::system::uname();
        Operator {
            name: Text::line_at_most(&name, 60),
            console: Text::line_at_most(&system.nodename().to_string_lossy(), 60),
        }
    }

    /// Reads the settings; what is wrong keeps its default. No file is no fault.
    pub fn load(folder: &Path) -> (Self, Vec<Fault>) {
        let path = folder.join("config.toml");
        if !path.exists() {
            return (Self::default(), Vec::new());
        }
        let mut files = Files::default();
        let file = match files.read(&path) {
            Ok(file) => file,
            Err(fault) => return (Self::default(), vec![*fault]),
        };
        let faults = Faults::new(&files);
        let user = Table::parse(file, &faults).map(|table| {
            let section = Section::new(&table, "the user's configuration", &faults);
            let default = Self::default();
            let user = Self {
                theme: section.text("theme").unwrap_or(default.theme),
                keymap: section.text("keymap").unwrap_or(default.keymap),
                mouse: section.truth("mouse").unwrap_or(default.mouse),
                times: section.choice("times", &TIMES).unwrap_or_default(),
                read_only: section.truth("read-only").unwrap_or(false),
                log_memory: section
                    .whole("log-memory", 4..=65_536)
                    .and_then(|mib| usize::try_from(mib).ok())
                    .unwrap_or(LOG_MEMORY),
                operator: section.text("operator"),
            };
            section.finish();
            user
        });
        (user.unwrap_or_default(), faults.into_list())
    }
}

/// The name of an account in the text of `/etc/passwd`: `name:x:uid:…`.
fn account(accounts: &str, uid: u32) -> Option<&str> {
    let uid = uid.to_string();
    let named = accounts.lines().filter_map(|line| {
        let mut parts = line.split(':');
        Some((parts.next()?, parts.nth(1)?))
    });
    named.filter(|(name, _)| !name.is_empty()).find(|(_, of)| *of == uid).map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_called_as_the_system_calls_it() {
        let accounts = "root:x:0:0::/root:/bin/sh\n# comment\n:x:7::\nops:x:1000:1000:On call,,,:/home/ops:/bin/sh\n";
        assert_eq!(account(accounts, 1000), Some("ops"));
        assert_eq!([account(accounts, 7), account(accounts, 100)], [None, None]);
    }
}
