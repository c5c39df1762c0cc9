//! `qd runbooks`: what there is, what applies where, and the steps of one.

use serde_json::Value;

use super::run::qd;
use super::support::stage::Stage;

const DECK: &str = "[environments.qa]\ntier = \"staging\"\n\
    services.sales = { unit = \"shop-sales\", runbooks = [\"restart-unit\", \"deploy-release\"], probes.up = { tcp = \"127.0.0.1:1\" } }\n\
    services.till = { runbooks = [\"collect-diagnostics\"], probes.up = { tcp = \"127.0.0.1:1\" } }\n";

#[test]
fn the_list_says_what_there_is_and_why_something_does_not_apply() {
    let ended = qd(&Stage::new(DECK), &["runbooks"]);
    assert_eq!((ended.code, ended.told.as_str()), (0, ""));
    let line = |name: &str| ended.out.lines().find(|l| l.starts_with(name)).unwrap_or_else(|| panic!("{}", ended.out));
    assert!(line("restart-unit").contains("1 service"), "{}", ended.out);
    assert!(line("backup-postgres").ends_with("Back a PostgreSQL database up"), "{}", ended.out);
    let why =
        "deploy-release does not apply to qa/sales: needs `releases`, `current`, which the service does not set\n";
    assert!(ended.out.ends_with(why), "{}", ended.out);
}

#[test]
fn one_service_is_asked_for_and_one_that_is_not_there_is_told() {
    let stage = Stage::new(DECK);
    let ended = qd(&stage, &["runbooks", "--service", "qa/till"]);
    assert_eq!(ended.code, 0);
    assert_eq!(
        ended.out.lines().skip(1).map(|l| l.split(' ').next().unwrap()).collect::<Vec<_>>(),
        ["collect-diagnostics"]
    );
    let ended = qd(&stage, &["runbooks", "--service", "qa/tlil"]);
    assert_eq!((ended.code, ended.told.as_str()), (2, "qd: there is no service `qa/tlil`; did you mean `qa/till`?\n"));
    let ended = qd(&stage, &["runbooks", "restart-unti"]);
    assert_eq!(
        (ended.code, ended.told.as_str()),
        (2, "qd: there is no runbook `restart-unti`; did you mean `restart-unit`?\n")
    );
}

#[test]
fn a_name_prints_the_steps_without_a_deck_too() {
    for stage in [Stage::new(DECK), Stage::empty()] {
        let ended = qd(&stage, &["runbooks", "restart-unit"]);
        assert_eq!(ended.code, 0, "{}", ended.told);
        for words in
            ["shipped with qd", "needs of the service\n  unit\n", "\n  restart ", "changes", "only looks", "2m"]
        {
            assert!(ended.out.contains(words), "{words}: {}", ended.out);
        }
    }
}

#[test]
fn the_document_says_the_same_and_has_a_schema() {
    let stage = Stage::new(DECK);
    let document: Value = serde_json::from_str(&qd(&stage, &["runbooks", "deploy-release", "--json"]).out).unwrap();
    assert_eq!((document["schema"].as_u64(), document["runbooks"].as_array().map(Vec::len)), (Some(1), Some(1)));
    let deploy = &document["runbooks"][0];
    assert_eq!(
        (&deploy["kind"], &deploy["file"], &deploy["inputs"][0]["name"]),
        (&"deploy".into(), &Value::Null, &"version".into())
    );
    assert_eq!(deploy["services"][0]["service"], "qa/sales");
    assert!(deploy["services"][0]["why_not"].as_str().unwrap().contains("`releases`"), "{deploy}");
    let schema: Value = serde_json::from_str(&qd(&stage, &["schema", "runbooks"]).out).unwrap();
    for key in ["schema", "runbooks"] {
        assert!(schema["properties"].get(key).is_some(), "{schema}");
    }
}
