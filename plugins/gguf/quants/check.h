/* SPDX-License-Identifier: MIT */
/* check.h - functions that find a block which stands for no numbers: tenon_dtype.check. */
#ifndef GGUF_CHECK_H
#define GGUF_CHECK_H

#include <stdint.h>

#define GGUF_CHECK(name) uint64_t gguf_check_##name (const void *blocks, uint64_t block_count)

GGUF_CHECK (q4_0);
GGUF_CHECK (q4_1);
GGUF_CHECK (q5_0);
GGUF_CHECK (q5_1);
GGUF_CHECK (q8_0);
GGUF_CHECK (q8_1);
GGUF_CHECK (q2_k);
GGUF_CHECK (q3_k);
GGUF_CHECK (q4_k);
GGUF_CHECK (q5_k);
GGUF_CHECK (q6_k);
GGUF_CHECK (q8_k);
GGUF_CHECK (iq2_xxs);
GGUF_CHECK (iq2_xs);
GGUF_CHECK (iq3_xxs);
GGUF_CHECK (iq1_s);
GGUF_CHECK (iq4_nl);
GGUF_CHECK (iq3_s);
GGUF_CHECK (iq2_s);
GGUF_CHECK (iq4_xs);
GGUF_CHECK (iq1_m);
GGUF_CHECK (tq1_0);
GGUF_CHECK (tq2_0);
GGUF_CHECK (mxfp4);
GGUF_CHECK (q1_0);
GGUF_CHECK (q2_0);

#endif
