/* SPDX-License-Identifier: MIT */
/* cause.c - why no codec serves a file. */
#include "context/cause.h"
#include "base/report.h"
#include <stdio.h>
#include <strings.h>

void
tn_cause_say (const struct tn_dropped *dropped, char cause[TN_CAUSE_ROOM])
{
    snprintf (cause, TN_CAUSE_ROOM, "the codec %s %s", dropped->codec->table.id, dropped->why);
}

bool
tn_plugin_in_use (const tenon_context *context, const char *name)
{
    for (uint64_t i = 0; i < context->registry.plugin_count; i++)
        if (strcmp (context->registry.plugins[i]->name, name) == 0)
            return true;
    return false;
}

/* True if `word` stands in the file's name between dots, or behind the last one, in capitals or not. */
static bool
sounds_like (const char *name, uint64_t length, const char *word)
{
    size_t size = strlen (word);
    for (uint64_t i = 0; size > 0 && i + size < length; i++)
        if (name[i] == '.' && strncasecmp (name + i + 1, word, size) == 0
            && (i + 1 + size == length || name[i + 1 + size] == '.'))
            return true;
    return false;
}

/* The next verdict on a plugin that was found and is not in use. */
static bool
next_unused (const tenon_context *context, uint64_t *index, tenon_report_entry *entry)
{
    while (*index < tenon_report_count (context->report)) {
        *entry = (tenon_report_entry){ .struct_size = sizeof *entry };
        if (tenon_report_get (context->report, (*index)++, entry) == TENON_OK && entry->kind == TENON_VERDICT
            && !entry->chosen && entry->subject[0] && !tn_plugin_in_use (context, entry->subject))
            return true;
    }
    return false;
}

static bool
find_verdict (const tenon_context *context, const char *name, uint64_t length, const char *plugin,
              char cause[TN_CAUSE_ROOM])
{
    tenon_report_entry entry;
    for (uint64_t i = 0; next_unused (context, &i, &entry);)
        if ((plugin && strcmp (plugin, entry.subject) == 0) || sounds_like (name, length, entry.subject)) {
            snprintf (cause, TN_CAUSE_ROOM, "the plugin %s is not in use: %s", entry.subject, entry.message);
            return true;
        }
    return false;
}

bool
tn_cause_exists (const tenon_context *context)
{
    tenon_report_entry entry;
    uint64_t index = 0;
    return context->registry.dropped_count > 0 || next_unused (context, &index, &entry);
}

bool
tn_cause_find (const tenon_context *context, const char *name, uint64_t length, const char *plugin,
               char cause[TN_CAUSE_ROOM])
{
    const struct tn_registry *registry = &context->registry;
    const struct tn_dropped *best = NULL;
    size_t longest = 0;
    for (uint64_t i = 0; i < registry->dropped_count; i++) {
        const struct tn_dropped *dropped = &registry->dropped[i];
        size_t extension = tn_extension_length (dropped->codec, name, length);
        if (extension > longest)
            longest = extension, best = dropped;
        if (!best && plugin && strcmp (dropped->codec->table.id, plugin) == 0)
            best = dropped;
    }
    if (best)
        tn_cause_say (best, cause);
    return best || find_verdict (context, name, length, plugin, cause);
}

bool
tn_cause_of_word (const tenon_context *context, const char *word, char cause[TN_CAUSE_ROOM])
{
    TN_FREE char *name = tn_concat (".", word, NULL);
    return name && tn_cause_find (context, name, strlen (name), word, cause);
}

TN_OWN_FRAME tenon_status
tn_cause_fail_filter (const tenon_context *context, const char *id, tenon_error *error)
{
    char cause[TN_CAUSE_ROOM];
    bool known = tn_cause_of_word (context, id, cause);
    return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET, "there is no filter '%s'%s%s", TN_SHOW (id),
                    known ? ": " : "", known ? cause : "");
}
