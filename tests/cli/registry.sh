#!/bin/sh
# SPDX-License-Identifier: MIT
# registry.sh: docs/registry.md lists the ids that the tree takes.
. "${0%/*}/check.sh"

page=$TENON_SRCDIR/docs/registry.md
for plugin in "$TENON_SRCDIR"/plugins/*/ "$TENON_SRCDIR"/examples/*/ "$TENON_SRCDIR"/core/kernels/; do
    for id in $(sed -n 's/^[^"]*\.id = "\([a-z0-9_-]*\)",.*/\1/p' "$plugin"*.c 2>/dev/null | sort -u); do
        checks=$((checks + 1))
        grep -q "^| \`$id\` |" "$page" || fail "$id of $plugin is not in docs/registry.md"
    done
done
for family in $(sed -n 's/^.*\.\(opaque_family\|family\) = "\([^"]*\)".*/\2/p' "$TENON_SRCDIR"/plugins/*/*.c | sort -u); do
    checks=$((checks + 1))
    grep -q "^| \`$family\` |" "$page" || fail "the family $family is not in docs/registry.md"
done
[ "$checks" -ge 8 ] || fail "only $checks ids were found"
finish
