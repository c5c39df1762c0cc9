//! Plans over this machine, made for real: what is found is in the plan, and nothing is changed.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::model::{EnvironmentId, Level, RunId};
use crate::runner::plan::{Ask, fixture, plan};
use crate::transport::ssh::config::Sources;

const DEPLOY: &str = r#"+++
kind = "deploy"
needs = ["root"]
[inputs.version]
pattern = '^v\d+$'
[inputs.token]
secret = true
required = false
[release]
version = "version"
current = 'cat "$ROOT/current"'
available = 'test -d "$ROOT/$VERSION"'
+++
# Deploy

## Fetch
```toml {step}
verify = 'test -d "$ROOT/$VERSION"'
undo = 'rm -r "$ROOT/$VERSION"'
```
```sh {}
mkdir "$ROOT/$VERSION"
```

## Switch
```toml {step}
verify = 'test "$(cat "$ROOT/current")" = "$VERSION"'
```
```sh {}
echo "$VERSION" > "$ROOT/current"
touch "$ROOT/touched"
```

## Tell
```sh {when="version matches ^v9"}
touch "$ROOT/touched"
```

## Look
```sh {looks}
cat "$ROOT/current"
```
"#;

struct Bench {
    folder: tempfile::TempDir,
    around: Surroundings,
}

impl Bench {
    fn new(runbook: &str, tier: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("runbooks")).unwrap();
        std::fs::create_dir_all(at("root/v1")).unwrap();
        std::fs::write(at("root/current"), "v1\n").unwrap();
        std::fs::write(at("runbooks/deploy.md"), runbook).unwrap();
        let (root, state) = (at("root").display().to_string(), at("state").display().to_string());
        let deck = format!(
            "[environments.place]\ntier = \"{tier}\"\nstate = \"{state}\"\n\
             [environments.place.services.sales]\nrunbooks = [\"deploy\"]\nvars = {{ root = \"{root}\" }}\n\
             probes.live = {{ file = \"{root}/current\" }}\n"
        );
        std::fs::write(at("quarterdeck.toml"), deck).unwrap();
        let clock: crate::source::Clock = Arc::new(fixture::made_at);
        let around = Surroundings::with(clock, Sources::only(at("none")), None);
        Self { folder, around }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn ask(&self, inputs: &[(&str, &str)]) -> Ask {
        let loaded = crate::config::load(&self.path("quarterdeck.toml"));
        let deck = Arc::new(loaded.deck.unwrap_or_else(|| panic!("{:?}", loaded.faults)));
        let acting = deck.acting(&EnvironmentId::new("place").service("sales")).cloned();
        let acting = acting.unwrap_or_else(|| panic!("{:?}", loaded.faults));
        let runbook = acting.runbooks.first().cloned().unwrap_or_else(|| panic!("{:?}", acting.not_applying));
        let inputs = inputs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Ask { acting, deck, runbook, inputs, only: Vec::new(), resumes: None, past: Arc::default() }
    }

    async fn plan(&self, inputs: &[(&str, &str)]) -> Plan {
        plan(&self.ask(inputs), &self.around).await.unwrap()
    }

    async fn refused(&self, inputs: &[(&str, &str)]) -> String {
        plan(&self.ask(inputs), &self.around).await.unwrap_err().to_string()
    }
}

fn effects(plan: &Plan) -> Vec<(String, Option<StepEffect>)> {
    let effect = |s: &PlannedStep| (s.step.id.clone(), s.effects.get("local").cloned());
    plan.steps.iter().map(effect).collect()
}

fn step(id: &str, effect: StepEffect) -> (String, Option<StepEffect>) {
    (id.to_owned(), Some(effect))
}

fn listing(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_says_what_each_step_would_do_and_changes_nothing() {
    let bench = Bench::new(DEPLOY, "production");
    let plan = bench.plan(&[("version", "v2")]).await;
    assert_eq!(plan.blocked, [] as [Text; 0], "{plan:#?}");
    let wanted = [
        step("fetch", StepEffect::WouldChange),
        step("switch", StepEffect::WouldChange),
        ("tell".into(), None),
        step("look", StepEffect::Looks),
    ];
    assert_eq!(effects(&plan), wanted);
    assert_eq!(plan.steps[2].left_out.as_ref().unwrap().as_str(), "only when version matches ^v9; it is v2");
    let release = plan.release.as_ref().unwrap();
    assert_eq!((release.version.as_str(), release.current["local"].as_str()), ("v2", "v1"));
    assert_eq!(release.available, [] as [HostName; 0]);
    assert_eq!(plan.values["previous"], Value::Plain("v1".into()));
    assert_eq!((plan.level, plan.hosts.len()), (Level::Typed, 1));
    assert_eq!(plan.lock.as_ref().unwrap().keys, ["place/sales"]);
    assert_eq!(plan.not_undone, [Text::from("switch: says no way back")]);
    assert_eq!(listing(&bench.path("root")), ["current", "v1"], "opaque commands are never run");
    assert!(!bench.path("state").exists(), "nor is anything kept there");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_so_already_is_no_change_unless_an_earlier_step_decides() {
    let bench = Bench::new(DEPLOY, "development");
    let plan = bench.plan(&[("version", "v1")]).await;
    let so = [step("fetch", StepEffect::NoChange), step("switch", StepEffect::NoChange)];
    assert_eq!(effects(&plan)[..2], so);
    assert_eq!(plan.release.unwrap().available, ["local".into()] as [HostName; 1]);
    std::fs::write(bench.path("root/current"), "v3").unwrap();
    std::fs::create_dir(bench.path("root/v3")).unwrap();
    std::fs::remove_dir(bench.path("root/v3")).unwrap();
    let plan = bench.plan(&[("version", "v3")]).await;
    assert_eq!(effects(&plan)[..2], [step("fetch", StepEffect::WouldChange), step("switch", StepEffect::Depends)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_facts_give_the_same_digest_and_others_another() {
    let bench = Bench::new(DEPLOY, "staging");
    let first = bench.plan(&[("version", "v2")]).await;
    assert_eq!(bench.plan(&[("version", "v2")]).await.digest, first.digest);
    assert_ne!(bench.plan(&[("version", "v4")]).await.digest, first.digest);
    std::fs::create_dir(bench.path("root/v2")).unwrap();
    assert_ne!(bench.plan(&[("version", "v2")]).await.digest, first.digest, "a proof says something else");
    let resumed = Ask { resumes: RunId::parse("20261119-090000-00aa"), ..bench.ask(&[("version", "v2")]) };
    assert_eq!(plan(&resumed, &bench.around).await.unwrap().resumes, resumed.resumes);
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_stand_in_no_plan_and_one_that_is_missing_blocks_it() {
    let bench = Bench::new(DEPLOY, "staging");
    std::fs::write(bench.path("secret"), "s3cr3t-value\n").unwrap();
    let reference = format!("file:{}", bench.path("secret").display());
    let found = bench.plan(&[("version", "v2"), ("token", &reference)]).await;
    assert_eq!(found.values["token"], Value::Reference(reference));
    let typed = bench.plan(&[("version", "v2"), ("token", "typed-by-hand")]).await;
    assert_eq!(typed.values["token"], Value::Asked);
    let text = serde_json::to_string(&(&found, &typed)).unwrap();
    assert!(!text.contains("s3cr3t") && !text.contains("typed-by-hand"), "{text}");
    assert_eq!(bench.around.vault.values().len(), 2, "what was given is taken out of what comes back");
    let missing = bench.plan(&[("version", "v2"), ("token", "env:QD_NO_SUCH_VARIABLE")]).await;
    assert_eq!(
        missing.blocked[0].as_str(),
        "input token: secret env:QD_NO_SUCH_VARIABLE: the variable is not set where qd was started"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_is_an_error_and_not_a_plan() {
    let bench = Bench::new(DEPLOY, "staging");
    assert!(bench.refused(&[("version", "v2; reboot")]).await.starts_with("input `version` must match"));
    assert!(bench.refused(&[("verson", "v2")]).await.contains("did you mean `version`?"));
    let elsewhere = Ask { only: vec!["web1".into()], ..bench.ask(&[("version", "v2")]) };
    let error = plan(&elsewhere, &bench.around).await.unwrap_err().to_string();
    assert!(error.starts_with("place/sales does not run on `web1`"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn preconditions_that_do_not_hold_block_with_what_to_do() {
    let require = r#"require = [
    { command = 'test -e "$ROOT/ready"', message = "it is not ready" },
    { backup = "backup-postgres", within = "24h" },
    { health = "healthy" },
]
"#;
    let bench = Bench::new(&DEPLOY.replacen("kind =", &format!("{require}kind ="), 1), "staging");
    let plan = bench.plan(&[("version", "v2")]).await;
    let told: Vec<&str> = plan.blocked.iter().map(Text::as_str).collect();
    assert_eq!(
        told,
        [
            "it is not ready (on local)",
            "it asks for a good run of backup-postgres within 1d; there is none on record: run backup-postgres first"
        ]
    );
    std::fs::remove_file(bench.path("root/current")).unwrap();
    let plan = bench.plan(&[("version", "v2")]).await;
    assert!(plan.blocked.iter().any(|b| b.as_str().starts_with("the service is unhealthy, not healthy")), "{plan:?}");
    assert!(plan.warnings.iter().any(|w| w.as_str().starts_with("sales is unhealthy")), "{plan:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_to_choose_from_are_looked_up_and_a_value_must_be_among_them() {
    let choices = "[inputs.version]\nchoices_from = { command = 'ls \"$ROOT\"' }\n";
    let text = DEPLOY.replace("[inputs.version]\npattern = '^v\\d+$'\n", choices);
    let bench = Bench::new(&text, "staging");
    let found = super::choices(&bench.ask(&[]), &bench.around).await;
    assert_eq!(found["version"].as_ref().unwrap(), &["current", "v1"]);
    assert_eq!(bench.refused(&[("version", "vv1")]).await, "input `version` cannot be `vv1`; did you mean `v1`?");
    assert!(bench.plan(&[("version", "v1")]).await.blocked.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_a_release_keeps_are_named_by_the_service() {
    let with = |files: &str| DEPLOY.replace("[release]\n", &format!("[release]\nfiles = [{files}]\n"));
    let bench = Bench::new(&with(r#""{root}/{service}-{version}.json", "/etc/fixed""#), "staging");
    let made = bench.plan(&[("version", "v2")]).await;
    let files = made.release.unwrap().release.files;
    assert_eq!(files, [bench.path("root/sales-v2.json").display().to_string(), "/etc/fixed".to_owned()]);
    let bench = Bench::new(&with(r#""{token}/{roof}""#), "staging");
    let made = bench.plan(&[("version", "v2"), ("token", "typed-by-hand")]).await;
    assert_eq!(made.blocked[0].as_str(), "files of the release: `{token}` in `{token}/{roof}` is not known here");
}
