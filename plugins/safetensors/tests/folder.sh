#!/bin/sh
# SPDX-License-Identifier: MIT
# folder.sh: the command opens sharded sets by a shard with --shards and by a folder, and writes sets over older ones. The test
# makes the shards from the description of the format.
# shellcheck source=tests/plugin.sh
. "$(dirname "$0")/../../../tests/plugin.sh"
cd "$work" || exit 1

# shard FILE NAME TEXT: makes a shard with one tensor, u8 [8], of eight letters
shard ()
{
    shard_header="{\"$2\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}}"
    {
        # shellcheck disable=SC2059 # the length, below 256, as eight bytes
        printf "\\$(printf %o ${#shard_header})\\0\\0\\0\\0\\0\\0\\0"
        printf '%s%s' "$shard_header" "$3"
    } >"$1.safetensors"
}

# good ARGUMENT...: checks that the command succeeds
good ()
{
    checks=$((checks + 1))
    tenon "$@"
    [ "$status" -eq 0 ] || fail "$*: exit status $status"
}

# bad STATUS TEXT ARGUMENT...: checks that the command fails with STATUS and a message that has TEXT
bad ()
{
    bad_status=$1 bad_text=$2
    shift 2
    checks=$((checks + 1))
    tenon "$@"
    { [ "$status" -eq "$bad_status" ] && said "$bad_text"; } || fail "$*: exit status $status, not $bad_status with: $bad_text"
}

# prints TEXT: checks that the last command printed this on standard output
prints ()
{
    checks=$((checks + 1))
    [ "$(cat out)" = "$1" ] || fail "not what was expected: $1"
}

# names LETTERS: checks that the last command listed these tensors
names ()
{
    checks=$((checks + 1))
    [ "$(cut -f 1 out | grep -v ' ' | tr -d '\n')" = "$1" ] || fail "other tensors than $1"
}

# says TEXT: checks that the last command printed this on standard error; silent: that it printed nothing there
says () { checks=$((checks + 1)); grep -qF -e "$1" error || fail "it does not say: $1"; }
silent () { checks=$((checks + 1)); [ ! -s error ] || fail 'it says something'; }

mkdir s
shard s/m-00001-of-00003 a aaaaaaaa
shard s/m-00002-of-00003 b bbbbbbbb
shard s/m-00003-of-00003 c cccccccc

# ---- by the name of a shard, in every command that reads ----
good ls s/m-00002-of-00003.safetensors; names b
says 'shard 2 of 3 of a set; --shards'
good ls --shards s/m-00002-of-00003.safetensors; names abc
silent
good cat --shards s/m-00002-of-00003.safetensors c; prints cccccccc
good hash --shards s/m-00003-of-00003.safetensors; cp out numbers
good verify --shards s/m-00003-of-00003.safetensors
checks=$((checks + 1)); said '3 tensors, 24 bytes' || fail 'verify counts something else'
good why --shards s/m-00003-of-00003.safetensors
says 'm-00001-of-00003.safetensors is opened for it'
good convert --shards s/m-00003-of-00003.safetensors one.safetensors
good hash one.safetensors; cp out one
checks=$((checks + 1)); cmp -s numbers one || fail 'the set and the file that was made of it have other hashes'
good ls --shards one.safetensors; says 'it belongs to no set'
bad 2 'is opened by a path' ls --shards -
bad 2 '--shards' ls s

# ---- a folder ----
good ls --shards s; names abc
good ls --shards s/; names abc
good cat --shards s a; prints aaaaaaaa
good convert --shards s two.safetensors
checks=$((checks + 1)); cmp -s one.safetensors two.safetensors || fail 'the folder is another file than its shards'
mkdir empty
bad 2 '*.safetensors.index.json' ls empty
bad 2 '*.safetensors.index.json' why empty
bad 2 'it is a folder' ls --format=npy s

# ---- writing ----
mkdir w
good convert --shards -o safetensors.shard_size=8 s w/x.safetensors
checks=$((checks + 1))
[ "$(cd w && echo *)" = 'x-00001-of-00003.safetensors x-00002-of-00003.safetensors x-00003-of-00003.safetensors x.safetensors.index.json' ] ||
    fail "other files: $(ls w)"
for how in w --shards\ w w/x.safetensors.index.json --shards\ w/x.safetensors.index.json --shards\ w/x-00002-of-00003.safetensors; do
    # shellcheck disable=SC2086 # two words
    good hash $how
    silent
    checks=$((checks + 1)); cmp -s numbers out || fail "$how: other hashes"
done
good why w; says 'w/x.safetensors.index.json is opened for it'
checks=$((checks + 1)); grep -q "^safetensors.*chosen" out || fail 'not chosen'
good why --json w
checks=$((checks + 1))
grep -q '"file": *"w", *"opened": *"w/x.safetensors.index.json"' out || fail 'why --json does not name the file that was opened for a folder'

# a set onto itself
good convert -o safetensors.shard_size=8 w w/x.safetensors
good hash w
checks=$((checks + 1)); cmp -s numbers out || fail 'the set that was written onto itself has other hashes'

# with fewer shards the older ones go; those that another program left are not taken for shards of the new set
mkdir older
cp w/x-0000?-of-00003.safetensors older
shard s/m-00001-of-00003 a AAAAAAAA
good convert --shards -o safetensors.shard_size=16 s w/x.safetensors
checks=$((checks + 1))
[ "$(cd w && echo *)" = 'x-00001-of-00002.safetensors x-00002-of-00002.safetensors x.safetensors.index.json' ] ||
    fail "other files: $(ls w)"
cp older/* w
good cat w a; prints AAAAAAAA
good cat --shards w/x-00001-of-00002.safetensors a; prints AAAAAAAA
good cat --shards w/x-00001-of-00003.safetensors a; prints aaaaaaaa
bad 2 "'x-00001-of-00002.safetensors' and 'x-00001-of-00003.safetensors'" ls --no-index w
bad 2 "'x-00001-of-00002.safetensors' and 'x-00001-of-00003.safetensors'" ls --no-index w/x.safetensors.index.json
rm w/x.safetensors.index.json
bad 2 "'x-00001-of-00002.safetensors' and 'x-00001-of-00003.safetensors'" ls --shards w
good cat --shards w/x-00001-of-00003.safetensors a; prints aaaaaaaa

# a missing shard; two sets
rm s/m-00002-of-00003.safetensors
good ls --shards s; names ac
says '1 of 3 shards is missing, m-00002-of-00003.safetensors: the tensors in it are not listed'
bad 1 '1 of 3 shards is missing' verify --shards s
shard s/m-00002-of-00003 a bbbbbbbb
bad 2 "m-00002-of-00003.safetensors: tensor 'a': the name occurs twice: m-00001-of-00003.safetensors has it, too" ls --shards s
mkfifo s/n.safetensors.index.json
bad 2 '--shards' ls s
rm s/n.safetensors.index.json
for name in p q; do
    echo '{"metadata":{"total_size":0},"weight_map":{}}' >s/$name.safetensors.index.json
done
bad 2 "'p.safetensors.index.json' and 'q.safetensors.index.json'" ls s
bad 2 'more than one set' why s

# ---- variants, and the keys of an index ----
mkdir v
printf '{\n  "weight_map": {"a": "m.half-00001-of-00002.safetensors", "b": "m.half-00002-of-00002.safetensors"},\n  "made": [1, {"by": "me"}],\n  "metadata": {"rate": 1.50, "total_size": null, "zone": "\\u0061"}\n}\n' \
    >v/m.safetensors.index.half.json
shard v/m.half-00001-of-00002 a aaaaaaaa
shard v/m.half-00002-of-00002 b bbbbbbbb
good ls v; names ab; silent
good verify v
good convert -q --set k=v v v/m.safetensors.index.half.json
silent
cat >expected <<'END'
{
  "metadata": {
    "rate": 1.50,
    "total_size": 16,
    "zone": "\u0061"
  },
  "made": [1, {"by": "me"}],
  "weight_map": {
    "a": "m.half-00001-of-00001.safetensors",
    "b": "m.half-00001-of-00001.safetensors"
  }
}
END
checks=$((checks + 1)); cmp -s expected v/m.safetensors.index.half.json || fail 'another index'
checks=$((checks + 1)); [ "$(echo v/*)" = 'v/m.half-00001-of-00001.safetensors v/m.safetensors.index.half.json' ] || fail "other files: $(ls v)"
good ls v/m.half-00001-of-00001.safetensors; names ab; silent
checks=$((checks + 1)); grep -q '{"__metadata__":{"k":"v"},"a"' v/m.half-00001-of-00001.safetensors || fail 'other metadata in the shard'
# in a single file they are metadata, and come back into an index
good convert v single.safetensors
good convert single.safetensors v/n.safetensors.index.json
sed 's/m[.]half/n/' expected >expected.n
checks=$((checks + 1)); cmp -s expected.n v/n.safetensors.index.json || fail 'another index by way of a single file'
# an index under another name, as a download cache has it
mv v/n.safetensors.index.json v/0123456789abcdef
good ls v/0123456789abcdef; names ab
# the shards of a set have the extension that the configuration gives
mkdir e
cp s/m-00001-of-00003.safetensors e/m-00001-of-00002.st
cp s/m-00003-of-00003.safetensors e/m-00002-of-00002.st
printf '[codec safetensors]\nextensions += st\n' >st.ini
export TENON_CONFIG="$PWD/st.ini"
good ls --shards e; names ac; silent
good ls --shards e/m-00002-of-00002.st; names ac; silent
echo '{"weight_map":{"a":"m-00001-of-00002.st","c":"m-00002-of-00002.st"}}' >e/m.st.index.json
good ls e; names ac; silent
mv e/m.st.index.json e/m.safetensors.index.json
good ls e; names ac; silent
good ls --no-index e/m.safetensors.index.json; names ac; silent
# written onto itself, the set keeps the extension; a target that has it makes shards that have it
mv e/m.safetensors.index.json e/m.st.index.json
good convert -o safetensors.shard_size=8 e e/m.st.index.json
checks=$((checks + 1)); [ "$(cd e && echo *)" = 'm-00001-of-00002.st m-00002-of-00002.st m.st.index.json' ] || fail "other files: $(ls e)"
mkdir f
good convert -o safetensors.shard_size=8 e f/n.st
checks=$((checks + 1)); [ "$(cd f && echo *)" = 'n-00001-of-00002.st n-00002-of-00002.st n.safetensors.index.json' ] || fail "other files: $(ls f)"
good ls f; names ac; silent
unset TENON_CONFIG

# a file by itself in a folder
mkdir o
cp single.safetensors o/model.safetensors
echo {} >o/config.json
good ls o; names ab; silent
cp single.safetensors o/more.safetensors
bad 2 "more than one file, 'model.safetensors' and 'more.safetensors'" ls o

# a shard that is written onto itself is opened by itself
good convert --set k=v s/m-00001-of-00003.safetensors s/m-00001-of-00003.safetensors
good ls --meta s/m-00001-of-00003.safetensors
checks=$((checks + 1)); grep -q "^k.*v" out || fail 'the metadata of a shard are not edited'

# a note names an older file of the target's name
good convert -o safetensors.shard_size=8 two.safetensors one.safetensors
says 'one.safetensors: the older file of this name stays as it is'
finish
