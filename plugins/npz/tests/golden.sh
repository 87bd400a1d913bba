#!/bin/sh
# SPDX-License-Identifier: MIT
# golden.sh: tenon finds in archives by NumPy, SciPy, MLX, zipfile and Info-ZIP, and in its own copies of them, the arrays that
# NumPy finds (samples/small/NAME.expected). See samples/small/ORIGIN.
# shellcheck source=tests/plugin.sh
. "$(dirname "$0")/../../../tests/plugin.sh"
tab=$(printf '\t')

# listed NAME FILE: checks that FILE has the tensors that NumPy lists for the sample NAME.
listed ()
{
    checks=$((checks + 1))
    tenon ls "$2"
    [ "$status" -eq 0 ] || { fail "$2: ls exits $status"; return; }
    grep -c "$tab" "$work/out" >"$work/count" || :
    [ "$(cat "$work/count")" -eq "$(wc -l <"$samples/small/$1.expected")" ] || fail "$2: it has other tensors than $1"
    while IFS=$tab read -r listed_name listed_shape listed_bytes listed_sum; do
        checks=$((checks + 1))
        tenon cat "$2" "$listed_name"
        [ "$status" -eq 0 ] || { fail "$2: cat $listed_name exits $status"; continue; }
        [ "$(cksum <"$work/out")" = "$listed_sum $listed_bytes" ] || { : >"$work/out"; fail "$2: $listed_name has other bytes"; }
        checks=$((checks + 1))
        tenon ls "$2"
        cut -f 1,3 "$work/out" | grep -qxF "$listed_name$tab$listed_shape" || fail "$2: $listed_name is not $listed_shape"
    done <"$samples/small/$1.expected"
}

# converted ARGUMENT...: checks that convert succeeds.
converted ()
{
    checks=$((checks + 1))
    tenon convert "$@"
    [ "$status" -eq 0 ] || fail "convert $* exits $status"
}

for sample in "$samples"/small/*.npz; do
    name=${sample##*/} name=${name%.npz}
    listed "$name" "$sample"
    converted "$sample" "$work/stored.npz"
    listed "$name" "$work/stored.npz"
    converted -o npz.compression=deflate "$sample" "$work/deflated.npz"
    listed "$name" "$work/deflated.npz"
    checks=$((checks + 1))
    if "$TENON" convert --format=npz "$sample" - </dev/null 2>"$work/error" | cat >"$work/piped.npz"; then
        listed "$name" "$work/piped.npz"
    else
        fail "$name: convert to a pipe"
    fi
    checks=$((checks + 1))
    tenon convert "$work/stored.npz" "$work/again.npz"
    cmp "$work/stored.npz" "$work/again.npz" || fail "$name: written twice it is not the same"
done

# ---- verify ----
checks=$((checks + 2))
tenon verify "$samples/small/blocks.npz"
[ "$status" -eq 0 ] || fail 'verify of a true table of blocks'
tenon verify "$samples/small/blocks-lying.npz"
{ [ "$status" -eq 1 ] && said 'its table of blocks is wrong'; } || fail 'verify of a false table of blocks'
checks=$((checks + 1))
tenon verify --json "$samples/small/blocks-lying.npz"
{ [ "$status" -eq 1 ] && said '"ok":false' 'its table of blocks is wrong'; } || fail 'verify --json of a false table of blocks'

# ---- the option member ----
checks=$((checks + 1))
tenon convert -o npz.member=nosuch "$samples/small/numpy.npz" "$work/no.npz"
{ [ "$status" -eq 2 ] && said nosuch && [ ! -e "$work/no.npz" ]; } || fail 'npz.member=nosuch'

finish
