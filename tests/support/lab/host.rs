//! One host: its files over the base tree, its boots, what is run and written inside, and how a client gets in. What
//! can be broken about it is in `faults`.

use std::fmt;
use std::fs;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use super::call::{PATH, call, feed, program, text, until};
use super::line::{self, Net};
use super::place::Place;
use super::{base, group};

/// The longest a boot may take; twenty at once on two slow processors take a few seconds.
const BOOT: Duration = Duration::from_mins(1);

/// Starts the host, and again whenever it asks for it (133 is nspawn's word for that). This shell has a group of its
/// own, because a group with processes may not share its controllers out; every boot has a new one. A process that
/// writes 0 moves itself.
const KEEPER: &str = r#"
mkdir -p "$1/keeper" && echo 0 >"$1/keeper/cgroup.procs" || exit 1
groups=$1; shift
while [ "$1" != -- ]; do groups="$groups $1"; shift; done
shift
boot=0
while :; do
    boot=$((boot + 1))
    (
        for group in $groups; do
            find "$group" -mindepth 1 -depth -type d -path '*/boot-*' -exec rmdir {} + 2>/dev/null
            mkdir -p "$group/boot-$boot" && echo 0 >"$group/boot-$boot/cgroup.procs" || exit 1
        done
        exec "$@"
    )
    [ $? -eq 133 ] || exit
done
"#;

/// A host of a lab. A copy is another handle on the same host.
#[derive(Clone)]
pub struct Host {
    pub(super) place: Arc<Place>,
    pub(super) name: String,
    pub(super) number: u8,
    pub(super) nets: Vec<Net>,
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.name, self.address())
    }
}

impl Host {
    /// Its files and links, without a boot.
    pub(super) fn prepare(place: &Arc<Place>, name: &str, nets: &[Net]) -> Self {
        let host = Self { place: Arc::clone(place), name: name.to_owned(), number: place.next(), nets: nets.to_vec() };
        let made = host.make_files().and_then(|()| line::connect(place, name, host.number, nets));
        made.unwrap_or_else(|why| panic!("{name}: {why}"));
        host
    }

    fn folder(&self) -> PathBuf {
        self.place.folder().join(&self.name)
    }

    /// Its files as this machine sees them. Follow no link in here: it may lead out.
    pub(super) fn root(&self) -> PathBuf {
        self.folder().join("root")
    }

    fn make_files(&self) -> Result<(), String> {
        let [upper, work, root] = ["upper", "work", "root"].map(|f| self.folder().join(f));
        for folder in [&upper, &work, &root] {
            fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        }
        let [lower, upper, work] = [base::tree(&self.place.base), upper, work].map(|p| text(&p));
        // What is thrown away need not be synced.
        let options = format!("lowerdir={lower},upperdir={upper},workdir={work},volatile");
        call("mount", ["-t", "overlay", "overlay", "-o", &options, &text(&root)])?;
        self.make_identity(&root).map_err(|e| format!("{}: {e}", root.display()))?;
        for kind in ["ed25519", "ecdsa"] {
            let path = text(&root.join(format!("etc/ssh/ssh_host_{kind}_key")));
            call("ssh-keygen", ["-q", "-t", kind, "-N", "", "-C", &self.name, "-f", &path])?;
        }
        Ok(())
    }

    fn make_identity(&self, root: &Path) -> std::io::Result<()> {
        fs::write(root.join("etc/hostname"), format!("{}\n", self.name))?;
        fs::write(root.join("etc/hosts"), format!("127.0.0.1 localhost\n127.0.1.1 {}\n", self.name))?;
        let id = fs::read_to_string("/proc/sys/kernel/random/uuid")?.replace('-', "");
        fs::write(root.join("etc/machine-id"), id)?;
        let key = fs::read(self.place.key_path().with_extension("pub"))?;
        for (user, id) in [("ops", 1000), ("plain", 1001)] {
            let path = root.join("home").join(user).join(".ssh/authorized_keys");
            fs::write(&path, &key)?;
            chown(&path, Some(id), Some(id))?;
        }
        let rsa = base::rsa_key(&self.place.base, self.number.into());
        let own = root.join("etc/ssh/ssh_host_rsa_key");
        fs::copy(&rsa, &own)?;
        fs::set_permissions(&own, PermissionsExt::from_mode(0o600))?;
        fs::copy(rsa.with_extension("pub"), own.with_extension("pub"))?;
        Ok(())
    }

    /// Switches it on, its link healed; returns when it runs and takes logins.
    pub fn on(&self) {
        self.start();
        self.wait_ready();
    }

    /// Switches it on and does not wait.
    pub fn start(&self) {
        assert!(!self.is_on(), "{} is on already", self.name);
        self.heal();
        let groups = group::make(&self.place.prefix(), &self.name).unwrap_or_else(|why| panic!("{why}"));
        let space = line::namespace(&self.place, &self.name);
        let console = fs::File::options().create(true).append(true).open(self.console_path()).unwrap();
        let mut command = program("setsid");
        command.args(["sh", "-c", KEEPER, "keeper"]).args(groups).args(["--", "systemd-nspawn", "--quiet"]);
        command.arg("--directory").arg(self.root()).arg(format!("--machine={space}"));
        command.arg(format!("--hostname={}", self.name)).arg(format!("--network-namespace-path=/run/netns/{space}"));
        // There is no systemd outside to ask, and nothing of this machine is to be seen inside.
        command.args(["--register=no", "--keep-unit", "--link-journal=no", "--resolv-conf=off", "--timezone=off"]);
        command.args(["--console=read-only", "--kill-signal=SIGRTMIN+3", "/sbin/lab-first"]);
        command.stdout(console.try_clone().unwrap()).stderr(console);
        let mut keeper = command.spawn().unwrap();
        std::thread::spawn(move || keeper.wait());
    }

    fn console_path(&self) -> PathBuf {
        self.folder().join("console")
    }

    /// Waits until it has booted, whatever became of its units.
    pub fn wait_ready(&self) {
        let ready = until(BOOT, || {
            let Some(output) = self.try_run("systemctl is-system-running --wait") else { return false };
            let state = String::from_utf8_lossy(&output.stdout).into_owned();
            matches!(state.trim(), "running" | "degraded") && self.port_answers()
        });
        let console = || fs::read_to_string(self.console_path()).unwrap_or_default();
        assert!(ready, "{} does not boot; its console said:\n{}", self.name, console());
    }

    fn port_answers(&self) -> bool {
        if self.nets.contains(&Net::Front) {
            let place = SocketAddr::new(self.address(), self.port());
            return TcpStream::connect_timeout(&place, Duration::from_secs(1)).is_ok();
        }
        self.try_run("systemctl is-active ssh").is_some_and(|o| o.status.success())
    }

    /// Whether any process of it lives.
    pub fn is_on(&self) -> bool {
        group::is_alive(&self.place.prefix(), &self.name)
    }

    /// Its name, which is its host name too.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its address: on the lab's own network, or on the one behind the jump host.
    pub fn address(&self) -> IpAddr {
        let net = if self.nets.contains(&Net::Front) { Net::Front } else { Net::Behind };
        self.place.address(net, self.number).into()
    }

    /// Where its sshd listens.
    #[allow(clippy::unused_self, reason = "every host has one")]
    pub fn port(&self) -> u16 {
        22
    }

    /// The private key that its users take.
    pub fn key_path(&self) -> PathBuf {
        self.place.key_path()
    }

    /// The line of its Ed25519 key for a file of known hosts.
    pub fn known_hosts_line(&self) -> String {
        self.known_key("ed25519")
    }

    /// The lines of all its keys.
    pub fn known_hosts(&self) -> String {
        ["ed25519", "ecdsa", "rsa"].map(|kind| self.known_key(kind)).concat()
    }

    fn known_key(&self, kind: &str) -> String {
        let path = self.root().join(format!("etc/ssh/ssh_host_{kind}_key.pub"));
        let key = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let words: Vec<&str> = key.split_whitespace().take(2).collect();
        format!("{} {}\n", self.address(), words.join(" "))
    }

    /// Its memory in use, the cache of files included, in bytes.
    pub fn memory(&self) -> u64 {
        group::memory(&self.place.prefix(), &self.name)
    }

    /// The process id that its first process has on this machine.
    pub fn first_process(&self) -> Option<u32> {
        group::first(&self.place.prefix(), &self.name)
    }

    /// Runs a shell command inside as root, not over the network. It has a minute.
    pub fn run(&self, command: &str) -> Output {
        self.try_run(command).unwrap_or_else(|| panic!("{} is not on", self.name))
    }

    /// The same, which must be good; what it printed.
    pub fn must(&self, command: &str) -> String {
        let output = self.run(command);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {command}: {} {told}", self.name, output.status);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn try_run(&self, command: &str) -> Option<Output> {
        self.inside(&["/bin/bash", "-c", command])?.output().ok()
    }

    fn inside(&self, words: &[&str]) -> Option<Command> {
        let first = self.first_process()?.to_string();
        let mut command = program("timeout");
        command.env_clear().envs([("PATH", PATH), ("LANG", "C.UTF-8"), ("HOME", "/root")]);
        command.args(["-k", "1", "60", "nsenter", "-t", &first, "-m", "-u", "-i", "-n", "-p", "-r", "-w", "--"]);
        command.args(words);
        Some(command)
    }

    /// Writes a file inside, with the folders above it, owned by root: `put("/etc/x", b"…", 0o644)`.
    pub fn put(&self, path: &str, bytes: impl AsRef<[u8]>, mode: u32) {
        let write = r#"mkdir -p "$(dirname "$1")" && cat >"$1" && chmod "$2" "$1""#;
        let mode = format!("{mode:o}");
        let mut command = self.inside(&["/bin/sh", "-c", write, "put", path, &mode]).expect("a host that is on");
        feed(&mut command, bytes.as_ref()).unwrap_or_else(|why| panic!("{}: {path}: {why}", self.name));
    }

    /// Writes a unit, such as `sales.service`, and lets systemd read it.
    pub fn unit(&self, name: &str, text: &str) {
        self.put(&format!("/etc/systemd/system/{name}"), text, 0o644);
        self.must("systemctl daemon-reload");
    }

    /// The real client, about to log in as this user: known keys only, nothing of whoever runs the tests, two
    /// seconds to connect. Add options, then words.
    pub fn ssh_as(&self, user: &str) -> Command {
        let known = self.folder().join("known_hosts");
        if !known.exists() {
            fs::write(&known, self.known_hosts()).unwrap();
        }
        let mut command = program("ssh");
        command.args(["-F", "/dev/null", "-o", "BatchMode=yes", "-o", "ConnectTimeout=2", "-o", "IdentitiesOnly=yes"]);
        command.args(["-o", "GlobalKnownHostsFile=/dev/null", "-o", &format!("UserKnownHostsFile={}", text(&known))]);
        command.arg("-i").arg(self.key_path()).arg(format!("{user}@{}", self.address()));
        command.env_remove("SSH_AUTH_SOCK").stderr(Stdio::piped());
        command
    }

    /// Runs a command over SSH as `ops`, with the real client.
    pub fn ssh(&self, command: &str) -> Output {
        self.ssh_as("ops").arg(command).output().unwrap()
    }
}
