/* SPDX-License-Identifier: MIT */
/* project.c - the files of a project, made of the templates. */
#include "scaffold/project.h"
#include "scaffold/expand.h"
#include "scaffold/templates.h"
#include <time.h>

#define ALL (SCAFFOLD_CODEC | SCAFFOLD_FILTER | SCAFFOLD_ARCHIVE | SCAFFOLD_DTYPE)
#define PLAIN (SCAFFOLD_CODEC | SCAFFOLD_DTYPE) /* kinds whose codec is codec.c */

/* Which template becomes which file, in the order in which they are listed. */
static const struct {
    unsigned kinds;
    const char *name, *path;
} rows[] = {
    { ALL, "README.md", "README.md" },
    { PLAIN, "codec.c", "@NAME@.@SUFFIX@" },
    { SCAFFOLD_DTYPE, "dtype.c", "dtype.@SUFFIX@" },
    { SCAFFOLD_DTYPE, "dtype.h", "dtype.h" },
    { SCAFFOLD_FILTER, "filtered.c", "@NAME@.@SUFFIX@" },
    { SCAFFOLD_FILTER, "filter.c", "filter.@SUFFIX@" },
    { SCAFFOLD_FILTER, "filter.h", "filter.h" },
    { SCAFFOLD_ARCHIVE, "keyed.c", "@NAME@.@SUFFIX@" },
    { SCAFFOLD_ARCHIVE, "archive.c", "archive.@SUFFIX@" },
    { SCAFFOLD_ARCHIVE, "archive.h", "archive.h" },
    { ALL, "build.mk", "Makefile" },
    { ALL, "meson.build", "meson.build" },
    { ALL, "test.sh", "test.sh" },
    { ALL, "install-user.sh", "install-user.sh" },
    { ALL, "fuzz.c", "fuzz.c" },
    { PLAIN, "codec-numbers.hex", "samples/numbers.@EXTENSION@" },
    { PLAIN, "codec-empty.hex", "samples/empty.@EXTENSION@" },
    { SCAFFOLD_DTYPE, "dtype-blocks.hex", "samples/blocks.@EXTENSION@" },
    { SCAFFOLD_FILTER, "filter-runs.hex", "samples/runs.@EXTENSION@" },
    { SCAFFOLD_ARCHIVE, "archive-arrays.hex", "samples/arrays.@EXTENSION@" },
    { ALL, "page.7", "tenon-@NAME@.7" },
    { ALL, "tenon.ini", "tenon.ini" },
    { ALL, "dotgitignore", ".gitignore" },
};
#define ROWS COUNT_OF (rows)

#define PLAIN_SAMPLES "samples/numbers.@EXTENSION@ samples/empty.@EXTENSION@"

/* `flags` are those of the templates. */
static const struct {
    enum scaffold_kind kind;
    const char *name, *flags, *sources, *meson_sources, *headers, *samples;
} kinds[] = {
    { SCAFFOLD_CODEC, "codec", "codec", "@NAME@.@SUFFIX@", "'@NAME@.@SUFFIX@'", "", PLAIN_SAMPLES },
    { SCAFFOLD_DTYPE, "dtype", "codec dtype", "@NAME@.@SUFFIX@ dtype.@SUFFIX@",
      "'@NAME@.@SUFFIX@', 'dtype.@SUFFIX@'", "dtype.h", PLAIN_SAMPLES " samples/blocks.@EXTENSION@" },
    { SCAFFOLD_FILTER, "filter", "filter", "@NAME@.@SUFFIX@ filter.@SUFFIX@",
      "'@NAME@.@SUFFIX@', 'filter.@SUFFIX@'", "filter.h", "samples/runs.@EXTENSION@" },
    { SCAFFOLD_ARCHIVE, "archive", "archive", "@NAME@.@SUFFIX@ archive.@SUFFIX@",
      "'@NAME@.@SUFFIX@', 'archive.@SUFFIX@'", "archive.h", "samples/arrays.@EXTENSION@" },
};

static size_t
find_kind (enum scaffold_kind kind)
{
    size_t i = 0;
    while (kinds[i].kind != kind)
        i++;
    return i;
}

const char *
scaffold_kind_name (enum scaffold_kind kind)
{
    return kinds[find_kind (kind)].name;
}

/* ---- words --------------------------------------------------------------------------------------- */

static char *
finish_line (struct line *line)
{
    line_add (line, "", 1);
    return line->text;
}

/* Each extension between `before` and `after`, with `between` among them. */
static char *
join_extensions (const struct scaffold *scaffold, const char *before, const char *after, const char *between)
{
    struct line line = { 0 };
    for (const char *const *extension = scaffold->extensions; *extension; extension++) {
        if (extension != scaffold->extensions)
            line_word (&line, between);
        line_word (&line, before);
        line_word (&line, *extension);
        line_word (&line, after);
    }
    return finish_line (&line);
}

static char *
capital_name (const char *name)
{
    char *copy = copy_text (name, strlen (name));
    for (char *at = copy; *at; at++)
        if (*at >= 'a' && *at <= 'z')
            *at = (char) (*at - 'a' + 'A');
    return copy;
}

/* A number below 256, as the templates in hex have it. */
static char *
hex_number (size_t number)
{
    char text[8];
    snprintf (text, sizeof text, "%02x", (unsigned) number & 0xff);
    return copy_text (text, 2);
}

static char *
expand_short (const char *text, const struct scaffold_word *words)
{
    struct line line = { 0 }, text_line = { 0 };
    line_word (&text_line, text);
    line_word (&text_line, "\n");
    expand_text (&line, finish_line (&text_line), words, " ");
    line_clean (&text_line);
    line.length--; /* the end of the line */
    return finish_line (&line);
}

#define SCAFFOLD_WORDS(WORD)                                                                                 \
    WORD (NAME), WORD (TITLE), WORD (EXTENSION), WORD (EXTENSIONS), WORD (EXTENSION_LIST), WORD (DOTTED),    \
        WORD (SUFFIX), WORD (ZERO), WORD (AUTHOR), WORD (LICENSE), WORD (YEAR), WORD (DATE),                 \
        WORD (NAME_LENGTH), WORD (DTYPE_LENGTH), WORD (SOURCES), WORD (MESON_SOURCES), WORD (HEADERS),       \
        WORD (SAMPLES)
#define WORD_NUMBER(word) word
#define WORD_KEY(word) #word
enum { SCAFFOLD_WORDS (WORD_NUMBER), WORDS };
static const char *const keys[] = { SCAFFOLD_WORDS (WORD_KEY) };

/* All values are the caller's to free. */
static void
make_words (const struct scaffold *scaffold, struct scaffold_word words[WORDS + 1])
{
    char year[16], date[40];
    time_t now = time (NULL);
    struct tm parts;
    localtime_r (&now, &parts);
    strftime (year, sizeof year, "%Y", &parts);
    strftime (date, sizeof date, "%B %e, %Y", &parts);
    size_t kind = find_kind (scaffold->kind);
    char *values[WORDS] = {
        [NAME] = copy_text (scaffold->name, strlen (scaffold->name)),
        [TITLE] = capital_name (scaffold->name),
        [EXTENSION] = copy_text (scaffold->extensions[0], strlen (scaffold->extensions[0])),
        [EXTENSIONS] = join_extensions (scaffold, "", "", " "),
        [EXTENSION_LIST] = join_extensions (scaffold, "\"", "\"", ", "),
        [DOTTED] = join_extensions (scaffold, ".", "", ", "),
        [SUFFIX] = copy_text (scaffold->cxx ? "cc" : "c", scaffold->cxx ? 2 : 1),
        [ZERO] = copy_text (scaffold->cxx ? "{}" : "{ 0 }", scaffold->cxx ? 2 : 5),
        [AUTHOR] = copy_text (scaffold->author, strlen (scaffold->author)),
        [LICENSE] = copy_text (scaffold->license, strlen (scaffold->license)),
        [YEAR] = copy_text (year, strlen (year)),
        [DATE] = copy_text (date, strlen (date)),
        [NAME_LENGTH] = hex_number (strlen (scaffold->name)),
        [DTYPE_LENGTH] = hex_number (strlen (scaffold->name) + sizeof "example." - 1),
    };
    for (int i = 0; i < WORDS; i++)
        words[i] = (struct scaffold_word){ keys[i], values[i] ? values[i] : "" };
    words[WORDS] = (struct scaffold_word){ 0 };
    words[SOURCES].value = expand_short (kinds[kind].sources, words);
    words[MESON_SOURCES].value = expand_short (kinds[kind].meson_sources, words);
    words[HEADERS].value = expand_short (kinds[kind].headers, words);
    words[SAMPLES].value = expand_short (kinds[kind].samples, words);
}

/* ---- files --------------------------------------------------------------------------------------- */

static const char *
find_template (const char *name)
{
    const struct scaffold_template *found = scaffold_templates;
    while (strcmp (found->name, name) != 0)
        found++; /* each that a row names is there: tests make all files */
    return found->text;
}

static struct scaffold_file
make_file (const char *name, const char *path, const struct scaffold_word *words, const char *flags)
{
    struct line line = { 0 };
    expand_text (&line, find_template (name), words, flags);
    const char *end = strrchr (name, '.');
    if (end && strcmp (end, ".hex") == 0) {
        struct line bytes = { 0 };
        expand_hex (&bytes, finish_line (&line));
        line_clean (&line);
        line = bytes;
    }
    return (struct scaffold_file){ expand_short (path, words), line.text, line.length };
}

struct scaffold_files
scaffold_make (const struct scaffold *scaffold)
{
    struct scaffold_files files = { get_memory (NULL, ROWS, sizeof *files.items), 0 };
    struct scaffold_word words[WORDS + 1];
    char flags[40];
    make_words (scaffold, words);
    snprintf (flags, sizeof flags, " %s %s ", scaffold->cxx ? "c++" : "c",
              kinds[find_kind (scaffold->kind)].flags);
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].kinds & scaffold->kind)
            files.items[files.count++] = make_file (rows[i].name, rows[i].path, words, flags);
    for (int i = 0; i < WORDS; i++)
        free ((void *) (uintptr_t) words[i].value);
    return files;
}

void
scaffold_free (struct scaffold_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        free (files->items[i].path);
        free (files->items[i].bytes);
    }
    free (files->items);
    *files = (struct scaffold_files){ 0 };
}
