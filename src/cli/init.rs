//! `qd init`: writes a commented starter deck, probing what it is given and filling in what it finds. Writes nothing
//! when an argument cannot be understood, and never a password.

mod address;
mod deck;
mod draft;
mod finding;
mod fleet;
mod lens;
mod lent;
mod name;
mod page;
mod service;
mod starter;
mod target;
mod web;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use color_eyre::Result;
use color_eyre::eyre::bail;
use futures::StreamExt;
use tokio::time::Instant;

use super::hosts::ask;
use super::printed::print;
use super::{Pace, block_on};
use crate::app::Now;
use crate::config;
use crate::exit::Ending;
use crate::model::{Text, Tier};
use crate::source::dial::brief;
use address::{Address, FORMS};
use deck::{Plan, Setting};
use finding::Finding;
use fleet::Fleet;
use lens::Lens;

/// Options of `qd init`.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// What to probe: https://…, postgresql://…, redis://…, amqp://…, host:port, a host; with --ssh the hosts to look at
    #[arg(value_name = "URL")]
    urls: Vec<String>,
    /// Look at the hosts of your OpenSSH configuration and at what runs on them
    #[arg(long)]
    ssh: bool,
    /// The folder to write quarterdeck.toml into
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Replace a quarterdeck.toml that is there
    #[arg(long)]
    force: bool,
    /// Print the deck and write nothing
    #[arg(long)]
    print: bool,
    /// The name of the environment [default: production, or local without a URL]
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
    /// How much a mistake costs there [default: from the name]
    #[arg(long, value_name = "TIER", value_parser = ["development", "staging", "production"])]
    tier: Option<String>,
}

/// Addresses that are looked at side by side; each opens a handful of connections.
const MOST_AT_ONCE: usize = 24;

/// Writes the deck.
pub fn run(options: &Options) -> Result<Ending> {
    let environment = match (&options.env, options.urls.is_empty()) {
        (Some(name), _) => name.as_str(),
        (None, true) if !options.ssh => "local",
        (None, _) => "production",
    };
    let asked = match Asked::of(options, environment) {
        Ok(asked) => asked,
        Err(ending) => return Ok(ending),
    };
    let path = match target::file(&options.dir, environment, options.force) {
        _ if options.print => PathBuf::from(config::folder::MAIN_FILE),
        Ok(path) => path,
        Err(denied) => return Ok(complain(&denied.to_string())),
    };
    let clock = Now::default();
    let day = clock.get().strftime("%Y-%m-%d").to_string();
    let setting = Setting { environment, tier: options.tier(environment), day: &day };
    let written = match asked {
        Asked::Nothing => Written::Starter,
        Asked::Addresses(addresses) => {
            Written::Plan(Plan::of(block_on(Pace::Quick, look(&Lens::new(clock), addresses))?))
        }
        Asked::Hosts(hosts) => {
            let mut found = None;
            let work = async {
                found = Some(fleet::look(environment, hosts).await);
                Ok(Ending::Good)
            };
            let ending = block_on(Pace::Quick, ask::until_stopped(work))??;
            match found {
                Some(fleet) => Written::Fleet(fleet),
                None => return Ok(ending),
            }
        }
    };
    let text = written.text(&setting);
    prove(&path, &text)?;
    if options.print {
        print(&text)?;
    } else if let Err(denied) = target::write(&path, &text, options.force) {
        return Ok(complain(&denied.to_string()));
    }
    tell(options, &path, &setting, &written);
    Ok(Ending::Good)
}

/// What is to be looked at.
enum Asked {
    Nothing,
    Addresses(Vec<Address>),
    /// Destinations of hosts.
    Hosts(Vec<String>),
}

impl Asked {
    /// The error ends the command; it has been told.
    fn of(options: &Options, environment: &str) -> Result<Self, Ending> {
        if !named_well(environment) {
            return Err(Ending::Usage);
        }
        if options.ssh {
            return fleet::meant(options).map(Self::Hosts);
        }
        let addresses = understood(options).ok_or(Ending::Usage)?;
        Ok(if addresses.is_empty() { Self::Nothing } else { Self::Addresses(addresses) })
    }
}

/// What the deck holds.
enum Written {
    Starter,
    Plan(Plan),
    Fleet(Fleet),
}

impl Written {
    fn text(&self, setting: &Setting<'_>) -> String {
        match self {
            Self::Starter => starter::text(setting),
            Self::Plan(plan) => plan.text(setting),
            Self::Fleet(fleet) => fleet.text(setting),
        }
    }

    /// Services and probes.
    fn size(&self) -> (usize, usize) {
        match self {
            Self::Starter => (1, 2),
            Self::Plan(plan) => plan.size(),
            Self::Fleet(fleet) => (fleet.size().1, fleet.size().2),
        }
    }

    /// Variables to export.
    fn variables(&self) -> &[String] {
        match self {
            Self::Plan(plan) => &plan.variables,
            Self::Starter | Self::Fleet(_) => &[],
        }
    }

    /// Hosts, and how many of them were not looked at.
    fn hosts(&self) -> Option<(usize, usize)> {
        match self {
            Self::Fleet(fleet) => Some((fleet.size().0, fleet.away())),
            Self::Starter | Self::Plan(_) => None,
        }
    }
}

impl Options {
    /// As asked for, or as the name suggests; what it does not tell is protected.
    fn tier(&self, environment: &str) -> Tier {
        let asked = self.tier.as_deref().and_then(|word| Tier::ALL.into_iter().find(|t| t.word() == word));
        asked.unwrap_or_else(|| suggested(environment))
    }
}

fn suggested(environment: &str) -> Tier {
    let starts = |words: &[&str]| {
        let name = environment.to_ascii_lowercase();
        name.split(['-', '_', '.'])
            .any(|part| words.iter().any(|w| part.trim_end_matches(|c: char| c.is_ascii_digit()) == *w))
    };
    if starts(&["production", "prod", "live"]) {
        Tier::Production
    } else if starts(&["staging", "stage", "qa", "test", "testing", "uat", "preview", "preprod", "integration"]) {
        Tier::Staging
    } else if starts(&["dev", "development", "local", "localhost", "sandbox", "demo"]) {
        Tier::Development
    } else {
        Tier::Production
    }
}

/// Whether the environment has a name that a deck takes; told when not.
fn named_well(environment: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let first = environment.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !first || !environment.chars().all(good) || environment.len() > 63 {
        let shown = Text::line_at_most(environment, 80);
        complain(&format!("an environment cannot be called `{shown}`"));
        tell!("  help: letters, digits, `-`, `_` and `.`, at most 63, starting with a letter or digit");
        return false;
    }
    true
}

/// Every argument, or none when one of them is wrong: then all that are wrong have been told.
fn understood(options: &Options) -> Option<Vec<Address>> {
    let (addresses, refused): (Vec<_>, Vec<_>) =
        options.urls.iter().map(|u| address::parse(u)).partition(std::result::Result::is_ok);
    if refused.is_empty() {
        return Some(addresses.into_iter().flatten().collect());
    }
    for why in refused.iter().filter_map(|r| r.as_ref().err()) {
        complain(&why.to_string());
    }
    tell!("\nIt understands");
    let widest = FORMS.iter().map(|(form, _)| form.len()).max().unwrap_or(0);
    for (form, meaning) in FORMS {
        tell!("  {form:<widest$}  {meaning}");
    }
    tell!("\nNothing was written.");
    None
}

fn complain(why: &str) -> Ending {
    tell!("qd: {why}");
    Ending::Usage
}

/// Looks at all of them side by side, and says of each what was found as soon as it is known.
async fn look(lens: &Lens, addresses: Vec<Address>) -> Vec<(Address, Finding)> {
    if std::io::stderr().is_terminal() {
        tell!("looking, for 6 seconds at most …");
    }
    let widest = addresses.iter().map(|a| a.shown.chars().count()).max().unwrap_or(0).min(48);
    let looks = addresses.into_iter().enumerate().map(|(place, address)| async move {
        let began = Instant::now();
        let finding = service::look(lens, &address).await;
        let shown = Text::line_at_most(&address.shown, 100);
        let words = Text::line_at_most(&finding.words, 200);
        tell!("  {shown:<widest$}  {words} ({})", brief(began.elapsed()));
        (place, address, finding)
    });
    let mut found: Vec<_> = futures::stream::iter(looks).buffer_unordered(MOST_AT_ONCE).collect().await;
    found.sort_by_key(|(place, ..)| *place);
    found.into_iter().map(|(_, address, finding)| (address, finding)).collect()
}

/// A deck that `qd` itself writes has no fault; if it has one, that is a fault of `qd`, and nothing is written.
fn prove(path: &Path, text: &str) -> Result<()> {
    let faults = config::parse(path, text).faults;
    if let Some(fault) = faults.first() {
        bail!("the deck made here does not load, which is a fault of qd; please report it\n{fault}");
    }
    Ok(())
}

fn tell(options: &Options, path: &Path, setting: &Setting<'_>, written: &Written) {
    let shown = path.strip_prefix(".").unwrap_or(path).display().to_string();
    if !options.print {
        let (services, probes) = written.size();
        let count = |n: usize, word: &str| if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") };
        let (environment, tier) = (setting.environment, setting.tier.word());
        let (services, probes) = (count(services, "service"), count(probes, "probe"));
        let hosts = written.hosts().map(|(hosts, _)| format!("{}, ", count(hosts, "host"))).unwrap_or_default();
        tell!("wrote {shown}: environment {environment} ({tier}), {hosts}{services}, {probes}");
    }
    let variables = written.variables();
    let here = path.parent().is_none_or(|p| p.as_os_str().is_empty() || p == Path::new("."));
    let deck = if here { String::new() } else { format!(" --deck {}", quoted(&options.dir.display().to_string())) };
    let about = std::iter::once("the deck names it; no password was written").chain(std::iter::repeat(""));
    let mut steps: Vec<(String, &str)> = variables.iter().map(|v| format!("export {v}=…")).zip(about).collect();
    if options.print {
        steps.push((format!("save it as {shown}"), "in the folder that is to be the deck"));
    }
    if written.hosts().is_some_and(|(_, away)| away > 0) {
        steps.push((format!("qd hosts{deck}"), "see why some hosts were not reached, and what to do"));
    }
    steps.push((format!("qd check{deck}"), "read it and tell what is wrong"));
    steps.push((format!("qd{deck}"), "see it"));
    let widest = steps.iter().map(|(step, _)| step.chars().count()).max().unwrap_or(0);
    tell!("\nnext");
    for (step, why) in steps {
        tell!("{}", format!("  {step:<widest$}  {why}").trim_end());
    }
}

/// As a shell takes it.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./~+:".contains(c);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tier_follows_the_name_and_is_protected_where_that_tells_nothing() {
        for (name, tier) in [
            ("production", Tier::Production),
            ("qa2", Tier::Staging),
            ("eu-test", Tier::Staging),
            ("local", Tier::Development),
            ("dev", Tier::Development),
            ("singapore", Tier::Production),
            ("prod-dev-tools", Tier::Production),
        ] {
            assert_eq!(suggested(name), tier, "{name}");
        }
    }
}
