#!/bin/sh
# SPDX-License-Identifier: MIT
# embed.sh [PREFIX]: others' programs and plugins are built with what is installed, in C and in C++, through pkg-config, CMake and
# meson, with the shared library and, where it is there, with the static one and the plugins that are built into it. Without PREFIX
# this build is installed for it. tests/installcheck.sh runs it, and make check-builtin.
set -u
: "${TENON_SRCDIR:?run me as: run tests/embed.sh}" "${CC:=cc}" "${CXX:=c++}" "${PKG_CONFIG:=pkg-config}" "${MAKE:=make}"
flags=${FLAGS-${SANITIZER_CFLAGS-}}
work=$(mktemp -d "${TMPDIR:-/tmp}/tenon-embed.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 99' HUP INT TERM
# shellcheck source=tests/commands.sh
. "$TENON_SRCDIR/tests/commands.sh"
unset TENON_CONFIG LD_LIBRARY_PATH DYLD_LIBRARY_PATH TENON_PLUGIN_PATH
XDG_CONFIG_HOME=$work/none
export XDG_CONFIG_HOME

# ---- where it is installed ----
if [ $# -eq 0 ]; then
    check 'it is installed' env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL "$MAKE" -s -C "${TENON_BUILDDIR:?}" install DESTDIR="$work/stage" || finish
    set -- "$work/stage"
fi
found=$(find "$1" -name tenon.pc | head -n 1)
check 'there is a tenon.pc' test -f "$found" || finish
PKG_CONFIG_PATH=${found%/*}
lib=${PKG_CONFIG_PATH%/*}
export PKG_CONFIG_PATH
static=no
[ ! -f "$lib/libtenon.a" ] || static=yes
shared=no
! [ -e "$lib/libtenon.so" ] || shared=yes
npy=$TENON_SRCDIR/examples/data/weights.npy

# works NAME PROGRAM: an application with the shared library
# shellcheck disable=SC2317 # called through check
run_shared ()
{
    env LD_LIBRARY_PATH="$lib" "$1" "$npy" "$work/copy.npy" && [ -s "$work/copy.npy" ] && rm "$work/copy.npy"
}
# Likewise with the static one: no shared one is in sight, nor any plugin but those that are built in.
# shellcheck disable=SC2317
run_static ()
{
    ! ldd "$1" 2>/dev/null | grep libtenon && env TENON_PLUGIN_PATH=/nowhere "$1" "$npy" "$work/copy.npy" &&
        [ -s "$work/copy.npy" ] && rm "$work/copy.npy"
}

# ---- sources ----
mkdir "$work/project"
cd "$work/project" || exit 99
cp "$TENON_SRCDIR/examples/embed.c" embed.c
cp embed.c embed++.cc
cp "$TENON_SRCDIR/examples/idx/idx.c" idx.c
# plugins are often written in C++: a function fills the table, since C++ before C++20 has no designated initialisers
cat >word.cc <<'END'
#include <tenon/plugin.h>
static tenon_status
describe (struct tenon_call *call)
{
    return tenon_fail (call, TENON_E_MALFORMED, TENON_AUTO, "it is no word");
}
static const char *const extensions[] = { "word", NULL };
static struct tenon_codec
make_codec ()
{
    struct tenon_codec codec = TENON_INIT (codec);
    codec.id = "word";
    codec.label = "a word";
    codec.extensions = extensions;
    codec.describe = describe;
    return codec;
}
static const struct tenon_codec codec = make_codec ();
static const struct tenon_codec *const codecs[] = { &codec, NULL };
static struct tenon_plugin
make_plugin ()
{
    struct tenon_plugin plugin = TENON_INIT (plugin);
    plugin.abi_minor = TENON_ABI_MINOR;
    plugin.name = "word";
    plugin.version = "1";
    plugin.license = "MIT";
    plugin.summary = "a word";
    plugin.codecs = codecs;
    return plugin;
}
static const struct tenon_plugin plugin = make_plugin ();
TENON_PLUGIN (plugin)
END

# ---- pkg-config ----
# with_pkg_config COMPILER SOURCE [--static]
# shellcheck disable=SC2086,SC2046,SC2317 # lists of flags
with_pkg_config ()
{
    $1 $flags -o "$work/program" "$2" $("$PKG_CONFIG" ${3-} --cflags --libs tenon)
}
if [ $shared = yes ]; then
    check 'pkg-config: C' with_pkg_config "$CC" embed.c && check 'it works' run_shared "$work/program"
    check 'pkg-config: C++' with_pkg_config "$CXX" embed++.cc && check 'it works' run_shared "$work/program"
fi
if [ $static = yes ]; then
    # a prefix that has the static library alone
    mkdir "$work/alone"
    for file in "$lib"/libtenon.so* "$lib"/libtenon.*dylib; do
        [ ! -e "$file" ] || mv "$file" "$work/alone"
    done
    check 'pkg-config --static: C' with_pkg_config "$CC" embed.c --static && check 'it works' run_static "$work/program"
    check 'pkg-config --static: C++' with_pkg_config "$CXX" embed++.cc --static && check 'it works' run_static "$work/program"
    for file in "$work/alone"/*; do
        [ ! -e "$file" ] || mv "$file" "$lib"
    done
fi

# ---- CMake and meson ----
# programs FOLDER: checks what was built there
programs ()
{
    if [ $shared = yes ]; then
        check 'the program in C works' run_shared "$1/embed"
        check 'the program in C++ works' run_shared "$1/embed++"
    fi
    if [ $static = yes ]; then
        check 'the static program in C works' run_static "$1/embed-static"
        check 'the static program in C++ works' run_static "$1/embed++-static"
    fi
    for plugin in idx word; do
        check "the plugin $plugin exports its entry point" sh -c "${NM:-nm} -D '$1'/*$plugin.so | grep -q ' T tenon_plugin_v[0-9]'"
    done
    [ ! -x "${lib%/*}/bin/tenon" ] || [ -z "${TENON_MODULE_PLUGINS-some}" ] || for plugin in idx word; do
        check "the command loads the plugin $plugin" sh -c "mkdir -p '$work/plugins' && cp '$1'/*$plugin.so '$work/plugins/$plugin.so' &&
            LD_LIBRARY_PATH='$lib' '${lib%/*}/bin/tenon' --plugin-path '$work/plugins' formats $plugin"
    done
}
if command -v cmake >/dev/null; then
    cat >CMakeLists.txt <<'END'
cmake_minimum_required (VERSION 3.13)
project (embed C CXX)
find_package (tenon REQUIRED)
if (SHARED)
    add_executable (embed embed.c)
    add_executable (embed++ embed++.cc)
    target_link_libraries (embed tenon::tenon)
    target_link_libraries (embed++ tenon::tenon)
endif ()
if (TARGET tenon::tenon_static)
    add_executable (embed-static embed.c)
    add_executable (embed++-static embed++.cc)
    target_link_libraries (embed-static tenon::tenon_static)
    target_link_libraries (embed++-static tenon::tenon_static)
endif ()
add_library (idx MODULE idx.c)
add_library (word MODULE word.cc)
target_link_libraries (idx tenon::plugin)
target_link_libraries (word tenon::plugin)
END
    check 'CMake: it is configured' env CC="${CC%% -*}" CXX="${CXX%% -*}" CFLAGS="$flags" CXXFLAGS="$flags" cmake -S . -B cmake \
        -DCMAKE_PREFIX_PATH="${lib%/*}" -DSHARED=$shared &&
        check 'CMake: it builds' cmake --build cmake -j 2 && programs cmake
else
    echo 'skipped: there is no cmake'
fi
if command -v meson >/dev/null && command -v ninja >/dev/null; then
    cat >meson.build <<'END'
project ('embed', 'c', 'cpp', default_options : ['cpp_std=c++17', 'c_std=gnu11'])
plugin = dependency ('tenon-plugin')
shared_module ('idx', 'idx.c', dependencies : plugin)
shared_module ('word', 'word.cc', dependencies : plugin)
if get_option ('shared')
  tenon = dependency ('tenon')
  executable ('embed', 'embed.c', dependencies : tenon)
  executable ('embed++', 'embed++.cc', dependencies : tenon)
endif
if get_option ('static')
  # meson takes the static library of everything then. Debian's libblosc.a needs snappy, which its blosc.pc does not name.
  archive = [dependency ('tenon', static : true)]
  snappy = '-l:libsnappy.so.1'
  if meson.get_compiler ('c').links ('int main (void) { return 0; }', args : snappy)
    archive += declare_dependency (link_args : ['-Wl,--no-as-needed', snappy])
  endif
  executable ('embed-static', 'embed.c', dependencies : archive)
  executable ('embed++-static', 'embed++.cc', dependencies : archive)
endif
END
    printf "option ('shared', type : 'boolean')\noption ('static', type : 'boolean')\n" >meson_options.txt
    bool ()
    {
        [ "$1" = yes ] && echo true || echo false
    }
    check 'meson: it is configured' env CC="$CC" CXX="$CXX" CFLAGS="$flags" CXXFLAGS="$flags" PKG_CONFIG="$PKG_CONFIG" meson setup meson \
        -Db_lundef=false -Dshared="$(bool $shared)" -Dstatic="$(bool $static)" &&
        check 'meson: it builds' ninja -C meson -j 2 && programs meson
else
    echo 'skipped: there is no meson'
fi
finish
