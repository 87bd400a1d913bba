#!/bin/sh
# SPDX-License-Identifier: MIT
# trees.sh: the command with maps and mixed arrays among metadata: set as JSON, listed, carried from format to format, lost.
. "${TENON_SRCDIR:-$srcdir}/tests/cli/check.sh"

tree='{"a":[1,2.5,null,{"b":[]}],"list":[1,2],"é":"x\"y","nan":NaN,"lists":[["x"],[]],"t":true,"none":{}}'
tenon convert --set "tree=$tree" --set-type tree=json --set 'mixed=[null,18446744073709551615]' --set-type mixed=json \
    "$data/weights.npy" a.safetensors
exits 'JSON is set' 0
json='"metadata":{"tree":{"a":[1,2.5,null,{"b":[]}],"list":[1,2],"é":"x\"y","nan":"NaN","lists":[["x"],[]],"t":true,"none":{}},'
json=$json'"mixed":[null,18446744073709551615]},'
types='"metadata_types":{"tree":"map","mixed":"array:mixed"},'
# listed FILE: it has these values and types
listed ()
{
    tenon ls --json "$1"
    is "$1: values" "$(sed -n 's/^"tenon.pt":.*//; /^"metadata":/p' out)" "$json"
    is "$1: types" "$(sed -n '/^"metadata_types":/p' out)" "$types"
}
listed a.safetensors
tenon convert -o npz.metadata=member a.safetensors b.npz
exits 'to npz' 0
listed b.npz
tenon convert -o pt.metadata=member b.npz c.pt
exits 'to pt' 0
tenon convert c.pt d.safetensors
tenon ls --meta d.safetensors
says 'text of a map' out "tree${tab}map${tab}{\"a\": [1, 2.5, null, {\"b\": []}], \"list\": [1, 2], \"é\": \"x\\\"y\", \"nan\": nan, "
says 'text of a mixed array' out "mixed${tab}array:mixed${tab}[null, 18446744073709551615]"

tenon convert a.safetensors e.gguf
exits 'a format without maps' 0
says 'a lost map' err 'tree: the format gguf keeps no maps as metadata: this entry is dropped'
says 'a lost array' err 'mixed: the format gguf keeps no arrays of several types as metadata: this entry is dropped'
tenon convert --strict a.safetensors f.gguf
is 'strict' "$([ "$code" -ne 0 ] && [ ! -e f.gguf ] && echo refused)" refused

# attributes of a store, and the shape of its chunks
mkdir store.zarr
echo '{"zarr_format":2,"shape":[4,6],"chunks":[2,3],"dtype":"<i2","compressor":{"id":"zlib","level":1},"fill_value":7,
    "order":"C","filters":null}' >store.zarr/.zarray
echo '{"a":{"b":[1,2.5,null]}}' >store.zarr/.zattrs
tenon ls --json store.zarr
says 'attributes of a store' out '"metadata":{"a":{"b":[1,2.5,null]}},'
says 'chunks' out '"filter":"zlib","chunks":[2,3],"order":"C"'

# a chunk of 3 GB, of which lz4 takes 2 GiB at most, whatever memory there is
printf '\223NUMPY\001\000\166\000%-117s\n' "{'descr': '|u1', 'fortran_order': False, 'shape': (3000000000,), }" >large.npy
truncate -s 3000000128 large.npy
tenon convert -o limits.memory=16GiB -o zarr.format=2 -o zarr.compression=lz4 -o zarr.chunks=3000000000 large.npy large.zarr
says 'a chunk too large for its filter' err 'a chunk of 3000000000 bytes is larger than the filter lz4 can encode'
is 'and nothing of it is written' "$code$(ls large.zarr 2>/dev/null)" 2
rm large.npy

# each chunk in a folder of its own, with few descriptors (POSIX has no ulimit -n; each shell in use has)
printf '\223NUMPY\001\000\166\000%-117s\n' "{'descr': '|u1', 'fortran_order': False, 'shape': (200, 2), }" >small.npy
printf '%400s' ' ' >>small.npy
# shellcheck disable=SC3045
few=$(ulimit -n 64; "$TENON" convert -q -o zarr.chunks=1,2 small.npy small.zarr 2>&1; "$TENON" verify small.zarr)
is 'few descriptors' "$few" 'small.zarr: ok (1 tensor, 400 bytes)'

tenon convert --set tree=x a.safetensors g.safetensors
says 'a map needs a type' err 'values of its type, a map, cannot be given as text; name another type, such as json'
tenon convert --set 'mixed[0]=1' a.safetensors g.safetensors
says 'an item of a mixed array' err 'its value is a mixed array, of which no item can be replaced'
for bad in '{"a":1,"a":2}' '[1,' '18446744073709551616' '1e999' '' '{"a":1} x'; do
    tenon convert --set "k=$bad" --set-type k=json "$data/weights.npy" g.safetensors
    says "no JSON: $bad" err "is not taken as JSON: "
done
is 'nothing is written' "$(ls g.safetensors 2>/dev/null)" ''
finish
