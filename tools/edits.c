/* SPDX-License-Identifier: MIT */
/* edits.c - changes of metadata: convert --set, --set-type and --unset. Only the plan changes. */
#include "edits.h"
#include "globs.h"
#include "library.h"
#include "message.h"
#include "nearest.h"

/* KEY=TYPE. KEY ends at the last '=': a type has none. */
struct typed {
    char *key;
    const char *type;
    bool used;
};
struct types {
    struct typed *items;
    size_t count;
};

static void
types_clean (struct types *types)
{
    for (size_t i = 0; i < types->count; i++)
        free (types->items[i].key);
    free (types->items);
}

static bool
types_parse (const struct text_list *texts, struct types *types)
{
    types->items = get_memory (NULL, texts->count, sizeof *types->items);
    for (; types->count < texts->count; types->count++) {
        const char *text = texts->items[types->count], *equals = strrchr (text, '=');
        if (!equals || equals == text || !equals[1]) {
            misuse ("--set-type takes KEY=TYPE, not '%s'", text);
            return false;
        }
        types->items[types->count] =
            (struct typed){ copy_text (text, (size_t) (equals - text)), equals + 1, false };
    }
    return true;
}

/* The last --set-type of a key counts. */
static const struct typed *
types_find (const struct types *types, const char *key)
{
    const struct typed *found = NULL;
    for (size_t i = 0; i < types->count; i++)
        if (strcmp (types->items[i].key, key) == 0)
            found = &types->items[i];
    return found;
}

static void
types_mark (struct types *types, const char *key)
{
    for (size_t i = 0; i < types->count; i++)
        types->items[i].used |= strcmp (types->items[i].key, key) == 0;
}

static bool
types_all_used (const struct types *types)
{
    for (size_t i = 0; i < types->count; i++)
        if (!types->items[i].used) {
            misuse ("--set-type: there is no --set that gives '%s' a value", types->items[i].key);
            return false;
        }
    return true;
}

/* ---- --set --------------------------------------------------------------------------------------- */

/* Splits KEY=VALUE, where KEY may hold '=': it is the shortest text before a '=' that a --set-type names,
 * else the shortest that is a key of the file, else it ends at the first '='. */
static char *
split_key (const tenon_file *file, const struct types *types, const char *text, const char **value)
{
    const char *first = strchr (text, '='), *typed = NULL, *there = NULL;
    uint64_t index;
    for (const char *next = first; next; next = strchr (next + 1, '=')) {
        CLEAN (text) char *key = copy_text (text, (size_t) (next - text));
        if (!typed && types_find (types, key))
            typed = next;
        if (!there && tenon_metadata_find (file, key, &index) == TENON_OK)
            there = next;
    }
    const char *end = typed ? typed : there ? there : first;
    *value = end + 1;
    return copy_text (text, (size_t) (end - text));
}

static bool
set_values (const struct text_list *texts, struct types *types, const tenon_file *file, tenon_plan *plan)
{
    for (size_t i = 0; i < texts->count; i++) {
        const char *value;
        tenon_error error = TENON_ERROR_INIT;
        CLEAN (text) char *key = split_key (file, types, texts->items[i], &value);
        const struct typed *typed = types_find (types, key);
        types_mark (types, key);
        if (tenon_plan_set_metadata (plan, key, typed ? typed->type : NULL, value, &error) < 0) {
            report_failure (&error);
            return false;
        }
    }
    return true;
}

/* ---- --unset ------------------------------------------------------------------------------------- */

static bool
unset_all_matched (const struct globs *globs, const tenon_file *file)
{
    for (size_t i = 0; i < globs->patterns->count; i++) {
        if (globs->matched[i])
            continue;
        struct nearest nearest = nearest_start (globs->patterns->items[i]);
        tenon_metadata_info info;
        for (uint64_t k = 0; metadata_get (file, k, &info); k++)
            nearest_try (&nearest, info.key);
        complain ("--unset: there is no metadata key '%s'%s", globs->patterns->items[i],
                  nearest_hint (&nearest));
        return false;
    }
    return true;
}

static bool
unset_keys (const struct text_list *patterns, const tenon_file *file, tenon_plan *plan)
{
    CLEAN (globs) struct globs globs = globs_start (patterns);
    tenon_metadata_info info;
    for (uint64_t i = 0; metadata_get (file, i, &info); i++) {
        tenon_error error = TENON_ERROR_INIT;
        if (globs_match (&globs, info.key) && tenon_plan_remove_metadata (plan, info.key, &error) < 0) {
            report_failure (&error);
            return false;
        }
    }
    return unset_all_matched (&globs, file);
}

bool
edits_apply (const struct edits *edits, const tenon_file *file, tenon_plan *plan)
{
    CLEAN (types) struct types types = { 0 };
    return types_parse (&edits->types, &types) && unset_keys (&edits->unset, file, plan)
           && set_values (&edits->set, &types, file, plan) && types_all_used (&types);
}

void
edits_free (struct edits *edits)
{
    list_free (&edits->set);
    list_free (&edits->types);
    list_free (&edits->unset);
}
