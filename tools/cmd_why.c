/* SPDX-License-Identifier: MIT */
/* cmd_why.c - tenon why: which codecs looked at a file, and why one was chosen, or none. */
#include "command.h"
#include "json.h"
#include "library.h"
#include "memory.h"
#include "message.h"
#include "report.h"
#include "table.h"
#include "text.h"
#include "tool.h"
#include "verdicts.h"
#include <strings.h>

static const struct tool_option why_options[] = { { 0 } };

struct question {
    const tenon_context *context;
    const char *path;
    const char *chosen; /* a codec; NULL: none */
    tenon_report *bids;
};

static const char *
chosen_codec (const tenon_report *bids)
{
    tenon_report_entry entry;
    for (uint64_t i = 0; report_next (bids, TENON_BID, &i, &entry);)
        if (entry.chosen)
            return entry.subject;
    return NULL;
}

/* True if the first `length` letters of `word` are an extension of the path, as "npz" is of "x.npz" and of
 * "x.npz.old". */
static bool
sounds_like (const char *path, const char *word, size_t length)
{
    const char *name = strrchr (path, '/');
    for (const char *dot = strchr (name ? name : path, '.'); dot && length > 0; dot = strchr (dot + 1, '.'))
        if (strncasecmp (dot + 1, word, length) == 0 && (dot[1 + length] == 0 || dot[1 + length] == '.'))
            return true;
    return false;
}

/* True if a plugin was not loaded, and may concern the file: its name or its file sounds like the extension.
 * When no codec was chosen, any plugin may. */
static bool
might_have_served (void *user, const tenon_report_entry *entry)
{
    const struct question *question = user;
    if (entry->chosen)
        return false;
    const char *file = strrchr (entry->file, '/');
    file = file ? file + 1 : entry->file;
    return !question->chosen || tool.verbose
           || sounds_like (question->path, entry->subject, strlen (entry->subject))
           || sounds_like (question->path, file, strcspn (file, "."));
}

static void
fill_bid_row (void *user, uint64_t index, struct row *row)
{
    const struct question *question = user;
    tenon_report_entry entry = { .struct_size = sizeof entry };
    uint64_t next = 0;
    do
        if (!report_next (question->bids, TENON_BID, &next, &entry))
            return;
    while (index-- > 0);
    row_set_shown (row, 0, entry.subject);
    row_set (row, 1, "%s", entry.chosen ? "chosen" : "-");
    row_set_shown (row, 2, entry.message);
    row->colour = entry.chosen ? COLOUR_GOOD : COLOUR_NONE;
}

static void
print_answer (const struct question *question, const struct verdicts *verdicts)
{
    static const struct column columns[] = { { "CODEC", false, COLOUR_NONE },
                                             { "BID", false, COLOUR_NONE },
                                             { "WHAT IT FOUND", false, COLOUR_NONE } };
    struct question copy = *question;
    tenon_report_entry entry;
    uint64_t count = 0;
    for (uint64_t i = 0; report_next (question->bids, TENON_BID, &i, &entry);)
        count++;
    table_print (columns, COUNT_OF (columns), count, fill_bid_row, &copy);
    if (question->chosen && tool.format)
        printf ("\n--format chose %s\n", question->chosen);
    if (verdicts->count > 0) {
        putchar ('\n');
        verdicts_print (verdicts);
    }
}

static void
print_answer_json (const struct question *question, const struct verdicts *verdicts, const tenon_error *error)
{
    json_object *object = json_new (), *bids = json_array (),
                *notes = json_notes (tenon_context_report (question->context), TENON_NOTE);
    tenon_report_entry entry;
    const char *opened = NULL; /* the file that stands for a folder or a set */
    for (uint64_t i = 0; report_next (question->bids, TENON_BID, &i, &entry);) {
        json_object *bid = json_new ();
        opened = entry.file;
        json_add_text (bid, "codec", entry.subject);
        json_add_flag (bid, "chosen", entry.chosen != 0);
        json_add_text (bid, "message", entry.message);
        json_append (bids, bid);
    }
    json_add_text (object, "file", question->path);
    json_add_text (object, "opened", opened);
    json_add_text (object, "chosen", question->chosen);
    json_add (object, "bids", bids);
    notes = notes ? notes : json_array ();
    json_append_all (notes, json_notes (question->bids, TENON_NOTE));
    json_add (object, "notes", notes);
    json_add (object, "not_loaded", verdicts_json (verdicts));
    if (error->status < 0)
        json_add (object, "error", json_failure (error));
    json_print_line (object);
}

static int
run_why (int count, char **files)
{
    (void) count;
    CLEAN (context) tenon_context *context = context_new ();
    if (!context)
        return EXIT_TROUBLE;
    CLEAN (report) tenon_report *bids = NULL;
    tenon_error error = TENON_ERROR_INIT;
    tenon_open_options options = { .struct_size = sizeof options,
                                   .flags = open_flags (),
                                   .format = tool.format };
    tenon_status status = tenon_why (context, files[0], &options, &bids, &error);
    struct question question = { context, files[0], chosen_codec (bids), bids };
    if (status == TENON_OK && tool.format)
        question.chosen = tool.format; /* no codec was asked */
    /* When a file cannot be read, no plugin is to blame. */
    CLEAN (verdicts) struct verdicts verdicts = { 0 };
    if (bids && status != TENON_E_IO && !error.system)
        verdicts = verdicts_choose (tenon_context_report (context), might_have_served, &question);
    if (tool.json)
        print_answer_json (&question, &verdicts, &error);
    else
        print_answer (&question, &verdicts);
    if (!tool.json)
        report_notes (tenon_context_report (context));
    if (!tool.json && status == TENON_OK)
        report_notes (bids);
    return status < 0 ? report_failure (&error) : EXIT_DONE;
}

const struct command why_command = {
    .name = "why",
    .arguments = "FILE",
    .summary = "tells which codecs looked at a file, and why one was chosen",
    .details = "Plugins that could not be loaded are named too when they may have to do with the file; with "
               "-v, all of them.\n"
               "It exits with 0 when a codec was chosen, else with 2.",
    .options = why_options,
    .least = 1,
    .most = 1,
    .json = true,
    .run = run_why,
};
