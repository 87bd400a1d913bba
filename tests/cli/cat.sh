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

tenon cat --json nosuch.npy
exits 'no such file: JSON' 2
says 'no such file: JSON' out '{"file":"nosuch.npy","error":{"status":"TENON_E_NOT_FOUND"'

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
is 'strings' "$(cat out)" 'ab cd'
npy void.npy '|V4' False '(2,)' 'abcdefgh'
tenon cat --text void.npy
is 'opaque items' "$(cat out)" '61626364 65666768'
tenon cat --json void.npy
is 'opaque items in JSON' "$(tr -d '\n' <out)" '{"file":"void.npy","name":"void","dtype":"|V4","shape":[2],"data":["61626364","65666768"]}'
npy long.npy '<f16' False '(1,)' '0123456789abcdef'
tenon cat --text long.npy
is 'long double' "$(cat out)" 30313233343536373839616263646566
npy quoted.npy '|S4' False '(2, 3)' 'a b\000"\000\000\000\000\000\000\000\\\033\000\000\377\000\000\000end\n'
tenon cat --text quoted.npy
is 'strings in quotes' "$(tr '\n' '|' <out)" '"a b" "\"" ""|\\\x1b \xff end\n|'
tenon cat --json quoted.npy
is 'strings in JSON' "$(tail -n +2 out | tr -d '\n')" '"data":[["a b","\"",""],["\\\u001b",{"base64":"/w=="},"end\n"]]}'
tenon cat --text quoted.npy --slice :,1
is 'a string for each line has no quotes' "$(tr '\n' '|' <out)" '"|\xff|'

# records, whose type is a text of Python
record ()
{
    printf '\223NUMPY\001\000' >"$1"
    printf "{'descr': %s, 'fortran_order': False, 'shape': (%s,), }" "$2" "$3" >dict
    printf "\\$(printf %o $(($(wc -c <dict) % 256)))\\$(printf %o $(($(wc -c <dict) / 256)))" >>"$1"
    cat dict >>"$1"
    # shellcheck disable=SC2059 # octal bytes
    printf "$4" >>"$1"
}
record r.npy "[('x', '<i2'), ('', '|V1'), (('t', 'y'), '>i2', (2,)), ('in.ner', [('z', '|S2')]), ('e', '|V0')]" 2 '\001\000\377\000\002\000\003ab\004\000\377\000\005\000\006c\000'
tenon cat --text r.npy
is 'records' "$(tr '\n' '|' <out)" '(1, [2, 3], ("ab",), )|(4, [5, 6], ("c",), )|'
tenon cat --json r.npy
is 'records in JSON' "$(tail -n +2 out | tr -d '\n')" '"data":[{"x":1,"y":[2,3],"in.ner":{"z":"ab"},"e":""},{"x":4,"y":[5,6],"in.ner":{"z":"c"},"e":""}]}'
for field in y t; do
    tenon cat --field $field r.npy
    is "--field $field: bytes" "$(od -An -tx1 out | tr -d ' \n')" '0200030005000600'
    tenon cat --text --field $field --slice 1 r.npy
    is "--field $field: text" "$(cat out)" '5 6'
done
tenon cat --text --field in.ner.z r.npy
is '--field in a record' "$(cat out)" 'ab c'
tenon cat --field e r.npy
silent '--field of no bytes' out
tenon cat --field w r.npy
fails '--field: none' 2 "r.npy: tensor 'r' has no field 'w'"
tenon cat --field '' r.npy
fails '--field: padding' 2 "has no field ''"
tenon cat --field x a.npy
fails '--field: no records' 2 "the items of tensor 'a' are no records: they are i8"
tenon cat --field x --as i32 r.npy
fails '--field and --as' 2 '--as casts tensors, and of the fields of their records dates to i64'
tenon cat --field x --as f33 r.npy
fails '--field and --as: no such dtype' 2 "unknown dtype 'f33'"
record deep.npy "$(awk 'BEGIN { for (i = 0; i < 64; i++) printf "[(\047a\047, "; printf "\047<u1\047"; for (i = 0; i < 64; i++) printf ")]" }')" 2 '\007\010'
tenon cat --text --field "$(awk 'BEGIN { for (i = 0; i < 63; i++) printf "a."; print "a" }')" deep.npy
is '64 records in each other' "$(cat out)" '7 8'
tenon cat --json deep.npy
exits '64 records in each other: JSON' 0
record empty.npy "[('a', '|V0', (2147483647,)), ('b', '<u1')]" 1 '\007'
tenon cat --text empty.npy
is 'items without bytes' "$(cat out)" '([], 7)'
tenon cat --text --as f32 word.npy
exits 'opaque items are not cast' 2
tenon cat --text "$data/learning-rate.npy"
is 'rank 0' "$(cat out)" 0.0003
tenon cat "$data/covariance.npy"
is 'all bytes' "$(wc -c <out | tr -d ' ')" 32768
tenon cat --text "$data/tokens.npy"
is 'a row' "$(wc -lw <out | tr -s ' ')" ' 1 1500'
finish
