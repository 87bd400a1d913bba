/* SPDX-License-Identifier: MIT */
/* grid_chunk.c - which items of a chunk a request takes, and where they belong. */
#include "transfer/grid_chunk.h"
#include "transfer/grid_bytes.h"
#include <stdio.h>

/* A part that has more is put tile by tile, unless that takes no memory. */
#define TILED ((uint64_t) 2 << 20)

void
tn_chunk_reader_end (struct tn_chunk_reader *reader)
{
    const struct tn_locating *locating = reader->request->catalog->locating;
    if (reader->locator)
        locating->end (reader->locator);
    reader->locator = NULL;
    tn_decoder_free (&reader->outer);
    free (reader->stored);
    free (reader->zeros);
    tn_arena_free (&reader->arena);
}

tenon_status
tn_chunk_find (struct tn_chunk_reader *reader, const struct tn_walk_box *box, struct tn_chunk *found,
               tenon_error *error)
{
    struct tn_catalog *catalog = reader->request->catalog;
    memset (found, 0, sizeof *found);
    if (!reader->locator)
        TN_TRY (catalog->locating->begin (catalog, reader->request->tensor, &reader->locator, error));
    return catalog->locating->find (reader->locator, box->chunk, found, error);
}

/* ---- the part of the request ---- */

/* Bytes between neighbours in each dim of the chunk. Returns those of all of it. */
static uint64_t
lay_chunk (const struct tn_chunk_reader *reader, const struct tn_walk_box *box, uint64_t *stride)
{
    const struct tn_request *request = reader->request;
    uint64_t bytes = request->unit_bytes;
    bool fortran = request->tensor->flags & TENON_FORTRAN;
    for (uint32_t k = reader->walk->rank; k-- > 0;) {
        uint32_t dim = request->grid->order ? request->grid->order[k]
                       : fortran            ? reader->walk->rank - 1 - k
                                            : k;
        stride[dim] = bytes;
        bytes *= tn_walk_extent (reader->walk, box, dim);
    }
    return bytes;
}

/* An axis of 1 goes, and one that goes on where the axis before it repeats becomes one with it. */
static void
add_part_axis (struct tn_request *part, uint64_t count, int64_t stride, int64_t to)
{
    struct tn_axis *before = part->rank > 0 ? &part->axis[part->rank - 1] : NULL;
    if (count == 1)
        return;
    if (before && before->stride == (int64_t) count * stride && before->to == (int64_t) count * to)
        *before = (struct tn_axis){ 0, before->count * count, 1, stride, to };
    else
        part->axis[part->rank++] = (struct tn_axis){ 0, count, 1, stride, to };
}

/* What the request takes of a chunk, in the chunk's own strides; of one that is missing, of one item. */
static void
cut_part (struct tn_chunk_reader *reader, const struct tn_walk_box *box, bool missing)
{
    const struct tn_request *request = reader->request;
    const struct tn_walk *walk = reader->walk;
    struct tn_request *part = &reader->part;
    uint64_t stride[TN_MAX_RANK];
    memcpy (part, request, offsetof (struct tn_request, axis));
    part->grid = NULL;
    part->storage = TENON_EXTENT;
    part->whole = part->reversed = false;
    part->rank = 0;
    part->begin = part->offset = 0;
    part->elements = 1;
    reader->to = request->to_first;
    reader->bytes = lay_chunk (reader, box, stride);
    part->length = reader->bytes;
    for (uint32_t i = 0; i < walk->rank; i++) {
        uint32_t dim = request->reversed ? walk->rank - 1 - i : i;
        const struct tn_axis *axis = &request->axis[i];
        uint64_t first = box->items.first[i], begin = axis->start + first * axis->step;
        reader->to += (int64_t) (first * (uint64_t) axis->to);
        part->elements *= box->items.count[i];
        if (!missing)
            part->offset += (begin - box->chunk[dim] * walk->dim[dim].edge) * stride[dim];
        add_part_axis (part, box->items.count[i], missing ? 0 : (int64_t) (stride[dim] * axis->step),
                       axis->to);
    }
    if (part->rank == 0)
        part->axis[part->rank++] =
            (struct tn_axis){ 0, 1, 1, (int64_t) part->unit_bytes, (int64_t) part->target->block_bytes };
}

/* True if the part is the whole chunk, item after item as it is stored, but for the byte order. */
static bool
takes_chunk (const struct tn_chunk_reader *reader)
{
    const struct tn_request *part = &reader->part;
    int64_t item = (int64_t) part->unit_bytes;
    return part->stored_id == part->target_id && part->elements * part->unit_bytes == reader->bytes
           && part->rank == 1 && (part->elements == 1 || part->axis[0].stride == item)
           && part->axis[0].to == item;
}

/* Bytes that come of nothing are counted against a limit: a description of a few bytes may state 2^62. */
static tenon_status
count_made (struct tn_chunk_reader *reader, uint64_t bytes, tenon_error *error)
{
    struct tn_made *made = reader->made;
    if (!made || atomic_fetch_add (&made->bytes, bytes) <= made->most)
        return TENON_OK;
    tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET, "its missing and bad chunks come to more than %llu bytes",
             (unsigned long long) made->most);
    return tn_advise (error, "raise inflated_bytes in [limits] to read it");
}

/* ---- into memory ---- */

static uint64_t
bytes_of_part (const struct tn_request *part)
{
    return part->elements * TN_MAX (part->unit_bytes, part->target->block_bytes);
}

static tenon_status
make_chunk_part (struct tn_chunk_reader *reader, uint8_t *to, tenon_error *error)
{
    const struct tn_request *part = &reader->part;
    bool copies = part->stored_id == part->target_id && !part->swap_in && !part->swap_out
                  && part->source == &reader->memory;
    if (bytes_of_part (part) <= TILED || (copies && !reader->pool)) {
        struct tn_view_box all;
        for (uint32_t i = 0; i < part->rank; i++)
            all.first[i] = 0, all.count[i] = part->axis[i].count;
        reader->workers->check = TENON_CHECK_NONE;
        return tn_box_make (part, &all, reader->workers, to, error);
    }
    struct tn_slabs slabs;
    tn_slabs_plan (part, UINT64_MAX, &slabs);
    return tn_tiles_make (part, &slabs, 0, reader->pool, reader->workers, to, NULL, error);
}

/* One fill value is cast, and stands for all items of the chunk: so do the losses of its cast. */
static tenon_status
read_fill (struct tn_chunk_reader *reader, uint8_t *to, tenon_error *error)
{
    struct tn_request *part = &reader->part;
    struct tn_tally *tally = part->tally;
    TN_TRY (count_made (reader, part->elements * part->target->block_bytes, error));
    TN_TRY (tn_chunk_open_fill (reader, error));
    if (!tally || !tally->counts)
        return make_chunk_part (reader, to, error);
    struct tn_tally one = { .counts = true };
    struct tn_view_box first = { .count = { 1 } };
    uint8_t *item = tn_worker_buffer (reader->workers, 6, part->target->block_bytes);
    uint32_t rank = part->rank;
    if (!item)
        return tn_fail_memory (error);
    tn_tally_reset (&one, tally->saturate);
    part->tally = &one;
    part->rank = 1;
    TN_TRY (tn_box_make (part, &first, reader->workers, item, error));
    tn_tally_add_times (tally, &one, part->elements);
    part->tally = NULL;
    part->rank = rank;
    return make_chunk_part (reader, to, error);
}

tenon_status
tn_chunk_read (struct tn_chunk_reader *reader, const struct tn_walk_box *box, const struct tn_chunk *found,
               uint8_t *to, tenon_error *error)
{
    struct tn_request *part = &reader->part;
    bool there;
    cut_part (reader, box, found->missing);
    to += reader->to;
    if (found->missing)
        return read_fill (reader, to, error);
    tenon_status status = tn_chunk_open (reader, found, takes_chunk (reader) ? to : NULL, &there, error);
    if (status == TENON_OK && !there)
        status = make_chunk_part (reader, to, error);
    else if (status == TENON_OK && (part->swap_in || part->swap_out)) {
        part->size = reader->bytes;
        tn_request_swap (part, to);
    }
    tn_chunk_close (reader);
    return status;
}

/* ---- into a file ---- */

tenon_status
tn_chunk_write (struct tn_chunk_reader *reader, const struct tn_walk_box *box, const struct tn_chunk *found,
                const struct tn_place *place, tenon_error *error)
{
    bool there;
    cut_part (reader, box, found->missing);
    struct tn_place begin = { place->fd, place->offset + (uint64_t) reader->to, place->name };
    tenon_status status =
        found->missing ? count_made (reader, reader->part.elements * reader->part.target->block_bytes, error)
                       : TENON_OK;
    if (status == TENON_OK)
        status = found->missing ? tn_chunk_open_fill (reader, error)
                                : tn_chunk_open (reader, found, NULL, &there, error);
    if (status == TENON_OK)
        status = tn_tiles_to_file (&reader->part, &begin, reader->workers, NULL, error);
    tn_chunk_close (reader);
    return status;
}

/* ---- verifying ---- */

/* Finding a chunk that is missing costs more than its bytes, if these are few. */
#define LEAST_MADE ((uint64_t) 512 << 10)

tenon_status
tn_chunk_count_bad (struct tn_chunk_reader *reader, tenon_error *error)
{
    return count_made (reader, LEAST_MADE, error);
}

tenon_status
tn_chunk_verify (struct tn_chunk_reader *reader, const struct tn_walk_box *box, const struct tn_chunk *found,
                 tenon_error *error)
{
    uint64_t stride[TN_MAX_RANK];
    reader->bytes = lay_chunk (reader, box, stride);
    if (found->missing)
        return count_made (reader, TN_MAX (reader->bytes, LEAST_MADE), error);
    tenon_status status = tn_chunk_scan (reader, found, error);
    tn_chunk_close (reader);
    return status;
}

/* ---- failures ---- */

/* "[3,0]"; of many dims the first. */
static void
write_index (char *to, size_t room, const struct tn_walk *walk, const struct tn_walk_box *box)
{
    size_t end = 1;
    snprintf (to, room, "[");
    for (uint32_t d = 0; d < walk->rank && end + 32 < room; d++)
        end += (size_t) snprintf (to + end, room - end, "%s%llu", d > 0 ? "," : "",
                                  (unsigned long long) box->chunk[d]);
    snprintf (to + end, room - end, end + 32 < room ? "]" : ",...]");
}

void
tn_chunk_fail_in (const struct tn_walk *walk, const struct tn_walk_box *box, const struct tn_chunk *found,
                  tenon_error *error)
{
    const struct tn_tensor *tensor = walk->request->tensor;
    if (error->status == TENON_E_CANCELLED || error->status == TENON_E_MEMORY) {
        tn_fail_in (error, NULL, tensor->name);
        return;
    }
    tenon_error whole = TENON_ERROR_INIT;
    char index[200], key[300] = "";
    write_index (index, sizeof index, walk, box);
    if (found && found->key && found->key[0])
        snprintf (key, sizeof key, " (key '%s')", TN_SHOW (found->key));
    uint64_t offset = error->offset;
    if (offset == TN_NO_OFFSET && found && found->source && found->offset > 0)
        offset = found->source->origin + found->offset;
    tn_fail_in (&whole, NULL, tensor->name);
    if (error->system != 0 || !found || !found->source)
        memcpy (whole.file, error->file, sizeof whole.file);
    else
        tn_source_fail_in (found->source, &whole);
    whole.system = error->system;
    tn_fail (&whole, error->status, offset, "chunk %s%s: %s", index, key, error->message);
    memcpy (whole.advice, error->advice, sizeof whole.advice);
    *error = whole;
}
