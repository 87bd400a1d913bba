/* spool.c - temporary files, and handing out a tensor's bytes in order. */
#include "transfer.h"
#include <errno.h>
#include <unistd.h>

#define PIECE (1u << 20)

tenon_status
tn_spool_write (int fd, const uint8_t *bytes, uint64_t length, tenon_error *error)
{
    while (length > 0) {
        ssize_t put = write (fd, bytes, length);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return tn_fail_errno (error, put < 0 ? errno : ENOSPC,
                                  "a temporary file cannot be written (TMPDIR names another folder)", NULL);
        bytes += put, length -= (uint64_t) put;
    }
    return TENON_OK;
}

tenon_status
tn_spool (struct tn_source *source, struct tn_source **spool, tenon_error *error)
{
    struct tn_stream *stream = NULL;
    TN_FREE uint8_t *buffer = malloc (PIECE);
    *spool = NULL;
    if (!buffer)
        return tn_fail_memory (error);
    int fd = tn_temporary_file ();
    if (fd < 0)
        return tn_fail_errno (error, errno, "a temporary file cannot be made", NULL);
    tenon_status status = tn_stream_new (source, &stream, error);
    for (uint64_t at = 0; status == TENON_OK && at < source->size;) {
        uint64_t piece = TN_MIN (PIECE, source->size - at);
        status = tn_stream_read (stream, at, buffer, piece, error);
        if (status == TENON_OK)
            status = tn_spool_write (fd, buffer, piece, error);
        at += piece;
    }
    tn_stream_free (stream);
    if (status < 0) {
        close (fd);
        return status;
    }
    return tn_source_open_fd (fd, source->name, true, spool, error);
}

/* ---- in order ---- */

struct group {
    const struct tn_want *want;
    const struct tn_slabs *slabs;
    struct tn_worker *workers;
    uint64_t first; /* slab of item 0 */
    uint64_t begin; /* where its result begins */
    uint8_t *to;
    pthread_mutex_t lock;
    uint64_t failed_item;
    tenon_error *error;
};

static tenon_status
group_item (void *opaque, uint64_t item, unsigned worker)
{
    struct group *group = opaque;
    tenon_error error = TENON_ERROR_INIT;
    uint64_t begin, size;
    tn_slab_place (group->want, group->slabs, group->first + item, &begin, &size);
    tn_want_slab (group->want, group->slabs, group->first + item, &group->workers[worker],
                  group->to + (begin - group->begin), &error);
    if (error.status < 0) {
        pthread_mutex_lock (&group->lock);
        if (group->error->status == TENON_OK || item < group->failed_item) {
            *group->error = error;
            group->failed_item = item;
        }
        pthread_mutex_unlock (&group->lock);
    }
    return error.status;
}

/* A source that is encoded and has no blocks is read front to back by one thread; so is one whose checksum
 * is to be compared. */
static bool
is_serial (const struct tn_want *want)
{
    const struct tn_source *source = want->source;
    bool blocks = source->hard == source && tn_has_blocks ((struct tn_source *) (uintptr_t) source)
                  && source->check == TENON_CHECK_NONE;
    return want->tensor->storage == TENON_SERVED || (tn_source_is_encoded (source) && !blocks)
           || source->check != TENON_CHECK_NONE;
}

static tenon_status
stream_groups (tenon_context *context, const struct tn_want *want, tn_take take, void *user,
               struct tn_meter *meter, struct tn_worker *workers, tenon_error *error)
{
    unsigned width = tn_pool_width (context->pool);
    bool serial = is_serial (want);
    struct tn_slabs slabs;
    /* results, gathered bytes and what lies between them: at most six buffers of a slab's size for each
     * thread */
    uint64_t bytes = context->limits[TENON_LIMIT_MEMORY] / (6 * (uint64_t) width);
    bytes = TN_MAX (TN_MIN (bytes, want->fortran ? bytes : 4u << 20), 65536u);
    tn_slabs_plan (want, bytes, &slabs);
    uint64_t at_once = serial ? 1 : width, largest, begin;
    if (slabs.count == 0)
        return TENON_OK;
    tn_slab_place (want, &slabs, 0, &begin, &largest);
    TN_FREE uint8_t *results = malloc (largest * TN_MIN (at_once, slabs.count));
    if (!results)
        return tn_fail_memory (error);
    struct group group = { .want = want,
                           .slabs = &slabs,
                           .workers = workers,
                           .to = results,
                           .error = error,
                           .failed_item = UINT64_MAX };
    pthread_mutex_init (&group.lock, NULL);
    tenon_status status = TENON_OK;
    for (uint64_t slab = 0; slab < slabs.count && status == TENON_OK; slab += at_once) {
        uint64_t count = TN_MIN (at_once, slabs.count - slab), end, size;
        group.first = slab;
        tn_slab_place (want, &slabs, slab, &group.begin, &size);
        tn_slab_place (want, &slabs, slab + count - 1, &end, &size);
        status = serial ? group_item (&group, 0, 0) : tn_pool_run (context->pool, count, group_item, &group);
        if (status == TENON_OK)
            status = take (user, results, end + size - group.begin, error);
        if (status == TENON_OK)
            status = tn_meter_add (meter, end + size - group.begin, error);
    }
    pthread_mutex_destroy (&group.lock);
    return error->status < 0 ? error->status : status;
}

tenon_status
tn_transfer_stream (tenon_context *context, struct tn_want *want, tn_take take, void *user,
                    struct tn_meter *meter, tenon_error *error)
{
    unsigned width = tn_pool_width (context->pool);
    struct tn_source *spool = NULL;
    TN_FREE struct tn_worker *workers = calloc (width, sizeof *workers);
    if (!workers)
        return tn_fail_memory (error);
    tenon_status status = TENON_OK;
    /* Fortran order is picked from all over the source: behind a filter that would mean to decode it again
     * for every slab */
    if (want->fortran && tn_source_is_encoded (want->source)
        && want->tensor->length > context->limits[TENON_LIMIT_MEMORY] / (6 * (uint64_t) width)) {
        status = tn_spool (want->source, &spool, error);
        if (status == TENON_OK)
            want->source = spool;
    }
    /* what lies before it in a checked member is read first, or the sum would not begin at the beginning */
    if (status == TENON_OK && is_serial (want))
        status = tn_read_before (want, &workers[0], error);
    if (status == TENON_OK)
        status = stream_groups (context, want, take, user, meter, workers, error);
    struct tn_source *source = want->source;
    /* what is left of a checked member, when that is little */
    if (status == TENON_OK && want->whole && source->check != TENON_CHECK_NONE
        && workers[0].stream_of == source && want->tensor->storage == TENON_EXTENT
        && source->size - want->tensor->length <= 65536)
        status = tn_stream_finish (workers[0].stream, error);
    for (unsigned i = 0; i < width; i++)
        tn_worker_free (&workers[i]);
    tn_source_free (spool);
    return status;
}
