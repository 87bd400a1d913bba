#!/bin/sh
# SPDX-License-Identifier: MIT
# escape.sh: what a file or an argument says commands no terminal, hides nothing, and can be told from everything else.
. "${TENON_SRCDIR:-$srcdir}/tests/cli/check.sh"
cp "$data/learning-rate.npy" plain.npy

terminal=no
if command -v script >/dev/null && script -qec true /dev/null </dev/null >/dev/null 2>&1; then terminal=yes; fi
on_terminal ()
{
    script -qec "$1" /dev/null </dev/null 2>&1 | tr -d '\r' >out
}

# hidden OCTAL SHOWN JSON: bytes as printf takes them; how lists and messages show them; how JSON does on a terminal
hidden ()
{
    letters=$(printf "$1_"); letters=${letters%_}
    name="a${letters}b"
    cp plain.npy "$name.npy"
    tenon ls -q "$name.npy"
    is "$2: ls" "$(cut -f 1 out)" "a$2b"
    tenon verify "$name.npy"
    says "$2: verify" out "a$2b.npy: ok"
    tenon hash "$name.npy"
    is "$2: hash" "$(cut -c 74- out)" "a$2b"
    cp out list
    tenon hash --check list "$name.npy"
    is "$2: the way back" "$(cat out)" "a$2b: ok"
    tenon ls "no$name.npy"
    says "$2: a message of the library" err "noa$2b.npy: "
    tenon cat plain.npy "$name"
    says "$2: a message of the command" err "no tensor 'a$2b'"
    tenon "$name"
    says "$2: a command" err "'a$2b'"
    tenon ls "--$name" plain.npy
    says "$2: an option" err "--a$2b"
    tenon ls -o "codec.npy.$name=1" plain.npy
    says "$2: a setting" err "a$2b"
    tenon ls --format "$name" plain.npy
    says "$2: a format" err "'a$2b'"
    tenon convert -o "npz.member=$name" plain.npy x.npz
    says "$2: the value of a setting" err "a$2b"
    tenon ls --json "$name.npy"
    says "$2: JSON in a pipe" out "\"name\":\"a${4-$letters}b\""
    [ $terminal = yes ] || return 0
    on_terminal "'$TENON' ls -q --color=never '$name.npy'"
    says "$2: ls on a terminal" out "a$2b "
    on_terminal "'$TENON' ls --json '$name.npy'"
    says "$2: JSON on a terminal" out "\"name\":\"a${3}b\""
}
# C0, DEL, C1
hidden '\033[2J' '\x1b[2J' '\u001b[2J' '\u001b[2J'
hidden '\n' '\n' '\n' '\n'
hidden '\007' '\x07' '\u0007' '\u0007'
hidden '\177' '\x7f' '\u007f'
hidden '\302\233' '\xc2\x9b' '\u009b'
# marks and isolates that change the direction
hidden '\342\200\216' '\xe2\x80\x8e' '\u200e'
hidden '\342\200\256' '\xe2\x80\xae' '\u202e'
hidden '\342\201\247' '\xe2\x81\xa7' '\u2067'
hidden '\330\234' '\xd8\x9c' '\u061c'
# without width
hidden '\342\200\213' '\xe2\x80\x8b' '\u200b'
hidden '\342\201\240' '\xe2\x81\xa0' '\u2060'
hidden '\357\273\277' '\xef\xbb\xbf' '\ufeff'
hidden '\302\255' '\xc2\xad' '\u00ad'
hidden '\363\240\201\201' '\xf3\xa0\x81\x81' '\udb40\udc41'
# ends of lines and paragraphs
hidden '\342\200\250' '\xe2\x80\xa8' '\u2028'
hidden '\342\200\251' '\xe2\x80\xa9' '\u2029'
# a backslash must not look like one of these
hidden '\\' '\\' '\\' '\\'
hidden '\\x41' '\\x41' '\\x41' '\\x41'
# letters stay
hidden '\303\251' 'é' 'é'
hidden '\344\270\255' '中' '中'
hidden '\360\237\230\200' '😀' '😀'

# A byte that is no UTF-8, C1 or not. A tensor cannot have it in its name, so its stem is escaped to make one.
for byte in '\233' '\377'; do
    name=$(printf "a${byte}b")
    shown=$(printf '%s' "$name" | od -An -tx1 | sed 's/ 61 \(..\) 62 */a\\x\1b/')
    cp plain.npy "$name.npy"
    tenon verify "$name.npy"
    says "$shown: verify" out "$shown.npy: ok"
    tenon ls "no$name.npy"
    says "$shown: library" err "no$shown.npy"
    tenon cat plain.npy "$name"
    says "$shown: command" err "no tensor '$shown'"
    tenon "$name"
    says "$shown: a command" err "'$shown'"
done

# what a codec says of a file, whose name has a backslash
header='{"a\\x1b":{"dtype":"NO","shape":[],"data_offsets":[0,0]}}'
{ printf "\\$(printf %o ${#header})\\0\\0\\0\\0\\0\\0\\0"; printf %s "$header"; } >h.safetensors
tenon cat h.safetensors
says 'a codec says it' err "tensor 'a\\\\x1b'"

# keys and values of metadata, and what an ini file says
name=$(printf 'k\342\200\256\\y')
tenon convert --set "$name=v$(printf '\302\233\\')" plain.npy m.safetensors
tenon ls --meta m.safetensors
says 'metadata' out "k\\xe2\\x80\\xae\\\\y${tab}string${tab}v\\xc2\\x9b\\\\"
tenon convert --unset "no$name" m.safetensors n.safetensors
says 'no metadata' err "'nok\\xe2\\x80\\xae\\\\y'"
printf '[core]\nthreads = a\302\233\\b\n' >t.ini
TENON_CONFIG=$folder/t.ini tenon ls plain.npy
says 'the value of an ini file' err "'a\\xc2\\x9b\\\\b'"
printf '[core]\na\302\233\\b = 1\n' >t.ini
TENON_CONFIG=$folder/t.ini tenon ls plain.npy
says 'the key of an ini file' err "'a\\xc2\\x9b\\\\b'"
if [ $terminal = yes ]; then
    on_terminal "'$TENON' ls --json --meta m.safetensors"
    says 'metadata in JSON on a terminal' out '"k\u202e\\y":"v\u009b\\"'
fi
finish
