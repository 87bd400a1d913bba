#!/bin/sh
# SPDX-License-Identifier: MIT
# new_plugin.sh: tenon new-plugin. Each project builds without warnings and passes its own tests, against the tenon of the
# build tree, to which a pkg-config of this test leads; tests/installcheck.sh follows the printed commands.
. "${TENON_SRCDIR:-$srcdir}/tests/cli/check.sh"
: "${TENON_BUILDDIR:?}" "${CC:?}" "${CXX:=c++}" "${MAKE:=make}"

mkdir bin
cat >bin/pkg-config <<EOF
#!/bin/sh
words=
for argument; do
    case \$argument in
    --variable=bindir) words=${TENON%/*} ;;
    --variable=*) words=$folder/none ;;
    --cflags) words='-I$TENON_SRCDIR/include' ;;
    --libs) libs=1 ;;
    tenon) [ -z "\${libs:-}" ] || words="\$words -L$TENON_BUILDDIR/.libs -ltenon" ;;
    tenon-plugin) [ -z "\${libs:-}" ] || words="\$words $TENON_BUILDDIR/pluginlib/libtenonplugin.a" ;;
    esac
done
echo "\$words"
EOF
chmod +x bin/pkg-config
PKG_CONFIG=$folder/bin/pkg-config USER=someone
export PKG_CONFIG USER
unset MAKEFLAGS MFLAGS MAKELEVEL

# ---- what is printed ----
tenon new-plugin notes --extension note --extension nt --author 'A. Writer' --license Apache-2.0
exits 'a codec' 0
silent 'a codec' err
is 'a codec: the commands, in order' "$(tail -n 4 out | sed 's/^ *//' | tr '\n' ';')" 'cd notes;make;make check;make install-user;'
is 'a codec: the files that it lists' "$(sed -n 's/^    \([^ ]*\)$/\1/p' out | grep -vx make | sort)" \
    "$(cd notes && find . -type f | sed 's|^\./||' | sort)"
says 'the author' notes/notes.c 'A. Writer'
says 'the licence' notes/notes.c 'SPDX-License-Identifier: Apache-2.0'
says 'the licence that tenon formats tells' notes/notes.c '.license = "Apache-2.0"'
says 'both extensions' notes/notes.c '{ "note", "nt", NULL }'
is 'no word is left' "$(grep -rlE '@(if|else|end|[A-Z_]+@)' notes)" ''
# by hand: the magic, version 1, alignment 1, no entries, no tensors
printf '\211notes\n\001\000\000\000\001\000\000\000' >expected
head -c 16 /dev/zero >>expected
same 'the bytes of a sample' notes/samples/empty.note expected

tenon new-plugin notes
fails 'a folder that exists' 2 'notes: File exists'
says 'a folder that exists: what helps' err '--folder'
is 'it is left alone' "$(grep -c Apache notes/notes.c)" 2
tenon new-plugin notes --folder no/such
fails 'a folder in no folder' 2 'no/such: No such file'
tenon new-plugin other --dry-run -q
exits '--dry-run' 0
is '--dry-run: the first command' "$(head -n 1 out)" 'cd other'
is '--dry-run makes nothing' "$(find . -name other)" ''
tenon new-plugin other --dry-run --json --folder "it's there"
exits '--json' 0
says '--json: the files' out '"other.c"'
says '--json: the commands' out "\"cd 'it'\\\\''s there'\",\"make\",\"make check\",\"make install-user\""
says '--json: the kind' out '"kind":"codec","language":"c"'
tenon new-plugin npy --dry-run
exits 'a name in use' 0
says 'a name in use is noted' err "there is a codec 'npy' already"
says 'an extension in use is noted' err "the codec npy has the extension 'npy', too"

for name in '' A.B 1st -- core fuzz 'a b' aaaaaaaaaabbbbbbbbbbcccccccccc é; do
    tenon new-plugin --dry-run -- "$name"
    exits "the name '$name'" 2
done
says 'a wrong name: what is expected' err 'a-z, 0-9, - and _, a letter first'
tenon new-plugin x --extension .note --dry-run
fails 'an extension with its dot' 2 'without the dot'
tenon new-plugin x --license 'MIT" */' --dry-run
fails 'no licence' 2 'an SPDX identifier'
# An and Li are macros of mdoc
tenon new-plugin an --author 'Li An'
is 'an author whose names are macros' "$(grep '^\.An' an/tenon-an.7)" '.An "Li An"'
rm -rf an
tenon new-plugin x --author 'a */ b' --dry-run
fails 'an author who ends a comment' 2 '--author'
tenon new-plugin x --filter --dtype --dry-run
fails 'two kinds' 2 'exclude each other'
tenon new-plugin x --language rust --dry-run
fails 'another language' 2 'c|c++'

# ---- what is made ----
# project NAME ARGUMENT...: makes, builds and tests it
project ()
{
    name=$1
    tenon new-plugin "$@" --author 'A. Writer'
    exits "$*" 0
    (cd "$name" && "$MAKE" CFLAGS="-O1 -Wall -Wextra -Werror $SANITIZER_CFLAGS" \
        CXXFLAGS="-O1 -Wall -Wextra -Werror $SANITIZER_CFLAGS" CC="$CC" CXX="$CXX" TENON="$TENON" all check) >said 2>&1
    result $((! $?)) "$*: it builds and passes its tests" "$(tail -n 30 said)"
    says "$*: the tests say so" said 'all tests pass'
}
cxx=no
echo 'int main () {}' >try.cc
# shellcheck disable=SC2086 # $CXX may be ccache and a compiler
! $CXX -std=gnu++17 $SANITIZER_CFLAGS -o try try.cc 2>/dev/null || cxx=yes
# Sanitizers make the checker slow: tests/check holds plugins to all of its rules there.
if [ -n "${TENON_SANITIZERS:-}" ]; then
    CHECK_FLAGS='--only loads --only purity --only round'
    export CHECK_FLAGS
fi
project my-notes --extension note
project runs --extension run --filter
project box --extension box --archive
project blocks --extension blk --dtype
# The same functions in C++, and other tables.
if [ $cxx = yes ]; then
    CHECK_FLAGS='--only loads --only exports --only tables --only state'
    export CHECK_FLAGS
    project c_notes --extension cn --language c++
    project c-runs --extension crun --filter --language c++
    project c-box --extension cbox --archive --language c++
    project c-blocks --extension cblk --dtype --language c++
else
    skip 'C++: it does not compile here'
fi
unset CHECK_FLAGS

# A plugin that does not hold what the tests say fails them.
sed -i 's/version != VERSION/version == VERSION/' my-notes/my-notes.c
(cd my-notes && "$MAKE" -s CC="$CC" TENON="$TENON" check) >said 2>&1
is 'a broken plugin fails its tests' "$?" 2
says 'and they say what is wrong' said 'FAILED'

(cd my-notes && "$MAKE" PKG_CONFIG=false) >said 2>&1
is 'without pkg-config' "$?" 2
says 'without pkg-config: what helps' said 'false does not find tenon: export PKG_CONFIG_PATH='
(cd my-notes && "$MAKE" -s PKG_CONFIG=false clean) >said 2>&1
is 'without pkg-config it is cleaned' "$?" 0

# ---- the fuzz target ----
tenon new-plugin quick
(cd quick && "$MAKE" CC="$CC" CFLAGS="-O1 -Wall -Wextra -Werror $SANITIZER_CFLAGS" FUZZ_SECONDS=1 fuzz) >said 2>&1
result $((! $?)) 'make fuzz' "$(tail -n 30 said)"
good=0
grep -qE '^[0-9]+ files, no crash$|^Done [0-9]+ runs' said && good=1
result $good 'make fuzz: it opened files' "$(tail -n 30 said)"

# ---- for one user ----
mkdir -p "$XDG_CONFIG_HOME/tenon"
printf '[core]\nthreads = 3' >"$XDG_CONFIG_HOME/tenon/tenon.ini"
sed -i 's/version == VERSION/version != VERSION/' my-notes/my-notes.c
XDG_DATA_HOME="$folder/a share"
export XDG_DATA_HOME
install_user ()
{
    (cd my-notes && unset TENON_PLUGIN_PATH && "$MAKE" -s CC="$CC" TENON="$TENON" "$1") >said 2>&1
}
install_user install-user
result $((! $?)) 'install-user' "$(cat said)"
says 'install-user ends with the codec' said "my-notes$tab.note${tab}read,write,stream"
install_user install-user
result $((! $?)) 'install-user again' "$(cat said)"
is 'settings of the user stay, and one line is added' "$(grep -c . "$XDG_CONFIG_HOME/tenon/tenon.ini")" 5
tenon config -q core.threads
is 'the setting of the user' "$(cat out)" 3
if MANPATH="$XDG_DATA_HOME/man" man tenon-my-notes >said 2>&1; then
    (unset MANPATH && "$TENON" help my-notes) >said 2>&1
    is 'tenon help finds the page of the user' "$?" 0
    says 'it is that page' said 'TENON-MY-NOTES(7)'
else
    skip 'tenon help: no man here'
fi
install_user uninstall-user
tenon formats my-notes
exits 'uninstall-user' 2
finish
