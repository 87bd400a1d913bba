#!/bin/sh
# SPDX-License-Identifier: MIT
# quantise.sh: `tenon convert --as` quantises floats to the same blocks as ggml (samples/quants, see samples/ORIGIN), into a file and
# through a pipe, from any format; `tenon formats` lists the dtypes that it can encode.
# shellcheck source=tests/plugin.sh
. "$(dirname "$0")/../../../tests/plugin.sh"
types='q4_0 q4_1 q5_0 q5_1 q8_0 q1_0 q2_0 q2_k q3_k q4_k q5_k q6_k tq1_0 tq2_0 mxfp4 nvfp4 iq4_nl iq4_xs'
read_only='iq1_s iq1_m iq2_xxs iq2_xs iq2_s iq3_xxs iq3_s'
carried='q8_1 q8_k'

# succeeds ARGUMENT...: checks that the command succeeds
succeeds ()
{
    checks=$((checks + 1))
    tenon "$@"
    [ "$status" -eq 0 ] || fail "tenon $*: exits $status"
}

# the_same FILE TYPE: checks that the tensor named TYPE has ggml's blocks
the_same ()
{
    checks=$((checks + 1))
    tenon hash "$work/$1"
    grep -qxF "$(grep " $2\$" "$work/blocks")" "$work/out" || fail "$1: $2 is not what ggml makes"
}

tenon hash "$samples/quants/quants.gguf"
mv "$work/out" "$work/blocks"
as=
for type in $types; do
    as="$as --as=$type:$type"
done
# shellcheck disable=SC2086 # words
succeeds convert -q $as "$samples/quants/quants-source-f32.gguf" "$work/all.gguf"
# shellcheck disable=SC2086
succeeds convert -q $as --format=gguf "$samples/quants/quants-source-f32.gguf" -
cp "$work/out" "$work/pipe.gguf"
succeeds convert -q "$samples/quants/quants-source-f32.gguf" "$work/floats.safetensors"
# shellcheck disable=SC2086
succeeds convert -q $as "$work/floats.safetensors" "$work/other.gguf"
for type in $types; do
    for file in all.gguf pipe.gguf other.gguf; do
        the_same $file "$type"
    done
done

# f64 gives the same floats
succeeds convert -q --only=q8_0 --as=f64 "$samples/quants/quants-source-f32.gguf" "$work/wide.gguf"
succeeds convert -q --as=q8_0 "$work/wide.gguf" "$work/narrow.gguf"
the_same narrow.gguf q8_0

# tenon refuses types that it cannot encode
for type in $read_only $carried; do
    checks=$((checks + 1))
    tenon convert --only=q4_0 --as="$type" "$samples/quants/quants-source-f32.gguf" "$work/none.gguf"
    { [ "$status" -ne 0 ] && said "f32 cannot be cast to $type: nothing is converted to that type"; } || fail "--as=$type does not fail"
done

# the notes name ten of the twelve vectors that stay f32, with -v all; the header is padded to 1000 bytes
awk 'BEGIN { header = "{"; for (i = 0; i < 12; i++) header = header (i ? "," : "") "\"v" i "\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}"
    printf "%-1000s", header "}" }' >"$work/header"
{ printf '\350\003\000\000\000\000\000\000' && cat "$work/header"; } >"$work/vectors.safetensors"
succeeds convert --as=q4_0 "$work/vectors.safetensors" "$work/none.gguf"
checks=$((checks + 1))
{ [ "$(grep -c ': stays f32: ' "$work/error")" -eq 10 ] && said 'note: 2 more tensors stay as they are (-v tells all)'; } || fail 'not ten of twelve notes'
succeeds convert -v --as=q4_0 "$work/vectors.safetensors" "$work/none.gguf"
checks=$((checks + 1))
[ "$(grep -c ': stays f32: ' "$work/error")" -eq 12 ] || fail 'not all notes with -v'

tenon formats --json
tr '{' '\n' <"$work/out" >"$work/dtypes"
# tells TYPE READ WRITE: checks the line of a type in `formats --json`
tells ()
{
    checks=$((checks + 1))
    grep -q "\"name\":\"$1\",\"kind\":\"block\",.*\"read\":$2,\"write\":$3}" "$work/dtypes" || fail "formats --json: $1"
}
for type in $types; do
    tells "$type" true true
done
for type in $read_only; do
    tells "$type" true false
done
for type in $carried; do
    tells "$type" false false
done

# named LINE TYPE...: checks that `formats -v` has these types below LINE, before the next line without indentation
named ()
{
    named_line=$1
    shift
    for named_type; do
        checks=$((checks + 1))
        awk -v line="$named_line" '/^[^ ]/ { on = index ($0, line) == 1 } on && /^ /' "$work/formats" |
            grep -qw "$named_type" || fail "formats -v: $named_type is not below '$named_line'"
    done
}
tenon formats -v
mv "$work/out" "$work/formats"
# shellcheck disable=SC2086
{
    named 'dtypes that are only read' $read_only
    named 'dtypes that are only carried' $carried
}

finish
