# shellcheck shell=sh disable=SC2034
# plugin.sh: for the shell tests of a plugin, which read it with `.`. They run inside `run`, which sets TENON.
set -u
LC_ALL=C
export LC_ALL
: "${TENON:?run me as: run plugins/PLUGIN/tests/NAME.sh}"
plugin=$(basename "$(dirname "$(dirname "$0")")")
: "${TENON_SRCDIR:=$(dirname "$0")/../../..}"
samples=$TENON_SRCDIR/plugins/$plugin/samples
work=$(mktemp -d "${TMPDIR:-/tmp}/tenon-$plugin.XXXXXX")
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

# refused FILE TEXT...: verify says no to $work/FILE, with its name ($culprit: that of another file) and all these words; ls fails as
# well, and nothing crashes.
culprit=
refused ()
{
    checks=$((checks + 1))
    refused_file=$1
    shift
    tenon ls "$work/$refused_file"
    [ "$status" -eq 2 ] || { fail "$refused_file: ls exits $status, not 2, instead of: $*"; return; }
    tenon verify "$work/$refused_file"
    [ "$status" -eq 1 ] || { fail "$refused_file: verify exits $status, not 1, instead of: $*"; return; }
    said "${culprit:-${refused_file##*/}}: " "$@" || fail "$refused_file: $said_text is not in the message"
}

# accepted FILE TEXT...: verify says yes, and ls --json (white space taken out) has all these words.
accepted ()
{
    checks=$((checks + 1))
    accepted_file=$1
    shift
    tenon verify "$work/$accepted_file"
    [ "$status" -eq 0 ] || { fail "$accepted_file: verify exits $status, not 0"; return; }
    tenon ls --json "$work/$accepted_file"
    [ "$status" -eq 0 ] || { fail "$accepted_file: ls exits $status, not 0"; return; }
    tr -d ' \n' <"$work/out" >"$work/tight"
    mv "$work/tight" "$work/out"
    said "$@" || fail "$accepted_file: $said_text is not in the list"
}

# well FILE: verify finds nothing.
well ()
{
    checks=$((checks + 1))
    tenon verify "$1"
    [ "$status" -eq 0 ] || fail "${1##*/}: verify exits $status"
}

# holds NAME FILE EXPECTED [sort]: it has just the tensors of EXPECTED, a line each of name, dtype, shape, bytes and cksum between tabs,
# with their bytes; in their order, or in any.
tab=$(printf '\t')
holds ()
{
    checks=$((checks + 1))
    tenon ls "$2"
    [ "$status" -eq 0 ] || { fail "$1: ls exits $status"; return; }
    grep "$tab.*$tab" "$work/out" | cut -f 1-4 | "${4:-cat}" >"$work/found"
    cut -f 1-4 "$3" | "${4:-cat}" | cmp -s - "$work/found" || fail "$1: ls lists something else"
    while IFS=$tab read -r holds_name _ _ holds_bytes holds_sum; do
        checks=$((checks + 1))
        tenon cat "$2" "$holds_name"
        [ "$(cksum <"$work/out")" = "$holds_sum $holds_bytes" ] || { : >"$work/out"; fail "$1: $holds_name has other bytes"; }
    done <"$3"
}

# skip TEXT: says what cannot be tried here
skip ()
{
    echo "skipped: $1"
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
