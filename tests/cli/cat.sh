#!/bin/sh
# SPDX-License-Identifier: MIT
# cat.sh: tenon cat.
. "${TENON_SRCDIR:-$srcdir}/tests/cli/check.sh"

# 3 × 4 numbers.
npy a.npy '|i1' False '(3, 4)' '\001\002\003\004\005\006\007\010\011\012\013\377'
tenon cat a.npy
exits 'bytes' 0
is 'bytes' "$(od -An -tx1 out | tr -d ' \n')" '0102030405060708090a0bff'

# text TEXT EXPECTED ARGUMENT...: --text prints this of a.npy, with '|' between the lines
text ()
{
    what=$1 expected=$2
    shift 2
    tenon cat --text "$@"
    exits "$what" 0
    is "$what" "$(tr '\n' '|' <out)" "$expected"
}
text 'all' '1 2 3 4|5 6 7 8|9 10 11 -1|' a.npy
text 'by name' '1 2 3 4|5 6 7 8|9 10 11 -1|' a.npy a
text 'an index keeps its dim' '5 6 7 8|' a.npy -s 1
text 'from the end' '9 10 11 -1|' a.npy --slice -1
text 'a range' '2 3|6 7|' a.npy --slice :2,1:3
text 'a column' '4|8|-1|' a.npy --slice :,-1
text 'steps' '1 3|9 11|' a.npy --slice ::2,::2
text 'cut to what is there' '9 10 11 -1|' a.npy --slice 2:99
text 'from before the beginning' '1 2 3 4|' a.npy --slice -99:1
text 'nothing' '' a.npy --slice 2:1
text 'no slice' '1 2 3 4|5 6 7 8|9 10 11 -1|' a.npy --slice ''
text 'as f64' '1 2 3 4|' a.npy --as f64 --slice 0
text 'as complex' '9+0j -1+0j|' a.npy --as c64 --slice 2,::3
text 'as bool' '1 1 1 1|' a.npy --as bool --slice 0
text 'as u8: the nearest there is' '0|' a.npy --as u8 --slice 2,3

tenon cat a.npy --slice 3
fails 'index outside' 2 'index 3 is outside of dim 0, which has 3'
tenon cat a.npy --slice -4
fails 'index outside, from the end' 2 'index -4 is outside'
tenon cat a.npy --slice 0,0,0
fails 'too many parts' 2 'more parts than the tensor has dims'
for slice in x 1: 0:x 1:2:3:4 ',' '0,' ' 1' 99999999999999999999; do
    tenon cat a.npy --slice "$slice"
    case $slice in
    1:) exits "slice '$slice'" 0 ;;
    *) fails "slice '$slice'" 2 'is no index and no START:STOP:STEP' ;;
    esac
done
tenon cat a.npy --slice ::-1
fails 'a negative step' 2 'a step must be 1 or more, not -1'
tenon cat a.npy --slice ::0
fails 'no step' 2 'a step must be 1 or more, not 0'
tenon cat a.npy b
fails 'no such tensor' 2 "a.npy: no tensor 'b', did you mean 'a'?"
tenon cat a.npy --as f33
fails 'no such dtype' 2 "unknown dtype 'f33', did you mean 'f32'? (tenon formats -v lists them)"

# Digits: the fewest that read back as the same number.
npy f32.npy '<f4' False '(4,)' '\315\314\314\075\000\000\200\077\000\000\200\177\000\000\300\377'
tenon cat --text f32.npy
is 'f32' "$(cat out)" '0.1 1 inf nan'
npy f64.npy '>f8' False '(2,)' '\077\271\231\231\231\231\231\232\300\026\146\146\146\146\146\146'
tenon cat --text f64.npy
is 'f64, big-endian' "$(cat out)" '0.1 -5.6'
tenon cat --text --as f16 f64.npy
is 'f16' "$(cat out)" '0.1 -5.6'
tenon cat --text --as bf16 f64.npy
is 'bf16' "$(cat out)" '0.1 -5.6'
tenon cat --text --as f8_e5m2 f64.npy
is 'f8_e5m2' "$(cat out)" '0.09375 -6'
tenon cat --text --as f4 f64.npy
is 'f4' "$(cat out)" '0 -6'
tenon cat f64.npy
is 'little-endian bytes' "$(od -An -tx1 out | tr -d ' \n')" '9a9999999999b93f66666666666616c0'

# Fortran order is printed in C order: columns 1 2 3, 4 5 6.
npy fortran.npy '|u1' True '(3, 2)' '\001\002\003\004\005\006'
tenon cat --text fortran.npy
is 'Fortran order' "$(tr '\n' '|' <out)" '1 4|2 5|3 6|'
npy big.npy '<u8' False '(2,)' '\377\377\377\377\377\377\377\377\001\001\001\001\001\001\001\200'
tenon cat --text big.npy
is 'u64' "$(cat out)" '18446744073709551615 9223654615654924545'
npy word.npy '|S2' False '(2,)' 'abcd'
tenon cat --text word.npy
is 'opaque items' "$(cat out)" '6162 6364'
tenon cat --text --as f32 word.npy
exits 'opaque items are not cast' 2
tenon cat --text "$data/learning-rate.npy"
is 'rank 0' "$(cat out)" 0.0003
tenon cat "$data/covariance.npy"
is 'all bytes' "$(wc -c <out | tr -d ' ')" 32768
tenon cat --text "$data/tokens.npy"
is 'a row' "$(wc -lw <out | tr -s ' ')" ' 1 1500'
finish
