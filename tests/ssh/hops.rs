//! Hosts behind others, one and two hops away, and what is told when one on the way is not reached.

use futures::future::join_all;
use quarterdeck::model::{LinkState, Trouble};
use quarterdeck::transport::ssh::remote::Remote;

use crate::desk::{Desk, Entry, SECOND, becomes, live, refusal, run, said, settle, until};
use crate::sshd::{FakeHost, Settings, Sshd, Wire};

fn logins(server: &Sshd) -> usize {
    server.log().lines().filter(|l| l.contains("Accepted publickey")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_behind_one_hop_share_its_connections() {
    let gate = Sshd::start(&[]);
    let inner: Vec<Sshd> = (0..4).map(|_| Sshd::start(&[])).collect();
    let names = ["db0", "db1", "db2", "db3"];
    let mut entries = vec![Entry::of("gate", &gate)];
    entries.extend(inner.iter().zip(names).map(|(s, n)| Entry::of(n, s).with("ProxyJump gate")));
    let desk = Desk::with(entries);
    desk.follow(&names);
    let hosts: Vec<_> = names.iter().map(|n| desk.get(n)).collect();
    join_all(hosts.iter().map(|h| live(h))).await;
    let all = join_all(hosts.iter().map(|h| run(h, "echo on"))).await;
    assert!(all.into_iter().all(|o| o.unwrap().stdout == b"on\n"));
    assert!(logins(&gate) <= 2, "{} logins", logins(&gate));
    let link = live(&hosts[0]).await;
    let route = format!("root@127.0.0.1:{} through gate", inner[0].port());
    assert_eq!(link.route.as_str(), route);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hops_lead_to_a_host_and_each_is_told_when_it_is_gone() {
    let (mut first, second, last) = (Sshd::start(&[]), Sshd::start(&[]), Sshd::start(&[]));
    let desk = Desk::with(vec![
        Entry::of("first", &first),
        Entry::of("second", &second),
        Entry::of("last", &last).with("ProxyJump first,second"),
    ]);
    let host = desk.host("last");
    live(&host).await;
    assert_eq!(said(&host, "echo on").await, "on");
    let output = run(&host, "head -c 3000000 /dev/zero").await.unwrap();
    assert!(output.truncated);
    first.stop();
    let place = first.place();
    let words =
        format!("second on the way is not reached: first on the way is not reached: connection refused on {place}");
    let link = until(&host, SECOND * 15, |l| l.cause.as_ref().is_some_and(|c| c.as_str() == words)).await;
    assert_eq!((link.state, link.trouble), (LinkState::Lost, Some(Trouble::Hop)));
    assert_eq!(run(&host, "true").await.unwrap_err().to_string(), words);
    first.start_again();
    until(&host, SECOND * 30, |l| l.state == LinkState::Live).await;
    assert_eq!(said(&host, "echo on").await, "on");
}

async fn behind(gate: Entry, last: Entry) -> String {
    let desk = Desk::with(vec![gate, last.with("ProxyJump gate")]);
    refusal(&desk.host("last")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_hop_or_behind_it_is_told() {
    let (gate, last) = (Sshd::start(&[]), Sshd::start(&[]));
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let cause = behind(Entry::of("gate", &gate), Entry::at("last", closed)).await;
    assert_eq!(cause, format!("connection refused on {closed} through gate"));

    let strict = Sshd::start(&["AllowTcpForwarding no"]);
    let cause = behind(Entry::of("gate", &strict), Entry::of("last", &last)).await;
    assert_eq!(cause, format!("gate does not allow connections to {} (AllowTcpForwarding, PermitOpen)", last.place()));

    let stranger = Sshd::with(&Settings { takes_key: false, ..Settings::default() });
    let cause = behind(Entry::of("gate", &stranger), Entry::of("last", &last)).await;
    let why = format!("{} does not let root in: {} was refused", stranger.place(), stranger.key_path().display());
    assert_eq!(cause, format!("gate on the way is not reached: {why}"));

    let unknown = Entry::at("gate", gate.place()).with(&format!("IdentityFile {}", gate.key_path().display()));
    let cause = behind(unknown, Entry::of("last", &last)).await;
    assert!(cause.starts_with("gate on the way is not reached: the host key of [127.0.0.1]:"), "{cause}");

    let unknown = Entry::at("last", last.place()).with(&format!("IdentityFile {}", last.key_path().display()));
    let cause = behind(Entry::of("gate", &gate), unknown).await;
    assert!(cause.starts_with("the host key of [127.0.0.1]:") && cause.contains("is not known"), "{cause}");

    let hole = FakeHost::black_hole();
    let (cause, gate_cause) = tokio::join!(
        behind(Entry::of("gate", &gate), Entry::at("last", hole.place())),
        behind(Entry::at("gate", hole.place()), Entry::of("last", &last)),
    );
    assert!(cause.contains("says nothing for 8 s"), "{cause}");
    let cause = gate_cause;
    assert!(cause.starts_with("gate on the way is not reached: ") && cause.contains("says nothing for 8 s"), "{cause}");

    // A hop need not run commands.
    let narrow = Sshd::start(&["ForceCommand echo no shell here", "MaxSessions 0"]);
    let desk = Desk::with(vec![Entry::of("gate", &narrow), Entry::of("last", &last).with("ProxyJump gate")]);
    let host = desk.host("last");
    live(&host).await;
    tokio::time::sleep(SECOND * 3).await;
    assert_eq!(said(&host, "echo on").await, "on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hop_whose_line_is_cut_is_told_within_seconds() {
    let (gate, last) = (Sshd::start(&[]), Sshd::start(&[]));
    let wire = Wire::to(gate.place());
    let alive = |e: Entry| e.with("ServerAliveInterval 1").with("ServerAliveCountMax 3");
    let desk = Desk::with(vec![
        alive(Entry::behind("gate", &gate, wire.place())),
        alive(Entry::of("last", &last)).with("ProxyJump gate"),
    ]);
    let host = desk.host("last");
    live(&host).await;
    wire.cut();
    let link = until(&host, SECOND * 5, |l| l.state == LinkState::Degraded).await;
    assert!(link.cause.unwrap().as_str().starts_with("nothing heard from last for "));
    until(&host, SECOND * 10, |l| l.state == LinkState::Lost).await;
    let told = |h: &Remote| h.keeper().link().borrow().cause.clone().unwrap().as_str().to_owned();
    assert!(
        becomes(SECOND * 15, || told(&host).starts_with("gate on the way is not reached: ")).await,
        "{}",
        told(&host)
    );
    wire.mend();
    until(&host, SECOND * 30, |l| l.state == LinkState::Live).await;
    assert_eq!(settle(&host).await.state, LinkState::Live);
}
