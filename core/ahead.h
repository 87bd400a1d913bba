/* ahead.h - reading ahead while a file is described.
 *
 * Headers are read in small pieces that lie close together: the members of a container one behind the other,
 * a header's fields. They are served from a window, so that a member costs no system call. Of an encoded
 * member the beginning is decoded, together with those of the members that come next, on all threads. */
#ifndef TN_AHEAD_H
#define TN_AHEAD_H
#include "source.h"

struct tn_ahead;
struct tn_catalog;

/* `catalog` may be NULL: then nothing is decoded ahead. NULL: no memory. */
struct tn_ahead *tn_ahead_new (tenon_context *context, const struct tn_catalog *catalog);
void tn_ahead_free (struct tn_ahead *ahead);
/* Bytes of a source. *done is false when they are not to be had this way (an encoded source, further on):
 * then nothing was read, and nothing failed. `ahead` may be NULL. */
tenon_status tn_ahead_read (struct tn_ahead *ahead, struct tn_source *source, uint64_t offset, void *to,
                            uint64_t length, bool *done, tenon_error *error);

#endif
