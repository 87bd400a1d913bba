/* SPDX-License-Identifier: MIT */
/* test_decode.c - the decoders, without the library: halves against the definition of binary16, a block of
 * each type against numbers computed by hand, and vector instructions against plain C. */
#include "../quants/decode.h"
#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#define COUNT(array) (sizeof (array) / sizeof *(array))

/* ---- halves ---- */

static float
half_by_definition (uint32_t half)
{
    int exponent = (int) (half >> 10 & 31), mantissa = (int) (half & 1023);
    float magnitude =
        exponent == 0 ? ldexpf ((float) mantissa, -24) : ldexpf ((float) (1024 + mantissa), exponent - 25);
    if (exponent == 31)
        magnitude = mantissa ? NAN : INFINITY;
    return half & 0x8000 ? -magnitude : magnitude;
}

START_TEST (every_half)
{
    for (uint32_t half = 0; half < 65536; half++) {
        float found = gguf_f32_of_f16 ((uint16_t) half), expected = half_by_definition (half);
        uint32_t bits = gguf_bits_of_f32 (found);
        if (isnan (expected)) { /* quiet, payload kept */
            ck_assert_uint_eq (bits, (half & 0x8000) << 16 | 0x7fc00000 | (half & 1023) << 13);
            ck_assert_uint_eq (gguf_f16_of_f32 (found), (half & 0x8000) | 0x7e00);
        } else {
            ck_assert_uint_eq (bits, gguf_bits_of_f32 (expected));
            ck_assert_uint_eq (gguf_f16_of_f32 (found), half);
        }
    }
}
END_TEST

/* Between two neighbours: exactly halfway is rounded to the even one, the floats before and after it to the
 * nearer one. */
START_TEST (every_tie_of_halves)
{
    for (uint32_t half = 0; half < 0x7c00; half++) {
        float next = half == 0x7bff ? 65536 : half_by_definition (half + 1);
        float tie = (half_by_definition (half) + next) / 2;
        uint32_t even = half % 2 == 0 ? half : half + 1;
        for (uint32_t sign = 0; sign <= 0x8000; sign += 0x8000) {
            float direction = sign ? -1 : 1;
            ck_assert_uint_eq (gguf_f16_of_f32 (direction * tie), sign | even);
            ck_assert_uint_eq (gguf_f16_of_f32 (direction * nextafterf (tie, 0)), sign | half);
            ck_assert_uint_eq (gguf_f16_of_f32 (direction * nextafterf (tie, 70000)), sign | (half + 1));
        }
    }
    ck_assert_uint_eq (gguf_f16_of_f32 (INFINITY), 0x7c00);
    ck_assert_uint_eq (gguf_f16_of_f32 (-1e30f), 0xfc00);
    ck_assert_uint_eq (gguf_f16_of_f32 (0x1p-149f), 0);
}
END_TEST

/* ---- blocks by hand ---- */

#define HALF 0x3800u
#define ONE 0x3c00u
#define TWO 0x4000u
#define MOST_BYTES 256u
#define MOST_ITEMS 256u

static uint8_t block[MOST_BYTES];
static float items[MOST_ITEMS];
static bool seen[MOST_ITEMS];

static void
clear_block (void)
{
    memset (block, 0, sizeof block);
}

static void
put_half_at (uint32_t at, uint32_t half)
{
    block[at] = (uint8_t) half, block[at + 1] = (uint8_t) (half >> 8);
}

/* Decodes between allocations of the exact sizes: sanitizers find overruns. */
static void
decode_block (int32_t (*decoder) (const void *, float *, uint64_t), uint32_t bytes, uint32_t count)
{
    uint8_t *from = malloc (bytes);
    float *to = malloc (count * sizeof *to);
    ck_assert (from && to);
    memcpy (from, block, bytes);
    ck_assert_int_eq (decoder (from, to, 1), TENON_OK);
    memcpy (items, to, count * sizeof *to);
    memset (seen, 0, sizeof seen);
    free (from);
    free (to);
}

static void
item_is (uint32_t item, float value)
{
    ck_assert_msg (items[item] == value, "item %u is %g, not %g", item, (double) items[item], (double) value);
    seen[item] = true;
}

/* Checks the items in [first, end) that the test has not checked before. */
static void
other_items_are (uint32_t first, uint32_t end, float value)
{
    for (uint32_t i = first; i < end; i++)
        if (!seen[i])
            item_is (i, value);
}

START_TEST (q4)
{
    clear_block ();
    put_half_at (0, HALF);
    block[2] = 0x9f; /* 15 and 9, minus 8 */
    decode_block (gguf_decode_q4_0, 18, 32);
    item_is (0, 3.5f), item_is (16, .5f), other_items_are (0, 32, -4);
    clear_block ();
    put_half_at (0, 0x3400); /* a quarter */
    put_half_at (2, 0xbc00); /* -1 */
    block[4 + 15] = 0x3c;
    decode_block (gguf_decode_q4_1, 20, 32);
    item_is (15, 12 * .25f - 1), item_is (31, 3 * .25f - 1), other_items_are (0, 32, -1);
}
END_TEST

START_TEST (q5)
{
    clear_block ();
    put_half_at (0, ONE);
    block[2] = 0x02, block[4] = 0x02; /* the fifth bits of 1 and 17 */
    block[6 + 1] = 0x5a;
    decode_block (gguf_decode_q5_0, 22, 32);
    item_is (1, 10), item_is (17, 5), other_items_are (0, 32, -16);
    clear_block ();
    put_half_at (0, TWO);
    put_half_at (2, HALF);
    block[4] = 0x01, block[7] = 0x80; /* of 0 and 31 */
    block[8] = 0x03, block[8 + 15] = 0xf0;
    decode_block (gguf_decode_q5_1, 24, 32);
    item_is (0, 2 * 19 + .5f), item_is (31, 2 * 31 + .5f), other_items_are (0, 32, .5f);
}
END_TEST

START_TEST (q8_q1_q2)
{
    clear_block ();
    put_half_at (0, 0x3000); /* an eighth */
    block[2] = 0x80, block[33] = 0x7f;
    decode_block (gguf_decode_q8_0, 34, 32);
    item_is (0, -16), item_is (31, 15.875f), other_items_are (0, 32, 0);
    clear_block ();
    put_half_at (0, 0x4200); /* 3 */
    block[2] = 0x05, block[17] = 0x80;
    decode_block (gguf_decode_q1_0, 18, 128);
    item_is (0, 3), item_is (2, 3), item_is (127, 3), other_items_are (0, 128, -3);
    clear_block ();
    put_half_at (0, 0x3e00); /* 1.5 */
    block[2] = 0xe4, block[17] = 0x40;
    decode_block (gguf_decode_q2_0, 18, 64);
    item_is (1, 0), item_is (2, 1.5f), item_is (3, 3), item_is (63, 0), other_items_are (0, 64, -1.5f);
}
END_TEST

/* f4_e2m1: 0 0.5 1 1.5 2 3 4 6 */
START_TEST (fp4)
{
    static const struct {
        uint8_t code;
        float scale;
    } scales[] = { { 0, 0x1p-127f },
                   { 1, 0x1p-126f },
                   { 2, 0x1p-125f },
                   { 127, 1 },
                   { 128, 2 },
                   { 254, 0x1p127f },
                   { 255, INFINITY /* 2^128 */ } };
    for (size_t i = 0; i < COUNT (scales); i++) {
        clear_block ();
        block[0] = scales[i].code;
        block[1] = 0xa2; /* 1 and -1 */
        decode_block (gguf_decode_mxfp4, 17, 32);
        item_is (0, scales[i].scale), item_is (16, -scales[i].scale), other_items_are (0, 32, 0);
    }
    clear_block ();
    block[0] = 255;
    block[16] = 0x19; /* -0.5 and 0.5: not computed by way of 2^128 */
    decode_block (gguf_decode_mxfp4, 17, 32);
    item_is (15, -0x1p127f), item_is (31, 0x1p127f), other_items_are (0, 32, 0);
    clear_block ();
    block[0] = 0x38, block[1] = 0x01, block[2] = 0x7f, block[3] = 0xfe; /* 1, 2^-9, 0, 448 */
    for (uint32_t part = 0; part < 4; part++)
        block[4 + 8 * part] = 0x2f, block[4 + 8 * part + 7] = 0x70;
    decode_block (gguf_decode_nvfp4, 36, 64);
    item_is (0, -6), item_is (8, 1), item_is (15, 6), other_items_are (0, 16, 0);
    item_is (16, -6 * 0x1p-9f), item_is (24, 0x1p-9f), item_is (31, 6 * 0x1p-9f), other_items_are (16, 32, 0);
    other_items_are (32, 48, 0);
    item_is (48, -6 * 448), item_is (56, 448), item_is (63, 6 * 448), other_items_are (48, 64, 0);
}
END_TEST

START_TEST (q2_and_q3_k)
{
    clear_block ();
    put_half_at (80, ONE);
    put_half_at (82, HALF);
    block[0] = 0x21, block[2] = 0x03, block[13] = 0x4f;
    block[16] = 0xe4;               /* 0 1 2 3 of parts 0 2 4 6 */
    block[16 + 32 + 16 + 5] = 0x30; /* 3, of part 13 */
    decode_block (gguf_decode_q2_k, 84, 256);
    other_items_are (0, 16, -1);
    item_is (32, 3), other_items_are (16, 208, 0);
    item_is (213, 43), other_items_are (208, 224, -2);
    other_items_are (224, 256, 0);
    clear_block ();
    put_half_at (108, HALF);
    block[96] = 0x05, block[104] = 0x02;  /* part 0: 37 - 32 */
    block[101] = 0x70, block[105] = 0x40; /* part 13: 23 - 32 */
    block[32 + 3] = 0x02, block[3] = 0x01;
    block[32 + 32 + 16 + 9] = 0x10, block[16 + 9] = 0x40;
    decode_block (gguf_decode_q3_k, 110, 256);
    item_is (3, 2.5f * 2), other_items_are (0, 16, 2.5f * -4);
    item_is (217, -4.5f), other_items_are (208, 224, -4.5f * -4);
    other_items_are (0, 256, -16 * -4);
}
END_TEST

/* Part 1: times 7, minus 2. Part 6: times 58, minus 19, with bits in the bytes of part 2. */
static void
put_k_scales (void)
{
    clear_block ();
    put_half_at (0, ONE);
    put_half_at (2, ONE);
    block[5] = 0x07, block[9] = 0x02;
    block[14] = 0x3a, block[6] = 0xc0, block[10] = 0x40;
}

START_TEST (q4_and_q5_k)
{
    put_k_scales ();
    block[16 + 4] = 0x50;
    block[16 + 96 + 31] = 0x0f;
    decode_block (gguf_decode_q4_k, 144, 256);
    item_is (36, 7 * 5 - 2), other_items_are (32, 64, -2);
    item_is (223, 58 * 15 - 19), other_items_are (192, 224, -19);
    other_items_are (0, 256, 0);
    put_k_scales ();
    block[48 + 4] = 0x50, block[16 + 4] = 0x02;
    block[48 + 96 + 31] = 0x0f, block[16 + 31] = 0x40;
    decode_block (gguf_decode_q5_k, 176, 256);
    item_is (36, 7 * 21 - 2), other_items_are (32, 64, -2);
    item_is (223, 58 * 31 - 19), other_items_are (192, 224, -19);
    other_items_are (0, 256, 0);
}
END_TEST

START_TEST (q6_k)
{
    clear_block ();
    put_half_at (208, 0x3400); /* a quarter */
    block[192] = 3, block[192 + 11] = 0xfe;
    block[1] = 0x0f, block[128 + 1] = 0x03;
    block[64 + 32 + 16 + 2] = 0x04, block[128 + 32 + 16 + 2] = 0x08;
    decode_block (gguf_decode_q6_k, 210, 256);
    item_is (1, .75f * 31), other_items_are (0, 16, .75f * -32);
    item_is (178, -.5f * 4), other_items_are (176, 192, -.5f * -32);
    other_items_are (0, 256, 0);
}
END_TEST

/* 207: digits 2 1 0 2 1, the least n with n / 256 ≥ 196 / 243 */
START_TEST (ternary)
{
    clear_block ();
    put_half_at (52, TWO);
    block[0] = block[32 + 15] = block[48 + 3] = 207;
    decode_block (gguf_decode_tq1_0, 54, 256);
    item_is (0, 2), item_is (32, 0), item_is (64, -2), item_is (96, 2), item_is (128, 0);
    item_is (175, 2), item_is (191, 0), item_is (207, -2), item_is (223, 2), item_is (239, 0);
    item_is (243, 2), item_is (247, 0), item_is (251, -2), item_is (255, 2);
    other_items_are (0, 256, -2);
    clear_block ();
    put_half_at (64, ONE);
    block[0] = 0xe4, block[32 + 31] = 0x90;
    decode_block (gguf_decode_tq2_0, 66, 256);
    item_is (32, 0), item_is (64, 1), item_is (96, 2), item_is (223, 0), item_is (255, 1),
        other_items_are (0, 256, -1);
}
END_TEST

/* From ggml's tables: point 0 is -1 eight times, point 2047 1 eight times, point 256 0xff00ff01000100ff. */
START_TEST (iq1)
{
    static const float point_256[8] = { -1, 0, 1, 0, 1, -1, 0, -1 };
    clear_block ();
    put_half_at (0, TWO);
    block[2] = 0xff;          /* 2047, with … */
    put_half_at (34, 0xa007); /* … times 5, down */
    put_half_at (48, 0x0200); /* part 7: 256 is its last code */
    decode_block (gguf_decode_iq1_s, 50, 256);
    for (uint32_t i = 0; i < 8; i++)
        item_is (i, 10 * .875f), item_is (248 + i, 2 * (point_256[i] + .125f));
    other_items_are (0, 32, 10 * -1.125f);
    other_items_are (32, 256, 2 * -.875f);
    clear_block ();
    block[48 + 7] = 0x40; /* the scale's upper nibble: 2 */
    block[49] = 0x0a;     /* items 48 … 63: times 11 */
    block[6] = 0xff, block[32 + 3] = 0x87;
    block[32 + 15] = 0x10;
    decode_block (gguf_decode_iq1_m, 56, 256);
    for (uint32_t i = 0; i < 8; i++)
        item_is (48 + i, 22 * 1.125f), item_is (248 + i, 2 * (point_256[i] + .125f));
    other_items_are (56, 64, 22 * -1.125f);
    other_items_are (0, 256, 2 * -.875f);
}
END_TEST

/* Point 0 of the iq2 types is 8 eight times, point 1 has 43 first, the last of iq2_xs and iq2_s is 43 eight
 * times. */
START_TEST (iq2)
{
    clear_block ();
    put_half_at (0, ONE);
    block[2] = 1, block[6] = 0x02, block[9] = 0x30; /* signs of 1, so of 7 too; times 3.5 / 4 */
    decode_block (gguf_decode_iq2_xxs, 66, 256);
    item_is (0, 43 * .875f), item_is (1, -7), item_is (7, -7), other_items_are (0, 32, 7),
        other_items_are (32, 256, 1);
    clear_block ();
    put_half_at (0, ONE);
    put_half_at (2 + 2 * 31, 0x07ff); /* signs of 0 and 1 */
    block[73] = 0x30;
    decode_block (gguf_decode_iq2_xs, 74, 256);
    item_is (248, -43 * .875f), item_is (249, -43 * .875f), other_items_are (250, 256, 43 * .875f);
    other_items_are (240, 248, 7), other_items_are (0, 240, 1);
    clear_block ();
    put_half_at (0, ONE);
    block[2 + 6] = 0xff, block[66 + 1] = 0x30; /* 1023, of items 48 … 55 */
    block[34 + 6] = 0x80;
    block[74 + 1] = 0x30;
    decode_block (gguf_decode_iq2_s, 82, 256);
    item_is (55, -43 * .875f), other_items_are (48, 55, 43 * .875f), other_items_are (56, 64, 7),
        other_items_are (0, 256, 1);
}
END_TEST

/* iq3_xxs: point 0 is 4 four times, point 1 20 4 4 4, point 255 4 28 52 62. iq3_s: 0 is 1 four times, 511 is
 * 1 1 15 15. */
START_TEST (iq3)
{
    clear_block ();
    put_half_at (0, ONE);
    block[2] = 1, block[3] = 255;
    block[66] = 0x10, block[69] = 0x30; /* signs of 4, so of 7 too; times 3.5 / 2 */
    decode_block (gguf_decode_iq3_xxs, 98, 256);
    item_is (0, 35), item_is (4, -7), item_is (5, 49), item_is (6, 91), item_is (7, -62 * 1.75f),
        other_items_are (0, 32, 7), other_items_are (32, 256, 1);
    clear_block ();
    put_half_at (0, ONE);
    block[2 + 63] = 0xff, block[66 + 7] = 0x80; /* 511, of items 252 … 255 */
    block[2 + 8] = 0xff, block[66 + 1] = 0x01;  /* and of 32 … 35 */
    block[74 + 31] = 0x80;
    block[106 + 3] = 0x20; /* part 7: times 5 */
    decode_block (gguf_decode_iq3_s, 110, 256);
    item_is (254, 75), item_is (255, -75), other_items_are (224, 254, 5);
    item_is (34, 15), item_is (35, 15), other_items_are (0, 224, 1);
}
END_TEST

/* -127 … -10 for 0 … 7, 1 13 25 38 53 69 89 113 for 8 … 15 */
START_TEST (iq4)
{
    clear_block ();
    put_half_at (0, HALF);
    block[2] = 0x8f, block[17] = 0x71;
    decode_block (gguf_decode_iq4_nl, 18, 32);
    item_is (0, 56.5f), item_is (16, .5f), item_is (15, -52), item_is (31, -5),
        other_items_are (0, 32, -63.5f);
    clear_block ();
    put_half_at (0, ONE);
    put_half_at (2, 0xc001); /* part 0: 16 + …, part 7: 48 + … */
    block[4] = 0x0f, block[7] = 0x30;
    block[8] = 0x8f, block[8 + 127] = 0x71;
    decode_block (gguf_decode_iq4_xs, 136, 256);
    item_is (0, -113), item_is (16, -1), other_items_are (0, 32, 127);
    item_is (239, 19 * -104), item_is (255, 19 * -10), other_items_are (224, 256, 19 * -127);
    other_items_are (32, 224, -32 * -127);
}
END_TEST

/* ---- vector instructions against plain C ---- */

static const struct pair {
    int32_t (*fast) (const void *, float *, uint64_t), (*base) (const void *, float *, uint64_t);
    uint32_t bytes, count, scale; /* scale: offset of the half */
} pairs[] = {
    { gguf_decode_q4_0, gguf_decode_q4_0_base, 18, 32, 0 },
    { gguf_decode_q8_0, gguf_decode_q8_0_base, 34, 32, 0 },
    { gguf_decode_q4_k, gguf_decode_q4_k_base, 144, 256, 0 },
    { gguf_decode_q4_k, gguf_decode_q4_k_base, 144, 256, 2 },
    { gguf_decode_q6_k, gguf_decode_q6_k_base, 210, 256, 208 },
    { gguf_decode_q4_1, gguf_decode_q4_1_base, 20, 32, 0 },
    { gguf_decode_q4_1, gguf_decode_q4_1_base, 20, 32, 2 },
    { gguf_decode_q5_0, gguf_decode_q5_0_base, 22, 32, 0 },
    { gguf_decode_q5_1, gguf_decode_q5_1_base, 24, 32, 0 },
    { gguf_decode_q5_1, gguf_decode_q5_1_base, 24, 32, 2 },
    { gguf_decode_q2_k, gguf_decode_q2_k_base, 84, 256, 80 },
    { gguf_decode_q2_k, gguf_decode_q2_k_base, 84, 256, 82 },
    { gguf_decode_q3_k, gguf_decode_q3_k_base, 110, 256, 108 },
    { gguf_decode_q5_k, gguf_decode_q5_k_base, 176, 256, 0 },
    { gguf_decode_q5_k, gguf_decode_q5_k_base, 176, 256, 2 },
    { gguf_decode_q2_0, gguf_decode_q2_0_base, 18, 64, 0 },
    { gguf_decode_tq1_0, gguf_decode_tq1_0_base, 54, 256, 52 },
    { gguf_decode_tq2_0, gguf_decode_tq2_0_base, 66, 256, 64 },
    { gguf_decode_iq1_s, gguf_decode_iq1_s_base, 50, 256, 0 },
    { gguf_decode_iq4_nl, gguf_decode_iq4_nl_base, 18, 32, 0 },
    { gguf_decode_iq4_xs, gguf_decode_iq4_xs_base, 136, 256, 0 },
    { gguf_decode_mxfp4, gguf_decode_mxfp4_base, 17, 32, 0 },
    { gguf_decode_nvfp4, gguf_decode_nvfp4_base, 36, 64, 0 },
    { gguf_decode_iq1_m, gguf_decode_iq1_m_base, 56, 256, 48 }, /* four bits of it */
};

static uint8_t
random_byte (void)
{
    static uint64_t state = 0x9e3779b97f4a7c15;
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (uint8_t) (state >> 24);
}

/* A sum of two NaNs may be either of them: compilers exchange the operands. */
static void
check_same (const float *fast, const float *base, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        if (memcmp (&fast[i], &base[i], sizeof *fast) != 0 && !(isnan (fast[i]) && isnan (base[i])))
            ck_abort_msg ("item %llu is %a and %a", (unsigned long long) i, (double) fast[i],
                          (double) base[i]);
}

/* Every half is a scale. The other bytes are random: the other scale is NaN at times. Blocks and items are
 * not aligned. */
START_TEST (fast_is_base)
{
    enum { BLOCKS = 1024 };
    const struct pair *pair = &pairs[_i];
    uint64_t size = (uint64_t) BLOCKS * pair->bytes, count = (uint64_t) BLOCKS * pair->count;
    uint8_t *blocks = malloc (size + 1), *from = blocks + 1;
    float *fast = malloc ((count + 1) * sizeof *fast), *base = malloc (count * sizeof *base);
    ck_assert (blocks && fast && base);
    for (uint32_t half = 0; half < 65536; half += BLOCKS) {
        for (uint64_t i = 0; i < size; i++)
            from[i] = random_byte ();
        for (uint32_t i = 0; i < BLOCKS; i++) {
            from[i * pair->bytes + pair->scale] = (uint8_t) (half + i);
            from[i * pair->bytes + pair->scale + 1] = (uint8_t) ((half + i) >> 8);
        }
        ck_assert_int_eq (pair->fast (from, fast + 1, BLOCKS), TENON_OK);
        ck_assert_int_eq (pair->base (from, base, BLOCKS), TENON_OK);
        if (memcmp (fast + 1, base, count * sizeof *base) != 0)
            check_same (fast + 1, base, count);
    }
    free (blocks);
    free (fast);
    free (base);
}
END_TEST

/* With no block and with one the decoder writes nothing after the items. */
START_TEST (few_blocks)
{
    const struct pair *pair = &pairs[_i];
    float guarded[MOST_ITEMS + 1];
    clear_block ();
    guarded[0] = guarded[pair->count] = 7;
    ck_assert_int_eq (pair->fast (block, guarded, 0), TENON_OK);
    ck_assert (guarded[0] == 7);
    ck_assert_int_eq (pair->fast (block, guarded, 1), TENON_OK);
    ck_assert (guarded[0] == 0 && guarded[pair->count] == 7);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("decode");
    TCase *tests = tcase_create ("decode");
    tcase_set_timeout (tests, 120);
    tcase_add_test (tests, every_half);
    tcase_add_test (tests, every_tie_of_halves);
    tcase_add_test (tests, q4);
    tcase_add_test (tests, q5);
    tcase_add_test (tests, q8_q1_q2);
    tcase_add_test (tests, fp4);
    tcase_add_test (tests, q2_and_q3_k);
    tcase_add_test (tests, q4_and_q5_k);
    tcase_add_test (tests, q6_k);
    tcase_add_test (tests, ternary);
    tcase_add_test (tests, iq1);
    tcase_add_test (tests, iq2);
    tcase_add_test (tests, iq3);
    tcase_add_test (tests, iq4);
    tcase_add_loop_test (tests, fast_is_base, 0, (int) COUNT (pairs));
    tcase_add_loop_test (tests, few_blocks, 0, (int) COUNT (pairs));
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
