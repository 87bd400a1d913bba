#!/bin/sh
# SPDX-License-Identifier: MIT
# registry.sh: docs/registry.md lists the ids that the tree takes.
. "${0%/*}/check.sh"

page=$TENON_SRCDIR/docs/registry.md

# listed ID WORDS: the page has a row of the id.
listed ()
{
    says "$1, $2" "$page" "| \`$1\` |"
}

for plugin in "$TENON_SRCDIR"/plugins/*/ "$TENON_SRCDIR"/examples/*/; do
    for id in $(sed -n 's/^[^"]*\.id = "\([a-z0-9_-]*\)",.*/\1/p' "$plugin"*.c 2>/dev/null | sort -u); do
        listed "$id" "of $plugin"
    done
done
for family in $(sed -n 's/^.*\.\(opaque_family\|family\) = "\([^"]*\)".*/\2/p' "$TENON_SRCDIR"/plugins/*/*.c | sort -u); do
    listed "$family" 'a family of opaque dtypes'
done
good=0
# shellcheck disable=SC2154 # check.sh counts
[ "$checks" -ge 14 ] && good=1
result $good 'few ids were found' "found: $checks"
finish
