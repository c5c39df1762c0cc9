# What is kept there: locks, markers, files of runs, records. Keys come as names of folders.
#
# A lock is a number: locks/KEY/7 is who has it, and locks/KEY/7.over that it was given back or taken away. Each is made
# by a step that only one of several can do (ln, mkdir), and never removed while it is the highest, so nobody is mistaken.
describe() {
    highest "$state/locks/$1"
    [ "$n" -gt 0 ] && [ ! -e "$state/locks/$1/$n.over" ] || return 1
    { read -r taken run; } 2>/dev/null <"$state/locks/$1/$n" || return 1
    case $run in '' | *[!0-9a-f-]*) run=- ;; esac
    # Some shells run what stands in a number.
    case $taken in '' | *[!0-9]*) taken=0 ;; esac
    beat=$taken
    { read -r beat; } 2>/dev/null <"$state/locks/$1/$n.beat"
    case $beat in '' | *[!0-9]*) beat=$taken ;; esac
    pids=
    if [ "$run" != - ] && [ $(($(date +%s) - beat)) -ge 60 ]; then
        for pids_of in "$state/runs/$run"/*/pid; do
            [ -e "$pids_of" ] || continue
            fate "${pids_of%/pid}"
            [ "$how" != alive ] || pids="$pids $pid"
        done
    fi
    printf 'lock %s %s %s %s%s\n' "$n" "$(date +%s)" "$taken" "$beat" "$pids"
    sed 1d "$state/locks/$1/$n"
}
is_ours() {
    highest "$state/locks/$1"
    [ "$n" -eq "$2" ] && [ ! -e "$state/locks/$1/$n.over" ]
}
lost() {
    describe "$1"
    say lost
    exit 4
}
do_lock() {
    key=$1 run=$2 length=$3
    folder=$state/locks/$key
    room "$folder" "$state/fences/$key"
    claim=$folder/.$$
    { printf '%s %s\n' "$(date +%s)" "$run"; cat; echo; } 2>/dev/null >"$claim"
    if [ "$(sed 1d "$claim" 2>/dev/null | wc -c)" -ne $((length + 1)) ]; then
        why=$({ echo test >"$claim"; } 2>&1)
        rm -f "$claim"
        [ -z "$why" ] || unwritable "$folder" "$why"
        refuse "the lock was not taken: its words did not come whole, or the disk of $folder is full"
    fi
    flush "$claim"
    describe "$key" && rm -f "$claim" && say held && exit 4
    was_highest=$n
    highest "$state/fences/$key"
    [ "$n" -gt "$was_highest" ] || n=$was_highest
    number=$((n + 1))
    if ! why=$(ln "$claim" "$folder/$number" 2>&1); then
        rm -f "$claim"
        describe "$key" && say held && exit 4
        unwritable "$folder" "$why"
    fi
    rm -f "$claim"
    highest "$folder"
    if [ "$n" -ne "$number" ]; then
        rm -f "$folder/$number"
        describe "$key"
        say held
        exit 4
    fi
    if ! { : >"$state/fences/$key/$number"; } 2>/dev/null; then
        mkdir "$folder/$number.over"
        refuse "cannot write $state/fences: the disk may be full; mend that, or name another folder with state"
    fi
    printf '%s\n' "$number"
    forget "$folder" "$number"
    forget "$state/fences/$key" "$number"
}
# Numbers of long ago.
forget() {
    for file in "$1"/*; do
        old=${file##*/}
        old=${old%%.*}
        case $old in '' | *[!0-9]*) continue ;; esac
        [ "$old" -gt $(($2 - 20)) ] || rm -rf "$file"
    done
}
do_beat() {
    is_ours "$1" "$2" || lost "$1"
    date +%s 2>/dev/null >"$state/locks/$1/.beat.$$" && mv -f "$state/locks/$1/.beat.$$" "$state/locks/$1/$2.beat" ||
        { rm -f "$state/locks/$1/.beat.$$"; unwritable "$state/locks/$1" "No space"; }
    is_ours "$1" "$2" || lost "$1"
}
# Giving back and taking away: one of several who try at once makes the folder.
do_over() {
    is_ours "$1" "$2" || lost "$1"
    mkdir "$state/locks/$1/$2.over" 2>/dev/null && return
    [ -d "$state/locks/$1/$2.over" ] && lost "$1"
    why=$(mkdir "$state/locks/$1/$2.over" 2>&1) || unwritable "$state/locks/$1" "$why"
}
do_holder() { describe "$1" || :; }
do_locks() {
    for each in "$state/locks/$1"*; do
        [ ! -d "$each" ] || describe "${each##*/}" || :
    done
    for each in "$state/dirty/$1"*.json; do
        [ -e "$each" ] || continue
        printf 'dirty %s\n' "$(basename "$each" .json)"
        cat "$each"
        echo
    done
}
do_put() {
    room "$(dirname "$state/$1")"
    put "$state/$1" "$2"
}
do_get() { [ ! -f "$state/$1" ] || { say there; head -c "$2" "$state/$1"; }; }
do_drop() { rm -f "$state/$1" || refuse "cannot remove $state/$1"; }
# Puts the end of a file in its place; what was there beyond the offset is cut off. Nothing is touched before all of it is
# here: a call whose connection is long gone may end only now.
do_mirror() {
    file=$state/runs/$1 offset=$2 length=$3
    room "$(dirname "$file")"
    if [ "$offset" -eq 0 ]; then put "$file" "$length"; return; fi
    LC_ALL=C
    piece=$(cat; echo .)
    piece=${piece%.}
    [ "${#piece}" -eq "$length" ] || refuse "only a part of what was to be written to $file came; nothing was changed"
    size "$file"
    [ "$size" -ge "$offset" ] || refuse "$file has $size bytes there, fewer than the $offset that were written before; write it anew"
    [ "$size" -eq "$offset" ] || cut "$offset"
    why=$({ printf '%s' "$piece" >>"$file"; } 2>&1)
    size "$file"
    if [ "$size" -ne $((offset + length)) ]; then
        cut "$offset"
        unwritable "$file" "${why:-No space}"
    fi
    flush "$file"
}
cut() { why=$(dd if=/dev/null of="$file" bs=1 seek="$1" 2>&1) || unwritable "$file" "$why"; }
do_runs() { ls -1 "$state/runs" 2>/dev/null || :; }
do_tidy() {
    for each in "$state"/runs/*; do
        [ -d "$each" ] || continue
        busy=
        for pids_of in "$each"/*/pid; do
            [ -e "$pids_of" ] || continue
            fate "${pids_of%/pid}"
            [ "$how" != alive ] || busy=yes
        done
        for key in "$state"/locks/*; do
            highest "$key"
            [ "$n" -eq 0 ] || [ -e "$key/$n.over" ] || ! grep -q "^[0-9]* ${each##*/}\$" "$key/$n" 2>/dev/null || busy=yes
        done
        [ -n "$busy" ] || [ -n "$(find "$each" -mmin "-$1" 2>/dev/null | head -n 1)" ] || rm -rf "$each"
    done
}
do_records() {
    for each in "$state/releases/$1"/*.json; do
        [ ! -e "$each" ] || { head -c 1048576 "$each"; echo; }
    done
}
do_record() {
    folder=$state/releases/$1
    room "$folder"
    put "$folder/$2.json" "$3"
    # Names begin with the time, so the order of names is that of time.
    count=0
    for each in $(ls -1 "$folder" | grep '\.json$' | sort -r); do
        count=$((count + 1))
        [ "$count" -le "$4" ] || rm -rf "$folder/$each" "$folder/${each%.json}.files"
    done
}
sum() { sha256sum <"$1" 2>/dev/null || shasum -a 256 <"$1" 2>/dev/null || openssl dgst -sha256 <"$1" 2>/dev/null | sed 's/.*= *//'; }
do_keep() {
    folder=$state/releases/$1/$2.files
    shift 2
    room "$folder"
    count=$(ls "$folder" | wc -l)
    for each; do
        count=$((count + 1))
        copy=$count
        if [ ! -f "$each" ] || ! why=$(cp -p "$each" "$folder/.new" 2>&1); then
            rm -f "$folder/.new"
            [ -f "$each" ] || refuse "there is no file $each to keep"
            [ -r "$each" ] || refuse "the file $each may not be read by $(id -un), so it cannot be kept"
            unwritable "$folder" "$why"
        fi
        flush "$folder/.new"
        hash=$(sum "$folder/.new")
        hash=${hash%% *}
        [ "${#hash}" -eq 64 ] || refuse "no sha256sum, shasum or openssl there, so files cannot be kept; install coreutils"
        mv -f "$folder/.new" "$folder/$copy"
        printf '%s %s\n' "$hash" "$copy"
    done
}
