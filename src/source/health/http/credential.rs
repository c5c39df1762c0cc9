//! What an HTTP check sends to prove who asks. Values are looked up for each check and marked sensitive.

use base64::prelude::{BASE64_STANDARD, Engine};
use hyper::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue};

use crate::secret::{SecretError, SecretRef, Vault, expose};

/// One credential.
#[derive(Clone, Debug)]
pub(super) enum Credential {
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

    async fn value(&self, vault: &Vault) -> Result<HeaderValue, SecretError> {
        let (reference, text) = match self {
            Self::Header(_, reference) => (reference, expose(&vault.reveal(reference).await?).to_owned()),
            Self::Basic(user, reference) => {
                let secret = vault.reveal(reference).await?;
                (reference, format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{}", expose(&secret)))))
            }
            Self::Bearer(reference) => (reference, format!("Bearer {}", expose(&vault.reveal(reference).await?))),
        };
        let mut value = HeaderValue::try_from(text).map_err(|_| SecretError::Missing {
            place: reference.to_string(),
            why: "it holds characters that no HTTP header can carry".into(),
        })?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// The headers with the credentials among them.
pub(super) async fn add(
    headers: &HeaderMap,
    credentials: &[Credential],
    vault: &Vault,
) -> Result<HeaderMap, SecretError> {
    let mut all = headers.clone();
    for credential in credentials {
        all.insert(credential.name().clone(), credential.value(vault).await?);
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
