#!/bin/sh
# SPDX-License-Identifier: MIT
# verify.sh: tenon verify and tenon why.
. "${TENON_SRCDIR:-$srcdir}/tests/cli/check.sh"
cp "$data/elevation.npy" "$data/weights.npy" .

tenon verify weights.npy elevation.npy
exits 'well' 0
is 'well' "$(cat out)" 'weights.npy: ok (1 tensor, 32768 bytes)
elevation.npy: ok (1 tensor, 21600 bytes)'
tenon verify -q weights.npy
exits 'well, quiet' 0
silent 'well, quiet' out

head -c 1000 weights.npy >short.npy
tenon verify short.npy
fails 'truncated' 1 'short.npy: '
npy object.npy '|O' False '(1,)' '........'
tenon verify object.npy
fails 'not supported' 1 'object.npy: '
npy shape.npy '<f4' False '(-1,)' '....'
tenon verify shape.npy
fails 'malformed' 1 'shape.npy: '
tenon verify -o limits.header_bytes=1 weights.npy
fails 'a limit' 1 header_bytes
tenon verify nosuch.npy
fails 'not there' 2 'nosuch.npy: '
echo hello >hello.txt
tenon verify hello.txt
fails 'recognised by nobody' 2 'hello.txt: '
: >empty
tenon verify empty
fails 'empty' 2 'empty: '
tenon verify short.npy weights.npy
exits 'the worst of several: 1' 1
says 'it goes on' out 'weights.npy: ok'
tenon verify short.npy nosuch.npy weights.npy
exits 'the worst of several: 2' 2
is 'a line each' "$(wc -l <err | tr -d ' ')" 2

tenon verify --json weights.npy
is '--json' "$(cat out)" '{"file":"weights.npy","ok":true,"format":"npy","tensors":1,"nbytes":32768}'
tenon verify --json weights.npy short.npy
exits '--json of several' 1
says '--json of several: bad' out '{"file":"short.npy","ok":false,"error":{"status":"TENON_E_'
is '--json of several: ends' "$(tail -c 3 out)" '}]'
tenon ls short.npy
fails 'ls has no 1' 2 'short.npy: '

tenon why weights.npy
exits 'why' 0
says 'why' out "npy${tab}chosen${tab}"
tenon why --json weights.npy
says 'why --json' out '{"file":"weights.npy","opened":"weights.npy","chosen":"npy","bids":['
says 'why --json: a bid' out '{"codec":"npy","chosen":true,'
tenon why hello.txt
fails 'why not' 2 'hello.txt: '
says 'why not' out "npy${tab}-${tab}"
tenon why --json hello.txt
exits 'why not --json' 2
says 'why not --json' out '"chosen":null'
tenon why --format npy hello.txt
exits 'why --format' 0
tenon why nosuch.npy
fails 'why nothing' 2 'nosuch.npy: '
finish
