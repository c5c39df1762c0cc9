//! Keys of the user: files, agents, certificates, passphrases; each refusal in words, and none tried again by itself.

use std::fs;
use std::io::Read;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use quarterdeck::model::{Ask, LinkState, Trouble};
use tokio::time::{Instant, sleep};

use crate::desk::{Desk, Entry, SECOND, live, refusal, settle, until};
use crate::sshd::{Settings, Sshd};

/// A key of the test's own.
fn make_key(path: &Path, passphrase: &str) {
    let words = ["-q", "-t", "ed25519", "-C", "test", "-N", passphrase, "-f"];
    assert!(Command::new("ssh-keygen").args(words).arg(path).status().unwrap().success());
}

/// An agent that ends with the test.
struct Agent {
    child: Child,
    socket: PathBuf,
}

impl Agent {
    fn start(folder: &Path) -> Self {
        let socket = folder.join("agent");
        let child = Command::new("ssh-agent")
            .args(["-D", "-a"])
            .arg(&socket)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while !socket.exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
        Self { child, socket }
    }

    fn add(&self, words: &[&str]) {
        let done =
            Command::new("ssh-add").args(words).env("SSH_AUTH_SOCK", &self.socket).stderr(Stdio::null()).status();
        assert!(done.unwrap().success());
    }

    fn lock(&self) {
        let pass = self.socket.with_extension("pass");
        fs::write(&pass, "#!/bin/sh\necho secret\n").unwrap();
        Command::new("chmod").arg("755").arg(&pass).status().unwrap();
        let mut add = Command::new("ssh-add");
        add.arg("-x").env("SSH_AUTH_SOCK", &self.socket).env("SSH_ASKPASS", &pass).env("SSH_ASKPASS_REQUIRE", "force");
        assert!(add.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success());
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// An entry without a key that is of use, but with an agent.
fn with_agent(server: &Sshd, socket: &Path) -> Entry {
    let known = server.folder().join("known-agent");
    fs::write(&known, server.known_hosts()).unwrap();
    let agent = format!("IdentityAgent {}", socket.display());
    Entry::at("web", server.place()).known(&known).with(&agent).with("IdentitiesOnly no").with("IdentityFile none")
}

fn logged(server: &Sshd, words: &str) -> usize {
    server.log().lines().filter(|l| l.contains(words)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_key_is_told_and_not_tried_again() {
    let server = Sshd::with(&Settings { takes_key: false, ..Settings::default() });
    let desk = Desk::with(vec![Entry::of("web", &server)]);
    let host = desk.host("web");
    let link = settle(&host).await;
    let key = server.key_path();
    let words = format!("{} does not let root in: {} was refused", server.place(), key.display());
    assert_eq!(link.cause.unwrap().as_str(), words);
    assert_eq!((link.state, link.trouble, link.next_in), (LinkState::Refused, Some(Trouble::Authentication), None));
    for _ in 0..10 {
        assert!(crate::desk::run(&host, "true").await.is_err());
        sleep(SECOND / 5).await;
    }
    assert_eq!(logged(&server, "Failed publickey"), 1, "{}", server.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_unreadable_key_is_told() {
    let server = Sshd::start(&[]);
    let known = server.folder().join("k");
    fs::write(&known, server.known_hosts()).unwrap();
    let entry = Entry::at("web", server.place()).known(&known).with("IdentityFile /nonexistent/id");
    let cause = refusal(&Desk::with(vec![entry]).host("web")).await;
    assert!(cause.starts_with(&format!("{} does not let root in: ", server.place())), "{cause}");
    assert!(cause.contains("/nonexistent/id"), "{cause}");
    let garbage = server.folder().join("garbage");
    fs::write(&garbage, "no key at all\n").unwrap();
    let entry = Entry::at("web", server.place()).known(&known).with(&format!("IdentityFile {}", garbage.display()));
    let cause = refusal(&Desk::with(vec![entry]).host("web")).await;
    assert!(cause.contains(&garbage.display().to_string()), "{cause}");
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_that_are_missing_empty_locked_or_good() {
    let server = Sshd::start(&[]);
    let place = server.place();
    let dead = server.folder().join("nobody");
    let cause = refusal(&Desk::with(vec![with_agent(&server, &dead)]).host("web")).await;
    assert_eq!(cause, format!("{place} does not let root in: no ssh-agent answers at {}", dead.display()));
    let agent = Agent::start(server.folder());
    let empty = format!("{place} does not let root in: the agent holds no key (is it locked?)");
    let desk = Desk::with(vec![with_agent(&server, &agent.socket)]);
    assert_eq!(refusal(&desk.host("web")).await, empty);
    agent.add(&[server.key_path().to_str().unwrap()]);
    live(&Desk::with(vec![with_agent(&server, &agent.socket)]).host("web")).await;
    agent.lock();
    assert_eq!(refusal(&Desk::with(vec![with_agent(&server, &agent.socket)]).host("web")).await, empty);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_keys_named_are_asked_of_an_agent() {
    let server = Sshd::start(&[]);
    let agent = Agent::start(server.folder());
    let strange = server.folder().join("strange");
    make_key(&strange, "");
    agent.add(&[server.key_path().to_str().unwrap()]);
    let only = || {
        let known = server.folder().join("known-only");
        fs::write(&known, server.known_hosts()).unwrap();
        let entry = Entry::at("web", server.place()).known(&known);
        entry.with(&format!("IdentityAgent {}", agent.socket.display())).with("IdentitiesOnly yes")
    };
    let entry = only().with(&format!("IdentityFile {}", strange.display()));
    let cause = refusal(&Desk::with(vec![entry]).host("web")).await;
    assert!(cause.contains("was refused") && cause.contains("the agent holds none of the keys named"), "{cause}");
    // The agent holds what the file locks up: the public half beside it says which key it is.
    let locked = server.folder().join("locked");
    fs::copy(server.key_path(), &locked).unwrap();
    let set = ["-q", "-p", "-P", "", "-N", "secret", "-f"];
    assert!(Command::new("ssh-keygen").args(set).arg(&locked).stdout(Stdio::null()).status().unwrap().success());
    let entry = only().with(&format!("IdentityFile {}", locked.display()));
    live(&Desk::with(vec![entry]).host("web")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_never_answers_holds_nobody_up_for_long() {
    let server = Sshd::start(&[]);
    let socket = server.folder().join("frozen");
    let listener = UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || while stream.read(&mut [0; 64]).is_ok_and(|n| n > 0) {});
        }
    });
    let began = Instant::now();
    let cause = refusal(&Desk::with(vec![with_agent(&server, &socket)]).host("web")).await;
    let words =
        format!("{} does not let root in: the ssh-agent at {} does not answer", server.place(), socket.display());
    assert_eq!(cause, words);
    assert!(began.elapsed() < SECOND * 10, "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passphrase_is_asked_for_said_to_be_wrong_and_used_when_right() {
    let server = Sshd::start(&[]);
    let file = server.key_path();
    let set = ["-q", "-p", "-P", "", "-N", "secret", "-f"];
    assert!(Command::new("ssh-keygen").args(set).arg(&file).stdout(Stdio::null()).status().unwrap().success());
    let desk = Desk::with(vec![Entry::of("web", &server)]);
    let host = desk.host("web");
    let link = settle(&host).await;
    let words = format!("the key {} has a passphrase that nobody gave yet", file.display());
    assert_eq!((link.state, link.trouble), (LinkState::Refused, Some(Trouble::Passphrase)));
    assert_eq!(link.cause.unwrap().as_str(), words);
    assert_eq!(link.ask, Some(Ask::Passphrase { file: file.display().to_string().into() }));
    let file = file.display().to_string();
    desk.hosts().unlock(&file, "wrong".to_owned().into());
    let wrong = format!("the passphrase given for the key {file} is wrong");
    let link = until(&host, SECOND * 5, |l| l.cause.as_ref().is_some_and(|c| c.as_str() == wrong)).await;
    assert_eq!(link.ask, Some(Ask::Passphrase { file: file.as_str().into() }));
    desk.hosts().unlock(&file, "secret".to_owned().into());
    until(&host, SECOND * 5, |l| l.state == LinkState::Live).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_the_user_lets_in() {
    let authority = tempfile::tempdir().unwrap();
    let signer = authority.path().join("ca");
    make_key(&signer, "");
    let trusted = format!("TrustedUserCAKeys {}.pub", signer.display());
    let server = Sshd::with(&Settings { lines: &[&trusted], takes_key: false, ..Settings::default() });
    let key = server.key_path();
    let sign = ["-q", "-I", "ops", "-n", "root", "-s"];
    let public = key.with_extension("pub");
    assert!(Command::new("ssh-keygen").args(sign).arg(&signer).arg(&public).status().unwrap().success());
    live(&Desk::with(vec![Entry::of("web", &server)]).host("web")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_keys_are_told_with_what_to_do() {
    let server = Sshd::start(&["MaxAuthTries 3"]);
    let agent = Agent::start(server.folder());
    for number in 0..6 {
        let key = server.folder().join(format!("extra-{number}"));
        make_key(&key, "");
        agent.add(&[key.to_str().unwrap()]);
    }
    let desk = Desk::with(vec![with_agent(&server, &agent.socket)]);
    let host = desk.host("web");
    let cause = refusal(&host).await;
    let place = server.place();
    let words =
        format!("{place} closed the connection after 3 keys: name the right one with IdentityFile and IdentitiesOnly");
    assert_eq!(cause, words);
    sleep(SECOND).await;
    assert_eq!(logged(&server, "Too many authentication failures"), 1, "{}", server.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_takes_passwords_alone_is_told() {
    let server = Sshd::start(&["PubkeyAuthentication no", "PasswordAuthentication yes"]);
    let cause = refusal(&Desk::with(vec![Entry::of("web", &server)]).host("web")).await;
    let words = format!("{} lets root in only by password, and this console logs in by key alone", server.place());
    assert_eq!(cause, words);
}
