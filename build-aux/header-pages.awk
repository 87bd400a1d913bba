# SPDX-License-Identifier: MIT
# header-pages.awk: makes the manual page of a header of include/tenon, in mdoc: the comments are its text.
#
#   awk -v folder=OUT -v date='November 29, 2026' -v pages='tenon-context tenon-file' -f header-pages.awk file.h
#
# It writes OUT/tenon-file.3, and OUT/NAME.3, a link to that, for each function and struct. It reads C as clang-format lays it
# out: comments, #define, enum, struct and typedef, and functions that begin with TENON_API. A comment belongs to what comes
# after it, or in a struct or enum before it in the line; functions without one between them share the comment.

# ---- texts ----

# Escapes a text for roff.
function plain(text)
{
    gsub (/\\/, "\\e", text)
    gsub (/…/, "\\\\\\&...", text)
    gsub (/×/, "\\(mu", text)
    gsub (/≥/, "\\(>=", text)
    gsub (/≤/, "\\(<=", text)
    gsub (/→/, "\\(->", text)
    gsub (/–/, "\\(en", text)
    return text
}

# Makes every match of a pattern bold or italic.
function set_font(text, pattern, font,    done)
{
    done = ""
    while (match (text, pattern)) {
        done = done substr (text, 1, RSTART - 1) "\\f" font substr (text, RSTART, RLENGTH) "\\fR"
        text = substr (text, RSTART + RLENGTH)
    }
    return done text
}

# A running text: names in fonts, a line for each sentence.
function running(text,    done, start, size)
{
    text = plain(text)
    done = ""
    while (match (text, /`[^`]+`/)) {
        start = RSTART
        size = RLENGTH
        done = done set_names(substr (text, 1, start - 1)) "\\fI" substr (text, start + 1, size - 2) "\\fR"
        text = substr (text, start + size)
    }
    text = done set_names(text)
    done = ""
    while (match (text, /[.!?]["')]? +["'(\\A-Z0]/)) {
        start = RSTART + RLENGTH - 1
        done = done guarded(substr (text, 1, start - 1))
        sub (/ +$/, "", done)
        done = done "\n"
        text = substr (text, start)
    }
    return done guarded(text)
}
function set_names(text)
{
    text = set_font(text, "TENON_[A-Z0-9_]+[*]?", "B")
    return set_font(text, "tenon_[a-z0-9_]+", "B")
}
# A line that a request could be taken for
function guarded(line)
{
    return line ~ /^[.']/ ? "\\&" line : line
}

# Prints a comment: paragraphs, and indented lines as they are.
function say(comment,    lines, count, i, paragraph, literal)
{
    count = split (comment, lines, "\n")
    paragraph = ""
    literal = 0
    for (i = 1; i <= count; i++) {
        if (paragraph ~ /^- / && lines[i] ~ /^  +[^ -]/) { # the rest of an item
            sub (/^ +/, "", lines[i])
            paragraph = paragraph " " lines[i]
            continue
        }
        if (lines[i] ~ /^    / || (literal && lines[i] == "" && lines[i + 1] ~ /^    /)) {
            say_paragraph(paragraph)
            paragraph = ""
            if (!literal)
                out(".Bd -literal -offset indent")
            literal = 1
            sub (/^    /, "", lines[i])
            out(guarded(plain(lines[i])))
            continue
        }
        if (literal)
            out(".Ed")
        literal = 0
        if (lines[i] == "") {
            say_paragraph(paragraph)
            if (paragraph != "" && i < count && lines[i + 1] !~ /^    /)
                out(".Pp")
            paragraph = ""
        } else if (lines[i] ~ /^ *- /) {
            say_paragraph(paragraph)
            out(".Pp")
            sub (/^ *- /, "", lines[i])
            paragraph = "- " lines[i]
        } else {
            sub (/^ +/, "", lines[i])
            paragraph = paragraph (paragraph == "" ? "" : " ") lines[i]
        }
    }
    say_paragraph(paragraph)
    if (literal)
        out(".Ed")
}
function say_paragraph(text)
{
    if (text != "")
        out(running(text))
}
# Prints a line. A paragraph is kept until it is known whether something follows for which it is of use.
function out(line)
{
    if (line == ".Pp") {
        waiting = 1
        return
    }
    if (waiting && line !~ /^\.S[hs] / && last_line !~ /^\.S[hs] /)
        print ".Pp" >page
    waiting = 0
    last_line = line
    print line >page
}
# The beginning of a list, which makes a paragraph of its own
function begin_list()
{
    waiting = 0
    out(".Bl -tag -width Ds")
}

# A comment of a field as a sentence: most begin with a small letter and have no full stop.
function as_sentence(text)
{
    if (text ~ /^[a-z]+[ ,;:'.]/ && text !~ /^(sizeof|errno) /)
        text = toupper (substr (text, 1, 1)) substr (text, 2)
    if (text ~ /[^ .!?:\n]$/ && text !~ /\n    [^\n]*$/)
        text = text "."
    return text
}

# ---- reading ----

# The text of comment lines, without the signs around it.
function uncommented(line)
{
    sub (/^[ \t]*\/\* ?/, "", line)
    sub (/^[ \t]*\* ?/, "", line)
    sub (/ *\*\/[ \t]*$/, "", line)
    return line
}

# Reads lines up to the end of a comment, of which `first` is the beginning; returns its text.
function read_comment(first,    text)
{
    text = uncommented(first)
    while (first !~ /\*\//) {
        if ((getline first <FILENAME_) <= 0)
            break
        text = text "\n" uncommented(first)
    }
    return text
}

function add_item(kind_, name_, comment_)
{
    items++
    kind[items] = kind_
    name[items] = name_
    about[items] = comment_
    first_entry[items] = entries + 1
    last_entry[items] = entries
}

function add_entry(code, comment)
{
    gsub (/[ \t\n]+/, " ", code)
    sub (/^ /, "", code)
    sub (/[ ,;]*$/, "", code)
    if (code == "")
        return
    entries++
    entry[entries] = code
    entry_about[entries] = comment
    last_entry[items] = entries
}

# The fields of a struct, or the numbers of an enum, up to its end.
function read_body(end, line,    code, comment, start, outer)
{
    code = ""
    comment = ""
    outer = 0
    for (;;) {
        if (line ~ /^[ \t]*\/\*/) {
            comment = read_comment(line)
            line = ""
        }
        start = index (line, "/*")
        if (start > 0) { # behind the code: of that entry
            code = code " " substr (line, 1, start - 1)
            if (comment != "")
                comment = comment "\n"
            comment = comment read_comment(substr (line, start))
            add_entry(code, comment)
            code = comment = ""
        } else if (line ~ /^[ \t]*(union|struct) \{$/) {
            outer = entries + 1
            comment = ""
        } else if (outer > 0 && line ~ /^ +\} [a-z_]+;/) {
            sub (/^ +\} /, "", line)
            sub (/;.*/, "", line)
            for (; outer <= entries; outer++)
                if (match (entry[outer], /[a-z_0-9]+$/))
                    entry[outer] = substr (entry[outer], 1, RSTART - 1) line "." substr (entry[outer], RSTART)
            outer = 0
        } else if (line ~ /^\}/) {
            add_entry(code, comment)
            return line
        } else {
            code = code " " line
            if (line ~ (end "[ \t]*$")) {
                add_entry(code, comment)
                code = comment = ""
            }
        }
        if ((getline line <FILENAME_) <= 0)
            return ""
    }
}
function read_enum(line, comment,    rest)
{
    add_item("enum", "", comment)
    if (line ~ /\};/) {
        sub (/^enum \{ */, "", line)
        sub (/ *\};.*/, "", line)
        rest = split (line, parts_, /, */)
        for (line = 1; line <= rest; line++)
            add_entry(parts_[line], "")
        return
    }
    sub (/^enum \{/, "", line)
    read_body(",", line)
}

function read_struct(line, comment,    title)
{
    title = line
    sub (/^typedef /, "", title)
    sub (/ \{.*/, "", title)
    add_item("struct", title, comment)
    sub (/.*\{/, "", line)
    line = read_body(";", line)
    if (line ~ /^\} [a-z]/) {
        sub (/^\} /, "", line)
        sub (/;.*/, "", line)
        name[items] = line
    }
}

# A declaration up to its ';' as one line.
function read_declaration(line,    more)
{
    while (line !~ /;/ && (getline more <FILENAME_) > 0)
        line = line " " more
    gsub (/[ \t]+/, " ", line)
    sub (/;.*/, "", line)
    return line
}

function read_define(line, comment,    macro, more, value)
{
    macro = line
    sub (/^# *define /, "", macro)
    value = macro
    sub (/[^A-Za-z0-9_(].*/, "", macro)
    if (macro ~ /\(/) {
        macro = value
        sub (/\).*/, ")", macro)
    }
    more = line
    while (more ~ /\\$/ && (getline more <FILENAME_) > 0)
        ;
    if (macro ~ /_H$|_$|_\(/ || macro == "TENON_API" || (macro in defined))
        return 0
    defined[macro] = 1
    if (items == 0 || kind[items] != "macros" || comment != "")
        add_item("macros", "", comment)
    value = substr (value, length (macro) + 1)
    sub (/^ +/, "", value)
    add_entry(macro (depth > 1 || macro ~ /\(/ || value ~ /\\$|^$/ ? "" : " = " value), "")
    return 1
}

function read_header(line,    comment, depth_)
{
    comment = ""
    depth = 0
    while ((getline line <FILENAME_) > 0) {
        if (line ~ /^\/\* SPDX/)
            continue
        if (line ~ /^\/\* ---- /) {
            line = uncommented(line)
            gsub (/^-+ | -+$/, "", line)
            add_item("section", line, "")
            comment = ""
        } else if (line ~ /^\/\*/) {
            if (comment != "")
                add_item("text", "", comment)
            comment = read_comment(line)
            if (summary == "" && comment ~ /^tenon\/[a-z_]+\.h - /) {
                summary = comment
                sub (/^[^-]* - /, "", summary)
                introduction = ""
                if (match (summary, /\.( |\n|$)/)) {
                    introduction = substr (summary, RSTART + 1)
                    summary = substr (summary, 1, RSTART - 1)
                }
                gsub (/\n/, " ", summary)
                sub (/^[ \n]+/, "", introduction)
                comment = ""
            }
        } else if (line ~ /^# *if/)
            depth++
        else if (line ~ /^# *endif/)
            depth--
        else if (line ~ /^# *define/) {
            if (read_define(line, comment))
                comment = ""
        } else if (depth > 1 || (depth > 0 && in_cplusplus)) # the guard is one level
            continue
        else if (line ~ /^enum \{/) {
            read_enum(line, comment)
            comment = ""
        } else if (line ~ /^(typedef )?struct [a-z_0-9A-Z]* ?\{$/) {
            read_struct(line, comment)
            comment = ""
        } else if (line ~ /^typedef /) {
            line = read_declaration(line)
            if (items == 0 || kind[items] != "types" || comment != "")
                add_item("types", "", comment)
            sub (/^typedef /, "", line)
            if (line ~ /^struct / && split (line, words_, " ") == 3 && words_[2] == words_[3])
                line = words_[3] # a struct without fields that a program sees
            add_entry(line, "")
            comment = ""
        } else if (line ~ /^TENON_API /) {
            line = read_declaration(line)
            sub (/^TENON_API /, "", line)
            add_item("function", line, comment)
            comment = ""
        }
    }
    if (comment != "")
        add_item("text", "", comment)
}

# ---- functions ----

# Takes a prototype apart: result, called, arguments, words[1] … words[arguments].
function take_apart(prototype,    list, i, c, level, word)
{
    i = index (prototype, "(")
    result = substr (prototype, 1, i - 1)
    sub (/ *$/, "", result)
    match (result, /[a-z_0-9]+$/)
    called = substr (result, RSTART)
    result = substr (result, 1, RSTART - 1)
    sub (/ *$/, "", result)
    list = substr (prototype, i + 1)
    sub (/\)[^)]*$/, "", list)
    arguments = 0
    level = 0
    word = ""
    for (i = 1; i <= length (list); i++) {
        c = substr (list, i, 1)
        level += (c == "(") - (c == ")")
        if (c == "," && level == 0) {
            words[++arguments] = word
            word = ""
        } else if (c != " " || word != "")
            word = word c
    }
    words[++arguments] = word
}

# The name of an argument: the last word, or that of a pointer to a function.
function argument_name(word)
{
    if (match (word, /\(\*[a-z_0-9]+\)/))
        return substr (word, RSTART + 2, RLENGTH - 3)
    match (word, /[a-z_0-9]+(\[[^]]*\])?$/)
    return substr (word, RSTART)
}

# ---- the page ----

function write_name(    i, last, separator)
{
    out(".Sh NAME")
    last = 0
    for (i = 1; i <= items; i++)
        if (kind[i] == "function")
            last = i
    if (last == 0)
        out(".Nm " title)
    for (i = 1; i <= items; i++)
        if (kind[i] == "function") {
            take_apart(name[i])
            out(".Nm " called (i == last ? "" : " ,"))
        }
    out(".Nd " plain(summary))
}

function write_synopsis(    i, k)
{
    out(".Sh SYNOPSIS")
    out(".In tenon/tenon.h")
    for (i = 1; i <= items; i++) {
        if (kind[i] != "function")
            continue
        take_apart(name[i])
        out(".Ft " (result ~ / / ? "\"" result "\"" : result))
        out(".Fo " called)
        for (k = 1; k <= arguments; k++)
            out(".Fa \"" words[k] "\"")
        out(".Fc")
    }
}

# A declaration as arguments of a macro: fields that share a type are arguments each, and the macro sets the commas.
function listed(label,    parts, count, i, done)
{
    count = label ~ /\(/ ? 0 : split (label, parts, /, */)
    if (count < 2)
        return label ~ / / ? "\"" plain(label) "\"" : label
    done = "\"" plain(parts[1]) "\""
    for (i = 2; i <= count; i++)
        done = done " , \"" plain(parts[i]) "\""
    return done
}

# Entries as a list. `macro` sets their font.
function write_entries(i, macro,    k, label, value)
{
    begin_list()
    for (k = first_entry[i]; k <= last_entry[i]; k++) {
        label = entry[k]
        value = ""
        if (macro == "Dv" && match (label, / = /)) {
            value = " No = " plain(substr (label, RSTART + 3))
            label = substr (label, 1, RSTART - 1)
        }
        out(".It " macro " " listed(label) value)
        say(as_sentence(entry_about[k]))
    }
    out(".El")
}

function write_functions(i,    k, list)
{
    begin_list()
    while (i <= items && kind[i] == "function") {
        take_apart(name[i])
        list = ""
        for (k = 1; k <= arguments; k++)
            if (words[k] != "void")
                list = list " \"" argument_name(words[k]) "\""
        out(".It Fn " called list)
        # functions that follow without a comment share it
        if (i == items || kind[i + 1] != "function" || about[i + 1] != "" || about[i] == "")
            say(shared != "" ? shared : about[i])
        if (about[i] != "" && i < items && kind[i + 1] == "function" && about[i + 1] == "" && shared == "")
            shared = about[i]
        if (i == items || kind[i + 1] != "function" || about[i + 1] != "")
            shared = ""
        i++
    }
    out(".El")
    return i - 1
}

function write_description(    i, written)
{
    out(".Sh DESCRIPTION")
    if (introduction != "")
        say(introduction)
    else
        out("This page is made of the comments of\n.In tenon/" header " ,\nwhich\n.In tenon/tenon.h\nincludes.")
    for (i = 1; i <= items; i++) {
        if (kind[i] == "section" && kind[i + 1] == "struct")
            continue # which is a heading, too
        else if (kind[i] == "section")
            out(".Ss " toupper (substr (name[i], 1, 1)) substr (name[i], 2))
        else if (kind[i] == "function") {
            out(".Pp")
            i = write_functions(i)
        } else if (kind[i] == "struct") {
            out(".Ss " name[i])
            say(about[i])
            write_entries(i, "Fa")
        } else if (kind[i] == "types" && about[i] == "")
            continue
        else {
            out(".Pp")
            say(about[i])
            if (kind[i] == "types")
                write_entries(i, "Vt")
            else if (kind[i] != "text")
                write_entries(i, "Dv")
        }
    }
}

function write_end(    i, count, others)
{
    out(".Sh RETURN VALUES")
    out("Functions that can fail return a\n.Vt tenon_status :\n0, or one of the negative\n.Dv TENON_E_*\nthat")
    out(".Xr tenon 3\nlists.\nThey fill the caller's\n.Vt tenon_error ,\nwhich may be NULL, with the message, its place and advice.")
    out("Out parameters are set on success only, and pointers to NULL on failure.")
    out("An argument may be NULL only where this page says so; elsewhere that is\n.Dv TENON_E_MISUSE ,")
    out("and functions without a status return 0 or NULL.")
    out(".Sh SEE ALSO")
    count = split (pages, others, " ")
    out(".Xr tenon 3 ,")
    for (i = 1; i <= count; i++)
        if (others[i] != title)
            out(".Xr " others[i] " 3 ,")
    out(".Xr tenon.ini 5")
}

function write_link(from)
{
    print ".so man3/" title ".3" >(folder "/" from ".3")
    close (folder "/" from ".3")
}

BEGIN {
    FILENAME_ = ARGV[1]
    header = FILENAME_
    sub (/.*\//, "", header)
    title = "tenon-" header
    sub (/\.h$/, "", title)
    items = entries = 0
    depth = 0
    read_header("")
    page = folder "/" title ".3"
    out(".\\\" Made by build-aux/header-pages.awk from tenon/" header ".")
    out(".Dd " date)
    out(".Dt " toupper (title) " 3")
    out(".Os")
    write_name()
    write_synopsis()
    write_description()
    write_end()
    close (page)
    for (i = 1; i <= items; i++) {
        if (kind[i] == "function") {
            take_apart(name[i])
            write_link(called)
        } else if (kind[i] == "struct") {
            sub (/^struct /, "", name[i])
            write_link(name[i])
        }
    }
    exit
}
