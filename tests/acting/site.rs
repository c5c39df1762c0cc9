//! Booted hosts, the deck that names them, and the SSH configuration that leads to them. Runs nothing of ours itself.

use std::path::{Path, PathBuf};

use crate::lab::{Host, Lab};

/// Hosts of one test.
pub struct Site {
    pub hosts: Vec<Host>,
    folder: tempfile::TempDir,
    // Goes last.
    _lab: Option<Lab>,
}

/// The environment of every deck here.
pub const ENVIRONMENT: &str = "staging";

impl Site {
    /// So many hosts, called `a`, `b`, … in the deck; none where hosts cannot be had.
    pub fn new(count: usize) -> Option<Self> {
        let lab = Lab::new()?;
        let hosts = lab.hosts(count);
        let mut site = Self::empty();
        (site.hosts, site._lab) = (hosts, Some(lab));
        site.know(&site.hosts.iter().map(Host::known_hosts).collect::<String>(), &site.ssh_lines());
        Some(site)
    }

    /// Without hosts of its own.
    pub fn empty() -> Self {
        let folder = tempfile::Builder::new().prefix("qd-acting-").tempdir().unwrap();
        let site = Self { hosts: Vec::new(), folder, _lab: None };
        std::fs::create_dir_all(site.deck().join("runbooks")).unwrap();
        site
    }

    /// Writes down keys of hosts and the way to them.
    pub fn know(&self, keys: &str, ways: &str) {
        let known = self.file("known_hosts");
        std::fs::write(&known, keys).unwrap();
        let common = "GlobalKnownHostsFile /dev/null\n  IdentitiesOnly yes\n  ConnectTimeout 2\n  ServerAliveInterval 1\n  \
                      ServerAliveCountMax 2";
        let text = format!("{ways}Host *\n  UserKnownHostsFile {}\n  {common}\n", known.display());
        std::fs::write(self.ssh_config(), text).unwrap();
    }

    fn ssh_lines(&self) -> String {
        let named = |host: &Host| format!("Host {}\n  HostName {}\n", host.name(), host.address());
        let key = self.hosts[0].key_path();
        let all = format!("Host *\n  User ops\n  IdentityFile {}\n", key.display());
        self.hosts.iter().map(named).collect::<String>() + &all
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The OpenSSH configuration that an operator has.
    pub fn ssh_config(&self) -> PathBuf {
        self.file("ssh_config")
    }

    /// The folder of the deck.
    pub fn deck(&self) -> PathBuf {
        self.file("deck")
    }

    /// Writes the deck: hosts `a`, `b`, …, and services as TOML, one a line.
    pub fn write_deck(&self, tier: &str, more: &str, services: &str) {
        let letters = ('a'..='z').zip(&self.hosts);
        let hosts: String = letters.map(|(a, host)| format!("hosts.{a} = {{ ssh = \"{}\" }}\n", host.name())).collect();
        let text = format!(
            "name = \"yard\"\n[defaults]\nevery = \"500ms\"\ntimeout = \"3s\"\nrise = 1\nfall = 1\n\
             [environments.{ENVIRONMENT}]\ntier = \"{tier}\"\n{more}\n{hosts}\
             [environments.{ENVIRONMENT}.services]\n{services}\n"
        );
        std::fs::write(self.deck().join("quarterdeck.toml"), text).unwrap();
    }

    /// Puts a runbook beside the deck.
    pub fn runbook(&self, name: &str, text: &str) {
        std::fs::write(self.deck().join("runbooks").join(name).with_extension("md"), text).unwrap();
    }

    /// Puts a release where `deploy-release` looks for it.
    pub fn archive(&self, service: &str, version: &str, files: &[(&str, &str)]) {
        let folder = self.deck().join("artefacts");
        let (tree, name) = (folder.join("tree"), format!("{service}-{version}.tar.gz"));
        std::fs::create_dir_all(&tree).unwrap();
        for (file, text) in files {
            std::fs::write(tree.join(file), text).unwrap();
        }
        shell(&folder, &format!("tar -czf {name} -C tree . && sha256sum {name} >{name}.sha256 && rm -r tree"));
    }
}

/// What the user of the hosts keeps of runs.
pub const STATE: &str = "/home/ops/.local/state/quarterdeck";

/// Runs a command of this machine in a folder.
#[track_caller]
pub fn shell(folder: &Path, command: &str) -> String {
    let output = std::process::Command::new("sh").args(["-c", command]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
