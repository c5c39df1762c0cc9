//! `qd runbooks`: every runbook there is, what it asks for, and which services it applies to; with a name, its steps. Asks
//! no host.

use color_eyre::Result;
use serde::Serialize;

use super::printed::print;
use super::{General, explain_missing};
use crate::config::{self, Deck};
use crate::exit::Ending;
use crate::model::runbook::{Choices, Input, InputKind, On, Origin, Step};
use crate::model::{Offer, Runbook, Service, Severity};
use crate::runbook::shelf::Shelf;
use crate::settings::{columns, word};
use crate::transport::human;

/// Options of `qd runbooks`.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Print this runbook's steps
    name: Option<String>,
    /// Print one JSON document (`qd schema runbooks` describes it)
    #[arg(long)]
    json: bool,
    /// Only the runbooks that this service names, `production/sales`
    #[arg(long, value_name = "ENV/SERVICE")]
    service: Option<String>,
}

/// What `qd runbooks --json` prints.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Document {
    /// The shape of this document.
    schema: u32,
    /// Every runbook.
    runbooks: Vec<Entry>,
}

/// A runbook.
#[derive(Debug, Serialize, schemars::JsonSchema)]
struct Entry {
    name: String,
    kind: crate::model::RunbookKind,
    title: String,
    doc: String,
    /// The file it is read from; none for one of the binary.
    file: Option<String>,
    /// SHA-256 of its text and of what it includes.
    hash: String,
    needs: Vec<String>,
    inputs: Vec<Asked>,
    steps: Vec<Shown>,
    services: Vec<Applies>,
}

/// An input.
#[derive(Debug, Serialize, schemars::JsonSchema)]
struct Asked {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    required: bool,
    default: Option<String>,
    help: String,
    secret: bool,
}

/// A step.
#[derive(Debug, Serialize, schemars::JsonSchema)]
struct Shown {
    id: String,
    title: String,
    kind: &'static str,
    on: String,
    line: usize,
    timeout_s: u64,
    looks: bool,
}

/// A service that names the runbook.
#[derive(Debug, Serialize, schemars::JsonSchema)]
struct Applies {
    /// `environment/service`.
    service: String,
    /// Why it does not apply there; none where it does.
    why_not: Option<String>,
}

/// Prints.
pub fn run(general: &General, options: &Options) -> Result<Ending> {
    let (deck, broken) = match deck(general, options) {
        Ok(found) => found,
        Err(ending) => return Ok(ending),
    };
    let runbooks = deck.as_ref().map_or_else(|| Shelf::stock().runbooks, |deck| deck.runbooks.clone());
    let service = match options.service.as_deref().map(|name| service(deck.as_ref(), name)) {
        Some(Err(complaint)) => {
            tell!("qd: {complaint}");
            return Ok(Ending::Usage);
        }
        Some(Ok(service)) => Some(service),
        None => None,
    };
    let is_named = |runbook: &Runbook| service.is_none_or(|s| s.runbooks.iter().any(|o| o.runbook == runbook.name));
    let is_asked = |runbook: &Runbook| options.name.as_deref().is_none_or(|name| *runbook.name == *name);
    let chosen: Vec<&Runbook> = runbooks.iter().map(|r| &**r).filter(|r| is_named(r) && is_asked(r)).collect();
    if let (Some(name), true) = (&options.name, chosen.is_empty()) {
        let known = runbooks.iter().filter(|r| is_named(r)).map(|r| &*r.name);
        tell!("qd: there is no runbook `{name}`; {}", word::hint(name, known));
        return Ok(Ending::Usage);
    }
    let offers = |runbook: &Runbook| offers(deck.as_ref(), service, runbook);
    let text = match (options.json, &options.name) {
        (true, _) => {
            let runbooks = chosen.iter().map(|r| entry(r, &offers(r))).collect();
            serde_json::to_string_pretty(&Document { schema: 1, runbooks })? + "\n"
        }
        (false, Some(_)) => chosen.iter().map(|r| page(r, &offers(r))).collect(),
        (false, None) => list(&chosen, &offers),
    };
    print(&text)?;
    Ok(if broken { Ending::Usage } else { Ending::Good })
}

/// The deck, where there is one; without one the runbooks of the binary can be looked at all the same.
fn deck(general: &General, options: &Options) -> Result<(Option<Deck>, bool), Ending> {
    let path = match general.find_deck() {
        Ok(path) => path,
        Err(config::folder::NotFound::Nowhere { .. }) if options.service.is_none() => return Ok((None, false)),
        Err(missing) => return Err(explain_missing(&missing)),
    };
    let loaded = config::load(&path);
    let broken = loaded.has_errors();
    for fault in loaded.faults.iter().filter(|f| f.severity == Severity::Error) {
        tell!("{fault}");
    }
    Ok((Some(loaded.deck.ok_or(Ending::Usage)?), broken))
}

fn services(deck: Option<&Deck>) -> impl Iterator<Item = &Service> {
    deck.into_iter().flat_map(|deck| &deck.environments).flat_map(|e| &e.environment.services)
}

fn service<'d>(deck: Option<&'d Deck>, name: &str) -> Result<&'d Service, String> {
    services(deck).find(|s| s.id.to_string() == name).ok_or_else(|| {
        let all: Vec<String> = services(deck).map(|s| s.id.to_string()).collect();
        let none = "write it as ENVIRONMENT/SERVICE".to_owned();
        let hint = word::hint(name, all.iter().map(String::as_str));
        format!("there is no service `{name}`; {}", if hint.is_empty() { none } else { hint })
    })
}

/// The services that name a runbook.
fn offers<'d>(deck: Option<&'d Deck>, only: Option<&'d Service>, runbook: &Runbook) -> Vec<(&'d Service, &'d Offer)> {
    let all = services(deck).filter(|s| only.is_none_or(|only| only.id == s.id));
    all.filter_map(|s| Some((s, s.runbooks.iter().find(|o| o.runbook == runbook.name)?))).collect()
}

fn kind(input: &Input) -> &'static str {
    match input.kind {
        InputKind::String => "string",
        InputKind::Integer => "integer",
        InputKind::Boolean => "boolean",
        InputKind::Duration => "duration",
        InputKind::Path => "path",
    }
}

fn place(on: &On) -> String {
    match on {
        On::Hosts => "hosts".into(),
        On::Once => "once".into(),
        On::Local => "local".into(),
        On::Named(name) => name.clone(),
    }
}

fn entry(runbook: &Runbook, offers: &[(&Service, &Offer)]) -> Entry {
    let asked = |input: &Input| Asked {
        name: input.name.clone(),
        kind: kind(input),
        required: input.required,
        default: input.default.clone(),
        help: input.help.to_string(),
        secret: input.secret,
    };
    let shown = |step: &Step| Shown {
        id: step.id.clone(),
        title: step.title.to_string(),
        kind: step.action.word(),
        on: place(&step.on),
        line: step.line,
        timeout_s: step.timeout.as_secs(),
        looks: step.only_looks(),
    };
    Entry {
        name: runbook.name.to_string(),
        kind: runbook.kind,
        title: runbook.title.to_string(),
        doc: runbook.doc.to_string(),
        file: match &runbook.origin {
            Origin::Stock => None,
            Origin::Deck(path) => Some(path.display().to_string()),
        },
        hash: runbook.hash.clone(),
        needs: runbook.needs.clone(),
        inputs: runbook.inputs.iter().map(asked).collect(),
        steps: runbook.steps().map(shown).collect(),
        services: offers
            .iter()
            .map(|(service, offer)| Applies {
                service: service.id.to_string(),
                why_not: offer.why_not.as_ref().map(ToString::to_string),
            })
            .collect(),
    }
}

fn list<'d>(runbooks: &[&Runbook], offers: &dyn Fn(&Runbook) -> Vec<(&'d Service, &'d Offer)>) -> String {
    let row = |runbook: &&Runbook| {
        let inputs: Vec<&str> = runbook.inputs.iter().map(|i| i.name.as_str()).collect();
        let applies = offers(runbook).iter().filter(|(_, offer)| offer.why_not.is_none()).count();
        let applies = match applies {
            0 => String::new(),
            1 => "1 service".to_owned(),
            n => format!("{n} services"),
        };
        [runbook.name.to_string(), runbook.kind.word().to_owned(), inputs.join(" "), applies, runbook.title.to_string()]
    };
    let head = ["runbook", "kind", "inputs", "applies to", "title"].map(str::to_owned);
    let rows: Vec<[String; 5]> = std::iter::once(head).chain(runbooks.iter().map(row)).collect();
    let mut text = columns(&rows);
    for runbook in runbooks {
        for (service, offer) in offers(runbook) {
            if let Some(why) = &offer.why_not {
                text.push_str(&format!("{} does not apply to {}: {why}\n", runbook.name, service.id));
            }
        }
    }
    text
}

fn page(runbook: &Runbook, offers: &[(&Service, &Offer)]) -> String {
    let origin = match &runbook.origin {
        Origin::Stock => "shipped with qd".to_owned(),
        Origin::Deck(path) => path.display().to_string(),
    };
    let mut text =
        format!("{} ({}, {origin})\n{}\n{}\n", runbook.name, runbook.kind.word(), runbook.title, runbook.doc);
    let inputs = runbook.inputs.iter().map(|input| {
        let from = match (&input.default, &input.choices) {
            (Some(default), _) => format!("{default} unless given"),
            (None, Some(Choices::Listed(listed))) => format!("one of {}", listed.join(", ")),
            (None, Some(Choices::Releases)) => "a release on record".to_owned(),
            (None, _) if input.required => "required".to_owned(),
            (None, _) => "may be left out".to_owned(),
        };
        [format!("  {}", input.name), kind(input).to_owned(), from, input.help.to_string()]
    });
    let steps = runbook.steps().map(|step| {
        let does = if step.only_looks() { "only looks" } else { "changes" };
        [
            format!("  {}", step.id),
            step.action.word().to_owned(),
            place(&step.on),
            human(step.timeout),
            does.to_owned(),
            step.title.to_string(),
        ]
    });
    if !runbook.needs.is_empty() {
        text.push_str(&format!("\nneeds of the service\n  {}\n", runbook.needs.join(" ")));
    }
    let (inputs, steps) = (inputs.collect::<Vec<_>>(), steps.collect::<Vec<_>>());
    if !inputs.is_empty() {
        text.push_str(&format!("\ninputs\n{}", columns(&inputs)));
    }
    text.push_str(&format!("\nsteps\n{}", columns(&steps)));
    if !offers.is_empty() {
        let applies = |(service, offer): &(&Service, &Offer)| {
            let why = offer.why_not.as_ref().map_or_else(|| "applies".to_owned(), ToString::to_string);
            [format!("  {}", service.id), why]
        };
        text.push_str(&format!("\nservices\n{}", columns(&offers.iter().map(applies).collect::<Vec<_>>())));
    }
    text
}
