//! Login shells of all kinds on a booted host: noisy ones, odd ones, ones that run nothing. And what a round of probes
//! costs the host.

use std::sync::{Arc, PoisonError, RwLock, Weak};

use futures::future::join_all;
use quarterdeck::transport::{Argv, Transport};

use crate::desk::{Desk, LIMITS, SECOND, becomes, live, refusal, said, within};
use crate::lab::{Host, Lab};

/// A booted host, shared by the tests that run at the same time; each has users of its own. It goes with the last.
struct Shared {
    lab: Lab,
    host: Host,
}

fn host() -> Option<Arc<Shared>> {
    static HOST: RwLock<Weak<Shared>> = RwLock::new(Weak::new());
    let mut known = HOST.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(shared) = known.upgrade() {
        return Some(shared);
    }
    let lab = Lab::new()?;
    let host = lab.host("web1");
    let shared = Arc::new(Shared { lab, host });
    *known = Arc::downgrade(&shared);
    Some(shared)
}

/// A user with a login shell.
fn user(shared: &Shared, name: &str, shell: &str) -> Desk {
    shared.host.must(&format!(
        "useradd --create-home --shell {shell} {name} && install -d -o {name} -g {name} -m 700 /home/{name}/.ssh && \
         install -o {name} -g {name} -m 600 /home/plain/.ssh/authorized_keys /home/{name}/.ssh/authorized_keys"
    ));
    desk(shared, name)
}

fn desk(shared: &Shared, name: &str) -> Desk {
    let host = &shared.host;
    let known = shared.lab.folder().join("known");
    std::fs::write(&known, host.known_hosts()).unwrap();
    Desk::of(&format!(
        "Host web1\n  HostName {}\n  User {name}\n  IdentityFile {}\n  UserKnownHostsFile {}\n",
        host.address(),
        host.key_path().display(),
        known.display()
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_that_greets_and_complains_is_not_taken_for_the_answer() {
    let Some(shared) = host() else { return };
    let host = &shared.host;
    let desk = user(&shared, "noisy", "/bin/bash");
    host.put("/home/noisy/.bashrc", "echo Welcome to web1!\necho cannot set locale >&2\nalias true=false\n", 0o644);
    let remote = desk.host("web1");
    live(&remote).await;
    let output = remote.read(&Argv::new("sh", ["-c", "echo on; echo off >&2"]), LIMITS).await.unwrap();
    assert_eq!((output.stdout.as_slice(), output.stderr.as_slice()), (b"on\n".as_slice(), b"off\n".as_slice()));
    // What only an administrator has in the path is found.
    assert!(said(&remote, "command -v ip").await.ends_with("/ip"));
}

#[tokio::test(flavor = "multi_thread")]
async fn shells_that_are_no_posix_shells_do() {
    let Some(shared) = host() else { return };
    let host = &shared.host;
    // Neither fish nor csh is there; what they share is that they read one line of plain words by rules of their own.
    let odd = "#!/usr/bin/python3\nimport os, sys\nassert sys.argv[1] == '-c'\nwords = sys.argv[2].split()\n\
               assert words[0] == 'exec' and not set(sys.argv[2]) & set('$`(){};&|<>*?!~^')\nos.execvp(words[1], words[1:])\n";
    host.put("/usr/local/bin/odd", odd, 0o755);
    let desk = user(&shared, "odd", "/usr/local/bin/odd");
    let remote = desk.host("web1");
    live(&remote).await;
    assert_eq!(said(&remote, "echo it is $((6 * 7))").await, "it is 42");
}

#[tokio::test(flavor = "multi_thread")]
async fn shells_that_run_nothing_are_told() {
    let Some(shared) = host() else { return };
    for (name, shell, words) in [
        ("nobody1", "/usr/sbin/nologin", "it answers \"This account is currently not available.\""),
        ("nobody2", "/bin/false", "the login shell ended with 1 and said nothing"),
        ("nobody3", "/bin/cat", "it answers \"cat: invalid option -- 'c' Try 'cat --help' for more information.\""),
    ] {
        let desk = user(&shared, name, shell);
        let cause = refusal(&desk.host("web1")).await;
        let cause = cause.replace("/bin/cat", "cat");
        assert_eq!(cause, format!("web1 lets the user in but runs no commands: {words}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forced_command_that_goes_on_with_what_was_asked_is_ended_too() {
    let Some(shared) = host() else { return };
    let host = &shared.host;
    let desk = user(&shared, "forced", "/bin/bash");
    let key = host.must("cat /home/plain/.ssh/authorized_keys");
    let line = format!("command=\"echo hello; sh -c \\\"$SSH_ORIGINAL_COMMAND\\\"; :\" {key}");
    host.put("/home/forced/.ssh/authorized_keys", line, 0o644);
    let remote = desk.host("web1");
    live(&remote).await;
    let endless = Argv::new("sleep", ["54321"]);
    let late = remote.read(&endless, within(1.0)).await.unwrap_err();
    assert_eq!(late.to_string(), "no end within 1s");
    assert!(becomes(SECOND * 4, || !host.run("pgrep -u forced sleep").status.success()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn glances_of_one_moment_are_one_command_and_units_are_asked_for_together() {
    let Some(shared) = host() else { return };
    let host = &shared.host;
    let desk = desk(&shared, "ops");
    let remote = desk.host("web1");
    live(&remote).await;
    host.must("systemctl is-active ssh && touch /var/log/glances");
    let sessions = || {
        host.must("journalctl -q -u ssh | grep -c 'Starting session: command for ops ' || true")
            .trim()
            .parse::<u32>()
            .unwrap()
    };
    host.put("/etc/ssh/sshd_config.d/verbose.conf", "LogLevel VERBOSE\n", 0o644);
    host.must("systemctl reload ssh && sleep 0.3");
    let again = self::desk(&shared, "ops");
    let remote2 = again.host("web1");
    live(&remote2).await;
    let before = sessions();
    let units = ["ssh.service", "dbus.service", "systemd-journald.service"];
    let mut argvs: Vec<Argv> = units.iter().map(|u| Argv::new("systemctl", ["show", "-p", "Id", "--", u])).collect();
    for argv in &mut argvs {
        argv.joins = true;
    }
    argvs.extend((0..20).map(|n| Argv::new("echo", [n.to_string()])));
    let all = join_all(argvs.iter().map(|a| remote2.glance(a, LIMITS))).await;
    let texts: Vec<String> = all.into_iter().map(|o| String::from_utf8(o.unwrap().stdout).unwrap()).collect();
    assert_eq!(texts[0], "Id=ssh.service\n");
    assert_eq!(texts[2], "Id=systemd-journald.service\n");
    for (number, text) in texts[3..].iter().enumerate() {
        assert_eq!(text, &format!("{number}\n"));
    }
    assert!(becomes(SECOND * 3, || sessions() == before + 1).await, "{} sessions", sessions() - before);
}
