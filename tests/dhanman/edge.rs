//! What a host on the way does for those behind it: it forwards their web servers' ports, one address for each.

use std::net::IpAddr;

use crate::lab::Host;

/// Forwards ports 80 and 443 to both; the addresses that this machine reaches them at.
pub fn forward(gate: &Host, behind: [&Host; 2]) -> [String; 2] {
    let IpAddr::V4(own) = gate.address() else { panic!("the lab has IPv4") };
    let [a, b, c, _] = own.octets();
    let addresses = [200, 201].map(|last| format!("{a}.{b}.{c}.{last}"));
    for (address, host) in addresses.iter().zip(behind) {
        gate.must(&format!("ip addr add {address}/24 dev host0"));
        for port in [80, 443] {
            gate.must(&format!(
                "systemd-run --quiet --unit=edge-{}-{port} --socket-property=ListenStream={address}:{port} \
                 /lib/systemd/systemd-socket-proxyd {}:{port}",
                host.name(),
                host.address()
            ));
        }
    }
    addresses
}
