/* SPDX-License-Identifier: MIT */
/* edits.c - changes of metadata: convert --set, --set-type and --unset. Only the plan changes. */
#include "edits.h"
#include "globs.h"
#include "item_edits.h"
#include "library.h"
#include "message.h"
#include "nearest.h"
#include "tool.h"
#include "value.h"
#include <errno.h>

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

static void
edit_note (json_object *notes, const char *key, const char *text)
{
    json_object *note = json_new ();
    json_add (note, "subject", json_text (key, strlen (key)));
    json_add_text (note, "file", "");
    json_add_text (note, "message", text);
    json_append (notes, note);
    if (!tool.quiet && !tool.json)
        complain ("note: %s: %s", key, text);
}

/* What the functions of --set share. */
struct setting {
    const tenon_context *context;
    const tenon_file *file;
    tenon_plan *plan;
    struct types types;
    struct text_list known; /* new keys that were told of */
    struct text_list keys;  /* all that were set */
    struct item_edits items;
    json_object *notes;
    bool input_taken;
};

static bool
is_key (const tenon_file *file, const char *key)
{
    uint64_t index;
    return tenon_metadata_find (file, key, &index) == TENON_OK;
}

static bool
is_known (const struct setting *setting, const char *key)
{
    for (size_t i = 0; i < setting->known.count; i++)
        if (strcmp (setting->known.items[i], key) == 0)
            return true;
    return is_key (setting->file, key);
}

/* True for KEY[INDEX] with a known KEY. */
static bool
is_item (const struct setting *setting, const char *text)
{
    CLEAN (text) char *key = copy_text (text, item_key_length (text));
    return *key && is_known (setting, key);
}

/* Splits KEY=VALUE, where KEY may hold '=': it is the shortest text before a '=' that a --set-type names,
 * else the shortest that is a key of the file, or an item of one, else it ends at the first '='. */
static char *
split_key (const struct setting *setting, const char *text, const char **value)
{
    const char *first = strchr (text, '='), *typed = NULL, *there = NULL;
    for (const char *next = first; next; next = strchr (next + 1, '=')) {
        CLEAN (text) char *key = copy_text (text, (size_t) (next - text));
        if (!typed && types_find (&setting->types, key))
            typed = next;
        if (!there && (is_key (setting->file, key) || is_item (setting, key)))
            there = next;
    }
    const char *end = typed ? typed : there ? there : first;
    *value = end + 1;
    return copy_text (text, (size_t) (end - text));
}

static struct nearest
nearest_key (const tenon_file *file, const char *key)
{
    struct nearest nearest = nearest_start (key);
    tenon_metadata_info info;
    for (uint64_t k = 0; metadata_get (file, k, &info); k++)
        nearest_try (&nearest, info.key);
    return nearest;
}

/* The key of the file that was probably meant by a new one: one that differs in few letters, or has the same
 * last part. NULL: none. */
static const char *
meant_key (const tenon_file *file, const char *key)
{
    struct nearest nearest = nearest_key (file, key);
    tenon_metadata_info info;
    const char *dot = strrchr (key, '.'), *part = dot ? dot + 1 : key;
    if (nearest.best && 2 * nearest.distance <= strlen (key))
        return nearest.best;
    for (uint64_t k = 0; *part && metadata_get (file, k, &info); k++)
        if ((dot = strrchr (info.key, '.')) && strcmp (dot + 1, part) == 0)
            return info.key;
    return NULL;
}

/* A mistyped key would else be a new one in silence. */
static void
tell_new_key (struct setting *setting, const char *key, const char *type)
{
    char was[64] = "", text[512];
    const char *meant = meant_key (setting->file, key);
    tenon_metadata_info info;
    uint64_t index;
    list_add (&setting->known, key);
    snprintf (text, sizeof text, "a new key of the type %s", type);
    if (meant && tenon_metadata_find (setting->file, meant, &index) == TENON_OK
        && metadata_get (setting->file, index, &info)) {
        value_type_name (setting->context, &info.value, was);
        snprintf (text, sizeof text, "a new key of the type %s; did you mean '%s', of the type %s?", type,
                  meant, was);
    }
    edit_note (setting->notes, key, text);
}

/* ---- items of arrays ---- */

/* INDEX counts from 0, or with '-' from the end of the file's array. False after a message. */
static bool
parse_index (const struct setting *setting, const char *key, const char *text, uint64_t *number)
{
    bool minus = *text == '-';
    const char *digits = text + minus;
    size_t length = strspn (digits, "0123456789");
    uint64_t entry;
    tenon_metadata_info info;
    errno = 0;
    *number = strtoull (digits, NULL, 10);
    if (length == 0 || strcmp (digits + length, "]") != 0 || errno) {
        complain ("--set: '%.*s' is no index of an item of '%s', which are counted from 0",
                  (int) strcspn (text, "]"), text, key);
        return false;
    }
    if (!minus)
        return true;
    bool array = tenon_metadata_find (setting->file, key, &entry) == TENON_OK
                 && metadata_get (setting->file, entry, &info) && info.value.type == TENON_ARRAY;
    if (!array || *number == 0 || *number > info.value.count) {
        complain ("--set: '%s[%s' is outside of the array, which has %llu items", key, text,
                  array ? (unsigned long long) info.value.count : 0);
        return false;
    }
    *number = info.value.count - *number;
    return true;
}

/* Sets KEY[INDEX], if `text` is of that form and no key by itself. *done: it is. False after a message. */
static bool
set_item (struct setting *setting, const char *text, struct given *value, bool *done)
{
    uint64_t index;
    CLEAN (text) char *key = copy_text (text, item_key_length (text));
    *done = *key && !types_find (&setting->types, text) && !is_known (setting, text);
    if (!*done)
        return true;
    if (!is_known (setting, key)) {
        struct nearest nearest = nearest_key (setting->file, key);
        complain ("--set: there is no metadata key '%s'%s (--set-type makes a key that ends in brackets)",
                  key, nearest_hint (&nearest));
        return false;
    }
    if (!parse_index (setting, key, text + strlen (key) + 1, &index))
        return false;
    item_edits_add (&setting->items, key, index, value);
    *value = (struct given){ 0 };
    return true;
}

/* ---- whole values ---- */

static bool
set_whole (struct setting *setting, const char *key, const struct given *value)
{
    tenon_error error = TENON_ERROR_INIT;
    const struct typed *typed = types_find (&setting->types, key);
    types_mark (&setting->types, key);
    if (!item_edits_apply (&setting->items, setting->plan)) /* in the order in which they were given */
        return false;
    if (tenon_plan_set_metadata_text (setting->plan, key, typed ? typed->type : NULL, value->text,
                                      value->length, &error)
        < 0) {
        report_failure (&error);
        return false;
    }
    if (!is_known (setting, key))
        tell_new_key (setting, key, typed ? typed->type : "string");
    return true;
}

static bool
set_value (struct setting *setting, const char *text)
{
    const char *rest;
    bool done = false;
    CLEAN (given) struct given value = { 0 };
    char *key = split_key (setting, text, &rest);
    list_add (&setting->keys, key); /* kept: `known` points to it */
    return given_take ("--set", rest, &setting->input_taken, &value) && set_item (setting, key, &value, &done)
           && (done || set_whole (setting, key, &value));
}

static bool
set_values (struct setting *setting, const struct text_list *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        if (!set_value (setting, texts->items[i]))
            return false;
    return item_edits_apply (&setting->items, setting->plan);
}

static void
setting_clean (struct setting *setting)
{
    types_clean (&setting->types);
    item_edits_clean (&setting->items);
    list_free (&setting->known);
    for (size_t i = 0; i < setting->keys.count; i++)
        free ((char *) (uintptr_t) setting->keys.items[i]);
    list_free (&setting->keys);
}

/* ---- --unset ------------------------------------------------------------------------------------- */

static bool
unset_all_matched (const struct globs *globs, const tenon_file *file)
{
    for (size_t i = 0; i < globs->patterns->count; i++) {
        if (globs->each[i].matched)
            continue;
        struct nearest nearest = nearest_key (file, globs->patterns->items[i]);
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
edits_apply (const struct edits *edits, const tenon_context *context, const tenon_file *file,
             tenon_plan *plan, json_object *notes)
{
    CLEAN (setting)
    struct setting setting = {
        .context = context, .file = file, .plan = plan, .notes = notes, .input_taken = edits->input_taken
    };
    return types_parse (&edits->types, &setting.types) && unset_keys (&edits->unset, file, plan)
           && set_values (&setting, &edits->set) && types_all_used (&setting.types);
}

void
edits_free (struct edits *edits)
{
    list_free (&edits->set);
    list_free (&edits->types);
    list_free (&edits->unset);
}
