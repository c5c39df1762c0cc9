//! Files to a host by SFTP, over a connection of their own with large writes, so that no probe waits for them. A file is
//! written beside its place and moved there when it is complete; nothing is deleted.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use ssh2::{ErrorCode, FileStat, OpenFlags, OpenType, RenameFlags, Session, Sftp};
use tokio_util::sync::CancellationToken;

use super::Remote;
use crate::runner::Permit;
use crate::transport::{Copied, CopyError};

/// Written at once. With less a slow line stands idle between two answers.
const BLOCK: usize = 1024 * 1024;

impl Remote {
    /// Copies a file or a folder with all that is in it; dropping the future stops it between two blocks.
    pub(super) async fn copy_to(&self, _permit: &Permit, from: PathBuf, to: String) -> Result<Copied, CopyError> {
        let stop = CancellationToken::new();
        let guard = stop.clone().drop_guard();
        let place = self.name.clone();
        let copied = self.keeper.borrow(move |session| {
            Copy { sftp: sftp(session, &place)?, place, stop, done: Copied::default() }.run(&from, &to)
        });
        let copied = copied.await.map_err(|refusal| CopyError::Unreachable(refusal.cause))?;
        drop(guard);
        copied
    }
}

fn sftp(session: &Session, place: &str) -> Result<Sftp, CopyError> {
    session.sftp().map_err(|e| CopyError::NoSftp { place: place.to_owned(), why: e.message().to_owned() })
}

struct Copy {
    sftp: Sftp,
    place: String,
    stop: CancellationToken,
    done: Copied,
}

impl Copy {
    fn run(mut self, from: &Path, to: &str) -> Result<Copied, CopyError> {
        let about = fs::symlink_metadata(from).map_err(|e| here(from, e))?;
        let to = Path::new(to);
        if about.is_dir() {
            self.folder(from, to, &about)?;
        } else {
            self.one(from, to, &about)?;
        }
        Ok(self.done)
    }

    fn folder(&mut self, from: &Path, to: &Path, about: &Metadata) -> Result<(), CopyError> {
        match self.sftp.mkdir(to, mode(about)) {
            Ok(()) => {}
            Err(_) if self.sftp.stat(to).is_ok_and(|s| s.is_dir()) => {}
            Err(e) => return Err(self.there(to, &e)),
        }
        let mut entries: Vec<_> =
            fs::read_dir(from).and_then(Iterator::collect::<io::Result<_>>).map_err(|e| here(from, e))?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let (path, target) = (entry.path(), to.join(entry.file_name()));
            let about = fs::symlink_metadata(&path).map_err(|e| here(&path, e))?;
            if about.is_dir() { self.folder(&path, &target, &about)? } else { self.one(&path, &target, &about)? }
        }
        Ok(())
    }

    fn one(&mut self, from: &Path, to: &Path, about: &Metadata) -> Result<(), CopyError> {
        if self.stop.is_cancelled() {
            return Err(CopyError::Stopped);
        }
        let beside = beside(to);
        if about.is_symlink() {
            let target = fs::read_link(from).map_err(|e| here(from, e))?;
            // What a copy that broke off left behind.
            self.sftp.unlink(&beside).ok();
            // The link's own name is the second: `ssh2` calls them the other way round.
            self.sftp.symlink(&target, &beside).map_err(|e| self.there(to, &e))?;
        } else if about.is_file() {
            self.content(from, &beside, about)?;
        } else {
            return Err(here(
                from,
                io::Error::new(ErrorKind::Unsupported, "it is neither a file, a folder nor a link"),
            ));
        }
        self.put_in_place(&beside, to)?;
        self.done.files += 1;
        Ok(())
    }

    fn content(&mut self, from: &Path, beside: &Path, about: &Metadata) -> Result<(), CopyError> {
        let mut source = File::open(from).map_err(|e| here(from, e))?;
        let flags = OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::TRUNCATE;
        let opened = self.sftp.open_mode(beside, flags, mode(about), OpenType::File);
        let mut target = opened.map_err(|e| self.there(beside, &e))?;
        let size = usize::try_from(about.len()).unwrap_or(BLOCK);
        let mut block = vec![0; BLOCK.min(size.max(1))];
        loop {
            if self.stop.is_cancelled() {
                return Err(CopyError::Stopped);
            }
            let count = match source.read(&mut block) {
                Ok(0) => break,
                Ok(count) => count,
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) => return Err(here(from, e)),
            };
            let part = block.get(..count).unwrap_or_default();
            target.write_all(part).map_err(|e| CopyError::There {
                path: beside.to_owned(),
                place: self.place.clone(),
                why: e.to_string(),
            })?;
            self.done.bytes += count as u64;
        }
        // A file that was there keeps its old mode when it is opened.
        let stat = FileStat {
            size: None,
            uid: None,
            gid: None,
            perm: Some(mode(about).cast_unsigned()),
            atime: None,
            mtime: None,
        };
        target.setstat(stat).map_err(|e| self.there(beside, &e))
    }

    /// Moves a complete file over the one that may be there.
    fn put_in_place(&self, beside: &Path, to: &Path) -> Result<(), CopyError> {
        let flags = RenameFlags::OVERWRITE | RenameFlags::ATOMIC | RenameFlags::NATIVE;
        if self.sftp.rename(beside, to, Some(flags)).is_ok() {
            return Ok(());
        }
        // SFTP of version 3 does not rename over a file.
        self.sftp.unlink(to).ok();
        self.sftp.rename(beside, to, Some(flags)).map_err(|e| self.there(to, &e))
    }

    fn there(&self, path: &Path, error: &ssh2::Error) -> CopyError {
        let why = match error.code() {
            ErrorCode::SFTP(2) => "no such folder".to_owned(),
            ErrorCode::SFTP(3) => "permission denied".to_owned(),
            ErrorCode::SFTP(14) => "no space left".to_owned(),
            _ => error.message().to_owned(),
        };
        CopyError::There { path: path.to_owned(), place: self.place.clone(), why }
    }
}

/// `.name.qd-part`: the name of a file that is not complete.
fn beside(to: &Path) -> PathBuf {
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    to.with_file_name(format!(".{name}.qd-part"))
}

fn mode(about: &Metadata) -> i32 {
    (about.permissions().mode() & 0o7777).cast_signed()
}

fn here(path: &Path, source: io::Error) -> CopyError {
    CopyError::Here { path: path.to_owned(), source }
}
