//! A deck with services whose steps run on this machine, and a runbook that waits until the test lets it go on. What it did
//! stands in a file. Whatever is left of a step ends when its folder goes.

use std::path::PathBuf;

use super::run::{Ended, Running, command, qd};
use super::support::stage::Stage;

const DECK: &str = r#"
name = "yard"
[environments.harbour]
tier = "development"
state = "STATE"
[environments.harbour.services]
crane = { runbooks = ["lift"], probes.live = { file = "/tmp" } }
[environments.sea]
tier = "production"
[environments.sea.services]
liner = { runbooks = ["lift"], probes.live = { file = "/tmp" } }
"#;

const LIFT: &str = "# Lift a box\n\n## Hook\n\n```sh {timeout=30s}\necho hook >> WORK/log\n```\n\n## Lift\n\n\
```sh {timeout=60s grace=1s}\necho lift >> WORK/log\necho up it goes\n\
while [ -d WORK ] && [ ! -e WORK/go ]; do sleep 0.05; done\n[ ! -e WORK/bad ]\necho lifted >> WORK/log\n```\n\n\
## Drop\n\n```sh {timeout=30s}\necho drop >> WORK/log\n```\n";

/// The stage of one test.
pub struct Yard {
    pub stage: Stage,
}

impl Yard {
    pub fn new() -> Self {
        let stage = Stage::empty();
        let work = stage.work();
        stage.write_deck(&DECK.replace("STATE", &work.join("kept").display().to_string()));
        std::fs::create_dir(work.join("runbooks")).unwrap();
        let text = LIFT.replace("WORK", &work.display().to_string());
        std::fs::write(work.join("runbooks/lift.md"), text).unwrap();
        Self { stage }
    }

    pub fn qd(&self, arguments: &[&str]) -> Ended {
        qd(&self.stage, arguments)
    }

    /// Runs it as a console that knows nothing of what was done before.
    pub fn qd_elsewhere(&self, arguments: &[&str]) -> Ended {
        let mut command = command(&self.stage, arguments);
        let output = command.env("XDG_STATE_HOME", self.stage.work().join("elsewhere")).output().unwrap();
        let [out, told] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        Ended { code: output.status.code().unwrap(), out, told }
    }

    /// Runs a command that must end well.
    #[track_caller]
    pub fn good(&self, arguments: &[&str]) -> Ended {
        let ended = self.qd(arguments);
        assert_eq!(ended.code, 0, "{arguments:?}: {}{}", ended.out, ended.told);
        ended
    }

    /// What `--confirm` says for the plan of `lift` as it is now.
    pub fn confirm(&self, service: &str) -> String {
        let plan = self.qd(&["plan", "lift", service, "--json"]);
        let plan: serde_json::Value = serde_json::from_str(&plan.out).unwrap();
        format!("{}:{}", plan["target"]["environment"].as_str().unwrap(), &plan["digest"].as_str().unwrap()[..8])
    }

    /// The same for going on with a run, as it is told to who may not.
    #[track_caller]
    pub fn confirm_resume(&self, arguments: &[&str]) -> String {
        let refused = self.qd(&[&["runs", "resume"], arguments].concat());
        assert_eq!(refused.code, 4, "{}", refused.told);
        let (_, flag) = refused.told.split_once("--confirm ").unwrap_or_else(|| panic!("{}", refused.told));
        flag.trim().to_owned()
    }

    /// A run that waits in its second step.
    pub fn lifting(&self) -> Running {
        let confirm = self.confirm("harbour/crane");
        let run = Running::start(&self.stage, &["run", "lift", "harbour/crane", "--confirm", &confirm]);
        run.prints("│ up it goes");
        run
    }

    /// A run whose console was killed while its second step ran.
    pub fn killed(&self) -> String {
        let mut run = self.lifting();
        run.signal(rustix::process::Signal::KILL);
        run.ends();
        self.newest()
    }

    /// Lets the second step end.
    pub fn go(&self) {
        std::fs::write(self.stage.work().join("go"), "").unwrap();
    }

    /// The name of the newest run.
    /// What a console that is gone said last is a minute old.
    pub fn a_minute_passes(&self) {
        let folder = self.stage.work().join("kept/locks/harbour%2Fcrane");
        let seconds = "n=$(ls | grep -x '[0-9]*' | sort -n | tail -n 1); echo $(($(date +%s) - 61)) >$n.beat";
        let aged = std::process::Command::new("sh").args(["-c", seconds]).current_dir(folder).status().unwrap();
        assert!(aged.success());
    }

    pub fn newest(&self) -> String {
        self.good(&["runs"]).out.split_whitespace().next().unwrap().to_owned()
    }

    /// What the steps did, in order.
    pub fn log(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.stage.work().join("log")).unwrap_or_default();
        text.lines().map(ToOwned::to_owned).collect()
    }

    pub fn audit(&self) -> PathBuf {
        let state = self.stage.variables().into_iter().find(|(name, _)| *name == "XDG_STATE_HOME").unwrap().1;
        PathBuf::from(state).join("quarterdeck/audit.jsonl")
    }
}

impl Drop for Yard {
    fn drop(&mut self) {
        // What still waits ends now, and has a moment before its folder goes.
        self.go();
    }
}
