//! What supervision costs on a connection that is open, and how soon a line is seen.

use std::time::{Duration, Instant};

use quarterdeck::runner::Permit;
use quarterdeck::runner::target::News;
use quarterdeck::transport::Transport;

use crate::desk::{Desk, Entry, LIMITS, live, sh};
use crate::sshd::Sshd;
use crate::{job, run, target};

fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervised_step_costs_little_more_than_a_plain_command() {
    let server = Sshd::start(&[]);
    let desk = Desk::with(vec![Entry::of("vps", &server)]);
    let remote = desk.host("vps");
    live(&remote).await;
    let target = target(remote.clone(), None);
    let (mut plain, mut supervised, mut printing) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..20 {
        let began = Instant::now();
        remote.read(&sh("true"), LIMITS).await.unwrap();
        plain.push(began.elapsed());
        let began = Instant::now();
        assert_eq!(run(&target, &job(&format!("true-{n}"), "true")).await.1.code, 0);
        supervised.push(began.elapsed());
        let began = Instant::now();
        assert_eq!(run(&target, &job(&format!("echo-{n}"), "echo on")).await.0, "on\n");
        printing.push(began.elapsed());
    }
    let (plain, supervised, printing) = (middle(plain), middle(supervised), middle(printing));
    eprintln!("plain {plain:?}, supervised {supervised:?}, with a line of output {printing:?}");
    // Other tests run at the same time, so this is the goal with room above it.
    assert!(supervised < plain + Duration::from_millis(400), "plain {plain:?}, supervised {supervised:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_is_seen_soon_after_it_is_printed() {
    let server = Sshd::start(&[]);
    let desk = Desk::with(vec![Entry::of("vps", &server)]);
    let remote = desk.host("vps");
    live(&remote).await;
    let target = target(remote, None);
    let script = "for i in 1 2 3 4 5 6 7 8 9; do sleep 0.2; date +%s%N; done";
    let mut following = target.start(&Permit::for_trial(), &job("date-1", script)).await.unwrap();
    let mut late = Vec::new();
    loop {
        match following.next().await {
            News::Output(_, bytes) => {
                let printed: i128 = String::from_utf8(bytes).unwrap().trim().parse().unwrap();
                let gap = jiff::Timestamp::now().as_nanosecond() - printed;
                late.push(Duration::from_nanos(u64::try_from(gap).unwrap_or(0)));
            }
            News::Started(_) => {}
            other => break assert!(matches!(other, News::Ended(_)), "{other:?}"),
        }
    }
    assert_eq!(late.len(), 9);
    let late = middle(late);
    eprintln!("a line is seen after {late:?}");
    assert!(late < Duration::from_millis(100), "{late:?}");
}
