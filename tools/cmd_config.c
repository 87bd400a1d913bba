/* SPDX-License-Identifier: MIT */
/* cmd_config.c - tenon config: the effective configuration, and where each value comes from. */
#include "codecs.h"
#include "command.h"
#include "json.h"
#include "library.h"
#include "memory.h"
#include "message.h"
#include "nearest.h"
#include "report.h"
#include "table.h"
#include "text.h"
#include "tool.h"

static bool check;
static const struct tool_option config_options[] = {
    { "check", 0, OPTION_FLAG, NULL, "look for faults: in the files given, or in those in use", &check },
    { 0 },
};

/* The entries that are printed. */
struct chosen {
    const tenon_context *context;
    uint64_t *indexes, count;
};

static tenon_config_entry
entry_get (const tenon_context *context, uint64_t index)
{
    tenon_config_entry entry = { .struct_size = sizeof entry };
    if (tenon_config_get (context, index, &entry) < 0)
        entry = (tenon_config_entry){ .section = "", .key = "", .value = "", .origin = "", .help = "" };
    return entry;
}

/* All entries, or with `wanted` those of one key. */
static struct chosen
choose_keys (const tenon_context *context, const char *wanted)
{
    uint64_t all = tenon_config_count (context);
    struct chosen chosen = { context, get_memory (NULL, all, sizeof (uint64_t)), 0 };
    for (uint64_t i = 0; i < all; i++) {
        tenon_config_entry entry = entry_get (context, i);
        CLEAN (text) char *key = config_key (&entry);
        if (!wanted || strcmp (wanted, key) == 0)
            chosen.indexes[chosen.count++] = i;
    }
    return chosen;
}

static void
complain_key (const tenon_context *context, const char *wanted)
{
    struct nearest nearest = nearest_start (wanted);
    char *kept = NULL;
    for (uint64_t i = 0; i < tenon_config_count (context); i++) {
        tenon_config_entry entry = entry_get (context, i);
        char *key = config_key (&entry);
        size_t before = nearest.distance;
        nearest_try (&nearest, key);
        if (nearest.distance < before) {
            free (kept);
            kept = key;
        } else {
            free (key);
        }
    }
    misuse ("there is no key '%s'%s", wanted, nearest_hint (&nearest));
    free (kept);
}

static void
fill_entry_row (void *user, uint64_t index, struct row *row)
{
    const struct chosen *chosen = user;
    tenon_config_entry entry = entry_get (chosen->context, chosen->indexes[index]);
    CLEAN (text) char *key = config_key (&entry);
    row_set (row, 0, "%s", key);
    row_set (row, 1, "%s", entry.value);
    row_set (row, 2, "%s", entry.origin);
    row_set (row, 3, "%s", entry.help ? entry.help : "");
    row->colour = strcmp (entry.origin, "default") == 0 ? COLOUR_NONE : COLOUR_TITLE;
}

static void
print_entries_json (const struct chosen *chosen)
{
    struct json_stream stream = json_begin (true);
    for (uint64_t i = 0; i < chosen->count; i++) {
        tenon_config_entry entry = entry_get (chosen->context, chosen->indexes[i]);
        CLEAN (text) char *key = config_key (&entry);
        json_object *object = json_new ();
        json_add_text (object, "key", key);
        json_add_text (object, "section", entry.section);
        json_add_text (object, "value", entry.value);
        json_add_text (object, "origin", entry.origin);
        json_add_text (object, "help", entry.help);
        json_next (&stream);
        json_print (object);
    }
    json_end (&stream);
}

static void
print_values (const struct chosen *chosen)
{
    for (uint64_t i = 0; i < chosen->count; i++) {
        tenon_config_entry entry = entry_get (chosen->context, chosen->indexes[i]);
        CLEAN (text) char *value = shown (entry.value, strlen (entry.value));
        printf ("%s\n", value);
    }
}

/* ---- --check ------------------------------------------------------------------------------------- */

/* The faults are the notes with a status. */
static json_object *
entries_json (const tenon_report *report, bool faults)
{
    json_object *array = json_array ();
    tenon_report_entry entry;
    for (uint64_t i = 0; report_next (report, TENON_NOTE, &i, &entry);) {
        if ((entry.status < 0) != faults)
            continue;
        json_object *object = json_new ();
        json_add_text (object, "file", entry.file);
        json_add_text (object, "message", entry.message);
        json_append (array, object);
    }
    return array;
}

static void
print_faults (const tenon_report *report)
{
    tenon_report_entry entry;
    for (uint64_t i = 0; report_next (report, TENON_NOTE, &i, &entry);)
        if (entry.status < 0)
            report_entry (NULL, &entry);
        else if (!tool.quiet)
            report_entry ("note", &entry);
}

/* A fault is an answer; a file that cannot be read is trouble. */
static int
fault_status (const tenon_report *report)
{
    tenon_report_entry entry;
    int worst = EXIT_DONE;
    for (uint64_t i = 0; report_next (report, TENON_NOTE, &i, &entry);)
        if (entry.status < 0 && worst != EXIT_TROUBLE)
            worst = entry.status == TENON_E_CONFIG ? EXIT_NO : EXIT_TROUBLE;
    return worst;
}

static int
run_check (int count, char **paths)
{
    tenon_context_options options = context_options ();
    CLEAN (report) tenon_report *report = NULL;
    tenon_error error = TENON_ERROR_INIT;
    const char **files = get_memory (NULL, (size_t) count + 1, sizeof *files);
    for (int i = 0; i < count; i++)
        files[i] = paths[i];
    files[count] = NULL;
    tenon_status status = tenon_config_check (&options, count > 0 ? files : NULL, &report, &error);
    free (files);
    int answer = fault_status (report);
    if (status < 0 && answer == EXIT_DONE)
        return report_failure (&error);
    if (tool.json) {
        json_object *object = json_new ();
        json_add_flag (object, "ok", answer == EXIT_DONE);
        json_add (object, "faults", entries_json (report, true));
        json_add (object, "notes", entries_json (report, false));
        json_print_line (object);
        return answer;
    }
    print_faults (report);
    for (int i = 0; answer == EXIT_DONE && !tool.quiet && i < count; i++) {
        CLEAN (text) char *name = shown (paths[i], strlen (paths[i]));
        printf ("%s: ok\n", name);
    }
    if (answer == EXIT_DONE && !tool.quiet && count == 0)
        printf ("configuration: ok\n");
    return answer;
}

static int
run_config (int count, char **keys)
{
    if (check)
        return run_check (count, keys);
    if (count > 1)
        return misuse ("'%s' is one argument too many", keys[1]);
    static const struct column columns[] = {
        { "KEY", false, COLOUR_NONE },
        { "VALUE", false, COLOUR_NONE },
        { "ORIGIN", false, COLOUR_FAINT },
        { "MEANING", false, COLOUR_NONE },
    };
    const char *wanted = count > 0 ? keys[0] : NULL;
    CLEAN (context) tenon_context *context = context_new ();
    if (!context)
        return EXIT_TROUBLE;
    if (!tool.json)
        report_notes (tenon_context_report (context));
    struct chosen chosen = choose_keys (context, wanted);
    if (wanted && chosen.count == 0)
        complain_key (context, wanted);
    else if (tool.json)
        print_entries_json (&chosen);
    else if (wanted && !tool.verbose)
        print_values (&chosen);
    else
        table_print (columns, tool.verbose ? 4 : 3, chosen.count, fill_entry_row, &chosen);
    bool found = !wanted || chosen.count > 0;
    free (chosen.indexes);
    return found ? EXIT_DONE : EXIT_TROUBLE;
}

const struct command config_command = {
    .name = "config",
    .arguments = "[KEY | --check [FILE...]]",
    .summary = "prints the effective configuration, and where each value comes from",
    .details =
        "With a KEY it prints that value only; -v adds what the keys mean.\n"
        "--check lists all faults with file and line, and exits with 1 if there are any, with 2 if a file "
        "cannot be read.",
    .options = config_options,
    .least = 0,
    .most = -1,
    .json = true,
    .run = run_config,
};
