/* SPDX-License-Identifier: MIT */
/* sink.h - where a save puts its bytes: a file, a descriptor that cannot seek, or an encode sink before one
 * of them. */
#ifndef TN_SINK_H
#define TN_SINK_H
#include "base/base.h"

struct tn_sink {
    uint64_t position;   /* bytes put so far; kept by the functions below */
    bool seekable;       /* patch works */
    bool keeps_fd;       /* copy reads from the descriptor later on */
    bool callers_thread; /* it is written on the thread of the save alone */
    uint64_t origin;     /* of a file: where position 0 lies in it */
    const char *name;    /* for messages */
    const char *subject; /* the tensor whose bytes come now, to name in failures found later; or NULL */
    const char *from;    /* the file that copy reads, to name likewise; or NULL */
    int fd;              /* of a file, pipe or device; -1: not open yet */
    /* Called before the first byte, and not again once it succeeded: sets fd. NULL: the sink is open. */
    tenon_status (*open) (void *owner, int *fd, tenon_error *error);
    void *owner; /* of the sink, for open */
    tenon_status (*write) (struct tn_sink *sink, const void *bytes, uint64_t length, tenon_error *error);
    /* Like write, of memory that stays unchanged until the save is done, so that the sink may read it later.
     * NULL: write. */
    tenon_status (*lend) (struct tn_sink *sink, const void *bytes, uint64_t length, tenon_error *error);
    /* Bytes of an open file, which stays open and unchanged until the save is done; not through memory where
     * the system can (copy_file_range). NULL: read and write. */
    tenon_status (*copy) (struct tn_sink *sink, int fd, uint64_t offset, uint64_t length, tenon_error *error);
    tenon_status (*patch) (struct tn_sink *sink, uint64_t position, const void *bytes, uint64_t length,
                           tenon_error *error);
    /* The next `length` bytes are written by others, at *offset of `fd` and behind, in any order, before the
     * sink is used again. NULL: the sink takes bytes in order only. */
    tenon_status (*reserve) (struct tn_sink *sink, uint64_t length, uint64_t *offset, tenon_error *error);
    /* So many more bytes fit, after the first call of open; UINT64_MAX: that is not known. NULL: the same, as
     * where bytes are encoded. */
    uint64_t (*room) (struct tn_sink *sink);
    /* Of a sink that keeps nothing: counts bytes without having them. NULL: zeros are written. */
    tenon_status (*skip) (struct tn_sink *sink, uint64_t length, tenon_error *error);
};

/* Opens the sink if its first byte has not done so. */
tenon_status tn_sink_open (struct tn_sink *sink, tenon_error *error);
/* These open the sink and keep `position`; no position in the file may pass 2^63. */
tenon_status tn_sink_write (struct tn_sink *sink, const void *bytes, uint64_t length, tenon_error *error);
tenon_status tn_sink_lend (struct tn_sink *sink, const void *bytes, uint64_t length, tenon_error *error);
/* Falls back on reading when the sink, or the pair of files, cannot copy. A source that ends early is
 * TENON_E_TRUNCATED. */
tenon_status tn_sink_copy (struct tn_sink *sink, int fd, uint64_t offset, uint64_t length,
                           tenon_error *error);
/* The same, and the bytes are read before it returns. */
tenon_status tn_sink_read_from (struct tn_sink *sink, int fd, uint64_t offset, uint64_t length,
                                tenon_error *error);
tenon_status tn_sink_fill (struct tn_sink *sink, uint8_t value, uint64_t length, tenon_error *error);
/* Counts bytes that a dry run does not make. */
tenon_status tn_sink_skip (struct tn_sink *sink, uint64_t length, tenon_error *error);
tenon_status tn_sink_patch (struct tn_sink *sink, uint64_t position, const void *bytes, uint64_t length,
                            tenon_error *error);

/* Only of a sink that has it. */
tenon_status tn_sink_reserve (struct tn_sink *sink, uint64_t length, uint64_t *offset, tenon_error *error);

/* *room: more bytes than these do not fit; UINT64_MAX: that is not known. Opens the sink. */
tenon_status tn_sink_room (struct tn_sink *sink, uint64_t *room, tenon_error *error);

/* For a sink's own `copy`, when the system cannot: through memory into its `write`. Leaves `position`. */
tenon_status tn_sink_copy_by_reading (struct tn_sink *sink, int fd, uint64_t offset, uint64_t length,
                                      tenon_error *error);

/* Reads all bytes, through signals and short counts. The end of the file is TENON_E_TRUNCATED. */
tenon_status tn_read_all (int fd, uint64_t offset, void *to, uint64_t length, tenon_error *error);
/* Likewise; waits if the descriptor is non-blocking. `offset` below 0: at its current position. */
tenon_status tn_write_all (int fd, int64_t offset, const void *bytes, uint64_t length, const char *name,
                           tenon_error *error);

/* The sink of a descriptor that the caller owns, written from its current position. It never seeks. Small
 * writes are gathered in a buffer that tn_sink_fd_flush empties. */
struct tn_sink *tn_sink_fd_new (int fd, const char *name);
tenon_status tn_sink_fd_flush (struct tn_sink *sink, tenon_error *error);
void tn_sink_fd_free (struct tn_sink *sink);
/* Takes everything, also patches, and keeps nothing: for dry runs. The caller owns the struct. */
void tn_sink_null_init (struct tn_sink *sink);

#endif
