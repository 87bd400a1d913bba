# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# tenon.bash: completion for the tenon command in bash. What is offered comes from the command itself: `tenon complete`
# gets the words up to the cursor, and answers what the last one may become.

# Puts the words up to the cursor into $words, of which readline has several: it divides them at '=' and ':'. They are one
# word where nothing lies between. What readline takes for the last one is in $chunk.
_tenon_words ()
{
    local line=${COMP_LINE:0:COMP_POINT} rest part i
    words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        part=${COMP_WORDS[i]}
        rest=${line#"${line%%[![:space:]]*}"}
        [ "$i" -lt "$COMP_CWORD" ] || part=$rest
        if [ "$i" -gt 0 ] && [ "$rest" = "$line" ]; then
            words[${#words[@]} - 1]+=$part
        else
            words+=("$part")
        fi
        line=${rest#"$part"}
    done
    chunk=$part
    case $chunk in
    *[!=:]*) ;;
    *) chunk='' ;;
    esac
}

# _tenon_plain WORD: the word in $plain without the quotes of the shell, in as far as words that are not finished have some.
_tenon_plain ()
{
    plain=$1
    case $plain in
    \'*) plain=${plain#\'} plain=${plain%\'} ;;
    \"*) plain=${plain#\"} plain=${plain%\"} ;;
    *\\*) IFS= read -r -d '' plain < <(printf '%s\0' "$plain" | sed 's/\\\(.\)/\1/g') ;;
    esac
}

_tenon ()
{
    local IFS=$' \t\n' words chunk word plain before kind start candidate name
    local -a asked=()
    _tenon_words
    for word in "${words[@]:1}"; do
        case $word in
        *[\'\"\\]*) _tenon_plain "$word" && asked+=("$plain") ;;
        [~]/*) asked+=("$HOME${word:1}") ;;
        *) asked+=("$word") ;;
        esac
    done
    # readline replaces the chunk, so candidates lose what stands before it in the word
    _tenon_plain "$chunk"
    before=${asked[${#asked[@]} - 1]}
    before=${before%"$plain"}
    COMPREPLY=()
    {
        IFS=$'\t' read -r kind start
        while IFS=$'\t' read -r candidate _; do
            candidate=${candidate#"$before"}
            case $candidate in *=) compopt -o nospace 2>/dev/null ;; esac
            case $chunk in
            [\'\"]*) COMPREPLY+=("$candidate") ;;
            *) COMPREPLY+=("$(printf '%q' "$candidate")") ;;
            esac
        done
    } < <(tenon complete -- "${asked[@]}" 2>/dev/null)
    case $kind in
    files | unknown | folders)
        [ "$kind" != unknown ] || start=''
        start=${start#"$before"}
        name=${plain#"$start"}
        compopt -o filenames 2>/dev/null
        while IFS= read -r candidate; do
            COMPREPLY+=("$start$candidate")
        done < <(if [ "$kind" = folders ]; then compgen -d -- "$name"; else compgen -f -- "$name"; fi)
        ;;
    esac
}

complete -F _tenon tenon
