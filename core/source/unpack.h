/* SPDX-License-Identifier: MIT */
/* unpack.h - encoded parts, decoded once for all.
 *
 * What lies in an encoded part can be reached only by decoding all that is before it. A part that holds parts
 * itself, as an archive in an archive does, and one that is read in many places, is therefore unpacked: its
 * bytes go into memory, or into a temporary file, and every later read takes them from there. */
#ifndef TN_UNPACK_H
#define TN_UNPACK_H
#include "base/budget.h"
#include "source/source.h"
#include "source/spool_file.h"

/* The unpacked sources of one catalog. Zero it at first. Any thread may unpack. */
struct tn_store {
    pthread_mutex_t lock;
    struct tn_unpacked *newest; /* each links to the one before */
    uint64_t in_memory;         /* bytes */
    /* unlinked; sources lie in it one behind the other; NULL: none needed it so far */
    struct tn_source *file;
    uint64_t in_file;           /* bytes */
    struct tn_spool_file spool; /* that `file` reads */
    struct tn_budget *budget;   /* from which unpacking draws while the file is opened; else NULL */
    /* all goes into memory: an isolated process can make no files, and has a limit of its own */
    bool no_files;
};
void tn_store_begin (struct tn_store *store);
/* Frees all that was unpacked. No source of the catalog may be read afterwards. */
void tn_store_end (struct tn_store *store);

/* Unpacks a source, unless that has been done; tn_source_plain then finds it. Does nothing to a source that
 * is not encoded. Its checksum is compared. Sources that are added to the catalog later lie in it as it is
 * unpacked, so no part lies in one that needs a decoder. */
tenon_status tn_unpack (tenon_context *context, struct tn_store *store, struct tn_source *source,
                        tenon_error *error);
/* Decodes a new part whose size is TENON_AUTO, and sets it. Its bytes are kept as those of tn_unpack are. A
 * wrong checksum is left to the reads that find it. */
tenon_status tn_unpack_to_size (tenon_context *context, struct tn_store *store, struct tn_source *source,
                                tenon_error *error);
/* A read is about to decode `cost` bytes. If all such reads come to more than the source has, it is unpacked,
 * which costs as much once more, and never again. Not `describing`: to more than twice as much; and a wrong
 * checksum is no failure here, but of the reads that find it (tn_scan_account). */
tenon_status tn_unpack_when_due (tenon_context *context, struct tn_store *store, struct tn_source *source,
                                 uint64_t cost, bool describing, tenon_error *error);

#endif
