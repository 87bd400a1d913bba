/* SPDX-License-Identifier: MIT */
/* test_recast.c - tenon_cast: items in memory of the program as another dtype. */
#include "kit.h"

static tenon_error *const e = &kit_error;

static void
begin (void)
{
    kit_plugins ("toyraw", NULL);
}

START_TEST (test_plain)
{
    begin ();
    const float floats[] = { 1, -2.5f, 300, 65536 };
    uint16_t halves[4];
    uint8_t bytes[4];
    ck_assert_int_eq (tenon_cast (kit, TENON_F32, floats, 16, TENON_BF16, halves, 8, 4, 0, e), TENON_OK);
    ck_assert_mem_eq (halves, ((uint16_t[]){ 0x3f80, 0xc020, 0x4396, 0x4780 }), 8);
    ck_assert_int_eq (tenon_cast (kit, TENON_F32, floats, 16, TENON_U8, bytes, 4, 4, 0, e), TENON_OK);
    ck_assert_mem_eq (bytes, ((uint8_t[]){ 1, 0, 255, 255 }), 4);
    /* e4m3 has no infinity: NaN, or its largest number, 448 */
    ck_assert_int_eq (tenon_cast (kit, TENON_F32, floats, 16, TENON_F8_E4M3, bytes, 4, 4, 0, e), TENON_OK);
    ck_assert_mem_eq (bytes, ((uint8_t[]){ 0x38, 0xc2, 0x79, 0x7f }), 4);
    ck_assert_int_eq (
        tenon_cast (kit, TENON_F32, floats, 16, TENON_F8_E4M3, bytes, 4, 4, TENON_CAST_SATURATE, e),
        TENON_OK);
    ck_assert_mem_eq (bytes, ((uint8_t[]){ 0x38, 0xc2, 0x79, 0x7e }), 4);
    /* 2 items in a byte */
    ck_assert_int_eq (tenon_cast (kit, TENON_F32, floats, 8, TENON_F4, bytes, 1, 2, 0, e), TENON_OK);
    ck_assert_uint_eq (bytes[0], 0xc2);
    ck_assert_int_eq (tenon_cast (kit, TENON_F32, NULL, 0, TENON_F4, NULL, 0, 0, 0, e), TENON_OK);
}
END_TEST

/* Blocks of toyblock: tq8, 8 items q × 2^e, and ts4, 4 items scale × q. */
START_TEST (test_blocks)
{
    const float floats[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    static const int8_t tq8_bytes[] = { -3, 8, 16, 24, 32, 40, 48, 56, 64 };
    float back[9];
    uint8_t blocks[24], bytes[8];
    kit_plugins ("toyraw toyblock", NULL);
    uint32_t tq8 = tenon_dtype_find (kit, "tq8"), ts4 = tenon_dtype_find (kit, "ts4");
    uint32_t topq = tenon_dtype_find (kit, "topq");
    ck_assert_int_eq (tenon_cast (kit, TENON_F32, floats, 32, tq8, blocks, 9, 8, 0, e), TENON_OK);
    ck_assert_mem_eq (blocks, tq8_bytes, 9);
    ck_assert_int_eq (tenon_cast (kit, tq8, blocks, 9, TENON_F32, back, 32, 8, 0, e), TENON_OK);
    ck_assert_mem_eq (back, floats, 32);
    /* floats that are not aligned, on both sides */
    char *odd = (char *) back + 1;
    ck_assert_int_eq (tenon_cast (kit, tq8, tq8_bytes, 9, TENON_F32, odd, 32, 8, 0, e), TENON_OK);
    ck_assert_mem_eq (odd, floats, 32);
    ck_assert_int_eq (tenon_cast (kit, TENON_F32, odd, 32, tq8, blocks, 9, 8, 0, e), TENON_OK);
    ck_assert_mem_eq (blocks, tq8_bytes, 9);
    ck_assert_int_eq (tenon_cast (kit, tq8, tq8_bytes, 9, TENON_U8, bytes, 8, 8, 0, e), TENON_OK);
    ck_assert_mem_eq (bytes, "\1\2\3\4\5\6\7\10", 8);
    ck_assert_int_eq (tenon_cast (kit, TENON_U8, bytes, 8, tq8, blocks, 9, 8, 0, e), TENON_OK);
    ck_assert_mem_eq (blocks, tq8_bytes, 9);
    /* from blocks to other blocks */
    ck_assert_int_eq (tenon_cast (kit, tq8, tq8_bytes, 9, ts4, blocks, 24, 8, 0, e), TENON_OK);
    ck_assert_int_eq (tenon_cast (kit, ts4, blocks, 24, TENON_F32, back, 32, 8, 0, e), TENON_OK);
    for (unsigned i = 0; i < 8; i++)
        ck_assert (back[i] > floats[i] - 0.001f && back[i] < floats[i] + 0.001f);
    kit_failed (tenon_cast (kit, TENON_F32, floats, 28, tq8, blocks, 9, 7, 0, e), TENON_E_MISUSE,
                "7 items are no multiple of the 8 that tq8 packs together");
    kit_failed (tenon_cast (kit, topq, floats, 10, TENON_F32, back, 128, 32, 0, e), TENON_E_UNSUPPORTED,
                "topq cannot be cast to f32");
}
END_TEST

/* Many steps, on all threads, to and from addresses that are not aligned. */
START_TEST (test_many)
{
    enum { COUNT = 300001 };
    static uint8_t in[COUNT * 4 + 1], out[COUNT * 8 + 1];
    begin ();
    for (uint32_t i = 0; i < COUNT; i++)
        memcpy (in + 1 + 4 * (size_t) i, &i, 4);
    ck_assert_int_eq (
        tenon_cast (kit, TENON_U32, in + 1, sizeof in - 1, TENON_F64, out + 1, sizeof out - 1, COUNT, 0, e),
        TENON_OK);
    for (uint32_t i = 0; i < COUNT; i++) {
        double number;
        memcpy (&number, out + 1 + 8 * (size_t) i, 8);
        ck_assert (number == i);
    }
}
END_TEST

START_TEST (test_wrong)
{
    float floats[4] = { 1, 2, 3, 4 };
    uint8_t out[64];
    begin ();
    kit_failed (tenon_cast (NULL, TENON_F32, floats, 16, TENON_F16, out, 8, 4, 0, e), TENON_E_MISUSE,
                "'context' is NULL");
    kit_failed (tenon_cast (kit, TENON_F32, NULL, 16, TENON_F16, out, 8, 4, 0, e), TENON_E_MISUSE,
                "'data' is NULL");
    kit_failed (tenon_cast (kit, TENON_F32, floats, 16, TENON_F16, NULL, 8, 4, 0, e), TENON_E_MISUSE,
                "'out' is NULL");
    kit_failed (tenon_cast (kit, TENON_F32, floats, 15, TENON_F16, out, 8, 4, 0, e), TENON_E_MISUSE,
                "4 items of f32 are not the 15 bytes of 'data'");
    kit_failed (tenon_cast (kit, TENON_F32, floats, 16, TENON_F16, out, 9, 4, 0, e), TENON_E_MISUSE,
                "4 items of f16 are not the 9 bytes of 'out'");
    kit_failed (tenon_cast (kit, TENON_F32, floats, 16, TENON_F16, out, 8, UINT64_MAX / 2, 0, e),
                TENON_E_MISUSE, "are not the 16 bytes of 'data'");
    kit_failed (tenon_cast (kit, TENON_F32, floats, 12, TENON_F4, out, 2, 3, 0, e), TENON_E_MISUSE,
                "3 items are no multiple of the 2 that f4 packs together");
    kit_failed (tenon_cast (kit, 999, floats, 16, TENON_F16, out, 8, 4, 0, e), TENON_E_MISUSE,
                "there is no dtype 999");
    kit_failed (tenon_cast (kit, TENON_F32, floats, 16, TENON_NONE, out, 8, 4, 0, e), TENON_E_MISUSE,
                "there is no dtype 0");
    kit_failed (tenon_cast (kit, TENON_F32, floats, 16, TENON_F16, (uint8_t *) floats + 15, 8, 4, 0, e),
                TENON_E_MISUSE, "'data' and 'out' overlap");
    kit_failed (tenon_cast (kit, TENON_F32, floats, 16, TENON_F16, out, 8, 4, 0x20000, e), TENON_E_MISUSE,
                "flags 0x20000 are not known to this version");
    /* flags of the low half are ignored */
    ck_assert_int_eq (tenon_cast (kit, TENON_F32, floats, 16, TENON_F16, out, 8, 4, 0x8000, e), TENON_OK);
}
END_TEST

static void
fill (Suite *suite)
{
    TCase *tests = kit_case (suite, "recast");
    tcase_add_test (tests, test_plain);
    tcase_add_test (tests, test_blocks);
    tcase_add_test (tests, test_many);
    tcase_add_test (tests, test_wrong);
}

int
main (void)
{
    return kit_main ("recast", fill);
}
