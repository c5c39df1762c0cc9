//! TCP checks against a real redis-server, a closed port and a listener that never answers.

use std::process::Command;
use std::time::Duration;

use quarterdeck::model::Outcome;

use crate::support::{Server, check_of, context, fact, free_port, look, reason};

#[tokio::test]
async fn words_are_sent_and_the_answer_is_matched() {
    let port = free_port();
    let args = ["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"];
    let server = Server::start(Server::folder(), Command::new("redis-server").args(args), port).await;
    let tcp = format!("tcp = \"127.0.0.1:{port}\"");
    let seen = look(&tcp).await;
    assert_eq!((seen.outcome, fact(&seen, "address")), (Outcome::Pass, format!("127.0.0.1:{port}").as_str()));
    let seen = look(&format!("{tcp}\nsend = \"PING\\r\\n\"\nexpect = '^\\+PONG'")).await;
    assert_eq!((seen.outcome, seen.answer.unwrap().as_str()), (Outcome::Pass, "+PONG"));
    let check = check_of(&format!("{tcp}\nsend = \"NO\\r\\n\"\nexpect = 'PONG'"));
    let soon = context(Duration::from_millis(300), "2026-06-15T12:00:00Z");
    let words = reason(&check.check(&soon).await).to_owned();
    assert!(words.starts_with("expected /PONG/, got \"-ERR unknown command"), "{words}");
    assert!(words.ends_with("and no more within 300ms"), "{words}");
    server.signal("STOP");
    let words = reason(&check.check(&soon).await).to_owned();
    assert!(words.starts_with("no answer within 300ms (connected after "), "{words}");
    drop(server);
    assert_eq!(reason(&look(&tcp).await), format!("connection refused on 127.0.0.1:{port}"));
}
