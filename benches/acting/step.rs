//! What supervision costs one step on one host over a live connection: by the target alone, and by a whole run.

use std::time::{Duration, Instant};

use quarterdeck::model::RunId;
use quarterdeck::runner::Permit;
use quarterdeck::runner::target::{Following, Job, News, Target};
use quarterdeck::transport::{Argv, Limits, Transport};
use tokio::runtime::Runtime;

use crate::ours::console;
use crate::table::{median, millis, row};
use crate::{Bench, Outcome};

/// Commands that count.
const COMMANDS: usize = 60;
const LIMITS: Limits = Limits { timeout: Duration::from_mins(1), most_bytes: 1 << 16 };
/// What a step may cost beyond a plain command.
const GOAL: Duration = Duration::from_millis(100);
/// Steps of the runbook `many`.
const MANY: u32 = 20;

/// Plain, supervised, and in a run.
pub fn measure(bench: &Bench, runtime: &Runtime) -> Outcome<()> {
    runtime.block_on(async {
        let ours = console(bench)?;
        ours.connect();
        let plan = ours.plan("one", "many").await?;
        let remote = ours.first()?;
        let target = Target::new("host-1".into(), remote.clone(), None);
        let (mut plain, mut supervised) = (Vec::new(), Vec::new());
        for number in 0..COMMANDS {
            let started = Instant::now();
            remote.read(&Argv::new("true", [""; 0]), LIMITS).await?;
            plain.push(started.elapsed());
            let started = Instant::now();
            let job = job(number);
            ended(&mut *target.start(&Permit::for_trial(), &job).await?).await?;
            supervised.push(started.elapsed());
        }
        let (plain, supervised) = (median(&mut plain), median(&mut supervised));
        row("`true` on a live connection", &millis(plain), "", None);
        let more = supervised.saturating_sub(plain);
        row("a supervised `true`: so much more", &millis(more), "100 ms", Some(more < GOAL));
        ours.run(&plan).await?;
        let mut runs = Vec::new();
        for _ in 0..5 {
            runs.push(ours.run(&plan).await?);
        }
        let whole = median(&mut runs);
        row(&format!("a run of {MANY} steps `true` on one host"), &millis(whole), "", None);
        let more = (whole / MANY).saturating_sub(plain);
        row("  for each step so much more, lock, journal and audit in it", &millis(more), "100 ms", Some(more < GOAL));
        Ok(())
    })
}

fn job(number: usize) -> Job {
    Job {
        run: RunId::new(jiff::Timestamp::UNIX_EPOCH, 7),
        task: format!("true-{number}"),
        script: "true".into(),
        env: Vec::new(),
        cwd: None,
        sudo_password: None,
        timeout: Duration::from_mins(1),
        grace: Duration::from_secs(1),
        fence: None,
        keeps_lock: false,
    }
}

async fn ended(following: &mut dyn Following) -> Outcome<()> {
    loop {
        match following.next().await {
            News::Ended(ended) if ended.code == 0 => return Ok(()),
            News::Started(_) | News::Output(..) => {}
            other => return Err(format!("{other:?}").into()),
        }
    }
}
