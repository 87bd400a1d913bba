# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034
# plugin.sh: functions for the shell tests of a plugin, which source this file. They run inside `run`, which sets TENON.
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
tab=$(printf '\t')

# fail TEXT...: counts and reports a failed check; prints the output of the last command.
fail ()
{
    failures=$((failures + 1))
    echo "FAILED: $*"
    for fail_file in "$work/out" "$work/error"; do
        [ ! -s "$fail_file" ] || head -c 1000 "$fail_file" | sed 's/^/    /'
    done
}

# tenon ARGUMENT...: runs the command. Sets $status to its exit status; $work/out and $work/error get its output.
tenon ()
{
    status=0
    "$TENON" "$@" >"$work/out" 2>"$work/error" </dev/null || status=$?
}

# said TEXT...: succeeds if the output of the last command has each text; else $said_text is the first that is absent.
said ()
{
    for said_text; do
        cat "$work/out" "$work/error" | grep -qF -e "$said_text" || return 1
    done
}

# refused FILE TEXT...: checks that verify refuses $work/FILE with a message that has its name (or $culprit, the name of another
# file) and all texts, and that ls fails too; neither may crash.
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

# unreadable FILE TEXT...: checks that ls lists $work/FILE, whose tensors cannot all be read, and that verify refuses it with a
# message that has its name and all texts.
unreadable ()
{
    checks=$((checks + 1))
    unreadable_file=$1
    shift
    tenon ls "$work/$unreadable_file"
    { [ "$status" -eq 0 ] && said "${tab}unreadable" 'cannot be read'; } \
        || { fail "$unreadable_file: ls exits $status, or marks no tensor, instead of: $*"; return; }
    tenon verify "$work/$unreadable_file"
    [ "$status" -eq 1 ] || { fail "$unreadable_file: verify exits $status, not 1, instead of: $*"; return; }
    said "${unreadable_file##*/}: " "$@" || fail "$unreadable_file: $said_text is not in the message"
}

# skipped FILE TENSOR TEXT...: checks that $work/FILE opens, that cat of TENSOR fails with these texts, and that verify exits with 1
# and says them, too.
skipped ()
{
    checks=$((checks + 1))
    skipped_file=$1 skipped_tensor=$2
    shift 2
    tenon ls "$work/$skipped_file"
    [ "$status" -eq 0 ] || { fail "$skipped_file: ls exits $status, not 0, with: $*"; return; }
    tenon cat "$work/$skipped_file" "$skipped_tensor"
    { [ "$status" -eq 2 ] && said "'$skipped_tensor'" "$@"; } || fail "$skipped_file: cat exits $status, or $said_text is not in the message"
    tenon verify "$work/$skipped_file"
    { [ "$status" -eq 1 ] && said "'$skipped_tensor'" "$@"; } || fail "$skipped_file: verify exits $status, or $said_text is not in the message"
}

# accepted FILE TEXT...: checks that verify accepts $work/FILE, and that ls --json, without white space, has all texts.
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

# well FILE: checks that verify accepts FILE.
well ()
{
    checks=$((checks + 1))
    tenon verify "$1"
    [ "$status" -eq 0 ] || fail "${1##*/}: verify exits $status"
}

# holds NAME FILE EXPECTED [sort]: checks that FILE has exactly the tensors of EXPECTED, with their bytes, in their order; with
# sort, in any order. EXPECTED has a line for each: name, dtype, shape, bytes and cksum, with tabs between.
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

# skip TEXT: reports a test that cannot run here.
skip ()
{
    echo "skipped: $1"
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
