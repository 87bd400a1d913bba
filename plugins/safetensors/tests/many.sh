#!/bin/sh
# SPDX-License-Identifier: MIT
# many.sh: a set of 1,500 shards is written, read, verified, rewritten and converted with 64 descriptors.
# shellcheck source=plugins/safetensors/tests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck disable=SC3045 # all shells of the systems that tenon runs on have it
ulimit -n 64
count=1500

# run ARGUMENT...: checks that the command succeeds, and says nothing on standard error
run ()
{
    checks=$((checks + 1))
    tenon "$@"
    { [ "$status" -eq 0 ] && [ ! -s "$work/error" ]; } || fail "$*: exit status $status"
}

# same WORDS: checks that the last hashes are those of the file that the set was made of
same () { checks=$((checks + 1)); cmp -s "$work/out" "$work/hashes" || fail "$*: other data"; }

header=$(awk -v n=$count 'BEGIN {
    printf "{"
    for (i = 0; i < n; i++)
        printf "%s\"t%d\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[%d,%d]}", i ? "," : "", i, 4 * i, 4 * i + 4
    printf "}"
}')
{ length ${#header}; printf '%s' "$header"; awk -v n=$count 'BEGIN { for (i = 0; i < n; i++) printf "%04d", i }'; } >"$work/all.safetensors"
run hash "$work/all.safetensors"
cp "$work/out" "$work/hashes"

mkdir "$work/set"
run convert -o safetensors.shard_size=4 "$work/all.safetensors" "$work/set/m.safetensors"
checks=$((checks + 1))
[ "$(find "$work/set" -type f | wc -l)" -eq $((count + 1)) ] || fail "$(find "$work/set" -type f | wc -l) files"
run verify "$work/set"
run hash "$work/set"; same 'by the index'
run hash --shards "$work/set/m-00700-of-01500.safetensors"; same 'by names'
run hash --no-index "$work/set"; same 'the folder by names'
run convert "$work/set" "$work/one.safetensors"
checks=$((checks + 1)); run hash "$work/one.safetensors"; same 'as one file'
run convert "$work/set" "$work/one.npz"
run hash "$work/one.npz"; same 'as an archive'
run convert -o npz.compression=deflate "$work/set" "$work/small.npz"
run hash "$work/small.npz"; same 'as a compressed archive'
# onto itself: the old shards are read while the new ones are written
run convert -q -o safetensors.shard_size=4 --set k=v "$work/set" "$work/set/m.safetensors.index.json"
run hash "$work/set"; same 'onto itself'
checks=$((checks + 1))
[ "$(find "$work/set" -type f | wc -l)" -eq $((count + 1)) ] || fail "$(find "$work/set" -type f | wc -l) files after that"
finish
