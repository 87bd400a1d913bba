/* SPDX-License-Identifier: MIT */
/* writer_bytes.c - keeps the bytes of tensors until they are saved. */
#include "save/writer_bytes.h"

#define ALIGNMENT 64u
#define BUFFER ((uint64_t) 256 << 10)
#define LEAST_ROOM ((uint64_t) 64 << 10)

tenon_status
tn_writer_bytes_begin (struct tn_writer_bytes *kept, tenon_plan *plan, const char *path, uint64_t memory,
                       tenon_error *error)
{
    *kept =
        (struct tn_writer_bytes){ .plan = plan,
                                  .path = path,
                                  .most = (memory ? memory : plan->context->limits[TENON_LIMIT_MEMORY]) / 4,
                                  .spool = { .fd = -1 } };
    TN_TRY (tn_source_memory (NULL, 0, NULL, &kept->memory, error));
    return tn_catalog_add_source (plan->own, kept->memory, error);
}

void
tn_writer_bytes_free (struct tn_writer_bytes *kept)
{
    free (kept->bytes);
    free (kept->waiting);
}

static uint64_t
next_aligned (uint64_t at)
{
    return (at + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* ---- the file ---- */

static tenon_status
open_own_file (struct tn_writer_bytes *kept, tenon_error *error)
{
    tenon_plan *plan = kept->plan;
    if (!kept->waiting && !(kept->waiting = malloc (BUFFER)))
        return tn_fail_memory (error);
    TN_TRY (tn_spool_file_open_beside (plan->context, kept->path, BUFFER, &kept->spool, error));
    TN_TRY (tn_source_given (kept->spool.fd, 0, "", NULL, &kept->file, error));
    struct tn_source *source = kept->file;
    tenon_status status = tn_catalog_add_source (plan->own, source, error);
    if (status < 0)
        kept->file = NULL; /* which was freed */
    return status;
}

tenon_status
tn_writer_bytes_flush (struct tn_writer_bytes *kept, tenon_error *error)
{
    if (kept->waits > 0)
        TN_TRY (tn_spool_file_write (&kept->spool, kept->written, kept->waiting, kept->waits, error));
    kept->written += kept->waits;
    kept->waits = 0;
    if (kept->file)
        kept->file->size = kept->written;
    return TENON_OK;
}

/* NULL: zeros. */
static tenon_status
put_to_file (struct tn_writer_bytes *kept, const uint8_t *bytes, uint64_t size, tenon_error *error)
{
    if (size > BUFFER - kept->waits)
        TN_TRY (tn_writer_bytes_flush (kept, error));
    if (size >= BUFFER) {
        TN_TRY (tn_spool_file_write (&kept->spool, kept->written, bytes, size, error));
        kept->written += size;
        return TENON_OK;
    }
    if (bytes)
        memcpy (kept->waiting + kept->waits, bytes, size);
    else
        memset (kept->waiting + kept->waits, 0, size);
    kept->waits += size;
    return TENON_OK;
}

static tenon_status
begin_in_file (struct tn_writer_bytes *kept, tenon_error *error)
{
    if (!kept->file)
        TN_TRY (open_own_file (kept, error));
    uint64_t end = kept->written + kept->waits;
    kept->in_file = true;
    kept->begin = next_aligned (end);
    return put_to_file (kept, NULL, kept->begin - end, error);
}

/* ---- memory ---- */

static tenon_status
need_room (struct tn_writer_bytes *kept, uint64_t size, tenon_error *error)
{
    if (size <= kept->room)
        return TENON_OK;
    uint64_t room = TN_MIN (TN_MAX (TN_MAX (size, 2 * kept->room), LEAST_ROOM), TN_MAX (size, kept->most));
    uint8_t *more = realloc (kept->bytes, room);
    if (!more)
        return tn_fail_memory (error);
    kept->bytes = more;
    kept->room = room;
    atomic_store (&kept->memory->base, more);
    return TENON_OK;
}

/* The tensor is the last in memory, and becomes too large. */
static tenon_status
move_out_of_memory (struct tn_writer_bytes *kept, tenon_error *error)
{
    uint64_t begin = kept->begin;
    tenon_status status = begin_in_file (kept, error);
    if (status == TENON_OK && kept->put > 0)
        status = put_to_file (kept, kept->bytes + begin, kept->put, error);
    if (status < 0) { /* it is still in memory */
        kept->in_file = false;
        kept->begin = begin;
        return status;
    }
    kept->held = begin;
    kept->memory->size = begin;
    return TENON_OK;
}

/* ---- one tensor ---- */

tenon_status
tn_writer_bytes_next (struct tn_writer_bytes *kept, uint64_t size, tenon_error *error)
{
    uint64_t begin = next_aligned (kept->held);
    kept->put = 0;
    if (size != UINT64_MAX && (begin > kept->most || size > kept->most - begin))
        return begin_in_file (kept, error);
    kept->in_file = false;
    kept->begin = begin;
    return TENON_OK;
}

tenon_status
tn_writer_bytes_put (struct tn_writer_bytes *kept, const void *bytes, uint64_t size, tenon_error *error)
{
    uint64_t end = kept->begin + kept->put;
    if (size == 0)
        return TENON_OK;
    if (!kept->in_file && (end > kept->most || size > kept->most - end))
        TN_TRY (move_out_of_memory (kept, error));
    if (kept->in_file)
        TN_TRY (put_to_file (kept, bytes, size, error));
    else {
        TN_TRY (need_room (kept, end + size, error));
        memset (kept->bytes + kept->held, 0, kept->begin > kept->held ? kept->begin - kept->held : 0);
        memcpy (kept->bytes + end, bytes, size);
        kept->memory->size = kept->held = end + size;
    }
    kept->put += size;
    return TENON_OK;
}

struct tn_source *
tn_writer_bytes_source (const struct tn_writer_bytes *kept)
{
    return kept->in_file ? kept->file : kept->memory;
}

void
tn_writer_bytes_drop (struct tn_writer_bytes *kept)
{
    if (!kept->in_file)
        kept->held = TN_MIN (kept->held, kept->begin);
    kept->put = 0;
}
