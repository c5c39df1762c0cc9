# Looks at the newest file of those that match. Arguments: the folder, the name or pattern in it, and `glob` or `exact`.
# The name comes last, as it is: whatever it holds, what stands before it is already read.
LC_ALL=C
export LC_ALL
folder=$1
pattern=$2
way=$3
printf '@qd:file\n'
finish() {
    printf '\n@qd:end\n'
    exit 0
}

# The deepest part of the way that can be seen.
near=$folder
while [ ! -d "$near" ] && [ "$near" != / ]; do
    near=${near%/*}
    near=${near:-/}
done
# Without the right to search it, nobody knows what is in it; without the right to read it, nobody knows what matches.
if [ ! -x "$near" ] || { [ "$near" = "$folder" ] && [ "$way" = glob ] && [ ! -r "$near" ]; }; then
    printf 'state denied\nname %s' "$near"
    finish
fi
if [ "$near" != "$folder" ] || ! cd "$folder"; then
    printf 'state no-folder\n'
    finish
fi

# The shell expands the pattern; with no separators it splits nothing, and no name is read as an option.
IFS=
if [ "$way" = glob ]; then set -- ./$pattern; else set -- "./$pattern"; fi
matches=0
newest=
previous=
for each; do
    case $each in ./. | ./..) continue ;; esac
    [ -e "$each" ] || continue
    matches=$((matches + 1))
    if [ -z "$newest" ] || [ "$each" -nt "$newest" ]; then
        previous=$newest
        newest=$each
    elif [ -z "$previous" ] || [ "$each" -nt "$previous" ]; then
        previous=$each
    fi
done 2>/dev/null
if [ -z "$newest" ]; then
    printf 'state missing\n'
    finish
fi

# Time of change and size in bytes: GNU and busybox, then BSD, then what is left.
figures() {
    stat -L -c '%Y %s' "$1" 2>/dev/null && return
    stat -L -f '%m %z' "$1" 2>/dev/null && return
    changed=$(date -r "$1" +%s 2>/dev/null)
    size=$(ls -Llnd "$1" 2>/dev/null | {
        IFS=' ' read -r mode links user group size rest
        printf '%s' "$size"
    })
    printf '%s %s\n' "${changed:--}" "${size:--}"
}
is() { if [ -d "$1" ]; then printf 'folder '; else printf 'file '; fi; }
printf 'state found\nmatches %s\n' "$matches"
printf 'now %s\n' "$(date +%s 2>/dev/null)"
printf 'newest %s\n' "$(is "$newest")$(figures "$newest")"
[ -z "$previous" ] || printf 'previous %s\n' "$(is "$previous")$(figures "$previous")"
printf 'name %s' "${newest#./}"
finish
