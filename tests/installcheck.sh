#!/bin/sh
# SPDX-License-Identifier: MIT
# installcheck.sh: builds against an installed tenon through pkg-config alone: a plugin, an application in C, the same in
# C++, and each header alone; and again after the prefix was moved, also through CMake and meson (tests/embed.sh). `make installcheck` sets CC, CXX,
# FLAGS, PKG_CONFIG, pkgconfigdir, ...
set -u
: "${TENON_SRCDIR:?make installcheck runs me}" "${pkgconfigdir:?}" "${bindir:?}" "${libdir:?}" "${CC:?}" "${CXX:=c++}"
: "${prefix:?}" "${sysconfdir:?}" "${MAKE:=make}" "${TENON_BUILDDIR:?}"
: "${FLAGS:=}" "${PKG_CONFIG:=pkg-config}" "${NM:=nm}" "${TENON_DLOPEN:=yes}"
work=$(mktemp -d "${TMPDIR:-/tmp}/tenon-installcheck.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
checks=0
failures=0
major=$(sed -n 's/^#define TENON_ABI_MAJOR //p' "$TENON_SRCDIR/include/tenon/types.h")

# The checks use nothing from the build tree and no settings of the user.
unset TENON_PLUGIN_PATH TENON_CONFIG LD_LIBRARY_PATH DYLD_LIBRARY_PATH
XDG_CONFIG_HOME=$work/none
PKG_CONFIG_PATH=$pkgconfigdir${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export XDG_CONFIG_HOME PKG_CONFIG_PATH

# check TEXT COMMAND...: checks that the command succeeds. Prints the output of a failure; keeps that of a success in
# $work/said.
check ()
{
    text=$1
    shift
    checks=$((checks + 1))
    if "$@" >"$work/out" 2>&1 </dev/null; then
        echo "ok: $text"
        [ "$1" = said ] || mv "$work/out" "$work/said"
        return 0
    fi
    failures=$((failures + 1))
    echo "FAILED: $text: $*"
    head -n 40 "$work/out" | sed 's/^/    /'
    return 1
}
# said PATTERN: succeeds if the output of the last check's command matches.
# shellcheck disable=SC2317 # called through check
said ()
{
    grep -qE "$1" "$work/said"
}
finish ()
{
    echo "$(((checks - failures) * 100 / checks))%: Checks: $checks, Failures: $failures, Errors: 0"
    [ "$failures" -eq 0 ]
    exit
}

check 'pkg-config finds tenon' "$PKG_CONFIG" --exists --print-errors tenon || finish
check 'pkg-config finds tenon-plugin' "$PKG_CONFIG" --exists --print-errors tenon-plugin || finish
plugin_flags=$("$PKG_CONFIG" --cflags --libs tenon-plugin)
cflags=$("$PKG_CONFIG" --cflags tenon)
libs="$("$PKG_CONFIG" --libs tenon) -Wl,-rpath,$libdir"
set -- "$libdir"/libtenon.so* "$libdir"/libtenon*.dylib
[ -e "$1" ] || [ -e "${2:-/nonexistent}" ] || libs=$("$PKG_CONFIG" --static --libs tenon)
plugindir=$("$PKG_CONFIG" --variable=plugindir tenon)
check 'pkg-config names the folder of plugins' test -n "$plugindir"
[ "$TENON_DLOPEN" = no ] || check 'and it is there' test -d "$plugindir"
version=$("$PKG_CONFIG" --modversion tenon | sed 's/\./\\./g')
# tenon may have been configured with --disable-command
command=yes
[ -x "$bindir/tenon" ] || command=no
[ $command = no ] || { check 'pkg-config and the command agree on the version' "$bindir/tenon" --version &&
    check 'namely on this one' said "(^|[^0-9.])$version([^0-9.]|\$)"; }

# ---- each header alone ----
warnings='-Wall -Wextra -Werror -pedantic'
for header in tenon plugin bytes cursor errors types json json_out json_value; do
    printf '#include <tenon/%s.h>\nint probe_%s (void);\n' "$header" "$header" >"$work/header.c"
    cp "$work/header.c" "$work/header.cc"
    # shellcheck disable=SC2086 # lists of flags, here and below
    {
        check "<tenon/$header.h> alone, as C11" $CC -std=c11 $warnings $cflags -c -o "$work/header.o" "$work/header.c"
        check "<tenon/$header.h> alone, as C++17" $CXX -std=c++17 $warnings $cflags -c -o "$work/header.o" "$work/header.cc"
    }
done
printf '#include <tenon/tenon.h>\n#include <tenon/plugin.h>\n#include <tenon/json.h>\n' >"$work/header.cc"
# shellcheck disable=SC2086
check 'all headers in one C++17 file' $CXX -std=c++17 $warnings $cflags -c -o "$work/header.o" "$work/header.cc"

# ---- initialisers, as C and as C++ ----
cat >"$work/init.c" <<'END'
#include <stdio.h>
#ifdef __cplusplus
extern "C" { /* as programs wrap headers of C */
#endif
#include <tenon/tenon.h>
#ifdef __cplusplus
}
#endif
#include <tenon/plugin.h>
#if TENON_VERSION < 1000 || TENON_VERSION_MAJOR > 999
#error "the version is no number that the preprocessor compares"
#endif
static tenon_error failure = TENON_ERROR_INIT;
int
main (void)
{
    tenon_error error = TENON_ERROR_INIT;
    tenon_request request = TENON_INIT (request);
    const struct tenon_option option = TENON_INIT (option);
    struct tenon_source_info info = TENON_INIT (info);
    printf ("%s %s %d\n", TENON_VERSION_STRING, tenon_version (), tenon_version_number () == TENON_VERSION);
    return error.struct_size != sizeof error || failure.offset != UINT64_MAX || request.struct_size != sizeof request
           || request.strides || option.struct_size != sizeof option || info.struct_size != sizeof info || info.name;
}
END
cp "$work/init.c" "$work/init.cc"
strictly="$warnings -Wmissing-field-initializers"
said_version="^$version $version 1\$"
# init COMPILER STANDARD FILE: compiles without warnings, and runs.
init ()
{
    # shellcheck disable=SC2086
    check "initialisers with $1 as $2" $1 "-std=$2" $strictly $FLAGS $cflags -o "$work/init" "$3" $libs &&
        check "initialisers with $1 as $2 work" "$work/init" &&
        check "initialisers with $1 as $2: the versions are equal" said "$said_version"
}
init "$CC" c11 "$work/init.c"
for standard in c++11 c++17 c++20; do
    init "$CXX" $standard "$work/init.cc"
    # Another compiler warns of other things. (Its sanitizers would be another library's.)
    [ -n "$FLAGS" ] || [ "$CXX" = clang++ ] || ! command -v clang++ >/dev/null || init clang++ $standard "$work/init.cc"
done

# ---- a prefix that was moved ----
# Another copy is installed, and taken to where its libtenon was not configured for.
relative=${libdir#"$prefix"/}
if [ "$TENON_DLOPEN" = yes ] && [ "$relative" != "$libdir" ] && [ "$pkgconfigdir" = "$libdir/pkgconfig" ]; then
    check 'it is installed below DESTDIR' "$MAKE" -C "$TENON_BUILDDIR" install "DESTDIR=$work/stage"
    moved=$work/moved
    mv "$work/stage$prefix" "$moved"
    # in_moved COMMAND...: runs it with what is in the moved prefix
    in_moved ()
    {
        env PKG_CONFIG_PATH="$moved/$relative/pkgconfig" LD_LIBRARY_PATH="$moved/$relative" \
            DYLD_LIBRARY_PATH="$moved/$relative" "$@"
    }
    for variable in libdir plugindir includedir; do
        folder=$(in_moved "$PKG_CONFIG" --variable=$variable tenon)
        check "moved: pkg-config's $variable is there" test -d "$folder"
        check "moved: pkg-config's $variable moved along" sh -c "(cd '$folder' && pwd -P) | grep -q '^$(cd "$moved" && pwd -P)/'"
    done
    check 'moved: pkg-config of tenon-plugin names the same folder' test \
        "$(in_moved "$PKG_CONFIG" --variable=plugindir tenon-plugin)" = "$(in_moved "$PKG_CONFIG" --variable=plugindir tenon)"
    # shellcheck disable=SC2046,SC2086
    check 'moved: embed.c is built with it' $CC -std=gnu11 $FLAGS -o "$work/embed-moved" "$TENON_SRCDIR/examples/embed.c" \
        $(in_moved "$PKG_CONFIG" --cflags --libs tenon)
    check 'moved: embed finds the plugins' in_moved "$work/embed-moved" "$TENON_SRCDIR/examples/data/weights.npy" "$work/moved.npy"
    if [ -x "$moved/bin/tenon" ]; then
        check 'moved: the command knows its plugins' in_moved "$moved/bin/tenon" config -v core.plugin_path &&
            check 'moved: they lie beside libtenon' said "$(cd "$moved" && pwd -P)/$relative/tenon/plugins-[0-9]+.*relative to libtenon"
        if [ "${sysconfdir#"$prefix"/}" != "$sysconfdir" ]; then
            printf '[core]\nthreads = 3\n' >>"$moved/${sysconfdir#"$prefix"/}/tenon/tenon.ini"
            check 'moved: the command reads its configuration' in_moved "$moved/bin/tenon" config -v core.threads &&
                check 'moved: the configuration lies in the prefix' said "3.*$moved/.*tenon.ini:"
        fi
    fi

    check 'moved: applications and plugins are built with pkg-config, CMake and meson' sh "$TENON_SRCDIR/tests/embed.sh" "$moved"
    sed -n '/^skipped/p' "$work/said"
    if command -v cmake >/dev/null; then
        mkdir "$work/cmake"
        cat >"$work/cmake/CMakeLists.txt" <<'END'
cmake_minimum_required (VERSION 3.13)
project (embed C)
find_package (tenon ${WANTED} REQUIRED)
if (NOT TARGET tenon::tenon OR NOT TARGET tenon::plugin)
    message (FATAL_ERROR "targets are missing")
endif ()
if (NOT IS_DIRECTORY "${tenon_PLUGINDIR}")
    message (FATAL_ERROR "there is no ${tenon_PLUGINDIR}")
endif ()
message (STATUS "found: ${tenon_VERSION}")
END
        # with_cmake VERSION [OPTION...]: configures the project
        # shellcheck disable=SC2086 # $CC may be ccache and a compiler
        with_cmake ()
        {
            wanted=$1
            shift
            rm -rf "$work/cmake/build"
            env CC="${CC%% -*}" CFLAGS="$FLAGS" cmake -S "$work/cmake" -B "$work/cmake/build" -DCMAKE_PREFIX_PATH="$moved" \
                "-DWANTED=$wanted" "$@"
        }
        ours=$("$PKG_CONFIG" --modversion tenon)
        for wanted in '' "${ours%.*}" "$ours" 0; do
            check "moved: CMake finds version '$wanted'" with_cmake "$wanted" && check "it is $ours" said "found: $version\$"
        done
        for wanted in 0.0 0.999 1; do
            check "moved: CMake does not take this for version $wanted" sh -c '! "$@"' sh cmake -S "$work/cmake" \
                -B "$work/cmake/other" -DCMAKE_PREFIX_PATH="$moved" "-DWANTED=$wanted"
        done
    else
        echo 'left out: there is no cmake here'
    fi
fi

# ---- the library for plugins ----
cat >"$work/json.c" <<'END'
#include <stdio.h>
#include <tenon/json_value.h>
int
main (void)
{
    static const char text[] = "{\"dims\":[3,0.5]}";
    char room[32];
    double value = 0;
    struct tenon_json json;
    struct tenon_json_out out;
    memset (&out, 0, sizeof out);
    out.bytes = room;
    out.room = sizeof room;
    tenon_json_begin (&json, text, sizeof text - 1, TENON_JSON_DEPTH);
    for (int32_t token; (token = tenon_json_next (&json)) > TENON_JSON_END;)
        if (token == TENON_JSON_NUMBER && tenon_json_f64 (&json, &value) == TENON_OK)
            tenon_json_put_f64 (&out, value);
    printf ("%.*s %s\n", (int) out.length, room, tenon_json_type_name (TENON_U32));
    return tenon_json_failed (&json);
}
END
cp "$work/json.c" "$work/json.cc"
# shellcheck disable=SC2086
{
    check 'JSON as C11' $CC -std=gnu11 $warnings $FLAGS -o "$work/json" "$work/json.c" $plugin_flags
    check 'JSON as C++17' $CXX -std=c++17 $warnings $FLAGS -o "$work/json++" "$work/json.cc" $plugin_flags
}
for json in json json++; do
    check "$json reads and writes, without libtenon" "$work/$json" && check "$json says so" said '^3.00.5 u32$'
done

# ---- an application ----
# shellcheck disable=SC2086
{
    check 'embed.c as C11' $CC -std=gnu11 -Wall -Wextra -Werror $FLAGS $cflags \
        -o "$work/embed" "$TENON_SRCDIR/examples/embed.c" $libs
    cp "$TENON_SRCDIR/examples/embed.c" "$work/embed.cc"
    check 'embed.c as C++17' $CXX -std=c++17 -Wall -Wextra -Werror $FLAGS $cflags \
        -o "$work/embed++" "$work/embed.cc" $libs
}
npy=$TENON_SRCDIR/examples/data/weights.npy
for embed in embed embed++; do
    mkdir "$work/$embed.d"
    check "$embed reads what NumPy wrote" "$work/$embed" "$npy" "$work/$embed.d/copy.npy" &&
        check "$embed has read and converted it" test -s "$work/$embed.d/copy.npy" &&
        { [ $command = no ] || check "$embed converted it truly" "$bindir/tenon" verify "$work/$embed.d/copy.npy"; }
done

# ---- a plugin from outside the tree ----
if [ "$TENON_DLOPEN" = yes ]; then
    mkdir "$work/plugins"
    lines=$(wc -l <"$TENON_SRCDIR/examples/idx/idx.c")
    check "idx.c has at most 150 lines, namely $lines" test "$lines" -le 150
    # shellcheck disable=SC2086
    check 'idx.c becomes a plugin' $CC -std=gnu11 -O2 -Wall -Wextra -Werror -fPIC -shared -fvisibility=hidden $FLAGS $cflags \
        -o "$work/plugins/idx.so" "$TENON_SRCDIR/examples/idx/idx.c"
    check 'it exports one symbol' sh -c "[ \"\$($NM -D --defined-only '$work/plugins/idx.so' |
        awk '\$2 == \"T\" { print \$3 }' | grep -vxE '_init|_fini')\" = tenon_plugin_v$major ]"

    # A plugin may link with the library for plugins; it still exports one symbol.
    cat >"$work/note.c" <<'END'
#include <tenon/json_value.h>
static tenon_status
describe (struct tenon_call *call)
{
    struct tenon_source_info info = TENON_INIT (info);
    struct tenon_value value;
    struct tenon_json json;
    TENON_TRY (call->host->source_info (call, 0, &info));
    const void *text = call->host->view (call, 0, 0, info.size);
    if (!text)
        return TENON_E_MEMORY;
    tenon_json_begin (&json, text, info.size, TENON_JSON_DEPTH);
    if (!tenon_json_take (&json, TENON_JSON_BEGIN_OBJECT) || tenon_json_take_typed (call, &json, &value))
        return tenon_fail (call, TENON_E_MALFORMED, TENON_AUTO, "it is no value");
    return call->host->add_metadata (call, "note", 4, &value);
}
static const char *const extensions[] = { "note", NULL };
static const struct tenon_codec codec = {
    .struct_size = sizeof codec, .id = "note", .label = "a value", .extensions = extensions, .describe = describe
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };
static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin, .abi_minor = TENON_ABI_MINOR, .name = "note", .version = "1", .license = "MIT",
    .summary = "a value", .codecs = codecs
};
TENON_PLUGIN (plugin)
END
    # shellcheck disable=SC2086
    check 'a plugin links with the library for plugins' $CC -std=gnu11 -O2 -Wall -Wextra -Werror -fPIC -shared $FLAGS \
        -o "$work/plugins/note.so" "$work/note.c" $plugin_flags
    check 'and exports one symbol' sh -c "[ \"\$($NM -D --defined-only '$work/plugins/note.so' |
        awk '\$2 == \"T\" { print \$3 }' | grep -vxE '_init|_fini')\" = tenon_plugin_v$major ]"
    check 'and needs nothing of libtenon' sh -c "! $NM -D -u '$work/plugins/note.so' | grep -E ' (tenon|tn)_'"
    echo '{"type":"string","value":"a word"}' >"$work/one.note"
    [ $command = no ] || { check 'and reads JSON' env TENON_PLUGIN_PATH="$work/plugins" "$bindir/tenon" ls --json "$work/one.note" &&
        check 'namely this' said 'a word'; }

    # 2 × 3 numbers of two bytes, 1 to 6, as the MNIST collection writes them: most significant byte first
    idx=$work/numbers-idx2-short
    printf '\000\000\013\002\000\000\000\002\000\000\000\003' >"$idx"
    printf '\000\001\000\002\000\003\000\004\000\005\000\006' >>"$idx"
    cp "$idx" "$work/numbers.idx"
    TENON_PLUGIN_PATH=$work/plugins
    export TENON_PLUGIN_PATH
    [ $command = no ] || { check 'the command finds the plugin' "$bindir/tenon" formats && check 'and lists it' said idx; }
    for embed in embed embed++; do
        check "$embed reads an idx file" "$work/$embed" "$work/numbers.idx" "$work/$embed.d/numbers.npy" &&
            check "$embed sees its dtype and shape" said 'i16.*2.*3'
        check "$embed converts npy to idx" "$work/$embed" "$work/$embed.d/numbers.npy" "$work/$embed.d/back.idx" &&
            check "$embed: there and back gives the same bytes" cmp "$idx" "$work/$embed.d/back.idx"
    done
    [ $command = no ] || { check 'an idx file without its extension is known by what is in it' "$bindir/tenon" ls "$idx" &&
        check 'its dtype is i16' said 'i16'; }

    lines=$(wc -l <"$TENON_SRCDIR/examples/bzip2/bzip2.c")
    check "bzip2.c has at most 100 lines, namely $lines" test "$lines" -le 100
    # shellcheck disable=SC2086
    check 'bzip2.c becomes a filter' $CC -std=gnu11 -O2 -Wall -Wextra -Werror -fPIC -shared -fvisibility=hidden $FLAGS $cflags \
        -o "$work/bzip2.so" "$TENON_SRCDIR/examples/bzip2/bzip2.c" -lbz2

    lines=$(wc -l <"$TENON_SRCDIR/examples/nrrd/nrrd.c")
    check "nrrd.c has at most 400 lines, namely $lines" test "$lines" -le 400
    # shellcheck disable=SC2086
    check 'nrrd.c becomes a plugin' $CC -std=gnu11 -O2 -Wall -Wextra -Werror -fPIC -shared -fvisibility=hidden $FLAGS $cflags \
        -o "$work/plugins/nrrd.so" "$TENON_SRCDIR/examples/nrrd/nrrd.c"
    [ $command = no ] || check 'and passes its tests' env TENON="$bindir/tenon" sh "$TENON_SRCDIR/examples/nrrd/test.sh"
    mv "$work/bzip2.so" "$work/plugins"
    if [ $command = yes ]; then
        check 'the command finds the filter' "$bindir/tenon" formats -v && check 'and lists it' said 'bzip2, levels 1 to 9'
        check 'it encodes' "$bindir/tenon" convert -o npz.compression=bzip2 "$npy" "$work/bzip2.npz" &&
            check 'and decodes' "$bindir/tenon" convert "$work/bzip2.npz" "$work/weights.npy" &&
            check 'the same bytes' cmp "$npy" "$work/weights.npy"
        check 'nrrd.c passes its tests with it' env TENON="$bindir/tenon" sh "$TENON_SRCDIR/examples/nrrd/test.sh"
    fi

    # ---- a new plugin: what tenon new-plugin prints is followed to the letter, by a user who has nothing else ----
    # inside FOLDER COMMAND...: runs it there
    # shellcheck disable=SC2317 # called through check
    inside ()
    {
        (cd "$1" && shift && "$@")
    }
    # new_plugin NAME ARGUMENT...: makes a project in $work/new, and runs the commands there
    new_plugin ()
    {
        check "tenon new-plugin $*" inside "$work/new" "$bindir/tenon" new-plugin -q "$@" || return
        { echo 'set -ex' && cat "$work/said"; } >"$work/commands"
        check "$1: the commands that it prints: $(tr '\n' ';' <"$work/said")" inside "$work/new" sh "$work/commands" &&
            check "$1: install-user ends with the codec" said "^$1[[:space:]]+\\.$1[[:space:]]+read,write" &&
            check "$1: tenon has it now" "$bindir/tenon" formats "$1"
    }
    if [ $command = yes ]; then
        mkdir -p "$work/new" "$work/home"
        (
            unset TENON_PLUGIN_PATH XDG_CONFIG_HOME XDG_DATA_HOME PKG_CONFIG_PATH MAKEFLAGS MFLAGS MAKELEVEL
            HOME=$work/home CFLAGS="-O2 -Wall -Wextra -Werror $FLAGS" CXXFLAGS="-O2 -Wall -Wextra -Werror $FLAGS"
            export HOME CC CXX CFLAGS CXXFLAGS
            new_plugin notes
            new_plugin cnotes --language c++
            echo "$checks $failures" >"$work/counts"
        )
        read -r checks failures <"$work/counts"
        if command -v meson >/dev/null; then
            for project in notes cnotes; do
                check "$project: meson" inside "$work/new/$project" env CC="$CC" CXX="$CXX" meson setup build &&
                    check "$project: meson test" meson test -C "$work/new/$project/build"
            done
        else
            echo 'left out: there is no meson here'
        fi
    fi
fi
finish
