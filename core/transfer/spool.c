/* spool.c - a source decoded into memory or a temporary file first. */
#include "source/scan.h"
#include "transfer/transfer.h"
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

static tenon_status
spool_piece (void *user, const void *bytes, uint64_t length, tenon_error *error)
{
    return tn_spool_write (*(int *) user, bytes, length, error);
}

/* A source with all of another's bytes, decoded, in an unlinked temporary file. */
static tenon_status
spool (tenon_context *context, struct tn_source *source, struct tn_source **spooled, tenon_error *error)
{
    int fd = tn_temporary_file ();
    if (fd < 0)
        return tn_fail_errno (error, errno, "a temporary file cannot be made", NULL);
    tenon_status status = tn_feed_all (context, source, spool_piece, &fd, error);
    if (status < 0) {
        close (fd);
        return status;
    }
    return tn_source_open_fd (fd, source->name, true, spooled, error);
}

static tenon_status
settle_in_memory (struct tn_want *want, struct tn_settled *settled, tenon_error *error)
{
    struct tn_source *source = want->source;
    struct tn_feed *feed;
    if (!(settled->bytes = malloc (source->size)))
        return tn_fail_memory (error);
    TN_TRY (tn_feed_new (want->catalog->context, source, &feed, error));
    tenon_status status = tn_feed_read (feed, settled->bytes, source->size, error);
    tn_feed_free (feed);
    tn_want_from_memory (want, &settled->memory, settled->bytes, 0, source->size);
    return status;
}

tenon_status
tn_settle (struct tn_want *want, uint64_t most, struct tn_settled *settled, tenon_error *error)
{
    settled->spool = NULL;
    settled->bytes = NULL;
    if (!want->fortran || !tn_source_is_encoded (want->source) || want->tensor->storage != TENON_EXTENT
        || want->size == 0)
        return TENON_OK;
    if (want->source->size <= most)
        return settle_in_memory (want, settled, error);
    TN_TRY (spool (want->catalog->context, want->source, &settled->spool, error));
    want->source = settled->spool;
    return TENON_OK;
}

void
tn_settled_free (struct tn_settled *settled)
{
    tn_source_free (settled->spool);
    free (settled->bytes);
}
