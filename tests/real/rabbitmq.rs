//! The check on a real RabbitMQ node, in one test: the node takes seconds to start.

use quarterdeck::model::Outcome;

use crate::support::rabbitmq::RabbitMq;
use crate::support::{fact, look_calmly, look_until, reason, secret};

#[tokio::test]
async fn alarms_logins_and_missing_checks_are_told() {
    let node = RabbitMq::start().await;
    let login =
        |name: &str, value: &str| format!("user = \"guest\"\npassword = \"{}\"\n", secret(node.folder(), name, value));
    let good = node.deck(&login("right", "guest"));
    let seen = look_until(&good, Outcome::Pass).await;
    assert!(seen.version.as_ref().unwrap().as_str().starts_with("3."), "{seen:?}");
    assert_eq!(fact(&seen, "node"), format!("t{}@localhost", node.port));

    let seen = look_calmly(&node.deck(&login("wrong", "wrong-password"))).await;
    assert_eq!(seen.outcome, Outcome::Unknown);
    assert!(reason(&seen).contains("refuses the login (401)"), "{seen:?}");

    let seen = look_calmly(&format!("{good}checks = [\"alarms\", \"no-such-check\"]")).await;
    assert_eq!((seen.outcome, reason(&seen)), (Outcome::Unknown, "this RabbitMQ has no check `no-such-check`"));
    let seen = look_calmly(&format!("{good}checks = [\"port-listener/1\"]")).await;
    assert!(seen.outcome == Outcome::Fail && reason(&seen).contains("port-listener/1"), "{seen:?}");

    node.control(&["set_vm_memory_high_watermark", "0"]);
    let seen = look_until(&good, Outcome::Fail).await;
    assert_eq!(reason(&seen), format!("memory alarm on t{}@localhost; publishers are blocked", node.port));
    node.control(&["set_vm_memory_high_watermark", "0.4"]);
    look_until(&good, Outcome::Pass).await;
    node.control(&["set_disk_free_limit", "999999GB"]);
    let seen = look_until(&good, Outcome::Fail).await;
    assert!(reason(&seen).starts_with("disk space alarm on "), "{seen:?}");

    let port = node.port;
    drop(node);
    // Erlang takes a moment to die.
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let password = secret(folder.path(), "password", "guest");
    let seen =
        look_calmly(&format!("rabbitmq = \"http://127.0.0.1:{port}\"\nuser = \"guest\"\npassword = \"{password}\""))
            .await;
    assert_eq!(
        (seen.outcome, reason(&seen)),
        (Outcome::Fail, format!("connection refused on 127.0.0.1:{port}").as_str())
    );
}
