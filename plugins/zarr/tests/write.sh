#!/bin/sh
# SPDX-License-Identifier: MIT
# write.sh: stores as they are written. The documents are those that zarr-python 3.1 and 2.18 write for the same arrays; bytes
# of chunks and indexes are worked out by hand.
# shellcheck source=tests/plugin.sh
. "$(dirname "$0")/../../../tests/plugin.sh"

# array NAME DESCR SHAPE: makes $work/NAME.npy of the bytes of the standard input.
array ()
{
    {
        printf '\223NUMPY\001\000\166\000'
        printf "%-117s\n" "{'descr': '$2', 'fortran_order': False, 'shape': ($3), }"
        cat
    } >"$work/$1.npy"
}

# convert ARGUMENT...: converts; the last argument is the target, which must not exist.
convert ()
{
    checks=$((checks + 1))
    tenon convert -q "$@"
    [ "$status" -eq 0 ] || fail "convert $* exits $status"
}

# holds FILE: checks that $work/FILE has the text of the standard input, with an end of line behind it or not.
holds ()
{
    checks=$((checks + 1))
    cat >"$work/expected"
    echo >>"$work/$1"
    diff "$work/expected" "$work/$1" >"$work/out" 2>&1 || fail "$1 is another text"
}

# bytes FILE HEX: checks the bytes of $work/FILE.
bytes ()
{
    checks=$((checks + 1))
    found=$(od -An -v -tx1 "$work/$1" | tr -d ' \n')
    [ "$found" = "$2" ] || fail "$1 has $found, not $2"
}

# files STORE NAME...: checks which files a store has.
files ()
{
    checks=$((checks + 1))
    store=$1
    shift
    found=$(cd "$work/$store" && find . -type f | sed 's|^\./||' | sort | tr '\n' ' ')
    [ "$found" = "$* " ] || fail "$store has $found"
}

# denied TEXT ARGUMENT...: checks that a conversion of x.npy fails with a message, and leaves nothing.
denied ()
{
    checks=$((checks + 1))
    words=$1
    shift
    tenon convert -q "$@" "$work/x.npy" "$work/denied.zarr"
    [ "$status" -ne 0 ] || fail "convert $* succeeds, instead of: $words"
    said "$words" || fail "$words is not in the message"
    [ ! -e "$work/denied.zarr" ] || fail "convert $* leaves a store"
}

printf '\001\000\002\000\003\000\004\000\005\000\006\000' | array x '<i2' '2, 3'
printf '\001\002\003' | array s '|u1' '3,'

# ---- version 3: document, keys, chunks at the edge with fill ----
convert -o zarr.compression=none -o zarr.chunks=1,2 "$work/x.npy" "$work/a.zarr"
files a.zarr x/c/0/0 x/c/0/1 x/c/1/0 x/c/1/1 x/zarr.json zarr.json
bytes a.zarr/x/c/0/0 01000200
bytes a.zarr/x/c/0/1 03000000
bytes a.zarr/x/c/1/1 06000000
holds a.zarr/x/zarr.json <<'TEXT'
{
  "shape": [
    2,
    3
  ],
  "data_type": "int16",
  "chunk_grid": {
    "name": "regular",
    "configuration": {
      "chunk_shape": [
        1,
        2
      ]
    }
  },
  "chunk_key_encoding": {
    "name": "default",
    "configuration": {
      "separator": "/"
    }
  },
  "fill_value": 0,
  "codecs": [
    {
      "name": "bytes",
      "configuration": {
        "endian": "little"
      }
    }
  ],
  "attributes": {},
  "zarr_format": 3,
  "node_type": "array",
  "storage_transformers": []
}
TEXT

# ---- a group, its attributes, types that JSON does not keep, and consolidated metadata ----
convert --rename s=g/s -o zarr.compression=none --set 'title=é "1"' --set 'n=5' --set-type n=u32 --set g:k=true \
    --set-type g:k=bool --set 'g/s:zarr.dimension_names=["t"]' --set-type g/s:zarr.dimension_names=array:string \
    --set 'z=nan' --set-type z=f64 --set "m=[]" --set-type m=array:u8 "$work/s.npy" "$work/b.zarr"
holds b.zarr/zarr.json <<'TEXT'
{
  "attributes": {
    "title": "\u00e9 \"1\"",
    "n": 5,
    "z": "NaN",
    "m": [],
    "tenon_types": {
      "n": "u32",
      "z": "f64",
      "m": "[u8]"
    }
  },
  "zarr_format": 3,
  "consolidated_metadata": {
    "kind": "inline",
    "must_understand": false,
    "metadata": {
      "g": {
        "attributes": {
          "k": true
        },
        "zarr_format": 3,
        "consolidated_metadata": {
          "kind": "inline",
          "must_understand": false,
          "metadata": {}
        },
        "node_type": "group"
      },
      "g/s": {
        "shape": [
          3
        ],
        "data_type": "uint8",
        "chunk_grid": {
          "name": "regular",
          "configuration": {
            "chunk_shape": [
              3
            ]
          }
        },
        "chunk_key_encoding": {
          "name": "default",
          "configuration": {
            "separator": "/"
          }
        },
        "fill_value": 0,
        "codecs": [
          {
            "name": "bytes"
          }
        ],
        "attributes": {},
        "dimension_names": [
          "t"
        ],
        "zarr_format": 3,
        "node_type": "array",
        "storage_transformers": []
      }
    }
  },
  "node_type": "group"
}
TEXT
holds b.zarr/g/zarr.json <<'TEXT'
{
  "attributes": {
    "k": true
  },
  "zarr_format": 3,
  "node_type": "group"
}
TEXT

# ---- shards: the index has places that are not used, and a CRC-32C ----
convert -o zarr.root=array -o zarr.compression=none -o zarr.chunks=1 -o zarr.shards=2 "$work/s.npy" "$work/s.zarr"
files s.zarr c/0 c/1 zarr.json
one=0100000000000000 none=ffffffffffffffff
bytes s.zarr/c/0 "01020000000000000000$one$one${one}fd84ee8b"
bytes s.zarr/c/1 "030000000000000000$one$none${none}de22819d"
checks=$((checks + 1))
tr -d ' \n' <"$work/s.zarr/zarr.json" | grep -qF '"codecs":[{"name":"sharding_indexed","configuration":{"chunk_shape":[1],"codecs":[{"name":"bytes"}],"index_codecs":[{"name":"bytes","configuration":{"endian":"little"}},{"name":"crc32c"}],"index_location":"end"}}]' ||
    fail 'the codecs of a shard are others'

# ---- orders, byte orders, keys, fill values ----
convert -o zarr.compression=none -o zarr.order=fortran -o zarr.byteorder=big -o zarr.keys=v2 "$work/x.npy" "$work/f.zarr"
bytes f.zarr/x/0.0 000100040002000500030006
checks=$((checks + 1))
tr -d ' \n' <"$work/f.zarr/x/zarr.json" | grep -qF '"codecs":[{"name":"transpose","configuration":{"order":[1,0]}},{"name":"bytes","configuration":{"endian":"big"}}]' ||
    fail 'the codecs of Fortran order are others'
printf '\000\000\000\000\000\000\200\077' | array h '<f4' '2,'
convert -o zarr.compression=none -o zarr.chunks=1 -o zarr.skip_fill=yes "$work/h.npy" "$work/h.zarr"
files h.zarr h/c/1 h/zarr.json zarr.json
convert -o zarr.compression=none -o zarr.fill=nan -o zarr.separator=. -o zarr.chunks=4 "$work/h.npy" "$work/n.zarr"
bytes n.zarr/h/c.0 000000000000803f0000c07f0000c07f
checks=$((checks + 1))
grep -q '"fill_value": "NaN"' "$work/n.zarr/h/zarr.json" || fail 'the fill value is no NaN'

# ---- types that only NumPy's text explains ----
printf '\001\000\000\000\000\000\000\000' | array dt '<M8[25us]' '1,'
convert -o zarr.compression=none "$work/dt.npy" "$work/dt.zarr"
bytes dt.zarr/dt/c/0 0100000000000000
checks=$((checks + 1))
tr -d ' \n' <"$work/dt.zarr/dt/zarr.json" |
    grep -qF '"data_type":{"name":"numpy.datetime64","configuration":{"unit":"us","scale_factor":25}}' || fail 'a date has another type'

# ---- version 2 ----
convert -o zarr.format=2 -o zarr.compression=zlib -o zarr.level=1 -o zarr.order=fortran --set x:units=K --set title=t \
    "$work/x.npy" "$work/v.zarr"
files v.zarr .zattrs .zgroup .zmetadata x/.zarray x/.zattrs x/0.0
holds v.zarr/x/.zarray <<'TEXT'
{
    "chunks": [
        2,
        3
    ],
    "compressor": {
        "id": "zlib",
        "level": 1
    },
    "dtype": "<i2",
    "fill_value": 0,
    "filters": null,
    "order": "F",
    "shape": [
        2,
        3
    ],
    "zarr_format": 2
}
TEXT
holds v.zarr/.zmetadata <<'TEXT'
{
    "metadata": {
        ".zgroup": {
            "zarr_format": 2
        },
        ".zattrs": {
            "title": "t"
        },
        "x/.zarray": {
            "chunks": [
                2,
                3
            ],
            "compressor": {
                "id": "zlib",
                "level": 1
            },
            "dtype": "<i2",
            "fill_value": 0,
            "filters": null,
            "order": "F",
            "shape": [
                2,
                3
            ],
            "zarr_format": 2
        },
        "x/.zattrs": {
            "units": "K"
        }
    },
    "zarr_consolidated_format": 1
}
TEXT

# ---- the attribute that xarray writes in version 2 becomes the names of dims in version 3, where a name for each dim is there ----
for names in '["y", "x"]' '["y"]'; do
    convert --set "x:_ARRAY_DIMENSIONS=$names" --set-type x:_ARRAY_DIMENSIONS=json -o zarr.format=2 "$work/x.npy" "$work/names2.zarr"
    convert "$work/names2.zarr" "$work/names3.zarr"
    checks=$((checks + 1))
    found=$(sed -n '/_names"/,/]/p; /_ARRAY_/,/]/p' "$work/names3.zarr/x/zarr.json" | tr -d ' \n')
    case $names in
        *x*) expected='"dimension_names":["y","x"],' ;;
        *) expected='"_ARRAY_DIMENSIONS":["y"]' ;;
    esac
    [ "$found" = "$expected" ] || fail "the names of dims are $found, not $expected"
    rm -r "$work/names2.zarr" "$work/names3.zarr"
done

# ---- an archive ----
convert -o zarr.compression=none "$work/x.npy" "$work/a.zarr.zip"
checks=$((checks + 1))
tenon ls "$work/a.zarr.zip"
said x || fail 'ls of an archive'

# ---- what is refused ----
for name in /a a/ a//b . ../a a/..; do
    denied 'is no path in a Zarr store' --rename "x=$name"
done
denied 'the name of a file of metadata' --rename x=g/zarr.json
denied 'other programs take for' --rename 'x=a\b'
for shape in '' 0 64,x 4XB ',' -2; do
    denied 'expected is auto' -o "zarr.chunks=$shape"
done
denied 'expected is none' -o zarr.shards=auto
denied 'no multiple of chunks of 2' -o zarr.chunks=2,2 -o zarr.shards=3,3
denied 'more than 16777216 chunks' -o zarr.chunks=1,1 -o zarr.shards=1000000000,1000000000
denied 'format 2 has no shards' -o zarr.format=2 -o zarr.shards=2,2
denied 'format 2 has no checksum' -o zarr.format=2 -o zarr.checksum=yes
denied 'zarr.fill=null is for zarr.format=2' -o zarr.fill=null
denied 'format 3 of Zarr has no codec lz4' -o zarr.compression=lz4
cp "$work/h.npy" "$work/x.npy"
denied 'cannot hold bf16: zarr.format=3 has it' -o zarr.format=2 --as bf16
cp "$work/s.npy" "$work/y.npy"
tenon convert -q "$work/x.npy" "$work/both.npz"
tenon convert -q --append "$work/y.npy" "$work/both.npz"
checks=$((checks + 1))
tenon convert -q --rename y=x/y "$work/both.npz" "$work/denied.zarr"
said 'an array holds no other array' || fail 'an array in an array is written'

# ---- what a group holds is together in consolidated metadata, which zarr-python needs; else the order is the plan's ----
tenon convert -q --append "$work/s.npy" "$work/both.npz"
convert --rename x=g/x --rename y=h/y --rename s=g/s -o zarr.format=2 "$work/both.npz" "$work/order.zarr"
checks=$((checks + 1))
found=$(sed -n 's|^ *"\([a-z/]*\)\.z[a-z]*": {|\1|p' "$work/order.zarr/.zmetadata" | tr '\n' ' ')
[ "$found" = ' g/ g/x/ g/s/ h/ h/y/ ' ] || fail "the nodes are '$found'"

# ---- a value of missing chunks that a store of format 2 leaves open stays open: to xarray a stated 0 is missing data ----
mkdir "$work/open.zarr"
cat >"$work/open.zarr/.zarray" <<'END'
{"zarr_format": 2, "shape": [2], "chunks": [2], "dtype": "|u1", "order": "C", "filters": null, "compressor": null, "fill_value": null}
END
printf '\001\002' >"$work/open.zarr/0"
# written SETTING...: prints the fill value that the copy states.
written ()
{
    rm -rf "$work/copy.zarr"
    convert "$@" "$work/open.zarr" "$work/copy.zarr"
    found=$(cat "$work/copy.zarr/open/.zarray" "$work/copy.zarr/open/zarr.json" 2>/dev/null | sed -n 's/^ *"fill_value": \([^,]*\).*/\1/p')
}
written -o zarr.format=2
[ "$found" = null ] || fail "format 2 states $found, not null"
written -o zarr.format=2 -o zarr.skip_fill=yes
[ "$found" = 0 ] || fail "format 2 without chunks that are fill states $found"
written -o zarr.format=3
[ "$found" = 0 ] || fail "format 3 states $found"

# ---- options that change nothing say so ----
# noted TEXT ARGUMENT...: converts, and checks that a note has the text.
noted ()
{
    words=$1
    shift
    rm -rf "$work/copy.zarr"
    tenon convert --json "$@" "$work/copy.zarr"
    checks=$((checks + 1))
    [ "$status" -eq 0 ] || fail "convert $* exits $status"
    said "$words" || fail "convert $* does not say: $words"
}
noted 'keep the filters of their store' -o zarr.level=9 "$work/open.zarr"
noted 'are never NaN: its fill value is 0' -o zarr.fill=nan "$work/open.zarr"

# ---- the order of what is carried ----
# Without consolidated metadata the arrays are found by their names, and a type that zarr-python does not know has none.
convert --rename=layer.0/weight=z --rename=layer.1/weight=b --except='*bias' --except=classes \
    "$TENON_SRCDIR/examples/data/network.npz" "$work/order.npz"
convert --carry --as=bf16 "$work/order.npz" "$work/order.zarr"
tenon ls "$work/order.zarr"
checks=$((checks + 1))
[ "$(sed 's/\t.*//' "$work/out" | tr '\n' ' ' | cut -c 1-4)" = 'z b ' ] || fail 'the order of carried tensors is lost'

# The bytes of carried tensors lie in chunks, and stay bytes: the save counts a loss, and opening says it. Blocks have 18 bytes.
checks=$((checks + 1))
tenon convert --carry "$TENON_SRCDIR/plugins/gguf/samples/golden/blocks.gguf" "$work/carried.zarr"
{ [ "$status" -eq 0 ] && said 'loss: q4_0: its bytes are carried in chunks'; } || fail "convert --carry exits $status, and does not tell the loss"
checks=$((checks + 1))
tenon ls "$work/carried.zarr"
{ [ "$status" -eq 0 ] && said 'carried as bytes, which the file has in chunks, so they stay bytes: q4_0'; } ||
    fail 'ls does not say that carried tensors stay bytes'

finish
