/* SPDX-License-Identifier: MIT */
/* pick.c - one field of the records of a tensor, out of their bytes. */
#include "pick.h"
#include "memory.h"

static void
add_dims (struct pick *pick, const struct field *field)
{
    if (field->rank == 0)
        return;
    pick->dims = get_memory (pick->dims, pick->rank + field->rank, sizeof *pick->dims);
    memcpy (pick->dims + pick->rank, field->dims, field->rank * sizeof *field->dims);
    pick->rank += field->rank;
}

/* The records around the field, from the outermost inward. */
static void
add_loops (struct pick *pick, const struct fields *fields, size_t field)
{
    size_t path[FIELDS_DEEPEST + 1], depth = 0;
    for (size_t at = field; at > 0; at = fields_around (fields, at))
        path[depth++] = at;
    while (depth > 0) {
        const struct field *at = &fields->items[path[--depth]];
        pick->from += at->offset;
        add_dims (pick, at);
        if (depth == 0 || at->count == 1)
            continue;
        pick->loops = get_memory (pick->loops, pick->loop_count + 1, sizeof *pick->loops);
        pick->loops[pick->loop_count++] = (struct pick_loop){ at->count, at->bytes, 0 };
    }
}

void
pick_start (struct pick *pick, const struct fields *fields, size_t field)
{
    const struct field *picked = &fields->items[field];
    bool complex = picked->dtype == TENON_C64 || picked->dtype == TENON_C128;
    uint64_t total = 1;
    *pick = (struct pick){ .unit = fields->items[0].bytes };
    add_loops (pick, fields, field);
    pick->bytes = picked->bytes * picked->count;
    pick->part =
        picked->kind == FIELD_NUMBER && picked->big ? complex ? picked->bytes / 2 : picked->bytes : 0;
    for (unsigned i = 0; i < pick->loop_count; i++)
        total *= pick->loops[i].count;
    total *= pick->bytes; /* no more than a record */
    pick->room = total > 65536 ? total : 65536;
    pick->out = get_memory (NULL, pick->room, 1);
    pick->rest = get_memory (NULL, pick->unit ? pick->unit : 1, 1);
}

static void
take_piece (struct pick *pick, const uint8_t *record, uint64_t at)
{
    uint8_t *to = pick->out + pick->used;
    memcpy (to, record + at, pick->bytes);
    for (uint64_t i = 0; pick->part > 1 && i < pick->bytes; i += pick->part)
        for (uint64_t k = 0; k < pick->part / 2; k++) {
            uint8_t byte = to[i + k];
            to[i + k] = to[i + pick->part - 1 - k];
            to[i + pick->part - 1 - k] = byte;
        }
    pick->used += pick->bytes;
}

static int
take_record (struct pick *pick, const uint8_t *record)
{
    uint64_t at = pick->from;
    if (pick->bytes == 0)
        return 0;
    for (unsigned i = 0; i < pick->loop_count; i++)
        if (pick->loops[i].count == 0)
            return 0;
    for (unsigned i = 1; i > 0;) {
        if (pick->used + pick->bytes > pick->room && pick_end (pick))
            return 1;
        take_piece (pick, record, at);
        for (i = pick->loop_count; i > 0; i--) { /* the next piece: the innermost loop turns first */
            at += pick->loops[i - 1].stride;
            if (++pick->loops[i - 1].at < pick->loops[i - 1].count)
                break;
            at -= pick->loops[i - 1].stride * pick->loops[i - 1].count;
            pick->loops[i - 1].at = 0;
        }
    }
    return 0;
}

int
pick_data (void *user, const void *data, uint64_t size)
{
    struct pick *pick = user;
    const uint8_t *bytes = data;
    if (pick->unit == 0)
        return 0;
    if (pick->kept > 0) {
        uint64_t missing = pick->unit - pick->kept, take = size < missing ? size : missing;
        memcpy (pick->rest + pick->kept, bytes, take);
        pick->kept += take, bytes += take, size -= take;
        if (pick->kept < pick->unit)
            return 0;
        pick->kept = 0;
        if (take_record (pick, pick->rest))
            return 1;
    }
    for (; size >= pick->unit; bytes += pick->unit, size -= pick->unit)
        if (take_record (pick, bytes))
            return 1;
    memcpy (pick->rest, bytes, size);
    pick->kept = size;
    return 0;
}

int
pick_end (struct pick *pick)
{
    uint64_t used = pick->used;
    pick->used = 0;
    return used > 0 ? pick->sink (pick->user, pick->out, used) : 0;
}

void
pick_clean (struct pick *pick)
{
    free (pick->dims);
    free (pick->loops);
    free (pick->out);
    free (pick->rest);
}
