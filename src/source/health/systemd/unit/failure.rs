//! Why a unit failed, in words: from `Result`, `ExecMainCode` and `ExecMainStatus`. Source: systemd.service(5) for the
//! results, systemd.exec(5) "Process exit codes" for 200 to 245. Never decides whether it failed.

use super::Unit;
use crate::source::health::command::signal;

/// `nginx.service failed: exit code 1, after 4 restarts`.
pub fn reason(unit: &Unit, name: &str) -> String {
    let restarts = unit.number("NRestarts").filter(|n| *n > 0);
    let after = restarts.map(|n| format!(", after {}", restarts_word(n))).unwrap_or_default();
    if unit.word("Result") == "start-limit-hit" {
        let hint = format!("`systemctl reset-failed {name}` lets it start again");
        return format!("{name} was restarted too often and systemd gave up{after}; {hint}");
    }
    format!("{name} failed: {}{after}", cause(unit))
}

/// `nginx.service is in a crash loop: exit code 1, restarted 7 times`.
pub fn crash_loop(unit: &Unit, name: &str) -> String {
    let restarts = unit.number("NRestarts").filter(|n| *n > 0);
    let so_far = restarts.map(|n| format!(", restarted {} so far", times(n))).unwrap_or_default();
    format!("{name} is in a crash loop: {}{so_far}", cause(unit))
}

/// `once`, `4 times`.
pub fn times(count: u64) -> String {
    if count == 1 { "once".into() } else { format!("{count} times") }
}

fn restarts_word(count: u64) -> String {
    if count == 1 { "1 restart".into() } else { format!("{count} restarts") }
}

fn cause(unit: &Unit) -> String {
    let status = unit.number("ExecMainStatus").and_then(|n| i32::try_from(n).ok());
    match (unit.word("Result"), status) {
        ("oom-kill", _) => "killed by the kernel, out of memory".into(),
        // With the first version of control groups systemd is not told of a kill for want of memory.
        ("signal", Some(9)) => "killed by signal 9, perhaps out of memory".into(),
        ("signal", Some(number)) => format!("killed by {}", signal::name(number)),
        ("core-dump", Some(number)) => format!("crashed with {} and left a core dump", signal::name(number)),
        ("exit-code", Some(code)) => exit_code(code),
        ("timeout", _) => "a start or stop took too long (time-out)".into(),
        ("watchdog", _) => "it stopped answering systemd's watchdog".into(),
        ("protocol", _) => "it did not start as its unit says (protocol); check Type= and PIDFile=".into(),
        ("resources", _) => "systemd lacked a resource to start it".into(),
        ("start-limit-hit", _) => "restarted too often".into(),
        // The main process ends well and is started again: Restart=always around a program that does not stay.
        ("success", Some(code)) if unit.word("ExecMainCode") == "1" => {
            format!("it ended by itself with exit code {code}")
        }
        ("" | "success", _) => "no cause is recorded".into(),
        (other, Some(status)) => format!("{other}, status {status}"),
        (other, None) => other.to_owned(),
    }
}

/// Codes from 200 on are systemd's own: the program never ran.
fn exit_code(code: i32) -> String {
    let why = match code {
        200 => "its working folder is missing",
        201 | 202 => "its process settings were refused",
        203 => "its program could not be run",
        208 => "its standard input could not be set up",
        209 => "its standard output could not be set up",
        216 => "its group is not known",
        217 => "its user is not known",
        218 => "its capabilities were refused",
        219 => "its control group could not be set up",
        226 => "its file system view (namespace) could not be set up",
        238 => "its state folder could not be made",
        240 => "its log folder could not be made",
        243 => "its credentials could not be read",
        _ => return format!("exit code {code}"),
    };
    format!("exit code {code}, {why}")
}
