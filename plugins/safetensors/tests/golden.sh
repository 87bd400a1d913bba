#!/bin/sh
# SPDX-License-Identifier: MIT
# golden.sh: tenon reads files by the reference library and MLX, and converts them to safetensors byte for byte. See samples/ORIGIN.
# shellcheck source=tests/plugin.sh
. "$(dirname "$0")/../../../tests/plugin.sh"

# same NAME FROM EXPECTED ARGUMENT...: checks that converting FROM with these arguments gives the bytes of EXPECTED.
same ()
{
    checks=$((checks + 1))
    same_name=$1 same_from=$2 same_expected=$3
    shift 3
    rm -f "$work/to.safetensors"
    tenon convert "$@" "$same_from" "$work/to.safetensors"
    [ "$status" -eq 0 ] || { fail "$same_name: convert $* exits $status"; return; }
    cmp "$work/to.safetensors" "$same_expected" >"$work/out" 2>&1 || fail "$same_name: convert $* changes bytes"
}

# ---- files by the reference, and files that it can only read ----
for sample in "$samples"/golden/*.safetensors; do
    name=${sample##*/} name=${name%.safetensors}
    same "$name" "$sample" "$sample"
    well "$sample"
    [ ! -e "$samples/golden/$name.expected" ] || holds "$name" "$sample" "$samples/golden/$name.expected" sort
    checks=$((checks + 1))
    "$TENON" convert --format=safetensors "$sample" - </dev/null 2>"$work/error" | cat >"$work/piped"
    cmp "$work/piped" "$sample" >"$work/out" 2>&1 || fail "$name: convert to a pipe changes bytes"
done

# ---- legal files that the reference does not write ----
for sample in "$samples"/odd/*.safetensors; do
    same "${sample##*/}" "$sample" "${sample%.safetensors}.as-reference"
    well "$sample"
done
checks=$((checks + 1))
tenon ls -v "$samples/odd/unknown-keys.safetensors"
said "its key 'more' is unknown" "its key 'z' is unknown" || fail 'unknown keys are passed over in silence'

# ---- a set ----
same 'a set in one file' "$samples/set/model.safetensors.index.json" "$samples/set-as-one.safetensors"
well "$samples/set/model.safetensors.index.json"
mkdir "$work/set"
checks=$((checks + 1))
tenon convert -o safetensors.shard_size=16 "$samples/set-in-order.safetensors" "$work/set/model.safetensors"
[ "$status" -eq 0 ] || fail "a set: convert exits $status"
for file in model-00001-of-00003.safetensors model-00002-of-00003.safetensors model-00003-of-00003.safetensors \
    model.safetensors.index.json; do
    checks=$((checks + 1))
    cmp "$work/set/$file" "$samples/set/$file" >"$work/out" 2>&1 || fail "a set: $file has other bytes"
done
checks=$((checks + 1))
[ "$(find "$work/set" -type f | wc -l)" -eq 4 ] || fail 'a set: there are more files'

# ---- the option slack ----
checks=$((checks + 1))
tenon convert -o safetensors.slack=100 "$samples/golden/dtypes.safetensors" "$work/slack.safetensors"
[ "$(wc -c <"$work/slack.safetensors")" -ge $(($(wc -c <"$samples/golden/dtypes.safetensors") + 96)) ] || fail 'safetensors.slack makes no room'
holds dtypes "$work/slack.safetensors" "$samples/golden/dtypes.expected" sort
checks=$((checks + 1))
tenon convert -o safetensors.slack=4096 "$samples/golden/dtypes.safetensors" "$work/blocks.safetensors"
tenon ls -s offset "$work/blocks.safetensors"
[ $(($(head -n 1 "$work/out" | cut -f 5) % 4096)) -eq 0 ] || fail 'with slack of a block the data do not begin with one'
holds dtypes "$work/blocks.safetensors" "$samples/golden/dtypes.expected" sort
same 'slack goes again' "$work/slack.safetensors" "$samples/golden/dtypes.safetensors"

finish
