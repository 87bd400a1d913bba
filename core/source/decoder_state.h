/* SPDX-License-Identifier: MIT */
/* decoder_state.h - what the ways of decoding share: memory, the filter, and stored bytes. For decoder*.c
 * only. */
#ifndef TN_DECODER_STATE_H
#define TN_DECODER_STATE_H
#include "source/decoder.h"

/* Bytes in decoder->input, and in decoder->spare. */
#define TN_DECODER_INPUT 65536u
#define TN_DECODER_SPARE 32768u

/* Memory drawn from the decoder's budget, and given back with the same size. */
void *tn_decoder_get_memory (struct tn_decoder *decoder, uint64_t size);
void tn_decoder_drop_memory (struct tn_decoder *decoder, void *memory, uint64_t size);
/* Forgets the source. Buffers and the filter's state stay for the next one. */
void tn_decoder_forget (struct tn_decoder *decoder);

/* Makes a state of the source's filter. The position of the last one in its source is lost. */
tenon_status tn_decoder_open_filter (struct tn_decoder *decoder, struct tn_source *source,
                                     tenon_error *error);
/* Draws the work of decoding `size` bytes, and those that were made between filters. */
tenon_status tn_decoder_draw_work (struct tn_decoder *decoder, uint64_t size);

/* The address of stored bytes of a part whose parent is not encoded: in memory of the program, or fetched
 * before. NULL: they must be read. */
const uint8_t *tn_decoder_fetched (const struct tn_decoder *decoder, const struct tn_source *source,
                                   uint64_t begin, uint64_t length);
/* The same, and reads them where they must be. They stay until the next call. */
tenon_status tn_decoder_stored (struct tn_decoder *decoder, const struct tn_source *source, uint64_t begin,
                                uint64_t length, const uint8_t **bytes, tenon_error *error);

#endif
