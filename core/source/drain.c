/* SPDX-License-Identifier: MIT */
/* drain.c - reads a pipe to its end. */
#include "source/drain.h"
#include "base/io.h"
#include "source/spool_file.h"
#include <errno.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE ((uint64_t) 1 << 20)

struct drain {
    const tenon_context *context;
    int from, to;
    bool in_memory;
    uint64_t size, memory, most; /* so far, and at most */
    uint8_t *piece;
    tenon_error *error;
};

/* A descriptor of memory; -1: there is none on this system. */
static int
memory_file (void)
{
#if defined(__linux__) && defined(MFD_CLOEXEC)
    return memfd_create ("tenon-pipe", MFD_CLOEXEC);
#else
    return -1;
#endif
}

static tenon_status
write_piece (struct drain *drain, uint64_t offset, uint64_t length)
{
    const struct tn_spool_file file = { drain->to, drain->in_memory ? drain->memory : UINT64_MAX };
    return tn_spool_file_write (&file, offset, drain->piece, length, drain->error);
}

/* From memory to a temporary file, through the buffer. */
static tenon_status
move_to_file (struct drain *drain)
{
    int memory = drain->to;
    struct tn_spool_file file;
    tenon_status status = tn_spool_file_open (drain->context, drain->memory + 1, &file, drain->error);
    drain->to = file.fd;
    drain->in_memory = false;
    for (uint64_t at = 0; status == TENON_OK && memory >= 0 && at < drain->size; at += PIECE) {
        uint64_t length = TN_MIN (PIECE, drain->size - at);
        if (tn_io_read (memory, (int64_t) at, drain->piece, length) != length)
            status =
                tn_fail_errno (drain->error, errno ? errno : EIO, "reading back what a pipe brought", NULL);
        else
            status = write_piece (drain, at, length);
    }
    if (memory >= 0)
        close (memory);
    return status;
}

/* Takes one piece of at most `most` bytes. *length is 0 at the end. */
static tenon_status
take_piece (struct drain *drain, uint64_t most, uint64_t *length)
{
    for (*length = 0;;) {
        errno = 0;
        *length += tn_io_read (drain->from, TN_IO_CURRENT, drain->piece + *length, most - *length);
        if (errno != EAGAIN && errno != EWOULDBLOCK)
            break;
        struct pollfd wait = { .fd = drain->from, .events = POLLIN };
        if (*length > 0 || (poll (&wait, 1, -1) < 0 && errno != EINTR))
            break;
    }
    bool waits = errno == EAGAIN || errno == EWOULDBLOCK;
    return errno == 0 || (waits && *length > 0) ? TENON_OK
                                                : tn_fail_errno (drain->error, errno, "reading a pipe", NULL);
}

static tenon_status
ask_progress (struct drain *drain, const tenon_progress *progress)
{
    bool stops = progress && progress->report && progress->report (progress->user, drain->size, 0) != 0;
    return stops ? tn_fail (drain->error, TENON_E_CANCELLED, TN_NO_OFFSET, "cancelled") : TENON_OK;
}

static tenon_status
fail_short (struct drain *drain, uint64_t missing)
{
    return tn_fail (drain->error, TENON_E_TRUNCATED, TN_NO_OFFSET,
                    "the pipe ends %llu bytes before the end of the part that was to be opened",
                    (unsigned long long) missing);
}

static tenon_status
skip_bytes (struct drain *drain, uint64_t skip, const tenon_progress *progress)
{
    for (uint64_t length; skip > 0; skip -= length) {
        TN_TRY (ask_progress (drain, progress));
        TN_TRY (take_piece (drain, TN_MIN (skip, PIECE), &length));
        if (length == 0)
            return fail_short (drain, skip);
    }
    return TENON_OK;
}

/* `wanted` 0: all. */
static tenon_status
drain_all (struct drain *drain, uint64_t wanted, const tenon_progress *progress)
{
    uint64_t length;
    do {
        uint64_t most = wanted > 0 ? TN_MIN (wanted - drain->size, PIECE) : PIECE;
        TN_TRY (ask_progress (drain, progress));
        TN_TRY (take_piece (drain, most, &length));
        if (length > drain->most - drain->size)
            return tn_fail (drain->error, TENON_E_LIMIT, TN_NO_OFFSET,
                            "the pipe brings more than the %llu bytes of inflated_bytes in [limits]",
                            (unsigned long long) drain->most);
        if (drain->in_memory && length > drain->memory - drain->size)
            TN_TRY (move_to_file (drain));
        TN_TRY (write_piece (drain, drain->size, length));
        drain->size += length;
    } while (length > 0 && (wanted == 0 || drain->size < wanted));
    return wanted > drain->size ? fail_short (drain, wanted - drain->size) : TENON_OK;
}

tenon_status
tn_drain (const tenon_context *context, int *fd, uint64_t skip, uint64_t length,
          const tenon_progress *progress, bool *drained, tenon_error *error)
{
    struct stat about;
    *drained = false;
    if (fstat (*fd, &about) < 0 || (!S_ISFIFO (about.st_mode) && !S_ISSOCK (about.st_mode)))
        return TENON_OK; /* tn_source_open_fd says what is wrong */
    TN_FREE uint8_t *piece = malloc (PIECE);
    struct drain drain = { .context = context,
                           .from = *fd,
                           .to = memory_file (),
                           .memory = context->limits[TENON_LIMIT_MEMORY],
                           .most = context->limits[TENON_LIMIT_INFLATED_BYTES],
                           .piece = piece,
                           .error = error };
    drain.in_memory = drain.to >= 0;
    tenon_status status = piece ? TENON_OK : tn_fail_memory (error);
    if (status == TENON_OK && !drain.in_memory)
        status = move_to_file (&drain);
    if (status == TENON_OK)
        status = skip_bytes (&drain, skip, progress);
    if (status == TENON_OK)
        status = drain_all (&drain, length, progress);
    if (status == TENON_OK) {
        close (*fd);
        *fd = drain.to;
        *drained = true;
    } else if (drain.to >= 0)
        close (drain.to);
    return status;
}
