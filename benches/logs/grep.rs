//! `qd logs --grep` on a file beside `rg` and `grep`: whole processes, from their start to the last line in a pipe.

use std::hint::black_box;
use std::process::{Command, Stdio};

use super::peers::beside;
use super::{Outcome, json, ms, timed};

/// Measures it.
pub fn measure() -> Outcome<()> {
    let folder = tempfile::Builder::new().prefix("quarterdeck-bench-").tempdir()?;
    let file = folder.path().join("app.log");
    std::fs::write(&file, json(0)?)?;
    let deck = folder.path().join("quarterdeck.toml");
    std::fs::write(
        &deck,
        format!("[environments.b]\ntier = \"development\"\nlogs.app = {{ file = {:?} }}\n", file.display().to_string()),
    )?;
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qd"));
        command.arg("--deck").arg(&deck).args(arguments).env("HOME", folder.path()).stdin(Stdio::null());
        command.env_remove("QUARTERDECK_DECK").stdout(Stdio::piped()).stderr(Stdio::inherit()).output()
    };
    let start = timed(|| drop(black_box(run(&["logs"]))));
    println!("132 MB; `qd logs` alone, the list of logs, {:.1} ms", ms(start));
    for text in ["timed out", "Timed out|timed out", r#"order":\d+77\d3,"#, "nowhere"] {
        let found = run(&["logs", "b:app", "--grep", text])?;
        if !found.status.success() {
            return Err(format!("qd logs ended with {}", found.status).into());
        }
        let ours = timed(|| drop(black_box(run(&["logs", "b:app", "--grep", text]))));
        let lines = memchr::memchr_iter(b'\n', &found.stdout).count();
        println!("--grep {text:<20} {:>8.1} ms (budget 2 x rg), {lines} lines", ms(ours));
        let any_case = text.chars().all(|c| !c.is_uppercase());
        let case = if any_case { "-i" } else { "-s" };
        beside("rg", &["--no-config", case, "-e", text], &file, ours);
        beside("grep", &[if any_case { "-i" } else { "-h" }, "-P", "-e", text], &file, ours);
    }
    Ok(())
}
