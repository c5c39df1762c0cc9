//! nginx is reloaded when its configuration is good, and left alone when it is not; and what is looked at before a deploy.

use crate::lab::Host;
use crate::operator::Operator;
use crate::site::{PRODUCTION, Site};

/// What `ufw status verbose` prints where the rules are those of the deployment's document. Not installed on the hosts.
const FIREWALL: &str = "#!/bin/sh\n[ \"$(id -u) $*\" = '0 status verbose' ] || { echo 'ERROR: You need to be root' >&2; exit 1; }\n\
    echo 'Status: active'\necho 'Default: deny (incoming), allow (outgoing), disabled (routed)'\n";

/// All that can be looked at, and all that people know.
pub fn checklist(site: &Site, operator: &Operator<'_>) {
    site.production.put("/usr/sbin/ufw", FIREWALL, 0o755);
    let answers = ["The release", "Its migrations", "There is a backup", "It is not a busy", "Somebody stays"];
    let answers = answers.map(|box_| (box_, "y"));
    let done = operator.answering(&["checklist", "production/sales"], &[], &answers).with(0);
    done.says("ActiveState=active").says("User=www-data").says("Default: deny (incoming)");
    let alone = operator.qd(&["run", "checklist", "production/sales"]).with(1);
    alone.says("Default: deny (incoming)").says("nobody is there to tick its boxes");
}

/// What a page of the frontend's server says.
fn page(host: &Host) -> String {
    host.must("curl -sk -m 5 -H 'Host: app.example.com' https://127.0.0.1/word")
}

fn workers(host: &Host) -> String {
    host.must("pgrep -P $(systemctl show --value --property=MainPID nginx) | sort")
}

/// A good configuration is taken, a broken one is not.
pub fn reloaded_or_refused(site: &Site, operator: &Operator<'_>) {
    let (host, what) = (&site.production, ["reload-nginx", "production/nginx"]);
    operator.change("reload-nginx", "healthy for 5s", "healthy for 1s");
    let web = PRODUCTION.web();
    let word = |word: &str| {
        let location = format!("location = /word {{ return 200 {word}; }}");
        host.must(&format!("sed -i '/word/d; s,^location / {{ try_files.*,{location}\\n&,' {web}"));
    };
    word("first");
    assert!(!page(host).contains("first"), "nothing is reloaded yet");

    // Every hour is a busy one here, and only an incident overrides that.
    let digest = operator.plan(&what)["digest"].as_str().unwrap().get(..8).unwrap().to_owned();
    let confirm = format!("production:{digest}");
    let busy = [&["run"], &what[..], &["--confirm", &confirm, "--reason", "as the test asks"]].concat();
    operator.qd(&busy).with(4).says("nothing starts at this time (");
    assert!(!page(host).contains("first"));

    operator.run(&what).with(0);
    assert_eq!(page(host), "first");

    word("second");
    host.must(&format!("echo 'nonsense;' >>{web}"));
    let before = workers(host);
    let refused = operator.run(&what).with(1).says("unknown directive \"nonsense\"");
    let run = refused.run();
    assert_eq!(operator.outcomes(&run), [("test".to_owned(), "failed".to_owned())], "nothing comes after it");
    assert_eq!(workers(host), before, "it was not reloaded");
    assert_eq!(page(host), "first");
    host.must(&format!("sed -i /nonsense/d {web}"));
    operator.run(&what).with(0);
    assert_eq!(page(host), "second");
}
