#!/bin/sh
# SPDX-License-Identifier: MIT
# golden.sh: tenon reads files by gguf-py and files made by hand, and converts them to gguf byte for byte. See samples/ORIGIN.
# shellcheck source=tests/plugin.sh
. "$(dirname "$0")/../../../tests/plugin.sh"

# same NAME FROM EXPECTED ARGUMENT...: checks that converting FROM with these arguments gives the bytes of EXPECTED.
same ()
{
    checks=$((checks + 1))
    same_name=$1 same_from=$2 same_expected=$3
    shift 3
    rm -f "$work/to.gguf"
    tenon convert "$@" "$same_from" "$work/to.gguf"
    [ "$status" -eq 0 ] || { fail "$same_name: convert $* exits $status"; return; }
    cmp "$work/to.gguf" "$same_expected" >>"$work/out" 2>&1 || fail "$same_name: convert $* changes bytes"
}

# told TEXT: checks that the last command printed this note.
told ()
{
    checks=$((checks + 1))
    said "$1" || fail "it does not tell: $1"
}

# ---- version 3, little-endian: nothing changes ----
for sample in "$samples"/golden/*.gguf; do
    name=${sample##*/} name=${name%.gguf}
    same "$name" "$sample" "$sample"
    same "$name" "$sample" "$sample" --strict
    well "$sample"
    holds "$name" "$sample" "$samples/golden/$name.expected"
    checks=$((checks + 1))
    "$TENON" convert --format=gguf "$sample" - </dev/null 2>"$work/error" | cat >"$work/piped"
    cmp "$work/piped" "$sample" >"$work/out" 2>&1 || fail "$name: convert to a pipe changes bytes"
done

# ---- the other versions, and the other byte order ----
for sample in "$samples"/others/*.gguf; do
    name=${sample##*/} kind=${name%-*.gguf} name=${name##*-} name=${name%.gguf}
    same "$kind $name" "$sample" "$samples/golden/$name.gguf"
    well "$sample"
    holds "$kind $name" "$sample" "$samples/golden/$name.expected"
    tenon ls -v "$sample"
    case $kind in
        v*) told "its version is ${kind#v}; gguf is written as version 3" ;;
        *) told 'it is big-endian' ;;
    esac
done
checks=$((checks + 1))
tenon convert "$samples/others/big-endian-plain.gguf" "$work/to.gguf"
said "f32: its byte order changes from big-endian to little-endian" || fail "a change of byte order is not told"
checks=$((checks + 1))
tenon convert --strict "$samples/others/big-endian-plain.gguf" "$work/strict.gguf"
[ "$status" -eq 0 ] || fail "--strict: convert of a big-endian file exits $status"
for kind in v1 v2; do
    same "$kind, strictly" "$samples/others/$kind-values.gguf" "$samples/golden/values.gguf" --strict
done

# ---- legal files that gguf-py does not write ----
for sample in "$samples"/odd/*.gguf; do
    same "${sample##*/}" "$sample" "${sample%.gguf}.as-v3"
    well "$sample"
done
for name in other-order gaps; do
    tenon ls -v "$samples/odd/$name.gguf"
    told 'data do not follow each other without gaps in their order'
done

# ---- sets ----
for set in set aligned-set; do
    first=$samples/$set/m-00001-of-00003.gguf
    well "$first"
    holds "$set" "$first" "$samples/set.expected"
    holds "$set, its folder" "$samples/$set" "$samples/set.expected"
    same "$set in one file" "$first" "$samples/$set-as-one.gguf"
    same "$set in one file" "$samples/$set" "$samples/$set-as-one.gguf" --strict
    same "$set in one file" "$samples/$set/m-00003-of-00003.gguf" "$samples/$set-as-one.gguf" --shards
    for shard in 2 3; do
        same "$set, shard $shard by itself" "$samples/$set/m-0000$shard-of-00003.gguf" "$samples/$set/m-0000$shard-of-00003.gguf"
    done
    for from in "$samples/$set-as-one.gguf" "$first"; do
        rm -rf "${work:?}/$set"
        mkdir "$work/$set"
        checks=$((checks + 1))
        tenon convert -o gguf.shard_tensors=2 "$from" "$work/$set/m.gguf"
        [ "$status" -eq 0 ] || fail "$set: convert exits $status"
        for shard in 1 2 3; do
            checks=$((checks + 1))
            cmp "$work/$set/m-0000$shard-of-00003.gguf" "$samples/$set/m-0000$shard-of-00003.gguf" >"$work/out" 2>&1 ||
                fail "$set: shard $shard has other bytes"
        done
        checks=$((checks + 1))
        [ "$(find "$work/$set" -type f | wc -l)" -eq 3 ] || fail "$set: there are more files"
    done
done

finish
