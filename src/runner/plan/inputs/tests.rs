//! What an operator may give, and the words for what is wrong with it.

use super::*;

fn input(name: &str, change: impl FnOnce(&mut Input)) -> Input {
    let mut input = Input {
        name: name.into(),
        kind: InputKind::String,
        default: None,
        required: true,
        pattern: None,
        choices: None,
        help: Text::default(),
        secret: false,
    };
    change(&mut input);
    input
}

fn runbook(inputs: Vec<Input>) -> Runbook {
    Runbook { inputs, ..crate::runner::plan::fixture::runbook() }
}

fn settled(input: Input, value: Option<&str>) -> Result<Settled, String> {
    let given = value.map(|v| (input.name.clone(), v.to_owned())).into_iter().collect();
    let known = [("port".to_owned(), "8080".to_owned())].into();
    settle(&runbook(vec![input]), &given, &known).map_err(|e| e.to_string())
}

#[test]
fn every_type_takes_its_own_values_and_says_what_it_wants() {
    for (kind, good, bad, words) in [
        (InputKind::Integer, "-12", "12a", "must be a whole number"),
        (InputKind::Boolean, "false", "no", "must be true or false"),
        (InputKind::Duration, "1m30s", "soon", "must be a duration such as 90s or 5m"),
        (InputKind::Path, "/proc", "/none/such", "must be a file or folder of this machine that is there"),
        (InputKind::String, "any; $(thing)", "a\nb", "must be one line without control characters"),
        (InputKind::String, "{port}", "a\0b", "must be one line without control characters"),
    ] {
        let of = || input("value", |i| i.kind = kind);
        assert_eq!(settled(of(), Some(good)).unwrap().values["value"], Value::Plain(good.into()));
        let error = settled(of(), Some(bad)).unwrap_err();
        assert!(error.starts_with(&format!("input `value` {words}, not `")), "{error}");
    }
}

#[test]
fn a_pattern_must_match_the_whole_value() {
    let of = || input("version", |i| i.pattern = Some("v[0-9]+|latest".into()));
    assert!(settled(of(), Some("v12")).is_ok() && settled(of(), Some("latest")).is_ok());
    for bad in ["v1; reboot", "xlatest", "latest2", "v1 "] {
        assert!(settled(of(), Some(bad)).is_err(), "{bad}");
    }
}

#[test]
fn an_unknown_name_is_told_with_the_nearest_and_a_missing_one_with_its_help() {
    let version = || input("version", |i| i.help = "as tagged".into());
    let given = [("verison".to_owned(), "v1".to_owned())].into();
    let error = settle(&runbook(vec![version()]), &given, &BTreeMap::new()).unwrap_err();
    assert_eq!(error.as_str(), "runbook deploy has no input `verison`; did you mean `version`?");
    assert_eq!(settled(version(), None).unwrap_err(), "input `version` is not given (as tagged)");
    assert_eq!(settled(version(), Some("")).unwrap_err(), "input `version` is not given (as tagged)");
    assert!(settled(input("note", |i| i.required = false), None).unwrap().values.is_empty());
}

#[test]
fn a_default_holds_names_of_the_service_and_a_given_value_does_not() {
    let port = || input("address", |i| i.default = Some("127.0.0.1:{port}".into()));
    assert_eq!(settled(port(), None).unwrap().given[0].shown.as_str(), "127.0.0.1:8080");
    assert_eq!(settled(port(), Some("{port}")).unwrap().given[0].shown.as_str(), "{port}");
}

#[test]
fn a_value_is_among_the_choices_or_the_nearest_is_told() {
    let of = || input("colour", |i| i.choices = Some(Choices::Listed(vec!["blue".into(), "green".into()])));
    assert!(settled(of(), Some("green")).is_ok());
    assert_eq!(settled(of(), Some("gren")).unwrap_err(), "input `colour` cannot be `gren`; did you mean `green`?");
    let asked = input("version", |i| i.choices = Some(Choices::Releases));
    assert_eq!(settled(asked, Some("v1")).unwrap().open.len(), 1);
}

#[test]
fn a_secret_is_kept_by_reference_or_not_at_all() {
    let of = || input("password", |i| i.secret = true);
    let by_reference = settled(of(), Some("env:DB_PASSWORD")).unwrap();
    assert_eq!(by_reference.values["password"], Value::Reference("env:DB_PASSWORD".into()));
    assert_eq!(by_reference.given[0].shown.as_str(), MASK);
    let typed = settled(of(), Some("hunter2 with\nlines")).unwrap();
    assert_eq!(typed.values["password"], Value::Asked);
    assert!(!serde_json::to_string(&(&typed.given, &typed.values)).unwrap().contains("hunter2"));
    assert_eq!(typed.typed.len(), 1);
}
