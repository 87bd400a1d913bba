/* SPDX-License-Identifier: MIT */
/* with_isal.c - deflate by ISA-L: blocks are encoded at many times zlib's speed, and streams decoded in
 * pieces straight into the caller's memory. */
#include "with_isal.h"
#ifdef HAVE_ISAL
#include <isa-l/igzip_lib.h>

/* Symbols that ISA-L collects before it writes a deflate block with a code of its own, 4 bytes each: more of
 * them make fewer headers. Beyond 128 Ki the gain ends. */
#define SYMBOLS_SIZE (4u * 128 * 1024)

struct deflate_isal_encoder {
    struct isal_zstream z;
    uint32_t level, buffer_size;
    uint8_t buffer[]; /* the hash table of the level, and the symbols */
};

struct deflate_isal_decoder {
    struct inflate_state state;
};

struct deflate_isal_encoder *
deflate_isal_encoder_new (int level)
{
    static const uint32_t least[DEFLATE_ISAL_LAST_LEVEL + 1] = { ISAL_DEF_LVL0_REQ, ISAL_DEF_LVL1_REQ,
                                                                 ISAL_DEF_LVL2_REQ, ISAL_DEF_LVL3_REQ };
    uint32_t buffer_size = least[level] + SYMBOLS_SIZE;
    struct deflate_isal_encoder *encoder = calloc (1, sizeof *encoder + buffer_size);
    if (encoder) {
        encoder->level = (uint32_t) level;
        encoder->buffer_size = buffer_size;
    }
    return encoder;
}

void
deflate_isal_encoder_free (struct deflate_isal_encoder *encoder)
{
    free (encoder);
}

/* Bytes of the stored block that holds the first byte of a piece, which is the history of the rest. */
#define HEAD_SIZE 6u

static bool
put_head (struct isal_zstream *z, const uint8_t *from, uint8_t *to)
{
    const uint8_t head[HEAD_SIZE] = { 0, 1, 0, 0xFE, 0xFF, *from };
    memcpy (to, head, sizeof head);
    return isal_deflate_set_dict (z, (uint8_t *) (uintptr_t) from, 1) == COMP_OK;
}

/* Encodes one piece, of length *length. False if it does not fit, or if ISA-L stored it, and then made no
 * flush.
 *
 * Without history, levels 1 and 2 begin a stream with a hash of the address of the stream's struct, instead
 * of that of the third byte (assembler up to 2.32, for x86): now and then a match is found or not. With the
 * first byte as history they do not reach that code, and the same input makes the same bytes in every
 * process. */
static bool
encode_piece (struct deflate_isal_encoder *encoder, bool last, const uint8_t *from, uint32_t size,
              uint8_t *to, uint32_t room, uint64_t *length)
{
    static const uint8_t flush[4] = { 0, 0, 0xFF, 0xFF };
    struct isal_zstream *z = &encoder->z;
    bool headed = encoder->level < DEFLATE_ISAL_LAST_LEVEL && size > 1;
    uint32_t head = headed ? 1 : 0, begun = headed ? HEAD_SIZE : 0;
    if (room <= begun)
        return false;
    if (headed)
        isal_deflate_init (z);
    else
        isal_deflate_stateless_init (z);
    z->level = encoder->level;
    z->level_buf = encoder->buffer;
    z->level_buf_size = encoder->buffer_size;
    z->flush = FULL_FLUSH;
    z->end_of_stream = last;
    z->next_in = (uint8_t *) (uintptr_t) from + head;
    z->avail_in = size - head;
    z->next_out = to + begun;
    z->avail_out = room - begun;
    if (headed ? !put_head (z, from, to) || isal_deflate (z) != COMP_OK
               : isal_deflate_stateless (z) != COMP_OK)
        return false;
    *length = room - z->avail_out;
    if (z->avail_in > 0 || (headed && z->internal_state.state != (last ? ZSTATE_END : ZSTATE_NEW_HDR)))
        return false;
    return last || (*length >= sizeof flush && memcmp (z->next_out - sizeof flush, flush, sizeof flush) == 0);
}

int64_t
deflate_isal_encode (struct deflate_isal_encoder *encoder, bool last, const void *from, uint64_t size,
                     void *to, uint64_t room)
{
    const uint8_t *next = from;
    uint8_t *out = to;
    uint64_t made = 0;
    do {
        uint32_t piece = (uint32_t) DEFLATE_MIN (size, DEFLATE_PIECE);
        uint32_t free_room = (uint32_t) DEFLATE_MIN (room - made, 2 * DEFLATE_PIECE);
        uint64_t length;
        if (!encode_piece (encoder, last && piece == size, next, piece, out + made, free_room, &length))
            return DEFLATE_NO_ROOM;
        next += piece, size -= piece, made += length;
    } while (size > 0);
    return (int64_t) made;
}

struct deflate_isal_decoder *
deflate_isal_decoder_new (void)
{
    struct deflate_isal_decoder *decoder = calloc (1, sizeof *decoder);
    if (decoder)
        isal_inflate_init (&decoder->state);
    return decoder;
}

void
deflate_isal_decoder_free (struct deflate_isal_decoder *decoder)
{
    free (decoder);
}

void
deflate_isal_reset (struct deflate_isal_decoder *decoder)
{
    isal_inflate_reset (&decoder->state);
}

/* ISA-L reads up to 8 bytes ahead into its bits. If it stopped before the input ended, some of them may lie
 * behind the stream's end: all whole bytes go back. If the input ended, the bits are the beginning of a
 * symbol or header that needs more. ISA-L keeps an incomplete header in a buffer behind the bits: they cannot
 * go back then, and need not. */
static void
give_back (struct inflate_state *state, uint32_t given)
{
    if ((state->avail_out > 0 && state->block_state < ISAL_BLOCK_INPUT_DONE) || state->tmp_in_size > 0
        || state->read_in_length < 8)
        return;
    uint32_t bytes = (uint32_t) state->read_in_length / 8, taken = given - state->avail_in;
    bytes = DEFLATE_MIN (bytes, taken);
    state->next_in -= bytes;
    state->avail_in += bytes;
    state->read_in_length -= (int32_t) (8 * bytes);
    state->read_in &= ((uint64_t) 1 << state->read_in_length) - 1;
}

int32_t
deflate_isal_step (struct deflate_isal_decoder *decoder, const void *from, uint64_t stored, uint64_t *taken,
                   void *to, uint64_t room, uint64_t *made)
{
    struct inflate_state *state = &decoder->state;
    uint32_t in = (uint32_t) DEFLATE_MIN (stored, DEFLATE_PIECE);
    uint32_t out = (uint32_t) DEFLATE_MIN (room, DEFLATE_PIECE);
    state->next_in = (uint8_t *) (uintptr_t) from;
    state->avail_in = in;
    state->next_out = to;
    state->avail_out = out;
    int result = isal_inflate (state);
    give_back (state, in);
    *taken = in - state->avail_in;
    *made = out - state->avail_out;
    return result != ISAL_DECOMP_OK ? TENON_E_MALFORMED : state->block_state == ISAL_BLOCK_FINISH;
}

bool
deflate_isal_at_boundary (const struct deflate_isal_decoder *decoder)
{
    const struct inflate_state *state = &decoder->state;
    /* HDR: ISA-L looked for the next header and found no byte of it */
    return (state->block_state == ISAL_BLOCK_NEW_HDR || state->block_state == ISAL_BLOCK_HDR)
           && state->tmp_in_size == 0 && state->read_in_length == 0
           && state->tmp_out_valid == state->tmp_out_processed;
}
#endif
