# What every call begins with. Arguments: this text, the verb, the folder (empty for the user's own), the mark of words
# to the console, then those of the verb. Words go to standard error, answers and logs to standard output.
text=$1 verb=$2 given=$3 state=$3 mark=$4
shift 4
[ "$verb" != start ] || was=$(umask)
nl='
'
if [ -n "$state" ]; then umask 007; else umask 077; fi
say() { printf '\n%s %s\n' "$mark" "$*" >&2; }
refuse() {
    say "refused $*"
    exit 3
}
if [ -z "$state" ]; then
    [ -n "${XDG_STATE_HOME:-$HOME}" ] || refuse "the user has no home folder there; name a folder in the deck with state"
    state=${XDG_STATE_HOME:-$HOME/.local/state}/quarterdeck
fi
# The system's own word for what went wrong is the last part of a program's line.
unwritable() {
    case $2 in
    *ermission*) what="it may not be written by $(id -un)" ;;
    *ead-only*) what="the disk is read-only" ;;
    *o\ space*) what="the disk is full" ;;
    *) what=${2##*: } ;;
    esac
    refuse "cannot write $1: ${what:-the system does not say why}; mend that, or name another folder with state"
}
room() {
    for room; do
        [ -d "$room" ] || mkdir -p "$room" 2>/dev/null || why=$(mkdir -p "$room" 2>&1) || unwritable "$room" "$why"
    done
}
# Keeps what comes on standard input as a file, whole or not at all.
put() {
    why=$({ cat >"$1.$$"; } 2>&1) && size=$(wc -c <"$1.$$") && [ "$size" -eq "$2" ] && flush "$1.$$" \
        && mv -f "$1.$$" "$1" && return 0
    rm -f "$1.$$"
    [ -n "$why" ] && unwritable "$1" "$why"
    refuse "only a part of what was to be written to $1 came; nothing was changed"
}
flush() { dd if=/dev/null of="$1" conv=notrunc,fsync 2>/dev/null || sync; }
# The highest of the numbers that name files of a folder.
highest() {
    n=0
    for file in "$1"/*; do
        file=${file##*/}
        case $file in '' | *[!0-9]*) continue ;; esac
        [ "$file" -gt "$n" ] && n=$file
    done
    return 0
}
# When a process began; empty when there is none. No other process has the same number and beginning.
since() {
    began=
    if [ -r /proc/self/stat ]; then
        { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 0
        set -- ${line##*) }
        [ "$1" = Z ] || began=${20}
    else
        began=$(LC_ALL=C ps -o lstart= -p "$1" 2>/dev/null | tr -c '0-9A-Za-z:\n' _)
    fi
}
# What changes with every boot.
boot() {
    boot=
    { read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null && return
    boot=$(sysctl -n kern.boottime 2>/dev/null || uptime -s 2>/dev/null)
    boot=$(printf '%s' "$boot" | tr -dc 0-9)
    boot=${boot:-unknown}
}
lives() {
    [ -n "$1" ] && [ "$3" = "$boot" ] || return 1
    since "$1"
    [ -n "$began" ] && [ "$began" = "$2" ]
}
# The size of a file; nothing that is printed after it is counted.
size() {
    size=$(wc -c 2>/dev/null <"$1") || size=0
    size=$((size))
}
has_ended() {
    { read -r word ended <"$1/exit"; } 2>/dev/null && [ "$word" = ended ] && return
    ended=
    return 1
}
has_begun() {
    while read -r word rest; do [ "$word" != job ] || return 0; done 2>/dev/null <"$1/pid"
    return 1
}
# Writes a short text, or says why it cannot.
note() {
    { printf '%s' "$2" >"$1"; } 2>/dev/null && return
    why=$({ printf '%s' "$2" >"$1"; } 2>&1)
    rm -rf "$task"
    unwritable "$1" "$why"
}
# What became of a task: sets how, pid, leader (its beginning), booted, watch (the process whose end is the task's), ended.
fate() {
    how=absent pid=0 leader= booted= watch=0 ended= tries=0
    [ -d "$1" ] || return 0
    boot
    while :; do
        starter= job=
        if [ -r "$1/pid" ]; then
            while read -r word rest; do
                case $word in starting) starter=$rest ;; job) job=$rest ;; esac
            done <"$1/pid"
        fi
        # Asked before the end is looked for, so that an end that comes between is seen.
        alive=
        if [ -n "$job" ]; then
            set -- "$1" $job
            pid=$2 leader=$3 booted=$4
            if lives "$5" "$6" "$4"; then alive=$5; elif lives "$2" "$3" "$4"; then alive=$2; fi
        fi
        if has_ended "$1"; then
            how=ended
            return 0
        fi
        if [ -n "$job" ]; then
            how=gone
            [ -n "$alive" ] && how=alive watch=$alive
            return 0
        fi
        # One that is just being started is waited for; the number of its starter is as good as any.
        tries=$((tries + 1))
        if [ -n "$starter" ]; then
            set -- "$1" $starter
            if ! lives "$2" "$3" "$4"; then
                # It may have begun just before its starter ended.
                [ "$tries" -le 1 ] || return 0
            elif [ "$tries" -gt 30 ]; then
                how=alive pid=$2 watch=$2
                return 0
            fi
        elif [ "$tries" -gt 10 ]; then
            return 0
        fi
        sleep 0.1 2>/dev/null || sleep 1
    done
}
