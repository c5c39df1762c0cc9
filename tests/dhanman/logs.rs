//! The logs of the deck, as nginx, PostgreSQL and the units of a booted host write them, and as the user of the deck may read them.

use crate::operator::Operator;
use crate::site::Site;

/// What may not be read says so; what may is read through rotation, by name and from the journal.
pub fn read(site: &Site, operator: &Operator<'_>) {
    let host = &site.production;
    let asked = |path: &str| {
        host.must(&format!("curl -sk -m 5 -o /dev/null -H 'Host: app.example.com' https://127.0.0.1/{path}"));
    };
    let logs = |words: &[&str]| operator.qd(&[&["logs"], words].concat());

    logs(&["production/postgres:server"]).with(4).says("denied");
    host.must("usermod -a -G adm,systemd-journal deploy && chmod o+rx /var/log/postgresql /var/log/nginx");
    host.must("chmod o+r /var/log/postgresql/*.log /var/log/nginx/access.log");
    logs(&["production/postgres:server", "--grep", "ready to accept connections"])
        .with(0)
        .says("info")
        .says("ready to");

    asked("before-rotation");
    let found = logs(&["production/nginx:access", "--field", "path=/before-rotation"]).with(0);
    found.says("GET /before-rotation HTTP");
    host.must("mv /var/log/nginx/access.log /var/log/nginx/access.log.1 && nginx -s reopen");
    host.must("for n in 1 2 3 4 5 6 7 8 9; do test -e /var/log/nginx/access.log && break; sleep 0.2; done");
    host.must("chmod o+r /var/log/nginx/access.log");
    asked("behind-rotation");
    let both = logs(&["production/nginx:access", "--since", "10m", "--grep", "rotation"]).with(0);
    let at = |words: &str| both.told.find(words).unwrap_or_else(|| panic!("no {words}: {}", both.told));
    assert!(at("/before-rotation") < at("/behind-rotation"), "{}", both.told);

    logs(&["production/sales:life", "--grep", "Started"]).with(0).says("production/sales:life");
}
