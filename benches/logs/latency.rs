//! How long a line takes from the file on a host to whoever follows it over SSH, beside `ssh … tail -F`: a real sshd on
//! loopback, fifty lines a second.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use quarterdeck::model::LogNews;
use quarterdeck::source::logs::Wanted;

use super::desk::{Desk, Entry, id};
use super::ear::{follow, runtime};
use super::sshd::Sshd;
use super::{Outcome, ms};

const COUNT: usize = 600;
const PAUSE: Duration = Duration::from_millis(20);

/// Writes the lines, each with the nanoseconds since the beginning.
fn write(file: PathBuf, began: Instant) -> std::thread::JoinHandle<std::io::Result<()>> {
    std::thread::spawn(move || {
        let mut file = std::fs::File::options().append(true).open(file)?;
        for n in 0..COUNT {
            std::thread::sleep(PAUSE);
            let line = format!(
                "{n} {} a line of an ordinary length that says that something was answered\n",
                began.elapsed().as_nanos()
            );
            file.write_all(line.as_bytes())?;
        }
        Ok(())
    })
}

/// How long ago a line says that it was written.
fn age(line: &str, began: Instant) -> Option<Duration> {
    let nanos = line.split(' ').nth(1)?.parse().ok()?;
    began.elapsed().checked_sub(Duration::from_nanos(nanos))
}

fn print(name: &str, mut ages: Vec<Duration>) {
    ages.sort_unstable();
    let at = |part: usize| ages.get(ages.len() * part / 100).copied().unwrap_or_default();
    println!("{name:<18} p50 {:>7.1} ms   p99 {:>7.1} ms   of {} lines", ms(at(50)), ms(at(99)), ages.len());
}

/// Measures it.
pub fn measure() -> Outcome<()> {
    let server = Sshd::start(&[]);
    let file = server.folder().join("app.log");
    std::fs::write(&file, "")?;
    print("ours (p99 150)", runtime()?.block_on(ours(&server, &file))?);
    print("    ssh … tail -F", theirs(&server, &file)?);
    Ok(())
}

async fn ours(server: &Sshd, file: &Path) -> Outcome<Vec<Duration>> {
    let desk = Desk::with(vec![Entry::of("a", server)]);
    desk.follow(&["a"]);
    let wanted = Wanted { lines: Some(0), since: None, follow: true };
    let mut inbox = follow(file, Some(id("a")), wanted, &desk.around);
    loop {
        let news = inbox.recv().await.ok_or("the source ended")?;
        if matches!(news, LogNews::State(quarterdeck::model::LogState::Live, _)) {
            break;
        }
    }
    let began = Instant::now();
    let writer = write(file.to_owned(), began);
    let mut ages = Vec::new();
    while ages.len() < COUNT {
        let news = tokio::time::timeout(Duration::from_secs(20), inbox.recv()).await?.ok_or("the source ended")?;
        if let LogNews::Lines(lines) = news {
            ages.extend(lines.iter().filter_map(|line| age(&String::from_utf8_lossy(&line.bytes), began)));
        }
    }
    writer.join().map_err(|_| "the writer broke")??;
    Ok(ages)
}

fn theirs(server: &Sshd, file: &Path) -> Outcome<Vec<Duration>> {
    let mut child =
        server.ssh().arg(format!("echo; tail -n 0 -F {}", file.display())).stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
    lines.next();
    std::thread::sleep(Duration::from_millis(500));
    let began = Instant::now();
    let writer = write(file.to_owned(), began);
    let ages = lines.take(COUNT).map_while(Result::ok).filter_map(|line| age(&line, began)).collect();
    writer.join().map_err(|_| "the writer broke")??;
    child.kill()?;
    child.wait()?;
    Ok(ages)
}
