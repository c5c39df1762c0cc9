//! What a runbook becomes when it is read, and that nothing in one can end the console. The words of single faults are in
//! `tests/faults/runbook`.

use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::model::runbook::{Accent, Action, Checked, Choices, On, Part, Shape, Step};
use crate::model::{Level, RunbookKind};

const DEPLOY: &str = r#"+++
kind = "deploy"
needs = ["releases"]
defaults = { keep = 5 }
level = 2
estimate = "4m"
[inputs.version]
pattern = '^v\d+$'
help = "Release tag"
[inputs.old]
choices_from = "releases"
required = false
[release]
version = "version"
+++
# Deploy a release

Brings **it** out.

## Before
- [ ] Team told
- [x] Window *open*

## Switch

```toml {step}
verify = 'test -e "$OLD"'
env = { A = "{version}" }
```

```sh {on=once timeout=2m sudo each=serial when="version matches ^v2"}
sudo ln -sfn "$RELEASES/$VERSION" x
```

```sh {id=second on="db1" danger}
echo "$KEEP"
```

## Prove it
```wait {timeout=60s}
health = healthy for 10s
probe.ready = "pass"
unit."nginx.service" = active for 1m30s
```
"#;

fn read_text(text: &str) -> Read {
    read(Path::new("runbooks/deploy.md"), text, &|name| match name {
        "again" => Some("# Again\n```include\nagain\n```\n".into()),
        "extra" => Some("+++\n[inputs.extra]\n+++\n# Extra\n## Switch\n```sh {}\necho \"$EXTRA\"\n```\n".into()),
        _ => None,
    })
}

fn sound(text: &str) -> Runbook {
    let read = read_text(text);
    let told: Vec<String> = read.faults.iter().map(ToString::to_string).collect();
    read.runbook.unwrap_or_else(|| panic!("{}", told.join("\n")))
}

fn steps(runbook: &Runbook) -> Vec<&Step> {
    runbook.steps().collect()
}

fn errors(text: &str) -> Vec<String> {
    let faults = read_text(text).faults.into_iter().filter(|f| f.severity == Severity::Error);
    faults.map(|f| format!("{}:{} {}", f.line, f.column, f.message)).collect()
}

#[test]
fn a_runbook_is_read_with_its_front_matter_its_prose_and_its_steps() {
    let runbook = sound(DEPLOY);
    assert_eq!(
        (&*runbook.name, runbook.title.as_str(), runbook.doc.as_str()),
        ("deploy", "Deploy a release", "Brings it out.")
    );
    assert_eq!(
        (runbook.kind, runbook.level, runbook.estimate),
        (RunbookKind::Deploy, Some(Level::Typed), Some(Duration::from_mins(4)))
    );
    assert_eq!(runbook.defaults["keep"], "5");
    assert!(runbook.inputs[0].required && !runbook.inputs[1].required);
    assert_eq!(runbook.inputs[1].choices, Some(Choices::Releases));
    let ids: Vec<(&str, usize)> = runbook.steps().map(|s| (s.id.as_str(), s.line)).collect();
    assert_eq!(ids, [("before", 21), ("switch", 31), ("second", 35), ("prove-it", 40)]);
    let Part::Prose(doc) = &runbook.parts[1] else { panic!("{:?}", runbook.parts) };
    let spans: Vec<(&str, Accent)> = doc.spans.iter().map(|s| (s.text.as_str(), s.accent)).collect();
    assert_eq!(spans, [("Brings", Accent::Plain), (" it", Accent::Strong), (" out.", Accent::Plain)]);
    assert_eq!(runbook.hash.len(), 64);
}

#[test]
fn attributes_and_settings_of_a_step_come_together() {
    let runbook = sound(DEPLOY);
    let steps = steps(&runbook);
    assert_eq!(steps[0].action, Action::Manual { items: vec!["Team told".into(), "Window open".into()] });
    let switch = steps[1];
    assert_eq!(
        (&switch.on, switch.timeout, switch.at_once, switch.sudo),
        (&On::Once, Duration::from_mins(2), Some(1), true)
    );
    assert_eq!(switch.verify.as_deref(), Some("test -e \"$OLD\""));
    let Action::Shell { script, env, .. } = &switch.action else { panic!("{switch:?}") };
    assert_eq!((script.as_str(), env["A"].as_str()), ("sudo ln -sfn \"$RELEASES/$VERSION\" x\n", "{version}"));
    assert_eq!((&steps[2].on, steps[2].danger), (&On::Named("db1".into()), true));
    let Action::Wait(wait) = &steps[3].action else { panic!("{:?}", steps[3]) };
    let until: Vec<_> = wait.until.iter().map(|u| (&u.what, u.is.as_str(), u.hold.as_secs())).collect();
    let (probe, unit) = (Checked::Probe("ready".into()), Checked::Unit("nginx.service".into()));
    assert_eq!(until, [(&Checked::Health(None), "healthy", 10), (&probe, "pass", 0), (&unit, "active", 90)]);
}

#[test]
fn what_is_included_brings_its_inputs_along_and_its_ids_do_not_clash() {
    let runbook = sound("# A\n## Switch\n```sh {}\ntrue\n```\n```include\nextra\n```\n```include\nextra\n```\n");
    let ids: Vec<&str> = runbook.steps().map(|s| s.id.as_str()).collect();
    assert_eq!(ids, ["switch", "extra-switch", "extra-switch-2"]);
    assert_eq!(runbook.inputs[0].name, "extra");
    let alone = sound("# A\n## Switch\n```sh {}\ntrue\n```\n");
    assert_ne!(runbook.hash, alone.hash);
    assert_eq!(
        errors("# A\n```include\nagain\n```\n"),
        ["2:1 runbooks include each other in a circle: deploy → again → again"]
    );
}

#[test]
fn faults_name_the_line_of_the_markdown() {
    let text =
        DEPLOY.replace("estimate = \"4m\"", "estimate = \"4\"").replace("danger}", "dagner}").replace("needs", "neds");
    assert_eq!(
        errors(&text),
        [
            "3:1 a runbook has no key `neds`",
            "6:12 `estimate` must be a duration, not the text \"4\"",
            "35:27 step `sh` has no key `dagner`"
        ]
    );
    assert_eq!(errors(&DEPLOY.replace('\n', "\r\n")), [""; 0]);
}

#[test]
fn what_can_never_run_is_told() {
    for (text, told) in [
        ("# A\n", "1:1 the runbook has no step"),
        ("+++\nkind = \"deploy\"\n", "1:1 the front matter is never closed"),
        ("# A\n```sh {}\ntrue\n", "2:1 the block is never closed"),
        ("# A\n```sh {on=host\ntrue\n```\n", "2:15 the braces of the step are never closed"),
        (
            "# A\n```sh {id=a}\ntrue\n```\n```sh {id=a}\ntrue\n```\n",
            "5:11 two steps are called `a`; the first is on line 2",
        ),
        ("# A\n> ```sh {}\n> true\n> ```\n", "2:3 a step cannot stand in a quotation"),
        ("# A\n```toml {step}\nundo = \"x\"\n```\n", "2:1 these settings belong to no step"),
        ("# A\n```sh {timeout=1m timeout=2m}\ntrue\n```\n", "2:19 the attribute `timeout` stands twice"),
        ("# A\n```wait {}\nhealth = healthy for ever\n```\n", "3:10 `health` does not say for how long"),
    ] {
        let errors = errors(text);
        assert!(errors.contains(&told.to_owned()), "{text}\n{errors:#?}");
    }
    let long = read_text(&"x".repeat(MOST_BYTES + 1));
    assert!(long.runbook.is_none() && long.faults[0].message.contains("at most 256 KiB"), "{:?}", long.faults);
}

#[test]
fn blocks_without_braces_and_rows_of_tables_are_prose() {
    let runbook = sound(
        "# A\n```sh\nrm -rf /\n```\n\n| a | b |\n| - | - |\n| 1 | `2` |\n\n- one\n  - two\n\n1. first\n\n> said\n\n```sh {}\ntrue\n```\n",
    );
    let shapes: Vec<(Shape, String)> = runbook
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Prose(prose) => Some((prose.shape, prose.spans.iter().map(|s| s.text.as_str()).collect())),
            Part::Step(_) => None,
        })
        .collect();
    let expected = [
        (Shape::Heading(1), "A"),
        (Shape::Code, "rm -rf /"),
        (Shape::Row, "a │ b"),
        (Shape::Row, "1 │ 2"),
        (Shape::Item(0), "one"),
        (Shape::Item(1), "two"),
        (Shape::Item(0), "1. first"),
        (Shape::Quote, "said"),
    ];
    assert_eq!(shapes, expected.map(|(shape, text)| (shape, text.to_owned())));
}

proptest! {
    #[test]
    fn no_text_ends_the_console(text in "\\PC{0,200}") {
        read_text(&text);
    }

    #[test]
    fn no_mix_of_what_runbooks_are_made_of_does_either(parts in prop::collection::vec(prop::sample::select(&[
        "+++\n", "\n", "# A\n", "```", "```sh {", "}", "=", "\"", "on=", "toml {step}", "```\n", "> ", "- [ ] ", "| a |", "{x}",
        "health = ", " for ", "include", "kind = \"deploy\"\n", "[inputs.a]\n", "é", "\u{feff}", "\r\n", "    ", "wait {}\n", "\0", "~~~",
    ][..]), 0..60)) {
        read_text(&parts.concat());
    }

    #[test]
    fn a_runbook_cut_anywhere_is_told_and_nothing_panics(cut in 0..DEPLOY.len()) {
        if let Some(text) = DEPLOY.get(..cut) {
            read_text(text);
        }
    }
}
