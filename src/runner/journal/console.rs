//! The number of this console: chance, made once, kept in the state folder. Names of machines are no proof of who holds a
//! lock, as two may have the same.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use ring::rand::{SecureRandom, SystemRandom};

use super::{JournalError, private, private_folder};

/// Its file.
const FILE: &str = "console-id";

/// The number of the console of this state folder; made where there is none. Blocks on files.
pub fn console_id(state: &Path) -> Result<String, JournalError> {
    let path = state.join(FILE);
    if let Some(known) = read(&path) {
        return Ok(known);
    }
    let mut chance = [0u8; 16];
    SystemRandom::new().fill(&mut chance).map_err(|_| JournalError::broken(&path, "the system gives no chance"))?;
    let mut id = String::new();
    for byte in chance {
        write!(id, "{byte:02x}").ok();
    }
    private_folder(state)?;
    let beside = state.join(format!("{FILE}.{id}"));
    let made = private().write(true).create_new(true).open(&beside).and_then(|mut file| {
        file.write_all(id.as_bytes())?;
        file.sync_all()
    });
    // Of two consoles that make one at the same time, one is heard. A number that cannot be read is made anew.
    let put = made.and_then(|()| match std::fs::hard_link(&beside, &path) {
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists && read(&path).is_none() => {
            std::fs::rename(&beside, &path)
        }
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => Err(e),
        _ => Ok(()),
    });
    std::fs::remove_file(&beside).ok();
    put.map_err(|e| JournalError::io("make", &path, e))?;
    read(&path).ok_or_else(|| JournalError::broken(&path, "it holds no number of a console"))
}

fn read(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    (text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit())).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_console_has_one_number_for_good_and_no_two_have_the_same() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let id = console_id(one.path()).unwrap();
        assert_eq!(console_id(one.path()).unwrap(), id);
        assert_ne!(console_id(other.path()).unwrap(), id);
        assert_eq!(std::fs::read_dir(one.path()).unwrap().count(), 1, "nothing is left beside it");
        std::fs::write(one.path().join(FILE), "").unwrap();
        assert_ne!(console_id(one.path()).unwrap(), id, "a torn one is made anew");
    }

    #[test]
    fn consoles_that_begin_at_the_same_time_agree() {
        let folder = tempfile::tempdir().unwrap();
        let ids: Vec<String> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..8).map(|_| scope.spawn(|| console_id(folder.path()).unwrap())).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(ids.windows(2).all(|two| two[0] == two[1]), "{ids:?}");
    }
}
