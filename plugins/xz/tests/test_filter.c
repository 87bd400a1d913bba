/* SPDX-License-Identifier: MIT */
/* test_filter.c - the filters xz and lzma: what Python makes, what comes back, and what is wrong. */
#include "tests/filters/kit.h"
#include "xz_filter.h"

#define NUMBERS 160u
static uint8_t numbers[4 * NUMBERS]; /* of 32 bits, each eight times: 0 … 19 */

static void
set_numbers (void)
{
    for (uint32_t i = 0; i < NUMBERS; i++)
        tenon_put_le32 (numbers + 4 * i, i / 8);
}

/* Python 3.11: lzma.compress (numbers, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 4096}]), … */
static const uint8_t xz_by_python[] = {
    0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04, 0xe6, 0xd6, 0xb4, 0x46, 0x02, 0x00, 0x21, 0x01, 0x00,
    0x00, 0x00, 0x00, 0x37, 0x27, 0x97, 0xd6, 0xe0, 0x02, 0x7f, 0x00, 0x31, 0x5d, 0x00, 0x00, 0x6e, 0x18,
    0x49, 0x48, 0xc9, 0xfd, 0x2c, 0x67, 0xdc, 0x09, 0x59, 0xb9, 0x1a, 0x8a, 0x7e, 0x48, 0xde, 0x8f, 0x86,
    0x2e, 0x96, 0x37, 0x3a, 0xfa, 0xfc, 0xb3, 0xde, 0x74, 0x2e, 0x04, 0x23, 0x03, 0xf8, 0xee, 0xd4, 0x7f,
    0xd8, 0x82, 0xd4, 0xa2, 0xd7, 0x47, 0xde, 0xa1, 0x66, 0x73, 0xb8, 0x38, 0x00, 0x00, 0x00, 0x00, 0x75,
    0x08, 0x2a, 0x44, 0xcf, 0x05, 0x4a, 0x39, 0x00, 0x01, 0x4d, 0x80, 0x05, 0x00, 0x00, 0x00, 0xcf, 0x8d,
    0xab, 0xf6, 0xb1, 0xc4, 0x67, 0xfb, 0x02, 0x00, 0x00, 0x00, 0x00, 0x04, 0x59, 0x5a
};
/* … lzma.compress (numbers, check=lzma.CHECK_SHA256), … */
static const uint8_t sha_by_python[] = {
    0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x0a, 0xe1, 0xfb, 0x0c, 0xa1, 0x02, 0x00, 0x21, 0x01,
    0x16, 0x00, 0x00, 0x00, 0x74, 0x2f, 0xe5, 0xa3, 0xe0, 0x02, 0x7f, 0x00, 0x31, 0x5d, 0x00, 0x00,
    0x6e, 0x18, 0x49, 0x48, 0xc9, 0xfd, 0x2c, 0x67, 0xdc, 0x09, 0x59, 0xb9, 0x1a, 0x8a, 0x7e, 0x48,
    0xde, 0x8f, 0x86, 0x2e, 0x96, 0x37, 0x3a, 0xfa, 0xfc, 0xb3, 0xde, 0x74, 0x2e, 0x04, 0x23, 0x03,
    0xf8, 0xee, 0xd4, 0x7f, 0xd8, 0x82, 0xd4, 0xa2, 0xd7, 0x47, 0xde, 0xa1, 0x66, 0x73, 0xb8, 0x38,
    0x00, 0x00, 0x00, 0x00, 0x7c, 0xe4, 0x35, 0x68, 0xd2, 0x2e, 0x5f, 0x01, 0xc8, 0x2e, 0x7d, 0x5b,
    0xbc, 0x02, 0x65, 0xec, 0x06, 0x6e, 0x51, 0x6f, 0x11, 0x6a, 0x80, 0x40, 0xd9, 0x90, 0x17, 0x32,
    0x8c, 0xba, 0x43, 0x3f, 0x00, 0x01, 0x65, 0x80, 0x05, 0x00, 0x00, 0x00, 0x94, 0x0a, 0x54, 0x1d,
    0xb6, 0xe9, 0xdf, 0x1c, 0x02, 0x00, 0x00, 0x00, 0x00, 0x0a, 0x59, 0x5a
};
/* … with FILTER_LZMA1 and format=lzma.FORMAT_ALONE; */
static const uint8_t alone_by_python[] = {
    0x5d, 0x00, 0x10, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x6e, 0x18,
    0x49, 0x48, 0xc9, 0xfd, 0x2c, 0x67, 0xdc, 0x09, 0x59, 0xb9, 0x1a, 0x8a, 0x7e, 0x48, 0xde, 0x8f, 0x86,
    0x2e, 0x96, 0x37, 0x3a, 0xfa, 0xfc, 0xb3, 0xde, 0x74, 0x2e, 0x04, 0x23, 0x03, 0xf8, 0xee, 0xd4, 0x7f,
    0xd8, 0x82, 0xd4, 0xa2, 0xd7, 0x47, 0xde, 0xa1, 0x85, 0xe9, 0x27, 0xdf, 0xff, 0xf9, 0xfe, 0xa0, 0x00
};
/* and a member of zipfile with ZIP_LZMA. */
static const uint8_t zip_by_python[] = { 0x09, 0x04, 0x05, 0x00, 0x5d, 0x00, 0x00, 0x80, 0x00, 0x00, 0x00,
                                         0x6e, 0x18, 0x49, 0x48, 0xc9, 0xfd, 0x2c, 0x67, 0xdc, 0x09, 0x59,
                                         0xb9, 0x1a, 0x8a, 0x7e, 0x48, 0xde, 0x8f, 0x86, 0x2e, 0x96, 0x37,
                                         0x3a, 0xfa, 0xfc, 0xb3, 0xde, 0x74, 0x2e, 0x04, 0x23, 0x03, 0xf8,
                                         0xee, 0xd4, 0x7f, 0xd8, 0x82, 0xd4, 0xa2, 0xd7, 0x47, 0xde, 0xa1,
                                         0x85, 0xe9, 0x27, 0xdf, 0xff, 0xf9, 0xfe, 0xa0, 0x00 };

#define MEMORY ((uint64_t) 64 << 20)
static const struct filter_kit xz = { .filter = &tenon_xz, .memory = MEMORY },
                               zip = { .filter = &tenon_lzma, .memory = MEMORY },
                               alone = { .filter = &tenon_lzma,
                                         .setup = "\1\0\0\0",
                                         .setup_size = 4,
                                         .memory = MEMORY };

#define GIVES(kit, stream) filter_gives (&kit, stream, sizeof stream, numbers, sizeof numbers)
#define SURVIVES(kit, stream, sums)                                                                          \
    filter_survives (&kit, stream, sizeof stream, numbers, sizeof numbers, sizeof stream, sums)

START_TEST (test_peer)
{
    GIVES (xz, xz_by_python);
    GIVES (xz, sha_by_python);
    GIVES (alone, alone_by_python);
    GIVES (zip, zip_by_python);
}
END_TEST

START_TEST (test_damage)
{
    SURVIVES (xz, xz_by_python, 1);
    SURVIVES (alone, alone_by_python, 0);
    SURVIVES (zip, zip_by_python, 0);
}
END_TEST

START_TEST (test_returns)
{
    static const int32_t levels[] = { 0, 6 };
    filter_returns (&xz, levels, 2);
    filter_returns (&zip, levels + 1, 1);
    filter_returns (&alone, levels + 1, 1);
}
END_TEST

/* Streams that follow each other are one, with zeros behind them, four or a multiple. */
START_TEST (test_joined)
{
    uint8_t joined[2 * sizeof xz_by_python + 20] = { 0 }, twice[2 * sizeof numbers];
    const uint64_t one = sizeof xz_by_python;
    for (size_t i = 0; i < 2; i++)
        memcpy (twice + i * sizeof numbers, numbers, sizeof numbers);
    memcpy (joined, xz_by_python, one);
    for (uint64_t padding = 0; padding < 10; padding++) {
        memset (joined + one, 0, padding);
        memcpy (joined + one + padding, xz_by_python, one);
        memset (joined + 2 * one + padding, 0, 10);
        if (padding % 4 == 0) {
            filter_gives (&xz, joined, 2 * one + padding, twice, sizeof twice);
            filter_gives (&xz, joined, one + padding, numbers, sizeof numbers);
            filter_gives (&xz, joined, 2 * one + padding + 8, twice, sizeof twice);
            filter_refuses (&xz, joined, 2 * one + padding + 6, sizeof twice, TENON_E_MALFORMED, NULL);
        } else {
            filter_refuses (&xz, joined, 2 * one + padding, sizeof twice, TENON_E_MALFORMED, NULL);
            filter_refuses (&xz, joined, one + padding, sizeof numbers, TENON_E_MALFORMED, NULL);
        }
    }
    filter_refuses (&xz, "\0\0\0\0", 4, 0, TENON_E_MALFORMED, NULL); /* nothing but padding */
    uint8_t longer[sizeof alone_by_python + 1] = { 0 };
    memcpy (longer, alone_by_python, sizeof alone_by_python);
    filter_refuses (&alone, longer, sizeof longer, sizeof numbers, TENON_E_MALFORMED, NULL);
}
END_TEST

/* Headers that name another dictionary: bytes 1 to 4 of the properties. */
START_TEST (test_memory)
{
    uint8_t changed[sizeof alone_by_python], room[sizeof numbers];
    memcpy (changed, alone_by_python, sizeof changed);
    tenon_put_le32 (changed + 1, (uint32_t) 1 << 30);
    void *state = filter_open (&alone, 0, 0);
    ck_assert_int_eq (tenon_lzma.decode (state, 1, changed, sizeof changed, room, sizeof room),
                      TENON_E_LIMIT);
    const char *why = tenon_lzma.why (state);
    ck_assert (why && strtoull (why + strlen ("they need "), NULL, 10) > (uint64_t) 1 << 30);
    tenon_lzma.close (state);
    uint8_t member[sizeof zip_by_python];
    memcpy (member, zip_by_python, sizeof member);
    tenon_put_le32 (member + 5, (uint32_t) 1 << 30);
    state = filter_open (&zip, 0, 0);
    ck_assert_int_eq (tenon_lzma.decode (state, 1, member, sizeof member, room, sizeof room), TENON_E_LIMIT);
    tenon_lzma.close (state);
    /* 8 MiB, which level 6 takes, do not fit */
    struct filter_kit little = { .filter = &tenon_xz, .memory = 8 << 20 };
    state = filter_open (&little, 0, 0);
    ck_assert_int_eq (tenon_xz.decode (state, 1, sha_by_python, sizeof sha_by_python, room, sizeof room),
                      TENON_E_LIMIT);
    tenon_xz.close (state);
}
END_TEST

/* A check of a kind that is reserved: bytes 6 and 7 are the flags, and a CRC-32 of them follows. The length
 * of the check does not matter, since the stream is refused at its beginning. */
START_TEST (test_unknown)
{
    uint8_t changed[sizeof xz_by_python];
    memcpy (changed, xz_by_python, sizeof changed);
    changed[7] = 2;
    tenon_put_le32 (changed + 8, lzma_crc32 (changed + 6, 2, 0));
    filter_refuses (&xz, changed, sizeof changed, sizeof numbers, TENON_E_UNSUPPORTED,
                    "they have a checksum that liblzma does not know");
    uint8_t member[sizeof zip_by_python];
    memcpy (member, zip_by_python, sizeof member);
    member[2] = 4; /* bytes of properties */
    filter_refuses (&zip, member, sizeof member, sizeof numbers, TENON_E_MALFORMED, NULL);
}
END_TEST

START_TEST (test_setups)
{
    struct filter_kit other = { .filter = &tenon_xz, .setup = "\0\0\0\0", .setup_size = 4 };
    ck_assert_int_eq (filter_opens (&other, 0, 0), TENON_OK);
    other.setup = "\1\0\0\0";
    ck_assert_int_eq (filter_opens (&other, 0, 0), TENON_E_UNSUPPORTED);
    other.filter = &tenon_lzma;
    ck_assert_int_eq (filter_opens (&other, 1, 6), TENON_OK);
    other.setup = "\2\0\0\0";
    ck_assert_int_eq (filter_opens (&other, 1, 6), TENON_E_UNSUPPORTED);
    other.setup_size = 5;
    ck_assert_int_eq (filter_opens (&other, 1, 6), TENON_E_MALFORMED);
}
END_TEST

int
main (void)
{
    TCase *tests = tcase_create ("xz");
    tcase_add_checked_fixture (tests, set_numbers, NULL);
    tcase_add_test (tests, test_peer);
    tcase_add_test (tests, test_damage);
    tcase_add_test (tests, test_returns);
    tcase_add_test (tests, test_joined);
    tcase_add_test (tests, test_memory);
    tcase_add_test (tests, test_unknown);
    tcase_add_test (tests, test_setups);
    return filter_run (tests);
}
