# shellcheck shell=sh
# lib.sh: for the shell tests of the safetensors plugin, which read it with `.`: what makes files by hand, and looks at refusals.

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

# refused FILE TEXT...: verify says no to $work/FILE, with its name ($culprit: that of another file) and all these words; ls fails as
# well, and nothing crashes.
culprit=
refused ()
{
    checks=$((checks + 1))
    refused_file=$1
    shift
    tenon ls "$work/$refused_file"
    [ "$status" -eq 2 ] || { fail "$refused_file: ls exits $status, not 2, instead of: $*"; return; }
    tenon verify "$work/$refused_file"
    [ "$status" -eq 1 ] || { fail "$refused_file: verify exits $status, not 1, instead of: $*"; return; }
    said "${culprit:-${refused_file##*/}}: " "$@" || fail "$refused_file: $said_text is not in the message"
}

# accepted FILE TEXT...: verify says yes, and ls --json (white space taken out) has all these words.
accepted ()
{
    checks=$((checks + 1))
    accepted_file=$1
    shift
    tenon verify "$work/$accepted_file"
    [ "$status" -eq 0 ] || { fail "$accepted_file: verify exits $status, not 0"; return; }
    tenon ls --json "$work/$accepted_file"
    [ "$status" -eq 0 ] || { fail "$accepted_file: ls exits $status, not 0"; return; }
    tr -d ' \n' <"$work/out" >"$work/tight"
    mv "$work/tight" "$work/out"
    said "$@" || fail "$accepted_file: $said_text is not in the list"
}
