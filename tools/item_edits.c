/* SPDX-License-Identifier: MIT */
/* item_edits.c - convert --set 'KEY[3]=VALUE': items of arrays. */
#include "item_edits.h"
#include "message.h"

size_t
item_key_length (const char *text)
{
    size_t length = strlen (text);
    const char *bracket = strrchr (text, '[');
    return bracket && length > 2 && text[length - 1] == ']' ? (size_t) (bracket - text) : 0;
}

static struct item_batch *
find_batch (struct item_edits *edits, const char *key)
{
    for (size_t i = 0; i < edits->count; i++)
        if (strcmp (edits->batches[i].key, key) == 0)
            return &edits->batches[i];
    edits->batches = get_memory (edits->batches, edits->count + 1, sizeof *edits->batches);
    struct item_batch *batch = &edits->batches[edits->count++];
    *batch = (struct item_batch){ .key = copy_text (key, strlen (key)) };
    return batch;
}

void
item_edits_add (struct item_edits *edits, const char *key, uint64_t index, const struct given *value)
{
    struct item_batch *batch = find_batch (edits, key);
    if (batch->count == batch->room) {
        batch->room = 2 * batch->room + 8;
        batch->items = get_memory (batch->items, batch->room, sizeof *batch->items);
        batch->values = get_memory (batch->values, batch->room, sizeof *batch->values);
    }
    batch->values[batch->count] = *value;
    batch->items[batch->count++] =
        (tenon_item_text){ sizeof (tenon_item_text), 0, index, value->text, value->length };
}

bool
item_edits_apply (struct item_edits *edits, tenon_plan *plan)
{
    bool good = true;
    for (size_t i = 0; i < edits->count && good; i++) {
        const struct item_batch *batch = &edits->batches[i];
        tenon_error error = TENON_ERROR_INIT;
        good =
            tenon_plan_set_metadata_items (plan, batch->key, batch->items, batch->count, &error) == TENON_OK;
        if (!good)
            report_failure (&error);
    }
    item_edits_clean (edits);
    return good;
}

void
item_edits_clean (struct item_edits *edits)
{
    for (size_t i = 0; i < edits->count; i++) {
        struct item_batch *batch = &edits->batches[i];
        for (size_t k = 0; k < batch->count; k++)
            given_clean (&batch->values[k]);
        free (batch->values);
        free (batch->items);
        free (batch->key);
    }
    free (edits->batches);
    *edits = (struct item_edits){ 0 };
}
