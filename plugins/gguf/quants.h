/* SPDX-License-Identifier: MIT */
/* quants.h - the dtypes of blocks: how many items share how many bytes, and what turns them into f32 and
 * back. */
#ifndef GGUF_QUANTS_H
#define GGUF_QUANTS_H

#include <stdint.h>
#include <tenon/plugin.h>

/* decode: whole blocks to floats; encode: the other way. As struct tenon_dtype wants them. */
#define GGUF_DECODE(name) int32_t gguf_decode_##name (const void *blocks, float *items, uint64_t block_count)
#define GGUF_ENCODE(name) int32_t gguf_encode_##name (const float *items, void *blocks, uint64_t block_count)

/* decode_plain.c */
GGUF_DECODE (q4_1);
GGUF_DECODE (q5_0);
GGUF_DECODE (q5_1);
GGUF_DECODE (q1_0);
GGUF_DECODE (q2_0);
GGUF_DECODE (mxfp4);
GGUF_DECODE (nvfp4);
/* decode_k.c */
GGUF_DECODE (q2_k);
GGUF_DECODE (q3_k);
GGUF_DECODE (q5_k);
/* decode_iq.c */
GGUF_DECODE (iq1_s);
GGUF_DECODE (iq1_m);
GGUF_DECODE (iq2_xxs);
GGUF_DECODE (iq2_xs);
GGUF_DECODE (iq2_s);
GGUF_DECODE (iq3_xxs);
GGUF_DECODE (iq3_s);
GGUF_DECODE (iq4_nl);
GGUF_DECODE (iq4_xs);
/* decode_ternary.c */
GGUF_DECODE (tq1_0);
GGUF_DECODE (tq2_0);
/* decode_fast.c; what it does without vector instructions is in the files above, as NAME_base */
GGUF_DECODE (q4_0);
GGUF_DECODE (q8_0);
GGUF_DECODE (q4_k);
GGUF_DECODE (q6_k);

/* encode_plain.c */
GGUF_ENCODE (q4_1);
GGUF_ENCODE (q5_0);
GGUF_ENCODE (q5_1);
/* encode_few.c */
GGUF_ENCODE (q1_0);
GGUF_ENCODE (q2_0);
GGUF_ENCODE (tq1_0);
GGUF_ENCODE (tq2_0);
/* encode_fp4.c */
GGUF_ENCODE (mxfp4);
GGUF_ENCODE (nvfp4);
/* encode_k.c */
GGUF_ENCODE (q2_k);
GGUF_ENCODE (q4_k);
GGUF_ENCODE (q5_k);
/* encode_signed.c */
GGUF_ENCODE (q3_k);
GGUF_ENCODE (q6_k);
/* encode_iq4.c */
GGUF_ENCODE (iq4_nl);
GGUF_ENCODE (iq4_xs);
/* encode_fast.c; what it does without vector instructions is in encode_plain.c, as NAME_base */
GGUF_ENCODE (q4_0);
GGUF_ENCODE (q8_0);

#endif
