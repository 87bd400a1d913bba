/* SPDX-License-Identifier: MIT */
/* test_filter.c - the filter blosc: what numcodecs makes, what comes back, and what is wrong. */
#include "blosc_filter.h"
#include "tests/filters/kit.h"

#define NUMBERS 160u
static uint8_t numbers[4 * NUMBERS]; /* of 32 bits, each eight times: 0 … 19 */

static void
set_numbers (void)
{
    for (uint32_t i = 0; i < NUMBERS; i++)
        tenon_put_le32 (numbers + 4 * i, i / 8);
}

/* numcodecs 0.15.2 (c-blosc 1.21.6): Blosc (cname=…, clevel=5, shuffle=…).encode (numbers) */
static const uint8_t blosclz_by_numcodecs[] = {
    0x02, 0x01, 0x01, 0x04, 0x80, 0x02, 0x00, 0x00, 0x80, 0x02, 0x00, 0x00, 0x9e, 0x00, 0x00, 0x00,
    0x14, 0x00, 0x00, 0x00, 0x59, 0x00, 0x00, 0x00, 0x28, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x01, 0xa0, 0x00, 0x00, 0x02, 0xa0, 0x00, 0x00, 0x03, 0xa0, 0x00, 0x00, 0x04, 0xa0, 0x00,
    0x00, 0x05, 0xa0, 0x00, 0x00, 0x06, 0xa0, 0x00, 0x00, 0x07, 0xa0, 0x00, 0x00, 0x08, 0xa0, 0x00,
    0x00, 0x09, 0xa0, 0x00, 0x00, 0x0a, 0xa0, 0x00, 0x00, 0x0b, 0xa0, 0x00, 0x00, 0x0c, 0xa0, 0x00,
    0x00, 0x0d, 0xa0, 0x00, 0x00, 0x0e, 0xa0, 0x00, 0x00, 0x0f, 0xa0, 0x00, 0x00, 0x10, 0xa0, 0x00,
    0x00, 0x11, 0xa0, 0x00, 0x00, 0x12, 0xa0, 0x00, 0x07, 0x13, 0x13, 0x13, 0x13, 0x13, 0x13, 0x13,
    0x13, 0x0b, 0x00, 0x00, 0x00, 0x23, 0x00, 0x00, 0x00, 0x00, 0xe0, 0x91, 0x03, 0x01, 0x00, 0x00,
    0x0b, 0x00, 0x00, 0x00, 0x23, 0x00, 0x00, 0x00, 0x00, 0xe0, 0x91, 0x03, 0x01, 0x00, 0x00, 0x0b,
    0x00, 0x00, 0x00, 0x23, 0x00, 0x00, 0x00, 0x00, 0xe0, 0x91, 0x03, 0x01, 0x00, 0x00
};
static const uint8_t lz4_by_numcodecs[] = {
    0x02, 0x01, 0x24, 0x04, 0x80, 0x02, 0x00, 0x00, 0x80, 0x02, 0x00, 0x00, 0x7d, 0x00, 0x00, 0x00,
    0x14, 0x00, 0x00, 0x00, 0x38, 0x00, 0x00, 0x00, 0x2f, 0x00, 0xff, 0x02, 0x00, 0x00, 0x2f, 0x00,
    0xff, 0x04, 0x00, 0x00, 0xc0, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff,
    0xff, 0x20, 0x00, 0x06, 0x02, 0x00, 0x00, 0x18, 0x00, 0x00, 0x02, 0x00, 0x06, 0x12, 0x00, 0x06,
    0x02, 0x00, 0x0f, 0x18, 0x00, 0x05, 0x0f, 0x02, 0x00, 0x10, 0x50, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x0b, 0x00, 0x00, 0x00, 0x1f, 0x00, 0x01, 0x00, 0x87, 0x50, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0b,
    0x00, 0x00, 0x00, 0x1f, 0x00, 0x01, 0x00, 0x87, 0x50, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0b, 0x00,
    0x00, 0x00, 0x1f, 0x00, 0x01, 0x00, 0x87, 0x50, 0x00, 0x00, 0x00, 0x00, 0x00
};
static const uint8_t zlib_by_numcodecs[] = {
    0x02, 0x01, 0x61, 0x04, 0x80, 0x02, 0x00, 0x00, 0x80, 0x02, 0x00, 0x00, 0x75, 0x00, 0x00, 0x00, 0x14,
    0x00, 0x00, 0x00, 0x2d, 0x00, 0x00, 0x00, 0x78, 0x5e, 0x2d, 0xc1, 0x5b, 0x02, 0x80, 0x10, 0x00, 0x00,
    0x30, 0xa9, 0x88, 0xa2, 0xd7, 0xfd, 0xef, 0xea, 0xc3, 0xb6, 0x10, 0xa6, 0x85, 0xc8, 0xca, 0xc6, 0x4e,
    0x22, 0x73, 0x50, 0xa8, 0x9c, 0x5c, 0x34, 0x3a, 0x37, 0x0f, 0x2f, 0x1f, 0x3f, 0x03, 0x38, 0x67, 0x05,
    0xf1, 0x0c, 0x00, 0x00, 0x00, 0x78, 0x5e, 0x63, 0x60, 0x18, 0xdc, 0x00, 0x00, 0x00, 0xa0, 0x00, 0x01,
    0x0c, 0x00, 0x00, 0x00, 0x78, 0x5e, 0x63, 0x60, 0x18, 0xdc, 0x00, 0x00, 0x00, 0xa0, 0x00, 0x01, 0x0c,
    0x00, 0x00, 0x00, 0x78, 0x5e, 0x63, 0x60, 0x18, 0xdc, 0x00, 0x00, 0x00, 0xa0, 0x00, 0x01
};
static const uint8_t zstd_by_numcodecs[] = { 0x02, 0x01, 0x94, 0x04, 0x80, 0x02, 0x00, 0x00, 0x80, 0x02, 0x00,
                                             0x00, 0x40, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x28, 0x00,
                                             0x00, 0x00, 0x28, 0xb5, 0x2f, 0xfd, 0x60, 0x80, 0x01, 0xf5, 0x00,
                                             0x00, 0x30, 0x00, 0xff, 0x00, 0xff, 0xff, 0x00, 0x09, 0x80, 0x10,
                                             0xf3, 0x01, 0x05, 0x40, 0x65, 0x27, 0x08, 0x48, 0x83, 0x1c, 0x47,
                                             0x5c, 0x11, 0x29, 0x2c, 0xbb, 0x84, 0x12, 0x87, 0x02 };
/* … and Blosc (clevel=0, shuffle=0).encode (numbers[:4]) */
static const uint8_t copied_by_numcodecs[] = { 0x02, 0x01, 0x32, 0x04, 0x10, 0x00, 0x00, 0x00,
                                               0x10, 0x00, 0x00, 0x00, 0x20, 0x00, 0x00, 0x00,
                                               0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                               0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00 };

static const struct filter_kit kit = { .filter = &tenon_blosc, .memory = 64 << 20 };

static const struct {
    const uint8_t *stream;
    uint64_t length, size;
} peers[] = {
    { blosclz_by_numcodecs, sizeof blosclz_by_numcodecs, sizeof numbers },
    { lz4_by_numcodecs, sizeof lz4_by_numcodecs, sizeof numbers },
    { zlib_by_numcodecs, sizeof zlib_by_numcodecs, sizeof numbers },
    { zstd_by_numcodecs, sizeof zstd_by_numcodecs, sizeof numbers },
    { copied_by_numcodecs, sizeof copied_by_numcodecs, 16 },
};

START_TEST (test_peers)
{
    filter_gives (&kit, peers[_i].stream, peers[_i].length, numbers, peers[_i].size);
    filter_survives (&kit, peers[_i].stream, peers[_i].length, numbers, peers[_i].size, peers[_i].length, 0);
}
END_TEST

/* The setup: the size of an item, the shuffle, the size of a block, the compressor. */
static struct filter_kit
kit_of (uint8_t setup[16], uint32_t type_size, uint32_t shuffle, uint32_t block_size, uint32_t compressor)
{
    tenon_put_le32 (setup, type_size);
    tenon_put_le32 (setup + 4, shuffle);
    tenon_put_le32 (setup + 8, block_size);
    tenon_put_le32 (setup + 12, compressor);
    return (struct filter_kit){ .filter = &tenon_blosc, .setup = setup, .setup_size = 16, .memory = 1 << 20 };
}

enum { SNAPPY = 3, COMPRESSORS = 6 };

START_TEST (test_returns)
{
    static const int32_t levels[] = { 0, 5, 9 };
    uint8_t setup[16];
    filter_returns (&kit, levels, 3);
    for (uint32_t compressor = 0; compressor < COMPRESSORS; compressor++)
        for (uint32_t shuffle = 0; shuffle < 3; shuffle++) {
            struct filter_kit some = kit_of (setup, 4, shuffle, 0, compressor);
            if (compressor != SNAPPY || filter_opens (&some, 1, 5) == TENON_OK)
                filter_returns (&some, levels + 1, 1);
        }
    struct filter_kit blocks = kit_of (setup, 8, 1, 1000, 1), wide = kit_of (setup, 300, 1, 0, 0);
    filter_returns (&blocks, levels, 3);
    filter_returns (&wide, levels, 3);
}
END_TEST

/* The header says what was asked for: the version, the flags, the size of an item, and three sizes. Flags:
 * 1 shuffled, 2 copied, 4 bits shuffled, 16 blocks not split, and the compressor in the upper three bits. */
START_TEST (test_header)
{
    static const struct {
        uint32_t shuffle, compressor;
        uint8_t flags, mask;
    } rows[] = {
        { 0, 0, 0 << 5, 0xe7 },     { 1, 0, 0 << 5 | 1, 0xe7 }, { 2, 1, 1 << 5 | 4, 0xe7 },
        { 1, 2, 1 << 5 | 1, 0xe7 }, { 1, 4, 3 << 5 | 1, 0xe7 }, { 2, 5, 4 << 5 | 16 | 4, 0xf7 },
    };
    static uint8_t data[10000];
    uint8_t setup[16];
    for (uint32_t i = 0; i < sizeof data / 4; i++)
        tenon_put_le32 (data + 4 * i, i / 8);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t length;
        struct filter_kit some = kit_of (setup, 4, rows[i].shuffle, 1 << 14, rows[i].compressor);
        uint8_t *stream = filter_encode (&some, 5, data, 10000, &length);
        ck_assert_uint_eq (stream[0], 2);
        ck_assert_uint_eq (stream[2] & rows[i].mask, rows[i].flags);
        ck_assert_uint_eq (stream[3], 4);
        ck_assert_uint_eq (tenon_le32 (stream + 4), 10000);
        ck_assert_uint_eq (tenon_le32 (stream + 8), 10000);
        ck_assert_uint_eq (tenon_le32 (stream + 12), length);
        ck_assert_uint_lt (length, 6000);
        free (stream);
    }
}
END_TEST

/* Headers that lie: a byte of the chunk of blosclz is another one. */
static const struct {
    uint32_t at;
    uint8_t byte;
    tenon_status status;
    const char *why;
} lies[] = {
    { 0, 1, TENON_E_MALFORMED, NULL },
    { 0, 5, TENON_E_UNSUPPORTED, "they have version 5 of the format, as c-blosc2 writes" },
    { 1, 7, TENON_E_MALFORMED, NULL },          /* a version of blosclz */
    { 2, 1 | 8, TENON_E_MALFORMED, NULL },      /* a reserved flag */
    { 2, 1 | 2, TENON_E_MALFORMED, NULL },      /* copied, but shorter */
    { 2, 1 | 7 << 5, TENON_E_MALFORMED, NULL }, /* no compressor */
    { 3, 0, TENON_E_MALFORMED, NULL },          /* items of 0 bytes */
    { 5, 0xff, TENON_E_MALFORMED, NULL },       /* the size */
    { 8, 0, TENON_E_MALFORMED, NULL },          /* 512 bytes in a block: two blocks */
    { 9, 0, TENON_E_MALFORMED, NULL },          /* 128: five */
    { 11, 0x80, TENON_E_MALFORMED, NULL },      /* 2 GiB */
    { 12, 0, TENON_E_MALFORMED, NULL },         /* the stored size */
    { 16, 19, TENON_E_MALFORMED, NULL },        /* the block begins inside the list of blocks … */
    { 19, 0xff, TENON_E_MALFORMED, NULL },      /* … or behind the end */
    { 20, 0xff, TENON_E_MALFORMED, NULL },      /* the length of its first stream */
    { 23, 0x80, TENON_E_MALFORMED, NULL },
};

START_TEST (test_lies)
{
    uint8_t chunk[sizeof blosclz_by_numcodecs];
    memcpy (chunk, blosclz_by_numcodecs, sizeof chunk);
    ck_assert_uint_eq (tenon_le32 (chunk + 8), sizeof numbers);
    ck_assert_uint_eq (tenon_le32 (chunk + 16), 20);
    ck_assert_uint_ne (chunk[lies[_i].at], lies[_i].byte);
    chunk[lies[_i].at] = lies[_i].byte;
    filter_refuses (&kit, chunk, sizeof chunk, sizeof numbers, lies[_i].status, lies[_i].why);
}
END_TEST

/* Decoding takes two blocks, here of 640 bytes, and four bytes for each byte of an item. */
START_TEST (test_memory)
{
    struct filter_kit little = { .filter = &tenon_blosc, .memory = 1296 };
    const uint64_t length = sizeof zstd_by_numcodecs;
    filter_gives (&little, zstd_by_numcodecs, length, numbers, sizeof numbers);
    little.memory--;
    filter_refuses (&little, zstd_by_numcodecs, length, sizeof numbers, TENON_E_LIMIT,
                    "they need 1296 bytes of memory; raise memory in [limits]");
}
END_TEST

START_TEST (test_setups)
{
    static const struct {
        uint32_t type_size, shuffle, block_size, compressor;
        tenon_status status;
    } rows[] = {
        { 1, 0, 0, 0, TENON_OK },
        { UINT32_MAX, 2, INT32_MAX, 5, TENON_OK },
        { 0, 0, 0, 0, TENON_E_MALFORMED },
        { 1, 3, 0, 0, TENON_E_MALFORMED },
        { 1, 0, (uint32_t) 1 << 31, 0, TENON_E_MALFORMED },
        { 1, 0, 0, 6, TENON_E_UNSUPPORTED },
    };
    uint8_t setup[16];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct filter_kit some =
            kit_of (setup, rows[i].type_size, rows[i].shuffle, rows[i].block_size, rows[i].compressor);
        ck_assert_int_eq (filter_opens (&some, 1, 5), rows[i].status);
        ck_assert_int_eq (filter_opens (&some, 0, 5), TENON_OK); /* which does not need it */
    }
    struct filter_kit some = kit_of (setup, 1, 0, 0, 0);
    some.setup_size = 15;
    ck_assert_int_eq (filter_opens (&some, 1, 5), TENON_E_MALFORMED);
    struct tenon_coding coding = { .struct_size = sizeof coding, .encode = 1, .level = 1 };
    ck_assert_uint_eq (tenon_blosc.bound (&coding, (uint64_t) 1 << 31), UINT64_MAX);
}
END_TEST

int
main (void)
{
    TCase *tests = tcase_create ("blosc");
    tcase_add_checked_fixture (tests, set_numbers, NULL);
    tcase_add_loop_test (tests, test_peers, 0, (int) (sizeof peers / sizeof peers[0]));
    tcase_add_loop_test (tests, test_lies, 0, (int) (sizeof lies / sizeof lies[0]));
    tcase_add_test (tests, test_returns);
    tcase_add_test (tests, test_header);
    tcase_add_test (tests, test_memory);
    tcase_add_test (tests, test_setups);
    return filter_run (tests);
}
