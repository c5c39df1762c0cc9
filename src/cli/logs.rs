//! `qd logs`: the lines of any log sources in one stream, merged by time; what was there, or on and on. Lines go to
//! standard output, how the sources stand and where lines may be missing to standard error.

mod choose;
pub mod document;
mod lane;
mod merge;
mod paper;
mod sieve;

use std::sync::Arc;

use color_eyre::Result;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::printed::{is_read, print};
use super::{General, Pace, block_on, hosts};
use crate::app::Now;
use crate::config::Deck;
use crate::exit::Ending;
use crate::log::{FieldTest, Filter, Level, pattern};
use crate::model::{LogSpec, LogState};
use crate::settings::when;
use crate::source::Surroundings;
use crate::source::logs::direct::Direct;
use crate::source::logs::{self, WAITING, Wanted};

use lane::{Inbox, Lane};
use merge::{Merge, Out};
use paper::Paper;
use sieve::Sieve;

/// Options of `qd logs`.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// What to read: ENV for all of it, ENV/SERVICE, ENV/SERVICE:LOG, ENV:LOG, each also with @HOST. Without a name: a
    /// list of all logs
    #[arg(value_name = "ENV[/SERVICE][:LOG]")]
    names: Vec<String>,
    /// Go on with what is written from now on; Ctrl-C ends it
    #[arg(short, long)]
    follow: bool,
    /// Begin with the last lines of each log, counted before anything is left out. Otherwise 10 with --follow, all with
    /// --since, --grep, --field or --level, and 200 without
    #[arg(short = 'n', long, value_name = "LINES")]
    lines: Option<u64>,
    /// Nothing before: 15m, 14:30, 2026-05-01, 2026-05-01T14:30:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Nothing after
    #[arg(long, value_name = "TIME", conflicts_with = "follow")]
    until: Option<String>,
    /// Only lines with this pattern; without capitals it finds both cases
    #[arg(long, value_name = "PATTERN")]
    grep: Option<String>,
    /// Only lines without the pattern
    #[arg(long, requires = "grep")]
    invert: bool,
    /// Only lines at least as bad: trace, debug, info, warn, error, fatal
    #[arg(long, value_name = "LEVEL")]
    level: Option<String>,
    /// Only lines where this field of JSON, logfmt or an access log says so: status=5xx, 'rt>=0.5', user!=alice,
    /// path~^/api; may be given several times
    #[arg(long = "field", value_name = "NAME=VALUE")]
    fields: Vec<String>,
    /// Print one JSON object a line (`qd schema logs` describes it)
    #[arg(long)]
    json: bool,
    /// No colours, whatever the terminal can show
    #[arg(long)]
    no_color: bool,
    /// Times in UTC instead of the zone of this machine
    #[arg(long)]
    utc: bool,
}

/// Lines to begin with unless somebody says otherwise.
const FEW: u64 = 10;
const SOME: u64 = 200;

/// Reads and prints.
pub fn run(general: &General, options: &Options) -> Result<Ending> {
    let (deck, broken) = match hosts::deck(general) {
        Ok(deck) => deck,
        Err(ending) => return Ok(ending),
    };
    if options.names.is_empty() {
        print(&choose::listing(&deck))?;
        return Ok(if broken { Ending::Usage } else { Ending::Good });
    }
    let chosen = choose::choose(&deck, &options.names);
    let clock = Now::default();
    let (chosen, filter) = match (chosen, options.filter(clock.get())) {
        (Ok(chosen), Ok(filter)) => (chosen, filter),
        (Err(complaint), _) | (_, Err(complaint)) => {
            tell!("qd: {complaint}");
            return Ok(Ending::Usage);
        }
    };
    let ending = block_on(Pace::Quick, read(&deck, &chosen, options, filter, clock))??;
    Ok(if broken && ending == Ending::Good { Ending::Usage } else { ending })
}

impl Options {
    fn filter(&self, now: jiff::Timestamp) -> Result<Filter, String> {
        let zone = self.zone();
        let time = |text: &Option<String>| text.as_ref().map(|t| when::read(t, now, &zone)).transpose();
        let grep = self.grep.as_deref().map(pattern).transpose();
        let level = self.level.as_deref().map(|word| {
            let words = Level::ALL.map(Level::word);
            let hint = || crate::settings::word::hint(word, words);
            Level::parse(word).ok_or_else(|| format!("there is no level `{word}`; {}", hint()))
        });
        let field = |text: &String| FieldTest::parse(text).map_err(|e| format!("--field {e}"));
        Ok(Filter {
            grep: grep.map_err(|e| format!("--grep is no regular expression: {e}"))?,
            invert: self.invert,
            level: level.transpose()?,
            since: time(&self.since)?,
            until: time(&self.until)?,
            fields: self.fields.iter().map(field).collect::<Result<_, _>>()?,
        })
    }

    fn zone(&self) -> jiff::tz::TimeZone {
        if self.utc { jiff::tz::TimeZone::UTC } else { jiff::tz::TimeZone::system() }
    }

    fn wanted(&self, filter: &Filter) -> Wanted {
        let lines = match self.lines {
            Some(lines) => Some(lines),
            None if !filter.is_open() => None,
            None => Some(if self.follow { FEW } else { SOME }),
        };
        Wanted { lines, since: filter.since, follow: self.follow }
    }
}

async fn read(deck: &Deck, chosen: &[Arc<LogSpec>], options: &Options, filter: Filter, clock: Now) -> Result<Ending> {
    let telling = clock.clone();
    let surroundings = Surroundings::new(Arc::new(move || telling.get()));
    surroundings.hosts.follow(deck.hosts().filter(|h| chosen.iter().any(|log| log.on.as_ref() == Some(&h.id))));
    let wanted = options.wanted(&filter);
    let filter = Arc::new(filter);
    let mut tasks = tokio::task::JoinSet::new();
    let mut lanes = Vec::new();
    for spec in chosen {
        let direct = Direct::open(spec, &wanted).filter(|_| filter.grep.is_some() && spec.pattern.is_none());
        let sieve = direct.and_then(|direct| Sieve::start(direct, &filter, &lane::zone(spec), clock.get()));
        let inbox = sieve.map_or_else(
            || {
                let (outbox, inbox) = mpsc::channel(WAITING);
                let (log, around) = (Arc::clone(spec), surroundings.clone());
                tasks.spawn(async move { logs::read(&log, wanted, &around, outbox).await });
                Inbox::News(inbox)
            },
            Inbox::Sieve,
        );
        lanes.push(Lane::new(spec, inbox, Arc::clone(&filter)));
    }
    let merge = Merge::new(lanes, options.follow);
    let paper = Paper::new(chosen, options.json, options.no_color, options.zone());
    let ending = print_all(merge, paper, options.follow).await;
    // Ends what the sources have started.
    tasks.shutdown().await;
    surroundings.hosts.stop();
    ending
}

/// What tells a command to end.
struct Signals([Signal; 3]);

impl Signals {
    fn new() -> std::io::Result<Self> {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let [one, two, three] = kinds.map(signal);
        Ok(Self([one?, two?, three?]))
    }

    async fn any(&mut self) {
        let [one, two, three] = &mut self.0;
        tokio::select! {
            _ = one.recv() => {}
            _ = two.recv() => {}
            _ = three.recv() => {}
        }
    }
}

async fn print_all(mut merge: Merge, mut paper: Paper, follow: bool) -> Result<Ending> {
    let mut signals = Signals::new()?;
    let mut tick = tokio::time::interval(std::time::Duration::from_secs(1));
    loop {
        // Signals are seen even while lines come without an end.
        let mut turns = 0;
        while let Some(out) = merge.next(Instant::now()) {
            if !tell(&mut paper, &out, follow)? {
                return Ok(Ending::Good);
            }
            turns += 1;
            if turns % 4096 == 0 {
                break;
            }
        }
        if turns % 4096 != 0 || turns == 0 {
            if !paper.flush()? {
                return Ok(Ending::Good);
            }
            if merge.is_over() {
                return Ok(ending(&merge));
            }
        }
        tokio::select! {
            biased;
            () = signals.any() => {
                paper.flush()?;
                return Ok(Ending::Cancelled);
            }
            () = merge.wait() => {}
            // A reader that has left is not noticed where nothing is written.
            _ = tick.tick() => if !is_read() { return Ok(Ending::Good) },
        }
    }
}

/// Prints one thing; whether anybody still reads.
fn tell(paper: &mut Paper, out: &Out, follow: bool) -> Result<bool> {
    match out {
        Out::Line(source, line) => Ok(paper.line(*source, line)?),
        Out::Gap(source, why) => Ok(paper.gap(*source, why)?),
        Out::State { source, state, was_troubled } => {
            let trouble = state.why().is_some();
            if trouble || (follow && *was_troubled && *state == LogState::Live) {
                return Ok(paper.state(*source, state)?);
            }
            Ok(true)
        }
    }
}

/// The worst of how the sources ended.
fn ending(merge: &Merge) -> Ending {
    let of = |state: &LogState| match state {
        LogState::Connecting | LogState::Live => Ending::Good,
        LogState::Denied(_) => Ending::Refused,
        LogState::Absent(_) | LogState::Silent(_) | LogState::Lost(_) => Ending::Unknown,
    };
    merge.states().map(of).max().unwrap_or(Ending::Good)
}
