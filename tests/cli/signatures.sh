#!/bin/sh
# SPDX-License-Identifier: MIT
# signatures.sh: what a file is that no codec reads, or that its name lies about, and why the codec that reads it does not.
. "${TENON_SRCDIR:-$srcdir}/tests/cli/check.sh"

# other TEXT EXTENSION: the file x, whatever it is called, fails with these words.
other ()
{
    for extension in npy npz safetensors gguf bin; do
        cp x "x.$extension"
        tenon ls "x.$extension"
        exits "$1, named .$extension" 2
        says "$1, named .$extension" err "it is $1"
        tenon why "x.$extension"
        says "why: $1, named .$extension" err "it is $1"
    done
}
hinted ()
{
    says "hint: $1" err "tenon: hint: $1"
}

printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 4265380512\n' 0 >x
other 'a Git LFS pointer'
tenon ls x.gguf
is 'named' "$(head -n 1 err)" 'tenon: x.gguf: it is a Git LFS pointer, no gguf file'
hinted 'fetch the real file with: git lfs pull'
tenon why x.gguf
exits 'why' 0
says 'why: a note' err 'note: x.gguf: it is a Git LFS pointer, no gguf file; fetch the real file with: git lfs pull'
tenon verify x.gguf
says 'verify' err 'it is a Git LFS pointer'
tenon ls --json x.gguf
says '--json' out '"advice":"fetch the real file with: git lfs pull"'
tenon ls --format npz x.gguf
says '--format' err 'it is a Git LFS pointer, no npz file'

# an archive whose members no codec knows: "zip archive" is said once. One member, a.txt, whose one byte is x
printf 'PK\003\004\012\000\000\000\000\000\000\000\041\000\203\026\334\214\001\000\000\000\001\000\000\000\005\000\000\000a.txtx' >x.zip
printf 'PK\001\002\012\000\012\000\000\000\000\000\000\000\041\000\203\026\334\214\001\000\000\000\001\000\000\000\005\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000a.txt' >>x.zip
printf 'PK\005\006\000\000\000\000\001\000\001\0003\000\000\000\044\000\000\000\000\000' >>x.zip
tenon ls x.zip
exits 'an unknown archive' 2
is 'an unknown archive' "$(head -n 1 err)" "tenon: x.zip: no codec knows what this zip archive holds; its members are 'a.txt'"
hinted 'unpack it with unzip, and open what it contains'
cp x.zip x.pt
tenon ls x.pt
is 'an archive that its name lies about' "$(head -n 1 err)" 'tenon: x.pt: it is no PyTorch checkpoint: it has no member FOLDER/data.pkl'
mkdir folder.d
tenon ls --format npz folder.d
is 'a folder for a codec of files' "$(head -n 1 err)" 'tenon: folder.d: it is a folder, which the codec npz cannot read'
rm -r folder.d

printf '\357\273\277\n <!doctype HTML>\n<html>\n<head><title>401</title>' >x
other 'an HTML page'
tenon ls x.npy
says 'an excerpt' err 'no npy file: "<!doctype HTML> <html> <head><title>401</title>"'
printf '{"error":"Repository not found"}' >x
other "a server's error message in JSON"
printf '<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>' >x
other "a server's error message in XML"
printf '\037\213\010\000\000\000\000\000\000\003' >x
other 'a gzip file'
hinted_gzip='unpack it with gunzip, or read it from a pipe: zcat FILE | tenon ls -'
tenon ls x.npy
hinted "$hinted_gzip"
printf '\050\265\057\375\000' >x
other 'a zstd file'
printf 'lmgg\000\000\000\000' >x
other 'a ggml file'
printf '\200\002}q\000.' >x
other 'a Python pickle'
printf '%%PDF-1.7\n' >x
other 'a PDF document'
printf '\211HDF\r\n\032\n' >x
other 'an HDF5 file'
: >x
other 'empty (0 bytes)'
printf 'a,b\n1,2 \033[31mred\n' >x
other 'plain text'
tenon ls x.npy
says 'its text is escaped' err 'it is plain text, no npy file: "a,b 1,2 \x1b[31mred"'
head -c 100 /dev/zero >x.gguf
tenon ls x.gguf
says 'zeros' err 'all of its 100 bytes are zero, no gguf file'
head -c 9999 /dev/zero >x.bin
tenon ls x.bin
says 'more zeros' err 'no codec recognises it: its first 4096 bytes are all zero, and its last ones'
printf '\001\002\003\377' >x.bin
tenon ls x.bin
is 'unknown bytes' "$(cat err)" 'tenon: x.bin: no codec recognises it; it begins with the bytes 01 02 03 ff
tenon: hint: tenon why tells what each codec found in it'
cp x.bin model.gguf.part2of3
tenon ls model.gguf.part2of3
hinted 'its name says that it is one part of a file that was cut: join the parts with cat'
mkdir parts && cp x.bin parts/
tenon ls parts/x.bin
exits 'unknown' 2

# What the codec recognised keeps the codec's message: a damaged file is no other file.
head -c 500 "$data/network.npz" >cut.npz
tenon ls cut.npz
says 'a cut archive' err "no end of a zip's central directory"
head -c 20 "$data/model.gguf" >cut.gguf
tenon ls cut.gguf
is 'a cut file' "$(grep -c 'no gguf file' err)" 0
printf '{"metadata":{}}' >x.safetensors.index.json
tenon ls x.safetensors.index.json
is 'JSON that is expected' "$(grep -c 'JSON text' err)" 0

# A shard of a set.
tenon convert -q -o safetensors.shard_size=4kB "$data/model.safetensors" set.safetensors
printf 'version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 4265380512\n' 0 >set-00002-of-00002.safetensors
tenon verify set.safetensors.index.json
says 'a shard' err 'it is a Git LFS pointer'
says 'a shard: named' err 'set-00002-of-00002.safetensors'

# Sections of the configuration, and of the command line.
mkdir -p config/tenon
printf '[signature lab]\nname = a file of the lab\nbytes = @2 LAB\\xff\nadvice = ask the lab\n' >config/tenon/signatures.ini
printf '..LAB\377....' >x
other 'a file of the lab'
tenon ls x.npy
hinted 'ask the lab'
tenon --no-config ls x.bin
says 'without files' err 'it begins with the bytes 2e 2e'
tenon ls -o signature.lab.enabled=no x.bin
says 'disabled' err 'it begins with the bytes 2e 2e'
printf '[signature lab]\nname = a file of the lab\nbyte = LAB\n' >config/tenon/signatures.ini
tenon ls "$data/tokens.npy"
exits 'a wrong signature' 0
silent 'a wrong signature' err
tenon config
exits 'config: a wrong signature' 0
says 'config: a wrong signature' err "$folder/config/tenon/signatures.ini:3: [signature lab] has no key 'byte'; did you mean 'bytes'?"
rm config/tenon/signatures.ini

# The codec that would read it is not in use.
tenon ls -o npy.enabled=no "$data/tokens.npy"
is 'a disabled codec' "$(head -n 1 err)" \
    "tenon: $data/tokens.npy: no codec recognises it: it is a NumPy array, and the codec npy is disabled at command line"
cp "$data/tokens.npy" tokens.bin
tenon ls -o npy.enabled=no tokens.bin
says 'a disabled codec, another name' err 'the codec npy is disabled at command line'
printf '[codec gguf]\nenabled = no\n' >config/tenon/tenon.ini
tenon ls "$data/model.gguf"
says 'a disabled codec: where' err "it is a GGUF file, and the codec gguf is disabled at $folder/config/tenon/tenon.ini:2"
tenon convert "$data/model.safetensors" x.gguf
says 'saving' err "no codec writes files with this extension: the codec gguf is disabled at $folder/config/tenon/tenon.ini:2"
tenon convert --format gguf "$data/model.safetensors" x
says 'saving: --format' err "there is no codec 'gguf': the codec gguf is disabled at $folder/config/tenon/tenon.ini:2"
rm config/tenon/tenon.ini
tenon ls -o npy.enabled=no "$data/network.npz"
says "an archive's member codec" err \
    'no member of this zip is an array that a codec recognises: the codec npy is disabled at command line'
if [ -n "${TENON_MODULE_PLUGINS-npy}" ]; then
    for file in tokens.npy:npy network.npz:npz model.safetensors:safetensors model.gguf:gguf; do
        plugin=${file#*:}
        tenon ls -o "plugin.$plugin.enabled=no" "$data/${file%:*}"
        says "a disabled plugin: $plugin" err "the plugin $plugin is not in use: disabled at command line"
        cp "$data/${file%:*}" other.bin
        tenon ls -o "plugin.$plugin.enabled=no" other.bin
        says "a disabled plugin: $plugin, another name" err "the plugin $plugin is not in use: disabled at command line"
    done
    head -c 80 "$data/model.safetensors" >cut.bin # its header is longer
    tenon ls cut.bin
    fails 'the beginning of a header' 2 'no codec recognises it: it is a safetensors file, cut off or damaged'
    mkdir plugins && echo 'no plugin' >plugins/lab.so
    echo data >x.lab
    tenon ls --plugin-path "$folder/plugins" x.lab
    says 'a plugin that could not be loaded' err 'no codec recognises it: the plugin lab is not in use: dlopen: '
fi

finish
