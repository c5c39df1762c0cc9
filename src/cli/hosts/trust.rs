//! `qd hosts trust`: accepts the keys of hosts that are not known, one after the other on the way to each. A key is
//! accepted by a person who types the word, or by its fingerprint; never blindly, and never in place of another one.

use std::collections::BTreeSet;
use std::time::Duration;

use color_eyre::Result;
use tokio::time::{Instant, sleep};

use super::ask;
use super::reach::Reach;
use crate::model::{Ask, Host, Text};
use crate::transport::ssh::known::home_shortened;
use crate::ui::popup::trust::WORD;

/// Keys asked about on the way to one host.
const MOST_KEYS: usize = 16;
/// An attempt that began before a key was accepted may still ask for it; after this long it is a fault.
const STALE: Duration = Duration::from_secs(15);

/// Options of `qd hosts trust`.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(after_help = "Accepted keys go to the known_hosts file in the state folder of qd; your own files are never \
written. Without a terminal nothing is accepted but what --fingerprint names.")]
pub struct Options {
    /// Which hosts, `vps` or `production/vps`; without one every host of the deck
    #[arg(value_name = "HOST")]
    hosts: Vec<String>,
    /// Accept a key with exactly this fingerprint; may be given several times, for hosts on the way
    #[arg(long = "fingerprint", value_name = "SHA256:…")]
    fingerprints: Vec<String>,
    /// There is no such option; it says so.
    #[arg(long, hide = true)]
    yes: bool,
}

impl Options {
    /// The names that were given.
    pub fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// What is wrong with the command line.
    pub fn complaint(&self) -> Option<String> {
        if self.yes {
            let why = "there is no --yes: a key that nobody compared may be anybody's";
            return Some(format!("{why}; give --fingerprint SHA256:…, or type {WORD} on a terminal"));
        }
        let wrong = self.fingerprints.iter().find(|f| !is_fingerprint(f))?;
        let shown = Text::line_at_most(wrong, 80);
        Some(format!(
            "\"{shown}\" is no fingerprint; write it as `ssh-keygen -lf` prints it: SHA256: and 43 characters"
        ))
    }
}

/// `SHA256:` and the digest in base64 without padding.
fn is_fingerprint(text: &str) -> bool {
    let digest = text.strip_prefix("SHA256:").unwrap_or_default();
    digest.len() == 43 && digest.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/'))
}

/// Goes through the hosts one by one.
pub async fn run(reach: &Reach, options: &Options) -> Result<()> {
    for host in reach.chosen() {
        one(reach, host, options).await?;
    }
    reach.all().await;
    Ok(())
}

/// Goes through the keys on the way to a host.
async fn one(reach: &Reach, host: &Host, options: &Options) -> Result<()> {
    let mut accepted: BTreeSet<String> = BTreeSet::new();
    let mut since = Instant::now();
    while accepted.len() < MOST_KEYS {
        let link = reach.one(&host.id).await;
        let asked = reach.hosts().question(&host.id).and_then(|question| question.ask);
        let Some(Ask::Trust { name, kind, fingerprint }) = asked.map(|a| *a).filter(|_| !link.state.is_up()) else {
            if link.state.is_up() && accepted.is_empty() {
                tell!("{}: nothing to accept, its key is known", host.id);
            }
            return Ok(());
        };
        if accepted.contains(fingerprint.as_str()) {
            if since.elapsed() > STALE {
                return Ok(());
            }
            sleep(Duration::from_millis(100)).await;
            continue;
        }
        tell!("{}: the key of {name} is not known", host.id);
        tell!("  type         {kind}");
        tell!("  fingerprint  {fingerprint}");
        tell!("  compare it with what {name} says on its own console: {}", Ask::proof(kind.as_str()));
        if !is_accepted(options, fingerprint.as_str()).await {
            tell!("  not accepted");
            return Ok(());
        }
        accept(reach, host, fingerprint.as_str()).await?;
        accepted.insert(fingerprint.to_string());
        since = Instant::now();
    }
    Ok(())
}

async fn is_accepted(options: &Options, fingerprint: &str) -> bool {
    if options.fingerprints.iter().any(|given| given == fingerprint) {
        return true;
    }
    if !options.fingerprints.is_empty() {
        tell!("  it is not the fingerprint that was given: {}", options.fingerprints.join(", "));
        return false;
    }
    if !ask::is_answered() {
        tell!("  nobody can answer here; there is no --yes, give --fingerprint {fingerprint} once you compared it");
        return false;
    }
    for _ in 0..3 {
        let answer = ask::line(&format!("  to accept, type {WORD} in full: ")).await;
        match answer.as_deref() {
            Some(WORD) => return true,
            None | Some("" | "n" | "no") => return false,
            Some(_) => {}
        }
    }
    false
}

/// Writes the key into the console's own file; on a thread that may wait, for another console may be writing.
async fn accept(reach: &Reach, host: &Host, fingerprint: &str) -> Result<()> {
    let (hosts, id, wanted) = (reach.hosts().clone(), host.id.clone(), fingerprint.to_owned());
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        let _guard = runtime.enter();
        hosts.trust(&id, &wanted)
    })
    .await??;
    if let Some(file) = reach.hosts().own_known_hosts() {
        tell!("  accepted; it stands in {}", home_shortened(file));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(fingerprints: &[&str], yes: bool) -> Options {
        Options { hosts: Vec::new(), fingerprints: fingerprints.iter().map(|f| (*f).to_owned()).collect(), yes }
    }

    const KEY: &str = "SHA256:uNiVztksCsDhcc0u9e8BrwkvwzwC4UrI5WpPRLCMAD4";

    #[test]
    fn a_key_is_never_accepted_blindly() {
        assert!(options(&[], true).complaint().unwrap().contains("there is no --yes"));
        assert_eq!(options(&[KEY], false).complaint(), None);
        for wrong in ["", "SHA256:", "uNiVztksCsDhcc0u9e8BrwkvwzwC4UrI5WpPRLCMAD4", "MD5:00:11", "SHA256:uNiVztks"] {
            assert!(options(&[KEY, wrong], false).complaint().unwrap().contains("is no fingerprint"), "{wrong}");
        }
    }

    #[tokio::test]
    async fn only_the_whole_fingerprint_is_the_fingerprint() {
        assert!(is_accepted(&options(&[KEY], false), KEY).await);
        assert!(!is_accepted(&options(&[KEY], false), &KEY.to_lowercase()).await);
    }
}
