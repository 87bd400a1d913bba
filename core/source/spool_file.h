/* SPDX-License-Identifier: MIT */
/* spool_file.h - a temporary file without a name, for bytes that do not fit into their share of memory. */
#ifndef TN_SPOOL_FILE_H
#define TN_SPOOL_FILE_H
#include "context/context.h"

struct tn_spool_file {
    int fd;        /* the caller closes it */
    uint64_t most; /* bytes that it may hold: UINT64_MAX on a disk, the memory limit in memory */
};

/* A file for `size` bytes, or more, in the first folder that can be written: $TMPDIR, /tmp, /var/tmp. If
 * there is none, it lies in memory (memfd_create), if it fits into the memory limit. */
tenon_status tn_spool_file_open (const tenon_context *context, uint64_t size, struct tn_spool_file *file,
                                 tenon_error *error);
/* The same, but in the folder of a file first, which need not exist: what is there can be copied into the
 * file by the file system. */
tenon_status tn_spool_file_open_beside (const tenon_context *context, const char *path, uint64_t size,
                                        struct tn_spool_file *file, tenon_error *error);
/* The same with other folders, NULL-terminated; the first one is TMPDIR's if `named`. `memory`: the limit. */
tenon_status tn_spool_file_open_in (const char *const *folders, bool named, uint64_t memory, uint64_t size,
                                    struct tn_spool_file *file, tenon_error *error);
tenon_status tn_spool_file_write (const struct tn_spool_file *file, uint64_t at, const void *bytes,
                                  uint64_t length, tenon_error *error);

#endif
