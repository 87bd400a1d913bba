#!/bin/sh
# SPDX-License-Identifier: MIT
# diagnostics_config.sh: each row of the table in tenon.ini(5), "Diagnostics": what is said, and that the cure helps.
. "${TENON_SRCDIR:-$srcdir}/tests/cli/check.sh"
page=$TENON_SRCDIR/docs/tenon.ini.5
rows=0

# row SYMPTOM WORDS: the manual page has this row, and the last command said these words.
row ()
{
    rows=$((rows + 1))
    says "tenon.ini(5) has a row: $1" "$page" ".It \"$1\""
    cat out err >all
    says "$1" all "$2"
}
# cured TEXT: the last command did what it should.
cured ()
{
    exits "cured: $1" 0
    silent "cured: $1" err
}
ini ()
{
    # shellcheck disable=SC2059
    printf "$1" >"$folder/mine.ini"
}
TENON_CONFIG=$folder/mine.ini
export TENON_CONFIG
at=$folder/mine.ini

if [ -n "${TENON_MODULE_PLUGINS-npy}" ]; then
    ini '[plugin npy]\nenabled = no\n'
    tenon ls "$data/tokens.npy"
    row 'no codec recognises it: the plugin NAME is not in use: disabled at FILE:LINE' \
        "the plugin npy is not in use: disabled at $at:2"
    tenon ls -o plugin.npy.enabled=yes "$data/tokens.npy"
    cured 'a plugin is enabled for one command'
    ini '[plugin npy]\nenable = no\n'
    tenon ls "$data/tokens.npy"
    row 'the plugin NAME is not in use: not loaded: FILE:LINE: [plugin NAME]' \
        "the plugin npy is not in use: not loaded: $at:2: [plugin npy] has no key 'enable'; did you mean 'enabled'?"
    tenon ls "$data/model.gguf"
    cured 'a wrong section of one plugin, and another plugin'

    made=$TENON_BUILDDIR/tests/unit/context/plugins/.libs
    mkdir here other
    cp "$made/lone.so" here/lone.so
    chmod 666 here/lone.so
    ini ''
    cp "$data/tokens.npy" x.lab
    cp "$data/tokens.npy" x.lone
    tenon ls --plugin-path "$folder/here" -o plugin.npy.enabled=no x.lone
    row 'the plugin NAME is not in use: not loaded: the file is writable by everybody' \
        'the plugin lone is not in use: not loaded: the file is writable by everybody (mode 0666)'
    chmod 644 here/lone.so
    tenon ls -q --plugin-path "$folder/here" -o plugin.npy.enabled=no x.lone
    cured 'a plugin that only its owner can write'
    echo 'no shared object' >here/lab.so
    tenon ls --plugin-path "$folder/here" -o plugin.npy.enabled=no x.lab
    row 'the plugin NAME is not in use: dlopen:' 'the plugin lab is not in use: dlopen: '
    cp "$made/newer.so" here/lab.so
    tenon ls --plugin-path "$folder/here" -o plugin.npy.enabled=no x.lab
    row 'the plugin NAME is not in use: refused: wants minor' 'the plugin lab is not in use: refused: wants minor 3'
    cp "$made/nextmajor.so" here/lab.so
    tenon ls --plugin-path "$folder/here" -o plugin.npy.enabled=no x.lab
    row 'the plugin NAME is not in use: made for another major version' \
        'the plugin lab is not in use: made for another major version'
    rm here/lab.so
    digest=$(sha256sum <here/lone.so | cut -c 1-64)
    printf '[plugin lone]\nsha256 = %064d\n' 0 >mine.ini
    tenon ls --plugin-path "$folder/here" -o plugin.npy.enabled=no x.lone
    row 'the plugin NAME is not in use: not loaded: its SHA-256 is' \
        "the plugin lone is not in use: not loaded: its SHA-256 is $digest, which $at:2 does not name"
    ini ''
    tenon formats --pins --plugin-path "$folder/here"
    says 'the digest of a plugin' out "sha256 = $digest"
    cp out pins
    { printf '[core]\npinned_only = yes\n'; grep -v "$digest" pins; } >mine.ini
    tenon ls --plugin-path "$folder/here" -o plugin.npy.enabled=no x.lone
    row 'the plugin NAME is not in use: not loaded: [core] pinned_only' \
        'the plugin lone is not in use: not loaded: [core] pinned_only = yes, and [plugin lone] has no sha256'
    { printf '[core]\npinned_only = yes\n'; cat pins; } >mine.ini
    tenon ls -q --plugin-path "$folder/here" x.lone
    cured 'what tenon formats --pins prints'
    tenon formats --json --plugin-path "$folder/here"
    says 'the digests for an audit' out "$digest"
    ini ''
    cp "$made/lone.so" other/lone.so
    tenon formats -v --plugin-path "$folder/here:$folder/other"
    row 'shadowed by FILE' "shadowed by $folder/here/lone.so"
    ini "[plugin lone]\npath = $folder/other/lone.so\n"
    tenon formats -v --plugin-path "$folder/here:$folder/other"
    says 'cured: the file is named' out "shadowed by $folder/other/lone.so, which $at:2 names"
    ini ''
    tenon formats -v --plugin-path here
    row 'not searched: it is no absolute path' 'not searched: it is no absolute path (command line)'
    cp "$TENON_BUILDDIR/tests/abi/plugins/.libs/toytwin.so" here/toytwin.so
    printf TWIN >twin
    tenon ls --plugin-path "$folder/here" twin
    row 'A and B claim it equally' 'twin_a and twin_b claim it equally'
    ini '[codec twin_b]\npriority = 1\n'
    tenon ls -q --plugin-path "$folder/here" twin
    cured 'a priority'
else
    rows=$((rows + 9))
fi

ini '[codec npy]\nenabled = no\n'
tenon ls "$data/network.npz"
row 'the codec NAME is disabled at FILE:LINE' "the codec npy is disabled at $at:2"
ini '[codec npy]\nmax_headr = 1MiB\n'
tenon ls "$data/tokens.npy"
row "the codec NAME is not used: FILE:LINE: [codec NAME] has no key 'KEY'" \
    "the codec npy is not used: $at:2: [codec npy] has no key 'max_headr'; did you mean 'max_header'?"
tenon config --check
says 'config --check' err "$at:2: [codec npy] has no key 'max_headr'; did you mean 'max_header'?"
exits 'config --check' 1
ini '[core]\nthread = 2\n'
tenon ls "$data/tokens.npy"
row "FILE:LINE: [core] has no key 'KEY'" "$at:2: [core] has no key 'thread'; did you mean 'threads'?"
tenon --no-config ls -q "$data/tokens.npy"
cured '--no-config'
ini '[coree]\nthreads = 2\n'
tenon ls "$data/tokens.npy"
row 'FILE:LINE: there is no section [NAME]' "$at:1: there is no section [coree]; there are [core]"
ini '[core]\nplugin_path =\n/opt/tenon\n'
tenon ls "$data/tokens.npy"
row 'FILE:LINE: no setting: KEY = VALUE is expected' "$at:3: no setting: KEY = VALUE is expected"
ini '[core]\nthreads = 2\n'
chmod 666 mine.ini
tenon config core.threads
row 'this configuration is not obeyed: the file is writable by everybody' \
    'this configuration is not obeyed: the file is writable by everybody (mode 0666)'
tenon config --check
exits 'config --check: a file that is not obeyed' 1
chmod 644 mine.ini
tenon config core.threads
is 'cured: obeyed' "$(cat out)" 2
ini '[plugin lab]\nenabled = yes\n'
tenon config
row "no plugin 'NAME' was found" "$at:1: no plugin 'lab' was found"
ini '[limits]\ntensors = 1\n'
tenon ls "$data/model.gguf"
row 'in [limits]' 'in [limits]'
tenon ls -q -o limits.tensors=1000 "$data/model.gguf"
cured 'a higher limit'
mkdir -p config/tenon
printf '[core]\nthreads = 7\n' >config/tenon/tenon.ini
ini '[core]\nthreads = 3\n'
tenon config core.threads
row 'another value than the one in the file' 3
tenon config -v core.threads
says 'cured: the origin' out "$at:2"
rm mine.ini
tenon ls "$data/tokens.npy"
row 'FILE: opening the configuration: No such file or directory' \
    "$at: opening the configuration: No such file or directory"
unset TENON_CONFIG
tenon ls -q "$data/tokens.npy"
cured 'unset'

# config.sh makes this one
rows=$((rows + 1))

is 'every row is tested' "$(sed -n '/^.Sh DIAGNOSTICS/,/^.El/p' "$page" | grep -c '^.It ')" $rows
finish
