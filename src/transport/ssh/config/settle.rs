//! What the chosen values come to: defaults, tokens and paths filled in, and notes on what is not followed. Reads no
//! file.

use std::path::PathBuf;
use std::time::Duration;

use super::chosen::{self, Value};
use super::destination::{self, Destination};
use super::keyword::{READ, Told};
use super::note::{Note, shown};
use super::reader::Reader;
use super::token::{TokenError, Tokens, tilde};
use super::{AddressFamily, IdentityAgent, Resolved, Settings};

/// The keys that are tried when none are named, best first.
const USUAL_KEYS: &[&str] = &["id_ed25519", "id_ecdsa", "id_rsa"];

/// The name or address to connect to, as far as one pass says.
pub(super) fn host_name(reader: &mut Reader<'_>) -> String {
    let mut host = reader.alias.clone();
    if let Some(Value { words, place }) = reader.chosen.get("HostName").cloned() {
        let tokens = Tokens { host: reader.alias.clone(), ..Tokens::default() };
        let name = tokens.fill_some(words.first().map_or("", String::as_str), "h").map_err(|e| e.to_string());
        let name = name.and_then(|name| match destination::check_host(&name) {
            Ok(()) => Ok(name),
            Err(error) => Err(error.to_string()),
        });
        match name {
            Ok(name) => host = name,
            Err(what) => reader.notes.fatal(&place, "HostName", what, "write a name, an address or `%h`"),
        }
    }
    // The case of a name says nothing; an address stays as it is written.
    if host.contains(['%', ':']) { host } else { host.to_lowercase() }
}

/// The settings, and all notes.
pub(super) fn settle(reader: Reader<'_>, host: String) -> Resolved {
    let mut bench = Bench::new(reader, host);
    let settings = bench.settings();
    for keyword in READ {
        if let (Some(told), Some(value)) = (keyword.told, bench.reader.chosen.get(keyword.name).cloned()) {
            bench.tell(keyword.name, told, &value);
        }
    }
    Resolved { settings, notes: bench.into_notes() }
}

/// The place where settings are put together.
struct Bench<'s> {
    reader: Reader<'s>,
    tokens: Tokens,
}

impl<'s> Bench<'s> {
    fn new(reader: Reader<'s>, host: String) -> Self {
        let key_alias = reader.chosen.word("HostKeyAlias").unwrap_or(&reader.alias).to_owned();
        let tokens = Tokens { host, key_alias, ..reader.tokens() };
        Self { reader, tokens }
    }

    fn into_notes(self) -> Vec<Note> {
        self.reader.notes.into_list()
    }

    fn settings(&mut self) -> Settings {
        self.fill_user();
        let identities = self.files("IdentityFile");
        let has_default_identities = self.reader.chosen.files("IdentityFile").is_empty();
        let folder = self.reader.sources.home.join(".ssh");
        let usual = |names: &[&str]| names.iter().map(|name| folder.join(name)).collect();
        Settings {
            alias: self.reader.alias.clone(),
            host_name: self.tokens.host.clone(),
            user: self.tokens.user.clone(),
            port: self.word("Port").and_then(|w| chosen::port(&w)).unwrap_or(22),
            identity_files: if has_default_identities { usual(USUAL_KEYS) } else { identities },
            has_default_identities,
            certificate_files: self.files("CertificateFile"),
            identities_only: self.word("IdentitiesOnly").and_then(|w| chosen::flag(&w)).unwrap_or(false),
            identity_agent: self.agent(),
            proxy_jump: self.jump(),
            alive_interval: self.time("ServerAliveInterval"),
            alive_count: self.word("ServerAliveCountMax").and_then(|w| chosen::count(&w)).unwrap_or(3),
            connect_timeout: self.time("ConnectTimeout").filter(|t| !t.is_zero()),
            connection_attempts: self.attempts(),
            user_known_hosts: self
                .known_hosts("UserKnownHostsFile", Tokens::path)
                .unwrap_or_else(|| usual(&["known_hosts", "known_hosts2"])),
            global_known_hosts: self
                .known_hosts("GlobalKnownHostsFile", |tokens, text| Ok(tilde(text, &tokens.home)?.into()))
                .unwrap_or_else(|| ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"].map(Into::into).into()),
            host_key_alias: self.word("HostKeyAlias"),
            host_key_algorithms: self.word("HostKeyAlgorithms"),
            kex: self.word("KexAlgorithms"),
            ciphers: self.word("Ciphers"),
            macs: self.word("MACs"),
            address_family: match self.word("AddressFamily").map(|w| w.to_ascii_lowercase()).as_deref() {
                Some("inet") => AddressFamily::Inet,
                Some("inet6") => AddressFamily::Inet6,
                _ => AddressFamily::Any,
            },
            bind_address: self.word("BindAddress"),
        }
    }

    fn word(&self, keyword: &str) -> Option<String> {
        self.reader.chosen.word(keyword).map(str::to_owned)
    }

    fn time(&self, keyword: &str) -> Option<Duration> {
        self.reader.chosen.word(keyword).and_then(chosen::time)
    }

    /// A user of the configuration may have tokens and variables; one of the destination is taken as it is.
    fn fill_user(&mut self) {
        let Some(value) = self.reader.chosen.get("User").filter(|v| v.place.line > 0).cloned() else {
            return;
        };
        match self.tokens.fill(value.first()) {
            Ok(user) => self.tokens.user = user,
            Err(error) => self.wrong("User", &value, &error),
        }
    }

    fn attempts(&mut self) -> u32 {
        let Some(value) = self.reader.chosen.get("ConnectionAttempts").cloned() else {
            return 1;
        };
        let attempts = chosen::count(value.first()).unwrap_or(1);
        if attempts == 0 {
            let what = "`0` is no value of `ConnectionAttempts`";
            self.reader.notes.fatal(&value.place, "ConnectionAttempts", what, "write a number from 1");
        }
        attempts.max(1)
    }

    /// All files of a keyword; `none` is no file.
    fn files(&mut self, keyword: &'static str) -> Vec<PathBuf> {
        let values = self.reader.chosen.files(keyword).to_vec();
        values.iter().filter_map(|value| self.path(keyword, value, value.first(), Tokens::path)).collect()
    }

    fn known_hosts(
        &mut self,
        keyword: &'static str,
        fill: fn(&Tokens, &str) -> Result<PathBuf, TokenError>,
    ) -> Option<Vec<PathBuf>> {
        let value = self.reader.chosen.get(keyword).cloned()?;
        Some(value.words.iter().filter_map(|word| self.path(keyword, &value, word, fill)).collect())
    }

    fn path(
        &mut self,
        keyword: &'static str,
        value: &Value,
        word: &str,
        fill: fn(&Tokens, &str) -> Result<PathBuf, TokenError>,
    ) -> Option<PathBuf> {
        if word.eq_ignore_ascii_case("none") {
            return None;
        }
        fill(&self.tokens, word).map_err(|error| self.wrong(keyword, value, &error)).ok()
    }

    fn agent(&mut self) -> IdentityAgent {
        let Some(value) = self.reader.chosen.get("IdentityAgent").cloned() else {
            return IdentityAgent::FromEnvironment;
        };
        let word = value.first();
        match word.strip_prefix('$').filter(|name| !name.starts_with('{')) {
            _ if word.eq_ignore_ascii_case("none") => IdentityAgent::None,
            _ if word == "SSH_AUTH_SOCK" => IdentityAgent::FromEnvironment,
            Some("SSH_AUTH_SOCK") => IdentityAgent::FromEnvironment,
            // A variable that is not set means no agent, as in OpenSSH.
            Some(name) => std::env::var_os(name).map_or(IdentityAgent::None, |path| IdentityAgent::Path(path.into())),
            None => match self.tokens.path(word) {
                Ok(path) => IdentityAgent::Path(path),
                Err(error) => {
                    self.wrong("IdentityAgent", &value, &error);
                    IdentityAgent::None
                }
            },
        }
    }

    fn jump(&mut self) -> Vec<Destination> {
        let Some(value) = self.reader.chosen.get("ProxyJump").cloned() else {
            return Vec::new();
        };
        if value.first().eq_ignore_ascii_case("none") {
            return Vec::new();
        }
        let mut hops = Vec::new();
        for hop in value.first().split(',') {
            let filled = self.tokens.fill_some(hop.trim(), "hnpr").map_err(|e| e.to_string());
            match filled.and_then(|text| text.parse::<Destination>().map_err(|e| e.to_string())) {
                Ok(hop) => hops.push(hop),
                Err(error) => {
                    let what = format!("`{}` in `ProxyJump` cannot be read", shown(hop));
                    self.reader.notes.fatal(&value.place, "ProxyJump", what, error);
                }
            }
        }
        self.check_circle(&value, &hops);
        hops
    }

    /// A host that is reached through itself is never reached.
    fn check_circle(&mut self, value: &Value, hops: &[Destination]) {
        let Some(last) = hops.last() else { return };
        let port = last.port.unwrap_or(22).to_string();
        let is_same_user = last.user.as_ref().is_none_or(|user| *user == self.tokens.user);
        if last.host == self.tokens.host && port == self.tokens.port && is_same_user {
            let what = format!("`ProxyJump` leads to {} through itself", shown(&last.host));
            self.reader.notes.fatal(&value.place, "ProxyJump", what, "except the host with `ProxyJump none`");
        }
    }

    fn wrong(&mut self, keyword: &'static str, value: &Value, error: &TokenError) {
        let what = format!("{error} in `{keyword}`");
        self.reader.notes.fatal(&value.place, keyword, what, "write the value out");
    }

    fn tell(&mut self, keyword: &'static str, told: Told, value: &Value) {
        let word = value.first().trim_matches('"').to_ascii_lowercase();
        // A command is compared whole, any other value without its comment.
        let plain = if keyword == "ProxyCommand" { &word } else { word.split(['"', ' ', '\t']).next().unwrap_or("") };
        if told.silent.contains(&plain) {
            return;
        }
        let notes = &mut self.reader.notes;
        if told.fatal {
            notes.fatal(&value.place, keyword, told.what, told.help);
        } else {
            notes.tell(&value.place, keyword, told.what, told.help);
        }
    }
}
