//! Secrets that a step prints: whole, in pieces, in other forms. The value stands nowhere: not on the terminal, not in the
//! journal, the output or the audit log, and when the run is over not on the host either.

use std::path::Path;

use crate::home::Home;
use crate::site::{ENVIRONMENT, STATE, Site, shell};

const VALUE: &str = "hush-4713/Zq+w=ärm";

const LEAK: &str = "# Leak\n\n## Leak\n\n```sh {timeout=30s}\n\
    echo \"whole: $TOKEN\"\nenv | grep TOKEN\n\
    begin=$(printf %s \"$TOKEN\" | cut -c 1-8)\nprintf 'in pieces: %s' \"$begin\"\nsleep 0.3\n\
    printf '%s\\n' \"${TOKEN#\"$begin\"}\"\n\
    printf %s \"$TOKEN\" | base64\necho \"to stderr: $TOKEN\" >&2\nprintf 'no newline: %s' \"$TOKEN\"\n```\n\n\
    ## Fail\n\n```sh {timeout=30s}\necho \"cannot log in with $TOKEN\" >&2\nexit 1\n```\n";

#[test]
fn the_value_of_a_secret_stands_nowhere() {
    let Some(site) = Site::new(1) else { return };
    let inputs = "+++\n[inputs.token]\nsecret = true\nhelp = \"A token\"\n+++\n";
    site.runbook("leak", &format!("{inputs}{LEAK}"));
    site.write_deck("staging", "", "s = { hosts = [\"a\"], runbooks = [\"leak\"] }");
    let target = format!("{ENVIRONMENT}/s");
    let base64 = shell(Path::new("/"), &format!("printf %s '{VALUE}' | base64"));
    for json in [false, true] {
        let home = Home::new(&site, "ann");
        let what = ["leak", &target, "-i", "token=env:LEAKED"];
        let call = |words: &[&str]| {
            let mut command = home.command(words);
            command.env("LEAKED", VALUE);
            crate::home::Going::start(command).ends()
        };
        let planned = call(&[&["plan", "--json"], &what[..]].concat()).with(0);
        let plan: serde_json::Value = serde_json::from_str(&planned.out).unwrap();
        let agreement = format!("{ENVIRONMENT}:{}", &plan["digest"].as_str().unwrap()[..8]);
        let more: &[&str] = if json { &["--json"] } else { &[] };
        let ended = call(&[&["run"], &what[..], &["--confirm", &agreement], more].concat()).with(1);
        let run = home.runs().remove(0);
        let kept = home.printed(&run, "leak", "a");
        for text in [&planned.out, &ended.out, &ended.told, &kept] {
            assert!(!text.contains(VALUE) && !text.contains(base64.trim()), "{text}");
            assert!(!text.contains("4713/Zq"), "not a part of it either: {text}");
        }
        assert_eq!(kept.matches("•••").count(), 6, "{kept}");
        assert!(ended.out.contains("in pieces: •••"), "{}", ended.out);
        for secret in [VALUE, base64.trim(), "4713/Zq"] {
            let found = format!("grep -rlF -e '{secret}' . || true");
            assert_eq!(shell(&home.state(), &found), "", "on this machine");
            let found = site.hosts[0].must(&format!("grep -rlF -e '{secret}' {STATE} /tmp /var/log || true"));
            assert_eq!(found, "", "on the host");
        }
    }
}
