//! The files that every host starts from: a small Debian, made once a machine and kept. A changed recipe makes a new
//! one. Knows nothing of single hosts.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Absent;
use super::call::{call, has, names, text};
use super::place::ROOT;

const PACKAGES: &str =
    "systemd,systemd-sysv,dbus,openssh-server,sudo,rsync,curl,ca-certificates,iproute2,python3,procps,nginx-light";
const RELEASE: &str = "bookworm";

/// What a host runs first. With cgroups of version 1 nspawn leaves the controllers read-only, so that systemd could
/// neither count nor limit memory; only a remount of the bind itself is allowed once there are groups.
const FIRST: &str = "#!/bin/sh
for kind in memory pids; do
    if mountpoint -q /sys/fs/cgroup/$kind; then mount -o remount,bind,rw /sys/fs/cgroup/$kind; fi
done
exec /lib/systemd/systemd \"$@\"
";

/// Run in the new tree: two users, nothing that starts by the clock or serves unasked, no identity of its own.
const SET_UP: &str = "set -e
useradd --create-home --uid 1000 --shell /bin/bash --groups adm,systemd-journal ops
useradd --create-home --uid 1001 --shell /bin/bash plain
for user in ops plain; do install -d -m 700 -o $user -g $user /home/$user/.ssh; done
echo 'ops ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/ops
chmod 440 /etc/sudoers.d/ops
systemctl --quiet disable nginx.service
systemctl --quiet mask apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service \
    dpkg-db-backup.timer fstrim.timer systemd-tmpfiles-clean.timer console-getty.service getty@.service
rm -f /etc/ssh/ssh_host_* /var/lib/dbus/machine-id
: >/etc/machine-id
: >/etc/default/locale
mkdir -p /var/log/journal
rm -rf /var/cache/apt/* /var/lib/apt/lists/*
";

/// RSA keys take long to make, so hosts take theirs from this many.
pub const RSA_KEYS: usize = 24;

const TOOLS: [(&str, &str); 8] = [
    ("systemd-nspawn", "systemd-container"),
    ("ip", "iproute2"),
    ("tc", "iproute2"),
    ("iptables", "iptables"),
    ("ssh", "openssh-client"),
    ("ssh-keygen", "openssh-client"),
    ("nsenter", "util-linux"),
    ("mount", "mount"),
];

/// The tree, made now if it is not there.
pub fn ready() -> Result<PathBuf, Absent> {
    let missing = TOOLS.iter().find(|(tool, _)| !has(tool));
    if let Some((tool, package)) = missing {
        return Err(Absent(format!("its hosts need {tool} (package {package})")));
    }
    fs::create_dir_all(ROOT).map_err(|e| format!("{ROOT} cannot be made: {e}"))?;
    let tree = Path::new(ROOT).join(name());
    let lock = File::create(Path::new(ROOT).join("base.lock")).map_err(|e| format!("no lock in {ROOT}: {e}"))?;
    lock.lock().map_err(|e| format!("no lock in {ROOT}: {e}"))?;
    if !tree.is_dir() {
        if !has("mmdebstrap") {
            return Err(Absent("its hosts need mmdebstrap".to_owned()));
        }
        forget_old();
        make(&tree)?;
    }
    fs::write(tree.join("used"), "").map_err(|e| format!("{}: {e}", tree.display()))?;
    Ok(tree)
}

/// The RSA key number so many, which stands beside the tree's files.
pub fn rsa_key(base: &Path, number: usize) -> PathBuf {
    base.join("keys").join(format!("rsa-{}", number % RSA_KEYS))
}

/// The files that hosts have underneath.
pub fn tree(base: &Path) -> PathBuf {
    base.join("tree")
}

/// Says which recipe made it.
fn name() -> String {
    let mut hasher = DefaultHasher::new();
    (PACKAGES, RELEASE, FIRST, SET_UP, RSA_KEYS).hash(&mut hasher);
    format!("base-{:016x}", hasher.finish())
}

fn make(base: &Path) -> Result<(), String> {
    let made = base.with_extension("new");
    fs::remove_dir_all(&made).ok();
    let (tree, keys) = (made.join("tree"), made.join("keys"));
    fs::create_dir_all(&keys).map_err(|e| format!("{}: {e}", keys.display()))?;
    std::thread::scope(|scope| {
        let keys = scope.spawn(|| make_keys(&keys));
        let include = format!("--include={PACKAGES}");
        call("mmdebstrap", ["--quiet", "--variant=minbase", &include, RELEASE, &text(&tree)])?;
        keys.join().map_err(|_| "the keys could not be made".to_owned())?
    })?;
    call("chroot", [&text(&tree), "/bin/sh", "-c", SET_UP])?;
    let first = tree.join("sbin/lab-first");
    fs::write(&first, FIRST)
        .and_then(|()| fs::set_permissions(&first, PermissionsExt::from_mode(0o755)))
        .map_err(|e| format!("{}: {e}", first.display()))?;
    fs::rename(&made, base).map_err(|e| format!("{}: {e}", base.display()))
}

fn make_keys(folder: &Path) -> Result<(), String> {
    for number in 0..RSA_KEYS {
        let path = text(&folder.join(format!("rsa-{number}")));
        call("ssh-keygen", ["-q", "-t", "rsa", "-b", "2048", "-N", "", "-C", "host", "-f", &path])?;
    }
    Ok(())
}

/// Trees that nobody used for a week go; a younger one may be another checkout's.
fn forget_old() {
    const WEEK: Duration = Duration::from_hours(7 * 24);
    for old in names(ROOT).iter().filter(|n| n.starts_with("base-")).map(|n| Path::new(ROOT).join(n)) {
        let used = fs::metadata(old.join("used")).and_then(|m| m.modified());
        if used.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > WEEK)) {
            fs::remove_dir_all(old).ok();
        }
    }
}
