//! The reader as a whole: files in a folder of their own, resolved for a host. What OpenSSH says to the same files is in
//! `against_ssh`; here stands what only we say: notes, limits, aliases.

mod against_ssh;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;

/// A home with a configuration, gone when the test is over.
struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new(config: &str) -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap() };
        home.write("config", config);
        home
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.ssh().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    fn ssh(&self) -> PathBuf {
        self.folder.path().join(".ssh")
    }

    fn sources(&self) -> Sources {
        Sources {
            user: Some(self.ssh().join("config")),
            system: None,
            home: self.folder.path().to_owned(),
            local_user: "ops".into(),
            local_host: "desk.example.net".into(),
            is_named: false,
        }
    }

    fn resolve(&self, destination: &str) -> Resolved {
        resolve(&destination.parse().unwrap(), &self.sources())
    }
}

fn host(config: &str, destination: &str) -> Settings {
    let resolved = Home::new(config).resolve(destination);
    assert_eq!(resolved.notes, [], "{config}");
    resolved.settings
}

/// Line, column, keyword, whether it is fatal, and what is said, of all notes.
fn notes(config: &str) -> Vec<(usize, usize, String, bool, String)> {
    let notes = Home::new(config).resolve("web").notes;
    notes.into_iter().map(|n| (n.line, n.column, n.keyword, n.fatal, format!("{}; {}", n.what, n.help))).collect()
}

fn one(config: &str) -> (usize, usize, String, bool, String) {
    let mut all = notes(config);
    assert_eq!(all.len(), 1, "{config}: {all:?}");
    all.remove(0)
}

#[test]
fn without_a_file_the_defaults_hold_and_nothing_is_told() {
    let home = Home::new("");
    fs::remove_dir_all(home.ssh()).unwrap();
    let Resolved { settings, notes } = home.resolve("Web.Example.net");
    let ssh = home.ssh();
    assert_eq!(notes, []);
    assert_eq!((settings.alias.as_str(), settings.host_name.as_str()), ("Web.Example.net", "web.example.net"));
    assert_eq!((settings.user.as_str(), settings.port, settings.alive_count), ("ops", 22, 3));
    assert_eq!(settings.identity_files, ["id_ed25519", "id_ecdsa", "id_rsa"].map(|k| ssh.join(k)));
    assert!(settings.has_default_identities && !settings.identities_only);
    assert_eq!(settings.identity_agent, IdentityAgent::FromEnvironment);
    assert_eq!((settings.alive_interval, settings.connect_timeout, settings.connection_attempts), (None, None, 1));
    assert_eq!(settings.user_known_hosts, ["known_hosts", "known_hosts2"].map(|k| ssh.join(k)));
    assert_eq!(
        settings.global_known_hosts,
        ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"].map(PathBuf::from)
    );
    assert_eq!((settings.proxy_jump.len(), settings.address_family), (0, AddressFamily::Any));
}

#[test]
fn the_destination_wins_over_the_user_and_the_user_over_the_machine() {
    let home = Home::new("Host web\n User file\n Port 1\n");
    let system = home.write("system", "Host *\n User machine\n ConnectTimeout 7\n");
    let sources = Sources { system: Some(system), ..home.sources() };
    let plain = resolve(&"web".parse().unwrap(), &sources).settings;
    assert_eq!((plain.user.as_str(), plain.port, plain.connect_timeout), ("file", 1, Some(Duration::from_secs(7))));
    let said = resolve(&"me@web:2".parse().unwrap(), &sources).settings;
    assert_eq!((said.user.as_str(), said.port), ("me", 2));
}

#[test]
fn every_setting_is_read() {
    let settings = host(
        "CertificateFile ~/a-cert.pub\nCertificateFile ~/b-cert.pub\nGlobalKnownHostsFile /g /h\nHostKeyAlgorithms +ssh-rsa\n\
         KexAlgorithms -x\nCiphers ^aes256-ctr\nMACs hmac-sha2-256\nAddressFamily inet6\nBindAddress 192.0.2.1\n\
         ConnectionAttempts 4\nIdentityFile none\nServerAliveInterval 0\n",
        "web",
    );
    assert_eq!(settings.certificate_files.len(), 2);
    assert!(settings.certificate_files[1].ends_with("b-cert.pub") && settings.certificate_files[1].is_absolute());
    assert_eq!(settings.global_known_hosts, [Path::new("/g"), Path::new("/h")]);
    assert_eq!(settings.host_key_algorithms.as_deref(), Some("+ssh-rsa"));
    assert_eq!((settings.kex.as_deref(), settings.ciphers.as_deref()), (Some("-x"), Some("^aes256-ctr")));
    assert_eq!(
        (settings.macs.as_deref(), settings.bind_address.as_deref()),
        (Some("hmac-sha2-256"), Some("192.0.2.1"))
    );
    assert_eq!((settings.address_family, settings.connection_attempts), (AddressFamily::Inet6, 4));
    assert_eq!((settings.identity_files, settings.has_default_identities), (vec![], false));
    assert_eq!(settings.alive_interval, Some(Duration::ZERO), "switched off is not the same as not said");
}

#[test]
fn hosts_to_go_through_are_in_the_order_of_travel_with_tokens_filled_in() {
    let settings = host("Host web\n ProxyJump a, ops@gate-%h:2222,[2001:db8::1]:22\n", "web");
    let hops: Vec<String> = settings.proxy_jump.iter().map(ToString::to_string).collect();
    assert_eq!(hops, ["a", "ops@gate-web:2222", "[2001:db8::1]:22"]);
}

#[test]
fn agents_are_told_apart() {
    for (value, agent) in [
        ("none", IdentityAgent::None),
        ("SSH_AUTH_SOCK", IdentityAgent::FromEnvironment),
        ("$SSH_AUTH_SOCK", IdentityAgent::FromEnvironment),
        ("$QD_NOT_SET_ANYWHERE", IdentityAgent::None),
        ("$PATH", IdentityAgent::Path(std::env::var_os("PATH").unwrap().into())),
        ("/run/agent-%r", IdentityAgent::Path("/run/agent-ops".into())),
    ] {
        assert_eq!(host(&format!("IdentityAgent {value}\n"), "web").identity_agent, agent, "{value}");
    }
}

#[test]
fn relative_includes_lie_beside_the_users_file_and_count_only_where_they_stand() {
    let home = Home::new("Host web\n Include parts/*.conf none\nHost *\n Port 9\n");
    home.write("parts/1.conf", "User one\nHost other\n User other\n");
    home.write("parts/2.conf", "User two\nConnectTimeout 2\n");
    let settings = home.resolve("web").settings;
    assert_eq!((settings.user.as_str(), settings.port), ("one", 9));
    assert_eq!(
        settings.connect_timeout,
        Some(Duration::from_secs(2)),
        "`Host` in one file does not reach into the next"
    );
    assert_eq!(home.resolve("other").settings.user, "ops", "a `Host` inside cannot undo the one around it");
}

#[test]
fn circles_and_depths_of_includes_are_refused() {
    let home = Home::new("Include a\nPort 9\n");
    home.write("a", "Include config\n");
    let resolved = home.resolve("web");
    assert_eq!(resolved.settings.port, 9, "the rest goes on");
    assert!(resolved.obstacle().unwrap().what.ends_with("includes itself"), "{:?}", resolved.notes);

    let home = Home::new("Include 0\n");
    for depth in 0..20 {
        home.write(&depth.to_string(), format!("Include {}\nPort {}\n", depth + 1, depth + 1));
    }
    let resolved = home.resolve("web");
    assert_eq!(resolved.settings.port, 16);
    assert!(resolved.obstacle().unwrap().what.contains("more than 16 deep"), "{:?}", resolved.notes);
}

#[test]
fn includes_that_double_end_in_a_note_and_not_in_a_night() {
    let home = Home::new("Include 0 0\n");
    for depth in 0..15 {
        home.write(&depth.to_string(), format!("Include {0} {0}\n", depth + 1));
    }
    assert!(home.resolve("web").obstacle().unwrap().what.contains("too often"));
}

#[test]
fn files_that_others_may_write_are_refused_and_the_rest_goes_on() {
    let home = Home::new("Include loose\nPort 9\n");
    let loose = home.write("loose", "User sly\n");
    fs::set_permissions(&loose, fs::Permissions::from_mode(0o666)).unwrap();
    let resolved = home.resolve("web");
    assert_eq!((resolved.settings.user.as_str(), resolved.settings.port), ("ops", 9));
    assert!(resolved.obstacle().unwrap().what.contains("others may write it"));
    fs::set_permissions(home.ssh().join("config"), fs::Permissions::from_mode(0o602)).unwrap();
    let resolved = home.resolve("web");
    assert_eq!(resolved.settings.port, 22);
    let note = resolved.obstacle().unwrap();
    assert_eq!((note.line, note.help.as_str()), (0, "take the right away with `chmod go-w`"));
    let named = Sources { is_named: true, ..home.sources() };
    assert_eq!(resolve(&"web".parse().unwrap(), &named).settings.port, 9, "a file named on purpose is read");
}

#[test]
fn a_file_named_on_purpose_must_be_there() {
    let home = Home::new("");
    let sources = Sources { user: Some(home.ssh().join("none")), is_named: true, ..home.sources() };
    let resolved = resolve(&"web".parse().unwrap(), &sources);
    assert!(
        resolved.notes[0].fatal
            && resolved.notes[0]
                .to_string()
                .ends_with("none: there is no such file; write the file or name another one")
    );
}

#[test]
fn lines_that_apply_and_are_not_followed_are_told_with_their_place() {
    let (line, column, keyword, fatal, said) = one("Host web\n  ProxyCommand nc --proxy-auth me:hunter2 %h %p\n");
    assert_eq!((line, column, keyword.as_str(), fatal), (2, 16, "ProxyCommand", true));
    assert!(said.contains("`ProxyJump` instead") && !said.contains("hunter2"), "{said}");
    for line in [
        "GSSAPIAuthentication yes",
        "PKCS11Provider /lib/p.so",
        "CanonicalizeHostname always",
        "VerifyHostKeyDNS ask # yes",
        "KnownHostsCommand /bin/true",
        "PubkeyAuthentication no",
        "PreferredAuthentications password",
        "StrictHostKeyChecking accept-new",
        "StrictHostKeyChecking \"no\"",
        "RemoteCommand tmux",
        "Match localnetwork 192.0.2.0/24",
        "Match !version 9.*",
    ] {
        assert!(!one(line).3, "{line}");
    }
}

#[test]
fn nothing_is_told_about_lines_that_do_not_apply_come_late_or_change_nothing() {
    for config in [
        "Host other\n ProxyCommand nc\n Hostnam x\n Port x\nMatch host other localnetwork 192.0.2.0/24\n",
        "ProxyCommand none\nProxyCommand nc\n",
        "ProxyJump gate\nProxyCommand nc\n",
        "GSSAPIAuthentication no\nVerifyHostKeyDNS no\nStrictHostKeyChecking ask\nPubkeyAuthentication yes\n",
        "ControlMaster auto\nControlPath ~/%C\nLocalForward 1 a:2\nForwardAgent yes\nUseKeychain yes\nHashKnownHosts yes\n",
        "IgnoreUnknown Odd*,else\nOddly 1\nElse 2\n",
    ] {
        assert_eq!(notes(config), [], "{config}");
    }
}

#[test]
fn unknown_words_are_told_with_the_nearest_right_one() {
    let (_, column, keyword, fatal, said) = one(" HostNam 192.0.2.1\n");
    assert_eq!((column, keyword.as_str(), fatal), (2, "HostNam", false));
    assert!(said.ends_with("did you mean `HostName`?"), "{said}");
    let (_, column, keyword, fatal, said) = one("Match hots web\n");
    assert_eq!((column, keyword.as_str(), fatal), (7, "Match", true));
    assert!(said.ends_with("did you mean `host`?"), "{said}");
}

#[test]
fn wrong_lines_are_fatal_and_the_rest_goes_on() {
    for (line, said) in [
        ("Port 0", "`0` is no value of `Port`; write a number from 1 to 65535"),
        ("Port 22 23", "takes one value"),
        ("Port", "`Port` has no value"),
        ("User \"ops", "a quote in `User` does not close"),
        ("Host \"web", "a quote does not close in `Host`"),
        ("Match", "`Match` has no value"),
        ("Match host", "`host` has no value in `Match`"),
        ("Match all host web", "`all` stands beside other conditions"),
        ("IdentitiesOnly maybe", "write `yes` or `no`"),
        ("ServerAliveInterval 5 parsecs", "takes one value"),
        ("ConnectTimeout 5x", "is no value of `ConnectTimeout`"),
        ("ConnectionAttempts 0", "write a number from 1"),
        ("AddressFamily inet7", "`any`, `inet` or `inet6`"),
        ("ProxyJump a,,b", "in `ProxyJump` cannot be read"),
        ("ProxyJump web", "through itself"),
        ("UserKnownHostsFile a none", "`none` stands beside files"),
        ("UserKnownHostsFile ${QD_NOT_SET_ANYWHERE}/x", "`QD_NOT_SET_ANYWHERE` is not set"),
        ("IdentityFile ~/%C", "`%C` cannot be filled in"),
        ("HostName %n", "`%n` cannot be filled in"),
        ("HostName \"a b\"", "the host has a blank"),
        ("Include ~nobody-of-that-name/x", "is not known on this machine"),
    ] {
        let home = Home::new(&format!("{line}\nHost *\n ConnectTimeout 3\n"));
        let resolved = home.resolve("web");
        let note = resolved.obstacle().unwrap_or_else(|| panic!("{line}: {resolved:?}"));
        assert!(note.to_string().contains(said), "{line}: {note}");
        assert_eq!((note.line, resolved.notes.len()), (1, 1), "{line}");
        assert_eq!(resolved.settings.connect_timeout, Some(Duration::from_secs(3)), "{line}");
    }
}

#[test]
fn control_characters_of_a_file_never_reach_a_note() {
    let (.., said) = one("Port \u{1b}[2Jx\n");
    assert!(!said.contains('\u{1b}'), "{said:?}");
}

#[test]
fn a_command_of_match_runs_only_when_all_before_it_holds_and_not_for_long() {
    let home = Home::new("");
    let mark = home.folder.path().join("mark");
    let write = |line: &str| home.write("config", format!("{line}\n User matched\n"));
    write(&format!("Match host other exec \"touch {}\"", mark.display()));
    assert_eq!(home.resolve("web").settings.user, "ops");
    assert!(!mark.exists(), "it was run for another host");
    write(&format!("Match host web exec \"touch {}\"", mark.display()));
    assert_eq!(home.resolve("web").settings.user, "matched");
    assert!(mark.exists());
    fs::remove_file(&mark).unwrap();
    write(&format!("Match localnetwork 192.0.2.0/24 exec \"touch {}\"", mark.display()));
    assert_eq!(home.resolve("web").notes.len(), 1, "what cannot be judged is told");
    assert!(!mark.exists(), "it was run for lines that are not followed");
    write("Match exec \"sleep 60\"");
    let started = tokio::time::Instant::now();
    let resolved = home.resolve("web");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    assert!(resolved.obstacle().unwrap().what.contains("longer than 2 s"), "{resolved:?}");
    assert_eq!(resolved.settings.user, "ops");
}

#[test]
fn tags_are_matched_as_newer_versions_of_openssh_do() {
    let config = "Host web\n Tag blue\nMatch tagged red,blue\n User tagged\nMatch tagged \"\"\n User bare\n";
    assert_eq!(host(config, "web").user, "tagged");
    assert_eq!(host(config, "db").user, "bare");
}

#[test]
fn aliases_are_the_plain_names_of_the_users_files_in_order() {
    let home = Home::new(
        "Host web db web *.example.net !x a?\nInclude parts/*\nHost=\"last\"\nMatch host m\n# Host no\nInclude config\n",
    );
    home.write("parts/1", "Host one\n HostName 192.0.2.1\n");
    home.write("parts/2", "host two 2001:db8::1\n");
    assert_eq!(aliases(&home.sources()), ["web", "db", "one", "two", "2001:db8::1", "last"]);
    assert!(aliases(&Sources { user: None, ..home.sources() }).is_empty());
}

#[test]
fn this_user_has_a_name_a_home_and_a_machine() {
    let sources = Sources::of_this_user();
    assert!(sources.home.is_absolute() && !sources.local_user.is_empty() && !sources.local_host.is_empty());
    assert_eq!(sources.user, Some(sources.home.join(".ssh/config")));
    assert_eq!(Sources::only("/x").system, None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_stop_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let home = Home::new("");
        home.write("config", &bytes);
        home.resolve("web");
        aliases(&home.sources());
    }

    #[test]
    fn no_lines_of_known_words_stop_the_reader(lines in proptest::collection::vec(
        ("(host|match|include|hostname|user|port|identityfile|proxyjump|identityagent|userknownhostsfile|connecttimeout)",
         "[ =\t]{0,2}(all|final|!|host|user|web|[*?%$~{}\"'\\\\#,@:\\[\\]a-z0-9é/ ]){0,8}"), 0..12)) {
        let lines: Vec<String> = lines.into_iter().map(|(keyword, rest)| format!("{keyword}{rest}")).collect();
        let config = lines.join("\n");
        let home = Home::new(&config);
        let resolved = home.resolve("web");
        prop_assert!(resolved.notes.iter().all(|n| !n.what.is_empty()));
    }

    #[test]
    fn no_text_stops_a_destination_and_what_is_read_is_written_back(text in "[-a-z0-9@:\\[\\]/%. é\\\\$]{0,30}") {
        if let Ok(destination) = text.parse::<Destination>() {
            prop_assert_eq!(destination.to_string().parse::<Destination>().ok(), Some(destination));
        }
    }
}
