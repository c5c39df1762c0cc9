//! A password lent to one look. The checks take secrets by reference alone, so it lies in a pipe of this process that
//! only a descriptor names: on no disk, in no list of processes, gone with the value.

use std::io::{self, PipeReader, Write};
use std::os::fd::AsRawFd;

use secrecy::SecretString;

use crate::secret::expose;

/// Longer passwords might not fit into a pipe that nobody reads yet.
const MOST_BYTES: usize = 4096;

/// A password that can be read once.
#[derive(Debug)]
pub(super) struct Lent(PipeReader);

impl Lent {
    /// Puts it into a pipe.
    pub(super) fn new(password: &SecretString) -> io::Result<Self> {
        let bytes = expose(password).as_bytes();
        if bytes.len() > MOST_BYTES {
            return Err(io::Error::other("the password is longer than 4 KiB"));
        }
        let (reader, mut writer) = io::pipe()?;
        writer.write_all(bytes)?;
        Ok(Self(reader))
    }

    /// The reference that a deck would hold.
    pub(super) fn reference(&self) -> String {
        format!("file:/dev/fd/{}", self.0.as_raw_fd())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{SecretRef, Vault};

    #[tokio::test]
    async fn the_password_is_found_by_its_reference_while_it_is_lent() {
        let lent = Lent::new(&"s3cr3t".to_owned().into()).unwrap();
        let reference = SecretRef::parse(&lent.reference()).unwrap();
        assert_eq!(expose(&Vault::default().reveal(&reference).await.unwrap()), "s3cr3t");
        drop(lent);
        assert!(Vault::default().reveal(&reference).await.is_err());
    }
}
