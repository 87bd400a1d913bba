# SPDX-License-Identifier: MIT
# tenon.fish: completion for the tenon command in fish. What is offered comes from the command itself: `tenon complete`
# gets the words up to the cursor, and answers what the last one may become.

function __tenon_complete
    set -l words (commandline -opc)
    # without the quotes of the shell
    set -l word (commandline -ct | string replace -r '^(["\'])((?:(?!\1).)*)$' '$1$2$1' | string unescape)
    set -l answer (tenon complete -- $words[2..-1] $word 2>/dev/null)
    set -l first (string split -m 1 \t -- $answer[1])
    switch "$first[1]"
        case words
            for line in $answer[2..-1]
                echo -- $line
            end
        case files folders unknown
            set -l start ''
            test "$first[1]" = unknown; or set start "$first[2]"
            set -l name (string sub -s (math 1 + (string length -- "$start")) -- "$word")
            # a word again, with its quotes; ~ stands for a folder still
            for file in (complete -C "'' "(string escape -- $name | string replace -r '^([\'"]?)(~[^/]*/)' '$2$1'))
                set file (string split -m 1 \t -- $file)[1]
                test "$first[1]" = folders; and not string match -q -- '*/' $file; and continue
                echo -- "$start$file"
            end
    end
end

complete -c tenon -f -a '(__tenon_complete)'
