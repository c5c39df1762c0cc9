# Jobs: started under a supervisor in a session of its own, followed, ended. Three processes matter: the starter, which
# the connection holds and which may die at any time; the supervisor, which nobody holds; the job's leader.
most=67108864
# How a command is made the leader of a session of its own.
find_way() {
    for way in setsid busybox perl python3; do
        way=$(command -v "$way" 2>/dev/null) || continue
        case $way in */busybox) "$way" setsid true 2>/dev/null || continue ;; esac
        return 0
    done
    way=
    return 1
}
# Does not come back. Variables of the job come last, because nothing of ours is safe from them.
detach() {
    case $way in
    */perl) set -- "$way" -e 'use POSIX; POSIX::setsid(); exec @ARGV; exit 127' "$@" ;;
    */python3) set -- "$way" -c 'import os, sys; os.setsid(); os.execvp(sys.argv[1], sys.argv[1:])' "$@" ;;
    */busybox) set -- "$way" setsid "$@" ;;
    *) set -- "$way" "$@" ;;
    esac
    $prepare
    exec "$@"
}
# Sends the log from an offset on, as it grows; ends after the process $2, if one is named.
stream() {
    # A signal that comes between the start of a process and that of its program is lost, so it also ends by itself.
    trap 'kill $! 2>/dev/null; exit' TERM
    tail ${2:+--pid="$2"} -s 0.05 -c "+$(($1 + 1))" -f "$task/log" 2>/dev/null &
    wait $! && return
    # Another tail than GNU's, which knows neither parts of a second nor processes, has said nothing.
    exec 7<"$task/log"
    [ "$1" -lt 65536 ] || dd bs=65536 count=$(($1 / 65536)) <&7 >/dev/null 2>&1
    [ $(($1 % 65536)) -eq 0 ] || dd bs=$(($1 % 65536)) count=1 <&7 >/dev/null 2>&1
    while :; do
        last=
        [ -z "$2" ] || kill -s 0 "$2" 2>/dev/null || last=yes
        cat <&7
        [ -z "$last" ] || return 0
        sleep 0.05 2>/dev/null || sleep 1
    done
}
blank='                                                               '$nl
do_start() {
    run=$1 name=$2 key=$3 fence=$4 limit=$5 grace=$6
    find_way || refuse "no setsid, perl or python3 there, so nothing can be kept running; install util-linux"
    if [ -n "$key" ]; then
        room "$state/fences/$key"
        [ -e "$state/fences/$key/$fence" ] || why=$({ : >"$state/fences/$key/$fence"; } 2>&1) || unwritable "$state" "$why"
        highest "$state/fences/$key"
        if [ -n "$7" ]; then
            # The lock is kept here, so nobody has asked before.
            newest=$n
            highest "$state/locks/$key"
            if [ "$n" -ne "$fence" ] || [ "$newest" -ne "$fence" ] || [ -e "$state/locks/$key/$fence.over" ]; then
                say lost
                exit 4
            fi
        fi
        [ "$n" -le "$fence" ] || refuse "the lock was taken since, with number $n; this run has $fence and starts nothing more"
    fi
    task=$state/runs/$run/$name
    if ! mkdir "$task" 2>/dev/null; then
        [ ! -d "$task" ] || refuse "$name of run $run was started before; nothing is started twice"
        room "$state/runs/$run"
        if ! why=$(mkdir "$task" 2>&1); then
            [ ! -d "$task" ] || refuse "$name of run $run was started before; nothing is started twice"
            unwritable "$task" "$why"
        fi
    fi
    boot
    since $$
    clock
    note "$task/pid" "starting $$ $began $boot$nl"
    note "$task/exit" "$blank"
    note "$task/counted" "0 0 $blank"
    note "$task/log" ''
    if ! mkfifo "$task/pipe" "$task/word" 2>/dev/null; then
        rm -f "$task/pipe" "$task/word"
        why=$(mkfifo "$task/pipe" "$task/word" 2>&1)
        rm -rf "$task"
        unwritable "$task" "$why"
    fi
    exec 3<&0 </dev/null 8<>"$task/word"
    {
        read -r word <&8
        say "$word"
    } 3<&- &
    reader=$!
    stream 0 $$ 3<&- 8<&- 2>/dev/null &
    tail=$!
    prepare=:
    (detach /bin/sh -c 'eval "$1"' qd "$text" supervise "$given" "$mark" "$task" "$limit" "$grace" $$ "$clock" "$way" "$was" <&3 8<&- >/dev/null)
    code=$?
    kill "$tail" 2>/dev/null
    { wait "$tail"; } 2>/dev/null
    if ! has_begun "$task"; then
        kill "$reader" 2>/dev/null
        rm -rf "$task"
        case $code in
        3) exit 3 ;;
        2 | 4) refuse "what was to be started did not come whole; nothing was started" ;;
        125) unwritable "$task" "*space*" ;;
        5) refuse "the words to start it took too long to come; nothing was started" ;;
        *) refuse "nothing was started: the shell there ended with $code" ;;
        esac
    fi
    has_ended "$task" && say "ended $ended"
}
# Seconds that no one can set.
clock() {
    clock=
    { read -r clock rest </proc/uptime; } 2>/dev/null || clock=$(date +%s)
    clock=${clock%%.*}
}
# Run by the leader of the job's session before anything of it: no job begins that is not written down.
leader_text='qd_task=$1 qd_watch=$2 qd_starter=$3 qd_umask=$4 qd_cwd=$5
shift 5
qd_began=-
if [ -r /proc/self/stat ]; then
    read -r qd_line </proc/$$/stat
    qd_n=0
    for qd_began in ${qd_line##*) }; do
        qd_n=$((qd_n + 1))
        [ $qd_n -lt 20 ] || break
    done
else
    qd_began=$(LC_ALL=C ps -o lstart= -p $$ 2>/dev/null | tr -c "0-9A-Za-z:\n" _)
fi
# Who started it is gone, and may be told that nothing began.
kill -s 0 "$qd_starter" 2>/dev/null || exit 125
{ printf "job %s %s %s\n" $$ "$qd_began" "$qd_watch" >>"$qd_task/pid"; } 2>/dev/null || exit 125
printf "started %s\n" $$ 1<>"$qd_task/word"
umask "$qd_umask"
if [ -n "$qd_cwd" ]; then cd -- "$qd_cwd" || exit 126; fi
[ "$1" = . ] || exec "$@"
qd_before=$2
set --
eval "$qd_before"'
prepare_job() {
    variables
    QD_TASK=$task/
    export QD_TASK
    trap - HUP
}
do_supervise() {
    task=$1 limit=$2 grace=$3 starter=$4 before=$5 way=$6 was=$7
    trap '' HUP
    whole=
    # The words end in a mark, and a shell that meets an end in the middle of one gives up.
    if [ -p /dev/stdin ]; then . /dev/stdin; else eval "$(cat)"; fi
    exec </dev/null 3<&-
    [ "$whole" = "$mark" ] || exit 4
    # What was under way while the line was dead may come when the task was given up long ago.
    clock
    [ $((clock - before)) -le 20 ] || exit 5
    note "$task/script" "$script"
    if [ -n "$askpass" ]; then
        note "$task/askpass" "$askpass"
        chmod 700 "$task/askpass"
    fi
    boot
    since $$
    exec 2>/dev/null
    { date +%s >"$task/epoch"; } &
    pump &
    pump=$!
    timer &
    timer=$!
    watch="$boot $$ $began"
    prepare=prepare_job
    (leader) >"$task/pipe" 2>&1
    code=$?
    if ! has_begun "$task"; then
        kill "$timer" "$pump"
        kill -s 0 "$starter" || rm -rf "$task"
        exit 125
    fi
    timed=0
    if [ -e "$task/timed" ]; then timed=1; wait "$timer"; else kill "$timer"; fi
    # What it left in the background may hold the log open for ever. Mostly there is none, and the pump has ended by now.
    rm -f "$task/pipe" "$task/word"
    if ! drained; then
        trap : USR1
        { sleep 0.3 || sleep 1; kill -s USR1 $$; } &
        wait "$pump" && drained
        kill $!
    fi
    if [ -z "$kept" ]; then
        size "$task/log"
        kept=$size
        read -r rest lost rest <"$task/counted"
    fi
    # Its own clock, less a process: when it began and the seconds since.
    { read -r now <"$task/epoch"; } 2>/dev/null || now=
    case $now in *[!0-9]*) now= ;; esac
    if [ -n "$now" ] && [ -r /proc/uptime ]; then began=$clock; clock; now=$((now + clock - began)); else now=$(date +%s); fi
    # The room was taken before, so that a full disk does not lose the end.
    printf '%-63s\n' "ended $code $timed $kept $lost $now" 1<>"$task/exit"
}
# Whether the pump has told its last count.
drained() {
    read -r kept lost rest <"$task/counted" && [ "$rest" = all ] && return
    kept= lost=0
    return 1
}
# One part of the input to a file; sets moved (bytes), whether the input is at its end, and whether it was written.
part() {
    told=$(LC_ALL=C dd bs="$1" count="$2" 2>&1 <&6 >&5) && good=yes || good=
    moved=${told##*"$nl"}
    moved=${moved%% byte*}
    case $moved in '' | *[!0-9]*) moved=0 good= ;; esac
    reads=${told%% records in*}
    reads=${reads##*"$nl"}
    case $reads in *[0-9]+[0-9]*) [ $((${reads%+*} + ${reads#*+})) -ge "$2" ] && over= || over=yes ;; *) over=yes ;; esac
}
# Keeps the first part of what is printed and counts the rest. Whoever still prints keeps it running.
pump() {
    exec 6<"$task/pipe" 5>>"$task/log"
    kept=0 lost=0 good=yes over=
    while [ -z "$over" ] && [ -n "$good" ] && [ "$kept" -lt "$most" ]; do
        left=$((most - kept))
        block=65536 count=$((left / 65536))
        [ "$count" -le 1024 ] || count=1024
        [ "$count" -gt 0 ] || block=$left count=1
        part "$block" "$count"
        kept=$((kept + moved))
    done
    # What could not be written is lost, though nobody knows how much it was.
    if [ -z "$good" ]; then
        over=
        lost=1
        size "$task/log"
        kept=$size
    fi
    exec 5>/dev/null
    while [ -z "$over" ]; do
        part 65536 4096
        lost=$((lost + moved))
        printf '%-63s\n' "$kept $lost" 1<>"$task/counted"
    done
    printf '%-63s\n' "$kept $lost all" 1<>"$task/counted"
}
# Sleeps so long, or until TERM comes, which ends all.
doze() {
    sleep "$1" &
    asleep=$!
    trap 'kill -s KILL "$asleep"; exit' TERM
    if [ -n "$early" ]; then
        kill -s KILL "$asleep"
        exit
    fi
    wait "$asleep"
}
# Ends the job when its time is up, whether anybody is connected or not.
timer() {
    # Any other signal is lost on a sleep that only just begins.
    early=
    trap early=yes TERM
    doze "$limit"
    # A sleep that knows no parts of a second.
    case $? in 0) ;; *) doze $((${limit%%.*} + 1)) ;; esac
    : >"$task/timed"
    fate "$task"
    strike "$grace"
}
rootly() {
    if [ -r "$task/askpass" ] && command -v variables >/dev/null 2>&1; then
        (variables; command sudo -A -p '' "$@") 2>/dev/null
    else
        sudo -n "$@" 2>/dev/null
    fi
}
# The processes of the session of the job that live; where that cannot be told, of its group.
members() {
    members= outside=
    if [ -r /proc/self/stat ]; then
        # Its number belongs to another process by now, so its session is over.
        since "$pid"
        [ -z "$began" ] || [ "$began" = "$leader" ] || return 0
        for file in /proc/[0-9]*/stat; do
            { read -r line <"$file"; } 2>/dev/null || continue
            file=${file#/proc/}
            set -- ${line##*) }
            [ "$4" = "$pid" ] && [ "$1" != Z ] || continue
            members="$members ${file%/stat}"
            [ "$3" = "$pid" ] || outside="$outside ${file%/stat}"
        done
    else
        members=$(ps -A -o pid= -o pgid= -o stat= 2>/dev/null | while read -r one group stat; do
            case $stat in Z*) continue ;; esac
            [ "$group" != "$pid" ] || printf ' %s' "$one"
        done)
    fi
}
# One signal to each of the session; what root started is asked for with the right to.
signal() {
    kill -s "$1" -- "-$pid" 2>/dev/null
    members
    theirs=
    for one in $members; do
        # Those of the group have it already, where it may be sent at all.
        case " $outside " in *" $one "*) sent=$1 ;; *) sent=0 ;; esac
        kill -s "$sent" "$one" 2>/dev/null || theirs="$theirs $one"
    done
    [ -z "$theirs" ] || rootly kill -s "$1" $theirs
}
# TERM, and KILL to who is left after so long.
strike() {
    [ "$pid" -gt 1 ] || return 0
    signal TERM
    clock
    until=$((clock + ${1%%.*}))
    while members && [ -n "$members" ] && clock && [ "$clock" -lt "$until" ]; do sleep 0.1 2>/dev/null || sleep 1; done
    [ -n "$members" ] || return 0
    signal KILL
    tries=0
    while members && [ -n "$members" ] && [ "$tries" -lt 20 ]; do
        tries=$((tries + 1))
        sleep 0.1 2>/dev/null || sleep 1
    done
}
tell() {
    size "$task/log"
    case $how in
    alive) say "alive $pid $size" ;;
    ended) say "ended $ended" ;;
    gone) say "gone $size" ;;
    *) say absent ;;
    esac
}
do_fate() {
    task=$state/runs/$1/$2
    fate "$task"
    tell
}
do_attach() {
    task=$state/runs/$1/$2
    fate "$task"
    [ "$how" != absent ] || refuse "there is nothing of $2 of run $1 there"
    [ "$how" != alive ] || say "started $pid"
    if [ "$how" = alive ]; then (stream "$3" "$watch"); else tail -c "+$(($3 + 1))" "$task/log"; fi
    fate "$task"
    tell
}
# A piece of the log.
do_slice() { tail -c "+$(($3 + 1))" "$state/runs/$1/$2/log" | head -c "$4"; }
# What was printed held a secret, and whoever ran it has read it to the end.
do_forget_log() {
    task=$state/runs/$1/$2
    { echo "what was printed here held a secret; the machine that it was run from keeps it without" >"$task/log"; } 2>/dev/null ||
        refuse "cannot write $task/log"
}
do_end() {
    task=$state/runs/$1/$2
    fate "$task"
    [ "$how" != absent ] || exit 0
    boot
    # After a boot there is nothing of it, and its number is another's.
    if [ "$booted" = "$boot" ]; then
        strike "$3"
        # Its supervisor writes down how it ended.
        tries=0
        while fate "$task" && [ "$how" = alive ] && [ "$watch" != "$pid" ] && [ "$tries" -lt 20 ]; do
            tries=$((tries + 1))
            sleep 0.1 2>/dev/null || sleep 1
        done
        # The last read also finds those that left the session, by a variable that only this task has.
        members
        for one in $members $(grep -lsF "QD_TASK=$task/" /proc/[0-9]*/environ 2>/dev/null | tr -dc '0-9\n'); do
            case " $seen " in *" $one "*) continue ;; esac
            seen="$seen $one"
            since "$one"
            [ -z "$began" ] || printf '%s %s\n' "$one" "$(ps -o args= -p "$one" 2>/dev/null || tr '\0' ' ' <"/proc/$one/cmdline")"
        done
    fi
}
