//! `qd locks` and `qd audit` against what runs of the binary leave.

use super::yard::Yard;

#[test]
fn a_lock_that_a_run_holds_keeps_others_out_until_it_is_broken() {
    let yard = Yard::new();
    let mut run = yard.lifting();
    let name = yard.newest();
    let list = yard.good(&["locks", "harbour"]).out;
    assert!(list.contains("harbour/crane") && list.contains(&name) && list.contains("its console is there"), "{list}");
    assert!(yard.good(&["locks", "sea"]).out.contains("no lock is held"));
    assert_eq!(yard.qd(&["locks", "lake"]).code, 2);
    let confirm = yard.confirm("crane");
    let other = yard.qd(&["run", "lift", "crane", "--confirm", &confirm]);
    assert_eq!(other.code, 4, "{}", other.told);
    assert!(other.told.contains(&format!("qd runs attach {name}")), "{}", other.told);
    assert_eq!(yard.log(), ["hook", "lift"]);
    let unsaid = yard.qd(&["locks", "break", "harbour/crane", "--reason", "in my way"]);
    assert_eq!(unsaid.code, 4);
    assert!(unsaid.told.contains("WARNING") && unsaid.told.contains("qd runs attach"), "{}", unsaid.told);
    assert_eq!(yard.qd(&["locks", "break", "harbour/crane", "--reason", "x", "--confirm", "harbour"]).code, 4);
    yard.good(&["locks", "break", "harbour/crane", "--reason", "in my way", "--confirm", "harbour/crane"]);
    yard.go();
    assert_eq!(run.ends().code(), Some(4), "who lost the lock begins nothing more");
    assert_eq!(yard.log(), ["hook", "lift", "lifted"]);
    assert_eq!(yard.qd(&["locks", "break", "harbour/crane", "--reason", "x", "--confirm", "harbour/crane"]).code, 2);
    assert!(yard.good(&["audit", "-n", "50"]).out.contains("in my way"));
}

#[test]
fn a_lock_taken_by_hand_keeps_runs_out_until_it_is_given_back() {
    let yard = Yard::new();
    yard.go();
    let by_hand = ["locks", "take", "harbour/crane", "--reason", "a new rope", "--confirm", "harbour/crane"];
    yard.good(&by_hand);
    assert_eq!(yard.qd(&by_hand).code, 4, "it is taken");
    let list = yard.good(&["locks", "harbour/crane"]).out;
    assert!(list.contains("by hand") && list.contains("a new rope"), "{list}");
    let refused = yard.qd(&["run", "lift", "crane", "--confirm", &yard.confirm("crane")]);
    assert_eq!(refused.code, 4);
    assert!(refused.told.contains("qd locks give harbour/crane"), "{}", refused.told);
    yard.good(&["locks", "give", "harbour/crane", "--confirm", "harbour/crane"]);
    yard.good(&["run", "lift", "crane", "--confirm", &yard.confirm("crane")]);
    assert_eq!(yard.log(), ["hook", "lift", "lifted", "drop"]);
}

#[test]
fn a_lock_of_production_is_broken_with_its_name_and_a_reason() {
    let yard = Yard::new();
    yard.good(&["locks", "take", "sea/liner", "--reason", "in the dock", "--confirm", "sea/liner"]);
    assert_eq!(yard.qd(&["locks", "break", "sea/liner", "--reason", " ", "--confirm", "sea/liner"]).code, 4);
    assert_eq!(
        yard.qd(&["--read-only", "locks", "break", "sea/liner", "--reason", "now", "--confirm", "sea/liner"]).code,
        4
    );
    yard.good(&["locks", "break", "sea/liner", "--reason", "out of the dock", "--confirm", "sea/liner"]);
    assert!(yard.good(&["locks"]).out.contains("no lock is held"));
}

#[test]
fn the_record_shows_what_was_changed_removed_or_reordered() {
    let yard = Yard::new();
    yard.go();
    yard.good(&["run", "lift", "crane", "--confirm", &yard.confirm("crane")]);
    let log = yard.audit();
    let holds = yard.good(&["audit", "verify"]).out;
    let whole = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    assert!(holds.contains(&format!("{} lines", lines.len())), "{holds}");
    let spoilt = |lines: Vec<String>| {
        let copy = yard.stage.work().join("copy.jsonl");
        std::fs::write(&copy, lines.join("\n") + "\n").unwrap();
        let ended = yard.qd(&["audit", "verify", copy.to_str().unwrap()]);
        assert_eq!(ended.code, 1, "{}", ended.out);
        ended.out
    };
    let own = || lines.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>();
    let mut changed = own();
    changed[3] = changed[3].replace("harbour", "harbout");
    assert!(spoilt(changed).contains("line 4: it was changed"));
    let mut shorter = own();
    shorter.remove(2);
    assert!(spoilt(shorter).contains("line 3: line 3 before it was removed"));
    let mut turned = own();
    turned.swap(1, 2);
    assert!(spoilt(turned).contains("line 2:"));
    std::fs::write(&log, lines[..lines.len() - 1].join("\n") + "\n").unwrap();
    assert_eq!(yard.qd(&["audit", "verify"]).code, 1, "a line cut off at the end shows too");
    assert_eq!(yard.qd(&["audit", "verify", "no-such-file"]).code, 2);
}

#[test]
fn the_evidence_of_a_run_is_copied_out_with_its_hashes() {
    let yard = Yard::new();
    yard.go();
    yard.good(&["run", "lift", "crane", "--confirm", &yard.confirm("crane")]);
    let run = yard.newest();
    let to = yard.stage.work().join("evidence");
    let bundle = yard.good(&["audit", "export", &run, "--to", to.to_str().unwrap()]).out;
    let sums = std::process::Command::new("sha256sum").args(["-c", "SHA256SUMS"]).current_dir(bundle.trim()).output();
    let sums = String::from_utf8(sums.unwrap().stdout).unwrap();
    for file in ["plan.json", "journal.jsonl", "audit.jsonl", "out/lift.local.log"] {
        assert!(sums.contains(&format!("{file}: OK")), "{sums}");
    }
    let newest = yard.good(&["audit", "-n", "1", "--json"]).out;
    let line: serde_json::Value = serde_json::from_str(&newest).unwrap();
    assert_eq!((&line["what"], &line["run"]), (&"export".into(), &run.as_str().into()));
    assert_eq!(yard.qd(&["audit", "export", "00000000-nothing"]).code, 2);
}
