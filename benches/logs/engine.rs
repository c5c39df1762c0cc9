//! The engine alone: a million JSON lines of 130 bytes split, parsed, held, merged, counted and searched.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use quarterdeck::log::{FieldTest, Filter, Level, LogStore, Reader, Search, SourceId, Splitter, pattern};

use super::peers::{LNAV, beside};
use super::{LINES, Outcome, ROUNDS, json, median, ms, timed};

/// As a pipe gives them.
const PIECE: usize = 64 * 1024;
/// What one tick may look through.
const TICK: usize = 2 << 20;
/// Lines on a screen.
const SCREEN: u64 = 60;

fn plain() -> Outcome<Vec<u8>> {
    let first: Timestamp = "2026-11-21T00:00:00Z".parse()?;
    let mut text = Vec::new();
    for n in 0..LINES {
        let at = first + SignedDuration::from_millis(i64::try_from(n)?);
        let line = format!(
            "{} [INF] Request {n} finished in 12.3 ms, 200, application/json; path /orders/{n}\n",
            at.strftime("%F %T%.3f +00:00")
        );
        text.extend_from_slice(line.as_bytes());
    }
    Ok(text)
}

fn rate(time: Duration) -> f64 {
    LINES as f64 / time.as_secs_f64() / 1e6
}

fn ingest(text: &[u8], sources: usize) -> (LogStore, Vec<SourceId>) {
    let mut store = LogStore::new(512 << 20);
    let ids: Vec<_> = (0..sources).map(|_| store.add(TimeZone::UTC)).collect();
    let now = Timestamp::from_second(1_795_300_000).unwrap_or_default();
    // Whole lines in turns, as sources give them.
    for (turn, piece) in text.chunks(131 * 500).enumerate() {
        store.push(ids[turn % sources], piece, now);
    }
    (store, ids)
}

fn parse_all(text: &[u8]) -> u64 {
    let (mut splitter, mut reader, mut known) = (Splitter::new(), Reader::new(), 0);
    for piece in text.chunks(PIECE) {
        splitter.push(piece, &mut |line| {
            known += u64::from(reader.read(line, Timestamp::UNIX_EPOCH, &TimeZone::UTC).time.is_some());
        });
    }
    known
}

/// Time to a full screen of found lines, and to all of them.
fn search(store: &LogStore, ids: &[SourceId], filter: &Filter) -> (Duration, Duration, Duration, u64) {
    let (mut first, mut whole, mut longest, mut count) = (Vec::new(), Vec::new(), Duration::ZERO, 0);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let mut search = Search::new(filter.clone(), ids);
        let mut screen = None;
        loop {
            let tick = Instant::now();
            let done = search.step(store, TICK);
            longest = longest.max(tick.elapsed());
            if screen.is_none() && (done || search.count() >= SCREEN) {
                black_box(search.backward(store, None).take(SCREEN as usize).count());
                screen = Some(start.elapsed());
            }
            if done {
                break;
            }
        }
        first.extend(screen);
        whole.push(start.elapsed());
        count = search.count();
    }
    (median(first), median(whole), longest, count)
}

/// Measures it.
pub fn measure() -> Outcome<()> {
    let text = json(0)?;
    let file = std::env::temp_dir().join(format!("quarterdeck-bench-logs-{}.json", std::process::id()));
    fs::write(&file, &text)?;
    let result = report(&text, &file);
    fs::remove_file(&file)?;
    result
}

fn report(text: &[u8], file: &Path) -> Outcome<()> {
    println!("{LINES} JSON lines of {} bytes, {:.0} MB", text.len() / LINES - 1, text.len() as f64 / 1e6);
    let parse = timed(|| assert_eq!(parse_all(text), LINES as u64, "every line has a time"));
    println!("split and parse      {:>8.1} ms  {:.2} M lines/s", ms(parse), rate(parse));
    let words = plain()?;
    let parse = timed(|| assert_eq!(parse_all(&words), LINES as u64, "every line has a time"));
    println!("  the same, Serilog  {:>8.1} ms  {:.2} M lines/s", ms(parse), rate(parse));
    let into = timed(|| {
        black_box(ingest(text, 1));
    });
    println!("ingest to searchable {:>8.1} ms  {:.2} M lines/s", ms(into), rate(into));
    beside("lnav", LNAV, file, into);
    let (store, ids) = ingest(text, 8);
    let held: u64 = ids.iter().map(|id| store.lines(*id)).sum();
    println!(
        "index                {:>8.2} bytes a line (budget 16), {held} lines of 8 sources",
        store.index() as f64 / held as f64
    );
    let merge = timed(|| {
        let bytes = store.forward(&ids, None).fold(0, |sum, line| sum + black_box(line).bytes.len() + 1);
        assert_eq!(bytes, text.len(), "every line once");
    });
    println!("merge of 8 sources   {:>8.1} ms  {:.2} M lines/s", ms(merge), rate(merge));
    let seek = timed(|| {
        black_box(store.backward(&ids, None).take(SCREEN as usize).count());
    });
    println!("  a screen of it     {:>8.3} ms", ms(seek));
    let (from, to) = store.span(&ids).ok_or("nothing is held")?;
    let counts = timed(|| {
        black_box(store.histogram(&ids, from, to, 200));
    });
    println!("histogram            {:>8.1} ms", ms(counts));
    filters(&store, &ids, file)
}

fn filters(store: &LogStore, ids: &[SourceId], file: &Path) -> Outcome<()> {
    println!("filter                 first screen (50)    all (500)   longest step    found");
    let grep = |text: &str| -> Outcome<Filter> { Ok(Filter { grep: Some(pattern(text)?), ..Filter::default() }) };
    for text in ["Timed out|timed out", r#"order":\d+77\d3,"#, "timed out", "r", "nowhere"] {
        let (first, all, longest, count) = search(store, ids, &grep(text)?);
        println!("  {text:<20} {:>8.1} ms {:>11.1} ms {:>11.1} ms {count:>10}", ms(first), ms(all), ms(longest));
        let any_case = if text.chars().any(char::is_uppercase) { "-c" } else { "-ic" };
        beside("rg", &[any_case, "-e", text], file, all);
        beside("grep", &[any_case, "-P", "-e", text], file, all);
    }
    let inverse = Filter { invert: true, ..grep("answered")? };
    let level = Filter { level: Some(Level::Warn), ..Filter::default() };
    let fields = Filter { fields: vec![FieldTest::is("order", "77000")], ..Filter::default() };
    for (name, filter) in [("not `answered`", inverse), ("level>=warn", level), ("order=77000", fields)] {
        let (first, all, longest, count) = search(store, ids, &filter);
        println!("  {name:<20} {:>8.1} ms {:>11.1} ms {:>11.1} ms {count:>10}", ms(first), ms(all), ms(longest));
    }
    Ok(())
}
