#!/bin/sh
# SPDX-License-Identifier: MIT
# edit.sh: convert --set, --set-type and --unset, with toyraw, whose metadata have types and which has no sets.
. "${TENON_SRCDIR:-$srcdir}/tests/cli/check.sh"
TENON_PLUGIN_PATH=$TENON_PLUGIN_PATH:${TENON_TEST_PLUGINS:?}
export TENON_PLUGIN_PATH

# entries FILE: prints "key=type=value ..." of its metadata
entries ()
{
    "$TENON" ls -q --meta=full "$1" | sed -n '/^$/q; p' | sed '/^weights/d' | tr '\t' '=' | tr '\n' ' '
}
# edit TEXT EXPECTED OPTION...: m.toyraw, converted with these options, has these entries
edit ()
{
    text=$1 expected=$2
    shift 2
    rm -f e.toyraw
    tenon convert m.toyraw e.toyraw "$@"
    exits "$text" 0
    silent "$text" err
    is "$text" "$(entries e.toyraw)" "$expected"
}
# refused TEXT WORDS OPTION...: converting m.toyraw with these options fails, and says these words
refused ()
{
    text=$1 words=$2
    shift 2
    rm -f e.toyraw
    tenon convert m.toyraw e.toyraw "$@"
    fails "$text" 2 "$words"
    is "$text: nothing is written" "$(ls e.toyraw 2>/dev/null)" ''
}

tenon convert "$data/weights.npy" m.toyraw --set a=1 --set-type a=u8 --set=b=two --set c=[1,2] --set-type=c=array:i32 --set d=x
exits 'from nothing' 0
is 'from nothing' "$(entries m.toyraw)" 'a=u8=1 b=string=two c=array:i32=[1, 2] d=string=x '
cp m.toyraw kept

# values and their types
edit 'a key keeps its type' 'a=u8=255 b=string=two c=array:i32=[1, 2] d=string=x ' --set a=255
edit 'another type' 'a=string=1 b=u32=4294967295 c=array:i32=[1, 2] d=string=x ' \
    --set a=1 --set-type a=string --set b=4294967295 --set-type b=u32
edit 'a new key is a string' 'a=u8=1 b=string=two c=array:i32=[1, 2] d=string=x n=string=12 ' --set n=12
edit 'arrays' 'a=u8=1 b=string=two c=array:i32=[] d=string=x s=array:string=["a b", "\"\\"] ' \
    --set 'c=[]' --set 's=["a b","\"\\"]' --set-type s=array:string
edit 'to the last bit' 'a=u64=18446744073709551615 b=i64=-9223372036854775808 c=f32=1.0000001 d=f64=0.1 ' \
    --set a=18446744073709551615 --set-type a=u64 --set b=-9223372036854775808 --set-type b=i64 \
    --set c=1.00000017881393432617187499 --set-type c=f32 --set d=0.1 --set-type d=f64
edit 'nan, inf, bool' 'a=f32=nan b=f64=-inf c=bool=true d=string=x ' \
    --set a=nan --set-type a=f32 --set b=-inf --set-type b=f64 --set c=true --set-type c=bool
edit 'the last one counts' 'a=u8=3 b=string=two c=array:i32=[1, 2] d=string=x ' --set a=2 --set a=3
edit 'nothing is a string too' 'a=u8=1 b=string= c=array:i32=[1, 2] d=string=x ' --set b=
edit 'a value with =' 'a=u8=1 b=string=x=y=z c=array:i32=[1, 2] d=string=x ' --set b=x=y=z
edit 'a key with = of a --set-type' 'a=u8=1 b=string=two c=array:i32=[1, 2] d=string=x k=v=u8=7 ' \
    --set k=v=7 --set-type k=v=u8
edit 'without the option' 'a=u8=1 b=string=two c=array:i32=[1, 2] d=string=x k=string=v=7 ' --set k=v=7
cp e.toyraw m.toyraw
tenon convert m.toyraw m.toyraw --unset k --set k=v=7 --set-type k=v=u8
edit 'a key of the file with =' 'a=u8=1 b=string=two c=array:i32=[1, 2] d=string=x k=v=u8=8 ' --set k=v=8
cp kept m.toyraw

# removing keys
edit '--unset' 'a=u8=1 c=array:i32=[1, 2] d=string=x ' --unset b
edit '--unset: patterns' 'c=array:i32=[1, 2] ' --unset '[ab]' --unset=d
edit '--unset: all' '' --unset '*'
edit '--unset before --set' 'b=string=two c=array:i32=[1, 2] d=string=x a=string=9 ' --set a=9 --unset a
refused '--unset: not there' "--unset: there is no metadata key 'e'" --unset e
refused '--unset: one of two' "--unset: there is no metadata key 'x*'" --unset '*' --unset 'x*'
tenon convert "$data/weights.npy" m.toyraw --set general.name=x
refused '--unset: the nearest' "there is no metadata key 'general.nam', did you mean 'general.name'?" --unset general.nam
cp kept m.toyraw

# wrong values
refused 'range' "metadata key 'a': '256' is no u8; expected is a whole number from 0 to 255" --set a=256
refused 'no number' "metadata key 'a': 'x' is no u8" --set a=x
refused 'no array' "metadata key 'c': '1' is no array in JSON" --set c=1
refused 'an item' "metadata key 'c': '2147483648', item 2 of the array, is no i32" --set c=[1,2147483648]
refused 'type' "metadata key 'a': there is no type 'u33'; expected is bool, u8," --set a=1 --set-type a=u33
refused '--set-type without --set' "--set-type: there is no --set that gives 'a' a value" --set-type a=u8
refused '--set-type without type' "--set-type takes KEY=TYPE, not 'a'" --set a=1 --set-type a
refused '--set-type with an empty one' "--set-type takes KEY=TYPE, not 'a='" --set a=1 --set-type a=
refused '--set: no =' "--set takes KEY=VALUE, not 'a'" --set=a
refused '--set: nothing' "--set takes KEY=VALUE, not ''" --set=
refused '--set: no key' "--set takes KEY=VALUE, not '=1'" --set==1

# The value may be an argument of its own, also when a file has that name.
: >a=2
for arguments in '--set a=2 m.toyraw e.toyraw' '--set=a=2 m.toyraw e.toyraw' 'm.toyraw --set a=2 e.toyraw' \
    'm.toyraw e.toyraw --set a=2' '--only=* --set a=2 -v m.toyraw e.toyraw'; do
    # shellcheck disable=SC2086
    tenon convert $arguments
    exits "value: $arguments" 0
    silent "value: $arguments" err
    is "value: $arguments" "$(entries e.toyraw)" 'a=u8=2 b=string=two c=array:i32=[1, 2] d=string=x '
done
rm a=2
tenon convert --shards --set a=2 m.toyraw e.toyraw
says '--shards beside --set' err 'belongs to no set'
is '--shards beside --set' "$(entries e.toyraw)" 'a=u8=2 b=string=two c=array:i32=[1, 2] d=string=x '

# --set opened sets in older versions: an old use of it fails, and names --shards.
instead='; --shards opens all shards of a set'
tenon convert --set m.toyraw e.toyraw
fails '--set before a file' 2 "--set takes KEY=VALUE, not 'm.toyraw'$instead"
tenon convert m.toyraw e.toyraw --set
fails '--set at the end' 2 "--set needs a value: KEY=VALUE$instead"
for arguments in 'ls --set m.toyraw' 'ls --set=a=2 m.toyraw' '--set convert m.toyraw e.toyraw'; do
    # shellcheck disable=SC2086
    tenon $arguments
    fails "$arguments" 2 "unknown option '--set'$instead"
done

# what formats can hold
tenon convert --set a=2 m.toyraw e.npy
exits 'no metadata' 0
says 'no metadata: a loss' err 'tenon: loss: a: the format npy has no metadata'
tenon convert --strict --set a=2 "$data/weights.npy" e2.npy
exits 'no metadata: --strict' 2
tenon convert --strict --unset '*' m.toyraw e2.npy
exits 'nothing to be lost' 0
tenon convert --dry-run --set a=256 m.toyraw e3.toyraw
fails '--dry-run finds it' 2 "'256' is no u8"
tenon convert --help
says '--help' out '--set=KEY=VALUE'
says '--help' out '--set-type=KEY=TYPE'
says '--help' out '--unset=GLOB'
finish
