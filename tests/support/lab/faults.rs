//! Everything that can be broken about a host, and how it is mended. Each returns when it is so.

use std::process::Output;
use std::time::Duration;

use super::call::{call, until};
use super::host::Host;
use super::{group, line};

impl Host {
    /// Pulls the cable: nothing comes in or out, and nobody is told.
    pub fn cut(&self) {
        self.set_links("down");
    }

    /// Plugs the cable in again.
    pub fn heal(&self) {
        self.set_links("up");
    }

    fn set_links(&self, state: &str) {
        // On the host's side: on ours the way to its network would go too.
        for (inner, _) in line::inner_names().zip(&self.nets) {
            self.within(&["ip", "link", "set", inner, state]);
        }
    }

    fn within(&self, words: &[&str]) {
        line::within(&self.place, &self.name, words).unwrap_or_else(|why| panic!("{}: {why}", self.name));
    }

    /// Kills every process of it at once. Its kernel is ours and still answers: sessions end, new ones are refused.
    pub fn off(&self) {
        assert!(group::kill_host(&self.place.prefix(), &self.name), "{} does not go off", self.name);
    }

    /// A real loss of power: nobody hears a word, then or later. `on` ends it.
    pub fn power_cut(&self) {
        self.cut();
        self.off();
    }

    /// Boots again, as an administrator would ask for it; returns when it takes logins.
    pub fn reboot(&self) {
        let before = self.first_process();
        self.run("systemctl reboot");
        let again = until(Duration::from_secs(30), || self.first_process().is_some_and(|now| Some(now) != before));
        assert!(again, "{} does not boot again", self.name);
        self.wait_ready();
    }

    /// Hangs the whole host: connections are taken, by its kernel, and nothing is ever said.
    pub fn freeze(&self) {
        assert!(group::freeze(&self.place.prefix(), &self.name, true), "{} does not freeze", self.name);
    }

    /// Ends a freeze.
    pub fn thaw(&self) {
        assert!(group::freeze(&self.place.prefix(), &self.name, false), "{} does not thaw", self.name);
    }

    /// Swallows whatever comes to a TCP port.
    pub fn drop_port(&self, port: u16) {
        self.filter(port, &["-j", "DROP"]);
    }

    /// Refuses whatever comes to a TCP port.
    pub fn reject_port(&self, port: u16) {
        self.filter(port, &["-j", "REJECT", "--reject-with", "tcp-reset"]);
    }

    fn filter(&self, port: u16, then: &[&str]) {
        let port = port.to_string();
        let rule = ["iptables", "-w", "-I", "INPUT", "-p", "tcp", "--dport", &port];
        self.within(&[&rule, then].concat());
    }

    /// Ends every `drop_port` and `reject_port`.
    pub fn open_ports(&self) {
        self.within(&["iptables", "-w", "-F", "INPUT"]);
    }

    /// Makes its line slow, both ways: `256kbit`, `10mbit`.
    pub fn slow(&self, rate: &str) {
        let limit = ["root", "tbf", "rate", rate, "burst", "8kb", "latency", "400ms"];
        for (inner, net) in line::inner_names().zip(&self.nets) {
            self.within(&[&["tc", "qdisc", "replace", "dev", inner], &limit[..]].concat());
            let outer = line::outer(&self.place, *net, self.number);
            call("tc", [&["qdisc", "replace", "dev", &outer], &limit[..]].concat()).expect("a limit on the line");
        }
    }

    /// Ends a `slow`.
    pub fn full_speed(&self) {
        for (inner, net) in line::inner_names().zip(&self.nets) {
            self.within(&["tc", "qdisc", "del", "dev", inner, "root"]);
            let outer = line::outer(&self.place, *net, self.number);
            call("tc", ["qdisc", "del", "dev", &outer, "root"]).expect("an end of the limit");
        }
    }

    /// Gives it new Ed25519 and ECDSA keys, as a host that was set up anew has; sessions that are open stay.
    pub fn new_host_key(&self) {
        self.must(
            "cd /etc/ssh && for kind in ed25519 ecdsa; do rm -f ssh_host_${kind}_key* && \
             ssh-keygen -q -t $kind -N '' -C new -f ssh_host_${kind}_key || exit 1; done; systemctl restart ssh",
        );
    }

    /// Puts a disk of this size (`5m`) at a path, which everybody may fill. It goes with a boot.
    pub fn small_disk(&self, path: &str, size: &str) {
        self.must(&format!("mkdir -p '{path}' && mount -t tmpfs -o size={size},mode=1777 tmpfs '{path}'"));
    }

    /// Hangs one service, which systemd still calls active, or lets it go on.
    pub fn hang(&self, service: &str, hung: bool) -> Output {
        self.run(&format!("systemctl kill --signal={} {service}", if hung { "STOP" } else { "CONT" }))
    }
}
