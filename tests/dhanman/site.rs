//! Two hosts shaped like the deck: units, ports, folders, names and rights as it says. PostgreSQL, RabbitMQ and MinIO are
//! not there at first, and the console is to say so.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::certificates::Authority;
use crate::console::{EVERY, TIMEOUT};
use crate::lab::{Host, Lab};
use crate::stage::Stage;

/// The services, in the order of their ports.
pub const SERVICES: [&str; 6] = ["common", "community", "inventory", "payroll", "purchase", "sales"];

/// The stand-in for a .NET program.
pub const PROGRAM: &str = include_str!("service.py");
const DECK: &str = include_str!("../../examples/dhanman/quarterdeck.toml");
const README: &str = include_str!("../../examples/dhanman/README.md");

/// What a .NET service is called: `Dhanman.Sales.dll`.
pub fn dll(service: &str) -> String {
    let (first, rest) = service.split_at(1);
    format!("Dhanman.{}{rest}.dll", first.to_uppercase())
}

/// What the account `deploy` may do by sudo: the text that the deck's page tells to put on the servers.
fn sudoers() -> &'static str {
    let (_, from) = README.split_once("```sudoers\n").expect("a text for sudo in the deck's page");
    from.split_once("```").unwrap().0
}

/// What differs between the two environments.
pub struct Kind {
    /// As the deck calls it.
    pub environment: &'static str,
    /// The address in the deck.
    address: &'static str,
    suffix: &'static str,
    prefix: &'static str,
    word: &'static str,
    ports: u16,
}

pub const PRODUCTION: Kind = Kind {
    environment: "production",
    address: "192.0.2.10",
    suffix: "prod",
    prefix: "",
    word: "Production",
    ports: 5001,
};
pub const QA: Kind =
    Kind { environment: "qa", address: "192.0.2.20", suffix: "qa", prefix: "qa.", word: "QA", ports: 5101 };

impl Kind {
    /// The unit of a service.
    pub fn unit(&self, service: &str) -> String {
        format!("dhanman-{service}-{}", self.suffix)
    }

    /// The folder of a service.
    pub fn folder(&self, service: &str) -> String {
        format!("/var/www/{}/dhanman-{service}", self.suffix)
    }

    /// Every service with its environment.
    pub fn services(&self) -> Vec<String> {
        SERVICES.iter().map(|s| format!("{}/{s}", self.environment)).collect()
    }

    fn domains(&self) -> Vec<String> {
        SERVICES.iter().chain(&["app"]).map(|name| format!("{}{name}.example.com", self.prefix)).collect()
    }

    /// As the deployment's document has it, with another program.
    fn unit_text(&self, service: &str, port: u16) -> String {
        let (suffix, word, folder, dll) = (self.suffix, self.word, self.folder(service), dll(service));
        format!(
            "[Unit]\nDescription=Dhanman {service} - {word}\nAfter=network.target\n\n\
             [Service]\nWorkingDirectory={folder}\nExecStart=/usr/bin/dotnet {folder}/{dll} --urls \"http://localhost:{port}\"\n\
             Restart=always\nRestartSec=10\nKillSignal=SIGINT\nSyslogIdentifier=dhanman-{service}-{suffix}\n\
             User=www-data\nGroup=www-data\nEnvironment=ASPNETCORE_ENVIRONMENT={word}\n\
             StandardOutput=append:/var/log/dhanman/{suffix}/{service}.log\n\
             StandardError=append:/var/log/dhanman/{suffix}/{service}.error.log\n\
             LimitNOFILE=65536\nMemoryMax=2G\nCPUQuota=200%\n\n[Install]\nWantedBy=multi-user.target\n"
        )
    }

    /// nginx before them: TLS, forwarding, the dashboard behind a login, the page with its fallback.
    fn nginx(&self) -> String {
        let tls = "listen 443 ssl; ssl_certificate /etc/ssl/site.pem; ssl_certificate_key /etc/ssl/site.key;";
        let mut text = format!("server {{ listen 80; server_name {}; return 301 https://$host$request_uri; }}\n", {
            self.domains().join(" ")
        });
        for (service, port) in SERVICES.iter().zip(self.ports..) {
            let prefix = self.prefix;
            text += &format!(
                "server {{ {tls} server_name {prefix}{service}.example.com;\n\
                 location / {{ proxy_pass http://127.0.0.1:{port}; }}\n\
                 location /hangfire {{ auth_basic Hangfire; auth_basic_user_file /etc/nginx/.htpasswd;\n\
                 proxy_pass http://127.0.0.1:{port}; }} }}\n"
            );
        }
        let (prefix, root) = (self.prefix, format!("/var/www/frontend/{}/build", self.suffix));
        text += &format!("server {{ {tls} server_name {prefix}app.example.com; root {root};\n");
        text + "location / { try_files $uri $uri/ /index.html; } }\n"
    }

    /// nginx's file.
    pub fn web(&self) -> String {
        format!("/etc/nginx/sites-available/dhanman-{}", self.suffix)
    }

    /// A service in a plain folder, as it was deployed by hand.
    fn install(&self, host: &Host, service: &str) {
        let (folder, suffix, word) = (self.folder(service), self.suffix, self.word);
        host.put(&format!("{folder}/{}", dll(service)), PROGRAM, 0o644);
        host.put(&format!("{folder}/appsettings.json"), "{}\n", 0o644);
        let place = format!("Host=localhost;Port=5432;Database={suffix}-dhanman-{service};Username=dhanman_user");
        let settings = format!("{{\"ConnectionStrings\": {{\"DefaultConnection\": \"{place};Password=green\"}}}}\n");
        host.put(&format!("{folder}/appsettings.{word}.json"), settings, 0o640);
        host.must(&format!("mkdir {folder}/logs && chown -R www-data:www-data {folder}"));
    }

    /// Makes a bare host one of this kind.
    fn furnish(&self, host: &Host, authority: &Authority) {
        let suffix = self.suffix;
        host.must(&format!(
            "useradd --create-home --shell /bin/bash deploy && cp -r /home/ops/.ssh /home/deploy/ &&
             chown -R deploy: /home/deploy/.ssh && mkdir -p /var/log/dhanman/{suffix} &&
             install -d -o deploy /backups/postgresql && ln -s python3 /usr/bin/dotnet"
        ));
        host.put("/etc/sudoers.d/quarterdeck", sudoers(), 0o440);
        host.must("visudo --check --quiet");
        for (service, port) in SERVICES.iter().zip(self.ports..) {
            self.install(host, service);
            let unit = format!("/etc/systemd/system/{}.service", self.unit(service));
            host.put(&unit, self.unit_text(service, port), 0o644);
            let dump = format!("/backups/postgresql/{suffix}-dhanman-{service}_20240115_020000.backup.gz");
            host.must(&format!("head -c 20000 /dev/urandom >{dump}"));
        }
        host.put("/etc/systemd/system/certbot.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n", 0o644);
        let timer = "[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=timers.target\n";
        host.put("/etc/systemd/system/certbot.timer", timer, 0o644);
        let (certificate, key) = authority.sign(&self.domains());
        host.put("/etc/ssl/site.pem", certificate, 0o644);
        host.put("/etc/ssl/site.key", key, 0o600);
        host.put("/etc/nginx/.htpasswd", "", 0o644);
        host.put(&self.web(), self.nginx(), 0o644);
        host.must(&format!("rm /etc/nginx/sites-enabled/default && ln -s {} /etc/nginx/sites-enabled/", self.web()));
        let page = "<!doctype html><title>Dhanman</title><script defer src=\"/static/js/main.5f1c.js\"></script>";
        host.put(&format!("/var/www/frontend/{suffix}/build/index.html"), page, 0o644);
        let units: Vec<String> = SERVICES.iter().map(|s| self.unit(s)).collect();
        host.must(&format!(
            "systemctl daemon-reload && systemctl enable --quiet --now nginx certbot.timer {}",
            units.join(" ")
        ));
    }
}

/// A lab with both hosts, and what an operator has of it.
pub struct Site {
    pub production: Host,
    pub qa: Host,
    /// The host on the way, if there is one.
    pub gate: Option<Host>,
    folder: tempfile::TempDir,
    // Goes last.
    lab: Lab,
}

impl Site {
    /// Two hosts that are reached straight; none where hosts cannot be had.
    pub fn new() -> Option<Self> {
        let lab = Lab::new()?;
        let mut hosts = lab.hosts(2);
        let (qa, production) = (hosts.pop()?, hosts.pop()?);
        let addresses = [production.address().to_string(), qa.address().to_string()];
        Some(Self::furnish(lab, None, production, qa, addresses))
    }

    /// Two hosts behind a third one, which forwards what comes for their web servers as a load balancer would.
    pub fn behind_a_gate() -> Option<Self> {
        let lab = Lab::new()?;
        let (gate, mut hosts) = lab.jump("gate", &["singapore", "france"]);
        let (qa, production) = (hosts.pop()?, hosts.pop()?);
        let addresses = crate::edge::forward(&gate, [&production, &qa]);
        Some(Self::furnish(lab, Some(gate), production, qa, addresses))
    }

    fn furnish(lab: Lab, gate: Option<Host>, production: Host, qa: Host, addresses: [String; 2]) -> Self {
        let began = Instant::now();
        let site = Self { production, qa, gate, folder: tempfile::tempdir().unwrap(), lab };
        let authority = Authority::new();
        std::thread::scope(|scope| {
            scope.spawn(|| PRODUCTION.furnish(&site.production, &authority));
            scope.spawn(|| QA.furnish(&site.qa, &authority));
        });
        let lines = |kind: &Kind, address: &str| format!("{address} {}\n", kind.domains().join(" "));
        site.write("hosts", lines(&PRODUCTION, &addresses[0]) + &lines(&QA, &addresses[1]));
        site.write("nsswitch.conf", "hosts: files\n".to_owned());
        site.write("authority.pem", authority.pem);
        site.write("ssh_config", site.ssh_config());
        site.learn_keys();
        println!("{:6.1} s to furnish the hosts", began.elapsed().as_secs_f64());
        site
    }

    /// What leads the deck's addresses to the hosts.
    fn ssh_config(&self) -> String {
        let jump = if self.gate.is_some() { "  ProxyJump gate\n" } else { "" };
        let mut text = String::new();
        for (kind, host) in [(&PRODUCTION, &self.production), (&QA, &self.qa)] {
            text += &format!("Host {}\n  HostName {}\n{jump}", kind.address, host.address());
        }
        if let Some(gate) = &self.gate {
            text += &format!("Host gate\n  User ops\n  HostName {}\n", gate.address());
        }
        text + &format!(
            "Host *\n  IdentityFile {}\n  IdentitiesOnly yes\n  UserKnownHostsFile {}\n  GlobalKnownHostsFile /dev/null\n",
            self.lab.key_path().display(),
            self.file("known_hosts").display()
        )
    }

    /// Writes down the keys that the hosts have now.
    pub fn learn_keys(&self) {
        let hosts = [Some(&self.production), Some(&self.qa), self.gate.as_ref()];
        self.write("known_hosts", hosts.into_iter().flatten().map(Host::known_hosts).collect());
    }

    fn write(&self, name: &str, text: String) {
        std::fs::write(self.file(name), text).unwrap();
    }

    /// A file of the operator.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A stage with the deck and its runbooks.
    pub fn stage() -> Stage {
        let stage = Stage::new(&Self::deck());
        let runbooks = stage.work().join("runbooks");
        std::fs::create_dir(&runbooks).unwrap();
        for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/dhanman/runbooks")).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), runbooks.join(file.file_name())).unwrap();
        }
        stage
    }

    /// The deck of the example. It looks more often, and a small disk of QA is looked at too.
    pub fn deck() -> String {
        let calm = "[defaults]\ntimeout = \"5s\"\n";
        assert!(DECK.contains(calm), "the deck has other defaults");
        let brisk = format!("[defaults]\nevery = \"{EVERY:?}\"\ntimeout = \"{TIMEOUT:?}\"\n");
        // Load and memory are those of the machine that runs the tests.
        let disk = "[environments.qa.services.disk.probes.space]\nhost = \"vps\"\nmounts = [\"/srv/small\"]\n\
                    load = \"ignore\"\nmemory = \"ignore\"\n";
        format!("{}\n{disk}", DECK.replace(calm, &brisk))
    }
}

/// As long as something needs that nobody holds against a limit.
pub const AT_LEISURE: Duration = Duration::from_secs(20);
