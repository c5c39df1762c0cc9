//! Checks from deck text, for tests: what stands in a probe's table comes in, a check or its faults come out.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

use super::{Check, Context, KINDS};
use crate::model::Fault;
use crate::runner::Permit;
use crate::secret::Vault;
use crate::settings::{Faults, Files, Section, Table};
use crate::transport::{Argv, Copied, CopyError, Follow, Limits, Local, Output, Transport, TransportError};

/// A context on this machine, at 12:00 UTC on 20 November 2026.
pub(crate) fn context(timeout: Duration) -> Context {
    let now = "2026-11-20T12:00:00Z".parse().unwrap();
    Context { transport: Arc::new(Local), way: None, vault: Vault::default(), timeout, now }
}

/// The check; panics on faults.
pub(crate) fn check(deck: &str) -> Box<dyn Check> {
    let (check, faults) = read(deck);
    check.unwrap_or_else(|| panic!("{faults:?}"))
}

/// The faults; there must be some.
pub(crate) fn faults(deck: &str) -> Vec<Fault> {
    let (check, faults) = read(deck);
    assert!(check.is_none() && !faults.is_empty(), "no fault in {deck}");
    faults
}

/// The warnings of a sound table.
pub(crate) fn warnings(deck: &str) -> Vec<Fault> {
    let (check, faults) = read(deck);
    assert!(check.is_some(), "{faults:?}");
    faults
}

fn read(deck: &str) -> (Option<Box<dyn Check>>, Vec<Fault>) {
    let mut files = Files::default();
    let file = files.add("quarterdeck.toml", deck);
    let faults = Faults::new(&files);
    let table = Table::parse(file, &faults);
    let check = table.and_then(|table| {
        let kind = KINDS.iter().find(|k| table.get(k.name).is_some()).expect("a kind");
        let mut section = Section::new(&table, "probe `live`", &faults);
        let check = (kind.read)(&mut section);
        if section.finish() { check } else { None }
    });
    (check, faults.into_list())
}

#[test]
fn every_kind_reads_its_own_example() {
    for kind in KINDS {
        let mut files = Files::default();
        let file = files.add("quarterdeck.toml", format!("probe = {}", kind.example));
        let faults = Faults::new(&files);
        let table = Table::parse(file, &faults).unwrap();
        let mut section = Section::new(&table, "probes", &faults).section("probe").unwrap();
        let read = (kind.read)(&mut section).is_some();
        section.finish();
        let found = faults.into_list();
        assert!(read && found.is_empty(), "{}: {found:?}", kind.name);
    }
}

/// Runs what is meant for `sh` with other words before it: another shell, or the same one in another place.
#[derive(Debug)]
pub(crate) struct Through(pub Vec<String>);

impl Through {
    /// The same context, by way of these words.
    pub(crate) fn context<'w>(words: impl IntoIterator<Item = &'w str>) -> Context {
        let words = words.into_iter().map(str::to_owned).collect();
        Context { transport: Arc::new(Self(words)), ..context(Duration::from_secs(10)) }
    }
}

impl Transport for Through {
    fn place(&self) -> &'static str {
        "vps"
    }

    fn read<'a>(&'a self, argv: &'a Argv, limits: Limits) -> BoxFuture<'a, Result<Output, TransportError>> {
        assert_eq!(argv.program, "sh");
        let mut words = self.0.iter().chain(&argv.arguments).cloned();
        let argv = Argv { program: words.next().unwrap(), arguments: words.collect(), ..argv.clone() };
        Box::pin(async move { Local.read(&argv, limits).await })
    }

    fn follow<'a>(&'a self, argv: &'a Argv, limit: Duration) -> BoxFuture<'a, Result<Box<dyn Follow>, TransportError>> {
        Local.follow(argv, limit)
    }

    fn launch<'a>(
        &'a self,
        permit: &'a Permit,
        argv: &'a Argv,
        input: &'a [u8],
        limit: Duration,
    ) -> BoxFuture<'a, Result<Box<dyn Follow>, TransportError>> {
        Local.launch(permit, argv, input, limit)
    }

    fn act<'a>(
        &'a self,
        permit: &'a Permit,
        argv: &'a Argv,
        input: &'a [u8],
        limits: Limits,
    ) -> BoxFuture<'a, Result<Output, TransportError>> {
        Local.act(permit, argv, input, limits)
    }

    fn copy<'a>(&'a self, permit: &'a Permit, from: &'a Path, to: &'a str) -> BoxFuture<'a, Result<Copied, CopyError>> {
        Local.copy(permit, from, to)
    }
}

/// The shells of this machine; a missing one is told and left out.
pub(crate) fn shells() -> Vec<Vec<&'static str>> {
    let known: [&[&str]; 4] = [&["sh"], &["dash"], &["bash"], &["busybox", "sh"]];
    let there = |words: &&[&str]| {
        let found = is_there(words[0]);
        if !found {
            eprintln!("no {} here, so it is not tried", words[0]);
        }
        found
    };
    known.into_iter().filter(there).map(<[&str]>::to_vec).collect()
}

/// Whether there is such a program.
pub(crate) fn is_there(program: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| folder.join(program).exists())
}

/// Whether this may do what only root may.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
