//! Booted hosts: users with odd shells, homes that may not be written, sudo of every kind, full disks, a boot in the
//! middle of a step, a killed supervisor, two consoles.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use quarterdeck::model::plan::Sudo;
use quarterdeck::model::run::Liveness;
use quarterdeck::model::{Operator, Text};
use quarterdeck::runner::Permit;
use quarterdeck::runner::target::{Claim, Fate, News, Target, TargetError};
use quarterdeck::transport::ssh::remote::Remote;

use crate::desk::{Desk, Entry, SECOND, live};
use crate::lab::{Host, Lab};
use crate::{RUN, answers, ended, job, run, run_id, target};

fn entry(lab: &Lab, host: &Host, user: &str) -> Entry {
    let known = lab.folder().join("known");
    std::fs::write(&known, host.known_hosts()).unwrap();
    let place = SocketAddr::new(host.address(), host.port());
    let entry = Entry::at("web1", place).with(&format!("User {user}")).known(&known);
    let entry = entry.with(&format!("IdentityFile {}", host.key_path().display()));
    entry.with("ServerAliveInterval 2").with("ServerAliveCountMax 2")
}

/// A user of the host, connected.
async fn user(lab: &Lab, host: &Host, name: &str) -> (Desk, Arc<Remote>) {
    let desk = Desk::with(vec![entry(lab, host, name)]);
    let remote = desk.host("web1");
    live(&remote).await;
    (desk, remote)
}

fn add_user(host: &Host, name: &str, shell: &str) {
    host.must(&format!(
        "useradd --create-home --shell {shell} {name} && install -d -o {name} -g {name} -m 700 /home/{name}/.ssh && \
         install -o {name} -g {name} -m 600 /home/plain/.ssh/authorized_keys /home/{name}/.ssh/authorized_keys"
    ));
}

async fn refusal(target: &Target, task: &str) -> String {
    match target.start(&Permit::for_trial(), &job(task, "true")).await {
        Err(error @ TargetError::Refused { .. }) => error.to_string(),
        Err(error) => panic!("not refused: {error}"),
        Ok(_) => panic!("not refused"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_of_all_kinds_run_steps_or_are_told_why_not() {
    let Some(lab) = Lab::new() else { return };
    let host = lab.host("web1");
    // What fish and csh share: they read one line of plain words by rules of their own, quoted by single quotes.
    let odd = "#!/usr/bin/python3\nimport os, shlex, sys\nassert sys.argv[1] == '-c' and '!' not in sys.argv[2]\n\
               words = shlex.split(sys.argv[2])\nassert words[0] == 'exec'\nos.execvp(words[1], words[1:])\n";
    host.put("/usr/local/bin/odd", odd, 0o755);
    add_user(&host, "odd", "/usr/local/bin/odd");
    add_user(&host, "noisy", "/bin/bash");
    host.put("/home/noisy/.bashrc", "echo Welcome\necho qd-0 started 1 >&2\necho cannot set locale >&2\n", 0o644);
    for name in ["ops", "odd", "noisy"] {
        let (_desk, remote) = user(&lab, &host, name).await;
        let target = target(remote, None);
        let ground = target.look(jiff::Timestamp::now(), false).await.unwrap();
        assert_eq!((ground.user.as_str(), ground.unwritable, ground.unsupervised), (name, None, None));
        assert_eq!(ground.folder, format!("/home/{name}/.local/state/quarterdeck"));
        let (log, end) = run(&target, &job("a-1", "id -un; echo err >&2; exit 3")).await;
        assert_eq!((log, end.code), (format!("{name}\nerr\n"), 3));
        let modes =
            format!("cd /home/{name}/.local/state/quarterdeck/runs/{RUN} && stat -c %a . a-1 a-1/script a-1/log");
        assert_eq!(host.must(&modes), "700\n700\n600\n600\n");
    }
    add_user(&host, "none", "/usr/sbin/nologin");
    let desk = Desk::with(vec![entry(&lab, &host, "none")]);
    let told = target(desk.host("web1"), None)
        .start(&Permit::for_trial(), &job("a-1", "true"))
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(told.contains("runs no commands"), "{told}");
    // A home that belongs to root.
    host.must("chown root: /home/plain && chmod 755 /home/plain && chown plain: /home/plain/.ssh");
    let (_desk, remote) = user(&lab, &host, "plain").await;
    let homeless = target(remote.clone(), None);
    let ground = homeless.look(jiff::Timestamp::now(), true).await.unwrap();
    assert!(ground.unwritable.unwrap().as_str().contains("/home/plain may not be written by plain"));
    assert!(ground.sudo.is_some_and(|s| s != Sudo::Free));
    assert!(refusal(&homeless, "a-1").await.contains("may not be written by plain; mend that, or name another folder"));
    // A small disk that fills up, and one that is mounted to be read.
    host.small_disk("/srv/small", "200k");
    let small = target(remote.clone(), Some("/srv/small/qd".into()));
    assert_eq!(run(&small, &job("a-1", "echo on")).await.0, "on\n");
    let (_, end) = run(&small, &job("b-1", "head -c 400000 /dev/zero; exit 5")).await;
    assert!(end.code == 5 && end.size < 200_000 && end.dropped > 0, "{end:?}");
    host.run("dd if=/dev/zero of=/srv/small/fill bs=1k");
    let told = refusal(&small, "c-1").await;
    assert!(told.contains("the disk is full"), "{told}");
    assert_eq!(small.fate(&run_id(), "c-1").await.unwrap(), Fate::Absent);
    let told = small.mirror(&Permit::for_trial(), &run_id(), "plan.json", 0, &[b'x'; 9000]).await.unwrap_err();
    assert!(told.to_string().contains("the disk is full"), "{told}");
    assert_eq!(small.fetch(&run_id(), "plan.json").await.unwrap(), None);
    host.must("mount -o remount,ro /srv/small");
    assert!(refusal(&small, "d-1").await.contains("the disk is read-only"));
    assert!(small.look(jiff::Timestamp::now(), false).await.unwrap().unwritable.is_some());
    // Without setsid another program makes the session; without any of them it is told.
    host.must("chmod 000 /usr/bin/setsid && mount -o remount,rw,size=9m /srv/small && rm /srv/small/fill");
    assert_eq!(run(&small, &job("e-1", "echo on")).await.0, "on\n");
    host.must("mkdir /away && mv /usr/bin/setsid /usr/bin/perl /usr/bin/python3* /away");
    assert!(refusal(&small, "f-1").await.contains("no setsid, perl or python3"));
    let ground = small.look(jiff::Timestamp::now(), false).await.unwrap();
    assert!(ground.unsupervised.unwrap().as_str().contains("install util-linux"));
}

#[tokio::test(flavor = "multi_thread")]
async fn sudo_opens_by_the_password_and_never_waits_for_one() {
    let Some(lab) = Lab::new() else { return };
    let host = lab.host("web1");
    host.must("echo plain:hush-4713 | chpasswd && echo 'plain ALL=(ALL) ALL' >/etc/sudoers.d/plain");
    add_user(&host, "other", "/bin/bash");
    host.must("echo other:hush-4714 | chpasswd");
    let permit = Permit::for_trial();
    let (_ops, remote) = user(&lab, &host, "ops").await;
    let free = target(remote, None);
    assert_eq!(free.look(jiff::Timestamp::now(), true).await.unwrap().sudo, Some(Sudo::Free));
    assert_eq!(run(&free, &job("a-1", "sudo id -un")).await.0, "root\n");
    // What root started for a step is ended by the same right.
    let mut slow = job("b-1", "sudo sleep 4713");
    slow.timeout = SECOND * 2;
    assert!(run(&free, &slow).await.1.timed_out);
    assert!(!host.run("pgrep -f 'sleep 471[3]'").status.success());
    let (_plain, remote) = user(&lab, &host, "plain").await;
    let asked = target(remote, None);
    assert_eq!(asked.look(jiff::Timestamp::now(), true).await.unwrap().sudo, Some(Sudo::Password));
    assert!(asked.try_sudo(&permit, &"hush-4713".to_owned().into()).await.unwrap());
    assert!(!asked.try_sudo(&permit, &"wrong".to_owned().into()).await.unwrap());
    let (log, end) = run(&asked, &job("a-1", "sudo id -un")).await;
    assert!(end.code == 1 && log.contains("password is required"), "{log}");
    let mut opened = job("b-1", "sudo id -un; sudo -u ops id -un");
    opened.sudo_password = Some(Arc::new("hush-4713".to_owned().into()));
    assert_eq!(run(&asked, &opened).await.0, "root\nops\n");
    assert!(!host.run("grep -r hush-4713 /home/plain").status.success());
    let (_other, remote) = user(&lab, &host, "other").await;
    let never = target(remote, None);
    let told = never.try_sudo(&permit, &"hush-4714".to_owned().into()).await.unwrap_err().to_string();
    assert!(told.contains("other"), "{told}");
    host.must("mv /usr/bin/sudo /usr/bin/sudo.away");
    assert!(matches!(never.look(jiff::Timestamp::now(), true).await.unwrap().sudo, Some(Sudo::Refused(_))));
    assert_eq!(run(&never, &job("a-1", "sudo id")).await.1.code, 127);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_boot_leaves_a_step_that_is_gone_and_a_cut_link_one_that_ends_by_its_limit() {
    let Some(lab) = Lab::new() else { return };
    let host = lab.host("web1");
    let (_desk, remote) = user(&lab, &host, "ops").await;
    let target = target(remote.clone(), None);
    let permit = Permit::for_trial();
    let mut alone = job("a-1", "trap '' TERM; echo on; while :; do sleep 0.2; done");
    alone.timeout = SECOND * 6;
    let mut following = target.start(&permit, &alone).await.unwrap();
    while !matches!(following.next().await, News::Output(..)) {}
    host.cut();
    assert!(matches!(following.next().await, News::Lost(_)));
    tokio::time::sleep(SECOND * 5).await;
    host.heal();
    answers(&remote).await;
    let end = ended(&target, "a-1").await;
    assert_eq!((end.code, end.timed_out, end.size), (137, true, 3));
    let mut following = target.start(&permit, &job("b-1", "echo on; sleep 500")).await.unwrap();
    while !matches!(following.next().await, News::Output(..)) {}
    let claim = Claim {
        key: "production/sales".into(),
        run: Some(run_id()),
        operator: Operator { name: "asha".into(), console: "laptop".into() },
        console_id: None,
        what: "deploy".into(),
        reason: None,
        digest: None,
    };
    target.lock(&permit, &claim).await.unwrap();
    host.reboot();
    remote.keeper().reconnect();
    answers(&remote).await;
    assert_eq!(target.fate(&run_id(), "b-1").await.unwrap(), Fate::Gone { size: 3 });
    assert_eq!(target.end(&permit, &run_id(), "b-1", SECOND).await.unwrap(), Vec::<Text>::new());
    assert!(matches!(target.attach(&run_id(), "b-1", 0).await.unwrap().next().await, News::Output(0, _)));
    let held = target.holder("production/sales").await.unwrap().unwrap();
    assert!(matches!(held.liveness, Liveness::Held | Liveness::Stale), "{held:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_consoles_one_gets_the_lock_every_time() {
    let Some(lab) = Lab::new() else { return };
    let host = lab.host("web1");
    let (_one, first) = user(&lab, &host, "ops").await;
    let (_two, second) = user(&lab, &host, "ops").await;
    let targets = [target(first, None), target(second, None)];
    let permit = Permit::for_trial();
    let claim = |name: &str| Claim {
        key: "production/sales".into(),
        run: Some(run_id()),
        operator: Operator { name: name.into(), console: "laptop".into() },
        console_id: None,
        what: "deploy".into(),
        reason: None,
        digest: None,
    };
    let claims = [claim("asha"), claim("ben")];
    for round in 1..=50_u64 {
        let (a, b) = tokio::join!(targets[0].lock(&permit, &claims[0]), targets[1].lock(&permit, &claims[1]));
        let number = match (&a, &b) {
            (Ok(number), Err(TargetError::Held(by))) => (*number, by.operator.name.as_str() == "asha"),
            (Err(TargetError::Held(by)), Ok(number)) => (*number, by.operator.name.as_str() == "ben"),
            other => panic!("round {round}: {other:?}"),
        };
        assert_eq!(number, (round, true));
        let key = &claims[0].key;
        let (a, b) =
            tokio::join!(targets[0].break_lock(&permit, key, round), targets[1].break_lock(&permit, key, round));
        assert_eq!(u8::from(a.is_ok()) + u8::from(b.is_ok()), 1, "{a:?} {b:?}");
    }
    tokio::time::sleep(Duration::from_millis(10)).await;
}
