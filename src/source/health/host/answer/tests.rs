//! Answers composed by hand from known formats: BSD and macOS, noise, and what is cut off. Recorded ones are in
//! `recorded`.

use proptest::prelude::*;

use super::*;

const MAC: &str = "
@qd:time
1795176000

@qd:kernel
Darwin 24.1.0

@qd:load
12:00  up 3 days,  4:05, 2 users, load averages: 2.45 2.10 1.98

@qd:vm.loadavg
{ 2.45 2.10 1.98 }

@qd:kern.boottime
{ sec = 1795172400, usec = 12345 } Fri Nov 20 11:00:00 2026

@qd:kern.bootsessionuuid
5A0B1C2D-0000-4000-8000-0123456789AB

@qd:sw_vers
ProductName:\t\tmacOS
ProductVersion:\t\t15.1
BuildVersion:\t\t24B83

@qd:processors
8

@qd:disks
Filesystem     1024-blocks      Used Available Capacity  Mounted on
/dev/disk3s1s1   482797652  10485760 200000000     5%    /
devfs                  206       206         0   100%    /dev
/dev/disk3s5     482797652 250000000 200000000    56%    /System/Volumes/Data

@qd:code
disks 0

@qd:time
1795176001

@qd:end
";

#[test]
fn a_machine_without_proc_tells_what_it_can() {
    let machine = parse(MAC).unwrap();
    assert_eq!((machine.load, machine.cpus), (Some([2.45, 2.10, 1.98]), Some(8)));
    assert_eq!(machine.uptime, Some(Duration::from_secs(3601)));
    assert_eq!((machine.os.as_deref(), machine.kernel.as_deref()), (Some("macOS 15.1"), Some("Darwin 24.1.0")));
    assert_eq!((machine.memory, machine.swap, machine.failed, machine.mounts), (None, None, None, None));
    assert_eq!(machine.clock, Some((1_795_176_000, 1_795_176_001)));
    assert_eq!(machine.space.len(), 3);
    assert!(machine.whole && machine.stuck.is_empty());
}

#[test]
fn loads_are_read_from_every_way_of_writing_them() {
    assert_eq!(load("0.42 0.36 0.30 1/234 5678"), Some([0.42, 0.36, 0.30]));
    assert_eq!(load(" 12:00:01 up 5 min,  0 users,  load average: 0.00, 0.01, 0.05"), Some([0.0, 0.01, 0.05]));
    for bad in ["", "one two three", "0.1 0.2", "nan nan nan", "-1 0 0", "load average: "] {
        assert_eq!(load(bad), None, "{bad}");
    }
    assert_eq!((cpu_list("0-3,6\n"), cpu_list("0"), cpu_list("3-1"), cpu_list("")), (Some(5), Some(1), None, None));
    assert_eq!(cpu_list("0-4294967295"), None);
}

#[test]
fn failed_units_are_named_whether_or_not_a_dot_stands_before_them() {
    let text = "\n@qd:units\n● a.service loaded failed failed A thing\nb@x\\x2d1.mount loaded failed failed /x\n\n";
    assert_eq!(parse(&format!("{text}@qd:code\nunits 0\n")).unwrap().failed.unwrap(), ["a.service", "b@x\\x2d1.mount"]);
    assert_eq!(parse("\n@qd:units\n\n@qd:code\nunits 0\n").unwrap().failed, Some(vec![]));
    assert_eq!(parse(&format!("{text}@qd:code\nunits 1\n")).unwrap().failed, None, "systemctl said nothing certain");
    assert_eq!(parse("\n@qd:units\n\n@qd:code\nunits 137\n").unwrap().stuck, ["units"]);
}

#[test]
fn a_greeting_before_the_answer_is_no_part_of_it_and_a_cut_answer_is_not_whole() {
    let machine = parse(&format!("Welcome to vps\nload average: 9 9 9\n{MAC}")).unwrap();
    assert_eq!(machine.load, Some([2.45, 2.10, 1.98]));
    assert!(!parse(MAC.split("@qd:disks").next().unwrap()).unwrap().whole);
    for nothing in ["", "Welcome to vps\n", "sh: not found"] {
        assert_eq!(parse(nothing), None);
    }
}

#[test]
fn mounts_may_hold_blanks_and_tell_whether_they_can_be_written() {
    let text = "\n@qd:mounts\next4 rw,relatime /srv/my files\niso9660 ro /mnt/größe\nnoise\n\n@qd:end\n";
    let mounts = parse(text).unwrap().mounts.unwrap();
    let told: Vec<(&str, bool)> = mounts.iter().map(|m| (m.path.as_str(), m.read_only)).collect();
    assert_eq!(told, [("/srv/my files", false), ("/mnt/größe", true)]);
}

#[test]
fn impossible_numbers_are_no_figures() {
    let text = "\n@qd:memory\nMemTotal: 99999999999999999999 kB\nMemAvailable: 18446744073709551615 kB\nSwapTotal: -1 kB\n\
                \n@qd:uptime\n-5.0 1\n\n@qd:time\nnow\n\n@qd:kern.boottime\n{ sec = x }\n";
    let machine = parse(text).unwrap();
    assert_eq!((machine.memory, machine.swap, machine.uptime, machine.clock), (None, None, None, None));
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(noise in any::<Vec<u8>>(), cut in 0..MAC.len(), words in "[ -~\n@:%/]{0,120}") {
        let text = format!("{}\n{words}{}", MAC.get(..cut).unwrap_or(MAC), String::from_utf8_lossy(&noise));
        parse(&text);
        for name in ["load", "cpus", "memory", "uptime", "time", "disks", "named", "mounts", "units", "os", "code"] {
            parse(&format!("\n@qd:{name}\n{words}\n"));
        }
    }
}
