//! Other tools on the same file.

use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::{ms, timed};

/// How long another tool takes on the file, if it is there.
pub fn other(tool: &str, arguments: &[&str], file: &Path) -> Option<Duration> {
    let run = || {
        let mut command = Command::new(tool);
        command.args(arguments).arg(file).env("LC_ALL", "C").stdin(Stdio::null());
        // Into a pipe: grep stops at the first match when its output goes nowhere.
        command.stdout(Stdio::piped()).stderr(Stdio::null()).output().ok()
    };
    run()?;
    Some(timed(|| {
        black_box(run());
    }))
}

/// Prints how long another tool takes.
pub fn beside(tool: &str, arguments: &[&str], file: &Path, ours: Duration) {
    match other(tool, arguments, file) {
        Some(time) => {
            println!(
                "    {tool:<6} {:>8.1} ms   ours / {tool} {:.2}",
                ms(time),
                ours.as_secs_f64() / time.as_secs_f64()
            );
        }
        None => println!("    {tool} is not installed"),
    }
}
