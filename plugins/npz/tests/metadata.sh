#!/bin/sh
# SPDX-License-Identifier: MIT
# metadata.sh: metadata go into the member __tenon__.npy and come back; tenon appends to archives. The test writes the JSON of its
# samples from the description in tenon-npz(7).
# shellcheck source=tests/plugin.sh
. "$(dirname "$0")/../../../tests/plugin.sh"

# same WHAT FILE FILE: checks that both files have the same bytes.
same ()
{
    checks=$((checks + 1))
    cmp "$2" "$3" >"$work/out" 2>&1 || fail "$1: not the same bytes"
}

# json FILE: makes an archive $work/FILE with the member __tenon__.npy, which holds the standard input.
json ()
{
    cat >"$work/json"
    {
        printf '\223NUMPY\001\000\166\000'
        printf "%-117s\n" "{'descr': '|u1', 'fortran_order': False, 'shape': ($(wc -c <"$work/json"),), }"
        cat "$work/json"
    } >"$work/__tenon__.npy"
    rm -f "$work/$1"
    tenon convert "$work/__tenon__.npy" "$work/$1"
    [ "$status" -eq 0 ] || fail "convert exits $status"
}

# deep N: prints N nested arrays.
deep ()
{
    if [ "$1" -eq 0 ]; then printf '"type":"array","items":"i8","value":[-128,127]'; else
        printf '"type":"array","items":"array","value":[{'
        deep $(($1 - 1))
        printf '}]'
    fi
}

# ---- every kind of value ----
{
    printf '{"tenon":1,"metadata":[\n'
    printf '{"key":"text","type":"string","value":"h\303\251\\n\\"x\\u0001"},\n'
    printf '{"key":"k\\"\303\251","type":"string","value":""},\n'
    printf '{"key":"bytes","type":"string","value":{"hex":"ff00"}},\n'
    printf '{"key":"u8","type":"u8","value":255},\n{"key":"u16","type":"u16","value":65535},\n'
    printf '{"key":"u32","type":"u32","value":4294967295},\n{"key":"u64","type":"u64","value":18446744073709551615},\n'
    printf '{"key":"i8","type":"i8","value":-128},\n{"key":"i16","type":"i16","value":-32768},\n'
    printf '{"key":"i32","type":"i32","value":-2147483648},\n{"key":"i64","type":"i64","value":-9223372036854775808},\n'
    printf '{"key":"yes","type":"bool","value":true},\n{"key":"nothing","type":"null","value":null},\n'
    printf '{"key":"f32","type":"f32","value":0.1},\n{"key":"f64","type":"f64","value":1e+300},\n'
    printf '{"key":"nan","type":"f64","value":{"bits":9221120237041090561}},\n'
    printf '{"key":"inf","type":"f32","value":{"bits":9218868437227405312}},\n'
    printf '{"key":"numbers","type":"array","items":"u32","value":[0,1,4294967295]},\n'
    printf '{"key":"none","type":"array","items":"f64","value":[]},\n'
    printf '{"key":"floats","type":"array","items":"f32","value":[1.5,{"bits":9221120237041090560},-0.0]},\n'
    printf '{"key":"words","type":"array","items":"string","value":["a","",{"hex":"80"},"b"]},\n'
    printf '{"key":"flags","type":"array","items":"bool","value":[true,false]},\n'
    printf '{"key":"nested","type":"array","items":"array","value":[{"type":"array","items":"u8","value":[1,2]},'
    printf '{"type":"array","items":"string","value":["x"]},{"type":"array","items":"array","value":[]}]},\n'
    printf '{"key":"deep",'; deep 30; printf '}]}\n'
} | json all.npz
checks=$((checks + 1))
tenon ls --json "$work/all.npz"
{ said '"u64":18446744073709551615' '"yes":true' '"bytes":{"base64":"/wA="}' && ! said '"name":"__tenon__"'; } ||
    fail 'the member is not read as metadata'
cp "$work/__tenon__.npy" "$work/first.npy"
for how in none deflate; do
    checks=$((checks + 1))
    tenon convert --strict -o npz.metadata=member -o npz.compression=$how "$work/all.npz" "$work/back.npz"
    [ "$status" -eq 0 ] || fail "$how: convert exits $status"
    if command -v unzip >/dev/null; then
        unzip -p "$work/back.npz" __tenon__.npy >"$work/second.npy" 2>/dev/null
        same "$how: metadata, there and back" "$work/first.npy" "$work/second.npy"
    fi
    checks=$((checks + 1))
    tenon convert --strict -o npz.metadata=member "$work/back.npz" "$work/again.npz"
    [ "$status" -eq 0 ] || fail "$how: convert exits $status"
    [ $how = deflate ] || same 'twice' "$work/back.npz" "$work/again.npz"
done

# ---- without the option ----
checks=$((checks + 1))
tenon convert "$work/all.npz" "$work/lost.npz"
{ [ "$status" -eq 0 ] && said 'u64: the format npz keeps metadata only with npz.metadata=member: this entry is dropped'; } ||
    fail 'the loss is not told'
checks=$((checks + 1))
tenon convert --strict "$work/all.npz" "$work/strict.npz"
{ [ "$status" -eq 2 ] && [ ! -e "$work/strict.npz" ]; } || fail 'a strict save loses metadata'

# ---- a member of another form is an array ----
while read -r line; do
    checks=$((checks + 1))
    printf '%s' "$line" | json odd.npz
    tenon ls -v "$work/odd.npz"
    { [ "$status" -eq 0 ] && said "__tenon__" 'it is an array like any other'; } || fail "taken for metadata: $line"
done <<'END'
{}
[]
{"tenon":2,"metadata":[]}
{"tenon":1,"metadata":{}}
{"tenon":1,"metadata":[]} 1
{"tenon":1,"metadata":[],"more":1}
{"tenon":1,"metadata":[{"key":"a","type":"u8","value":256}]}
{"tenon":1,"metadata":[{"key":"a","type":"u8","value":-1}]}
{"tenon":1,"metadata":[{"key":"a","type":"i8","value":128}]}
{"tenon":1,"metadata":[{"key":"a","type":"i8","value":-129}]}
{"tenon":1,"metadata":[{"key":"a","type":"u8","value":1.0}]}
{"tenon":1,"metadata":[{"key":"a","type":"f16","value":1.0}]}
{"tenon":1,"metadata":[{"key":"a","type":"f32","value":1e39}]}
{"tenon":1,"metadata":[{"key":"a","type":"string","value":{"hex":"f"}}]}
{"tenon":1,"metadata":[{"key":"a","type":"string","value":{"hex":"FF"}}]}
{"tenon":1,"metadata":[{"key":"a","type":"bool","value":1}]}
{"tenon":1,"metadata":[{"key":"a","type":"null","value":0}]}
{"tenon":1,"metadata":[{"type":"u8","key":"a","value":0}]}
{"tenon":1,"metadata":[{"key":"a","type":"array","items":"null","value":[null]}]}
{"tenon":1,"metadata":[{"key":"a","type":"array","items":"u8","value":[1,"b"]}]}
{"tenon":1,"metadata":[{"key":"a","type":"array","items":"array","value":[{"type":"u8","value":1}]}]}
{"tenon":1,"metadata":[{"key":"a","type":"u8","value":1}
{"tenon":1,"metadata":[{"key":"a","type":"u8","value":1},{"key":"a","type":"u8","value":1}]}
{"tenon":1,"metadata":[{"key":"","type":"u8","value":1}]}
not JSON
END

# ---- appending ----
checks=$((checks + 1))
cp "$samples/small/numpy.npz" "$work/grown.npz"
tenon convert --append "$work/all.npz" "$work/grown.npz"
{ [ "$status" -eq 0 ] && said 'u64: the format npz keeps'; } || fail "adding exits $status"
cp "$work/back.npz" "$work/grown.npz"
TENON_DEBUG=abi && export TENON_DEBUG # the codecs of archive and members keep the rules of plugins
before=$(wc -c <"$work/grown.npz")
checks=$((checks + 1))
tenon convert --append -o npz.compression=deflate "$samples/small/numpy.npz" "$work/grown.npz"
[ "$status" -eq 0 ] || fail "adding to an archive with metadata exits $status"
checks=$((checks + 1))
tenon ls --json "$work/grown.npz"
{ said '"u64":18446744073709551615' '"name":"a"' && [ "$(wc -c <"$work/grown.npz")" -gt "$before" ]; } ||
    fail 'the old metadata, or the new arrays, are not there'
checks=$((checks + 1))
tenon convert --append "$samples/small/numpy.npz" "$work/grown.npz"
{ [ "$status" -eq 0 ] && said "a.npy: replaced; the old member's bytes stay in the file until the next full save"; } ||
    fail 'the note on what is replaced'
checks=$((checks + 1))
tenon verify "$work/grown.npz"
[ "$status" -eq 0 ] || fail 'the grown archive is not good'
checks=$((checks + 1))
tenon ls "$work/grown.npz"
[ "$(grep -c '^a	' "$work/out")" -eq 1 ] || fail 'the replaced array is there twice'

finish
