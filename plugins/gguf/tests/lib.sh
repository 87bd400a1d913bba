# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# lib.sh: functions that make files by hand, for the shell tests of the gguf plugin, which source this file.

# shellcheck source=tests/plugin.sh
. "$(dirname "$0")/../../../tests/plugin.sh"

# Converts words to octal escapes, for printf %b:
#   1:N 2:N 4:N 8:N   a number of 1, 2, 4 or 8 bytes, little-endian: decimal below 2^53, negative, or hexadecimal (0x…)
#   b1:N …            big-endian
#   s:TEXT t:TEXT     a text; s: after its length (u64)
#   x:HEX             bytes
#   z:N p:N           N zeros; zeros up to a multiple of N
assembler='
function byte(n) { printf "\\0%03o", n; at++ }
function digit(c) { return index("0123456789abcdef", c) - 1 }
function hex(text,    i) { for (i = 1; i < length(text); i += 2) byte(16 * digit(substr(text, i, 1)) + digit(substr(text, i + 1, 1))) }
function text(words,    i) { for (i = 1; i <= length(words); i++) byte(ord[substr(words, i, 1)]) }
function number(width, words, big,    digits, i, n, bytes) {
    if (words ~ /^0x/) {
        digits = substr(words, 3)
        while (length(digits) < 2 * width) digits = "0" digits
        for (i = 1; i <= width; i++)
            bytes[width - i] = 16 * digit(substr(digits, 2 * i - 1, 1)) + digit(substr(digits, 2 * i, 1))
    } else {
        n = words + 0
        for (i = 0; i < width; i++) {
            bytes[i] = n - 256 * (n < 0 ? -int((255 - n) / 256) : int(n / 256))
            n = (n - bytes[i]) / 256
        }
    }
    for (i = 0; i < width; i++) byte(bytes[big ? width - 1 - i : i])
}
BEGIN {
    for (i = 1; i < 256; i++) ord[sprintf("%c", i)] = i
    for (i = 1; i < ARGC; i++) {
        colon = index(ARGV[i], ":")
        what = substr(ARGV[i], 1, colon - 1)
        words = substr(ARGV[i], colon + 1)
        if (what == "s") { number(8, length(words), 0); text(words) }
        else if (what == "t") text(words)
        else if (what == "x") hex(words)
        else if (what == "z") for (k = words + 0; k > 0; k--) byte(0)
        else if (what == "p") while (at % words) byte(0)
        else if (what ~ /^b/) number(substr(what, 2), words, 1)
        else number(what, words, 0)
    }
}'

# put FILE WORD...: makes $work/FILE from these words
put ()
{
    put_file=$1
    shift
    printf %b "$(awk "$assembler" "$@")" >"$work/$put_file"
}

# file TENSORS PAIRS WORD...: makes $work/x.gguf, version 3, with these counts in its header
file ()
{
    file_tensors=$1 file_pairs=$2
    shift 2
    put x.gguf t:GGUF 4:3 "8:$file_tensors" "8:$file_pairs" "$@"
}
