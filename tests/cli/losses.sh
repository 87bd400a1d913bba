#!/bin/sh
# SPDX-License-Identifier: MIT
# What a rewrite would drop is a loss: told with -q too, refused by --strict, also where a file is converted into itself.
. "${TENON_SRCDIR:-${srcdir:?}}/tests/cli/check.sh"
words='7 bytes after the array, from offset'

cp "$data/weights.npy" q.npy
printf 'further' >>q.npy
cp q.npy was.npy
tenon ls q.npy
exits 'ls of a file with more bytes' 0
says 'ls tells them' err "note: q.npy: $words"
tenon -q ls q.npy
silent '-q ls: a note of looking' err

# refuses TEXT ARGUMENT...: a strict rewrite fails, tells the loss, and leaves q.npy as it was.
refuses ()
{
    text=$1
    shift
    tenon convert --strict "$@"
    fails_with_loss "$text"
    same "$text: the file stays" q.npy was.npy
}
fails_with_loss ()
{
    exits "$1" 2
    says "$1: the loss" err "tenon: loss: "
    says "$1: its words" err "$words"
    says "$1: the failure" err 'would be lost, and the save is strict'
}
refuses 'strict, into itself' q.npy q.npy
refuses 'strict and quiet, into itself' -q q.npy q.npy
refuses 'strict, dry, into itself' -n q.npy q.npy
refuses 'strict, to another file' q.npy r.npy
refuses 'strict, into an archive' q.npy r.npz
result $((1 - $([ -e r.npy ] && echo 1 || echo 0))) 'strict: nothing is written' 'r.npy is there'
ln -s q.npy link.npy
refuses 'strict, through a link' q.npy link.npy
refuses 'strict, cast' --as f64 q.npy q.npy

tenon convert --strict --json q.npy q.npy
exits 'JSON: exit status' 2
says 'JSON: the loss' out '"losses":[{'
says 'JSON: its words' out "$words"
says 'JSON: the error' out '"status":"TENON_E_LOSS"'
says 'JSON: the advice' out '"advice":"without --strict'

tenon convert -q q.npy q.npy
exits 'not strict' 0
says 'not strict: -q hides no loss' err 'tenon: loss: '
same 'not strict: the array is left' q.npy "$data/weights.npy"
tenon convert -q --strict q.npy q.npy
exits 'nothing is lost any more' 0
silent 'nothing is told any more' err

# metadata that the target cannot have, and notes, which -q hides
tenon convert -q --strict --set a=1 q.npy q.npy
exits 'a key that is lost' 2
says 'a key that is lost: told' err 'tenon: loss: a: '
same 'a key that is lost: the file stays' q.npy "$data/weights.npy"
tenon convert -q --as f16 q.npy half.npy
exits 'rounding is asked for' 0
silent 'rounding is a note, which -q hides' err

# a name that the format does not keep: one that was given, not that of a file
tenon convert --rename weights=w "$data/weights.npy" named.npz
exits 'an archive with a name' 0
tenon convert -q named.npz other.npy
exits 'a name that is lost' 0
says 'a name that is lost: told' err "tenon: loss: w: the format npy keeps no name: the tensor gets that of the file, 'other'"
tenon convert --strict named.npz other.npy
exits 'a name that is lost, strict' 2
tenon convert --strict named.npz w.npy
exits 'a name that the file has' 0
tenon convert --strict w.npy x.npy
exits 'the name of a file' 0
tenon convert --strict --rename w=y w.npy x.npy
exits 'a name that was asked for' 2
finish
