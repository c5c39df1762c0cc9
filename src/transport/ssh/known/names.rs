//! Which hosts a line of `known_hosts` is for: patterns with wildcards and exceptions, or one name hashed so that the
//! file does not tell it. Knows no keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, verify};

/// The port that is not written down.
pub const USUAL_PORT: u16 = 22;

/// What a file calls a host: its name, with a port only where it is not the usual one.
pub fn looked_up(name: &str, port: u16) -> String {
    let name = name.to_ascii_lowercase();
    if port == USUAL_PORT { name } else { format!("[{name}]:{port}") }
}

/// The first word of a line.
#[derive(Clone, Debug)]
pub enum Names {
    /// Patterns, and whether each is an exception.
    Patterns(Vec<(bool, String)>),
    /// `|1|salt|hash`.
    Hashed {
        /// What the name was hashed with.
        salt: Vec<u8>,
        /// HMAC-SHA1 of the name.
        hash: Vec<u8>,
    },
}

impl Names {
    /// Reads the word.
    pub fn parse(word: &str) -> Result<Self, &'static str> {
        if let Some(hashed) = word.strip_prefix('|') {
            return hashed_name(hashed).ok_or("its hashed name cannot be read");
        }
        let pattern = |part: &str| match part.strip_prefix('!') {
            Some(rest) => (true, rest.to_ascii_lowercase()),
            None => (false, part.to_ascii_lowercase()),
        };
        Ok(Self::Patterns(word.split(',').filter(|part| !part.is_empty()).map(pattern).collect()))
    }

    /// Whether a host is meant, given as [`looked_up`] writes it. An exception wins over every other pattern.
    pub fn cover(&self, host: &str) -> bool {
        match self {
            Self::Patterns(all) => {
                let mut hits = all.iter().filter(|(_, pattern)| glob(pattern.as_bytes(), host.as_bytes())).peekable();
                hits.peek().is_some() && hits.all(|(exception, _)| !exception)
            }
            Self::Hashed { salt, hash } => {
                let key = Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, salt);
                verify(&key, host.as_bytes(), hash).is_ok()
            }
        }
    }
}

fn hashed_name(text: &str) -> Option<Names> {
    let (salt, hash) = text.strip_prefix("1|")?.split_once('|')?;
    let decode = |part: &str| STANDARD.decode(part).ok().filter(|bytes| bytes.len() == 20);
    Some(Names::Hashed { salt: decode(salt)?, hash: decode(hash)? })
}

/// Whether the whole of `text` fits a pattern in which `*` is any run of bytes and `?` any one. Takes no more than the
/// product of both lengths, whatever a stranger wrote.
pub fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where the last star stands, and how far the text was when it was met.
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(wanted) if wanted == byte || *wanted == b'?' => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                p = at + 1;
                t = from + 1;
            }
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn covers(word: &str, host: &str) -> bool {
        Names::parse(word).unwrap().cover(host)
    }

    #[test]
    fn a_list_covers_each_of_its_names_and_no_other() {
        assert!(covers("a.example.org,192.0.2.10", "192.0.2.10"));
        assert!(covers("A.Example.ORG", "a.example.org"));
        assert!(!covers("a.example.org", "b.example.org") && !covers("a.example.org", "a.example.organ"));
    }

    #[test]
    fn wildcards_cover_runs_and_single_characters() {
        assert!(covers("*.example.org", "a.b.example.org") && covers("192.0.2.1?", "192.0.2.10"));
        assert!(!covers("*.example.org", "example.org") && !covers("192.0.2.1?", "192.0.2.1"));
    }

    #[test]
    fn an_exception_wins_wherever_it_stands() {
        assert!(!covers("*.example.org,!db.example.org", "db.example.org"));
        assert!(!covers("!db.example.org,*.example.org", "db.example.org"));
        assert!(covers("!db.example.org,*.example.org", "web.example.org"));
        assert!(!covers("!db.example.org", "web.example.org"), "an exception alone covers nobody");
    }

    #[test]
    fn another_port_is_written_with_brackets() {
        assert_eq!(looked_up("Web.example.org", 22), "web.example.org");
        assert!(covers("[web.example.org]:2222", &looked_up("web.example.org", 2222)));
        assert!(!covers("web.example.org", &looked_up("web.example.org", 2222)));
        assert!(covers("[*.example.org]:2222", &looked_up("web.example.org", 2222)));
    }

    #[test]
    fn a_hashed_name_that_is_cut_off_is_told() {
        assert!(Names::parse("|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg=").is_ok());
        for bad in ["|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=", "|2|a|b", "|1||", "|1|c2hvcnQ=|c2hvcnQ="] {
            assert_eq!(Names::parse(bad).err(), Some("its hashed name cannot be read"), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_text_fits_itself_with_pieces_starred_out(text in "[a-z.]{0,20}", from in 0_usize..20, to in 0_usize..20) {
            let text = text.as_bytes();
            let (from, to) = (from.min(text.len()), to.min(text.len()));
            let pattern = [&text[..from.min(to)], b"*", &text[from.max(to)..]].concat();
            prop_assert!(glob(&pattern, text));
        }
    }
}
