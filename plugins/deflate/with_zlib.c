/* SPDX-License-Identifier: MIT */
/* with_zlib.c - deflate by zlib, which can do all tasks, slowly. */
#include "with_zlib.h"
#include <zlib.h>

#define RAW (-15)      /* no header, a window of 32 KiB */
#define MEMORY_LEVEL 9 /* the most: 32,768 symbols in a deflate block */

struct deflate_zlib_encoder {
    z_stream z;
};

struct deflate_zlib_decoder {
    z_stream z;
};

struct deflate_zlib_encoder *
deflate_zlib_encoder_new (int level)
{
    struct deflate_zlib_encoder *encoder = calloc (1, sizeof *encoder);
    if (encoder
        && deflateInit2 (&encoder->z, level, Z_DEFLATED, RAW, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
        free (encoder);
        return NULL;
    }
    return encoder;
}

void
deflate_zlib_encoder_free (struct deflate_zlib_encoder *encoder)
{
    if (encoder)
        deflateEnd (&encoder->z);
    free (encoder);
}

int64_t
deflate_zlib_encode (struct deflate_zlib_encoder *encoder, bool last, const void *from, uint64_t size,
                     void *to, uint64_t room)
{
    z_stream *z = &encoder->z;
    uint64_t left = size, free_room = room;
    if (deflateReset (z) != Z_OK)
        return TENON_E_MISUSE;
    z->next_in = (Bytef *) (uintptr_t) from;
    z->next_out = to;
    while (free_room > 0) {
        uInt in = (uInt) DEFLATE_MIN (left, DEFLATE_PIECE),
             out = (uInt) DEFLATE_MIN (free_room, DEFLATE_PIECE);
        z->avail_in = in;
        z->avail_out = out;
        /* a full flush ends the block at a byte and forgets its history: the next one stands by itself */
        int flush = left > in ? Z_NO_FLUSH : last ? Z_FINISH : Z_FULL_FLUSH;
        int result = deflate (z, flush);
        left -= in - z->avail_in;
        free_room -= out - z->avail_out;
        if (result < 0 && result != Z_BUF_ERROR)
            return TENON_E_MISUSE;
        if (left == 0 && (result == Z_STREAM_END || (flush == Z_FULL_FLUSH && z->avail_out > 0)))
            return (int64_t) (room - free_room);
    }
    return DEFLATE_NO_ROOM;
}

struct deflate_zlib_decoder *
deflate_zlib_decoder_new (void)
{
    struct deflate_zlib_decoder *decoder = calloc (1, sizeof *decoder);
    if (decoder && inflateInit2 (&decoder->z, RAW) != Z_OK) {
        free (decoder);
        return NULL;
    }
    return decoder;
}

void
deflate_zlib_decoder_free (struct deflate_zlib_decoder *decoder)
{
    if (decoder)
        inflateEnd (&decoder->z);
    free (decoder);
}

void
deflate_zlib_reset (struct deflate_zlib_decoder *decoder)
{
    (void) inflateReset (&decoder->z); /* fails only for a stream that was never opened */
}

int32_t
deflate_zlib_step (struct deflate_zlib_decoder *decoder, const void *from, uint64_t stored, uint64_t *taken,
                   void *to, uint64_t room, uint64_t *made)
{
    z_stream *z = &decoder->z;
    uInt in = (uInt) DEFLATE_MIN (stored, DEFLATE_PIECE), out = (uInt) DEFLATE_MIN (room, DEFLATE_PIECE);
    z->next_in = (Bytef *) (uintptr_t) from;
    z->avail_in = in;
    z->next_out = to;
    z->avail_out = out;
    int place = z->data_type, result = inflate (z, Z_NO_FLUSH);
    *taken = in - z->avail_in;
    *made = out - z->avail_out;
    if (*taken == 0 && *made == 0)
        z->data_type = place; /* zlib forgets that it is between two blocks when there is nothing to do */
    return result == Z_STREAM_END                    ? 1
           : result == Z_OK || result == Z_BUF_ERROR ? 0
           : result == Z_MEM_ERROR                   ? TENON_E_MEMORY
                                                     : TENON_E_MALFORMED;
}

bool
deflate_zlib_at_boundary (const struct deflate_zlib_decoder *decoder)
{
    /* zlib.h, inflate: 128 between two blocks, 64 in the last one, and the unused bits of the last byte */
    return (decoder->z.data_type & (128 | 64 | 63)) == 128;
}
