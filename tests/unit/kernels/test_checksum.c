/* SPDX-License-Identifier: MIT */
/* test_checksum.c - CRC-32 and its joining, against the published check value and zlib. */
#include "kernels/checksum.h"
#include <check.h>
#include <zlib.h>

#define SIZE 1000u

static uint8_t bytes[SIZE];

static void
set_up (void)
{
    uint32_t x = 7;
    for (uint32_t i = 0; i < SIZE; i++) {
        x = x * 1103515245u + 12345u;
        bytes[i] = (uint8_t) (x >> 24);
    }
}

START_TEST (known_values)
{
    ck_assert_uint_eq (tn_crc32 (0, "123456789", 9), 0xCBF43926); /* the check value of CRC-32/ISO-HDLC */
    ck_assert_uint_eq (tn_crc32 (0, "", 0), 0);
    ck_assert_uint_eq (tn_crc32 (0xCBF43926, "", 0), 0xCBF43926);
    ck_assert_uint_eq (tn_crc32_combine (0, 0, 0), 0);
}
END_TEST

START_TEST (splits)
{
    uint32_t whole = (uint32_t) crc32_z (0, bytes, SIZE);
    for (uint32_t at = 0; at <= SIZE; at++) {
        uint32_t first = tn_crc32 (0, bytes, at), second = tn_crc32 (0, bytes + at, SIZE - at);
        ck_assert_uint_eq (tn_crc32 (first, bytes + at, SIZE - at), whole);
        ck_assert_uint_eq (tn_crc32_combine (first, second, SIZE - at), whole);
    }
}
END_TEST

/* x has the order 2^32 - 1 in this field: as many zero bits, or bytes, do not change the sum. */
START_TEST (long_second)
{
    uint64_t order = UINT32_MAX;
    ck_assert_uint_eq (tn_crc32_combine (0x12345678, 0, order), 0x12345678);
    ck_assert_uint_eq (tn_crc32_combine (0x12345678, 0, order << 31), 0x12345678);
    ck_assert_uint_eq (tn_crc32_combine (0x12345678, 0x1111, (order << 31) - order + 3),
                       tn_crc32_combine (0x12345678, 0x1111, 3));
    for (unsigned i = 0; i < 31; i++)
        ck_assert_uint_eq (tn_crc32_combine (0xCBF43926, 0x42, (uint64_t) 1 << i),
                           crc32_combine (0xCBF43926, 0x42, (z_off_t) 1 << i));
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("checksum");
    TCase *tests = tcase_create ("checksum");
    tcase_add_checked_fixture (tests, set_up, NULL);
    tcase_add_test (tests, known_values);
    tcase_add_test (tests, splits);
    tcase_add_test (tests, long_second);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
