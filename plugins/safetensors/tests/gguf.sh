#!/bin/sh
# SPDX-License-Identifier: MIT
# gguf.sh: files of a format with typed metadata go through safetensors and back, byte for byte: with --carry all of them; without
# it those whose tensors safetensors can hold and keeps in order.
# shellcheck source=plugins/safetensors/tests/lib.sh
. "$(dirname "$0")/lib.sh"

# number N: prints a u32, little-endian
number () { length "$1" | head -c 4; }
# text TEXT: prints the length of the text as u64, and the text
text () { length ${#1}; printf '%s' "$1"; }
# pair KEY TYPE: prints the key and the type, which precede a value
pair () { text "$1"; number "$2"; }
# bytes OCTAL...: prints these bytes
bytes () { for bytes_one; do printf "\\$bytes_one"; done; }

# convert WHAT ARGUMENT...: checks that convert succeeds
convert ()
{
    checks=$((checks + 1))
    convert_what=$1
    shift
    tenon convert "$@"
    [ "$status" -eq 0 ] || fail "$convert_what: convert $* exits $status"
}

# same WHAT FILE FILE: checks that both files have the same bytes
same ()
{
    checks=$((checks + 1))
    cmp "$2" "$3" >"$work/out" 2>&1 || fail "$1: not the same bytes"
}

# there_and_back GGUF ARGUMENT...: checks that GGUF goes through one file and through a set and back; each leg is --strict.
there_and_back ()
{
    back_from=$1 back_name=${1##*/}
    shift
    rm -rf "$work/way"
    mkdir "$work/way"
    convert "$back_name" --strict "$@" "$back_from" "$work/way/one.safetensors"
    convert "$back_name" --strict "$work/way/one.safetensors" "$work/way/one.gguf"
    same "$back_name by safetensors $*" "$back_from" "$work/way/one.gguf"
    convert "$back_name" --strict "$@" -o safetensors.shard_size=5000 "$back_from" "$work/way/set.safetensors"
    back_set=$work/way/set.safetensors
    [ -e "$back_set" ] || back_set=$back_set.index.json
    convert "$back_name" --strict "$back_set" "$work/way/set.gguf"
    same "$back_name by a set $*" "$back_from" "$work/way/set.gguf"
    # safetensors to itself: tenon renews the record
    if [ $# -gt 0 ]; then
        convert "$back_name" --strict "$@" "$work/way/one.safetensors" "$work/way/again.safetensors"
        same "$back_name by safetensors twice" "$work/way/one.safetensors" "$work/way/again.safetensors"
    fi
    # through a third format, which stores types in another way
    convert "$back_name" --strict --carry -o npz.metadata=member "$work/way/one.safetensors" "$work/way/other.npz"
    convert "$back_name" --strict "$@" "$work/way/other.npz" "$work/way/other.safetensors"
    same "$back_name by npz to safetensors $*" "$work/way/one.safetensors" "$work/way/other.safetensors"
    convert "$back_name" --strict "$work/way/other.npz" "$work/way/other.gguf"
    same "$back_name by npz $*" "$back_from" "$work/way/other.gguf"
}

# ---- every type of value, by hand; keys and tensors are not sorted by name ----
{
    printf GGUF; number 3; length 2; length 22
    pair z.string 8; text 'a "quoted" \ string'
    pair general.alignment 4; number 32
    pair u8 0; bytes 377
    pair i8 1; bytes 200
    pair u16 2; bytes 377 377
    pair i16 3; bytes 000 200
    pair u32 4; number 4294967295
    pair i32 5; bytes 000 000 000 200
    pair f32 6; bytes 315 314 314 075
    pair f32.nan 6; bytes 001 000 300 177
    pair f32.inf 6; bytes 000 000 200 377
    pair bool 7; bytes 001
    pair u64 10; bytes 377 377 377 377 377 377 377 377
    pair i64 11; bytes 000 000 000 000 000 000 000 200
    pair f64 12; bytes 000 000 000 000 000 000 000 200
    pair f64.tiny 12; bytes 001 000 000 000 000 000 000 000
    pair bytes 8; length 2; bytes 377 376
    pair array.u8 9; number 0; length 3; bytes 001 002 003
    pair array.none 9; number 6; length 0
    pair array.string 9; number 8; length 3; text ''; text 'b"'; length 1; bytes 200
    pair array.bool 9; number 7; length 2; bytes 001 000
    pair array.array 9; number 9; length 2
    number 5; length 1; number 4294967295
    number 8; length 1; text x
    text last; number 1; length 2; number 24; length 0
    text first; number 2; length 1; length 2; number 24; length 32
} >"$work/head"
{
    cat "$work/head"
    zeros $((31 - ($(wc -c <"$work/head") + 31) % 32))
    bytes 001 002; zeros 30; bytes 003 004; zeros 30
} >"$work/all.gguf"
convert 'by hand' --strict "$work/all.gguf" "$work/as-read.gguf"
same 'what is written here is what the codec writes' "$work/all.gguf" "$work/as-read.gguf"
there_and_back "$work/all.gguf" --carry

# Other programs see strings alone, sorted by name; tenon sees all types.
convert 'by hand' "$work/all.gguf" "$work/all.safetensors"
checks=$((checks + 1))
head -c 2000 "$work/all.safetensors" >"$work/out"
said '{"__metadata__":{"array.array":"[{\"type\":\"array\",\"items\":\"i32\",\"value\":[-1]},{\"type\":\"array\",\"items\":\"string\",\"value\":[\"x\"]}]"' \
    ',"array.none":"[]","array.string":"[\"\",\"b\\\"\",{\"hex\":\"80\"}]","array.u8":"[1,2,3]",' \
    '"f32":"0.1","f32.inf":"{\"bits\":18442240474082181120}","f32.nan":"{\"bits\":9221120237577961472}",' \
    '"f64":"-0.0","f64.tiny":"5e-324","general.alignment":"32",' '"u64":"18446744073709551615"' \
    '"z.string":"a \"quoted\" \\ string"}' '"tenon.metadata":"{\"version\":1,\"types\":{\"array.array\":[\"array\"],' \
    '\"order\":[\"z.string\",\"general.alignment\",\"u8\",' || fail 'the header is another one'
# Without --carry the metadata keep their types, and the tensors get the reference's order.
checks=$((checks + 1))
tenon ls --json "$work/all.safetensors"
said '"u64":18446744073709551615' '"bool":true' '"array.u8":[1,2,3]' || fail 'without --carry there are no types'
convert 'by hand' "$work/all.safetensors" "$work/sorted.gguf"
checks=$((checks + 1))
tenon ls "$work/sorted.gguf"
[ "$(cut -f 1 "$work/out" | head -n 2 | tr '\n' ' ')" = 'first last ' ] || fail 'without --carry tensors are not sorted'

# ---- vectors of every quantised type, and plain ones ----
for sample in "$TENON_SRCDIR"/plugins/gguf/samples/quants/*.gguf "$TENON_SRCDIR"/plugins/gguf/samples/golden/*.gguf; do
    there_and_back "$sample" --carry
done
checks=$((checks + 1))
tenon convert "$TENON_SRCDIR/plugins/gguf/samples/quants/quants.gguf" "$work/no.safetensors"
{ [ "$status" -eq 2 ] && said '--carry'; } || fail "without --carry quantised tensors are not refused but $status"

# ---- one key alone needs no record of the order ----
convert 'one key' --carry --unset '*' --set k=v "$TENON_SRCDIR/plugins/gguf/samples/golden/values.gguf" "$work/key.safetensors"
checks=$((checks + 1))
head -c 200 "$work/key.safetensors" | tail -c +9 >"$work/out"
[ "$(tr -d ' ' <"$work/out")" = '{"__metadata__":{"k":"v"}}' ] || fail 'one key alone comes with a record'

# ---- real vocabularies ----
if [ -d "${TENON_SHARED:-}/data/gguf" ]; then
    for sample in "$TENON_SHARED"/data/gguf/*.gguf; do
        there_and_back "$sample" --carry
        case $sample in *vocab*) there_and_back "$sample" ;; esac
    done
else
    skip 'there are no real files in ../shared/data/gguf'
fi

finish
