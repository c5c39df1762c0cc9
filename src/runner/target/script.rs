//! The words that a job is started with: shell text over standard input that sets its script, its variables and what
//! reads it. They live in the memory of the supervisor; only the script comes to a file. Pure.

use secrecy::ExposeSecret;

use super::Job;
use crate::transport::ssh::script::quoted;

/// Shells that read what stands before a script: errexit, pipefail, and a `sudo` that never waits for a password.
const SHELLS: [&str; 8] = ["sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "yash"];

const SH: &str = "/bin/sh";
const BEFORE: &str = "set -e\n(set -o pipefail) 2>/dev/null && set -o pipefail\n";
const FREE: &str = "sudo() { command sudo -n \"$@\"; }\n";
const ASKED: &str = "sudo() { command sudo -A -p '' \"$@\"; }\n";
/// Prints what only the environment of the job holds.
const ASKPASS: &str = "#!/bin/sh\nprintf '%s\\n' \"$QD_SUDO_PASSWORD\"\n";

/// Why a job cannot be put into words.
pub(super) fn fault(job: &Job) -> Option<String> {
    if !is_task(&job.task) {
        return Some(format!("`{}` is no name for a task: letters, digits, `-`, `_` and `.` are", job.task));
    }
    if let Some((name, _)) = job.env.iter().find(|(name, _)| !is_variable(name)) {
        return Some(format!("`{name}` is no name for a variable"));
    }
    let texts = job.env.iter().map(|(_, value)| value).chain([&job.script]).chain(&job.cwd);
    texts.into_iter().any(|text| text.contains('\0')).then(|| "a text of the step holds a NUL byte".to_owned())
}

/// Whether a text can name a task.
pub(super) fn is_task(name: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    !name.is_empty() && name.len() <= 120 && !name.starts_with(['.', '-']) && name.bytes().all(good)
}

fn is_variable(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The words for a job; the mark at their end says that they came whole.
pub(super) fn words(job: &Job, mark: &str) -> String {
    let mut text = format!("script={}\ncwd={}\n", quoted(&job.script), quoted(job.cwd.as_deref().unwrap_or_default()));
    let (reader, is_shell) = reader(&job.script);
    let sudo = if job.sudo_password.is_some() { ASKED } else { FREE };
    let before = quoted(&format!("{BEFORE}{sudo}. \"$0\""));
    let leader = match reader.as_slice() {
        // The shell that is there already reads on.
        [sh] if sh == SH => format!(". {before}"),
        _ if is_shell => format!("{} -c {before} \"$task/script\"", quoted_all(&reader)),
        _ => format!("{} \"$task/script\"", quoted_all(&reader)),
    };
    text += &format!(
        "leader() {{\ndetach /bin/sh -c \"$leader_text\" \"$task/script\" \"$task\" \"$watch\" \"$starter\" \"$was\" \
         \"$cwd\" {leader}\n}}\nvariables() {{\n:\n"
    );
    if let Some(password) = &job.sudo_password {
        text += &format!(
            "SUDO_ASKPASS=$task/askpass QD_SUDO_PASSWORD={}\nexport SUDO_ASKPASS QD_SUDO_PASSWORD\n",
            quoted(password.expose_secret())
        );
    }
    for (name, value) in &job.env {
        text += &format!("{name}={}\nexport {name}\n", quoted(value));
    }
    let askpass = if job.sudo_password.is_some() { ASKPASS } else { "" };
    text + &format!("}}\naskpass={}\nwhole={mark}\n", quoted(askpass))
}

fn quoted_all(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// What reads a script, and whether it is a shell: its first line says so, or it is `sh`.
pub(super) fn reader(script: &str) -> (Vec<String>, bool) {
    let first = script.lines().next().and_then(|line| line.strip_prefix("#!"));
    let words: Vec<String> = first.unwrap_or(SH).split_whitespace().map(str::to_owned).collect();
    let base = |word: &str| word.rsplit('/').next().unwrap_or_default().to_owned();
    let mut names = words.iter().map(|word| base(word));
    let name = match names.next() {
        Some(name) if name == "env" => names.find(|n| !n.starts_with('-') && !n.contains('=')).unwrap_or_default(),
        Some(name) => name,
        None => return (vec![SH.to_owned()], true),
    };
    (words, SHELLS.contains(&name.as_str()))
}

/// A shell text that only looks, as an argument of what reads it.
pub(super) fn looking(script: &str) -> (Vec<String>, String) {
    let (mut words, is_shell) = reader(script);
    if !is_shell {
        words = vec![SH.to_owned()];
    }
    (words, format!("exec 2>&1 </dev/null\n{BEFORE}{FREE}{script}"))
}
