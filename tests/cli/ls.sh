#!/bin/sh
# SPDX-License-Identifier: MIT
# ls.sh: tenon ls.
. "${TENON_SRCDIR:-$srcdir}/tests/cli/check.sh"

tenon ls "$data/weights.npy"
exits 'ls' 0
silent 'ls: stderr' err
is 'ls: row and summary' "$(cat out)" "weights${tab}f32${tab}[128,64]${tab}32768${tab}128
1 tensor, 8192 elements, 32768 bytes, npy"
tenon ls -q "$data/weights.npy"
is 'ls -q: row' "$(cat out)" "weights${tab}f32${tab}[128,64]${tab}32768${tab}128"
tenon ls -ql "$data/covariance.npy"
is 'ls -l: row' "$(cat out)" \
    "covariance${tab}f64${tab}[64,64]${tab}32768${tab}128${tab}32768${tab}-${tab}F${tab}little${tab}$data/covariance.npy"
tenon ls -q "$data/learning-rate.npy"
is 'ls: rank 0' "$(cat out)" "learning-rate${tab}f64${tab}[]${tab}8${tab}128"
tenon ls --color=always "$data/weights.npy"
says 'ls --color=always' out "$(printf '\033[')"

cp "$data/elevation.npy" "$data/weights.npy" .
tenon ls elevation.npy weights.npy
says 'several files: heading' out 'elevation.npy:'
says 'several files: heading' out 'weights.npy:'
is 'several files: lines' "$(wc -l <out | tr -d ' ')" 7
tenon ls elevation.npy nosuch.npy weights.npy
exits 'a bad file among others' 2
fails 'a bad file among others' 2 nosuch.npy
says 'a bad file among others: it goes on' out "weights${tab}"

tenon ls --only 'w*' elevation.npy weights.npy
exits '--only' 0
says '--only: chosen' out "weights${tab}"
says '--only: not chosen' out '0 of 1 tensor'
cp weights.npy 'w[1]*.npy'
tenon ls -q --only 'w[1]*' 'w[1]*.npy'
exits '--only: a name with brackets' 0
says '--only: a name with brackets' out 'w[1]*'
tenon ls --only 'q*' weights.npy
fails '--only that matches nothing' 2 "--only 'q*' matches no tensor"

tenon ls --json elevation.npy
exits '--json' 0
is '--json' "$(tr -d '\n' <out)" '{"file":"elevation.npy","format":"npy","metadata":{},"metadata_types":{},"tensors":[{"name":"elevation","dtype":"i16","shape":[90,120],"nbytes":21600,"source":"elevation.npy","offset":128,"stored":21600,"filter":null,"order":"C","endian":"big"}]}'
tenon ls --json elevation.npy weights.npy
is '--json of several: begins' "$(head -c 2 out)" '[{'
is '--json of several: ends' "$(tail -c 3 out)" '}]'
tenon ls --json weights.npy nosuch.npy
exits '--json with a bad file' 2
says '--json with a bad file' out '{"file":"nosuch.npy","error":{"status":"TENON_E_NOT_FOUND","message":"nosuch.npy: '
is '--json with a bad file: ends' "$(tail -c 3 out)" '}]'

# A name with bytes that a terminal would interpret, or that would break a column.
hostile=$(printf 'a\nb\tc\033[31md\\')
cp weights.npy "$hostile.npy"
tenon ls -q "$hostile.npy"
is 'hostile name' "$(cut -f 1 out)" 'a\nb\tc\x1b[31md\\'
is 'hostile name: one line' "$(wc -l <out | tr -d ' ')" 1
tenon ls --json "$hostile.npy"
says 'hostile name in JSON' out '"name":"a\nb\tc\u001b[31md\\"'
hostile=$(printf 'q"b\bf\fr\rs\001t\177 \303\251 u\\"v and so on')
cp weights.npy "$hostile.npy"
tenon ls --json "$hostile.npy"
says 'all escapes in JSON' out '"name":"q\"b\bf\fr\rs\u0001t'"$(printf '\177 \303\251')"' u\\\"v and so on","dtype"'

# The wrong extension, and standard input, which has none.
cp weights.npy weights.dat
tenon ls weights.dat
exits 'wrong extension' 0
says 'wrong extension: a note' err 'tenon: note: '
tenon ls -q weights.dat
silent 'wrong extension: quiet' err
tenon ls --json weights.dat
says 'wrong extension: a note in JSON' out '"notes":[{"subject":'
code=0
"$TENON" ls -q - <weights.npy >out 2>err || code=$?
exits 'standard input' 0
says 'standard input' out "array${tab}f32"
code=0
head -c 1000 weights.npy >short
"$TENON" ls - <short >out 2>err || code=$?
exits 'standard input, cut off' 0
says 'standard input, cut off' err 'tenon: note: standard input: 1 of 1 tensor cannot be read'
code=0
head -c 100 weights.npy >short
"$TENON" ls - <short >out 2>err || code=$?
fails 'standard input, its header cut off' 2 'tenon: standard input: '
code=0
echo text | "$TENON" ls - >out 2>err || code=$?
exits 'standard input, a pipe with text' 2
says 'standard input, a pipe with text' err 'tenon: standard input: no codec recognises it: it is plain text: "text"'
for size in 64KiB 64MiB; do
    code=0
    { head -c 100 weights.npy; sleep 0.1; tail -c +101 weights.npy; } | "$TENON" cat -o limits.memory=$size - >out 2>err || code=$?
    exits "standard input, a pipe, $size of memory" 0
    tail -c +129 weights.npy >expected
    same "standard input, a pipe, $size of memory" out expected
done
mkfifo fifo.npy
cat weights.npy >fifo.npy &
tenon ls -q fifo.npy
is 'a named pipe' "$(cut -f 1-2 out)" "fifo${tab}f32"
code=0
"$TENON" convert -q - piped.npz <weights.npy >out 2>err || code=$?
exits 'convert: standard input' 0
cat weights.npy | "$TENON" convert -q - piped2.npz >out 2>err
same 'convert: a pipe' piped.npz piped2.npz
odd=$(printf '\377.npy')
cp "$data/weights.npy" "$odd" 2>/dev/null && tenon ls -q "$odd"
is 'a file name that is no UTF-8' "$(cut -f 1 out)" '\\xff'
tenon ls /dev/null
fails 'a device' 2 /dev/null
tenon ls .
fails 'a folder' 2 '.: '
finish
