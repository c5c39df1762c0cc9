//! The keywords of ssh_config(5): how each value is written, and what is told when it is set but not followed. A table;
//! reads nothing.

/// How the value of a keyword is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// One word.
    Word,
    /// `yes` or `no`.
    Flag,
    /// A time such as `30` or `1m30s`, or `none`.
    Time,
    /// A whole number.
    Count,
    /// 1 to 65535.
    Port,
    /// `any`, `inet` or `inet6`.
    Family,
    /// The path of a socket, a variable or `none`.
    Agent,
    /// Several words.
    Words,
    /// One file a line; every line counts.
    Files,
    /// The rest of the line as written.
    Rest,
    /// Destinations with commas, or `none`.
    Jump,
    /// `Host`, `Match`, `Include`: where other lines count.
    Scope,
    /// Not read by us: nothing about it changes how or whether we connect.
    Unread,
}

/// What is told about a value that is not followed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    /// Values about which there is nothing to tell.
    pub(super) silent: &'static [&'static str],
    /// Why it matters.
    pub(super) what: &'static str,
    /// What to do.
    pub(super) help: &'static str,
    /// Whether the host cannot be reached as the user's `ssh` would.
    pub(super) fatal: bool,
}

/// A keyword.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keyword {
    /// As ssh_config(5) writes it.
    pub(super) name: &'static str,
    /// How its value is written.
    pub(super) shape: Shape,
    /// What is told when it is set.
    pub(super) told: Option<Told>,
}

const fn plain(name: &'static str, shape: Shape) -> Keyword {
    Keyword { name, shape, told: None }
}

const fn told(name: &'static str, silent: &'static [&'static str], what: &'static str, help: &'static str) -> Keyword {
    Keyword { name, shape: Shape::Rest, told: Some(Told { silent, what, help, fatal: false }) }
}

const fn refused(
    name: &'static str,
    silent: &'static [&'static str],
    what: &'static str,
    help: &'static str,
) -> Keyword {
    Keyword { name, shape: Shape::Rest, told: Some(Told { silent, what, help, fatal: true }) }
}

const NO: &[&str] = &["no", "false", "off"];
const NONE: &[&str] = &["none"];
const KEYS: &str = "keys and agents are used to log in";

/// Every keyword whose value is read, or about which something is told.
pub(super) const READ: &[Keyword] = &[
    plain("Host", Shape::Scope),
    plain("Match", Shape::Scope),
    plain("Include", Shape::Scope),
    plain("IgnoreUnknown", Shape::Word),
    plain("Tag", Shape::Word),
    plain("HostName", Shape::Word),
    plain("User", Shape::Word),
    plain("Port", Shape::Port),
    plain("IdentityFile", Shape::Files),
    plain("CertificateFile", Shape::Files),
    plain("IdentitiesOnly", Shape::Flag),
    plain("IdentityAgent", Shape::Agent),
    plain("ProxyJump", Shape::Jump),
    plain("ServerAliveInterval", Shape::Time),
    plain("ServerAliveCountMax", Shape::Count),
    plain("ConnectTimeout", Shape::Time),
    plain("ConnectionAttempts", Shape::Count),
    plain("UserKnownHostsFile", Shape::Words),
    plain("GlobalKnownHostsFile", Shape::Words),
    plain("HostKeyAlias", Shape::Word),
    plain("HostKeyAlgorithms", Shape::Word),
    plain("KexAlgorithms", Shape::Word),
    plain("Ciphers", Shape::Word),
    plain("MACs", Shape::Word),
    plain("AddressFamily", Shape::Family),
    plain("BindAddress", Shape::Word),
    refused("ProxyCommand", NONE, "`ProxyCommand` is not followed", "reach the host with `ProxyJump` instead"),
    refused("RefuseConnection", &[], "`RefuseConnection` keeps `ssh` from this host", "reach it under another name"),
    told("ProxyUseFdpass", NO, "`ProxyUseFdpass` is not followed", "reach the host with `ProxyJump` instead"),
    told("GSSAPIAuthentication", NO, "`GSSAPIAuthentication` is not followed", KEYS),
    told("GSSAPIDelegateCredentials", NO, "`GSSAPIDelegateCredentials` is not followed", KEYS),
    told("GSSAPIKeyExchange", NO, "`GSSAPIKeyExchange` is not followed", "the key of the host is checked instead"),
    told("KerberosAuthentication", NO, "`KerberosAuthentication` is not followed", KEYS),
    told("KerberosTGTPassing", NO, "`KerberosTGTPassing` is not followed", KEYS),
    told("HostbasedAuthentication", NO, "`HostbasedAuthentication` is not followed", KEYS),
    told(
        "PubkeyAuthentication",
        &["yes", "true", "unbound", "host-bound"],
        "`PubkeyAuthentication no` is not followed",
        KEYS,
    ),
    told("PreferredAuthentications", &["publickey"], "`PreferredAuthentications` is not followed", KEYS),
    told(
        "PubkeyAcceptedAlgorithms",
        &[],
        "`PubkeyAcceptedAlgorithms` is not followed",
        "the server decides which keys it takes",
    ),
    told("PKCS11Provider", NONE, "`PKCS11Provider` is not followed", "add its keys to an agent with `ssh-add -s`"),
    told(
        "SecurityKeyProvider",
        &["internal"],
        "`SecurityKeyProvider` is not followed",
        "add its keys to an agent with `ssh-add -K`",
    ),
    told(
        "CanonicalizeHostname",
        &["no", "false", "none"],
        "`CanonicalizeHostname` is not followed",
        "write the full name in `HostName`",
    ),
    told(
        "VerifyHostKeyDNS",
        NO,
        "`VerifyHostKeyDNS` is not followed",
        "the key of the host must be in a known_hosts file",
    ),
    told(
        "KnownHostsCommand",
        NONE,
        "`KnownHostsCommand` is not followed",
        "the key of the host must be in a known_hosts file",
    ),
    told(
        "RevokedHostKeys",
        NONE,
        "`RevokedHostKeys` is not followed",
        "mark the keys `@revoked` in a known_hosts file",
    ),
    told("CASignatureAlgorithms", &[], "`CASignatureAlgorithms` is not followed", ""),
    told("RequiredRSASize", &[], "`RequiredRSASize` is not followed", ""),
    told(
        "NoHostAuthenticationForLocalhost",
        NO,
        "`NoHostAuthenticationForLocalhost` is not followed",
        "the key of the host is always checked",
    ),
    told(
        "StrictHostKeyChecking",
        &["yes", "true", "ask"],
        "`StrictHostKeyChecking` is not followed",
        "an unknown key is always asked about and a changed one refused",
    ),
    told("BindInterface", NONE, "`BindInterface` is not followed", "say the address with `BindAddress`"),
    told("RemoteCommand", NONE, "`RemoteCommand` is not followed", "only the console's own commands are run"),
];

/// Keywords that change nothing here.
const UNREAD: &[&str] = &[
    "AddKeysToAgent",
    "AFSTokenPassing",
    "BatchMode",
    "CanonicalDomains",
    "CanonicalizeFallbackLocal",
    "CanonicalizeMaxDots",
    "CanonicalizePermittedCNAMEs",
    "ChallengeResponseAuthentication",
    "ChannelTimeout",
    "CheckHostIP",
    "Cipher",
    "ClearAllForwardings",
    "Compression",
    "CompressionLevel",
    "ControlMaster",
    "ControlPath",
    "ControlPersist",
    "DynamicForward",
    "EnableEscapeCommandline",
    "EnableSSHKeysign",
    "EscapeChar",
    "ExitOnForwardFailure",
    "FallBackToRsh",
    "FingerprintHash",
    "ForkAfterAuthentication",
    "ForwardAgent",
    "ForwardX11",
    "ForwardX11Timeout",
    "ForwardX11Trusted",
    "GatewayPorts",
    "GlobalKnownHostsFile2",
    "GSSAPIClientIdentity",
    "GSSAPIKexAlgorithms",
    "GSSAPIRenewalForcesRekey",
    "GSSAPIServerIdentity",
    "GSSAPITrustDns",
    "HashKnownHosts",
    "HostbasedAcceptedAlgorithms",
    "HostbasedKeyTypes",
    "IPQoS",
    "KbdInteractiveAuthentication",
    "KbdInteractiveDevices",
    "KeepAlive",
    "LocalCommand",
    "LocalForward",
    "LogLevel",
    "LogVerbose",
    "NumberOfPasswordPrompts",
    "ObscureKeystrokeTiming",
    "PasswordAuthentication",
    "PermitLocalCommand",
    "PermitRemoteOpen",
    "Protocol",
    "RekeyLimit",
    "RemoteForward",
    "RequestTTY",
    "RhostsAuthentication",
    "RhostsRSAAuthentication",
    "RSAAuthentication",
    "SendEnv",
    "SessionType",
    "SetEnv",
    "SKeyAuthentication",
    "StdinNull",
    "StreamLocalBindMask",
    "StreamLocalBindUnlink",
    "SyslogFacility",
    "TCPKeepAlive",
    "TISAuthentication",
    "Tunnel",
    "TunnelDevice",
    "UpdateHostKeys",
    "UseKeychain",
    "UsePrivilegedPort",
    "UserKnownHostsFile2",
    "UseRoaming",
    "UseRsh",
    "VersionAddendum",
    "VisualHostKey",
    "WarnWeakCrypto",
    "XAuthLocation",
];

/// Other names of the same.
const ALIASES: &[(&str, &str)] = &[
    ("IdentityFile2", "IdentityFile"),
    ("DSAAuthentication", "PubkeyAuthentication"),
    ("SmartcardDevice", "PKCS11Provider"),
    ("PubkeyAcceptedKeyTypes", "PubkeyAcceptedAlgorithms"),
];

/// The keyword written so, in any case.
pub(super) fn find(word: &str) -> Option<Keyword> {
    let name = ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(word)).map_or(word, |(_, name)| name);
    READ.iter()
        .find(|k| k.name.eq_ignore_ascii_case(name))
        .copied()
        .or_else(|| UNREAD.iter().find(|n| n.eq_ignore_ascii_case(name)).map(|name| plain(name, Shape::Unread)))
}

/// The keyword most like a word that is none.
pub(super) fn nearest(word: &str) -> Option<&'static str> {
    crate::settings::word::nearest(word, READ.iter().map(|k| k.name).chain(UNREAD.iter().copied()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_found_in_any_case_and_under_old_names() {
        assert_eq!(find("hostNAME").map(|k| k.name), Some("HostName"));
        assert_eq!(find("identityfile2").map(|k| k.shape), Some(Shape::Files));
        assert_eq!(find("usekeychain").map(|k| k.shape), Some(Shape::Unread));
        assert!(find("HostNam").is_none());
        assert_eq!(nearest("HostNam"), Some("HostName"));
    }

    #[test]
    fn no_keyword_is_in_the_tables_twice() {
        let mut names: Vec<_> =
            READ.iter().map(|k| k.name).chain(UNREAD.iter().copied()).map(str::to_lowercase).collect();
        names.extend(ALIASES.iter().map(|(alias, _)| alias.to_lowercase()));
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
