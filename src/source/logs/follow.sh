# Follows a file by name and sends its bytes as they are, with words between them that begin with a mark no log can hold:
#   at INODE OFFSET NAME   what comes next starts here       live   all that was there is sent
#   absent | denied NAME   there is nothing to be read       cut    the file was cut; it starts anew
#   gap WHY                something may be missing here     end    that was all
# $1 mark, $2 path or pattern, $3 whether a pattern, $4 last lines or `all`, $5 whether to follow,
# and where it was left: $6 inode or `-`, $7 offset, $8 how many bytes before that and $9 their sum; $10 seconds since 1970
# before which nothing is wanted. The inode of a packed file has a `z` before it; its offset is that of what was in it.
mark=$1 path=$2 newest=$3 lines=$4 follow=$5 was=$6 offset=$7 before=$8 sum=$9 since=${10}
LC_ALL=C
export LC_ALL
set -f
nl='
'
say() { printf '%s %s\n' "$mark" "$*"; }
# The inode, the size and the name's own inode; `-` for what is not there.
look() {
    inode=- size=0 named=-
    while read -r i mode links user group length rest; do
        case $rest in
        */dev/fd/7) inode=$i size=$length ;;
        ?*) named=$i ;;
        esac
    done <<HERE
$(ls -Lnid /dev/fd/7 "$name" 2>/dev/null)
HERE
}
# All that the name may mean, oldest first: files that match, or those a rotation has left beside it.
all_of() {
    set +f
    IFS=
    if [ -n "$newest" ]; then
        ls -dtr -- $path 2>/dev/null
    else
        ls -dtr -- "$path"* 2>/dev/null | while read -r file; do
            case ${file#"$path"} in *[!0-9._-]*) case $file in *.gz | *.xz | *.bz2 | *.zst) echo "$file" ;; esac ;; *) echo "$file" ;; esac
        done
    fi
    set -f
    unset IFS
}
inode_of() {
    set -- $(ls -Lid -- "$1" 2>/dev/null)
    echo "${1:--}"
}
name=$path
# The file that the name means now.
find_name() {
    [ -z "$newest" ] || name=$(all_of | tail -n 1)
    [ -n "$name" ] && [ -e "$name" ]
}
open() {
    { exec 7<"$name"; } 2>/dev/null && [ ! -d "$name" ]
}
# A file that cannot be opened would end some shells.
can_open() { [ -f "$name" ] && [ -r "$name" ]; }
nap() { sleep "$1" 2>/dev/null || sleep 1; }
refused() {
    if [ -e "$name" ] && [ ! -f "$name" ] && [ ! -d "$name" ]; then echo "denied $name is no plain file"; return; fi
    if [ -d "$name" ]; then echo "denied $name is a folder"; return; fi
    if [ -e "$name" ]; then echo "denied $(id -un 2>/dev/null) may not read $name"; return; fi
    folder=${path%/*}
    case $folder in *'*'* | *'?'* | *'['*) folder=/ ;; esac
    if [ -d "${folder:-/}" ] && [ ! -x "${folder:-/}" ]; then echo "denied $(id -un 2>/dev/null) may not enter $folder"; return; fi
    if [ -n "$newest" ] && [ -d "${folder:-/}" ] && [ ! -r "${folder:-/}" ]; then echo "denied $(id -un 2>/dev/null) may not list $folder"; return; fi
    echo absent
}
# Waits until there is a file to be read; tells once why there is none.
await() {
    told=
    until find_name && can_open && open; do
        why=$(refused)
        [ "$why" = "$told" ] || say "$why"
        told=$why
        [ -n "$follow" ] || { say end; exit 0; }
        nap 0.5
    done
}
# How far the open file was read, where that can be known.
position() {
    pos=0
    [ -n "$gnu" ] || return 0
    while read -r key value; do [ "$key" != pos: ] || pos=$value; done </proc/self/fdinfo/7
}
gnu=
case $(tail --version 2>/dev/null) in *GNU*) [ ! -r /proc/self/fdinfo/0 ] || gnu=yes ;; esac
# Files that were there when following began; only one that was not becomes the newest.
seen=
see_all() {
    [ -n "$newest" ] || return 0
    seen=" "
    for_each=$(all_of | while read -r file; do inode_of "$file"; done)
    for i in $for_each; do seen="$seen$i "; done
}
# Sends from an offset of the open file to its end.
from() { tail -c "+$(($1 + 1))" <&7; }
unpack() { if command -v gzip >/dev/null 2>&1; then gzip -dc; else zcat; fi 2>/dev/null; }
# Sends a file that was rotated away, from its beginning; what is followed stays open beside it.
send_whole() {
    case $1 in *.gz | *.xz | *.bz2 | *.zst)
        # It is being packed, and is read as it was.
        [ ! -e "${1%.*}" ] || return 0
    esac
    { [ -f "$1" ] && [ -r "$1" ] && exec 8<"$1"; } 2>/dev/null || { say "gap $1 cannot be read"; return 0; }
    case $1 in
    *.gz)
        say "at z$(inode_of "$1") 0 $1"
        unpack <&8 || say "gap $1 cannot be unpacked to its end"
        ;;
    *.xz | *.bz2 | *.zst) say "gap $1 is packed in a way that is not read here" ;;
    *)
        say "at $(inode_of "$1") 0 $1"
        cat <&8
        ;;
    esac
    exec 8<&-
}
# When a file was changed last; where that cannot be told, as late as matters.
changed() { stat -Lc %Y -- "$1" 2>/dev/null || stat -Lf %m -- "$1" 2>/dev/null || date -r "$1" +%s 2>/dev/null || echo "$since"; }
# Sends what was rotated away and written since then, oldest first. The file of the name is open already.
rotated() {
    list=$(all_of)
    while IFS= read -r file; do
        [ -n "$file" ] && [ "$file" != "$name" ] || continue
        if [ -z "$newest" ]; then
            rest=${file#"$path"}
            case $rest in *.gz | *.xz | *.bz2 | *.zst) rest=${rest%.*} ;; esac
            case $rest in [.-]*) ;; *) continue ;; esac
            case $rest in *[!0-9._-]*) continue ;; esac
        fi
        [ "$(changed "$file")" -ge "$since" ] || continue
        # The name got another file since it was opened.
        [ "$(inode_of "$file")" != "$inode" ] || continue
        send_whole "$file"
    done <<HERE
$list
HERE
}
# Goes on where it was left; fails when that is not to be found.
resume() {
    [ "$was" != - ] || return 1
    packed=
    case $was in z*) packed=yes was=${was#z} ;; esac
    chain=
    found=
    list=$(all_of)
    while IFS= read -r file; do
        [ -n "$file" ] || continue
        if [ -n "$found" ]; then chain=$chain$file$nl
        elif [ "$(inode_of "$file")" = "$was" ]; then found=$file; fi
    done <<HERE
$list
HERE
    if [ -z "$found" ]; then
        say "gap the file that was read is not there any more"
        return 1
    fi
    name=$found
    { can_open && open; } || { say "gap the file that was read cannot be read any more"; return 1; }
    look
    if [ -n "$packed" ]; then
        say "at z$inode $offset $name"
        unpack <&7 | tail -c "+$((offset + 1))"
    elif [ "$size" -lt "$offset" ]; then
        say "gap the file was cut or replaced while nobody was looking"
        return 2
    elif [ "$before" -gt 0 ] && [ "$(tail -c "+$((offset - before + 1))" <&7 | head -c "$before" | cksum)" != "$sum" ]; then
        say "gap the file was written anew while nobody was looking"
        exec 7<"$name"
        return 2
    else
        exec 7<"$name"
        say "at $inode $offset $name"
        from "$offset"
    fi
    last=$found
    while IFS= read -r file; do
        [ -n "$file" ] || continue
        case $file in *.gz | *.xz | *.bz2 | *.zst) send_whole "$file"; continue ;; esac
        name=$file
        { can_open && open; } || { say "gap $file cannot be read"; continue; }
        look
        say "at $inode 0 $name"
        from 0
        last=$file
    done <<HERE
$chain
HERE
    name=$last
    # What is open may have been moved aside meanwhile; the loop sees that.
    [ -n "$newest" ] || name=$path
    return 0
}
# The first time: the last lines.
begin() {
    await
    look
    if [ -n "$since" ] && [ "$lines" = all ]; then
        rotated
        look
    fi
    start=0
    if [ "$lines" = 0 ]; then start=$size
    elif [ "$lines" != all ]; then
        count=$(tail -n "$lines" "$name" | wc -c)
        start=$((size - count))
    fi
    if [ "$start" -le 0 ]; then
        say "at $inode 0 $name"
        from 0
    else
        # With the byte before, which tells whether a line begins here.
        say "at $inode $((start - 1)) $name"
        from "$((start - 1))"
    fi
}
begin_anew() {
    await
    look
    say "at $inode 0 $name"
    from 0
}
resume
case $? in
0) ;;
2) look; say "at $inode 0 $name"; from 0 ;;
*) if [ "$was" = - ]; then begin; else begin_anew; fi ;;
esac
if [ -z "$follow" ]; then
    say end
    exit 0
fi
# A file that was cut and grew again between two looks begins with other bytes.
first=0
head=
beginning() { { dd bs="$first" count=1 <"$name" | cksum; } 2>/dev/null; }
remember() {
    first=$size
    [ "$first" -le 512 ] || first=512
    head=
    [ "$first" -eq 0 ] || [ "$named" != "$inode" ] || head=$(beginning)
}
rewritten() {
    [ -n "$head" ] && [ "$size" -ne "$known" ] && [ "$named" = "$inode" ] && [ "$(beginning)" != "$head" ] || return 1
    # Or the name got another file in this moment.
    look
    [ "$named" = "$inode" ]
}
look
known=$size
remember
say live
see_all
guard=
# Lets another follow the open file until the name means another one.
start_tail() {
    [ -n "$gnu" ] || { cat <&7; return 0; }
    sleep 2147483647 &
    guard=$!
    tail -s 0.05 --pid="$guard" -c +1 -f <&7 2>/dev/null &
    tail=$!
}
# The tail looks once more when its guard is gone; then nothing of it is on its way.
stop_tail() {
    [ -n "$guard" ] || return 0
    kill "$guard" 2>/dev/null
    wait "$guard" 2>/dev/null
    wait "$tail" 2>/dev/null
    guard=
}
# The part of the newest that was not there before.
is_next() {
    [ -n "$newest" ] || { [ "$named" != - ] && [ "$named" != "$inode" ]; return; }
    # To look through a folder costs more.
    [ $((quiet % 4)) -eq 1 ] || return 1
    other=$(all_of | tail -n 1)
    [ -n "$other" ] && [ -r "$other" ] || return 1
    case $seen in *" $(inode_of "$other") "*) return 1 ;; esac
    name=$other
}
gone=
quiet=0
start_tail
while :; do
    if [ -n "$gnu" ]; then nap 0.5; else nap 0.1; fi
    # In this order, so that what is added meanwhile does not look like a cut.
    position
    look
    anew=
    if [ "$size" -lt "$known" ] || [ "$pos" -gt "$size" ]; then anew=cut
    elif rewritten; then anew="gap the file was cut and written anew; lines of that moment may be missing"; fi
    if [ -n "$anew" ]; then
        stop_tail
        [ -z "$gnu" ] || cat <&7
        say "$anew"
        position
        look
        # Some tails see that a file was cut and begin anew, others wait where they were.
        if [ -z "$gnu" ] || [ "$pos" -gt "$size" ]; then
            ! can_open || exec 7<"$name"
            look
            say "at $inode 0 $name"
            from 0
        else
            say "at $inode $pos $name"
        fi
        remember
        start_tail
    elif [ -z "$gnu" ] && [ "$size" -ne "$known" ]; then
        cat <&7
    fi
    # Who wrote to the old one may still do so for a moment.
    if [ "$size" -ne "$known" ]; then quiet=0; else quiet=$((quiet + 1)); fi
    [ "$first" -ge 512 ] || [ "$first" -ge "$size" ] || remember
    known=$size
    if [ -z "$newest" ] && [ "$named" = - ] && [ ! -e "$name" ]; then
        [ -n "$gone" ] || say absent
        gone=yes
        continue
    fi
    old=$name
    if [ "$quiet" -ge 1 ] && is_next; then
        can_open || { name=$old; [ "$gone" = denied ] || say "$(refused)"; gone=denied; continue; }
        stop_tail
        cat <&7
        open || { name=$old; continue; }
        look
        say "at $inode 0 $name"
        from 0
        see_all
        look
        known=$size
        remember
        quiet=0
        gone=
        say live
        start_tail
    elif [ -n "$gone" ] && [ "$named" = "$inode" ]; then
        gone=
        say live
    fi
done
