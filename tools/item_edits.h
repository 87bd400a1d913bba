/* SPDX-License-Identifier: MIT */
/* item_edits.h - convert --set 'KEY[3]=VALUE': items of arrays. They are collected, so that however many
 * items of an array change, it is copied once. */
#ifndef TOOL_ITEM_EDITS_H
#define TOOL_ITEM_EDITS_H
#include "given.h"

/* The items of one key. */
struct item_batch {
    char *key;
    tenon_item_text *items;
    struct given *values; /* the texts of the items */
    size_t count, room;
};
struct item_edits {
    struct item_batch *batches;
    size_t count;
};
/* The length of KEY in "KEY[INDEX]", whose INDEX begins behind the bracket; 0: the text has another form. */
size_t item_key_length (const char *text);
/* Takes over the value. */
void item_edits_add (struct item_edits *edits, const char *key, uint64_t index, const struct given *value);
/* Changes the plan. False after a message. */
bool item_edits_apply (struct item_edits *edits, tenon_plan *plan);
void item_edits_clean (struct item_edits *edits);
#endif
