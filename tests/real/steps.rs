//! Steps that are no processes, against real servers: a PostgreSQL, an HTTP server that keeps what it was sent, and probes
//! of a deck that change while they are waited for.
#![allow(clippy::disallowed_methods, reason = "tests measure real waits by the real clock")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use quarterdeck::config::Deck;
use quarterdeck::config::acting::Policy;
use quarterdeck::model::runbook::{Action, Checked, HttpCall, On, RunbookKind, SqlCall, Step, Until, Wait};
use quarterdeck::model::{EnvironmentId, Level, Operator, Plan, RunId, Tier};
use quarterdeck::runner::gate::{Consent, Gate, Given};
use quarterdeck::runner::plan::digest;
use quarterdeck::runner::step::{Setting, StepEnd, http, notify, sql, wait};
use quarterdeck::source::Surroundings;
use quarterdeck::transport::ssh::config::Sources;
use tokio_util::sync::CancellationToken;

use crate::support::postgres::Postgres;
use crate::support::{folder, secret, write};

/// A console with an empty deck, and what steps said.
struct Bench {
    folder: tempfile::TempDir,
    around: Surroundings,
    deck: Deck,
    values: BTreeMap<String, String>,
    stop: CancellationToken,
    said: RwLock<Vec<String>>,
}

fn plan() -> Plan {
    let mut plan = Plan {
        schema: Plan::SCHEMA,
        digest: String::new(),
        made_at: "2026-06-15T12:00:00Z".parse().unwrap(),
        runbook: "deploy".into(),
        title: "Deploy".into(),
        kind: RunbookKind::Deploy,
        runbook_hash: "00".into(),
        target: EnvironmentId::new("place").service("sales"),
        resumes: None,
        tier: Tier::Development,
        level: Level::Enter,
        raised_by: Vec::new(),
        inputs: Vec::new(),
        values: BTreeMap::new(),
        hosts: Vec::new(),
        batches: Vec::new(),
        batching: None,
        lock: None,
        steps: Vec::new(),
        require: Vec::new(),
        release: None,
        on_failure: None,
        not_undone: Vec::new(),
        blocked: Vec::new(),
        warnings: Vec::new(),
        estimate: None,
    };
    plan.digest = digest(&plan);
    plan
}

fn step(action: Action) -> Step {
    Step {
        id: "one".into(),
        title: "One".into(),
        line: 1,
        action,
        on: On::Local,
        timeout: Duration::from_secs(20),
        grace: Duration::from_secs(1),
        retries: 0,
        idempotent: false,
        verify: None,
        undo: None,
        irreversible: None,
        danger: false,
        uninterruptible: None,
        sudo: false,
        looks: false,
        when: None,
        always: false,
        at_once: None,
    }
}

impl Bench {
    fn new() -> Self {
        Self::with("")
    }

    fn with(probes: &str) -> Self {
        let folder = folder();
        let deck =
            format!("[environments.place]\ntier = \"development\"\n[environments.place.services.sales]\n{probes}");
        let deck = deck.replace("FOLDER", folder.path().to_str().unwrap());
        let loaded = quarterdeck::config::load(&write(folder.path(), "quarterdeck.toml", deck));
        let deck = loaded.deck.unwrap_or_else(|| panic!("{:?}", loaded.faults));
        let clock: quarterdeck::source::Clock = Arc::new(|| "2026-06-15T12:00:00Z".parse().unwrap());
        let around = Surroundings::with(clock, Sources::only(folder.path().join("none")), None);
        let values = BTreeMap::new();
        Self { folder, around, deck, values, stop: CancellationToken::new(), said: RwLock::default() }
    }

    async fn run(&self, step: Step) -> StepEnd {
        let plan = plan();
        let policy = Policy {
            tier: Tier::Development,
            level: Level::Enter,
            peak: Vec::new(),
            timezone: jiff::tz::TimeZone::UTC,
            state: None,
        };
        let consent = Consent {
            digest: plan.digest.clone(),
            by: Given::Enter,
            reason: None,
            operator: Operator::default(),
            break_glass: None,
            over_dirty: None,
        };
        let permit = Gate::default().admit(&plan, &policy, &consent, plan.made_at).unwrap();
        let say = |line: &str| self.said.write().unwrap().push(line.to_owned());
        let setting = Setting {
            surroundings: &self.around,
            deck: &self.deck,
            permit: &permit,
            plan: &plan,
            run: &RunId::parse("20261120-140451-7c1f").unwrap(),
            step: &step,
            host: &"local".into(),
            values: &self.values,
            stop: &self.stop,
            say: &say,
        };
        match &step.action {
            Action::Http(_) => http::run(&setting).await,
            Action::Sql(_) => sql::run(&setting).await,
            Action::Wait(_) => wait::run(&setting).await,
            _ => notify::run(&setting).await,
        }
    }

    fn stop_after(&self, millis: u64) {
        let stop = self.stop.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            stop.cancel();
        });
    }

    fn said(&self) -> Vec<String> {
        self.said.read().unwrap().clone()
    }
}

/// Keeps requests; answers with these statuses in turn, the last repeated. 0 keeps silent.
struct Sink {
    port: u16,
    got: Arc<RwLock<Vec<String>>>,
}

impl Sink {
    fn start(statuses: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let got: Arc<RwLock<Vec<String>>> = Arc::default();
        let (kept, statuses) = (Arc::clone(&got), statuses.to_vec());
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let (mut text, mut length) = (String::new(), 0);
                while reader.read_line(&mut text).is_ok_and(|n| n > 2) {
                    let line = text.lines().last().unwrap_or_default().to_lowercase();
                    length = line.strip_prefix("content-length: ").map_or(length, |n| n.parse().unwrap());
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                text.push_str(&String::from_utf8(body).unwrap());
                kept.write().unwrap().push(text);
                let turn = kept.read().unwrap().len() - 1;
                let status = statuses.get(turn).or(statuses.last()).copied().unwrap();
                if status == 0 {
                    std::thread::sleep(Duration::from_secs(5));
                    continue;
                }
                write!(stream, "HTTP/1.1 {status} Said\r\nContent-Length: 7\r\nConnection: close\r\n\r\nready 1").ok();
            }
        });
        Self { port, got }
    }

    fn call(&self, method: &str) -> HttpCall {
        HttpCall {
            method: method.into(),
            url: format!("http://127.0.0.1:{}/admin?x=1", self.port),
            headers: BTreeMap::new(),
            body: None,
            status: Vec::new(),
            expect: None,
        }
    }

    fn got(&self) -> Vec<String> {
        self.got.read().unwrap().clone()
    }
}

fn failed(end: StepEnd) -> String {
    match end {
        StepEnd::Failed(why) => why.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_brings_its_body_and_its_secret_and_judges_the_answer() {
    let (bench, sink) = (Bench::new(), Sink::start(&[200]));
    let token = secret(bench.folder.path(), "token", "tok-123456");
    let token = token.trim_start_matches("password = ").trim_matches('"').to_owned();
    let headers = [("Authorization".to_owned(), format!("Bearer {token}"))].into();
    let call =
        HttpCall { headers, body: Some("{\"a\":1}".into()), expect: Some("^ready \\d".into()), ..sink.call("POST") };
    let end = bench.run(step(Action::Http(call.clone()))).await;
    assert_eq!(end, StepEnd::Ok { exit: Some(200) });
    let got = sink.got().remove(0);
    assert!(got.starts_with("POST /admin?x=1 HTTP/1.1\r\n") && got.ends_with("\r\n{\"a\":1}"), "{got}");
    assert!(got.to_lowercase().contains("authorization: bearer tok-123456\r\n"), "{got}");
    assert!(got.to_lowercase().contains("content-type: application/json"), "{got}");
    assert!(bench.said().iter().any(|l| l == "ready 1") && !bench.said().concat().contains("tok-123456"));
    let other = HttpCall { status: vec![201, 204], ..call.clone() };
    let why = failed(bench.run(step(Action::Http(other))).await);
    assert!(why.ends_with("answered 200 OK, not 201 or 204"), "{why}");
    let other = HttpCall { expect: Some("^done$".into()), ..call };
    let why = failed(bench.run(step(Action::Http(other))).await);
    assert!(why.ends_with("does not match ^done$"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_was_sent_and_not_answered_is_unknown_unless_it_only_asks() {
    let sink = Sink::start(&[0]);
    for (method, wanted_unknown) in [("POST", true), ("GET", false)] {
        let bench = Bench::new();
        bench.stop_after(400);
        let end = bench.run(step(Action::Http(sink.call(method)))).await;
        assert_eq!(matches!(end, StepEnd::Unknown(_)), wanted_unknown, "{method}: {end:?}");
    }
    let closed = HttpCall { url: "http://127.0.0.1:1/".into(), ..sink.call("POST") };
    let why = failed(Bench::new().run(step(Action::Http(closed))).await);
    assert_eq!(why, "connection refused on 127.0.0.1:1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_is_tried_again_and_its_failure_is_told_but_ends_no_run() {
    let (bench, sink) = (Bench::new(), Sink::start(&[503, 200]));
    let to = format!("http://127.0.0.1:{}/hook/s3cret-path", sink.port);
    let tell = |to: &str, slack| Action::Notify { to: to.into(), slack, text: "sales v2 is out".into() };
    assert_eq!(bench.run(step(tell(&to, true))).await, StepEnd::Ok { exit: None });
    assert_eq!(sink.got().len(), 2);
    assert!(sink.got()[1].ends_with("{\"text\":\"sales v2 is out\"}"), "{:?}", sink.got());
    bench.run(step(tell(&to, false))).await;
    let event: serde_json::Value = serde_json::from_str(sink.got()[2].split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!((event["service"].as_str(), event["run"].as_str()), (Some("sales"), Some("20261120-140451-7c1f")));
    let dead = Sink::start(&[404]);
    let to = format!("http://127.0.0.1:{}/hook/s3cret-path", dead.port);
    assert_eq!(bench.run(step(tell(&to, true))).await, StepEnd::Ok { exit: None });
    assert_eq!(dead.got().len(), 1, "no second try for what is wrong");
    assert!(
        bench.said().iter().any(|l| l == "nobody was told: 127.0.0.1 answered 404 Not Found"),
        "{:?}",
        bench.said()
    );
    let matters = Step { retries: 1, ..step(tell(&to, true)) };
    assert_eq!(failed(bench.run(matters).await), "127.0.0.1 answered 404 Not Found");
    assert!(!bench.said().concat().contains("s3cret-path"), "the address of a webhook is its password");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_gets_inputs_as_parameters_and_writes_only_where_it_says_so() {
    let server = Postgres::start();
    let mut bench = Bench::new();
    bench.values.insert("version".into(), "v1'; drop table t; --".into());
    bench.values.insert("number".into(), "7".into());
    let call = |statement: &str, writes, expect: Option<&str>| {
        let url = format!("postgresql://app@127.0.0.1:{}/app?sslmode=disable", server.port);
        let expect = expect.map(ToOwned::to_owned);
        step(Action::Sql(SqlCall { url, password: None, statement: statement.into(), writes, expect }))
    };
    let ok = StepEnd::Ok { exit: None };
    let create = call("create table t (n int, v text); create table u ()", true, None);
    assert_eq!(bench.run(create).await, ok, "several statements without parameters");
    assert_eq!(bench.run(call("insert into t values (:number, :version)", true, None)).await, ok);
    let look = "select v, n from t where n = :number and v = :version";
    assert_eq!(bench.run(call(look, false, Some("drop table"))).await, ok);
    assert!(bench.said().contains(&"v1'; drop table t; --\t7".to_owned()), "{:?}", bench.said());
    let why = failed(bench.run(call("delete from t where n = :number", false, None)).await);
    assert!(why.contains("cannot execute DELETE in a read-only transaction"), "{why}");
    assert_eq!(bench.run(call("select count(*) from t", false, Some("^1$"))).await, ok);
    let why = failed(bench.run(call("select count(*) from t where n > :number", false, Some("^1$"))).await);
    assert_eq!(why, "its first column is `0`; it should match ^1$");
    let why = failed(bench.run(call("select :nubmer", false, None)).await);
    assert_eq!(why, "`:nubmer` in the statement is not known; did you mean `number`?");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_is_ended_is_cancelled_on_the_server_and_one_that_is_cut_off_is_unknown() {
    let server = Postgres::start();
    server.sql("create table t (n int)");
    let call = |statement: &str| {
        let url = format!("postgresql://app@127.0.0.1:{}/postgres?sslmode=disable", server.port);
        step(Action::Sql(SqlCall { url, password: None, statement: statement.into(), writes: true, expect: None }))
    };
    let bench = Bench::new();
    bench.stop_after(500);
    let began = std::time::Instant::now();
    let end = bench.run(call("insert into t select 1 from pg_sleep(15)")).await;
    assert_eq!(end, StepEnd::Cancelled);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let bench = Bench::new();
    let empty = SqlCall {
        url: format!("postgresql://app@127.0.0.1:{}/postgres?sslmode=disable", server.port),
        password: None,
        statement: "select count(*) from t".into(),
        writes: false,
        expect: Some("^0$".into()),
    };
    assert_eq!(bench.run(step(Action::Sql(empty))).await, StepEnd::Ok { exit: None });
    let cut = call("select pg_sleep(10)");
    let (end, ()) = tokio::join!(bench.run(cut), async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        tokio::task::block_in_place(|| server.stop());
    });
    // The server says that it goes down, or the line is cut without a word.
    assert!(matches!(end, StepEnd::Unknown(_) | StepEnd::Failed(_)), "{end:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_says_what_is_missing_and_ends_as_soon_as_it_has_held() {
    let bench = Bench::with("probes.ready = { file = \"FOLDER/ready\" }\n");
    let wait = |what, hold: u64| {
        let is = if matches!(what, Checked::Probe(_)) { "pass" } else { "healthy" };
        step(Action::Wait(Wait { until: vec![Until { what, is: is.into(), hold: Duration::from_millis(hold) }] }))
    };
    let path = bench.folder.path().join("ready");
    let began = std::time::Instant::now();
    let (end, ()) = tokio::join!(bench.run(wait(Checked::Probe("ready".into()), 1500)), async {
        tokio::time::sleep(Duration::from_millis(600)).await;
        std::fs::write(&path, "yes").unwrap();
    });
    let took = began.elapsed();
    assert_eq!(end, StepEnd::Ok { exit: None });
    assert!((2000..6000).contains(&took.as_millis()), "{took:?}");
    let said = bench.said();
    assert!(said[0].starts_with("waiting: probe ready is fail, not pass"), "{said:?}");
    assert!(said[1].starts_with("waiting: probe ready is pass, to hold for 1.5s"), "{said:?}");
    assert_eq!(bench.run(wait(Checked::Health(None), 0)).await, StepEnd::Ok { exit: None });
    bench.stop_after(300);
    assert_eq!(bench.run(wait(Checked::Probe("none".into()), 0)).await, StepEnd::Cancelled);
    assert!(bench.said().last().unwrap().contains("place/sales has no probe none"), "{:?}", bench.said());
}
