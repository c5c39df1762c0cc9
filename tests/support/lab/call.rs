//! Programs that the lab calls, and how it waits: everything with an end, and words when it was not good.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Where administrators' programs are, which an ordinary shell may not name.
pub const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A program of the system, with nothing to read.
pub fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    command.env("PATH", PATH).env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
    command
}

/// Runs a program to its good end; what it printed, or why it failed.
pub fn call<A: AsRef<OsStr>>(name: &str, arguments: impl IntoIterator<Item = A>) -> Result<String, String> {
    finish(program(name).args(arguments))
}

/// The same of a command that is put together.
pub fn finish(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|e| format!("{name} does not start: {e}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let told = String::from_utf8_lossy(&output.stderr);
    Err(format!("{name} failed ({}): {}", output.status, told.trim()))
}

/// Runs a program that reads this text.
pub fn feed(command: &mut Command, text: &[u8]) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|e| format!("{name} does not start: {e}"))?;
    // A program that fails early reads no more; its status says so.
    child.stdin.take().unwrap().write_all(text).ok();
    let output = child.wait_with_output().map_err(|e| format!("{name}: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{name} failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim()))
}

/// Whether a program is installed.
pub fn has(name: &str) -> bool {
    PATH.split(':').any(|folder| Path::new(folder).join(name).exists())
}

/// Looks until it is so; false when it was not within this time.
pub fn until(longest: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    while !is_so() {
        if began.elapsed() > longest {
            return false;
        }
        std::thread::sleep(Duration::from_millis(15));
    }
    true
}

/// A path as text; the lab's own are all of plain letters.
pub fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The names in a folder; none when it is not there.
pub fn names(folder: impl AsRef<Path>) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().filter_map(|e| e.file_name().into_string().ok()).collect()
}
