/* window.h - reading ahead while a file is described.
 *
 * Headers are read in small pieces that lie close together: the members of a container one behind the other,
 * a header's fields. They are served from a window, so that a member costs no system call. Of an encoded
 * member the beginning is decoded, together with those of the members that come next, on all threads. */
#ifndef TN_WINDOW_H
#define TN_WINDOW_H
#include "source/source.h"

struct tn_window;

/* *sources are *source_count sources, which may grow. NULL: no memory. */
struct tn_window *tn_window_new (tenon_context *context, struct tn_source *const *const *sources,
                                 const uint64_t *source_count);
void tn_window_free (struct tn_window *window);
/* Bytes of a source. *done is false when they are not to be had this way (an encoded source, further on):
 * then nothing was read, and nothing failed. `window` may be NULL. */
tenon_status tn_window_read (struct tn_window *window, struct tn_source *source, uint64_t offset, void *to,
                             uint64_t length, bool *done, tenon_error *error);

#endif
