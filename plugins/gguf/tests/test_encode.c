/* SPDX-License-Identifier: MIT */
/* test_encode.c - the encoders, without the library: roundings against the C library, blocks computed by
 * hand, conversions that ggml leaves undefined, and vector instructions against plain C. */
#include "../quants/encode.h"
#include <check.h>
#include <stdbool.h>
#include <stdlib.h>

#define COUNT(array) (sizeof (array) / sizeof *(array))
#define MOST_BYTES 256u
#define MOST_ITEMS 256u

typedef int32_t (*encoder) (const float *items, void *blocks, uint64_t block_count);

static const struct type {
    const char *name;
    encoder encode;
    uint32_t count, bytes;
} types[] = {
    { "q4_0", gguf_encode_q4_0, 32, 18 },      { "q4_1", gguf_encode_q4_1, 32, 20 },
    { "q5_0", gguf_encode_q5_0, 32, 22 },      { "q5_1", gguf_encode_q5_1, 32, 24 },
    { "q8_0", gguf_encode_q8_0, 32, 34 },      { "q1_0", gguf_encode_q1_0, 128, 18 },
    { "q2_0", gguf_encode_q2_0, 64, 18 },      { "q2_k", gguf_encode_q2_k, 256, 84 },
    { "q3_k", gguf_encode_q3_k, 256, 110 },    { "q4_k", gguf_encode_q4_k, 256, 144 },
    { "q5_k", gguf_encode_q5_k, 256, 176 },    { "q6_k", gguf_encode_q6_k, 256, 210 },
    { "tq1_0", gguf_encode_tq1_0, 256, 54 },   { "tq2_0", gguf_encode_tq2_0, 256, 66 },
    { "mxfp4", gguf_encode_mxfp4, 32, 17 },    { "nvfp4", gguf_encode_nvfp4, 64, 36 },
    { "iq4_nl", gguf_encode_iq4_nl, 32, 18 },  { "iq4_xs", gguf_encode_iq4_xs, 256, 136 },
    { "q4_0", gguf_encode_q4_0_base, 32, 18 }, { "q8_0", gguf_encode_q8_0_base, 32, 34 },
    { "q4_1", gguf_encode_q4_1_base, 32, 20 }, { "q5_0", gguf_encode_q5_0_base, 32, 22 },
    { "q5_1", gguf_encode_q5_1_base, 32, 24 }, { "q3_k", gguf_encode_q3_k_base, 256, 110 },
};

static uint32_t
next_random (void)
{
    static uint64_t state = 0x9e3779b97f4a7c15;
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (uint32_t) (state >> 16);
}

/* ---- roundings ---- */

/* The floats around every half, and random ones. */
START_TEST (rounding)
{
    for (int32_t halves = -1024; halves <= 1024; halves++) {
        float middle = (float) halves / 2;
        const float near[3] = { nextafterf (middle, -1000), middle, nextafterf (middle, 1000) };
        for (uint32_t i = 0; i < 3; i++) {
            ck_assert_int_eq (gguf_round (near[i]), lroundf (near[i]));
            ck_assert_int_eq (gguf_nearest (near[i]), lrintf (near[i]));
        }
    }
    for (uint32_t i = 0; i < 4000000; i++) {
        float value =
            gguf_f32_of_bits ((next_random () & 0x807fffff) | (100 + i % 49) << 23); /* below 2^22 */
        ck_assert_int_eq (gguf_round (value), lroundf (value));
        ck_assert_int_eq (gguf_nearest (value), lrintf (value));
    }
    ck_assert_int_eq (gguf_truncate (-2147483648.0f), INT32_MIN);
    ck_assert_int_eq (gguf_truncate (2147483648.0f), INT32_MIN);
    ck_assert_int_eq (gguf_truncate (2147483520.0f), 2147483520);
    ck_assert_int_eq (gguf_truncate (NAN), INT32_MIN);
    ck_assert_int_eq (gguf_truncate (-INFINITY), INT32_MIN);
}
END_TEST

/* ---- blocks by hand ---- */

static float items[MOST_ITEMS];
static uint8_t block[MOST_BYTES];
static bool seen[MOST_BYTES];
static uint32_t block_bytes;

static void
clear_items (void)
{
    memset (items, 0, sizeof items);
}

/* Encodes between allocations of the exact sizes: sanitizers find overruns. */
static void
encode_block (const char *name)
{
    const struct type *type = types;
    while (strcmp (type->name, name) != 0)
        type++;
    float *from = malloc (type->count * sizeof *from);
    uint8_t *to = malloc (type->bytes);
    ck_assert (from && to);
    memcpy (from, items, type->count * sizeof *from);
    memset (to, 0xa5, type->bytes);
    ck_assert_int_eq (type->encode (from, to, 1), TENON_OK);
    memcpy (block, to, type->bytes);
    block_bytes = type->bytes;
    memset (seen, 0, sizeof seen);
    free (from);
    free (to);
}

static void
byte_is (uint32_t at, uint32_t byte)
{
    ck_assert_msg (block[at] == byte, "byte %u is %02x, not %02x", at, block[at], byte);
    seen[at] = true;
}

static void
half_is (uint32_t at, uint32_t half)
{
    byte_is (at, half & 0xff);
    byte_is (at + 1, half >> 8);
}

/* Checks the bytes that the test has not checked before. */
static void
other_bytes_are (uint32_t byte)
{
    for (uint32_t i = 0; i < block_bytes; i++)
        if (!seen[i])
            byte_is (i, byte);
}

START_TEST (zeros)
{
    clear_items ();
    encode_block ("q4_0"); /* 0 / -8 is -0; the code 8 is zero */
    half_is (0, 0x8000), other_bytes_are (0x88);
    encode_block ("q5_0"); /* 16 */
    half_is (0, 0x8000), byte_is (2, 0xff), byte_is (3, 0xff), byte_is (4, 0xff), byte_is (5, 0xff),
        other_bytes_are (0);
    static const char *const nothing[] = { "q4_1", "q5_1", "q8_0", "q2_k",  "q3_k",
                                           "q4_k", "q5_k", "q6_k", "mxfp4", "nvfp4" };
    for (size_t i = 0; i < COUNT (nothing); i++)
        encode_block (nothing[i]), other_bytes_are (0);
    encode_block ("q1_0"); /* zero is positive */
    half_is (0, 0), other_bytes_are (0xff);
    encode_block ("q2_0"); /* the code 1 four times */
    half_is (0, 0), other_bytes_are (0x55);
    encode_block ("tq1_0"); /* 11111 to base 3 is 121: 121 * 256 / 243 = 127.5, up; 11110 is 120: 126.4 */
    byte_is (48, 127), byte_is (49, 127), byte_is (50, 127), byte_is (51, 127), half_is (52, 0),
        other_bytes_are (128);
    encode_block ("tq2_0");
    half_is (64, 0), other_bytes_are (0x55);
    encode_block ("iq4_nl"); /* 1, the code 8, is nearer to zero than -10 is */
    half_is (0, 0), other_bytes_are (0x88);
    encode_block ("iq4_xs"); /* -0 / 32; scales of 32 for 0: their upper two bits are 2 */
    half_is (0, 0x8000), half_is (2, 0xaaaa), byte_is (4, 0), byte_is (5, 0), byte_is (6, 0), byte_is (7, 0),
        other_bytes_are (0x88);
}
END_TEST

START_TEST (q8_0)
{
    clear_items (); /* 127 is the largest: the scale is 1, 0x3c00 */
    items[0] = 127, items[1] = -126.5f, items[2] = 0.5f, items[3] = -0.49f, items[31] = 2.5f;
    encode_block ("q8_0");
    half_is (0, 0x3c00), byte_is (2, 127), byte_is (3, 0x81 /* -127: halves go away from zero */),
        byte_is (4, 1), byte_is (33, 3);
    other_bytes_are (0);
    clear_items ();   /* the scale is 1 / 127 = 1.0079 * 2^-7, which is 1 + 8 / 1024 as a half; */
    items[5] = -1;    /* -127 */
    items[6] = 0.25f; /* 31.75 */
    encode_block ("q8_0");
    half_is (0, 0x2008), byte_is (7, 0x81), byte_is (8, 32), other_bytes_are (0);
}
END_TEST

START_TEST (q4_and_q5)
{
    clear_items (); /* -8 is the peak, so the scale is 1 */
    items[0] = -8, items[16] = 7, items[1] = 0.5f, items[17] = -0.6f, items[2] = 7.9f;
    encode_block ("q4_0"); /* codes 0, 15, 9 (8.5 + 0.5), 7 (7.9, cut), 15 (16.4, but 15 is the largest) */
    half_is (0, 0x3c00), byte_is (2, 0xf0), byte_is (3, 0x79), byte_is (4, 0x8f), other_bytes_are (0x88);
    clear_items (); /* the encoder takes the first of two peaks: 8 / -8 */
    items[3] = 8, items[4] = -8;
    encode_block ("q4_0");
    half_is (0, 0xbc00), byte_is (5, 0x80), byte_is (6, 0x8f), other_bytes_are (0x88);
    clear_items ();
    items[0] = -32, items[17] = 30, items[31] = 2; /* scale 2: codes 0, 31, 17, and 16 for zero */
    encode_block ("q5_0");
    half_is (0, 0x4000), byte_is (2, 0xfe), byte_is (3, 0xff), byte_is (4, 0xff), byte_is (5, 0xff);
    byte_is (7, 0xf0), byte_is (21, 0x10), other_bytes_are (0);
    clear_items (); /* from -1 to 14, steps of 1 */
    items[0] = -1, items[16] = 14, items[15] = 1.5f;
    encode_block ("q4_1"); /* codes 0, 15, 3 (2.5 + 0.5), and 1 for zero */
    half_is (0, 0x3c00), half_is (2, 0xbc00), byte_is (4, 0xf0), byte_is (19, 0x13), other_bytes_are (0x11);
    clear_items (); /* from 0 to 62, steps of 2 */
    items[0] = 62, items[31] = 34;
    encode_block ("q5_1"); /* codes 31 and 17 */
    half_is (0, 0x4000), byte_is (4, 1), byte_is (7, 0x80), byte_is (8, 0x0f), byte_is (23, 0x10),
        other_bytes_are (0);
}
END_TEST

START_TEST (few_bits)
{
    clear_items (); /* 96 + 160 = 256, the mean of 128 magnitudes is 2; signs of 0 and 127 are negative */
    items[0] = -96, items[127] = -160;
    encode_block ("q1_0");
    half_is (0, 0x4000), byte_is (2, 0xfe), byte_is (17, 0x7f), other_bytes_are (0xff);
    clear_items (); /* 4 is the scale: -1, 0.5 (away from zero), -0.49 */
    items[0] = -4, items[1] = 2, items[63] = -1.96f;
    encode_block ("q2_0"); /* codes 0, 2 in byte 2, 1 for all others */
    half_is (0, 0x4400), byte_is (2, 0x58), other_bytes_are (0x55);
    clear_items (); /* trits 2 0 1 1 1 are 162 + 27 * 0 + 9 + 3 + 1 = 175: 175 * 256 / 243 = 184.4 */
    items[0] = 3, items[32] = -3;
    items[160] = 1.5f, items[160 + 64] = -1.6f; /* 2 1 1 1 0: 162 + 27 + 9 + 3 = 201: 211.8 */
    items[243] = -2;                            /* 0 1 1 1, then 0: 27 + 9 + 3 = 39: 41.1 */
    encode_block ("tq1_0");
    half_is (52, 0x4200), byte_is (0, 185), byte_is (32, 212), byte_is (48, 127), byte_is (49, 127),
        byte_is (50, 127), byte_is (51, 42);
    other_bytes_are (128);
    clear_items (); /* codes 2 and 0 in byte 0, 2 highest in byte 63 */
    items[0] = 1, items[32] = -0.5f, items[255] = 0.75f;
    encode_block ("tq2_0");
    half_is (64, 0x3c00), byte_is (0, 0x52), byte_is (63, 0x95), other_bytes_are (0x55);
}
END_TEST

/* f4_e2m1: 0 0.5 1 1.5 2 3 4 6 */
START_TEST (fp4)
{
    clear_items (); /* 6 lies between 4 and 8: 2^(2 - 2), 127 */
    items[0] = 6, items[1] = -0.5f, items[2] = 5, items[16] = -1.5f, items[31] = -0.25f, items[17] = 2.6f;
    encode_block ("mxfp4"); /* 5 and 0.25 are halfway, and become the smaller magnitude; no negative zero */
    byte_is (0, 127), byte_is (1, 0xb7), byte_is (2, 0x59), byte_is (3, 0x06), other_bytes_are (0);
    clear_items (); /* the float before 8: its logarithm, 3 - 8.6e-8, is 3 as a float */
    items[9] = nextafterf (8, 0);
    encode_block ("mxfp4");
    byte_is (0, 128), byte_is (10, 0x06), other_bytes_are (0);
    clear_items ();
    items[0] = 6, items[15] = -2, items[8] = 1;    /* 6 / 6 is 1: 0x38 */
    items[16] = 1536;                              /* 256 and more become 448, 0x7e; 1536 / 448 = 3.4 */
    items[32] = 6 * 0x1p-9f, items[33] = -0x1p-9f; /* 2^-9, the least */
    items[48] = 6 * 1.0625f; /* halfway between 1 and 1.125 goes up; 6.375 / 1.125 = 5.7 */
    encode_block ("nvfp4");
    byte_is (0, 0x38), byte_is (1, 0x7e), byte_is (2, 0x01), byte_is (3, 0x39), byte_is (4, 0x27),
        byte_is (11, 0xc0);
    byte_is (12, 0x05), byte_is (20, 0x07), byte_is (21, 0x0a), byte_is (28, 0x07), other_bytes_are (0);
}
END_TEST

/* The items are codes times a scale of exactly 1, so no other scale is better. As halves 1 / 63 is 1 + 16 /
 * 1024 times 2^-6, and 7 / 63 is 1 + 796 / 1024 times 2^-4; 63 times these is so close to 1 and 7 that the
 * codes do not change. */
START_TEST (k_with_minimum)
{
    clear_items ();
    for (uint32_t i = 0; i < 32; i++)
        items[i] = (float) (i % 16), items[32 + i] = (float) (i % 16) - 7;
    encode_block ("q4_k");
    half_is (0, 0x2410), half_is (2, 0x2f1c), byte_is (4, 63), byte_is (5, 63), byte_is (9, 63);
    for (uint32_t i = 0; i < 32; i++)
        byte_is (16 + i, i % 16 * 0x11);
    other_bytes_are (0);
    clear_items ();
    for (uint32_t i = 0; i < 32; i++)
        items[128 + i] = (float) i,
                    items[224 + i] = (float) i - 7; /* parts 4 and 7: six bits in two places */
    encode_block ("q5_k");
    half_is (0, 0x2410), half_is (2, 0x2f1c), byte_is (4, 0xc0), byte_is (7, 0xc0), byte_is (11, 0xc0),
        byte_is (12, 0x0f);
    byte_is (15, 0xff);
    for (uint32_t i = 0; i < 32; i++)
        byte_is (16 + i, i < 16 ? 0 : 0x90), byte_is (48 + 64 + i, i % 16),
            byte_is (48 + 96 + i, i % 16 << 4);
    other_bytes_are (0);
    clear_items (); /* 1 / 15: 1 + 68 / 1024 times 2^-4; 2 / 15 twice that */
    for (uint32_t i = 0; i < 16; i++)
        items[i] = (float) (i % 4), items[208 + i] = (float) (i % 4) - 2;
    encode_block ("q2_k");
    half_is (80, 0x2c44), half_is (82, 0x3044), byte_is (0, 0x0f), byte_is (13, 0xff);
    for (uint32_t i = 0; i < 16; i++)
        byte_is (16 + i, i % 4), byte_is (16 + 32 + 16 + i, i % 4 << 4);
    other_bytes_are (0);
}
END_TEST

/* The peak has the code for -middle, and the block's scale is 1 / -32, or 1 / -128. */
START_TEST (k_around_zero)
{
    clear_items ();
    for (uint32_t i = 0; i < 16; i++)
        items[i] = (float) (i % 8) - 4, items[208 + i] = (float) (i % 8) - 4;
    encode_block ("q3_k"); /* scales of 0 for -32; parts without items have 32, in the upper bits */
    half_is (108, 0xa800), byte_is (104, 0xa8), byte_is (105, 0x2a), byte_is (106, 0xaa), byte_is (107, 0xaa);
    for (uint32_t i = 0; i < 16; i++) {
        byte_is (i, i % 8 / 4), byte_is (32 + i, i % 4);
        byte_is (16 + i, i % 8 / 4 << 6), byte_is (64 + 16 + i, i % 4 << 4);
    }
    other_bytes_are (0);
    clear_items ();
    for (uint32_t i = 0; i < 16; i++)
        items[i] = (float) i - 32, items[176 + i] = 2 * ((float) i * 4 - 32);
    encode_block ("q6_k"); /* the larger scale, 2, is the peak: 2 / -128; part 0 has half of it */
    half_is (208, 0xa400), byte_is (192, 0xc0), byte_is (192 + 11, 0x80);
    for (uint32_t i = 0; i < 16; i++) {
        byte_is (i, i), byte_is (64 + 32 + 16 + i, i * 4 % 16);
        byte_is (128 + 32 + 16 + i, i / 4 << 2);
    }
    other_bytes_are (0);
}
END_TEST

START_TEST (iq4)
{
    static const float values[16] = {
        -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
    };
    clear_items ();
    for (uint32_t i = 0; i < 16; i++)
        items[i] = values[i] / 2, items[16 + i] = values[15 - i] / 2;
    encode_block ("iq4_nl");
    half_is (0, 0x3800);
    for (uint32_t i = 0; i < 16; i++)
        byte_is (2 + i, i | (15 - i) << 4);
    for (uint32_t i = 0; i < 32; i++)
        items[224 + i] = items[i] * 2, items[i] = 0;
    encode_block ("iq4_xs"); /* 1 / -32; part 7 has -32 of it, stored as 0, the others 0, stored as 32 */
    half_is (0, 0xa800), half_is (2, 0x2aaa), byte_is (4, 0), byte_is (5, 0), byte_is (6, 0), byte_is (7, 0);
    for (uint32_t i = 0; i < 16; i++)
        byte_is (8 + 112 + i, i | (15 - i) << 4);
    other_bytes_are (0x88);
}
END_TEST

/* ---- NaN, and numbers that are too small or too large ---- */

START_TEST (not_numbers)
{
    clear_items ();
    items[0] = NAN, items[1] = 127, items[2] = -1; /* the encoder ignores NaN */
    encode_block ("q8_0");
    half_is (0, 0x3c00), byte_is (3, 127), byte_is (4, 0xff), other_bytes_are (0);
    items[1] = -8;
    encode_block ("q4_0");
    half_is (0, 0x3c00), byte_is (2, 0x80), byte_is (3, 0x80), byte_is (4, 0x87), other_bytes_are (0x88);
    clear_items (); /* infinite scales */
    items[0] = -INFINITY, items[1] = 5;
    encode_block ("q8_0");
    half_is (0, 0x7c00), other_bytes_are (0);
    encode_block ("q4_0");
    half_is (0, 0x7c00), byte_is (2, 0x80), other_bytes_are (0x88);
    encode_block ("mxfp4"); /* NaN in OCP MX */
    byte_is (0, 255), other_bytes_are (0);
    clear_items (); /* below 2^-125: the least scale is 2^-127, here with codes 2^-127 and 3 * 2^-127 */
    items[0] = 0x1p-127f, items[1] = -0x1.8p-126f;
    encode_block ("mxfp4");
    byte_is (0, 0), byte_is (1, 0x02), byte_is (2, 0x0d), other_bytes_are (0);
}
END_TEST

/* Random bits: sanitizers find nothing, and two runs give the same bytes. */
START_TEST (any_bits)
{
    const struct type *type = &types[_i];
    static float input[8 * MOST_ITEMS];
    static uint8_t once[8 * MOST_BYTES], twice[8 * MOST_BYTES];
    for (uint32_t round = 0; round < 200; round++) {
        for (uint32_t i = 0; i < COUNT (input); i++)
            input[i] = gguf_f32_of_bits (next_random () | (round % 4 == 0 && i % 64 == 0 ? 0x7f800000 : 0));
        for (uint32_t i = 0; i < COUNT (input) && round % 4 == 1; i++)
            input[i] = gguf_f32_of_bits (next_random () & 0x807fffff);
        memset (once, 0, sizeof once);
        memset (twice, 0xff, sizeof twice);
        ck_assert_int_eq (type->encode (input, once, 8), TENON_OK);
        ck_assert_int_eq (type->encode (input, twice, 8), TENON_OK);
        ck_assert_mem_eq (once, twice, 8 * type->bytes);
        ck_assert_uint_eq (once[8 * type->bytes], 0);
        ck_assert_uint_eq (twice[8 * type->bytes], 0xff);
    }
}
END_TEST

/* ---- vector instructions against plain C ---- */

static float
random_item (uint32_t kind)
{
    uint32_t bits = next_random ();
    switch (kind) {
    case 0: return gguf_f32_of_bits (bits);
    case 1: return gguf_f32_of_bits (bits & 0x807fffff);          /* subnormal */
    case 2: return (float) (int32_t) (bits % 17) - 8;             /* multiples of a half, and two peaks */
    case 3: return bits % 50 == 0 ? NAN : (float) (int32_t) bits; /* some NaNs */
    case 4: return gguf_f32_of_bits ((bits & 0x807fffff) | (120 + bits % 8) << 23); /* common ones */
    case 5: return gguf_f32_of_bits ((bits & 0x80000000) | 0x7f000000);             /* all large */
    default: return bits % 3 == 0 ? -0.0f : bits % 3 == 1 ? 0.0f : 0x1p-140f;
    }
}

static const struct pair {
    encoder fast, base;
    uint32_t count, bytes;
} pairs[] = {
    { gguf_encode_q4_0, gguf_encode_q4_0_base, 32, 18 },
    { gguf_encode_q8_0, gguf_encode_q8_0_base, 32, 34 },
    { gguf_encode_q4_1, gguf_encode_q4_1_base, 32, 20 },
    { gguf_encode_q5_0, gguf_encode_q5_0_base, 32, 22 },
    { gguf_encode_q5_1, gguf_encode_q5_1_base, 32, 24 },
    { gguf_encode_q3_k, gguf_encode_q3_k_base, 256, 110 },
};

START_TEST (fast_is_base)
{
    const encoder fast = pairs[_i].fast, base = pairs[_i].base;
    const uint32_t bytes = pairs[_i].bytes, item_count = pairs[_i].count;
    const uint32_t block_count = item_count == 32 ? 4099 : 515;
    float *input = malloc (block_count * item_count * sizeof *input);
    uint8_t *one = malloc (block_count * bytes + 1), *other = malloc (block_count * bytes);
    ck_assert (input && one && other);
    for (uint32_t kind = 0; kind < 7; kind++)
        for (uint32_t round = 0; round < 5; round++) {
            for (uint32_t i = 0; i < block_count * item_count; i++)
                input[i] = random_item (kind);
            ck_assert_int_eq (fast (input, one + 1, block_count), TENON_OK);
            ck_assert_int_eq (base (input, other, block_count), TENON_OK);
            ck_assert_mem_eq (one + 1, other, block_count * bytes);
        }
    for (uint32_t count = 0; count < 20; count++) { /* the encoder writes nothing after them */
        memset (one, 0xa5, block_count * bytes + 1);
        ck_assert_int_eq (fast (input, one, count), TENON_OK);
        ck_assert_mem_eq (one, other, count * bytes);
        ck_assert_uint_eq (one[count * bytes], 0xa5);
    }
    free (input);
    free (one);
    free (other);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("encode");
    TCase *tests = tcase_create ("encode");
    tcase_set_timeout (tests, 120);
    tcase_add_test (tests, rounding);
    tcase_add_test (tests, zeros);
    tcase_add_test (tests, q8_0);
    tcase_add_test (tests, q4_and_q5);
    tcase_add_test (tests, few_bits);
    tcase_add_test (tests, fp4);
    tcase_add_test (tests, k_with_minimum);
    tcase_add_test (tests, k_around_zero);
    tcase_add_test (tests, iq4);
    tcase_add_test (tests, not_numbers);
    tcase_add_loop_test (tests, any_bits, 0, (int) COUNT (types));
    tcase_add_loop_test (tests, fast_is_base, 0, (int) COUNT (pairs));
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
