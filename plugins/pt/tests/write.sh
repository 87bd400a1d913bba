#!/bin/sh
# SPDX-License-Identifier: MIT
# write.sh: the pickles that tenon writes are those of torch.save, byte for byte (samples/written: make.py made them); storages are
# aligned, and shared where tensors are the same; what the format has no room for is refused.
# shellcheck source=tests/plugin.sh
. "$(dirname "$0")/../../../tests/plugin.sh"

# number FILE OFFSET WIDTH: a little-endian number.
number ()
{
    od -An -v -tu"$3" -j"$2" -N"$3" "$1" | tr -d ' '
}

# member FILE NAME: writes the bytes of a stored member to $work/member, and sets $place to their offset. It goes from local header to
# local header, whose sizes tenon states there.
member ()
{
    place=0
    while [ "$(number "$1" "$place" 4)" = 67324752 ]; do
        member_size=$(number "$1" $((place + 18)) 4)
        member_length=$(number "$1" $((place + 26)) 2)
        member_name=$(tail -c +$((place + 31)) "$1" | head -c "$member_length")
        place=$((place + 30 + member_length + $(number "$1" $((place + 28)) 2)))
        tail -c +$((place + 1)) "$1" | head -c "$member_size" >"$work/member"
        [ "$member_name" != "$2" ] || return 0
        place=$((place + member_size))
    done
    return 1
}

# converted ARGUMENT...: checks that convert succeeds.
converted ()
{
    checks=$((checks + 1))
    tenon convert "$@"
    [ "$status" -eq 0 ] || fail "convert $* exits $status"
}

# ---- pickles ----
for sample in "$samples"/written/*.safetensors; do
    name=${sample##*/} name=${name%.safetensors}
    converted "$sample" "$work/$name.pt"
    checks=$((checks + 3))
    { member "$work/$name.pt" archive/data.pkl && cmp -s "$work/member" "$samples/written/$name.pkl"; } || fail "$name: another pickle than torch's"
    { member "$work/$name.pt" archive/byteorder && [ "$(cat "$work/member")" = little ]; } || fail "$name: byteorder"
    { member "$work/$name.pt" archive/version && [ "$(cat "$work/member")" = 3 ]; } || fail "$name: version"
    converted "$work/$name.pt" "$work/$name.safetensors"
    checks=$((checks + 2))
    cmp -s "$work/$name.safetensors" "$sample" || fail "$name: it comes back as another file"
    converted "$work/$name.pt" "$work/other-name.pth"
    cmp -s "$work/$name.pt" "$work/other-name.pth" || fail "$name: written again it differs"
done
checks=$((checks + 2))
{ member "$work/one.pt" archive/data/0 && [ $((place % 64)) -eq 0 ]; } || fail "a storage at $place"
[ "$(od -An -v -tx1 "$work/member" | tr -d ' \n')" = 000000000000803f00000040 ] || fail 'its bytes'

# ---- to a pipe ----
checks=$((checks + 1))
"$TENON" convert --format=pt "$samples/written/dtypes.safetensors" - </dev/null 2>"$work/error" | cat >"$work/piped.pt"
tenon hash "$work/piped.pt"
cut -d ' ' -f 1 "$work/out" >"$work/sums"
tenon hash "$work/dtypes.pt"
cut -d ' ' -f 1 "$work/out" | cmp -s - "$work/sums" || fail 'a pipe gets other tensors'

# ---- nesting ----
converted -o pt.nest=yes --rename layer.1=layer.1.deep "$samples/written/many.safetensors" "$work/nested.pt"
checks=$((checks + 1))
tenon ls "$work/nested.pt"
said layer.1.deep layer.299 || fail 'nested names'
checks=$((checks + 1))
tenon convert -o pt.nest=yes --rename layer.1=layer.2.deep "$samples/written/many.safetensors" "$work/both.pt"
{ [ "$status" -eq 2 ] && said "pt.nest=yes" "both a tensor and a dict"; } || fail "a tensor that is a dict: $status"
converted --rename layer.1=layer.2.deep "$samples/written/many.safetensors" "$work/flat.pt"

# ---- outlines: tenon.pt, from whatever file ----

# outlined OUTLINE WORD...: converts many.safetensors with this outline. It must succeed, and say the words.
outlined ()
{
    checks=$((checks + 1))
    tenon convert --set "tenon.pt=$1" "$samples/written/many.safetensors" "$work/outlined.pt"
    outlined_text=$1
    shift
    { [ "$status" -eq 0 ] && said "$@"; } || fail "outline $outlined_text: exit status $status"
    checks=$((checks + 1))
    tenon ls "$work/outlined.pt"
    [ "$(grep -c "^layer\.[0-9]*$tab" "$work/out")" = 300 ] || fail "outline $outlined_text: tensors are lost"
}

for kind in dict int ordered list tuple; do
    outlined "{\"tenon\":1,\"parts\":[[\"\",\"dict\"],[\"layer\",\"$kind\"]]}" 'tenon.pt'
    checks=$((checks + 1))
    { member "$work/outlined.pt" archive/data.pkl && ! cmp -s "$work/member" "$samples/written/many.pkl"; } || fail "$kind: no container"
done
none='it is no outline'
outlined '' "$none"
outlined '{"tenon":2,"parts":[["","dict"]]}' "$none"
outlined '{"tenon":1,"parts":[]}' "$none"
outlined '{"tenon":1,"parts":[["layer","dict"]]}' "$none"
outlined '{"tenon":1,"parts":[["","dict"],["layer","class"]]}' "$none"
outlined '{"tenon":1,"parts":[["","dict"],["layer","dict"]' "$none"
outlined '{"tenon":1,"parts":[["","dict"],["layer.1","dict"]]}' 'no longer fit'
outlined '{"tenon":1,"parts":[["","list"],["layer.1.x","tuple"],["layer.1","list"],["layer","ordered","attribute"]]}' tenon.pt
outlined '{"tenon":1,"parts":[["","ordered"],["layer","list","attribute"],["layer","dict"]]}' tenon.pt

# what is deeper than a reader goes would be lost
deep='["","dict"]' name=''
for _ in 1 2 3 4 5 6 7 8; do
    for _ in 1 2 3 4 5 6 7 8; do
        name=${name:+$name.}a
        shallow=$deep
        deep="$deep,[\"$name\",\"dict\"]"
    done
done
outlined "{\"tenon\":1,\"parts\":[$deep]}" 'too many dicts and lists in each other'
converted --set "tenon.pt={\"tenon\":1,\"parts\":[$deep]}" --rename "layer.1=$name.w" "$samples/written/many.safetensors" "$work/deep.pt"
converted --set "tenon.pt={\"tenon\":1,\"parts\":[$shallow]}" --rename "layer.1=$name" "$samples/written/many.safetensors" "$work/shallow.pt"
converted -o pt.nest=yes --rename "layer.1=$name" "$samples/written/many.safetensors" "$work/dots.pt"
checks=$((checks + 4))
tenon ls "$work/deep.pt"
said "$name.w$tab" || fail 'a tensor in too many dicts is lost'
for file in shallow dots; do
    tenon ls "$work/$file.pt"
    said "$name$tab" || fail "$file.pt: a tensor in many dicts is lost"
done
tenon convert -o pt.nest=yes --rename "layer.1=$name.w" "$samples/written/many.safetensors" "$work/dots.pt"
{ [ "$status" -eq 2 ] && said 'too many dots for pt.nest'; } || fail "64 dicts in a dict: exit status $status"

# ---- metadata ----
converted --set format=pt --set count=7 --set-type count=u32 --set 'ids=[1,2,3]' --set-type ids=array:i16 "$samples/written/one.safetensors" "$work/member.pt"
checks=$((checks + 2))
member "$work/member.pt" archive/data.pkl && cmp -s "$work/member" "$samples/written/one.pkl" || fail 'metadata got into the pickle'
tenon ls --meta "$work/member.pt"
said "format${tab}string${tab}pt" "count${tab}u32${tab}7" "ids${tab}array:i16" || fail 'metadata beside the pickle'
converted "$work/member.pt" "$work/member-again.pt"
checks=$((checks + 1))
cmp -s "$work/member.pt" "$work/member-again.pt" || fail 'metadata beside the pickle get into it when it is written again'
converted -o pt.metadata=dict "$work/member.pt" "$work/dict.pt"
checks=$((checks + 1))
tenon ls --meta "$work/dict.pt"
said "format${tab}string${tab}pt" "count${tab}u32${tab}7" "ids${tab}array:i16" || fail 'metadata in the dict'

converted "$work/dict.pt" "$work/kept.pt"
checks=$((checks + 3))
{ member "$work/kept.pt" archive/data.pkl && grep -q format "$work/member"; } || fail 'values of a dict do not stay in it'
converted --set more=text "$work/dict.pt" "$work/kept.pt"
{ member "$work/kept.pt" archive/data.pkl && grep -q more "$work/member"; } || fail 'what is set beside them does not get there'
tenon ls --meta "$work/kept.pt"
said "format${tab}string${tab}pt" "count${tab}u32${tab}7" "ids${tab}array:i16" "more${tab}string${tab}text" || fail 'metadata that were kept'

# ---- what is refused ----
checks=$((checks + 2))
tenon convert --append "$samples/written/one.safetensors" "$work/dict.pt"
{ [ "$status" -eq 2 ] && said 'pt'; } || fail "--append exits $status"
converted --as q8_0 "$TENON_SRCDIR/examples/data/weights.npy" "$work/q.gguf"
tenon convert "$work/q.gguf" "$work/q.pt"
{ [ "$status" -eq 2 ] && said q8_0 && [ ! -e "$work/q.pt" ]; } || fail "q8_0 exits $status"
converted --carry "$work/q.gguf" "$work/q.pt"
converted "$work/q.pt" "$work/again.gguf"
checks=$((checks + 1))
cmp -s "$work/q.gguf" "$work/again.gguf" || fail 'what was carried comes back as another file'
finish
