/* SPDX-License-Identifier: MIT */
/* test_checksum.c - checksums and their joining, against published values, zlib, and sums made bit by bit. */
#include "kernels/checksum.h"
#include "pluginlib/crc_table.h"
#include <check.h>
#include <tenon/crc.h>
#include <zlib.h>

#define SIZE 1000u
#define LONG 70000u /* five rounds of three lanes, and more */

static const uint32_t kinds[] = { TENON_CHECK_CRC32, TENON_CHECK_CRC32C, TENON_CHECK_ADLER32 };
#define KINDS 3
static uint8_t bytes[LONG];

static void
set_up (void)
{
    uint32_t x = 7;
    for (uint32_t i = 0; i < LONG; i++) {
        x = x * 1103515245u + 12345u;
        bytes[i] = (uint8_t) (x >> 24);
    }
}

static uint32_t
crc_by_bits (uint32_t modulus, const uint8_t *at, uint64_t length)
{
    uint32_t crc = UINT32_MAX;
    for (; length > 0; at++, length--) {
        crc ^= *at;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ modulus : crc >> 1;
    }
    return ~crc;
}

static uint32_t
adler_by_bytes (const uint8_t *at, uint64_t length)
{
    uint32_t a = 1, b = 0;
    for (; length > 0; at++, length--) {
        a = (a + *at) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

static uint32_t
plain_sum (uint32_t kind, const uint8_t *at, uint64_t length)
{
    return kind == TENON_CHECK_CRC32    ? crc_by_bits (0xEDB88320, at, length)
           : kind == TENON_CHECK_CRC32C ? crc_by_bits (0x82F63B78, at, length)
                                        : adler_by_bytes (at, length);
}

/* The check values of CRC-32/ISO-HDLC and CRC-32/ISCSI, and an Adler-32 by hand. */
START_TEST (known_values)
{
    static const uint32_t nine[KINDS] = { 0xCBF43926, 0xE3069283, 0x091E01DE }, none[KINDS] = { 0, 0, 1 };
    uint32_t kind = kinds[_i];
    ck_assert_uint_eq (tn_sum (kind, "123456789", 9), nine[_i]);
    ck_assert_uint_eq (tn_sum (kind, "", 0), none[_i]);
    ck_assert_uint_eq (tn_sum (kind, NULL, 0), none[_i]);
    ck_assert_uint_eq (tn_sum_begin (kind), none[_i]);
    ck_assert_uint_eq (tn_sum_add (kind, nine[_i], NULL, 0), nine[_i]);
    ck_assert_uint_eq (tn_sum_join (kind, none[_i], none[_i], 0), none[_i]);
    ck_assert_uint_eq (tn_sum_join (kind, none[_i], nine[_i], 9), nine[_i]);
    ck_assert_uint_eq (tn_sum_join (kind, nine[_i], none[_i], 0), nine[_i]);
    ck_assert (tn_sum_knows (kind));
}
END_TEST

START_TEST (other_kinds)
{
    ck_assert (tn_sum_knows (TENON_CHECK_NONE));
    ck_assert_uint_eq (tn_sum (TENON_CHECK_NONE, "123456789", 9), 0);
    ck_assert_uint_eq (tn_sum_join (TENON_CHECK_NONE, 0, 0, 9), 0);
    ck_assert (!tn_sum_knows (4));
    ck_assert (!tn_sum_knows (UINT32_MAX));
}
END_TEST

/* RFC 3720, B.4: the sums stand there as bytes, the lowest first. */
START_TEST (rfc_3720)
{
    static const uint8_t command[48] = {
        0x01, 0xc0, [16] = 0x14, [22] = 0x04, [27] = 0x14, [31] = 0x18, 0x28, [40] = 0x02
    };
    uint8_t zeros[32] = { 0 }, ones[32], up[32], down[32];
    memset (ones, 0xff, sizeof ones);
    for (uint8_t i = 0; i < 32; i++)
        up[i] = i, down[31 - i] = i;
    const struct {
        const uint8_t *bytes;
        uint64_t length;
        uint32_t sum;
    } vectors[] = { { zeros, 32, 0x8a9136aa },
                    { ones, 32, 0x62a8ab43 },
                    { up, 32, 0x46dd794e },
                    { down, 32, 0x113fdb5c },
                    { command, 48, 0xd9963a56 } };
    for (unsigned i = 0; i < TN_COUNT (vectors); i++) {
        ck_assert_uint_eq (tenon_crc32c (0, vectors[i].bytes, vectors[i].length), vectors[i].sum);
        ck_assert_uint_eq (tenon_crc32c_table (0, vectors[i].bytes, vectors[i].length), vectors[i].sum);
    }
}
END_TEST

START_TEST (splits)
{
    uint32_t kind = kinds[_i], whole = plain_sum (kind, bytes, SIZE);
    for (uint32_t at = 0; at <= SIZE; at++) {
        uint32_t first = tn_sum (kind, bytes, at), second = tn_sum (kind, bytes + at, SIZE - at);
        ck_assert_uint_eq (tn_sum_add (kind, first, bytes + at, SIZE - at), whole);
        ck_assert_uint_eq (tn_sum_join (kind, first, second, SIZE - at), whole);
    }
}
END_TEST

/* Around what three lanes hold, and at all alignments. */
START_TEST (lengths)
{
    static const uint64_t around[] = { 4096, 8192, 12288, 24576, 65536 };
    uint32_t kind = kinds[_i];
    for (uint64_t length = 0; length < 40; length++)
        ck_assert_uint_eq (tn_sum (kind, bytes + length % 8, length),
                           plain_sum (kind, bytes + length % 8, length));
    for (unsigned i = 0; i < 19 * TN_COUNT (around); i++) {
        uint64_t length = around[i / 19] + i % 19 - 9, from = i % 8;
        ck_assert_uint_eq (tn_sum (kind, bytes + from, length), plain_sum (kind, bytes + from, length));
    }
    ck_assert_uint_eq (tn_sum (kind, bytes, LONG), plain_sum (kind, bytes, LONG));
}
END_TEST

START_TEST (tables)
{
    for (uint64_t length = 0; length < 3000; length++)
        ck_assert_uint_eq (tenon_crc32c_table ((uint32_t) length, bytes + length % 8, length),
                           tenon_crc32c ((uint32_t) length, bytes + length % 8, length));
    ck_assert_uint_eq (tenon_crc32c_table (0, bytes, LONG), plain_sum (TENON_CHECK_CRC32C, bytes, LONG));
}
END_TEST

/* x has the order 2^32 - 1 modulo the polynomial of CRC-32, and 2^31 - 1 modulo that of CRC-32C, which x + 1
 * divides: as many zero bits, or bytes, do not change the sum. */
START_TEST (long_second)
{
    uint32_t kind = kinds[_i];
    uint64_t order = kind == TENON_CHECK_CRC32 ? UINT32_MAX : INT32_MAX;
    ck_assert_uint_eq (tn_sum_join (kind, 0x12345678, 0, order), 0x12345678);
    ck_assert_uint_eq (tn_sum_join (kind, 0x12345678, 0, order << 31), 0x12345678);
    ck_assert_uint_eq (tn_sum_join (kind, 0x12345678, 0x1111, (order << 31) - order + 3),
                       tn_sum_join (kind, 0x12345678, 0x1111, 3));
    for (unsigned i = 0; i < 31 && kind == TENON_CHECK_CRC32; i++)
        ck_assert_uint_eq (tn_sum_join (kind, 0xCBF43926, 0x42, (uint64_t) 1 << i),
                           crc32_combine (0xCBF43926, 0x42, (z_off_t) 1 << i));
}
END_TEST

/* Of zero bytes, 1 stays, and each adds 1 to the other half. */
START_TEST (long_adler)
{
    for (uint64_t length = 1; length < (uint64_t) 1 << 62; length = 3 * length + 1) {
        uint32_t zeros = (uint32_t) (length % 65521) << 16 | 1;
        ck_assert_uint_eq (tn_sum_join (TENON_CHECK_ADLER32, 1, zeros, length), zeros);
        ck_assert_uint_eq (tn_sum_join (TENON_CHECK_ADLER32, 0x00070003, zeros, length),
                           (uint32_t) ((7 + length % 65521 * 3) % 65521) << 16 | 3);
    }
    /* 65520 makes both halves 0, which is a sum like others: it is no beginning */
    uint8_t high[257];
    memset (high, 0xff, sizeof high);
    high[256] = 65520 - 256 * 255;
    uint32_t low = tn_sum (TENON_CHECK_ADLER32, high, 257);
    ck_assert_uint_eq (low & 0xffff, 0);
    ck_assert_uint_eq (tn_sum_add (TENON_CHECK_ADLER32, 0, "\5", 1), 0x00050005);
    ck_assert_uint_eq (tn_sum_join (TENON_CHECK_ADLER32, 0, 0x00060006, 1), 0x00050005);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("checksum");
    TCase *tests = tcase_create ("checksum");
    tcase_add_checked_fixture (tests, set_up, NULL);
    tcase_add_loop_test (tests, known_values, 0, KINDS);
    tcase_add_test (tests, other_kinds);
    tcase_add_test (tests, rfc_3720);
    tcase_add_loop_test (tests, splits, 0, KINDS);
    tcase_add_loop_test (tests, lengths, 0, KINDS);
    tcase_add_test (tests, tables);
    tcase_add_loop_test (tests, long_second, 0, 2);
    tcase_add_test (tests, long_adler);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
