/* SPDX-License-Identifier: MIT */
/* cmd_ls.c - tenon ls: the tensors and metadata of files. */
#include "command.h"
#include "fields.h"
#include "files.h"
#include "globs.h"
#include "json.h"
#include "library.h"
#include "memory.h"
#include "message.h"
#include "number.h"
#include "output.h"
#include "report.h"
#include "table.h"
#include "text.h"
#include "tool.h"
#include "value.h"
#include <inttypes.h>
#include <unistd.h>

static struct {
    bool bytes, extended;
    const char *meta, *sort;
    struct text_list only;
} ls;

static const struct tool_option ls_options[] = {
    { "long", 'l', OPTION_FLAG, NULL,
      "also how the bytes lie: stored bytes, filter, order, byte order, source", &ls.extended },
    { "meta", 'm', OPTION_MAYBE_CHOICE, "full", "also the metadata; long arrays only with --meta=full",
      &ls.meta },
    { "sort", 's', OPTION_CHOICE, "name|size|offset", "in this order (size: largest first), not the file's",
      &ls.sort },
    { "only", 0, OPTION_LIST, "GLOB", "only tensors whose name matches; may be repeated", &ls.only },
    { "bytes", 'b', OPTION_FLAG, NULL, "sizes in bytes on a terminal too", &ls.bytes },
    { 0 }
};

/* The tensors that are listed, in order. */
struct listing {
    const tenon_file *file;
    struct tensor_key {
        uint64_t index, number; /* size or offset */
        const char *text;       /* name or source */
    } * keys;
    uint64_t count, unreadable, elements, nbytes; /* elements and bytes of those that can be read */
    uint32_t cut_dtype;                           /* the dtype whose name was cut last, and its end */
    char cut_end[48];
};

static int
compare_keys (const void *left, const void *right)
{
    const struct tensor_key *a = left, *b = right;
    int order = a->text && b->text ? strcmp (a->text, b->text) : 0;
    if (order == 0)
        order = a->number < b->number ? -1 : a->number > b->number;
    if (order == 0) /* equal keys stay in the file's order */
        order = a->index < b->index ? -1 : a->index > b->index;
    return order;
}

static struct tensor_key
make_key (const tenon_tensor_info *info, uint64_t index)
{
    struct tensor_key key = { index, 0, NULL };
    if (ls.sort && strcmp (ls.sort, "name") == 0)
        key.text = info->name;
    else if (ls.sort && strcmp (ls.sort, "size") == 0)
        key.number = UINT64_MAX - info->nbytes;
    else if (ls.sort)
        key.text = info->source_name, key.number = info->offset;
    return key;
}

static uint64_t
add_up (uint64_t sum, uint64_t number)
{
    return sum + number < sum ? UINT64_MAX : sum + number;
}

static struct listing
choose_tensors (const tenon_file *file, struct globs *only)
{
    uint64_t all = tenon_count (file);
    struct listing list = { .file = file, .keys = get_memory (NULL, all, sizeof *list.keys) };
    for (uint64_t i = 0; i < all; i++) {
        tenon_tensor_info info = tensor_get (file, i);
        if (ls.only.count > 0 && !globs_match (only, info.name))
            continue;
        list.keys[list.count++] = make_key (&info, i);
        list.unreadable += info.unreadable < 0;
        if (info.unreadable < 0)
            continue;
        list.elements = add_up (list.elements, info.elements);
        list.nbytes = add_up (list.nbytes, info.nbytes);
    }
    if (ls.sort)
        qsort (list.keys, list.count, sizeof *list.keys, compare_keys);
    return list;
}

/* ---- for people ---------------------------------------------------------------------------------- */

static const char *
order_of (const tenon_tensor_info *info)
{
    return info->strides ? "strided" : info->flags & TENON_FORTRAN ? "F" : "C";
}

/* Of a tensor that cannot be read it need not be. */
static bool
size_known (const tenon_tensor_info *info)
{
    return info->unreadable == TENON_OK || info->nbytes > 0
           || (info->dtype != TENON_NONE && !(info->flags & TENON_NO_SHAPE) && info->elements == 0);
}

/* Chunks have a place each. */
static bool
has_place (const tenon_tensor_info *info)
{
    return info->storage != 2;
}

/* Columns of ls and of ls -l. Where a tensor cannot be read, one more says so. */
enum { COLUMNS = 5, EXTENDED_COLUMNS = 10 };

static void
row_mark (struct row *row, unsigned column, const tenon_tensor_info *info)
{
    if (!tool.verbose) {
        row_set (row, column, "unreadable");
        return;
    }
    size_t room = strlen (info->why) + 16;
    CLEAN (text) char *text = get_memory (NULL, room, 1);
    snprintf (text, room, "unreadable: %s", info->why); /* escaped by the library */
    row_set_shown (row, column, text);
}

/* How a dtype's name ends that is cut: with the number of its fields, if it has some. */
static void
cut_end (const tenon_file *file, const tenon_tensor_info *info, char *end, size_t room)
{
    struct tenon_dtype dtype = { .struct_size = sizeof dtype };
    struct fields fields = { 0 };
    snprintf (end, room, " ...");
    if (tenon_dtype_get (NULL, file, info->dtype, &dtype) == TENON_OK && dtype.family
        && strcmp (dtype.family, "numpy") == 0 && fields_parse (dtype.text, dtype.block_bytes, &fields)
        && fields.items[0].kind == FIELD_RECORD)
        snprintf (end, room, " ... %zu fields", fields_direct (&fields, 0));
    fields_clean (&fields);
}

/* The dtype's name; on a terminal one that would fill it is cut. */
static void
set_dtype (struct row *row, unsigned column, struct listing *list, const tenon_tensor_info *info)
{
    size_t length = strlen (info->dtype_name);
    size_t most = terminal_is_output () && !tool.verbose ? terminal_columns (STDOUT_FILENO) / 2 : SIZE_MAX;
    if (length <= most) {
        row_text (row, column, info->dtype_name, length);
        return;
    }
    if (list->cut_dtype != info->dtype) /* often that of the row before; it may be long */
        cut_end (list->file, info, list->cut_end, sizeof list->cut_end);
    list->cut_dtype = info->dtype;
    size_t end = strlen (list->cut_end), fit = display_fit (info->dtype_name, most > end ? most - end : 1);
    row_set (row, column, "%.*s%s", (int) fit, info->dtype_name, list->cut_end);
}

static void
set_word (struct row *row, unsigned column, const char *word)
{
    row_text (row, column, word, strlen (word));
}

/* For people only, and unless they want it exactly, in units. */
static void
set_size (struct row *row, unsigned column, uint64_t bytes)
{
    char text[NUMBER_ROOM];
    if (ls.bytes || !terminal_is_output ()) {
        row_number (row, column, bytes);
        return;
    }
    number_human (text, bytes);
    set_word (row, column, text);
}

static void
fill_tensor_row (void *user, uint64_t index, struct row *row)
{
    struct listing *list = user;
    tenon_tensor_info info = tensor_get (list->file, list->keys[index].index);
    row_text (row, 0, info.name, info.name_length);
    set_dtype (row, 1, list, &info);
    if (info.flags & TENON_NO_SHAPE)
        set_word (row, 2, "?");
    else
        row_shape (row, 2, info.shape, info.rank);
    if (size_known (&info))
        set_size (row, 3, info.nbytes);
    else
        set_word (row, 3, "?");
    if (has_place (&info))
        row_number (row, 4, info.offset);
    else
        set_word (row, 4, "-");
    unsigned last = ls.extended ? EXTENDED_COLUMNS : COLUMNS; /* behind the others, which keep their places */
    if (info.unreadable < 0) {
        row->colour = COLOUR_BAD;
        row_mark (row, last, &info);
    } else if (list->unreadable > 0)
        set_word (row, last, "");
    if (!ls.extended)
        return;
    if (has_place (&info))
        set_size (row, 5, info.stored);
    else
        set_word (row, 5, "-");
    set_word (row, 6, info.storage == 1 ? "served" : info.filter ? info.filter : "-");
    set_word (row, 7, order_of (&info));
    set_word (row, 8, info.flags & TENON_BIG_ENDIAN ? "big" : "little");
    set_word (row, 9, info.source_name);
}

/* The widths, on a terminal, of the column of keys and that of types. */
static void
measure_metadata (const tenon_context *context, const tenon_file *file, size_t widths[2])
{
    const size_t most = terminal_columns (STDOUT_FILENO) / 2;
    tenon_metadata_info info;
    widths[0] = widths[1] = 0;
    for (uint64_t i = 0; metadata_get (file, i, &info); i++) {
        char type[64];
        CLEAN (text) char *key = shown (info.key, info.key_length);
        size_t width = display_width (key);
        value_type_name (context, &info.value, type);
        if (width > widths[0] && width <= most)
            widths[0] = width;
        if (strlen (type) > widths[1])
            widths[1] = strlen (type);
    }
}

static tenon_status
print_metadata (const tenon_context *context, const tenon_file *file, tenon_error *error)
{
    bool full = *ls.meta, aligned = terminal_is_output ();
    size_t widths[2] = { 0 }, columns = terminal_columns (STDOUT_FILENO), letters = SIZE_MAX;
    if (aligned) {
        measure_metadata (context, file, widths);
        size_t left = columns - widths[0] < widths[1] ? 0 : columns - widths[0] - widths[1];
        letters = left > 30 ? left - 10 : 20; /* room for gaps and dots */
    }
    tenon_metadata_info info;
    for (uint64_t i = 0; metadata_get (file, i, &info) && !output_broken (); i++) {
        char type[64];
        CLEAN (text) char *key = shown (info.key, info.key_length);
        size_t width = display_width (key), fill = aligned && width < widths[0] ? widths[0] - width : 0;
        value_type_name (context, &info.value, type);
        printf ("%s%*s%s%s%-*s%s%s", key, (int) fill, "", aligned ? "  " : "\t", colour_on (COLOUR_DTYPE),
                (int) widths[1], type, colour_off (COLOUR_DTYPE), aligned ? "  " : "\t");
        tenon_status status = value_print_text (file, &info.value, full, letters, error);
        putchar ('\n');
        if (status < 0)
            return status;
    }
    if (tenon_metadata_count (file) > 0 && !tool.quiet)
        putchar ('\n');
    return TENON_OK;
}

static void
print_summary (const struct listing *list, const tenon_file_info *info)
{
    char human[NUMBER_ROOM] = "";
    if (terminal_is_output () && !ls.bytes && list->nbytes >= 1024)
        number_human (human, list->nbytes);
    printf ("%s%" PRIu64, colour_on (COLOUR_FAINT), list->count);
    if (list->count < info->tensors)
        printf (" of %" PRIu64, info->tensors);
    printf (" %s, ", plural (list->count < info->tensors ? info->tensors : list->count, "tensor", "tensors"));
    if (list->unreadable > 0)
        printf ("%" PRIu64 " unreadable, ", list->unreadable);
    printf ("%" PRIu64 " %s, ", list->elements, plural (list->elements, "element", "elements"));
    printf ("%" PRIu64 " %s%s%s%s, %s%s\n", list->nbytes, plural (list->nbytes, "byte", "bytes"),
            *human ? " (" : "", human, *human ? ")" : "", info->format, colour_off (COLOUR_FAINT));
}

static tenon_status
print_file_text (const tenon_context *context, const struct listing *list, tenon_error *error)
{
    struct column columns[EXTENDED_COLUMNS + 1] = {
        { "NAME", false, COLOUR_NONE },    { "DTYPE", false, COLOUR_DTYPE }, { "SHAPE", false, COLOUR_NONE },
        { "SIZE", true, COLOUR_NONE },     { "OFFSET", true, COLOUR_NONE },  { "STORED", true, COLOUR_NONE },
        { "FILTER", false, COLOUR_NONE },  { "ORDER", false, COLOUR_NONE },  { "ENDIAN", false, COLOUR_NONE },
        { "SOURCE", false, COLOUR_FAINT },
    };
    unsigned count = ls.extended ? EXTENDED_COLUMNS : COLUMNS;
    if (list->unreadable > 0)
        columns[count++] = (struct column){ "DATA", false, COLOUR_NONE };
    tenon_status status = ls.meta ? print_metadata (context, list->file, error) : TENON_OK;
    struct listing copy = *list;
    table_print (columns, count, list->count, fill_tensor_row, &copy);
    tenon_file_info info = file_get (list->file);
    if (!tool.quiet)
        print_summary (list, &info);
    return status;
}

/* ---- JSON ---------------------------------------------------------------------------------------- */

/* Adds `,"key":` and a text or null. */
static void
put_text (struct line *line, const char *key, const char *text)
{
    line_word (line, key);
    if (text)
        json_put_text (line, text, strlen (text));
    else
        line_word (line, "null");
}

static void
put_size (struct line *line, const char *key, uint64_t number)
{
    line_word (line, key);
    line_number (line, number);
}

static void
put_tensor (struct line *line, const tenon_tensor_info *info)
{
    line_word (line, "{\"name\":");
    json_put_text (line, info->name, info->name_length);
    put_text (line, ",\"dtype\":", info->dtype_name);
    line_word (line, ",\"shape\":");
    if (info->flags & TENON_NO_SHAPE)
        line_word (line, "null");
    else
        line_shape (line, info->shape, info->rank);
    if (size_known (info))
        put_size (line, ",\"nbytes\":", info->nbytes);
    else
        line_word (line, ",\"nbytes\":null");
    put_text (line, ",\"source\":", info->source_name);
    if (has_place (info)) {
        put_size (line, ",\"offset\":", info->offset);
        put_size (line, ",\"stored\":", info->stored);
    } else
        line_word (line, ",\"offset\":null,\"stored\":null");
    put_text (line, ",\"filter\":", info->filter);
    if (info->chunk_shape) {
        line_word (line, ",\"chunks\":");
        line_shape (line, info->chunk_shape, info->rank);
    }
    put_text (line, ",\"order\":", order_of (info));
    if (info->strides) {
        line_word (line, ",\"strides\":");
        json_put_strides (line, info->strides, info->rank);
    }
    put_text (line, ",\"endian\":", info->flags & TENON_BIG_ENDIAN ? "big" : "little");
    if (info->unreadable < 0) {
        put_text (line, ",\"unreadable\":{\"status\":", tenon_status_name (info->unreadable));
        put_text (line, ",\"why\":", info->why);
        line_word (line, "}");
    }
    line_word (line, "}");
}

/* Prints the metadata as one object: of the values, or of the names of their types. */
static tenon_status
metadata_json (const tenon_context *context, const tenon_file *file, bool types, tenon_error *error)
{
    tenon_status status = TENON_OK;
    bool begun = false;
    CLEAN (line) struct line line = { 0 };
    putchar ('{');
    for (uint64_t i = 0; i < tenon_metadata_count (file) && status == TENON_OK && !output_broken (); i++) {
        tenon_metadata_info info;
        char type[64];
        if (!metadata_get (file, i, &info))
            continue;
        line_word (&line, begun ? "," : "");
        begun = true;
        json_put_key (&line, info.key, info.key_length);
        line_word (&line, ":");
        value_type_name (context, &info.value, type);
        if (types)
            json_put_text (&line, type, strlen (type));
        json_print_put (&line);
        if (!types)
            status = value_print_json (file, &info.value, error);
    }
    putchar ('}');
    return status;
}

static tenon_status
print_file_json (const tenon_context *context, const char *path, const struct listing *list,
                 tenon_error *error)
{
    tenon_file_info info = file_get (list->file);
    fputs ("{\"file\":", stdout);
    json_print (json_text (path, strlen (path)));
    fputs (",\"format\":", stdout);
    json_print (json_text (info.format, strlen (info.format)));
    fputs (",\n\"metadata\":", stdout);
    tenon_status status = metadata_json (context, list->file, false, error);
    fputs (",\n\"metadata_types\":", stdout);
    metadata_json (context, list->file, true, NULL);
    fputs (",\n\"tensors\":[", stdout);
    CLEAN (line) struct line line = { 0 };
    for (uint64_t i = 0; i < list->count && !output_broken (); i++) {
        tenon_tensor_info tensor = tensor_get (list->file, list->keys[i].index);
        fputs (i ? ",\n" : "\n", stdout);
        put_tensor (&line, &tensor);
        json_print_put (&line);
    }
    putchar (']');
    json_object *notes = json_notes (tenon_file_report (list->file), TENON_NOTE);
    if (notes) {
        fputs (",\n\"notes\":", stdout);
        json_print (notes);
    }
    if (status < 0) {
        fputs (",\n\"error\":", stdout);
        json_print (json_failure (error));
    }
    putchar ('}');
    return status;
}

/* ---- the command --------------------------------------------------------------------------------- */

/* State that all files share. */
struct listed_files {
    struct globs only;
    bool heading;
};

static int
list_file (tenon_context *context, const char *path, void *user)
{
    struct listed_files *files = user;
    CLEAN (file) tenon_file *file = NULL;
    tenon_error error = TENON_ERROR_INIT;
    if (file_open (context, path, tool.format, &file, &error) < 0)
        return files_failure (path, &error);
    struct listing list = choose_tensors (file, &files->only);
    tenon_status status;
    if (tool.json) {
        status = print_file_json (context, path, &list, &error);
    } else {
        report_notes (tenon_file_report (file));
        report_unreadable (file);
        CLEAN (text) char *name = shown (path, strlen (path));
        if (files->heading)
            printf ("%s%s:%s\n", colour_on (COLOUR_TITLE), name, colour_off (COLOUR_TITLE));
        status = print_file_text (context, &list, &error);
    }
    free (list.keys);
    return status < 0 ? report_failure (&error) : EXIT_DONE;
}

static int
run_ls (int count, char **paths)
{
    CLEAN (context) tenon_context *context = context_new ();
    if (!context)
        return EXIT_TROUBLE;
    struct listed_files files = { globs_start (&ls.only), count > 1 && !tool.quiet };
    int code = files_each (context, count, paths, files.heading, list_file, &files);
    if (code == EXIT_DONE && !globs_all_matched (&files.only, "--only"))
        code = EXIT_TROUBLE;
    globs_clean (&files.only);
    list_free (&ls.only);
    return code;
}

const struct command ls_command = {
    .name = "ls",
    .arguments = "FILE...",
    .summary = "lists the tensors of files",
    .details = "When the output is no terminal, the columns are separated by tabs, sizes are exact,\n"
               "and there are no titles; -q leaves out the summary as well.",
    .options = ls_options,
    .least = 1,
    .most = -1,
    .json = true,
    .run = run_ls,
};
