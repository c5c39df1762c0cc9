//! The files of the configuration: reads one with OpenSSH's checks of owner and rights, finds those an `Include` names,
//! and looks this user up. Never follows a line.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

use super::pattern;

/// The longest a file may be.
const MOST_BYTES: u64 = 1 << 20;

/// The most files an `Include` may name.
const MOST_FILES: usize = 1_000;

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    /// There is none.
    #[error("there is no such file")]
    Missing,
    /// It is there and cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(io::Error),
    /// It is a pipe, a socket or a disk.
    #[error("it is no regular file")]
    Strange,
    /// It is too long to be a configuration.
    #[error("it is longer than 1 MiB")]
    Long,
    /// It belongs to somebody else.
    #[error("it belongs to another user, so OpenSSH refuses it")]
    Owner,
    /// Others may write it.
    #[error("others may write it, so OpenSSH refuses it")]
    Writable,
}

impl FileError {
    /// What to do about it.
    pub(super) fn help(&self) -> &'static str {
        match self {
            Self::Missing => "write the file or name another one",
            Self::Unreadable(_) => "make it readable for you",
            Self::Strange => "name a regular file",
            Self::Long => "split it or drop what is not needed",
            Self::Owner => "make it yours with `chown`",
            Self::Writable => "take the right away with `chmod go-w`",
        }
    }
}

/// The bytes of a file; with `is_checked` only when nobody but this user and root may write it.
pub(super) fn read(path: &Path, is_checked: bool) -> Result<Vec<u8>, FileError> {
    // Opening a pipe would wait for somebody to write.
    let kind = fs::metadata(path).map_err(unreadable)?.file_type();
    if kind.is_dir() || kind.is_char_device() {
        // OpenSSH reads nothing from these: `/dev/null` is a common way to say so.
        return Ok(Vec::new());
    }
    if !kind.is_file() {
        return Err(FileError::Strange);
    }
    let file = File::open(path).map_err(unreadable)?;
    let found = file.metadata().map_err(unreadable)?;
    if is_checked {
        check(found.uid(), found.gid(), found.mode())?;
    }
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MOST_BYTES { Err(FileError::Long) } else { Ok(bytes) }
}

fn unreadable(error: io::Error) -> FileError {
    // A part of the path that is a file means that there is no such file either.
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => FileError::Missing,
        _ => FileError::Unreadable(error),
    }
}

fn check(owner: u32, group: u32, mode: u32) -> Result<(), FileError> {
    let me = rustix::process::getuid().as_raw();
    if owner != 0 && owner != me {
        return Err(FileError::Owner);
    }
    // Debian and its kin give every user a group of their own and let that one write.
    let is_mine = || mode & 0o020 == 0 || is_group_of_one(group, owner);
    if mode & 0o002 != 0 || !is_mine() { Err(FileError::Writable) } else { Ok(()) }
}

/// Whether nobody but the owner is in a group, as far as this machine's own files say.
fn is_group_of_one(group: u32, owner: u32) -> bool {
    let (Ok(users), Ok(groups)) = (fs::read_to_string("/etc/passwd"), fs::read_to_string("/etc/group")) else {
        return false;
    };
    only_owner(&users, &groups, group, owner)
}

fn only_owner(users: &str, groups: &str, group: u32, owner: u32) -> bool {
    let field = |line: &str, at: usize| line.split(':').nth(at).unwrap_or_default().to_owned();
    let (group, owner) = (group.to_string(), owner.to_string());
    let Some(name) = users.lines().find(|l| field(l, 2) == owner).map(|l| field(l, 0)) else {
        return false;
    };
    let mut lines = groups.lines().filter(|l| field(l, 2) == group).peekable();
    lines.peek().is_some()
        && lines.all(|l| field(l, 3).split(',').all(|member| member.is_empty() || member == name))
        && users.lines().filter(|l| field(l, 3) == group).all(|l| field(l, 2) == owner)
}

/// The name and the home of this user.
pub(super) fn this_user() -> (String, PathBuf) {
    let me = rustix::process::getuid().as_raw().to_string();
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let mut mine = users.lines().map(|l| l.split(':').collect::<Vec<_>>()).filter(|f| f.get(2) == Some(&me.as_str()));
    if let Some([name, _, _, _, _, home, ..]) = mine.next().as_deref() {
        return ((*name).to_owned(), PathBuf::from(home));
    }
    // A user of a directory service is not in the file.
    let name = std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).unwrap_or(me);
    (name, PathBuf::from("/"))
}

/// The name of this machine.
pub(super) fn this_host() -> String {
    let kernel = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    // Other systems than Linux have no such file, but all have this command.
    let asked = || Command::new("uname").arg("-n").stdin(Stdio::null()).output().ok();
    let name = kernel.or_else(|| asked().map(|out| String::from_utf8_lossy(&out.stdout).into_owned()));
    name.unwrap_or_default().trim().to_owned()
}

/// The files that a pattern of an absolute path names, in order. None when there are too many.
pub(super) fn glob(pattern: &Path) -> Option<Vec<PathBuf>> {
    let mut found = vec![PathBuf::from("/")];
    for component in pattern.components() {
        let Component::Normal(name) = component else {
            if component == Component::ParentDir {
                for path in &mut found {
                    path.push("..");
                }
            }
            continue;
        };
        let name = name.to_string_lossy();
        if pattern::is_wild(&name) {
            found = found.iter().flat_map(|folder| entries(folder, &name)).collect();
        } else {
            for path in &mut found {
                path.push(&*name);
            }
        }
        if found.len() > MOST_FILES {
            return None;
        }
    }
    found.retain(|path| path.symlink_metadata().is_ok());
    Some(found)
}

fn entries(folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let names = entries.flatten().map(|e| e.file_name());
    let mut fits: Vec<_> = names.filter(|n| pattern::name_matches(&n.to_string_lossy(), pattern)).collect();
    fits.sort();
    fits.into_iter().map(|name| folder.join(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_names_files_in_order_at_every_level_of_a_path() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b/1.conf", "a/2.conf", "a/1.conf", "a/.3.conf", "a/x", "c"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let named = |pattern: &str| -> Vec<String> {
            let paths = glob(&folder.path().join(pattern)).unwrap();
            paths.iter().map(|p| p.strip_prefix(folder.path()).unwrap().display().to_string()).collect()
        };
        assert_eq!(named("*/*.conf"), ["a/1.conf", "a/2.conf", "b/1.conf"]);
        assert_eq!(named("a/[!2x]*"), ["a/1.conf"]);
        assert_eq!(named("c"), ["c"]);
        assert!(named("missing").is_empty() && named("missing/*").is_empty());
    }

    #[test]
    fn a_group_lets_others_write_unless_its_owner_is_alone_in_it() {
        let users = "ops:x:1000:1000::/home/ops:/bin/sh\neve:x:1001:1001::/home/eve:/bin/sh\n";
        assert!(only_owner(users, "ops:x:1000:\n", 1000, 1000));
        assert!(only_owner(users, "ops:x:1000:ops\n", 1000, 1000));
        assert!(!only_owner(users, "ops:x:1000:eve\n", 1000, 1000), "another member");
        assert!(!only_owner(users, "eve:x:1001:\n", 1001, 1000), "another user's own group");
        assert!(!only_owner(users, "", 1000, 1000), "an unknown group");
        let me = rustix::process::getuid().as_raw();
        assert!(matches!(check(me, 0, 0o646), Err(FileError::Writable)));
        assert!(matches!(check(me + 1, 0, 0o600), Err(FileError::Owner)));
        assert!(check(me, 0, 0o644).is_ok());
    }

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert!(matches!(read(&socket, false), Err(FileError::Strange)));
        assert!(matches!(read(&folder.path().join("none"), false), Err(FileError::Missing)));
        assert_eq!(read(Path::new("/dev/null"), false).unwrap(), b"");
    }
}
