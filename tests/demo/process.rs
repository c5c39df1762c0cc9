//! The processes of the fleet as the kernel sees them: none is left, neither after a stop nor after a killed console.

use std::time::Duration;

use quarterdeck::demo::{Demo, FaultKind};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::Instant;

use super::fleet::{get, service, start, until};

#[tokio::test]
async fn every_service_answers_soon_after_the_start_and_none_is_left_after_the_stop() {
    let began = Instant::now();
    let demo = start().await;
    let started = began.elapsed();
    let mine = children(std::process::id());
    assert!(demo.ports().len() >= 12, "{:?}", demo.ports());
    assert!(demo.ports().keys().all(|id| mine.iter().any(|(_, line)| line.contains(&*id.name))));
    for (id, port) in demo.ports() {
        let (status, text) = get(*port, "/health").await.unwrap();
        assert_eq!(status, 200, "{id}: {text}");
        assert_eq!(get(*port, "/health/live").await.unwrap(), (200, "Healthy".to_owned()), "{id}");
    }
    let ours = processes(&demo);
    let began = Instant::now();
    demo.stop().await;
    let stopped = began.elapsed();
    assert!(
        ours.iter().all(|pid| !std::path::Path::new(&format!("/proc/{pid}")).exists()),
        "a process or zombie is left"
    );
    println!("started in {started:?}, stopped in {stopped:?}");
    // Loose bounds: the machine may be busy with other tests.
    assert!(started < Duration::from_secs(3) && stopped < Duration::from_secs(1), "{started:?} {stopped:?}");
}

#[tokio::test]
async fn a_demo_that_is_dropped_ends_its_processes() {
    let demo = start().await;
    let ours = processes(&demo);
    drop(demo);
    until(Duration::from_secs(1), "the end of all", async || !ours.iter().any(|pid| is_alive(*pid))).await;
}

/// The console's part in the next test; on its own it does nothing.
#[tokio::test]
async fn console_for_the_kill_test() {
    if std::env::var_os("QD_TEST_CONSOLE").is_none() {
        return;
    }
    let demo = start().await;
    demo.fault(&service("staging", "orders"), FaultKind::Hang).await.unwrap();
    println!("ports {}", demo.ports().values().map(u16::to_string).collect::<Vec<_>>().join(" "));
    tokio::time::sleep(Duration::from_mins(1)).await;
}

#[tokio::test]
async fn no_process_outlives_a_killed_console_by_a_second() {
    let mut console = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "process::console_for_the_kill_test", "--nocapture"])
        .env("QD_TEST_CONSOLE", "1")
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(console.stdout.take().unwrap()).lines();
    let ports = loop {
        let line = lines.next_line().await.unwrap().expect("the console says its ports");
        if let Some((_, ports)) = line.split_once("ports ") {
            break ports.split(' ').map(|p| p.parse().unwrap()).collect::<Vec<u16>>();
        }
    };
    let crew = children(console.id().unwrap());
    assert_eq!(crew.len(), ports.len());
    assert!(crew.iter().all(|(pid, _)| is_alive(*pid)));
    console.start_kill().unwrap();
    console.wait().await.unwrap();
    until(Duration::from_secs(1), "the end of all", async || crew.iter().all(|(pid, _)| !is_alive(*pid))).await;
}

/// The demo services whose parent is this process, with their command lines.
fn children(parent: u32) -> Vec<(u32, String)> {
    let all = std::fs::read_dir("/proc").unwrap().filter_map(|e| e.ok()?.file_name().to_str()?.parse().ok());
    all.filter(|pid| stat(*pid).is_some_and(|(_, ppid)| ppid == parent))
        .map(|pid: u32| (pid, std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default()))
        .map(|(pid, line)| (pid, line.replace('\0', " ")))
        .filter(|(_, line)| line.contains("demo-service"))
        .collect()
}

/// Whether a process runs; one that only waits to be reaped by its new parent does not.
fn is_alive(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != 'Z')
}

fn stat(pid: u32) -> Option<(char, u32)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut rest = text.rsplit_once(") ")?.1.split(' ');
    Some((rest.next()?.chars().next()?, rest.next()?.parse().ok()?))
}

/// The processes of one fleet; other tests of this program have theirs.
fn processes(demo: &Demo) -> Vec<u32> {
    let all = children(std::process::id());
    demo.ports().values().map(|port| listener(*port, &all)).collect()
}

/// Which of these processes listens on a port.
fn listener(port: u16, among: &[(u32, String)]) -> u32 {
    let wanted = format!("0100007F:{port:04X}");
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let rows = table.lines().map(|l| l.split_whitespace().collect::<Vec<_>>());
    let inode = rows.filter(|row| row[1] == wanted && row[3] == "0A").map(|row| row[9].to_owned()).next().unwrap();
    let link = format!("socket:[{inode}]");
    let holds = |pid: u32| {
        let files = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        files.filter_map(|f| std::fs::read_link(f.path()).ok()).any(|l| l.to_string_lossy() == link)
    };
    among.iter().find(|(pid, _)| holds(*pid)).unwrap().0
}
