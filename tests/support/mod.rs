//! What all tests on real servers need: free ports, programs run as an ordinary user, checks from deck text.

pub mod postgres;
pub mod rabbitmq;
pub mod redis;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use quarterdeck::model::{Observation, Outcome};
use quarterdeck::secret::Vault;
use quarterdeck::settings::{Faults, Files, Section, Table};
use quarterdeck::source::health::{Check, Context, KINDS};
use quarterdeck::transport::Local;

/// A port that nobody listens on.
pub fn port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A folder that the ordinary user owns.
pub fn folder() -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("qd-").tempdir().unwrap();
    if rustix::process::geteuid().is_root() {
        run(Command::new("chown").arg("nobody:nogroup").arg(folder.path()));
    }
    folder
}

/// A program to be run as an ordinary user: the servers refuse to be root.
pub fn ordinary(program: impl AsRef<Path>) -> Command {
    let program = program.as_ref();
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--"]).arg(program);
    command.current_dir("/");
    command
}

/// Runs to its end, which must be good.
pub fn run(command: &mut Command) -> Output {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {told} {}", String::from_utf8_lossy(&output.stdout));
    output
}

/// A check from what stands in a probe's table of a deck.
pub fn check(deck: &str) -> Box<dyn Check> {
    let mut files = Files::default();
    let file = files.add("quarterdeck.toml", deck);
    let faults = Faults::new(&files);
    let check = Table::parse(file, &faults).and_then(|table| {
        let kind = KINDS.iter().find(|k| table.get(k.name).is_some()).expect("a kind");
        let mut section = Section::new(&table, "probe `live`", &faults);
        let check = (kind.read)(&mut section);
        if section.finish() { check } else { None }
    });
    check.unwrap_or_else(|| panic!("{:?}", faults.into_list()))
}

/// Looks once, with this much time.
pub async fn look_within(deck: &str, timeout: Duration) -> Observation {
    let now = "2026-11-20T12:00:00Z".parse().unwrap();
    let context = Context { transport: Arc::new(Local), vault: Vault::default(), timeout, now };
    let mut seen = tokio::time::timeout(timeout, check(deck).check(&context)).await.expect("the check keeps its time");
    context.vault.redact(&mut seen);
    seen
}

/// Looks once.
pub async fn look(deck: &str) -> Observation {
    look_within(deck, Duration::from_secs(10)).await
}

/// Looks until the outcome is as expected, for ten seconds.
pub async fn look_until(deck: &str, outcome: Outcome) -> Observation {
    let mut seen = look(deck).await;
    for _ in 0..50 {
        if seen.outcome == outcome {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        seen = look(deck).await;
    }
    assert_eq!(seen.outcome, outcome, "{seen:?}");
    seen
}

/// Its reason, empty when there is none.
pub fn why(seen: &Observation) -> &str {
    seen.reason.as_ref().map_or("", |r| r.as_str())
}

/// The value of a fact.
pub fn fact<'o>(seen: &'o Observation, name: &str) -> &'o str {
    seen.facts.iter().find(|f| f.name.as_str() == name).map_or("", |f| f.value.as_str())
}

/// A secret in a file; the reference to it.
pub fn secret(folder: &Path, name: &str, value: &str) -> String {
    let path: PathBuf = folder.join(name);
    std::fs::write(&path, value).unwrap();
    format!("file:{}", path.display())
}

/// A certificate for `localhost` that signs itself, in files that the ordinary user may read: certificate and key.
pub fn certificate(folder: &Path) -> (PathBuf, PathBuf) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.join("own.crt"), folder.join("own.key"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    if rustix::process::geteuid().is_root() {
        run(Command::new("chown").arg("nobody:nogroup").arg(&key));
    }
    (certificate, key)
}
