#!/bin/sh
# SPDX-License-Identifier: MIT
# output.sh: full disks, closed pipes, terminals.
. "${TENON_SRCDIR:-$srcdir}/tests/cli/check.sh"
cp "$data/weights.npy" .

if [ -c /dev/full ]; then
    for what in 'ls weights.npy' 'ls --json weights.npy' 'cat weights.npy' 'cat --text weights.npy' 'hash weights.npy' \
        'verify weights.npy' 'why weights.npy' 'formats -v' 'formats --json' 'config' 'help' '--help' '--version' \
        'convert --dry-run weights.npy x.npy' 'convert --json weights.npy x.npy' 'convert --format npy weights.npy -'; do
        code=0
        # shellcheck disable=SC2086
        "$TENON" $what >/dev/full 2>err || code=$?
        fails "$what >/dev/full" 2 'No space left on device'
    done
else
    skip 'there is no /dev/full'
fi

# When the reader is gone, the command ends by SIGPIPE, without a message.
for what in 'cat --text weights.npy' 'cat weights.npy' 'convert --format npy weights.npy -' 'ls --json weights.npy'; do
    # shellcheck disable=SC2086
    { sleep 1; "$TENON" $what 2>err; echo $? >status; } | :
    silent "$what: a closed pipe" err
    is "$what: a closed pipe: exit status" "$(cat status)" 141
    # shellcheck disable=SC2086
    { trap '' PIPE; sleep 1; "$TENON" $what 2>err; echo $? >status; } | :
    silent "$what: a closed pipe, SIGPIPE ignored" err
    is "$what: a closed pipe, SIGPIPE ignored: exit status" "$(cat status)" 2
done

# A write beyond `ulimit -f` fails; SIGXFSZ does not end the command with half a file left beside the target.
mkdir limited
code=0
(ulimit -f 1 && "$TENON" convert weights.npy limited/x.npy) >out 2>err || code=$?
fails 'ulimit -f' 2 'File too large'
is 'ulimit -f: files left' "$(ls -A limited)" ''

# No file that is opened gets a closed standard descriptor.
cp weights.npy before.npy
code=0
"$TENON" ls weights.npy >&- 2>err || code=$?
fails 'stdout closed' 2 'standard output: Bad file descriptor'
code=0
"$TENON" convert -v weights.npy closed.npy >&- 2>err <&- || code=$?
fails 'stdin and stdout closed' 2 'standard output: Bad file descriptor'
same 'stdin and stdout closed: the target' closed.npy weights.npy
same 'stdin and stdout closed: the source' before.npy weights.npy

# on_terminal COMMAND: runs it on a terminal of its own; its output is in the file out
on_terminal ()
{
    code=0
    script -qec "$1" /dev/null </dev/null 2>&1 | tr -d '\r' >out
}
if command -v script >/dev/null && script -qec true /dev/null </dev/null >/dev/null 2>&1; then
    escape=$(printf '\033')
    on_terminal "$TENON ls weights.npy"
    says 'a terminal: titles in colour' out "${escape}[1mNAME${escape}[0m"
    says 'a terminal: sizes for people' out '32 KiB'
    says 'a terminal: no tabs' out '32768 bytes (32 KiB), npy'
    on_terminal "$TENON ls -b --color=never weights.npy"
    says 'a terminal, without colours: titles' out 'NAME     DTYPE  SHAPE      SIZE  OFFSET'
    says 'a terminal, without colours: row' out 'weights  f32    [128,64]  32768     128'
    on_terminal "NO_COLOR=1 $TENON ls weights.npy"
    is 'NO_COLOR' "$(grep -c "$escape" out)" 0
    on_terminal "TERM=dumb $TENON ls weights.npy"
    is 'a dumb terminal' "$(grep -c "$escape" out)" 0
    on_terminal "$TENON cat weights.npy"
    says 'bytes for a terminal' out 'bytes would confuse the terminal'
    on_terminal "$TENON convert --format npy weights.npy -"
    says 'a file for a terminal' out 'bytes would confuse the terminal'
    on_terminal "$TENON cat --text --slice 0,0:2 weights.npy"
    says 'text for a terminal' out '0.20152351'
    name=$(printf 'a\033[2Jb\342\200\256c')
    cp weights.npy "$name.npy"
    on_terminal "$TENON ls --color=never a*c.npy"
    says 'hostile bytes' out 'a\x1b[2Jb\xe2\x80\xaec '
    on_terminal "$TENON verify a*c.npy"
    is 'hostile bytes, no sequence' "$(grep -c "$escape\[2J" out)" 0
else
    skip 'there is no script that makes a terminal'
fi
finish
