/* SPDX-License-Identifier: MIT */
/* scan.h - the bytes of a source in order, decoded on all threads where the source says where its blocks end.
 * The checksum is compared when all has been read. */
#ifndef TN_SCAN_H
#define TN_SCAN_H
#include "base/report.h"
#include "source/source.h"

struct tn_scan;

/* Decodes blocks of a source, on all threads, until those before `end` are proven, so that the decoders of
 * many threads need not do it each for itself. Does nothing to a source without blocks. A table that lies is
 * no failure. */
tenon_status tn_scan_prove (tenon_context *context, struct tn_source *source, uint64_t end,
                            tenon_error *error);

/* Begins at `start`. When that is not 0, no checksum is compared. */
tenon_status tn_scan_new (tenon_context *context, struct tn_source *source, uint64_t start,
                          struct tn_scan **scan, tenon_error *error);
/* The next `length` bytes. `meter` may be NULL. */
tenon_status tn_scan_read (struct tn_scan *scan, void *to, uint64_t length, struct tn_meter *meter,
                           tenon_error *error);
/* Passes over `length` bytes, which are summed up. */
tenon_status tn_scan_skip (struct tn_scan *scan, uint64_t length, tenon_error *error);
void tn_scan_free (struct tn_scan *scan);

/* Bytes of a source were read for the program or a codec, and so of what it lies in. A part of which as many
 * were read as there are may have been read completely, in any order: then its checksum is compared, once, in
 * a pass of its own, which costs no more than these reads did. `tensors`: the reads are those of tensors,
 * which end when the bytes of all tensors were read. A failure leaves the bytes that were read as they are.
 */
tenon_status tn_scan_account (tenon_context *context, struct tn_source *source, uint64_t bytes, bool tensors,
                              tenon_error *error);

/* Reads all of a source, to compare its checksum. `take` may be NULL; it gets each piece. */
tenon_status tn_scan_all (tenon_context *context, struct tn_source *source,
                          tenon_status (*take) (void *user, const void *bytes, uint64_t length,
                                                tenon_error *error),
                          void *user, tenon_error *error);

#endif
