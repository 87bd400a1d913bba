#!/bin/sh
# SPDX-License-Identifier: MIT
# golden.sh: tenon reads files as torch.save writes them, in both forms, by all protocols and in both byte orders. See samples/ORIGIN.
# shellcheck source=tests/plugin.sh
. "$(dirname "$0")/../../../tests/plugin.sh"

for sample in "$samples"/golden/*.pt; do
    name=${sample##*/} name=${name%.pt}
    well "$sample"
    holds "$name" "$sample" "$samples/golden/$name.expected"
    checks=$((checks + 1))
    tenon -o core.isolate=yes ls "$sample"
    grep "$tab.*$tab" "$work/out" | cut -f 1-4 >"$work/found"
    cut -f 1-4 "$samples/golden/$name.expected" | cmp -s - "$work/found" || fail "$name: an isolated plugin lists something else"
done

# Everything but tensors is metadata, the same in both forms and by all protocols.
for name in training-2 training-3 training-4 training-5 old-training; do
    checks=$((checks + 1))
    tenon ls --meta "$samples/golden/$name.pt"
    grep -v "^tenon\.pt$tab" "$work/out" | sed '/^$/,$d' | cmp -s - "$samples/golden/training.metadata" || fail "$name: it has other metadata"
done

# The same bytes in both byte orders.
for name in f64 f32 f16 bf16 i64 c64 u32; do
    checks=$((checks + 1))
    tenon cat "$samples/golden/dtypes.pt" "$name" && cp "$work/out" "$work/little"
    tenon cat "$samples/golden/big.pt" "$name"
    cmp -s "$work/out" "$work/little" || fail "big.pt: $name has other bytes"
done

# What other formats hold can be converted to them, and what they hold comes back the same.
for to in safetensors npz; do
    checks=$((checks + 1))
    tenon convert "$samples/golden/shapes.pt" "$work/shapes.$to"
    { [ "$status" -eq 0 ] && holds "shapes.$to" "$work/shapes.$to" "$samples/golden/shapes.expected" sort; } || fail "shapes.pt: convert to $to exits $status"
done

# Members that hold no tensors are compared by verify, too.
for member in version byteorder .format_version data.pkl; do
    checks=$((checks + 1))
    at=$(LC_ALL=C grep -abo "shapes/$member" "$samples/golden/shapes.pt" | head -n 1 | cut -d : -f 1)
    cp "$samples/golden/shapes.pt" "$work/damaged.pt"
    # in a local header the length of the extra field stands before the name, and the bytes behind both
    extra=$(od -An -tu2 -j $((at - 2)) -N 2 "$work/damaged.pt")
    printf '\377' | dd of="$work/damaged.pt" bs=1 seek=$((at + 7 + ${#member} + extra)) conv=notrunc 2>/dev/null
    tenon verify "$work/damaged.pt"
    { [ "$status" -eq 1 ] && said "$member" checksum; } || fail "a damaged $member: verify exits $status"
done

finish
