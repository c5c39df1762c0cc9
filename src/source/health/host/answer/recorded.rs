//! What the script printed on a Debian 12 with GNU's tools, and on the same machine with busybox alone, word for word;
//! and tables of `df` as containers print them.

use super::*;
use crate::source::health::host::disks::real;

const DEBIAN: &str = include_str!("debian.txt");
const BUSYBOX: &str = include_str!("busybox.txt");

fn mounts(list: &[Fill]) -> Vec<&str> {
    list.iter().map(|fill| fill.mount.as_str()).collect()
}

#[test]
fn gnu_and_busybox_tell_the_same() {
    for text in [DEBIAN, BUSYBOX] {
        let machine = parse(text).unwrap();
        assert_eq!((machine.cpus, machine.memory.unwrap().0), (Some(2), 24_684_084 << 10));
        assert!(machine.load.is_some() && machine.clock.is_some() && machine.swap.is_some());
        assert_eq!(machine.uptime.unwrap().as_secs() / 100, 31);
        assert_eq!(machine.os.as_deref(), Some("Debian GNU/Linux 12 (bookworm)"));
        assert_eq!(machine.pressure.len(), 3);
        assert_eq!(
            (mounts(&machine.named_space), mounts(&machine.named_inodes)),
            (vec!["/tmp/qd mnt"], vec!["/tmp/qd mnt"])
        );
        let one: Vec<&str> = real(&machine.space).iter().map(|fill| fill.mount.as_str()).collect();
        assert_eq!(one, ["/"], "a bind mount is the same disk");
        assert_eq!(machine.inodes[0].total(), 16_777_216);
        assert!(machine.mounts.unwrap().iter().any(|m| m.kind == "tmpfs" && m.path == "/tmp/qd mnt"));
        assert_eq!((machine.failed, machine.reboot, machine.whole), (None, false, true));
        assert_eq!(machine.stuck, [""; 0]);
    }
}

#[test]
fn a_container_is_judged_by_its_root() {
    let text = "
@qd:mounts
overlay rw,relatime,lowerdir=/var/lib/docker/overlay2/l/A:/var/lib/docker/overlay2/l/B /

@qd:disks
Filesystem           1024-blocks    Used Available Capacity Mounted on
overlay               41152736  29000000  10000000  74% /
/dev/sda1             41152736  29000000  10000000  74% /etc/resolv.conf

@qd:end
";
    let machine = parse(text).unwrap();
    assert_eq!(mounts(&machine.space), ["/", "/etc/resolv.conf"]);
    assert_eq!(machine.space[0].used, 29_000_000 << 10);
}
