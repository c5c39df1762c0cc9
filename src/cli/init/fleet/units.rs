//! The units of a host as `systemctl show` tells them, and which of them are worth a line in a deck. Pure.

/// A service that runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unit {
    /// `sales.service`.
    pub(super) id: String,
    /// What it says of itself.
    pub(super) about: String,
    /// Its main process; 0 when there is none.
    pub(super) main_pid: u32,
    /// What it starts, with arguments.
    pub(super) starts: String,
    /// Somebody wrote it for this host; it came with no package.
    pub(super) is_own: bool,
}

/// Properties that are asked for.
pub(super) const PROPERTIES: &str = "Id,Description,SubState,MainPID,FragmentPath,ExecStart";

/// Services of the system itself: they run everywhere, and the probe of the host tells when one fails.
const SYSTEM: [&str; 36] = [
    "ModemManager",
    "NetworkManager",
    "accounts-daemon",
    "acpid",
    "apparmor",
    "atd",
    "auditd",
    "avahi-daemon",
    "bluetooth",
    "chrony",
    "chronyd",
    "console-getty",
    "cron",
    "crond",
    "cups",
    "cups-browsed",
    "dbus",
    "dbus-broker",
    "gssproxy",
    "irqbalance",
    "iscsid",
    "multipathd",
    "networkd-dispatcher",
    "ntp",
    "ntpd",
    "ntpsec",
    "polkit",
    "qemu-guest-agent",
    "rpcbind",
    "rsyslog",
    "snapd",
    "ssh",
    "sshd",
    "udisks2",
    "unattended-upgrades",
    "wpa_supplicant",
];
const SYSTEM_PREFIXES: [&str; 9] = [
    "systemd-",
    "getty@",
    "serial-getty@",
    "container-getty@",
    "user@",
    "user-runtime-dir@",
    "ssh@",
    "sshd@",
    "autovt@",
];

impl Unit {
    /// Whether it belongs to the system.
    pub(super) fn is_system(&self) -> bool {
        let name = self.id.trim_end_matches(".service");
        SYSTEM.contains(&name) || SYSTEM_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    }

    /// Whether it starts something with this number among its arguments.
    pub(super) fn names_port(&self, port: u16) -> bool {
        let port = port.to_string();
        self.starts.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == port)
    }
}

/// Reads what `systemctl show` printed: blocks of `NAME=value`, one a unit. Only what runs is kept.
pub(super) fn read(text: &str) -> Vec<Unit> {
    text.split("\n\n").filter_map(block).collect()
}

fn block(text: &str) -> Option<Unit> {
    let mut unit = Unit::default();
    let mut runs = false;
    for (name, value) in text.lines().filter_map(|line| line.split_once('=')) {
        match name {
            "Id" => value.clone_into(&mut unit.id),
            "Description" => value.clone_into(&mut unit.about),
            "SubState" => runs = value == "running",
            "MainPID" => unit.main_pid = value.parse().unwrap_or(0),
            "FragmentPath" => unit.is_own = value.starts_with("/etc/systemd/system/"),
            "ExecStart" => value.clone_into(&mut unit.starts),
            _ => {}
        }
    }
    (runs && unit.id.ends_with(".service")).then_some(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOWN: &str = "Id=sales.service\nDescription=The sales service\nSubState=running\nMainPID=91\n\
        FragmentPath=/etc/systemd/system/sales.service\n\
        ExecStart={ path=/usr/bin/python3 ; argv[]=/usr/bin/python3 /srv/app.py sales --port=8080 ; pid=91 }\n\
        \nId=ssh.service\nSubState=running\nMainPID=70\nFragmentPath=/lib/systemd/system/ssh.service\n\
        \nId=getty@tty1.service\nSubState=running\n\nId=rc-local.service\nSubState=dead\nMainPID=0\n";

    #[test]
    fn what_runs_is_read_and_the_system_is_told_apart() {
        let units = read(SHOWN);
        let ids: Vec<(&str, bool)> = units.iter().map(|u| (u.id.as_str(), u.is_system())).collect();
        assert_eq!(ids, [("sales.service", false), ("ssh.service", true), ("getty@tty1.service", true)]);
        assert!(units[0].is_own && !units[1].is_own);
        assert_eq!((units[0].about.as_str(), units[0].main_pid), ("The sales service", 91));
    }

    #[test]
    fn a_port_is_found_among_the_arguments_as_a_whole() {
        let sales = &read(SHOWN)[0];
        assert!(sales.names_port(8080));
        assert!(!sales.names_port(808) && !sales.names_port(80));
    }
}
