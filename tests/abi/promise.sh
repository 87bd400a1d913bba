#!/bin/sh
# SPDX-License-Identifier: MIT
# promise.sh: what tenon-abi(7) promises of the headers. Plugins of each frozen minor version compile, in C and C++, and run;
# no struct has changed but at its end; and the copies in tests/abi are those of the headers. Runs inside `run`, on a built tree.
# shellcheck source=tests/cli/check.sh
. "$(dirname "$0")/../cli/check.sh"
: "${TENON_BUILDDIR:?}"
CC=${CC:-cc}
abi=$(cd "$TENON_SRCDIR/tests/abi" && pwd)
include=$(cd "$TENON_SRCDIR/include" && pwd)
export CC

# passes TEXT COMMAND...
passes ()
{
    words=$1
    shift
    passed=1
    "$@" >out 2>&1 || passed=0
    result "$passed" "$words" "$(tail -n 12 out)"
}

# ---- frozen headers ----
passes 'the headers of this minor version are the frozen ones (tests/abi/freeze)' "$abi/freeze" --check
for version in "$abi"/binaries/*/src; do
    version=${version%/src}
    version=${version##*/}
    passes "plugins compile with the frozen headers of $version" env TO="$folder/$version" "$abi/binaries/build" "$version" "$CC"
    [ "${version%%.*}" = "$TENON_ABI_MAJOR" ] || continue
    if [ -x "$TENON_BUILDDIR/tests/abi/test_binaries" ] && [ -z "${TENON_SANITIZERS:-}" ]; then
        passes "plugins compiled with the frozen headers of $version do what they did" \
            env TENON_BINARIES="$folder/$version" "$TENON_BUILDDIR/tests/abi/test_binaries"
    fi
done
rm -rf "$folder/changed" && mkdir -p "$folder/changed/tests" "$folder/changed/include"
cp -R "$include/tenon" "$folder/changed/include/"
cp -R "$abi" "$folder/changed/tests/"
sed 's/uint32_t max_rank;/uint64_t max_rank;/' "$include/tenon/codec.h" >"$folder/changed/include/tenon/codec.h"
"$folder/changed/tests/abi/freeze" --check >out 2>err
is 'freeze --check finds a change' $? 1
says 'and names it' err 'uint64_t max_rank'
"$folder/changed/tests/abi/layout" --check >out 2>err
is 'layout --check finds it, too' $? 1
says 'with the field that has moved' err 'tenon_codec, metadata,'
sed -i.old 's/^#define TENON_ABI_MAJOR .*/#define TENON_ABI_MAJOR 99/' "$folder/changed/include/tenon/types.h"
"$folder/changed/tests/abi/layout" >out 2>err
is 'from version 1 on no line of layout.h changes' $? 1
"$folder/changed/tests/abi/freeze" --check >out 2>err
is 'freeze --check wants a major version to be frozen' $? 1
"$folder/changed/tests/abi/freeze" >out 2>err
is 'version 1 freezes its first headers' $? 0
"$folder/changed/tests/abi/freeze" >out 2>err
is 'and never again' $? 1

# ---- the layout, and the copies ----
if [ "$(getconf LONG_BIT 2>/dev/null || echo 64)" = 64 ]; then
    passes 'layout.h has every field (tests/abi/layout)' "$abi/layout" --check
fi
if command -v clang-format >/dev/null; then
    rm -rf "$folder/changed" && mkdir -p "$folder/changed/tests/abi" "$folder/changed/include"
    cp -R "$include/tenon" "$folder/changed/include/"
    cp "$abi/renew" "$folder/changed/tests/abi/"
    cp "$TENON_SRCDIR/.clang-format" "$folder/changed/"
    passes 'renew runs' "$folder/changed/tests/abi/renew"
    for age in old future; do
        passes "tests/abi/$age is made from the headers (tests/abi/renew)" diff -r "$abi/$age" "$folder/changed/tests/abi/$age"
    done
fi

# ---- the page ----
if command -v mandoc >/dev/null; then
    passes 'docs/abi.md is made of tenon-abi(7) (build-aux/abi-page)' "$TENON_SRCDIR/build-aux/abi-page" --check
fi
for named in $(grep -oE 'test_[a-z_]+|promise\.sh' "$TENON_SRCDIR/docs/tenon-abi.7" | sort -u); do
    is "there is a $named, which tenon-abi(7) names" "$(find "$TENON_SRCDIR/tests" -name "${named%.sh}.[cs]*" | wc -l | tr -d ' ')" 1
done

# ---- all functions and structs, as libabigail sees them ----
if [ "$(uname -m)" != x86_64 ] || ! command -v abidiff >/dev/null || ! command -v abidw >/dev/null; then
    echo 'skipped: abidiff compares the headers with tests/abi/baseline (it needs abigail-tools, and x86-64)'
else
    passes 'programs and plugins of the baseline work (tests/abi/baseline/renew)' "$abi/baseline/renew" --check
    # changed HEADER SCRIPT: what --check says of a header that was changed
    changed ()
    {
        rm -rf "$folder/changed" && mkdir -p "$folder/changed/tests/abi" "$folder/changed/include"
        cp -R "$include/tenon" "$folder/changed/include/"
        cp -R "$abi/baseline" "$folder/changed/tests/abi/"
        sed "$2" "$include/tenon/$1" >"$folder/changed/include/tenon/$1"
        cmp -s "$include/tenon/$1" "$folder/changed/include/tenon/$1" && echo "sed changed nothing in $1"
        "$folder/changed/tests/abi/baseline/renew" --check >/dev/null 2>&1
        echo $?
    }
    is 'a struct may grow at its end' "$(changed codec.h 's/\(\*dtypes_option, \*dtypes_words;\)/\1 uint64_t later;/')" 0
    is 'a field may not change its type' "$(changed codec.h 's/const char \*opaque_family;/uint64_t opaque_family;/')" 1
    is 'a service may not change its result' "$(changed host.h 's/uint64_t (\*tell)/uint32_t (*tell)/')" 1
    is 'a function may not vanish' "$(changed file.h 's/^TENON_API void tenon_close .*//')" 1
fi
finish
