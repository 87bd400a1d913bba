/* SPDX-License-Identifier: MIT */
/* renames.c - new names of tensors: convert --rename. */
#include "renames.h"
#include "library.h"
#include "message.h"

void
renames_clean (struct renames *renames)
{
    free (renames->items);
}

/* Parses OLD=NEW, where names may hold '=': OLD is the shortest text before a '=' that is a tensor's name. */
static bool
rename_parse (const tenon_file *file, const char *path, const char *text, struct rename *rename)
{
    const char *equals = strchr (text, '=');
    if (!equals || equals == text || !equals[1]) {
        misuse ("--rename takes OLD=NEW, not '%s'", text);
        return false;
    }
    *rename = (struct rename){ 0 };
    for (const char *next = equals; next; next = strchr (next + 1, '=')) {
        CLEAN (text) char *old = copy_text (text, (size_t) (next - text));
        rename->name = next + 1;
        if (next[1] && tenon_find (file, old, &rename->index) == TENON_OK)
            return true;
    }
    CLEAN (text) char *old = copy_text (text, (size_t) (equals - text));
    return tensor_find (file, path, old, &rename->index); /* complains */
}

bool
renames_parse (const tenon_file *file, const char *path, const struct text_list *texts,
               struct renames *renames)
{
    renames->items = get_memory (NULL, texts->count, sizeof *renames->items);
    for (; renames->count < texts->count; renames->count++) {
        struct rename *rename = &renames->items[renames->count];
        if (!rename_parse (file, path, texts->items[renames->count], rename))
            return false;
        for (size_t i = 0; i < renames->count; i++)
            if (renames->items[i].index == rename->index) {
                complain ("--rename: '%s' is given two new names", tensor_get (file, rename->index).name);
                return false;
            }
    }
    return true;
}

const char *
renames_find (struct renames *renames, uint64_t index)
{
    for (size_t i = 0; i < renames->count; i++)
        if (renames->items[i].index == index) {
            renames->items[i].used = true;
            return renames->items[i].name;
        }
    return NULL;
}

bool
renames_all_used (const struct renames *renames, const tenon_file *file)
{
    for (size_t i = 0; i < renames->count; i++)
        if (!renames->items[i].used) {
            complain ("--rename: '%s' is left out by --only or --except",
                      tensor_get (file, renames->items[i].index).name);
            return false;
        }
    return true;
}
