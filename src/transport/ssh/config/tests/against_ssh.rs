//! The same files for the installed `ssh -G` and for us: what both say must be equal. Asks `ssh` only to print what it
//! would do; nothing is connected to and no name is looked up.

use std::collections::HashMap;
use std::process::{Command, Stdio};

use super::super::token::Tokens;
use super::*;

/// What it is about, the destinations, the file; `DIR` stands for the folder of the files.
type Case = (&'static str, &'static [&'static str], &'static str);

/// Files that the cases include.
const PARTS: &[(&str, &str)] = &[
    ("parts/10-user.conf", "User first-part\n"),
    ("parts/20-user.conf", "User second-part\nPort 2020\n"),
    ("parts/30-other.txt", "Port 3030\n"),
    ("parts/.hidden.conf", "ConnectTimeout 99\n"),
    ("inner.conf", "Host web\n Port 1001\nHost db\n Port 1002\n"),
    ("outer.conf", "Include DIR/inner.conf\nUser outer\n"),
    ("final.conf", "Match final\n User asked-by-a-part\n"),
    ("jump.conf", "ProxyJump from-part\n"),
];

const CASES: &[Case] = &[
    ("nothing", &["web", "ops@web", "192.0.2.7", "2001:DB8::7", "WEB.Example.Net", "ssh://ops@web:2222"], ""),
    ("the first value wins", &["web"], "User one\nUser two\nPort 1\nPort 2\nHost web\n User three\n HostName a\n"),
    (
        "patterns",
        &["web", "web1", "web12", "db", "WEB", "web.example.net"],
        "Host web?\n Port 1\nHost web*\n User w\nHost *.example.net\n HostName x\nHost ?eb\n ConnectTimeout 5\nHost *\n User any\n",
    ),
    (
        "denials",
        &["web", "db", "cache", "x"],
        "Host * !db\n User not-db\nHost !web *\n Port 9\nHost !web\n Port 8\nHost web !x* cache\n ConnectTimeout 4\n",
    ),
    (
        "equals signs and blanks",
        &["web"],
        "User=a\nPort = 2022\n\tHostName=\tb.example.net  \nConnectTimeout =7\nServerAliveInterval= 5\n\"HostKeyAlias\" k\n",
    ),
    (
        "quotes",
        &["web", "db"],
        "Host \"web\" 'db'\n User \"a b\"\n IdentityFile \"/k e y\"\n IdentityFile '/o\\'k'\n IdentityFile /e\\ s\nHost \"d?\"\n Port 5\n",
    ),
    (
        "comments",
        &["web"],
        "# User no\n  # Port 1\nUser yes # Port 2\nPort 3 #x\nHostKeyAlias a#b\nHost web # db\n ConnectTimeout 3\n",
    ),
    ("any case and line ends", &["web"], "hOsT web\r\n\tUSER x\r\n  porT 77\r\n\r\n"),
    (
        "files add up",
        &["web", "db"],
        "IdentityFile ~/.ssh/a\nHost web\n IdentityFile /b\n IdentityFile ~/.ssh/a\nHost *\n IdentityFile c\nIdentitiesOnly yes\n",
    ),
    ("identities of nobody", &["web"], "IdentityFile none\nIdentitiesOnly no\nIdentityAgent none\n"),
    ("tokens in the name of a host", &["web", "db.example.net"], "HostName %h.example.net\nUser u\n"),
    ("a percent sign in the name of a host", &["web"], "HostName fe80::1%%lo\n"),
    (
        "tokens in files",
        &["ops@web", "web"],
        "Port 2222\nHostName %h.example.net\nHostKeyAlias k-%h\nIdentityAgent /run/%u/%i-%r-%p\n\
         UserKnownHostsFile ~/k-%d /k/%h-%n /k/%l-%L %k /%%x\nIdentityFile ~/%h/%n\n",
    ),
    (
        "variables",
        &["web"],
        "UserKnownHostsFile ${HOME}/k ${PATH}\nIdentityAgent ${HOME}/agent\nIdentityFile ${HOME}/i\n",
    ),
    ("agents of the environment", &["web"], "IdentityAgent SSH_AUTH_SOCK\n"),
    ("known hosts of nobody", &["web"], "UserKnownHostsFile none\n"),
    ("the first list wins as a whole", &["web"], "UserKnownHostsFile /a /b\nUserKnownHostsFile /c\n"),
    (
        "times",
        &["web", "db", "x", "y"],
        "Host web\n ConnectTimeout 1m30s\n ServerAliveInterval 2m\n ServerAliveCountMax 7\nHost db\n ConnectTimeout none\n\
         Host x\n ServerAliveInterval none\nHost y\n ConnectTimeout 1H\nHost *\n ConnectTimeout 9\n ServerAliveInterval 11\n",
    ),
    ("one host to go through", &["web"], "ProxyJump gate\nProxyJump other\n"),
    ("several hosts to go through", &["web"], "ProxyJump a,ops@b.example.net:2222,c:22\n"),
    ("addresses to go through", &["web"], "ProxyJump ops@192.0.2.1:22,192.0.2.2\n"),
    ("an address in brackets to go through", &["web"], "ProxyJump [2001:db8::1]:2200\n"),
    ("a destination with a scheme to go through", &["web"], "ProxyJump ssh://ops@gate:2222\n"),
    ("no host to go through", &["web", "db"], "Host web\n ProxyJump none\nHost *\n ProxyJump gate # all\n"),
    ("a command that is none keeps hosts out", &["web"], "ProxyCommand none\nProxyJump gate\n"),
    ("hosts keep a command out", &["web"], "ProxyJump gate\nProxyCommand nc %h %p\n"),
    (
        "match on hosts",
        &["web", "db", "WEB", "web.example.net"],
        "Match host web,db\n User listed\nMatch originalhost web*\n Port 1\nMatch !host db\n ConnectTimeout 4\n\
         Match host *,!db\n HostKeyAlias not-db\nMatch all\n ServerAliveInterval 8\n",
    ),
    (
        "match sees the name set so far",
        &["web", "db"],
        "Match host real\n User early\nHost web\n HostName real\nMatch host real\n User late\nMatch host web\n Port 5\n\
         Match originalhost web\n Port 6\n",
    ),
    (
        "match on users",
        &["ops@web", "eve@web", "web"],
        "Match user ops\n Port 1\nMatch user eve,!ops\n Port 2\nUser ops\nMatch user o*\n ConnectTimeout 6\n",
    ),
    (
        "match on the local user",
        &["web"],
        "Match localuser LOCAL\n Port 1\nMatch !localuser LOCAL\n User x\nMatch localuser nobody-else\n User y\n",
    ),
    (
        "match on commands",
        &["web", "db"],
        "Match exec \"test %h = web\"\n Port 1\nMatch !exec \"test %n = web\"\n Port 2\nMatch host web exec true\n User t\n\
         Match exec \"exit 3\"\n User f\nMatch user=x exec=true\n User g\n",
    ),
    ("match with equals signs", &["web"], "Match host=web user=LOCAL\n Port 4\nMatch originalhost=db\n User x\n"),
    ("match in any case", &["web"], "Match HOST web\n Port 4\nMatch ALL\n User x\n"),
    (
        "a final pass",
        &["web", "db"],
        "Host web\n HostName real.example.net\nMatch final host real.example.net\n User last\nMatch final\n Port 7\n\
         Host real.*\n ConnectTimeout 3\nMatch !final\n HostKeyAlias first\n",
    ),
    ("a final pass cannot rename", &["web"], "Match final\n HostName other\n User late\n"),
    (
        "no final pass unless it is asked for",
        &["web"],
        "Host web\n HostName real\nHost real\n Port 4\nMatch canonical\n User c\n",
    ),
    ("canonical holds in a final pass", &["web"], "Match canonical\n User c\nMatch final\n Port 3\n"),
    (
        "a final pass asked for beside",
        &["web"],
        "HostName real\nMatch host no final\n Port 1\nHost real\n User second-pass\n",
    ),
    ("parts by a pattern", &["web"], "Include DIR/parts/*.conf\nPort 1\n"),
    ("parts by a set", &["web"], "Include DIR/parts/[23]*\nUser late\n"),
    ("several parts", &["web"], "Include DIR/parts/20-user.conf DIR/none.conf DIR/parts/1*\nPort 1\n"),
    ("parts in parts", &["web", "db", "x"], "Include DIR/outer.conf\nConnectTimeout 4\n"),
    (
        "parts where they count",
        &["web", "db", "x"],
        "Host web\n Include DIR/inner.conf\n User w\nHost x\n Include DIR/inner.conf DIR/parts/10-user.conf\n ConnectTimeout 2\n",
    ),
    (
        "parts in a match",
        &["web", "db"],
        "Match host db\n Include DIR/inner.conf\n Include DIR/jump.conf\nMatch all\n User m\n",
    ),
    (
        "a part that does not count asks for a final pass",
        &["web"],
        "HostName real\nHost x\n Include DIR/final.conf\nHost real\n Port 5\n",
    ),
    ("yes in other words", &["web", "db"], "Host web\n IdentitiesOnly TRUE\nHost *\n IdentitiesOnly False\n"),
    ("ignored words", &["web"], "IgnoreUnknown odd*\nOddWord x y\nPort 5\n"),
];

/// What `ssh -G` says; none when there is no `ssh` here, an error when it refuses.
fn ask(config: &Path, destination: &str) -> Option<Result<HashMap<String, Vec<String>>, String>> {
    let out = Command::new("ssh").args(["-G", "-F"]).arg(config).arg(destination).stdin(Stdio::null()).output().ok()?;
    if !out.status.success() {
        return Some(Err(String::from_utf8_lossy(&out.stderr).into_owned()));
    }
    let mut said: HashMap<String, Vec<String>> = HashMap::new();
    for (keyword, value) in String::from_utf8(out.stdout).unwrap().lines().filter_map(|l| l.split_once(' ')) {
        said.entry(keyword.to_owned()).or_default().push(value.to_owned());
    }
    Some(Ok(said))
}

/// Our own words in the form of `ssh -G`, for every keyword that is compared.
fn ours(settings: &Settings) -> Vec<(&'static str, Option<String>)> {
    let paths = |paths: &[PathBuf]| {
        let joined = paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(" ");
        Some(joined).filter(|j| !j.is_empty())
    };
    let jump = settings.proxy_jump.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let seconds = |time: Option<Duration>| time.map_or(0, |t| t.as_secs()).to_string();
    vec![
        ("hostname", Some(settings.host_name.clone())),
        ("user", Some(settings.user.clone())),
        ("port", Some(settings.port.to_string())),
        ("proxyjump", Some(jump).filter(|j| !j.is_empty())),
        ("userknownhostsfile", paths(&settings.user_known_hosts)),
        ("globalknownhostsfile", paths(&settings.global_known_hosts)),
        ("identitiesonly", Some(if settings.identities_only { "yes" } else { "no" }.to_owned())),
        (
            "identityagent",
            match &settings.identity_agent {
                IdentityAgent::FromEnvironment => None,
                IdentityAgent::None => Some("none".to_owned()),
                IdentityAgent::Path(path) => Some(path.display().to_string()),
            },
        ),
        ("serveraliveinterval", Some(seconds(settings.alive_interval))),
        ("serveralivecountmax", Some(settings.alive_count.to_string())),
        ("connecttimeout", Some(seconds(settings.connect_timeout))),
        ("connectionattempts", Some(settings.connection_attempts.to_string())),
        ("hostkeyalias", settings.host_key_alias.clone()),
    ]
}

/// What `ssh` said about a keyword, with the few forms evened out that mean the same.
fn theirs(said: &HashMap<String, Vec<String>>, keyword: &str) -> Option<String> {
    let value = said.get(keyword).map(|values| values.join(" "));
    match (keyword, value.as_deref()) {
        ("connecttimeout", Some("none") | None) => Some("0".to_owned()),
        ("identityagent", Some("SSH_AUTH_SOCK")) | ("userknownhostsfile", Some("none")) => None,
        // It puts brackets around the last address, which need none.
        ("proxyjump", Some(jump)) if !jump.contains("::") => Some(jump.replace(['[', ']'], "").replace("ssh://", "")),
        _ => value,
    }
}

#[test]
fn ssh_and_we_say_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().display().to_string();
    let config = folder.path().join("config");
    // `ssh` takes the home from the list of users, whatever `HOME` says.
    let (local_user, home) = file::this_user();
    let fill = |text: &str| text.replace("DIR", &dir).replace("LOCAL", &local_user);
    let sources = Sources { home, ..Sources::only(&config) };
    for (name, text) in PARTS {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, fill(text)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let mut wrong = Vec::new();
    let mut asked = 0;
    for (name, destinations, text) in CASES {
        fs::write(&config, fill(text)).unwrap();
        for destination in *destinations {
            let Some(said) = ask(&config, destination) else {
                eprintln!("there is no `ssh` here: nothing is compared");
                return;
            };
            asked += 1;
            let differences =
                said.map_or_else(|e| vec![format!("ssh refuses it: {e}")], |s| compare(destination, &s, &sources));
            wrong.extend(differences.into_iter().map(|d| format!("{name}: {destination}: {d}")));
        }
    }
    assert!(wrong.is_empty(), "of {asked}:\n{}", wrong.join("\n"));
    assert!(asked > 80, "only {asked} compared");
}

/// All in which we say something else than `ssh`.
fn compare(destination: &str, said: &HashMap<String, Vec<String>>, sources: &Sources) -> Vec<String> {
    let Resolved { settings, notes } = resolve(&destination.parse().unwrap(), sources);
    let mut wrong: Vec<String> = notes.iter().filter(|n| n.fatal).map(ToString::to_string).collect();
    for (keyword, mine) in ours(&settings) {
        let theirs = theirs(said, keyword);
        if mine != theirs {
            wrong.push(format!("{keyword}: ssh says {theirs:?}, we {mine:?}"));
        }
    }
    wrong.extend(identities(&settings, said, sources));
    wrong
}

/// `ssh -G` prints files of identities as they are written, so they are filled in here.
fn identities(settings: &Settings, said: &HashMap<String, Vec<String>>, sources: &Sources) -> Option<String> {
    let theirs = said.get("identityfile").cloned().unwrap_or_default();
    if settings.has_default_identities {
        return (theirs.len() < 3).then(|| format!("identityfile: ssh says {theirs:?}, we that none are named"));
    }
    let tokens = Tokens {
        home: sources.home.display().to_string(),
        host: settings.host_name.clone(),
        alias: settings.alias.clone(),
        ..Tokens::default()
    };
    let theirs = theirs.iter().filter(|t| *t != "none").map(|t| tokens.path(t).unwrap()).collect::<Vec<_>>();
    let mine = &settings.identity_files;
    (theirs != *mine).then(|| format!("identityfile: ssh says {theirs:?}, we {mine:?}"))
}
