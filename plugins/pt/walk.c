/* SPDX-License-Identifier: MIT */
/* walk.c - the values of a pickle, flattened into names: the keys of dicts and the numbers of items, joined
 * by dots. All is walked twice: the first time tensors are counted, so that those that share a storage are
 * known. */
#include "names.h"
#include "pt.h"

/* Work of a visit, in bytes that could be copied meanwhile, and how much is drawn at once. */
#define VISIT_WORK 64u
#define WORK_STEP 65536u

/* Keys and values of the pair or entry number `index`. */
static void
take_entry (const struct pt_machine *machine, const struct pt_frame *frame, uint32_t index, uint32_t *key,
            uint32_t *value)
{
    *key = 0;
    *value = frame->items[index];
    if (frame->form == PT_FORM_ENTRIES) {
        *key = frame->items[2 * (size_t) index];
        *value = frame->items[2 * (size_t) index + 1];
    } else if (frame->form == PT_FORM_PAIRS) {
        *key = pt_item (machine, frame->items[index], 0);
        *value = pt_item (machine, frame->items[index], 1);
    }
}

/* Visits the next value of the frame on top. */
static tenon_status
walk_on (struct pt_reader *reader)
{
    struct pt_frame *frame = &reader->frames[reader->top - 1];
    uint32_t key, value, index = frame->next++;
    uint64_t taken = 0;
    take_entry (&reader->machine, frame, index, &key, &value);
    reader->name_length = frame->name_length;
    if (!reader->counting)
        TENON_TRY (pt_add_part (reader, frame, index, key, &taken));
    reader->work += VISIT_WORK + taken;
    while (reader->work >= WORK_STEP) {
        TENON_TRY (reader->call->host->work (reader->call, WORK_STEP));
        reader->work -= WORK_STEP;
    }
    return pt_visit (reader, value);
}

static tenon_status
walk_once (struct pt_reader *reader, uint32_t root)
{
    reader->top = reader->name_length = 0;
    TENON_TRY (pt_visit (reader, root));
    while (reader->top > 0) {
        struct pt_frame *frame = &reader->frames[reader->top - 1];
        if (frame->next < frame->count) {
            TENON_TRY (walk_on (reader));
            continue;
        }
        if (frame->owner)
            pt_at (&reader->machine, frame->owner)->flags &= (uint8_t) ~PT_ON_PATH;
        reader->top--;
    }
    return TENON_OK;
}

uint32_t
pt_depth (struct tenon_call *call)
{
    uint64_t depth = call->host->limit (call, TENON_LIMIT_DEPTH);
    return depth < PT_MOST_DEPTH ? (uint32_t) depth : PT_MOST_DEPTH;
}

tenon_status
pt_walk (struct pt_reader *reader, uint32_t root)
{
    reader->depth = pt_depth (reader->call);
    reader->frames = reader->call->host->scratch (reader->call, PT_FRAMES * sizeof *reader->frames);
    if (!reader->frames)
        return TENON_E_MEMORY;
    reader->counting = 1;
    TENON_TRY (walk_once (reader, root));
    reader->counting = 0;
    TENON_TRY (walk_once (reader, root));
    TENON_TRY (pt_add_others (reader));
    TENON_TRY (pt_add_outline (reader));
    if (reader->left_out > 0)
        tenon_note (reader->call, TENON_LOSS, NULL, "%llu more values are left out",
                    (unsigned long long) reader->left_out);
    return TENON_OK;
}
