//! A small HTTP service for hosts, with a release folder and a unit as people write them, and with knobs to break it.

use std::time::Duration;

use super::call::until;
use super::host::Host;

/// `/health` says 503 while the file `broken` is in the service's folder. `/health/startup` and `/health/ready` do for
/// the first moments as well. `/crash` ends the process, `/eat` takes memory until somebody stops it. Every request is
/// a line of JSON in the journal and in `/var/log/NAME/app.log`.
const PROGRAM: &str = r#"import json, os, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

name, port = sys.argv[1], int(sys.argv[2])
here = "/srv/" + name
version = open(here + "/current/VERSION").read().strip()
began = time.monotonic()
log_file = open("/var/log/%s/app.log" % name, "a", buffering=1)
lock = threading.Lock()

def log(level, message, **more):
    line = json.dumps({"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "level": level,
                       "service": name, "version": version, "message": message, **more})
    with lock:
        print(line, flush=True)
        log_file.write(line + "\n")

def state(path):
    age = time.monotonic() - began
    if os.path.exists(here + "/broken"):
        return 503, "Unhealthy"
    if path == "/health/startup" and age < 0.2 or path == "/health/ready" and age < 0.4:
        return 503, "Starting"
    return 200, "Healthy"

def eat():
    kept = []
    while True:
        kept.append(os.urandom(1 << 20))

class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.split("?")[0]
        if path == "/crash":
            log("error", "crashing, as was asked")
            os._exit(7)
        if path == "/eat":
            threading.Thread(target=eat, daemon=True).start()
        status, word = state(path) if path.startswith("/health") else (200 if path in ("/", "/eat") else 404, "Said")
        log("info" if status == 200 else "warning", "GET " + path, status=status)
        body = json.dumps({"status": word, "service": name, "version": version}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *ignored):
        pass

log("info", "listening on port %d" % port)
ThreadingHTTPServer(("", port), Answer).serve_forever()
"#;

/// The unit of such a service.
fn unit(name: &str, port: u16) -> String {
    format!(
        "[Unit]
Description=The {name} service
After=network.target
StartLimitIntervalSec=30
StartLimitBurst=4

[Service]
Type=exec
User=ops
ExecStart=/usr/bin/python3 /srv/{name}/current/app.py {name} {port}
LogsDirectory={name}
Restart=on-failure
RestartSec=1
MemoryMax=64M

[Install]
WantedBy=multi-user.target
"
    )
}

impl Host {
    /// Installs and starts a service, release 1.0.0 of it; returns when it is healthy. Its folder is `/srv/NAME`, with
    /// `releases/1.0.0` and the link `current`; the file `/srv/NAME/broken` makes it fail.
    pub fn service(&self, name: &str, port: u16) {
        let release = format!("/srv/{name}/releases/1.0.0");
        self.put(&format!("{release}/app.py"), PROGRAM, 0o644);
        self.put(&format!("{release}/VERSION"), "1.0.0\n", 0o644);
        self.must(&format!("ln -sfn {release} /srv/{name}/current && chown -R ops: /srv/{name}"));
        self.unit(&format!("{name}.service"), &unit(name, port));
        self.must(&format!("systemctl enable --quiet --now {name}"));
        let healthy = until(Duration::from_secs(20), || self.get(port, "/health/ready").0 == 200);
        assert!(healthy, "{name} is not healthy: {}", self.must(&format!("journalctl --no-pager -u {name}")));
    }

    /// Asks a service from inside the host; status (0: no answer within two seconds) and body.
    pub fn get(&self, port: u16, path: &str) -> (u16, String) {
        let output = self.run(&format!("curl -s -m 2 -w '\\n%{{http_code}}' http://127.0.0.1:{port}{path}"));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (body, status) = text.rsplit_once('\n').unwrap_or_default();
        (status.parse().unwrap_or(0), body.to_owned())
    }
}
