//! Faults in the settings of network checks: told in place, with what to write instead, and no secret repeated.

use quarterdeck::source::health::KINDS;

use crate::support::{check_of, read_check};

fn faults(text: &str) -> String {
    read_check(text).expect_err("a fault")
}

#[test]
fn every_example_of_a_network_check_is_sound() {
    for kind in KINDS.iter().filter(|k| ["http", "tcp", "tls", "dns"].contains(&k.name)) {
        let table = kind.example.trim_start_matches("{ ").trim_end_matches(" }");
        let lines = table.replace(", ", "\n");
        check_of(&lines);
    }
}

#[test]
fn a_user_in_the_url_is_sent_to_its_keys_and_not_repeated() {
    let told = faults("http = \"http://ops:hunter2@shop/health\"");
    assert!(told.contains("the URL names a user") && told.contains("password = \"env:NAME\""), "{told}");
}

#[test]
fn wrong_settings_are_told_with_what_to_write() {
    for (text, part) in [
        ("http = \"shop/health\"", "is not a URL"),
        ("http = \"ftp://shop/health\"", "neither http: nor https:"),
        ("http = \"http://a/\"\nstatus = \"ok\"", "write 200, \"2xx\", \"200-299\" or a list of those"),
        ("http = \"http://a/\"\nreport = \"asp\"", "did you mean `aspnet`?"),
        ("http = \"http://a/\"\nmethod = \"HEAD\"\nbody = \"x\"", "HEAD brings no body"),
        ("http = \"http://a/\"\nuser = \"ops\"", "`user` stands without `password`"),
        ("http = \"http://a/\"\nuser = \"ops\"\npassword = \"env:A\"\ntoken = \"env:B\"", "both a token and a user"),
        ("http = \"https://a/\"\nca = \"gone.pem\"", "there is no file deck/gone.pem"),
        ("http = \"http://a/\"\nbodi = \"x\"", "did you mean `body`?"),
        ("tcp = \"db\"", "must be a host and a port"),
        ("tls = \"a:443\"\ndegraded = \"3d\"\nfail = \"21d\"", "let `fail` be the shorter one"),
        ("dns = \"a.example.com\"\nserver = \"dns.example.com\"", "must be an IP address"),
        ("dns = \"a.example.com\"\ntype = \"PTRX\"", "`type` cannot be \"PTRX\""),
    ] {
        let told = faults(text);
        assert!(told.contains(part), "{text}:\n{told}");
    }
}
