/* SPDX-License-Identifier: MIT */
/* decode_iq4.c - codes of four bits stand for 16 values that lie closer together around zero: iq4_nl,
 * iq4_xs. */
#include "decode.h"
#include "iq4.h"

static const int8_t values[16] = { GGUF_IQ4_VALUES };

/* Decodes 32 items: low nibbles are the first half. */
static inline void
put_items_iq4 (const uint8_t *restrict codes, float scale, float *restrict items)
{
    for (uint32_t i = 0; i < 16; i++) {
        items[i] = scale * (float) values[codes[i] & 15];
        items[16 + i] = scale * (float) values[codes[i] >> 4];
    }
}

static inline void
iq4_nl_base_block (const uint8_t *restrict block, float *restrict items)
{
    put_items_iq4 (block + 2, gguf_f16_at (block), items);
}
GGUF_DECODER (iq4_nl_base, 18, 32);

/* f16 scale at 0. Scales of the eight parts: top two bits in the u16 at 2, the others nibbles at 4 to 7.
 * Codes at 8 to 135. */
static inline void
iq4_xs_base_block (const uint8_t *restrict block, float *restrict items)
{
    float scale = gguf_f16_at (block);
    uint32_t upper = gguf_u16_at (block + 2);
    for (uint32_t part = 0; part < 8; part++) {
        uint32_t lower = block[4 + part / 2] >> part % 2 * 4 & 15;
        float own = scale * (float) ((int32_t) (lower | (upper >> 2 * part & 3) << 4) - 32);
        put_items_iq4 (block + 8 + part * 16, own, items + part * 32);
    }
}
GGUF_DECODER (iq4_xs_base, 136, 256);
