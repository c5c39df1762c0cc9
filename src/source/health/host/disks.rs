//! Tables of `df`: space and inodes by mount point. Reads what GNU, busybox, BSD and macOS print, wrapped lines too;
//! passes over what is no row. Source: POSIX df, "-P", and what those four print.

use std::sync::LazyLock;

use regex::Regex;

/// How full one mount is, in bytes or in inodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Where it is mounted.
    pub mount: String,
    /// The device, or a name that stands for it.
    pub device: String,
    /// In use.
    pub used: u64,
    /// Free for those who are not root.
    pub free: u64,
}

impl Fill {
    /// What can be in use at most: what is kept for root is not in it, as in the share that `df` tells.
    pub fn total(&self) -> u64 {
        self.used.saturating_add(self.free)
    }
}

/// A device, three numbers and a share, on BSD three of inodes, then the mount point. Devices and mount points may hold
/// blanks; a mount point starts with a slash.
static ROW: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let number = r"\s+(-?\d+|-)";
    let share = r"\s+(?:-?[\d.]+%|-)";
    Regex::new(&format!(r"^(.*?){number}{number}{number}{share}(?:{number}{number}{share})?\s+(/.*)$")).ok()
});

/// More mounts than these are not judged one by one.
const MOST: usize = 128;

/// File systems that hold no files of anybody.
const PSEUDO: [&str; 8] = ["devfs", "procfs", "linprocfs", "fdescfs", "map", "tmpfs", "devtmpfs", "linsysfs"];

/// Space and inodes from one or several tables.
pub fn parse<'a>(tables: impl Iterator<Item = &'a str>) -> (Vec<Fill>, Vec<Fill>) {
    let (mut space, mut inodes) = (Vec::new(), Vec::new());
    for table in tables {
        let mut lines = table.lines().skip_while(|line| !is_head(line));
        let Some(header) = lines.next() else { continue };
        let counts_inodes = header.split_whitespace().any(|word| word == "Inodes");
        let mut before = "";
        for line in lines {
            let Some(row) = row(line, before) else {
                before = line.trim();
                continue;
            };
            before = "";
            if counts_inodes {
                add(&mut inodes, row.first, 1);
            } else {
                add(&mut space, row.first, 1024);
                row.second.into_iter().for_each(|fill| add(&mut inodes, fill, 1));
            }
        }
    }
    (space, inodes)
}

fn is_head(line: &str) -> bool {
    line.trim_end().ends_with("Mounted on")
}

struct Row {
    first: Fill,
    second: Option<Fill>,
}

/// A row; a device too long for its column stands alone on the line before.
fn row(line: &str, before: &str) -> Option<Row> {
    let found = ROW.as_ref()?.captures(line)?;
    let text = |at: usize| found.get(at).map_or("", |part| part.as_str());
    // Less than nothing is free where root has taken what is kept for it.
    let number = |at: usize| if text(at).starts_with('-') { Some(0) } else { text(at).parse::<u64>().ok() };
    let device = Some(text(1).trim()).filter(|name| !name.is_empty()).unwrap_or(before);
    let fill = |used: usize, free: usize| {
        let (mount, device) = (text(7).to_owned(), device.to_owned());
        Some(Fill { mount, device, used: number(used)?, free: number(free)? })
    };
    Some(Row { first: fill(3, 4)?, second: if text(5).is_empty() { None } else { fill(5, 6) } })
}

/// Adds a row that is about files and is not there yet.
fn add(list: &mut Vec<Fill>, fill: Fill, factor: u64) {
    let fill = Fill { used: fill.used.saturating_mul(factor), free: fill.free.saturating_mul(factor), ..fill };
    let known = list.iter().any(|f| f.mount == fill.mount);
    if fill.total() > 0 && !known && list.len() < MOST {
        list.push(fill);
    }
}

/// The mounts worth a look: without pseudo file systems and macOS's own volumes, each device once, by its shortest path.
pub fn real(list: &[Fill]) -> Vec<&Fill> {
    let mut real: Vec<&Fill> = Vec::new();
    for fill in list.iter().filter(|f| is_real(f)) {
        let same = real.iter_mut().find(|f| f.device.starts_with('/') && f.device == fill.device);
        match same {
            Some(known) if fill.mount.len() < known.mount.len() => *known = fill,
            Some(_) => {}
            None => real.push(fill),
        }
    }
    real
}

fn is_real(fill: &Fill) -> bool {
    let first = fill.device.split_whitespace().next().unwrap_or_default();
    let systems_own = fill.mount.strip_prefix("/System/Volumes/").is_some_and(|name| name != "Data");
    fill.mount == "/" || (!PSEUDO.contains(&first) && !systems_own)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Mount, used and free of space, then of inodes.
    fn read(table: &str) -> [Vec<(String, u64, u64)>; 2] {
        let (space, inodes) = parse(std::iter::once(table));
        [space, inodes].map(|list| list.into_iter().map(|f| (f.mount, f.used, f.free)).collect())
    }

    fn row(mount: &str, used: u64, free: u64) -> (String, u64, u64) {
        (mount.into(), used, free)
    }

    #[test]
    fn gnu_and_busybox_tables_are_read() {
        let [space, _] = read(
            "Filesystem     1024-blocks     Used Available Capacity Mounted on\n\
             /dev/vda         264212084 28204200  67297064      30% /\n\
             /dev/vdb               100       97         3      97% /srv/my files/größe\n",
        );
        assert_eq!(
            space,
            [row("/", 28_204_200 << 10, 67_297_064 << 10), row("/srv/my files/größe", 97 << 10, 3 << 10)]
        );
        for header in ["Inodes  IUsed    IFree IUse% Mounted on", "Inodes   Used Available Capacity Mounted on"] {
            let [space, inodes] = read(&format!("Filesystem {header}\n/dev/vda 16777216 500691 16276525 3% /\n"));
            assert_eq!((space, inodes), (vec![], vec![row("/", 500_691, 16_276_525)]));
        }
    }

    #[test]
    fn a_bsd_table_tells_space_and_inodes_in_one_row() {
        let [space, inodes] = read(
            "Filesystem     1024-blocks      Used Available Capacity iused     ifree %iused  Mounted on\n\
             /dev/disk3s1s1   482797652  10485760 200000000     5%  404167 2000000000    0%   /\n\
             //ops@nas/My Share 100 40 60 40% 3 7 30% /Volumes/My Share\n",
        );
        assert_eq!(
            space,
            [row("/", 10_485_760 << 10, 200_000_000 << 10), row("/Volumes/My Share", 40 << 10, 60 << 10)]
        );
        assert_eq!(inodes, [row("/", 404_167, 2_000_000_000), row("/Volumes/My Share", 3, 7)]);
    }

    #[test]
    fn a_wrapped_line_belongs_to_the_device_above_it() {
        let table = "Filesystem 1K-blocks Used Available Use% Mounted on\n\
                     /dev/mapper/a-very-long-name--of--a--volume-root\n    41152736 12 34 30% /\n/dev/sda1 10 5 5 50% /boot\n";
        let (space, _) = parse(std::iter::once(table));
        assert_eq!(space[0].device, "/dev/mapper/a-very-long-name--of--a--volume-root");
        assert_eq!((space[1].device.as_str(), space[1].mount.as_str()), ("/dev/sda1", "/boot"));
    }

    #[test]
    fn strange_rows_and_huge_numbers_do_no_harm() {
        let [space, inodes] = read(
            "df: /mnt: Stale file handle\nFilesystem 1024-blocks Used Available Capacity Mounted on\n\
             noise\nproc 0 0 0 - /proc\n/dev/a 100 120 -20 120% /full\n\
             /dev/b 99999999999999999999999 1 1 1% /too-much\n/dev/c 18446744073709551615 18446744073709551615 9 99% /huge\n",
        );
        assert_eq!(space, [row("/full", 120 << 10, 0), row("/too-much", 1024, 1024), row("/huge", u64::MAX, 9 << 10)]);
        assert_eq!(inodes, []);
    }

    #[test]
    fn a_device_counts_once_and_pseudo_file_systems_do_not_count() {
        let table = "Filesystem 1024-blocks Used Available Capacity Mounted on\n\
                     overlay 10 5 5 50% /\n/dev/sda1 10 5 5 50% /etc/hosts.d/x\n/dev/sda1 10 5 5 50% /data\ntmpfs 9 1 8 1% /run\n\
                     devfs 9 9 0 100% /dev\nmap auto_home 9 9 0 100% /home\n/dev/disk3s6 9 1 8 1% /System/Volumes/VM\n\
                     /dev/disk3s5 9 1 8 1% /System/Volumes/Data\nzroot/a 9 1 8 1% /a\n";
        let (space, _) = parse(std::iter::once(table));
        let mounts: Vec<&str> = real(&space).iter().map(|f| f.mount.as_str()).collect();
        assert_eq!(mounts, ["/", "/data", "/System/Volumes/Data", "/a"]);
    }

    proptest! {
        #[test]
        fn no_table_makes_the_reader_panic(noise in "[ -~\n%/\u{fc}]{0,200}", bytes in any::<Vec<u8>>()) {
            let table = format!("Filesystem Mounted on\n{noise}\n{}", String::from_utf8_lossy(&bytes));
            let (space, inodes) = parse([table.as_str(), &noise].into_iter());
            prop_assert!(real(&space).len() + inodes.len() <= 2 * MOST);
        }
    }
}
