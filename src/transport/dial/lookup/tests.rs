//! Look-ups with a resolver that hangs for some names, as one does whose name servers keep silent.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::*;

/// Does what a C function does that waits for the network: blocks its thread.
#[allow(clippy::disallowed_methods, reason = "a thread of its own is to block")]
fn block(millis: u64) {
    std::thread::sleep(Duration::from_millis(millis));
}

const SOON: Duration = Duration::from_millis(100);

#[allow(clippy::unnecessary_wraps, reason = "the resolver's own shape")]
fn hang(host: &str) -> io::Result<Vec<IpAddr>> {
    if host.starts_with("silent") {
        block(3000);
    }
    Ok(vec![Ipv4Addr::new(192, 0, 2, 1).into()])
}

async fn within(resolver: &Resolver, host: &str, limit: Duration) -> Result<Vec<IpAddr>, String> {
    let limit = (Instant::now() + limit, "100ms");
    resolver.lookup(host, Some(limit)).await.map_err(|e| e.to_string())
}

#[test]
fn two_hundred_hanging_look_ups_block_neither_files_nor_the_end() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().max_blocking_threads(8).build().unwrap();
    let began = Instant::now();
    runtime.block_on(async {
        let resolver = Arc::new(Resolver::new(hang));
        let looks = (0..200).map(|n| {
            let resolver = Arc::clone(&resolver);
            tokio::spawn(async move { within(&resolver, &format!("silent{n}"), SOON).await.unwrap_err() })
        });
        let words = futures::future::join_all(looks).await;
        let words: Vec<String> = words.into_iter().map(Result::unwrap).collect();
        let of = |part: &str| words.iter().filter(|w| w.contains(part)).count();
        assert_eq!((of("does not answer within 100ms"), of("(8 other look-ups are under way)")), (8, 192), "{words:?}");
        tokio::fs::read("/dev/null").await.unwrap();
        // What needs no resolver is not held up by one that hangs.
        for host in ["127.0.0.1", "::1", "localhost"] {
            within(&resolver, host, SOON).await.unwrap();
        }
        // Nobody waits for the 192 any more, so they are never asked for; the eight stay where they are.
        assert_eq!(resolver.slots.available_permits(), 0);
    });
    drop(runtime);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

static ASKED: AtomicUsize = AtomicUsize::new(0);

#[allow(clippy::unnecessary_wraps, reason = "the resolver's own shape")]
fn count(_: &str) -> io::Result<Vec<IpAddr>> {
    ASKED.fetch_add(1, Ordering::SeqCst);
    block(300);
    Ok(vec![Ipv4Addr::new(192, 0, 2, 1).into()])
}

#[tokio::test]
async fn all_who_ask_for_a_name_share_one_look_up() {
    let resolver = Resolver::new(count);
    let (first, second, third) = tokio::join!(
        within(&resolver, "shop", SOON),
        within(&resolver, "shop", SOON),
        within(&resolver, "shop", Duration::from_secs(2)),
    );
    assert_eq!(first.unwrap_err(), "shop does not resolve: this machine's resolver does not answer within 100ms");
    let told = "shop does not resolve: this machine's resolver does not answer (another look-up of shop is under way)";
    assert_eq!(second.unwrap_err(), told);
    assert_eq!((third.unwrap().len(), ASKED.load(Ordering::SeqCst)), (1, 1));
    assert!(resolver.flights.read().unwrap().is_empty());
    assert_eq!(resolver.slots.available_permits(), MOST);
}

#[tokio::test]
async fn a_healthy_name_is_found_while_some_hang() {
    let resolver = Resolver::new(hang);
    let names: Vec<String> = (0..7).map(|n| format!("silent{n}")).collect();
    let hanging = futures::future::join_all(names.iter().map(|name| within(&resolver, name, SOON)));
    let (hung, found) = tokio::join!(hanging, within(&resolver, "shop", SOON));
    assert!(hung.iter().all(Result::is_err) && found.is_ok(), "{found:?}");
}

#[test]
fn a_resolver_that_fails_says_nothing_about_the_target() {
    let of = |words: &str| failure("shop", &io::Error::other(format!("failed to lookup address information: {words}")));
    assert!(!of("Name or service not known").is_ours());
    assert!(!of("No address associated with hostname").is_ours());
    assert!(of("Temporary failure in name resolution").is_ours());
    assert!(failure("shop", &io::Error::from_raw_os_error(24)).is_ours());
}
