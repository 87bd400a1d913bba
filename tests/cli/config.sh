#!/bin/sh
# SPDX-License-Identifier: MIT
# config.sh: tenon config and tenon formats.
. "${TENON_SRCDIR:-$srcdir}/tests/cli/check.sh"

tenon config
exits 'config' 0
silent 'config: stderr' err
says 'config: a default' out "npy.v1${tab}opaque${tab}default"
tenon config npy.v1
is 'a key' "$(cat out)" opaque
tenon config -o npy.v1=f8_e4m3 npy.v1
is 'a key that is set' "$(cat out)" f8_e4m3
tenon config -v -o npy.v1=f8_e4m3 npy.v1
is 'a key, verbose' "$(cut -f 1-3 out)" "npy.v1${tab}f8_e4m3${tab}command line"
tenon config --json -o core.threads=3 core.threads
is '--json' "$(sed 's/,"help":.*//' out)" '[{"key":"core.threads","section":"core","value":"3","origin":"command line"'
tenon config npy.v3
fails 'no such key' 2 "there is no key 'npy.v3', did you mean 'npy.v1'?"

mkdir -p config/tenon
printf '[core]\nthreads = 2\n\n[codec npy]\nv1 = f8_e5m2\n' >config/tenon/tenon.ini
tenon config -v npy.v1
is 'from a file' "$(cut -f 1-3 out)" "npy.v1${tab}f8_e5m2${tab}$folder/config/tenon/tenon.ini:5"
tenon config -o npy.v1=opaque npy.v1
is 'the command line wins' "$(cat out)" opaque
printf '[codec npy]\nv1 = blue\n' >config/tenon/tenon.ini
tenon config core.threads
exits 'a wrong setting of a codec' 0
says 'a wrong setting of a codec' err "note: $folder/config/tenon/tenon.ini:2: [codec npy] v1 = 'blue': expected is one of: "
tenon ls -q "$data/model.gguf"
exits 'a wrong setting of another codec' 0
silent 'a wrong setting of another codec' err
tenon ls -q "$data/tokens.npy"
exits 'a wrong setting of its codec' 2
says 'a wrong setting of its codec' err "the codec npy is not used: $folder/config/tenon/tenon.ini:2: [codec npy] v1 = 'blue'"
tenon ls -q -o npy.v1=opaque "$data/tokens.npy"
exits 'overridden' 0
tenon config --check -o npy.v1=opaque
exits '--check: an overridden fault' 1
says '--check' err "tenon: $folder/config/tenon/tenon.ini:2: [codec npy] v1 = 'blue'"
tenon --no-config config --check
exits '--no-config' 0
is '--check: no fault' "$(cat out)" 'configuration: ok'
tenon config --check "$TENON_SRCDIR/conf/tenon.ini" "$TENON_SRCDIR/conf/signatures.ini"
exits '--check: the installed files' 0
is '--check: the installed files' "$(grep -c ': ok$' out)" 2
tenon config --check absent.ini
fails '--check: no file' 2 'absent.ini: opening the configuration: No such file or directory'
tenon config --check --json
exits '--check --json' 1
says '--check --json' out '{"ok":false,"faults":[{"file":"","message":"'
tenon config npy.v1 npy.v2
fails 'two keys' 2 'config: '
printf '[core]\nthreads = blue\n' >config/tenon/tenon.ini
tenon config
fails 'a wrong setting of the core' 2 "$folder/config/tenon/tenon.ini:2"
rm config/tenon/tenon.ini
TENON_CONFIG=$folder/mine.ini
export TENON_CONFIG
printf '[plugin absent]\nenabled = no\n' >mine.ini
tenon config -v plugin.absent.enabled
is 'the file in TENON_CONFIG' "$(cut -f 1-3 out)" "plugin.absent.enabled${tab}no${tab}$folder/mine.ini:2"
# A configuration that others can write.
printf '[core]\nthreads = 3\n' >mine.ini
chmod 666 mine.ini
words="this configuration is not obeyed: the file is writable by everybody (mode 0666)"
tenon config -v core.threads
says 'config: not obeyed' err "$folder/mine.ini: $words"
is 'config: not obeyed' "$(cut -f 3 out)" default
tenon formats -v
says 'formats -v: not obeyed' err "$words"
tenon why "$data/weights.npy"
says 'why: not obeyed' err "$words"
tenon why --json "$data/weights.npy"
says 'why --json: not obeyed' out "$words"
chmod 644 mine.ini
tenon config core.threads
is 'config: obeyed' "$(cat out)" 3
silent 'config: obeyed' err
unset TENON_CONFIG

tenon formats
exits 'formats' 0
is 'formats' "$(grep '^npy' out | cut -f 1-3)" "npy${tab}.npy${tab}read,write,stream"
tenon formats npy
is 'formats ID' "$(wc -l <out | tr -d ' ')" 1
tenon formats deflate npy
exits 'formats FILTER' 0
is 'formats FILTER' "$(cut -f 1,3 out)" "deflate${tab}encode,decode
npy${tab}read,write,stream"
tenon formats -v deflate
says 'formats -v FILTER' out ', levels '
tenon formats nyp
fails 'no such codec' 2 "there is no codec 'nyp', did you mean 'npy'?"
tenon formats -v -o npy.fp8=void
exits 'formats -v' 0
says 'formats -v: an option' out 'npy.v1=opaque'
says 'formats -v: where its value comes from' out 'npy.fp8=void  (from command line; the default is refuse)'
says 'formats -v: filters' out '  deflate '
says 'formats -v: dtypes' out ' bf16 '
tenon formats --json
exits 'formats --json' 0
says 'formats --json: codec' out '{"id":"npy","label":"NumPy array","extensions":["npy"],"read":true,"write":true,"stream":true,"metadata":"none","max_tensors":1,'
says 'formats --json: option' out '{"name":"v2","type":"choice","value":"bf16","origin":"default","default":"bf16","choices":["bf16","opaque"],'
says 'formats --json: dtype' out '{"name":"f4","kind":"plain","block_items":2,"block_bytes":1,"read":true,"write":true}'

# Filters that an option names: what zip has numbers for, whether they are in use or not.
tenon formats -v -o plugin.deflate.enabled=no npz
says 'formats -v: filters of an option' out 'how members are stored; filter: none'
says 'formats -v: filters that are not in use' out '(not in use: deflate'
tenon formats --json npz
says 'formats --json: filters of an option' out '{"name":"compression","type":"filter","value":"none","origin":"default","default":"none","choices":["none","deflate","bzip2","lzma","zstd","xz"],'
tenon convert -o npz.compression=deflate "$data/weights.npy" deflated.npz
exits 'a filter' 0
tenon convert -o npz.compression=zlib "$data/weights.npy" zlib.npz
fails 'a filter that zip has no number for' 2 "[codec npz] compression = 'zlib': expected is one of: none deflate bzip2 lzma zstd xz"
tenon convert -o npz.compression=lzma -o plugin.xz.enabled=no "$data/weights.npy" lzma.npz
fails 'a filter that is not in use' 2 "there is no filter 'lzma': "
printf '[plugin deflate]\nenabled = no\n[codec npz]\ncompression = deflate\n' >config/tenon/tenon.ini
words="$folder/config/tenon/tenon.ini:4: [codec npz] compression = 'deflate': there is no filter 'deflate': the plugin deflate is not in use: "
tenon convert "$data/weights.npy" plain.npz
fails 'a filter of a file that is not in use: saving' 2 "$words"
tenon convert -o npz.compression=none "$data/weights.npy" plain.npz
exits 'a filter of a file that is not in use: overridden' 0
tenon ls -q plain.npz
exits 'a filter of a file that is not in use: reading' 0
silent 'a filter of a file that is not in use: reading' err
tenon config --check
exits '--check: a filter that is not in use' 1
says '--check: a filter that is not in use' err "$words"
rm config/tenon/tenon.ini

# Folders with files that are no plugins.
mkdir folder
echo 'no plugin' >folder/text.so
tenon formats -v --plugin-path "$folder/folder"
exits 'formats: a text file for a plugin' 0
if [ -n "${TENON_MODULE_PLUGINS-npy}" ]; then
    says 'formats -v: not loaded' out "$folder/folder/text.so"
    tenon why --plugin-path "$folder/folder" folder/text.so
    says 'why: not loaded' out "$folder/folder/text.so"
    tenon config --plugin-path relative/folder
    exits 'a folder that is not absolute' 0
    tenon formats -q -o plugin.npy.enabled=no --plugin-path "$TENON_PLUGIN_PATH"
    is 'a plugin that is disabled' "$(grep -c '^npy' out)" 0
    tenon why -o plugin.npy.enabled=no "$data/weights.npy"
    exits 'why: its plugin is disabled' 2
    says 'why: its plugin is disabled' out "npy${tab}"
    tenon formats -o plugin.npy.enabled=no npy
    fails 'formats of a plugin that is disabled' 2 "there is no codec 'npy': disabled at command line"
fi
# A hidden codec is listed on request.
cp "${TENON_TEST_PLUGINS:?}/toycards.so" folder
tenon formats -q --plugin-path "$folder/folder"
is 'formats: a hidden codec' "$(cut -f 1 out | grep -c toyslip)" 0
is 'formats: the codec beside it' "$(cut -f 1 out | grep -c toycards)" 1
tenon formats -q --all --plugin-path "$folder/folder"
is 'formats --all: a hidden codec' "$(cut -f 1 out | grep -c toyslip)" 1
tenon formats --json --plugin-path "$folder/folder" toyslip
says 'formats --json: a hidden codec' out '"archive":false,"hidden":true,'

# No codec is left.
set --
for plugin in ${TENON_MODULE_PLUGINS-npy npz safetensors gguf} ${TENON_BUILTIN_PLUGINS-}; do
    set -- "$@" -o "plugin.$plugin.enabled=no"
done
tenon ls "$@" "$data/weights.npy"
exits 'without any plugin' 2
says 'without any plugin' err 'weights.npy: no codec is in use'
says 'without any plugin: hint' err 'tenon: hint: tenon formats -v tells what became of the plugins'

finish
