//! HTTP checks against a real nginx: its statuses, its silences, its end.

use std::process::Command;
use std::time::Duration;

use quarterdeck::model::{Outcome, PhaseName};

use crate::support::{Server, check_of, context, fact, free_port, look, reason, write};

const CONFIG: &str = r#"
daemon off; master_process off; worker_processes 1; pid nginx.pid; error_log error.log;
events { worker_connections 2048; }
http {
  access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
  server {
    listen 127.0.0.1:PORT backlog=2048; server_name _;
    location /ok { default_type text/plain; return 200 "fine\n"; }
    location /degraded { default_type text/plain; return 200 "Degraded"; }
    location /down { default_type application/json; return 503 '{"status":"Unhealthy","version":"4.2","entries":{"db":{"status":"Unhealthy","description":"connection refused to 10.0.0.5:5432","duration":"00:00:00.5"}}}'; }
    location /broken { return 500 "no workers left"; }
    location /moved { return 302 http://127.0.0.1:PORT/ok; }
    location /loop { return 302 /loop2; }
    location /loop2 { return 302 /loop; }
    location ~ ^/many(?<tail>.*)$ { return 302 /many${tail}x; }
    location /secret { if ($http_authorization != "Basic b3BzOmh1bnRlcjI=") { return 401 "who are you"; } return 200 "in"; }
    location /away { return 302 http://localhost:PORT/echo; }
    location /echo { default_type text/plain; return 200 "auth=$http_authorization tenant=$http_x_tenant ae=$http_accept_encoding"; }
    location /json { default_type application/json; return 200 '{"db":{"lag":5},"status":"active"}'; }
  }
}
"#;

async fn nginx() -> (Server, String) {
    let port = free_port();
    let folder = Server::folder();
    write(folder.path(), "nginx.conf", CONFIG.replace("PORT", &port.to_string()));
    let prefix = format!("{}/", folder.path().display());
    let mut command = Command::new("nginx");
    command.args(["-e", "error.log", "-p", &prefix, "-c", "nginx.conf"]);
    (Server::start(folder, &mut command, port).await, format!("http://127.0.0.1:{port}"))
}

#[tokio::test]
async fn statuses_reports_and_redirects_of_nginx_are_judged() {
    let (_server, url) = nginx().await;
    let seen = look(&format!("http = \"{url}/ok\"")).await;
    assert_eq!(seen.outcome, Outcome::Pass, "{seen:?}");
    assert_eq!(fact(&seen, "status"), "200 OK");
    assert!(url.ends_with(fact(&seen, "address")));
    let names: Vec<_> = seen.phases.iter().map(|p| p.name).collect();
    assert_eq!(names, [PhaseName::Connect, PhaseName::Wait, PhaseName::Read]);
    assert!(seen.phases.iter().map(|p| p.took).sum::<Duration>() <= seen.latency.unwrap());

    let seen = look(&format!("http = \"{url}/degraded\"")).await;
    assert_eq!((seen.outcome, reason(&seen)), (Outcome::Degraded, "the report says Degraded"));

    let seen = look(&format!("http = \"{url}/down\"\nreport = \"aspnet\"")).await;
    assert_eq!((seen.outcome, reason(&seen)), (Outcome::Fail, "503, db: connection refused to 10.0.0.5:5432"));
    assert_eq!(seen.version.unwrap().as_str(), "4.2");
    assert_eq!(seen.entries[0].took, Some(Duration::from_millis(500)));

    let seen = look(&format!("http = \"{url}/broken\"")).await;
    assert_eq!(reason(&seen), "500, expected 2xx: no workers left");
    let seen = look(&format!("http = \"{url}/broken\"\nstatus = [200, \"5xx\"]")).await;
    assert_eq!(seen.outcome, Outcome::Pass);

    let seen = look(&format!("http = \"{url}/ok\"\nreport = \"aspnet\"")).await;
    assert_eq!(reason(&seen), "not an ASP.NET health report but \"fine\"");
    let seen = look(&format!("http = \"{url}/ok\"\nmethod = \"HEAD\"")).await;
    assert_eq!(seen.outcome, Outcome::Pass);
    let seen = look(&format!("http = \"{url}/json\"\njson = {{ db.lag = 5, \"status\" = \"active\" }}")).await;
    assert_eq!(seen.outcome, Outcome::Pass, "{seen:?}");
}

#[tokio::test]
async fn a_redirect_is_judged_or_followed_as_told_and_a_loop_is_named() {
    let (_server, url) = nginx().await;
    let seen = look(&format!("http = \"{url}/moved\"")).await;
    assert_eq!(reason(&seen), format!("302 to {url}/ok, expected 2xx"));
    let seen = look(&format!("http = \"{url}/moved\"\nredirect = \"follow\"")).await;
    assert_eq!((seen.outcome, fact(&seen, "redirected to")), (Outcome::Pass, format!("{url}/ok").as_str()));
    let seen = look(&format!("http = \"{url}/loop\"\nredirect = \"follow\"")).await;
    assert_eq!(reason(&seen), "redirects go in circles: /loop → /loop2 → /loop");
    let seen = look(&format!("http = \"{url}/many\"\nredirect = \"follow\"")).await;
    assert!(reason(&seen).starts_with("more than 5 redirects: /many → /manyx → "), "{seen:?}");
}

#[tokio::test]
async fn credentials_are_sent_to_the_host_they_are_for_and_no_other() {
    let (server, url) = nginx().await;
    let secret = write(server.path(), "secret", "hunter2\n");
    let login = format!("user = \"ops\"\npassword = \"file:{}\"", secret.display());
    assert_eq!(look(&format!("http = \"{url}/secret\"\n{login}")).await.outcome, Outcome::Pass);
    assert_eq!(reason(&look(&format!("http = \"{url}/secret\"")).await), "401, expected 2xx: who are you");

    let tenant = format!("headers = {{ X-Tenant = {{ secret = \"file:{}\" }} }}", secret.display());
    let seen = look(&format!("http = \"{url}/echo\"\n{login}\n{tenant}")).await;
    assert_eq!(seen.answer.unwrap().as_str(), "auth=Basic ••• tenant=••• ae=");
    let seen = look(&format!("http = \"{url}/away\"\nredirect = \"follow\"\n{login}\n{tenant}")).await;
    assert_eq!(seen.answer.unwrap().as_str(), "auth= tenant= ae=");

    let seen = look(&format!("http = \"{url}/ok\"\ntoken = \"file:/nowhere/token\"")).await;
    assert_eq!(seen.outcome, Outcome::Unknown);
    assert!(reason(&seen).starts_with("secret file:/nowhere/token: "), "{seen:?}");
}

#[tokio::test]
async fn a_frozen_server_is_silent_and_a_stopped_one_refuses() {
    let (server, url) = nginx().await;
    let check = check_of(&format!("http = \"{url}/ok\""));
    let soon = context(Duration::from_millis(300), "2026-06-15T12:00:00Z");
    server.signal("STOP");
    let seen = check.check(&soon).await;
    assert_eq!(seen.outcome, Outcome::Fail);
    let words = reason(&seen);
    assert!(
        words.starts_with("no answer within 300ms (connected after ") && words.ends_with("ms, then silence)"),
        "{words}"
    );
    server.signal("CONT");
    assert_eq!(check.check(&context(Duration::from_secs(5), "2026-06-15T12:00:00Z")).await.outcome, Outcome::Pass);
    drop(server);
    let seen = check.check(&soon).await;
    assert_eq!(reason(&seen), format!("connection refused on {}", url.trim_start_matches("http://")));
    assert_eq!((seen.outcome, seen.latency), (Outcome::Fail, None));
}

#[tokio::test]
async fn a_name_that_nobody_knows_does_not_resolve() {
    let seen = look("http = \"http://name.invalid/health\"").await;
    assert_ne!(seen.outcome, Outcome::Pass);
    assert!(reason(&seen).starts_with("name.invalid does not resolve: "), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_checks_at_once_all_pass() {
    let (_server, url) = nginx().await;
    let checks: Vec<_> = (0..1000).map(|n| check_of(&format!("http = \"{url}/ok?{n}\""))).collect();
    let context = context(Duration::from_secs(20), "2026-06-15T12:00:00Z");
    let started = tokio::time::Instant::now();
    let all = futures::future::join_all(checks.iter().map(|c| c.check(&context))).await;
    eprintln!("1,000 checks in {:?}", started.elapsed());
    let bad: Vec<_> = all.iter().filter(|o| o.outcome != Outcome::Pass).map(reason).collect();
    assert!(bad.is_empty(), "{bad:?}");
}
