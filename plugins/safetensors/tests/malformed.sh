#!/bin/sh
# SPDX-License-Identifier: MIT
# malformed.sh: files that the safetensors plugin must refuse, with these messages, and odd files that it must accept. The numbers
# refer to the list of inputs in the description of the format.
# shellcheck source=plugins/safetensors/tests/lib.sh
. "$(dirname "$0")/lib.sh"

# whole HEADER DATA-BYTES TEXT...: checks that tenon refuses this file with these texts.
whole ()
{
    file x "$1" "$2"
    shift 2
    refused x.safetensors "$@"
}

# bytes FORMAT TEXT...: checks that tenon refuses this header, a format of printf, with these texts.
bytes ()
{
    # shellcheck disable=SC2059 # the format is the bytes
    printf "$1" >"$work/header"
    { length "$(wc -c <"$work/header")"; cat "$work/header"; zeros 1; } >"$work/x.safetensors"
    shift
    refused x.safetensors "$@"
}

# taken HEADER DATA-BYTES TEXT...: checks that tenon accepts this file, and that ls --json has these texts.
taken ()
{
    file x "$1" "$2"
    shift 2
    accepted x.safetensors "$@"
}

# fields DTYPE SHAPE OFFSETS DATA-BYTES: makes a file of one tensor, 'w'
fields () { file x "{\"w\":{\"dtype\":$1,\"shape\":$2,\"data_offsets\":$3}}" "$4"; }
shape='{"w":{"dtype":"F32","shape":'
offsets='{"w":{"dtype":"F32","shape":[2],"data_offsets":'
w='{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}'

# ---- 34, 35, 36: the length ----
: >"$work/x.safetensors"; tenon verify "$work/x.safetensors"
checks=$((checks + 1))
{ [ "$status" -ne 0 ] && said 'x.safetensors: '; } || fail 'an empty file is well'
for size in 1 7; do
    printf '\377\376\377\376\377\376\377' | head -c $size >"$work/x.safetensors"
    refused x.safetensors "it has $size bytes, the length of its header alone takes 8" 'at byte 0'
done
length 0 >"$work/x.safetensors"; refused x.safetensors 'its header has 0 bytes, which hold no JSON object' 'at byte 0'
{ length 0; printf '{}'; } >"$work/x.safetensors"; refused x.safetensors 'its header has 0 bytes'
{ length 1; printf '{}'; } >"$work/x.safetensors"; refused x.safetensors 'its header has 1 bytes'
{ length 100000001; printf '{}'; } >"$work/x.safetensors"
refused x.safetensors 'its header would have 100000001 bytes, the format allows 100000000' 'at byte 0'
{ length 100000000; printf '{}'; } >"$work/x.safetensors"
refused x.safetensors 'its header needs 100000000 bytes, 2 are left' 'at byte 0'
{ printf '\377\377\377\377\377\377\377\377'; printf '{}'; } >"$work/x.safetensors"
refused x.safetensors 'its header would have 18446744073709551615 bytes'
{ printf '\377\377\377\377\377\377\377\177'; printf '{}'; } >"$work/x.safetensors"
refused x.safetensors 'its header would have 9223372036854775807 bytes'
{ length 3; printf '{}'; } >"$work/x.safetensors"; refused x.safetensors 'its header needs 3 bytes, 2 are left' 'at byte 0'

# ---- 37: UTF-8 ----
bytes '\357\273\277{}' 'not JSON: found byte 0xef, expected a value' 'at byte 8'
for sequence in '\377' '\200' '\300\200' '\340\200\200' '\355\240\200' '\364\220\200\200' '\303' '\360\237\230'; do
    bytes "{\"$sequence\":{}}" 'not JSON' 'expected UTF-8' "$(behind '{"')"
    bytes "{\"__metadata__\":{\"k\":\"$sequence\"}}" 'expected UTF-8' "$(behind '{"__metadata__":{"k":"')"
    bytes "{\"w\":{\"more\":\"$sequence\"}}" 'expected UTF-8' "$(behind '{"w":{"more":"')"
done
bytes '{"\\ud800":{}}' 'not JSON'
bytes '{"\\udc00":{}}' 'not JSON'
bytes '{"\001":{}}' 'found byte 0x01, expected no control character in a string' "$(behind '{"')"

# ---- 38, 39: JSON ----
whole '[]' 0 'the header is no JSON object' 'at byte 8'
whole 'null' 0 'the header is no JSON object' 'at byte 8'
whole '""' 0 'the header is no JSON object'
whole '    ' 0 "not JSON: found the end, expected a value" 'at byte 12'
whole '{,}' 0 "not JSON: found ','" 'at byte 9'
whole "$w,}" 1 "not JSON: found '}', expected a key" "$(behind "$w,")"
whole '{"w":{"dtype":"U8","shape":[1,],"data_offsets":[0,1]}}' 1 "found ']', expected a value" "$(behind '{"w":{"dtype":"U8","shape":[1,')"
whole '{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1],}}' 1 "found '}', expected a key"
whole "$w" 1 'not JSON: found the end' "$(behind "$w")"
whole "$w}}" 1 "not JSON: found '}', expected the end" "$(behind "$w}")"
whole "$w} x" 1 "not JSON: found 'x', expected the end" "$(behind "$w} ")"
whole '{}{}' 0 'expected the end' 'at byte 10'
whole "{'w':{}}" 0 'expected a key' 'at byte 9'
whole '{w:{}}' 0 'expected a key' 'at byte 9'
whole '{"w":NaN}' 0 'expected a value' "$(behind '{"w":')"
whole '{"w"/**/:{}}' 0 "expected ':' behind the key"
bytes '{}\000\000\000\000\000\000' 'not JSON: found byte 0x00, expected the end' 'at byte 10'
bytes '{}\013' 'not JSON: found byte 0x0b, expected the end' 'at byte 10'
bytes '\000{}' 'not JSON: found byte 0x00, expected a value' 'at byte 8'
bytes '{"\000":{}}' 'found byte 0x00, expected no control character' 'at byte 10'
whole '{"w":[]}' 0 "tensor 'w': its value is no object" "$(behind '{"w":')"
whole '{"w":["U8",[1],[0,1]]}' 1 "tensor 'w': its value is no object"
whole '{"w":null}' 0 "tensor 'w': its value is no object"
whole '{"w":{}}' 0 "tensor 'w': it has no dtype" "$(behind '{"')"
whole '{"w":{"dtype":"U8","data_offsets":[0,0]}}' 0 "tensor 'w': it has no shape" "$(behind '{"')"
whole '{"w":{"dtype":"U8","shape":[0]}}' 0 "tensor 'w': it has no data_offsets" "$(behind '{"')"
whole '{"w":{"Dtype":"U8","shape":[0],"data_offsets":[0,0]}}' 0 "tensor 'w': it has no dtype"
taken '   {}' 0 '"tensors":[]'
taken '{}      ' 0 '"tensors":[]'
taken "  $w}   " 1 '"name":"w"' '"offset":66'
printf '\n\r\t { } \n\r\t' >"$work/header"
{ length 12; head -c 10 "$work/header"; printf '\n\t'; } >"$work/x.safetensors"; accepted x.safetensors '"tensors":[]'

# ---- 40: duplicate names ----
whole "$w,\"w\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}" 2 "'w'" twice "$(behind "$w,\"")"
whole "$w,${w#?}}" 1 "'w'" twice "$(behind "$w,\"")"
whole "$w,\"\\u0077\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}" 2 "'w'" twice "$(behind "$w,\"")"
whole '{"__metadata__":{},"__metadata__":{}}' 0 'the header has __metadata__ twice' "$(behind '{"__metadata__":{},"')"
whole '{"__metadata__":{},"\u005f_metadata__":{}}' 0 'the header has __metadata__ twice'
whole '{"__metadata__":{"k":"v","k":"v"}}' 0 "'k'" twice
whole '{"__metadata__":{"k":"v","\u006b":"v"}}' 0 "'k'" twice
whole '{"w":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}' 1 "tensor 'w': the key 'dtype' occurs twice" "$(behind '{"w":{"dtype":"U8","')"
whole '{"w":{"dtype":"U8","shape":[1],"\u0073hape":[1],"data_offsets":[0,1]}}' 1 "tensor 'w': the key" 'occurs twice'
whole '{"w":{"dtype":"U8","data_offsets":[0,1],"shape":[1],"data_offsets":[0,1]}}' 1 "tensor 'w': the key 'data_offsets' occurs twice"
whole '{"":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}' 1 "'' is empty" "$(behind '{"')"
whole '{"a\u0000b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}' 1 NUL

# ---- 41: metadata ----
for value in 1 null true '{}' '["v"]'; do
    whole "{\"__metadata__\":{\"k\":$value}}" 0 "'k'" 'is no string' "$(behind '{"__metadata__":{"k":')"
done
for value in '[]' '"k"' 1 true; do
    whole "{\"__metadata__\":$value}" 0 '__metadata__ is no object'
done
taken '{"__metadata__":{}}' 0 '"tensors":[]'
taken '{"__metadata__":null}' 0 '"tensors":[]'
taken '{"__metadata__":{"k":"v"}}' 0 '"tensors":[]'
taken "$w,\"__metadata__\":{\"k\":\"v\"}}" 1 '"name":"w"'

# ---- 42: dtypes ----
w0='{"v":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}'
for word in f32 F32X 'F32 ' ' F32' F8 F6 F4_E2M1 BFLOAT16 C128 F128 Bool U4 ''; do
    file x "$w0,\"w\":{\"dtype\":\"$word\",\"shape\":[1],\"data_offsets\":[1,5]}}" 5; skipped x.safetensors w "the format has no dtype '$word'"
    checks=$((checks + 1)); tenon cat "$work/x.safetensors" v; [ "$status" -eq 0 ] || fail 'the other tensor cannot be read'
done
fields 7 '[1]' '[0,1]' 1; refused x.safetensors "tensor 'w': its dtype is no string" "$(behind '{"w":{"dtype":')"
fields '{"U8":null}' '[1]' '[0,1]' 1; refused x.safetensors "tensor 'w': its dtype is no string"
fields '["U8"]' '[1]' '[0,1]' 1; refused x.safetensors "tensor 'w': its dtype is no string"
fields '"\u0055\u0038"' '[1]' '[0,1]' 1; accepted x.safetensors '"dtype":"u8"'
fields '"\u0046\u0038\u005f\u0045\u0035\u004d\u0032\u0046\u004e\u0055\u005a"' '[1]' '[0,1]' 1; accepted x.safetensors '"dtype":"f8_e5m2fnuz"'
taken '{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F8_E4M3FNUZ","shape":[1],"data_offsets":[1,2]}}' 2 \
    '"dtype":"f8_e4m3"' '"dtype":"f8_e4m3fnuz"'
whole "$w,\"x\":{\"dtype\":\"U8x,\"shape\":[1],\"data_offsets\":[1,2]}}" 2 'not JSON'
file x "$w,\"x\":{\"dtype\":\"\\u0055\u0038 \",\"shape\":[3,7],\"data_offsets\":[1,2]}}" 2; skipped x.safetensors x "the format has no dtype 'U8 '"
# offsets of such a tensor count like those of others
whole "{\"x\":{\"dtype\":\"Q4\",\"shape\":[1],\"data_offsets\":[1,2]}}" 2 "tensor 'x': its data begin at 1, the data before them end at 0: a gap"
whole "$w,\"x\":{\"dtype\":\"Q4\",\"shape\":[1],\"data_offsets\":[0,2]}}" 2 'an overlap'

# ---- 43: shapes ----
for dim in -1 -0 4.0 1e2 0.5 18446744073709551616 100000000000000000000000; do
    fields '"F32"' "[$dim]" '[0,8]' 8
    refused x.safetensors "tensor 'w': shape: found $dim, expected a whole number from 0 to 18446744073709551615" "$(behind "${shape}[")"
done
for dim in null true '[1]' '{}'; do
    fields '"F32"' "[$dim]" '[0,8]' 8
    refused x.safetensors "tensor 'w': its shape holds something else than numbers" "$(behind "${shape}[")"
done
fields '"F32"' '["1"]' '[0,8]' 8
refused x.safetensors "tensor 'w': its shape holds something else than numbers" "$(behind "${shape}[\"")"
for value in 2 null '{}'; do
    fields '"F32"' "$value" '[0,8]' 8; refused x.safetensors "tensor 'w': its shape is no array" "$(behind "$shape")"
done
fields '"F32"' '[01]' '[0,8]' 8; refused x.safetensors "not JSON: found '1', expected ',' or ']'" "$(behind "${shape}[0")"
fields '"F32"' '[+1]' '[0,8]' 8; refused x.safetensors "not JSON: found '+', expected a value"
fields '"U8"' '[9223372036854775808]' '[0,8]' 8; refused x.safetensors "'w'" '2^63'
fields '"U8"' '[4294967296,4294967296]' '[0,0]' 0; refused x.safetensors "'w'" '2^63'
fields '"U8"' '[4294967296,4294967296,0]' '[0,0]' 0; refused x.safetensors "'w'" '2^63'
fields '"F64"' '[2305843009213693952]' '[0,0]' 0; refused x.safetensors "'w'" '2^63'
fields '"U8"' '[0,9223372036854775807]' '[0,0]' 0; accepted x.safetensors '"shape":[0,9223372036854775807]'
ones () { awk -v n="$1" 'BEGIN { printf "[1"; for (i = 1; i < n; i++) printf ",1"; printf "]" }'; }
fields '"U8"' "$(ones 64)" '[0,1]' 1; accepted x.safetensors '"nbytes":1'
fields '"U8"' "$(ones 65)" '[0,1]' 1; skipped x.safetensors w 'its shape has more than 64 dims'

# ---- 44: offsets ----
fields '"F32"' '[2]' '[]' 8; refused x.safetensors "tensor 'w': its data_offsets are 0 numbers, expected 2"
fields '"F32"' '[2]' '[0]' 8; refused x.safetensors "tensor 'w': its data_offsets are 1 numbers, expected 2"
fields '"F32"' '[2]' '[0,8,8]' 8; refused x.safetensors "tensor 'w': its data_offsets are at least 3 numbers, expected 2"
fields '"F32"' '[2]' '[8,0]' 8; refused x.safetensors "tensor 'w': its data end at 0, before they begin at 8" "$(behind '{"')"
fields '"F32"' '[2]' '{"0":8}' 8; refused x.safetensors "tensor 'w': its data_offsets is no array" "$(behind "$offsets")"
for number in -1 8.0 18446744073709551616; do
    fields '"F32"' '[2]' "[0,$number]" 8
    refused x.safetensors "tensor 'w': data_offsets: found $number, expected a whole number" "$(behind "${offsets}[0,")"
done
fields '"F32"' '[2]' '[0,18446744073709551615]' 8
refused x.safetensors "tensor 'w': its data end at 18446744073709551615" "$(behind '{"')"
fields '"F32"' '[2]' '[18446744073709551607,18446744073709551615]' 8
refused x.safetensors "tensor 'w': its data end at 18446744073709551615"

# ---- 45, 46: gaps and overlaps, in the order of the header and in others ----
# tensors [NAME BEGIN END]...: makes a file of these u8 tensors and 12 bytes of data
tensors ()
{
    tensors_text='{'
    while [ $# -gt 0 ]; do
        tensors_text="$tensors_text${tensors_comma-}\"$1\":{\"dtype\":\"U8\",\"shape\":[$(($3 - $2))],\"data_offsets\":[$2,$3]}"
        tensors_comma=,
        shift 3
    done
    unset tensors_comma
    file x "$tensors_text}" 12
}
tensors a 0 4 b 4 12; accepted x.safetensors '"name":"a"' '"name":"b"'
tensors b 4 12 a 0 4; accepted x.safetensors '"name":"a"' '"name":"b"'
tensors e 12 12 b 4 12 d 4 4 a 0 4 c 0 0; accepted x.safetensors '"name":"c"'
tensors a 1 12; refused x.safetensors "tensor 'a': its data begin at 1, the data before them end at 0: a gap" "$(behind '{"')"
tensors a 0 4 b 5 12; refused x.safetensors "tensor 'b': its data begin at 5, the data before them end at 4: a gap" \
    "$(behind '{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"')"
tensors b 5 12 a 0 4; refused x.safetensors "tensor 'b': its data begin at 5, the data before them end at 4: a gap" "$(behind '{"')"
tensors c 8 12 b 5 8 a 0 4; refused x.safetensors "tensor 'b': its data begin at 5" 'a gap'
tensors a 0 6 b 5 12; refused x.safetensors "'b'" overlap
tensors b 5 12 a 0 6; refused x.safetensors 'overlap'
tensors a 0 12 b 0 12; refused x.safetensors 'overlap'
tensors a 0 12 b 4 8; refused x.safetensors 'overlap'
tensors b 4 8 a 0 12; refused x.safetensors 'overlap'
tensors a 0 12 e 5 5; refused x.safetensors "tensor 'e': its data begin at 5, the data before them end at 12: an overlap"
tensors e 5 5 a 0 12; refused x.safetensors "'e'" 'an overlap'

# ---- 47: data left over, and data missing ----
whole "$w}" 2 'the last tensor'"'"'s data end at 1, the file has 2 bytes of data' "$(behind "$w}x")"
whole '{}' 1 "the last tensor's data end at 0, the file has 1 bytes of data" 'at byte 10'
whole '{"__metadata__":{"k":"v"}}' 1 'data end at 0, the file has 1 bytes of data'
tensors a 0 4 b 4 14; skipped x.safetensors b 'needs 10 bytes at offset' 'the file ends at'
file x "$w}" 0; skipped x.safetensors w 'needs 1 bytes at offset' 'the file ends at'
tensors a 0 4 b 4 8; refused x.safetensors "the last tensor's data end at 8, the file has 12 bytes of data"

# ---- 48: sizes ----
fields '"F32"' '[2]' '[0,7]' 7; refused x.safetensors "tensor 'w'" '2 f32 needs 8 bytes, the file gives it 7'
fields '"F32"' '[2]' '[0,9]' 9; refused x.safetensors "tensor 'w'" '2 f32 needs 8 bytes, the file gives it 9'
fields '"F32"' '[]' '[0,0]' 0; refused x.safetensors "tensor 'w'" 'needs 4 bytes, the file gives it 0'
fields '"F32"' '[0]' '[0,4]' 4; refused x.safetensors "tensor 'w'" 'needs 0 bytes, the file gives it 4'
fields '"U8"' '[1000000000000]' '[0,4]' 4; refused x.safetensors "tensor 'w'" 'needs 1000000000000 bytes, the file gives it 4'

# ---- 49 ----
whole '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"b":{"dtype":"U8","shape":[0],"data_offsets":[4294967296,4294967296]}}' 0 \
    "tensor 'b'"

# ---- 50: less than a byte ----
fields '"F4"' '[3]' '[0,2]' 2; refused x.safetensors "tensor 'w'" '3 elements are no multiple of the 2'
fields '"F4"' '[3]' '[0,1]' 1; refused x.safetensors "tensor 'w'" '3 elements are no multiple of the 2'
fields '"F6_E2M3"' '[2]' '[0,2]' 2; refused x.safetensors "tensor 'w'" '2 elements are no multiple of the 4'
fields '"F4"' '[]' '[0,1]' 1; refused x.safetensors "tensor 'w'" '1 elements are no multiple of the 2'
fields '"F4"' '[4]' '[0,4]' 4; refused x.safetensors "tensor 'w'" 'needs 2 bytes, the file gives it 4'
fields '"F6_E3M2"' '[4]' '[0,3]' 3; accepted x.safetensors '"dtype":"f6_e3m2"' '"nbytes":3'
fields '"F6_E2M3"' '[2,2]' '[0,3]' 3; accepted x.safetensors '"nbytes":3'
fields '"F4"' '[2,3]' '[0,3]' 3; accepted x.safetensors '"nbytes":3'

# ---- 51, 52 ----
fields '"F32"' '[2,0]' '[0,0]' 0; accepted x.safetensors '"shape":[2,0]' '"nbytes":0'
fields '"F32"' '[]' '[0,4]' 4; accepted x.safetensors '"shape":[]' '"nbytes":4'
taken '{"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}' 5 '"dtype":"f32"'

# ---- 53: a large header of one string, of many spaces, of many tensors; tenon takes no more memory than it is worth ----
for piece in 'x' ' '; do
    head='{"__metadata__":{"k":"' tail='"}}'
    [ "$piece" = x ] || { head='' tail='{}'; }
    { length $((10000000 + ${#head} + ${#tail})); printf '%s' "$head"; zeros 0; head -c 10000000 /dev/zero | tr '\000' "$piece"; printf '%s' "$tail"; } \
        >"$work/large.safetensors"
    accepted large.safetensors '"tensors":[]'
    checks=$((checks + 1))
    tenon verify -o limits.header_bytes=8MiB "$work/large.safetensors"
    { [ "$status" -eq 1 ] && said 'header_bytes in [limits]'; } || fail "a header beyond limits.header_bytes: verify exits $status"
done
awk 'BEGIN { printf "{\"t0\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}";
    for (i = 1; i < 100000; i++) printf ",\"t%d\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}", i; printf "}" }' >"$work/header"
{ length "$(wc -c <"$work/header")"; cat "$work/header"; } >"$work/many.safetensors"
checks=$((checks + 1))
tenon verify "$work/many.safetensors"
{ [ "$status" -eq 0 ] && said 'ok (100000 tensors, 0 bytes)'; } || fail "100,000 tensors: verify exits $status"
checks=$((checks + 1))
tenon verify -o limits.tensors=99999 "$work/many.safetensors"
{ [ "$status" -eq 1 ] && said 'tensors in [limits]'; } || fail "limits.tensors: verify exits $status"

# ---- 54: nesting ----
nested () { awk -v n="$1" -v open="$2" -v inner="$3" -v close_="$4" 'BEGIN { for (i = 0; i < n; i++) printf "%s", open; printf "%s", inner; for (i = 0; i < n; i++) printf "%s", close_ }'; }
deep='{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"more":'
taken "$deep$(nested 62 '[' '' ']')}}" 1 '"name":"w"'
whole "$deep$(nested 63 '[' '' ']')}}" 1 'expected less nesting' "$(behind "$deep$(nested 62 '[' '' '')")"
whole "$deep$(nested 100000 '[' '' ']')}}" 1 'expected less nesting'
whole "$deep$(nested 20000 '{"a":' '1' '}')}}" 1 'expected less nesting'
whole "$(nested 100000 '[' '' ']')" 0 'the header is no JSON object'
whole "$(nested 100000 '{"a":' '1' '}')" 0 'expected less nesting'

# ---- a key that tenon passes over ----
for value in 1e400 -1e400 '[[{"a":1e999}]]'; do
    whole "$deep$value}}" 1 "tensor 'w'" 'expected a number that a double holds'
done
for value in 1e308 -1e-400 123456789012345678901234567890 '{"a":1,"a":2}' '""' '[]'; do
    taken "$deep$value}}" 1 '"name":"w"'
done

# ---- control characters in messages ----
checks=$((checks + 1))
file x '{"\u001b[31m\u0007":{"dtype":"no\u001b[0m","shape":[1],"data_offsets":[0,1]}}' 1
tenon verify "$work/x.safetensors"
if [ "$status" -ne 1 ] || tr -d '\n' <"$work/error" | grep -q "$(printf '[\001-\037]')"; then
    fail 'control characters of the file reach the terminal'
fi

finish
