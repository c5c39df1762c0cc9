//! What is a lab's own: its number, and from it the names and addresses of everything it makes. A lock that the kernel
//! lets go with the process says whether its owner lives. Takes away all that a number left behind, and nothing else.

use std::fs::{self, File, TryLockError};
use std::net::Ipv4Addr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use super::Absent;
use super::call::{call, names, until};
use super::group;
use super::line::{self, Net};

/// Where trees and labs are kept, one for the machine.
pub const ROOT: &str = "/var/cache/quarterdeck-tests";

/// The most labs at a time.
const MOST: u8 = 250;

/// One lab's own.
pub struct Place {
    /// 1 to 250: the third part of its addresses.
    pub number: u8,
    /// What its hosts start from.
    pub base: PathBuf,
    next: AtomicU8,
}

impl Place {
    /// The first free number, after leftovers of dead owners are taken away, and the claim on it.
    pub fn claim(base: PathBuf) -> Result<(Self, File), Absent> {
        sweep();
        let used = fs::read_to_string("/proc/net/fib_trie").unwrap_or_default();
        for number in 1..=MOST {
            let Some(claim) = lock(number)? else { continue };
            let taken = [Net::Front, Net::Behind].iter().any(|net| used.contains(&network(number, *net)));
            if !taken {
                let place = Self { number, base, next: AtomicU8::new(10) };
                fs::create_dir_all(place.folder()).map_err(|e| format!("no folder for hosts: {e}"))?;
                return Ok((place, claim));
            }
        }
        Err(Absent(format!("all {MOST} numbers for labs are taken")))
    }

    /// Its files.
    pub fn folder(&self) -> PathBuf {
        folder(self.number)
    }

    /// What its names begin with.
    pub fn prefix(&self) -> String {
        prefix(self.number)
    }

    /// The private key of its users.
    pub fn key_path(&self) -> PathBuf {
        self.folder().join("id")
    }

    /// A number for the next host: the last part of its address.
    pub fn next(&self) -> u8 {
        self.next.fetch_add(1, Ordering::SeqCst)
    }

    /// An address on one of its networks.
    pub fn address(&self, net: Net, host: u8) -> Ipv4Addr {
        address(self.number, net, host)
    }
}

fn folder(number: u8) -> PathBuf {
    Path::new(ROOT).join("labs").join(number.to_string())
}

fn prefix(number: u8) -> String {
    format!("qd-{number}")
}

/// An address on a network of this number.
pub fn address(number: u8, net: Net, host: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, if net == Net::Front { 77 } else { 78 }, number, host)
}

fn network(number: u8, net: Net) -> String {
    address(number, net, 0).to_string().trim_end_matches('0').to_owned()
}

/// The claim on a number, unless somebody who lives has it. The file stays: to remove a locked file is a race.
fn lock(number: u8) -> Result<Option<File>, Absent> {
    let path = Path::new(ROOT).join("labs").join(format!("{number}.lock"));
    let open = || {
        fs::create_dir_all(path.parent().unwrap_or(&path))?;
        File::options().create(true).append(true).open(&path)
    };
    let file = open().map_err(|e| format!("{}: {e}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(Absent(format!("{}: {error}", path.display()))),
    }
}

/// Whether anybody who lives has a lab.
pub fn is_any_claimed() -> bool {
    let locks = names(Path::new(ROOT).join("labs"));
    let mut numbers = locks.iter().filter_map(|n| n.strip_suffix(".lock")?.parse().ok());
    numbers.any(|number| matches!(lock(number), Ok(None)))
}

/// Takes away what labs of dead owners left.
fn sweep() {
    let numbers = names(Path::new(ROOT).join("labs")).into_iter().filter_map(|n| n.parse().ok());
    for number in numbers {
        // The lock is held until it is done.
        if let Ok(Some(_claim)) = lock(number) {
            remove(number);
        }
    }
}

/// Takes away everything of this number: processes first, files last, so that what is left can be found again.
pub fn remove(number: u8) {
    let (folder, prefix) = (folder(number), prefix(number));
    group::kill(&prefix);
    let gone = until(Duration::from_secs(10), || unmount(&folder));
    line::remove(number, &prefix);
    group::remove(&prefix);
    for left in ["propagate", "unix-export"] {
        let left = Path::new("/run/systemd/nspawn").join(left);
        for name in names(&left).iter().filter(|n| n.starts_with(&format!("{prefix}-"))) {
            fs::remove_dir(left.join(name)).ok();
        }
    }
    // Under a mount that stays there are files of the base.
    if gone {
        fs::remove_dir_all(&folder).ok();
    }
}

/// Takes down the mounts in a folder; whether there is none any more.
fn unmount(folder: &Path) -> bool {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let ours = mounts.lines().filter_map(|l| l.split(' ').nth(1)).filter(|path| Path::new(path).starts_with(folder));
    let mut all = true;
    for path in ours {
        if let Ok(root) = fs::metadata(path) {
            // nspawn's lock on the tree outlives a nspawn that was killed.
            fs::remove_file(format!("/run/systemd/nspawn/locks/inode-{}:{}", root.dev(), root.ino())).ok();
        }
        all &= call("umount", [path]).is_ok();
    }
    all
}
