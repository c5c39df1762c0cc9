//! The evidence of one run in one folder: runbook, plan, journal, outputs, the lines of the audit log, and a list of
//! hashes that `sha256sum -c` reads. Copies; changes nothing of the run.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::chain::sha256;
use super::{Verdict, of_run, verify};
use crate::model::RunId;

/// The list of hashes.
const SUMS: &str = "SHA256SUMS";
/// Folders of a run's folder that are looked into.
const DEPTH: usize = 3;

/// Copies a run out of its folder (`STATE/runs/ID`) into a new folder `run-ID` of `to`, and gives its path.
pub fn export(run: &RunId, folder: &Path, log: &Path, to: &Path) -> io::Result<PathBuf> {
    let bundle = to.join(format!("run-{run}"));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(to)?;
    fs::DirBuilder::new().mode(0o700).create(&bundle)?;
    let mut sums = Vec::new();
    copy_all(folder, &bundle, "", DEPTH, &mut sums)?;
    add(&bundle, "audit.jsonl", of_run(log, run)?.as_bytes(), &mut sums)?;
    let chain = match verify(log)? {
        Verdict::Holds { lines, hash } => format!("the audit log holds: {lines} lines, the newest {hash}\n"),
        Verdict::Broken { line, why } => format!("the audit log does not hold: line {line}: {why}\n"),
    };
    add(&bundle, "chain.txt", chain.as_bytes(), &mut sums)?;
    sums.sort();
    let list = sums.iter().fold(String::new(), |list, (name, sum)| list + sum + "  " + name + "\n");
    write(&bundle.join(SUMS), list.as_bytes())?;
    Ok(bundle)
}

fn copy_all(from: &Path, bundle: &Path, under: &str, depth: usize, sums: &mut Vec<(String, String)>) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let name = format!("{under}{}", entry.file_name().to_string_lossy());
        // A link leads out of the run.
        if kind.is_dir() && depth > 0 {
            fs::DirBuilder::new().mode(0o700).create(bundle.join(&name))?;
            copy_all(&entry.path(), bundle, &format!("{name}/"), depth - 1, sums)?;
        } else if kind.is_file() {
            add(bundle, &name, &fs::read(entry.path())?, sums)?;
        }
    }
    Ok(())
}

fn add(bundle: &Path, name: &str, bytes: &[u8], sums: &mut Vec<(String, String)>) -> io::Result<()> {
    write(&bundle.join(name), bytes)?;
    sums.push((name.to_owned(), sha256(bytes)));
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::File::options().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
