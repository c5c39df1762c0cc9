//! What follows a run that failed where nobody is there to choose, over this machine.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at what it did not expect")]

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use super::*;
use crate::model::RunStatus;
use crate::runner::execute::RunEnd;
use crate::transport::ssh::config::Sources;

const RELEASE: &str = r#"[inputs.version]
[release]
version = "version"
current = 'cat "$ROOT/current"'
available = 'test -d "$ROOT/$VERSION"'
"#;
const DEPLOY: &str = r#"on_failure = { runbook = "back", by_itself = true }
+++
# Deploy
## Switch
```toml {step}
undo = 'echo "$PREVIOUS" > "$ROOT/current"'
```
```sh {}
echo "$VERSION" > "$ROOT/current"
echo "deploy $VERSION" >> "$ROOT/log"
test "$VERSION" != broken
```
"#;
const BACK: &str = r#"+++
# Back
## Switch
```sh {}
test ! -e "$ROOT/stuck"
echo "$VERSION" > "$ROOT/current"
echo "back to $VERSION" >> "$ROOT/log"
```
"#;

struct Quay {
    folder: tempfile::TempDir,
    helm: Arc<Helm>,
    deck: Arc<Deck>,
    service: ServiceId,
}

impl Quay {
    fn new(deploy: &str) -> Self {
        static TICKS: AtomicI64 = AtomicI64::new(1_790_000_000_000);
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("runbooks")).unwrap();
        std::fs::create_dir_all(at("root/v1")).unwrap();
        std::fs::create_dir_all(at("root/broken")).unwrap();
        std::fs::write(at("root/current"), "v1\n").unwrap();
        let head = |kind: &str, rest: &str| {
            // Tables come last in front matter.
            let (keys, body) = rest.split_once("+++").unwrap();
            format!("+++\nkind = \"{kind}\"\nneeds = [\"root\"]\n{keys}{RELEASE}+++{body}")
        };
        std::fs::write(at("runbooks/deploy.md"), head("deploy", deploy)).unwrap();
        std::fs::write(at("runbooks/back.md"), head("rollback", BACK)).unwrap();
        let (root, state) = (at("root").display().to_string(), at("state").display().to_string());
        let text = format!(
            "[environments.place]\ntier = \"staging\"\nstate = \"{state}\"\n\
             [environments.place.services.sales]\nrunbooks = [\"deploy\", \"back\"]\n\
             vars = {{ root = \"{root}\" }}\nprobes.live = {{ file = \"{root}/current\" }}\n"
        );
        std::fs::write(at("quarterdeck.toml"), text).unwrap();
        let loaded = crate::config::load(&at("quarterdeck.toml"));
        let deck = Arc::new(loaded.deck.unwrap_or_else(|| panic!("{:?}", loaded.faults)));
        let clock = || Timestamp::from_millisecond(TICKS.fetch_add(400, Ordering::Relaxed)).unwrap();
        let around = Surroundings::with(Arc::new(clock), Sources::only(at("none")), None);
        let operator = Operator { name: "ann".into(), console: "desk".into() };
        let helm = Arc::new(Helm::open(around, at("console"), operator, false, false));
        let service = EnvironmentId::new("place").service("sales");
        Self { folder, helm, deck, service }
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }

    /// Runs a runbook with nobody there.
    async fn run(&self, runbook: &str, version: &str) -> (RunId, RunEnd) {
        let inputs = [("version".to_owned(), version.to_owned())].into();
        let wanted = Wanted { inputs, ..Wanted::default() };
        let ask = self.helm.ask(&self.deck, &self.service, runbook, wanted).await.unwrap();
        let plan = Arc::new(self.helm.plan(&ask).await.unwrap());
        let consent = Consent {
            digest: plan.digest.clone(),
            by: Given::Yes,
            reason: Some("a test".into()),
            operator: self.helm.operator().clone(),
            break_glass: None,
            over_dirty: None,
        };
        let handle = self.helm.run(&plan, &self.deck, Secrets::default(), consent, Answers::Policy).await.unwrap();
        ended(handle).await
    }
}

async fn ended(mut handle: RunHandle) -> (RunId, RunEnd) {
    let all = async {
        while handle.news.recv().await.is_some() {}
        handle.end.await.unwrap()
    };
    (handle.id.clone(), tokio::time::timeout(Duration::from_mins(1), all).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_fails_goes_back_by_itself_where_it_is_declared_and_all_of_it_is_on_record() {
    let quay = Quay::new(DEPLOY);
    let (run, end) = quay.run("deploy", "broken").await;
    assert_eq!((end.status, end.on_failure.as_deref()), (RunStatus::Failed, Some("back")), "{end:?}");
    assert_eq!(quay.text("root/current"), "broken\n");
    let (plan, handle) = quay.helm.after(&quay.deck, &run, Secrets::default()).await.unwrap();
    assert_eq!(plan.release.as_ref().unwrap().version.as_str(), "v1", "what ran before the first release is known");
    let (second, end) = ended(handle).await;
    assert_eq!((end.status, end.why), (RunStatus::Succeeded, None));
    assert_eq!(
        (quay.text("root/current"), quay.text("root/log")),
        ("v1\n".into(), "deploy broken\nback to v1\n".into())
    );
    let kept = journal::read(quay.helm.state(), &second).unwrap();
    assert_eq!(kept.state.reason.unwrap().as_str(), format!("run {run} failed and declares back for that"));
    let locks = quay.helm.locks(&quay.deck, &quay.service.environment).await;
    assert_eq!(locks, Locks::default(), "neither a lock nor a marker is left");
    assert!(quay.text("console/audit.jsonl").contains(&format!("nothing: run {run} declares it")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_that_fails_stops_and_leaves_its_marker() {
    let quay = Quay::new(DEPLOY);
    std::fs::write(quay.folder.path().join("root/stuck"), "").unwrap();
    let (run, _) = quay.run("deploy", "broken").await;
    let (_, handle) = quay.helm.after(&quay.deck, &run, Secrets::default()).await.unwrap();
    let (second, end) = ended(handle).await;
    assert_eq!((end.status, end.on_failure), (RunStatus::Failed, None));
    let locks = quay.helm.locks(&quay.deck, &quay.service.environment).await;
    assert!(locks.held.is_empty() && locks.dirty[0].1.run == second);
    let again = quay.helm.after(&quay.deck, &second, Secrets::default()).await;
    assert!(again.is_err(), "never a rollback of a rollback");
    // Nor is the first followed once more: another run was left unfinished meanwhile.
    let again = quay.helm.after(&quay.deck, &run, Secrets::default()).await.unwrap_err();
    assert!(again.to_string().contains("was left unfinished meanwhile"), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_follows_where_there_is_no_way_back_or_nothing_to_go_back_to() {
    let undo = "```toml {step}\nundo = 'echo \"$PREVIOUS\" > \"$ROOT/current\"'\n```\n";
    let quay = Quay::new(&DEPLOY.replace(undo, ""));
    let (run, end) = quay.run("deploy", "broken").await;
    assert_eq!((end.status, end.on_failure), (RunStatus::Failed, None));
    assert!(end.why.unwrap().as_str().contains("switch says no way back"));
    assert!(quay.helm.after(&quay.deck, &run, Secrets::default()).await.is_err());
    let quay = Quay::new(DEPLOY);
    std::fs::remove_dir(quay.folder.path().join("root/v1")).unwrap();
    let (run, end) = quay.run("deploy", "broken").await;
    assert_eq!(end.on_failure.as_deref(), Some("back"));
    let refused = quay.helm.after(&quay.deck, &run, Secrets::default()).await.unwrap_err();
    assert_eq!(refused.to_string(), "no release that was good is on record");
    assert_eq!(quay.text("root/log"), "deploy broken\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_on_with_what_was_agreed_to_or_not_at_all() {
    let mut quay = Quay::new(DEPLOY);
    let (run, _) = quay.run("deploy", "broken").await;
    let resumed = async |quay: &Quay| {
        let (ask, _) = quay.helm.ask_to_resume(&quay.deck, &run).await.unwrap();
        let plan = Arc::new(quay.helm.plan(&ask).await.unwrap());
        let consent = Consent {
            digest: plan.digest.clone(),
            by: Given::Yes,
            reason: Some("a test".into()),
            operator: quay.helm.operator().clone(),
            break_glass: None,
            over_dirty: None,
        };
        quay.helm.run(&plan, &quay.deck, Secrets::default(), consent, Answers::Policy).await
    };
    let path = quay.folder.path().join("quarterdeck.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let before = Arc::clone(&quay.deck);
    std::fs::create_dir_all(quay.folder.path().join("root/v1")).unwrap();
    std::fs::write(&path, text.replace("vars = { ", "vars = { more = \"x\", ")).unwrap();
    quay.deck = Arc::new(crate::config::load(&path).deck.unwrap());
    let refused = resumed(&quay).await.unwrap_err().to_string();
    assert!(refused.contains("the value of `more` has changed; put the deck back"), "{refused}");
    assert_eq!(quay.text("root/log"), "deploy broken\n", "nothing ran");
    quay.deck = before;
    let (_, end) = ended(resumed(&quay).await.unwrap()).await;
    assert_eq!(end.status, RunStatus::Failed);
    assert_eq!(quay.text("root/log"), "deploy broken\ndeploy broken\n", "it went on");
}
