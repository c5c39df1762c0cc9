//! What decks say of logs, and what is told where they say it wrongly.

use std::path::Path;

use crate::config::{Loaded, parse};
use crate::model::{LogFrom, LogLogin, SecretPlace};

fn load(lines: &str) -> Loaded {
    let text = format!(
        "[templates.web]\nlogs.app = {{ file = \"/var/log/{{environment}}/{{service}}.log\" }}\n\
         [environments.qa]\ntier = \"staging\"\ntimezone = \"Asia/Kolkata\"\n\
         hosts.web1 = {{ ssh = \"ops@192.0.2.1\" }}\nhosts.web2 = {{ ssh = \"ops@192.0.2.2\" }}\n\
         services.other = {{ use = \"web\", probes.live = {{ tcp = \"127.0.0.1:1\" }} }}\n{lines}\n"
    );
    parse(Path::new("/srv/deck/quarterdeck.toml"), &text)
}

/// Name, what is read, where, in which zone; of all logs but that of `other`.
fn told(lines: &str) -> Vec<String> {
    let loaded = load(lines);
    assert!(!loaded.has_errors(), "{:?}", loaded.faults);
    let deck = loaded.deck.unwrap();
    let all = deck.logs().skip(1).map(|log| {
        let place = log.on.as_ref().map_or("local", |h| &*h.name);
        format!("{} {} on {place} in {}", log.id, log.from, log.zone.as_deref().unwrap_or("-"))
    });
    all.collect()
}

fn service(rest: &str) -> String {
    format!("services.shop = {{ {rest}, probes.live = {{ tcp = \"127.0.0.1:1\" }} }}")
}

/// The faults of a log, as `line:column message; help`.
fn faults(log: &str) -> Vec<String> {
    let loaded = load(&service(&format!("host = \"web1\", logs.app = {log}")));
    loaded.faults.iter().map(|f| format!("{}; {}", f.message, f.help.as_deref().unwrap_or_default())).collect()
}

#[test]
fn a_template_gives_each_service_its_log_on_its_host_and_names_are_filled() {
    assert_eq!(
        told(&service("use = \"web\", host = \"web2\"")),
        ["qa/shop:app /var/log/qa/shop.log on web2 in Asia/Kolkata"]
    );
}

#[test]
fn a_service_on_several_hosts_has_one_source_a_host_unless_the_log_says_where_it_is() {
    let all = "hosts = [\"web1\", \"web2\"], unit = \"shop\", logs.life = { journal = \"{unit}.service\" }";
    assert_eq!(
        told(&service(all)),
        [
            "qa/shop:life@web1 the journal of shop.service on web1 in Asia/Kolkata",
            "qa/shop:life@web2 the journal of shop.service on web2 in Asia/Kolkata"
        ]
    );
    for (place, on) in [("on = \"web2\"", "web2"), ("via = \"web2\"", "web2"), ("on = \"local\"", "local")] {
        let one = format!("hosts = [\"web1\", \"web2\"], logs.app = {{ file = \"/a.log\", zone = \"UTC\", {place} }}");
        assert_eq!(told(&service(&one)), [format!("qa/shop:app /a.log on {on} in UTC")]);
    }
}

#[test]
fn without_hosts_a_log_is_on_this_machine_and_its_file_beside_the_deck() {
    assert_eq!(
        told(&service("logs.app = { file = \"logs/shop-*.log\" }")),
        ["qa/shop:app /srv/deck/logs/shop-*.log on local in Asia/Kolkata"]
    );
    let loaded = load(&service("logs.app = { file = \"logs/shop-*.log\" }"));
    let newest = |from: &LogFrom| matches!(from, LogFrom::File { newest: true, .. });
    assert!(newest(&loaded.deck.unwrap().logs().nth(1).unwrap().from));
}

#[test]
fn an_environment_has_logs_of_its_own_after_those_of_its_services() {
    let lines = "logs.nginx = { file = \"/var/log/nginx/access.log\", on = [\"web1\", \"web2\"] }\n\
                 logs.azure = { command = [\"az\", \"webapp\", \"log\", \"tail\"] }";
    assert_eq!(
        told(lines),
        [
            "qa:nginx@web1 /var/log/nginx/access.log on web1 in Asia/Kolkata",
            "qa:nginx@web2 /var/log/nginx/access.log on web2 in Asia/Kolkata",
            "qa:azure `az webapp log tail` on local in Asia/Kolkata"
        ]
    );
}

#[test]
fn a_loki_is_asked_from_here_whatever_hosts_the_service_has_and_names_in_its_query_are_filled() {
    let log =
        |more: &str| format!("loki = \"http://127.0.0.1:3100/\", query = '{{app=\"{{service}}\"}} |~ `a{{2}}`'{more}");
    let all = |more: &str| service(&format!("hosts = [\"web1\", \"web2\"], logs.app = {{ {} }}", log(more)));
    let read = "qa/shop:app {app=\"shop\"} |~ `a{2}` of http://127.0.0.1:3100";
    assert_eq!(told(&all("")), [format!("{read} on local in Asia/Kolkata")]);
    assert_eq!(told(&all(", via = \"web2\"")), [format!("{read} on web2 in Asia/Kolkata")]);
    assert_eq!(told(&all(", on = \"web1\"")), [format!("{read} on web1 in Asia/Kolkata")]);
}

#[test]
fn a_loki_is_asked_with_tenant_and_login_of_which_no_secret_is_printed() {
    let query = |more: &str| {
        let log = format!("logs.app = {{ loki = \"https://logs.example.com\", query = '{{a=\"b\"}}', {more} }}");
        let deck = load(&service(&log)).deck.unwrap();
        let from = deck.logs().last().unwrap().from.clone();
        let LogFrom::Loki(query) = from else { panic!("{from:?}") };
        query
    };
    let asked = query("tenant = \"shop\", verify = false, token = \"command:pass show loki/token\"");
    assert_eq!((asked.tenant.as_deref(), asked.verify), (Some("shop"), false));
    assert_eq!(asked.login, LogLogin::Token(SecretPlace("command:pass show loki/token".into())));
    assert!(!format!("{asked:?}").contains("loki/token"), "{asked:?}");
    let asked = query("user = \"ops\", password = \"env:LOKI_PASSWORD\"");
    assert_eq!(asked.login, LogLogin::User("ops".into(), SecretPlace("env:LOKI_PASSWORD".into())));
}

#[test]
fn what_is_wrong_is_told_with_the_nearest_right_word() {
    for (log, fault) in [
        ("{ fiel = \"/a\" }", "log `app` does not say what to read; did you mean `file` instead of `fiel`?"),
        ("{ }", "log `app` does not say what to read; name one of `file`, `journal`, `command`, `loki`"),
        ("\"/a\"", "log `app` must be a table, not the text \"/a\"; write logs.app = { file = \"/var/log/…\" }"),
        (
            "{ file = \"/a\", journal = \"b\" }",
            "log `app` is both `file` and `journal`; make two logs of it: one with `file`, one with `journal`",
        ),
        ("{ file = \"/a\", zoen = \"UTC\" }", "log `app` has no key `zoen`; did you mean `zone`?"),
        ("{ file = \"/a\", on = \"web3\" }", "environment `qa` has no host `web3`; did you mean `web1`?"),
        ("{ file = \"/a\", on = [\"web3\"] }", "environment `qa` has no host `web3`; did you mean `web1`?"),
        ("{ file = \"/a\", on = \"web1\", via = \"web1\" }", "`on` and `via` say the same; keep `on` and remove `via`"),
        ("{ file = \"/a\", zone = \"Kolkata\" }", "there is no time zone `Kolkata`; did you mean \"Asia/Kolkata\"?"),
        (
            "{ file = \"logs/a\" }",
            "`file` must be a whole path on host web1, not \"logs/a\"; \
             write it from the root: file = \"/var/log/shop/app.log\"",
        ),
        (
            "{ file = \"/a\", pattern = '(?<time>\\S+ (?<message>.*)' }",
            "`pattern` is not a regular expression: unclosed group; \
             escape special characters with a backslash; in \"…\" write it twice, in '…' once",
        ),
        (
            "{ file = \"/a\", pattern = '^(\\S+) (?<corr>.*)' }",
            "`pattern` has no group named `time`, `level`, `message`; \
             name at least one: pattern = '^(?<time>\\S+ \\S+) (?<level>\\w+) (?<message>.*)'",
        ),
        (
            "{ file = \"/a\", pattern = '^(?<mesage>.*)' }",
            "`pattern` has no group named `time`, `level`, `message`; \
             did you mean (?<message>…) instead of (?<mesage>…)?",
        ),
        ("{ journal = \"--all\" }", "\"--all\" is no name of a unit; write journal = \"shop.service\""),
        (
            "{ command = [] }",
            "`command` names no program; \
             the first word is the program: command = [\"docker\", \"logs\", \"-f\", \"shop\"]",
        ),
    ] {
        assert_eq!(faults(log).first().map(String::as_str), Some(fault), "{log}: {:?}", faults(log));
    }
}

#[test]
fn a_pattern_goes_with_the_log_and_names_in_it_are_filled() {
    let log = r"logs.app = { file = '/a', pattern = '^{service}\[\d{1,5}\] (?<level>\w+) (?<message>.*)' }";
    let loaded = load(&service(log));
    assert!(!loaded.has_errors(), "{:?}", loaded.faults);
    let deck = loaded.deck.unwrap();
    let pattern = deck.logs().nth(1).unwrap().pattern.clone();
    assert_eq!(pattern.as_deref(), Some(r"^shop\[\d{1,5}\] (?<level>\w+) (?<message>.*)"));
}
