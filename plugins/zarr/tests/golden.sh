#!/bin/sh
# SPDX-License-Identifier: MIT
# golden.sh: tenon reads stores as zarr-python writes them: both versions, with consolidated metadata and without, in zip archives
# and in folders. See samples/ORIGIN.
# shellcheck source=tests/plugin.sh
. "$(dirname "$0")/../../../tests/plugin.sh"

for name in v2 v3; do
    for sample in "$name" "$name-consolidated"; do
        well "$samples/golden/$sample.zarr.zip"
        holds "$sample" "$samples/golden/$sample.zarr.zip" "$samples/golden/$name.expected" sort
    done
    checks=$((checks + 1))
    tenon ls -q -o zarr.consolidated=ignore "$samples/golden/$name-consolidated.zarr.zip"
    cut -f 1-4 "$work/out" | sort >"$work/found"
    cut -f 1-4 "$samples/golden/$name.expected" | sort | cmp -s - "$work/found" || fail "$name: consolidated=ignore lists something else"
done

# A slice that lies in several chunks, and a chunk that does not exist.
checks=$((checks + 1))
tenon cat --text --slice 5:7,1:4 "$samples/golden/v3.zarr.zip" shards
[ "$(cat "$work/out")" = '26 27 28
31 32 33' ] || fail "a slice of shards"
checks=$((checks + 1))
tenon cat --text "$samples/golden/v3.zarr.zip" fill/minus
[ "$(tr '\n' ' ' <"$work/out")" = '-1 -1 0 0 -1 -1 -1 ' ] || fail "missing chunks are not the fill value"

finish
