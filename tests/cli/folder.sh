#!/bin/sh
# SPDX-License-Identifier: MIT
# folder.sh: folders that a codec reads and writes as a whole, with tree, whose files are tree.index and data/NAME, and archives
# of them.
. "${TENON_SRCDIR:-$srcdir}/tests/cli/check.sh"
cp "$data/weights.npy" "$data/elevation.npy" .
mkdir plugins
cp "${TENON_TEST_PLUGINS:?}/tree.so" plugins

# tree ARGUMENT...: the command with the plugin
tree ()
{
    tenon --plugin-path="$folder/plugins" "$@"
}
# digests FILE: of its tensors
digests ()
{
    tree hash -q "$1"
    exits "hash $1" 0
    cat out
}
# names: what is in the folder
names ()
{
    find . -name "$1*" -prune | LC_ALL=C sort | tr '\n' ' '
}

# written, and read by each command
tree convert -v weights.npy w.tree
exits 'to a folder' 0
is 'to a folder' "$(cat out)" 'wrote w.tree: 1 tensor, 32768 bytes'
is 'its files' "$(cd w.tree && find . -type f | LC_ALL=C sort | tr '\n' ' ')" './data/weights ./tree.index '
is 'its index' "$(cat w.tree/tree.index)" 'tensor weights f32 data/weights 128 64'
tail -c 32768 weights.npy >bytes
same 'its bytes' bytes w.tree/data/weights
tree ls -q w.tree
is 'ls' "$(cut -f 1-4 out)" "weights${tab}f32${tab}[128,64]${tab}32768"
tree ls -q w.tree/
is 'ls with a slash' "$(cut -f 1-4 out)" "weights${tab}f32${tab}[128,64]${tab}32768"
tree verify w.tree
exits 'verify' 0
tree cat w.tree weights
exits 'cat' 0
same 'cat' bytes out
is 'hash' "$(digests w.tree)" "$(digests weights.npy)"
tree ls --json w.tree
says 'ls --json' out '"format":"tree"'
tree convert --json weights.npy j.tree
exits 'convert --json' 0
is 'convert --json' "$(cat out)" '{"source":"weights.npy","target":"j.tree","dry_run":false,"tensors":1,"nbytes":32768,"losses":[],"notes":[]}'

# a folder, an archive of it, and back
tree convert --except classes "$data/network.npz" n.tree
exits 'several tensors' 0
tree convert n.tree n.tree.zip
exits 'to an archive' 0
is 'it is a zip' "$(head -c 2 n.tree.zip)" PK
tree convert n.tree.zip back.tree
exits 'from an archive' 0
first=$(digests "$data/network.npz" | grep -v '  classes$')
is 'hashes of the folder' "$(digests n.tree)" "$first"
is 'hashes of the archive' "$(digests n.tree.zip)" "$first"
is 'hashes of the folder again' "$(digests back.tree)" "$first"
diff -r n.tree back.tree >/dev/null
is 'the same files' $? 0
tree verify n.tree.zip
exits 'verify an archive' 0

# an old one is replaced as a whole
tree convert elevation.npy n.tree
exits 'replaced' 0
is 'nothing of the old one is left' "$(cd n.tree && find . -type f | LC_ALL=C sort | tr '\n' ' ')" \
    './data/elevation ./tree.index '
is 'replaced' "$(digests n.tree)" "$(digests elevation.npy)"
tree convert weights.npy n.tree/
exits 'replaced, with a slash' 0
is 'replaced, with a slash' "$(digests n.tree)" "$(digests weights.npy)"
tree convert --rename weights=other n.tree n.tree
exits 'onto itself' 0
is 'onto itself' "$(cat n.tree/tree.index)" 'tensor other f32 data/other 128 64'
tree convert -q --strict --set 'key=a value' n.tree n.tree
exits 'metadata are edited' 0
is 'metadata are edited' "$(cat n.tree/tree.index)" 'tensor other f32 data/other 128 64
note key a value'
tree convert n.tree n.tree.zip
tree convert -q --strict --set key=2 n.tree.zip n.tree.zip
tree ls -q --meta n.tree.zip
says 'metadata are edited in an archive' out "key${tab}string${tab}2"
tree convert --strict --set key=1 --set-type key=u8 n.tree n.tree
exits 'an edit that it has no place for' 2
says 'an edit that it has no place for' err 'loss: key: '
tree convert --unset key n.tree n.tree
is 'a failed edit, and one that takes away' "$(cat n.tree/tree.index)" 'tensor other f32 data/other 128 64'
mkdir empty.tree named
tree convert weights.npy empty.tree
exits 'an empty folder' 0
tree convert --format tree weights.npy named
exits 'a folder of another name' 0
same 'a folder of another name' named/data/weights bytes
tree convert --dry-run elevation.npy named.tree
exits 'a dry run' 0
is 'nothing is left beside them' "$(names 'n')" './n.tree ./n.tree.zip ./named '

# refused TEXT WORDS ARGUMENT...: convert fails in these words, and the folder keeps its files
mkdir precious.tree
echo precious >precious.tree/file
refused ()
{
    text=$1 words=$2
    shift 2
    tree convert "$@"
    fails "$text" 2 "$words"
    is "$text: the folder is left alone" "$(cat precious.tree/file n.tree/tree.index)" 'precious
tensor other f32 data/other 128 64'
}
refused 'a folder of other files' 'precious.tree: the codec tree cannot read the folder that it would replace' weights.npy precious.tree
refused 'a dry run too' 'precious.tree: the codec tree cannot read the folder that it would replace' --dry-run weights.npy precious.tree
echo mine >n.tree/notes.txt
refused 'a file that is none of its own' 'n.tree: the folder would be removed with 1 file that the codec tree does not use: '"'notes.txt'" weights.npy n.tree
says 'a file that is none of its own' err 'hint: move it elsewhere, or save to another name'
is 'a file that is none of its own' "$(cat n.tree/notes.txt)" mine
rm n.tree/notes.txt
refused '--new' 'n.tree: ' --new weights.npy n.tree
refused '--append' 'n.tree: nothing can be added to a folder' --append weights.npy n.tree
refused 'to standard output' 'is a folder of files' --format tree weights.npy -
refused 'a codec of files' 'precious.tree: cannot be written: it is a folder; name a file in it' --format npy weights.npy precious.tree
mkdir plain x.npy
refused 'without an extension' 'plain: it is a folder, and its name has the extension of no codec that writes folders' weights.npy plain
refused 'the extension of a codec of files' 'x.npy: cannot be written: it is a folder; name a file in it' weights.npy x.npy
refused 'it is a file' 'w.tree/tree.index: cannot be written: a folder is to get this name, and a file has it' --format tree weights.npy w.tree/tree.index/
tree convert --json weights.npy precious.tree
exits '--json' 2
says '--json' out '"status":"TENON_E_EXISTS"'
finish
