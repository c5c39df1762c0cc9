//! What an HTTP check sends to prove who asks. Values are looked up for each check and marked sensitive.

use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use futures::future::try_join_all;
use hyper::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue};

use crate::secret::{SecretError, SecretRef, Vault, expose};

/// One credential.
#[derive(Clone, Debug)]
pub(crate) enum Credential {
    /// A header whose value is secret.
    Header(HeaderName, SecretRef),
    /// User and password (RFC 7617).
    Basic(String, SecretRef),
    /// A bearer token (RFC 6750).
    Bearer(SecretRef),
}

impl Credential {
    fn name(&self) -> &HeaderName {
        match self {
            Self::Header(name, _) => name,
            Self::Basic(..) | Self::Bearer(_) => &AUTHORIZATION,
        }
    }

    async fn value(&self, vault: &Vault, limit: Duration) -> Result<HeaderValue, SecretError> {
        let reveal = |reference| vault.reveal_within(reference, limit);
        let (reference, text) = match self {
            Self::Header(_, reference) => (reference, expose(&reveal(reference).await?).to_owned()),
            Self::Basic(user, reference) => {
                let secret = reveal(reference).await?;
                (reference, format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{}", expose(&secret)))))
            }
            Self::Bearer(reference) => (reference, format!("Bearer {}", expose(&reveal(reference).await?))),
        };
        let mut value = HeaderValue::try_from(text).map_err(|_| SecretError::Missing {
            place: reference.to_string(),
            why: "it holds characters that no HTTP header can carry".into(),
        })?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// The headers with the credentials among them. All are looked up at once, so that together they keep to the limit.
pub(in crate::source) async fn add(
    headers: &HeaderMap,
    credentials: &[Credential],
    vault: &Vault,
    limit: Duration,
) -> Result<HeaderMap, SecretError> {
    let values = try_join_all(credentials.iter().map(|c| c.value(vault, limit))).await?;
    let mut all = headers.clone();
    for (credential, value) in credentials.iter().zip(values) {
        all.insert(credential.name().clone(), value);
    }
    Ok(all)
}

/// The headers for another host: without credentials, and without what is one by its name.
pub(super) fn strip(headers: &HeaderMap, credentials: &[Credential]) -> HeaderMap {
    let mut rest = headers.clone();
    for name in credentials.iter().map(Credential::name).chain([&AUTHORIZATION, &COOKIE, &hyper::header::HOST]) {
        rest.remove(name);
    }
    rest
}

/// Takes what was sent out of an answer that repeats it (debug pages do). The vault knows the password itself, but not
/// its encoded form.
pub(in crate::source) fn redact(body: &mut Vec<u8>, headers: &HeaderMap) {
    for value in headers.values().filter(|v| v.is_sensitive()) {
        let Ok(text) = value.to_str() else { continue };
        let sent = text.strip_prefix("Basic ").unwrap_or(text);
        if sent.len() >= SHORTEST_REDACTED && body.windows(sent.len()).any(|part| part == sent.as_bytes()) {
            *body = String::from_utf8_lossy(body).replace(sent, "•••").into_bytes();
        }
    }
}

/// Shorter values would blank out ordinary words.
const SHORTEST_REDACTED: usize = 4;
