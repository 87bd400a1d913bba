#!/bin/sh
# SPDX-License-Identifier: MIT
# aarch64.sh: builds libtenon for AArch64 in ./aarch64, and has qemu run there the plugins that were built for it when the
# interface was frozen (tests/abi/binaries). `make check-aarch64` runs it in a build folder. On Debian it needs
# gcc-aarch64-linux-gnu, qemu-user, and, after `dpkg --add-architecture arm64`, zlib1g-dev:arm64 libinih-dev:arm64
# check:arm64. Where one of them is missing it says so, and succeeds.
set -eu
: "${MAKE:=make}"
source=$(cd "$(dirname "$0")/.." && pwd)

# skip WHY: with a closing line, which tests/total wants
skip ()
{
    echo "skipped: make check-aarch64: $1"
    echo '100%: Checks: 0, Failures: 0, Errors: 0'
    exit 0
}
[ "$(uname -m)" != aarch64 ] || skip 'this machine is one, so make check loads those plugins'
# The loader that programs ask for must be that of the libraries: of Debian's arm64, not of its cross compiler, whose
# libc is another build. With one of each a program hangs when it starts its first thread. So qemu looks in /.
loader=/lib/ld-linux-aarch64.so.1 packages=/usr/lib/aarch64-linux-gnu/pkgconfig
missing=
for tool in aarch64-linux-gnu-gcc qemu-aarch64; do
    command -v "$tool" >/dev/null || missing="$missing $tool"
done
for package in zlib inih check; do
    [ -f "$packages/$package.pc" ] || missing="$missing $packages/$package.pc"
done
[ -e "$loader" ] || missing="$missing $loader"
[ -z "$missing" ] || skip "there is no$missing"

# logged COMMAND...: shows the end of its output if it fails
logged ()
{
    "$@" >log 2>&1 && return
    tail -n 20 log
    return 1
}
mkdir -p aarch64
cd aarch64
# -O1: it compiles fastest, of what _FORTIFY_SOURCE takes.
[ -f Makefile ] || logged env PKG_CONFIG_LIBDIR="$packages" PKG_CONFIG_PATH= "$source/configure" --silent \
    --host=aarch64-linux-gnu --build="$("$source/build-aux/config.guess")" --disable-command \
    CC=aarch64-linux-gnu-gcc CXX=false CFLAGS=-O1 || exit 1
logged "$MAKE" -s tests/abi/plugins/toyraw.la tests/abi/test_binaries || exit 1
exec timeout -s KILL 120 ./run qemu-aarch64 -L / tests/abi/test_binaries
