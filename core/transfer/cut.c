/* SPDX-License-Identifier: MIT */
/* cut.c - cuts a tensor into chunks, whatever way its bytes come.
 *
 * From sources of which any bytes can be read each thread gathers the chunk that it makes. The result of
 * others, which are read in order, is put into a band of chunks in memory, the rows of chunks along dim 0, as
 * many as fit, or all of it into a temporary file. */
#include "transfer/cut.h"
#include "base/pool.h"
#include "base/report.h"
#include "source/scan.h"
#include "source/spool_file.h"
#include "transfer/cut_copy.h"
#include "transfer/gather.h"
#include <unistd.h>

/* Smaller chunks are made several at a time. */
#define TOGETHER ((uint64_t) 64 << 10)
/* Shorter runs of a file cost more in system calls than in bytes: they are read with those between them. */
#define SHORT_RUN ((uint64_t) 8 << 10)
#define LEAST_PIECE ((uint64_t) 64 << 10)

/* ---- beginning and end ---- */

tenon_status
tn_cut_begin (struct tn_cut *cut, struct tn_catalog *catalog, const struct tn_tensor *tensor, uint32_t target,
              uint32_t layout, tenon_context *context, tenon_error *error)
{
    struct tn_request *request = &cut->request;
    /* the request may see opaque items as bytes */
    const uint32_t id = target == TENON_NONE ? tensor->dtype : target;
    TN_TRY (tn_request_make (request, catalog, tensor, NULL, target, layout & TENON_BIG_ENDIAN, error));
    const struct tenon_dtype *dtype = tn_catalog_dtype (catalog, id);
    request->context = context;
    if (dtype->block_items > 1)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "items of %s are packed together and cannot lie in chunks", dtype->name);
    cut->shape.rank = tensor->rank;
    cut->shape.shape = tensor->shape;
    cut->shape.item = dtype->block_bytes;
    cut->result = (struct tn_tensor){ .name = tensor->name,
                                      .shape = tensor->shape,
                                      .length = request->size,
                                      .name_length = tensor->name_length,
                                      .dtype = id,
                                      .source = tensor->source,
                                      .rank = tensor->rank,
                                      .flags = (uint8_t) (layout & TENON_BIG_ENDIAN),
                                      .storage = TENON_EXTENT };
    return TENON_OK;
}

void
tn_cut_end (struct tn_cut *cut)
{
    free (cut->bytes);
    tn_source_free (cut->spool);
    cut->bytes = NULL;
    cut->spool = NULL;
}

/* ---- how large ---- */

uint64_t
tn_cut_chunk_size (const struct tn_cut_job *job, uint64_t number)
{
    struct tn_cut_pieces whole = { .count = 1, .rows = 1, .per_axis = 1 };
    struct tn_cut_piece piece;
    uint64_t chunk[TN_MAX_RANK];
    tn_cut_find_chunk (job, number, chunk);
    tn_cut_find_piece (job->shape, &whole, chunk, 0, &piece);
    return piece.size;
}

/* No memory is enough: the filters say the most bytes that they take. */
static tenon_status
fail_chunk_bound (const struct tn_cut_job *job, uint64_t bytes, tenon_error *error)
{
    (void) tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET,
                    "a chunk of %llu bytes is larger than the filter %s can encode",
                    (unsigned long long) bytes, job->tools->encoder->pipeline->text);
    return tn_advise (error, "choose smaller chunks");
}

static tenon_status
fail_chunk_limit (const struct tn_cut_job *job, uint64_t bytes, uint64_t needed, uint64_t limit,
                  tenon_error *error)
{
    (void) tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET,
                    "a chunk of %llu bytes needs %llu bytes of memory%s%s, and %llu are allowed",
                    (unsigned long long) bytes, (unsigned long long) needed,
                    job->encodes ? " to be encoded by the filter " : "",
                    job->encodes ? job->tools->encoder->pipeline->text : "", (unsigned long long) limit);
    return tn_advise (error, "choose smaller chunks, or raise memory in [limits]");
}

/* True if the items of a chunk cannot be gathered into their places: there is a buffer beside the chunk. */
static bool
needs_buffer (const struct tn_cut *cut, const struct tn_cut_shape *shape)
{
    bool turns = cut->request.reversed || (cut->request.tensor->flags & TENON_FORTRAN);
    for (uint32_t k = 0; k < shape->rank; k++)
        turns = turns || shape->order[k] != k;
    return turns || cut->request.stored_id != cut->request.target_id
           || tn_tensor_strides (cut->request.catalog, cut->request.tensor);
}

tenon_status
tn_cut_fit (const struct tn_cut *cut, struct tn_cut_job *job, tenon_error *error)
{
    const struct tn_cut_tools *tools = job->tools;
    const uint64_t limit = tools->context->limits[TENON_LIMIT_MEMORY];
    const bool buffer = needs_buffer (cut, job->shape);
    uint64_t size, cost;
    tn_cut_plan_pieces (job->shape, UINT64_MAX, &job->pieces);
    size = cost = tn_cut_piece_bytes (job->shape, &job->pieces);
    if (job->encodes) { /* twice the chunk, and what each filter makes of it */
        cost = tn_encoder_block_cost (tools->encoder, size);
        if (cost == UINT64_MAX)
            return fail_chunk_bound (job, size, error);
        if (cost - size > limit)
            return fail_chunk_limit (job, size, cost - size, limit, error);
    } else if (size > limit / (buffer ? 4 : 2)) {
        tn_cut_plan_pieces (job->shape, TN_MAX (limit / (4 * (uint64_t) tools->width), LEAST_PIECE),
                            &job->pieces);
        cost = tn_cut_piece_bytes (job->shape, &job->pieces);
        if (cost > limit)
            return fail_chunk_limit (job, size, cost, limit, error);
    }
    cost += buffer ? cost : 0;
    job->together = 1;
    if (job->pieces.count == 1 && size < TOGETHER)
        job->together = TN_MIN (TOGETHER / TN_MAX (size, 1), TN_CUT_MOST_TOGETHER);
    cost = TN_MAX (cost, 1) * (buffer ? 2 : 1);
    if (cost > limit / job->together)
        job->together = 1;
    job->in_flight =
        (unsigned) TN_MAX (TN_MIN (limit / (cost * job->together), (uint64_t) tools->slot_count), 1);
    return TENON_OK;
}

/* ---- from any place ---- */

static struct tn_cut_view
view_source (const struct tn_cut *cut)
{
    const struct tn_request *request = &cut->request;
    return (struct tn_cut_view){ .context = request->context,
                                 .catalog = request->catalog,
                                 .tensor = request->tensor,
                                 .source = request->source,
                                 .target = cut->result.dtype,
                                 .layout = cut->result.flags,
                                 .tally = request->tally };
}

/* Rows of the result in memory, or all of it in a file. */
static struct tn_cut_view
view_result (const struct tn_cut *cut, const struct tn_tensor *tensor, struct tn_source *source,
             uint64_t above)
{
    return (struct tn_cut_view){ .context = cut->request.context,
                                 .catalog = cut->request.catalog,
                                 .tensor = tensor,
                                 .source = source,
                                 .above = above,
                                 .target = TENON_NONE,
                                 .layout = cut->result.flags };
}

static void
set_memory (struct tn_source *memory, const uint8_t *bytes, uint64_t size, const char *name)
{
    memset (memory, 0, sizeof *memory);
    memory->kind = TN_SOURCE_MEMORY;
    memory->fd = -1;
    memory->size = size;
    memory->name = name;
    memory->backing = memory;
    atomic_init (&memory->base, bytes);
}

static uint64_t
count_chunks (const struct tn_cut_job *job)
{
    uint64_t count = 1;
    for (uint32_t i = 0; i < job->shape->rank; i++)
        count *= job->count[i];
    return count;
}

/* ---- in order: bands ---- */

/* Rows of chunks along dim 0 that are collected in memory. */
struct cut_band {
    struct tn_cut *cut;
    const struct tn_cut_job *job;
    uint8_t *bytes;
    uint64_t filled;
    uint64_t row;      /* bytes of a row of items */
    uint64_t rows;     /* of chunks in a band */
    uint64_t at;       /* the row of chunks that the band begins with */
    uint64_t per_row;  /* chunks in a row of them */
    uint64_t expected; /* bytes of this band */
};

static uint64_t
dim_of (const uint64_t *dims, const struct tn_cut_shape *shape)
{
    return shape->rank > 0 ? dims[0] : 1;
}

static void
expect_band (struct cut_band *band)
{
    const struct tn_cut_shape *shape = band->job->shape;
    const uint64_t chunk = dim_of (shape->chunk_shape, shape), dim = dim_of (shape->shape, shape);
    const uint64_t first = band->at * chunk;
    uint64_t rows;
    if (tn_multiply (band->rows, chunk, &rows))
        rows = UINT64_MAX;
    band->expected = (first < dim ? TN_MIN (rows, dim - first) : 0) * band->row;
    band->filled = 0;
}

/* Makes the chunks of a band that is complete. */
static tenon_status
cut_band (struct cut_band *band, tenon_error *error)
{
    const struct tn_cut_shape *shape = band->job->shape;
    struct tn_tensor rows = band->cut->result;
    uint64_t dims[TN_MAX_RANK];
    struct tn_source memory;
    const uint64_t above = band->at * dim_of (shape->chunk_shape, shape);
    const uint64_t count = TN_MIN (band->rows, dim_of (band->job->count, shape) - band->at);
    set_memory (&memory, band->bytes, band->filled, band->cut->request.source->name);
    if (shape->rank > 0) {
        memcpy (dims, shape->shape, shape->rank * sizeof *dims);
        dims[0] = band->filled / band->row;
        rows.shape = dims;
    }
    rows.length = band->filled;
    struct tn_cut_view view = view_result (band->cut, &rows, &memory, above);
    TN_TRY (tn_cut_run (band->job, &view, band->at * band->per_row, count * band->per_row, error));
    band->at += count;
    expect_band (band);
    return TENON_OK;
}

static tenon_status
fill_band (void *user, const void *bytes, uint64_t length, tenon_error *error)
{
    struct cut_band *band = user;
    for (const uint8_t *from = bytes; length > 0;) {
        const uint64_t piece = TN_MIN (length, band->expected - band->filled);
        memcpy (band->bytes + band->filled, from, piece);
        band->filled += piece, from += piece, length -= piece;
        if (band->filled == band->expected)
            TN_TRY (cut_band (band, error));
    }
    return TENON_OK;
}

/* How many rows of chunks fit into the band; 0: not even one. */
static uint64_t
plan_band (const struct tn_cut *cut, const struct tn_cut_job *job, struct cut_band *band)
{
    const struct tn_cut_shape *shape = job->shape;
    const uint64_t most = cut->request.context->limits[TENON_LIMIT_MEMORY] / 3;
    const uint64_t dim = dim_of (shape->shape, shape), chunk = dim_of (shape->chunk_shape, shape);
    band->row = cut->request.size / dim;
    band->per_row = count_chunks (job) / dim_of (job->count, shape);
    band->rows = most / TN_MAX (band->row, 1) / TN_MIN (chunk, dim);
    band->rows = TN_MIN (band->rows, dim_of (job->count, shape));
    return band->rows;
}

static tenon_status
stream_bands (struct tn_cut *cut, struct cut_band *band, tenon_error *error)
{
    const uint64_t rows = TN_MIN (band->rows * dim_of (band->job->shape->chunk_shape, band->job->shape),
                                  dim_of (band->job->shape->shape, band->job->shape));
    TN_FREE uint8_t *bytes = malloc (TN_MAX (rows * band->row, 1));
    if (!bytes)
        return tn_fail_memory (error);
    band->bytes = bytes;
    expect_band (band);
    return tn_transfer_stream (cut->request.context, &cut->request, cut->way, fill_band, band, NULL, error);
}

/* ---- in order: all of the result ---- */

struct keeping {
    struct tn_cut *cut;
    const struct tn_cut_job *job;
    struct tn_spool_file file;
    uint64_t at;
};

static tenon_status
keep_result_piece (void *user, const void *bytes, uint64_t length, tenon_error *error)
{
    struct keeping *keeping = user;
    TN_TRY (tn_meter_ask (keeping->job->meter, error));
    if (keeping->cut->bytes)
        memcpy (keeping->cut->bytes + keeping->at, bytes, length);
    else
        TN_TRY (tn_spool_file_write (&keeping->file, keeping->at, bytes, length, error));
    keeping->at += length;
    return TENON_OK;
}

static tenon_status
stream_to_keep (struct tn_cut *cut, struct keeping *keeping, tenon_error *error)
{
    return tn_transfer_stream (cut->request.context, &cut->request, cut->way, keep_result_piece, keeping,
                               NULL, error);
}

static tenon_status
keep_in_file (struct tn_cut *cut, struct keeping *keeping, tenon_error *error)
{
    const struct tn_request *request = &cut->request;
    TN_TRY (tn_spool_file_open (request->context, request->size, &keeping->file, error));
    tenon_status status = stream_to_keep (cut, keeping, error);
    if (status < 0) {
        close (keeping->file.fd);
        return status;
    }
    return tn_source_open_fd (keeping->file.fd, request->source->name, false, &cut->spool, error);
}

/* Keeps the result, so that boxes can be made of it in any order: in memory or in a temporary file. */
static tenon_status
keep_result (struct tn_cut *cut, const struct tn_cut_job *job, tenon_error *error)
{
    const struct tn_request *request = &cut->request;
    struct keeping keeping = { .cut = cut, .job = job };
    if (cut->kept)
        return TENON_OK;
    if (request->size > request->context->limits[TENON_LIMIT_MEMORY] / 3)
        TN_TRY (keep_in_file (cut, &keeping, error));
    else {
        if (!(cut->bytes = malloc (TN_MAX (request->size, 1))))
            return tn_fail_memory (error);
        TN_TRY (stream_to_keep (cut, &keeping, error));
        set_memory (&cut->memory, cut->bytes, request->size, request->source->name);
    }
    cut->kept = true;
    return TENON_OK;
}

/* ---- all ---- */

/* True if each chunk that is made is one that is stored: then it is read by itself. */
static bool
has_same_chunks (const struct tn_cut *cut)
{
    const struct tn_tensor *tensor = cut->request.tensor;
    return tensor->storage == TENON_GRID
           && memcmp (tensor->served->grid->chunk_shape, cut->shape.chunk_shape,
                      tensor->rank * sizeof *cut->shape.chunk_shape)
                  == 0;
}

/* Before the first box: the way, and a checksum that must be compared before. */
static tenon_status
begin_reading (struct tn_cut *cut, tenon_error *error)
{
    struct tn_request *request = &cut->request;
    if (cut->way_chosen)
        return TENON_OK;
    tn_request_unpack (request);
    cut->way = tn_way_choose (request, TN_BY_CHUNKS);
    if (has_same_chunks (cut))
        cut->way = (struct tn_way){ TN_WAY_GATHER };
    cut->way_chosen = true;
    if (cut->way.kind != TN_WAY_GATHER)
        return TENON_OK;
    if (cut->way.sums_first)
        TN_TRY (tn_scan_all (request->context, request->source, NULL, NULL, error));
    return tn_request_account (request, error);
}

/* True if a chunk of a file lies there in many short runs, so that all of the file is rather read in order.
 */
static bool
has_short_runs (const struct tn_cut *cut, const struct tn_cut_shape *shape)
{
    const struct tn_request *request = &cut->request;
    uint64_t run = shape->item;
    if (request->turns || tn_gather_memory (request->source) || request->source->check != TENON_CHECK_NONE
        || request->tensor->storage != TENON_EXTENT)
        return false;
    for (uint32_t i = shape->rank; i-- > 0;) {
        run *= TN_MIN (shape->chunk_shape[i], shape->shape[i]);
        if (shape->chunk_shape[i] < shape->shape[i])
            return run < SHORT_RUN;
    }
    return false;
}

tenon_status
tn_cut_box (struct tn_cut *cut, const struct tn_cut_job *job, bool all, tenon_error *error)
{
    struct cut_band band = { .cut = cut, .job = job };
    struct tn_cut_view view;
    const uint64_t count = count_chunks (job);
    if (count == 0)
        return TENON_OK;
    if (all && cut->request.size > 0) {
        tn_request_unpack (&cut->request);
        struct tn_way way = tn_way_choose (&cut->request, TN_BY_CHUNKS);
        if (way.kind == TN_WAY_GATHER && has_short_runs (cut, job->shape)
            && plan_band (cut, job, &band) > 0) {
            cut->way = tn_way_choose (&cut->request, TN_IN_ORDER);
            return stream_bands (cut, &band, error);
        }
    }
    TN_TRY (begin_reading (cut, error));
    if (cut->way.kind == TN_WAY_GATHER || cut->request.size == 0)
        view = view_source (cut);
    else {
        if (all && !cut->kept && plan_band (cut, job, &band) > 0)
            return stream_bands (cut, &band, error);
        TN_TRY (keep_result (cut, job, error));
        view = view_result (cut, &cut->result, cut->spool ? cut->spool : &cut->memory, 0);
    }
    tenon_status status = tn_cut_run (job, &view, 0, count, error);
    for (unsigned i = 0; i < job->tools->width; i++)
        tn_cut_worker_leave (&job->tools->workers[i]);
    return status;
}
