//! The shipped runbooks: whole, without a fault, and their shell texts run for real in a folder of their own, with a
//! `systemctl` and a `sudo` that only write down how they were called.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::*;

use crate::model::runbook::{Action, Choices, Require, Step};

#[test]
fn every_shipped_runbook_is_read_without_a_fault_or_a_warning() {
    let names: Vec<String> = ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    for (name, text) in ALL {
        let read = crate::runbook::read_among(&path(name), text, &|n| self::text(n).map(str::to_owned), Some(&names));
        let told: Vec<String> = read.faults.iter().map(ToString::to_string).collect();
        assert!(told.is_empty(), "{}", told.join("\n"));
        let runbook = read.runbook.unwrap();
        assert!(!runbook.doc.as_str().is_empty(), "{name} says nothing of itself");
        assert!(runbook.estimate.is_some(), "{name} does not say how long it takes");
    }
    assert_eq!(runbooks().len(), ALL.len());
}

#[test]
fn every_change_has_a_proof_a_way_back_or_says_why_it_has_none() {
    for runbook in runbooks() {
        assert_eq!(runbook.only_looks(), &*runbook.name == "collect-diagnostics", "{}", runbook.name);
        for step in runbook.steps().filter(|s| !s.only_looks()) {
            let told = step.undo.is_some() || step.irreversible.is_some() || step.verify.is_some();
            assert!(told, "{} in {} has no proof and no way back", step.id, runbook.name);
        }
    }
}

/// Every shell text of a runbook.
fn shells(runbook: &Runbook) -> Vec<String> {
    let mut texts = Vec::new();
    for step in runbook.steps() {
        if let Action::Shell { script, .. } = &step.action {
            texts.push(script.clone());
        }
        texts.extend(step.verify.iter().chain(&step.undo).cloned());
    }
    for require in &runbook.require {
        if let Require::Command { script, .. } = require {
            texts.push(script.clone());
        }
    }
    for input in &runbook.inputs {
        if let Some(Choices::Command(command)) = &input.choices {
            texts.push(command.clone());
        }
    }
    if let Some(release) = &runbook.release {
        texts.extend([&release.current, &release.available, &release.schema].into_iter().flatten().cloned());
        texts.extend(release.facts.values().cloned());
    }
    texts
}

#[test]
fn every_shell_text_is_shell() {
    for runbook in runbooks() {
        for text in shells(runbook) {
            let out = Command::new("sh").args(["-n", "-c", &text]).output().unwrap();
            assert!(out.status.success(), "{}: {}\n{text}", runbook.name, String::from_utf8_lossy(&out.stderr));
        }
    }
}

/// A host in a folder, gone at the end of the test.
struct Host {
    folder: tempfile::TempDir,
    variables: BTreeMap<String, String>,
}

impl Host {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        for name in ["bin", "releases", "artefacts"] {
            std::fs::create_dir(at(name)).unwrap();
        }
        for (name, text) in [("sudo", "exec \"$@\""), ("systemctl", "echo \"$*\" >> \"$CALLS\"")] {
            let path = folder.path().join("bin").join(name);
            std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        }
        let path = format!("{}:{}", at("bin"), std::env::var("PATH").unwrap());
        let variables = [
            ("PATH", path.as_str()),
            ("CALLS", &at("calls")),
            ("RELEASES", &at("releases")),
            ("CURRENT", &at("current")),
            ("MAINTENANCE", &at("maintenance")),
            ("UNIT", "shop-sales"),
            ("SERVICE", "sales"),
            ("KEEP", "3"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self { folder, variables }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn sh(&self, text: &str) -> Output {
        Command::new("sh").args(["-e", "-c", text]).env_clear().envs(&self.variables).output().unwrap()
    }

    fn holds(&self, text: &str) -> bool {
        self.sh(text).status.success()
    }

    fn set(&mut self, run: &str, version: &str) {
        self.variables.insert("QD_RUN".into(), run.into());
        self.variables.insert("VERSION".into(), version.into());
    }

    /// An archive of a release and its checksum, as a build leaves them.
    fn build(&self, version: &str) {
        let text = format!(
            "cd \"{}\" && mkdir app && echo {version} > app/version && tar -czf sales-{version}.tar.gz -C app . && rm -r app \
             && sha256sum sales-{version}.tar.gz > sales-{version}.tar.gz.sha256",
            self.path("artefacts").display()
        );
        assert!(self.holds(&text));
    }

    /// Does a step as the engine would: its proof holds after it, and where it held before, nothing is done.
    fn step(&self, step: &Step) {
        let is_so = step.verify.as_ref().is_some_and(|verify| self.holds(verify));
        match &step.action {
            Action::Shell { script, .. } if !is_so => {
                let out = self.sh(script);
                assert!(out.status.success(), "{}: {}", step.id, String::from_utf8_lossy(&out.stderr));
            }
            Action::Copy { from, to, .. } if !is_so => {
                let last = |text: &str| {
                    let name = text.rsplit('/').next().unwrap().replace("{service}", "sales");
                    name.replace("{version}", &self.variables["VERSION"]).replace("{run}", &self.variables["QD_RUN"])
                };
                let (from, to) = (last(from), last(to));
                std::fs::copy(self.path("artefacts").join(from), self.path("releases/.incoming").join(to)).unwrap();
            }
            _ => {}
        }
        if let Some(verify) = &step.verify {
            assert!(self.holds(verify), "{} is not proven after it", step.id);
        }
    }

    fn run(&mut self, runbook: &Runbook, run: &str, version: &str) {
        self.set(run, version);
        for require in &runbook.require {
            if let Require::Command { script, .. } = require {
                assert!(self.holds(script), "{script}");
            }
        }
        runbook.steps().for_each(|step| self.step(step));
    }

    fn current(&self) -> String {
        std::fs::read_to_string(self.path("current/version")).unwrap_or_default().trim().to_owned()
    }

    fn releases(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path("releases")).unwrap().flatten();
        let names = entries.map(|e| e.file_name().to_string_lossy().into_owned()).filter(|n| !n.starts_with('.'));
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }
}

fn runbook(name: &str) -> Arc<Runbook> {
    runbooks().iter().find(|r| &*r.name == name).unwrap().clone()
}

fn undo(runbook: &Runbook, step: &str) -> String {
    runbook.steps().find(|s| s.id == step).and_then(|s| s.undo.clone()).unwrap()
}

#[test]
fn releases_are_brought_out_kept_taken_back_and_gone_back_to() {
    let (mut host, deploy, rollback) = (Host::new(), runbook("deploy-release"), runbook("rollback-release"));
    std::fs::create_dir(host.path("releases/by-hand")).unwrap();
    for version in 1..=6 {
        host.build(&format!("v{version}"));
        host.run(&deploy, &format!("run-{version}"), &format!("v{version}"));
        assert_eq!(host.current(), format!("v{version}"));
    }
    assert_eq!(host.releases(), ["by-hand", "v4", "v5", "v6"].map(String::from).to_vec());
    assert_eq!(std::fs::read_dir(host.path("releases/.incoming")).unwrap().count(), 0);
    let release = deploy.release.as_ref().unwrap();
    let current = host.sh(release.current.as_ref().unwrap());
    assert_eq!(String::from_utf8_lossy(&current.stdout).trim(), "v6");
    assert!(host.holds(&undo(&deploy, "switch")));
    assert_eq!(host.current(), "v5");
    host.run(&rollback, "run-7", "v4");
    assert_eq!(host.current(), "v4");
    assert!(host.holds(&undo(&rollback, "switch-back")));
    assert_eq!(host.current(), "v5");
    let calls = std::fs::read_to_string(host.path("calls")).unwrap();
    assert_eq!(calls.matches("restart shop-sales").count(), 9);
}

#[test]
fn a_deploy_that_was_given_up_half_way_is_not_what_the_next_one_goes_back_to() {
    let (mut host, deploy) = (Host::new(), runbook("deploy-release"));
    for version in ["v1", "v2"] {
        host.build(version);
        host.run(&deploy, &format!("run-{version}"), version);
    }
    // The link was moved, and then the restart failed.
    host.build("v3");
    host.run(&deploy, "run-3", "v3");
    std::fs::write(host.path("releases/.running"), "v2\n").unwrap();
    host.run(&deploy, "run-4", "v3");
    assert!(host.holds(&undo(&deploy, "switch")));
    assert_eq!(host.current(), "v2");
}

#[test]
fn an_archive_that_is_not_what_its_checksum_says_is_not_unpacked() {
    let (mut host, deploy) = (Host::new(), runbook("deploy-release"));
    host.build("v1");
    host.set("run-1", "v1");
    for step in deploy.steps().take_while(|s| s.id != "unpack") {
        host.step(step);
    }
    std::fs::write(host.path("releases/.incoming/sales-v1.tar.gz"), "cut").unwrap();
    let unpack = deploy.steps().find(|s| s.id == "unpack").unwrap();
    let Action::Shell { script, .. } = &unpack.action else { panic!("{unpack:?}") };
    let out = host.sh(script);
    assert!(!out.status.success() && String::from_utf8_lossy(&out.stderr).contains("not what its checksum says"));
    assert!(host.releases().is_empty() && !Path::new(&host.path("current")).exists());
}

#[test]
fn the_first_release_has_nothing_to_go_back_to_and_says_so() {
    let (mut host, deploy) = (Host::new(), runbook("deploy-release"));
    host.build("v1");
    host.run(&deploy, "run-1", "v1");
    let out = host.sh(&undo(&deploy, "switch"));
    assert!(!out.status.success() && String::from_utf8_lossy(&out.stderr).contains("nothing to go back to"), "{out:?}");
    assert_eq!(host.current(), "v1");
}

#[test]
fn maintenance_is_turned_on_and_off_and_either_is_taken_back() {
    let (mut host, on, off) = (Host::new(), runbook("maintenance-on"), runbook("maintenance-off"));
    host.variables.insert("MESSAGE".into(), "back \"soon\" $(reboot)".into());
    host.run(&on, "run-1", "");
    assert_eq!(std::fs::read_to_string(host.path("maintenance")).unwrap(), "back \"soon\" $(reboot)\n");
    host.run(&off, "run-2", "");
    assert!(!host.path("maintenance").exists());
    assert!(host.holds(&undo(&off, "turn-it-off")) && host.path("maintenance").exists());
    assert!(host.holds(&undo(&on, "turn-it-on")) && !host.path("maintenance").exists());
}

#[test]
fn diagnostics_are_collected_where_there_is_no_unit() {
    let (host, collect) = (Host::new(), runbook("collect-diagnostics"));
    for step in collect.steps().filter(|s| s.when.is_none()) {
        let Action::Shell { script, .. } = &step.action else { panic!("{step:?}") };
        let out = host.sh(script);
        // What lists sockets may not be installed here.
        assert!(out.status.success() || step.id == "what-listens", "{}: {out:?}", step.id);
    }
}
