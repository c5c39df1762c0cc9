//! PostgreSQL on a host, as the deck names it: unit, port, folder of logs, the users `monitor` and `dhanman_user`, and six
//! databases with rows. Its programs are those of this machine, with their own libraries, so any Debian's will do.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::lab::Host;
use crate::site::SERVICES;
use crate::stage::patience;
use crate::support::{folder, ordinary, run};

/// Clients that runbooks call, beside the server itself.
const CLIENTS: [&str; 5] = ["psql", "pg_dump", "pg_restore", "createdb", "dropdb"];
/// How many rows each database has.
pub const ROWS: u32 = 400;

const CONFIGURATION: &str = "listen_addresses = '127.0.0.1'\nunix_socket_directories = '/run/postgresql'\n\
    max_connections = 200\nshared_buffers = 16MB\nfsync = off\njit = off\ntimezone = 'GMT'\nlog_timezone = 'GMT'\n\
    logging_collector = on\nlog_directory = '/var/log/postgresql'\n\
    log_filename = 'postgresql-%Y-%m-%d_%H%M%S.log'\n";
const ADMITTED: &str = "local all all peer\nhost all all 127.0.0.1/32 scram-sha-256\n";
const UNIT: &str = "[Service]\nUser=postgres\nRuntimeDirectory=postgresql\nRuntimeDirectoryMode=0755\n\
    LogsDirectory=postgresql\nExecStart=/usr/bin/postgres -D /var/lib/postgresql/18/main\nKillSignal=SIGINT\n\
    [Install]\nWantedBy=multi-user.target\n";

/// The name of a service's database.
pub fn name(service: &str) -> String {
    format!("prod-dhanman-{service}")
}

/// Where this machine has its newest PostgreSQL: the version's folder.
fn home() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is installed; tests/run installs it");
    let all = versions.map(|v| v.unwrap().path()).filter(|p| p.join("bin/initdb").exists());
    all.max().expect("its programs")
}

/// Starts it and fills it; returns when all six databases are there.
pub fn start(host: &Host) {
    let (home, made) = (home(), folder());
    let data = made.path().join("main");
    let options = ["--no-sync", "--locale=C", "-E", "UTF8", "-U", "postgres", "--wal-segsize=1"];
    run(ordinary(home.join("bin/initdb")).arg("-D").arg(&data).args(options));
    host.put("/tmp/programs.tar", tar(&programs(&home)), 0o600);
    host.put("/tmp/data.tar", tar(&["-C".into(), made.path().display().to_string(), "main".into()]), 0o600);
    let share = home.to_string_lossy().replace("/usr/lib/", "/usr/share/");
    host.must(&format!(
        "useradd --system --home-dir /var/lib/postgresql --shell /bin/bash postgres && tar -xf /tmp/programs.tar -C / && \
         mkdir -p /var/lib/postgresql/18 {share} && tar -xf /tmp/data.tar -C /var/lib/postgresql/18 && \
         rm /tmp/*.tar && chown -R postgres: /var/lib/postgresql"
    ));
    let loader = loader(&home);
    for program in CLIENTS.iter().chain(&["postgres"]) {
        let real = home.join("bin").join(program);
        let text = format!("#!/bin/sh\nexec {loader} --library-path {LIBRARIES} {} \"$@\"\n", real.display());
        host.put(&format!("/usr/bin/{program}"), text, 0o755);
    }
    host.must(&format!("cat >>/var/lib/postgresql/18/main/postgresql.conf <<'END'\n{CONFIGURATION}END"));
    host.must(&format!("cat >/var/lib/postgresql/18/main/pg_hba.conf <<'END'\n{ADMITTED}END"));
    host.unit("postgresql@.service", UNIT);
    host.must("systemctl enable --quiet --now postgresql@18-main");
    let seconds = patience().as_secs() * 4;
    host.must(&format!("timeout {seconds} sh -c 'until {PSQL} -c \"select 1\"; do sleep 0.1; done'"));
    fill(host);
}

const PSQL: &str = "runuser -u postgres -- psql -X -q -A -t -v ON_ERROR_STOP=1";
/// Where the libraries of this machine are on the host, apart from its own.
const LIBRARIES: &str = "/usr/lib/postgresql/libraries";

fn fill(host: &Host) {
    let mut text = String::from(
        "create role dhanman_user login password 'green';\n\
         create role monitor login password 'not-asked-for' in role pg_monitor;\n",
    );
    for service in SERVICES {
        let name = name(service);
        text += &format!(
            "create database \"{name}\" owner dhanman_user;\n\\connect \"{name}\"\nset role dhanman_user;\n\
             create table papers (id int primary key, what text not null, made timestamptz);\n\
             insert into papers select n, '{service} ''' || n || chr(8364), '2026-11-20'::timestamptz + n * interval '1 minute' \
             from generate_series(1, {ROWS}) n;\nreset role;\n"
        );
    }
    host.put("/tmp/fill.sql", text, 0o644);
    host.must(&format!("cd / && {PSQL} -f /tmp/fill.sql"));
}

/// What a statement answers.
#[track_caller]
pub fn ask(host: &Host, database: &str, statement: &str) -> String {
    host.must(&format!("cd / && {PSQL} -d '{database}' -c \"{statement}\"")).trim().to_owned()
}

/// A number over every row of a database, their count, and who owns them.
#[track_caller]
pub fn sum(host: &Host, database: &str) -> String {
    let rows = "select md5(string_agg(p::text, ',' order by id)), count(*), \
                (select tableowner from pg_tables where tablename = 'papers') from papers p";
    ask(host, database, rows)
}

/// Words for `tar`: every file that the programs need, each at its own place but for libraries.
fn programs(home: &Path) -> Vec<String> {
    let mut files: Vec<PathBuf> = CLIENTS.iter().chain(&["postgres"]).map(|p| home.join("bin").join(p)).collect();
    let linked = |file: &PathBuf| {
        let told = run(Command::new("ldd").arg(file)).stdout;
        let told = String::from_utf8_lossy(&told).into_owned();
        let words = told.split_whitespace().filter(|w| w.starts_with('/')).map(ToOwned::to_owned);
        words.collect::<Vec<String>>()
    };
    let mut libraries: Vec<String> = files.iter().flat_map(linked).collect();
    libraries.sort();
    libraries.dedup();
    files.push(home.join("lib/plpgsql.so"));
    let share = home.to_string_lossy().replace("/usr/lib/", "/usr/share/");
    files.push(Path::new(&share).join("timezonesets"));
    let strange = format!(
        "--transform=s,^(usr/|)lib[^ ]*/(lib[^/]*|ld-[^/]*)\\.so,{}/\\2.so,x",
        LIBRARIES.trim_start_matches('/')
    );
    let mut words = vec!["--dereference".to_owned(), strange, "-C".to_owned(), "/".to_owned()];
    words.extend(
        files.iter().map(|f| f.display().to_string()).chain(libraries).map(|f| f.trim_start_matches('/').to_owned()),
    );
    words
}

/// What starts programs, with libraries other than the host's.
fn loader(home: &Path) -> String {
    let told = run(Command::new("ldd").arg(home.join("bin/postgres"))).stdout;
    let told = String::from_utf8_lossy(&told).into_owned();
    let loader = told.split_whitespace().find(|w| w.starts_with('/') && w.contains("/ld-")).expect("a loader");
    format!("{LIBRARIES}/{}", loader.rsplit('/').next().unwrap())
}

fn tar(words: &[String]) -> Vec<u8> {
    run(Command::new("tar").arg("-cf").arg("-").args(words)).stdout
}
