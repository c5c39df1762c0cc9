//! TLS settings of the client side: the machine's own trust store, a private authority, or, where a protocol's own
//! rules ask for it, encryption without proof of identity. Always the ring provider, named here and never installed
//! for the process.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use super::Trouble;
use crate::source::tls::provider;

static MACHINE: OnceLock<ClientConfig> = OnceLock::new();

/// Trust as the machine has it, or only the authority in a PEM file.
pub async fn trusting(ca: Option<&Path>) -> Result<ClientConfig, Trouble> {
    if let Some(path) = ca {
        return with_roots(authority(path).await?);
    }
    if let Some(config) = MACHINE.get() {
        return Ok(config.clone());
    }
    let broken =
        |e: rustls::Error| Trouble::unknown(format!("this machine's trusted certificates cannot be read: {e}"));
    let verifier = Verifier::new(provider()).map_err(broken)?;
    let config = builder()?.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
    Ok(MACHINE.get_or_init(|| config).clone())
}

/// The text of a PEM file with at least one certificate.
pub async fn pem(path: &Path) -> Result<Vec<u8>, Trouble> {
    tokio::fs::read(path).await.map_err(|e| Trouble::unknown(format!("`ca` {} cannot be read: {e}", path.display())))
}

async fn authority(path: &Path) -> Result<RootCertStore, Trouble> {
    let mut roots = RootCertStore::empty();
    let bad = || Trouble::unknown(format!("`ca` {} holds no certificate in PEM form", path.display()));
    for certificate in CertificateDer::pem_slice_iter(&pem(path).await?) {
        roots.add(certificate.map_err(|_| bad())?).map_err(|_| bad())?;
    }
    if roots.is_empty() { Err(bad()) } else { Ok(roots) }
}

fn with_roots(roots: RootCertStore) -> Result<ClientConfig, Trouble> {
    Ok(builder()?.with_root_certificates(roots).with_no_client_auth())
}

/// Encryption only: whoever answers is believed. What PostgreSQL's `sslmode=prefer` and `require` mean.
pub fn believing() -> Result<ClientConfig, Trouble> {
    crate::source::tls::believing().map_err(|e| Trouble::unknown(format!("TLS cannot be set up: {e}")))
}

fn builder() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, Trouble> {
    ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|e| Trouble::unknown(format!("TLS cannot be set up: {e}")))
}
