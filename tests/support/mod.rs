//! What the tests against real servers share: checks made from deck text, free ports, processes that end with the
//! test. Each test crate uses a part of it.
#![allow(dead_code, reason = "each test crate uses a part")]

pub mod postgres;
pub mod rabbitmq;
pub mod redis;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use quarterdeck::model::{Observation, Outcome};
use quarterdeck::secret::Vault;
use quarterdeck::settings::{Faults, Files, Section, Table};
use quarterdeck::source::health::{Check, Context, KINDS};
use quarterdeck::transport::Local;

/// A check from the keys of a probe table, as they would stand in a deck: `http = "…"\nreport = "aspnet"`. The error
/// is every fault as it would be printed.
pub fn read_check(text: &str) -> Result<Box<dyn Check>, String> {
    read_check_from(Path::new("deck"), text)
}

/// The same of a deck in this folder.
pub fn read_check_from(folder: &Path, text: &str) -> Result<Box<dyn Check>, String> {
    let mut files = Files::default();
    let file = files.add(folder.join("quarterdeck.toml"), text);
    let faults = Faults::new(&files);
    let check = Table::parse(file, &faults).and_then(|table| {
        let kind = KINDS.iter().find(|k| table.get(k.name).is_some()).expect("a kind that exists");
        let mut section = Section::new(&table, "probe `test`", &faults);
        let check = (kind.read)(&mut section);
        section.finish();
        check
    });
    let list = faults.into_list();
    match check {
        Some(check) if list.is_empty() => Ok(check),
        _ => Err(list.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    }
}

/// A sound check from deck text.
pub fn check_of(text: &str) -> Box<dyn Check> {
    read_check(text).unwrap_or_else(|faults| panic!("{faults}"))
}

/// What a check may use, at the time given (RFC 3339).
pub fn context(timeout: Duration, now: &str) -> Context {
    Context {
        transport: Arc::new(Local),
        way: None,
        vault: Vault::default(),
        timeout,
        now: now.parse().expect("a time"),
    }
}

/// Looks once with two seconds' time, in the middle of 2026.
pub async fn look(text: &str) -> Observation {
    check_of(text).check(&context(Duration::from_secs(2), "2026-06-15T12:00:00Z")).await
}

/// Looks once, with this much time, which the check must keep.
pub async fn look_within(text: &str, timeout: Duration) -> Observation {
    look_with(&*check_of(text), timeout).await
}

async fn look_with(check: &dyn Check, timeout: Duration) -> Observation {
    let context = context(timeout, "2026-11-20T12:00:00Z");
    let mut seen = tokio::time::timeout(timeout, check.check(&context)).await.expect("the check keeps its time");
    context.vault.redact(&mut seen);
    seen
}

/// Looks once with plenty of time, as a deck in this folder says.
pub async fn look_calmly_from(folder: &Path, text: &str) -> Observation {
    let check = read_check_from(folder, text).unwrap_or_else(|faults| panic!("{faults}"));
    look_with(&*check, Duration::from_secs(10)).await
}

/// Looks once with plenty of time.
pub async fn look_calmly(text: &str) -> Observation {
    look_within(text, Duration::from_secs(10)).await
}

/// Looks until the outcome is as expected, for ten seconds.
pub async fn look_until(text: &str, outcome: Outcome) -> Observation {
    let mut seen = look_calmly(text).await;
    for _ in 0..50 {
        if seen.outcome == outcome {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        seen = look_calmly(text).await;
    }
    assert_eq!(seen.outcome, outcome, "{seen:?}");
    seen
}

/// The reason of an observation.
pub fn reason(seen: &Observation) -> &str {
    seen.reason.as_ref().map_or("", |r| r.as_str())
}

/// The value of a fact.
pub fn fact<'o>(seen: &'o Observation, name: &str) -> &'o str {
    seen.facts.iter().find(|f| f.name.as_str() == name).map_or("", |f| f.value.as_str())
}

/// A port on which nothing listens at the moment.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port()
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

/// A server process in a folder of its own; both go with it.
pub struct Server {
    child: Child,
    folder: tempfile::TempDir,
}

impl Server {
    /// A folder to prepare.
    pub fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a folder")
    }

    /// Starts a program in its folder and waits until the port answers.
    pub async fn start(folder: tempfile::TempDir, command: &mut Command, port: u16) -> Self {
        let child = command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let server = Self { child: child.spawn().expect("the server program"), folder };
        for _ in 0..200 {
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return server;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("the server does not listen on port {port}");
    }

    /// Where it lives.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it (and nothing else) a signal: `STOP`, `CONT`, `TERM`.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([format!("-{name}"), pid]).status().expect("kill").success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Writes a file and tells its path.
pub fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("a file");
    path
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
