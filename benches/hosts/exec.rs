//! Commands over one live connection: how long one takes, many at once, and whether one that hangs, floods or is read
//! slowly holds up the others.

use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use quarterdeck::transport::dial::Way;
use quarterdeck::transport::ssh::remote::Remote;
use quarterdeck::transport::{Argv, Exit, Follow, Part, Transport};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::ours::{Ours, run, runtime};
use crate::peers::Master;
use crate::table::{Peer, at, median, millis, row, versus};
use crate::{Bench, Outcome};

/// Commands that count for a middle or a p99.
const COMMANDS: usize = 200;
/// Commands at once.
const AT_ONCE: usize = 50;
/// How much longer the others may take beside one that is difficult.
const DELAY: Duration = Duration::from_millis(50);
/// What a stream prints.
const STREAM: usize = 200_000_000;

/// All of it, on the first two hosts.
pub fn measure(bench: &Bench) -> Outcome<()> {
    let names: Vec<String> = bench.names().into_iter().take(2).collect();
    let wide = &bench.hosts[1];
    // The second one allows more sessions than sshd does by itself.
    wide.must("echo 'MaxSessions 100' >/etc/ssh/sshd_config.d/wide.conf && systemctl restart ssh");
    let masters = [
        Master::connect(&bench.config, &bench.lab.folder(), &names[0])?,
        Master::connect(&bench.config, &bench.lab.folder(), &names[1])?,
    ];
    runtime()?.block_on(async {
        let ours = Ours::connect(&bench.config, &names);
        ours.all_true().await?;
        single(&ours.remotes[0], &masters[0]).await?;
        many(&ours.remotes[0], &ours.remotes[1], &masters[1]).await?;
        beside(&ours.remotes[0]).await?;
        peer_beside(&masters[0])
    })
}

async fn single(remote: &Remote, master: &Master) -> Outcome<()> {
    let (mut ours, mut peer) = (Vec::new(), Vec::new());
    while ours.len() < COMMANDS {
        for _ in 0..20 {
            ours.push(run(remote, "true", &[]).await?);
        }
        for _ in 0..20 {
            peer.push(crate::peers::timed(&mut master.run("true"))?);
        }
    }
    let (own, their) = (median(&mut ours), Peer::Took(median(&mut peer)));
    versus("`true` on a live connection, median of 200; ssh -S", own, &their, "within 3 x", 3.0);
    Ok(())
}

async fn many(narrow: &Remote, wide: &Remote, master: &Master) -> Outcome<()> {
    for (remote, sessions) in [(narrow, 10), (wide, 100)] {
        let mut took = Vec::new();
        for _ in 0..5 {
            let started = Instant::now();
            let ran = join_all((0..AT_ONCE).map(|_| run(remote, "sleep", &["0.2"]))).await;
            ran.into_iter().collect::<Outcome<Vec<_>>>()?;
            took.push(started.elapsed());
        }
        let own = median(&mut took);
        let what = format!("{AT_ONCE} x `sleep 0.2` at once, MaxSessions {sessions}");
        if sessions < AT_ONCE {
            let waves = AT_ONCE.div_ceil(sessions) as f64;
            row(&what, &millis(own), &format!("(at best {:.1} s)", waves * 0.2), None);
            continue;
        }
        let mut peer = Vec::new();
        for _ in 0..3 {
            let started = Instant::now();
            let children: Vec<_> = (0..AT_ONCE).map(|_| master.run("sleep 0.2").spawn()).collect();
            for child in children {
                child?.wait()?;
            }
            peer.push(started.elapsed());
        }
        versus(&format!("{what}; {AT_ONCE} ssh -S"), own, &Peer::Took(median(&mut peer)), "", f64::MAX);
    }
    Ok(())
}

/// The p99 of commands one after the other, alone and then beside each difficult one.
async fn beside(remote: &Arc<Remote>) -> Outcome<()> {
    let alone = p99(remote).await?;
    row("p99 of `true`, alone", &millis(alone), "", None);
    let told = |what: &str, with: Duration| {
        let kept = with.saturating_sub(alone) <= DELAY;
        row(&format!("p99 of `true` beside {what}"), &millis(with), "50 ms more", Some(kept));
    };
    let hung = [
        follow(remote, "sleep", &["1000"]).await?,
        follow(remote, "sh", &["-c", "yes | head -c 99M; sleep 99"]).await?,
    ];
    told("one that says nothing and one that nobody reads", p99(remote).await?);
    drop(hung);
    let onward = {
        let remote = Arc::clone(remote);
        // Nobody has this address, which the host finds out after seconds.
        let open = async move { remote.open("10.255.255.1", 9).await.map(drop).is_ok() };
        tokio::spawn(open)
    };
    told("a forward that is not answered", p99(remote).await?);
    onward.abort();
    let stream = streaming(remote, Duration::ZERO);
    told("a stream that is read as fast as it comes", p99(remote).await?);
    stream.abort();
    let slow = streaming(remote, Duration::from_millis(50));
    told("a stream that is read slowly", p99(remote).await?);
    slow.abort();
    sleep(Duration::from_secs(2)).await;
    let started = Instant::now();
    drain(follow(remote, "head", &["-c", &STREAM.to_string(), "/dev/zero"]).await?, Duration::ZERO).await?;
    let rate = STREAM as f64 / 1e6 / started.elapsed().as_secs_f64();
    row("a stream of 200 MB, read as fast as it comes", &format!("{rate:.0} MB/s"), "", None);
    Ok(())
}

/// The same of OpenSSH's own client, to tell what this machine can do at all.
fn peer_beside(master: &Master) -> Outcome<()> {
    let p99 = || -> Outcome<Duration> {
        let mut took = Vec::new();
        for _ in 0..COMMANDS {
            took.push(crate::peers::timed(&mut master.run("true"))?);
        }
        Ok(at(&mut took, 0.99))
    };
    row("for comparison: p99 of `ssh -S true`, alone", &millis(p99()?), "", None);
    let mut stream = master.run("cat /dev/zero").stdout(Stdio::null()).spawn()?;
    let with = p99();
    stream.kill()?;
    stream.wait()?;
    row("for comparison: p99 of `ssh -S true` beside a stream", &millis(with?), "", None);
    Ok(())
}

async fn p99(remote: &Remote) -> Outcome<Duration> {
    let mut took = Vec::new();
    for _ in 0..COMMANDS {
        took.push(run(remote, "true", &[]).await?);
    }
    Ok(at(&mut took, 0.99))
}

async fn follow(remote: &Remote, program: &str, arguments: &[&str]) -> Outcome<Box<dyn Follow>> {
    Ok(remote.follow(&Argv::new(program, arguments.iter().copied()), Duration::from_secs(10)).await?)
}

/// Streams again and again until it is ended.
fn streaming(remote: &Arc<Remote>, pause: Duration) -> JoinHandle<()> {
    let remote = Arc::clone(remote);
    tokio::spawn(async move {
        loop {
            let Ok(stream) = follow(&remote, "head", &["-c", &STREAM.to_string(), "/dev/zero"]).await else { return };
            if drain(stream, pause).await.is_err() {
                return;
            }
        }
    })
}

async fn drain(mut stream: Box<dyn Follow>, pause: Duration) -> Result<(), String> {
    let mut count = 0;
    loop {
        match stream.next().await {
            Part::Out(bytes) => count += bytes.len(),
            Part::Err(_) => {}
            Part::End(Exit::Code(0)) if count == STREAM => return Ok(()),
            Part::End(exit) => return Err(format!("{count} of {STREAM} bytes came, then {exit:?}")),
        }
        if !pause.is_zero() {
            sleep(pause).await;
        }
    }
}
