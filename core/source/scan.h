/* SPDX-License-Identifier: MIT */
/* scan.h - the bytes of a source in order, decoded on all threads where it says where its blocks end, its
 * checksum compared when all of it was read. */
#ifndef TN_SCAN_H
#define TN_SCAN_H
#include "source/source.h"

struct tn_scan;

/* Begins with the source's first byte. */
tenon_status tn_scan_new (tenon_context *context, struct tn_source *source, struct tn_scan **feed,
                          tenon_error *error);
/* The next `length` bytes. */
tenon_status tn_scan_read (struct tn_scan *feed, void *to, uint64_t length, tenon_error *error);
/* The next bytes are not wanted, only summed up. */
tenon_status tn_scan_skip (struct tn_scan *feed, uint64_t length, tenon_error *error);
void tn_scan_free (struct tn_scan *feed);

/* Reads all of a source, to compare its checksum. `tell` may be NULL; it is called for each piece. */
tenon_status tn_scan_all (tenon_context *context, struct tn_source *source,
                          tenon_status (*tell) (void *user, const void *bytes, uint64_t length,
                                                tenon_error *error),
                          void *user, tenon_error *error);

#endif
