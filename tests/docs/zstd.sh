#!/bin/sh
# SPDX-License-Identifier: MIT
# zstd.sh: examples/zstd and the plugin of the tree read what the other one wrote, and refuse what is damaged.
# shellcheck source=tests/cli/check.sh
. "${TENON_SRCDIR:-${srcdir:?}}/tests/cli/check.sh"
: "${CC:?}" "${SANITIZER_CFLAGS:=}"
tree=$(cd "$TENON_SRCDIR" && pwd)
mkdir example
# shellcheck disable=SC2086 # several words
if ! printf '#include <zstd.h>\n' | $CC -fsyntax-only -x c - 2>err; then
    skip 'there is no zstd.h'
    result 1 'nothing'
    finish
fi
# shellcheck disable=SC2086
$CC -std=gnu11 -Wall -Wextra -Werror $SANITIZER_CFLAGS "-I$tree/include" -fPIC -shared -fvisibility=hidden \
    -o example/zstd.so "$tree/examples/zstd/zstd.c" -lzstd 2>err
is 'it compiles' "$(cat err)" ''
others=$TENON_PLUGIN_PATH

# with FOLDERS: the plugins that the next commands find
with ()
{
    TENON_PLUGIN_PATH=$1
    export TENON_PLUGIN_PATH
}

tenon hash "$data/network.npz"
mv out digests
with "$folder/example:$others"
tenon formats -v
says 'the example is used' out 'zstd        Zstandard (RFC 8878), levels -7 to 19, default 3 (zstd)'
tenon convert -o npz.compression=zstd "$data/network.npz" a.npz
exits 'it writes' 0
tenon hash -q --check digests a.npz
exits 'it reads what it wrote' 0
tenon verify a.npz
exits 'and verifies it' 0
tenon cat a.npz layer.0/weight --slice 63,31 --text
mv out slice
tenon cat "$data/network.npz" layer.0/weight --slice 63,31 --text
same 'it reads a slice' slice out
# a byte in the middle of the first member
{
    head -c 2000 a.npz
    printf '\252\125'
    tail -c +2003 a.npz
} >damaged.npz
tenon verify damaged.npz
exits 'damage is found' 1

with "$others"
tenon formats -v
if grep -q '  zstd  ' out; then
    tenon hash -q --check digests a.npz
    exits "the tree's plugin reads what the example wrote" 0
    tenon convert -o npz.compression=zstd "$data/network.npz" b.npz
    with "$folder/example:$others"
    tenon hash -q --check digests b.npz
    exits "the example reads what the tree's plugin wrote" 0
else
    skip 'the tree has no zstd'
fi
finish
