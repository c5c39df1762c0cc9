//! Our side: a deck over the hosts, and runs of it planned, agreed to and driven as the command line does.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use quarterdeck::config::{self, Deck};
use quarterdeck::model::plan::HostName;
use quarterdeck::model::{EnvironmentId, Operator, Plan};
use quarterdeck::runner::execute::{RunEnd, RunHandle, Secrets};
use quarterdeck::runner::gate::{Consent, Given};
use quarterdeck::runner::helm::{Helm, Wanted};
use quarterdeck::runner::machine::Answers;
use quarterdeck::source::Surroundings;
use quarterdeck::store::Event;
use quarterdeck::transport::ssh::config::Sources;
use quarterdeck::transport::ssh::remote::Remote;
use tempfile::TempDir;

use crate::{Bench, Outcome};

/// The four steps, each trivial; the peer has the same.
pub const STEPS: [&str; 4] = ["true", "mkdir -p /tmp/qd-bench", "echo on >/tmp/qd-bench/on", "rm -rf /tmp/qd-bench"];

/// A console over a deck of these hosts. Dropped, its connections and files are gone.
pub struct Ours {
    pub surroundings: Surroundings,
    pub deck: Arc<Deck>,
    pub helm: Arc<Helm>,
    operator: Operator,
    _folder: TempDir,
}

/// A console that knows the hosts and is not connected yet; each has one runbook more than the last. Call it in a runtime.
pub fn console(bench: &Bench) -> Outcome<Ours> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let folder = tempfile::Builder::new().prefix("qd-acting-").tempdir()?;
    let path = write_deck(folder.path(), &bench.names())?;
    let loaded = config::load(&path);
    let is_good = !loaded.has_errors();
    let faults: Vec<String> = loaded.faults.iter().map(ToString::to_string).collect();
    let deck = loaded.deck.filter(|_| is_good).ok_or_else(|| faults.join("; "))?;
    let surroundings = Surroundings::with(Arc::new(jiff::Timestamp::now), Sources::only(&bench.config), None);
    let console = format!("desk-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let operator = Operator { name: "bench".into(), console: console.into() };
    let helm = Helm::open(surroundings.clone(), folder.path().join("state"), operator.clone(), false, false);
    Ok(Ours { surroundings, deck: Arc::new(deck), helm: Arc::new(helm), operator, _folder: folder })
}

fn write_deck(folder: &Path, names: &[String]) -> Outcome<PathBuf> {
    let mut text = String::from("name = \"acting\"\n[environments.bench]\ntier = \"development\"\n");
    for name in names {
        text.push_str(&format!("hosts.{name} = {{ ssh = \"{name}\" }}\n"));
    }
    let all: Vec<String> = names.iter().map(|n| format!("\"{n}\"")).collect();
    text.push_str(&format!(
        "services.all = {{ hosts = [{}], runbooks = [\"four\", \"flood\", \"first\", \"wait\"] }}\n",
        all.join(", ")
    ));
    text.push_str("services.one = { ");
    text.push_str(&format!("hosts = [{}], runbooks = [\"many\", \"wait\"] }}\n", all[0]));
    let step = |id: &str, limit: &str, script: &str| {
        format!(
            "## {id}\n\n```toml {{step}}\nirreversible = \"a trial\"\n```\n\n```sh {{id={id} timeout={limit}}}\n{script}\n```\n\n"
        )
    };
    let four: String = STEPS.iter().enumerate().map(|(at, script)| step(&format!("s{at}"), "1m", script)).collect();
    let many: String = (0..20).map(|at| step(&format!("s{at}"), "1m", "true")).collect();
    // Every line says when it was printed; all hosts share the clock of this machine.
    let flood = "i=0\nwhile [ $i -lt 100 ]; do\n    date +%s%N | awk '{ for (i = 0; i < 20; i++) print $1, \"a line of an application that logs\" }'\n    i=$((i + 1))\n    sleep 0.1\ndone";
    let first = "sleep 0.5\ndate +%s%N\nsleep 1";
    let wait = "trap 'date +%s%N; exit 0' TERM\necho ready\nwhile :; do sleep 0.01; done";
    let books = [
        ("four", four),
        ("many", many),
        ("flood", step("flood", "2m", flood)),
        ("first", step("first", "1m", first)),
        ("wait", step("wait", "2m", wait)),
    ];
    std::fs::create_dir(folder.join("runbooks"))?;
    for (name, steps) in books {
        std::fs::write(folder.join(format!("runbooks/{name}.md")), format!("# {name}\n\nA trial.\n\n{steps}"))?;
    }
    let path = folder.join("quarterdeck.toml");
    std::fs::write(&path, text)?;
    Ok(path)
}

impl Ours {
    /// Begins to connect, as `qd run` does before it plans.
    pub fn connect(&self) {
        self.surroundings.hosts.follow(self.deck.hosts());
        self.surroundings.hosts.ask_all();
    }

    /// The first host.
    pub fn first(&self) -> Outcome<Arc<Remote>> {
        let host = self.deck.hosts().next().ok_or("no host")?;
        Ok(self.surroundings.hosts.get(&host.id).ok_or("the host is not in the deck")?)
    }

    /// Makes a plan that may run.
    pub async fn plan(&self, service: &str, runbook: &str) -> Outcome<Arc<Plan>> {
        let service = EnvironmentId::new("bench").service(service);
        let wanted = Wanted { only: Vec::<HostName>::new(), ..Wanted::default() };
        let ask = self.helm.ask(&self.deck, &service, runbook, wanted).await?;
        let plan = self.helm.plan(&ask).await?;
        let unreached = plan.hosts.iter().find_map(|h| h.unreachable.as_ref().map(|why| format!("{}: {why}", h.name)));
        match (plan.blocked.first(), unreached) {
            (Some(why), _) => Err(why.to_string().into()),
            (None, Some(why)) => Err(why.into()),
            (None, None) => Ok(Arc::new(plan)),
        }
    }

    /// Agrees to a plan and starts it.
    pub async fn start(&self, plan: &Arc<Plan>) -> Outcome<RunHandle> {
        let consent = Consent {
            digest: plan.digest.clone(),
            by: Given::Enter,
            reason: Some("a trial".into()),
            operator: self.operator.clone(),
            break_glass: None,
            over_dirty: None,
        };
        let answers = Answers::Policy;
        Ok(self.helm.run(plan, &self.deck, Secrets::default(), consent, answers).await?)
    }

    /// Runs a plan to its good end and says how long that took.
    pub async fn run(&self, plan: &Arc<Plan>) -> Outcome<Duration> {
        let started = Instant::now();
        let end = to_end(self.start(plan).await?, |_| {}).await?;
        let took = started.elapsed();
        if end.status.is_good() { Ok(took) } else { Err(format!("the run ended with {end:?}").into()) }
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        self.surroundings.hosts.stop();
    }
}

/// Takes all news of a run until it is over.
pub async fn to_end(handle: RunHandle, mut each: impl FnMut(&Event)) -> Outcome<RunEnd> {
    // Orders stay open: a run that nobody holds is detached.
    let RunHandle { orders, mut news, end, .. } = handle;
    while let Some(event) = news.recv().await {
        each(&event);
    }
    drop(orders);
    Ok(end.await?)
}

/// A runtime as the console has it.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

/// Now, in nanoseconds.
pub fn now() -> i128 {
    jiff::Timestamp::now().as_nanosecond()
}
