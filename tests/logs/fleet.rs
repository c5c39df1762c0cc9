//! Many logs of several hosts at once, over real sshds, while links are lost and files change under the reader.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use quarterdeck::model::LogState;
use quarterdeck::source::logs::Wanted;
use tokio::time::Instant;

use crate::desk::{Desk, Entry, becomes, id, live, said};
use crate::ear::{Ear, FOLLOWED, file, folder, write};
use crate::sshd::{Sshd, Wire};

/// Twelve services that write a line each every few milliseconds until they are dropped.
struct Writers {
    folder: tempfile::TempDir,
    written: Arc<AtomicUsize>,
    stop: Arc<AtomicUsize>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Writers {
    fn start() -> Self {
        let folder = folder();
        let (written, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (root, count, over) = (folder.path().to_owned(), Arc::clone(&written), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            while over.load(Ordering::SeqCst) == 0 {
                let n = count.load(Ordering::SeqCst) + 1;
                (0..12).for_each(|service| write(&path(&root, service), format!("s{service} {n}\n")));
                count.store(n, Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(4));
            }
        });
        Self { folder, written, stop, thread: Some(thread) }
    }

    fn path(&self, service: usize) -> PathBuf {
        path(self.folder.path(), service)
    }

    /// How many lines each has written in all.
    fn stop(&mut self) -> usize {
        self.stop.store(1, Ordering::SeqCst);
        self.thread.take().unwrap().join().unwrap();
        self.written.load(Ordering::SeqCst)
    }
}

impl Drop for Writers {
    fn drop(&mut self) {
        self.stop.store(1, Ordering::SeqCst);
    }
}

/// What is done to a file while nobody looks.
type Deed = fn(&Path);

fn path(root: &Path, service: usize) -> PathBuf {
    root.join(format!("s{service}.log"))
}

fn entry(name: &str, server: &Sshd, wire: &Wire) -> Entry {
    Entry::behind(name, server, wire.place()).with("ServerAliveInterval 1").with("ServerAliveCountMax 2")
}

#[tokio::test(flavor = "multi_thread")]
async fn twelve_services_on_two_hosts_come_whole_through_a_cut_link_a_rotation_and_a_cut_file() {
    let servers = [Sshd::start(&[]), Sshd::start(&[])];
    let wires = [Wire::to(servers[0].place()), Wire::to(servers[1].place())];
    let desk = Desk::with(vec![entry("a", &servers[0], &wires[0]), entry("b", &servers[1], &wires[1])]);
    desk.follow(&["a", "b"]);
    let mut writers = Writers::start();
    let ear = |service: usize| {
        let host = if service < 6 { "a" } else { "b" };
        Ear::to(file(&writers.path(service)), Some(id(host)), FOLLOWED, &desk.around)
    };
    let mut ears: Vec<Ear> = (0..12).map(ear).collect();
    for ear in &mut ears {
        ear.live().await;
    }
    // A file that is cut is to be shorter than it was for longer than a look takes on a busy machine.
    for ear in &mut ears {
        ear.during(Duration::from_millis(250)).await;
    }
    wires[0].cut();
    std::fs::File::create(writers.path(7)).unwrap();
    let rotate =
        |service: usize, to: &str| std::fs::rename(writers.path(service), writers.path(service).with_extension(to));
    rotate(9, "log.1").unwrap();
    // Twice while nobody looks.
    rotate(0, "log.2").unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    rotate(0, "log.1").unwrap();
    for ear in &mut ears[..6] {
        ear.until(|e| matches!(e.states.last(), Some(LogState::Silent(_) | LogState::Lost(_)))).await;
        ear.until(|e| matches!(e.states.last(), Some(LogState::Lost(_)))).await;
    }
    wires[0].close();
    wires[0].mend();
    for ear in &mut ears {
        ear.live().await;
    }
    wires[1].close();
    for ear in &mut ears {
        ear.during(Duration::from_millis(60)).await;
    }
    let last = writers.stop();
    for (service, ear) in ears.iter_mut().enumerate() {
        ear.line(&format!("s{service} {last}")).await;
        if service == 7 {
            let numbers: Vec<usize> = ear.lines.iter().map(|l| l[3..].parse().unwrap()).collect();
            let jumps = numbers.windows(2).filter(|w| w[1] != w[0] + 1).count();
            assert!(numbers.is_sorted() && numbers[0] == 1 && jumps <= 1, "{jumps} jumps");
            assert!(ear.gaps.iter().any(|g| g.contains("cut")), "{:?}", ear.gaps);
        } else {
            ear.has_all(&format!("s{service}"), 1, last);
            assert!(ear.gaps.is_empty(), "s{service}: {:?}", ear.gaps);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_gone_on_with_after_a_lost_link_is_a_gap_and_says_why() {
    let server = Sshd::start(&[]);
    let wire = Wire::to(server.place());
    let desk = Desk::with(vec![entry("a", &server, &wire)]);
    desk.follow(&["a"]);
    let folder = folder();
    let deeds: [(&str, Deed, &str); 4] = [
        // Kept under another name, as a new file may get the number of one that is gone.
        ("removed", |p| std::fs::rename(p, p.with_extension("gone")).unwrap(), "is not there any more"),
        ("cut", |p| drop(std::fs::File::create(p).unwrap()), "cut or replaced while nobody was looking"),
        ("anew", |p| std::fs::write(p, "x".repeat(900) + "\n").unwrap(), "written anew while nobody was looking"),
        ("same", |_| {}, ""),
    ];
    let of = |name: &str| folder.path().join(format!("{name}.log"));
    let mut ears = Vec::new();
    for (name, ..) in deeds {
        (1..=20).for_each(|n| write(&of(name), format!("before {n}\n")));
        let mut ear = Ear::to(file(&of(name)), Some(id("a")), Wanted { lines: Some(5), ..FOLLOWED }, &desk.around);
        ear.live().await;
        ears.push(ear);
    }
    wire.cut();
    wire.close();
    for (ear, (name, deed, _)) in ears.iter_mut().zip(&deeds) {
        ear.until(|e| matches!(e.states.last(), Some(LogState::Lost(_)))).await;
        deed(&of(name));
        write(&of(name), "after\n");
    }
    wire.mend();
    for (ear, (name, _, why)) in ears.iter_mut().zip(&deeds) {
        ear.line("after").await;
        assert_eq!(ear.gaps.len(), usize::from(!why.is_empty()), "{name}: {:?}", ear.gaps);
        assert!(ear.gaps.iter().all(|g| g.ends_with(why)), "{name}: {:?}", ear.gaps);
        assert_eq!(ear.lines.iter().filter(|l| l.starts_with("before")).count(), 5, "{name}: {:?}", ear.lines);
    }
}

/// A host that allows four sessions on a connection, and many of its logs at once.
#[tokio::test(flavor = "multi_thread")]
async fn twenty_four_logs_of_one_host_leave_its_main_connection_to_what_is_short() {
    let server = Sshd::start(&["MaxSessions 4"]);
    let wire = Wire::to(server.place());
    let desk = Desk::with(vec![entry("a", &server, &wire)]);
    let host = desk.host("a");
    live(&host).await;
    let folder = folder();
    let mut ears: Vec<Ear> = (0..24)
        .map(|n| {
            (1..=20).for_each(|line| write(&path(folder.path(), n), format!("s{n} {line}\n")));
            Ear::to(file(&path(folder.path(), n)), Some(id("a")), FOLLOWED, &desk.around)
        })
        .collect();
    for ear in &mut ears {
        ear.live().await;
    }
    // Every connection takes what the server allows, and the main one carries none of them.
    assert_eq!(wire.open(), 1 + 24 / 4, "{} were opened", wire.accepted());
    let began = Instant::now();
    let answers = futures::future::join_all((0..3).map(|n| {
        let host = Arc::clone(&host);
        async move { said(&host, &format!("echo {n}")).await }
    }));
    assert_eq!(answers.await, ["0", "1", "2"]);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    // A connection that is lost takes four logs along, and they come back; the main one may be among those.
    (21..=40).for_each(|line| (0..24).for_each(|n| write(&path(folder.path(), n), format!("s{n} {line}\n"))));
    wire.close();
    (41..=60).for_each(|line| (0..24).for_each(|n| write(&path(folder.path(), n), format!("s{n} {line}\n"))));
    for (n, ear) in ears.iter_mut().enumerate() {
        ear.line(&format!("s{n} 60")).await;
        ear.live().await;
        ear.has_all(&format!("s{n}"), 1, 60);
        assert!(ear.gaps.is_empty(), "{:?}", ear.gaps);
    }
    drop(ears);
    assert!(becomes(Duration::from_secs(40), || wire.open() == 1).await, "{} stay open for nobody", wire.open());
    assert_eq!(said(&host, "echo still").await, "still");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_lets_nobody_in_any_more_gives_what_it_can_over_the_connection_it_has_and_tells_of_the_rest() {
    let server = Sshd::start(&["MaxSessions 4", "MaxStartups 1:100:1"]);
    let wire = Wire::to(server.place());
    let desk = Desk::with(vec![entry("a", &server, &wire)]);
    let host = desk.host("a");
    live(&host).await;
    // Somebody who does not say who he is takes the only place for that.
    let _stranger = std::net::TcpStream::connect(server.place()).unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let folder = folder();
    let mut ears = Vec::new();
    for n in 0..8 {
        write(&path(folder.path(), n), format!("first {n}\n"));
        ears.push(Ear::to(file(&path(folder.path(), n)), Some(id("a")), FOLLOWED, &desk.around));
    }
    let mut live = 0;
    for ear in &mut ears {
        ear.until(|e| matches!(e.states.last(), Some(LogState::Live | LogState::Lost(_)))).await;
        match ear.states.last().and_then(LogState::why) {
            None => live += 1,
            Some(why) => assert!(why.as_str().contains("MaxSessions"), "{why}"),
        }
    }
    assert_eq!(
        live,
        4,
        "{} connections {:?}",
        wire.accepted(),
        ears.iter().map(|e| e.states.clone()).collect::<Vec<_>>()
    );
    // Those that were told come when there is room.
    ears.retain(|ear| ear.states.last() != Some(&LogState::Live));
    for ear in &mut ears {
        ear.live().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_lost_in_a_packed_file_of_long_ago_costs_no_line() {
    let server = Sshd::start(&[]);
    let wire = Wire::to(server.place());
    let desk = Desk::with(vec![entry("a", &server, &wire)]);
    desk.follow(&["a"]);
    let folder = folder();
    let of = |name: &str| folder.path().join(name);
    let lines = |from: usize, to: usize| (from..=to).map(|n| format!("line {n}\n")).collect::<Vec<_>>().concat();
    for (name, from, to) in [("app.log.2", 1, 300_000), ("app.log.1", 300_001, 301_000), ("app.log", 301_001, 301_100)]
    {
        write(&of(name), lines(from, to));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(std::process::Command::new("gzip").arg(of("app.log.2")).status().unwrap().success());
    let since = Some(jiff::Timestamp::now() - jiff::SignedDuration::from_mins(5));
    let mut ear = Ear::to(file(&of("app.log")), Some(id("a")), Wanted { since, ..FOLLOWED }, &desk.around);
    ear.line("line 1000").await;
    assert!(ear.lines.len() < 250_000, "{} came at once", ear.lines.len());
    wire.close();
    write(&of("app.log"), lines(301_101, 301_200));
    ear.line("line 301200").await;
    ear.has_all("line", 1, 301_200);
    assert!(ear.gaps.is_empty(), "{:?}", ear.gaps);
}
