/* SPDX-License-Identifier: MIT */
/* frames.c - the values whose parts are being visited, and what is told of them. */
#include "pt.h"

void
pt_lose (struct pt_reader *reader, const char *format, ...)
{
    char text[512];
    va_list list;
    if (reader->counting)
        return;
    if (reader->noted == PT_MOST_NOTES) {
        reader->left_out++;
        return;
    }
    reader->noted++;
    va_start (list, format);
    vsnprintf (text, sizeof text, format, list);
    va_end (list);
    reader->call->host->note (reader->call, TENON_LOSS, reader->name_length > 0 ? reader->name : NULL, text);
}

tenon_status
pt_report (struct pt_reader *reader, tenon_status status)
{
    const struct pt_fault *fault = &reader->machine.fault;
    if (fault->status >= 0)
        return status;
    return tenon_fail_in (reader->call, fault->status, reader->pickle_source,
                          reader->pickle_offset + fault->place, "%s", fault->words);
}

/* ---- frames ---- */

tenon_status
pt_enter (struct pt_reader *reader, uint32_t owner, const struct pt_frame *frames, uint32_t count)
{
    struct pt_value *value = pt_at (&reader->machine, owner);
    uint32_t level = reader->top ? reader->frames[reader->top - 1].level + 1u : 0, pushed = 0;
    uint8_t tensors_only = reader->top ? reader->frames[reader->top - 1].tensors_only : 0;
    if (value->flags & PT_ON_PATH) {
        pt_lose (reader, "it holds itself: what it holds is not listed again");
        return TENON_OK;
    }
    if (level >= reader->depth) {
        pt_lose (reader, "it is nested more than %u deep (limits.depth): what it holds is left out",
                 reader->depth);
        return TENON_OK;
    }
    pt_note_container (reader, owner);
    for (uint32_t i = count; i-- > 0;) { /* the first one is visited first */
        struct pt_frame *frame = &reader->frames[reader->top];
        if (frames[i].count == 0)
            continue;
        *frame = frames[i];
        frame->next = 0;
        frame->owner = pushed++ ? 0 : owner;
        frame->level = (uint8_t) level;
        frame->tensors_only |= tensors_only;
        frame->name_length = reader->name_length;
        reader->top++;
    }
    if (pushed)
        value->flags |= PT_ON_PATH;
    return TENON_OK;
}
