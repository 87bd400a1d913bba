/* SPDX-License-Identifier: MIT */
/* grid_order.c - results of requests in chunks that are not wanted in memory: in order, in a file, or as a
 * source of their items.
 *
 * In order they are made band by band. A band ends where chunks do, so each chunk is decoded once. */
#include "sink/sink.h"
#include "source/spool_file.h"
#include "transfer/grid.h"
#include "transfer/slab.h"
#include "transfer/view.h"
#include <unistd.h>

/* ---- bands ---- */

/* Of the view: axes before `axis` are fixed in a band, `axis` is cut, those after it are whole. */
struct bands {
    struct tn_walk walk;
    uint32_t axis;
    uint64_t parts;           /* of that axis in a band */
    uint64_t per_axis, count; /* bands along it, and in all */
    uint64_t bytes;           /* of the largest one */
};

/* The dim of an axis of the view, or the other way round. */
static uint32_t
dim_of_axis (const struct tn_walk *walk, uint32_t axis)
{
    return walk->request->reversed ? walk->rank - 1 - axis : axis;
}

static uint64_t
band_room (const tenon_context *context)
{
    return TN_MAX (context->limits[TENON_LIMIT_MEMORY] / 3, (uint64_t) 65536);
}

/* Bands of at most `room` bytes, if chunks allow. Where chunks are one item thick, the next axis is cut. */
static void
plan_bands (struct bands *bands, const struct tn_request *request, uint64_t room)
{
    tn_walk_begin (&bands->walk, request, room);
    uint64_t inner = request->size, parts = 1, rows = 1;
    bands->axis = 0;
    bands->per_axis = bands->count = 1;
    for (uint32_t i = 0; i < bands->walk.rank; i++) {
        uint32_t dim = dim_of_axis (&bands->walk, i);
        bands->count *= bands->per_axis;
        bands->axis = i;
        inner /= request->axis[i].count;
        rows = tn_walk_rows (&bands->walk, dim);
        parts = bands->per_axis = bands->walk.dim[dim].parts;
        if (rows > 1 || inner <= room)
            break;
    }
    bands->parts = TN_MIN (TN_MAX (room / rows / TN_MAX (inner, 1), 1), parts);
    bands->bytes = TN_MIN (bands->parts * rows, request->axis[bands->axis].count) * inner;
    bands->per_axis = (bands->per_axis + bands->parts - 1) / bands->parts;
    bands->count *= bands->per_axis;
}

static void
find_band (const struct bands *bands, uint64_t number, struct tn_view_box *box)
{
    const struct tn_walk *walk = &bands->walk;
    const struct tn_request *request = walk->request;
    uint64_t outer = number / bands->per_axis, part = number % bands->per_axis * bands->parts;
    for (uint32_t i = 0; i < request->rank; i++)
        box->first[i] = 0, box->count[i] = request->axis[i].count;
    if (walk->rank == 0)
        return;
    uint32_t dim = dim_of_axis (walk, bands->axis);
    tn_walk_span (walk, dim, part, TN_MIN (bands->parts, walk->dim[dim].parts - part),
                  &box->first[bands->axis], &box->count[bands->axis]);
    for (uint32_t i = bands->axis; i-- > 0;) {
        dim = dim_of_axis (walk, i);
        tn_walk_span (walk, dim, outer % walk->dim[dim].parts, 1, &box->first[i], &box->count[i]);
        outer /= walk->dim[dim].parts;
    }
}

bool
tn_grid_scatters (const struct tn_request *request)
{
    struct bands bands;
    if (request->size == 0 || request->scattered || !tn_request_by_items (request))
        return false;
    plan_bands (&bands, request, band_room (request->context));
    return bands.bytes > band_room (request->context);
}

/* ---- in order ---- */

struct ordered {
    const struct tn_request *request;
    const struct tn_grid_how *how;
    struct tn_grid_how quiet; /* the same, asks whether to go on, and counts nothing */
    tn_consumer take;
    void *user;
};

static tenon_status
pass_band (const struct ordered *ordered, const uint8_t *bytes, uint64_t length, tenon_error *error)
{
    TN_TRY (ordered->take (ordered->user, bytes, length, error));
    return tn_meter_add (ordered->how->meter, length, error);
}

static TN_OWN_FRAME tenon_status
stream_box (const struct ordered *ordered, const struct tn_view_box *box, uint8_t *bytes, tenon_error *error)
{
    struct tn_request cut;
    tn_request_cut (ordered->request, box, &cut);
    TN_TRY (tn_grid_read (&cut, &ordered->quiet, bytes, error));
    return pass_band (ordered, bytes, cut.size, error);
}

static TN_OWN_FRAME tenon_status
stream_small_bands (const struct ordered *ordered, const struct bands *bands, tenon_error *error)
{
    TN_FREE uint8_t *bytes = malloc (bands->bytes);
    if (!bytes)
        return tn_fail_memory (error);
    for (uint64_t i = 0; i < bands->count; i++) {
        struct tn_view_box box;
        find_band (bands, i, &box);
        TN_TRY (stream_box (ordered, &box, bytes, error));
    }
    return TENON_OK;
}

/* Without room for a temporary file chunks are decoded again for each slab that they reach into. */
static TN_OWN_FRAME tenon_status
stream_slabs (const struct ordered *ordered, tenon_error *error)
{
    struct tn_slabs slabs;
    uint64_t begin, size;
    tn_slabs_plan (ordered->request, band_room (ordered->request->context), &slabs);
    tn_slab_range (ordered->request, &slabs, 0, &begin, &size);
    TN_FREE uint8_t *bytes = malloc (size);
    if (!bytes)
        return tn_fail_memory (error);
    for (uint64_t i = 0; i < slabs.count; i++) {
        struct tn_view_box box;
        tn_slab_box (ordered->request, &slabs, i, &box);
        TN_TRY (stream_box (ordered, &box, bytes, error));
    }
    return TENON_OK;
}

#define FILE_PIECE ((uint64_t) 1 << 20)

/* A band by a temporary file. *full: there is no room for it, and nothing was handed out. */
static TN_OWN_FRAME tenon_status
stream_spooled (const struct ordered *ordered, const struct tn_view_box *box, int fd, bool *full,
                tenon_error *error)
{
    struct tn_request cut;
    struct tn_place place = { .fd = fd, .name = "a temporary file" };
    tn_request_cut (ordered->request, box, &cut);
    tenon_status status = tn_grid_to_file (&cut, &ordered->quiet, &place, error);
    *full = status < 0 && tn_spool_is_full (error);
    TN_TRY (status);
    TN_FREE uint8_t *bytes = malloc (FILE_PIECE);
    if (!bytes)
        return tn_fail_memory (error);
    for (uint64_t at = 0, piece; at < cut.size; at += piece) {
        piece = TN_MIN (FILE_PIECE, cut.size - at);
        TN_TRY (tn_read_all (fd, at, bytes, piece, error));
        TN_TRY (pass_band (ordered, bytes, piece, error));
    }
    return TENON_OK;
}

static TN_OWN_FRAME tenon_status
stream_large_bands (const struct ordered *ordered, const struct bands *bands, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    struct tn_spool_file file;
    bool full = false;
    if (tn_spool_file_open (ordered->request->context, bands->bytes, &file, &mine) < 0)
        return stream_slabs (ordered, error);
    for (uint64_t i = 0; i < bands->count && mine.status == TENON_OK; i++) {
        struct tn_view_box box;
        find_band (bands, i, &box);
        stream_spooled (ordered, &box, file.fd, &full, &mine);
        full = full && i == 0;
    }
    close (file.fd);
    if (full) {
        if (ordered->request->tally)
            tn_tally_reset (ordered->request->tally, ordered->request->tally->saturate);
        return stream_slabs (ordered, error);
    }
    if (mine.status < 0)
        *error = mine;
    return mine.status;
}

tenon_status
tn_grid_stream (const struct tn_request *request, const struct tn_grid_how *how, tn_consumer take, void *user,
                tenon_error *error)
{
    struct ordered ordered = { request, how, *how, take, user };
    struct bands bands;
    if (request->size == 0)
        return TENON_OK;
    ordered.quiet.counts = false;
    plan_bands (&bands, request, band_room (request->context));
    return bands.bytes > band_room (request->context) ? stream_large_bands (&ordered, &bands, error)
                                                      : stream_small_bands (&ordered, &bands, error);
}

/* ---- into a file ---- */

/* Longer pieces are written no faster. */
#define LONG_PIECE ((uint64_t) 256 << 10)

/* Groups of chunks, whose results are made in memory and written. */
struct groups {
    const struct tn_request *request;
    const struct tn_grid_how *how;
    const struct tn_place *place;
    struct tn_walk walk;
    uint64_t parts[TN_MAX_RANK]; /* of each dim in a group */
    uint64_t count, bytes;       /* groups, and of one */
    uint64_t memory;             /* of a thread beside that */
};

/* Groups grow along the fastest axis of the result until pieces are long. */
static void
plan_groups (struct groups *groups, uint64_t room)
{
    struct tn_walk *walk = &groups->walk;
    uint64_t piece = groups->request->target->block_bytes;
    groups->count = 1;
    groups->bytes = piece;
    for (uint32_t d = 0; d < walk->rank; d++) {
        groups->parts[d] = 1;
        groups->bytes *= tn_walk_rows (walk, d);
    }
    for (uint32_t i = walk->rank; i-- > 0;) {
        uint32_t dim = dim_of_axis (walk, i);
        uint64_t rows = tn_walk_rows (walk, dim), others = groups->bytes / rows;
        uint64_t fit = TN_MIN (TN_MAX (room / groups->bytes, 1), walk->dim[dim].parts);
        if (piece < LONG_PIECE)
            groups->parts[dim] = TN_MIN (fit, LONG_PIECE / (piece * rows) + 1);
        uint64_t span = TN_MIN (groups->parts[dim] * rows, groups->request->axis[i].count);
        groups->bytes = others * span;
        piece = span == groups->request->axis[i].count ? piece * span : LONG_PIECE;
    }
    for (uint32_t d = 0; d < walk->rank; d++)
        groups->count *= (walk->dim[d].parts + groups->parts[d] - 1) / groups->parts[d];
}

/* Returns where the group's result begins. */
static int64_t
find_group (const struct groups *groups, uint64_t number, struct tn_view_box *box)
{
    const struct tn_walk *walk = &groups->walk;
    int64_t to = 0;
    box->first[0] = 0, box->count[0] = 1;
    for (uint32_t d = walk->rank; d-- > 0;) {
        uint32_t axis = walk->dim[d].axis;
        uint64_t some = (walk->dim[d].parts + groups->parts[d] - 1) / groups->parts[d];
        uint64_t part = number % some * groups->parts[d];
        number /= some;
        tn_walk_span (walk, d, part, TN_MIN (groups->parts[d], walk->dim[d].parts - part), &box->first[axis],
                      &box->count[axis]);
        to += (int64_t) (box->first[axis] * (uint64_t) groups->request->axis[axis].to);
    }
    return to;
}

static TN_OWN_FRAME tenon_status
write_group (void *opaque, uint64_t number, unsigned thread, tenon_error *error)
{
    const struct groups *groups = opaque;
    struct tn_worker *worker = &groups->how->workers[thread];
    struct tn_grid_how how = *groups->how;
    struct tn_view_box box;
    struct tn_request cut;
    int64_t to = find_group (groups, number, &box);
    tn_request_cut (groups->request, &box, &cut);
    how.pool = NULL;
    how.workers = worker;
    how.memory = groups->memory;
    uint8_t *made = tn_worker_buffer (worker, 7, cut.size);
    if (!made)
        return tn_fail_memory (error);
    TN_TRY (tn_grid_read (&cut, &how, made, error));
    return tn_box_to_file (groups->request, &cut, box.count, groups->place, to, made, error);
}

/* One chunk on its way into the file. */
struct single {
    struct tn_chunk_reader reader;
    struct tn_walk_box box;
};

static tenon_status
write_chunk (struct single *single, const struct groups *groups, uint64_t number, tenon_error *error)
{
    struct tn_meter *meter = groups->how->meter;
    struct tn_chunk found;
    uint64_t bytes = groups->request->target->block_bytes;
    tn_walk_go (&groups->walk, &single->box, number);
    bool known = tn_chunk_find (&single->reader, &single->box, &found, error) == TENON_OK;
    if (known)
        tn_chunk_write (&single->reader, &single->box, &found, groups->place, error);
    if (error->status < 0) {
        tn_chunk_fail_in (&groups->walk, &single->box, known ? &found : NULL, error);
        return error->status;
    }
    for (uint32_t i = 0; i < groups->request->rank; i++)
        bytes *= single->box.items.count[i];
    return groups->how->counts ? tn_meter_add (meter, bytes, error) : tn_meter_ask (meter, error);
}

/* Chunks that are larger than the memory for a group, one after the other. */
static tenon_status
write_chunks (const struct groups *groups, tenon_error *error)
{
    struct single *single = calloc (1, sizeof *single);
    if (!single)
        return tn_fail_memory (error);
    single->reader.request = groups->request;
    single->reader.walk = &groups->walk;
    single->reader.workers = groups->how->workers;
    single->reader.made = groups->how->made;
    single->reader.room = groups->how->memory / 2;
    for (uint64_t i = 0; i < groups->walk.count && error->status == TENON_OK; i++)
        write_chunk (single, groups, i, error);
    tn_chunk_reader_end (&single->reader);
    free (single);
    return error->status;
}

tenon_status
tn_grid_to_file (const struct tn_request *request, const struct tn_grid_how *how,
                 const struct tn_place *place, tenon_error *error)
{
    struct groups groups; /* is large: no copy is to initialise it */
    unsigned width = tn_pool_width (how->pool);
    uint64_t chunk = request->grid->chunk_bytes, share = how->memory / (4 * (uint64_t) width);
    if (request->size == 0)
        return TENON_OK;
    unsigned threads = chunk > share ? 1 : width;
    uint64_t room = how->memory / (2 * (uint64_t) threads);
    groups.request = request;
    groups.how = how;
    groups.place = place;
    tn_walk_begin (&groups.walk, request, room / 3);
    plan_groups (&groups, room);
    groups.memory = room;
    if (request->storage != TENON_SERVED && groups.bytes > room)
        return write_chunks (&groups, error);
    return tn_pool_run_few (how->pool, threads, groups.count, write_group, &groups, error);
}

/* ---- as a source ---- */

/* Points the request at its items, packed in the order of its view. */
static void
take_packed (struct tn_request *request, const struct tn_request *items, struct tn_source *source)
{
    for (uint32_t i = 0; i < request->rank; i++) {
        request->axis[i].start = 0, request->axis[i].step = 1;
        request->axis[i].stride = items->axis[i].to;
    }
    request->source = source;
    request->storage = TENON_EXTENT;
    request->grid = NULL;
    request->reversed = false;
    request->offset = request->begin = 0;
    request->length = items->size;
    request->linear = true;
    tn_view_settle (request);
}

tenon_status
tn_grid_spool (struct tn_request *request, const struct tn_grid_how *how, uint64_t most,
               struct tn_spooled *spooled, tenon_error *error)
{
    struct tn_request items;
    struct tn_spool_file file;
    spooled->spool = NULL;
    spooled->bytes = NULL;
    tn_request_ask_items (request, &items);
    if (request->size == 0)
        return TENON_OK;
    if (items.size <= most) {
        if (!(spooled->bytes = malloc (items.size)))
            return tn_fail_memory (error);
        TN_TRY (tn_grid_read (&items, how, spooled->bytes, error));
        tn_request_from_memory (request, &spooled->memory, spooled->bytes, 0, items.size);
        take_packed (request, &items, &spooled->memory);
        return TENON_OK;
    }
    TN_TRY (tn_spool_file_open (request->context, items.size, &file, error));
    struct tn_place place = { .fd = file.fd, .name = "a temporary file" };
    if (tn_grid_to_file (&items, how, &place, error) < 0) {
        close (file.fd);
        return error->status;
    }
    TN_TRY (tn_source_open_fd (file.fd, request->source->name, true, &spooled->spool, error));
    take_packed (request, &items, spooled->spool);
    return TENON_OK;
}
