#!/bin/sh
# SPDX-License-Identifier: MIT
# hash.sh: tenon hash.
. "${TENON_SRCDIR:-$srcdir}/tests/cli/check.sh"

# The bytes that tenon-hash(1) names: dtype, NUL, rank, dims, data.
npy a.npy '<u2' False '(2, 1)' '\001\002\003\004'
printf 'u16\000\002\000\000\000\000\000\000\000\002\000\000\000\000\000\000\000\001\000\000\000\000\000\000\000\001\002\003\004' >image
digest=feb669ace3ec58042591ecd3a33adb93a1458252772559c230109c5b4754c378
if command -v sha256sum >/dev/null; then
    is 'the bytes have this digest' "$(sha256sum <image | cut -c 1-64)" $digest
fi
tenon hash a.npy
exits 'hash' 0
is 'hash' "$(cat out)" "sha256:$digest  a"
cp out list
npy b.npy '>u2' True '(2, 1)' '\002\001\004\003'
tenon hash b.npy
is 'another order' "$(cut -c 1-71 out)" "sha256:$digest"
npy c.npy '<u2' False '(1, 2)' '\001\002\003\004'
tenon hash c.npy
is 'another shape' "$(grep -c "$digest" out)" 0
tenon hash "$data/observations.npy"
exits 'opaque' 0

tenon hash a.npy b.npy
is 'several files' "$(cat out)" "# a.npy
sha256:$digest  a
# b.npy
sha256:$digest  b"
tenon hash --json a.npy
is '--json' "$(tr -d '\n' <out)" "{\"file\":\"a.npy\",\"algorithm\":\"sha256\",\"tensors\":[{\"name\":\"a\",\"dtype\":\"u16\",\"shape\":[2,1],\"digest\":\"sha256:$digest\"}]}"
tenon hash a.npy nosuch.npy
exits 'a bad file among others' 2
says 'a bad file among others: it goes on' out "$digest"

tenon hash --check list a.npy
exits '--check' 0
is '--check' "$(cat out)" 'a: ok'
tenon hash -q -c list a.npy
silent '--check, quiet' out
tenon hash --check list b.npy
exits 'other names' 1
is 'other names' "$(cat out)" 'b: not in the list
a: missing'
mkdir other
npy other/a.npy '<u2' False '(2, 1)' '\001\002\003\005'
tenon hash --check list other/a.npy
fails 'other data' 1 '1 tensor is not as the list says'
is 'other data' "$(cat out)" 'a: differs'
echo nonsense >>list
tenon hash --check list a.npy
fails 'no list' 2 "list:2: expected 'sha256:DIGITS  NAME'"
: >empty
tenon hash --check empty a.npy
fails 'an empty list' 2 'empty: '
tenon hash --check nosuch a.npy
fails 'a list that is not there' 2 'nosuch: '
tenon hash a.npy
cat out out >twice
tenon hash --check twice a.npy
fails 'twice' 2 "'a' is listed twice"
tenon hash --check list a.npy b.npy
fails '--check of two' 2 'takes one file'

# Names with backslashes, line ends and escapes.
name=$(printf 'a\\b\nc\033d')
cp a.npy "$name.npy"
tenon hash "$name.npy"
is 'hostile name' "$(cut -c 74- out)" 'a\\b\nc\x1bd'
cp out list
tenon hash --check list "$name.npy"
exits 'hostile name, and back' 0
tenon hash --only 'x*' a.npy
fails '--only that matches nothing' 2 "--only 'x*' matches no tensor"
finish
