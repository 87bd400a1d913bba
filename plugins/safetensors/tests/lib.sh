# shellcheck shell=sh
# lib.sh: for the shell tests of the safetensors plugin, which read it with `.`: what makes files by hand.

# shellcheck source=tests/plugin.sh
. "$(dirname "$0")/../../../tests/plugin.sh"

# zeros N
zeros ()
{
    dd if=/dev/zero bs=1 count="$1" 2>/dev/null
}

# length N: u64, little-endian
length ()
{
    length_left=$1
    for _ in 1 2 3 4 5 6 7 8; do
        # shellcheck disable=SC2059 # the format is the byte
        printf "\\$(printf '%03o' $((length_left % 256)))"
        length_left=$((length_left / 256))
    done
}

# file NAME HEADER DATA-BYTES: $work/NAME.safetensors, with this header and so many zeros after it.
file ()
{
    { length ${#2}; printf '%s' "$2"; zeros "$3"; } >"$work/$1.safetensors"
}

# behind TEXT: where what follows this beginning of a header lies in the file
behind ()
{
    echo "at byte $((8 + ${#1}))"
}
