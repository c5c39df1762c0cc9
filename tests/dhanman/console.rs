//! The console's binary on a site: its lines as they come, and how long what is waited for takes.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use crate::document::Document;
use crate::site::Site;
use crate::stage::{Stage, patience};

/// How often the copy of the deck looks.
pub const EVERY: Duration = Duration::from_secs(2);
/// Its time-out.
pub const TIMEOUT: Duration = Duration::from_secs(2);
/// A change is looked at again after this long.
const CONFIRM: Duration = Duration::from_millis(500);

/// The longest that something may take which is seen at the next look: the look, its answer, and the second look.
pub const PROMPT: Duration = EVERY.saturating_add(CONFIRM);
/// The same where nothing answers.
pub const SILENT: Duration = PROMPT.saturating_add(TIMEOUT.saturating_mul(2));

/// `qd status --watch --json`.
pub struct Console {
    child: Child,
    lines: Receiver<String>,
    last: Document,
    _stage: Stage,
}

impl Console {
    /// Starts it; returns with the first document, for which every probe has looked.
    pub fn start(site: &Site) -> Self {
        let stage = Site::stage();
        let mut command = command(site, &stage, &["status", "--watch", "--json"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let (sender, lines) = sync_channel(4096);
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let first = lines.recv_timeout(patience() * 4).expect("a first document");
        Self { child, lines, last: read(&first), _stage: stage }
    }

    /// The newest document.
    pub fn now(&mut self) -> &Document {
        while let Ok(line) = self.lines.try_recv() {
            self.last = read(&line);
        }
        &self.last
    }

    /// Waits until a document is as wanted, prints how long that took since `began`, and holds it against the limit.
    #[track_caller]
    pub fn sees(&mut self, what: &str, began: Instant, limit: Duration, is_so: impl Fn(&Document) -> bool) -> Document {
        // A busy machine is late; how late is printed.
        let end = began + limit + patience() / 3;
        while !is_so(&self.last) {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => self.last = read(&line),
                Err(RecvTimeoutError::Timeout) => {
                    panic!("not seen within {:.1?}: {what}\n{}", began.elapsed(), self.last)
                }
                Err(RecvTimeoutError::Disconnected) => panic!("the console ended before {what}"),
            }
        }
        println!("{:6.1} s of {:4.1}  {what}", began.elapsed().as_secs_f64(), limit.as_secs_f64());
        self.last.clone()
    }

    /// Waits until a service is as bad as this, for a cause with these words.
    #[track_caller]
    pub fn tells(&mut self, id: &str, health: &str, words: &str, began: Instant, limit: Duration) -> Document {
        let what = format!("{id} {health}: {words}");
        self.sees(&what, began, limit, |seen| seen.health(id) == health && seen.cause(id).contains(words))
    }

    /// Waits until all of these are healthy.
    #[track_caller]
    pub fn heals(&mut self, ids: &[&str], began: Instant, limit: Duration) -> Document {
        let what = format!("{} healthy", ids.join(", "));
        self.sees(&what, began, limit, |seen| ids.iter().all(|id| seen.health(id) == "healthy"))
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// One look, without watching.
pub fn once(site: &Site, options: &[&str]) -> Document {
    let stage = Site::stage();
    let output = command(site, &stage, &[&["status", "--json"], options].concat()).output().unwrap();
    read(&String::from_utf8_lossy(&output.stdout))
}

fn read(line: &str) -> Document {
    Document(serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
}

/// Names are looked up in the site's own file and nowhere else, so nothing is asked beyond it.
const ALONE: &str =
    "mount --bind \"$1\" /etc/hosts && mount --bind \"$2\" /etc/nsswitch.conf && shift 2 && exec \"$@\"";

/// The binary, to be run as an operator of this site would.
pub fn command(site: &Site, stage: &Stage, arguments: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    for name in Stage::foreign() {
        command.env_remove(name);
    }
    command.args(["--mount", "--propagation", "private", "sh", "-c", ALONE, "sh"]);
    command.arg(site.file("hosts")).arg(site.file("nsswitch.conf")).arg(env!("CARGO_BIN_EXE_qd")).args(arguments);
    command.envs(stage.variables()).env("QUARTERDECK_SSH_CONFIG", site.file("ssh_config"));
    command.env("SSL_CERT_FILE", site.file("authority.pem")).env_remove("SSL_CERT_DIR").env_remove("SSH_AUTH_SOCK");
    for environment in ["PROD", "QA"] {
        for server in ["POSTGRES", "RABBITMQ"] {
            command.env(format!("DHANMAN_{environment}_{server}_PASSWORD"), "not-asked-for");
        }
    }
    command.current_dir(stage.work()).stdin(Stdio::null());
    command
}
