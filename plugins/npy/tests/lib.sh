# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# lib.sh: functions that make npy files by hand, for the shell tests of the npy plugin, which source this file.

# shellcheck source=tests/plugin.sh
. "$(dirname "$0")/../../../tests/plugin.sh"

# bytes N...: prints these bytes, given in decimal.
bytes ()
{
    for bytes_number; do
        # shellcheck disable=SC2059 # the format is the byte
        printf "\\$(printf '%03o' "$bytes_number")"
    done
}

# zeros N: prints N zero bytes.
zeros ()
{
    dd if=/dev/zero bs=1 count="$1" 2>/dev/null
}

# file NAME VERSION TEXT DATA-BYTES: makes $work/NAME.npy: a header with this text, then zeros.
file ()
{
    file_length=${#3}
    {
        printf '\223NUMPY'
        bytes "$2" 0 $((file_length % 256)) $((file_length / 256 % 256))
        [ "$2" = 1 ] || bytes $((file_length / 65536 % 256)) $((file_length / 16777216))
        printf '%s' "$3"
        zeros "$4"
    } >"$work/$1.npy"
}

# unreadable FILE TEXT...: checks that ls lists the tensor of $work/FILE, marked, and that verify fails with a message that has all
# texts, and cat with the first.
unreadable ()
{
    checks=$((checks + 1))
    unreadable_file=$1
    shift
    tenon ls "$work/$unreadable_file"
    { [ "$status" -eq 0 ] && said unreadable '1 of 1 tensor cannot be read'; } || { fail "$unreadable_file: ls exits $status, or marks nothing, instead of: $*"; return; }
    tenon verify "$work/$unreadable_file"
    { [ "$status" -eq 1 ] && said "${unreadable_file%.npy}" "$@"; } || { fail "$unreadable_file: verify exits $status, or does not say: $*"; return; }
    tenon cat "$work/$unreadable_file"
    { [ "$status" -eq 2 ] && said "$1"; } || fail "$unreadable_file: cat exits $status, or does not say: $1"
}

# finish: prints the closing line, which tests/total adds up, and exits.
finish ()
{
    if [ $checks -gt 0 ]; then
        percent=$(((checks - failures) * 100 / checks))
    else
        percent=0
    fi
    echo "$percent%: Checks: $checks, Failures: $failures, Errors: 0"
    [ $failures -eq 0 ] && [ $checks -gt 0 ]
    exit
}
