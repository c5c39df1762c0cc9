//! The conditions of `Match`: which of them hold for the host as far as it is known. Runs the command of `exec`, and only
//! when all before it holds; sets nothing.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::line::Word;
use super::note::{Place, shown};
use super::pattern::{host_matches, list_matches};
use super::reader::Reader;

/// How long a command of `exec` may take.
const EXEC_LIMIT: Duration = Duration::from_secs(2);

/// Those that take a value.
const VALUED: &[&str] = &[
    "host",
    "originalhost",
    "user",
    "localuser",
    "tagged",
    "exec",
    "localnetwork",
    "version",
    "command",
    "sessiontype",
];
const BARE: &[&str] = &["all", "final", "canonical"];

/// What is known of a line so far.
struct Trial {
    holds: bool,
    is_dormant: bool,
    /// Conditions that we cannot judge, told when all else holds.
    unjudged: Vec<(String, Place)>,
}

/// Whether all conditions of a line hold.
pub(super) fn hold(reader: &mut Reader<'_>, words: &[Word], place: &Place, is_dormant: bool) -> bool {
    let mut trial = Trial { holds: true, is_dormant, unjudged: Vec::new() };
    if let Err((what, help, column)) = judge(reader, words, place, &mut trial) {
        if trial.holds {
            reader.notes.fatal(&place.at(column), "Match", what, help);
        }
        return false;
    }
    if !trial.holds || is_dormant {
        return false;
    }
    for (name, place) in &trial.unjudged {
        let what = format!("`Match {name}` cannot be judged here, so its lines are not followed");
        reader.notes.tell(place, "Match", what, "use `host`, `originalhost`, `user`, `localuser` or `exec`");
    }
    trial.unjudged.is_empty()
}

type Wrong = (String, String, usize);

fn judge(reader: &mut Reader<'_>, words: &[Word], place: &Place, trial: &mut Trial) -> Result<(), Wrong> {
    let mut rest = words.iter();
    let mut before = 0;
    while let Some(word) = rest.next() {
        let (is_denied, written) = word.text.strip_prefix('!').map_or((false, &*word.text), |bare| (true, bare));
        let (name, inline) = match written.split_once('=') {
            Some((name, value)) if VALUED.iter().any(|v| v.eq_ignore_ascii_case(name)) => (name, Some(value)),
            _ => (written, None),
        };
        let name = name.to_ascii_lowercase();
        if name == "all" {
            if before > 1 || rest.next().is_some() {
                return Err((
                    "`all` stands beside other conditions".to_owned(),
                    "let it stand alone".to_owned(),
                    word.column,
                ));
            }
            trial.holds &= !is_denied;
            return Ok(());
        }
        before += 1;
        if name == "final" || name == "canonical" {
            reader.asks_final |= name == "final" && !is_denied;
            trial.holds &= reader.is_final != is_denied;
            continue;
        }
        if !VALUED.contains(&name.as_str()) {
            let what = format!("`{}` is no condition of `Match`", shown(&name));
            let help = crate::settings::word::hint(&name, VALUED.iter().chain(BARE).copied());
            return Err((what, help, word.column));
        }
        let missing = || {
            let what = format!("`{name}` has no value in `Match`");
            (what, format!("write `{name} VALUE`"), word.column)
        };
        let value = inline.or_else(|| rest.next().map(|w| w.text.as_str())).ok_or_else(missing)?;
        if value.is_empty() && name != "tagged" && name != "command" {
            return Err(missing());
        }
        let place = place.at(word.column);
        match judge_value(reader, &name, value, &place, trial) {
            Some(fits) => trial.holds &= fits != is_denied,
            // A command is not run for lines that will not be followed.
            None if name == "exec" => {}
            None => trial.unjudged.push((name, place)),
        }
    }
    Ok(())
}

/// Whether one condition holds; none when it cannot be judged here.
fn judge_value(reader: &mut Reader<'_>, name: &str, value: &str, place: &Place, trial: &mut Trial) -> Option<bool> {
    Some(match name {
        "host" => host_matches(&reader.known_host(), value),
        "originalhost" => host_matches(&reader.alias, value),
        "user" => list_matches(&reader.known_user(), value),
        "localuser" => list_matches(&reader.sources.local_user, value),
        "tagged" => match reader.chosen.word("Tag") {
            None | Some("") => value.is_empty(),
            Some(tag) => list_matches(tag, value),
        },
        "exec" => {
            if !trial.holds || trial.is_dormant || !trial.unjudged.is_empty() {
                return None;
            }
            let fits = exec(reader, value, place);
            if fits.is_none() {
                trial.holds = false;
            }
            fits.unwrap_or_default()
        }
        _ => return None,
    })
}

/// Whether a command ends well; none, and a note, when that is not known.
fn exec(reader: &mut Reader<'_>, command: &str, place: &Place) -> Option<bool> {
    let wrong = match reader.tokens().fill_command(command) {
        Err(error) => error.to_string(),
        Ok(command) => match run(&command) {
            Ok(Some(ends_well)) => return Some(ends_well),
            Ok(None) => format!("it took longer than {} s", EXEC_LIMIT.as_secs()),
            Err(error) => error.to_string(),
        },
    };
    let what = format!("the command of `Match exec` gives no answer: {wrong}");
    reader.notes.fatal(place, "Match", what, "mend the command or use another condition");
    None
}

/// Runs a command; none when it took too long and was ended.
fn run(command: &str) -> std::io::Result<Option<bool>> {
    let mut child = Command::new("/bin/sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Its own group, so that what it started ends with it.
        .process_group(0)
        .spawn()?;
    let pid = Pid::from_child(&child);
    let (ended, wait) = sync_channel(1);
    std::thread::spawn(move || {
        // It only looks: the process stays until it is waited for below, so its number cannot become another's.
        let end = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        ended.send(end.is_ok()).ok();
    });
    let in_time = wait.recv_timeout(EXEC_LIMIT).is_ok();
    if !in_time {
        end(&child);
    }
    let status = child.wait()?;
    Ok(in_time.then(|| status.success()))
}

fn end(child: &Child) {
    // An error means that it is gone already.
    kill_process_group(Pid::from_child(child), Signal::KILL).ok();
}
