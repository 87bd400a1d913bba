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
    tenon convert -q m.toyraw e.toyraw "$@"
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

# a new key is told, with the key that was probably meant, and its type
tenon convert "$data/weights.npy" n.toyraw --set llama.context_length=1 --set-type llama.context_length=u32 --set tokens='["a"]' \
    --set-type tokens=array:string
is 'new keys' "$(cat err)" 'tenon: note: llama.context_length: a new key of the type u32
tenon: note: tokens: a new key of the type array:string'
# new_key KEY WORDS: setting this key tells it in these words
new_key ()
{
    tenon convert n.toyraw e.toyraw --set "$1=8192" --set "$1=1"
    exits "new key $1" 0
    is "new key $1" "$(cat err)" "tenon: note: $1: a new key of the type string$2"
    tenon convert --json n.toyraw e.toyraw --set "$1=8192"
    silent "new key $1: JSON" err
    says "new key $1: JSON" out "{\"subject\":\"$1\",\"file\":\"\",\"message\":\"a new key of the type string$2\"}"
}
new_key llama.context_lenght "; did you mean 'llama.context_length', of the type u32?"
new_key context_length "; did you mean 'llama.context_length', of the type u32?"
new_key qwen35.context_length "; did you mean 'llama.context_length', of the type u32?"
new_key token "; did you mean 'tokens', of the type array:string?"
new_key x ''
new_key general.author ''
tenon convert n.toyraw e.toyraw --set llama.context_length=8192
silent 'a known key' err
tenon convert n.toyraw e.toyraw --set tokens=9 --unset tokens
silent 'a key that was removed' err
tenon convert -q n.toyraw e.toyraw --set x=1
silent 'a new key: -q' err

# values from files: all bytes, as they are
printf 'first\nsecond "\\" \303\251\n' >value
printf '7\n' >seven
printf '["x", "y"]\n' >list
awk 'BEGIN { for (i = 0; i < 300000; i++) printf "%c", 97 + i % 26 }' >long
edit '@FILE' 'a=u8=7 b=string=first\nsecond "\\" é\n c=array:i32=[1, 2] d=string=@value n=array:string=["x", "y"] ' \
    --set a=@seven --set b=@value --set d=@@value --set n=@list --set-type n=array:string
edit '@FILE: nothing in it' 'a=u8=1 b=string= c=array:i32=[1, 2] d=string=@ ' --set b=@/dev/null --set d=@@
edit '@FILE: 300,000 bytes' "a=u8=1 b=string=$(cat long) c=array:i32=[1, 2] d=string=x " --set b=@long
printf 'a\000b' >nul
edit '@FILE: NUL' 'a=u8=1 b=string=a\x00b c=array:i32=[1, 2] d=string=x ' --set b=@nul
"$TENON" convert -q m.toyraw e.toyraw --set b=@- <value
is '@-' "$(entries e.toyraw)" 'a=u8=1 b=string=first\nsecond "\\" é\n c=array:i32=[1, 2] d=string=x '
refused '@-: twice' 'standard input is taken already' --set b=@- --set d=@-
refused '@FILE: none' "--set: nosuch: No such file or directory ('@@' begins a value that begins with '@')" --set b=@nosuch
refused '@FILE: a folder' "--set: .: Is a directory" --set b=@.
refused '@FILE: a device without an end' '--set: /dev/zero: File too large' --set b=@/dev/zero
refused '@FILE: no name' "--set: : No such file" --set b=@
refused '@FILE: no number' "metadata key 'a': 'first" --set a=@value

# items of arrays
cp n.toyraw kept2
tenon convert -q m.toyraw m.toyraw --set s='["a","b c",""]' --set-type s=array:string --set f='[1,"NaN"]' --set-type f=array:f32 \
    --set t='[true,false]' --set-type t=array:bool
all='a=u8=1 b=string=two c=array:i32=[1, 2] d=string=x '
edit 'items' "${all}s=array:string=[\"a\", \"=x[0]\", \"\"] f=array:f32=[1, -inf] t=array:bool=[true, true] " \
    --set 's[1]==x[0]' --set 'f[1]=-inf' --set 't[1]=true'
edit 'items: several, the last counts' \
    "a=u8=1 b=string=two c=array:i32=[-5, 7] d=string=x s=array:string=[\"1\", \"b c\", \"3\"] f=array:f32=[1, nan] t=array:bool=[true, false] " \
    --set 's[0]=0' --set 'c[0]=-5' --set 's[-1]=3' --set 's[0]=1' --set 'c[-1]=7'
edit 'items: from a file' "${all}s=array:string=[\"a\", \"first\\nsecond \\\"\\\\\\\" é\\n\", \"\"] f=array:f32=[1, nan] t=array:bool=[true, false] " \
    --set 's[1]=@value'
edit 'items: of a new array' "a=u8=1 b=string=two c=array:i32=[8, 9, 4] d=string=x s=array:string=[\"a\", \"b c\", \"\"] f=array:f32=[1, nan] t=array:bool=[true, false] n=array:u8=[1, 5] " \
    --set 'c=[3,3,4]' --set 'c[0]=8' --set 'c[1]=9' --set 'n=[1,2]' --set-type n=array:u8 --set 'n[1]=5'
edit 'a key that ends in brackets' "${all}s=array:string=[\"a\", \"b c\", \"\"] f=array:f32=[1, nan] t=array:bool=[true, false] z[0]=u8=4 " \
    --set 'z[0]=4' --set-type 'z[0]=u8'
refused 'items: range' "metadata key 's': there is no item 3, the array has 3, from 0 on" --set 's[3]=x'
refused 'items: range, from the end' "--set: 's[-4]' is outside of the array, which has 3 items" --set 's[-4]=x'
refused 'items: huge' "there is no item 18446744073709551615" --set 's[18446744073709551615]=x'
refused 'items: type' "metadata key 'c': '2147483648', the new item 1, is no i32" --set 'c[1]=2147483648'
refused 'items: no index' "--set: 'x' is no index of an item of 's', which are counted from 0" --set 's[x]=1'
refused 'items: no array' "metadata key 'a': its value is no array" --set 'a[0]=1'
refused 'items: no key' "--set: there is no metadata key 'ss', did you mean 's'?" --set 'ss[0]=1'
refused 'items: an item that is not there beside one that is' "no item 9" --set 's[0]=1' --set 'c[9]=1'
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
tenon convert --strict --unset '*' m.toyraw weights.npy
exits 'nothing to be lost' 0
tenon convert --dry-run --set a=256 m.toyraw e3.toyraw
fails '--dry-run finds it' 2 "'256' is no u8"
tenon convert --help
says '--help' out '--set=KEY=VALUE'
says '--help' out '--set-type=KEY=TYPE'
says '--help' out '--unset=GLOB'
finish
