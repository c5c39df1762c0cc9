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

use crate::log::{Known, Level, LogStore, Place, SourceId};
use crate::model::{LogNews, LogSpec, LogState};
use crate::source::Surroundings;
use crate::source::logs::{WAITING, Wanted, read};
use crate::ui::text::thousands;

/// So many bytes of text are held until they are written.
const MOST: usize = 1 << 30;

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
        let id = store.add(named.unwrap_or_else(own));
        ids.push(id);
        if let Some(trouble) = fill(&mut store, id, spec, since, &around.surroundings).await {
            troubles.push(format!("{}: {trouble}", spec.id));
        }
    }
    let first = specs.first().ok_or("no log is chosen")?;
    let path = folder.join(file_name(first, since, until));
    let written = {
        let (path, specs) = (path.clone(), specs.clone());
        // Formatting and writing may take long.
        tokio::task::spawn_blocking(move || write(&path, &folder, &store, &ids, &specs, (since, until)))
    };
    let lines = written.await.map_err(|e| e.to_string())?.map_err(|e| format!("{}: {e}", path.display()))?;
    let mut words = format!("saved {} lines in {}", thousands(lines), path.display());
    if let Some(trouble) = troubles.first() {
        return Err(format!("{words}, but {trouble}"));
    }
    if lines == 0 {
        words.push_str("; nothing was written in that time");
    }
    Ok(words)
}

/// Takes in all that a source has; what went wrong.
async fn fill(
    store: &mut LogStore,
    id: SourceId,
    spec: &LogSpec,
    since: Timestamp,
    surroundings: &Surroundings,
) -> Option<String> {
    let (sender, mut news) = mpsc::channel(WAITING);
    let wanted = Wanted { lines: None, since: Some(since), follow: false };
    let mut trouble = None;
    let listening = async {
        while let Some(told) = news.recv().await {
            match told {
                LogNews::Lines(lines) => {
                    for line in lines {
                        let level = line.priority.and_then(Level::from_priority);
                        store.push_line(id, &line.bytes, Known { time: line.time, level }, line.received);
                    }
                }
                LogNews::Gap(why) => store.gap(id, why.as_str(), since),
                LogNews::State(state, _) => {
                    trouble = match &state {
                        LogState::Connecting | LogState::Live => None,
                        _ => state.why().map(ToString::to_string),
                    };
                }
            }
        }
    };
    tokio::join!(read(spec, wanted, surroundings, sender), listening);
    if store.dropped(id) > 0 {
        trouble = Some(format!("{} older lines did not fit", thousands(store.dropped(id))));
    }
    trouble
}

/// `production-sales-20261121T140000Z-20261121T141500Z.log`.
fn file_name(first: &LogSpec, since: Timestamp, until: Timestamp) -> String {
    let mut name = first.id.environment.to_string();
    if let Some(service) = &first.id.service {
        let _written = write!(name, "-{service}");
    }
    let of = |at: Timestamp| at.strftime("%Y%m%dT%H%M%SZ").to_string();
    let _written = write!(name, "-{}-{}.log", of(since), of(until));
    name.replace(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-' | '_'), "_")
}

fn write(
    path: &Path,
    folder: &Path,
    store: &LogStore,
    ids: &[SourceId],
    specs: &[Arc<LogSpec>],
    (since, until): (Timestamp, Timestamp),
) -> std::io::Result<u64> {
    std::fs::create_dir_all(folder)?;
    let file = std::fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path)?;
    let mut out = std::io::BufWriter::new(file);
    let mut count = 0;
    for line in store.forward(ids, Some(Place::at(since))) {
        // What was typed to the second means all of it.
        if line.time.as_second() > until.as_second() {
            break;
        }
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
    Ok(count)
}
