#!/bin/sh
# SPDX-License-Identifier: MIT
# usage.sh: options, --help, mistakes on the command line.
. "${TENON_SRCDIR:-$srcdir}/tests/cli/check.sh"

tenon --version
exits '--version' 0
is '--version: one line' "$(sed 's/[0-9][0-9.]*$/N/' out)" 'tenon N'
tenon --help
exits '--help' 0
for command in ls cat convert verify hash formats why config check-plugin new-plugin help; do
    tenon --help
    says "--help lists $command" out "  $command "
    tenon $command --help
    exits "$command --help" 0
    silent "$command --help: stderr" err
    says "$command --help: usage" out "usage: tenon $command "
    says "$command --help: common options" out '--plugin-path'
    cp out help
    tenon --help $command
    same "--help before $command" out help
    tenon help $command
    exits "help $command" 0
    same "help $command is --help when there is no terminal" out help
    tenon $command --version
    exits "$command --version" 0
done

# man finds the page of a format: this man has the page of one format, and no other page.
mkdir bin
cat >bin/man <<'EOF'
#!/bin/sh
[ "$1" = -w ] && shift
[ "$1" = tenon-npy ] && echo "the page $1"
EOF
chmod +x bin/man
path=$PATH
PATH=$PWD/bin:$PATH
tenon help npy
exits 'help of a format' 0
is 'help of a format' "$(cat out)" 'the page tenon-npy'
tenon help nyp
fails 'help of nothing' 2 "unknown command 'nyp'"
PATH=$path
# the pages of the build tree, of every plugin
if man -w man >/dev/null 2>&1; then
    for page in blosc bzip2 crc32c deflate delta gguf lz4 npy npz pt safetensors shuffle xz zip zstd; do
        is "the page of $page" "$(man -w "tenon-$page" | sed 's|.*/||')" "tenon-$page.7"
    done
fi
tenon help
exits 'help' 0
says 'help' out 'commands:'

tenon
fails 'no command' 2 'which command?'
silent 'no command: stdout' out
tenon lss
fails 'unknown command' 2 "unknown command 'lss', did you mean 'ls'?"
tenon frobnicate
fails 'unknown command, nothing near' 2 "unknown command 'frobnicate' ("
tenon help lss
fails 'help for an unknown command' 2 "did you mean 'ls'?"
tenon ls --jsn "$data/weights.npy"
fails 'unknown option' 2 "unknown option '--jsn', did you mean '--json'?"
tenon ls -x "$data/weights.npy"
fails 'unknown letter' 2 "unknown option '-x'"
tenon -x ls
fails 'unknown letter before the command' 2 "unknown option '-x'"
tenon ls
fails 'no file' 2 'an argument is missing: tenon ls FILE...'
tenon convert one
fails 'one file of two' 2 'an argument is missing'
tenon convert one two three
fails 'one file too many' 2 "'three' is one argument too many"
tenon ls --sort colour x
fails 'no such choice' 2 "--sort takes name|size|offset, not 'colour'"
tenon ls --sort
fails 'value missing' 2 '--sort needs a value'
tenon ls --json=yes x
fails 'value too many' 2 '--json takes no value'
tenon ls --color=blue x
fails 'no such colour choice' 2 '--color takes auto|always|never'
tenon ls --ver x
fails 'ambiguous beginning' 2 "'--ver' may begin several options"
tenon help --json ls
fails 'no JSON there' 2 'help: there is no --json'
tenon ls "$data/weights.npy" -o npy.colour=blue
fails 'unknown codec option' 2 'command line'
tenon ls "$data/weights.npy" -o npy.v1=blue
fails 'wrong value' 2 'command line'
tenon ls "$(printf 'no\nsuch\033[31mfile')"
fails 'hostile bytes in messages' 2 'such\x1b[31mfile'

tenon --json ls "$data/weights.npy"
cp out before
tenon ls "$data/weights.npy" --js
same 'common options before and after, and shortened' before out
tenon --format npy ls -q "$data/weights.npy"
exits '--format' 0
tenon ls --format nyp "$data/weights.npy"
fails 'unknown format' 2 nyp
tenon ls --no-map "$data/weights.npy"
exits '--no-map' 0
tenon ls -- "$data/weights.npy"
exits 'end of options' 0
finish
