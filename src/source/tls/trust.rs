//! Whom to believe: the certificate authorities of the system, loaded once, and those of an internal CA file, loaded
//! again when the file changes. Opens no connection and judges no dates.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::SystemTime;

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls_platform_verifier::Verifier;
use tokio::sync::OnceCell;

use super::{TlsError, provider};

/// How a chain is to be verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// A PEM file of further authorities, believed beside those of the system.
    pub ca: Option<PathBuf>,
    /// Whether to verify at all.
    pub verify: bool,
}

impl Default for Trust {
    fn default() -> Self {
        Self { ca: None, verify: true }
    }
}

/// Authorities ready for use.
#[derive(Clone)]
pub struct Anchors {
    own: Option<Arc<Own>>,
    system: Option<Arc<Verifier>>,
}

impl fmt::Debug for Anchors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Anchors").field("own", &self.own.is_some()).finish_non_exhaustive()
    }
}

/// The authorities of one file.
struct Own {
    stamp: (Option<SystemTime>, u64),
    verifier: Arc<WebPkiServerVerifier>,
    certificates: Vec<CertificateDer<'static>>,
}

impl Trust {
    /// The authorities; none when nothing is to be verified.
    pub(super) async fn anchors(&self) -> Result<Option<Anchors>, TlsError> {
        if !self.verify {
            return Ok(None);
        }
        let Some(path) = &self.ca else {
            return Ok(Some(Anchors { own: None, system: Some(system().await?) }));
        };
        let own = Some(own(path).await?);
        // With a file of our own, a system without authorities (a slim container) is no obstacle.
        Ok(Some(Anchors { own, system: system().await.ok() }))
    }
}

impl Anchors {
    /// Whether a path leads from the first certificate to an authority, at a time and for a name.
    pub(super) fn verify(
        &self,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        at: UnixTime,
    ) -> Result<(), rustls::Error> {
        let Some((leaf, rest)) = chain.split_first() else { return Err(rustls::Error::NoCertificatesPresented) };
        let mut result = Err(rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer));
        if let Some(own) = &self.own {
            // A server's own certificate in the file is believed as it is; its dates and names are judged elsewhere.
            if own.certificates.contains(leaf) {
                return Ok(());
            }
            result = own.verifier.verify_server_cert(leaf, rest, name, &[], at).map(|_| ());
        }
        match (&result, &self.system) {
            (Err(rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer)), Some(system)) => {
                system.verify_server_cert(leaf, rest, name, &[], at).map(|_| ())
            }
            _ => result,
        }
    }
}

async fn system() -> Result<Arc<Verifier>, TlsError> {
    static SYSTEM: OnceCell<Arc<Verifier>> = OnceCell::const_new();
    let load = || async {
        // Reading a few hundred files blocks.
        let loaded = tokio::task::spawn_blocking(|| Verifier::new(provider())).await;
        let why = match loaded {
            Ok(Ok(verifier)) => return Ok(Arc::new(verifier)),
            Ok(Err(e)) => e.to_string(),
            Err(e) => e.to_string(),
        };
        Err(TlsError::Ours(format!("this machine's certificate authorities cannot be loaded: {why}")))
    };
    SYSTEM.get_or_try_init(load).await.cloned()
}

/// Files are few and shared by many probes, so each is kept once.
static OWN: RwLock<BTreeMap<PathBuf, Arc<Own>>> = RwLock::new(BTreeMap::new());

async fn own(path: &Path) -> Result<Arc<Own>, TlsError> {
    let ours = |why: String| TlsError::Ours(format!("CA file {}: {why}", path.display()));
    let meta = tokio::fs::metadata(path).await.map_err(|e| ours(e.to_string()))?;
    let stamp = (meta.modified().ok(), meta.len());
    let known = OWN.read().ok().and_then(|known| known.get(path).cloned());
    if let Some(known) = known.filter(|k| k.stamp == stamp) {
        return Ok(known);
    }
    if meta.len() > MOST_BYTES {
        return Err(ours("longer than 1 MiB; is this the right file?".into()));
    }
    let pem = tokio::fs::read(path).await.map_err(|e| ours(e.to_string()))?;
    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|e| ours(format!("not a PEM file of certificates ({e})")))?;
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(certificates.iter().cloned());
    if added == 0 {
        return Err(ours("holds no certificate (-----BEGIN CERTIFICATE-----)".into()));
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
        .build()
        .map_err(|e| ours(e.to_string()))?;
    let loaded = Arc::new(Own { stamp, verifier, certificates });
    if let Ok(mut known) = OWN.write() {
        known.insert(path.to_owned(), Arc::clone(&loaded));
    }
    Ok(loaded)
}

const MOST_BYTES: u64 = 1024 * 1024;
