# shellcheck shell=sh disable=SC2034
# lib.sh: for the shell tests of the npy plugin, which read it with `.`. They run inside `run`, which sets TENON.
set -u
LC_ALL=C
export LC_ALL
: "${TENON:?run me as: run plugins/npy/tests/NAME.sh}"
: "${TENON_SRCDIR:=$(dirname "$0")/../../..}"
samples=$TENON_SRCDIR/plugins/npy/samples
work=$(mktemp -d "${TMPDIR:-/tmp}/tenon-npy.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
checks=0
failures=0

# fail TEXT...: the check that runs has failed. The files that tell why are shown.
fail ()
{
    failures=$((failures + 1))
    echo "FAILED: $*"
    for fail_file in "$work/out" "$work/error"; do
        [ ! -s "$fail_file" ] || head -c 1000 "$fail_file" | sed 's/^/    /'
    done
}

# tenon ARGUMENT...: its exit status is in $status, what it said in $work/out and $work/error.
tenon ()
{
    status=0
    "$TENON" "$@" >"$work/out" 2>"$work/error" </dev/null || status=$?
}

# said TEXT...: is each of them in what it said?
said ()
{
    for said_text; do
        cat "$work/out" "$work/error" | grep -qF -e "$said_text" || return 1
    done
}

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
