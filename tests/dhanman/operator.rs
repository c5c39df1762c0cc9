//! An operator who acts on a site: plans, agrees by the plan's digest, and answers questions of a run at a terminal. Keeps
//! a copy of the deck and its runbooks, whose waits may be made shorter.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use portable_pty::CommandBuilder;
use serde_json::Value;

use crate::console::command;
use crate::site::Site;
use crate::stage::{Stage, patience};
use crate::terminal::Terminal;

/// What production wants to hear besides the digest. In the deck of these tests every hour is a busy one.
const CONSENT: [&str; 4] = ["--reason", "as the test asks", "--break-glass", "a test that runs at any hour of the day"];
/// The busy hours of the example.
const PEAK: &str = "peak     = [\"Mon-Fri 08:00-20:00\"]";

/// How a call of the binary ended and what it said.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<u32>,
    /// Both streams.
    pub told: String,
}

impl Ended {
    /// Holds it against an exit code.
    #[track_caller]
    pub fn with(self, code: u32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.told);
        self
    }

    /// Expects words.
    #[track_caller]
    pub fn says(self, words: &str) -> Self {
        assert!(self.told.contains(words), "it does not say `{words}`: {}", self.told);
        self
    }

    /// The run that it told of.
    #[track_caller]
    pub fn run(&self) -> String {
        let line = self.told.lines().find_map(|l| l.strip_prefix("run "));
        let line = line.unwrap_or_else(|| panic!("no run: {}", self.told));
        line.split(' ').next().unwrap().to_owned()
    }
}

/// A question's words, and what is typed; `=words` chooses what is offered with these words.
pub type Answer<'a> = (&'a str, &'a str);

/// The operator.
pub struct Operator<'s> {
    site: &'s Site,
    stage: Stage,
    webhook: String,
}

impl<'s> Operator<'s> {
    /// With a deck in which every hour is busy. What others are told goes to this address.
    pub fn new(site: &'s Site, webhook: String) -> Self {
        let stage = Site::stage();
        let deck = Site::deck();
        assert!(deck.contains(PEAK), "the deck has other busy hours");
        stage.write_deck(&deck.replace(PEAK, "peak     = [\"00:00-12:00\", \"12:00-24:00\"]"));
        Self { site, stage, webhook }
    }

    /// A file beside the deck.
    pub fn put(&self, path: &str, text: &str) {
        let path = self.stage.work().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Removes a folder beside the deck.
    pub fn clear(&self, path: &str) {
        std::fs::remove_dir_all(self.stage.work().join(path)).ok();
    }

    /// Makes a file beside the deck a program.
    pub fn executable(&self, path: &str) {
        std::fs::set_permissions(self.stage.work().join(path), PermissionsExt::from_mode(0o755)).unwrap();
    }

    /// Makes a runbook other than it is; what is replaced must be there.
    #[track_caller]
    pub fn change(&self, runbook: &str, from: &str, to: &str) {
        let path = self.stage.work().join("runbooks").join(runbook).with_extension("md");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{runbook} has no `{from}`");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = command(self.site, &self.stage, words);
        command.env("SLACK_WEBHOOK", &self.webhook).env("USER", "ann");
        command
    }

    /// Runs the binary where nobody can answer.
    #[track_caller]
    pub fn qd(&self, words: &[&str]) -> Ended {
        let output = self.command(words).stdin(Stdio::null()).output().unwrap();
        let told = [output.stdout, output.stderr].map(|s| String::from_utf8_lossy(&s).into_owned()).concat();
        assert!(!told.contains("panicked"), "{told}");
        Ended { code: output.status.code().and_then(|c| c.try_into().ok()), told }
    }

    /// A plan that can run.
    #[track_caller]
    pub fn plan(&self, what: &[&str]) -> Value {
        let output = self.command(&[&["plan", "--json"], what].concat()).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let plan = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0), "{plan}{told}");
        serde_json::from_str(&plan).unwrap_or_else(|e| panic!("{e}: {plan}{told}"))
    }

    /// The words that run something that is planned now, and more options.
    fn consent(&self, what: &[&str], more: &[&str]) -> Vec<String> {
        let plan = self.plan(what);
        let environment = plan["target"]["environment"].as_str().unwrap().to_owned();
        let digest = plan["digest"].as_str().unwrap().get(..8).unwrap().to_owned();
        let confirm = ["--confirm".to_owned(), format!("{environment}:{digest}")];
        let words = ["run"].iter().chain(what).chain(&CONSENT).chain(more).map(|w| (*w).to_owned());
        words.chain(confirm).collect()
    }

    /// Plans, agrees and runs where nobody can answer.
    #[track_caller]
    pub fn run(&self, what: &[&str]) -> Ended {
        let words = self.consent(what, &[]);
        self.qd(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Goes on with a run where nobody can answer, after agreeing to what is left of it.
    #[track_caller]
    pub fn resume(&self, run: &str) -> Ended {
        let asked = self.qd(&["runs", "resume", run]).with(4);
        let confirm = asked.told.split("--confirm ").nth(1).and_then(|rest| rest.split_whitespace().next());
        let confirm = confirm.unwrap_or_else(|| panic!("it does not say how to agree: {}", asked.told));
        self.qd(&[&["runs", "resume", run, "--confirm", confirm], &CONSENT[..]].concat())
    }

    /// Plans, agrees and runs at a terminal, where these questions come in this order and no others.
    #[track_caller]
    pub fn answering(&self, what: &[&str], more: &[&str], answers: &[Answer<'_>]) -> Ended {
        let words = self.consent(what, more);
        let plain = self.command(&words.iter().map(String::as_str).collect::<Vec<_>>());
        let mut command = CommandBuilder::new(plain.get_program());
        command.args(plain.get_args());
        for (name, value) in plain.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            }
        }
        let mut terminal = Terminal::start(&self.stage, (200, 60), command, &[]);
        // The plan before it shows the same words.
        let mut read = waits(&mut terminal, "\nrun ", 0);
        for (question, answer) in answers {
            read = waits(&mut terminal, question, read);
            let number = answer.strip_prefix('=').map(|words| {
                let offered = waits(&mut terminal, "choose: ", read);
                let all = text(&terminal);
                let line = all.get(read..offered).unwrap().lines().find(|l| l.contains(words));
                line.unwrap_or_else(|| panic!("no `{words}` is offered: {all}")).trim().chars().next().unwrap()
            });
            terminal.press(number.map_or_else(|| format!("{answer}\n"), |number| format!("{number}\n")));
        }
        // The last word of a run, whatever became of it.
        waits(&mut terminal, "\nrun ", read);
        let code = terminal.ends().exit_code();
        Ended { code: Some(code), told: text(&terminal) }
    }

    /// The last outcome of every step that ended.
    #[track_caller]
    pub fn outcomes(&self, run: &str) -> Vec<(String, String)> {
        let path = self.stage.work().with_file_name("state").join("quarterdeck/runs").join(run).join("journal.jsonl");
        let journal = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let entries = journal.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let word = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        entries.filter(|e| e["fact"] == "finished").map(|e| (word(&e, "step"), word(&e, "outcome"))).collect()
    }

    /// The last outcome of a step.
    #[track_caller]
    pub fn outcome(&self, run: &str, step: &str) -> String {
        let all = self.outcomes(run);
        all.iter().rfind(|(name, _)| name == step).unwrap_or_else(|| panic!("no {step} in {all:?}")).1.clone()
    }
}

/// Everything that was written, as lines.
fn text(terminal: &Terminal) -> String {
    String::from_utf8_lossy(terminal.raw()).replace("\r\n", "\n")
}

/// Waits for words behind what was read; where they end. Runs hold still for seconds, so this is patient.
#[track_caller]
fn waits(terminal: &mut Terminal, words: &str, read: usize) -> usize {
    let end = Instant::now() + patience() * 8;
    loop {
        let all = text(terminal);
        if let Some(at) = all.get(read..).and_then(|rest| rest.find(words)) {
            return read + at + words.len();
        }
        assert!(Instant::now() < end, "`{words}` did not come:\n{all}");
        terminal.take_in(Duration::from_millis(20));
    }
}
