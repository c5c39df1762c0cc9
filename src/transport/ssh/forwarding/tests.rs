//! Ports and standings, without a host: what is decided before anything is sent.

use std::net::TcpListener;

use super::*;
use crate::model::Trouble;

fn link(state: LinkState, cause: Option<&str>) -> Link {
    Link { state, trouble: cause.map(|_| Trouble::Closed), cause: cause.map(Text::from), ..Link::default() }
}

#[tokio::test]
async fn a_port_in_use_is_told_with_one_that_is_free() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = listen(port).await.expect_err("it is taken");
    let ForwardingError::InUse { port: told, free: Some(free) } = &error else { panic!("{error:?}") };
    assert!(*told == port && *free > port);
    assert_eq!(error.to_string(), format!("port {port} of this machine is in use; {free} is free"));
    assert_eq!(listen(*free).await.unwrap().local_addr().unwrap().port(), *free);
}

#[test]
fn a_forwarded_port_stands_as_its_host_does() {
    let at = Timestamp::UNIX_EPOCH;
    let phase = |state| standing_of(&link(state, Some("closed by vps")), at);
    assert_eq!(phase(LinkState::Degraded).phase, Phase::Open);
    assert_eq!(phase(LinkState::Degraded).cause, None);
    assert_eq!(phase(LinkState::Connecting).phase, Phase::Opening);
    assert_eq!(phase(LinkState::Refused).cause.unwrap().as_str(), "closed by vps");
}
