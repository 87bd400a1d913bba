/* SPDX-License-Identifier: MIT */
/* decoder_blocks.h - reads through a table of blocks, for decoder.c; decoder.h has what others need of
 * blocks. */
#ifndef TN_DECODER_BLOCKS_H
#define TN_DECODER_BLOCKS_H
#include "source/decoder.h"

/* Reads bytes of a source with a table of blocks. Blocks stand by themselves: a read that does not go on
 * where the last one ended takes those that it touches, each of them whole, and before them those that no
 * read has proven yet, so that a table that lies is found out. *good is false then. */
tenon_status tn_decoder_read_blocks (struct tn_decoder *decoder, uint64_t offset, uint8_t *to,
                                     uint64_t length, bool *good, tenon_error *error);
/* All blocks by the table, one after the other, from all stored bytes of the source. *good is false when the
 * table does not hold. */
tenon_status tn_decoder_by_table (struct tn_decoder *decoder, const uint8_t *stored, uint8_t *to, bool *good,
                                  tenon_error *error);

#endif
