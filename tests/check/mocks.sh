#!/bin/sh
# SPDX-License-Identifier: MIT
# mocks.sh: tenon check-plugin finds what is wrong with the plugins of tests/check/mocks, and nothing else. Each is compiled
# without a fault, with which it passes, and with each of its faults (mock.h).
. "${TENON_SRCDIR:?run me as: run tests/check/mocks.sh}/tests/cli/check.sh"
mocks=$(cd "$TENON_SRCDIR" && pwd)/tests/check/mocks
include=$(cd "$TENON_SRCDIR" && pwd)/include

# A line for each: the fault, the plugin, the steps that run ('-': all of them), the rules that are broken ('-': none), and
# flags of the compiler that make the fault.
list_mocks ()
{
    grep -v '^#' <<'END'
none                plain    -         -
none                served   -         -
none                grid     -         -
none                archive  -         -
none                filter   -         -
none                filter   filters   -         -DSTEPS_ONLY
none                blocks   -         -
none                nest     -         -
none                scalar   -         -
other_name          plain    loads     loads
too_new             plain    loads     loads
bad_default         plain    loads     loads
bad_id              plain    loads     loads
waits_at_load       plain    loads     no-hang
no_help             plain    tables    texts
no_license          plain    tables    texts
upper_extension     plain    loads     loads
dotted_extension    plain    loads     loads
claims_all          plain    probe     probe
none                plain    exports   exports         -fvisibility=default
none                plain    exports   loading         -Wl,-z,execstack
none                plain    exports   rpath           -Wl,-rpath,/nowhere
calls_open          plain    exports   calls
prints              plain    samples   no-output
exits               plain    damage    no-exit
leaves_thread       plain    samples   leaves-nothing
leaves_descriptor   plain    samples   leaves-nothing
changes_folder      plain    samples   leaves-process
sets_environment    plain    samples   leaves-process
sets_locale         plain    samples   leaves-process
sets_signal         plain    samples   leaves-process
sets_umask          plain    samples   leaves-process
counts              plain    state     no-state
adds_later          plain    purity    pure
keeps_call          plain    purity    pure
wrong_service       plain    samples   recognised
static_buffer       plain    threads   threads
no_words            plain    damage    reason
no_place            plain    damage    offset
offset_beyond       plain    damage    offset
leaks               plain    purity    leaves-nothing
answers_positive    plain    damage    interface
loops_for_ever      plain    damage    no-hang
reads_beyond        plain    damage    no-crash
trusts_rank         plain    damage    no-crash
allocates_by_count  plain    damage    bounded
recurses            nest     nesting   no-crash
ignores_null        plain    memory    no-crash
reads_first_dim     plain    memory    no-crash
drops_offset        served   regions   regions
drops_step          served   regions   regions
wrong_stride        served   regions   regions
forgets_last        served   regions   regions
keeps_memory        served   round     writes-data
shared_buffer       served   threads   threads
serves_big          served   round     writes-data
swaps_wrong         plain    options   reads-own
breaks_alignment    plain    options   reads-own,writes-data
cuts_names          plain    round     writes-tensors
cuts_names          plain    round     writes-tensors  -DONLY_RANK=2
forgets_entry       plain    round     writes-metadata -DONLY_RANK=1
none                plain    -         -               -DONLY_RANK=4
cuts_texts          plain    round     writes-metadata
drops_dims          plain    round     writes-tensors
flattens            plain    round     writes-tensors
follows_hash        plain    round     writes-same
tells_time          plain    round     writes-same
forgets_entry       plain    round     writes-metadata
forgets_tensor      plain    round     writes-tensors
needs_patch         plain    round     writes-same
#shares_bytes        plain    round     reads-own
sorts_silently      plain    others    carries
writes_fortran      plain    round     writes-data
quadratic_describe  plain    growth    linear-time
quadratic_write     plain    growth    linear-time
quadratic_write     plain    growth    linear-time     -DONLY_RANK=3
clips_edges         grid     round     reads-own
swaps_chunks        grid     round     writes-data
stale_chunk         grid     regions   regions
cuts_keys           archive  archives  archive
forgets_sum         archive  archives  archive
loses_empty         archive  archives  archive
breaks_level        filter   filters   filter-decodes
forgets_bit         filter   filters   filter-decodes  -DSTEPS_ONLY
decodes_short       filter   filters   filter-damage
encodes_randomly    filter   filters   filter-same
refuses_size        filter   filters   filter-decodes
shares_state        filter   filters   filter-same
tight_bound         filter   filters   filter-decodes
trusts_stream       filter   filters   filter-damage
reads_next          blocks   dtypes    dtype-slices
changes_dtype       scalar   round     writes-tensors
loses_sign          blocks   dtypes    dtype-encodes
#writes_behind       blocks   dtypes    no-crash
END
}

# compile FAULT PLUGIN FILE.so FLAG...
compile ()
{
    fault=$1 plugin=$2 file=$3
    shift 3
    sources=$mocks/$plugin.c
    [ "$plugin" != plain ] || sources="$sources $mocks/plain_write.c"
    # shellcheck disable=SC2086 # $CC and the sources are lists
    $CC -std=gnu11 -O1 -fPIC -shared -fvisibility=hidden -I"$include" -DFAULT="$fault" -o "$file" $sources -pthread "$@"
}

# Samples of the plugins: small files of several tensors.
make_samples ()
{
    mkdir plugins samples
    header='{"__metadata__":{"author":"me","title":"x"},"weights":{"dtype":"I16","shape":[5,7],"data_offsets":[0,70]},'
    header=$header'"a long name":{"dtype":"U8","shape":[3],"data_offsets":[70,73]},"one":{"dtype":"F32","shape":[],'
    header=$header'"data_offsets":[73,77]},"none":{"dtype":"U8","shape":[0,3],"data_offsets":[77,77]}}'
    {
        # shellcheck disable=SC2059 # the length, in octal
        printf "\\$(printf '%03o' $((${#header} % 256)))\\$(printf '%03o' $((${#header} / 256)))\\0\\0\\0\\0\\0\\0"
        printf '%s' "$header"
        printf 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-=()[]{'
        printf 'xyz1234'
    } >sample.safetensors
    for plugin in plain served grid archive; do
        compile none $plugin plugins/$plugin.so || exit 99
    done
    for format in plain served grid set; do
        TENON_PLUGIN_PATH=$TENON_PLUGIN_PATH:$folder/plugins tenon convert sample.safetensors "samples/sample.mock$format"
        exits "a sample of mock$format" 0
    done
    mv samples/sample.mockset samples/sample.mockarchive
    printf 'MOCKNST1a(b(c))d' >samples/sample.mocknest
}

# try NUMBER FAULT PLUGIN STEPS RULES FLAG...: leaves what the command said in the folder NUMBER.
try ()
{
    number=$1 fault=$2 plugin=$3 steps=$4
    seconds=30
    [ "$5" != no-hang ] || seconds=2
    shift 5
    mkdir "$number"
    if ! compile "$fault" "$plugin" "$number/$plugin.so" "$@" 2>"$number/err"; then
        echo 'does not compile' >"$number/code"
        return
    fi
    set -- "$number/$plugin.so"
    [ ! -f "samples/sample.mock$plugin" ] || set -- "$@" "samples/sample.mock$plugin"
    while [ "$steps" != - ] && [ -n "$steps" ]; do
        set -- "$@" --only "${steps%%,*}"
        case $steps in *,*) steps=${steps#*,} ;; *) steps= ;; esac
    done
    code=0
    "$TENON" check-plugin --json --strict --timeout "$seconds" "$@" >"$number/json" 2>"$number/err" </dev/null || code=$?
    echo $code >"$number/code"
}

# work FIRST: every second mock.
work ()
{
    number=0
    list_mocks | while read -r line; do
        number=$((number + 1))
        # shellcheck disable=SC2086 # the line's words
        [ $((number % 2)) -ne "$1" ] || try $number $line
    done
}

# judge NUMBER FAULT PLUGIN STEPS RULES FLAG...
judge ()
{
    what="$3 $2"
    [ $# -lt 6 ] || what="$3 $2 $6"
    found=$(tr ',' '\n' <"$1/json" | sed -n 's/.*"rule":"\([^"]*\)"$/\1/p' | sort -u | tr '\n' ',')
    found=${found%,}
    expected=1
    [ "$5" != - ] || expected=0
    is "$what: exit status" "$(cat "$1/code")" $expected
    is "$what: rules" "${found:--}" "$5"
    [ -z "${VERBOSE:-}" ] || { cat "$1/json" "$1/err"; echo; }
}

make_samples
work 0 &
work 1
wait
number=0
list_mocks >lines
while read -r line; do
    number=$((number + 1))
    # shellcheck disable=SC2086 # the line's words
    judge $number $line
done <lines
# What crashes whatever a step begins with is not tried again for each of its items.
number=$(grep -n '^reads_first_dim' lines | cut -d : -f 1)
is 'a writer that always crashes is found a few times' "$(($(grep -o '"rule":"no-crash"' "$number/json" | wc -l) <= 3))" 1
finish
