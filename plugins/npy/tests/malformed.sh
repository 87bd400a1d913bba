#!/bin/sh
# SPDX-License-Identifier: MIT
# malformed.sh: files that the npy plugin must refuse, with these messages, and odd files that it must accept. The numbers refer to
# the list of inputs in the description of the format.
# shellcheck source=plugins/npy/tests/lib.sh
. "$(dirname "$0")/lib.sh"

# header NAME DESCR FORTRAN-ORDER SHAPE DATA-BYTES: makes a file with these texts in its header
header ()
{
    file "$1" 1 "{'descr': $2, 'fortran_order': $3, 'shape': $4, }" "$5"
}
descr () { header descr "$1" False '(2,)' "${2:-64}"; }
shape () { header shape "'|u1'" False "$1" "${2:-64}"; }
text () { file text "${2:-1}" "$1" 64; }

good="{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }"

# ---- 1, 2: magic and version ----
printf 'NUMPY\001\000' >"$work/text.npy"; zeros 100 >>"$work/text.npy"
refused text.npy 'found the bytes 4e 55 4d 50 59 01' 'expected 93 4e 55 4d 50 59' 'byte 0'
printf '\223NUMPX\001\000' >"$work/text.npy"; zeros 100 >>"$work/text.npy"
refused text.npy 'found the bytes 93 4e 55 4d 50 58'
printf '\223NU' >"$work/text.npy"; refused text.npy 'found the end of the file, expected \x93NUMPY and a version' 'byte 3'
printf '\223NUMPY\001' >"$work/text.npy"; refused text.npy 'found the end of the file'
: >"$work/text.npy"; refused text.npy 'it is empty'
for version in 0 4 9 255; do
    file text "$version" "$good" 2; refused text.npy "found version $version.0, expected 1.0, 2.0 or 3.0" 'byte 6'
done
{ printf '\223NUMPY\001\001\072\000'; printf '%s' "$good"; zeros 2; } >"$work/text.npy"
refused text.npy 'found version 1.1, expected 1.0, 2.0 or 3.0'

# ---- 3, 4: the header's length ----
printf '\223NUMPY\001\000' >"$work/text.npy"; refused text.npy "expected the header's length"
printf '\223NUMPY\002\000\000\000\000' >"$work/text.npy"; refused text.npy "expected the header's length"
printf '\223NUMPY\001\000\377\377{' >"$work/text.npy"
refused text.npy 'found a header of 65535 bytes, but 1 bytes are left' 'byte 8'
printf '\223NUMPY\002\000\377\377\377\377' >"$work/text.npy"
refused text.npy 'found a header of 4294967295 bytes, but 0 bytes are left' 'byte 8'
printf '\223NUMPY\001\000\000\000' >"$work/text.npy"
refused text.npy 'found the end of the header, expected the { of a dictionary' 'byte 10'
file text 1 "$good" 2
checks=$((checks + 1))
tenon verify -o npy.max_header=57 "$work/text.npy"
[ "$status" -eq 0 ] || fail "npy.max_header=57 does not take a header of 57 bytes"
checks=$((checks + 1))
tenon verify -o npy.max_header=56 "$work/text.npy"
{ [ "$status" -eq 1 ] && said 'found a header of 57 bytes, npy.max_header allows 56'; } || fail "npy.max_header=56"

# ---- 5: texts that are not a dictionary of literals ----
text '__import__("os").system("true")'; refused text.npy 'found __import__, expected the { of a dictionary' 'byte 10'
text "dict(descr='|u1', fortran_order=False, shape=(2,))"; refused text.npy 'found dict, expected the {'
text "{'descr': str('|u1'), 'fortran_order': False, 'shape': (2,), }"; refused text.npy 'found str, expected a type'
text "{'descr': '|u1', 'fortran_order': not True, 'shape': (2,), }"; refused text.npy 'found not, expected True or False'
text "{'descr': '|u1', 'fortran_order': False, 'shape': tuple([2]), }"; refused text.npy 'found tuple, expected the shape'
text "{'descr': '|u1', 'fortran_order': False, 'shape': (1+1,), }"; refused text.npy 'found +, expected a comma'
text "{'descr': '|u1' 'u1', 'fortran_order': False, 'shape': (2,), }"; refused text.npy "found ', expected a comma, or the }"
text "{'descr': b'|u1', 'fortran_order': False, 'shape': (2,), }"; refused text.npy 'found b, expected a type'
text "{'descr': '|u1', # none
'fortran_order': False, 'shape': (2,), }"; refused text.npy 'found #, expected a key'
text '{"descr", "fortran_order"}'; refused text.npy 'found ,, expected a colon'
text '[]'; refused text.npy 'found [, expected the {'
text "{'descr': '|u1', 'fortran_order': False, 'shape': (2,)"; refused text.npy 'found the end of the header, expected a comma, or the }'
text "${good}x"; refused text.npy 'found x, expected nothing but white space after the dictionary' 'byte 67'
text "${good}${good}"; refused text.npy 'found {, expected nothing but white space'
text '{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{'; refused text.npy 'found {, expected a key'
deep=$(awk 'BEGIN { for (i = 0; i < 1500; i++) printf "[(\x27a\x27, " }')
descr "$deep'|u1'"; refused descr.npy 'nested deeper than' 'limits.depth'
nested () { awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) printf "[(\047a\047, "; printf "\047|u1\047"; for (i = 0; i < n; i++) printf ")]" }'; }
descr "$(nested 20)" 2; accepted descr.npy '"nbytes":2'
descr "$(nested 101)"; refused descr.npy 'nested deeper than'
{ printf '\223NUMPY\001\000\072\000'; printf '%s\000' "$good"; zeros 2; } >"$work/text.npy"
refused text.npy 'found the byte 0x00, expected nothing but white space'

# ---- 6: keys ----
text "{'fortran_order': False, 'shape': (2,), }"; refused text.npy "expected the key 'descr'"
text "{'descr': '|u1', 'shape': (2,), }"; refused text.npy "expected the key 'fortran_order'"
text "{'descr': '|u1', 'fortran_order': False, }"; refused text.npy "expected the key 'shape'"
text '{}'; refused text.npy "expected the key 'descr'"
text "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), 'more': 1}"
refused text.npy "found the key 'more', expected descr, fortran_order or shape"
text "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (2,), }"
refused text.npy "found the key 'descr' a second time" 'byte 27'
text "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), 'd\\x65scr': '|i1', }"
refused text.npy "found the key 'descr' a second time"
text "{descr: '|u1', 'fortran_order': False, 'shape': (2,), }"; refused text.npy 'found descr, expected a key'
text "{'descr': '|u1',, 'fortran_order': False, 'shape': (2,), }"; refused text.npy 'found ,, expected a key'
text "{'DESCR': '|u1', 'fortran_order': False, 'shape': (2,), }"; refused text.npy "found the key 'DESCR'"

# ---- 7, 8: shape ----
shape '[2]'; refused shape.npy 'found [, expected the shape: a tuple of integers'
shape '(2)'; refused shape.npy 'found ), expected a comma: a tuple of one is written (2,)'
shape 2; refused shape.npy 'found 2, expected the shape: a tuple'
shape 'None'; refused shape.npy 'found None, expected the shape'
shape '(2.0,)'; refused shape.npy 'found 2.0, expected a dim'
shape '(2e1,)'; refused shape.npy 'found 2e1, expected a dim'
shape '(True,)'; refused shape.npy 'found True, expected a dim'
shape '(-1,)'; refused shape.npy 'found -, expected a dim'
shape '(2, -1)'; refused shape.npy 'found -, expected a dim: an integer from 0'
shape '(+2,)'; refused shape.npy 'found +, expected a dim'
shape '(0x2,)'; refused shape.npy 'found 0x2, expected a dim'
shape '(1_0,)'; refused shape.npy 'found 1_0, expected a dim'
shape '(02,)'; refused shape.npy 'an integer that begins with 0'
shape '("2",)'; refused shape.npy 'found ", expected a dim'
shape '(2 3)'; refused shape.npy 'found 3, expected a comma'
shape '(2, 3'; refused shape.npy 'found }, expected'
shape '(,)'; refused shape.npy 'found ,, expected a dim'
shape '((2,),)'; refused shape.npy 'found (, expected a dim'
shape '(2l,)'; refused shape.npy 'found 2l, expected a dim'
shape '(2LL,)'; refused shape.npy 'found 2LL, expected a dim'
shape '(2L,)' 2; accepted shape.npy '"shape":[2]'
shape '(2L, 3L)' 6; accepted shape.npy '"shape":[2,3]'
shape '()' 1; accepted shape.npy '"shape":[]' '"nbytes":1'
shape '( 2 , 3 , )' 6; accepted shape.npy '"shape":[2,3]'
ones () { awk -v n="$1" 'BEGIN { printf "("; for (i = 0; i < n; i++) printf "1, "; printf ")" }'; }
shape "$(ones 64)" 1; accepted shape.npy '"nbytes":1'
shape "$(ones 65)" 1; unreadable shape.npy 'found more than 64 dims, and NumPy has no more'
shape "$(ones 5000)" 1; unreadable shape.npy 'found more than 64 dims, and NumPy has no more'
shape "$(ones 65 | tr ')' 'x')" 1; refused shape.npy 'more than 64 dims'

# ---- 9, 10: sizes ----
shape '(4294967296, 4294967296)'; refused shape.npy 'the product of its shape is 2^63 or more'
shape '(3037000500, 3037000500)'; refused shape.npy 'the product of its shape is 2^63 or more'
header shape "'<f8'" False '(4611686018427387904,)' 64; refused shape.npy 'size in bytes is 2^63 or more'
header shape "'<c16'" False '(1152921504606846976,)' 64; refused shape.npy 'size in bytes is 2^63 or more'
header shape "[('a', '|V2147483647')]" False '(2147483648, 4)' 64; refused shape.npy 'size in bytes is 2^63 or more'
shape '(0, 9223372036854775807)' 0; accepted shape.npy '"shape":[0,9223372036854775807]' '"nbytes":0'
# NumPy refuses this file too: the type has several bytes, and NumPy multiplies the dims that are not 0.
header shape "'<f4'" False '(0, 9223372036854775807)' 0; refused shape.npy 'size in bytes is 2^63 or more'
shape '(9223372036854775808,)'; refused shape.npy 'an integer of 2^63 or more'
shape '(0, 9223372036854775808)'; refused shape.npy 'an integer of 2^63 or more'
shape '(99999999999999999999999999999999,)'; refused shape.npy 'an integer of 2^63 or more'

# ---- 11: objects ----
for object in "'|O'" "'O'" "'<O'" "'|O8'" "'O4'" "[('a', '<f4'), ('b', '|O')]" "[('a', [('b', ('O', (2,)))])]"; do
    descr "$object"; unreadable descr.npy 'Python objects, stored as a pickle, which is a program and is never run'
done

# ---- 12: types ----
for type in f3 '<f5' '<x4' '<i16' '<u3' '|b2' '<c4' '<' '|' '' '<4' '<i4 ' ' <i4' 'floa32' '<float32' '<i4,<i4' '2i4' '<i-4' \
    '<i0' '<M4' '<M16[ns]' '<i4[ns]' '|S2147483648' '|V99999999999999999999' '<U536870912' '|S5x' '|T16' '|t8' '<<i4'; do
    descr "'$type'"; unreadable descr.npy "found the type '$type'"
done
for type in 'M8[ns' 'M8[]' 'M8[xx]' 'M8[ns]x' 'M8[-1s]' 'M8[10]' 'M8[ s]' 'M8ns' 'm8[B]' 'M8[9999999999s]'; do
    descr "'<$type'"; unreadable descr.npy "found the type '<$type', expected a unit of time"
done
text "{'descr': '|u1, 'fortran_order': False, 'shape': (2,), }"; refused text.npy "found the type '|u1, '"
text "{'descr': '|u1"; refused text.npy 'found the end of the header, expected the quote'
text "{'descr': '|u1
', 'fortran_order': False, 'shape': (2,), }"; refused text.npy 'found the byte 0x0a, expected the quote'
descr 'None'; refused descr.npy 'found None, expected a type'
descr '4'; refused descr.npy 'found 4, expected a type'
descr "('<f4', (2,))"; unreadable descr.npy 'found (, expected a string'
descr "{'a': '<f4'}"; refused descr.npy 'found {, expected a type'
descr "['<f4']"; unreadable descr.npy "found ', expected a field"
descr "[('a',)]"; unreadable descr.npy 'found ), expected a type'
descr "[('a')]"; unreadable descr.npy 'found ), expected a comma'
descr "[('a', '<f4']"; refused descr.npy 'found ], expected the )'
descr "[('a', '<f4') 1]"; unreadable descr.npy 'found 1, expected a comma, or the ]'
descr "[('a', '<f4')"; refused descr.npy "found ', expected a field"
descr "[('a', '<f4'),,]"; unreadable descr.npy 'found ,, expected a field'
descr "[(1, '<f4')]"; unreadable descr.npy "found 1, expected a field's name"
descr "[(('a',), '<f4')]"; unreadable descr.npy "found ), expected a field's name"
descr "[('a', '<f4', (2,), 1)]"; unreadable descr.npy 'found 1, expected the )'
descr "[('a', '<f4', (2))]"; unreadable descr.npy 'found ), expected a comma: a tuple of one'
descr "[('a', '<f4', (-1,))]"; unreadable descr.npy 'found -, expected a dim of a sub-array'
descr "[('a', '<f4', [2])]"; unreadable descr.npy 'found [, expected a dim of a sub-array'
descr "[('a', '<f4', (2147483648,))]"; unreadable descr.npy 'found the dim 2147483648 of a sub-array'
descr "[('a', '<f4', (65536, 65536))]"; unreadable descr.npy 'a type of 2^31 bytes or more'
descr "[('a', '|V2147483647'), ('b', '|u1')]"; unreadable descr.npy 'a type of 2^31 bytes or more'
descr "[('a', ('<f4', {'x': 1}))]"; unreadable descr.npy 'found {, expected a dim of a sub-array'
descr "[('\\q', '<f4')]"; unreadable descr.npy 'found q, expected one of'
descr "[('\\x4', '<f4')]"; unreadable descr.npy "found ', expected a hexadecimal digit"
descr "[('\\U00110000', '<f4')]"; unreadable descr.npy 'found the code point 00110000'
descr "[('\\N{DIGIT ONE}', '<f4')]"; unreadable descr.npy 'found N, expected one of'
for sequence in '\377' '\200' '\300\200' '\340\200\200' '\355\240\200' '\364\220\200\200' '\303' '\360\237\230'; do
    # shellcheck disable=SC2059 # the format is the bytes
    file descr 3 "{'descr': [('$(printf "$sequence")', '<f4')], 'fortran_order': False, 'shape': (2,), }" 8
    unreadable descr.npy 'expected UTF-8, which is the encoding of version 3.0'
done
descr "[]" 0; accepted descr.npy '"nbytes":0'
descr "[('a', '<f4', 2), ('', '|V3'), (('t', 'b'), ('|u1', (2, 2)),),]" 30; accepted descr.npy '"nbytes":30'
for type in '=f4' 'f4' '|f4' '<f4'; do
    descr "'$type'" 8; accepted descr.npy '"dtype":"f32"' '"endian":"little"'
done
descr "'>f4'" 8; accepted descr.npy '"dtype":"f32"' '"endian":"big"'
descr "'<V2'" 4; accepted descr.npy '"dtype":"bf16"'
descr "'|V2'" 4; accepted descr.npy '"dtype":"bf16"'
descr "'>V2'" 4; accepted descr.npy '"dtype":"bf16"' '"endian":"big"'
descr "'<f1'" 2; accepted descr.npy '"dtype":"f8_e5m2"'
descr "'<V1'" 2; accepted descr.npy '"dtype":"<V1"'
descr "'<f16'" 32; accepted descr.npy '"dtype":"<f16"' '"nbytes":32'
descr "'<M8[generic]'" 16; accepted descr.npy '"dtype":"<M8[generic]"' '"nbytes":16'

# ---- 13: fortran_order ----
for order in 1 0 "'True'" None true; do
    header order "'|u1'" "$order" '(2,)' 2; refused order.npy 'expected True or False'
done
header order "'|u1'" True '(2, 3)' 6; accepted order.npy '"order":"F"'
header order "'|u1'" True '(1, 3)' 3; accepted order.npy '"order":"C"'

# ---- 14, 15, 16: the data ----
header data "'<f4'" False '(2, 3)' 23; unreadable data.npy '24 bytes'
header data "'<f4'" False '(2, 3)' 0; unreadable data.npy '24 bytes'
header data "'<f4'" False '(1000000000, 1000000000)' 24; unreadable data.npy '4000000000000000000 bytes'
header data "'<f4'" False '(2, 3)' 25; accepted data.npy '"nbytes":24'
checks=$((checks + 1))
tenon verify "$work/data.npy"
said '1 byte after the array' || fail 'verify does not speak of the byte after the array'
for spaces in '' ' ' '  ' '   '; do
    file data 1 "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }$spaces" 24
    accepted data.npy "\"offset\":$((67 + ${#spaces}))" '"nbytes":24'
done

finish
