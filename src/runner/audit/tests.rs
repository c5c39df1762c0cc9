//! What is on record stays as it was, or shows that it did not.

use std::os::unix::fs::PermissionsExt;

use jiff::Timestamp;

use super::*;
use crate::model::EnvironmentId;
use crate::model::run::StepOutcome;

struct Bench {
    folder: tempfile::TempDir,
    audit: Audit,
}

fn operator() -> Operator {
    Operator { name: "ops".into(), console: "desk".into() }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn intent(number: i64) -> Fact {
    let run = RunId::parse("20261120-140451-7c1f").unwrap();
    let service = EnvironmentId::new("production").service("sales");
    let what = What::Intent { command: format!("systemctl restart sales-{number}").into(), attempt: 1 };
    Fact::new(at(number), what).about(&service).run(&run, Some(3)).at_step("restart", "vps")
}

impl Bench {
    fn new(facts: i64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let audit = Audit::open(folder.path().join("state/audit.jsonl"), operator()).unwrap();
        for number in 0..facts {
            audit.write(&intent(number)).unwrap();
        }
        Self { folder, audit }
    }

    fn lines(&self) -> Vec<String> {
        std::fs::read_to_string(self.audit.path()).unwrap().lines().map(str::to_owned).collect()
    }

    fn put(&self, lines: &[String]) {
        std::fs::write(self.audit.path(), lines.join("\n") + "\n").unwrap();
    }

    fn broken(&self) -> (usize, String) {
        match verify(self.audit.path()).unwrap() {
            Verdict::Broken { line, why } => (line, why.to_string()),
            Verdict::Holds { lines, .. } => panic!("{lines} lines hold"),
        }
    }

    fn holds(&self) -> u64 {
        match verify(self.audit.path()).unwrap() {
            Verdict::Holds { lines, .. } => lines,
            Verdict::Broken { line, why } => panic!("line {line}: {why}"),
        }
    }
}

#[test]
fn facts_are_read_back_with_everything_that_was_said_and_only_the_user_may_read_them() {
    let bench = Bench::new(3);
    assert_eq!(bench.holds(), 3);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(bench.audit.path()), 0o600);
    assert_eq!(mode(&chain::head_file(bench.audit.path())), 0o600);
    assert_eq!(mode(bench.audit.path().parent().unwrap()), 0o700);
    let newest = bench.audit.newest(2).unwrap();
    assert_eq!(newest.iter().map(|l| l.seq).collect::<Vec<_>>(), [3, 2]);
    assert_eq!(newest[0].fact, intent(2));
    assert_eq!(
        newest[0].words().as_str(),
        "ops@desk: runs systemctl restart sales-2 · production/sales · step restart · on vps · run 20261120-140451-7c1f"
    );
}

#[test]
fn every_kind_of_fact_survives_its_line() {
    let bench = Bench::new(0);
    let outcome = What::Outcome {
        outcome: StepOutcome::Failed,
        exit: Some(-3),
        took_ms: 1200,
        bytes: 5,
        sha256: Some(chain::sha256(b"hello")),
    };
    let kinds = [
        What::Plan,
        What::Confirm { typed: "production/sales".into(), break_glass: None, over_dirty: Some("seen".into()) },
        What::Arm { until: at(600) },
        outcome,
        What::Cancel { how: Stop::Interrupt },
        What::Secret { name: "env:DB_PASSWORD".into() },
        What::Record { release: "v1.2".into(), found: false },
        What::Refusal { why: "peak time".into() },
        What::Break { key: "production/sales".into(), holder: "ops@desk".into() },
        What::Export { to: "/srv/evidence".into() },
        What::Override { choice: crate::model::run::Choice::MarkDone },
    ];
    for what in &kinds {
        bench.audit.write(&Fact::new(at(0), what.clone())).unwrap();
    }
    let read: Vec<What> = bench.audit.newest(20).unwrap().into_iter().rev().map(|l| l.fact.what).collect();
    assert_eq!(read, kinds);
    assert_eq!(bench.holds(), kinds.len() as u64);
}

#[test]
fn a_changed_line_is_named() {
    let bench = Bench::new(5);
    let mut lines = bench.lines();
    lines[2] = lines[2].replace("sales-2", "sales-9");
    bench.put(&lines);
    assert_eq!(bench.broken(), (3, "it was changed: its hash is not that of its text".into()));
    lines[2] = "nothing".into();
    bench.put(&lines);
    assert_eq!(bench.broken(), (3, "it was changed: it is no line of this log".into()));
}

#[test]
fn a_line_that_was_changed_and_hashed_anew_shows_in_the_next() {
    let bench = Bench::new(5);
    let mut lines = bench.lines();
    let before = Line::read(&lines[1]).unwrap();
    lines[2] = Line::new(&before.head(), intent(77), operator()).text();
    bench.put(&lines);
    assert_eq!(bench.broken(), (4, "line 3 before it is not the one it was written after".into()));
}

#[test]
fn removed_and_reordered_lines_are_named() {
    let bench = Bench::new(6);
    let whole = bench.lines();
    let mut lines = whole.clone();
    lines.remove(2);
    bench.put(&lines);
    assert_eq!(bench.broken(), (3, "line 3 before it was removed".into()));
    lines.remove(2);
    bench.put(&lines);
    assert_eq!(bench.broken(), (3, "lines 3 to 4 before it were removed".into()));
    lines = whole.clone();
    lines.swap(1, 2);
    bench.put(&lines);
    assert_eq!(bench.broken(), (2, "it is number 3, but 2 comes further down: lines were reordered".into()));
    bench.put(&whole[..4]);
    assert_eq!(bench.broken(), (5, "lines 5 to 6 were removed from the end".into()));
}

#[test]
fn lines_cut_off_at_the_end_show_also_after_the_next_fact() {
    let bench = Bench::new(4);
    bench.put(&bench.lines()[..2]);
    bench.audit.write(&intent(9)).unwrap();
    assert_eq!(bench.broken(), (3, "lines 3 to 4 had been written before it and were removed".into()));
}

#[test]
fn a_line_torn_by_a_crash_is_kept_and_told_of() {
    let bench = Bench::new(3);
    let text = std::fs::read_to_string(bench.audit.path()).unwrap();
    std::fs::write(bench.audit.path(), &text.as_bytes()[..text.len() - 40]).unwrap();
    // A crash comes before the note of the newest line.
    Line::read(&bench.lines()[1]).unwrap().head().write(bench.audit.path()).unwrap();
    assert_eq!(bench.broken(), (3, "it was not written to its end: a crash, or somebody cut it".into()));
    bench.audit.write(&intent(3)).unwrap();
    assert_eq!(bench.holds(), 4);
    let lines = bench.lines();
    assert_eq!(lines.len(), 5, "the torn part stays where it was");
    let repaired = Line::read(&lines[3]).unwrap();
    assert!(matches!(repaired.fact.what, What::Repaired { kept: false, .. }), "{repaired:?}");
    let mut hidden = lines.clone();
    hidden[2] = hidden[2].replace("sales", "other");
    bench.put(&hidden);
    assert_eq!(bench.broken().0, 3, "a torn part cannot be changed either");
}

#[test]
fn a_line_that_lacks_its_end_alone_counts() {
    let bench = Bench::new(2);
    let text = std::fs::read_to_string(bench.audit.path()).unwrap();
    std::fs::write(bench.audit.path(), text.trim_end()).unwrap();
    bench.audit.write(&intent(2)).unwrap();
    assert_eq!(bench.holds(), 4);
    assert!(matches!(bench.audit.newest(2).unwrap()[1].fact.what, What::Repaired { kept: true, .. }));
}

#[test]
fn several_writers_at_once_leave_one_chain() {
    let bench = Bench::new(0);
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let audit = bench.audit.clone();
            scope.spawn(move || (0..200).for_each(|n| audit.write(&intent(writer * 1000 + n)).unwrap()));
        }
    });
    assert_eq!(bench.holds(), 800);
}

#[test]
fn what_cannot_be_written_is_an_error_that_says_where() {
    let bench = Bench::new(1);
    let path = bench.audit.path().to_owned();
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    let error = bench.audit.write(&intent(1)).unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot write the audit log {}: ", path.display())), "{error}");
    std::fs::remove_dir(&path).unwrap();
    let elsewhere = bench.folder.path().join("elsewhere");
    std::fs::write(&elsewhere, "").unwrap();
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
    assert!(bench.audit.write(&intent(1)).is_err(), "a link is not followed");
    assert!(Audit::open("/proc/none/audit.jsonl", operator()).is_err());
}

#[test]
fn nothing_is_chained_to_a_line_that_is_not_ours() {
    let bench = Bench::new(2);
    let mut lines = bench.lines();
    lines[1] = lines[1].replace("sales-1", "sales-9");
    bench.put(&lines);
    assert!(matches!(bench.audit.write(&intent(3)), Err(AuditError::Damaged { .. })));
}

#[test]
fn a_log_held_by_another_process_is_waited_for_and_not_written_meanwhile() {
    let bench = Bench::new(1);
    let mut holder = std::process::Command::new("flock")
        .args([bench.audit.path().as_os_str(), "-c".as_ref(), "echo held; sleep 0.3".as_ref()])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut word = [0; 5];
    holder.stdout.take().unwrap().read_exact(&mut word).unwrap();
    let began = tokio::time::Instant::now();
    bench.audit.write(&intent(1)).unwrap();
    assert!(began.elapsed() > Duration::from_millis(150), "{:?}", began.elapsed());
    holder.wait().unwrap();
    assert_eq!(bench.holds(), 2);
}

#[test]
fn the_evidence_of_a_run_is_in_one_folder_with_hashes_that_sha256sum_reads() {
    let bench = Bench::new(2);
    bench.audit.write(&Fact::new(at(5), What::Disarm)).unwrap();
    let run = RunId::parse("20261120-140451-7c1f").unwrap();
    let folder = bench.folder.path().join("runs/one");
    std::fs::create_dir_all(folder.join("out")).unwrap();
    std::fs::write(folder.join("plan.json"), "{}").unwrap();
    std::fs::write(folder.join("out/restart.vps.log"), "done\n").unwrap();
    std::os::unix::fs::symlink("/etc/hostname", folder.join("out/link")).unwrap();
    let bundle = export(&run, &folder, bench.audit.path(), &bench.folder.path().join("evidence")).unwrap();
    let lines = std::fs::read_to_string(bundle.join("audit.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 2, "lines of other runs stay out");
    assert!(!bundle.join("out/link").exists());
    let check =
        std::process::Command::new("sha256sum").args(["-c", "SHA256SUMS"]).current_dir(&bundle).output().unwrap();
    let said = String::from_utf8_lossy(&check.stdout).into_owned();
    assert!(
        check.status.success() && said.contains("out/restart.vps.log: OK") && said.contains("chain.txt: OK"),
        "{said}"
    );
    assert!(
        export(&run, &folder, bench.audit.path(), &bench.folder.path().join("evidence")).is_err(),
        "never over one"
    );
}

#[test]
fn facts_of_one_call_stand_together_in_their_order() {
    let bench = Bench::new(0);
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let audit = bench.audit.clone();
            scope.spawn(move || {
                (0..20).for_each(|n| {
                    audit.write_all(&[intent(writer * 1000 + n * 2), intent(writer * 1000 + n * 2 + 1)]).unwrap();
                });
            });
        }
    });
    assert_eq!(bench.holds(), 320);
    let lines: Vec<Line> = bench.lines().iter().map(|l| Line::read(l).unwrap()).collect();
    for pair in lines.chunks(2) {
        assert_eq!(pair[1].fact.at.as_second() - pair[0].fact.at.as_second(), 1, "a pair is torn apart");
    }
}
