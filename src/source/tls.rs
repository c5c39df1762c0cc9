//! TLS for everything that connects: one client configuration, built once and shared, with ring named outright. The
//! handshake itself takes any chain (its signatures are checked); the chain is then judged by [`chain`] at a given
//! time, before a byte of ours is sent. That way every flaw can be told, not just the first one found. Sessions are
//! never resumed: a resumed one would not show the certificate.

pub mod chain;
mod trust;

use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, ClientConfig, DigitallySignedStruct, PeerIncompatible, ProtocolVersion, SignatureScheme,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub use chain::{Certificate, Flaw};
pub use trust::Trust;

/// What a handshake showed.
#[derive(Clone, Debug)]
pub struct Session {
    /// `TLS 1.3`.
    pub version: &'static str,
    /// The chain as presented, the server's own certificate first.
    pub chain: Vec<Certificate>,
    /// What is wrong with it at the time asked for; empty when nothing is or nothing was to be verified.
    pub flaws: Vec<Flaw>,
}

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The two ends found no common ground, or the peer does not speak TLS.
    #[error("{0}")]
    Handshake(String),
    /// Something here is missing (CA file, roots of the system), which says nothing about the target.
    #[error("{0}")]
    Ours(String),
}

/// Shakes hands and judges the chain at `now`. The caller decides what a flaw means; without `verify` there is none.
pub async fn handshake<S>(
    stream: S,
    name: &ServerName<'static>,
    trust: &Trust,
    now: Timestamp,
) -> Result<(TlsStream<S>, Session), TlsError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let anchors = trust.anchors().await?;
    let stream = connector()?.connect(name.clone(), stream).await.map_err(|e| failed(&e, name))?;
    let connection = stream.get_ref().1;
    let version = match connection.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
        Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
        _ => "TLS",
    };
    let presented = connection.peer_certificates().unwrap_or_default();
    let chain = chain::read(presented);
    let flaws = match &anchors {
        Some(anchors) => chain::judge(presented, &chain, name, anchors, now),
        None => Vec::new(),
    };
    Ok((stream, Session { version, chain, flaws }))
}

/// The name to ask a server for, from a host as written in a URL.
pub fn server_name(host: &str) -> Result<ServerName<'static>, TlsError> {
    ServerName::try_from(host.to_owned()).map_err(|_| TlsError::Handshake(format!("`{host}` cannot be a TLS name")))
}

/// The crypto of every TLS connection.
pub fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(rustls::crypto::ring::default_provider())))
}

fn connector() -> Result<&'static TlsConnector, TlsError> {
    static CONNECTOR: OnceLock<Result<TlsConnector, String>> = OnceLock::new();
    let made = CONNECTOR.get_or_init(|| Ok(TlsConnector::from(Arc::new(believing()?))));
    made.as_ref().map_err(|why| TlsError::Ours(format!("TLS cannot be set up: {why}")))
}

/// Settings that believe whoever answers: to judge the chain afterwards, or for encryption without proof of identity
/// where a protocol's own rules ask for it.
pub fn believing() -> Result<ClientConfig, String> {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Recording(provider())))
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Takes any chain, so that it can be looked at; checks that the peer holds the key of the certificate it shows.
struct Recording(Arc<CryptoProvider>);

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recording")
    }
}

impl ServerCertVerifier for Recording {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

fn failed(error: &io::Error, name: &ServerName<'_>) -> TlsError {
    let inner = error.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>());
    TlsError::Handshake(match inner {
        Some(error) => words(error, name),
        None if error.kind() == io::ErrorKind::UnexpectedEof => "closed during the TLS handshake".into(),
        None if error.kind() == io::ErrorKind::ConnectionReset => "connection reset during the TLS handshake".into(),
        None => format!("the TLS handshake failed: {error}"),
    })
}

/// What a TLS error means, in words.
pub fn words(error: &rustls::Error, name: &ServerName<'_>) -> String {
    use rustls::Error as E;
    match error {
        E::InvalidMessage(_) => "the answer is not TLS; does this port speak without it?".into(),
        E::AlertReceived(AlertDescription::ProtocolVersion)
        | E::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13) => {
            "no TLS version in common: the server takes neither 1.2 nor 1.3".into()
        }
        E::AlertReceived(AlertDescription::HandshakeFailure) => {
            "the server refused the TLS handshake: no cipher in common, or no certificate for this name".into()
        }
        E::AlertReceived(AlertDescription::UnrecognisedName) => {
            format!("the server has no certificate for {}", name.to_str())
        }
        E::AlertReceived(AlertDescription::CertificateRequired | AlertDescription::BadCertificate) => {
            "the server asks for a client certificate".into()
        }
        E::AlertReceived(alert) => format!("the server refused the TLS handshake: {alert:?}"),
        E::PeerIncompatible(why) => format!("no TLS in common with the server: {why:?}"),
        other => format!("the TLS handshake failed: {other}"),
    }
}
