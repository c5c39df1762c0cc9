//! The one thing of this machine that a lab changes: how many inotify instances a user may have. Every host's systemd
//! takes about five, all count as root's, and 128 (the usual limit) are enough for some 25 hosts. It is raised while
//! there is a lab, and the last one puts it back.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::place::{self, ROOT};

const LIMIT: &str = "/proc/sys/fs/inotify/max_user_instances";
const ENOUGH: u32 = 2048;

/// What it was before the first lab, kept in a file for whoever is the last.
fn before() -> PathBuf {
    Path::new(ROOT).join("inotify-before")
}

/// Held while something of all labs is changed.
pub fn one_at_a_time() -> Result<File, String> {
    let path = Path::new(ROOT).join("one.lock");
    let open = || {
        let file = File::create(&path)?;
        file.lock()?;
        Ok::<_, std::io::Error>(file)
    };
    open().map_err(|e| format!("{}: {e}", path.display()))
}

/// Raises the limit, unless it is high enough or may not be touched: then fewer hosts boot at a time.
pub fn raise() -> Result<(), String> {
    let _only = one_at_a_time()?;
    let now = fs::read_to_string(LIMIT).ok().and_then(|text| text.trim().parse::<u32>().ok());
    let Some(now) = now.filter(|now| *now < ENOUGH) else { return Ok(()) };
    // Only together: what is not known cannot be put back.
    if fs::write(before(), now.to_string()).is_ok() {
        fs::write(LIMIT, ENOUGH.to_string()).ok();
    }
    Ok(())
}

/// Gives a claim back, and the limit too if nobody else has a claim.
pub fn put_back(claim: &File) {
    let Ok(_only) = one_at_a_time() else { return };
    claim.unlock().ok();
    if place::is_any_claimed() {
        return;
    }
    if let Ok(value) = fs::read_to_string(before())
        && fs::write(LIMIT, value).is_ok()
    {
        fs::remove_file(before()).ok();
    }
}
