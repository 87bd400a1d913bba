#!/bin/sh
# SPDX-License-Identifier: MIT
# golden.sh: tenon converts files by NumPy, ml_dtypes and MLX from npy to npy byte for byte. See samples/ORIGIN.
# shellcheck source=plugins/npy/tests/lib.sh
. "$(dirname "$0")/lib.sh"

# same NAME FROM EXPECTED ARGUMENT...: checks that converting FROM with these arguments gives the bytes of EXPECTED.
same ()
{
    checks=$((checks + 1))
    same_name=$1 same_from=$2 same_expected=$3
    shift 3
    rm -f "$work/to.npy"
    tenon convert "$@" "$same_from" "$work/to.npy"
    [ "$status" -eq 0 ] || { fail "$same_name: convert $* exits $status"; return; }
    cmp "$work/to.npy" "$same_expected" >"$work/out" 2>&1 || fail "$same_name: convert $* changes bytes"
}

# ---- files by numpy.save ----
for sample in "$samples"/golden/*.npy; do
    same "${sample##*/}" "$sample" "$sample"
done

# ---- legal files that numpy.save does not write ----
for sample in "$samples"/odd/*.npy; do
    same "${sample##*/}" "$sample" "${sample%.npy}.as-numpy"
done
same 'bf16-as-void, kept' "$samples/odd/bf16-as-void.npy" "$samples/odd/bf16-as-void.npy" -o npy.v2=opaque

# ---- every order and byte order to every other ----
for type in i2 i4 i8 u2 u4 u8 f2 f4 f8 c8 c16; do
    for from in c-little c-big f-little f-big; do
        same "$type-$from" "$samples/golden/$type-$from.npy" "$samples/golden/$type-c-little.npy" -o npy.order=c -o npy.byteorder=little
        same "$type-$from" "$samples/golden/$type-$from.npy" "$samples/golden/$type-c-big.npy" -o npy.order=c -o npy.byteorder=big
        same "$type-$from" "$samples/golden/$type-$from.npy" "$samples/golden/$type-f-little.npy" -o npy.order=fortran -o npy.byteorder=little
        same "$type-$from" "$samples/golden/$type-$from.npy" "$samples/golden/$type-f-big.npy" -o npy.order=fortran -o npy.byteorder=big
    done
done
for type in b1 i1 u1; do
    same "$type" "$samples/golden/$type-c.npy" "$samples/golden/$type-f.npy" -o npy.order=fortran -o npy.byteorder=big
    same "$type" "$samples/golden/$type-f.npy" "$samples/golden/$type-c.npy" -o npy.order=c
done
# An opaque type keeps its byte order; the order of its items may change.
for type in f16 c32; do
    for byteorder in little big; do
        same "$type-$byteorder" "$samples/golden/$type-c-$byteorder.npy" "$samples/golden/$type-f-$byteorder.npy" -o npy.order=fortran
        same "$type-$byteorder" "$samples/golden/$type-f-$byteorder.npy" "$samples/golden/$type-c-$byteorder.npy" -o npy.order=c -o npy.byteorder=big
    done
done
for name in vector scalar empty row-fortran column-fortran empty-columns-fortran; do
    same "$name" "$samples/golden/$name.npy" "$samples/golden/$name.npy" -o npy.order=fortran
done
same bf16-big "$samples/odd/bf16-big.npy" "$samples/odd/bf16.npy" -o npy.byteorder=little
same bf16 "$samples/odd/bf16.npy" "$samples/odd/bf16-big.npy" -o npy.byteorder=big
same bf16-fortran "$samples/odd/bf16-fortran.npy" "$samples/odd/bf16.npy" -o npy.order=c

# ---- the f8 family ----
while read -r name dtype word; do
    sample=$samples/fp8/$name.npy
    same "$name" "$sample" "$sample" -o npy.v1="$dtype" -o npy.fp8=void
    checks=$((checks + 1))
    tenon ls --json -o npy.v1="$dtype" "$sample"
    { [ "$status" -eq 0 ] && said "\"$dtype\""; } || fail "$name: ls does not say $dtype"
    checks=$((checks + 1))
    rm -f "$work/to.npy"
    tenon convert -o npy.v1="$dtype" "$sample" "$work/to.npy"
    { [ "$status" -eq 2 ] && said "$dtype" npy.fp8=void "$word" && [ ! -e "$work/to.npy" ]; } ||
        fail "$name: it was written, or refused without the words that help"
    checks=$((checks + 1))
    tenon cat --text --as f32 -o npy.v1="$dtype" "$sample"
    { [ "$status" -eq 0 ] && [ "$(tr -cs '0-9.' ' ' <"$work/out" | sed 's/^ //; s/ $//')" = '1 2 0.5 4 8 0.25' ]; } ||
        fail "$name: its values are not 1 2 0.5 / 4 8 0.25"
done <<END
float8_e4m3fn f8_e4m3 <V1
float8_e5m2 f8_e5m2 <f1
float8_e4m3fnuz f8_e4m3fnuz <V1
float8_e5m2fnuz f8_e5m2fnuz <V1
float8_e8m0fnu f8_e8m0 <V1
END
for name in float8_e4m3fn float8_e8m0fnu; do
    same "$name, opaque" "$samples/fp8/$name.npy" "$samples/fp8/$name.npy"
done

finish
