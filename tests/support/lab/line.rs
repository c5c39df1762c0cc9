//! The networks of a lab: two bridges without a way out, and a link with two ends for every host. The first bridge has
//! an address of this machine; the second has none, so only a host with a link to both reaches it.

use super::call::{call, feed, names, program};
use super::limit;
use super::place::Place;

/// One of the two networks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Net {
    /// The one that this machine reaches.
    Front,
    /// The one behind a jump host.
    Behind,
}

impl Net {
    fn letter(self) -> char {
        if self == Self::Front { 'a' } else { 'b' }
    }
}

fn bridge(place: &Place, net: Net) -> String {
    format!("{}-{}", place.prefix(), net.letter())
}

/// The end of a host's link on this machine.
pub fn outer(place: &Place, net: Net, host: u8) -> String {
    format!("{}-{}{host}", place.prefix(), net.letter())
}

/// The namespace of a host.
pub fn namespace(place: &Place, host: &str) -> String {
    format!("{}-{host}", place.prefix())
}

/// Makes a network.
pub fn build(place: &Place, net: Net) -> Result<(), String> {
    if net == Net::Front {
        // The first namespace of a machine makes a mount for all; two at once would make two.
        let _only = limit::one_at_a_time()?;
        let name = namespace(place, "first");
        batch(&format!("netns add {name}\nnetns del {name}\n"))?;
    }
    let bridge = bridge(place, net);
    let address = match net {
        Net::Front => format!("addr add {}/24 dev {bridge}\n", place.address(net, 1)),
        // Or what is meant for it would leave by the default route.
        Net::Behind => format!("route add {}\n", nowhere(place.number)),
    };
    batch(&format!("link add {bridge} type bridge\n{address}link set {bridge} up\n"))
}

/// Makes the namespace of a host and its links: `host0`, and `host1` where it has two.
pub fn connect(place: &Place, host: &str, number: u8, nets: &[Net]) -> Result<(), String> {
    let space = namespace(place, host);
    let mut lines = format!("netns add {space}\n");
    for (inner, net) in inner_names().zip(nets) {
        let (outer, bridge) = (outer(place, *net, number), bridge(place, *net));
        lines += &format!("link add {outer} type veth peer name {inner} netns {space}\n");
        lines += &format!("link set {outer} master {bridge} up\n");
    }
    batch(&lines)?;
    let mut lines = "link set lo up\n".to_owned();
    for (inner, net) in inner_names().zip(nets) {
        lines += &format!("addr add {}/24 dev {inner}\nlink set {inner} up\n", place.address(*net, number));
    }
    feed(program("ip").args(["-n", &space, "-batch", "-"]), lines.as_bytes())
}

/// What a host calls its links.
pub fn inner_names() -> impl Iterator<Item = &'static str> {
    ["host0", "host1"].into_iter()
}

/// The route to the network behind, for whoever has no link to it.
fn nowhere(number: u8) -> String {
    format!("unreachable {}/24", super::place::address(number, Net::Behind, 0))
}

/// Takes every link, namespace and route of a lab away. The far end of a link goes with its near one at once; with its
/// namespace it would go later.
pub fn remove(number: u8, prefix: &str) {
    let begins = |name: &String| name.starts_with(&format!("{prefix}-"));
    let links = names("/sys/class/net").into_iter().filter(begins).map(|n| format!("link del {n}\n"));
    let spaces = names("/run/netns").into_iter().filter(begins).map(|n| format!("netns del {n}\n"));
    let lines: String = links.chain(spaces).chain([format!("route del {}\n", nowhere(number))]).collect();
    feed(program("ip").args(["-force", "-batch", "-"]), lines.as_bytes()).ok();
}

fn batch(lines: &str) -> Result<(), String> {
    feed(program("ip").args(["-batch", "-"]), lines.as_bytes())
}

/// Runs a program in the network of a host, with the files of this machine.
pub fn within(place: &Place, host: &str, words: &[&str]) -> Result<String, String> {
    let net = format!("--net=/run/netns/{}", namespace(place, host));
    call("nsenter", std::iter::once(net.as_str()).chain(words.iter().copied()))
}
