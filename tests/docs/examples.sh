#!/bin/sh
# SPDX-License-Identifier: MIT
# examples.sh: the examples of all manual pages, and those in C of README.md: sources are compiled, plugins loaded, programs and commands run.
# Comments in the pages say what each is (examples.awk). The commands of a page run one after the other, in one folder
# that has the files of examples/data.
# shellcheck source=tests/cli/check.sh
. "${TENON_SRCDIR:-${srcdir:?}}/tests/cli/check.sh"
: "${CC:?}" "${TENON_BUILDDIR:?}" "${SANITIZER_CFLAGS:=}" "${TENON_STATIC_LIBS:=}"
here=$(cd "$TENON_SRCDIR/tests/docs" && pwd)
tree=$(cd "$TENON_SRCDIR" && pwd)
build=$(cd "$TENON_BUILDDIR" && pwd)
warnings='-std=gnu11 -Wall -Wextra -Werror'
kept=$(command -v python3 || true)

# ---- what the commands find: a compiler, pkg-config and the command ----
mkdir bin
cat >bin/cc <<END
#!/bin/sh
exec $CC $warnings $SANITIZER_CFLAGS "\$@"
END
cat >bin/pkg-config <<END
#!/bin/sh
case "\$*" in
*tenon-plugin*) echo '-I$tree/include $build/pluginlib/libtenonplugin.a -lm' ;;
*--libs*) echo '-I$tree/include $(if ls "$build"/.libs/libtenon.so >/dev/null 2>&1; then
    echo "-L$build/.libs -ltenon -Wl,-rpath,$build/.libs"
else
    echo "$build/.libs/libtenon.a $TENON_STATIC_LIBS"
fi)' ;;
*plugindir*) echo '$folder/plugins' ;;
*) echo '-I$tree/include' ;;
esac
END
cat >bin/tenon <<END
#!/bin/sh
exec "$TENON" "\$@"
END
chmod +x bin/*
PATH=$folder/bin:$PATH
export PATH
unset -f tenon

# ---- what the awk program writes into `commands` ----

# prepare LINE COMMAND
prepare ()
{
    eval "$2" >"$folder/said" 2>&1 </dev/null
    found=$?
    [ $found -eq 0 ] || result 0 "$page:$1: $2" "exit status $found" "$(head -n 5 "$folder/said")"
}

# fits FOUND EXPECTED: two files have the same lines; "..." in the second one stands for any number of lines
fits ()
{
    awk 'NR == FNR { found[++n] = $0; next }
         /^ *\.\.\.$/ { any = 1; next }
         {
             at++
             while (any && at <= n && found[at] != $0)
                 at++
             any = 0
             if (at > n || found[at] != $0)
                 exit wrong = 1
         }
         END { exit wrong || (at < n && !any) }' "$1" "$2"
}

# example LINE COMMAND OUTPUT STATUS EDIT
example ()
{
    command=$2
    [ -z "$5" ] || command=$(printf '%s\n' "$2" | sed "$5")
    eval "$command" >"$folder/said" 2>&1 </dev/null
    found=$?
    good=0
    [ $found -ne "$4" ] || good=1
    result $good "$page:$1: $2" "exit status $found, expected $4" "$(head -n 5 "$folder/said")"
    cp "$folder/said" "$folder/printed"
    [ -n "$3" ] || return 0
    printf %s "$3" >"$folder/wanted"
    good=0
    fits "$folder/said" "$folder/wanted" && good=1
    result $good "$page:$1: what $2 prints" "$(cat "$folder/said")" "expected:" "$3"
}

# behind LINE COMMAND: the same, for what must be true after the example
behind ()
{
    example "$1" "$2" '' 0 ''
}

# ---- a page ----

# compile TEXT FLAG...
compile ()
{
    text=$1
    shift
    good=0
    # shellcheck disable=SC2086 # several words
    $CC $warnings $SANITIZER_CFLAGS "-I$tree/include" "$@" >"$folder/said" 2>&1 && good=1
    result $good "$text" "$(head -n 20 "$folder/said")"
}

# Puts what an example adds to the plugin NAME before its tables, and into the table of its codec.
join ()
{
    awk -v part="$1.part.c" -v words="$(cat "$1.table")" '
        /^static const struct tenon_magic / { while ((getline line < part) > 0) print line }
        / describe }|describe = describe }/ && words != "" { sub (/ }/, ", " words " }"); words = "" }
        { print }' "$1.c" >"$1.joined.c" && mv "$1.joined.c" "$1.c"
    grep -qF "$(cat "$1.table")" "$1.c"
}

sources ()
{
    for part in *.part.c; do
        [ ! -e "$part" ] || join "${part%.part.c}" || result 0 "$page: ${part%.part.c}: it could not be joined"
    done
    rm -f ./*.part.c
    set -- ./*[0-9].codec.c ./*[0-9].program.c ./*[0-9].file.c
    for source; do
        [ -e "$source" ] || { shift; continue; }
        set -- "$@" "$source"
        shift
    done
    [ $# -eq 0 ] || compile "$page: its $# fragments compile" -c -Wno-unused-variable -Wno-unused-but-set-variable \
        -Wno-unused-function -Wno-unused-parameter -Wno-unused-but-set-parameter "$@"
    for source in ./*[a-z].c; do
        case $source in
        *'*'* | *.codec.c | *.program.c | *.file.c) ;;
        *) compile "$page: $source compiles" -c -o /dev/null "$source" ;;
        esac
    done
    rm -f ./*.o ./*.codec.c ./*.program.c ./*.file.c
    for file in ./*.excerpt; do
        [ ! -e "$file" ] || awk -v path="$tree/$(head -n 1 "$file")" '
            # without blanks, so that lines may be broken anywhere
            function bare (line) { gsub (/[ \t]/, "", line); return line }
            FNR > 1 { wanted = wanted bare($0) }
            END {
                while ((getline line < path) > 0)
                    text = text bare(line)
                exit wanted == "" || !index (text, wanted)
            }' "$file" || result 0 "$page:${file#./}: $(head -n 1 "$file") has no such lines" "$(tail -n +2 "$file")"
        rm -f "$file"
    done
    for file in ./*.ini; do
        [ ! -e "$file" ] || prepare "${file%.ini}" "XDG_CONFIG_HOME=none tenon config --check '$file'"
        rm -f "$file"
    done
    for file in ./*.json; do
        [ ! -e "$file" ] || [ -z "$kept" ] || "$kept" -c 'import json, sys; json.load (open (sys.argv[1]))' "$file" 2>"$folder/said" ||
            result 0 "$page:${file#./}: it is no JSON" "$(tail -n 1 "$folder/said")"
        rm -f "$file"
    done
}

# one PAGE: a subshell has its folder, functions and variables
one ()
{
    page=$1
    mkdir page files
    case $page in
    *.md) # C alone, behind <!-- test: ... -->
        sed -n 's/^<!-- \(.*\) -->$/.\\" \1/p; /^```c$/,/^```$/{s/^```c$/.Bd -literal/; s/^```$/.Ed/; p;}' "$tree/$page" ;;
    *) cat "$tree/$page" ;;
    esac | awk -v to="$folder/files" -v page="$page" -f "$here/examples.awk" || exit 99
    is "$page: its examples say what they are" "$(cat files/wrong 2>/dev/null)" ''
    mv files/commands commands
    rm -f files/wrong
    cd page || exit 99
    cp "$data"/*.np[yz] "$data"/model.* .
    mv "$folder"/files/* . 2>/dev/null
    sources
    . "$folder/commands"
    cd "$folder" || exit 99
    echo "$checks $failures" >counted
}

for path in "$tree"/docs/*.[1-8] "$tree"/plugins/*/*.7 "$tree"/README.md "$tree"/docs/*.md; do
    path=${path#"$tree/"}
    # The command reads formats with the plugins that were built.
    plugin=${path#plugins/}
    plugin=${plugin%%/*}
    grep -qE '^\.Bd -literal|^\.Dl \$ |^```c$' "$tree/$path" || continue
    case ${1:-} in '' | "$path") ;; *) continue ;; esac
    case $path in
    plugins/*) ;;
    *) plugin= ;;
    esac
    for needed in $plugin $(sed -n 's/^\.\\" needs: //p' "$tree/$path"); do
        case " $TENON_MODULE_PLUGINS $TENON_BUILTIN_PLUGINS " in
        *" $needed "*) ;;
        *) skip "$path: there is no plugin $needed" && continue 2 ;;
        esac
    done
    (checks=0 failures=0; one "$path")
    if read -r c f <counted; then
        checks=$((checks + c))
        failures=$((failures + f))
    else
        result 0 "$path: its commands end the shell"
    fi
    rm -rf page files counted commands
done
finish
