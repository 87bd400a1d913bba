# shellcheck shell=sh
# lib.sh: for the shell tests of the npy plugin, which read it with `.`: what makes npy files by hand.

# shellcheck source=tests/plugin.sh
. "$(dirname "$0")/../../../tests/plugin.sh"

# bytes N...: these bytes, decimal.
bytes ()
{
    for bytes_number; do
        # shellcheck disable=SC2059 # the format is the byte
        printf "\\$(printf '%03o' "$bytes_number")"
    done
}

# zeros N
zeros ()
{
    dd if=/dev/zero bs=1 count="$1" 2>/dev/null
}

# file NAME VERSION TEXT DATA-BYTES: $work/NAME.npy, with a header of this text and so many zeros after it.
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

# finish: the closing line, which is added up with that of all other tests.
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
