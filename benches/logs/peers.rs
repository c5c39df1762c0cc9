//! Other tools on the same file.

use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use super::{ms, timed};

/// How `lnav` indexes a file without a screen; with other commands it prints all of it.
pub const LNAV: &[&str] = &["-n", "-c", ";SELECT count(*) FROM all_logs"];

/// Runs another tool on the file, if it is there.
pub fn once(tool: &str, arguments: &[&str], file: &Path) -> Option<Output> {
    let mut command = Command::new(tool);
    command.args(arguments).arg(file).env("LC_ALL", "C").stdin(Stdio::null());
    // Into a pipe: grep stops at the first match when its output goes nowhere.
    command.stdout(Stdio::piped()).stderr(Stdio::null()).output().ok()
}

/// Prints how long another tool takes.
pub fn beside(tool: &str, arguments: &[&str], file: &Path, ours: Duration) {
    match once(tool, arguments, file) {
        Some(_) => {
            let time = timed(|| drop(black_box(once(tool, arguments, file))));
            println!(
                "    {tool:<6} {:>8.1} ms   ours / {tool} {:.2}",
                ms(time),
                ours.as_secs_f64() / time.as_secs_f64()
            );
        }
        None => println!("    {tool} is not installed"),
    }
}
