#!/bin/sh
# SPDX-License-Identifier: MIT
# set.sh: an index and its shards: sets that tenon must refuse, sets with flaws that make verify fail, and odd sets that it accepts.
# shellcheck source=plugins/safetensors/tests/lib.sh
. "$(dirname "$0")/lib.sh"

index=m.safetensors.index.json
one=m-1.safetensors two=m-2.safetensors

# shard NAME HEADER DATA-BYTES: makes a shard
shard () { file "${1%.safetensors}" "$2" "$3"; }
# index TEXT: makes an index of this text
index () { printf '%s' "$1" >"$work/$index"; }
# map ENTRIES TOTAL: makes an index with this weight_map and total_size
map () { index "{\"metadata\":{\"total_size\":$2},\"weight_map\":{$1}}"; }
# no TEXT...: checks that ls and verify refuse the index with these texts
no () { refused "$index" "$@"; }
# flaw TEXT...: checks that the index opens, but verify exits 1 with these texts
flaw ()
{
    checks=$((checks + 1))
    tenon ls "$work/$index"
    [ "$status" -eq 0 ] || { fail "ls exits $status, not 0, with: $*"; return; }
    tenon verify "$work/$index"
    [ "$status" -eq 1 ] || { fail "verify exits $status, not 1, instead of: $*"; return; }
    said "$index: " "$@" || fail "$said_text is not in the message"
}

a='"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}'
b='"b":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}'
both='"a":"m-1.safetensors","b":"m-2.safetensors"'
shard $one "{$a}" 2
shard $two "{$b}" 3

# ---- valid sets ----
map "$both" 5; accepted $index '"name":"a"' '"name":"b"'
index "{\"weight_map\":{$both},\"metadata\":{\"total_size\":5}}"; accepted $index '"name":"a"'
index "
 { \"metadata\" : { \"total_size\" : 5 } , \"weight_map\" : { \"\\u0061\" : \"m\\u002d1.safetensors\" , \"b\":\"m-2.safetensors\" } }
"; accepted $index '"name":"a"'
index "{\"metadata\":{\"total_size\":5},\"weight_map\":{$both},\"more\":[1,{\"x\":null}]}"; accepted $index '"name":"a"'
index '{"metadata":{"total_size":0},"weight_map":{}}'; accepted $index '"tensors":[]'
checks=$((checks + 1))
map "$both" 5
"$TENON" verify "$work/$index" >"$work/out" 2>"$work/error" </dev/null
said 'ok (2 tensors, 5 bytes)' || fail 'verify counts something else'
index "{\"metadata\":{\"total_size\":5,\"total_parameters\":5},\"weight_map\":{$both}}"; accepted $index '"name":"a"'
checks=$((checks + 1))
tenon ls -v "$work/$index"
! grep -q note "$work/error" || fail 'keys of the index are something to tell'

# ---- 55: names of shards ----
cp "$work/$two" "$work/sub.safetensors"
mkdir "$work/sub"; cp "$work/$two" "$work/sub"
map "\"a\":\"$one\",\"b\":\"sub/m-2.safetensors\"" 5; accepted $index '"name":"a"' '"name":"b"'
while read -r name words; do
    map "\"a\":\"$one\",\"b\":\"$name\"" 5
    case $name in '\u'*) name=../m-2.safetensors ;; esac
    no "$words" "the key '$(printf %s "$name" | cut -c 1-40)"
done <<END
../m-2.safetensors has a component '.' or '..'
sub/../m-2.safetensors has a component '.' or '..'
./m-2.safetensors has a component '.' or '..'
$work/m-2.safetensors begins with '/'
/dev/zero begins with '/'
.. has a component '.' or '..'
. has a component '.' or '..'
a/ has an empty component
\u002e\u002e/m-2.safetensors has a component '.' or '..'
END
map "\"a\":\"$one\",\"b\":\"\"" 5; no 'is empty'
map "\"a\":\"$one\",\"b\":\"m-2\\u0000.safetensors\"" 5; no 'is not valid UTF-8 without NUL'
map "\"a\":\"$one\",\"b\":\"$(awk 'BEGIN { for (i = 0; i < 300; i++) printf "x" }')\"" 5; no 'more than 255 bytes'
map "\"a\":\"$one\",\"b\":\"sub\"" 5
checks=$((checks + 1))
tenon ls "$work/$index"
[ "$status" -eq 2 ] || fail "a folder as shard: ls exits $status"
mkfifo "$work/pipe"
map "\"a\":\"$one\",\"b\":\"pipe\"" 5
checks=$((checks + 1))
tenon ls "$work/$index"
[ "$status" -eq 2 ] || fail "a pipe as shard: ls exits $status"

# ---- missing and damaged shards ----
map "\"a\":\"$one\",\"b\":\"m-3.safetensors\"" 5
skipped $index b "its file 'm-3.safetensors' is missing"
map "\"a\":\"m-4.safetensors\",\"b\":\"m-3.safetensors\"" 5
checks=$((checks + 1))
tenon ls "$work/$index"
{ [ "$status" -eq 2 ] && said "none of the 2 files that it names is there, the first is 'm-3.safetensors'"; } || fail "no shard at all: ls exits $status"
map "$both" 5
# a shard that cannot be described hides no other
shard $two "{$b}" 2; skipped $index b
printf 'abc' >"$work/$two"; skipped $index b "$two" 'it has 3 bytes'; skipped $index m-2 'it has 3 bytes'
printf '\223NUMPY\001\000' >"$work/$two"; skipped $index b "$two" 'no safetensors file'; skipped $index m-2 'no safetensors file'
# the file that is short is named, with the place in it, and not the index
shard $two "{$b}" 2; head -c 20 "$work/$two" >"$work/short" && mv "$work/short" "$work/$two"
checks=$((checks + 1)); tenon cat "$work/$index" b
{ [ "$status" -eq 2 ] && said "/$two: tensor 'b': its header needs" '12 are left (at byte 0)'; } || fail "a header that is cut off: $said_text is not in the message"
checks=$((checks + 1)); tenon cat "$work/$index" a; [ "$status" -eq 0 ] || fail 'the tensor of the other shard cannot be read'
culprit=
shard $two "{$b}" 3
map '"a":"m.safetensors.index.json"' 5; no "its shard 'm.safetensors.index.json' is an index itself (at byte "
cp "$work/$index" "$work/n.safetensors.index.json"
map '"a":"n.safetensors.index.json"' 5; no "its shard 'n.safetensors.index.json' is an index itself (at byte "

# ---- 56: tensors in other shards ----
map "$both,\"c\":\"$two\"" 5; skipped $index c "its file '$two' does not have it"
map "\"a\":\"$two\",\"b\":\"$two\"" 5; skipped $index a "its file '$two' does not have it"
map "$both,\"\\u0062\":\"$one\"" 5; flaw "b: the index has it twice, in '$two' and in '$one': the last counts"
map "\"a\":\"$two\",\"b\":\"$one\"" 5; flaw "a: the index says that it is in '$two', it is in '$one'"
map "$both,\"b\":\"$two\"" 5; flaw "b: the index has it twice, in '$two' and in '$two': the last counts"
map "\"b\":\"$one\",$both" 5; flaw "b: the index has it twice, in '$one' and in '$two': the last counts"
shard $two "{$a}" 2
map "\"a\":\"$one\",\"b\":\"$two\"" 5; culprit=$two; no "'a'" twice; culprit=
shard $two "{$b}" 3

# ---- flaws that verify finds ----
map "\"a\":\"$one\"" 2; accepted $index '"name":"a"'
shard $two "{$b,\"c\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[3,4]}}" 4
map "$both" 6; flaw "'c'" 'the index does not list it'
shard $two "{$b}" 3
for total in 4 6 0 18446744073709551615; do
    map "$both" $total; flaw "the index says total_size $total, the tensors have 5 bytes"
done
for total in 5.5 -5 '"5"' '[5]' '{"total_size":5}' 18446744073709551616; do
    map "$both" "$total"; flaw 'the total_size of the index is no number of bytes'
done

# ---- no flaws ----
for total in 5.0 5e0 null; do map "$both" "$total"; accepted $index '"name":"a"'; done
index "{\"metadata\":{},\"weight_map\":{$both}}"; accepted $index '"name":"a"'
index "{\"metadata\":null,\"weight_map\":{$both}}"; accepted $index '"name":"a"'
index "{\"weight_map\":{$both}}"; accepted $index '"name":"a"'

# ---- metadata of the shards ----
shard $one "{\"__metadata__\":{\"k\":\"1\",\"same\":\"s\"},$a}" 2
shard $two "{\"__metadata__\":{\"k\":\"2\",\"same\":\"s\",\"more\":\"m\"},$b}" 3
map "$both" 5; accepted $index '"k":"1"' '"same":"s"' '"more":"m"'
checks=$((checks + 1))
tenon ls "$work/$index"
{ said "/$two: k: an earlier file of the set has another value, which counts" && ! said same; } || fail 'other values of a key are passed over in silence'
shard $one "{$a}" 2
shard $two "{$b}" 3

# ---- files that are no index ----
index ''
checks=$((checks + 1))
tenon ls "$work/$index"
[ "$status" -eq 2 ] || fail "an empty index: ls exits $status"
index '[]'; no 'the index: it is no JSON object' 'at byte 0'
index '{}'; no 'the index: it has no weight_map'
index '{"metadata":{"total_size":0}}'; no 'the index: it has no weight_map'
index '{"weight_map":[]}'; no 'the index: its weight_map is no object' 'at byte 14'
index '{"weight_map":null}'; no 'the index: its weight_map is no object'
index '{"weight_map":{"a":1}}'; no "the index: a tensor's shard is no string" 'at byte 19'
index '{"weight_map":{"a":["m-1.safetensors"]}}'; no "the index: a tensor's shard is no string"
index '{"metadata":[],"weight_map":{}}'; no 'the index: its metadata are no object' 'at byte 12'
index '{"weight_map":{},"weight_map":{}}'; no 'the index: a key occurs twice' 'at byte 18'
index '{"weight_map":{},"\u0077eight_map":{}}'; no 'the index: a key occurs twice'
index '{"metadata":{},"metadata":{},"weight_map":{}}'; no 'the index: a key occurs twice'
index "{\"metadata\":{\"total_size\":5,\"total_size\":5},\"weight_map\":{$both}}"; no 'the index: total_size occurs twice' 'at byte 29'
index '{"weight_map":{}'; no 'not JSON: found the end' 'at byte 16'
index '{"weight_map":{},}'; no "not JSON: found '}', expected a key" 'at byte 17'
index '{"weight_map":{}} x'; no "not JSON: found 'x', expected the end" 'at byte 18'
index '{"weight_map":{"a":"m-1.safetensors",}}'; no "not JSON: found '}', expected a key"
printf '{"weight_map":{}}\000' >"$work/$index"; no 'not JSON: found byte 0x00, expected the end' 'at byte 17'
printf '\357\273\277{"weight_map":{}}' >"$work/$index"; no 'not JSON: found byte 0xef' 'at byte 0'
printf '{"weight_map":{"\377":""}}' >"$work/$index"; no 'expected UTF-8' 'at byte 16'
index "{\"weight_map\":{},\"more\":$(awk 'BEGIN { for (i = 0; i < 100000; i++) printf "[" }')"; no 'expected less nesting'
awk 'BEGIN { printf "{\"weight_map\":{"; for (i = 0; i < 2000000; i++) printf ":" }' >"$work/$index"
no 'not JSON' 'at byte 15'

# ---- many ----
awk 'BEGIN { printf "{\"t0\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}";
    for (i = 1; i < 20000; i++) printf ",\"t%d\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}", i; printf "}" }' >"$work/header"
{ length "$(wc -c <"$work/header")"; cat "$work/header"; } >"$work/$one"
awk 'BEGIN { printf "{\"metadata\":{\"total_size\":0},\"weight_map\":{\"t0\":\"m-1.safetensors\"";
    for (i = 1; i < 20000; i++) printf ",\"t%d\":\"m-1.safetensors\"", i; printf "}}" }' >"$work/$index"
checks=$((checks + 1))
tenon verify "$work/$index"
{ [ "$status" -eq 0 ] && said 'ok (20000 tensors, 0 bytes)'; } || fail "20,000 tensors in an index: verify exits $status"

finish
