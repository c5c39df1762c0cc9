//! The sum that `cksum` prints, so that a host can say whether bytes are those that were read here.
//! Source: POSIX.1-2017, cksum, "a CRC based on ISO/IEC 8802-3".

/// What `cksum` prints for bytes on its standard input.
pub fn cksum(bytes: &[u8]) -> String {
    let mut sum = bytes.iter().fold(0, |sum, byte| add(sum, *byte));
    let mut length = bytes.len();
    while length > 0 {
        sum = add(sum, u8::try_from(length & 0xff).unwrap_or_default());
        length >>= 8;
    }
    format!("{} {}", !sum, bytes.len())
}

fn add(sum: u32, byte: u8) -> u32 {
    let step = |sum: u32, _| if sum & 0x8000_0000 == 0 { sum << 1 } else { (sum << 1) ^ 0x04c1_1db7 };
    (0..8).fold(sum ^ (u32::from(byte) << 24), step)
}

#[cfg(test)]
mod tests {
    use super::cksum;

    #[test]
    fn the_sum_is_that_of_the_program() {
        assert_eq!(cksum(b""), "4294967295 0");
        assert_eq!(cksum(b"123456789"), "930766865 9");
        let long: Vec<u8> = (0..=255).cycle().take(300).collect();
        let mut child = std::process::Command::new("cksum");
        let mut child = child.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), &long).unwrap();
        let said = child.wait_with_output().unwrap().stdout;
        assert_eq!(cksum(&long), String::from_utf8(said).unwrap().trim());
    }
}
