#!/bin/sh
# SPDX-License-Identifier: MIT
# dist.sh: the archive of `make dist` has the same bytes whenever, wherever and by any user; and it builds, works and
# installs in an empty folder where there is neither git nor any of the autotools. `make check-dist` runs it.
set -u
: "${TENON_BUILDDIR:?make check-dist runs me}" "${TENON_SRCDIR:?}" "${MAKE:=make}" "${DISTDIR:?}"
work=$(mktemp -d "${TMPDIR:-/tmp}/tenon-dist.XXXXXX") || exit 99
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 99' HUP INT TERM
unset TENON_PLUGIN_PATH TENON_CONFIG SOURCE_DATE_EPOCH MAKEFLAGS MFLAGS MAKELEVEL
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
# shellcheck source=tests/commands.sh
. "$TENON_SRCDIR/tests/commands.sh"

# ---- the same bytes ----
# dist FOLDER UMASK ZONE: makes the archive in a build folder
# shellcheck disable=SC2317 # called through check
dist ()
{
    (cd "$1" && umask "$2" && TZ=$3 LC_ALL=C "$MAKE" -s dist)
}
check 'make dist' dist "$TENON_BUILDDIR" 077 UTC || finish
mv "$TENON_BUILDDIR/$DISTDIR.tar.gz" "$work/first.tar.gz"
tar -tvzf "$work/first.tar.gz" --numeric-owner --full-time >"$work/list"
check 'every file is of nobody in particular' sh -c "! grep -v ' 0/0 ' '$work/list'"
check 'every file has the same time' test "$(awk '{ print $4, $5 }' "$work/list" | sort -u | wc -l)" = 1
check 'every file can be read, and none written by others' sh -c "! grep -vE '^(-rw-r--r--|-rwxr-xr-x|drwxr-xr-x) ' '$work/list'"
check 'files are sorted' sh -c "awk '{ print \$6 }' '$work/list' | tr / '\\001' | LC_ALL=C sort -c"
[ ! -e "$TENON_SRCDIR/.git" ] || check 'every file of git is in it' sh -c "
    git -C '$TENON_SRCDIR' -c core.quotePath=off ls-files | grep -v '^.gitignore\$' | sed 's,^,$DISTDIR/,' | sort >'$work/known'
    awk '{ print \$6 }' '$work/list' | sort | comm -13 - '$work/known' | grep . && exit 1 || exit 0"

# ---- elsewhere ----
mkdir "$work/empty" "$work/programs"
for program in autoconf autoheader autom4te automake aclocal autoreconf libtoolize git; do
    printf '#!/bin/sh\necho "%s is not here" >&2\necho %s >>"%s/missed"\nexit 127\n' $program $program "$work" >"$work/programs/$program"
    chmod +x "$work/programs/$program"
done
PATH=$work/programs:$PATH
cd "$work/empty" || exit 99
check 'it is unpacked' tar -xzf "$work/first.tar.gz" || finish
# the sources stay as they are: the build is beside them
chmod -R a-w "$DISTDIR"
mkdir build
cd build || exit 99
check 'it is configured' "../$DISTDIR/configure" --silent --prefix=/usr CFLAGS='-O1 -Wno-error' || finish
check 'it builds' "$MAKE" -s -j "$jobs" || finish
for test in tests/unit/base/test_io plugins/npz/tests/test_zip; do
    check "$test is built" "$MAKE" -s $test && check "$test passes" ./run $test
done
for test in tests/cli/ls.sh tests/cli/cat.sh plugins/npy/tests/golden.sh plugins/safetensors/tests/golden.sh; do
    check "$test passes" ./run "../$DISTDIR/$test"
done
check 'it is installed' "$MAKE" -s install DESTDIR="$work/root"
check 'it works there' env LD_LIBRARY_PATH="$work/root/usr/lib" "$work/root/usr/bin/tenon" ls \
    "$work/empty/$DISTDIR/examples/data/weights.npy"
interface=$(sed -n 's/^#define TENON_ABI_MAJOR //p' "$work/root/usr/include/tenon/types.h")
for file in bin/tenon lib/libtenon.so.0 lib/libtenonplugin.a "lib/tenon/plugins-$interface/npz.so" include/tenon/tenon.h include/tenon/plugin.h \
    lib/pkgconfig/tenon.pc lib/cmake/tenon/tenon-config.cmake share/man/man1/tenon.1 share/man/man3/tenon_open.3 \
    share/man/man7/tenon-npz.7 share/bash-completion/completions/tenon share/zsh/site-functions/_tenon \
    share/fish/vendor_completions.d/tenon.fish share/doc/tenon/LICENSE share/doc/tenon/README.md share/doc/tenon/CHANGELOG.md \
    share/doc/tenon/registry.md share/doc/tenon/tenon-plugin.3 share/doc/tenon/examples/zstd/zstd.c; do
    check "there is $file" test -s "$work/root/usr/$file"
done
check 'every manual page is there' sh -c "cd '$work/empty/$DISTDIR' && find docs plugins -name '*.[1-8]' | sed 's,.*/,,' | while read -r page; do
    test -s '$work/root/usr/share/man/man'\${page##*.}/\$page || { echo \$page; exit 1; }; done"
check 'it is taken away' "$MAKE" -s uninstall DESTDIR="$work/root"
check 'wholly' sh -c "! find '$work/root' -type f -o -type l | grep ."

# with another umask and zone, from the unpacked archive
check 'make dist in the unpacked archive' dist "$work/empty/build" 022 Asia/Kathmandu
check 'it gives the same bytes' cmp "$work/first.tar.gz" "$work/empty/build/$DISTDIR.tar.gz"
check 'and it is cleaned' "$MAKE" -s distclean
check 'wholly' sh -c "! find '$work/empty/build' -type f | grep -v '\\.tar\\.gz\$' | grep ."
check 'nothing asked for git or the autotools' test ! -e "$work/missed"
finish
