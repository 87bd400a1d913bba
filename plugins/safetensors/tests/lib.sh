# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# lib.sh: functions that make files by hand, for the shell tests of the safetensors plugin, which source this file.

# shellcheck source=tests/plugin.sh
. "$(dirname "$0")/../../../tests/plugin.sh"

# zeros N: prints N zero bytes.
zeros ()
{
    dd if=/dev/zero bs=1 count="$1" 2>/dev/null
}

# length N: prints a u64, little-endian.
length ()
{
    length_left=$1
    for _ in 1 2 3 4 5 6 7 8; do
        # shellcheck disable=SC2059 # the format is the byte
        printf "\\$(printf '%03o' $((length_left % 256)))"
        length_left=$((length_left / 256))
    done
}

# file NAME HEADER DATA-BYTES: makes $work/NAME.safetensors with this header and DATA-BYTES zeros.
file ()
{
    { length ${#2}; printf '%s' "$2"; zeros "$3"; } >"$work/$1.safetensors"
}

# behind TEXT: prints the offset in the file after TEXT, the beginning of a header.
behind ()
{
    echo "at byte $((8 + ${#1}))"
}
