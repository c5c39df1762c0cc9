//! Files copied on this machine: each written beside its place and moved there when it is complete; nothing is deleted.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use crate::transport::{Copied, CopyError};

/// Copies a file or a folder with all that is in it; dropping the future stops it between two files.
pub async fn run(from: PathBuf, to: PathBuf) -> Result<Copied, CopyError> {
    let stop = CancellationToken::new();
    let guard = stop.clone().drop_guard();
    let copied = tokio::task::spawn_blocking(move || {
        let mut done = Copied::default();
        copy(&from, &to, &stop, &mut done).map(|()| done)
    });
    let copied = copied.await.unwrap_or(Err(CopyError::Stopped));
    drop(guard);
    copied
}

fn copy(from: &Path, to: &Path, stop: &CancellationToken, done: &mut Copied) -> Result<(), CopyError> {
    if stop.is_cancelled() {
        return Err(CopyError::Stopped);
    }
    let here = |source| CopyError::Here { path: from.to_owned(), source };
    let there =
        |e: io::Error| CopyError::There { path: to.to_owned(), place: "this machine".into(), why: e.to_string() };
    let about = fs::symlink_metadata(from).map_err(here)?;
    if about.is_dir() {
        fs::create_dir_all(to).map_err(there)?;
        let mut entries: Vec<_> = fs::read_dir(from).and_then(Iterator::collect::<io::Result<_>>).map_err(here)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        return entries.iter().try_for_each(|e| copy(&e.path(), &to.join(e.file_name()), stop, done));
    }
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    let beside = to.with_file_name(format!(".{name}.qd-part"));
    if about.is_symlink() {
        fs::remove_file(&beside).ok();
        std::os::unix::fs::symlink(fs::read_link(from).map_err(here)?, &beside).map_err(there)?;
    } else {
        done.bytes += fs::copy(from, &beside).map_err(there)?;
    }
    fs::rename(&beside, to).map_err(there)?;
    done.files += 1;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_tree_arrives_whole_with_links_and_modes() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("from");
        fs::create_dir_all(from.join("bin")).unwrap();
        fs::write(from.join("bin/run"), "#!/bin/sh\n").unwrap();
        fs::set_permissions(from.join("bin/run"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink("bin/run", from.join("start")).unwrap();
        let to = folder.path().join("to");
        let copied = run(from, to.clone()).await.unwrap();
        assert_eq!((copied.files, copied.bytes), (2, 10));
        assert_eq!(fs::read_link(to.join("start")).unwrap(), Path::new("bin/run"));
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(to.join("bin/run")).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o755);
        assert_eq!(fs::read_dir(to).unwrap().count(), 2);
    }
}
