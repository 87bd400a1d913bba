#!/bin/sh
# SPDX-License-Identifier: MIT
# The rows of DIAGNOSTICS in tenon(1): each symptom is said where the page says so, and the cure helps.
. "${TENON_SRCDIR:-${srcdir:?}}/tests/cli/check.sh"
page=$TENON_SRCDIR/docs/tenon.1
cp "$data/weights.npy" "$data/network.npz" "$data/model.safetensors" .
quantised=$("$TENON" ls "$data/model.gguf" | awk '$2 == "q8_0" { print $1; exit }')
rows=0

# symptom STATUS WORDS: the last command exited with STATUS and said WORDS, and the page has them as a row.
symptom ()
{
    exits "$2" "$1"
    says "$2" err "$2"
    row "$2"
}

# row WORDS: the page has such a row, in which \& keeps man from taking "No" for a macro.
row ()
{
    rows=$((rows + 1))
    listed=0
    sed 's/\\&No /No /' "$page" | grep -xF ".It Li $1" >/dev/null && listed=1
    result "$listed" "$1: tenon(1) has no such row"
}

# cures TEXT [STATUS]: the last command worked.
cures ()
{
    exits "cure: $1" "${2:-0}"
}

# safetensors FILE HEADER DATA
safetensors ()
{
    length=$(printf '%s' "$2" | wc -c)
    {
        # shellcheck disable=SC2059 # an octal escape
        printf "\\$(printf '%03o' $((length % 256)))\\$(printf '%03o' $((length / 256)))"
        printf '\0\0\0\0\0\0%s' "$2"
        printf "%b" "$3"
    } >"$1"
}
mkdir set
safetensors set/m-00001-of-00002.safetensors '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}' 'ab'
safetensors set/m-00002-of-00002.safetensors '{"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}' 'cd'

tenon ls weight.npy
symptom 2 'cannot be opened: No such file or directory'
says 'the nearest name' err "tenon: hint: there is 'weights.npy'"
tenon ls set/m-00001-of-00003.safetensors
says 'the nearest name in a folder' err "tenon: hint: there is 'set/m-00001-of-00002.safetensors'"
tenon ls nowhere/weights.npy
says 'no folder' err 'tenon: hint: its folder does not exist'
tenon ls --json weight.npy
says 'JSON: status' out '"status":"TENON_E_NOT_FOUND"'
says 'JSON: errno and advice' out "\"errno\":2,\"advice\":\"there is 'weights.npy'\""

printf 'hello\n' >notes.txt
tenon ls notes.txt
symptom 2 'no codec recognises it'
tenon why notes.txt
says 'why' out 'its bytes are not recognised'

tenon ls set
symptom 2 'with numbered files'
tenon ls --shards set
cures '--shards of a folder'
is '--shards of a folder' "$(cut -f 1 out | head -n 2 | tr '\n' ' ')" 'a b '
tenon ls set/m-00002-of-00002.safetensors
symptom 0 'of a set; --shards opens all of it'
tenon ls --shards set/m-00002-of-00002.safetensors
cures '--shards of a shard'

size=$(wc -c <weights.npy)
head -c "$((size - 1))" weights.npy >cut.npy
tenon ls cut.npy
symptom 0 'cannot be read (-v tells why)'
tenon verify cut.npy
exits 'verify says no' 1

tenon convert --only "$quantised" "$data/model.gguf" w.npy
symptom 2 'the format npy cannot hold q8_0'
says 'the hint' err 'tenon: hint: --as DTYPE converts it'
tenon convert --as f32 --only "$quantised" "$data/model.gguf" w.npy
cures '--as'

tenon convert network.npz one.npy
symptom 2 'holds at most 1 tensor'
says 'the hint' err 'tenon: hint: choose with --only'
tenon ls network.npz
first=$(head -n 1 out | cut -f 1)
tenon convert --only "$first" network.npz one.npy
cures '--only'

tenon convert weights.npy out.bin
symptom 2 'no codec writes files with this extension'
tenon convert --format npy weights.npy out.bin
cures '--format'

tenon convert --only weihgts weights.npy x.npy
symptom 2 'matches no tensor'
says 'the nearest name' err "did you mean 'weights'?"

tenon convert --strict --set note=1 weights.npy strict.npy
symptom 2 'would be lost, and the save is strict'
says 'the loss' err 'tenon: loss: note: '
says 'the hint' err 'tenon: hint: without --strict'
tenon convert -q --set note=1 weights.npy strict.npy
cures 'without --strict'
says '-q hides no loss' err 'tenon: loss: note: '

tenon convert --new weights.npy strict.npy
symptom 2 'cannot be written: File exists'
says 'the hint' err 'tenon: hint: without --new'

mkdir closed
chmod 555 closed
if [ -w closed ]; then # this user may write everywhere: the words are those of a folder that is gone
    tenon convert weights.npy gone/w.npy
    says 'a folder that is gone' err "its folder 'gone' cannot be opened: No such file or directory"
    row 'in its folder'
else
    tenon convert weights.npy closed/w.npy
    symptom 2 'in its folder'
    says 'the hint' err 'its folder must be writable'
fi

if [ -e /dev/full ]; then
    code=0
    "$TENON" convert --format npy weights.npy - >/dev/full 2>err || code=$?
    symptom 2 'No space left on device'
else
    row 'No space left on device'
fi

# tests/unit/source/test_spool_file.c makes this one, for which all folders must be closed
row 'a temporary file of'

tenon -o limits.tensors=1 ls network.npz
symptom 2 'in [limits]'
says 'the hint' err 'tenon: hint: -o limits.NAME=NUMBER'
tenon -o limits.tensors=100 ls network.npz
cures '-o limits'

cp network.npz bad.npz
printf 'XXXX' | dd of=bad.npz bs=1 seek=2000 conv=notrunc 2>/dev/null
tenon verify bad.npz
symptom 1 'damaged near'

tenon convert weights.npy set
symptom 2 'it is a folder'

# folder.sh makes these two, with a format that reads folders
row 'the folder would be removed with'
row 'cannot read the folder that it would replace'

tenon -o npz.comp=1 ls network.npz
symptom 2 'has no key'
says 'the hint' err 'tenon: hint: tenon config --check'

# No row of the page is without a test.
is 'rows' "$rows" "$(sed -n '/^.Sh DIAGNOSTICS/,/^.Sh SEE ALSO/p' "$page" | grep -c '^.It Li ')"
finish
