#!/bin/sh
# SPDX-License-Identifier: MIT
# walls.sh: the walls between the parts, as docs/architecture.md names them. Runs inside `run`, on a built tree.
set -u
: "${TENON_SRCDIR:?run me as: run tests/walls.sh}" "${TENON_BUILDDIR:?}"
NM=${NM:-nm}
checks=0
failures=0

# wall TEXT FINDINGS: one check; whatever was found breaks the wall.
wall ()
{
    checks=$((checks + 1))
    [ -n "$2" ] || { echo "ok: $1"; return; }
    failures=$((failures + 1))
    echo "BROKEN: $1"
    printf '%s\n' "$2" | head -n 20 | sed 's/^/    /'
}

# objects PATTERN: the objects that the core was made of, but for those whose name matches PATTERN.
objects ()
{
    printf '%s\n' "$core_objects" | grep -vE "/libcore_la-($1)\.o$"
}

# plugin_sources: the sources of all plugins, but for their tests.
plugin_sources ()
{
    find plugins -name '*.[ch]' -path 'plugins/*/*' ! -path '*/tests/*' | sort
}

# parts FOLDER: the objects that the plugin, or the library, of that folder was made of.
parts ()
{
    find "$TENON_BUILDDIR/$1" -path '*/.libs/*' -name '*.o' | sort
}

# calls SYMBOLS: reads names of objects; prints "object symbol" for each that needs one of SYMBOLS.
calls ()
{
    tr '\n' '\0' | xargs -0 -r "$NM" -A -u | awk -v symbols="^_?($1)\$" '
        $NF ~ symbols { object = $1; sub (/:.*/, "", object); sub (/.*\//, "", object); print object, $NF }'
}

# includes FILE...: prints "file header", header with its <> or "".
includes ()
{
    for file; do
        [ -f "$file" ] || continue
        sed -n 's|^[[:space:]]*#[[:space:]]*include[[:space:]]*\([<"][^>"]*[>"]\).*|\1|p' "$file" | sed "s|^|$file |"
    done
}

# foreign ALLOWED [FOLDER]: reads "file header"; prints those whose header is neither <ALLOWED> nor a file of the same
# folder, or of FOLDER. FOLDER * is that of the plugin: a file in plugins/NAME/mlx may include "mlx/x.h" and "gguf.h".
foreign ()
{
    while read -r file header; do
        name=${header#\"}
        name=${name%\"}
        own=${file%/*}
        plugin=${file#plugins/}
        [ "${2:-}" != '*' ] || own=plugins/${plugin%%/*}
        case $header in
        \"*..*) echo "$file $header" ;;
        \"*) [ -f "${file%/*}/$name" ] || [ -f "$own/$name" ] || echo "$file $header" ;;
        *) printf '%s\n' "$header" | grep -qxE "<($1)>" || echo "$file $header" ;;
        esac
    done
}

# symbols_of: reads names of objects; prints "D symbol FILE" for each symbol that one defines, "U symbol FILE" for each that
# it needs. FILE is the source, without the tree and its ending.
symbols_of ()
{
    tr '\n' '\0' | xargs -0 -r "$NM" -A | awk -v top="$TENON_BUILDDIR/" '
        {
            object = substr ($0, 1, index ($0, ":") - 1)
            $0 = substr ($0, length (object) + 2)
            if (object != last) {
                last = file = object
                if (index (file, top) == 1)
                    file = substr (file, length (top) + 1)
                name = file
                sub (/.*\//, "", name)
                sub (/.*-/, "", name)
                sub (/\.o$/, "", name)
                sub (/(\/\.libs)?\/[^\/]*$/, "", file)
                file = file "/" name
            }
        }
        $1 == "U" { print "U", $2, file }
        $2 ~ /^[TDRBV]$/ { print "D", $3, file }' | sort -u
}

# needs: reads what symbols_of prints; prints "user definer" for each symbol that one file needs of another. tsort tells of
# circles.
needs ()
{
    awk '$1 == "D" { home[$2] = $3; next } ($2 in home) && home[$2] != $3 { print $3, home[$2] }'
}

# exported OBJECT: the names that a shared object offers.
exported ()
{
    $NM -D --defined-only "$1" | awk '$2 != "A" { print $3 }' | sed 's/@.*//' |
        grep -vxE '_init|_fini|_edata|_end|__bss_start'
}

# state OBJECT...: variables that can change: .data and .bss. (Constant tables of pointers lie in .data.rel.ro.)
state ()
{
    [ $# -eq 0 ] || size -A "$@" 2>/dev/null | awk '
        $2 == ":" { object = $1; sub (/.*\//, "", object) }
        $1 ~ /^\.(data|bss|tdata|tbss)(\.|$)/ && $1 !~ /^\.data\.rel\.ro/ && $2 > 0 { print object, $1, $2, "bytes" }'
}

cd "$TENON_SRCDIR" || exit 1
# An earlier build may have left objects whose sources are gone.
core_objects=$(find "$TENON_BUILDDIR/core" -name 'libcore_la-*.o' -path '*/.libs/*' | sort | while read -r object; do
    source=${object#"$TENON_BUILDDIR/"}
    name=${object##*/libcore_la-}
    [ ! -f "${source%/.libs/*}/${name%.o}.c" ] || echo "$object"
done)
c_library='(assert|ctype|errno|float|inttypes|limits|math|stdarg|stdbool|stddef|stdint|stdio|stdlib|string)\.h'

wall 'core/ names no format' \
    "$(grep -rniwE 'npy|npz|safetensors|gguf' core --include='*.[ch]' --include='*.map' --include='*.mk')"

# Checksums are made by the libraries for it, which are named after it.
wall 'core/ names no compression' \
    "$(grep -rniwE '(lib)?deflated?|zlib|gzip|zstd|bzip2|lzma|xz|lz4|blosc|igzip' core --include='*.[ch]' --include='*.map' | grep -v '^core/kernels/checksum\.')"

# vectors: what the compiler has for the processor's vector instructions
vectors='(immintrin|arm_neon)\.h'
# shellcheck disable=SC2046 # one argument a file
wall 'plugins include <tenon/plugin.h>, <tenon/number.h>, <tenon/crc.h>, <tenon/json.h>, <tenon/json_value.h> and <tenon/json_any.h>, the C library and their own headers' \
    "$(includes $(plugin_sources | grep -vE '^plugins/(crc32c|deflate|zstd|lz4|blosc|bzip2|xz)/') | foreign "tenon/(types|plugin|number|crc|json|json_value|json_any)\.h|$c_library|$vectors" '*')"
wall 'plugins/deflate includes <tenon/plugin.h>, the libraries for deflate, the C library and its own headers' \
    "$(includes plugins/deflate/*.[ch] | foreign "tenon/plugin\.h|zlib\.h|libdeflate\.h|isa-l/(igzip_lib|crc)\.h|$c_library" '*')"
wall 'plugins/zstd includes <tenon/plugin.h>, <zstd.h>, the C library and its own headers' \
    "$(includes plugins/zstd/*.[ch] | foreign "tenon/plugin\.h|zstd(_errors)?\.h|$c_library")"
for one in lz4:lz4 blosc:blosc bzip2:bzlib xz:lzma; do
    wall "plugins/${one%:*} includes <tenon/plugin.h>, <${one#*:}.h>, the C library and its own headers" \
        "$(includes "plugins/${one%:*}"/*.[ch] | foreign "tenon/plugin\.h|${one#*:}\.h|$c_library")"
done
wall 'plugins/crc32c includes <tenon/plugin.h>, <tenon/crc.h>, <zlib.h>, the C library and its own headers' \
    "$(includes plugins/crc32c/*.[ch] | foreign "tenon/(plugin|crc)\.h|zlib\.h|$c_library")"
wall "the block dtypes of gguf include <tenon/types.h>, the C library and each other's headers" \
    "$(includes plugins/gguf/quants/*.[ch] | foreign "tenon/types\.h|$c_library|$vectors")"
wall 'pluginlib includes installed headers, the C library and its own headers' \
    "$(includes pluginlib/*.[ch] | foreign "tenon/[a-z_]*\.h|arm_acle\.h|$c_library")"

# tenon check-plugin calls filters as the library does.
wall 'tools include installed headers and their own only' \
    "$(includes tools/*.[ch] tools/*/*.[ch] | grep -vxF 'tools/check/coder.c <tenon/plugin.h>' | grep -vE '"(check|scaffold)/[a-z_]*\.h"' | grep -E '"[^"]*/|<tenon/(plugin|number|crc|json|json_value|json_any)\.h>|<\.\.|[<"](core|plugins)/')"

wall 'the extension of the Python package includes <tenon/tenon.h>, <tenon/dlpack.h>, Python, NumPy, the C library and its own headers' \
    "$(includes python/ext/*.[ch] | foreign "tenon/(tenon|dlpack)\.h|Python\.h|numpy/[a-z]*\.h|(pthread|signal|stdatomic|time)\.h|$c_library")"

wall 'examples include installed headers and their own only' \
    "$(includes examples/*.[ch] examples/*/*.[ch] | grep -E '"[^"]*/|<\.\.|[<"](core|plugins)/')"

# Rooms, the lowest first: a file includes headers of its own room and of those below, and calls nothing above.
rooms='base isolate kernels context source sink catalog transfer plan codec open save'
wall 'every folder of core/ is a room' "$(for folder in core/*/; do
    folder=${folder%/}; case " $rooms " in *" ${folder#core/} "*) ;; *) echo "$folder" ;; esac; done)"
below=
for room in $rooms; do
    below="$below|$room"
    wall "core/$room includes its own headers and those of the rooms below" \
        "$(includes "core/$room"/*.[ch] | grep '"' | grep -vE "\"(${below#|})/[^/]*\"\$")"
done

symbols=$(objects 'none' | symbols_of)
needs=$(printf '%s\n' "$symbols" | needs)
wall 'no file of the core calls a room above its own' "$(printf '%s\n' "$needs" | awk -v rooms="$rooms" '
    BEGIN { count = split (rooms, names, " "); for (i = 1; i <= count; i++) height["core/" names[i]] = i }
    function room (file) { sub (/\/[^\/]*$/, "", file); return file }
    height[room($2)] > height[room($1)] { print $1 " needs " $2 }' | sort -u)"
wall 'no files of the core need each other in a circle' "$(printf '%s\n' "$needs" | tsort 2>&1 >/dev/null)"
for folder in pluginlib plugins/deflate plugins/gguf plugins/npy plugins/npz plugins/pt plugins/safetensors plugins/zarr plugins/zip; do
    wall "no files of $folder need each other in a circle" "$(parts "$folder" | symbols_of | needs | tsort 2>&1 >/dev/null)"
done
wall 'no files of the tools need each other in a circle' "$(
    for file in tools/*.c tools/*/*.c; do name=${file##*/}; object=$TENON_BUILDDIR/${file%/*}/tenon-${name%.c}.o; [ ! -f "$object" ] || echo "$object"; done | symbols_of | needs | tsort 2>&1 >/dev/null)"

# What deflate_isal.c defines may be declared in deflate_isal.h, in deflate.h, or in the header of its room.
wall 'what a file of the core defines is declared in its header or in that of its room' "$(
    for header in core/*/*.h; do
        grep -ohE '\<tn_[a-z0-9_]+' "$header" | sort -u | sed "s|^|H $header |"
    done | { cat; printf '%s\n' "$symbols" | grep '^D tn_'; } | awk '
        $1 == "H" { declared[$2, $3] = 1; next }
        {
            split ($3, part, "/")
            room = part[1] "/" part[2] "/"
            found = ($3 ".h", $2) in declared || (room part[2] ".h", $2) in declared
            for (stem = part[3]; !found && sub (/_[^_]*$/, "", stem);)
                found = (room stem ".h", $2) in declared
            if (!found)
                print $3 ".c " $2
        }')"

# "name file" for each static function of the core.
statics=$(awk 'FNR == 1 { before = "" } before ~ /^static [^;={]*$/ && /^[a-z][a-z0-9_]* \(/ { print $1, FILENAME } { before = $0 }' core/*/*.c | sort -u)
wall 'a static function of the core has a name of two words or more' "$(printf '%s\n' "$statics" | grep -E '^[^_]* ')"
wall 'no two files of the core have a static function of the same name' \
    "$(printf '%s\n' "$statics" | awk '$1 == last { print first " and " $2 ": " $1 } { last = $1; first = $2 }')"

# No file decides how deep the stack gets: no function calls itself, directly or through others. Calls through pointers,
# which this does not see, go round in three places. A codec includes a source, or puts a member, which is described or
# written by a codec: TN_MOST_CALLS (core/codec/call.h) ends it. The sink of such a member writes into that of its container,
# as deep as those calls. And work on threads runs work, which runs alone then (core/base/pool.c).
circles ()
{
    awk -f tests/calls.awk "$@" | awk '$1 == $2 { print $1 " calls itself" }' | sort -u
    awk -f tests/calls.awk "$@" | awk '$1 != $2' | tsort 3>&1 >/dev/null 2>&3
}
wall 'no function of core/ and pluginlib/ calls itself, directly or through others' "$(circles core/*/*.c pluginlib/*.c)"
for folder in plugins/deflate plugins/gguf plugins/npy plugins/npz plugins/pt plugins/safetensors plugins/zarr plugins/zip; do
    # shellcheck disable=SC2046 # one argument a file
    wall "no function of $folder calls itself, directly or through others" \
        "$(circles $(find "$folder" -name '*.c' ! -path '*/tests/*' | sort))"
done
wall 'no function of the tools calls itself, directly or through others' "$(circles tools/*.c tools/*/*.c)"

# C leaves open whether an initialiser zeroes the other members before or after a call in it, and no compiler warns.
wall 'no initialiser calls something that fills another member of the same variable' \
    "$(grep -nE '([a-z_]+) = \{.*\(.*&\1[.]' core/*/*.[ch] pluginlib/*.[ch] plugins/*/*.[ch] plugins/*/*/*.[ch] tools/*.[ch] tools/*/*.[ch])"

wall 'the folder of plugins has the major version of the ABI, as the entry function has' "$(
    number=$(sed -n 's/^#define TENON_ABI_MAJOR //p' include/tenon/types.h)
    [ "$number" = "$TENON_ABI_MAJOR" ] || echo "configured for $TENON_ABI_MAJOR, and types.h has $number"
    grep -nE 'tenon_plugin_v[0-9]|plugins-[0-9]' configure.ac run.in build-aux/* */local.mk */*/local.mk core/*/*.[ch] tools/*.[ch] tools/*/*.[ch]
    grep -noE 'tenon_plugin_v[0-9]+|plugins-[0-9]+' docs/*.[1-9] docs/*.md README.md include/tenon/*.h | grep -vE "(_v|plugins-)$number\$")"
wall 'the least size of a struct from outside is not the size that this version has' \
    "$(grep -nE 'tn_copy_struct \(.*, sizeof [a-z*>-]+\)' core/*/*.c)"
wall 'only core/loader calls dlopen' "$(objects 'loader[^/]*' | calls 'dlopen|dlmopen|dlsym')"
wall 'nothing calls dlclose' "$(objects 'none' | calls 'dlclose')"

files='f?open(64)?|openat(64)?|__open(64|at|at64)?_2|creat(64)?|opendir|fdopendir|mkos?temps?(64)?|tmpfile(64)?|memfd_create|shm_open'
# A zygote and its children are processes of the library's own.
wall 'only core/context, core/source and core/sink open files' \
    "$(objects 'sandbox' | grep -vE '/core/(context|source|sink)/' | calls "$files")"

wall 'the library does not print' \
    "$(objects 'none' | calls 'v?printf|(__)?v?f?printf(_chk)?|puts|fputs|putchar|perror|stdout|stderr|syslog')"
wall 'the library does not exit' "$(objects 'zygote' | calls '_?exit|abort|_Exit|quick_exit|__assert_fail')"
wall 'the library installs no signal handler and leaves the locale alone' \
    "$(objects 'sandbox' | calls 'signal|sigaction|setlocale|uselocale|atexit|setenv|putenv|unsetenv')"
# Sanitizers and coverage add variables of their own.
instrumented=${TENON_SANITIZERS:-}$(objects 'none' | calls '__gcov_.*' | head -n 1)
if [ -z "$instrumented" ]; then
    # shellcheck disable=SC2046 # one argument an object
    wall 'the library keeps no state of the process' "$(state $(objects 'none'))"
fi

# What no fragment names is neither built nor tested.
listed=$(cat ./*/local.mk plugins/*/local.mk | tr -s ' \t\134' '\n')
unlisted ()
{
    for file; do
        [ ! -f "$file" ] || printf '<file> %s\n' "$file"
    done | { printf '%s\n' "$listed"; cat; } | awk '
        $1 != "<file>" { listed[$1] = 1; next }
        { program = $2; sub (/\.c$/, "", program) }
        !($2 in listed) && !(program in listed) { print $2 }'
}
# shellcheck disable=SC2046 # one argument a file
wall 'every source is in a local.mk' "$(unlisted include/tenon/*.h pluginlib/*.[ch] core/*/*.[ch] tools/*.[ch] tools/*/*.[ch] $(plugin_sources))"
# (A script that cannot be executed is a part of others.)
wall 'every test is in a local.mk' "$(
    unlisted tests/*/test_*.c tests/unit/*/test_*.c
    for file in $(unlisted tests/*/*.sh plugins/*/tests/*.sh); do [ ! -x "$file" ] || echo "$file"; done)"
wall 'every manual page is in a local.mk' "$(unlisted docs/*.[1-9] plugins/*/*.[1-9])"

wall 'libtenon and the plugins need neither json-c nor nettle, which are the command'"'"'s' "$(
    for object in "$TENON_BUILDDIR"/.libs/libtenon.so "$TENON_BUILDDIR"/plugins/.libs/*.so; do
        [ ! -f "$object" ] || readelf -d "$object" 2>/dev/null | grep -E 'NEEDED.*(json-c|nettle)' | sed "s|^|${object##*/} |"
    done)"

library=$TENON_BUILDDIR/.libs/libtenon.so
if [ -f "$library" ]; then
    wall 'libtenon exports tenon_* only, and no plugin' \
        "$(exported "$library" | grep -E '^tenon_plugin_|^[^t]|^t[^e]|^te[^n]|^ten[^o]|^teno[^n]|^tenon[^_]')"
    wall 'libtenon exports all that the headers declare' "$({
        exported "$library"
        cat include/tenon/*.h | tr '\n' ' ' | grep -oE 'TENON_API [^;]*;' | sed -n 's/^TENON_API [^(]*\(tenon_[a-z0-9_]*\) *(.*/declared \1/p'
    } | awk '$1 != "declared" { exported[$1] = 1; next } !($2 in exported) { print $2 }')"
    # glibc's own errors are the ones that matter: a library that has something open would fail to load in others' programs.
    wall 'libtenon has a soname' "$(readelf -d "$library" 2>/dev/null | grep -q 'SONAME.*libtenon\.so\.0' || echo 'no soname libtenon.so.0')"
fi

# hidden symbols are global until a shared object is linked, and would clash with those of a program
archive=$TENON_BUILDDIR/.libs/libtenon.a
if [ "${TENON_ONE_OBJECT:-no}" = yes ]; then
    wall 'libtenon.a shows tenon_* only, and no plugin' \
        "$($NM -g --defined-only "$archive" | awk 'NF == 3 { print $3 }' | grep -vE '^_?tenon_|^_?(__odr_asan|__(start|stop)_)' | head;
        $NM -g --defined-only "$archive" | grep -E ' _?tenon_plugin_')"
    # shellcheck disable=SC2086 # lists of flags
    wall 'libtenon.a links with a program that has a tn_fail, a tn_concat and a tenon_json_begin of its own' "$(
        work=$(mktemp -d "${TMPDIR:-/tmp}/tenon-walls.XXXXXX")
        printf '%s\n' '#include <tenon/tenon.h>' 'int tn_fail (void); int tn_concat (void); int tenon_json_begin (void);' \
            'int tn_fail (void) { return 1; }' 'int tn_concat (void) { return 2; }' 'int tenon_json_begin (void) { return 3; }' \
            'int main (void)' '{ tenon_context *context = NULL;' \
            'return tenon_context_new (&context, NULL, NULL) != TENON_OK || tn_fail () + tn_concat () + tenon_json_begin () != 6; }' \
            >"$work/own.c"
        { ${CC:-cc} ${SANITIZER_CFLAGS:-} -I"$TENON_SRCDIR/include" -o "$work/own" "$work/own.c" "$archive" ${TENON_STATIC_LIBS:-} &&
            "$work/own"; } 2>&1 || echo "it fails: $?"
        rm -rf "$work")"
fi

for name in ${TENON_MODULE_PLUGINS:-}; do
    module=$TENON_BUILDDIR/plugins/.libs/$name.so
    if [ ! -f "$module" ]; then
        wall "plugin $name is built" "there is no $module"
        continue
    fi
    symbols=$(exported "$module" | tr '\n' ' ')
    wall "plugin $name exports one symbol" "$([ "$symbols" = "tenon_plugin_v$TENON_ABI_MAJOR " ] || echo "exports: $symbols")"
    wall "plugin $name needs nothing of the core" "$($NM -D -u "$module" | awk '{ print $NF }' | grep -E '^(tenon|tn)_')"
done

archive=$TENON_BUILDDIR/pluginlib/libtenonplugin.a
if readelf -h "$archive" >/dev/null 2>&1; then
    wall 'pluginlib hides its symbols: a plugin does not export them' \
        "$(readelf -sW "$archive" | awk '$5 == "GLOBAL" && $6 == "DEFAULT" && $7 != "UND" { print $8 }')"
fi

pages=$TENON_BUILDDIR/man/man3
wall 'every function and struct of the API has a manual page' "$(
    cat include/tenon/*.h | tr '\n' ' ' | grep -oE 'TENON_API [^;]*;' | sed -n 's/^TENON_API [^(]*\(tenon_[a-z0-9_]*\) *(.*/\1/p' |
        while read -r name; do [ -f "$pages/$name.3" ] || echo "$name"; done
    for page in "$pages"/tenon_*.3; do
        target=$(sed -n 's|^\.so man3/||p' "$page")
        grep -q "^\.\(Nm\|Ss\) ${page##*/}" "$pages/$target" 2>/dev/null || grep -qE "^\.(Nm|Ss) (struct )?$(basename "$page" .3)( |\$)" "$pages/$target" || echo "$page"
    done)"
if command -v mandoc >/dev/null; then
    wall 'the pages of the headers have no faults' "$(mandoc -T lint -W warning "$pages"/../api/tenon-*.3)"
fi

# The objects of pluginlib become a part of each plugin that links them, so the rules of plugins hold for them as well.
forbidden='f?open(64)?|openat(64)?|creat(64)?|mmap(64)?|pthread_create|(__)?f?printf(_chk)?|puts|putchar|fputs|perror|_?exit|abort|malloc|calloc|realloc|strdup|dlopen|dlsym|setlocale'
folders=pluginlib
for name in ${TENON_MODULE_PLUGINS:-} ${TENON_BUILTIN_PLUGINS:-}; do
    folders="$folders plugins/$name"
done
for folder in $folders; do
    case $folder in
    plugins/crc32c | plugins/deflate | plugins/delta | plugins/shuffle | plugins/zstd | plugins/lz4 | plugins/blosc | plugins/bzip2 | plugins/xz) # states of filters are memory that a plugin allocates
        wall "$folder opens, maps, prints and exits nothing" \
            "$(parts "$folder" | calls "$(echo "$forbidden" | sed 's/|malloc|calloc|realloc//')")" ;;
    *) wall "$folder opens, maps, allocates, prints and exits nothing" "$(parts "$folder" | calls "$forbidden")" ;;
    esac
    if [ -z "$instrumented" ]; then
        # shellcheck disable=SC2046
        wall "$folder has no variables that change" "$(state $(parts "$folder"))"
    fi
done

echo "$(((checks - failures) * 100 / checks))%: Checks: $checks, Failures: $failures, Errors: 0"
[ "$failures" -eq 0 ]
