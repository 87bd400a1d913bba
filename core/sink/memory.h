/* SPDX-License-Identifier: MIT */
/* memory.h - a sink that keeps its bytes in memory. */
#ifndef TN_SINK_MEMORY_H
#define TN_SINK_MEMORY_H
#include "sink/sink.h"

/* `expected`: a guess of all bytes, which may be too high: memory that is not touched costs nothing. NULL: no
 * memory. */
struct tn_sink *tn_memory_sink_new (const char *name, uint64_t expected);
/* Hands over a mapping of *mapped bytes, at least one page, which begins with the bytes put. The sink is of
 * no more use. */
void tn_memory_sink_take (struct tn_sink *sink, void **base, uint64_t *mapped);
void tn_memory_sink_free (struct tn_sink *sink);

#endif
