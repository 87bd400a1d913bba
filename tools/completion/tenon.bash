# tenon.bash: completion for the tenon command in bash.
#
# The candidates come from the command itself (--help, formats, ls), so this file need not list its options.

# _tenon_offer BEGINNING: adds the lines of its input that begin so to COMPREPLY. (compgen -W would expand a tensor's name.)
_tenon_offer ()
{
    local candidate
    while IFS= read -r candidate; do
        case $candidate in
        "$1"*) COMPREPLY+=("$(printf '%q' "$candidate")") ;;
        esac
    done
}

_tenon_files ()
{
    local name
    while IFS= read -r name; do
        COMPREPLY+=("$name")
    done < <(compgen -f -- "$1")
    compopt -o filenames 2>/dev/null
}

# The commands, and the options of one command, as --help lists them.
_tenon_commands ()
{
    tenon --help 2>/dev/null | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

_tenon_options ()
{
    # shellcheck disable=SC2086 # $1 is a command or nothing
    tenon $1 --help 2>/dev/null | sed -n 's/^ *\(-[a-zA-Z], \)\{0,1\}\(--[a-z-]*\)\(\[\{0,1\}=\{0,1\}\).*/\2\3/p' |
        sed 's/\[.*//'
}

# _tenon_choices CODEC.KEY: the words that this option of a codec allows, filters only as far as they are in use; false if
# it has no list of them.
_tenon_choices ()
{
    case $1 in *[!A-Za-z0-9_.-]*) return 1 ;; esac # no key, and nothing for sed
    tenon formats -v "${1%%.*}" 2>/dev/null |
        sed -n "/^    $1=/{n;s/ (not in use:.*//;s/.*; choice: //p;s/.*; filter: //p;}" | tr ' ' '\n' | grep .
}

# _tenon_values OPTION: the values of an option; false if it has no list of them.
_tenon_values ()
{
    case $1 in
    --format | --from) tenon formats -q 2>/dev/null | cut -f 1 ;;
    --as) tenon formats --json 2>/dev/null | tr '{' '\n' | sed -n 's/^"name":"\([^"]*\)","kind":.*/\1/p' ;;
    --color) printf '%s\n' auto always never ;;
    --lock) printf '%s\n' wait fail no ;;
    --sort) printf '%s\n' name size offset ;;
    '-o '*.*) _tenon_choices "${1#-o }" ;;
    -o) tenon config -q 2>/dev/null | sed 's/\t.*/=/' ;;
    *) return 1 ;;
    esac
}

_tenon ()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command='' file='' key=0 i
    COMPREPLY=()

    # readline makes '=' a word of its own
    if [ "$word" = = ]; then
        word=''
        key=$((COMP_CWORD - 1))
    elif [ "$before" = = ] && [ "$COMP_CWORD" -ge 2 ]; then
        key=$((COMP_CWORD - 2))
        before=${COMP_WORDS[key]}
    fi
    if [ "$key" -ge 1 ] && [ "${COMP_WORDS[key - 1]}" = -o ]; then
        before="-o $before"
    fi

    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -* | =) ;;
        *)
            if [ -z "$command" ]; then
                command=${COMP_WORDS[i]}
            elif [ -z "$file" ] && [ -f "${COMP_WORDS[i]}" ]; then
                file=${COMP_WORDS[i]}
            fi
            ;;
        esac
    done

    if _tenon_values "$before" >/dev/null; then
        _tenon_offer "$word" < <(_tenon_values "$before")
        [ "$before" != -o ] || compopt -o nospace 2>/dev/null
        return
    fi
    case $word in
    -*)
        _tenon_offer "$word" < <(_tenon_options "$command")
        case ${COMPREPLY[*]-} in
        *=) compopt -o nospace 2>/dev/null ;;
        esac
        return
        ;;
    esac
    case $command in
    '') _tenon_offer "$word" < <(_tenon_commands) ;;
    help) _tenon_offer "$word" < <(_tenon_commands; tenon formats -q 2>/dev/null | cut -f 1) ;;
    formats) _tenon_offer "$word" < <(tenon formats -q 2>/dev/null | cut -f 1) ;;
    config) _tenon_offer "$word" < <(tenon config -q 2>/dev/null | cut -f 1 | sort -u) ;;
    cat)
        if [ -n "$file" ]; then
            _tenon_offer "$word" < <(tenon ls -q "$file" 2>/dev/null | cut -f 1)
        else
            _tenon_files "$word"
        fi
        ;;
    *) _tenon_files "$word" ;;
    esac
}

complete -F _tenon tenon
