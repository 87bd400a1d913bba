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
says '--json of several: bad' out '{"file":"short.npy","ok":false,"format":"npy","tensors":1,"nbytes":0,'
says '--json of several: why' out '"error":{"status":"TENON_E_TRUNCATED"'
is '--json of several: ends' "$(tail -c 3 out)" '}]'
tenon ls object.npy
exits 'ls lists what verify refuses' 0
tenon ls shape.npy
fails 'ls has no 1' 2 'shape.npy: '

# A name that leads out of the folder stays as it is, but is told when it is written, listed and verified.
outside='a program that unpacks the archive may write this member outside of its folder'
tenon convert -o npz.member=npy --rename 'weights=../../x' weights.npy out.npz
exits 'such a name is written' 0
says 'told by convert' err "tenon: note: out.npz: ../../x: $outside"
for command in ls verify; do
    tenon $command out.npz
    exits "told by $command" 0
    says "told by $command" err "tenon: note: out.npz: ../../x.npy: $outside"
done
tenon ls out.npz
is 'its name' "$(head -n 1 out | cut -f 1)" '../../x'
tenon convert --strict --rename 'weights=a//b' weights.npy other.npz
exits 'no loss' 0
says 'another name' err 'other.npz: a//b: a program that unpacks the archive may write this member under another name'
tenon convert --rename 'weights=../../x' weights.npy x.safetensors
exits 'nothing to unpack' 0
silent 'nothing to unpack' err
tenon ls x.safetensors
silent 'nothing to unpack: ls' err
tenon convert --rename 'weights=model/layers.0/w:0' weights.npy good.npz
silent 'a usual name' err
tenon ls good.npz
silent 'a usual name: ls' err

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
