/* SPDX-License-Identifier: MIT */
/* grid_bytes.h - makes the decoded bytes of a chunk a source that its part of the request can be read from.
 * For grid_chunk.c only. */
#ifndef TN_GRID_BYTES_H
#define TN_GRID_BYTES_H
#include "transfer/grid_chunk.h"

/* Points reader->part, whose offset counts in the decoded chunk, at the chunk's bytes. `to`: room for all of
 * them, where they belong, or NULL. *there: they were decoded to it. */
tenon_status tn_chunk_open (struct tn_chunk_reader *reader, const struct tn_chunk *found, uint8_t *to,
                            bool *there, tenon_error *error);
/* Points reader->part at the fill value. */
tenon_status tn_chunk_open_fill (struct tn_chunk_reader *reader, tenon_error *error);
/* Reads and decodes all of it, for its checksum's sake. */
tenon_status tn_chunk_scan (struct tn_chunk_reader *reader, const struct tn_chunk *found, tenon_error *error);
/* After each of these: releases what it took. */
void tn_chunk_close (struct tn_chunk_reader *reader);

#endif
