#!/bin/sh
# SPDX-License-Identifier: MIT
# completion.sh: what `tenon complete` offers, and that bash, zsh and fish hand it on.
. "${TENON_SRCDIR:-$srcdir}/tests/cli/check.sh"
scripts=$TENON_SRCDIR/tools/completion

# answer WORD...: the first line of the answer, and the candidates, each after a blank
answer ()
{
    tenon complete -- "$@"
    sed '2,$s/\t.*//' out | tr '\n' ' ' | sed 's/ $//'
}

# ---- commands and options ----
# --help lists them
tenon --help
sed -n '/^commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p' out | sort >commands
tenon complete -- ''
exits 'no word' 0
sed 1d out | cut -f 1 | sort >offered
same 'the commands are those of --help' commands offered
is 'not itself' "$(answer comp)" 'words'
for command in $(cat commands); do
    tenon "$command" --help
    sed -n -e 's/^ \{2,6\}\(-[a-zA-Z], \)\{0,1\}\(--[a-z-]*\).*/\2/p' -e 's/^  \(-[a-z]\) .*/\1/p' out | sort >listed
    tenon complete -- "$command" -
    sed 1d out | cut -f 1 | sed 's/=$//' | sort -u >offered
    same "the options of $command are those of --help" listed offered
    # every word for a value is known
    for option in $(sed 1d out | cut -f 1 | grep '=$'); do
        case $command$option in cat* | convert--format=) ;; *--format= | *--color= | *--plugin-path=) continue ;; esac # as for cat
        tenon complete -- "$command" "$option"
        good=1
        grep -q '^unknown' out && good=0
        result $good "$command: tools/offers_kinds.c knows what $option takes" "$(cat out)"
    done
    for count in 0 1 2; do
        set --
        while [ $# -lt $count ]; do set -- "$@" x; done
        tenon complete -- "$command" "$@" ''
        good=1
        grep -q '^unknown' out && good=0
        result $good "$command: tools/offers_kinds.c knows its argument $count" "$(cat out)"
    done
done
is 'the beginning of an option' "$(answer ls --so)" 'words --sort='
says 'it says what the option does' out 'in this order'
is 'an option that may have a value' "$(answer ls --me)" 'words --meta --meta='
is 'a letter' "$(answer ls -l)" 'words -l'
is 'an option after the end of options' "$(answer ls -- --so)" "files$tab"
is 'options before a command' "$(answer --no-c)" 'words --no-config'
is 'a command after an option and its value' "$(answer --plugin-path /nowhere ver)" 'words verify'
is 'an unknown command' "$(answer frobnicate --)" 'words'
is '--json where there is none' "$(answer help --js)" 'words'

# ---- values ----
is 'a choice' "$(answer ls --sort=)" 'words --sort=name --sort=size --sort=offset'
is 'a choice in a word of its own' "$(answer ls --sort s)" 'words size'
is 'a choice behind a letter' "$(answer ls -ss)" 'words -ssize'
is 'a choice behind an abbreviated option' "$(answer ls --sor=o)" 'words --sor=offset'
is 'a value that may be left out' "$(answer ls -m=f)" 'words -m=full'
is 'a format' "$(answer ls --format npy)" 'words npy'
is 'a dtype' "$(answer cat --as=bf)" 'words --as=bf16'
is 'a dtype behind a pattern' "$(answer convert --as '*.weight:bf')" 'words *.weight:bf16'
is 'where to look for plugins' "$(answer ls --plugin-path=/a:/b)" "folders$tab--plugin-path=/a:"
is 'a list of digests' "$(answer hash --check=x)" "files$tab--check="
is 'a step' "$(answer check-plugin --only loa)" 'words loads'
is 'the type of a value' "$(answer convert --set-type a=b=stri)" 'words a=b=string'
is 'the type of an array' "$(answer convert --set-type k=array:u6)" 'words k=array:u64'

# ---- configuration ----
is 'a key' "$(answer config limits.dep)" 'words limits.depth'
is 'the files of config --check' "$(answer config --check limits)" "files$tab"
is 'a key of an option' "$(answer convert -o npz.comp)" 'words npz.compression='
is 'a key behind its letter' "$(answer convert -onpz.comp)" 'words -onpz.compression='
is 'a filter' "$(answer convert -o npz.compression=de)" 'words npz.compression=deflate'
mkdir -p config/tenon
printf '[plugin xz]\nenabled = no\n' >config/tenon/tenon.ini
is 'filters in use' "$(answer convert -o npz.compression=l)" 'words'
rm config/tenon/tenon.ini
is 'a choice of a codec' "$(answer convert -o npz.metadata=)" 'words npz.metadata=none npz.metadata=member'
is 'yes or no' "$(answer ls -o gguf.empty_first=)" 'words gguf.empty_first=yes gguf.empty_first=no'
is 'a path, which is no choice' "$(answer convert -o core.plugin_path=x)" "files${tab}core.plugin_path="
is 'what is no key' "$(answer convert -o a/b.c=x)" "files${tab}a/b.c="

# ---- files ----
npy x.npy '<f4' False '(2,)' '\000\000\200\077\000\000\000\100'
tenon convert x.npy --rename x='a b.w' one.npz
tenon convert one.npz --format npz --set note=x two.npz
is 'a file' "$(answer ls '')" "files$tab"
is 'a tensor' "$(answer cat one.npz '')" 'words a b.w'
says 'its type and shape' out "a b.w${tab}f32 [2]"
is 'a tensor that is left out' "$(answer convert one.npz --except a)" 'words a b.w'
is 'a tensor that is renamed' "$(answer convert one.npz --rename=a)" 'words --rename=a b.w='
is 'its new name' "$(answer convert one.npz '--rename=a b.w=')" 'words'
is 'metadata' "$(answer convert -o npz.metadata=member two.npz out.npz --set '')" "$(
    tenon ls -m two.npz && grep -q note out && echo 'words note=' || echo words)"
is 'metadata from a file' "$(answer convert one.npz --set k=@x)" "files${tab}k=@"
is 'the format of the file that is read' "$(answer convert --from npy --format npz x.npy --only '')" 'words x'
is 'no tensor of a wrong format' "$(answer convert --from npz x.npy --only '')" 'words'
is 'no file' "$(answer cat nowhere.npz '')" 'words'
mkfifo pipe
is 'a pipe is not waited for' "$(answer cat pipe '')" 'words'
# names that a terminal would not show as they are: escape sequences, line breaks, tabs
hostile=$(printf '{"a\\u001b[31m":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b\\nc":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},"d":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}')
{ printf "\\$(printf %o ${#hostile})\\0\\0\\0\\0\\0\\0\\0"; printf '%sxyz' "$hostile"; } >hostile.safetensors
is 'hostile names are not offered' "$(answer cat hostile.safetensors '')" 'words d'

# ---- the shells ----
mkdir bin folder
ln -s "$(dirname "$TENON")/$(basename "$TENON")" bin/tenon
cp x.npy 'with blank.npy'
path=$PATH
PATH=$PWD/bin:$PATH
# bash divides words at '=' and ':', and completes what is behind.
# in_bash LINE: the replies, with a blank between
# shellcheck disable=SC2016
in_bash ()
{
    bash -c '. "$1"
        COMP_LINE=$2 COMP_POINT=${#2} COMP_WORDS=()
        line=$2
        while [[ $line =~ ^[[:space:]]*([=:]+|(\\.|\"[^\"]*\"?|[^=:[:space:]\\])+) ]]; do
            COMP_WORDS+=("${BASH_REMATCH[1]}")
            line=${line#"${BASH_REMATCH[0]}"}
        done
        case $2 in *" ") COMP_WORDS+=("") ;; esac
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _tenon; echo "${COMPREPLY[*]}"' bash "$scripts/tenon.bash" "$1" 2>bash.err
}
if command -v bash >/dev/null; then
    is 'bash: a command' "$(in_bash 'tenon ver')" verify
    is 'bash: an option' "$(in_bash 'tenon ls --so')" '--sort='
    is 'bash: a choice' "$(in_bash 'tenon ls --sort=s')" size
    is 'bash: all choices' "$(in_bash 'tenon ls --sort=')" 'name size offset'
    is 'bash: a key' "$(in_bash 'tenon convert -o npz.comp')" npz.compression=
    is 'bash: a filter' "$(in_bash 'tenon convert -o npz.compression=de')" deflate
    is 'bash: a dtype behind a pattern' "$(in_bash 'tenon convert --as=w:bf')" bf16
    is 'bash: a tensor' "$(in_bash 'tenon cat one.npz ')" 'a\ b.w'
    is 'bash: a tensor in quotes' "$(in_bash 'tenon cat one.npz "a')" 'a b.w'
    is 'bash: a tensor that was begun' "$(in_bash 'tenon cat one.npz a\ b')" 'a\ b.w'
    is 'bash: a file' "$(in_bash 'tenon ls two')" two.npz
    is 'bash: a file with a blank' "$(in_bash 'tenon ls with\ b')" 'with blank.npy'
    is 'bash: the value of an option is a file' "$(in_bash 'tenon hash --check=tw')" two.npz
    is 'bash: metadata from a file' "$(in_bash 'tenon convert one.npz --set k=@tw')" '@two.npz'
    is 'bash: a folder' "$(in_bash 'tenon ls --plugin-path=/:fo')" folder
    cat bash.err
else
    skip 'there is no bash'
fi
# zsh, with its own functions replaced: they need a terminal
cat >zsh.run <<'END'
compset () { print -r -- "behind $2"; }
_files () { print -r -- "files $*"; }
_describe () { local -a all=("${(@P)4}"); print -rl -- "${(@)all}" "${@[5,-1]}"; }
words=("$@[2,-1]") CURRENT=$#words PREFIX=$words[-1]
functions[_tenon_file]=$(<$1)
_tenon_file
END
in_zsh ()
{
    zsh -f zsh.run "$scripts/_tenon" "$@" 2>zsh.err | sed 's/:.*//' | tr '\n' ' ' | sed 's/ *$//'
}
if command -v zsh >/dev/null; then
    is 'zsh: a command' "$(in_zsh tenon ver)" verify
    is 'zsh: an option, which goes on' "$(in_zsh tenon ls --so)" '--sort= -S'
    is 'zsh: a choice' "$(in_zsh tenon ls --sort=s)" '--sort=size'
    is 'zsh: a tensor' "$(in_zsh tenon cat one.npz '')" 'a b.w'
    is 'zsh: a tensor that was begun' "$(in_zsh tenon cat one.npz 'a\ b')" 'a b.w'
    is 'zsh: a file' "$(in_zsh tenon ls '')" files
    is 'zsh: the value of an option is a file' "$(in_zsh tenon hash --check=tw)" 'behind --check= files'
    is 'zsh: a folder' "$(in_zsh tenon ls --plugin-path=/)" 'behind --plugin-path= files -/'
    cat zsh.err
else
    skip 'there is no zsh'
fi
in_fish ()
{
    fish --no-config -c "source '$scripts/tenon.fish'; complete -C '$1'" 2>fish.err | cut -f 1 | tr '\n' ' ' | sed 's/ *$//'
}
if command -v fish >/dev/null; then
    is 'fish: a command' "$(in_fish 'tenon ver')" verify
    is 'fish: a choice' "$(in_fish 'tenon ls --sort=s')" '--sort=size'
    is 'fish: a filter' "$(in_fish 'tenon convert -o npz.compression=de')" npz.compression=deflate
    is 'fish: a tensor' "$(in_fish 'tenon cat one.npz ')" 'a b.w'
    is 'fish: a tensor that was begun' "$(in_fish 'tenon cat one.npz a\ b')" 'a b.w'
    is 'fish: a file' "$(in_fish 'tenon ls tw')" two.npz
    cp x.npy 'of (a shell);.npy'
    is 'fish: a file whose name has a meaning' "$(in_fish 'tenon ls of\ \\(')" 'of (a shell);.npy'
    rm 'of (a shell);.npy'
    is 'fish: the value of an option is a file' "$(in_fish 'tenon hash --check=tw')" '--check=two.npz'
    is 'fish: a folder' "$(in_fish 'tenon ls --plugin-path=/nowhere:fo')" '--plugin-path=/nowhere:folder/'
    cat fish.err
else
    skip 'there is no fish'
fi
PATH=$path
finish
