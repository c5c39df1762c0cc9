//! Commands that only print, and the command line itself: help, mistakes, completions, the manual page.

use super::run::qd;
use super::support::stage::Stage;

#[test]
fn what_only_prints_prints_what_it_says_and_ends_well() {
    let stage = Stage::empty();
    for (arguments, words) in [
        (&["keys"][..], &["quit", "ctrl-c", "vim", "emacs"][..]),
        (&["keys", "--keymap", "vim"], &["quit", "default"]),
        (&["themes"], &["ansi", "mono", "healthy"]),
        (&["schema"], &["\"$schema\"", "environments", "latency_ms"]),
        (&["completions", "bash"], &["_qd()", "complete", "--watch"]),
        (&["completions", "zsh"], &["#compdef qd", "--watch"]),
        (&["completions", "fish"], &["complete -c qd", "watch"]),
        (&["man"], &[".TH qd 1", "status"]),
        (&["--version"], &[env!("CARGO_PKG_VERSION")]),
    ] {
        let ended = qd(&stage, arguments);
        assert_eq!((ended.code, &*ended.told), (0, ""), "{arguments:?}");
        for word in words {
            assert!(ended.out.contains(word), "no `{word}` in {arguments:?}:\n{}", ended.out);
        }
    }
}

#[test]
fn every_subcommand_has_help() {
    let stage = Stage::empty();
    let all = qd(&stage, &["--help"]);
    assert!(all.code == 0 && all.out.contains("Exit codes") && !all.out.contains("demo-service"), "{all:?}");
    for name in ["demo", "status", "check", "init", "keys", "themes", "schema", "completions", "man"] {
        assert!(all.out.contains(name), "{name} is not in the help");
        for arguments in [[name, "--help"], ["help", name]] {
            let ended = qd(&stage, &arguments);
            assert_eq!((ended.code, &*ended.told), (0, ""), "{name}");
            assert!(ended.out.contains(&format!("Usage: qd {name}")), "{ended:?}");
        }
    }
}

#[test]
fn a_mistake_on_the_command_line_ends_with_two_and_a_hint() {
    let stage = Stage::empty();
    for (arguments, hint) in [
        (&["staus"][..], "status"),
        (&["status", "--jsn"], "--json"),
        (&["completions", "bsh"], "bash"),
        (&["keys", "--keymap", "vmi"], "vim"),
        (&["themes", "--theme", "drak"], "dark"),
        (&["completions"], "SHELL"),
        (&["status", "--env"], "--env"),
    ] {
        let ended = qd(&stage, arguments);
        assert_eq!(ended.code, 2, "{arguments:?}: {ended:?}");
        assert!(ended.told.contains(hint) && ended.out.is_empty(), "{arguments:?}: {ended:?}");
    }
}

#[test]
fn check_tells_every_fault_and_ends_with_two() {
    let stage = Stage::new(
        "[environments.harbour]\ntier = \"prodction\"\n[environments.harbour.services.boat]\n\
         probes.live = { http = \"http://127.0.0.1:1\", evry = \"1s\" }\n",
    );
    let ended = qd(&stage, &["check"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    for words in ["quarterdeck.toml:2", "production", "quarterdeck.toml:4", "every"] {
        assert!(ended.out.contains(words), "no `{words}` in {ended:?}");
    }
    stage.write_deck(
        "[environments.harbour]\ntier = \"staging\"\nservices.boat.probes.live = { tcp = \"127.0.0.1:1\" }\n",
    );
    let ended = qd(&stage, &["check", "--probes"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.out.contains("no faults") && ended.out.contains("127.0.0.1:1"), "{ended:?}");
}
