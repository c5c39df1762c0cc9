//! A deck that changes while it is watched, with the real store, supervisor and an HTTP server: what is unchanged goes
//! on undisturbed, what is broken goes on as it was, what is gone disappears.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use quarterdeck::app::Now;
use quarterdeck::config::{self, Deck};
use quarterdeck::model::{EnvironmentId, Health, ServiceId};
use quarterdeck::source::{Supervisor, Surroundings};
use quarterdeck::store::{Event, Store};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use crate::{Folder, environment};

/// Answers every request with 200; its port and how many it answered.
async fn server() -> (u16, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let answered = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&answered);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 2048];
            if stream.read(&mut request).await.is_ok_and(|n| n > 0) {
                count.fetch_add(1, Ordering::SeqCst);
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
                stream.write_all(answer).await.ok();
            }
        }
    });
    (port, answered)
}

/// The parts of the console that a reload goes through.
struct Watched {
    now: Now,
    store: Store,
    deck: Option<Deck>,
    supervisor: Supervisor,
    events: mpsc::Receiver<Event>,
}

impl Watched {
    fn new() -> Self {
        let (outbox, events) = mpsc::channel(64);
        let now = Now::default();
        let clock = now.clone();
        let supervisor = Supervisor::new(Surroundings::new(Arc::new(move || clock.get())), outbox);
        Self { now, store: Store::default(), deck: None, supervisor, events }
    }

    /// Reads the deck as the console does.
    fn reload(&mut self, folder: &Folder) {
        let loaded = config::load(&folder.main());
        let newer = match (&self.deck, loaded.deck) {
            (Some(before), Some(newer)) => Some(before.succeeded_by(newer)),
            (before, newer) => newer.or_else(|| before.clone()),
        };
        let fleet = newer.as_ref().map(Deck::fleet).unwrap_or_default();
        self.store.apply(Event::FleetLoaded { fleet, faults: loaded.faults }, self.now.get());
        self.supervisor.follow(newer.as_ref().unwrap());
        self.deck = newer;
    }

    /// Takes facts in until the service has so many samples.
    async fn until(&mut self, service: &ServiceId, samples: usize) {
        let enough = async {
            while self.samples(service) < samples {
                let event = self.events.recv().await.unwrap();
                self.store.apply(event, self.now.get());
            }
        };
        tokio::time::timeout(Duration::from_secs(20), enough).await.expect("samples come in");
    }

    fn samples(&self, service: &ServiceId) -> usize {
        self.store.service(service).map_or(0, |s| s.probes()[0].series().len())
    }

    fn health(&self, service: &ServiceId) -> Option<Health> {
        self.store.service(service).map(|s| s.health(self.now.get()))
    }

    fn faults(&self, environment: &EnvironmentId) -> Option<usize> {
        self.store.environment(environment).map(|e| e.faults)
    }
}

#[tokio::test]
async fn a_reload_disturbs_only_what_changed() {
    let (port, answered) = server().await;
    let (qa, live) = (EnvironmentId::new("qa"), EnvironmentId::new("live"));
    let (qa_sales, live_sales) = (qa.service("sales"), live.service("sales"));
    let good = environment("qa", "staging", port);
    let folder = Folder::new(&[("quarterdeck.toml", &good)]);
    folder.write("environments/live.toml", environment("live", "production", port).split_once('\n').unwrap().1);
    let mut watched = Watched::new();
    watched.reload(&folder);
    watched.until(&qa_sales, 2).await;
    watched.until(&live_sales, 2).await;
    assert_eq!(watched.health(&qa_sales), Some(Health::Healthy));

    // One environment breaks: it goes on as it was, marked, with all its history; the other too.
    folder.write("quarterdeck.toml", good.replace("tier", "teir"));
    let before = (watched.samples(&qa_sales), watched.samples(&live_sales));
    watched.reload(&folder);
    assert_eq!((watched.faults(&qa), watched.faults(&live)), (Some(2), Some(0)));
    assert_eq!((watched.samples(&qa_sales), watched.samples(&live_sales)), before);
    watched.until(&qa_sales, before.0 + 2).await;

    // The whole file breaks: everything goes on.
    folder.write("quarterdeck.toml", "[environments.qa\n");
    watched.reload(&folder);
    assert_eq!(watched.store.faults().len(), 1);
    let going_on = watched.samples(&qa_sales);
    watched.until(&qa_sales, going_on + 2).await;
    watched.until(&live_sales, before.1 + 1).await;

    // Mended, with a service more: the old one keeps its history, the new one is looked at.
    let more = format!("{good}services.mail.probes.live = {{ tcp = \"127.0.0.1:{port}\" }}\n");
    folder.write("quarterdeck.toml", more);
    let before = watched.samples(&qa_sales);
    watched.reload(&folder);
    assert_eq!((watched.faults(&qa), watched.store.faults().len()), (Some(0), 0));
    assert_eq!(watched.samples(&qa_sales), before);
    watched.until(&qa.service("mail"), 1).await;

    // An environment is removed: it disappears, and nothing asks for it any more.
    std::fs::remove_file(folder.path().join("environments/live.toml")).unwrap();
    watched.reload(&folder);
    assert_eq!((watched.faults(&live), watched.health(&live_sales)), (None, None));
    watched.supervisor.stop();
    assert!(answered.load(Ordering::SeqCst) >= 7);
}
