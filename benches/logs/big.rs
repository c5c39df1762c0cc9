//! A file of a gigabyte: until its last screen is there, and until all of it can be searched within the bound of memory,
//! beside the time that `lnav` takes for the same file.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use quarterdeck::log::LogStore;
use quarterdeck::source::logs::Wanted;

use super::ear::{follow, here, runtime, store, take};
use super::peers::{LNAV, once};
use super::{LINES, Outcome, ROLE, json, median, ms};

/// Times a million lines of 131 bytes.
const MILLIONS: usize = 8;
const SCREEN: u64 = 1000;

/// The other process: reads the file, and knows what memory that took.
pub fn read(file: &str) -> Outcome<()> {
    let runtime = runtime()?;
    let mut screens = Vec::new();
    for _ in 0..5 {
        let wanted = Wanted { lines: Some(SCREEN), since: None, follow: true };
        let began = Instant::now();
        let lines = runtime.block_on(hold(file, wanted))?;
        screens.push(began.elapsed());
        assert_eq!(lines, SCREEN as usize);
    }
    println!("last {SCREEN} lines    {:>8.1} ms (budget 100)", ms(median(screens)));
    let began = Instant::now();
    let lines = runtime.block_on(hold(file, Wanted { lines: None, since: None, follow: false }))?;
    let whole = began.elapsed();
    assert_eq!(lines, MILLIONS * LINES);
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or(" unknown");
    println!(
        "all searchable     {:>8.1} ms  {:.2} M lines/s, peak of memory {}",
        ms(whole),
        lines as f64 / whole.as_secs_f64() / 1e6,
        peak.trim()
    );
    let began = Instant::now();
    if once("lnav", LNAV, Path::new(file)).is_some() {
        let theirs = began.elapsed();
        let ratio = whole.as_secs_f64() / theirs.as_secs_f64();
        println!("    lnav   {:>8.1} ms   ours / lnav {ratio:.2} (budget 1.2)", ms(theirs));
    }
    Ok(())
}

async fn hold(file: &str, wanted: Wanted) -> Outcome<usize> {
    let (mut lines, source) = store(LogStore::USUAL);
    let mut inbox = follow(Path::new(file), None, wanted, &here());
    let mut count = 0;
    while let Some(news) = inbox.recv().await {
        let (more, is_all) = take(news, &mut lines, source);
        count += more;
        if wanted.follow && is_all {
            break;
        }
    }
    assert!(lines.memory() <= LogStore::USUAL, "{} are held", lines.memory());
    Ok(count)
}

/// Measures it.
pub fn measure() -> Outcome<()> {
    let folder = tempfile::Builder::new().prefix("quarterdeck-bench-").tempdir()?;
    let room = rustix::fs::statvfs(folder.path())?;
    if room.f_bavail.saturating_mul(room.f_frsize) < 4 << 30 {
        println!("there is no room for a gigabyte in {}", folder.path().display());
        return Ok(());
    }
    let path = folder.path().join("big.json");
    let mut file = File::create(&path)?;
    for million in 0..MILLIONS {
        file.write_all(&json(million * LINES)?)?;
    }
    drop(file);
    println!("{:.2} GB, {MILLIONS} million lines", std::fs::metadata(&path)?.len() as f64 / 1e9);
    let role = format!("read {}", path.display());
    let status = Command::new(std::env::current_exe()?).env(ROLE, role).status()?;
    if status.success() { Ok(()) } else { Err("the reading process failed".into()) }
}
