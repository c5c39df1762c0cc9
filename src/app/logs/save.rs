//! Saves what the servers have of some logs from one time to another: read anew, merged by time, in a file of its own
//! that only this user reads.

use std::fmt::Write as _;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use crate::log::{Known, Level, LogStore, Pattern, Reader, SourceId};
use crate::model::{LogLine, LogNews, LogSpec, LogState};
use crate::source::Surroundings;
use crate::source::logs::{WAITING, Wanted, read};
use crate::ui::text::thousands;

/// So many bytes of text are held until they are written.
const MOST: usize = 1 << 30;
/// So many lines in a row behind the end, and nothing more is read.
const BEHIND: u32 = 2_000;
/// Files of the same name that are not written over.
const NAMES: u32 = 1_000;

/// What saving takes.
pub(super) struct Around {
    pub surroundings: Surroundings,
    /// The zone of this machine.
    pub local: TimeZone,
    pub folder: Option<PathBuf>,
}

/// Reads and writes; what to tell the operator.
pub(super) async fn save(
    specs: Vec<Arc<LogSpec>>,
    since: Timestamp,
    until: Timestamp,
    around: Around,
) -> Result<String, String> {
    let folder = around.folder.as_ref().ok_or("there is no home folder to save logs in; set XDG_STATE_HOME")?;
    let folder = folder.join("logs");
    let mut store = LogStore::new(MOST);
    let mut ids = Vec::new();
    let mut troubles = Vec::new();
    for spec in &specs {
        let named = spec.zone.as_deref().and_then(|zone| TimeZone::get(zone).ok());
        let own = || if spec.on.is_none() { around.local.clone() } else { TimeZone::UTC };
        let id = store.add(TimeZone::UTC);
        ids.push(id);
        let sieve = Sieve::new(spec, named.unwrap_or_else(own), since, until);
        if let Some(trouble) = fill(&mut store, id, spec, sieve, &around.surroundings).await {
            troubles.push(format!("{}: {trouble}", spec.id));
        }
    }
    let name = name(&specs, since, until).ok_or("no log is chosen")?;
    // Formatting and writing may take long.
    let written = tokio::task::spawn_blocking(move || write(&folder, &name, &store, &ids, &specs));
    let (path, lines) = written.await.map_err(|e| e.to_string())?.map_err(|e| format!("cannot save: {e}"))?;
    let mut words = format!("saved {} lines in {}", thousands(lines), path.display());
    if let Some(trouble) = troubles.first() {
        return Err(format!("{words}, but {trouble}"));
    }
    if lines == 0 {
        words.push_str("; nothing was written in that time");
    }
    Ok(words)
}

/// Which lines of a log are of the range. What has no time is of the record before; where no line has one, all are.
struct Sieve {
    reader: Reader,
    zone: TimeZone,
    since: Timestamp,
    until: Timestamp,
    last: Option<Timestamp>,
    behind: u32,
}

impl Sieve {
    fn new(spec: &LogSpec, zone: TimeZone, since: Timestamp, until: Timestamp) -> Self {
        let pattern = spec.pattern.as_deref().and_then(|text| Pattern::new(text).ok()).map(Arc::new);
        let reader = pattern.map_or_else(Reader::new, Reader::with_pattern);
        Self { reader, zone, since, until, last: None, behind: 0 }
    }

    /// When it was written, if it is wanted.
    fn take(&mut self, line: &LogLine) -> Option<Timestamp> {
        let said = self.reader.read(&line.bytes, line.received, &self.zone).time;
        self.last = line.time.or(said).or(self.last);
        let at = self.last.unwrap_or(self.since);
        // What was typed to the second means all of it.
        let is_over = at.as_second() > self.until.as_second();
        self.behind = if is_over { self.behind + 1 } else { 0 };
        (at >= self.since && !is_over).then_some(at)
    }

    fn is_over(&self) -> bool {
        self.behind > BEHIND
    }
}

/// Takes in what a source has of the range; what went wrong.
async fn fill(
    store: &mut LogStore,
    id: SourceId,
    spec: &LogSpec,
    mut sieve: Sieve,
    surroundings: &Surroundings,
) -> Option<String> {
    let (sender, mut news) = mpsc::channel(WAITING);
    let wanted = Wanted { lines: None, since: Some(sieve.since), follow: false };
    let mut trouble = None;
    {
        let listening = async {
            while let Some(told) = news.recv().await {
                match told {
                    LogNews::Lines(lines) => {
                        for line in lines {
                            let Some(at) = sieve.take(&line) else { continue };
                            let level = line.priority.and_then(Level::from_priority);
                            store.push_line(id, &line.bytes, Known { time: Some(at), level }, at);
                        }
                    }
                    LogNews::Gap(why) => store.gap(id, why.as_str(), sieve.last.unwrap_or(sieve.since)),
                    LogNews::State(state, _) => {
                        trouble = match &state {
                            LogState::Connecting | LogState::Live => None,
                            _ => state.why().map(ToString::to_string),
                        };
                    }
                }
                if sieve.is_over() {
                    return;
                }
            }
        };
        let reading = read(spec, wanted, surroundings, sender);
        tokio::pin!(reading, listening);
        // Whoever has heard enough does not wait for the rest; who has read all is still listened to.
        tokio::select! {
            () = &mut listening => {}
            () = &mut reading => listening.await,
        }
    }
    if store.dropped(id) > 0 {
        return Some(format!("{} lines did not fit", thousands(store.dropped(id))));
    }
    trouble
}

/// `production-sales-20261121T140000Z-20261121T141500Z`.
fn name(specs: &[Arc<LogSpec>], since: Timestamp, until: Timestamp) -> Option<String> {
    let first = specs.first()?;
    let mut name = first.id.environment.to_string();
    if let Some(service) = first.id.service.as_ref().filter(|_| specs.iter().all(|s| s.id.service == first.id.service))
    {
        let _written = write!(name, "-{service}");
    }
    let of = |at: Timestamp| at.strftime("%Y%m%dT%H%M%SZ").to_string();
    let _written = write!(name, "-{}-{}", of(since), of(until));
    Some(name.replace(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-' | '_'), "_"))
}

/// Nothing that was saved before is written over.
fn create(folder: &Path, name: &str) -> std::io::Result<(PathBuf, std::fs::File)> {
    std::fs::create_dir_all(folder)?;
    let mut number = 1;
    loop {
        let path = folder.join(if number == 1 { format!("{name}.log") } else { format!("{name}-{number}.log") });
        match std::fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists && number < NAMES => number += 1,
            Err(e) => return Err(e),
        }
    }
}

fn write(
    folder: &Path,
    name: &str,
    store: &LogStore,
    ids: &[SourceId],
    specs: &[Arc<LogSpec>],
) -> std::io::Result<(PathBuf, u64)> {
    let (path, file) = create(folder, name)?;
    let mut out = std::io::BufWriter::new(file);
    let mut count = 0;
    for line in store.forward(ids, None) {
        if let Some(spec) = ids.iter().position(|id| *id == line.id.source).and_then(|at| specs.get(at))
            && specs.len() > 1
        {
            write!(out, "{:.3} {} ", line.time, spec.id)?;
        }
        if line.gap {
            writeln!(out, "-- {} --", line.text())?;
            continue;
        }
        writeln!(out, "{}", line.text())?;
        count += 1;
    }
    out.flush()?;
    Ok((path, count))
}
