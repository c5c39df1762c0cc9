//! What runs on a host: its units, its listening TCP ports and which belongs to which. Each question has a second way for
//! hosts and users that cannot answer the first. Only looks.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::units::{self, PROPERTIES, Unit};
use crate::transport::ssh::place;
use crate::transport::ssh::remote::Remote;
use crate::transport::{Argv, Exit, Limits, Transport};

/// One command, at most.
const LIMITS: Limits = Limits { timeout: Duration::from_secs(10), most_bytes: 1024 * 1024 };
/// The usual port of SSH itself.
const SSH: u16 = 22;

/// A listening port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Listener {
    /// The address to connect to from the host itself.
    pub(super) address: IpAddr,
    pub(super) port: u16,
}

impl Listener {
    /// `127.0.0.1:8080`.
    pub(super) fn place(&self) -> String {
        place(&self.address.to_string(), self.port)
    }
}

/// A unit with its ports, or a port without a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) unit: Option<String>,
    pub(super) about: String,
    pub(super) listeners: Vec<Listener>,
}

/// A port as the host tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    listener: Listener,
    /// The unit, where its control group says so.
    unit: Option<String>,
    pids: Vec<u32>,
}

/// Looks at a host.
pub(super) async fn scan(remote: &Remote) -> Result<Vec<Found>, String> {
    let show = ["show", "*.service", "--no-pager", "-p", PROPERTIES];
    let units = match said(remote, "systemctl", &show).await {
        Ok(text) => units::read(&text),
        // A host without systemd still has ports.
        Err(_) => Vec::new(),
    };
    let told = listening(remote).await?;
    let needs_units = told.iter().any(|t| t.unit.is_none() && !t.pids.is_empty());
    let processes = if needs_units {
        said(remote, "ps", &["-e", "-o", "pid=,unit="]).await.map(|text| processes(&text)).unwrap_or_default()
    } else {
        BTreeMap::new()
    };
    Ok(joined(&units, &told, &processes))
}

/// What a command prints when it ends well.
async fn said(remote: &Remote, program: &str, arguments: &[&str]) -> Result<String, String> {
    let argv = Argv::new(program, arguments.iter().copied());
    match remote.read(&argv, LIMITS).await {
        Ok(output) if output.exit == Exit::Code(0) => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        Ok(output) => Err(format!("{program} says: {}", String::from_utf8_lossy(&output.stderr).trim())),
        Err(error) => Err(error.to_string()),
    }
}

async fn listening(remote: &Remote) -> Result<Vec<Told>, String> {
    for more in [&["-Hltnp", "--cgroup"][..], &["-Hltnp"]] {
        if let Ok(text) = said(remote, "ss", more).await {
            return Ok(text.lines().filter_map(of_ss).collect());
        }
    }
    // Not every kernel speaks IPv6; what there is is read.
    let mut text = said(remote, "cat", &["/proc/net/tcp"]).await?;
    text.push_str(&said(remote, "cat", &["/proc/net/tcp6"]).await.unwrap_or_default());
    Ok(text.lines().filter_map(of_proc).collect())
}

/// A line of `ss -Hltnp --cgroup`.
fn of_ss(line: &str) -> Option<Told> {
    let mut words = line.split_whitespace();
    let (address, port) = words.nth(3)?.rsplit_once(':')?;
    // `*` is every address, `%lo` a device.
    let address = address.trim_matches(['[', ']']).split('%').next().unwrap_or_default();
    let address = if address == "*" { IpAddr::V6(Ipv6Addr::UNSPECIFIED) } else { address.parse().ok()? };
    let rest: String = words.collect::<Vec<_>>().join(" ");
    let unit = rest.split("cgroup:").nth(1).and_then(|path| {
        let path = path.split(' ').next().unwrap_or_default();
        path.split('/').find(|part| part.ends_with(".service")).map(str::to_owned)
    });
    let pids = rest.split("pid=").skip(1).filter_map(|t| t.split(',').next()?.parse().ok()).collect();
    Some(Told { listener: Listener { address, port: port.parse().ok()? }, unit, pids })
}

/// A line of `/proc/net/tcp`: `0: 0100007F:1F90 00000000:0000 0A …`, each word of an address in the order of the machine.
fn of_proc(line: &str) -> Option<Told> {
    let mut words = line.split_whitespace();
    let (address, port) = words.nth(1)?.split_once(':')?;
    if words.nth(1)? != "0A" {
        return None;
    }
    let mut bytes = Vec::new();
    for at in (0..address.len()).step_by(8) {
        bytes.extend(u32::from_str_radix(address.get(at..at + 8)?, 16).ok()?.to_le_bytes());
    }
    let address = match <[u8; 4]>::try_from(bytes.as_slice()) {
        Ok(four) => IpAddr::from(four),
        Err(_) => IpAddr::from(<[u8; 16]>::try_from(bytes.as_slice()).ok()?),
    };
    let port = u16::from_str_radix(port, 16).ok()?;
    Some(Told { listener: Listener { address, port }, unit: None, pids: Vec::new() })
}

/// `pid unit` lines.
fn processes(text: &str) -> BTreeMap<u32, String> {
    let line = |line: &str| {
        let (pid, unit) = line.trim().split_once(' ')?;
        Some((pid.parse().ok()?, unit.trim().to_owned()))
    };
    text.lines().filter_map(line).filter(|(_, unit)| unit.ends_with(".service")).collect()
}

/// Ports with their units, the system's left out; units that somebody wrote for the host even without a port.
fn joined(units: &[Unit], told: &[Told], processes: &BTreeMap<u32, String>) -> Vec<Found> {
    let mut of_units: BTreeMap<&str, BTreeSet<Listener>> = BTreeMap::new();
    let mut strays: BTreeSet<Listener> = BTreeSet::new();
    for one in told {
        let listener = near(&one.listener);
        match owner(units, one, processes) {
            Some(unit) => drop(of_units.entry(unit).or_default().insert(listener)),
            None if listener.port != SSH => drop(strays.insert(listener)),
            None => {}
        }
    }
    let named = units.iter().filter(|u| !u.is_system()).filter_map(|unit| {
        let listeners = of_units.get(unit.id.as_str()).map(once_a_port).unwrap_or_default();
        let found = Found { unit: Some(unit.id.clone()), about: unit.about.clone(), listeners };
        (unit.is_own || !found.listeners.is_empty()).then_some(found)
    });
    let taken: BTreeSet<u16> = of_units.values().flatten().map(|l| l.port).collect();
    let strays = once_a_port(&strays).into_iter().filter(|l| !taken.contains(&l.port));
    let unnamed = strays.map(|l| Found { unit: None, about: String::new(), listeners: vec![l] });
    named.chain(unnamed).collect()
}

/// The unit that a port belongs to: by its group, by its process, or by the port among what the unit starts.
fn owner<'u>(units: &'u [Unit], told: &Told, processes: &BTreeMap<u32, String>) -> Option<&'u str> {
    let by_name = |name: &String| units.iter().find(|u| u.id == *name);
    let by_pid = |pid: &u32| {
        let main = units.iter().find(|u| u.main_pid == *pid && *pid != 0);
        main.or_else(|| by_name(processes.get(pid)?))
    };
    let by_words = || {
        let mut naming = units.iter().filter(|u| u.names_port(told.listener.port));
        naming.next().filter(|_| naming.next().is_none())
    };
    let known = told.unit.as_ref().and_then(by_name).or_else(|| told.pids.iter().find_map(by_pid));
    // Where the group is known and is no unit, the words of another one mean nothing.
    let guessed = || if told.unit.is_none() && told.pids.is_empty() { by_words() } else { None };
    known.or_else(guessed).map(|unit| unit.id.as_str())
}

/// The address to connect to from the host itself.
fn near(listener: &Listener) -> Listener {
    let address = listener.address.to_canonical();
    let address = if address.is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { address };
    Listener { address, port: listener.port }
}

/// One address a port: loopback before others, and the old before the new.
fn once_a_port(all: &BTreeSet<Listener>) -> Vec<Listener> {
    let mut by_port: BTreeMap<u16, &Listener> = BTreeMap::new();
    for listener in all {
        let better = |known: &&Listener| (known.address.is_loopback(), known.address.is_ipv4());
        let kept = by_port.entry(listener.port).or_insert(listener);
        if better(&listener) > better(kept) {
            *kept = listener;
        }
    }
    by_port.into_values().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(found: &[Found]) -> Vec<(Option<&str>, Vec<String>)> {
        found.iter().map(|f| (f.unit.as_deref(), f.listeners.iter().map(Listener::place).collect())).collect()
    }

    fn unit(id: &str, main_pid: u32, starts: &str, is_own: bool) -> Unit {
        Unit { id: id.into(), about: String::new(), main_pid, starts: starts.into(), is_own }
    }

    #[test]
    fn ports_belong_to_the_unit_of_their_group_or_process() {
        let told: Vec<Told> = [
            "LISTEN 0 5 0.0.0.0:8080 0.0.0.0:* users:((\"python3\",pid=91,fd=3)) cgroup:/system.slice/sales.service",
            "LISTEN 0 5 [::]:8080 [::]:* cgroup:/system.slice/sales.service",
            "LISTEN 0 128 127.0.0.53%lo:53 0.0.0.0:* cgroup:/system.slice/systemd-resolved.service",
            "LISTEN 0 128 *:9090 *:* users:((\"worker\",pid=77,fd=3))",
            "LISTEN 0 128 192.0.2.7:9000 0.0.0.0:*",
            "LISTEN 0 128 0.0.0.0:22 0.0.0.0:*",
        ]
        .iter()
        .filter_map(|line| of_ss(line))
        .collect();
        assert_eq!(told.len(), 6);
        let units = [
            unit("sales.service", 91, "", true),
            unit("mail.service", 70, "", false),
            unit("systemd-resolved.service", 60, "", false),
            unit("idle.service", 61, "", true),
            unit("quiet.service", 62, "", false),
        ];
        let found = joined(&units, &told, &processes("  77 mail.service\n 1 -\n"));
        assert_eq!(
            places(&found),
            [
                (Some("sales.service"), vec!["127.0.0.1:8080".to_owned()]),
                (Some("mail.service"), vec!["127.0.0.1:9090".to_owned()]),
                (Some("idle.service"), vec![]),
                (None, vec!["192.0.2.7:9000".to_owned()]),
            ]
        );
    }

    #[test]
    fn where_only_the_kernel_tells_ports_the_arguments_of_units_name_theirs() {
        let text = "  sl  local_address rem_address   st\n   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000\n   \
                    1: 0100007F:8F2C 0100007F:1F90 01 00000000:00000000\n   \
                    2: 00000000000000000000000001000000:2382 00000000000000000000000000000000:0000 0A 0\n";
        let told: Vec<Told> = text.lines().filter_map(of_proc).collect();
        let found = joined(&[unit("sales.service", 1, "argv[]=app sales 8080 ;", false)], &told, &BTreeMap::new());
        assert_eq!(
            places(&found),
            [(Some("sales.service"), vec!["127.0.0.1:8080".to_owned()]), (None, vec!["[::1]:9090".to_owned()])]
        );
    }
}
