#!/bin/sh
# SPDX-License-Identifier: MIT
# mlx.sh: gguf.mlx=triple turns q4_0, q4_1 and q8_0 into triples of MLX, and back. The blocks and words are made by hand, from
# ggml's layout of a block and MLX's of a group: a word has eight unsigned numbers of four bits, or four of eight, the first lowest.
# shellcheck source=tests/plugin.sh
. "$(dirname "$0")/../../../tests/plugin.sh"
triple='-o gguf.mlx=triple'

# bytes HEX...: prints these bytes
bytes ()
{
    for bytes_one; do
        # shellcheck disable=SC2059
        printf "\\$(printf %03o "0x$bytes_one")"
    done
}
# number BYTES NUMBER: prints a number in the byte order $order
order=little
number ()
{
    number_text='' number_left=$2 number_at=0
    while [ $number_at -lt "$1" ]; do
        number_one=$(printf '%02x' $((number_left & 255)))
        [ $order = little ] && number_text="$number_text $number_one" || number_text="$number_one $number_text"
        number_left=$((number_left >> 8)) number_at=$((number_at + 1))
    done
    # shellcheck disable=SC2086
    bytes $number_text
}
# info NAME TYPE OFFSET DIM...: prints a tensor's info; the innermost dim comes first
info ()
{
    number 8 ${#1}
    printf '%s' "$1"
    info_type=$2 info_offset=$3
    shift 3
    number 4 $#
    for info_dim; do number 8 "$info_dim"; done
    number 4 "$info_type"
    number 8 "$info_offset"
}
# pad FILE: appends zeros up to a multiple of 32
pad ()
{
    pad_size=$(($(wc -c <"$1")))
    dd if=/dev/zero bs=1 count=$(((32 - pad_size % 32) % 32)) 2>/dev/null >>"$1"
}
# gguf FILE TENSORS: makes a file; the infos are on standard input, the data in $work/data0, data1 …
gguf ()
{
    { printf GGUF; number 4 3; number 8 "$2"; number 8 0; cat; } >"$1"
    pad "$1"
    for gguf_data in "$work"/data[0-9]; do
        cat "$gguf_data" >>"$1"
        pad "$1"
    done
}
# has FILE TENSOR HEX: checks that the tensor has these bytes
has ()
{
    checks=$((checks + 1))
    # shellcheck disable=SC2086
    tenon cat $triple "$1" "$2"
    has_hex=$(od -An -v -tx1 "$work/out" | tr -d '\n' | sed 's/^ //')
    [ "$status" -eq 0 ] && [ "$has_hex" = "$3" ] || fail "$2: is '$has_hex', not '$3'"
}
# listed FILE EXPECTED ARGUMENT...: checks that ls prints EXPECTED, "NAME DTYPE SHAPE, …"
listed ()
{
    checks=$((checks + 1))
    listed_file=$1 listed_expected=$2
    shift 2
    tenon ls -q "$@" "$listed_file"
    [ "$(cut -f 1-3 "$work/out" | tr '\t\n' ' ,')" = "$listed_expected" ] || fail "ls $*: not $listed_expected"
}
# converts FROM TO ARGUMENT...: checks that convert succeeds
converts ()
{
    checks=$((checks + 1))
    converts_from=$1 converts_to=$2
    shift 2
    # shellcheck disable=SC2086
    tenon convert $triple "$@" "$converts_from" "$converts_to"
    [ "$status" -eq 0 ] || fail "convert $* $converts_from exits $status"
}
# same A B: checks that both files have the same bytes
same ()
{
    checks=$((checks + 1))
    cmp "$1" "$2" >"$work/out" 2>&1 || fail "$1 and $2 differ"
}
# refused STATUS TEXT ARGUMENT...: checks that the command exits with STATUS and a message that has TEXT
refused ()
{
    checks=$((checks + 1))
    refused_status=$1 refused_text=$2
    shift 2
    tenon "$@"
    [ "$status" -eq "$refused_status" ] && said "$refused_text" || fail "$*: exits $status, expected $refused_text"
}

# Numbers 0 to 15 in the low nibbles, 15 to 0 in the high ones. Scales: 0.5, 2, 0.25, and 0.125 in the second row; the bias of q4_1
# is -1.5. -8 × 0.5 = -4, -128 × 0.25 = -32, -128 × 0.125 = -16.
nibbles='f0 e1 d2 c3 b4 a5 96 87 78 69 5a 4b 3c 2d 1e 0f'
words='10 32 54 76 98 ba dc fe ef cd ab 89 67 45 23 01'
signed='00 01 7f 80 81 ff 10 20 30 40 50 60 70 90 a0 b0 c0 d0 e0 f0 02 03 04 05 06 07 08 09 0a 0b 0c 0d'
unsigned='80 81 ff 00 01 7f 90 a0 b0 c0 d0 e0 f0 10 20 30 40 50 60 70 82 83 84 85 86 87 88 89 8a 8b 8c 8d'
infos ()
{
    info a.weight 2 0 32
    info b 3 32 32
    info c.weight 8 64 32 2
}
# shellcheck disable=SC2086
{
    bytes 00 38 $nibbles >"$work/data0"
    bytes 00 40 00 be $nibbles >"$work/data1"
    bytes 00 34 $signed 00 30 $signed >"$work/data2"
    infos | gguf "$work/little.gguf" 3
    order=big
    bytes 38 00 $nibbles >"$work/data0"
    bytes 40 00 be 00 $nibbles >"$work/data1"
    bytes 34 00 $signed 30 00 $signed >"$work/data2"
    infos | gguf "$work/big.gguf" 3
    order=little
}
triples='a.weight u32 [4],a.scales f16 [1],a.biases f16 [1],b u32 [4],b.scales f16 [1],b.biases f16 [1],c.weight u32 [2,8],c.scales f16 [2,1],c.biases f16 [2,1],'

listed "$work/little.gguf" 'a.weight q4_0 [32],b q4_1 [32],c.weight q8_0 [2,32],'
for file in "$work/little.gguf" "$work/big.gguf"; do
    # shellcheck disable=SC2086
    listed "$file" "$triples" $triple
    has "$file" a.weight "$words"
    has "$file" a.scales '00 38'
    has "$file" a.biases '00 c4'
    has "$file" b "$words"
    has "$file" b.scales '00 40'
    has "$file" b.biases '00 be'
    has "$file" c.weight "$unsigned $unsigned"
    has "$file" c.scales '00 34 00 30'
    has "$file" c.biases '00 d0 00 cc'
    checks=$((checks + 1))
    # shellcheck disable=SC2086
    tenon verify $triple "$file"
    [ "$status" -eq 0 ] || fail "verify exits $status"
    # through other formats, and directly
    for target in m.safetensors m.npz; do
        converts "$file" "$work/$target"
        converts "$work/$target" "$work/back.gguf"
        same "$work/back.gguf" "$work/little.gguf"
    done
    converts "$file" "$work/back.gguf"
    same "$work/back.gguf" "$work/little.gguf"
done
# one row of two
checks=$((checks + 1))
# shellcheck disable=SC2086
tenon cat $triple --slice 1,5:0:-1 "$work/little.gguf" c.weight
[ "$status" -eq 2 ] || fail 'steps backwards are taken'
for slice in '1,1' ':,1:2' '::1,1'; do
    checks=$((checks + 1))
    # shellcheck disable=SC2086
    tenon cat $triple --slice "$slice" "$work/little.gguf" c.weight
    [ "$(od -An -v -tx1 "$work/out" | tr -d ' \n' | tail -c 8)" = 017f90a0 ] || fail "cat --slice $slice"
done

# sharded sets count a tensor of the file once, in writing and in reading
converts "$work/m.safetensors" "$work/s.gguf" -o gguf.shard_tensors=1
listed "$work/s-00001-of-00003.gguf" 'a.weight q4_0 [32],b q4_1 [32],c.weight q8_0 [2,32],'
# shellcheck disable=SC2086
listed "$work/s-00001-of-00003.gguf" "$triples" $triple
# shellcheck disable=SC2086
listed "$work/s-00003-of-00003.gguf" 'c.weight u32 [2,8],c.scales f16 [2,1],c.biases f16 [2,1],' $triple
converts "$work/s-00001-of-00003.gguf" "$work/back.gguf"
same "$work/back.gguf" "$work/little.gguf"

# ---- which type ----

# halves FILE HEX...: makes FILE with a.weight of words of four bits, a scale of 0.5, and the bias HEX
halves ()
{
    halves_file=$1
    shift
    halves_header='{"a.weight":{"dtype":"U32","shape":[1,4],"data_offsets":[0,16]},"a.scales":{"dtype":"F16","shape":[1,1],"data_offsets":[16,18]},"a.biases":{"dtype":"F16","shape":[1,1],"data_offsets":[18,20]}}'
    # shellcheck disable=SC2086
    { number 8 ${#halves_header}; printf '%s' "$halves_header"; bytes $words 00 38 "$@"; } >"$halves_file"
}
halves "$work/one.safetensors" 00 c4
converts "$work/one.safetensors" "$work/one.gguf"
listed "$work/one.gguf" 'a.weight q4_0 [1,32],'
halves "$work/one.safetensors" 01 c4
converts "$work/one.safetensors" "$work/one.gguf"
listed "$work/one.gguf" 'a.weight q4_1 [1,32],'
has "$work/one.gguf" a.biases '01 c4'
has "$work/one.gguf" a.weight "$words"

# no type: c.weight with biases other than -128 times the scales, a triple that is not complete, other tensors of u32
rm -f "$work/no.gguf"
tenon convert --only 'c.*' "$work/m.safetensors" "$work/c.safetensors"
# shellcheck disable=SC2086
tenon cat $triple "$work/little.gguf" c.scales
size=$(($(wc -c <"$work/c.safetensors")))
{ head -c $((size - 4)) "$work/c.safetensors"; bytes 00 34 01 30; } >"$work/d.safetensors" # the last scale becomes 0.12512
# shellcheck disable=SC2086
{
    refused 2 "tensor 'c.weight': the format gguf cannot hold u32; --as DTYPE converts it to one that it can, and it becomes no blocks: its biases" \
        convert $triple "$work/d.safetensors" "$work/no.gguf"
    refused 2 'there are no scales of f16 or bf16 for it' convert $triple --except '*.scales' "$work/m.safetensors" "$work/no.gguf"
    refused 2 'there are no biases of f16 or bf16 for it' convert $triple --except '*.biases' "$work/m.safetensors" "$work/no.gguf"
    refused 2 'its scales and biases have other shapes' convert $triple --only 'c.weight' --only 'a.[sb]*' \
        --rename c.weight=a.weight "$work/m.safetensors" "$work/no.gguf"
    # a and a.weight would both have a.scales: one file of triples can hold only one of them
    tenon convert --rename c.weight=c "$work/c.safetensors" "$work/c.npz"
    tenon convert --append --only c.weight "$work/c.safetensors" "$work/c.npz"
    refused 2 'its scales and biases are those of another tensor' convert $triple "$work/c.npz" "$work/no.gguf"
    refused 2 "tensor 'c.weight': the format gguf cannot hold u32" convert "$work/c.safetensors" "$work/no.gguf"
    refused 2 'there are no scales of f16' convert $triple --as '*.scales:f32' "$work/c.safetensors" "$work/no.gguf"
    checks=$((checks + 1))
    [ ! -e "$work/no.gguf" ] || fail 'a refused file is there'
    # without a weight, scales and biases are plain tensors
    converts "$work/c.safetensors" "$work/yes.gguf" --except c.weight
    listed "$work/yes.gguf" 'c.biases f16 [2,1],c.scales f16 [2,1],'
    # names that exist already, rows that are not groups, data that are missing
    { info a.weight 2 0 32; info a.scales 0 32 1; } | gguf "$work/bad.gguf" 2
    refused 2 "a.scales" ls $triple "$work/bad.gguf"
    info a.weight 2 0 16 2 | gguf "$work/bad.gguf" 1
    refused 0 "rows of 16 elements are no multiple of the 32 in a block of q4_0" ls -v $triple "$work/bad.gguf"
    info a.weight 2 0 32 1000 | gguf "$work/bad.gguf" 1
    refused 0 "q4_0 needs 18000 bytes at offset 96, the file ends at" ls -v $triple "$work/bad.gguf"
    info a.weight 2 0 32 4611686018427387904 4 | gguf "$work/bad.gguf" 1
    refused 2 "its data is larger than any file" ls $triple "$work/bad.gguf"
    info a.weight 2 0 32 0 1099511627776 | gguf "$work/good.gguf" 1
    listed "$work/good.gguf" 'a.weight u32 [1099511627776,0,4],a.scales f16 [1099511627776,0,1],a.biases f16 [1099511627776,0,1],' $triple
    refused 2 'no triple' ls -o gguf.mlx=pair "$work/little.gguf"
}
finish
