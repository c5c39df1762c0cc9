//! Files to a host by SFTP, over connections of their own with large writes, so that no probe waits for them. A file is
//! written beside its place and moved there when it is complete; nothing is deleted.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use ssh2::{ErrorCode, FileStat, OpenFlags, OpenType, RenameFlags, Session, Sftp};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Remote;
use crate::runner::Permit;
use crate::transport::{Copied, CopyError};

/// Written at once. With less a slow line stands idle between two answers.
const BLOCK: usize = 1024 * 1024;

/// Connections for one copy, at most: each waits for the host several times a file.
const MOST: usize = 4;
/// A connection more is worth its login for this many files.
const WORTH: usize = 32;

impl Remote {
    /// Copies a file or a folder with all that is in it; dropping the future stops it between two blocks.
    pub(super) async fn copy_to(&self, _permit: &Permit, from: PathBuf, to: String) -> Result<Copied, CopyError> {
        let listed = tokio::task::spawn_blocking(move || Listing::of(&from, Path::new(&to))).await;
        let listing = listed.map_err(|e| CopyError::Unreachable(format!("the work broke off: {e}").into()))??;
        let wanted = listing.files.len() as u64;
        let more = (listing.files.len() / WORTH).min(MOST - 1);
        let stop = CancellationToken::new();
        let guard = stop.clone().drop_guard();
        let shared = Arc::new(Shared { place: self.name.clone(), listing, next: AtomicUsize::new(0), stop });
        let (ready, is_ready) = watch::channel(false);
        let first = self.share(Arc::clone(&shared), move |copy: &mut Copy| {
            copy.folders()?;
            ready.send_replace(true);
            Ok(())
        });
        let others = join_all((0..more).map(|_| {
            let (shared, mut is_ready) = (Arc::clone(&shared), is_ready.clone());
            async move {
                if is_ready.wait_for(|is_ready| *is_ready).await.is_err() {
                    return Ok(Copied::default());
                }
                match self.share(shared, |_| Ok(())).await {
                    // One goes on without those that were not let in.
                    Err(CopyError::Unreachable(_) | CopyError::NoSftp { .. }) => Ok(Copied::default()),
                    copied => copied,
                }
            }
        }));
        let (first, others) = tokio::join!(first, others);
        drop(guard);
        let copied = sum(std::iter::once(first).chain(others))?;
        if copied.files == wanted { Ok(copied) } else { Err(CopyError::Stopped) }
    }

    /// Copies a share of the files over a connection of its own, after this is done.
    async fn share(
        &self,
        shared: Arc<Shared>,
        before: impl FnOnce(&mut Copy) -> Result<(), CopyError> + Send + 'static,
    ) -> Result<Copied, CopyError> {
        let copied = self.keeper.borrow(move |session| {
            let sftp = sftp(session, &shared.place)?;
            // Whatever goes wrong from here on, the others need not go on.
            let guard = shared.stop.clone().drop_guard();
            let mut copy = Copy { sftp, shared, done: Copied::default() };
            before(&mut copy)?;
            copy.run()?;
            let done = copy.done;
            drop((copy, guard.disarm()));
            Ok(done)
        });
        copied.await.map_err(|refusal| CopyError::Unreachable(refusal.cause))?
    }
}

/// What all have copied together, or the first reason why not: that one was stopped is none.
fn sum(shares: impl Iterator<Item = Result<Copied, CopyError>>) -> Result<Copied, CopyError> {
    let mut all = Ok(Copied::default());
    for share in shares {
        all = match (all, share) {
            (Ok(all), Ok(share)) => Ok(Copied { files: all.files + share.files, bytes: all.bytes + share.bytes }),
            (Ok(_), Err(why)) => Err(why),
            (Err(first), share) => Err(match (first, share) {
                (CopyError::Stopped, Err(why)) => why,
                (first, _) => first,
            }),
        };
    }
    all
}

fn sftp(session: &Session, place: &str) -> Result<Sftp, CopyError> {
    session.sftp().map_err(|e| CopyError::NoSftp { place: place.to_owned(), why: e.message().to_owned() })
}

/// What is to be copied: from where, to where, and of what kind.
type Item = (PathBuf, PathBuf, Metadata);

#[derive(Default)]
struct Listing {
    /// Each after the one it is in.
    folders: Vec<Item>,
    /// Files and links, the largest first, so that no connection is left with one at the end.
    files: Vec<Item>,
}

impl Listing {
    fn of(from: &Path, to: &Path) -> Result<Self, CopyError> {
        let mut listing = Self::default();
        let about = fs::symlink_metadata(from).map_err(|e| here(from, e))?;
        listing.add((from.to_owned(), to.to_owned(), about))?;
        listing.files.sort_by_key(|(_, _, about)| std::cmp::Reverse(about.len()));
        Ok(listing)
    }

    fn add(&mut self, item: Item) -> Result<(), CopyError> {
        let (from, to, about) = &item;
        if !about.is_dir() {
            self.files.push(item);
            return Ok(());
        }
        let entries = fs::read_dir(from).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let entries = entries.map_err(|e| here(from, e))?;
        let (from, to) = (from.clone(), to.clone());
        self.folders.push(item);
        for name in entries.iter().map(fs::DirEntry::file_name) {
            let (path, target) = (from.join(&name), to.join(&name));
            let about = fs::symlink_metadata(&path).map_err(|e| here(&path, e))?;
            self.add((path, target, about))?;
        }
        Ok(())
    }
}

/// What all connections of one copy share.
struct Shared {
    place: String,
    listing: Listing,
    /// The next file to be taken.
    next: AtomicUsize,
    stop: CancellationToken,
}

/// One connection's part.
struct Copy {
    sftp: Sftp,
    shared: Arc<Shared>,
    done: Copied,
}

impl Copy {
    fn folders(&self) -> Result<(), CopyError> {
        for (_, to, about) in &self.shared.listing.folders {
            match self.sftp.mkdir(to, mode(about)) {
                Ok(()) => {}
                Err(_) if self.sftp.stat(to).is_ok_and(|s| s.is_dir()) => {}
                Err(e) => return Err(self.there(to, &e)),
            }
        }
        Ok(())
    }

    /// Takes file after file until none is left.
    fn run(&mut self) -> Result<(), CopyError> {
        let shared = Arc::clone(&self.shared);
        while let Some((from, to, about)) = shared.listing.files.get(shared.next.fetch_add(1, Ordering::Relaxed)) {
            self.one(from, to, about)?;
        }
        Ok(())
    }

    fn one(&mut self, from: &Path, to: &Path, about: &Metadata) -> Result<(), CopyError> {
        if self.shared.stop.is_cancelled() {
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
            if self.shared.stop.is_cancelled() {
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
                place: self.shared.place.clone(),
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
        CopyError::There { path: path.to_owned(), place: self.shared.place.clone(), why }
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
