#!/bin/sh
# SPDX-License-Identifier: MIT
# rivals.sh: many programs that add to, edit, replace or open the same files at once, and the option --lock.
. "${TENON_SRCDIR:-$srcdir}/tests/cli/check.sh"

# array NAME BYTES: NAME.npy, an array of four u1 of these bytes
array ()
{
    # 128 bytes of header, as NumPy writes it
    printf '\223NUMPY\001\000v\000%-117s\n%s' "{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }" "$2" >"$1.npy"
}
# at_once N COMMAND...: runs it N times at once with @ replaced by the number; the statuses are in status.*
at_once ()
{
    count=$1
    shift
    rm -f status.*
    for number in $(seq 1 "$count"); do
        (
            for word; do
                set -- "$@" "$(echo "$word" | sed "s/@/$number/g")"
                shift
            done
            said=0
            "$TENON" "$@" >"out.$number" 2>"err.$number" </dev/null || said=$?
            echo $said >"status.$number"
        ) &
    done
    wait
}
statuses ()
{
    cat status.* | sort | uniq -c | awk '{printf "%s×%s ", $1, $2}'
}
names ()
{
    "$TENON" ls -q "$1" | cut -f 1 | sort | tr '\n' ' '
}
litter ()
{
    find . -name '.*tenon*' | sort
}
# lock FILE: another program holds the lock of this file until unlock
lock ()
{
    : >".$1.tenon.lock"
    mkfifo held
    flock ".$1.tenon.lock" sh -c 'echo ready >ready; cat held >/dev/null' &
    holder=$!
    until [ -s ready ]; do sleep 0.01; done
    exec 3>held
}
unlock ()
{
    exec 3>&-
    wait $holder
    rm -f held ready
}

all='x '
for number in $(seq 1 20); do
    array "n$number" "$(printf %04d "$number")"
    all="$all n$number"
done
all=$(printf '%s\n' $all | sort | tr '\n' ' ')
array x 0000

# adding: all wait for each other
tenon convert x.npy all.npz
at_once 20 convert --append n@.npy all.npz
is 'appends' "$(statuses)" '20×0 '
is 'appends: what is in it' "$(names all.npz)" "$all"
tenon verify all.npz
exits 'appends: the archive' 0
is 'appends: litter' "$(litter)" ''

# … also when there is no archive yet
rm all.npz
at_once 20 convert --append n@.npy all.npz
is 'appends to nothing' "$(statuses)" '20×0 '
is 'appends to nothing: what is in it' "$(names all.npz)" "$(printf '%s\n' $all | sed /^x/d | tr '\n' ' ')"

# failing at once: what reports success is there
tenon convert x.npy fail.npz
at_once 20 convert --append --lock=fail n@.npy fail.npz
missing=
for number in $(seq 1 20); do
    [ "$(cat "status.$number")" = 0 ] || { says "busy $number" "err.$number" 'another save holds its lock'; continue; }
    names fail.npz | grep -qw "n$number" || missing="$missing n$number"
done
is 'busy: what reported success is there' "$missing" ''

# editing in place: each change is made to the result of the one before
tenon convert x.npy meta.safetensors
at_once 20 convert --set k@=v meta.safetensors meta.safetensors
is 'edits' "$(statuses)" '20×0 '
is 'edits: keys' "$("$TENON" ls -q --meta=full meta.safetensors | grep -c '^k[0-9]*	')" 20

# adding and replacing: one after the other
at_once 10 convert --append n@.npy mixed.npz
at_once 10 convert n@.npy mixed.npz
is 'replaces' "$(statuses)" '10×0 '
is 'replaces: one array' "$(names mixed.npz | wc -w)" 1

# a held lock
if command -v flock >/dev/null; then
    lock all.npz
    tenon convert --append --lock=fail x.npy all.npz
    fails 'held' 2 'another save holds its lock, .all.npz.tenon.lock'
    tenon convert --append -o save.lock=fail x.npy all.npz
    fails 'held, by the configuration' 2 'another save holds its lock'
    tenon convert --lock=fail x.npy all.npz
    fails 'held, replacing' 2 'another save holds its lock'
    is 'held: nothing is left' "$(find . -name '.all*.tmp')" ''
    tenon convert --append -o save.lock_wait=0 x.npy all.npz
    fails 'held, no time to wait' 2 'and still did after 0 s'
    tenon convert --append --lock=no x.npy all.npz
    exits 'held, not looked at' 0
    tenon ls all.npz
    exits 'held: a file is read' 0
    "$TENON" convert --append n1.npy all.npz >out 2>err </dev/null 3>&- &
    waiting=$!
    sleep 0.1
    kill -0 $waiting
    is 'held: it waits' $? 0
    kill -TERM $waiting
    wait $waiting
    is 'held: a signal ends the wait' $? 143
    "$TENON" convert --append n1.npy all.npz >out 2>err </dev/null 3>&- &
    waiting=$!
    unlock
    wait $waiting
    is 'held, then released' $? 0
fi
tenon convert --lock=never x.npy all.npz
fails 'a wrong word' 2 "--lock takes wait|fail|no, not 'never'"

# sets: one of them remains, whole, and readers see one of them
for number in 1 2 3; do
    array a "a$number$number$number"
    array b "b$number$number$number"
    tenon convert a.npy "two$number.npz"
    tenon convert --append b.npy "two$number.npz"
done
# the items of both arrays
of_set ()
{
    "$TENON" cat "$1" a 2>&1
    "$TENON" cat "$1" b 2>&1
}
for target in set.safetensors.index.json set.gguf; do
    # toys would do, but these are the sets that users have
    size=safetensors.shard_size
    first=$target
    format=safetensors
    case $target in
    *.gguf) size=gguf.shard_size first=set-00001-of-00002.gguf format=gguf ;;
    esac
    tenon convert -o "$size=1" two1.npz "$target" --as '*:i8'
    exits "$target" 0
    "$TENON" verify "$first" >/dev/null
    is "$target: whole" $? 0
    for round in 1 2 3; do
        at_once 9 convert --format="$format" -o "$size=1" --as='*:i8' "two$((round % 3 + 1)).npz" "$target" &
        # shellcheck disable=SC2034 # only how often
        for read in 1 2 3 4; do
            tenon verify "$first"
            is "$target, round $round: a reader" "$code $(cat err)" '0 '
        done
        wait
        is "$target, round $round" "$(statuses)" '9×0 '
        now=$(of_set "$first")
        same=0
        for number in 1 2 3; do
            [ "$now" != "$(of_set "two$number.npz")" ] || same=$((same + 1))
        done
        is "$target, round $round: that of one save" "$same" 1
    done
    is "$target: litter" "$(litter)" ''
done

# a file with the name of a lock that is no journal: nobody reads it, cuts it or waits for it
echo precious >notes
for target in set.safetensors.index.json set.gguf; do
    first=$target
    [ "$target" != set.gguf ] || first=set-00001-of-00002.gguf
    for name in ".$target.tenon.lock" ".$first.tenon.lock"; do
        ln -f notes "$name"
        tenon verify "$first"
        exits "$name, a second name of a file: read" 0
        is "$name: the file" "$(cat notes)" precious
        rm "$name"
    done
done
ln notes .all.npz.tenon.lock
tenon convert --append x.npy all.npz
fails 'a second name of a file: saved' 2 'is a second name of another file'
is 'a second name of a file, after the save' "$(cat notes)" precious
rm .all.npz.tenon.lock
printf x >.set.safetensors.index.json.tenon.lock
tenon verify set.safetensors.index.json
exits 'no journal: read' 0
is 'no journal: the file' "$(cat .set.safetensors.index.json.tenon.lock)" x
if command -v flock >/dev/null; then
    flock -x .set.safetensors.index.json.tenon.lock "$TENON" -o save.lock=fail verify set.safetensors.index.json >out 2>err
    is 'no journal, held by another' "$?" 0
fi
rm .set.safetensors.index.json.tenon.lock
finish
