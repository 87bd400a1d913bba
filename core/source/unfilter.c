/* SPDX-License-Identifier: MIT */
/* unfilter.c - a pipeline of filters that decodes.
 *
 * One filter is asked directly. Of several, each works on what the one before it has left in a buffer; whole
 * blocks and streams are decoded by one filter after the other. */
#include "source/unfilter.h"

/* Of a buffer between two filters. */
#define BETWEEN 65536u
/* A longer one that lay between two filters is not kept: this part of the limit on memory. */
#define KEPT_SHARE 8u
/* A filter that cannot tell how much room it needs is asked first with so much. */
#define FIRST_ROOM ((uint64_t) 65536)

uint64_t
tn_most_decoded (const tenon_context *context, uint64_t stored, const char **limit)
{
    uint64_t bytes = context->limits[TENON_LIMIT_INFLATED_BYTES], by_ratio;
    if (tn_multiply (stored, context->limits[TENON_LIMIT_INFLATED_RATIO], &by_ratio))
        by_ratio = UINT64_MAX;
    by_ratio = TN_MAX (by_ratio, (uint64_t) 1 << 20);
    *limit = by_ratio < bytes ? "inflated_ratio" : "inflated_bytes";
    return TN_MIN (by_ratio, bytes);
}

static tenon_status
fail_too_much (const struct tn_stage *stage, uint64_t most, const char *limit, tenon_error *error)
{
    tn_source_fail_in (stage->source, error);
    return tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET,
                    "the filter %s decodes it to more than %llu bytes; raise %s in [limits] to read it",
                    stage->filter->table.id, (unsigned long long) most, limit);
}

/* ---- opening ---- */

static tenon_status
open_stages (struct tn_unfilter *unfilter, struct tn_source *source, tenon_error *error)
{
    const struct tn_pipeline *pipeline = source->pipeline;
    unfilter->stages = &unfilter->one;
    if (pipeline->count > 1) {
        unfilter->stages = calloc (pipeline->count, sizeof *unfilter->stages);
        unfilter->between = calloc (pipeline->count, sizeof *unfilter->between);
        if (!unfilter->stages || !unfilter->between)
            return tn_fail_memory (error);
    }
    for (; unfilter->count < pipeline->count; unfilter->count++) {
        struct tn_stage *stage = &unfilter->stages[unfilter->count];
        stage->source = source;
        TN_TRY (tn_stage_open (stage, &pipeline->steps[pipeline->count - 1 - unfilter->count],
                               unfilter->apart, error));
    }
    return TENON_OK;
}

tenon_status
tn_unfilter_open (struct tn_unfilter *unfilter, struct tn_source *source, tenon_error *error)
{
    const struct tn_pipeline *pipeline = source->pipeline;
    struct tn_apart *apart = tn_source_root (source)->apart;
    tenon_status status = TENON_OK;
    if (unfilter->context != pipeline->context || unfilter->serial != pipeline->serial
        || unfilter->apart != apart) {
        tn_unfilter_close (unfilter);
        unfilter->context = pipeline->context;
        unfilter->serial = pipeline->serial;
        unfilter->apart = apart;
        status = open_stages (unfilter, source, error);
    }
    for (uint32_t i = 0; i < unfilter->count; i++)
        unfilter->stages[i].source = source;
    if (unfilter->count > 1)
        unfilter->most = tn_most_decoded (unfilter->context, source->stored, &unfilter->limit);
    if (status < 0)
        tn_unfilter_close (unfilter);
    return status;
}

void
tn_unfilter_close (struct tn_unfilter *unfilter)
{
    for (uint32_t i = 0; i < unfilter->count; i++) {
        tn_stage_close (&unfilter->stages[i]);
        if (unfilter->between)
            free (unfilter->between[i].bytes);
    }
    for (unsigned i = 0; i < TN_COUNT (unfilter->kept); i++)
        free (unfilter->kept[i].bytes);
    if (unfilter->stages != &unfilter->one)
        free (unfilter->stages);
    free (unfilter->between);
    memset (unfilter, 0, sizeof *unfilter);
}

tenon_status
tn_unfilter_wrong_sum (const struct tn_unfilter *unfilter, tenon_error *error)
{
    const struct tn_stage *wrong = NULL;
    for (uint32_t i = 0; i < unfilter->count; i++) {
        const struct tn_stage *stage = &unfilter->stages[i];
        if (stage->refusal == TENON_E_CHECKSUM)
            wrong = stage;
        else if (stage->refusal < 0)
            return TENON_OK;
    }
    return wrong ? tn_stage_fail_sum (wrong, error) : TENON_OK;
}

tenon_status
tn_unfilter_refusal (const struct tn_unfilter *unfilter, tenon_error *error)
{
    for (uint32_t i = 0; i < unfilter->count; i++)
        TN_TRY (tn_stage_refusal (&unfilter->stages[i], error));
    return tn_unfilter_wrong_sum (unfilter, error);
}

/* ---- whole streams, one filter after the other ---- */

/* Where a filter puts what it decodes. */
struct room {
    uint8_t *bytes;
    uint64_t size, room;
    bool grows;                 /* it is allocated; else its size is fixed */
    uint64_t most;              /* to which it grows … */
    const char *limit;          /* … by this limit */
    struct tn_kept_bytes *kept; /* where it is allocated; NULL: by itself */
};

/* Makes it larger: `needed` bytes, or, of 0, twice as large. */
static tenon_status
grow_room (const struct tn_stage *stage, struct room *room, uint64_t needed, tenon_error *error)
{
    uint64_t size = needed > 0 ? needed : TN_MAX (2 * room->room, FIRST_ROOM);
    if (needed > room->most || room->room >= room->most)
        return fail_too_much (stage, room->most, room->limit, error);
    size = TN_MIN (size, room->most);
    if (room->bytes && size <= room->room)
        return TENON_OK;
    uint8_t *bytes = realloc (room->bytes, size + 1);
    if (!bytes)
        return tn_fail_memory (error);
    room->bytes = bytes;
    room->room = size;
    if (room->kept)
        *room->kept = (struct tn_kept_bytes){ bytes, size };
    return TENON_OK;
}

/* By step: the stream must end where its bytes do. */
static tenon_status
step_stage (struct tn_stage *stage, const uint8_t *from, uint64_t stored, struct room *room, bool *good,
            tenon_error *error)
{
    uint8_t beyond[1];
    uint64_t taken, made;
    int result;
    TN_TRY (tn_stage_reset (stage, good, error));
    if (!*good)
        return TENON_OK;
    do {
        bool full = room->size == room->room;
        if (full && room->grows && room->room < room->most) {
            TN_TRY (grow_room (stage, room, 0, error));
            full = false;
        }
        TN_TRY (tn_stage_step (stage, from, stored, &taken, full ? beyond : room->bytes + room->size,
                               full ? sizeof beyond : room->room - room->size, &made, &result, error));
        if (full && made > 0 && room->grows)
            return fail_too_much (stage, room->most, room->limit, error);
        *good = result >= 0 && (!full || made == 0);
        from += taken, stored -= taken;
        room->size += made;
        if (result == TENON_STEP_MAY_END && stored == 0)
            break;
    } while (*good && result != TENON_STEP_END && (taken > 0 || made > 0));
    *good = *good && stored == 0 && result != TENON_STEP_MORE;
    return TENON_OK;
}

/* By unpack, into room that grows. */
static tenon_status
unpack_stage (struct tn_stage *stage, const uint8_t *from, uint64_t stored, struct room *room, bool *good,
              tenon_error *error)
{
    uint64_t made = UINT64_MAX;
    TN_TRY (grow_room (stage, room, TN_MIN (TN_MAX (4 * TN_MIN (stored, room->most), FIRST_ROOM), room->most),
                       error));
    for (bool told = false;;) {
        TN_TRY (tn_stage_unpack (stage, from, stored, room->bytes, room->room, &made, good, error));
        if (!*good || made <= room->room)
            break;
        if (told && made != UINT64_MAX) {
            tn_source_fail_in (stage->source, error);
            return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                            "the filter %s asked for room for %llu bytes, and then for more",
                            stage->filter->table.id, (unsigned long long) room->room);
        }
        told = made != UINT64_MAX;
        TN_TRY (grow_room (stage, room, told ? made : 0, error));
    }
    room->size = *good ? made : 0;
    return TENON_OK;
}

/* A whole stream, by the way that the filter has. `guess`: its decoded size, if nothing else tells;
 * TENON_AUTO: there is no guess. */
static tenon_status
decode_stage (struct tn_stage *stage, const uint8_t *from, uint64_t stored, struct room *room, uint64_t guess,
              bool *good, tenon_error *error)
{
    const struct tenon_filter *table = &stage->filter->table;
    if (!room->grows && table->decode) {
        room->size = room->room;
        return tn_stage_decode (stage, 1, from, stored, room->bytes, room->room, good, error);
    }
    if (room->grows && table->unpack)
        return unpack_stage (stage, from, stored, room, good, error);
    if (table->step)
        return step_stage (stage, from, stored, room, good, error);
    if (guess == TENON_AUTO) {
        tn_source_fail_in (stage->source, error);
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "the filter %s needs to know how many bytes it decodes to, and the file does not say",
                        table->id);
    }
    TN_TRY (grow_room (stage, room, TN_MAX (guess, 1), error));
    room->size = guess;
    return tn_stage_decode (stage, 1, from, stored, room->bytes, guess, good, error);
}

/* What the stage gets if it makes `size` bytes; TENON_AUTO: that is not known. Plugins that are isolated are
 * not asked. */
static uint64_t
fixed_input (const struct tn_unfilter *unfilter, uint32_t index, uint64_t size)
{
    const struct tn_stage *stage = &unfilter->stages[index];
    const struct tn_pipeline *pipeline = stage->source->pipeline;
    if (size == TENON_AUTO || stage->apart || !(stage->filter->table.flags & TENON_FILTER_FIXED))
        return TENON_AUTO;
    struct tenon_coding coding = tn_step_coding (&pipeline->steps[pipeline->count - 1 - index], false);
    return stage->filter->table.bound (&coding, size);
}

/* The room behind a stage that is not the last: of this size, or of one that is not known. */
static tenon_status
begin_room (struct tn_unfilter *unfilter, uint32_t index, uint64_t size, struct room *room,
            tenon_error *error)
{
    uint64_t memory = unfilter->context->limits[TENON_LIMIT_MEMORY];
    struct tn_kept_bytes *kept = &unfilter->kept[index % 2];
    *room = (struct room){ .bytes = kept->bytes,
                           .grows = true,
                           .most = TN_MIN (unfilter->most, memory),
                           .limit = memory < unfilter->most ? "memory" : unfilter->limit,
                           .kept = kept };
    room->room = TN_MIN (kept->size, room->most);
    if (size == TENON_AUTO)
        return TENON_OK;
    TN_TRY (grow_room (&unfilter->stages[index], room, TN_MAX (size, 1), error));
    room->room = size;
    room->grows = false;
    return TENON_OK;
}

/* All stages into `last`, whose size may be fixed. */
static tenon_status
run_stages (struct tn_unfilter *unfilter, const uint8_t *from, uint64_t stored, struct room *last, bool *good,
            tenon_error *error)
{
    uint64_t sizes[TN_MOST_STEPS];
    sizes[unfilter->count - 1] = last->grows ? TENON_AUTO : last->room;
    for (uint32_t i = unfilter->count - 1; i > 0; i--) {
        sizes[i - 1] = fixed_input (unfilter, i, sizes[i]);
        unfilter->stages[i].refusal = TENON_OK;
    }
    for (uint32_t i = 0; i < unfilter->count && *good; i++) {
        bool is_last = i + 1 == unfilter->count;
        struct room between, *room = is_last ? last : &between;
        if (!is_last)
            TN_TRY (begin_room (unfilter, i, sizes[i], &between, error));
        TN_TRY (
            decode_stage (&unfilter->stages[i], from, stored, room, sizes[unfilter->count - 1], good, error));
        from = room->bytes, stored = room->size;
        unfilter->work += is_last ? 0 : stored;
    }
    return TENON_OK;
}

static tenon_status
decode_stages (struct tn_unfilter *unfilter, const uint8_t *from, uint64_t stored, struct room *last,
               bool *good, tenon_error *error)
{
    uint64_t most = unfilter->context->limits[TENON_LIMIT_MEMORY] / KEPT_SHARE;
    *good = true;
    tenon_status status = run_stages (unfilter, from, stored, last, good, error);
    for (unsigned i = 0; i < TN_COUNT (unfilter->kept); i++)
        if (unfilter->kept[i].size > most) {
            free (unfilter->kept[i].bytes);
            unfilter->kept[i] = (struct tn_kept_bytes){ NULL, 0 };
        }
    return status;
}

tenon_status
tn_unfilter_decode (struct tn_unfilter *unfilter, uint32_t last, const void *from, uint64_t stored, void *to,
                    uint64_t size, bool *good, tenon_error *error)
{
    if (unfilter->count == 1)
        return tn_stage_decode (&unfilter->one, last, from, stored, to, size, good, error);
    struct room room = { .bytes = to, .room = size };
    TN_TRY (decode_stages (unfilter, from, stored, &room, good, error));
    *good = *good && room.size == size;
    return TENON_OK;
}

tenon_status
tn_unfilter_unpack (struct tn_unfilter *unfilter, const void *from, uint64_t stored, uint64_t most,
                    const char *limit, uint8_t **bytes, uint64_t *size, bool *good, tenon_error *error)
{
    struct room room = { .grows = true, .most = most, .limit = limit };
    tenon_status status = decode_stages (unfilter, from, stored, &room, good, error);
    *bytes = room.bytes;
    *size = room.size;
    if (status == TENON_OK && *good)
        return TENON_OK;
    free (room.bytes);
    *bytes = NULL;
    return status;
}

/* ---- in pieces ---- */

tenon_status
tn_unfilter_reset (struct tn_unfilter *unfilter, bool *good, tenon_error *error)
{
    *good = true;
    for (uint32_t i = 0; i < unfilter->count && *good; i++) {
        TN_TRY (tn_stage_reset (&unfilter->stages[i], good, error));
        if (!unfilter->between)
            continue;
        struct tn_between *between = &unfilter->between[i];
        between->begin = between->end = between->total = 0;
        between->result = TENON_STEP_MORE;
        if (i > 0 && !between->bytes && !(between->bytes = malloc (BETWEEN)))
            return tn_fail_memory (error);
    }
    return TENON_OK;
}

/* One stage: from `from`, or from what waits in front of it, to what waits behind it, or to `to`. `moved`: it
 * took or made something. False: a filter refused the bytes. */
static tenon_status
move_stage (struct tn_unfilter *unfilter, uint32_t index, const uint8_t *from, uint64_t stored,
            uint64_t *taken, uint8_t *to, uint64_t room, uint64_t *made, bool *moved, tenon_error *error)
{
    struct tn_between *own = &unfilter->between[index],
                      *next = index + 1 < unfilter->count ? &unfilter->between[index + 1] : NULL;
    *taken = *made = 0;
    if (own->result == TENON_STEP_END)
        return TENON_OK;
    if (next) {
        memmove (next->bytes, next->bytes + next->begin, next->end - next->begin);
        next->end -= next->begin, next->begin = 0;
        to = next->bytes + next->end, room = BETWEEN - next->end;
    }
    if (index > 0)
        from = own->bytes + own->begin, stored = own->end - own->begin;
    if (own->result == TENON_STEP_MAY_END && stored == 0)
        return TENON_OK; /* it is complete as it is */
    TN_TRY (
        tn_stage_step (&unfilter->stages[index], from, stored, taken, to, room, made, &own->result, error));
    *moved = *moved || *taken > 0 || *made > 0;
    if (index > 0)
        own->begin += *taken;
    if (next) {
        next->end += *made;
        next->total += *made;
        unfilter->work += *made;
        if (next->total > unfilter->most)
            return fail_too_much (&unfilter->stages[index], unfilter->most, unfilter->limit, error);
    }
    return TENON_OK;
}

/* What the last steps of all come to. A filter that has ended gets no more. */
static int
sum_results (const struct tn_unfilter *unfilter)
{
    int result = TENON_STEP_END;
    for (uint32_t i = 0; i < unfilter->count; i++) {
        const struct tn_between *own = &unfilter->between[i];
        bool waits = i > 0 && own->begin < own->end;
        if (own->result < 0 || (waits && own->result == TENON_STEP_END))
            return -1;
        if (waits || own->result == TENON_STEP_MORE)
            result = TENON_STEP_MORE;
    }
    return result == TENON_STEP_MORE ? result : unfilter->between[0].result;
}

tenon_status
tn_unfilter_step (struct tn_unfilter *unfilter, const void *from, uint64_t stored, uint64_t *taken, void *to,
                  uint64_t room, uint64_t *made, int *result, tenon_error *error)
{
    if (unfilter->count == 1)
        return tn_stage_step (&unfilter->one, from, stored, taken, to, room, made, result, error);
    bool moved = true;
    *taken = *made = 0;
    *result = TENON_STEP_MORE;
    while (moved && *result == TENON_STEP_MORE) {
        moved = false;
        for (uint32_t i = 0; i < unfilter->count; i++) {
            uint64_t used, got;
            bool last = i + 1 == unfilter->count;
            if (last && *made == room) /* what is behind it waits for the next step */
                break;
            TN_TRY (move_stage (unfilter, i, (const uint8_t *) from + *taken, stored - *taken, &used,
                                (uint8_t *) to + *made, room - *made, &got, &moved, error));
            if (i == 0)
                *taken += used;
            if (last)
                *made += got;
        }
        *result = sum_results (unfilter);
    }
    if (*result < 0)
        *taken = *made = 0;
    return TENON_OK;
}
