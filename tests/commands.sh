# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# commands.sh: for scripts that check whether commands succeed. Sourced; $work is their folder.
: "${work:?}"
checks=0
failures=0
# check TEXT COMMAND...: checks that the command succeeds; prints the end of a failure's output
check ()
{
    text=$1
    shift
    checks=$((checks + 1))
    if "$@" >"$work/out" 2>&1 </dev/null; then
        echo "ok: $text"
        return 0
    fi
    failures=$((failures + 1))
    echo "FAILED: $text: $*"
    tail -n 40 "$work/out" | sed 's/^/    /'
    return 1
}
finish ()
{
    [ $checks -gt 0 ] || failures=1
    echo "$((checks ? (checks - failures) * 100 / checks : 0))%: Checks: $checks, Failures: $failures, Errors: 0"
    [ "$failures" -eq 0 ]
    exit
}
