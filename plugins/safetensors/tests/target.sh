#!/bin/sh
# SPDX-License-Identifier: MIT
# target.sh: the names of the files that convert writes: single files, sets, and sets with their index as target; headers and names
# that exceed their limits.
# shellcheck source=plugins/safetensors/tests/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1

# good ARGUMENT...: checks that convert succeeds
good ()
{
    checks=$((checks + 1))
    tenon convert "$@"
    [ "$status" -eq 0 ] || fail "$*: exit status $status"
}

# bad TEXT ARGUMENT...: checks that convert fails with this text, and leaves no file in folder t
bad ()
{
    bad_text=$1
    shift
    checks=$((checks + 1))
    tenon convert "$@"
    { [ "$status" -eq 2 ] && said "$bad_text"; } || fail "$*: exit status $status, without: $bad_text"
    checks=$((checks + 1))
    [ -z "$(ls t)" ] || fail "$*: leaves $(ls t)"
}

# has NAME...: checks that folder t has exactly these files
has ()
{
    checks=$((checks + 1))
    has_found=$(cd t && find . -type f | sed 's,^\./,,' | sort | tr '\n' ' ')
    [ "$has_found" = "$* " ] || fail "there are $has_found, not $*"
}

mkdir t
from=$samples/set-in-order.safetensors # four tensors that make three shards of 16 bytes

# ---- an index as target stands for its set ----
good -o safetensors.shard_size=16 "$from" t/model.safetensors.index.json
has model-00001-of-00003.safetensors model-00002-of-00003.safetensors model-00003-of-00003.safetensors model.safetensors.index.json
for file in t/*; do
    checks=$((checks + 1))
    cmp "$file" "$samples/set/${file#t/}" >out 2>&1 || fail "${file#t/} has other bytes than with model.safetensors as target"
done
checks=$((checks + 1))
tenon verify t/model.safetensors.index.json
[ "$status" -eq 0 ] || fail "verify of the set exits $status"
# tenon writes the set over itself while it reads it
good -o safetensors.shard_size=16 t/model.safetensors.index.json t/model.safetensors.index.json
has model-00001-of-00003.safetensors model-00002-of-00003.safetensors model-00003-of-00003.safetensors model.safetensors.index.json
rm t/*
# a shard has 5 GB by default: here one shard holds all
good "$from" t/m.safetensors.index.json
has m-00001-of-00001.safetensors m.safetensors.index.json
checks=$((checks + 1))
cmp t/m-00001-of-00001.safetensors "$samples/set-as-one.safetensors" >out 2>&1 || fail 'the only shard is not the whole file'
checks=$((checks + 1))
grep -q '"m-00001-of-00001.safetensors"' t/m.safetensors.index.json || fail 'the index does not name its only shard'
good t/m.safetensors.index.json back.safetensors
checks=$((checks + 1))
cmp back.safetensors "$samples/set-as-one.safetensors" >out 2>&1 || fail 'a set of one does not come back'
rm t/*
file none '{"__metadata__":{"k":"v"}}' 0
good none.safetensors t/none.safetensors.index.json
has none-00001-of-00001.safetensors none.safetensors.index.json
checks=$((checks + 1))
tenon verify t/none.safetensors.index.json
[ "$status" -eq 0 ] || fail "verify of a set without tensors exits $status"
rm t/*

# ---- --new, --dry-run ----
good --dry-run -o safetensors.shard_size=16 "$from" t/m.safetensors.index.json
checks=$((checks + 1))
[ -z "$(ls t)" ] || fail 'a dry run leaves files'
# messages name the files of the set, not a target that is none of them
names='t/m-00001-of-00003.safetensors to m.safetensors.index.json (4 files): 4 tensors,'
array='"files":["t/m-00001-of-00003.safetensors","t/m-00002-of-00003.safetensors","t/m-00003-of-00003.safetensors","t/m.safetensors.index.json"]'
for target in m.safetensors m.safetensors.index.json; do
    good --dry-run -o safetensors.shard_size=16 "$from" t/$target
    checks=$((checks + 1))
    said "would write $names" || fail "$target: the dry run names something else"
    good -v -o safetensors.shard_size=16 "$from" t/$target
    checks=$((checks + 1))
    said "wrote $names" || fail "$target: what was written is named otherwise"
    good --dry-run --json -o safetensors.shard_size=16 "$from" t/$target
    checks=$((checks + 1))
    tr -d '\n' <out | sed 's/, "/,"/g' >tight
    grep -qF "$array" tight || fail "$target: --json has no such files"
    rm t/*
done
good -v "$from" t/one.safetensors
checks=$((checks + 1))
{ said 'wrote t/one.safetensors: 4 tensors,' && ! said files; } || fail 'a single file is told of as a set'
rm t/*
(cd t && "$TENON" convert -v -o safetensors.shard_size=16 "$from" m.safetensors >../out 2>../error)
checks=$((checks + 1))
said 'wrote m-00001-of-00003.safetensors to m.safetensors.index.json (4 files)' || fail 'a set in the current folder has other names'
rm t/*
touch t/m.safetensors.index.json
checks=$((checks + 1))
tenon convert --new "$from" t/m.safetensors.index.json
[ "$status" -eq 2 ] || fail "--new over an index exits $status"
rm t/*

# ---- the limit of the header ----
bad 'the header takes 136 bytes, with safetensors.slack 100003832; the format allows 100000000: ask for less slack' \
    -o safetensors.slack=100000000 "$samples/golden/odd-offset.safetensors" t/x.safetensors

# ---- names ----
bad_name=$(printf 't/m\377')
checks=$((checks + 1))
good "$from" "$bad_name.safetensors"
rm t/*
bad 'the name of a set of files must be UTF-8, because its index names them' -o safetensors.shard_size=16 "$from" "$bad_name.safetensors"
bad 'the name of a set of files must be UTF-8' "$from" "$bad_name.safetensors.index.json"
long=$(awk 'BEGIN { for (i = 0; i < 230; i++) printf "m" }')
good "$from" "t/$long.safetensors"
rm t/*
bad 'the names of its files would be longer than 255 bytes' -o safetensors.shard_size=16 "$from" "t/$long.safetensors"

finish
