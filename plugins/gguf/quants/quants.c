/* SPDX-License-Identifier: MIT */
/* quants.c - the table of block dtypes. The layouts are ggml's (ggml-common.h): the bytes of a block, and the
 * numbers of several bytes among them, which are swapped in a file of the other byte order. */
#include "quants.h"
#include "check.h"
#include <stddef.h>

/* { offset, size, count } */
#define FIELDS(name, ...) static const struct tenon_swap_field name##_fields[] = { __VA_ARGS__ }

FIELDS (q4_0, { 0, 2, 1 });
FIELDS (q4_1, { 0, 2, 2 });
FIELDS (q5_0, { 0, 2, 1 }, { 2, 4, 1 });
FIELDS (q5_1, { 0, 2, 2 }, { 4, 4, 1 });
FIELDS (q8_0, { 0, 2, 1 });
FIELDS (q8_1, { 0, 2, 2 });
FIELDS (q2_k, { 80, 2, 2 });
FIELDS (q3_k, { 108, 2, 1 });
FIELDS (q4_k, { 0, 2, 2 });
FIELDS (q5_k, { 0, 2, 2 });
FIELDS (q6_k, { 208, 2, 1 });
FIELDS (q8_k, { 0, 4, 1 }, { 260, 2, 16 });
FIELDS (iq2_xxs, { 0, 2, 33 });
FIELDS (iq2_xs, { 0, 2, 33 });
FIELDS (iq3_xxs, { 0, 2, 1 }, { 66, 4, 8 });
FIELDS (iq1_s, { 0, 2, 1 }, { 34, 2, 8 });
FIELDS (iq4_nl, { 0, 2, 1 });
FIELDS (iq3_s, { 0, 2, 1 });
FIELDS (iq2_s, { 0, 2, 1 });
FIELDS (iq4_xs, { 0, 2, 2 });
FIELDS (iq1_m, { 48, 2, 4 });
FIELDS (tq1_0, { 52, 2, 1 });
FIELDS (tq2_0, { 64, 2, 1 });
FIELDS (q1_0, { 0, 2, 1 });
FIELDS (q2_0, { 0, 2, 1 });

#define BLOCK(dtype, items, bytes, decoder, encoder)                                                         \
    .struct_size = sizeof (struct tenon_dtype), .kind = TENON_KIND_BLOCK, .name = dtype,                     \
    .block_items = items, .block_bytes = bytes, .decode = decoder, .encode = encoder
#define SWAPPED(name)                                                                                        \
    .swap = name##_fields, .swap_size = sizeof (struct tenon_swap_field),                                    \
    .swap_count = sizeof name##_fields / sizeof name##_fields[0], .check = gguf_check_##name

static const struct tenon_dtype blocks[] = {
    { BLOCK ("q4_0", 32, 18, gguf_decode_q4_0, gguf_encode_q4_0), SWAPPED (q4_0),
      .encode_affine = gguf_affine_q4_0 },
    { BLOCK ("q4_1", 32, 20, gguf_decode_q4_1, gguf_encode_q4_1), SWAPPED (q4_1),
      .encode_affine = gguf_affine_q4_1 },
    { BLOCK ("q5_0", 32, 22, gguf_decode_q5_0, gguf_encode_q5_0), SWAPPED (q5_0) },
    { BLOCK ("q5_1", 32, 24, gguf_decode_q5_1, gguf_encode_q5_1), SWAPPED (q5_1) },
    { BLOCK ("q8_0", 32, 34, gguf_decode_q8_0, gguf_encode_q8_0), SWAPPED (q8_0),
      .encode_affine = gguf_affine_q8_0 },
    { BLOCK ("q8_1", 32, 36, NULL, NULL), SWAPPED (q8_1) },
    { BLOCK ("q2_k", 256, 84, gguf_decode_q2_k, gguf_encode_q2_k), SWAPPED (q2_k) },
    { BLOCK ("q3_k", 256, 110, gguf_decode_q3_k, gguf_encode_q3_k), SWAPPED (q3_k) },
    { BLOCK ("q4_k", 256, 144, gguf_decode_q4_k, gguf_encode_q4_k), SWAPPED (q4_k) },
    { BLOCK ("q5_k", 256, 176, gguf_decode_q5_k, gguf_encode_q5_k), SWAPPED (q5_k) },
    { BLOCK ("q6_k", 256, 210, gguf_decode_q6_k, gguf_encode_q6_k), SWAPPED (q6_k) },
    { BLOCK ("q8_k", 256, 292, NULL, NULL), SWAPPED (q8_k) },
    { BLOCK ("iq2_xxs", 256, 66, gguf_decode_iq2_xxs, NULL), SWAPPED (iq2_xxs) },
    { BLOCK ("iq2_xs", 256, 74, gguf_decode_iq2_xs, NULL), SWAPPED (iq2_xs) },
    { BLOCK ("iq3_xxs", 256, 98, gguf_decode_iq3_xxs, NULL), SWAPPED (iq3_xxs) },
    { BLOCK ("iq1_s", 256, 50, gguf_decode_iq1_s, NULL), SWAPPED (iq1_s) },
    { BLOCK ("iq4_nl", 32, 18, gguf_decode_iq4_nl, gguf_encode_iq4_nl), SWAPPED (iq4_nl) },
    { BLOCK ("iq3_s", 256, 110, gguf_decode_iq3_s, NULL), SWAPPED (iq3_s) },
    { BLOCK ("iq2_s", 256, 82, gguf_decode_iq2_s, NULL), SWAPPED (iq2_s) },
    { BLOCK ("iq4_xs", 256, 136, gguf_decode_iq4_xs, gguf_encode_iq4_xs), SWAPPED (iq4_xs) },
    { BLOCK ("iq1_m", 256, 56, gguf_decode_iq1_m, NULL), SWAPPED (iq1_m) },
    { BLOCK ("tq1_0", 256, 54, gguf_decode_tq1_0, gguf_encode_tq1_0), SWAPPED (tq1_0) },
    { BLOCK ("tq2_0", 256, 66, gguf_decode_tq2_0, gguf_encode_tq2_0), SWAPPED (tq2_0) },
    { BLOCK ("mxfp4", 32, 17, gguf_decode_mxfp4, gguf_encode_mxfp4), .check = gguf_check_mxfp4 },
    { BLOCK ("nvfp4", 64, 36, gguf_decode_nvfp4, gguf_encode_nvfp4) },
    { BLOCK ("q1_0", 128, 18, gguf_decode_q1_0, gguf_encode_q1_0), SWAPPED (q1_0) },
    { BLOCK ("q2_0", 64, 18, gguf_decode_q2_0, gguf_encode_q2_0), SWAPPED (q2_0) },
};
#define COUNT (sizeof blocks / sizeof blocks[0])

#define AT(i) &blocks[i]
const struct tenon_dtype *const gguf_dtypes[COUNT + 1] = {
    AT (0),  AT (1),  AT (2),  AT (3),  AT (4),  AT (5),  AT (6),  AT (7),  AT (8),
    AT (9),  AT (10), AT (11), AT (12), AT (13), AT (14), AT (15), AT (16), AT (17),
    AT (18), AT (19), AT (20), AT (21), AT (22), AT (23), AT (24), AT (25), AT (26),
};
_Static_assert(COUNT == 27, "each one is in gguf_dtypes");
