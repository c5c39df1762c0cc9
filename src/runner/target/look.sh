# What runs can have there. Only looks.
do_look() {
    printf 'folder %s\n' "$state"
    near=$state
    while [ ! -d "$near" ] && [ "$near" != / ]; do
        near=${near%/*}
        near=${near:-/}
    done
    case $state in
    /*) [ -w "$near" ] && [ -x "$near" ] || printf 'unwritable %s may not be written by %s, or its disk is read-only; name another folder with state\n' "$near" "$(id -un)" ;;
    *) printf 'unwritable the folder %s does not begin with /\n' "$state" ;;
    esac
    printf 'free %s\n' "$(df -Pk "$near" 2>/dev/null | awk 'NR == 2 { print $4 }')"
    printf 'user %s\n' "$(id -un)"
    find_way || printf 'unsupervised no setsid, perl or python3 there; install util-linux\n'
    for tool in mkfifo dd tail wc; do
        command -v "$tool" >/dev/null 2>&1 || printf 'unsupervised no %s there; install coreutils\n' "$tool"
    done
    [ "$1" != sudo ] || look_at_sudo
    # Last, because it is compared with the time at which the answer comes.
    now=$(date +%s.%N 2>/dev/null)
    case $now in *[!0-9.]* | *.) now=$(date +%s) ;; esac
    printf 'clock %s\n' "$now"
}
look_at_sudo() {
    if ! command -v sudo >/dev/null 2>&1; then
        printf 'sudo refused there is no sudo there\n'
    elif why=$(LC_ALL=C sudo -n true 2>&1 </dev/null); then
        printf 'sudo free\n'
    elif LC_ALL=C sudo -n -l 2>/dev/null </dev/null | grep -q NOPASSWD; then
        printf 'sudo free\n'
    else
        case $why in
        *'password is required'* | *'terminal is required'*) printf 'sudo password\n' ;;
        *) printf 'sudo refused %s\n' "$(printf '%s' "$why" | tr '\n' ' ')" ;;
        esac
    fi
}
# A password on standard input, tried once and not remembered.
do_try() {
    command -v sudo >/dev/null 2>&1 || refuse "there is no sudo there"
    why=$(LC_ALL=C sudo -k -S -p '' -v 2>&1) && say yes && return
    case $why in
    *'may not run'* | *'not in the sudoers'* | *'not allowed'*) refuse "sudo: $(printf '%s' "$why" | tail -n 1)" ;;
    esac
    say no
}
