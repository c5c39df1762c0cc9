//! Plain sshds on loopback, run as whoever runs the tests, set up to refuse one thing or another; each ends with its
//! test. There is no systemd behind them: the hosts of the lab have that. Beside it: hosts that only pretend, and a
//! wire that can be broken.
#![allow(dead_code, reason = "each test crate uses a part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on says so and stops"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "tests wait for real servers, by the real clock, in threads of their own"
)]

#[path = "sshd/fake.rs"]
mod fake;
#[path = "sshd/wire.rs"]
mod wire;

use std::fs::{self, File};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

#[allow(unused_imports, reason = "each test crate uses a part")]
pub use fake::FakeHost;
pub use wire::Wire;

/// How an sshd is set up.
pub struct Settings<'s> {
    /// Further lines of `sshd_config`; they come first, and sshd keeps the first word on anything.
    pub lines: &'s [&'s str],
    /// The kinds of its host keys.
    pub host_keys: &'s [&'s str],
    /// Whether an authority has signed its host keys.
    pub certified: bool,
    /// Whether it takes the client's key; otherwise it knows only another.
    pub takes_key: bool,
    /// Where it listens: any address of loopback.
    pub address: Ipv4Addr,
    /// Where it listens; a free one otherwise.
    pub port: Option<u16>,
}

impl Default for Settings<'_> {
    fn default() -> Self {
        let address = Ipv4Addr::LOCALHOST;
        Self { lines: &[], host_keys: &["ed25519"], certified: false, takes_key: true, address, port: None }
    }
}

/// A running sshd.
pub struct Sshd {
    folder: TempDir,
    child: Child,
    place: SocketAddr,
    host_keys: Vec<String>,
}

impl Sshd {
    /// Starts one with these lines of configuration and nothing else out of the ordinary.
    pub fn start(lines: &[&str]) -> Self {
        Self::with(&Settings { lines, ..Settings::default() })
    }

    /// Starts one; returns when it listens.
    pub fn with(settings: &Settings<'_>) -> Self {
        let folder = tempfile::Builder::new().prefix("qd-sshd-").tempdir().unwrap();
        if rustix::process::geteuid().is_root() {
            // As root it insists on a folder to lock itself up in.
            fs::create_dir_all("/run/sshd").unwrap();
        }
        let path = folder.path();
        for name in ["id", "other"] {
            make_key(&path.join(name), "ed25519");
        }
        let port = settings
            .port
            .unwrap_or_else(|| TcpListener::bind((settings.address, 0)).unwrap().local_addr().unwrap().port());
        fs::write(path.join("sshd_config"), configuration(path, settings, port)).unwrap();
        let child = spawn(path);
        let host_keys = settings.host_keys.iter().map(|kind| (*kind).to_owned()).collect();
        let server = Self { folder, child, place: SocketAddr::new(settings.address.into(), port), host_keys };
        server.wait();
        server
    }

    fn wait(&self) {
        for _ in 0..400 {
            if TcpStream::connect(self.place).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("sshd does not listen on {}: {}", self.place, self.log());
    }

    /// Address and port.
    pub fn place(&self) -> SocketAddr {
        self.place
    }

    /// Where it listens.
    pub fn address(&self) -> IpAddr {
        self.place.ip()
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.place.port()
    }

    /// The only user that can log in: whoever runs it.
    #[allow(clippy::unused_self, reason = "asked of a server, as of a host")]
    pub fn user(&self) -> String {
        let output = Command::new("id").arg("-un").output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// The client's private key.
    pub fn key_path(&self) -> PathBuf {
        self.folder.path().join("id")
    }

    /// Its folder, for files of the test.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The lines of its keys for a file of known hosts.
    pub fn known_hosts(&self) -> String {
        self.known_hosts_at(self.place)
    }

    /// The same for a client that comes through a wire at another place.
    pub fn known_hosts_at(&self, place: SocketAddr) -> String {
        let line = |kind: &String| format!("[{}]:{} {}\n", place.ip(), place.port(), self.public(&host_key(kind)));
        self.host_keys.iter().map(line).collect()
    }

    /// The line of the authority that signs host keys, for a file of known hosts.
    pub fn authority_line(&self) -> String {
        format!("@cert-authority [{}]:{} {}\n", self.address(), self.port(), self.public("authority"))
    }

    fn public(&self, name: &str) -> String {
        let text = fs::read_to_string(self.folder.path().join(name).with_extension("pub")).expect("a public key");
        text.split(' ').take(2).collect::<Vec<_>>().join(" ").trim().to_owned()
    }

    /// The real client, about to log in: known keys only, nothing of whoever runs the tests.
    pub fn ssh(&self) -> Command {
        self.ssh_at(self.place)
    }

    /// The same through a wire at another place.
    pub fn ssh_at(&self, place: SocketAddr) -> Command {
        let known = self.folder.path().join(format!("known_hosts-{}", place.port()));
        if !known.exists() {
            fs::write(&known, self.known_hosts_at(place)).unwrap();
        }
        let mut command = Command::new("ssh");
        command.args(["-F", "/dev/null", "-o", "BatchMode=yes", "-o", "ConnectTimeout=2", "-o", "IdentitiesOnly=yes"]);
        command.args(["-o", "GlobalKnownHostsFile=/dev/null"]);
        command.arg("-o").arg(format!("UserKnownHostsFile={}", known.display()));
        command.arg("-i").arg(self.key_path()).args(["-p", &place.port().to_string()]);
        command.arg(format!("{}@{}", self.user(), place.ip()));
        command.env_remove("SSH_AUTH_SOCK").stdin(Stdio::null());
        command
    }

    /// Stops its listener: connections are taken by the kernel, and no banner comes. Sessions go on.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Ends a freeze.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Ends it, its sessions too.
    pub fn stop(&mut self) {
        let sessions = descendants(self.child.id());
        self.child.kill().ok();
        self.child.wait().ok();
        for session in sessions.into_iter().filter_map(|pid| Pid::from_raw(pid.cast_signed())) {
            kill_process(session, Signal::KILL).ok();
        }
    }

    /// Starts it again at the same place, with the same keys.
    pub fn start_again(&mut self) {
        self.stop();
        self.child = spawn(self.folder.path());
        self.wait();
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The text of `sshd_config`, after the keys it names are made.
fn configuration(folder: &Path, settings: &Settings<'_>, port: u16) -> String {
    let at = |name: &str| folder.join(name).display().to_string();
    let mut text: String = settings.lines.iter().flat_map(|line| [line, "\n"]).collect();
    if settings.certified {
        make_key(&folder.join("authority"), "ed25519");
    }
    for kind in settings.host_keys {
        let key = host_key(kind);
        make_key(&folder.join(&key), kind);
        text += &format!("HostKey {}\n", at(&key));
        if settings.certified {
            let names = settings.address.to_string();
            let words = ["-q", "-h", "-s", &at("authority"), "-I", "host", "-n", &names, &at(&key)].map(str::to_owned);
            assert!(Command::new("ssh-keygen").args(words).status().unwrap().success(), "a certificate of the host");
            text += &format!("HostCertificate {}-cert.pub\n", at(&key));
        }
    }
    // What a shell reads when it starts is that of whoever runs the tests, and may take long.
    text += &format!("SetEnv HOME={}\n", folder.display());
    let accepted = at(if settings.takes_key { "id.pub" } else { "other.pub" });
    text + &format!(
        "ListenAddress {}\nPort {port}\nPidFile none\nAuthorizedKeysFile {accepted}\nUsePAM no\nStrictModes no\n\
         PasswordAuthentication no\nKbdInteractiveAuthentication no\nSubsystem sftp internal-sftp\nLogLevel VERBOSE\n\
         SetEnv HOME={}\n",
        settings.address,
        // What whoever runs the tests has in a profile is no part of them.
        folder.display()
    )
}

fn host_key(kind: &str) -> String {
    format!("host-{kind}")
}

fn make_key(path: &Path, kind: &str) {
    let words = ["-q", "-t", kind, "-N", "", "-C", "test", "-f"];
    let made = Command::new("ssh-keygen").args(words).arg(path).stdin(Stdio::null()).status();
    assert!(made.expect("ssh-keygen; tests/run installs it").success(), "a key in {}", path.display());
}

fn spawn(folder: &Path) -> Child {
    let log = File::options().create(true).append(true).open(folder.join("log")).unwrap();
    // It starts itself again for every connection, so it wants its full path.
    let program = ["/usr/sbin/sshd", "/usr/bin/sshd"].into_iter().find(|p| Path::new(p).exists());
    let mut command = Command::new(program.expect("sshd; tests/run installs it"));
    command.args(["-D", "-e", "-f"]).arg(folder.join("sshd_config"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
}

/// The processes below this one.
fn descendants(parent: u32) -> Vec<u32> {
    let tasks = format!("/proc/{parent}/task/{parent}/children");
    let children = fs::read_to_string(tasks).unwrap_or_default();
    let direct = children.split_whitespace().filter_map(|pid| pid.parse().ok());
    direct.flat_map(|pid| [vec![pid], descendants(pid)].concat()).collect()
}
