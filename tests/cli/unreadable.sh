#!/bin/sh
# SPDX-License-Identifier: MIT
# unreadable.sh: files of which some tensors cannot be read, in each command: a download that ended early.
. "${TENON_SRCDIR:-$srcdir}/tests/cli/check.sh"
head -c 7000 "$data/model.gguf" >cut.gguf

# ---- ls ----
tenon ls cut.gguf
exits ls 0
is 'ls' "$(cat out)" "token_embd.weight${tab}q8_0${tab}[40,64]${tab}2720${tab}1568${tab}
blk.0.attn_norm.weight${tab}f32${tab}[64]${tab}256${tab}4288${tab}
blk.0.attn_q.weight${tab}q4_0${tab}[64,64]${tab}2304${tab}4544${tab}
blk.0.ffn_up.weight${tab}q4_0${tab}[128,64]${tab}4608${tab}6848${tab}unreadable
output_norm.weight${tab}f32${tab}[64]${tab}256${tab}11456${tab}unreadable
output.weight${tab}f16${tab}[40,64]${tab}5120${tab}11712${tab}unreadable
6 tensors, 3 unreadable, 6720 elements, 5280 bytes, gguf"
fails 'ls: the note' 0 'note: cut.gguf: 3 of 6 tensors cannot be read (-v tells why)'
tenon ls -q cut.gguf
silent 'ls -q' err
tenon ls -v cut.gguf
says 'ls -v: reason' out "unreadable: 64 f32 needs 256 bytes at offset 11456, the file ends at 7000"
says 'ls -v: note' err 'cut.gguf: output_norm.weight: 64 f32 needs 256 bytes at offset 11456, the file ends at 7000'
says 'ls -v: count' err '3 of 6 tensors cannot be read'
tenon ls -l cut.gguf
says 'ls -l: behind the other columns' out "little${tab}cut.gguf${tab}unreadable"
tenon ls --json cut.gguf
says 'ls --json' out '"unreadable":{"status":"TENON_E_TRUNCATED","why":"40 × 64 f16 needs 5120 bytes at offset 11712, the file ends at 7000"}'
is 'ls --json: three' "$(grep -c '"unreadable"' out)" 3
tenon ls --meta cut.gguf
exits 'ls --meta' 0
says 'ls --meta' out general.architecture
tenon ls --only 'blk.0.attn*' cut.gguf
is 'ls --only: no column' "$(head -n 1 out)" "blk.0.attn_norm.weight${tab}f32${tab}[64]${tab}256${tab}4288"

npy object.npy '|O' False '(2,)' '................'
tenon ls object.npy
is 'ls: a size that is not known' "$(head -n 1 out)" "object${tab}|O${tab}[2]${tab}?${tab}128${tab}unreadable"
tenon ls --json object.npy
says 'ls --json: a size that is not known' out '"dtype":"|O","shape":[2],"nbytes":null'
rm object.npy

# ---- cat, hash, verify ----
tenon cat cut.gguf blk.0.attn_norm.weight
exits cat 0
is 'cat' "$(wc -c <out | tr -d ' ')" 256
for options in '' '--text' '--text --slice 0 --as f32'; do
    # shellcheck disable=SC2086 # words
    tenon cat $options cut.gguf output_norm.weight
    fails "cat $options" 2 "cut.gguf: tensor 'output_norm.weight': 64 f32 needs 256 bytes at offset 11456, the file ends at 7000"
done
tenon hash cut.gguf
exits hash 2
is 'hash goes on' "$(wc -l <out | tr -d ' ')" 3
is 'hash names all' "$(grep -c "the file ends at 7000" err)" 3
tenon hash --json cut.gguf
is 'hash --json' "$(grep -c '"digest"' out) $(grep -c '"error"' out)" '3 3'
tenon hash "$data/model.gguf"
mv out list
tenon hash --check list cut.gguf
exits 'hash --check' 1
says 'hash --check' out 'output.weight: unreadable'
says 'hash --check' out 'token_embd.weight: ok'
tenon verify cut.gguf
exits verify 1
is 'verify names all' "$(grep -c 'the file ends at 7000' err)" 3
tenon verify --json cut.gguf
says 'verify --json' out '"subject":"output.weight"'

# ---- convert ----
tenon convert cut.gguf out.safetensors
exits convert 2
says 'convert' err "cut.gguf: tensor 'blk.0.ffn_up.weight': it cannot be read, and therefore not saved, nor can 2 more tensors: "
is 'convert names all' "$(grep -c "cut.gguf: 'output.*the file ends at 7000" err)" 2
says 'convert: the cure' err 'hint: --skip-unreadable leaves out what cannot be read, --only chooses the other tensors'
is 'convert: nothing is written' "$(ls)" "$(printf 'cut.gguf\nerr\nlist\nout')"
tenon convert -n cut.gguf out.npz
exits 'convert -n' 2
tenon convert --skip-unreadable --as f32 cut.gguf out.npz
exits 'convert --skip-unreadable' 0
is 'a loss for each' "$(grep -c 'loss: .*it cannot be read, and is left out: .*the file ends at 7000' err)" 3
tenon ls -q out.npz
is 'the others' "$(cut -f 1 out)" 'token_embd.weight
blk.0.attn_norm.weight
blk.0.attn_q.weight'
tenon convert --strict --skip-unreadable cut.gguf strict.gguf
exits 'convert --strict --skip-unreadable' 2
says 'convert --strict --skip-unreadable' err '3 things would be lost'
tenon convert --strict --only 'blk.0.attn*' cut.gguf only.gguf
exits 'convert --only' 0
tenon convert --strict --except 'output*' --except '*ffn*' cut.gguf only.gguf
exits 'convert --except' 0
tenon convert --only output.weight cut.gguf one.npz
fails 'convert: one' 2 "tensor 'output.weight': it cannot be read, and therefore not saved: 40 × 64 f16"
tenon convert --skip-unreadable --only output.weight cut.gguf none.npz
exits 'convert: none is left' 0
tenon ls none.npz
is 'none is left' "$(cat out)" '0 tensors, 0 elements, 0 bytes, npz'
finish
