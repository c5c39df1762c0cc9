//! The command check on real programs and on recorded ends.

use proptest::prelude::*;

use super::super::fixture::{check, context, faults};
use super::*;

async fn run(deck: &str) -> Observation {
    check(deck).check(&context(Duration::from_secs(5))).await
}

fn why(seen: &Observation) -> &str {
    seen.reason.as_ref().map_or("", Text::as_str)
}

#[test]
fn a_plain_string_is_a_fault_that_asks_for_a_list() {
    let found = faults(r#"command = "systemctl is-active nginx""#);
    assert!(found[0].message.contains("must be a list"), "{found:?}");
    assert!(found[0].help.as_deref().unwrap().starts_with("write a list; no shell reads it"));
    assert!(faults("command = []")[0].message.contains("names no program"));
    assert!(faults("command = [\"true\"]\nexit = 300")[0].help.is_some());
    assert!(faults("command = [\"true\"]\nexit = 1\nnagios = true")[0].message.contains("cannot stand together"));
}

#[tokio::test]
async fn exit_code_zero_passes_and_another_fails_with_the_last_words_of_the_program() {
    assert_eq!(run(r#"command = ["true"]"#).await.outcome, Outcome::Pass);
    let seen = run(r#"command = ["sh", "-c", "echo working; echo 'no space left' >&2; echo >&2; exit 3"]"#).await;
    assert_eq!((seen.outcome, why(&seen)), (Outcome::Fail, "`sh` exited with 3: no space left"));
    let seen = run("command = [\"sh\", \"-c\", \"exit 2\"]\nexit = [0, 2]").await;
    assert_eq!(seen.outcome, Outcome::Pass);
}

#[tokio::test]
async fn output_that_does_not_match_fails_and_is_quoted() {
    let seen = run("command = [\"echo\", \"status: starting\"]\noutput = 'status: (ready|idle)'").await;
    assert_eq!(seen.outcome, Outcome::Fail);
    assert!(why(&seen).ends_with("does not match `status: (ready|idle)`; its last line is \"status: starting\""));
    assert_eq!(run("command = [\"echo\", \"ready\"]\noutput = 'ready'").await.outcome, Outcome::Pass);
}

#[tokio::test]
async fn the_end_of_the_output_is_the_end_of_its_last_line() {
    for (program, pattern, outcome) in [
        ("[\"echo\", \"ready\"]", "^ready$", Outcome::Pass),
        ("[\"echo\", \"ready\"]", r"^ready\n$", Outcome::Pass),
        ("[\"printf\", \"ready\"]", "^ready$", Outcome::Pass),
        ("[\"echo\", \"ready soon\"]", "^ready$", Outcome::Fail),
        ("[\"printf\", \"ready\\\\nbusy\\\\n\"]", "^ready$", Outcome::Fail),
    ] {
        let seen = run(&format!("command = {program}\noutput = '{pattern}'")).await;
        assert_eq!(seen.outcome, outcome, "{program} {pattern}: {seen:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_run_is_unknown_and_what_does_not_end_fails() {
    let seen = run(r#"command = ["no-such-program"]"#).await;
    assert_eq!((seen.outcome, why(&seen)), (Outcome::Unknown, "no program `no-such-program` on this machine"));
    let seen = check(r#"command = ["sleep", "9"]"#).check(&context(Duration::from_millis(300))).await;
    assert_eq!((seen.outcome, why(&seen)), (Outcome::Fail, "`sleep` did not end within 300ms and was stopped"));
    let seen = run(r#"command = ["sh", "-c", "kill -11 $$"]"#).await;
    assert_eq!((seen.outcome, why(&seen)), (Outcome::Fail, "`sh` was ended by signal 11 (SEGV)"));
}

#[tokio::test]
async fn variables_and_folder_reach_the_program() {
    let deck = "command = [\"sh\", \"-c\", \"echo $COLOUR in $PWD\"]\noutput = '^green in /usr\\n$'\nfolder = \"/usr\"\n[env]\nCOLOUR = \"green\"";
    let seen = run(deck).await;
    assert_eq!(seen.outcome, Outcome::Pass, "{seen:?}");
}

#[tokio::test]
async fn a_plugin_decides_by_its_own_code_and_its_values_become_facts() {
    let plugin = "command = [\"sh\", \"-c\", \"echo 'DISK WARNING - 81% used | used=81%;80;90 free=19%'; exit 1\"]\nnagios = true";
    let seen = run(plugin).await;
    assert_eq!((seen.outcome, why(&seen)), (Outcome::Degraded, "DISK WARNING - 81% used"));
    assert_eq!(seen.facts.len(), 2);
    for (code, outcome) in [(0, Outcome::Pass), (2, Outcome::Fail), (3, Outcome::Unknown), (127, Outcome::Unknown)] {
        let seen = run(&format!("command = [\"sh\", \"-c\", \"exit {code}\"]\nnagios = true")).await;
        assert_eq!(seen.outcome, outcome, "{code}");
    }
}

proptest! {
    #[test]
    fn no_output_makes_the_judge_panic(bytes in any::<Vec<u8>>(), code in 0..4, nagios in any::<bool>()) {
        let output = Output {
            exit: Exit::Code(code), stdout: bytes.clone(), stderr: bytes, truncated: false, took: Duration::ZERO,
        };
        let rule = if nagios { Rule::Nagios } else { Rule::Exit { accepted: vec![0], output: Regex::new("x").ok() } };
        let seen = judge("program", &rule, &output);
        prop_assert!(seen.facts.len() <= MOST_FACTS);
    }
}
