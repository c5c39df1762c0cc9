//! A deck as one would write it, watched by the real supervisor over a real nginx, PostgreSQL and certificates: each
//! change outside is told within about an interval, with its reason, and so is the return.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use jiff::ToSpan;
use jiff::tz::TimeZone;
use quarterdeck::app::Now;
use quarterdeck::config;
use quarterdeck::model::{EnvironmentId, Health};
use quarterdeck::source::{Supervisor, Surroundings};
use quarterdeck::store::snapshot::explain;
use quarterdeck::store::{Event, Store};
use rustix::process::Signal;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::certificates::{Authority, Day};
use crate::support::postgres::Postgres;
use crate::support::{Server, free_port, write};

/// The console without its screen.
struct Watch {
    store: Store,
    events: mpsc::Receiver<Event>,
    clock: Now,
    _supervisor: Supervisor,
}

impl Watch {
    fn start(deck: &str) -> Self {
        let loaded = config::parse(Path::new("quarterdeck.toml"), deck);
        assert!(loaded.faults.is_empty(), "{:?}", loaded.faults);
        let deck = loaded.deck.unwrap();
        let clock = Now::default();
        let (outbox, events) = mpsc::channel(64);
        let telling = clock.clone();
        let mut supervisor = Supervisor::new(Surroundings::new(Arc::new(move || telling.get())), outbox);
        let mut store = Store::default();
        store.apply(Event::FleetLoaded { fleet: deck.fleet(), faults: Vec::new() }, clock.get());
        supervisor.follow(&deck);
        Self { store, events, clock, _supervisor: supervisor }
    }

    /// Waits until a service is as said, for a reason that holds these words; tells how long it took.
    async fn until(&mut self, service: &str, health: Health, words: &str) {
        let id = EnvironmentId::new("lab").service(service);
        let started = Instant::now();
        loop {
            let now = self.clock.get();
            let state = self.store.service(&id).unwrap();
            let why = explain(&self.store, state, now).unwrap_or_default();
            if state.health(now) == health && why.contains(words) {
                println!("{service} {} after {:.1} s: {why}", health.word(), started.elapsed().as_secs_f64());
                return;
            }
            let seen =
                format!("{service} is {} for `{why}`, not {} for `{words}`", state.health(now).word(), health.word());
            assert!(started.elapsed() < Duration::from_secs(20), "{seen}");
            if let Ok(Some(event)) = tokio::time::timeout(Duration::from_millis(100), self.events.recv()).await {
                self.store.apply(event, self.clock.get());
            }
        }
    }
}

struct Nginx {
    server: Option<Server>,
    port: u16,
    body: String,
}

impl Nginx {
    async fn go(&mut self) {
        let folder = Server::folder();
        let config = format!(
            "daemon off; master_process off; pid nginx.pid; error_log error.log; events {{}}
             http {{ access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3;
             uwsgi_temp_path t4; scgi_temp_path t5; {} }}",
            self.body.replace("PORT", &self.port.to_string())
        );
        write(folder.path(), "nginx.conf", config);
        let mut command = Command::new("nginx");
        let prefix = format!("{}/", folder.path().display());
        command.args(["-e", "error.log", "-p", &prefix, "-c", "nginx.conf"]);
        self.server = Some(Server::start(folder, &mut command, self.port).await);
    }
}

const WELL: &str = "server { listen 127.0.0.1:PORT; location / { return 200 'Healthy'; } }";
/// The first byte comes at once and the rest at ten bytes a second.
const SLOW: &str =
    "server { listen 127.0.0.1:PORT; root .; location / { limit_rate 10; try_files /nginx.conf =404; } }";
const BROKEN: &str = "server { listen 127.0.0.1:PORT; location / { return 503 'no workers left'; } }";

#[tokio::test(flavor = "multi_thread")]
async fn an_nginx_that_stops_hangs_slows_down_or_breaks_is_told_with_the_reason_and_so_is_its_return() {
    let mut nginx = Nginx { server: None, port: free_port(), body: WELL.into() };
    nginx.go().await;
    let probe = format!("{{ http = \"http://127.0.0.1:{}/\", every = \"2s\", timeout = \"1s\" }}", nginx.port);
    let mut watch =
        Watch::start(&format!("[environments.lab]\ntier = \"development\"\nservices.web.probes.live = {probe}\n"));
    watch.until("web", Health::Healthy, "").await;

    nginx.server = None;
    watch.until("web", Health::Unhealthy, "connection refused on 127.0.0.1").await;
    nginx.go().await;
    watch.until("web", Health::Healthy, "").await;

    nginx.server.as_ref().unwrap().signal("STOP");
    watch.until("web", Health::Unhealthy, "no answer within 1s").await;
    nginx.server.as_ref().unwrap().signal("CONT");
    watch.until("web", Health::Healthy, "").await;

    for (body, health, words) in [(BROKEN, Health::Unhealthy, "503"), (SLOW, Health::Unhealthy, "within 1s")] {
        nginx.server = None;
        nginx.body = body.into();
        nginx.go().await;
        watch.until("web", health, words).await;
    }
    nginx.server = None;
    nginx.body = WELL.into();
    nginx.go().await;
    watch.until("web", Health::Healthy, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_stops_or_hangs_is_told_and_so_is_its_return() {
    let server = Postgres::start();
    let probe = format!(
        "{{ postgres = \"postgresql://app@127.0.0.1:{}/app\", role = \"primary\", every = \"2s\", timeout = \"1s\" }}",
        server.port
    );
    let mut watch =
        Watch::start(&format!("[environments.lab]\ntier = \"development\"\nservices.db.probes.sql = {probe}\n"));
    watch.until("db", Health::Healthy, "").await;
    server.stop();
    watch.until("db", Health::Unhealthy, "connection refused").await;
    server.go();
    watch.until("db", Health::Healthy, "").await;
    server.signal(Signal::STOP);
    watch.until("db", Health::Unhealthy, "within 1s").await;
    server.signal(Signal::CONT);
    watch.until("db", Health::Healthy, "").await;
}

/// The day so many days from today.
fn day(from_today: i64) -> Day {
    let day = Now::default().get().to_zoned(TimeZone::UTC).date().checked_add(from_today.days()).unwrap();
    (day.year().into(), day.month().unsigned_abs(), day.day().unsigned_abs())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_nears_its_end_and_passes_it_is_told_and_so_is_its_renewal() {
    let root = Authority::root("Lab Root");
    let folder = Server::folder();
    let ca = write(folder.path(), "ca.pem", &root.pem);
    let present = |to: Day| {
        let chain = root.server(&["localhost", "127.0.0.1"], day(-60), to, &[]);
        let certificate = write(folder.path(), "server.pem", &chain.pem);
        let key = write(folder.path(), "server.key", chain.key.serialize_pem());
        format!(
            "server {{ listen 127.0.0.1:PORT ssl; ssl_certificate {}; ssl_certificate_key {}; location / {{ return 200; }} }}",
            certificate.display(),
            key.display()
        )
    };
    let mut nginx = Nginx { server: None, port: free_port(), body: present(day(90)) };
    nginx.go().await;
    let probe = format!(
        "{{ tls = \"127.0.0.1:{}\", ca = \"{}\", degraded = \"21d\", fail = \"3d\", every = \"2s\", timeout = \"1s\" }}",
        nginx.port,
        ca.display()
    );
    let mut watch =
        Watch::start(&format!("[environments.lab]\ntier = \"development\"\nservices.web.probes.cert = {probe}\n"));
    watch.until("web", Health::Healthy, "").await;
    let turns = [
        (day(8), Health::Degraded, "certificate expires in"),
        (day(-1), Health::Unhealthy, "certificate expired"),
        (day(90), Health::Healthy, ""),
    ];
    for (to, health, words) in turns {
        nginx.server = None;
        nginx.body = present(to);
        nginx.go().await;
        watch.until("web", health, words).await;
    }
}
