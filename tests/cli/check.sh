# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034
# check.sh: shared by the tests of the command, which source it. It makes an empty folder and goes there.
#
#     tenon ls x.npy          runs the command; its output is in the files out and err, its exit status in $code
#     is TEXT FOUND EXPECTED  two texts are the same
#     exits TEXT STATUS       the last command exited so
#     says TEXT FILE WORDS    a line of the file contains these words
#     silent TEXT FILE        the file is empty
#     finish                  prints the last line, and exits
set -u
: "${TENON:?run me as: run tests/cli/NAME.sh}" "${TENON_SRCDIR:=${srcdir:?}}"
data=$(cd "$TENON_SRCDIR" && pwd)/examples/data
folder=$(mktemp -d "${TMPDIR:-/tmp}/tenon-cli-XXXXXX") || exit 99
trap 'rm -rf "$folder"' EXIT
trap 'exit 99' HUP INT TERM
cd "$folder" || exit 99
# Independent of the user's configuration, locale and colours.
HOME=$folder XDG_CONFIG_HOME=$folder/config LC_ALL=C TERM=xterm
export HOME XDG_CONFIG_HOME LC_ALL TERM
unset TENON_CONFIG NO_COLOR COLUMNS
checks=0
failures=0
code=0
tab=$(printf '\t')

tenon ()
{
    code=0
    "$TENON" "$@" >out 2>err </dev/null || code=$?
}

result ()
{
    checks=$((checks + 1))
    [ "$1" -eq 0 ] || return 0
    failures=$((failures + 1))
    printf 'FAILED: %s\n' "$2"
    shift 2
    printf '    %s\n' "$@"
}

is ()
{
    good=0
    [ "$2" = "$3" ] && good=1
    result $good "$1" "found:    $2" "expected: $3"
}

exits ()
{
    is "$1: exit status" "$code" "$2"
}

says ()
{
    good=0
    grep -qF -- "$3" "$2" && good=1
    result $good "$1" "not in $2: $3" "it has:" "$(head -n 5 "$2")"
}

silent ()
{
    good=0
    [ -s "$2" ] || good=1
    result $good "$1" "$2 has:" "$(head -n 5 "$2" 2>/dev/null)"
}

# fails TEXT STATUS WORDS: the last command exited so, with one line on stderr, but for hints, that begins with "tenon: " and
# contains these words.
fails ()
{
    exits "$1" "$2"
    is "$1: one line" "$(grep -vc '^tenon: hint: ' err)" 1
    is "$1: begins" "$(grep -v "^tenon: hint: " err | cut -c 1-7)" 'tenon: '
    says "$1" err "$3"
}

same ()
{
    good=0
    cmp -s "$2" "$3" && good=1
    result $good "$1" "$2 and $3 differ"
}

# npy FILE DESCR FORTRAN SHAPE DATA: an .npy file; DATA as printf takes it
npy ()
{
    {
        printf '\223NUMPY\001\000v\000%-117s\n' "{'descr': '$2', 'fortran_order': $3, 'shape': $4, }"
        # shellcheck disable=SC2059
        printf "$5"
    } >"$1"
}

# skip TEXT: says that something cannot be tested here
skip ()
{
    printf 'skipped: %s\n' "$1"
}

finish ()
{
    [ $checks -gt 0 ] || failures=1
    printf '%d%%: Checks: %d, Failures: %d, Errors: 0\n' \
        $((checks ? (checks - failures) * 100 / checks : 0)) $checks $failures
    [ $failures -eq 0 ]
    exit
}
