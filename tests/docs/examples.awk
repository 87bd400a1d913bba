# SPDX-License-Identifier: MIT
# examples.awk: takes the examples out of a manual page in mdoc, for examples.sh.
#
#     awk -v to=FOLDER -v page=PATH -f examples.awk PAGE
#
# Each block `.Bd -literal` stands behind a comment that says what it is:
#
#     .\" test: plugin NAME      a whole plugin; NAME.c and its NAME.so lie in the folder of the page's commands
#     .\" test: into NAME WORDS  a part of that plugin, before its tables; WORDS are added to the table of its codec
#     .\" test: program NAME     a whole program, likewise
#     .\" test: file             what stands outside of functions: compiled by itself
#     .\" test: codec            statements of a codec function
#     .\" test: program          statements of a program
#     .\" test: commands         the lines that begin with "$ " are run; the lines behind a command are its output,
#                                and "..." stands for any lines
#     .\" test: excerpt PATH     lines of that file of the tree, which may be broken elsewhere
#     .\" test: json, .\" test: ini    is parsed
#     .\" test: text REASON      cannot be tested
#
# So does a line `.Dl $ COMMAND`, which needs no comment. Behind the comment, more of them may say:
#
#     .\" with: C                declarations, before the statements or the file
#     .\" before: COMMAND        is run before the commands of the page that follow; it makes their files
#     .\" after: COMMAND         behind a command: is run, and must succeed; $folder/printed has the output of that command
#     .\" exits: N               of the next command
#     .\" needs: PLUGIN ...      the page is left out where one of them was not built
#     .\" edit: SCRIPT           for sed, which changes the next command or block, such as a size that no test can have
#
# Files: commands (of the whole page), wrong, NAME.c, NAME.part.c and NAME.table (of `into`), and for line N: N.file.c, N.codec.c,
# N.program.c, N.excerpt (the path first), N.json, N.ini.

function shell_word(text) {
    gsub(/'/, "'\\''", text)
    return "'" text "'"
}

function plain(text) {
    gsub(/\\-/, "-", text)
    gsub(/\\&/, "", text)
    gsub(/\\\(dq/, "\"", text)
    gsub(/\\\(mu/, "*", text)
    gsub(/\\e/, "\\", text)
    return text
}

function complain(text) {
    print page ":" NR ": " text >> (to "/wrong")
}

# The command that was collected, with its output.
function flush_command() {
    if (command == "")
        return
    print "example " command_line " " shell_word(command) " " shell_word(output) " " code " " shell_word(edit) > script
    for (i = 1; i <= afters; i++)
        print "behind " command_line " " shell_word(after[i]) > script
    command = output = edit = ""
    code = afters = 0
}

function begin_block() {
    n = NR
    if (kind == "plugin" || (kind == "program" && name != ""))
        source = to "/" name ".c"
    else if (kind == "into")
        source = to "/" name ".part.c"
    else if (kind == "file") {
        source = to "/" n ".file.c"
        print "#include <tenon/tenon.h>\n#include <tenon/plugin.h>\n" with > source
    } else if (kind == "codec" || kind == "program") {
        source = to "/" n "." kind ".c"
        if (kind == "codec")
            print "#include <tenon/plugin.h>" > source
        else
            print "#include <tenon/tenon.h>\n#include <stdio.h>" > source
        print includes > source
        print "tenon_status part_" n " (" parameters ");\ntenon_status\npart_" n " (" parameters ")\n{" > source
        print with > source
    } else if (kind == "json" || kind == "ini" || kind == "excerpt")
        source = to "/" n "." kind
    if (kind == "excerpt")
        print name > source
    if (kind ~ /^(plugin|program|into|file|codec)$/)
        print "#line " (NR + 1) " \"" page "\"" > source
}

function end_block() {
    if (kind == "codec" || kind == "program" && name == "")
        print "    return TENON_OK;\n}" > source
    if (kind == "into")
        print rest > (to "/" name ".table")
    source = kind = name = rest = with = includes = ""
}

BEGIN {
    script = to "/commands"
    printf "" > script
    code = afters = 0
}

/^\.\\" test: / {
    kind = $3
    name = $4
    rest = $0
    sub(/^\.\\" test: [a-z]+ [^ ]* ?/, "", rest)
    parameters = kind == "codec" ? "struct tenon_call *call" : "void"
    if (kind !~ /^(plugin|into|program|file|codec|commands|excerpt|json|ini|text)$/)
        complain("no such test: " kind)
    if (kind == "text" && $4 == "")
        complain("why can it not be tested?")
    next
}
/^\.\\" with: / {
    text = substr($0, 11)
    if (text ~ /^#/)
        includes = includes text "\n"
    else if (text ~ /^parameters /)
        parameters = substr(text, 12)
    else
        with = with "    " text "\n"
    next
}
/^\.\\" before: / {
    flush_command()
    print "prepare " NR " " shell_word(substr($0, 13)) > script
    next
}
/^\.\\" (after|exits|edit): / {
    text = $0
    sub(/^\.\\" [a-z]+: /, "", text)
    if ($2 == "after:")
        after[++afters] = text
    else if ($2 == "exits:")
        wanted = text
    else
        editing = text
    next
}

/^\.Bd -literal/ {
    if (kind == "")
        complain("the block has no comment that says how to test it")
    inside = 1
    begin_block()
    next
}
inside && /^\.Ed/ {
    end_block()
    editing = ""
    inside = 0
    next
}
inside && (kind == "commands") {
    text = plain($0)
    if (text ~ /^\$ /) {
        flush_command()
        command = substr(text, 3)
        command_line = NR
        code = wanted + 0
        edit = editing
        wanted = ""
        more = text ~ /\\$/
    } else if (more) {
        command = command "\n" text
        more = text ~ /\\$/
    } else
        output = output text "\n"
    next
}
inside {
    if (source != "")
        print plain($0) > source
    next
}

/^\.Dl \$ / {
    flush_command()
    command = plain(substr($0, 7))
    command_line = NR
    code = wanted + 0
    edit = editing
    wanted = editing = ""
    next
}

END {
    flush_command()
}
