/* SPDX-License-Identifier: MIT */
/* test_shuffle.c - planes by hand, by the definition, and as numcodecs and bitshuffle make them. */
#include "shuffle_filter.h"
#include <check.h>
#include <stdlib.h>
#include <tenon/crc.h>

#define SIZE 70000u
static uint8_t data[SIZE], encoded[SIZE], back[SIZE];

static void
fill_data (void)
{
    uint32_t x = 7;
    for (uint32_t i = 0; i < SIZE; i++) {
        x = x * 1103515245u + 12345u;
        data[i] = (uint8_t) (x >> 24);
    }
}

/* bits: -1 for bytes, else the items of a block. */
static void *
open_filter (uint32_t item, int64_t bits)
{
    uint8_t setup[8];
    struct tenon_coding coding = { .struct_size = sizeof coding,
                                   .setup = setup,
                                   .setup_size = bits < 0 ? 4 : 8 };
    void *state = NULL;
    tenon_put_le32 (setup, item);
    tenon_put_le32 (setup + 4, (uint32_t) bits);
    ck_assert_int_eq ((bits < 0 ? tenon_shuffle_open : tenon_bitshuffle_open) (&coding, &state), TENON_OK);
    ck_assert_uint_eq (tenon_shuffle_bound (&coding, 1000), 1000);
    return state;
}

/* Encodes the first `size` bytes, decodes them, and returns the CRC-32C of what was encoded. */
static uint32_t
go_and_return (uint32_t item, int64_t bits, uint64_t size)
{
    void *state = open_filter (item, bits);
    uint8_t *from = malloc (size + 1), *to = malloc (size + 1); /* so that sanitizers see the end */
    ck_assert (from && to);
    memcpy (from, data, size);
    ck_assert_int_eq (tenon_shuffle_encode (state, 3, from, size, to, size), (int64_t) size);
    memcpy (encoded, to, size);
    memset (from, 0xee, size);
    ck_assert_int_eq (tenon_shuffle_decode (state, 1, to, size, from, size), TENON_OK);
    ck_assert_msg (memcmp (from, data, size) == 0, "item %u, bits %d, size %u", item, (int) bits,
                   (unsigned) size);
    memset (from, 0xee, size);
    ck_assert_int_eq (tenon_shuffle_unpack (state, to, size, from, size), (int64_t) size);
    ck_assert (memcmp (from, data, size) == 0);
    free (from);
    free (to);
    tenon_shuffle_close (state);
    return tenon_crc32c (0, encoded, size);
}

START_TEST (test_by_hand)
{
    void *state = open_filter (3, -1);
    ck_assert_int_eq (tenon_shuffle_encode (state, 3, "abcABC123x", 10, encoded, 10), 10);
    ck_assert_mem_eq (encoded, "aA1bB2cC3x", 10);
    tenon_shuffle_close (state);
    /* Eight items of one byte, 1 … 128, are the bits of a diagonal; 9 more stay. */
    static const uint8_t powers[] = { 1, 2, 4, 8, 16, 32, 64, 128, 9, 9 };
    static const uint8_t low[] = { 1, 1, 0, 0, 0, 0, 0, 1, 9 }, planes[] = { 0x83, 0, 0, 0, 0, 0, 0, 0, 9 };
    state = open_filter (1, 0);
    ck_assert_int_eq (tenon_shuffle_encode (state, 3, powers, 10, encoded, 10), 10);
    ck_assert_mem_eq (encoded, powers, 10);
    ck_assert_int_eq (tenon_shuffle_encode (state, 3, low, 9, encoded, 9), 9);
    ck_assert_mem_eq (encoded, planes, 9);
    tenon_shuffle_close (state);
}
END_TEST

/* The items and bits that are not where the definition has them. One assertion for each would take most of
 * the time. */
static uint64_t
misplaced_bytes (uint64_t item, uint64_t count)
{
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < count; i++)
        for (uint64_t k = 0; k < item; k++)
            wrong += encoded[k * count + i] != data[i * item + k];
    return wrong;
}

static uint64_t
misplaced_bits (uint64_t item, uint64_t eight)
{
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < eight; i++)
        for (uint64_t k = 0; k < 8 * item; k++)
            wrong += (encoded[k * (eight / 8) + i / 8] >> i % 8 & 1) != (data[i * item + k / 8] >> k % 8 & 1);
    return wrong;
}

/* All short sizes, by the definition. */
START_TEST (test_definition)
{
    uint32_t item = (uint32_t) _i;
    for (uint64_t count = 0; count < 40; count++)
        for (uint64_t rest = 0; rest < item && rest < 3; rest++) {
            uint64_t size = count * item + rest, eight = count / 8 * 8;
            go_and_return (item, -1, size);
            ck_assert_uint_eq (misplaced_bytes (item, count), 0);
            ck_assert (memcmp (encoded + count * item, data + count * item, rest) == 0);
            go_and_return (item, 0, size);
            ck_assert_uint_eq (misplaced_bits (item, eight), 0);
            ck_assert (memcmp (encoded + eight * item, data + eight * item, size - eight * item) == 0);
        }
}
END_TEST

/* The CRC-32C of what numcodecs.Shuffle 0.16 and bitshuffle 0.5 make of the same bytes. */
static const struct {
    uint32_t item;
    int32_t bits;
    uint32_t size, crc;
} peers[] = {
    { 2, -1, 70000, 0xdab0af5c },  { 4, -1, 70000, 0xaf673f79 },  { 8, -1, 70000, 0x2af39604 },
    { 16, -1, 70000, 0x931aa59e }, { 3, -1, 69999, 0xd2ea000c },  { 12, -1, 60000, 0xc6a21d99 },
    { 20, -1, 70000, 0x8e8280ec }, { 33, -1, 66000, 0xac305045 }, { 1, 0, 70000, 0xf9d2d284 },
    { 2, 0, 70000, 0x2e89b08d },   { 4, 0, 70000, 0x0f46f043 },   { 8, 0, 70000, 0xd736e501 },
    { 16, 0, 64000, 0x10088fd0 },  { 4, 256, 70000, 0xef79aea4 }, { 8, 8, 40000, 0x73c89f5b },
    { 3, 0, 69999, 0xb4cc1bc4 },   { 4, 0, 4012, 0x17b58aac },
};

START_TEST (test_peers)
{
    uint32_t crc = go_and_return (peers[_i].item, peers[_i].bits, peers[_i].size);
    ck_assert_msg (crc == peers[_i].crc, "%d: %08x", _i, crc);
}
END_TEST

/* One state for blocks of all sizes, and items that are longer than the data. */
START_TEST (test_states)
{
    static const uint64_t sizes[] = { 100, 40000, 7, 70000, 0, 8 };
    void *state = open_filter (4, 64);
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        ck_assert_int_eq (tenon_shuffle_encode (state, 3, data, sizes[i], encoded, SIZE), (int64_t) sizes[i]);
        ck_assert_int_eq (tenon_shuffle_decode (state, 1, encoded, sizes[i], back, sizes[i]), TENON_OK);
        ck_assert (memcmp (back, data, sizes[i]) == 0);
    }
    ck_assert_int_lt (tenon_shuffle_encode (state, 3, data, 10, encoded, 9), 0);
    ck_assert_int_eq (tenon_shuffle_decode (state, 1, encoded, 10, back, 9), TENON_E_MALFORMED);
    ck_assert_int_eq (tenon_shuffle_decode (state, 1, encoded, 10, back, 11), TENON_E_MALFORMED);
    ck_assert_int_eq (tenon_shuffle_unpack (state, encoded, 10, back, 9), 10);
    ck_assert_int_eq (tenon_shuffle_encode (state, 3, NULL, 0, NULL, 0), 0);
    ck_assert_int_eq (tenon_shuffle_decode (state, 1, NULL, 0, NULL, 0), TENON_OK);
    tenon_shuffle_close (state);
    go_and_return (UINT32_MAX, -1, 1000);
    ck_assert (memcmp (encoded, data, 1000) == 0);
    go_and_return (UINT32_MAX, UINT32_MAX - 7, 1000);
    ck_assert (memcmp (encoded, data, 1000) == 0);
    go_and_return (2, UINT32_MAX - 7, SIZE);
}
END_TEST

START_TEST (test_setups)
{
    static const struct {
        uint8_t setup[8];
        uint32_t size;
        tenon_status bytes, bits;
    } cases[] = {
        { { 0 }, 0, TENON_E_MALFORMED, TENON_E_MALFORMED },
        { { 4 }, 3, TENON_E_MALFORMED, TENON_E_MALFORMED },
        { { 4 }, 4, TENON_OK, TENON_E_MALFORMED },
        { { 0 }, 4, TENON_E_MALFORMED, TENON_E_MALFORMED },
        { { 4 }, 8, TENON_E_MALFORMED, TENON_OK },
        { { 0, 0, 0, 0, 8 }, 8, TENON_E_MALFORMED, TENON_E_MALFORMED },
        { { 4, 0, 0, 0, 8 }, 8, TENON_E_MALFORMED, TENON_OK },
        { { 4, 0, 0, 0, 7 }, 8, TENON_E_MALFORMED, TENON_E_MALFORMED },
        { { 255, 255, 255, 255, 248, 255, 255, 255 }, 8, TENON_E_MALFORMED, TENON_OK },
    };
    for (unsigned i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        struct tenon_coding coding = { .struct_size = sizeof coding,
                                       .setup = cases[i / 2].size > 0 ? cases[i / 2].setup : NULL,
                                       .setup_size = cases[i / 2].size };
        void *state = NULL;
        tenon_status status = (i % 2 ? tenon_bitshuffle_open : tenon_shuffle_open) (&coding, &state);
        ck_assert_msg (status == (i % 2 ? cases[i / 2].bits : cases[i / 2].bytes), "%u: %d", i, status);
        ck_assert_int_eq (status == TENON_OK, state != NULL);
        if (state)
            tenon_shuffle_close (state);
    }
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("shuffle");
    TCase *tests = tcase_create ("filter");
    tcase_add_checked_fixture (tests, fill_data, NULL);
    tcase_add_test (tests, test_by_hand);
    tcase_add_loop_test (tests, test_definition, 1, 35);
    tcase_add_loop_test (tests, test_peers, 0, (int) (sizeof peers / sizeof peers[0]));
    tcase_add_test (tests, test_states);
    tcase_add_test (tests, test_setups);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
