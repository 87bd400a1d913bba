#!/bin/sh
# SPDX-License-Identifier: MIT
# tree.sh: all plugins of this tree, and those of examples/, pass tenon check-plugin with some of their samples.
. "${TENON_SRCDIR:?run me as: run tests/check/tree.sh}/tests/cli/check.sh"
tree=$(cd "$TENON_SRCDIR" && pwd)
samples=$folder/samples
mkdir "$samples" examples

# small FOLDER NAME...: names of files in a plugin's samples, as paths
small ()
{
    from=$tree/plugins/$1/samples
    shift
    for name; do
        printf '%s/%s ' "$from" "$name"
    done
}

# The samples of a plugin: small ones, each of which differs from the others in kind.
samples_of ()
{
    case $1 in
    gguf) small gguf golden/values.gguf golden/dims.gguf others/big-endian-plain.gguf others/v1-plain.gguf odd/gaps.gguf ;;
    idx) echo "$samples/bytes.idx $samples/cube.idx" ;;
    npy) small npy golden/f4-f-big.npy golden/dates-ns.npy golden/struct-one-field.npy golden/scalar-bool.npy \
        fp8/float8_e5m2.npy odd/python-2-unicode.npy ;;
    npz) small npz small/numpy.npz small/numpy-compressed.npz small/zip64-stored.npz small/blocks.npz small/empty.npz ;;
    nrrd) echo "$samples/plain.nrrd" ;;
    pt) small pt golden/shapes.pt golden/old-shapes.pt golden/strides.pt ;;
    safetensors) small safetensors golden/shapes.safetensors golden/f6.safetensors golden/metadata.safetensors \
        odd/misaligned.safetensors odd/escapes.safetensors ;;
    zarr) echo "$samples/packed.zarr.zip" ;;
    zip) small npz small/info-zip.npz ;;
    esac
}

# Samples of formats that have no files in the tree.
make_samples ()
{
    printf '\0\0\010\001\0\0\0\005abcde' >"$samples/bytes.idx"
    printf '\0\0\015\003\0\0\0\001\0\0\0\002\0\0\0\003abcdefghijklmnopqrstuvwx' >"$samples/cube.idx"
    printf 'NRRD0004\ntype: float\ndimension: 2\nsizes: 3 2\nencoding: raw\nendian: little\nauthor:=me\n\nabcdefghijklmnopqrstuvwx' \
        >"$samples/plain.nrrd"
    tenon convert "$tree/examples/data/learning-rate.npy" "$samples/packed.zarr.zip"
    exits 'a sample of zarr is made' 0
}

# Compiles the examples that can be compiled.
compile_examples ()
{
    for name in idx nrrd bzip2; do
        libraries=
        [ $name != bzip2 ] || libraries=-lbz2
        # shellcheck disable=SC2086 # lists
        if $CC ${SANITIZER_CFLAGS:-} -std=gnu11 -O2 -fPIC -shared -fvisibility=hidden -I"$tree/include" -o examples/$name.so \
            "$tree/examples/$name/$name.c" $libraries 2>err; then
            continue
        fi
        rm -f examples/$name.so
        case $name in
        bzip2) skip 'the example bzip2: there is no libbz2' ;;
        *) result 0 "the example $name compiles" "$(cat err)" ;;
        esac
    done
}

# try NUMBER PLUGIN: the command's report is in NUMBER.out.
try ()
{
    plugin=${2##*/}
    # shellcheck disable=SC2046 # a list
    set -- "$1" "$2" $(samples_of "${plugin%.so}")
    number=$1
    shift
    code=0
    "$TENON" check-plugin --strict --timeout 60 "$@" >"$number.out" 2>&1 </dev/null || code=$?
    echo $code >"$number.code"
}

# work FIRST: every second plugin.
work ()
{
    number=0
    while read -r plugin; do
        number=$((number + 1))
        [ $((number % 2)) -ne "$1" ] || try $number "$plugin"
    done <plugins
}

make_samples
compile_examples
{
    for plugin in $TENON_BUILTIN_PLUGINS; do echo "$plugin"; done
    ls "$TENON_BUILDDIR"/plugins/.libs/*.so examples/*.so 2>/dev/null
} >plugins
work 0 &
work 1
wait
number=0
while read -r plugin; do
    number=$((number + 1))
    good=0
    [ "$(cat $number.code)" = 0 ] && good=1
    result $good "${plugin##*/} passes" "$(cat $number.out)"
    [ -z "${VERBOSE:-}" ] || cat "$number.out"
done <plugins
finish
