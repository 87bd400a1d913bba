/* SPDX-License-Identifier: MIT */
/* test_sums.c - checksums of parts that a codec reads by itself, and the service checksum. */
#include "kit.h"
#include <tenon/structs.h>
#include <zlib.h>

static uint32_t kind; /* each test sets it */

/* By zlib, and CRC-32C bit by bit. */
static uint32_t
sum_bytes (const uint8_t *bytes, size_t size)
{
    uint32_t crc = UINT32_MAX;
    if (kind != TENON_CHECK_CRC32C)
        return (uint32_t) (kind == TENON_CHECK_ADLER32 ? adler32 (1, bytes, (uInt) size)
                                                       : crc32 (0, bytes, (uInt) size));
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
    }
    return ~crc;
}

/* `wrong`: bits that are changed in the sum. */
static void
save_sum (char letter, uint64_t wrong, size_t size)
{
    uint8_t *bytes = (uint8_t *) calloc (1, size + 32);
    ck_assert_ptr_nonnull (bytes);
    uint8_t *member = bytes + 16, *data = member;
    memcpy (bytes, "TOYSUM", 6);
    bytes[6] = (uint8_t) letter;
    bytes[7] = (uint8_t) kind;
    int filtered = letter == 'X' || letter == 'Y';
    for (size_t i = 0; i < size; i++)
        member[i] = (uint8_t) (i * 13 + 1);
    uint64_t sum = sum_bytes (data, letter == 'Z' ? 0 : size) ^ wrong;
    for (unsigned i = 0; i < 8; i++)
        bytes[8 + i] = (uint8_t) (sum >> 8 * i);
    if (filtered) { /* toyxor: the length, bit 31: the last one; bytes xored with their place */
        memmove (member + 4, member, size);
        for (unsigned i = 0; i < 4; i++)
            member[i] = (uint8_t) ((size | 0x80000000u) >> 8 * i);
        for (size_t i = 0; i < size; i++)
            member[4 + i] ^= (uint8_t) i;
    }
    kit_save ("f", bytes, 16 + size + (filtered ? 4 : 0));
    free (bytes);
}

static uint64_t
sum_of_items (size_t size)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < size; i++)
        sum += (uint8_t) (i * 13 + 1);
    return sum;
}

static const struct {
    char letter;
    tenon_status wrong; /* what a wrong sum makes of it. OK: a flaw, or nothing */
    const char *words;
} ways[] = {
    { 'V', TENON_E_CHECKSUM, "member: its data have the checksum" },
    { 'R', TENON_E_CHECKSUM, "member 'member': its data have the checksum" },
    { 'X', TENON_E_CHECKSUM, "its data have the checksum" },
    { 'N', TENON_E_CHECKSUM, "member 'member': its data have the checksum" },
    { 'Y', TENON_E_CHECKSUM, "member 'member': its data have the checksum" },
    { 'P', TENON_OK, "flaw" },
    { 'H', TENON_OK, "" },
    { 'r', TENON_OK, "without" },
    { 'n', TENON_OK, "without" },
};

START_TEST (test_ways)
{
    static const size_t sizes[] = { 2, 16, 4096, 100001, (16u << 20) + 12345 };
    char letter = ways[_i / 3].letter;
    kind = (uint32_t) _i % 3 + 1;
    kit_plugins ("toysum toyxor", NULL);
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        if (sizes[i] > 1000000 && kind == TENON_CHECK_CRC32C) /* bit by bit takes too long */
            continue;
        save_sum (letter, 0, sizes[i]);
        tenon_file *file = kit_open ("f", NULL, NULL);
        ck_assert_uint_eq (tenon_count (file), 1);
        if (letter != 'N' && letter != 'n' && letter != 'Y' && letter != 'H')
            ck_assert_uint_eq (kit_value (file, "read").as.u, sum_of_items (sizes[i]));
        ck_assert_msg (tenon_verify (file, NULL, NULL, &kit_error) == TENON_OK, "%s", kit_error.message);
        tenon_close (file);
        save_sum (letter, 0x400, sizes[i]);
        if (ways[_i / 3].wrong < 0) {
            kit_open_fails ("f", NULL, NULL, ways[_i / 3].wrong, "the file says");
            continue;
        }
        file = kit_open ("f", NULL, NULL);
        int without = strcmp (ways[_i / 3].words, "without") == 0;
        ck_assert_int_eq (kit_reported (tenon_file_report (file), TENON_NOTE, "the file says"),
                          strcmp (ways[_i / 3].words, "flaw") == 0);
        if (without)
            ck_assert_uint_eq (kit_value (file, "without").as.u, 1);
        ck_assert_uint_eq (tenon_count (file), letter != 'n');
        if (letter != 'n')
            kit_failed (tenon_verify (file, NULL, NULL, &kit_error), TENON_E_CHECKSUM, "the file says");
        kit_error = (tenon_error) TENON_ERROR_INIT;
        tenon_close (file);
    }
}
END_TEST

/* An empty part has a sum, too: 0, or 1. */
START_TEST (test_empty)
{
    static const char *const words[] = { "the checksum 00000000, the file says 00000001",
                                         "the checksum 00000000, the file says 00000001",
                                         "the checksum 00000001, the file says 00000000" };
    kind = (uint32_t) _i + 1;
    kit_plugins ("toysum toyxor", NULL);
    save_sum ('Z', 0, 4);
    tenon_close (kit_open ("f", NULL, NULL));
    save_sum ('Z', 1, 4);
    kit_open_fails ("f", NULL, NULL, TENON_E_CHECKSUM, words[_i]);
}
END_TEST

/* All 64 bits of a part's sum count. */
START_TEST (test_wide)
{
    kind = TENON_CHECK_CRC32;
    kit_plugins ("toysum toyxor", NULL);
    save_sum ('V', (uint64_t) 1 << 40, 100);
    kit_open_fails ("f", NULL, NULL, TENON_E_MALFORMED, "which has more than 32 bits");
}
END_TEST

/* A kind that later versions may have is an answer: a codec may do without. */
START_TEST (test_unknown_kind)
{
    static const uint8_t kinds[] = { 4, 255 };
    kit_plugins ("toysum toyxor", NULL);
    for (unsigned i = 0; i < sizeof kinds; i++) {
        char words[100];
        kind = kinds[i];
        snprintf (words, sizeof words, "this version knows no checksum of kind %u", kind);
        save_sum ('V', 0, 100);
        kit_open_fails ("f", NULL, NULL, TENON_E_UNSUPPORTED, words);
        save_sum ('S', 0, 100);
        kit_open_fails ("f", NULL, NULL, TENON_E_UNSUPPORTED, words);
        save_sum ('K', 0, 100);
        tenon_file *file = kit_open ("f", NULL, NULL);
        ck_assert_uint_eq (kit_value (file, "read").as.u, sum_of_items (100));
        tenon_close (file);
        kit_error = (tenon_error) TENON_ERROR_INIT;
    }
    kind = TENON_CHECK_NONE; /* is no kind that can be asked for */
    save_sum ('S', 0, 100);
    kit_open_fails ("f", NULL, NULL, TENON_E_UNSUPPORTED, "this version knows no checksum of kind 0");
}
END_TEST

/* Bytes that cannot be decoded are found at once, too. */
START_TEST (test_damage_now)
{
    size_t size;
    kind = TENON_CHECK_CRC32;
    kit_plugins ("toysum toyxor", NULL);
    save_sum ('Y', 0, 1000);
    uint8_t copy[1020];
    const uint8_t *bytes = kit_load ("f", &size);
    ck_assert_uint_eq (size, sizeof copy);
    memcpy (copy, bytes, size);
    copy[17] ^= 1; /* the length of the block */
    kit_save ("f", copy, size);
    kit_open_fails ("f", NULL, NULL, TENON_E_MALFORMED, "member 'member'");
}
END_TEST

START_TEST (test_flag)
{
    kind = TENON_CHECK_CRC32;
    kit_plugins ("toysum", NULL);
    save_sum ('F', 0, 100);
    kit_open_fails ("f", NULL, NULL, TENON_E_UNSUPPORTED, "adds it with flags 0x100000");
}
END_TEST

START_TEST (test_service)
{
    kind = (uint32_t) _i + 1;
    kit_plugins ("toysum", NULL);
    for (uint32_t wrong = 0; wrong < 2; wrong++) {
        save_sum ('S', wrong, 100000);
        tenon_file *file = kit_open ("f", NULL, NULL);
        ck_assert_uint_eq (kit_value (file, "same").as.u, !wrong);
        tenon_close (file);
    }
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *test = kit_case (suite, "sums");
    tcase_add_loop_test (test, test_ways, 0, 3 * (int) (sizeof ways / sizeof ways[0]));
    tcase_add_loop_test (test, test_empty, 0, 3);
    tcase_add_test (test, test_wide);
    tcase_add_test (test, test_unknown_kind);
    tcase_add_test (test, test_damage_now);
    tcase_add_test (test, test_flag);
    tcase_add_loop_test (test, test_service, 0, 3);
}

int
main (void)
{
    return kit_main ("sums", fill_suite);
}
