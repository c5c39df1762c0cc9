//! A real Loki on loopback, where its program is found: `$QD_LOKI`, or `loki` in `PATH`. Ended and removed with the test.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use quarterdeck::model::{LogFrom, LogLogin, LokiQuery};
use tempfile::TempDir;

pub struct Loki {
    program: PathBuf,
    folder: TempDir,
    port: u16,
    child: Option<Child>,
}

/// The program, if it is Grafana's: Debian has another one of that name.
fn program() -> Option<PathBuf> {
    let named = std::env::var_os("QD_LOKI").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found =
        named.or_else(|| std::env::split_paths(&path).map(|folder| folder.join("loki")).find(|p| p.is_file()))?;
    let said = Command::new(&found).arg("-version").stdin(Stdio::null()).output().ok()?;
    said.stdout.starts_with(b"loki, version").then_some(found)
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Loki {
    /// One that serves tenants; none where there is no program, after one line that says so.
    pub fn start() -> Option<Self> {
        let Some(program) = program() else {
            let thread = std::thread::current();
            let test = thread.name().unwrap_or("a test of Loki").to_owned();
            let told = format!("SKIPPED: {test}: no program of Loki; name one by QD_LOKI or have `loki` in PATH\n");
            // Not by `eprintln!`, which the test harness swallows when the test is good.
            std::io::stderr().write_all(told.as_bytes()).ok();
            return None;
        };
        let folder = tempfile::Builder::new().prefix("qd-loki-").tempdir().unwrap();
        let (port, inner) = (free_port(), free_port());
        let config = format!(
            "auth_enabled: true\nanalytics: {{reporting_enabled: false}}\n\
             server: {{http_listen_address: 127.0.0.1, http_listen_port: {port}, grpc_listen_address: 127.0.0.1, \
             grpc_listen_port: {inner}, log_level: error}}\n\
             common: {{instance_addr: 127.0.0.1, instance_interface_names: [lo], path_prefix: {at}, \
             storage: {{filesystem: {{chunks_directory: {at}/chunks, rules_directory: {at}/rules}}}}, \
             replication_factor: 1, ring: {{kvstore: {{store: inmemory}}, instance_addr: 127.0.0.1}}}}\n\
             ingester: {{lifecycler: {{min_ready_duration: 0s, final_sleep: 0s}}}}\n\
             limits_config: {{ingestion_rate_mb: 100, ingestion_burst_size_mb: 100, per_stream_rate_limit: 100MB, \
             per_stream_rate_limit_burst: 100MB}}\n\
             schema_config: {{configs: [{{from: 2020-10-24, store: tsdb, object_store: filesystem, schema: v13, \
             index: {{prefix: index_, period: 24h}}}}]}}\n",
            at = folder.path().join("data").display()
        );
        std::fs::write(folder.path().join("loki.yaml"), config).unwrap();
        let mut server = Self { program, folder, port, child: None };
        server.again();
        Some(server)
    }

    /// Starts it, and waits until it answers.
    pub fn again(&mut self) {
        let log = std::fs::File::create(self.folder.path().join("log")).unwrap();
        let mut command = Command::new(&self.program);
        command.arg(format!("-config.file={}", self.folder.path().join("loki.yaml").display()));
        self.child = Some(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap());
        let until = Instant::now() + Duration::from_mins(1);
        while self.ask("GET", "/ready", "shop", "").is_none_or(|(status, _)| status != 200) {
            let log = || std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(Instant::now() < until, "Loki is not ready: {}", log());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }

    pub fn place(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// A query, as a deck would ask it.
    pub fn query(&self, tenant: Option<&str>, query: &str) -> LogFrom {
        of(self.place(), tenant, query)
    }

    /// Writes entries of streams, `(labels, [(nanoseconds, line)])`, until they are taken.
    pub fn push(&self, streams: &[(&str, Vec<(i64, String)>)]) {
        let streams: Vec<_> = streams
            .iter()
            .map(|(labels, values)| {
                let labels: serde_json::Value = serde_json::from_str(labels).unwrap();
                let values: Vec<_> =
                    values.iter().map(|(at, line)| serde_json::json!([at.to_string(), line])).collect();
                serde_json::json!({ "stream": labels, "values": values })
            })
            .collect();
        let body = serde_json::json!({ "streams": streams }).to_string();
        let until = Instant::now() + Duration::from_mins(1);
        loop {
            let answer = self.ask("POST", "/loki/api/v1/push", "shop", &body);
            if answer.as_ref().is_some_and(|(status, _)| *status == 204) {
                return;
            }
            assert!(Instant::now() < until, "Loki takes nothing: {answer:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn ask(&self, method: &str, path: &str, tenant: &str, body: &str) -> Option<(u16, String)> {
        let mut tcp = TcpStream::connect(self.place()).ok()?;
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: loki\r\nX-Scope-OrgID: {tenant}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        tcp.write_all(head.as_bytes()).and_then(|()| tcp.write_all(body.as_bytes())).ok()?;
        let mut answer = String::new();
        tcp.read_to_string(&mut answer).ok()?;
        let status = answer.split(' ').nth(1)?.parse().ok()?;
        Some((status, answer))
    }
}

impl Drop for Loki {
    fn drop(&mut self) {
        self.kill();
    }
}

pub fn of(place: SocketAddr, tenant: Option<&str>, query: &str) -> LogFrom {
    LogFrom::Loki(Arc::new(LokiQuery {
        url: format!("http://{place}"),
        query: query.to_owned(),
        tenant: tenant.map(str::to_owned),
        login: LogLogin::Open,
        ca: None,
        verify: true,
    }))
}
