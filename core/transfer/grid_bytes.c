/* SPDX-License-Identifier: MIT */
/* grid_bytes.c - the bytes of a chunk: those of a range as they are, or decoded, in memory, or in a temporary
 * file if they are more than the memory limit allows. */
#include "transfer/grid_bytes.h"
#include "source/scan.h"
#include "source/unpack.h"
#include "transfer/grid_walk.h"

/* ---- the pipeline ---- */

/* The pipeline of a chunk that left out steps. */
static tenon_status
make_fewer (struct tn_chunk_reader *reader, uint32_t skipped, const struct tn_pipeline **pipeline,
            tenon_error *error)
{
    const struct tn_pipeline *all = reader->request->grid->pipeline;
    struct tenon_step steps[TN_MOST_STEPS];
    uint32_t count = 0;
    for (uint32_t i = 0; i < all->count; i++)
        if (!(skipped >> i & 1))
            steps[count++] = (struct tenon_step){ .struct_size = sizeof steps[0],
                                                  .filter = all->steps[i].filter->table.id,
                                                  .setup = all->steps[i].setup,
                                                  .setup_size = (uint32_t) all->steps[i].setup_size,
                                                  .level = all->steps[i].level };
    const char *missing;
    *pipeline = NULL;
    return count == 0 ? TENON_OK
                      : tn_pipeline_make (reader->request->catalog->context, &reader->arena, steps,
                                          sizeof steps[0], count, pipeline, &missing, error);
}

/* Each is made once, as long as there are few. */
static tenon_status
find_pipeline (struct tn_chunk_reader *reader, uint32_t skipped, const struct tn_pipeline **pipeline,
               tenon_error *error)
{
    *pipeline = reader->request->grid->pipeline;
    if (*pipeline)
        skipped &= ((uint32_t) 1 << (*pipeline)->count) - 1;
    if (!*pipeline || skipped == 0)
        return TENON_OK;
    for (uint32_t i = 0; i < reader->fewer_count; i++)
        if (reader->fewer[i].skipped == skipped) {
            *pipeline = reader->fewer[i].pipeline;
            return TENON_OK;
        }
    if (reader->fewer_count == TN_FEWER_STEPS) {
        reader->fewer_count = 0;
        tn_arena_free (&reader->arena);
    }
    TN_TRY (make_fewer (reader, skipped, pipeline, error));
    reader->fewer[reader->fewer_count].skipped = skipped;
    reader->fewer[reader->fewer_count++].pipeline = *pipeline;
    return TENON_OK;
}

/* ---- stored bytes ---- */

static void
point_at_memory (struct tn_source *memory, const uint8_t *bytes, uint64_t size)
{
    memset (memory, 0, sizeof *memory);
    memory->kind = TN_SOURCE_MEMORY;
    memory->fd = -1;
    memory->backing = memory;
    memory->name = "";
    memory->size = size;
    atomic_init (&memory->base, bytes);
}

/* Reads the stored bytes of a source that is encoded, or has a checksum that is to be compared. */
static tenon_status
hold_stored (struct tn_chunk_reader *reader, const struct tn_chunk *found, struct tn_source *source,
             tenon_error *error)
{
    if (reader->stored_room < found->stored) {
        free (reader->stored);
        reader->stored = malloc (found->stored);
        reader->stored_room = reader->stored ? found->stored : 0;
        if (!reader->stored)
            return tn_fail_memory (error);
    }
    TN_TRY (tn_decoder_read (&reader->outer, source, found->offset, reader->stored, found->stored, error));
    point_at_memory (&reader->inner, reader->stored, found->stored);
    reader->inner.apart = tn_source_root (source)->apart;
    return TENON_OK;
}

/* A source that is not encoded and holds the stored bytes from *offset on. A part that the chunk takes all of
 * has its checksum compared. */
static tenon_status
reach_stored (struct tn_chunk_reader *reader, const struct tn_chunk *found, struct tn_source **source,
              uint64_t *offset, tenon_error *error)
{
    tenon_context *context = reader->request->context;
    struct tn_store *store = &reader->request->catalog->store;
    struct tn_source *plain = tn_source_plain (found->source);
    bool all = found->offset == 0 && found->stored == plain->size;
    if (tn_needs_decoder (plain) && !all) {
        TN_TRY (tn_unpack_when_due (context, store, plain, found->offset + found->stored, false, error));
        plain = tn_source_plain (plain);
    }
    bool compares = all && plain->kind == TN_SOURCE_PART && plain->check != TENON_CHECK_NONE
                    && !atomic_load_explicit (&plain->sum_is_good, memory_order_relaxed);
    *source = plain;
    *offset = found->offset;
    if (!tn_needs_decoder (plain) && !compares)
        return TENON_OK;
    if (found->stored <= reader->room / 2) {
        TN_TRY (hold_stored (reader, found, plain, error));
        *source = &reader->inner;
        *offset = 0;
    } else if (tn_needs_decoder (plain)) {
        TN_TRY (tn_unpack (context, store, plain, error));
        *source = tn_source_plain (plain);
    } else
        TN_TRY (tn_scan_all (context, plain, NULL, NULL, error));
    return TENON_OK;
}

/* ---- the chunk ---- */

static void
point_at_chunk (struct tn_chunk_reader *reader, const struct tn_chunk *found, struct tn_source *source,
                uint64_t offset, const struct tn_pipeline *pipeline)
{
    struct tn_source *part = &reader->encoded;
    memset (part, 0, sizeof *part);
    part->kind = TN_SOURCE_PART;
    part->fd = -1;
    part->name = "";
    part->depth = source->depth + 1;
    part->size = reader->bytes;
    part->encoded = source->encoded + (pipeline != NULL);
    part->parent = part->inside = source;
    part->backing = pipeline ? part : source->backing;
    part->backing_offset = pipeline ? 0 : source->backing_offset + offset;
    part->offset = offset;
    part->stored = found->stored;
    part->pipeline = pipeline;
    part->check = found->check;
    part->check_value = found->check_value;
}

/* Finds the pipeline and the stored bytes of a chunk. */
static tenon_status
begin_chunk (struct tn_chunk_reader *reader, const struct tn_chunk *found, tenon_error *error)
{
    const struct tn_pipeline *pipeline;
    struct tn_source *source;
    uint64_t offset;
    TN_TRY (find_pipeline (reader, found->skipped, &pipeline, error));
    if (!pipeline && found->stored != reader->bytes)
        return tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET, "it is stored in %llu bytes, and has %llu",
                        (unsigned long long) found->stored, (unsigned long long) reader->bytes);
    TN_TRY (reach_stored (reader, found, &source, &offset, error));
    point_at_chunk (reader, found, source, offset, pipeline);
    return TENON_OK;
}

/* Decodes all of the chunk to `to`, in one piece unless its stored bytes are too many. */
static tenon_status
decode_chunk (struct tn_chunk_reader *reader, uint8_t *to, tenon_error *error)
{
    struct tn_source *part = &reader->encoded;
    struct tn_decoder *decoder = &reader->workers->decoder;
    const struct tn_pipeline *pipeline = part->pipeline;
    bool pieces = pipeline && (!pipeline->in_blocks || (pipeline->in_pieces && part->stored > reader->room));
    return pieces ? tn_decoder_read (decoder, part, 0, to, part->size, error)
                  : tn_decoder_whole (decoder, part, to, error);
}

/* True if the decoded bytes, and the stored ones of a chunk with a pipeline, can be held. */
static bool
chunk_fits (const struct tn_chunk_reader *reader)
{
    uint64_t stored = reader->encoded.pipeline ? reader->encoded.stored : 0;
    return stored <= reader->room && reader->bytes <= reader->room - stored;
}

static tenon_status
refuse_size (const struct tn_chunk_reader *reader, tenon_error *error)
{
    return tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET,
                    "the filters %s cannot decode it piece by piece, and its %llu bytes, stored in %llu, are "
                    "more than the memory allows; raise memory in [limits] to read it",
                    reader->encoded.pipeline->text, (unsigned long long) reader->bytes,
                    (unsigned long long) reader->encoded.stored);
}

/* Points the part at bytes in memory, of the chunk's first byte. */
static void
take_memory (struct tn_chunk_reader *reader, const uint8_t *bytes)
{
    point_at_memory (&reader->memory, bytes, reader->bytes);
    reader->part.source = &reader->memory;
}

/* A chunk that is stored as it is, and whose checksum was compared, is read in its range; one that was
 * fetched with others, from there. */
static void
point_at_range (struct tn_chunk_reader *reader)
{
    struct tn_source *part = &reader->encoded, *root = part->backing;
    const uint8_t *bytes =
        tn_decoder_window (&reader->workers->decoder, root, part->backing_offset, part->size);
    if (bytes)
        take_memory (reader, bytes);
    else {
        reader->part.source = part->inside;
        reader->part.offset += part->offset;
    }
}

tenon_status
tn_chunk_open (struct tn_chunk_reader *reader, const struct tn_chunk *found, uint8_t *to, bool *there,
               tenon_error *error)
{
    struct tn_source *part = &reader->encoded;
    *there = false;
    TN_TRY (begin_chunk (reader, found, error));
    bool range = !part->pipeline && part->check == TENON_CHECK_NONE;
    if (to && !range) {
        *there = true;
        if (part->pipeline && !part->pipeline->in_pieces && part->stored > reader->room)
            return refuse_size (reader, error);
        return decode_chunk (reader, to, error);
    }
    if (!range && chunk_fits (reader)) {
        uint8_t *bytes = tn_worker_buffer (reader->workers, 3, reader->bytes);
        if (!bytes)
            return tn_fail_memory (error);
        TN_TRY (decode_chunk (reader, bytes, error));
        take_memory (reader, bytes);
        return TENON_OK;
    }
    if (part->pipeline && !part->pipeline->in_pieces)
        return refuse_size (reader, error);
    reader->part.source = part;
    if (part->pipeline)
        return tn_request_spool (&reader->part, 0, &reader->spooled, error);
    if (!range)
        TN_TRY (tn_scan_all (reader->request->context, part, NULL, NULL, error));
    point_at_range (reader);
    return TENON_OK;
}

tenon_status
tn_chunk_open_fill (struct tn_chunk_reader *reader, tenon_error *error)
{
    const uint8_t *fill = reader->request->grid->fill;
    if (!fill && !reader->zeros && !(reader->zeros = calloc (1, reader->part.unit_bytes)))
        return tn_fail_memory (error);
    reader->bytes = reader->part.unit_bytes;
    take_memory (reader, fill ? fill : reader->zeros);
    return TENON_OK;
}

tenon_status
tn_chunk_scan (struct tn_chunk_reader *reader, const struct tn_chunk *found, tenon_error *error)
{
    TN_TRY (begin_chunk (reader, found, error));
    const struct tn_pipeline *pipeline = reader->encoded.pipeline;
    if (!chunk_fits (reader))
        return pipeline && !pipeline->in_pieces
                   ? refuse_size (reader, error)
                   : tn_scan_all (reader->request->context, &reader->encoded, NULL, NULL, error);
    uint8_t *bytes = tn_worker_buffer (reader->workers, 3, reader->bytes);
    return bytes ? decode_chunk (reader, bytes, error) : tn_fail_memory (error);
}

void
tn_chunk_close (struct tn_chunk_reader *reader)
{
    /* the next chunk has the same addresses */
    tn_decoder_leave (&reader->workers->decoder, &reader->encoded);
    if (reader->stored)
        tn_decoder_leave (&reader->outer, reader->outer.source);
    tn_spooled_free (&reader->spooled);
    reader->spooled.spool = NULL;
    reader->spooled.bytes = NULL;
}
