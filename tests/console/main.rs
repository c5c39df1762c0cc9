//! The built console on a real sshd: keys in, words on the screen out. Keys of hosts, shells and forwarded ports, as an
//! operator meets them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "this crate is tests only; its helpers stand outside #[test] functions"
)]

#[path = "../support"]
mod support {
    //! What other test crates need too; each uses a part of it.
    #![allow(dead_code, reason = "the tests of the console use the rest")]
    #[cfg(target_os = "linux")]
    pub mod process;
    pub mod sshd;
    pub mod stage;
    pub mod terminal;
}

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use support::sshd::Sshd;
use support::stage::Stage;
use support::terminal::Terminal;

const SIZE: (u16, u16) = (140, 40);

/// A stage with a deck of one host, and the variable that names its OpenSSH configuration.
struct Scene {
    stage: Stage,
    config: String,
    sshd: Sshd,
}

impl Scene {
    fn new(is_known: bool) -> Self {
        let sshd = Sshd::start(&[]);
        let stage = Stage::new(
            "[environments.qa]\ntier = \"staging\"\nhosts.vps = { ssh = \"vps.example.com\" }\n\
             services.disk = { host = \"vps\", probes.root = { command = [\"test\", \"-d\", \"/\"], every = \"1s\" } }\n",
        );
        let known = stage.work().join("known_hosts");
        std::fs::write(&known, if is_known { sshd.known_hosts() } else { String::new() }).unwrap();
        let config = stage.work().join("ssh_config");
        let text = format!(
            "Host vps.example.com\n HostName {}\n Port {}\n User {}\n IdentityFile {}\n IdentitiesOnly yes\n \
             IdentityAgent none\n UserKnownHostsFile {}\n GlobalKnownHostsFile /dev/null\n",
            sshd.address(),
            sshd.port(),
            sshd.user(),
            sshd.key_path().display(),
            known.display(),
        );
        std::fs::write(&config, text).unwrap();
        Self { stage, config: config.display().to_string(), sshd }
    }

    fn console(&self) -> Terminal {
        Terminal::qd_with(&self.stage, SIZE, &[], &[("QUARTERDECK_SSH_CONFIG", &self.config)])
    }
}

#[test]
fn a_shell_has_the_terminal_until_it_ends_and_the_console_comes_back_as_it_was() {
    let scene = Scene::new(true);
    let mut terminal = scene.console();
    terminal.shows("healthy");
    terminal.press("s");
    terminal.shows("shell on qa/vps");
    terminal.press("PS1='> '; stty size; echo wi''thout\r");
    terminal.shows("40 140");
    terminal.shows("without");
    terminal.resize((100, 30));
    // The window and what is typed go different ways.
    for _ in 0..20 {
        terminal.press("stty size\r");
        terminal.take_in(Duration::from_millis(200));
        if terminal.text().contains("30 100") {
            break;
        }
    }
    terminal.shows("30 100");
    // Keys of the console mean nothing here.
    terminal.press("echo q?:x\r");
    terminal.shows("q?:x");
    terminal.press("exit\r");
    terminal.shows("the shell on qa/vps has ended");
    terminal.shows("worst first");
    terminal.press("q");
    terminal.ends_well(0);
    terminal.assert_given_back();
}

#[test]
fn a_shell_is_on_the_audit_log_before_it_opens_and_without_one_there_is_none() {
    let scene = Scene::new(true);
    let state = scene.stage.variables().into_iter().find(|(name, _)| *name == "XDG_STATE_HOME").unwrap().1;
    let log = std::path::Path::new(&state).join("quarterdeck/audit.jsonl");
    let mut terminal = scene.console();
    terminal.shows("healthy");
    terminal.press("s");
    terminal.shows("shell on qa/vps");
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.contains("\"what\":\"shell\"") && text.contains("\"host\":\"vps\""), "{text}");
    terminal.press("exit\r");
    terminal.shows("the shell on qa/vps has ended");
    terminal.press("q");
    terminal.ends_well(0);
    std::fs::remove_file(&log).unwrap();
    std::fs::create_dir(&log).unwrap();
    let mut terminal = scene.console();
    terminal.shows("healthy");
    terminal.press("s");
    terminal.shows("nothing may act without an audit log");
    terminal.press("q");
    terminal.ends_well(0);
}

#[test]
fn a_shell_that_hangs_is_left_with_tilde_and_dot_and_one_whose_host_goes_ends_by_itself() {
    let mut scene = Scene::new(true);
    let mut terminal = scene.console();
    terminal.shows("healthy");
    terminal.press("s");
    terminal.shows("shell on qa/vps");
    terminal.press("cat\r");
    terminal.take_in(Duration::from_millis(300));
    terminal.press("~.");
    terminal.shows("the shell on qa/vps was left");
    terminal.press("s");
    terminal.shows("shell on qa/vps; ");
    scene.sshd.stop();
    terminal.press("kill -9 $PPID\r");
    terminal.shows("press Enter to go back");
    // Keys that were meant for the shell are not the console's.
    terminal.press("q");
    terminal.press("\r");
    terminal.shows("environments");
    terminal.shows("lost");
    terminal.press("q");
    terminal.ends_well(0);
    terminal.assert_given_back();
}

#[test]
fn a_key_is_accepted_by_yes_in_full_and_written_to_the_state_folder_alone() {
    let scene = Scene::new(false);
    let mut terminal = scene.console();
    terminal.shows("not known");
    terminal.press("K");
    terminal.shows("SHA256:");
    terminal.take_in(Duration::from_millis(700));
    terminal.press("y\r");
    terminal.take_in(Duration::from_millis(300));
    terminal.shows("SHA256:");
    terminal.press("es\r");
    terminal.shows("healthy");
    assert_eq!(std::fs::read_to_string(scene.stage.work().join("known_hosts")).unwrap(), "");
    let state = scene.stage.variables().into_iter().find(|(name, _)| *name == "XDG_STATE_HOME").unwrap().1;
    let own = std::path::Path::new(&state).join("quarterdeck/known_hosts");
    assert!(std::fs::read_to_string(own).unwrap().contains(&format!(
        "[{}]:{}",
        scene.sshd.address(),
        scene.sshd.port()
    )));
    terminal.press("q");
    terminal.ends_well(0);
}

#[test]
fn a_forwarded_port_leads_to_the_host_and_is_closed_from_its_list() {
    let scene = Scene::new(true);
    let mut terminal = scene.console();
    terminal.shows("healthy");
    // What listens on the host is its sshd.
    terminal.press(format!(":forward {}\r", scene.sshd.place()));
    terminal.shows("leads to");
    let text = terminal.text();
    let local = text.split_whitespace().find(|w| w.starts_with("127.0.0.1:")).unwrap().to_owned();
    let mut stream = TcpStream::connect(&local).unwrap();
    stream.write_all(b"SSH-2.0-test\r\n").unwrap();
    let mut greeting = [0; 8];
    stream.read_exact(&mut greeting).unwrap();
    assert_eq!(&greeting, b"SSH-2.0-");
    terminal.press("f");
    terminal.shows("open");
    terminal.press("X");
    terminal.until("the port is closed", |_| TcpStream::connect(&local).is_err());
    terminal.press("q");
    terminal.press("q");
    terminal.ends_well(0);
}
