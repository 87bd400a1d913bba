#!/bin/sh
# SPDX-License-Identifier: MIT
# split.sh: sharded sets, NAME-00001-of-00003.gguf: shards that fit together, shards that do not, and writing. The test makes the
# shards from the description of the format.
# shellcheck source=plugins/gguf/tests/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1

# shard FILE TENSOR PAIRS WORD...: makes a shard with one tensor, i8 [8], of eight letters, and these pairs
shard ()
{
    shard_file=$1 shard_tensor=$2 shard_pairs=$3
    shift 3
    put "$shard_file.gguf" t:GGUF 4:3 8:1 "8:$shard_pairs" "$@" "s:$shard_tensor" 4:1 8:8 4:24 8:0 p:32 "t:$(printf '%8s' '' | tr ' ' "$shard_tensor")" p:32
}
# keys NUMBER COUNT TOTAL: prints the words of a shard's three pairs
keys () { echo "s:split.no 4:2 2:$1 s:split.count 4:2 2:$2 s:split.tensors.count 4:5 4:$3"; }
# three: makes a set, s/m
# shellcheck disable=SC2046 # words
three ()
{
    shard s/m-00001-of-00003 a 4 s:k 4:4 4:7 $(keys 0 3 3)
    shard s/m-00002-of-00003 b 3 $(keys 1 3 3)
    shard s/m-00003-of-00003 c 3 $(keys 2 3 3)
}
first=s/m-00001-of-00003.gguf second=s/m-00002-of-00003.gguf third=s/m-00003-of-00003.gguf

# good ARGUMENT...: checks that the command succeeds; names LETTERS: that it listed these tensors
good ()
{
    checks=$((checks + 1))
    tenon "$@"
    [ "$status" -eq 0 ] || fail "$*: exit status $status"
}
names ()
{
    checks=$((checks + 1))
    [ "$(cut -f 1 out | grep -v ' ' | tr -d '\n')" = "$1" ] || fail "other tensors than $1"
}
# says TEXT: checks that the last command printed this on standard error; silent: that it printed nothing there
says () { checks=$((checks + 1)); grep -qF -e "$1" error || fail "it does not say: $1"; }
silent () { checks=$((checks + 1)); [ ! -s error ] || fail 'it says something'; }
# keyed WORDS FILE: checks that ls --meta=full prints exactly these keys and values (tabs are spaces)
keyed ()
{
    good ls --meta=full "$2"
    checks=$((checks + 1))
    if grep -q '^$' out; then sed '/^$/,$d' out; fi | tr '\t\n' ' ;' >keys
    [ "$(cat keys)" = "$1" ] || fail "$2: other keys than $1: $(cat keys)"
}
# no FILE TEXT...: checks that tenon refuses the set, by its first shard and by its folder, with a message that names FILE
no ()
{
    no_file=$1
    shift
    for no_set in "$first" s; do
        checks=$((checks + 1))
        tenon ls "$no_set"
        { [ "$status" -eq 2 ] && said "$no_file: " "$@"; } || fail "$no_set: ls exits $status, not 2 with $no_file: $*"
    done
    checks=$((checks + 1))
    tenon verify "$first"
    { [ "$status" -eq 1 ] && said "$no_file: " "$@"; } || fail "$no_set: verify exits $status, not 1 with $no_file: $*"
}
# exists NAMES: checks that the folder w holds exactly these files
exists ()
{
    checks=$((checks + 1))
    [ "$(cd w && echo *)" = "$1" ] || fail "w has other files: $(cd w && echo *)"
}

# ---- reading ----
mkdir s w
three
for path in $first s s/; do
    good ls $path; names abc; silent
    good verify $path
    checks=$((checks + 1)); said '3 tensors, 24 bytes' || fail 'verify counts something else'
    good cat $path c
    checks=$((checks + 1)); [ "$(cat out)" = cccccccc ] || fail 'another tensor than c'
done
keyed 'k u32 7;' $first
for path in $second $third; do
    good ls --shards $path; names abc; silent
done
good ls $second; names b; says 'shard 2 of 3 of a set; --shards'
keyed 'split.no u16 2;split.count u16 3;split.tensors.count i32 3;' $third
good convert $third w/alone.gguf
checks=$((checks + 1)); cmp -s $third w/alone.gguf || fail 'a shard that is converted by itself changes'
good ls -v w/alone.gguf; says 'its keys say that it is shard 3 of 3 of a set, its name does not'
good convert s w/one.gguf
keyed 'k u32 7;' w/one.gguf
good why $second
good why --shards $third; says 'm-00001-of-00003.gguf is opened for it'
rm w/*

# ---- 78: shards that do not fit together ----
# other FILE TENSOR WORD...: replaces a shard of the set by one with three pairs; the set is restored afterwards
second_is () { shard s/m-00002-of-00003 b 3 "$@"; }
two=m-00002-of-00003.gguf
it_is='its name says that it is shard 2 of 3'
# shellcheck disable=SC2046 # words
{
    for number in 0 2 3 65535; do
        second_is $(keys $number 3 3); no $two "split.no is $number, expected 1: $it_is" 'at byte 24'
    done
    for count in 0 1 2 4 65535; do
        second_is $(keys 1 $count 3); no $two "split.count is $count, expected 3: $it_is" 'at byte 46'
    done
    for total in 0 2 4 -1 0x7fffffff 0x80000000; do
        second_is $(keys 1 3 $total); no $two 'split.tensors.count is' ', the first shard says 3' 'at byte 71'
    done
    # two of the keys, or one of another type
    shard s/m-00002-of-00003 b 2 s:split.count 4:2 2:3 s:split.tensors.count 4:5 4:3
    no $two "it has no key split.no, $it_is"
    shard s/m-00002-of-00003 b 2 s:split.no 4:2 2:1 s:split.tensors.count 4:5 4:3
    no $two "it has no key split.count, $it_is"
    shard s/m-00002-of-00003 b 2 s:split.no 4:2 2:1 s:split.count 4:2 2:3
    no $two "it has no key split.tensors.count, $it_is"
    second_is s:split.no 4:4 4:1 s:split.count 4:2 2:3 s:split.tensors.count 4:5 4:3
    no $two 'split.no is no u16' 'at byte 24'
    second_is s:split.no 4:2 2:1 s:split.count 4:5 4:3 s:split.tensors.count 4:5 4:3
    no $two 'split.count is no u16' 'at byte 46'
    second_is s:split.no 4:2 2:1 s:split.count 4:2 2:3 s:split.tensors.count 4:4 4:3
    no $two 'split.tensors.count is no i32' 'at byte 71'
    # a key that comes again: the first value counts
    shard s/m-00002-of-00003 b 4 $(keys 1 3 3) s:split.no 4:2 2:7
    good ls -v $first; names abc; says "the key 'split.no': it occurs twice, at byte 24 and at byte 106"
    shard s/m-00002-of-00003 b 5 $(keys 1 3 3) s:k 4:4 4:7 s:k 4:4 4:7
    good ls -v $first; names abc; says "the key 'k': it occurs twice, at byte 106 and at byte 123"
    checks=$((checks + 1)); tenon verify $first
    { [ "$status" -eq 1 ] && said "m-00002-of-00003.gguf: the key 'k': it occurs twice"; } || fail "verify exits $status"
    shard s/m-00002-of-00003 a 3 $(keys 1 3 3)
    no $two "tensor 'a': the name occurs twice: m-00001-of-00003.gguf has it, too"
    shard s/m-00002-of-00003 b 0; no $two "it has no key split.count, $it_is"
    printf 'GGUF' >$second; no $two 'the version needs 4 bytes'
    printf 'other' >$second; no $two 'it is plain text, no gguf file: "other"'
    # the first shard
    three
    shard s/m-00001-of-00003 a 3 $(keys 1 3 3); no m-00001-of-00003.gguf 'split.no is 1, expected 0: its name says that it is shard 1 of 3'
    shard s/m-00001-of-00003 a 3 $(keys 0 0 3); no m-00001-of-00003.gguf 'split.count is 0, expected 3'
    shard s/m-00001-of-00003 a 3 $(keys 0 2 3); no m-00001-of-00003.gguf 'split.count is 2, expected 3'
    shard s/m-00001-of-00003 a 3 $(keys 0 3 4); no $two 'split.tensors.count is 3, the first shard says 4'
    shard s/m-00001-of-00003 a 3 $(keys 0 3 -1); no m-00001-of-00003.gguf 'split.tensors.count is -1, the shards up to this one have 1 tensors'
    shard s/m-00001-of-00003 a 3 $(keys 0 3 0); no m-00001-of-00003.gguf 'split.tensors.count is 0, the shards up to this one have 1 tensors'
    shard s/m-00001-of-00003 a 0; no m-00001-of-00003.gguf 'it has no key split.count, its name says that it is shard 1 of 3'
    # all shards state the same wrong number
    for total in 2 4; do
        shard s/m-00001-of-00003 a 3 $(keys 0 3 $total)
        shard s/m-00002-of-00003 b 3 $(keys 1 3 $total)
        shard s/m-00003-of-00003 c 3 $(keys 2 3 $total)
        no m-00003-of-00003.gguf "split.tensors.count is $total, the shards have 3 tensors"
    done
    for number in 0 1 2; do
        shard s/m-0000$((number + 1))-of-00003 "$number" 3 $(keys $number 3 1)
    done
    no $two 'split.tensors.count is 1, the shards up to this one have 2 tensors'
}
three
rm $second
checks=$((checks + 1))
tenon ls s
{ [ "$status" -eq 0 ] && said '1 of 3 shards is missing, m-00002-of-00003.gguf'; } || fail "a missing shard: ls exits $status"
names ac
checks=$((checks + 1))
tenon verify s
{ [ "$status" -eq 1 ] && said '1 of 3 shards is missing, m-00002-of-00003.gguf'; } || fail "a missing shard: verify exits $status"

# ---- shards by themselves, and files with other names ----
# lone FILE TEXT...: checks that tenon refuses the file
lone ()
{
    lone_file=$1
    shift
    refused "$lone_file" "$@"
}
# shellcheck disable=SC2046 # words
{
    second_is $(keys 2 3 3); lone $second "split.no is 2, expected 1: $it_is"
    second_is $(keys 1 4 3); lone $second "split.count is 4, expected 3: $it_is"
    second_is $(keys 1 3 0); lone $second 'split.tensors.count is 0, this shard alone has 1 tensors'
    second_is $(keys 1 3 3); good ls $second; names b
    shard s/m-00002-of-00003 b 0; good ls $second; names b
    for count in 0 1; do
        shard w/n-00001-of-00001 a 3 $(keys 0 $count 1); good ls w/n-00001-of-00001.gguf; names a; silent
        good ls --shards w/n-00001-of-00001.gguf; silent
        shard w/n a 3 $(keys 0 $count 7); good ls w/n.gguf; names a; silent
        good verify w/n.gguf
    done
    shard w/n-00001-of-00001 a 0; good ls w/n-00001-of-00001.gguf; silent
    shard w/n-00001-of-00001 a 3 $(keys 0 2 1); lone w/n-00001-of-00001.gguf 'split.count is 2, expected 1: its name says that it is shard 1 of 1'
    shard w/n-00001-of-00001 a 3 $(keys 1 1 1); lone w/n-00001-of-00001.gguf 'split.no is 1, expected 0'
    shard w/n a 3 $(keys 1 3 3); good ls -v w/n.gguf; says 'its keys say that it is shard 2 of 3 of a set, its name does not'
    shard w/n a 3 $(keys 3 3 3); lone w/n.gguf 'split.no is 3, expected less than split.count, 3'
    shard w/n a 3 $(keys 1 3 0); lone w/n.gguf 'split.tensors.count is 0, this shard alone has 1 tensors'
    shard w/n a 1 s:split.no 4:8 s:x; lone w/n.gguf 'split.no is no u16'
}
rm w/*

# ---- other keys of a later shard ----
# shellcheck disable=SC2046 # words
{
    three
    shard s/m-00002-of-00003 b 6 $(keys 1 3 3) s:k 4:4 4:7 s:l 4:8 s:more s:general.alignment 4:4 4:32
    good ls -v $first; silent
    keyed 'k u32 7;l string more;general.alignment u32 32;' $first
    shard s/m-00002-of-00003 b 4 $(keys 1 3 3) s:k 4:4 4:8
    good ls -v $first; says 'k: an earlier file of the set has another value, which counts'
    keyed 'k u32 7;' $first
    shard s/m-00002-of-00003 b 4 $(keys 1 3 3) s:k 4:10 8:7
    good ls -v $first; says 'k: an earlier file of the set has another value'
    # a shard of another byte order, and one of an older version
    three
    put $second t:GGUF b4:3 b8:1 b8:3 b8:8 t:split.no b4:2 b2:1 b8:11 t:split.count b4:2 b2:3 b8:19 t:split.tensors.count b4:5 b4:3 \
        b8:1 t:b b4:1 b8:1 b4:0 b8:0 p:32 x:3f800000
    put $third t:GGUF 4:1 4:1 4:3 4:8 t:split.no 4:2 2:2 4:11 t:split.count 4:2 2:3 4:19 t:split.tensors.count 4:5 4:3 \
        4:1 t:c 4:1 4:8 4:24 8:0 p:32 t:cccccccc
    good verify s; good ls s; names abc
    good cat --text s b
    checks=$((checks + 1)); [ "$(cat out)" = 1 ] || fail 'a big-endian shard has other numbers'
}

# ---- writing ----
# six: makes a file of six tensors of 40 bytes, 64 with padding
put six.gguf t:GGUF 4:3 8:6 8:1 s:k 4:4 4:7 s:a 4:1 8:40 4:24 8:0 s:b 4:1 8:40 4:24 8:64 s:c 4:1 8:40 4:24 8:128 s:d 4:1 8:40 4:24 8:192 \
    s:e 4:1 8:40 4:24 8:256 s:f 4:1 8:40 4:24 8:320 p:32 z:384
good hash six.gguf; cp out six
# written FILES OPTION...: converts six.gguf to w/m; checks the numbers of tensors of the shards
written ()
{
    written_shards=$1
    shift
    rm -f w/*
    good convert --strict "$@" six.gguf w/m.gguf
    checks=$((checks + 1))
    written_found=
    for written_file in w/*; do
        tenon ls "$written_file"
        case $written_file in *-00001-of-*) tenon ls --json "$written_file"; written_found="$written_found $(grep -c "\"source\":\"$written_file\"" out)" ;;
            *) written_found="$written_found $(grep -c 'i8' out)" ;; esac
    done
    [ "$written_found" = " $written_shards" ] || fail "$*: the shards hold$written_found tensors, not $written_shards"
    for written_file in w w/*-00001-of-*; do
        [ -e w/m.gguf ] && continue
        good hash "$written_file"
        checks=$((checks + 1)); cmp -s six out || fail "$written_file: other hashes"
        keyed 'k u32 7;' "$written_file"
    done
}
written '1 1 1 1 1 1' -o gguf.shard_tensors=1
written '2 2 2' -o gguf.shard_tensors=2
written '4 2' -o gguf.shard_tensors=4
written '5 1' -o gguf.shard_tensors=5
written '1 1 1 1 1 1' -o gguf.shard_size=1
written '1 1 1 1 1 1' -o gguf.shard_size=127
written '2 2 2' -o gguf.shard_size=128
written '2 2 2' -o gguf.shard_size=191
written '3 3' -o gguf.shard_size=192
written '2 2 2' -o gguf.shard_size=192 -o gguf.shard_tensors=2
written '1 1 1 1 1 1' -o gguf.shard_size=64 -o gguf.shard_tensors=2
keyed 'split.no u16 5;split.count u16 6;split.tensors.count i32 6;' w/m-00006-of-00006.gguf
# all tensors in one shard: a single file
for option in shard_tensors=6 shard_tensors=7 shard_size=384 shard_size=1TB shard_tensors=0 shard_size=0; do
    written 6 -o gguf.$option
    exists m.gguf
    checks=$((checks + 1)); cmp -s six.gguf w/m.gguf || fail "$option: a file of one shard has other bytes"
done
put none.gguf t:GGUF 4:3 8:0 8:1 s:k 4:4 4:7
good convert -o gguf.shard_tensors=1 none.gguf w/m.gguf
checks=$((checks + 1)); cmp -s none.gguf w/m.gguf || fail 'a file without tensors is split'
for option in shard_tensors=-1 shard_size=-1 shard_tensors=x shard_tensors=2147483648; do
    checks=$((checks + 1))
    tenon convert -o gguf.$option six.gguf w/x.gguf
    [ "$status" -ne 0 ] || fail "$option is taken"
done
checks=$((checks + 1))
tenon convert --format=gguf -o gguf.shard_tensors=1 six.gguf -
{ [ "$status" -ne 0 ] && said 'more than one file, which is only possible beside a target in a folder'; } || fail "a set into a pipe: convert exits $status"

# ---- from set to set ----
rm -f w/*
good convert -o gguf.shard_tensors=2 six.gguf w/m.gguf
good convert -o gguf.shard_tensors=2 w w/m.gguf # onto itself
good hash w
checks=$((checks + 1)); cmp -s six out || fail 'a set that is written onto itself has other hashes'
good convert -o gguf.shard_tensors=3 w w/n.gguf
exists 'm-00001-of-00003.gguf m-00002-of-00003.gguf m-00003-of-00003.gguf n-00001-of-00002.gguf n-00002-of-00002.gguf'
good hash w/n-00001-of-00002.gguf
checks=$((checks + 1)); cmp -s six out || fail 'a set of a set has other hashes'
keyed 'k u32 7;' w/n-00001-of-00002.gguf
checks=$((checks + 1))
tenon ls w
{ [ "$status" -eq 2 ] && said 'more than one set'; } || fail "two sets in a folder: ls exits $status"
# a shard by itself, split: its keys are those of the new set
good convert -o gguf.shard_tensors=1 w/n-00002-of-00002.gguf w/p.gguf
keyed '' w/p-00001-of-00003.gguf
keyed 'split.no u16 1;split.count u16 3;split.tensors.count i32 3;' w/p-00002-of-00003.gguf
# a set without one of its shards
rm w/p-00003-of-00003.gguf
checks=$((checks + 1))
tenon ls w/p-00001-of-00003.gguf
{ [ "$status" -eq 0 ] && said '1 of 3 shards is missing, p-00003-of-00003.gguf'; } || fail "a missing shard: ls exits $status"
# tenon removes the first shard of the older set before it writes the others
checks=$((checks + 1))
tenon convert -o gguf.shard_tensors=1 w/n-00002-of-00002.gguf w/p.gguf
[ "$status" -eq 0 ] || fail "over what is left of a set: convert exits $status"
good verify w/p-00001-of-00003.gguf

# ---- a single file with the name and the keys of a shard ----
# The set, edited onto its first shard, would be a file that opens neither alone nor with the others.
rm -f w/*
good convert -o gguf.shard_tensors=2 six.gguf w/m.gguf
cp w/m-00001-of-00003.gguf first
# kept TEXT... -- ARGUMENT...: checks that convert fails, and that no file of the set changes
kept ()
{
    kept_text=$1
    shift
    checks=$((checks + 1))
    tenon convert "$@"
    { [ "$status" -eq 2 ] && said "$kept_text"; } || fail "$*: exit status $status, not 2 with $kept_text"
    checks=$((checks + 1))
    cmp -s first w/m-00001-of-00003.gguf || fail "$*: the first shard is another file"
    exists 'm-00001-of-00003.gguf m-00002-of-00003.gguf m-00003-of-00003.gguf'
}
kept 'its name says that it is shard 2 of 3 of a set' six.gguf w/m-00002-of-00003.gguf
kept 'its name says that it is shard 1 of 2 of a set' six.gguf w/n-00001-of-00002.gguf
kept 'split.no is 1, expected 2: its name says that it is shard 3 of 3' w/m-00002-of-00003.gguf w/m-00003-of-00003.gguf
kept 'split.no is no u16' --set split.no=x six.gguf w/x.gguf
kept 'split.count is no u16' --set split.count=0 --set-type split.count=u32 six.gguf w/x.gguf
kept 'split.tensors.count is no i32' --set split.tensors.count=6 --set-type split.tensors.count=u32 six.gguf w/x.gguf
kept 'split.no is 2, expected less than split.count, 2' --set split.no=2 --set-type split.no=u16 --set split.count=2 --set-type split.count=u16 six.gguf w/x.gguf
kept 'split.tensors.count is 1, this shard alone has 2 tensors' --set split.tensors.count=1 w/m-00002-of-00003.gguf w/m-00002-of-00003.gguf
# an edit may keep a file a shard; a set of another name has keys of its own; 1 of 1 is a single file
good convert --set k=8 w/m-00002-of-00003.gguf w/m-00002-of-00003.gguf
good verify w
good convert -o gguf.shard_tensors=2 --set split.no=x six.gguf w/n.gguf
good verify w/n-00001-of-00003.gguf
good convert six.gguf w/o-00001-of-00001.gguf
good verify w/o-00001-of-00001.gguf

# ---- other formats ----
rm -f w/*
good convert -o gguf.shard_tensors=2 six.gguf w/m.gguf
good convert w/m-00001-of-00003.gguf one.safetensors
keyed 'k u32 7;' one.safetensors
good hash one.safetensors
checks=$((checks + 1)); cmp -s six out || fail 'a set as safetensors has other hashes'
mkdir t
good convert -o safetensors.shard_size=80 w t/m.safetensors
good hash t
checks=$((checks + 1)); cmp -s six out || fail 'a set as shards of safetensors has other hashes'
rm w/*
good convert -o gguf.shard_tensors=4 t w/m.gguf
exists 'm-00001-of-00002.gguf m-00002-of-00002.gguf'
keyed 'k u32 7;' w/m-00001-of-00002.gguf
keyed 'split.no u16 1;split.count u16 2;split.tensors.count i32 6;' w/m-00002-of-00002.gguf
good convert w back.gguf
checks=$((checks + 1)); cmp -s six.gguf back.gguf || fail 'the way through shards of safetensors changes bytes'

# ---- many ----
# 65,536 shards are one too many: tenon refuses them before it writes. It writes and reads a set of 300.
awk 'BEGIN { printf "{\"t0\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}";
    for (i = 1; i < 65536; i++) printf ",\"t%d\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}", i; printf "}" }' | sed 's/U8/I8/g' >header
put length "8:$(wc -c <header)"
cat length header >many.safetensors
rm w/*
checks=$((checks + 1))
tenon convert -o gguf.shard_tensors=1 many.safetensors w/m.gguf
{ [ "$status" -ne 0 ] && said '65536 tensors would be shared out among 65536 shards, a set has at most 65535'; } || fail "65536 shards: convert exits $status"
checks=$((checks + 1)); [ "$(find w -type f | wc -l)" -eq 0 ] || fail 'something is left of 65536 shards'
good convert -v -o gguf.shard_tensors=219 many.safetensors w/m.gguf
checks=$((checks + 1)); grep -qx 'wrote w/m-00001-of-00300.gguf to m-00300-of-00300.gguf (300 files): 65536 tensors, 0 bytes' out || fail 'convert -v names other files'
checks=$((checks + 1)); [ -e w/m-00300-of-00300.gguf ] || fail 'other than 300 shards'
good verify w/m-00001-of-00300.gguf
checks=$((checks + 1)); said '65536 tensors, 0 bytes' || fail 'verify counts something else'

finish
