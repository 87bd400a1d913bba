#!/bin/sh
# SPDX-License-Identifier: MIT
# tables.sh: tables of manual pages fit a terminal, and those of tenon-plugin(3) have a row for each function that a header of the plugin interface has a pointer
# for: services of the host, functions of a plugin, and those that are passed to a service. test_debug compares what the
# rows of the services say with what the host allows.
# shellcheck source=tests/cli/check.sh
. "${TENON_SRCDIR:-${srcdir:?}}/tests/cli/check.sh"
headers=$(cd "$TENON_SRCDIR" && pwd)/include/tenon
page=$(cd "$TENON_SRCDIR" && pwd)/docs/tenon-plugin.3

# "STRUCT NAME" of each pointer to a function, without tenon_; a tab in place of indentation means that it is a member, and
# no parameter of one
pointers ()
{
    sed 's,/\*.*\*/,,; s,^ \* .*,,' "$headers"/plugin.h "$headers"/host.h "$headers"/codec.h "$headers"/filter.h \
        "$headers"/structs.h "$headers"/types.h | awk '
        /^struct tenon_[a-z_]* {/ { name = $2; sub (/^tenon_/, "", name) }
        /^};/ { name = "" }
        name != "" {
            while (match ($0, /\(\*[a-z_]+\)/)) {
                print name, substr ($0, RSTART + 2, RLENGTH - 3)
                $0 = substr ($0, RSTART + RLENGTH)
            }
        }'
}

# what a plugin has, or passes to a service: not the services
pointers | awk '$1 != "host" || $2 == "get_extension" || $2 == "visit"' >functions
pointers | awk '$1 == "host" && $2 != "get_extension" && $2 != "visit" { print $2 }' >services
echo "\\- tenon_plugin_v$TENON_ABI_MAJOR" >>functions

# five cells in a row; the page calls struct tenon_dtype, say, dtype
awk '/^\.It Fa [a-z_0-9]+ Ta/ { print $5, $3 }' "$page" >rows
awk '/^\.It Fn / && gsub (/ Ta /, "&") == 6 { print $3 }' "$page" >first

is 'the headers have services' "$(test "$(wc -l <services)" -ge 50 && echo yes)" yes
is 'the headers have functions' "$(test "$(wc -l <functions)" -ge 29 && echo yes)" yes
is 'each function has a row in the table of threads' "$(sort rows)" "$(sort functions)"
is 'each service has a row in the table of functions, in the order of the header' "$(cat first)" "$(cat services)"
is 'no row lacks a cell' "$(awk '/^\.It Fa [a-z_0-9]+ Ta/ && gsub (/ Ta /, "&") != 4' "$page")" ''
# The rules of tenon check-plugin name sections of this page.
grep -o '"tenon-plugin(3), [^"]*"' "$headers/../../tools/check/rules.h" | sed 's/^"tenon-plugin(3), //; s/"$//' | sort -u >cited
sed -n 's/^\.S[hs] //p' "$page" | sort -u >sections
is 'rules name sections' "$(test "$(wc -l <cited)" -ge 10 && echo yes)" yes
is 'each section that a rule names is there' "$(comm -23 cited sections)" ''
# Each verdict that the page explains is one that the loader has words for: the text up to "..." or a quote.
sed -n '/^\.Sh WHY WAS MY PLUGIN/,/^\.El/s/^\.It //p' "$page" | sed "s/ *\.\.\..*//; s/ '.*//; s/tenon_plugin_v[0-9]*/\" TENON_ENTRY_TEXT/; s/minor N .*//" \
    >verdicts
is 'the page explains verdicts' "$(test "$(wc -l <verdicts)" -ge 10 && echo yes)" yes
while read -r verdict; do
    case $verdict in
    'no such entry') continue ;; # of tenon formats NAME
    esac
    # the beginnings stand apart from what follows
    verdict=${verdict#not loaded: }
    grep -qrF -- "${verdict#the file is }" "$headers/../../core/context"
    is "the verdict '$verdict'" $? 0
done <verdicts
for name in idx nrrd zstd; do
    lines=$(wc -l <"$headers/../../examples/$name/$name.c")
    told=$(sed -n "s,^\\.It Pa examples/$name Ta \\([0-9]*\\) Ta .*,\\1,p" "$page")
    is "the example $name has about as many lines as the page says" "$((lines >= told - 10 && lines <= told + 10))" 1
done
# A cell that the rest of a line has no room for becomes a column of words.
if echo . | groff -mandoc -Tascii >/dev/null 2>said; then
    for found in "$headers"/../../docs/*.[1-8] "$headers"/../../plugins/*/*.7; do
        groff -mandoc -Tascii -rLL=78n "$found" >/dev/null 2>said
        is "${found##*/}: what does not fit 80 columns" "$(grep -c "can't break line" said)" 0
    done
else
    skip 'pages in a terminal: no groff with mdoc'
fi
finish
