# Prints the figures of a machine in sections, each headed by `@qd:NAME`. Arguments: seconds for what might hang, then
# mount points to look at besides the usual. Needs no more than a shell; what a machine cannot tell is left out.
LC_ALL=C
export LC_ALL
PATH=${PATH:-/bin}:/usr/sbin:/sbin:/usr/bin:/bin
limit=$1
shift
newline='
'

head() { printf '\n@qd:%s\n' "$1"; }
has() { command -v "$1" >/dev/null 2>&1; }

# The lines of a file, without a program.
show() {
    [ -r "$2" ] || return 0
    head "$1"
    while IFS= read -r line || [ -n "$line" ]; do printf '%s\n' "$line"; done <"$2"
}

# Runs a command under a heading, ends it after the limit, and tells its exit code. Nothing else holds the output.
within() {
    name=$1
    shift
    head "$name"
    "$@" 2>/dev/null &
    job=$!
    guard=
    if has sleep; then
        (
            trap 'kill $!; exit' TERM
            sleep "$limit" &
            wait $!
            kill -9 $job
        ) </dev/null >/dev/null 2>&1 &
        guard=$!
    fi
    wait $job
    code=$?
    [ -z "$guard" ] || kill "$guard" 2>/dev/null
    head code
    printf '%s %s\n' "$name" "$code"
}

# Space and inodes of the mount points given. Without one, df would look at all of them.
fill() {
    kind=$1
    shift
    [ $# -gt 0 ] || return 0
    has df || return 0
    within "$kind" df -P -k "$@"
    [ "$code" -gt 128 ] || within "$kind" df -P -i "$@"
}

# The mounts of disks on this machine: df would wait for a lost file server, so it is asked for these alone.
local_disks() {
    set --
    head mounts
    while read -r device mount type options rest; do
        case $mount in *\\*)
            mount=$(printf '%b.' "$mount")
            mount=${mount%.}
            ;;
        esac
        case $mount in *"$newline"*) continue ;; esac
        wanted=
        case $type in
        ext[234] | xfs | btrfs | zfs | f2fs | jfs | nilfs2 | reiserfs | bcachefs | ufs | hfsplus | vfat | exfat | msdos | ntfs | ntfs3 | fuseblk)
            [ ! -d "$mount" ] || wanted=yes
            ;;
        rootfs) ;;
        *) [ "$mount" != / ] || wanted=yes ;;
        esac
        case $newline$named in
        *"$newline$mount$newline"*) printf '%s\n' "$type $options $mount" ;;
        *) [ -z "$wanted" ] || printf '%s\n' "$type $options $mount" ;;
        esac
        [ -z "$wanted" ] || [ $# -ge 64 ] || set -- "$@" "$mount"
    done </proc/mounts
    fill disks "$@"
}

clock() {
    head time
    has date && date +%s
}

clock
show load /proc/loadavg
show cpus /sys/devices/system/cpu/online
show memory /proc/meminfo
show uptime /proc/uptime
show boot /proc/sys/kernel/random/boot_id
show os /etc/os-release
for part in cpu memory io; do show "pressure $part" "/proc/pressure/$part"; done 2>/dev/null
if has uname; then
    head kernel
    uname -sr
fi
if [ ! -r /proc/loadavg ]; then
    if has uptime; then
        head load
        uptime
    fi
    if has sysctl; then
        for key in vm.loadavg kern.boottime kern.bootsessionuuid; do
            head "$key"
            sysctl -n "$key" 2>/dev/null
        done
    fi
    if has sw_vers; then
        head sw_vers
        sw_vers
    fi
fi
if [ ! -r /sys/devices/system/cpu/online ] && has getconf; then
    head processors
    getconf _NPROCESSORS_ONLN 2>/dev/null
fi
if [ -e /var/run/reboot-required ] || [ -e /run/reboot-required ]; then head reboot; fi
if [ -d /run/systemd/system ] && has systemctl; then
    within units systemctl list-units --state=failed --no-legend --plain --no-pager
fi
named=
for mount; do named=$named$mount$newline; done
if [ -r /proc/mounts ]; then
    local_disks
elif has df; then
    within disks df -P -k -l
    [ "$code" -gt 128 ] || within disks df -P -k -l -i
fi
fill named "$@"
clock
head end
