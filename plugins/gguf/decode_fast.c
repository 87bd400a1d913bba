/* decode_fast.c - decoders of the commonest types, for speed alone. */
#include "decode.h"

GGUF_DECODE (q4_0)
{
    return gguf_decode_q4_0_base (blocks, items, block_count);
}

GGUF_DECODE (q8_0)
{
    return gguf_decode_q8_0_base (blocks, items, block_count);
}

GGUF_DECODE (q4_k)
{
    return gguf_decode_q4_k_base (blocks, items, block_count);
}

GGUF_DECODE (q6_k)
{
    return gguf_decode_q6_k_base (blocks, items, block_count);
}
