use crate::desk::*;
use crate::sshd::Sshd;
#[tokio::test(flavor = "multi_thread")]
async fn tmp_one() {
    let server = Sshd::start(&["MaxSessions 1", "LogLevel DEBUG2"]);
    let desk = Desk::with(vec![Entry::of("web", &server)]);
    let host = desk.host("web");
    let l = settle(&host).await;
    println!("{l:?}");
    for _ in 0..3 { println!("{:?}", run(&host, "echo hi").await); }
    println!("{}", server.log());
    panic!();
}
