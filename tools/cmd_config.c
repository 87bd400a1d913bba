/* SPDX-License-Identifier: MIT */
/* cmd_config.c - tenon config: the effective configuration, and where each value comes from. */
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

static const struct tool_option config_options[] = { { 0 } };

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

/* The key as -o takes it: "max_header" of the section "codec npy" is npy.max_header, of the section "plugin
 * npy" it would be plugin.npy.max_header. */
static char *
full_key (const tenon_config_entry *entry)
{
    static const char codec[] = "codec ";
    const char *section = entry->section;
    if (strncmp (section, codec, sizeof codec - 1) == 0)
        section += sizeof codec - 1;
    size_t length = strlen (section);
    char *text = get_memory (NULL, length + strlen (entry->key) + 2, 1);
    for (size_t i = 0; i < length; i++)
        text[i] = section[i] == ' ' ? '.' : section[i];
    text[length] = '.';
    strcpy (text + length + 1, entry->key);
    return text;
}

/* All entries, or with `wanted` those of one key. */
static struct chosen
choose_keys (const tenon_context *context, const char *wanted)
{
    uint64_t all = tenon_config_count (context);
    struct chosen chosen = { context, get_memory (NULL, all, sizeof (uint64_t)), 0 };
    for (uint64_t i = 0; i < all; i++) {
        tenon_config_entry entry = entry_get (context, i);
        CLEAN (text) char *key = full_key (&entry);
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
        char *key = full_key (&entry);
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
    CLEAN (text) char *key = full_key (&entry);
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
        CLEAN (text) char *key = full_key (&entry);
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

static int
run_config (int count, char **keys)
{
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
    .arguments = "[KEY]",
    .summary = "prints the effective configuration, and where each value comes from",
    .details = "With a KEY it prints that value only; -v adds what the keys mean.",
    .options = config_options,
    .least = 0,
    .most = 1,
    .json = true,
    .run = run_config,
};
