//! Several hosts: the canary first, nothing more where as many failed as the runbook bears, and only those again later.

use crate::home::Home;
use crate::site::{ENVIRONMENT, Site};

fn runbook(batches: &str) -> String {
    format!(
        "+++\nkind = \"deploy\"\nbatches = {batches}\n+++\n# Roll\n\n## Bring\n\n```sh {{timeout=30s}}\n\
         echo bring >>/srv/out/$QD_RUN\ntest ! -e /srv/out/broken\n```\n\n\
         ## Switch\n\n```sh {{timeout=30s}}\necho switch >>/srv/out/$QD_RUN\n```\n"
    )
}

#[test]
fn batches_stop_where_too_many_fail_and_only_those_run_again() {
    let Some(site) = Site::new(3) else { return };
    site.hosts.iter().for_each(|host| drop(host.must("install -d -o ops /srv/out")));
    site.runbook("careful", &runbook("{ sizes = [1], max_fail = 1 }"));
    site.runbook("broad", &runbook("{ sizes = [1, \"100%\"], max_fail = 2 }"));
    site.runbook("canary", &runbook("{ sizes = [1, \"100%\"] }"));
    site.write_deck(
        "staging",
        "",
        "s = { hosts = [\"a\", \"b\", \"c\"], runbooks = [\"careful\", \"broad\", \"canary\"] }",
    );
    let home = Home::new(&site, "ann");
    let target = format!("{ENVIRONMENT}/s");
    let done = |run: &str| {
        let all = site.hosts.iter().map(|h| h.must(&format!("cat /srv/out/{run} 2>/dev/null || true")));
        all.map(|text| text.trim().replace('\n', " ")).collect::<Vec<_>>()
    };
    let b = &site.hosts[1];

    // A canary that fails keeps the others from it, where one is too many.
    site.hosts[0].must("touch /srv/out/broken");
    let run = home.run(&["canary", &target]).with(1).run();
    assert_eq!(done(&run), ["bring", "", ""]);
    site.hosts[0].must("rm /srv/out/broken");
    assert_eq!(home.resume(&run).with(0).code, Some(0));
    assert_eq!(done(&run), ["bring bring switch", "bring switch", "bring switch"]);

    // As many as it bears: what comes after does not begin.
    b.must("touch /srv/out/broken");
    let ended = home.run(&["careful", &target]).with(1);
    let run = ended.run();
    assert_eq!(done(&run), ["bring switch", "bring", ""]);
    assert_eq!(home.outcome(&run, "bring", "b"), "failed");
    assert!(ended.told.contains("bring failed on b"), "{}", ended.told);
    b.must("rm /srv/out/broken");
    home.resume(&run).with(0);
    assert_eq!(done(&run), ["bring switch", "bring bring switch", "bring switch"]);

    // Fewer: the others of its batch go on to the end, and it alone runs again.
    b.must("touch /srv/out/broken");
    let run = home.run(&["broad", &target]).with(1).run();
    assert_eq!(done(&run), ["bring switch", "bring", "bring switch"]);
    let words: Vec<String> = home.outcomes(&run).iter().map(|(s, h, o)| format!("{s} {h} {o}")).collect();
    assert_eq!(words, ["bring a ok", "bring b failed", "bring c ok", "switch a ok", "switch c ok"]);
    assert!(!home.plan(&["broad", &target])["lock"]["dirty"].is_null(), "it is marked");
    b.must("rm /srv/out/broken");
    home.resume(&run).with(0);
    assert_eq!(done(&run), ["bring switch", "bring bring switch", "bring switch"]);
    assert!(home.plan(&["broad", &target])["lock"]["dirty"].is_null(), "and then it is not");

    // One host alone, by its name.
    let run = home.run(&["broad", &target, "--host", "c"]).with(0).run();
    assert_eq!(done(&run), ["", "", "bring switch"]);
}
