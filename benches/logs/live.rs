//! Twenty thousand lines a second from eight files that are followed: what that costs this process, and what the shells and
//! tails cost that it runs, beside a plain `tail -F` of the same files.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use quarterdeck::log::LogStore;
use quarterdeck::source::logs::Wanted;
use tokio::sync::mpsc;

use super::ear::{follow, here, runtime, take};
use super::{Outcome, ROLE};

const FILES: usize = 8;
/// Lines that each file gets at a time, a hundred times a second.
const AT_ONCE: usize = 25;
const SECONDS: u64 = 10;

fn path(folder: &Path, n: usize) -> PathBuf {
    folder.join(format!("s{n}.log"))
}

/// The other process: writes for a while.
pub fn write(folder: &Path) -> Outcome<()> {
    let mut files: Vec<File> =
        (0..FILES).map(|n| File::options().append(true).open(path(folder, n))).collect::<Result<_, _>>()?;
    let began = Instant::now();
    for turn in 0..SECONDS * 100 {
        for (n, file) in files.iter_mut().enumerate() {
            let at = jiff::Timestamp::now();
            let line = |i: usize| {
                let pad = "x".repeat(40);
                format!(
                    "{{\"time\":\"{at:.3}\",\"level\":\"info\",\"msg\":\"answered\",\"order\":{i},\"service\":{n},\"pad\":\"{pad}\"}}\n"
                )
            };
            let text: String = (0..AT_ONCE).map(line).collect();
            file.write_all(text.as_bytes())?;
        }
        std::thread::sleep((began + Duration::from_millis(10 * (turn + 1))).saturating_duration_since(Instant::now()));
    }
    Ok(())
}

/// Processor time of a process so far, in seconds; `USER_HZ` is 100 on Linux.
fn spent(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<f64> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().filter_map(|w| w.parse().ok()).collect();
    // The state is no number: the fields begin with the parent. Own time, and that of children which have ended.
    (10..14).filter_map(|at| fields.get(at)).sum::<f64>() / 100.0
}

/// Its own alone.
fn own(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<f64> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().filter_map(|w| w.parse().ok()).collect();
    (10..12).filter_map(|at| fields.get(at)).sum::<f64>() / 100.0
}

/// All processes below one.
fn below(pid: u32) -> f64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let children = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let pids: Vec<u32> =
        children.flat_map(|c| c.split_whitespace().filter_map(|p| p.parse().ok()).collect::<Vec<_>>()).collect();
    pids.into_iter().map(|child| spent(child) + below(child)).sum()
}

/// Measures it.
pub fn measure() -> Outcome<()> {
    let folder = tempfile::Builder::new().prefix("quarterdeck-bench-").tempdir()?;
    for n in 0..FILES {
        File::create(path(folder.path(), n))?;
    }
    let lines = runtime()?.block_on(ours(folder.path()))?;
    assert_eq!(lines, FILES * AT_ONCE * 100 * SECONDS as usize, "every line once");
    tails(folder.path())
}

async fn ours(folder: &Path) -> Outcome<usize> {
    let around = here();
    let mut store = LogStore::default();
    let (merged, mut inbox) = mpsc::channel(64);
    for n in 0..FILES {
        let source = store.add(TimeZone::UTC);
        let wanted = Wanted { lines: Some(0), since: None, follow: true };
        let (mut news, merged) = (follow(&path(folder, n), None, wanted, &around), merged.clone());
        tokio::spawn(async move {
            while let Some(news) = news.recv().await {
                if merged.send((source, news)).await.is_err() {
                    return;
                }
            }
        });
    }
    let mut live = 0;
    while live < FILES {
        let (source, news) = inbox.recv().await.ok_or("the sources ended")?;
        live += usize::from(take(news, &mut store, source).1);
    }
    let (pid, began) = (std::process::id(), Instant::now());
    let (mine, theirs) = (own(pid), below(pid));
    let mut writer = Command::new(std::env::current_exe()?).env(ROLE, format!("write {}", folder.display())).spawn()?;
    let (mut lines, wanted) = (0, FILES * AT_ONCE * 100 * SECONDS as usize);
    while lines < wanted {
        let (source, news) = tokio::time::timeout(Duration::from_secs(20), inbox.recv()).await?.ok_or("they ended")?;
        lines += take(news, &mut store, source).0;
    }
    let (took, mine, theirs) = (began.elapsed().as_secs_f64(), own(pid) - mine, below(pid) - theirs);
    let wrote = spent(writer.id());
    writer.wait()?;
    println!("{lines} lines of {FILES} files in {took:.1} s, {:.0} a second", lines as f64 / took);
    println!("  this process       {:>8.1} % of a core (budget 25)", mine / took * 100.0);
    println!("  its shells, tails  {:>8.1} % of a core", (theirs - wrote).max(0.0) / took * 100.0);
    Ok(lines)
}

fn tails(folder: &Path) -> Outcome<()> {
    let files = (0..FILES).map(|n| path(folder, n));
    let mut tail = Command::new("tail");
    let Ok(mut tail) = tail.args(["-n", "0", "-F"]).args(files).stdout(Stdio::null()).spawn() else {
        println!("    tail is not installed");
        return Ok(());
    };
    std::thread::sleep(Duration::from_millis(300));
    let began = Instant::now();
    Command::new(std::env::current_exe()?).env(ROLE, format!("write {}", folder.display())).status()?;
    println!("    tail -F          {:>8.1} % of a core", spent(tail.id()) / began.elapsed().as_secs_f64() * 100.0);
    tail.kill()?;
    tail.wait()?;
    Ok(())
}
