#!/bin/sh
# SPDX-License-Identifier: MIT
# test.sh: tests of nrrd.so, which TENON_PLUGIN_PATH must lead to. The command is $TENON, or the tenon in PATH.
set -u
: "${TENON:=tenon}"
work=$(mktemp -d "${TMPDIR:-/tmp}/tenon-nrrd.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work" || exit 1
failures=0

# expect TEXT EXPECTED FOUND
expect ()
{
    [ "$2" = "$3" ] && return
    failures=$((failures + 1))
    printf 'FAILED: %s: expected\n%s\nfound\n%s\n' "$1" "$2" "$3"
}
# file NAME HEADER-LINES DATA: writes a file; both are formats of printf
file ()
{
    printf "$2\n\n$3" >"$1"
}
# says TEXT COMMAND...: checks that the message of `tenon COMMAND` has the text
says ()
{
    text=$1
    shift
    said=$("$TENON" "$@" 2>&1)
    case $said in
    *"$text"*) ;;
    *) expect "tenon $*" "$text" "$said" ;;
    esac
}
items ()
{
    "$TENON" cat --text "$@" 2>&1
}

little='\001\000\002\000\003\000\004\000\005\000\006\000'
big='\000\001\000\002\000\003\000\004\000\005\000\006'
rows='1 2 3
4 5 6'

# ---- attached data, as pynrrd writes them ----
fields='type: int16\ndimension: 2\nspace dimension: 2\nsizes: 3 2\nendian: little\nencoding: raw\nlabels: "x" "y"'
file a.nrrd "NRRD0005\n# a comment: with a colon\n$fields\nmy key:=1\\\\n2 \\\\\\\\ 3 \nnrrd.labels:=mine" "$little"
expect 'the items' "$rows" "$(items a.nrrd)"
expect 'the metadata' 'nrrd.space dimension	string	2
nrrd.labels	string	"x" "y"
my key	string	1\n2 \\ 3 
nrrd.nrrd.labels	string	mine' "$("$TENON" ls --meta a.nrrd | head -n 4)"
"$TENON" convert --strict a.nrrd again.nrrd
expect 'what is written' 'NRRD0005
type: int16
dimension: 2
sizes: 3 2
endian: little
encoding: raw
space dimension: 2
labels: "x" "y"
my key:=1\n2 \\ 3 
nrrd.labels:=mine' "$(sed '/^$/q' again.nrrd)"
"$TENON" convert --strict again.nrrd third.nrrd
cmp again.nrrd third.nrrd || failures=$((failures + 1))

# ---- words, ends of lines, fields without spaces, big-endian ----
printf 'NRRD0001\r\nTYPE: Unsigned Short\r\nDimension: 1\r\nsizes:  6 \r\nencoding: RAW\r\nendian: BIG\r\n\r\n'"$big" >b.nrrd
expect 'big-endian, with CR LF' '1 2 3 4 5 6' "$(items b.nrrd | tr '\n' ' ' | sed 's/ $//')"
head='NRRD0004\ntype: short\ndimension: 2\nsizes: 3 2\nencoding: raw\nendian: little'
file c.nrrd "$head\nlineskip: 2\nbyte skip: 1" "one\ntwo\nx$little"
expect 'lines and a byte to skip' "$rows" "$(items c.nrrd)"
file c.nrrd "$head\nbyteskip: -1" "anything$little"
expect 'the data are the end' "$rows" "$(items c.nrrd)"

# ---- detached data ----
printf "$big" >d.raw
printf 'NRRD0004\ntype: short\ndimension: 2\nsizes: 3 2\nencoding: raw\nendian: big\ndata file: d.raw\n' >d.nhdr
expect 'the data beside the header' "$rows" "$(items d.nhdr)"
mkdir out
"$TENON" convert --strict d.nhdr out/e.nhdr 2>/dev/null || "$TENON" convert d.nhdr out/e.nhdr 2>/dev/null
expect 'two files are written' 'e.nhdr e.raw ' "$(ls out | tr '\n' ' ')"
expect 'and read' "$rows" "$(items out/e.nhdr)"
cmp d.raw out/e.raw || failures=$((failures + 1))
rm d.raw
says 'the file of its data is not beside the header' verify d.nhdr
printf "$head\ndata file: ../d.raw\n" >d.nhdr
says "'../d.raw' has a component" ls d.nhdr

# ---- encoded data: two streams of bzip2, which are one, where there is a filter of that name ----
one='\102\132\150\071\061\101\131\046\123\131\377\020\134\071\000\000\001\100\000\170\000\040\000\041\232\150\063\115\014\263\213\271\042\234\050\110\177\210\056\034\200'
two='\102\132\150\071\061\101\131\046\123\131\127\025\152\115\000\000\000\300\000\107\000\040\000\060\315\064\030\310\341\057\027\162\105\070\120\220\127\025\152\115'
file g.nrrd 'NRRD0004\ntype: short\ndimension: 2\nsizes: 3 2\nencoding: bz2\nendian: little\nline skip: 1\nbyte skip: 0' "a line\n$one$two"
case $("$TENON" formats -v) in
*'bzip2, levels 1 to 9'*) expect 'bzip2' "$rows" "$(items g.nrrd)" ;;
*) says 'filter of its encoding is not in use' verify g.nrrd ;;
esac

# ---- what cannot be read, and what is wrong ----
printf "$head\ndata file: LIST\na.raw\nb.raw\n" >f.nhdr
says 'in more than one file' verify f.nhdr
file f.nrrd 'NRRD0004\ntype: block\nblock size: 7\ndimension: 1\nsizes: 1\nencoding: raw' '1234567'
says 'no such type' verify f.nrrd
file f.nrrd 'NRRD0004\ntype: short\ndimension: 1\nsizes: 6\nencoding: text' '1 2 3 4 5 6'
says 'its encoding is' verify f.nrrd
file f.nrrd "$head" "${little}more"
says 'not read: 4' ls f.nrrd
file f.nrrd "$head" '\001'
says 'tensor' verify f.nrrd
file f.nrrd "NRRD0006\n" ''
says 'expected NRRD0001 to NRRD0005' ls f.nrrd
file f.nrrd "$head\nsizes: 3 2" "$little"
says 'is there twice' ls f.nrrd
file f.nrrd 'NRRD0004\ntype: short\ndimension: 1' ''
says '"sizes" is missing' ls f.nrrd
for sizes in '3' '3 2 1' '3 -2' '3 x' '3 99999999999999999999' '3x2'; do
    file f.nrrd "NRRD0004\ntype: short\ndimension: 2\nsizes: $sizes\nencoding: raw\nendian: little" "$little"
    says '"sizes": found' ls f.nrrd
done
for size in 99999999999999999999 9223372036854775808; do
    file f.nrrd "NRRD0004\ntype: short\ndimension: 2\nsizes: $size 3\nencoding: raw\nendian: little" "$little"
    says "\"sizes\": found \"$size 3\", expected a number" ls f.nrrd
done
file f.nrrd 'NRRD0004\ntype: short\ndimension: 17\nsizes: 1' ''
says 'encoding' ls f.nrrd
file f.nrrd 'NRRD0004\ntype: short\ndimension: 2\nsizes: 3 2\nencoding: raw' "$little"
says 'expected little or big' ls f.nrrd
file f.nrrd 'NRRD0004\nno field' ''
says 'expected a field' ls f.nrrd
file f.nrrd 'NRRD0004\na:=\000' ''
says 'NUL' ls f.nrrd
"$TENON" convert --set 'a:b=1' --set 'nrrd.sizes=1' --set 'nrrd.content= x' a.nrrd f.nrrd 2>said
expect 'what no line can hold is a loss' 3 "$(grep -c 'no line of an NRRD header' said)"

[ $failures -eq 0 ]
