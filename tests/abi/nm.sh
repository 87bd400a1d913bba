#!/bin/sh
# SPDX-License-Identifier: MIT
# nm.sh: every plugin that was built, those of the tests as well, exports one symbol, its entry function, and needs none of
# the core's: all that a plugin calls comes through the table that it is handed. Runs inside `run`, on a built tree.
set -u
: "${TENON_BUILDDIR:?run me as: run tests/abi/nm.sh}" "${TENON_SRCDIR:?}" "${TENON_TEST_PLUGINS:?}" "${TENON_ABI_MAJOR:?}"
NM=${NM:-nm}
CC=${CC:-cc}
checks=0
failures=0
work=$(mktemp -d "${TMPDIR:-/tmp}/tenon-nm.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# check TEXT FOUND EXPECTED
check ()
{
    checks=$((checks + 1))
    [ "$2" != "$3" ] || return 0
    failures=$((failures + 1))
    echo "FAILED: $1: '$2', '$3' is expected"
}

# Names that a shared object offers, without what compilers and sanitizers add.
exported ()
{
    $NM -D --defined-only "$1" | awk '$2 != "A" { print $NF }' | sed 's/@.*//' |
        grep -vxE '_init|_fini|_edata|_end|__bss_start|__(odr_)?asan.*|__(start|stop)_.*' | sort | tr '\n' ' '
}

# The example is a plugin of somebody else: the compiler alone must do.
# shellcheck disable=SC2086 # a list of flags
$CC ${SANITIZER_CFLAGS:-} -I"$TENON_SRCDIR/include" -fPIC -shared -fvisibility=hidden -o "$work/idx.so" \
    "$TENON_SRCDIR/examples/idx/idx.c" || check 'idx.c compiles' no yes

count=0
for plugin in "$TENON_BUILDDIR"/plugins/.libs/*.so "$TENON_TEST_PLUGINS"/*.so "$work"/*.so; do
    [ -f "$plugin" ] || continue
    name=${plugin##*/}
    count=$((count + 1))
    case $name in
    noentry.so) expected='some_function ' ;;
    nextmajor.so) expected='tenon_plugin_v9 ' ;;
    *) expected="tenon_plugin_v$TENON_ABI_MAJOR " ;;
    esac
    check "$name exports" "$(exported "$plugin")" "$expected"
    check "$name needs of the core" "$($NM -D --undefined-only "$plugin" | awk '{ print $NF }' | grep -E '^_?(tenon|tn)_')" ''
    # An instrumented module needs a runtime that it is not linked with; others say which libraries they need.
    if [ "$name" != undefined.so ] && [ -z "${TENON_SANITIZERS:-}" ] && command -v readelf >/dev/null; then
        check "$name asks for libtenon" "$(readelf -d "$plugin" | grep -c 'NEEDED.*libtenon')" 0
    fi
done
checks=$((checks + 1))
if [ "$count" -lt 10 ]; then
    failures=$((failures + 1))
    echo "FAILED: only $count plugins were found"
fi
echo "$(((checks - failures) * 100 / checks))%: Checks: $checks, Failures: $failures, Errors: 0"
[ "$failures" -eq 0 ]
