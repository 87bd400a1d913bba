/* SPDX-License-Identifier: MIT */
/* host_put_grid.c - writes the chunks of a tensor of the plan. */
#include "base/pool.h"
#include "codec/archive_write.h"
#include "codec/host.h"
#include "codec/put_chunks.h"
#include "context/cause.h"

static const char chunk_twice[] = "it puts a chunk twice";

#define LARGEST_CHUNK ((uint64_t) 1 << 62)

static void
free_chunked (struct tn_chunked *tensor)
{
    tn_cut_end (&tensor->cut);
    free (tensor->bits);
    free (tensor);
}

static void
release_chunks (void *opaque)
{
    struct tn_chunks *chunks = opaque;
    while (chunks->tensors) {
        struct tn_chunked *tensor = chunks->tensors;
        chunks->tensors = tensor->next;
        free_chunked (tensor);
    }
    tn_cut_tools_free (chunks->tools);
    free (chunks->complete);
    free (chunks);
}

/* ---- the tensor ---- */

/* The numbers of chunks. */
static tenon_status
count_grid (struct tn_call *call, const uint64_t *chunk_shape, struct tn_chunked *tensor)
{
    const struct tn_cut_shape *shape = &tensor->cut.shape;
    uint64_t bytes = shape->item;
    tensor->total = 1;
    for (uint32_t i = 0; i < shape->rank; i++) {
        const uint64_t dim = shape->shape[i], chunk = tensor->dims[i] = chunk_shape[i];
        if (chunk == 0)
            return tn_call_misuse (call, "it puts chunks of no items");
        if (chunk >= LARGEST_CHUNK || tn_multiply (bytes, chunk, &bytes) || bytes >= LARGEST_CHUNK)
            return tn_call_misuse (call, "it puts chunks of 2^62 bytes or more");
        tensor->grid[i] = dim / chunk + (dim % chunk > 0);
        tensor->total *= tensor->grid[i]; /* no more than there are items */
    }
    return TENON_OK;
}

/* A tensor whose first chunks are put: nothing is read yet. */
static tenon_status
begin_chunked (struct tn_call *call, uint64_t index, const struct tenon_grid_put *put, uint32_t layout,
               struct tn_chunked **result)
{
    const struct tn_origin *origin = &call->writer->plan->origins[index];
    const uint32_t rank = origin->tensor->rank;
    struct tn_chunked *tensor = calloc (1, sizeof *tensor + 2 * (uint64_t) rank * sizeof *tensor->dims);
    if (!tensor)
        return tn_fail_memory (call->session->error);
    tensor->next = call->chunks->tensors;
    call->chunks->tensors = *result = tensor;
    TN_TRY (tn_cut_begin (&tensor->cut, origin->catalog, origin->tensor, origin->target, layout,
                          call->session->context, call->session->error));
    tensor->counts = tn_write_counts_casts (origin, &tensor->cut.request);
    tensor->index = index;
    tensor->cut.shape.chunk_shape = tensor->dims;
    tensor->cut.shape.clipped = put->grid->flags & TENON_GRID_CLIPPED;
    tensor->grid = tensor->dims + rank;
    return count_grid (call, put->chunk_shape, tensor);
}

/* The tensor, which may have got chunks before. */
static tenon_status
find_chunked (struct tn_call *call, uint64_t index, const struct tenon_grid_put *put, uint32_t layout,
              struct tn_chunked **result)
{
    const struct tn_writer *writer = call->writer;
    const uint64_t bit = index - writer->first;
    if (!call->chunks->complete && !(call->chunks->complete = calloc (writer->count / 8 + 1, 1)))
        return tn_fail_memory (call->session->error);
    if (call->chunks->complete[bit / 8] & 1u << bit % 8)
        return tn_call_misuse (call, chunk_twice);
    for (struct tn_chunked *tensor = call->chunks->tensors; tensor; tensor = tensor->next) {
        if (tensor->index != index)
            continue;
        const struct tn_cut_shape *shape = &tensor->cut.shape;
        if ((shape->rank > 0
             && memcmp (shape->chunk_shape, put->chunk_shape, shape->rank * sizeof *shape->chunk_shape) != 0)
            || shape->clipped != ((put->grid->flags & TENON_GRID_CLIPPED) > 0)
            || tensor->cut.result.flags != (layout & TENON_BIG_ENDIAN))
            return tn_call_misuse (call, "it puts chunks of one tensor in two shapes or byte orders");
        *result = tensor;
        return TENON_OK;
    }
    return begin_chunked (call, index, put, layout, result);
}

/* ---- the box ---- */

/* Notes that a chunk is put. False: it was before. */
static bool
mark_chunk (struct tn_chunked *tensor, const struct tn_cut_job *job, uint64_t number)
{
    uint64_t chunk[TN_MAX_RANK], at = 0;
    tn_cut_find_chunk (job, number, chunk);
    for (uint32_t i = 0; i < job->shape->rank; i++)
        at = at * tensor->grid[i] + chunk[i];
    if (tensor->bits[at / 8] & 1u << at % 8)
        return false;
    tensor->bits[at / 8] |= (uint8_t) (1u << at % 8);
    return true;
}

/* Each chunk is put once. */
static tenon_status
mark_box (struct tn_call *call, struct tn_chunked *tensor, const struct tn_cut_job *job, uint64_t count)
{
    if (count > tensor->total - tensor->done)
        return tn_call_misuse (call, chunk_twice);
    tensor->done += count;
    if (count == tensor->total)
        return TENON_OK;
    if (!tensor->bits) {
        if (tensor->total / 8 > call->session->context->limits[TENON_LIMIT_MEMORY])
            return tn_fail (call->session->error, TENON_E_LIMIT, TN_NO_OFFSET,
                            "it has %llu chunks, of which none can be told from the others in the memory "
                            "that is allowed; choose larger chunks, or raise memory in [limits]",
                            (unsigned long long) tensor->total);
        if (!(tensor->bits = calloc (tensor->total / 8 + 1, 1)))
            return tn_fail_memory (call->session->error);
    }
    for (uint64_t i = 0; i < count; i++)
        if (!mark_chunk (tensor, job, i))
            return tn_call_misuse (call, chunk_twice);
    return TENON_OK;
}

/* The chunks of the box that was asked for. */
static tenon_status
take_chunk_box (struct tn_call *call, const struct tn_chunked *tensor, const struct tenon_grid_put *put,
                struct tn_cut_job *job, uint64_t *count)
{
    static const uint64_t none[TN_MAX_RANK];
    const uint32_t rank = tensor->cut.shape.rank;
    job->first = put->first ? put->first : none;
    job->count = put->count ? put->count : tensor->grid;
    *count = 1;
    for (uint32_t i = 0; i < rank; i++) {
        if (job->first[i] > tensor->grid[i] || job->count[i] > tensor->grid[i] - job->first[i])
            return tn_call_misuse (call, "it puts chunks outside of the grid");
        *count *= job->count[i]; /* at most tensor->total */
    }
    if (put->places && put->place_count < *count)
        return tn_call_misuse (call, "it has no room for the places of all chunks");
    if (put->places && put->place_size < TN_UP_TO (struct tenon_chunk_place, stored))
        return tn_call_misuse (call, "the place_size of a struct tenon_grid_put is too small");
    return TENON_OK;
}

/* ---- the grid ---- */

static tenon_status
take_chunk_order (struct tn_call *call, const struct tenon_grid *grid, uint32_t layout, uint32_t rank,
                  uint32_t *order)
{
    uint64_t seen = 0;
    for (uint32_t i = 0; i < rank; i++) {
        order[i] = grid->order ? grid->order[i] : layout & TENON_FORTRAN ? rank - 1 - i : i;
        if (order[i] >= rank || seen & (uint64_t) 1 << order[i])
            return tn_call_misuse (call, "the order of a grid does not name each dim once");
        seen |= (uint64_t) 1 << order[i];
    }
    return TENON_OK;
}

static bool
is_reversed (const uint32_t *order, uint32_t rank)
{
    for (uint32_t i = 0; i < rank; i++)
        if (order[i] != rank - 1 - i)
            return false;
    return true;
}

/* Sets the encoder of the tools. */
static tenon_status
take_chunk_steps (struct tn_call *call, const struct tenon_grid *grid, struct tn_cut_job *job)
{
    struct tn_session *session = call->session;
    struct tn_chunks *chunks = call->chunks;
    const char *missing;
    if (grid->step_count == 0)
        return TENON_OK;
    if (call->writer->measures)
        return tn_writer_cannot_measure (call, grid->steps ? grid->steps->filter : "");
    tenon_status status = tn_pipeline_make (session->context, &session->arena, grid->steps, grid->step_size,
                                            grid->step_count, &chunks->pipeline, &missing, session->error);
    if (status == TENON_E_NOT_FOUND)
        return tn_cause_fail_filter (session->context, missing, session->error);
    TN_TRY (status);
    job->encodes = true;
    return tn_cut_tools_encode (chunks->tools, chunks->pipeline, session->error);
}

static tenon_status
need_chunks (struct tn_call *call)
{
    if (call->chunks)
        return TENON_OK;
    if (!(call->chunks = calloc (1, sizeof *call->chunks)))
        return tn_fail_memory (call->session->error);
    tn_call_own (call, release_chunks, call->chunks);
    return tn_cut_tools_new (call->session->context, &call->chunks->tools, call->session->error);
}

/* ---- the service ---- */

/* Copies the structs, and checks what does not depend on the tensor. */
static tenon_status
copy_put (struct tn_call *call, const struct tenon_grid_put *theirs, struct tenon_grid_put *put,
          struct tenon_grid *grid, struct tenon_layout *layout)
{
    const struct tn_writer *writer = call->writer;
    if (!tn_copy_struct (put, sizeof *put, theirs, TN_UP_TO (struct tenon_grid_put, reserved))
        || !tn_copy_struct (grid, sizeof *grid, put->grid, TN_UP_TO (struct tenon_grid, fill_size))
        || (put->layout
            && !tn_copy_struct (layout, sizeof *layout, put->layout, TN_UP_TO (struct tenon_layout, flags))))
        return tn_call_misuse (call, "a struct of put_grid has a wrong struct_size");
    put->grid = grid;
    if ((put->flags | grid->flags | layout->flags) & TENON_FLAGS_MUST_KNOW)
        return tn_call_misuse (call, "it puts chunks with flags that this version does not know");
    if (put->tensor >= writer->count)
        return tn_call_misuse (call, "it put a tensor that the plan does not have");
    if (!put->first != !put->count)
        return tn_call_misuse (call, "a box of chunks has only one of `first` and `count`");
    if (put->key && !writer->archive)
        return tn_call_misuse (call, "it gives chunks keys, but writes no store");
    if (put->key && tn_entries_are_open (writer->archive))
        return tn_call_misuse (call, "it gives chunks keys while an entry is open");
    if (call->chunks->busy)
        return tn_call_misuse (call, "it puts chunks while it names others");
    return TENON_OK;
}

/* Makes the chunks of the box, or counts them. */
static tenon_status
run_box (struct tn_call *call, struct tn_chunked *tensor, const struct tenon_grid_put *put,
         struct tn_cut_job *job, uint64_t count)
{
    struct tn_writer *writer = call->writer;
    struct tn_put_chunks chunks = { .call = call, .put = put, .job = job, .count = count };
    struct tn_cut_taker taker;
    tenon_error *error = call->session->error;
    const bool counted = writer->dry && !tensor->counts && !job->encodes && !job->skips_fill;
    if (writer->measures && job->skips_fill)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "its size is known only after its chunks were compared with their fill value");
    TN_TRY (tn_cut_fit (&tensor->cut, job, error));
    TN_TRY (tn_put_chunks_begin (&chunks, &taker));
    job->taker = &taker;
    writer->sink->subject = tn_catalog_tensor (writer->plan->own, tensor->index)->name;
    call->chunks->busy = true;
    tenon_status status = counted || writer->measures
                              ? tn_put_chunks_count (&chunks, &taker)
                              : tn_cut_box (&tensor->cut, job, count == tensor->total, error);
    call->chunks->busy = false;
    writer->sink->subject = NULL;
    tn_put_chunks_end (&chunks);
    return status;
}

static void
complete_tensor (struct tn_call *call, struct tn_chunked *tensor)
{
    struct tn_writer *writer = call->writer;
    struct tn_chunked **place = &call->chunks->tensors;
    const uint64_t bit = tensor->index - writer->first;
    call->chunks->complete[bit / 8] |= (uint8_t) (1u << bit % 8);
    writer->done[tensor->index - writer->done_first] = true;
    while (*place != tensor)
        place = &(*place)->next;
    *place = tensor->next;
    free_chunked (tensor);
}

static tenon_status
put_box (struct tn_call *call, const struct tenon_grid_put *put, uint32_t layout)
{
    struct tn_writer *writer = call->writer;
    struct tn_chunked *tensor = NULL;
    uint32_t order[TN_MAX_RANK];
    uint64_t count;
    const uint64_t index = writer->first + put->tensor;
    const uint32_t rank = tn_catalog_tensor (writer->plan->own, index)->rank;
    struct tn_cut_job job = { .skips_fill = put->flags & TENON_PUT_SKIP_FILL,
                              .tools = call->chunks->tools,
                              .meter = writer->meter };
    if (rank > 0 && !put->chunk_shape)
        return tn_call_misuse (call, "it puts chunks without a shape");
    TN_TRY (take_chunk_order (call, put->grid, layout, rank, order));
    TN_TRY (find_chunked (call, index, put, layout, &tensor));
    struct tn_cut_shape *shape = &tensor->cut.shape;
    shape->order = order;
    shape->fill = put->grid->fill;
    job.shape = shape;
    if (shape->fill ? put->grid->fill_size != shape->item : put->grid->fill_size > 0)
        return tn_call_misuse (call, "the fill value of a grid is not one item");
    TN_TRY (take_chunk_box (call, tensor, put, &job, &count));
    TN_TRY (take_chunk_steps (call, put->grid, &job));
    job.copies = tn_chunks_are_same (&writer->plan->origins[index], &job,
                                     job.encodes ? call->chunks->pipeline : NULL, layout);
    if (tensor->done == 0 && count > 0)
        tn_write_tell_changes (call, index, &tensor->cut.request,
                               (layout & TENON_BIG_ENDIAN)
                                   | (rank > 1 && is_reversed (order, rank) ? TENON_FORTRAN : 0));
    if (tensor->done == 0 && count > 0 && writer->plan->carried && writer->plan->carried[index])
        tn_loss (call, tn_catalog_tensor (writer->plan->own, index)->name,
                 "its bytes are carried in chunks: reading leaves them bytes, and says of what");
    if (!job.encodes && !put->key)
        TN_TRY (tn_write_check_room (call, tensor->cut.request.size));
    TN_TRY (mark_box (call, tensor, &job, count));
    if (count > 0)
        TN_TRY (run_box (call, tensor, put, &job, count));
    if (tensor->done == tensor->total)
        complete_tensor (call, tensor);
    return TENON_OK;
}

tenon_status
tn_host_put_grid (struct tenon_call *public, const struct tenon_grid_put *theirs)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tenon_grid_put put;
    struct tenon_grid grid;
    struct tenon_layout layout = { 0 };
    TN_TRY (TN_CALL_MAY (call, put_grid));
    TN_TRY (need_chunks (call));
    TN_TRY (copy_put (call, theirs, &put, &grid, &layout));
    tenon_status status = put_box (call, &put, layout.flags);
    if (status < 0)
        tn_fail_in (call->session->error, NULL,
                    tn_catalog_tensor (call->writer->plan->own, call->writer->first + put.tensor)->name);
    return status;
}
