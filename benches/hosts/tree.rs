//! A tree of files to an empty place on a host, against rsync.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

use quarterdeck::runner::Permit;
use quarterdeck::transport::Transport;

use crate::ours::{Ours, runtime};
use crate::peers;
use crate::table::{Peer, median, millis, row, versus};
use crate::{Bench, Outcome};

/// Files, then the bytes of each: many small ones, some of a megabyte's third, a few large ones.
const SIZES: [(usize, usize); 3] = [(1700, 8_000), (280, 300_000), (20, 10_000_000)];
const LINKS: usize = 40;
const FOLDERS: usize = 50;
const ROUNDS: usize = 3;

/// Both, to the third host.
pub fn measure(bench: &Bench) -> Outcome<()> {
    let host = &bench.hosts[2];
    let tree = bench.lab.folder().join("tree");
    grow(&tree)?;
    let (mut ours, mut peer, mut absent) = (Vec::new(), Vec::new(), None);
    let runtime = runtime()?;
    for round in 0..ROUNDS {
        ours.push(runtime.block_on(copy(bench, host.name(), &tree, "/home/ops/ours"))?);
        match peers::timed(&mut peers::rsync(&bench.config, &tree, host.name(), "/home/ops/theirs")) {
            Ok(time) => peer.push(time),
            Err(why) => absent = Some(why.to_string()),
        }
        if round == 0 && absent.is_none() {
            host.must("diff -r --no-dereference /home/ops/ours /home/ops/theirs");
        }
        host.must("rm -rf /home/ops/ours /home/ops/theirs");
    }
    let peer = absent.map_or_else(|| Peer::Took(median(&mut peer)), Peer::Absent);
    let files: usize = SIZES.iter().map(|(count, _)| count).sum();
    let megabytes = SIZES.iter().map(|(count, size)| count * size).sum::<usize>() as f64 / 1e6;
    let what = format!("a tree of {files} files, {LINKS} links, {megabytes:.0} MB; rsync -a");
    versus(&what, median(&mut ours), &peer, "within 1.5 x", 1.5);
    let single = tree.join("large");
    fs::write(&single, noise(300_000_000))?;
    let took = runtime.block_on(copy(bench, host.name(), &single, "/home/ops/large"))?;
    row("one file of 300 MB", &millis(took), "", None);
    Ok(fs::remove_dir_all(tree)?)
}

async fn copy(bench: &Bench, host: &str, from: &Path, to: &str) -> Outcome<Duration> {
    let ours = Ours::connect(&bench.config, &[host.to_owned()]);
    // The peer connects anew for it, and so does a copy; that the host is watched already is no part of it.
    ours.all_true().await?;
    let started = Instant::now();
    ours.remotes[0].copy(&Permit::for_trial(), from, to).await?;
    Ok(started.elapsed())
}

fn grow(tree: &Path) -> Outcome<()> {
    let folder = |at: usize| tree.join(format!("part-{}/folder-{at}", at % 5));
    for at in 0..FOLDERS {
        fs::create_dir_all(folder(at))?;
    }
    let noise = noise(10_000_000);
    let sizes = SIZES.iter().flat_map(|(count, size)| std::iter::repeat_n(*size, *count));
    for (at, size) in sizes.enumerate() {
        fs::write(folder(at % FOLDERS).join(format!("file-{at}")), &noise[..size])?;
    }
    for at in 0..LINKS {
        symlink(format!("file-{at}"), folder(at % FOLDERS).join(format!("link-{at}")))?;
    }
    Ok(())
}

/// Bytes that no tool can make fewer.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut bytes: Vec<u8> = std::iter::repeat_with(next).take(count / 8 + 1).flat_map(u64::to_le_bytes).collect();
    bytes.truncate(count);
    bytes
}
