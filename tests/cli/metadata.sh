#!/bin/sh
# SPDX-License-Identifier: MIT
# metadata.sh: the command with many tensors and typed metadata; with toyraw, whose header (tests/abi/plugins/toyraw.h)
# documents its files.
. "${TENON_SRCDIR:-$srcdir}/tests/cli/check.sh"
TENON_PLUGIN_PATH=$TENON_PLUGIN_PATH:${TENON_TEST_PLUGINS:?}
export TENON_PLUGIN_PATH

# little BYTES NUMBER: a number below 2^31 in so many bytes
little ()
{
    bytes='' rest=$2
    for _ in 1 2 3 4 5 6 7 8; do
        [ ${#bytes} -lt $(($1 * 4)) ] || break
        bytes=$bytes\\$(printf %03o $((rest & 255)))
        rest=$((rest >> 8))
    done
    # shellcheck disable=SC2059
    printf "$bytes"
}
# text BYTES TEXT: TEXT, as printf takes it, after its length
text ()
{
    # shellcheck disable=SC2059
    printf "$2" >text
    little "$1" $(($(wc -c <text)))
    cat text
}
# tensor NAME DTYPE OFFSET DIM...
tensor ()
{
    text 2 "$1"
    text 1 "$2"
    offset=$3
    shift 3
    little 1 $#
    little 4 0
    for dim; do little 8 "$dim"; done
    little 8 "$offset"
    printf '\377\377\377\377\377\377\377\377'
}
# raw FILE TENSORS ENTRIES DATA: the entries and tensors come in
raw ()
{
    cat >body
    {
        printf TOYRAW1L
        little 4 "$2"
        little 4 "$3"
        little 8 $((24 + $(wc -c <body)))
        cat body
        # shellcheck disable=SC2059
        printf "$4"
    } >"$1"
}

{
    text 2 u64; printf '\005\377\377\377\377\377\377\377\377'
    text 2 i64; printf '\011\000\000\000\000\000\000\000\200'
    text 2 f32; printf '\014\254\305\047\067'
    text 2 f64; printf '\015\232\231\231\231\231\231\271\077'
    text 2 one; printf '\015\000\000\000\000\000\000\360\077'
    text 2 nan; printf '\015\000\000\000\000\000\000\370\177'
    text 2 inf; printf '\014\000\000\200\377'
    text 2 bool; printf '\001\001'
    text 2 words; printf '\076'; text 4 'gr\303\274n\n"/\\'
    text 2 bytes; printf '\076'; text 4 '\377\376'
    text 2 none; printf '\000'
    text 2 array; printf '\077\006'; little 8 10; printf '\001\002\003\004\005\006\007\010\011\377'
    text 2 strings; printf '\077\076'; little 8 2; text 4 a; text 4 '\377'
    text 2 odd; printf '\077\076'; little 8 3; text 4 'a", "b'; text 4 '\\\033[2J\n'; text 4 '\303\251\377'
    text 2 nested; printf '\077\077'; little 8 2; printf '\077\002'; little 8 2; printf '\001\002\077\002'; little 8 0
    text 2 'k\033[2Jy'; printf '\002\007'
    tensor w f32 0 2 1
    tensor v u8 8 3
    tensor 'a=b' u8 11 1
    tensor 'z\n\033[2J' f4 12 2
} | raw m.toyraw 4 16 '\000\000\200\077\000\000\000\100\001\002\003\004\021'

tenon ls --json m.toyraw
exits '--json' 0
for words in '"u64":18446744073709551615' '"i64":-9223372036854775808' '"f32":9.999999747378752e-06' '"f64":0.1' \
    '"one":1.0' '"nan":"NaN"' '"inf":"-Infinity"' '"bool":true' '"words":"grün\n\"/\\"' '"bytes":{"base64":"//4="}' \
    '"none":null' '"array":[1,2,3,4,5,6,7,8,9,-1]' '"strings":["a",{"base64":"/w=="}]' '"nested":[[1,2],[]]' \
    '"odd":["a\", \"b","\\\u001b[2J\n",{"base64":"w6n/"}]' '"odd":"array:string"' \
    '"k\u001b[2Jy":7' '"array":"array:i8"' '"strings":"array:string"' '"nested":"array:array"' '"none":"null"' \
    '"name":"z\n\u001b[2J"' '"name":"a=b","dtype":"u8","shape":[1],"nbytes":1,'; do
    says "--json: $words" out "$words"
done
tenon ls --meta m.toyraw
exits '--meta' 0
for words in "u64${tab}u64${tab}18446744073709551615" "f32${tab}f32${tab}1e-05" "nan${tab}f64${tab}nan" \
    "words${tab}string${tab}grün\\n\"/\\" "array${tab}array:i8${tab}[1, 2, 3, 4, 5, 6, 7, 8, ... 10 items]" \
    "nested${tab}array:array${tab}[[1, 2], []]" "odd${tab}array:string${tab}[\"a\\\", \\\"b\", \"\\\\\\x1b[2J\\n\", " \
    'k\x1b[2Jy' 'z\n\x1b[2J' '4 tensors, 8 elements, 13 bytes, toyraw'; do
    says "--meta: $words" out "$words"
done
tenon ls -m=full m.toyraw
says '-m=full' out '[1, 2, 3, 4, 5, 6, 7, 8, 9, -1]'
tenon ls --meta=full m.toyraw
says '--meta=full' out '[1, 2, 3, 4, 5, 6, 7, 8, 9, -1]'
# a terminal gets nothing but letters
if script -qec true /dev/null >/dev/null 2>&1; then
    script -qec "'$TENON' ls --meta=full m.toyraw" /dev/null </dev/null >out
    says '--meta on a terminal' out '["a\", \"b", "\\\x1b[2J\n", "é\xff"]'
    is '--meta on a terminal: no bare control' "$(tr -d '\r\n' <out | LC_ALL=C tr -dc '\000-\032\034-\037\177' | wc -c | tr -d ' ')" 0
    is '--meta on a terminal: no erasing' "$(grep -c "$(printf '\033\[2J')" out)" 0
fi
tenon ls --meta=some m.toyraw
fails '--meta=some' 2 '--meta takes full'

for sort in 'name:a=b v w z\n\x1b[2J' 'size:w v a=b z\n\x1b[2J' 'offset:w v a=b z\n\x1b[2J'; do
    tenon ls -q --sort "${sort%%:*}" m.toyraw
    is "--sort ${sort%%:*}" "$(cut -f 1 out | tr '\n' ' ')" "${sort#*:} "
done
tenon ls --only v --only 'z*' m.toyraw
is '--only twice' "$(grep -c "$tab" out)" 2
says '--only: the summary' out '2 of 4 tensors, 5 elements, 4 bytes, toyraw'

tenon cat m.toyraw
fails 'cat: which?' 2 'm.toyraw: has 4 tensors, name one of them'
tenon cat m.toyraw v
is 'cat: by name' "$(od -An -tx1 out | tr -d ' \n')" 010203
tenon cat --text m.toyraw "$(printf 'z\n\033[2J')"
is 'cat: f4' "$(cat out)" '0.5 0.5'

tenon convert --only w m.toyraw w.npy
exits 'losses' 0
says 'losses' err 'tenon: loss: u64: '
says 'losses: not all' err 'tenon: loss: 6 more losses'
tenon convert -q --only w m.toyraw w.npy
says 'losses are never hidden' err 'tenon: loss: '
tenon convert -v --only w m.toyraw w.npy
is 'losses: all' "$(grep -c '^tenon: loss: ' err)" 16
tenon convert --json --only w m.toyraw w.npy
is 'losses in JSON' "$(tr '{' '\n' <out | grep -c '"message":')" 16
rm w.npy
tenon convert --strict --only w m.toyraw w.npy
exits '--strict' 2
[ ! -e w.npy ]
is '--strict wrote nothing' $? 0
tenon convert m.toyraw w.npy
fails 'too many tensors' 2 'w.npy: '

# f4 is carried as bytes in a format without it, and restored
tenon convert m.toyraw c.toyplain
fails 'without --carry' 2 'toyplain cannot hold f4'
says 'without --carry: hint' err 'hint: --as DTYPE converts it to one that the format holds; --carry stores its bytes'
tenon convert -v --carry m.toyraw c.toyplain
exits '--carry' 0
says '--carry' err 'f4 is carried as 1 u8'
tenon ls --json c.toyplain
says '--carry: it comes back' out '"dtype":"f4","shape":[2],"nbytes":1,'
says '--carry: in its order' out '"name":"w"'
is '--carry: nothing else does' "$(grep -c tenon.types out)" 0
tenon cat --text c.toyplain "$(printf 'z\n\033[2J')"
is '--carry: and is the same' "$(cat out)" '0.5 0.5'
tenon convert --carry m.toyraw c.npy
fails '--carry without metadata' 2 'npy cannot hold f4, nor carry it: it has no metadata that could tell what it was'

tenon convert --except 'z*' --rename w=v --rename v=w --rename a=b=c=d m.toyraw n.toyraw
exits '--rename' 0
tenon ls -q n.toyraw
is '--rename' "$(cut -f 1 out | tr '\n' ' ')" 'v w c=d '
tenon convert --except w --rename w=x m.toyraw n.toyraw
fails '--rename what is left out' 2 "'w' is left out"
tenon convert --rename w=v m.toyraw n.toyraw
exits 'two of one name' 2
tenon convert m.toyraw n.toyraw
tenon ls --json n.toyraw
sed 's/n\.toyraw/m.toyraw/; s/"offset":[0-9]*/"offset":0/' out >there
tenon ls --json m.toyraw
sed 's/"offset":[0-9]*/"offset":0/' out >here
same 'metadata travels' there here

tenon hash m.toyraw
is 'hash: sorted' "$(cut -c 74- out | tr '\n' ' ')" 'a=b v w z\n\x1b[2J '
cp out list
tenon hash --only w --check list m.toyraw
is 'hash --check --only' "$(cat out)" 'w: ok'
tenon hash --check list n.toyraw
exits 'hash --check of a copy' 0
tenon convert --only w m.toyraw o.toyraw
tenon hash --check list o.toyraw
exits 'hash --check of a part' 1
says 'hash --check of a part' out 'v: missing'
finish
