//! Disks that are full: on the host before a run, on the console in the middle of one.

use std::process::Command;

use crate::home::{Going, Home};
use crate::site::{ENVIRONMENT, Site};
use crate::until;

const STEP: &str = "# Step\n\n## Bring\n\n```sh {timeout=60s}\necho bring >>/srv/out/$QD_RUN\n\
                    head -c 600000 /dev/zero | tr '\\0' x | fold -w 99\necho end\n```\n\n\
                    ## Switch\n\n```sh {timeout=60s}\necho switch >>/srv/out/$QD_RUN\n```\n";

#[test]
fn a_full_disk_stops_a_run_and_loses_nothing() {
    let Some(site) = Site::new(1) else { return };
    let host = &site.hosts[0];
    host.must("install -d -o ops /srv/out");
    site.runbook("step", STEP);
    site.write_deck("staging", "state = \"/srv/kept\"", "s = { hosts = [\"a\"], runbooks = [\"step\"] }");
    let (home, target) = (Home::new(&site, "ann"), format!("{ENVIRONMENT}/s"));
    let done = |run: &str| host.must(&format!("cat /srv/out/{run} 2>/dev/null || true"));

    // On the host: what begins there must be written down there first.
    host.small_disk("/srv/kept", "4m");
    let agreement = home.agreement(&["step", &target]);
    host.run("dd if=/dev/zero of=/srv/kept/fill bs=1k 2>/dev/null");
    let refused = home.qd(&["run", "step", &target, "--confirm", &agreement]).with(4);
    assert!(refused.all().contains("the disk of /srv/kept is full"), "{}", refused.all());
    assert_eq!(host.must("ls /srv/out"), "", "nothing ran");
    host.must("rm /srv/kept/fill");

    // On the console: what it cannot keep it does not follow, and another goes on.
    let small = "mkdir -p \"$1\" && mount -t tmpfs -o size=300k tmpfs \"$1\" && shift && exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "sh", "-c", small, "sh"]).arg(home.state());
    let plain = home.command(&["run", "step", &target, "--confirm", &agreement]);
    command.arg(plain.get_program()).args(plain.get_args()).current_dir(plain.get_current_dir().unwrap());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let ended = Going::start(command).ends().with(3);
    assert!(ended.told.contains("no space left"), "{}", ended.told);
    let run = ended.run();
    assert_eq!(done(&run), "bring\n", "the next step did not begin");
    let exit = format!("grep -q 'ended 0' /srv/kept/runs/{run}/bring-1/exit");
    until("the step ends without us", || host.run(&exit).status.success());
    let other = Home::new(&site, "bob");
    let resumed = other.resume(&run).with(0);
    assert_eq!(done(&run), "bring\nswitch\n", "{}", resumed.all());
    assert!(other.printed(&run, "bring", "a").ends_with("end\n"), "its output is had from the host");
}
