/* SPDX-License-Identifier: MIT */
/* test_shards.c - shards by hand: where chunks lie, what is missing, and indexes that lie. Then every byte of
 * small documents and indexes changed, and cut off. */
#include "kit.h"

/* u8 [6] in shards of 4, each of two chunks of 2. */
#define CODECS(place, index)                                                                                 \
    "[{\"name\":\"sharding_indexed\",\"configuration\":{\"chunk_shape\":[2],\"codecs\":[\"bytes\"],"         \
    "\"index_location\":\"" place                                                                            \
    "\",\"index_codecs\":[{\"name\":\"bytes\",\"configuration\":{\"endian\":\"little\"}}" index "]}}]"
#define SUM ",{\"name\":\"crc32c\"}"

/* CRC-32C, bit by bit. */
static uint32_t
crc32c_of (const uint8_t *bytes, size_t size)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    }
    return ~crc;
}

static void
put_le (uint8_t *to, uint64_t number, unsigned width)
{
    for (unsigned i = 0; i < width; i++)
        to[i] = (uint8_t) (number >> 8 * i);
}

/* What an index of two entries holds. */
struct index {
    uint64_t numbers[4];
    int has_sum;
};

/* Writes an index; returns its size. */
static size_t
put_index (uint8_t *to, const struct index *index)
{
    for (unsigned i = 0; i < 4; i++)
        put_le (to + 8 * i, index->numbers[i], 8);
    if (index->has_sum)
        put_le (to + 32, crc32c_of (to, 32), 4);
    return index->has_sum ? 36 : 32;
}

/* A store of the array "x"; the shard 0 is bytes 1 2 3 4 and this index. */
static void
make_store (const char *codecs, const struct index *index, int at_start)
{
    uint8_t shard[64];
    const char *array = replaced (replaced (ARRAY3, "\"shape\":[4]", "\"shape\":[6]"), "\"chunk_shape\":[2]",
                                  "\"chunk_shape\":[4]");
    static char text[4000];
    snprintf (text, sizeof text, "\"x\":%s", replaced (array, "[{\"name\":\"bytes\"}]", codecs));
    store_consolidated (3, text);
    size_t size = at_start ? put_index (shard, index) : 4;
    memcpy (shard + (at_start ? size : 0), "\1\2\3\4", 4);
    size = at_start ? size + 4 : 4 + put_index (shard + 4, index);
    store_put_bytes ("x/c/0", shard, size);
}

static void
check_values (const char *codecs, const struct index *index, int at_start, const char expected[6])
{
    uint8_t bytes[6];
    for (int as = AS_ZIP; as <= AS_FOLDER; as++) {
        make_store (codecs, index, at_start);
        tenon_file *file = store_open (as);
        ck_assert_msg (file != NULL, "%s", error.message);
        ck_assert_uint_eq (read_named (file, "x", bytes, sizeof bytes), 6);
        ck_assert (memcmp (bytes, expected, 6) == 0);
        store_close (file);
    }
}

#define MISSING UINT64_MAX, UINT64_MAX

START_TEST (values)
{
    check_values (CODECS ("end", SUM), &(struct index){ { 0, 2, 2, 2 }, 1 }, 0, "\1\2\3\4\7\7");
    check_values (CODECS ("end", ""), &(struct index){ { 2, 2, 0, 2 }, 0 }, 0, "\3\4\1\2\7\7");
    check_values (CODECS ("start", SUM), &(struct index){ { 36, 2, 38, 2 }, 1 }, 1, "\1\2\3\4\7\7");
    check_values (CODECS ("start", ""), &(struct index){ { 34, 2, MISSING }, 0 }, 1, "\3\4\7\7\7\7");
    check_values (CODECS ("end", SUM), &(struct index){ { MISSING, 1, 2 }, 1 }, 0, "\7\7\2\3\7\7");
    check_values (CODECS ("end", SUM), &(struct index){ { MISSING, MISSING }, 1 }, 0, "\7\7\7\7\7\7");
    check_values (CODECS ("end", SUM), &(struct index){ { 0, 2, 0, 2 }, 1 }, 0, "\1\2\1\2\7\7");
}
END_TEST

static void
check_lie (const char *codecs, const struct index *index, int at_start, tenon_status status,
           const char *words)
{
    for (int as = AS_ZIP; as <= AS_FOLDER; as++) {
        make_store (codecs, index, at_start);
        tenon_file *file = store_open (as);
        ck_assert_msg (file != NULL, "%s", error.message);
        unreadable (file, "x", status, words);
        store_close (file);
    }
}

#define MALFORMED TENON_E_MALFORMED
START_TEST (lies)
{
    const char *end = CODECS ("end", ""), *start = CODECS ("start", "");
    check_lie (
        end, &(struct index){ { 0, 2, 3, 2 }, 0 }, 0, MALFORMED,
        "the index of the shard x/c/0 has 2 bytes from 3 for chunk 1 of it, expected them between 0 and 4");
    check_lie (end, &(struct index){ { 5, 0, 0, 2 }, 0 }, 0, MALFORMED, "0 bytes from 5 for chunk 0");
    check_lie (end, &(struct index){ { 0, 2, 2, 5 }, 0 }, 0, MALFORMED, "5 bytes from 2");
    check_lie (end, &(struct index){ { 0, 2, UINT64_MAX, 2 }, 0 }, 0, MALFORMED, "for chunk 1");
    check_lie (end, &(struct index){ { 0, UINT64_MAX, 0, 2 }, 0 }, 0, MALFORMED, "for chunk 0");
    check_lie (end, &(struct index){ { UINT64_MAX - 1, 2, 0, 2 }, 0 }, 0, MALFORMED, "for chunk 0");
    check_lie (end, &(struct index){ { 2, UINT64_MAX - 1, 0, 2 }, 0 }, 0, MALFORMED, "for chunk 0");
    check_lie (start, &(struct index){ { 0, 2, 32, 2 }, 0 }, 1, MALFORMED, "expected them between 32 and 36");
    check_lie (start, &(struct index){ { 31, 2, 32, 2 }, 0 }, 1, MALFORMED, "2 bytes from 31 for chunk 0");
    check_lie (start, &(struct index){ { 32, 2, 36, 2 }, 0 }, 1, MALFORMED, "2 bytes from 36 for chunk 1");
}
END_TEST

/* The store is as make_store made it, but for its last key. */
static tenon_status
read_again (int as)
{
    uint8_t bytes[6];
    tenon_request request = { .struct_size = sizeof request, .data = bytes, .size = sizeof bytes };
    tenon_file *file = store_open (as);
    ck_assert_msg (file != NULL, "%s", error.message);
    error = (tenon_error) TENON_ERROR_INIT;
    tenon_status status = tenon_read (file, &request, 1, NULL, &error);
    if (status == TENON_OK)
        ck_assert (memcmp (bytes, "\1\2\3\4\7\7", 6) == 0);
    store_close (file);
    return status;
}

/* Each bit of an index with a checksum; each length of the shard. */
START_TEST (damaged)
{
    const struct index index = { { 0, 2, 2, 2 }, 1 };
    for (unsigned bit = 0; bit < 8 * 36; bit++) {
        size_t size;
        make_store (CODECS ("end", SUM), &index, 0);
        store_last (&size)[4 + bit / 8] ^= (uint8_t) (1u << bit % 8);
        ck_assert_int_eq (read_again (bit % 16 == 0 ? AS_FOLDER : AS_ZIP), TENON_E_CHECKSUM);
        ck_assert_msg (strstr (error.message, "the index of the shard x/c/0") != NULL, "%s", error.message);
    }
    for (size_t length = 0; length < 40; length++) {
        make_store (CODECS ("end", SUM), &index, 0);
        store_cut (length);
        tenon_status status = read_again (length % 8 == 0 ? AS_FOLDER : AS_ZIP);
        ck_assert_int_eq (status, length < 36 ? MALFORMED : TENON_E_CHECKSUM);
    }
}
END_TEST

/* ---- documents ---- */

/* Opens the store, and reads all tensors of at most 64 KiB: nothing may crash or hang, whatever comes of it.
 */
static void
try_store (int as)
{
    static uint8_t room[1 << 16];
    tenon_file_info info = { .struct_size = sizeof info };
    tenon_file *file = store_open (as);
    if (!file)
        return store_close (NULL);
    ck_assert_int_eq (tenon_file_get (file, &info), TENON_OK);
    for (uint64_t i = 0; i < info.tensors; i++) {
        tenon_tensor_info tensor = { .struct_size = sizeof tensor };
        ck_assert_int_eq (tenon_get (file, i, &tensor), TENON_OK);
        if (tensor.unreadable || tensor.nbytes > sizeof room)
            continue;
        tenon_request request = {
            .struct_size = sizeof request, .index = i, .data = room, .size = tensor.nbytes
        };
        tenon_read (file, &request, 1, NULL, &error);
    }
    store_close (file);
}

/* Changes every byte of a document, three ways, and cuts it off at every length. */
static void
damage_document (const char *key, const char *text)
{
    size_t length = strlen (text);
    static const uint8_t changes[] = { 0x01, 0x10, 0x80 };
    for (size_t i = 0; i < length; i++)
        for (unsigned change = 0; change <= sizeof changes; change++) {
            size_t size;
            store_begin ();
            store_put ("c/0", "\1\2");
            store_put ("0", "\1\2");
            store_put (key, text);
            if (change < sizeof changes)
                store_last (&size)[i] ^= changes[change];
            else
                store_cut (i);
            try_store (i % 32 == 0 ? AS_FOLDER : AS_ZIP);
        }
}

START_TEST (documents)
{
    damage_document ("zarr.json", replaced (ARRAY3, "[{\"name\":\"bytes\"}]", CODECS ("end", SUM)));
    damage_document (
        "zarr.json",
        replaced (ARRAY3, "\"uint8\"",
                  "{\"name\":\"structured\",\"configuration\":{\"fields\":[[\"a\",\"int8\"]]}}"));
    damage_document (".zarray", replaced (ARRAY2, "\"|u1\"", "[[\"a\",\"|u1\",[1]]]"));
    damage_document (".zarray",
                     replaced (ARRAY2, "\"compressor\":null",
                               "\"compressor\":{\"id\":\"blosc\",\"cname\":\"lz4\",\"shuffle\":1}"));
}
END_TEST

START_TEST (consolidated_documents)
{
    static char text[2000];
    snprintf (text, sizeof text,
              "{\"metadata\":{\"a/.zattrs\":{\"b\":[1,{\"c\":null}]},\"a/.zarray\":%s,"
              "\".zattrs\":{\"x\":1,\"tenon_types\":{\"x\":\"u8\"}}}}",
              ARRAY2);
    damage_document (".zmetadata", text);
}
END_TEST

static void
add_tests (TCase *cases)
{
    tcase_set_timeout (cases, 60);
    tcase_add_test (cases, values);
    tcase_add_test (cases, lies);
    tcase_add_test (cases, damaged);
    tcase_add_test (cases, documents);
    tcase_add_test (cases, consolidated_documents);
}

int
main (void)
{
    return run_suite ("zarr_shards", add_tests);
}
