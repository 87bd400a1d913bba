#!/bin/sh
# SPDX-License-Identifier: MIT
# convert.sh: tenon convert, from npy to npy.
. "${TENON_SRCDIR:-$srcdir}/tests/cli/check.sh"
cp "$data/elevation.npy" "$data/weights.npy" .

tenon convert weights.npy copy.npy
exits 'a copy' 0
silent 'a copy: stdout' out
silent 'a copy: stderr' err
same 'a copy' weights.npy copy.npy
tenon convert -v weights.npy copy.npy
is 'verbose' "$(cat out)" 'wrote copy.npy: 1 tensor, 32768 bytes'
tenon convert --format npy weights.npy plain
exits 'a name as it was typed' 0
same 'a name as it was typed' weights.npy plain
cp weights.npy self.npy
tenon convert self.npy self.npy
same 'onto itself' weights.npy self.npy
ln -s copy.npy link.npy
tenon convert elevation.npy link.npy
exits 'through a symbolic link' 0
[ -h link.npy ]
is 'the link is still one' $? 0
same 'through a symbolic link' elevation.npy copy.npy

tenon convert --new weights.npy copy.npy
fails '--new' 2 'copy.npy: '
same '--new left it alone' elevation.npy copy.npy
tenon convert --new weights.npy new.npy
exits '--new where nothing is' 0
tenon convert --dry-run weights.npy nosuch/dry.npy
exits '--dry-run into a folder that is not there' 2
tenon convert --dry-run weights.npy dry.npy
exits '--dry-run' 0
is '--dry-run' "$(cat out)" 'would write dry.npy: 1 tensor, 32768 bytes'
is '--dry-run wrote nothing' "$(ls dry.npy* 2>/dev/null)" ''
tenon convert --append weights.npy appended.npy
exits '--append where nothing is' 0
same '--append where nothing is' weights.npy appended.npy
tenon convert --append elevation.npy appended.npy
fails '--append to what cannot grow' 2 'appended.npy: nothing can be added to a file of the format npy'
same '--append left it alone' weights.npy appended.npy
tenon convert --append --format npy weights.npy -
fails '--append to standard output' 2 '--append needs a file'
tenon convert weights.npy weights.unknown
fails 'unknown extension' 2 'weights.unknown: '
tenon convert nosuch.npy x.npy
fails 'no source' 2 'nosuch.npy: '
tenon convert weights.npy nosuch/x.npy
fails 'no folder' 2 'nosuch/x.npy: '

tenon convert --as bf16 weights.npy small.npy
exits '--as' 0
tenon ls -q small.npy
is '--as' "$(cut -f 2-4 out)" "bf16${tab}[128,64]${tab}16384"
tenon convert --as BF16 weights.npy capitals.npy
exits '--as in capitals' 0
says '--as in capitals' err 'converted from f32 to bf16'
same '--as in capitals' small.npy capitals.npy
tenon convert --as F33 weights.npy x.npy
fails '--as nothing' 2 "did you mean 'f32'?"
tenon convert --as '*:f32' "$data/observations.npy" x.npy
fails '--as for opaque items' 2 "tensor 'observations': "
is '--as for opaque items wrote nothing' "$(ls x.npy* 2>/dev/null)" ''
# without a pattern it is for floating-point and quantised types
tenon convert --as f16 "$data/model.safetensors" typed.safetensors
exits '--as for all' 0
says '--as for all' err 'position_ids: stays i64'
tenon ls typed.safetensors
is '--as for all' "$(cut -f1-2 out | tr '\n\t' '; ')" 'position_ids i64;embed.weight f16;layers.0.attn.weight f16;layers.0.mlp.weight f16;layers.0.norm.weight f16;5 tensors, 2928 elements, 6048 bytes, safetensors;'
tenon convert --as i64:i32 "$data/model.safetensors" typed.safetensors
tenon ls typed.safetensors position_ids
says '--as by element type' out 'position_ids	i32'
# the last rule that fits a tensor
tenon convert -v --as f32 --as '*.weight:q8_0' --as i64:i32 "$data/model.safetensors" typed.gguf
says '--as: which rule' err "layers.0.attn.weight: bf16 to f32, by --as 'f32'"
says '--as: which rule' err "position_ids: i64 to i32, by --as 'i64:i32'"
tenon convert --as 'u8:f32' "$data/model.safetensors" x.npz
fails '--as for a type that no tensor has' 2 "--as 'u8:f32' matches no tensor"

tenon convert --only 'w*' --except 'wx*' weights.npy x.npy
exits '--only and --except' 0
tenon convert --only 'x*' weights.npy y.npy
fails '--only that matches nothing' 2 "--only 'x*' matches no tensor"
tenon convert --except '*' weights.npy y.npy
fails '--except everything' 2 'no tensor is left'
tenon convert --rename weights=w weights.npy x.npy
exits '--rename' 0
tenon convert --rename weight=w weights.npy y.npy
fails '--rename nothing' 2 "no tensor 'weight', did you mean 'weights'?"
tenon convert --rename weights weights.npy y.npy
fails '--rename without a name' 2 '--rename takes OLD=NEW'
tenon convert --rename weights=a --rename weights=b weights.npy y.npy
fails '--rename twice' 2 'is given two new names'
is 'nothing was written' "$(ls y.npy* 2>/dev/null)" ''

tenon convert -o npy.order=fortran -o npy.byteorder=little elevation.npy turned.npy
exits '-o' 0
tenon ls -ql turned.npy
is '-o' "$(cut -f 8,9 out)" "F${tab}little"
tenon hash elevation.npy
cut -c 1-71 out >digest
tenon hash turned.npy
cut -c 1-71 out >turned
same 'the same tensor' digest turned
tenon convert -q -o npy.order=fortran elevation.npy x.npy
silent 'quiet' err

tenon convert --json weights.npy report.npy
is '--json' "$(cat out)" '{"source":"weights.npy","target":"report.npy","dry_run":false,"tensors":1,"nbytes":32768,"losses":[],"notes":[]}'
tenon convert --json --new weights.npy report.npy
exits '--json of a failure' 2
says '--json of a failure' out '"error":{"status":"TENON_E_EXISTS","message":"report.npy: '
tenon convert --json nosuch.npy report.npy
fails '--json without a source' 2 'nosuch.npy: '
says '--json without a source' out '"tensors":0,"nbytes":0,"losses":[],"notes":[],"error":{"status":"TENON_E_NOT_FOUND","message":"nosuch.npy: '
tenon convert --json --only nosuch weights.npy report.npy
fails '--json of a wish that fails' 2 "--only 'nosuch' matches no tensor"
says '--json of a wish that fails' out "\"error\":{\"status\":\"TENON_E_MISUSE\",\"message\":\"--only 'nosuch' matches no tensor\",\"errno\":null,\"advice\":null}"

tenon convert --format npy weights.npy -
exits 'to standard output' 0
same 'to standard output' weights.npy out
tenon convert weights.npy -
fails 'to standard output, in no format' 2 'needs --format'
tenon convert --json --format npy weights.npy -
fails 'to standard output, with --json' 2 'cannot take both'
tenon convert --from npy --format npy weights.npy x
exits '--from' 0
tenon convert --from nyp weights.npy x.npy
fails '--from nothing' 2 nyp
tenon convert weights.npy /dev/null --format npy
exits 'to /dev/null' 0
mkfifo fifo
cat fifo >through &
tenon convert --format npy weights.npy fifo
wait
same 'to a FIFO' weights.npy through
is 'no litter' "$(find . -name '.[a-z]*' | grep -c .)" 0
finish
