/* SPDX-License-Identifier: MIT */
/* values.h - for the tests of metadata: makes values, and compares them after a round trip. */
#ifndef VALUES_H
#define VALUES_H
#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenon/tenon.h>

__attribute__ ((unused)) static struct tenon_value
value_of (const tenon_file *file, const char *key)
{
    tenon_metadata_info info = { .struct_size = sizeof info };
    uint64_t index;
    ck_assert_msg (tenon_metadata_find (file, key, &index) == TENON_OK, "%s is not there", key);
    ck_assert_int_eq (tenon_metadata_get (file, index, &info), TENON_OK);
    return info.value;
}

__attribute__ ((unused)) static struct tenon_value
number_of (uint32_t type, uint64_t bits)
{
    struct tenon_value value = { .type = type, .source = TENON_NO_SOURCE };
    value.as.u = bits;
    return value;
}

__attribute__ ((unused)) static struct tenon_value
string_of (const char *text, uint64_t length)
{
    struct tenon_value value = { .type = TENON_STRING, .count = length, .source = TENON_NO_SOURCE };
    value.as.string = text;
    return value;
}

/* Numbers as little-endian bytes, strings behind lengths of u64. */
__attribute__ ((unused)) static struct tenon_value
array_of (uint32_t type, uint64_t count, const void *bytes, uint64_t length)
{
    struct tenon_value value = { .type = TENON_ARRAY,
                                 .item_type = type,
                                 .count = count,
                                 .length = length,
                                 .encoding = type == TENON_STRING ? TENON_STRINGS_64 : 0,
                                 .source = TENON_NO_SOURCE };
    value.as.memory = bytes;
    return value;
}

__attribute__ ((unused)) static struct tenon_value
nested_of (const struct tenon_value *items, uint64_t count)
{
    struct tenon_value value = {
        .type = TENON_ARRAY, .item_type = TENON_ARRAY, .count = count, .source = TENON_NO_SOURCE
    };
    value.as.items = items;
    return value;
}

__attribute__ ((unused)) static struct tenon_value
mixed_of (const struct tenon_value *items, uint64_t count)
{
    struct tenon_value value = nested_of (items, count);
    value.item_type = TENON_MIXED;
    return value;
}

/* `entries`: a key and its value, and so on, 2 × count of them. */
__attribute__ ((unused)) static struct tenon_value
map_of (const struct tenon_value *entries, uint64_t count)
{
    struct tenon_value value = { .type = TENON_MAP, .count = count, .source = TENON_NO_SOURCE };
    value.as.items = entries;
    return value;
}

/* Fails unless the values are equal. Arrays must lie in memory, in the layout of the functions above. */
__attribute__ ((unused)) static void
expect_same (const struct tenon_value *found, const struct tenon_value *wanted, const char *where)
{
    ck_assert_msg (found->type == wanted->type && found->count == wanted->count, "%s: type %u, %llu items",
                   where, found->type, (unsigned long long) found->count);
    if (wanted->type == TENON_STRING)
        ck_assert_msg (wanted->count == 0 || memcmp (found->as.string, wanted->as.string, wanted->count) == 0,
                       "%s", where);
    else if (wanted->type == TENON_MAP)
        for (uint64_t i = 0; i < 2 * wanted->count; i++)
            expect_same (&found->as.items[i], &wanted->as.items[i], where);
    else if (wanted->type != TENON_ARRAY)
        ck_assert_msg (found->as.u == wanted->as.u, "%s: %llx, not %llx", where,
                       (unsigned long long) found->as.u, (unsigned long long) wanted->as.u);
    else if (wanted->item_type == TENON_ARRAY || wanted->item_type == TENON_MIXED) {
        ck_assert_uint_eq (found->item_type, wanted->item_type);
        for (uint64_t i = 0; i < wanted->count; i++)
            expect_same (&found->as.items[i], &wanted->as.items[i], where);
    } else {
        ck_assert_uint_eq (found->item_type, wanted->item_type);
        ck_assert_uint_eq (found->source, TENON_NO_SOURCE);
        ck_assert_msg (found->length == wanted->length && found->encoding == wanted->encoding, "%s", where);
        ck_assert_msg (wanted->length == 0
                           || memcmp (found->as.memory, wanted->as.memory, wanted->length) == 0,
                       "%s", where);
    }
}

/* A map with a value of each kind in it, nested four deep, whose memory is static. */
__attribute__ ((unused)) static struct tenon_value
tree_of_all_kinds (void)
{
    static const uint8_t numbers[] = { 1, 0, 254, 255 },
                         texts[] = { 1, 0, 0, 0, 0, 0, 0, 0, 'x', 0, 0, 0, 0, 0, 0, 0, 0 };
    static struct tenon_value deepest[2], deep[2], items[9], arrays[2], entries[10];
    deepest[0] = string_of ("k", 1), deepest[1] = array_of (TENON_STRING, 2, texts, sizeof texts);
    deep[0] = string_of ("map", 3), deep[1] = map_of (deepest, 1);
    items[0] = number_of (TENON_NONE, 0), items[1] = number_of (TENON_BOOL, 1);
    items[2] = number_of (TENON_I64, (uint64_t) -5), items[3] = number_of (TENON_U8, 255);
    items[4] = number_of (TENON_F64, UINT64_C (0x7ff8000000000001)), items[5] = string_of ("\xff\0", 2);
    items[6] = map_of (deep, 1), items[7] = array_of (TENON_U16, 2, numbers, 4);
    items[8] = number_of (TENON_F32, UINT64_C (0x3ff8000000000000));
    arrays[0] = mixed_of (NULL, 0), arrays[1] = mixed_of (items, 2);
    entries[0] = string_of ("mixed", 5), entries[1] = mixed_of (items, 9);
    entries[2] = string_of ("arrays", 6), entries[3] = nested_of (arrays, 2);
    entries[4] = string_of ("", 0), entries[5] = map_of (NULL, 0);
    entries[6] = string_of ("\xc3\xa9\"\\", 4), entries[7] = number_of (TENON_U64, UINT64_MAX);
    entries[8] = string_of ("none", 4), entries[9] = array_of (TENON_F32, 0, "", 0);
    return map_of (entries, 5);
}

/* One of every 32,768 bit patterns of floats, with hundreds of NaNs. The caller frees it. */
#define VALUES_FLOATS (1u << 17)
__attribute__ ((unused)) static uint8_t *
floats_of_all_kinds (void)
{
    uint8_t *bytes = malloc (4 * VALUES_FLOATS);
    ck_assert_ptr_nonnull (bytes);
    for (uint32_t i = 0; i < VALUES_FLOATS; i++) {
        uint32_t bits = i << 15 | (i * 2654435761u >> 17);
        for (unsigned b = 0; b < 4; b++)
            bytes[4 * i + b] = (uint8_t) (bits >> 8 * b);
    }
    return bytes;
}

/* As many strings as a vocabulary has: a step of more than linear cost would run into the time limit. The
 * caller frees `memory`. */
__attribute__ ((unused)) static struct tenon_value
vocabulary (uint8_t **memory)
{
    uint64_t count = 150000, size = 0;
    uint8_t *bytes = *memory = malloc (count * 24);
    ck_assert_ptr_nonnull (bytes);
    for (uint64_t i = 0; i < count; i++) {
        int length = snprintf ((char *) bytes + size + 8, 12, "<%llu>", (unsigned long long) i);
        memset (bytes + size, 0, 8);
        bytes[size] = (uint8_t) length;
        size += 8 + (uint64_t) length;
    }
    return array_of (TENON_STRING, count, bytes, size);
}

#endif
