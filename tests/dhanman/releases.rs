//! A service in a plain folder is adopted and gets a release; a broken one is stopped by its proof and taken back, in both
//! ways; one brings a migration; and the first is gone back to.

use std::time::Instant;

use serde_json::Value;

use crate::console::{Console, PROMPT, once};
use crate::databases::ask;
use crate::lab::Host;
use crate::operator::{Answer, Operator};
use crate::site::{AT_LEISURE, PRODUCTION, PROGRAM, Site, dll};

const TARGET: &str = "production/sales";
const RELEASES: &str = "/var/www/prod/releases/sales";
const BOXES: [Answer<'static>; 3] = [("The tests of this tag", "y"), ("Its migrations", "y"), ("Whoever answers", "y")];
/// A stand-in for what `dotnet ef migrations bundle` makes: takes its database from the settings, as that does.
const BUNDLE: &str = "#!/bin/sh\nset -e\nplace=appsettings.${ASPNETCORE_ENVIRONMENT:?}.json\n\
    value() { sed -n \"s/.*$1=\\([^;\\\"]*\\).*/\\1/p\" \"$place\"; }\nexport PGPASSWORD=\"$(value Password)\"\n\
    psql -X -v ON_ERROR_STOP=1 -h \"$(value Host)\" -U \"$(value Username)\" -d \"$(value Database)\" \
    -c 'alter table papers add column paid boolean not null default false'\n";

/// What the service answers: status and version.
fn serves(host: &Host) -> (u16, String) {
    let (status, body) = host.get(5006, "/health/ready");
    let body: Value = serde_json::from_str(&body).unwrap_or_default();
    (status, body["version"].as_str().unwrap_or_default().to_owned())
}

fn good(version: &str) -> (u16, String) {
    (200, version.to_owned())
}

/// Puts what `dotnet publish` wrote beside the deck.
fn publish(operator: &Operator<'_>, version: &str, more: &[(&str, &str)]) {
    let (program, version) = (dll("sales"), format!("{version}\n"));
    let files =
        [(&*program, PROGRAM), ("appsettings.json", "{}\n"), ("version.txt", &version), ("wwwroot/js/site.js", ";")];
    operator.clear("publish/sales");
    for (name, text) in files.iter().chain(more) {
        operator.put(&format!("publish/sales/{name}"), text);
    }
}

/// The plain folder becomes the first release, and the next one runs in its place.
pub fn adopted_and_deployed(site: &Site, operator: &Operator<'_>) {
    let (host, folder) = (&site.production, PRODUCTION.folder("sales"));
    for runbook in ["deploy-dotnet", "rollback-dotnet"] {
        operator.change(runbook, "for 10s", "for 1s");
    }
    publish(operator, "v2.14.0", &[]);
    assert_eq!(serves(host), good("9.4.1"));
    let what = ["deploy-dotnet", TARGET, "-i", "version=v2.14.0"];
    operator.qd(&[&["plan"], &what[..]].concat()).with(4).says("the first time say adopt=true");

    let what = [&what[..], &["-i", "adopt=true"]].concat();
    operator.answering(&what, &[], &BOXES).with(0).says("v2.14.0 is on record as good");
    assert_eq!(serves(host), good("v2.14.0"));
    assert_eq!(once(site, &["--env", "production", "--service", "sales"]).service(TARGET)["version"], "v2.14.0");
    assert_eq!(host.must(&format!("readlink {folder}")), format!("{RELEASES}/v2.14.0\n"));
    assert_eq!(host.must(&format!("cat {folder}/logs/sales.log")), "version v2.14.0 starts\n", "it may log there");
    assert!(host.must(&format!("cat {RELEASES}/found/logs/sales.log")).contains("version 9.4.1 starts"));
    let settings = "/etc/dhanman/prod/sales.json";
    assert_eq!(host.must(&format!("stat -c '%U %G %a' {settings}")), "deploy www-data 640\n");
    assert_eq!(host.must(&format!("readlink {folder}/appsettings.Production.json")), format!("{settings}\n"));
    let writes = |path: &str| host.run(&format!("runuser -u www-data -- test -w {folder}/{path}")).status.success();
    assert!(!writes(&dll("sales")) && !writes(".") && writes("logs"), "the service changes nothing of itself");
    // A second time nothing changes before the restart.
    let plan = operator.plan(&what);
    let changing =
        plan["steps"].as_array().unwrap().iter().filter(|s| s["effects"].to_string().contains("would-change"));
    assert_eq!(changing.count(), 0, "{plan}");
}

/// The proof stops a broken release. What the run changed is taken back; or the release before is gone back to.
pub fn broken_and_taken_back(site: &Site, operator: &Operator<'_>) {
    let host = &site.production;
    publish(operator, "v2.15.0", &[("broken", "")]);
    operator.change("deploy-dotnet", "```wait {timeout=90s}", "```wait {timeout=6s}");
    let what = ["deploy-dotnet", TARGET, "-i", "version=v2.15.0"];
    let choosing = |choice: &'static str| [&BOXES[..], &[("prove-it did not end well", choice)]].concat();

    let undone = operator.answering(&what, &[], &choosing("=take back")).with(1);
    let run = undone.run();
    assert_eq!(operator.outcome(&run, "prove-it"), "timed-out");
    assert_eq!(operator.outcome(&run, "undo:switch"), "ok");
    assert_eq!(serves(host), good("v2.14.0"), "the release before runs again: {}", undone.told);

    let stopped =
        operator.answering(&what, &["--over-unfinished", "it was taken back"], &choosing("=runbook for failures"));
    stopped.with(1).says("rollback-dotnet is to be run now").says("no connection to prod-dhanman-sales");
    assert_eq!(serves(host), (503, "v2.15.0".to_owned()));
    let back = operator.run(&["rollback-dotnet", TARGET, "-i", "version=v2.14.0"]).with(0);
    assert_eq!(serves(host), good("v2.14.0"), "{}", back.told);
    operator.change("deploy-dotnet", "```wait {timeout=6s}", "```wait {timeout=90s}");
}

/// A release with a migration: a backup first, and a person says yes to the schema.
pub fn migrated(site: &Site, operator: &Operator<'_>) {
    let (host, database) = (&site.production, "prod-dhanman-sales");
    publish(operator, "v2.16.0", &[("efbundle", BUNDLE)]);
    operator.executable("publish/sales/efbundle");
    let what = ["deploy-dotnet", TARGET, "-i", "version=v2.16.0", "-i", "migrate=true", "-i", "keep=1"];
    let answers = [&BOXES[..], &[("migrate is dangerous", "migrate")]].concat();
    operator.answering(&what, &[], &answers).with(0);
    assert_eq!(serves(host), good("v2.16.0"));
    assert_eq!(ask(host, database, "select count(*) from papers where not paid"), crate::databases::ROWS.to_string());
    let dump = format!("/backups/postgresql/before-v2.16.0-{database}.dump");
    assert_eq!(host.must(&format!("stat -c '%U %a' {dump}")), "deploy 600\n");
    let rows = host.must(&format!("pg_restore --data-only --file=- {dump} | grep -c €"));
    assert_eq!(rows.trim(), crate::databases::ROWS.to_string());
    let left = host.must(&format!("ls -1 {RELEASES} | tr '\\n' ' '"));
    assert_eq!(left, "v2.14.0 v2.16.0 ", "what runs and what ran before; with it went what the service had logged");
}

/// One release back.
pub fn back_to_the_first(site: &Site, operator: &Operator<'_>, console: &mut Console) {
    let what = ["rollback-dotnet", TARGET, "-i", "version=v2.14.0"];
    // A release that somebody changed is not gone back to.
    let file = format!("{RELEASES}/v2.14.0/wwwroot/js/site.js");
    site.production.must(&format!("echo 'other();' >>{file}"));
    let stopped = operator.run(&what).with(1).says("wwwroot/js/site.js: FAILED");
    assert_eq!(operator.outcome(&stopped.run(), "whole"), "failed");
    assert_eq!(serves(&site.production), good("v2.16.0"));
    site.production.must(&format!("printf ';' >{file}"));
    let back = operator.run(&what).with(0);
    assert!(back.told.contains("schema stays at the new version"), "the plan names what stays: {}", back.told);
    assert_eq!(serves(&site.production), good("v2.14.0"));
    console.heals(&[TARGET], Instant::now(), PROMPT + AT_LEISURE);
}
