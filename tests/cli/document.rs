//! The document of `qd status --json` against the schema that `qd schema` prints, by a checker that knows as much of
//! JSON Schema as the schema uses. Knows nothing of what the document means.

use serde_json::Value;

use super::run::{deck, on, qd};
use super::support::server::Server;
use super::support::stage::Stage;
use super::yard::Yard;

/// What in a value is not as the schema says, with the way to it.
fn breaches(value: &Value, schema: &Value, root: &Value, way: &str) -> Vec<String> {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(name.trim_start_matches('#')).unwrap_or_else(|| panic!("{name} leads nowhere"));
        return breaches(value, target, root, way);
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(any) = schema.get(key).and_then(Value::as_array) {
            let fits = any.iter().any(|one| breaches(value, one, root, way).is_empty());
            return if fits { Vec::new() } else { vec![format!("{way}: {value} fits no form of {schema}")] };
        }
    }
    let mut found = Vec::new();
    if let Some(constant) = schema.get("const").filter(|c| *c != value) {
        found.push(format!("{way}: {value} is not {constant}"));
    }
    if let Some(all) = schema.get("enum").and_then(Value::as_array).filter(|all| !all.contains(value)) {
        found.push(format!("{way}: {value} is none of {all:?}"));
    }
    let types: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(some)) => some.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !types.is_empty() && !types.iter().any(|t| is(value, t)) {
        found.push(format!("{way}: {value} is not of type {types:?}"));
    }
    if let Some(object) = value.as_object() {
        let properties = schema.get("properties").and_then(Value::as_object);
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if !object.contains_key(name) {
                found.push(format!("{way}: `{name}` is missing"));
            }
        }
        for (name, part) in object {
            match properties.and_then(|p| p.get(name)) {
                Some(schema) => found.extend(breaches(part, schema, root, &format!("{way}.{name}"))),
                None if schema.get("additionalProperties").is_some_and(Value::is_object) => {
                    let schema = &schema["additionalProperties"];
                    found.extend(breaches(part, schema, root, &format!("{way}.{name}")));
                }
                None => found.push(format!("{way}: `{name}` is not in the schema")),
            }
        }
    }
    if let (Some(items), Some(schema)) = (value.as_array(), schema.get("items")) {
        for (at, item) in items.iter().enumerate() {
            found.extend(breaches(item, schema, root, &format!("{way}[{at}]")));
        }
    }
    found
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("the checker knows no type {other}"),
    }
}

#[test]
fn the_document_is_as_its_schema_says() {
    let server = Server::start();
    let paused = format!("paused = true, optional = true, {}", on(&server, "/ok"));
    let far = format!("probes.live = {{ http = \"{}\", via = \"far\" }}", server.url("/ok"));
    let services =
        [("well", on(&server, "/ok")), ("down", on(&server, "/down")), ("laid-up", paused), ("far-away", far)];
    let stage = Stage::new(&deck(&services));
    let schema: Value = serde_json::from_str(&qd(&stage, &["schema"]).out).unwrap();
    let ended = qd(&stage, &["status", "--json"]);
    let document: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(breaches(&document, &schema, &schema, "document"), Vec::<String>::new());
    assert_eq!((ended.code, &document["schema"]), (1, &Value::from(1)));
    let harbour = &document["environments"][0];
    assert_eq!((&harbour["tier"], &harbour["health"]), (&"development".into(), &"unhealthy".into()));
    assert_eq!(harbour["hosts"][0]["name"], "far");
    let healths: Vec<&str> = (0..4).map(|at| harbour["services"][at]["health"].as_str().unwrap()).collect();
    assert_eq!(healths, ["healthy", "unhealthy", "paused", "unknown"]);
    let probe = &harbour["services"][0]["probes"][0];
    assert!(probe["latency_ms"].as_f64().unwrap() > 0.0 && probe["outcome"] == "pass", "{probe}");
    let at = probe["at"].as_str().unwrap();
    assert!(at.ends_with('Z') && at.parse::<jiff::Timestamp>().is_ok(), "{at}");
}

#[test]
fn the_checker_finds_what_is_missing_and_what_is_of_the_wrong_kind() {
    let server = Server::start();
    let stage = Stage::new(&deck(&[("well", on(&server, "/ok"))]));
    let schema: Value = serde_json::from_str(&qd(&stage, &["schema"]).out).unwrap();
    let document: Value = serde_json::from_str(&qd(&stage, &["status", "--json"]).out).unwrap();
    let mut spoilt = document.clone();
    spoilt["environments"][0]["services"][0]["health"] = "splendid".into();
    spoilt["environments"][0].as_object_mut().unwrap().remove("tier");
    spoilt["schema"] = "1".into();
    let found = breaches(&spoilt, &schema, &schema, "document");
    assert_eq!(found.len(), 3, "{found:#?}");
}

#[test]
fn documents_of_acting_are_as_their_schemas_say() {
    let yard = Yard::new();
    let run = yard.killed();
    let documents: [(&str, &[&str]); 4] = [
        ("plan", &["plan", "lift", "crane", "--json"]),
        ("runs", &["runs", "--json"]),
        ("run", &["runs", "show", &run, "--json"]),
        ("locks", &["locks", "--json"]),
    ];
    for (name, arguments) in documents {
        let schema: Value = serde_json::from_str(&yard.good(&["schema", name]).out).unwrap();
        let document: Value = serde_json::from_str(&yard.good(arguments).out).unwrap();
        assert_eq!(breaches(&document, &schema, &schema, name), Vec::<String>::new());
        assert_eq!(document["schema"], 1);
    }
    let locks: Value = serde_json::from_str(&yard.good(&["locks", "--json"]).out).unwrap();
    assert_eq!((&locks["held"][0]["run"], &locks["dirty"][0]["run"]), (&run.as_str().into(), &run.as_str().into()));
    let shown: Value = serde_json::from_str(&yard.good(&["runs", "show", &run, "--json"]).out).unwrap();
    let states: Vec<&str> = (0..3).map(|at| shown["tasks"][at]["state"].as_str().unwrap()).collect();
    assert_eq!((shown["status"].as_str(), states), (Some("interrupted"), vec!["ended", "running", "pending"]));
}
