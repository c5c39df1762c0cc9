//! What a run left on record, without what differs from run to run: times, the name of the run, the numbers of its
//! locks, processes, how much a wait had to say. Two runs of one plan are alike in all the rest, whoever began them.

use serde_json::Value;

use crate::home::{Home, entries};

/// What no two runs have in common. How a plan was agreed to is looked at by itself.
const OF_ITS_OWN: [&str; 12] =
    ["at", "took", "took_ms", "pid", "bytes", "sha256", "seq", "prev", "hash", "fence", "fences", "typed"];

/// The journal of a run, and its lines of the audit log.
#[derive(Debug)]
pub struct Record {
    pub journal: Vec<Value>,
    pub audit: Vec<Value>,
    /// What was typed or pressed to agree to it.
    pub typed: String,
}

impl Record {
    #[track_caller]
    pub fn of(home: &Home<'_>, run: &str) -> Self {
        let lines = entries(&home.state().join("audit.jsonl"));
        let is_of = |line: &Value| line["run"] == run;
        let first = lines.iter().position(is_of).unwrap_or_else(|| panic!("nothing of {run} in {lines:#?}"));
        // What is agreed to has no name yet.
        let agreed = lines[..first].iter().rposition(|line| line["what"] == "confirm").unwrap();
        let typed = lines[agreed]["typed"].as_str().unwrap().to_owned();
        let own = [&lines[agreed]].into_iter().chain(lines.iter().filter(|line| is_of(line)));
        let plain = |line: &Value| without(line, run);
        Self { journal: home.journal(run).iter().map(plain).collect(), audit: own.map(plain).collect(), typed }
    }

    /// Holds it against another of the same plan.
    #[track_caller]
    pub fn is_like(&self, other: &Self) {
        alike("journal", &self.journal, &other.journal);
        alike("audit log", &self.audit, &other.audit);
    }

    /// The digest of the plan.
    pub fn digest(&self) -> &str {
        self.journal[0]["digest"].as_str().unwrap()
    }
}

#[track_caller]
fn alike(what: &str, one: &[Value], other: &[Value]) {
    let differs = one.iter().zip(other).find(|(a, b)| a != b);
    assert!(differs.is_none(), "the {what} tells of two runs: {differs:#?}");
    assert_eq!(one.len(), other.len(), "the {what} goes on in one alone: {one:#?}\n{other:#?}");
}

fn without(line: &Value, run: &str) -> Value {
    let mut value: Value = serde_json::from_str(&line.to_string().replace(run, "RUN")).unwrap();
    let fields = value.as_object_mut().unwrap();
    OF_ITS_OWN.iter().for_each(|name| drop(fields.remove(*name)));
    // Which locks were taken counts, not how often they were before.
    let numbers = fields.get_mut("fences").and_then(Value::as_object_mut);
    numbers.into_iter().flat_map(|fences| fences.values_mut()).for_each(|number| *number = Value::Null);
    value
}
