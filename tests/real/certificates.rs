//! Certificates made for a test, with dates of our choosing, and TLS servers that present them.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Year, month and day.
pub type Day = (i32, u8, u8);

/// An authority or one below it.
pub struct Authority {
    params: CertificateParams,
    key: KeyPair,
    der: CertificateDer<'static>,
    pub pem: String,
}

/// A chain with the key of its first certificate.
pub struct Chain {
    pub certificates: Vec<CertificateDer<'static>>,
    pub pem: String,
    pub key: KeyPair,
}

fn params(name: &str, names: &[&str], from: Day, to: Day) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(from.0, from.1, from.2);
    params.not_after = date_time_ymd(to.0, to.1, to.2);
    params
}

impl Authority {
    fn params(name: &str, to: Day) -> CertificateParams {
        let mut params = params(name, &[], (2020, 1, 1), to);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params
    }

    /// A root.
    pub fn root(name: &str) -> Self {
        let (params, key) = (Self::params(name, (2040, 1, 1)), KeyPair::generate().unwrap());
        let made = params.self_signed(&key).unwrap();
        Self { der: made.der().clone(), pem: made.pem(), params, key }
    }

    /// An authority under this one.
    pub fn under(&self, name: &str, to: Day) -> Self {
        let (params, key) = (Self::params(name, to), KeyPair::generate().unwrap());
        let made = params.signed_by(&key, &Issuer::from_params(&self.params, &self.key)).unwrap();
        Self { der: made.der().clone(), pem: made.pem(), params, key }
    }

    /// A server's certificate; `between` are the chain certificates to present with it.
    pub fn server(&self, names: &[&str], from: Day, to: Day, between: &[&Authority]) -> Chain {
        let mut params = params(names[0], names, from, to);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().unwrap();
        let made = params.signed_by(&key, &Issuer::from_params(&self.params, &self.key)).unwrap();
        let mut chain = Chain { certificates: vec![made.der().clone()], pem: made.pem(), key };
        for authority in between {
            chain.certificates.push(authority.der.clone());
            chain.pem.push_str(&authority.pem);
        }
        chain
    }
}

/// A certificate that vouches for itself.
pub fn self_signed(names: &[&str], from: Day, to: Day) -> Chain {
    let key = KeyPair::generate().unwrap();
    let made = params(names[0], names, from, to).self_signed(&key).unwrap();
    Chain { certificates: vec![made.der().clone()], pem: made.pem(), key }
}

/// Presents a chain on a free port and answers each request with `200 OK`.
pub async fn present(chain: &Chain) -> u16 {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(chain.key.serialize_der()));
    let config = rustls::ServerConfig::builder_with_provider(quarterdeck::source::tls::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.certificates.clone(), key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut request = [0; 2048];
                if stream.read(&mut request).await.is_ok_and(|n| n > 0) {
                    stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nOK").await.ok();
                    stream.shutdown().await.ok();
                }
            });
        }
    });
    port
}
