# SPDX-License-Identifier: MIT
# calls.awk: reads sources; prints "caller callee", FILE:NAME each, for each call of a function that these sources define.
# It knows the style of this tree: the line of a definition begins with the name, and a space stands before each (.
function plain (line)
{
    gsub (/"([^"\\]|\\.)*"/, "\"\"", line)
    gsub (/'([^'\\]|\\.)*'/, "0", line)
    if (comment) {
        if (!sub (/^.*\*\//, "", line))
            return ""
        comment = 0
    }
    gsub (/\/\*([^*]|\*+[^*\/])*\*+\//, "", line)
    if (sub (/\/\*.*/, "", line))
        comment = 1
    return line
}
FNR == 1 { comment = 0; name = ""; before = "" }
{
    line = plain ($0)
    if (line ~ /^[a-z_][a-z0-9_]* \(/) { # the line of a definition begins with its name
        name = line
        sub (/ .*/, "", name)
        own[FILENAME, name] = 1
        if (before !~ /^static /)
            global[name] = FILENAME
    } else if (line ~ /^}/)
        name = ""
    else if (name != "")
        while (match (line, /[a-z_][a-z0-9_]* \(/)) {
            if (substr (line, RSTART - 1, 1) !~ /[>.]/) { # not through a pointer
                count++
                from[count] = FILENAME
                caller[count] = name
                callee[count] = substr (line, RSTART, RLENGTH - 2)
            }
            line = substr (line, RSTART + RLENGTH)
        }
    before = line
}
END {
    for (i = 1; i <= count; i++) {
        home = (from[i], callee[i]) in own ? from[i] : callee[i] in global ? global[callee[i]] : ""
        if (home != "")
            print from[i] ":" caller[i], home ":" callee[i]
    }
}
