/* SPDX-License-Identifier: MIT */
/* cmd_formats.c - tenon formats: every codec, what it can do, and the plugins that were not loaded. */
#include "codecs.h"
#include "command.h"
#include "formats_json.h"
#include "library.h"
#include "memory.h"
#include "message.h"
#include "nearest.h"
#include "output.h"
#include "pins.h"
#include "report.h"
#include "table.h"
#include "text.h"
#include "tool.h"
#include "verdicts.h"
#include <inttypes.h>

static bool show_all, print_pins;
static const struct tool_option formats_options[] = {
    { "all", 'a', OPTION_FLAG, NULL, "also formats that are of use only inside others", &show_all },
    { "pins", 0, OPTION_FLAG, NULL, "print sections of tenon.ini that pin the plugins in use to their files",
      &print_pins },
    { 0 }
};

/* What is shown: numbers of codecs, and behind those of all codecs the numbers of filters. */
struct shown_codecs {
    const tenon_context *context;
    uint64_t *indexes, count;
};

static tenon_filter_info
get_filter (const tenon_context *context, uint64_t index)
{
    tenon_filter_info info = { .struct_size = sizeof info };
    tenon_filter_get (context, index, &info);
    return info;
}

static const char *
or_nothing (const char *text)
{
    return text ? text : "";
}

/* "read,write,stream", "archive" */
static void
abilities_text (uint32_t flags, char text[32])
{
    if (flags & TENON_CAN_ARCHIVE)
        snprintf (text, 32, "archive");
    else
        snprintf (text, 32, "%s%s%s%s%s", flags & TENON_CAN_READ ? "read" : "",
                  flags & TENON_CAN_READ && flags & TENON_CAN_WRITE ? "," : "",
                  flags & TENON_CAN_WRITE ? "write" : "",
                  flags & (TENON_CAN_READ | TENON_CAN_WRITE) && flags & TENON_CAN_STREAM ? "," : "",
                  flags & TENON_CAN_STREAM ? "stream" : "");
}

/* ---- the table ----------------------------------------------------------------------------------- */

static void
fill_filter_row (const tenon_context *context, uint64_t index, struct row *row)
{
    tenon_filter_info info = get_filter (context, index);
    row_set (row, 0, "%s", info.id);
    row_set (row, 1, "%s", "");
    row_set (row, 2, "%s", "encode,decode");
    row_set (row, 3, "%s", info.plugin);
    row_set (row, 4, "%s", or_nothing (info.label));
}

static void
fill_codec_row (void *user, uint64_t index, struct row *row)
{
    const struct shown_codecs *codecs = user;
    uint64_t number = codecs->indexes[index], all = tenon_codec_count (codecs->context);
    if (number >= all) {
        fill_filter_row (codecs->context, number - all, row);
        return;
    }
    tenon_codec_info info = codec_get (codecs->context, number);
    CLEAN (text) char *extensions = codec_extensions (&info);
    char can[32];
    abilities_text (info.flags, can);
    row_set (row, 0, "%s", info.id);
    row_set (row, 1, "%s", extensions);
    row_set (row, 2, "%s", can);
    row_set (row, 3, "%s %s", info.plugin, or_nothing (info.plugin_version));
    row_set (row, 4, "%s", or_nothing (info.label));
}

/* ---- -v ------------------------------------------------------------------------------------------ */

static void
print_labelled (const char *label, const char *text)
{
    if (!text || !*text)
        return;
    CLEAN (text) char *printed = shown (text, strlen (text));
    printf ("  %-12s%s\n", label, printed);
}

/* True of "none", too. */
static bool
filter_exists (const tenon_context *context, const char *id, size_t length)
{
    for (uint64_t i = 0; i < tenon_filter_count (context); i++) {
        tenon_filter_info info = { .struct_size = sizeof info };
        if (tenon_filter_get (context, i, &info) == TENON_OK && strlen (info.id) == length
            && memcmp (info.id, id, length) == 0)
            return true;
    }
    return length == 4 && memcmp (id, "none", 4) == 0;
}

/* Prints the filters among the choices that are in use, or those that are not, each after a blank. Returns
 * their number; with `ask` it only counts. */
static unsigned
print_choices (const tenon_context *context, const char *choices, bool in_use, bool ask)
{
    unsigned count = 0;
    for (size_t length; *choices; choices += length + (choices[length] == ' ')) {
        length = strcspn (choices, " ");
        if (filter_exists (context, choices, length) != in_use)
            continue;
        if (!ask)
            output_shown (" %.*s", (int) length, choices);
        count++;
    }
    return count;
}

/* ": none a b (not in use: c)" */
static void
print_filter_choices (const tenon_context *context, const char *choices)
{
    putchar (':');
    print_choices (context, choices, true, false);
    if (print_choices (context, choices, false, true) == 0)
        return;
    fputs (" (not in use:", stdout);
    print_choices (context, choices, false, false);
    putchar (')');
}

static void
print_option (const tenon_context *context, const char *id, uint64_t codec, uint64_t index)
{
    struct tenon_setting setting = { .struct_size = sizeof setting };
    struct tenon_option option = codec_option (context, codec, index, &setting);
    output_shown ("    %s.%s=%s", id, option.name, or_nothing (setting.text));
    if (setting.origin && strcmp (setting.origin, "default") != 0)
        output_shown ("  (from %s; the default is %s)", setting.origin, or_nothing (option.value));
    putchar ('\n');
    output_shown ("        %s; %s", or_nothing (option.help), option_type_name (option.type));
    if (option.type == TENON_OPTION_FILTER && option.choices)
        print_filter_choices (context, option.choices);
    else if (option.choices)
        output_shown (": %s", option.choices);
    if (option.least < option.most)
        printf (" from %.15g to %.15g", option.least, option.most);
    putchar ('\n');
}

static void
print_codec (const tenon_context *context, uint64_t index)
{
    tenon_codec_info info = codec_get (context, index);
    CLEAN (text) char *extensions = codec_extensions (&info);
    char text[128];
    printf ("%s%s%s  ", colour_on (COLOUR_TITLE), info.id, colour_off (COLOUR_TITLE));
    output_shown ("%s", or_nothing (info.label));
    putchar ('\n');
    print_labelled ("extensions", extensions);
    abilities_text (info.flags, text);
    print_labelled ("can", text);
    print_labelled ("metadata", metadata_name (info.metadata));
    snprintf (text, sizeof text, "%" PRIu64, info.max_tensors);
    print_labelled ("tensors", info.max_tensors ? text : "any number");
    if (info.priority) {
        snprintf (text, sizeof text, "%" PRId64, info.priority);
        print_labelled ("priority", text);
    }
    snprintf (text, sizeof text, "%s %s%s%s%s", info.plugin, or_nothing (info.plugin_version),
              info.plugin_license ? " (" : "", or_nothing (info.plugin_license),
              info.plugin_license ? ")" : "");
    print_labelled ("plugin", text);
    print_labelled ("", info.plugin_summary);
    print_labelled ("file", info.plugin_file ? info.plugin_file : "built in");
    if (info.option_count > 0)
        printf ("  options\n");
    for (uint64_t i = 0; i < info.option_count; i++)
        print_option (context, info.id, index, i);
    putchar ('\n');
}

static void
print_filter (const tenon_context *context, uint64_t index, const char *indent)
{
    tenon_filter_info info = get_filter (context, index);
    printf ("%s%-12s", indent, info.id);
    output_shown ("%s, levels %d to %d, default %d (%s)", or_nothing (info.label), (int) info.least_level,
                  (int) info.most_level, (int) info.default_level, info.plugin);
    putchar ('\n');
}

static void
print_filters (const tenon_context *context)
{
    printf ("%sfilters%s\n", colour_on (COLOUR_TITLE), colour_off (COLOUR_TITLE));
    for (uint64_t i = 0; i < tenon_filter_count (context); i++)
        print_filter (context, i, "  ");
    putchar ('\n');
}

/* Prints a heading and the names of all dtypes that can be read and written so; nothing if there are none. */
static void
print_dtypes_that (const tenon_context *context, bool read, bool write, const char *label)
{
    size_t room = terminal_is_output () ? terminal_columns (1) : 100, used = room;
    bool first = true;
    for (uint32_t id = TENON_NONE; (id = tenon_dtype_next (context, id)) != TENON_NONE;) {
        struct tenon_dtype dtype = { .struct_size = sizeof dtype };
        if (tenon_dtype_get (context, NULL, id, &dtype) < 0 || !dtype.name || dtype_reads (&dtype) != read
            || dtype_writes (&dtype) != write)
            continue;
        size_t width = strlen (dtype.name) + 1;
        if (first)
            printf ("%s%s%s", colour_on (COLOUR_TITLE), label, colour_off (COLOUR_TITLE));
        if (used + width > room) {
            fputs ("\n ", stdout);
            used = 1;
        }
        printf (" %s", dtype.name);
        used += width;
        first = false;
    }
    if (!first)
        putchar ('\n');
}

static void
print_dtypes (const tenon_context *context)
{
    print_dtypes_that (context, true, true, "dtypes");
    print_dtypes_that (context, true, false, "dtypes that are only read: nothing is converted to them");
    print_dtypes_that (context, false, true, "dtypes that are only written: they are converted to nothing");
    print_dtypes_that (context, false, false, "dtypes that are only carried: their bytes stay as they are");
}

static bool
not_loaded (void *user, const tenon_report_entry *entry)
{
    (void) user;
    return !entry->chosen;
}

static void
print_all (const struct shown_codecs *codecs, bool everything)
{
    const tenon_context *context = codecs->context;
    uint64_t all = tenon_codec_count (context);
    for (uint64_t i = 0; i < codecs->count; i++)
        if (codecs->indexes[i] < all)
            print_codec (context, codecs->indexes[i]);
        else
            print_filter (context, codecs->indexes[i] - all, "");
    if (!everything)
        return;
    print_filters (context);
    print_dtypes (context);
    CLEAN (verdicts)
    struct verdicts verdicts = verdicts_choose (tenon_context_report (context), not_loaded, NULL);
    if (verdicts.count > 0) {
        printf ("\n%splugins that are not loaded%s\n", colour_on (COLOUR_TITLE), colour_off (COLOUR_TITLE));
        verdicts_print (&verdicts);
    }
}

/* ---- the command --------------------------------------------------------------------------------- */

/* The texts of an entry are escaped already. */
static void
complain_verdict (const tenon_report_entry *entry)
{
    size_t room = strlen (entry->subject) + strlen (entry->message) + 32;
    CLEAN (text) char *text = get_memory (NULL, room, 1);
    snprintf (text, room, "there is no codec '%s': %s", entry->subject, entry->message);
    complain_shown (text);
}

/* Gives the verdict on the plugin of that name, if one was found, else the nearest name. */
static void
complain_of_codec (const tenon_context *context, const char *id, const struct nearest *nearest)
{
    tenon_report_entry entry;
    for (uint64_t i = 0; report_next (tenon_context_report (context), TENON_VERDICT, &i, &entry);)
        if (strcmp (entry.subject, id) == 0) {
            complain_verdict (&entry);
            return;
        }
    complain ("there is no codec '%s'%s", id, nearest_hint (nearest));
}

/* The codec of this id, or the filter. False after a message. */
static bool
find_shown (const tenon_context *context, const char *id, uint64_t *found)
{
    uint64_t all = tenon_codec_count (context);
    struct nearest nearest = nearest_start (id);
    for (uint64_t i = 0; i < all; i++) {
        tenon_codec_info info = codec_get (context, i);
        nearest_try (&nearest, info.id);
        *found = i;
        if (strcmp (info.id, id) == 0)
            return true;
    }
    for (uint64_t i = 0; i < tenon_filter_count (context); i++) {
        tenon_filter_info info = get_filter (context, i);
        nearest_try (&nearest, info.id);
        *found = all + i;
        if (strcmp (info.id, id) == 0)
            return true;
    }
    complain_of_codec (context, id, &nearest);
    return false;
}

/* Chooses all codecs, but hidden ones unless they are asked for; or what is named. False after a message. */
static bool
choose_codecs (int count, char **ids, struct shown_codecs *codecs)
{
    uint64_t all = tenon_codec_count (codecs->context);
    codecs->indexes = get_memory (NULL, all + (uint64_t) count, sizeof (uint64_t));
    for (uint64_t i = 0; i < all && count == 0; i++)
        if (show_all || !(codec_get (codecs->context, i).flags & TENON_IS_HIDDEN))
            codecs->indexes[codecs->count++] = i;
    for (int i = 0; i < count; i++)
        if (!find_shown (codecs->context, ids[i], &codecs->indexes[codecs->count++]))
            return false;
    return true;
}

static int
run_formats (int count, char **ids)
{
    static const struct column columns[] = {
        { "ID", false, COLOUR_TITLE },        { "EXTENSIONS", false, COLOUR_NONE },
        { "CAN", false, COLOUR_NONE },        { "PLUGIN", false, COLOUR_FAINT },
        { "WHAT IT IS", false, COLOUR_NONE },
    };
    if (print_pins && (count > 0 || tool.json))
        return misuse ("--pins goes with no ID, and not with --json");
    CLEAN (context) tenon_context *context = context_new ();
    if (!context)
        return EXIT_TROUBLE;
    if (print_pins)
        return pins_print (context) ? EXIT_DONE : EXIT_TROUBLE;
    struct shown_codecs codecs = { context, NULL, 0 };
    bool found = choose_codecs (count, ids, &codecs);
    if (found && tool.json)
        formats_print_json (context, codecs.indexes, codecs.count);
    else if (found && tool.verbose)
        print_all (&codecs, count == 0);
    else if (found)
        table_print (columns, COUNT_OF (columns), codecs.count, fill_codec_row, &codecs);
    if (found && codecs.count == 0 && !tool.quiet)
        complain (
            "no codec is in use (tenon formats -v tells which plugins were found, and what became of them)");
    if (found && tool.verbose && !tool.json)
        report_notes (tenon_context_report (context));
    free (codecs.indexes);
    return found ? EXIT_DONE : EXIT_TROUBLE;
}

const struct command formats_command = {
    .name = "formats",
    .arguments = "[ID...]",
    .summary = "lists the formats, what can be done with them, and their plugins",
    .details = "With -v it lists options, filters and dtypes too, and every plugin that was found but not "
               "loaded, with the reason.",
    .options = formats_options,
    .least = 0,
    .most = -1,
    .json = true,
    .run = run_formats,
};
