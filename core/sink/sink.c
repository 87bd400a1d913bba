/* SPDX-License-Identifier: MIT */
/* sink.c - what all sinks have in common; the sinks of a descriptor and of a dry run. */
#include "sink/sink.h"
#include "base/io.h"
#include "base/place.h"
#include <errno.h>

#define COPY_SIZE ((uint64_t) 1 << 20)
#define MOST_POSITION ((uint64_t) INT64_MAX)

tenon_status
tn_sink_open (struct tn_sink *sink, tenon_error *error)
{
    if (!sink->open)
        return TENON_OK;
    TN_TRY (sink->open (sink->owner, &sink->fd, error));
    sink->open = NULL;
    return TENON_OK;
}

/* Before every write: the sink is open and has room. */
static tenon_status
prepare_write (struct tn_sink *sink, uint64_t length, tenon_error *error)
{
    uint64_t end = sink->origin + sink->position; /* both at most 2^63 - 1 */
    if (end > MOST_POSITION || length > MOST_POSITION - end) {
        tn_fail_in (error, sink->name, NULL);
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "%llu more bytes would make it larger than a file can be",
                        (unsigned long long) length);
    }
    return tn_sink_open (sink, error);
}

tenon_status
tn_sink_write (struct tn_sink *sink, const void *bytes, uint64_t length, tenon_error *error)
{
    if (length == 0)
        return TENON_OK;
    TN_TRY (prepare_write (sink, length, error));
    TN_TRY (sink->write (sink, bytes, length, error));
    sink->position += length;
    return TENON_OK;
}

tenon_status
tn_sink_lend (struct tn_sink *sink, const void *bytes, uint64_t length, tenon_error *error)
{
    if (length == 0)
        return TENON_OK;
    TN_TRY (prepare_write (sink, length, error));
    TN_TRY ((sink->lend ? sink->lend : sink->write) (sink, bytes, length, error));
    sink->position += length;
    return TENON_OK;
}

tenon_status
tn_sink_reserve (struct tn_sink *sink, uint64_t length, uint64_t *offset, tenon_error *error)
{
    TN_TRY (prepare_write (sink, length, error));
    TN_TRY (sink->reserve (sink, length, offset, error));
    sink->position += length;
    return TENON_OK;
}

tenon_status
tn_sink_copy (struct tn_sink *sink, int fd, uint64_t offset, uint64_t length, tenon_error *error)
{
    if (length == 0)
        return TENON_OK;
    TN_TRY (prepare_write (sink, length, error));
    if (offset > MOST_POSITION || length > MOST_POSITION - offset)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "bytes beyond the end of any file were to be copied");
    TN_TRY ((sink->copy ? sink->copy : tn_sink_copy_by_reading) (sink, fd, offset, length, error));
    sink->position += length;
    return TENON_OK;
}

tenon_status
tn_sink_copy_by_reading (struct tn_sink *sink, int fd, uint64_t offset, uint64_t length, tenon_error *error)
{
    uint64_t room = TN_MIN (length, COPY_SIZE);
    TN_FREE uint8_t *buffer = malloc (room);
    if (!buffer)
        return tn_fail_memory (error);
    while (length > 0) {
        uint64_t piece = TN_MIN (length, room);
        TN_TRY (tn_read_all (fd, offset, buffer, piece, error));
        TN_TRY (sink->write (sink, buffer, piece, error));
        offset += piece, length -= piece;
    }
    return TENON_OK;
}

tenon_status
tn_sink_read_from (struct tn_sink *sink, int fd, uint64_t offset, uint64_t length, tenon_error *error)
{
    if (length == 0)
        return TENON_OK;
    TN_TRY (prepare_write (sink, length, error));
    TN_TRY (tn_sink_copy_by_reading (sink, fd, offset, length, error));
    sink->position += length;
    return TENON_OK;
}

tenon_status
tn_sink_fill (struct tn_sink *sink, uint8_t value, uint64_t length, tenon_error *error)
{
    uint8_t some[1024];
    memset (some, value, TN_MIN (length, sizeof some));
    while (length > 0) {
        uint64_t piece = TN_MIN (length, sizeof some);
        TN_TRY (tn_sink_write (sink, some, piece, error));
        length -= piece;
    }
    return TENON_OK;
}

tenon_status
tn_sink_skip (struct tn_sink *sink, uint64_t length, tenon_error *error)
{
    if (!sink->skip)
        return tn_sink_fill (sink, 0, length, error);
    TN_TRY (prepare_write (sink, length, error));
    TN_TRY (sink->skip (sink, length, error));
    sink->position += length;
    return TENON_OK;
}

tenon_status
tn_sink_patch (struct tn_sink *sink, uint64_t position, const void *bytes, uint64_t length,
               tenon_error *error)
{
    if (!sink->seekable || !sink->patch) {
        tn_fail_in (error, sink->name, NULL);
        return tn_fail (error, TENON_E_UNSUPPORTED, position,
                        "what was written to a pipe or device, or to an output that has no function for it, "
                        "cannot be changed");
    }
    if (position > sink->position || length > sink->position - position)
        return tn_fail (error, TENON_E_MISUSE, position,
                        "%llu bytes were to be changed, of which %llu are written",
                        (unsigned long long) length,
                        (unsigned long long) (position > sink->position ? 0 : sink->position - position));
    return length == 0 ? TENON_OK : sink->patch (sink, position, bytes, length, error);
}

/* ---- system calls that do all that was asked ---- */

tenon_status
tn_read_all (int fd, uint64_t offset, void *to, uint64_t length, tenon_error *error)
{
    uint64_t done = tn_io_read (fd, (int64_t) offset, to, length);
    if (done == length)
        return TENON_OK;
    if (errno != 0)
        return tn_fail_errno (error, errno, "cannot be read", NULL);
    return tn_fail (error, TENON_E_TRUNCATED, offset + done,
                    "the file ends %llu bytes too early; was it cut meanwhile?",
                    (unsigned long long) (length - done));
}

tenon_status
tn_write_all (int fd, int64_t offset, const void *bytes, uint64_t length, const char *name,
              tenon_error *error)
{
    if (tn_io_write (fd, offset, bytes, length) == length)
        return TENON_OK;
    if (errno != 0)
        return tn_fail_write (fd, "cannot be written", name, error);
    tn_fail_in (error, name, NULL);
    return tn_fail (error, TENON_E_IO, TN_NO_OFFSET, "cannot be written: the system takes no more bytes");
}

/* ---- the sink of a descriptor ---- */

struct fd_sink {
    struct tn_sink sink;
    char *name;
    uint64_t used;
    uint8_t buffer[65536];
};

tenon_status
tn_sink_fd_flush (struct tn_sink *sink, tenon_error *error)
{
    struct fd_sink *to = (struct fd_sink *) sink;
    uint64_t used = to->used;
    to->used = 0; /* a failure leaves unknown how much arrived, so nothing is tried again */
    return tn_write_all (to->sink.fd, -1, to->buffer, used, to->name, error);
}

static tenon_status
fd_write (struct tn_sink *sink, const void *bytes, uint64_t length, tenon_error *error)
{
    struct fd_sink *to = (struct fd_sink *) sink;
    if (length > sizeof to->buffer - to->used)
        TN_TRY (tn_sink_fd_flush (sink, error));
    if (length >= sizeof to->buffer)
        return tn_write_all (to->sink.fd, -1, bytes, length, to->name, error);
    memcpy (to->buffer + to->used, bytes, length);
    to->used += length;
    return TENON_OK;
}

struct tn_sink *
tn_sink_fd_new (int fd, const char *name)
{
    struct fd_sink *to = malloc (sizeof *to);
    if (!to)
        return NULL;
    to->name = tn_strndup (name ? name : "", name ? strlen (name) : 0);
    if (!to->name) {
        free (to);
        return NULL;
    }
    to->sink = (struct tn_sink){ .name = to->name, .fd = fd, .write = fd_write };
    to->used = 0;
    return &to->sink;
}

void
tn_sink_fd_free (struct tn_sink *sink)
{
    if (!sink)
        return;
    free (((struct fd_sink *) sink)->name);
    free (sink);
}

/* ---- the sink of a dry run ---- */

static tenon_status
null_write (struct tn_sink *sink, const void *bytes, uint64_t length, tenon_error *error)
{
    (void) sink, (void) bytes, (void) length, (void) error;
    return TENON_OK;
}

static tenon_status
null_copy (struct tn_sink *sink, int fd, uint64_t offset, uint64_t length, tenon_error *error)
{
    (void) sink, (void) fd, (void) offset, (void) length, (void) error;
    return TENON_OK;
}

static tenon_status
null_skip (struct tn_sink *sink, uint64_t length, tenon_error *error)
{
    (void) sink, (void) length, (void) error;
    return TENON_OK;
}

static tenon_status
null_patch (struct tn_sink *sink, uint64_t position, const void *bytes, uint64_t length, tenon_error *error)
{
    (void) sink, (void) position, (void) bytes, (void) length, (void) error;
    return TENON_OK;
}

tenon_status
tn_sink_room (struct tn_sink *sink, uint64_t *room, tenon_error *error)
{
    *room = UINT64_MAX;
    TN_TRY (tn_sink_open (sink, error));
    if (sink->room)
        *room = sink->room (sink);
    return TENON_OK;
}

void
tn_sink_null_init (struct tn_sink *sink)
{
    *sink = (struct tn_sink){ .seekable = true,
                              .name = "",
                              .write = null_write,
                              .copy = null_copy,
                              .patch = null_patch,
                              .skip = null_skip };
}
