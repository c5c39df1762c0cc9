//! Keeping a key that a person accepted: one line more in the console's own file. Never changes a line that is there,
//! never touches the user's files.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Error, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::KnownHosts;
use super::key::Key;
use super::line::Marker;
use super::names::looked_up;

/// Adds the key `blob` of the host `name` at `port` to `file`, which is made with its folder where it is not there. A
/// certificate leaves its plain key. Once this returns, the line is on the disk; a line that is there already is not
/// repeated. Two consoles that do this at once wait for each other, so it is not for a thread that may not wait.
pub fn accept(file: &Path, name: &str, port: u16, blob: &[u8]) -> io::Result<()> {
    let invalid = |why: &str| Error::new(ErrorKind::InvalidInput, why);
    let key = Key::read(blob).ok_or_else(|| invalid("the host key cannot be read"))?;
    let host = looked_up(name, port);
    if !is_one_name(name) {
        return Err(invalid("the name of the host cannot be written into a file of known hosts"));
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut open = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(file)?;
    open.lock()?;
    let mut bytes = Vec::new();
    open.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let known = KnownHosts::parse(file, &text);
    let plain = Key { certificate: None, ..key };
    if known.entries.iter().any(|e| e.marker == Marker::None && e.key == plain && e.names.cover(&host)) {
        return Ok(());
    }
    // A console that was killed while it wrote may have left half a line.
    let start = if bytes.is_empty() || bytes.ends_with(b"\n") { "" } else { "\n" };
    open.write_all(format!("{start}{host} {}\n", plain.text()).as_bytes())?;
    open.sync_all()?;
    if bytes.is_empty() {
        // The file may be new: its name has to reach the disk too.
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

/// Whether a name means itself in a file of known hosts, and not a pattern, a list, a comment or a marker.
fn is_one_name(name: &str) -> bool {
    let apart = |c: char| c.is_whitespace() || c.is_control() || matches!(c, ',' | '*' | '?' | '!' | '|' | '#' | '@');
    !name.is_empty() && !name.contains(apart)
}
