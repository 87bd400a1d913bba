/* SPDX-License-Identifier: MIT */
/* atomic_file.c - the sink of a regular file: small writes are gathered in a buffer, large ones bypass it,
 * copies stay in the kernel. */
#include "sink/atomic_file.h"
#include "base/place.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/vfs.h>
#endif

/* The numbers of file systems (statfs(2)). A C library need not have the kernel's header for them. */
#define EXT4_NUMBER 0xef53
#define TMPFS_NUMBER 0x01021994
#define XFS_NUMBER 0x58465342
#define BTRFS_NUMBER 0x9123683e

#define BUFFER_SIZE ((uint64_t) 256 << 10)
#define PIECE_SIZE ((uint64_t) 16 << 20)

struct file_sink {
    struct tn_sink sink;
    uint64_t size_hint;
    uint64_t flushed; /* end of the bytes in the file; those in the buffer follow */
    uint64_t used;
    uint64_t started; /* bytes that the kernel was told to write back */
    bool durable;
    bool allocated;
    enum { UNKNOWN, ANYWHERE, BLOCKS, NOWHERE } copies; /* where copy_file_range beats a loop */
    uint64_t block;                                     /* bytes of one, with BLOCKS */
    uint8_t *buffer;                                    /* NULL: finished */
};

#ifdef FALLOC_FL_KEEP_SIZE
/* True if the file system has this much left, or does not tell. */
static bool
has_space (int fd, uint64_t size)
{
    struct statvfs status;
    uint64_t bytes;
    return fstatvfs (fd, &status) < 0
           || tn_multiply ((uint64_t) status.f_bavail, (uint64_t) status.f_frsize, &bytes) || size <= bytes;
}
#endif

/* Of file systems on which a byte takes a byte: others compress, or share what files have in common. The
 * space for the superuser counts, as the save may be his. */
static uint64_t
file_room (struct tn_sink *sink)
{
    uint64_t bytes = UINT64_MAX;
#ifdef __linux__
    struct statfs status;
    if (((struct file_sink *) sink)->allocated || fstatfs (sink->fd, &status) < 0 || status.f_blocks == 0
        || (status.f_type != EXT4_NUMBER && status.f_type != TMPFS_NUMBER)
        || tn_multiply ((uint64_t) status.f_bfree, (uint64_t) status.f_bsize, &bytes))
        return UINT64_MAX;
#else
    (void) sink;
#endif
    return bytes;
}

#ifdef FALLOC_FL_KEEP_SIZE
/* A tmpfs has no place on a disk, and reserving its pages costs an eighth of writing them. */
static bool
needs_no_place (int fd)
{
#ifdef __linux__
    struct statfs status;
    return fstatfs (fd, &status) == 0 && status.f_type == TMPFS_NUMBER;
#else
    (void) fd;
    return false;
#endif
}
#endif

/* Reserves the disk space of the whole file, which then lies in one piece. A limit on the size of files is
 * found now; too little space is not, since the hint may be too high: then nothing is reserved, as ext4 would
 * take all that is left, and keep it. */
static tenon_status
reserve_space (struct file_sink *file, tenon_error *error)
{
    if (file->allocated || file->size_hint == 0)
        return TENON_OK;
#ifdef FALLOC_FL_KEEP_SIZE
    if (needs_no_place (file->sink.fd)) {
        file->size_hint = 0;
        return TENON_OK;
    }
    /* A timer's signals may interrupt every call, so the tries are limited. */
    for (int tries = 0; tries < 8 && has_space (file->sink.fd, file->size_hint); tries++) {
        if (fallocate (file->sink.fd, FALLOC_FL_KEEP_SIZE, 0,
                       (off_t) TN_MIN (file->size_hint, (uint64_t) INT64_MAX))
            == 0) {
            file->allocated = true;
            break;
        }
        if (errno == EINTR)
            continue;
        if (errno == EFBIG || errno == EIO)
            return tn_fail_errno (error, errno, "cannot get its space on the disk", file->sink.name);
        break; /* this file system cannot, or has less space than the hint */
    }
    /* a try that failed may have taken some; what cannot be given back now is tried again at the end */
    file->allocated = file->allocated || ftruncate (file->sink.fd, (off_t) file->flushed) < 0;
#endif
    file->size_hint = 0;
    return TENON_OK;
}

/* Starts writing back while the next bytes are made, so that the final sync waits less (a fifth of the whole
 * on an SSD). That sync reports errors. */
static void
begin_writing_back (struct file_sink *file)
{
#ifdef SYNC_FILE_RANGE_WRITE
    if (file->durable && file->flushed - file->started >= PIECE_SIZE) {
        sync_file_range (file->sink.fd, (off_t) file->started, (off_t) (file->flushed - file->started),
                         SYNC_FILE_RANGE_WRITE);
        file->started = file->flushed;
    }
#else
    (void) file;
#endif
}

static tenon_status
put_bytes (struct file_sink *file, const void *bytes, uint64_t length, tenon_error *error)
{
    TN_TRY (reserve_space (file, error));
    for (const uint8_t *from = bytes; length > 0;) {
        uint64_t piece = file->durable ? TN_MIN (length, PIECE_SIZE) : length;
        TN_TRY (tn_write_all (file->sink.fd, (int64_t) file->flushed, from, piece, file->sink.name, error));
        file->flushed += piece, from += piece, length -= piece;
        begin_writing_back (file);
    }
    return TENON_OK;
}

static tenon_status
flush_buffer (struct file_sink *file, tenon_error *error)
{
    if (file->used > 0)
        TN_TRY (put_bytes (file, file->buffer, file->used, error));
    file->used = 0;
    return TENON_OK;
}

static tenon_status
check_open (const struct file_sink *file, tenon_error *error)
{
    if (file->buffer)
        return TENON_OK;
    tn_fail_in (error, file->sink.name, NULL);
    return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                    "it was written to after the next file had been begun");
}

static tenon_status
file_write (struct tn_sink *sink, const void *bytes, uint64_t length, tenon_error *error)
{
    struct file_sink *file = (struct file_sink *) sink;
    TN_TRY (check_open (file, error));
    if (length > BUFFER_SIZE - file->used)
        TN_TRY (flush_buffer (file, error));
    if (length >= BUFFER_SIZE)
        return put_bytes (file, bytes, length, error);
    memcpy (file->buffer + file->used, bytes, length);
    file->used += length;
    return TENON_OK;
}

static tenon_status
file_reserve (struct tn_sink *sink, uint64_t length, uint64_t *offset, tenon_error *error)
{
    struct file_sink *file = (struct file_sink *) sink;
    TN_TRY (check_open (file, error));
    TN_TRY (flush_buffer (file, error));
    TN_TRY (reserve_space (file, error));
    *offset = file->flushed;
    file->flushed += length;
    return TENON_OK;
}

#ifdef HAVE_COPY_FILE_RANGE
/* Finds out where copy_file_range beats reading and writing. A server copies by itself, from any offset to
 * any offset. XFS and btrfs share blocks, but only whole ones, which lie at multiples of their size in both
 * files. Otherwise Linux moves pages one by one through a pipe, which takes up to twice as long as a loop
 * over a buffer that stays in the cache (measured on ext4, tmpfs and XFS, Linux 6.18). */
static void
probe_file_system (struct file_sink *file)
{
    file->copies = ANYWHERE;
#ifdef __linux__
    struct statfs status;
    if (fstatfs (file->sink.fd, &status) < 0)
        return;
    if (status.f_type == EXT4_NUMBER || status.f_type == TMPFS_NUMBER)
        file->copies = NOWHERE;
    if (status.f_type == XFS_NUMBER || status.f_type == BTRFS_NUMBER) {
        file->block = (uint64_t) status.f_bsize;
        file->copies = file->block > 0 && (file->block & (file->block - 1)) == 0 ? BLOCKS : NOWHERE;
    }
#endif
}

/* Copies as much as the kernel can. Returns 0 if the rest must be read and written, else an errno. */
static int
copy_in_kernel (struct file_sink *file, int fd, uint64_t *offset, uint64_t *length)
{
    while (*length > 0) {
        off_t from = (off_t) *offset, to = (off_t) file->flushed;
        ssize_t done =
            copy_file_range (fd, &from, file->sink.fd, &to, (size_t) TN_MIN (*length, (uint64_t) 1 << 30), 0);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == EIO || errno == ENOMEM
                       ? errno
                       : 0;
        if (done == 0) /* the end of the file, or a file that the kernel takes for empty: reading will tell */
            return 0;
        *offset += (uint64_t) done, *length -= (uint64_t) done, file->flushed += (uint64_t) done;
        begin_writing_back (file);
    }
    return 0;
}

/* Copies from the front what the kernel copies faster. *length bytes are left, to be read and written. */
static tenon_status
copy_by_kernel (struct file_sink *file, int fd, uint64_t *offset, uint64_t *length, tenon_error *error)
{
    uint64_t lead = 0, rest = 0, mask;
    if (file->copies == UNKNOWN)
        probe_file_system (file);
    if (file->copies == NOWHERE)
        return TENON_OK;
    if (file->copies == BLOCKS) {
        mask = file->block - 1;
        lead = -*offset & mask;
        if (((*offset ^ file->flushed) & mask) || *length < lead + file->block)
            return TENON_OK;
        rest = (*length - lead) & mask;
    }
    if (lead > 0) {
        TN_TRY (tn_sink_copy_by_reading (&file->sink, fd, *offset, lead, error));
        TN_TRY (flush_buffer (file, error));
    }
    *offset += lead;
    *length -= lead + rest;
    int number = copy_in_kernel (file, fd, offset, length);
    *length += rest;
    errno = number;
    return number ? tn_fail_write (file->sink.fd, "cannot be written", file->sink.name, error) : TENON_OK;
}
#endif

static tenon_status
file_copy (struct tn_sink *sink, int fd, uint64_t offset, uint64_t length, tenon_error *error)
{
    struct file_sink *file = (struct file_sink *) sink;
    TN_TRY (check_open (file, error));
    if (length > BUFFER_SIZE - file->used)
        TN_TRY (flush_buffer (file, error));
    if (length < BUFFER_SIZE) {
        TN_TRY (tn_read_all (fd, offset, file->buffer + file->used, length, error));
        file->used += length;
        return TENON_OK;
    }
    TN_TRY (reserve_space (file, error));
#ifdef HAVE_COPY_FILE_RANGE
    TN_TRY (copy_by_kernel (file, fd, &offset, &length, error));
#endif
    return length == 0 ? TENON_OK : tn_sink_copy_by_reading (sink, fd, offset, length, error);
}

static tenon_status
file_patch (struct tn_sink *sink, uint64_t position, const void *bytes, uint64_t length, tenon_error *error)
{
    struct file_sink *file = (struct file_sink *) sink;
    const uint8_t *from = bytes;
    TN_TRY (check_open (file, error));
    position += sink->origin;
    if (position < file->flushed) {
        uint64_t piece = TN_MIN (length, file->flushed - position);
        TN_TRY (tn_write_all (file->sink.fd, (int64_t) position, from, piece, sink->name, error));
        position += piece, from += piece, length -= piece;
    }
    if (length > 0)
        memcpy (file->buffer + (position - file->flushed), from, length);
    return TENON_OK;
}

struct tn_sink *
tn_file_sink_new (const char *name, bool durable)
{
    struct file_sink *file = calloc (1, sizeof *file);
    if (!file)
        return NULL;
    file->buffer = malloc (BUFFER_SIZE);
    if (!file->buffer) {
        free (file);
        return NULL;
    }
    file->sink = (struct tn_sink){ .seekable = true,
                                   .name = name,
                                   .fd = -1,
                                   .write = file_write,
                                   .copy = file_copy,
                                   .reserve = file_reserve,
                                   .room = file_room,
                                   .patch = file_patch };
    file->durable = durable;
    return &file->sink;
}

struct tn_sink *
tn_file_sink_at (const char *name, int fd, uint64_t origin, bool durable)
{
    struct tn_sink *sink = tn_file_sink_new (name, durable);
    struct file_sink *file = (struct file_sink *) sink;
    if (!sink)
        return NULL;
    sink->fd = fd;
    sink->origin = file->flushed = file->started = origin;
    sink->room = NULL; /* an old file has bytes there already */
    return sink;
}

void
tn_file_sink_expect (struct tn_sink *sink, uint64_t size)
{
    ((struct file_sink *) sink)->size_hint = size;
}

tenon_status
tn_file_sink_finish (struct tn_sink *sink, tenon_error *error)
{
    struct file_sink *file = (struct file_sink *) sink;
    if (!file->buffer)
        return TENON_OK;
    TN_TRY (flush_buffer (file, error));
    /* frees the space that was reserved beyond the end; the size itself is right already */
    while (file->allocated && ftruncate (file->sink.fd, (off_t) file->flushed) < 0)
        if (errno != EINTR)
            return tn_fail_errno (error, errno, "cannot be cut to its size", sink->name);
    free (file->buffer);
    file->buffer = NULL;
    return TENON_OK;
}

void
tn_file_sink_free (struct tn_sink *sink)
{
    if (sink)
        free (((struct file_sink *) sink)->buffer);
    free (sink);
}

int
tn_file_sync (int fd)
{
    int result;
    do
#ifdef F_FULLFSYNC /* macOS, where fsync leaves data in the disk's cache; some file systems lack it */
        result = fcntl (fd, F_FULLFSYNC) == 0 ? 0 : fsync (fd);
#else
        result = fsync (fd);
#endif
    while (result < 0 && errno == EINTR);
    return result;
}
