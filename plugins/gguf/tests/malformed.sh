#!/bin/sh
# SPDX-License-Identifier: MIT
# malformed.sh: files that the gguf plugin must refuse, with these messages, and odd files that it must accept. The numbers
# refer to the list of inputs in the description of the format.
# shellcheck source=plugins/gguf/tests/lib.sh
. "$(dirname "$0")/lib.sh"

# no TEXT...: checks that tenon refuses $work/x.gguf with these texts; yes TEXT...: that it accepts it, and ls --json has them.
no () { refused x.gguf "$@"; }
yes () { accepted x.gguf "$@"; }
# cut_off TEXT...: checks that ls lists it, and verify refuses it with these texts.
cut_off () { unreadable x.gguf "$@"; }
# told TEXT: checks that tenon accepts the file with this note.
told ()
{
    checks=$((checks + 1))
    tenon ls -v "$work/x.gguf"
    { [ "$status" -eq 0 ] && said "$1"; } || fail "ls -v exits $status, or does not tell: $1"
}
# lists TEXT...: checks that ls --json has these texts; verify may fail.
lists ()
{
    checks=$((checks + 1))
    tenon ls --json "$work/x.gguf"
    [ "$status" -eq 0 ] || { fail "ls --json exits $status"; return; }
    tr -d ' \n' <"$work/out" >"$work/tight"
    mv "$work/tight" "$work/out"
    said "$@" || fail "$said_text is not in the list"
}
# odd NAME TEXT...: checks that ls lists the tensor as unreadable, that reading it fails and verify names it, with all texts, and that
# convert refuses it.
odd ()
{
    odd_name=$1
    shift
    checks=$((checks + 1))
    tenon ls "$work/x.gguf"
    { [ "$status" -eq 0 ] && grep -q "^$odd_name$tab.*unreadable$" "$work/out"; } || fail "ls exits $status, or does not mark $odd_name"
    for odd_command in verify cat; do
        checks=$((checks + 1))
        # shellcheck disable=SC2046 # a word or none
        tenon $odd_command "$work/x.gguf" $([ $odd_command = verify ] || echo "$odd_name")
        { [ "$status" -ne 0 ] && said "'$odd_name': " "$@"; } || fail "$odd_command exits $status, or does not say: $said_text"
    done
    checks=$((checks + 1))
    rm -f "$work/y.gguf"
    tenon convert "$work/x.gguf" "$work/y.gguf"
    { [ "$status" -ne 0 ] && [ ! -e "$work/y.gguf" ]; } || fail "convert exits $status"
}
# untold TEXT: checks that no message has this text
untold ()
{
    checks=$((checks + 1))
    tenon ls -v "$work/x.gguf"
    ! said "$1" || fail "ls -v tells: $1"
}
# pair WORD...: makes a file of one key-value pair, 'k'; the type of its value is at byte 33, the value at 37.
pair () { file 0 1 s:k "$@"; }
# tensor RANK DIM... -- TYPE OFFSET WORD...: makes a file of a tensor 't'. Its info is at byte 24; the words follow it, at a multiple
# of 32.
tensor ()
{
    tensor_dims="4:$1"
    shift
    while [ "$1" != -- ]; do
        tensor_dims="$tensor_dims 8:$1"
        shift
    done
    tensor_type=$2 tensor_offset=$3
    shift 3
    # shellcheck disable=SC2086 # words
    file 1 0 s:t $tensor_dims "4:$tensor_type" "8:$tensor_offset" p:32 "$@"
}
huge=0x7fffffffffffffff

# ---- 57: truncated, at every byte ----
set -- t:GGUF 4:3 8:2 8:3 s:a 4:8 s:bc s:d 4:9 4:8 8:2 s:e s:f s:g 4:6 x:0000803f \
    s:t 4:2 8:2 8:2 4:0 8:0 s:u 4:1 8:3 4:24 8:32 p:32 z:35
put whole "$@"
cp "$work/whole" "$work/x.gguf"
yes '"name":"t"' '"name":"u"' '"a":"bc"' '"d":["e","f"]'
size=$(wc -c <"$work/whole")
length=0
while [ $length -lt "$size" ]; do
    checks=$((checks + 1))
    head -c $length "$work/whole" >"$work/x.gguf"
    tenon ls "$work/x.gguf"
    if [ "$status" -eq 0 ]; then # all of the header is there
        said "${tab}unreadable" || fail "cut to $length bytes: ls marks nothing"
        tenon verify "$work/x.gguf"
        [ "$status" -eq 1 ] || fail "cut to $length bytes: verify exits $status"
    else
        [ "$status" -eq 2 ] || fail "cut to $length bytes: ls exits $status"
    fi
    said 'x.gguf: ' || fail "cut to $length bytes: it is not named"
    [ $length -lt 4 ] || said ' are left' 'at byte' || said 'the file ends at' || fail "cut to $length bytes: it is not told where it ends"
    length=$((length + 1))
done
put x.gguf t:GGUF; no 'the file ends in its header'
file 4 3 s:a 4:4 4:1 s:b 4:8 8:90 z:60; no '1 of 3 key-value pairs and 0 of 4 tensors are there'
file 4 1 s:a 4:4 4:1 s:t 4:0 4:0 8:0 s:u 4:2 z:57; no '1 of 1 key-value pairs and 3 of 4 tensors are there'
put x.gguf t:GGUF; no 'the version needs 4 bytes, 0 are left' 'at byte 4'
put x.gguf t:GGUF 4:3 z:7; no 'the number of tensors needs 8 bytes, 7 are left' 'at byte 8'
put x.gguf t:GGUF 4:3 z:15; no 'the number of key-value pairs needs 8 bytes, 7 are left' 'at byte 16'
file 0 1 z:13; no '1 key-value pairs of 14 bytes and more each, 13 bytes are left' 'at byte 16'
file 0 1 s:keyed z:2; no "the key 'keyed': the type of its value needs 4 bytes, 2 are left" 'at byte 37'
pair 4:4 z:3; no "the key 'k': a value needs 4 bytes, 3 are left" 'at byte 37'
pair 4:9 z:3; no "the key 'k': the type of an array needs 4 bytes, 3 are left" 'at byte 37'
pair 4:9 4:0 z:7; no "the key 'k': the length of an array needs 8 bytes, 7 are left" 'at byte 41'
file 1 0 z:23; no '1 tensors of 24 bytes and more each, 23 bytes are left' 'at byte 8'
file 1 0 s:t 4:4 z:11; no "tensor 't': a dim needs 8 bytes, 3 are left" 'at byte 45'
file 2 0 s:t 4:0 4:0 8:0 s:longlongername z:2; no "tensor 'longlongername': the number of its dims needs 4 bytes, 2 are left" 'at byte 71'
file 2 0 s:t 4:0 4:0 8:0 8:100 z:20; no 'tensor number 1: its name needs 100 bytes, 20 are left' 'at byte 57'
file 2 0 s:t 4:0 4:0 8:0 s:named 4:1 8:1 4:0 z:7; no "tensor 'named': its offset needs 8 bytes, 7 are left"
tensor 1 8 -- 0 0 z:31; cut_off "tensor 't': 8 f32 needs 32 bytes at offset 64, the file ends at 95"

# ---- 58: versions ----
for version in 0 4 5 256 0x10000 0x1000000 0x2000000 0x4000000 0xffffffff; do
    put x.gguf t:GGUF 4:$version 8:0 8:0
    no "its version is $(printf '%u (0x%x)' $version $version), expected 1 to 3" 'at byte 4'
done
put x.gguf t:FUGG 4:3 8:0 8:0; no "it begins with 46 55 47 47, expected 'GGUF'" 'at byte 0'
put x.gguf t:ggml 4:3 8:0 8:0; no "expected 'GGUF'"

# ---- 59: big-endian ----
put x.gguf t:GGUF b4:3 b8:1 b8:2 b8:1 t:k b4:4 b4:258 b8:1 t:a b4:9 b4:2 b8:2 b2:1 b2:515 \
    b8:1 t:t b4:1 b8:2 b4:0 b8:0 p:32 x:3f800000c0000000
yes '"k":258' '"a":[1,515]' '"endian":"big"' '"dtype":"f32","shape":[2]'
checks=$((checks + 1))
tenon cat --text "$work/x.gguf" t
[ "$(cat "$work/out")" = '1 -2' ] || fail 'a big-endian tensor has other numbers'
put x.gguf t:GGUF b4:3 8:0 8:1 b8:1 t:k b4:4 b4:258; no 'key-value pairs of 14 bytes and more each'

# ---- 60: counts ----
for count in 1099511627776 0x7fffffffffffffff 0x8000000000000000 -1; do
    file $count 0 z:100; no 'tensors of 24 bytes and more each, 100 bytes are left' 'at byte 8'
    file 0 $count z:100; no 'key-value pairs of 14 bytes and more each, 100 bytes are left' 'at byte 16'
done
file 0 1 z:0; no '1 key-value pairs'
put x.gguf t:GGUF 4:1 4:0xffffffff 4:0 z:100; no '4294967295 tensors of 20 bytes and more each, 100 bytes are left' 'at byte 8'
put x.gguf t:GGUF 4:1 4:0 4:0xffffffff z:100; no '4294967295 key-value pairs of 10 bytes and more each, 100 bytes are left' 'at byte 12'
file 3 2 z:24 z:48; no 'key-value pair number 0: its key is empty' 'at byte 24'

# ---- 61: strings ----
for length in 100 1099511627776 $huge -1; do
    file 0 1 8:$length z:30; no 'key-value pair number 0: the key needs' 'bytes, 30 are left' 'at byte 32'
    pair 4:8 8:$length z:30; no "the key 'k': a string needs" 'bytes, 30 are left' 'at byte 45'
    pair 4:9 4:8 8:3 s:x 8:$length z:30; no "the key 'k': a string needs" 'bytes, 30 are left' 'at byte 66'
    file 1 0 8:$length z:30; no 'tensor number 0: its name needs' 'bytes, 30 are left' 'at byte 32'
done

# ---- 62: arrays ----
for count in 100 1099511627776 0x2000000000000000 0x8000000000000001 -1; do
    for type in 0 7 8 9 10 12; do
        pair 4:9 4:$type 8:$count z:30; no "the key 'k': an array of" 'bytes and more each, 30 bytes are left' 'at byte 41'
    done
    pair 4:9 4:9 8:1 4:5 8:$count z:30; no "the key 'k': an array of" 'of 4 bytes and more each' 'at byte 53'
done
pair 4:9 4:4 8:2 z:7; no 'an array of 2 items, of 4 bytes and more each, 7 bytes are left'
# nested N WORD...: prints N nested arrays; the innermost consists of these words
nested ()
{
    nested_words='' nested_left=$1
    shift
    while [ "$nested_left" -gt 1 ]; do
        nested_words="$nested_words 4:9 8:1"
        nested_left=$((nested_left - 1))
    done
    # shellcheck disable=SC2086 # words
    pair 4:9 $nested_words "$@"
}
nested 1 4:0 8:1 1:7; yes '"k":[7]'
nested 3 4:0 8:2 1:7 1:8; yes '"k":[[[7,8]]]'
nested 64 4:0 8:1 1:7; yes '[[[7]]]'
nested 65 4:0 8:1 1:7; no "the key 'k': arrays lie in each other more than 64 deep; raise depth in [limits]"
nested 3000 4:0 8:1 1:7; no 'arrays lie in each other more than 64 deep'
pair 4:9 4:9 8:3 4:8 8:0 4:9 8:0 4:7 8:1 1:1; yes '"k":[[],[],[true]]'
pair 4:9 4:13 8:0; no "the key 'k': there is no value type 13" 'at byte 37'
pair 4:9 4:9 8:1 4:13 8:0; no "the key 'k': there is no value type 13" 'at byte 49'

# ---- 63: types of values, and keys ----
for type in 13 14 255 0x7fffffff -1; do
    pair 4:$type z:20; no "the key 'k': there is no value type" 'at byte 33'
done
file 0 1 8:0 4:4 4:1; no 'key-value pair number 0: its key is empty' 'at byte 24'
file 0 2 s:a 4:4 4:1 8:0 4:4 4:1; no 'key-value pair number 1: its key is empty' 'at byte 41'
# a key that comes again: the first value counts, as where ggml looks up a key; verify names it
# again TEXT KEY: checks that the key that comes again is told, and its first value
again ()
{
    lists "$1"; told "the key '$2': it occurs twice, at byte"
    checks=$((checks + 1))
    tenon verify "$work/x.gguf"
    { [ "$status" -eq 1 ] && said "the key '$2': it occurs twice, at byte"; } || fail "a key twice: verify exits $status"
}
file 0 2 s:k 4:4 4:1 s:k 4:4 4:1; again '"k":1' k; told 'at byte 24 and at byte 41'; untold 'loss'
file 0 2 s:k 4:4 4:1 s:k 4:4 4:2; again '"k":1' k; told 'its value at byte 41 is another one'
file 0 2 s:k 4:4 4:1 s:k 4:5 4:1; again '"k":1' k; told 'its value at byte 41 is another one'
file 0 3 s:k 4:4 4:1 s:l 4:4 4:7 s:k 4:8 s:x; again '"k":1' k; told 'its value at byte 58 is another one'
file 0 4 s:k 4:8 s:a s:k 4:8 s:b s:k 4:8 s:a s:l 4:4 4:7; again '"k":"a","l":7' k; told 'at byte 24 and at byte 68'
file 0 2 s:k 4:8 s:ab s:k 4:8 s:a; again '"k":"ab"' k; told 'its value at byte 47 is another one'
file 0 2 s:k 4:9 4:8 8:2 s:a s:b s:k 4:9 4:8 8:2 s:a s:b; again '"k":["a","b"]' k; untold 'loss'
file 0 2 s:k 4:4 4:1 s:kk 4:4 4:2; yes '"k":1,"kk":2'; untold 'twice'
file 1 2 s:general.alignment 4:4 4:64 s:general.alignment 4:4 4:1 s:t 4:1 8:3 4:24 8:0 p:64 x:010203
again '"general.alignment":64' general.alignment; lists '"offset":128'
file 0 2 s:split.no 4:2 2:0 s:split.no 4:2 2:7; again '"split.no":0' split.no
file 0 2 s:k 4:4 4:1 s:k 4:13 4:1; no "the key 'k': there is no value type 13"
file 0 2 s:k 4:4 4:1 s:k 4:8 8:9; no "the key 'k': a string needs 9 bytes"
file 0 1 8:3 x:610062 4:4 4:1; no 'a metadata key is not valid UTF-8 without NUL'
file 0 1 8:1 x:00 4:4 4:1; no 'a metadata key is not valid UTF-8 without NUL'
file 0 1 8:2 x:c080 4:4 4:1; no 'a metadata key is not valid UTF-8'
file 0 1 8:1 x:ff 4:4 4:1; no 'a metadata key is not valid UTF-8'
pair 4:8 8:3 x:610062; yes '"k":"a\u0000b"'
pair 4:8 8:0; yes '"k":""'

# ---- 64: bools ----
# ggml takes any byte but 0 for true; verify names it
# truth BYTE PLACE TEXT...: checks that the file has these texts, and that the byte at this place is told
truth ()
{
    truth_words="the key 'k': a bool is $1, expected 0 or 1: it is true (at byte $2)"
    shift 2
    lists "$@"; told "$truth_words"
    checks=$((checks + 1))
    tenon verify "$work/x.gguf"
    { [ "$status" -eq 1 ] && said "$truth_words"; } || fail "a bool that is no bool: verify exits $status"
    checks=$((checks + 1))
    tenon convert "$work/x.gguf" "$work/y.gguf"
    tenon verify "$work/y.gguf"
    [ "$status" -eq 0 ] || fail "a bool that is no bool, rewritten: verify exits $status"
}
pair 4:7 1:2; truth 2 37 '"k":true'
pair 4:7 1:255; truth 255 37 '"k":true'
pair 4:9 4:7 8:4 x:01000102; truth 2 52 '"k":[true,false,true,true]'
pair 4:9 4:7 8:4 x:00ff8001; truth 255 50 '"k":[false,true,true,true]'
pair 4:9 4:9 8:2 4:7 8:1 1:3 4:7 8:2 x:0001; truth 3 61 '"k":[[true],[false,true]]'
pair 4:9 4:7 8:2 x:0100; yes '"k":[true,false]'
{ put head t:GGUF 4:3 8:0 8:1 s:k 4:9 4:7 8:200000; cat "$work/head"; head -c 199999 /dev/zero; printf '\005'; } >"$work/x.gguf"
told "the key 'k': a bool is 5, expected 0 or 1: it is true (at byte 200048)"

# ---- 65: alignment ----
for alignment in 0 3 24 33 0x80000001 0xffffffff; do
    file 0 1 s:general.alignment 4:4 4:$alignment; no "general.alignment is $(printf %u $alignment), expected a power of two" 'at byte 24'
done
for value in '4:10 8:32' '4:5 4:32' '4:2 2:32' '4:6 4:32' '4:8 s:32' '4:9 4:4 8:1 4:32' '4:7 1:1'; do
    # shellcheck disable=SC2086 # words
    file 0 1 s:general.alignment $value; no 'general.alignment is no u32' 'at byte 24'
done
for alignment in 1 2 8 64 4096; do
    file 1 1 s:general.alignment 4:4 4:$alignment s:t 4:1 8:3 4:24 8:0 p:$alignment x:010203
    yes "\"general.alignment\":$alignment" '"name":"t"'
    checks=$((checks + 1))
    tenon cat --text "$work/x.gguf" t
    [ "$(tr '\n' ' ' <"$work/out")" = '1 2 3 ' ] || fail "alignment $alignment: other numbers"
done
file 0 1 s:general.alignment 4:4 4:0x80000000; yes '"general.alignment":2147483648'
file 1 1 s:general.alignment 4:4 4:0x80000000 s:t 4:1 8:3 4:24 8:0 x:010203; cut_off "tensor 't'" 'at offset 2147483648, the file ends at'

# ---- 66: dims ----
for rank in 0x7fffffff 0xffffffff; do
    file 1 0 s:t 4:$rank 8:1 8:1 8:1 8:1 8:1 4:24 8:0 p:32 z:32
    no "tensor 't': a dim needs 8 bytes"
done
# dims for which there is no room are not looked at: 8 MiB of them reach behind the stack
file 1 0 s:a 4:1048576 z:8388608 4:24 8:0 p:32 z:32; odd a 'it has 1048576 dims, at most 64 are possible'
# shellcheck disable=SC2046 # words
{
    tensor 65 $(printf '1 %.0s' $(seq 65)) -- 24 0 z:32; odd t 'it has 65 dims, at most 64 are possible'
    file 2 0 s:a 4:100 $(printf '8:1 %.0s' $(seq 100)) 4:24 8:0 s:b 4:1 8:3 4:24 8:32 p:32 z:32 x:010203
}
odd a 'it has 100 dims'
checks=$((checks + 1))
tenon ls -v "$work/x.gguf"
[ "$(cut -f 1,6 "$work/out" | head -n 2 | tr '\t\n' '=;')" = 'a=unreadable: it has 100 dims, at most 64 are possible;b=;' ] || fail 'ls -v marks other tensors'
lists '"name":"a","dtype":"i8"' '"name":"b","dtype":"i8","shape":[3]'
tensor 5 3 1 1 1 2 -- 24 0 x:010203040506; yes '"shape":[2,1,1,1,3]'
tensor 8 3 1 1 1 1 1 1 2 -- 24 0 x:010203040506; yes '"shape":[2,1,1,1,1,1,1,3]'
# shellcheck disable=SC2046 # words
tensor 64 32 $(printf '1 %.0s' $(seq 62)) 2 -- 8 0 z:68; yes '"nbytes":68'
tensor 4 1 1 1 3 -- 24 0 x:010203; yes '"shape":[3,1,1,1]'
tensor 0 -- 0 0 4:0; yes '"shape":[]' '"nbytes":4'

# ---- 67, 68, 69, 70: products beyond 64 bits ----
tensor 2 $huge 2 -- 24 0 z:32; no "tensor 't': the product of its shape is 2^63 or more"
tensor 2 0x4000000000000000 4 -- 0 0 z:32; no "tensor 't': the product of its shape is 2^63 or more"
tensor 1 0x4000000000000000 -- 3 0 z:32; cut_off "tensor 't'" '4611686018427387904'
tensor 3 4 1073741823 1073741825 -- 0 0 z:32; no "tensor 't': its size in bytes is 2^63 or more"
tensor 4 65536 65536 65536 65536 -- 24 0 z:32; no "tensor 't': the product of its shape is 2^63 or more"
tensor 2 0x100000000 0x100000000 -- 24 0 z:32; no "tensor 't': the product of its shape is 2^63 or more"
tensor 1 0x8000000000000000 -- 24 0 z:32; no "tensor 't': dim 0 is 9223372036854775808, which is not below 2^63"
tensor 1 -1 -- 24 0 z:32; no "tensor 't': dim 0 is 18446744073709551615, which is not below 2^63"
tensor 2 0 -1 -- 24 0; no "tensor 't': dim 0 is 18446744073709551615, which is not below 2^63"
tensor 2 256 0x0100000000000000 -- 12 0 z:32; no "tensor 't': the product of its shape is 2^63 or more"

# ---- 71: tensors without elements ----
tensor 1 0 -- 0 0; yes '"shape":[0]' '"nbytes":0'
tensor 3 2 0 3 -- 0 0; yes '"shape":[3,0,2]' '"nbytes":0'
tensor 2 0 $huge -- 24 0; yes '"shape":[9223372036854775807,0]' '"nbytes":0'
tensor 2 32 0 -- 2 0; yes '"dtype":"q4_0"' '"nbytes":0'

# ---- 72: types ----
for type in 43 64 139 255 0x7fffffff 0xffffffff; do
    tensor 1 256 -- $type 0 z:2048; odd t "there is no type $(printf %u $type)"
    lists "\"dtype\":\"type$(printf %u $type)\",\"shape\":[256]"
done
for type in '4 q4_2' '5 q4_3' '31 q4_0_4_4' '32 q4_0_4_8' '33 q4_0_8_8' '36 iq4_nl_4_4' '37 iq4_nl_4_8' '38 iq4_nl_8_8'; do
    tensor 1 256 -- "${type% *}" 0 z:2048; odd t "there is no type ${type% *}: ${type#* } was removed from the format"
done
for type in 'q4_0 2' 'q4_1 3' 'q5_0 6' 'q5_1 7' 'q8_0 8' 'q8_1 9' 'iq4_nl 20' 'mxfp4 39'; do
    tensor 1 31 -- "${type#* }" 0 z:2048; odd t "rows of 31 elements are no multiple of the 32 in a block of ${type% *}"
    tensor 2 16 2 -- "${type#* }" 0 z:2048; odd t "rows of 16 elements are no multiple of the 32 in a block of ${type% *}"
    tensor 2 31 0 -- "${type#* }" 0 z:2048; odd t "rows of 31 elements are no multiple of the 32 in a block of ${type% *}"
    tensor 0 -- "${type#* }" 0 z:2048; odd t "rows of 1 elements are no multiple of the 32 in a block of ${type% *}"
done
for type in 'q2_k 10' 'q3_k 11' 'q4_k 12' 'q5_k 13' 'q6_k 14' 'q8_k 15' 'iq2_xxs 16' 'iq2_xs 17' 'iq3_xxs 18' 'iq1_s 19' 'iq3_s 21' \
    'iq2_s 22' 'iq4_xs 23' 'iq1_m 29' 'tq1_0 34' 'tq2_0 35'; do
    tensor 1 128 -- "${type#* }" 0 z:2048; odd t "rows of 128 elements are no multiple of the 256 in a block of ${type% *}"
done
tensor 1 32 -- 40 0 z:2048; odd t 'rows of 32 elements are no multiple of the 64 in a block of nvfp4'
tensor 1 64 -- 41 0 z:2048; odd t 'rows of 64 elements are no multiple of the 128 in a block of q1_0'
tensor 1 32 -- 42 0 z:2048; odd t 'rows of 32 elements are no multiple of the 64 in a block of q2_0'
# the others are read; the bytes end where those of the next tensor begin, in whatever order the infos are
file 4 0 s:c 4:1 8:3 4:24 8:96 s:a 4:1 8:1 4:99 8:0 s:d 4:1 8:1 4:98 8:128 s:b 4:1 8:2 4:24 8:64 p:32 z:64 x:0102 p:32 x:030405 p:32 z:64
odd a 'there is no type 99'; odd d 'there is no type 98'; told '2 of 4 tensors cannot be read'
checks=$((checks + 1))
tenon ls --json "$work/x.gguf"
tr -d ' \n' <"$work/out" | grep -qF '"name":"a","dtype":"type99","shape":[1]' || fail 'a has other dims'
[ "$(tr -d ' \n' <"$work/out" | grep -o '"offset":[0-9]*,"stored":[0-9]*' | tr '\n' ' ')" = \
    '"offset":256,"stored":3 "offset":160,"stored":64 "offset":288,"stored":64 "offset":224,"stored":2 ' ] || fail 'other places'
checks=$((checks + 1))
tenon cat --text "$work/x.gguf" c
[ "$(tr '\n' ' ' <"$work/out")" = '3 4 5 ' ] || fail 'a tensor beside an unknown one has other numbers'
checks=$((checks + 1))
tenon verify "$work/x.gguf"
{ [ "$status" -eq 1 ] && said "'a'" "'d'"; } || fail 'verify does not name both'
# nor does an unknown type hide structure that lies
file 2 0 s:a 4:1 8:1 4:99 8:0 s:b 4:1 8:1 4:0 8:33 p:32 z:64; no "tensor 'b': its offset 33 is no multiple"

# ---- 73: offsets ----
# two OFFSET OFFSET: makes a file of tensors 'a' and 'b' of 33 bytes each, and 128 bytes of data
two () { file 2 0 s:a 4:1 8:33 4:24 "8:$1" s:b 4:1 8:33 4:24 "8:$2" p:32 z:128; }
two 0 64; yes '"name":"a"' '"name":"b"'
two 0 0; no "'b'" 'overlap' "'a'"
two 0 32; no "'b'" 'overlap' "'a'"
two 32 0; no 'overlap'
two 0 33; no "tensor 'b': its offset 33 is no multiple of the alignment, 32" 'at byte 57'
two 1 64; no "tensor 'a': its offset 1 is no multiple of the alignment, 32" 'at byte 24'
two 64 0; yes '"name":"a"' '"name":"b"'; told 'data do not follow each other without gaps in their order'
two 32 96; cut_off "'b'" 'the file ends at'
file 2 0 s:a 4:1 8:3 4:24 8:32 s:b 4:1 8:3 4:24 8:96 p:32 z:32 x:010203 p:32 z:32 x:040506
yes '"name":"a"'; told 'data do not follow each other'
checks=$((checks + 1))
tenon cat --text "$work/x.gguf" b
[ "$(tr '\n' ' ' <"$work/out")" = '4 5 6 ' ] || fail 'a tensor behind a gap has other numbers'

# ---- 74: extents past the end ----
tensor 1 33 -- 24 0 z:32; cut_off "tensor 't': 33 i8 needs 33 bytes at offset 64, the file ends at 96"
tensor 1 1 -- 24 32 z:32; cut_off "tensor 't': 1 i8 needs 1 bytes at offset 96, the file ends at 96"
tensor 1 1 -- 24 0x7fffffffffffffe0 z:32; no "tensor 't'" 'where no file has any'
tensor 1 1 -- 24 0xffffffffffffffe0 z:32; no "tensor 't': its offset 18446744073709551584 lies behind every file" 'at byte 24'
tensor 1 256 -- 12 0 z:143; cut_off "tensor 't': 256 q4_k needs 144 bytes at offset 64, the file ends at 207"
tensor 1 1099511627776 -- 0 0 z:32; cut_off "tensor 't': 1099511627776 f32 needs 4398046511104 bytes"

# ---- 75: names ----
# a name that comes again: the first tensor counts
# second PLACE: checks that the tensor at this place is told, and left out
second ()
{
    told "tensor 'a': the name occurs twice, at byte 24 and at byte $1: the first tensor counts"
    told "the tensor at byte $1 has the same name, and is left out"
    checks=$((checks + 1))
    tenon verify "$work/x.gguf"
    { [ "$status" -eq 1 ] && said "tensor 'a': the name occurs twice"; } || fail "a name twice: verify exits $status"
    checks=$((checks + 1))
    tenon cat --text "$work/x.gguf" a
    [ "$(tr '\n' ' ' <"$work/out")" = '1 ' ] || fail 'another tensor than the first is read'
}
file 2 0 s:a 4:1 8:1 4:24 8:0 s:a 4:1 8:1 4:24 8:32 p:32 x:01 p:32 x:02 z:31; second 57; lists '"tensors":[{"name":"a","dtype":"i8","shape":[1]'
file 3 0 s:a 4:1 8:1 4:24 8:0 s:b 4:1 8:1 4:24 8:32 s:a 4:1 8:1 4:0 8:64 p:32 x:01 p:32 x:02 p:32 z:32; second 90
lists '"name":"a"' '"name":"b"'
file 1 0 8:3 x:610062 4:1 8:1 4:24 8:0 p:32 z:32; no 'not valid UTF-8 without NUL'
file 1 0 8:1 x:ff 4:1 8:1 4:24 8:0 p:32 z:32; no 'not valid UTF-8 without NUL'
file 1 0 8:0 4:1 8:1 4:24 8:0 p:32 z:32; no "the tensor name '' is empty"

# ---- 76: the end ----
tensor 1 3 -- 24 0 x:010203; yes '"nbytes":3'
tensor 1 3 -- 24 0 x:010203 z:28; yes '"nbytes":3'
tensor 1 3 -- 24 0 x:010203 z:29; untold loss
tensor 1 3 -- 24 0 x:010203 z:30; told 'something else begins at byte 96, behind the last tensor: 1 bytes are left out'
tensor 1 3 -- 24 0 x:010203 z:29 t:more; yes '"nbytes":3'
told 'something else begins at byte 96, behind the last tensor: 4 bytes are left out'
tensor 1 3 -- 24 0 x:010203 t:more; told 'something else begins at byte 67, behind the last tensor: 4 bytes are left out'
tensor 1 3 -- 24 0 x:010203 t:GGUF 4:3 8:0 8:0; told 'another GGUF file begins at byte 67, behind the last tensor: 24 bytes are left out'
tensor 1 3 -- 24 0 x:010203 p:32 t:GGUF 4:3 8:0 8:0; told 'another GGUF file begins at byte 96, behind the last tensor: 24 bytes are left out'
file 0 0; yes '"tensors":[]'
file 0 1 s:k 4:4 4:7 p:32; yes '"k":7'; untold loss
file 0 1 s:k 4:4 4:7 t:more; yes '"k":7'; told 'something else begins at byte 41, behind the last tensor: 4 bytes are left out'
file 0 1 s:k 4:4 4:7 p:32 t:more; yes '"k":7'; told 'something else begins at byte 64, behind the last tensor: 4 bytes are left out'
# between tensors: zeros are nothing that could be lost
file 2 0 s:a 4:1 8:3 4:24 8:0 s:b 4:1 8:3 4:24 8:96 p:32 x:010203 p:32 z:64 x:040506; told 'without gaps'; untold loss
file 2 0 s:a 4:1 8:3 4:24 8:0 s:b 4:1 8:3 4:24 8:96 p:32 x:010203 p:32 z:63 x:01 x:040506
told '64 bytes between tensors, from byte 128 on, belong to none, and are left out'
file 2 0 s:b 4:1 8:3 4:24 8:96 s:a 4:1 8:3 4:24 8:32 p:32 x:01 z:31 x:010203 p:32 z:31 x:01 x:040506
told '64 bytes between tensors, from byte 96 on, belong to none, and are left out'

# ---- 77: scales that are NaN or infinite: they are read, but verify fails ----
# bad TYPE ITEMS BLOCK-BYTES AT HEX: the second of three blocks has these bytes at offset AT; checks that verify names it
bad ()
{
    checks=$((checks + 1))
    bad_first=$(($2 * 1)) bad_last=$(($2 * 2 - 1))
    tensor 1 $(($2 * 3)) -- "$1" 0 "z:$3" "z:$4" "x:$5" "z:$(($3 - $4 - ${#5} / 2))" "z:$3"
    tenon verify "$work/x.gguf"
    { [ "$status" -eq 1 ] && said "x.gguf: tensor 't': block 1 of 3 (elements $bad_first to $bad_last) stands for no numbers"; } ||
        fail "type $1, $5 at $4: verify exits $status"
    tenon cat "$work/x.gguf" t
    [ "$status" -eq 0 ] || fail "type $1: cat exits $status"
}
# good TYPE ITEMS BLOCK-BYTES AT HEX: makes the same; checks that verify succeeds
good ()
{
    checks=$((checks + 1))
    tensor 1 $(($2 * 3)) -- "$1" 0 "z:$3" "z:$4" "x:$5" "z:$(($3 - $4 - ${#5} / 2))" "z:$3"
    tenon verify "$work/x.gguf"
    [ "$status" -eq 0 ] || fail "type $1, $5 at $4: verify exits $status"
}
# f16 little-endian: 017e and ffff are NaN, 007c and 00fc infinite, ff7b and ff83 are numbers
for scale in 017e ffff 007c 00fc; do
    bad 2 32 18 0 $scale
done
for scale in ff7b ff83 0080; do
    good 2 32 18 0 $scale
    good 12 256 144 2 $scale
done
good 2 32 18 2 ffffffffffffffffffffffffffffffff
bad 3 32 20 0 017e; bad 3 32 20 2 017e; good 3 32 20 4 ffffffff
bad 6 32 22 0 017e; good 6 32 22 2 ffffffff
bad 7 32 24 0 017e; bad 7 32 24 2 017e; good 7 32 24 4 ffffffff
bad 8 32 34 0 017e; good 8 32 34 2 ffff
bad 9 32 36 0 017e; bad 9 32 36 2 017e; good 9 32 36 4 ffff
bad 10 256 84 80 017e; bad 10 256 84 82 017e; good 10 256 84 0 ffffffff; good 10 256 84 78 ffff
bad 11 256 110 108 017e; good 11 256 110 106 ffff
bad 12 256 144 0 017e; bad 12 256 144 2 017e; good 12 256 144 4 ffff
bad 13 256 176 0 017e; bad 13 256 176 2 017e; good 13 256 176 4 ffff
bad 14 256 210 208 017e; good 14 256 210 206 ffff
bad 15 256 292 0 0100c07f; bad 15 256 292 0 000080ff; good 15 256 292 0 ffff7f7f; good 15 256 292 4 ffffffff
bad 16 256 66 0 017e; good 16 256 66 2 ffff
bad 17 256 74 0 017e; good 17 256 74 2 ffff
bad 18 256 98 0 017e; good 18 256 98 2 ffff
bad 19 256 50 0 017e; good 19 256 50 2 ffff
bad 20 32 18 0 017e; good 20 32 18 2 ffff
bad 21 256 110 0 017e; good 21 256 110 2 ffff
bad 22 256 82 0 017e; good 22 256 82 2 ffff
bad 23 256 136 0 017e; good 23 256 136 2 ffff
# iq1_m: the top digits of four u16 are those of an f16, the lowest first: 7e01 of 1xxx 0xxx exxx 7xxx
good 29 256 56 48 ffffffffffbfff7f; good 29 256 56 48 ffffffffffffff3f
bad 34 256 54 52 017e; good 34 256 54 50 ffff
bad 35 256 66 64 017e; good 35 256 66 62 ffff
bad 39 32 17 0 ff; good 39 32 17 0 fe; good 39 32 17 1 ffff
good 40 64 36 0 ffffffff
bad 41 128 18 0 017e; good 41 128 18 2 ffff
bad 42 64 18 0 017e; good 42 64 18 2 ffff
# verify accepts NaN in tensors of floats
tensor 1 2 -- 0 0 x:0000c07f0000807f; yes '"dtype":"f32"'

# ---- the limit on the header: a sparse file may claim one of any length, and takes no room ----
# long TENSORS PAIRS WORD...: checks that a limit of 1 MiB refuses such a file, with zeros up to 4 MiB
long ()
{
    file "$@"
    dd if=/dev/null of="$work/x.gguf" bs=1 seek=4194304 2>/dev/null
    checks=$((checks + 1))
    tenon verify -o limits.header_bytes=1MiB "$work/x.gguf"
    { [ "$status" -eq 1 ] && said 'its header is longer than 1048576 bytes; raise header_bytes in [limits] to read it'; } || fail "a long header: verify exits $status"
    tenon verify "$work/x.gguf"
    said 'header_bytes' && fail 'a header of 4 MiB meets a limit'
}
long 0 1 s:k 4:9 4:8 8:500000
long 0 1 s:k 4:9 4:7 8:4000000
long 100000 0

# ---- control characters in messages ----
checks=$((checks + 1))
file 1 0 8:5 x:1b5b33316d 4:1 8:1 4:99 8:0 p:32 z:32
tenon verify "$work/x.gguf"
if [ "$status" -ne 1 ] || tr -d '\n' <"$work/error" | grep -q "$(printf '[\001-\037]')"; then
    fail 'control characters of the file reach the terminal'
fi
finish
