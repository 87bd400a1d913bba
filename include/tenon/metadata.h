/* SPDX-License-Identifier: MIT */
/* tenon/metadata.h - the metadata of a file. */
#ifndef TENON_METADATA_H
#define TENON_METADATA_H
#include <tenon/library.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tenon_metadata_info {
    uint32_t struct_size, reserved;
    const char *key;
    uint64_t key_length;
    /* of an array its type, count and place; tenon_value_items, tenon_value_take and tenon_value_map get the
     * items. A map's entries, and the items of arrays of arrays and of mixed arrays, are value.as.items: they
     * live as long as the file, and a program may walk them:
     *
     *     for (uint64_t i = 0; i < map.count; i++)
     *         use (map.as.items[2 * i].as.string, map.as.items[2 * i].count, &map.as.items[2 * i + 1]);
     *
     * They nest at most TENON_LIMIT_DEPTH deep */
    struct tenon_value value;
} tenon_metadata_info;
/* The number of entries, one of them, and the index of a key, in constant time. Texts live as long as the
 * file. TENON_E_NOT_FOUND: there is no such index, or key. */
TENON_API uint64_t tenon_metadata_count (const tenon_file *file);
TENON_API tenon_status tenon_metadata_get (const tenon_file *file, uint64_t index, tenon_metadata_info *info);
TENON_API tenon_status tenon_metadata_find (const tenon_file *file, const char *key, uint64_t *index);

/* Items first … first + n - 1 of an array value of this file, of any item type. The items of an array of
 * strings are in *memory, which the caller frees; `memory` may be NULL for other arrays. Strings have no
 * index: each call walks from the beginning of the array to `first`, so a caller should ask for many at once.
 * TENON_E_LIMIT: those that were asked for take more than TENON_LIMIT_METADATA_BYTES. */
TENON_API tenon_status tenon_value_items (const tenon_file *file, const struct tenon_value *array,
                                          uint64_t first, uint64_t n, struct tenon_value *items,
                                          tenon_memory **memory, tenon_error *error);

/* The first n items of *array, which becomes the array of the others: the way to walk through strings, each
 * of which is read once. It begins with a copy of the value of the entry; array->count tells how many are
 * left. A failure leaves *array as it was. */
TENON_API tenon_status tenon_value_take (const tenon_file *file, struct tenon_value *array, uint64_t n,
                                         struct tenon_value *items, tenon_memory **memory,
                                         tenon_error *error);
/* The items as they are stored, without a copy: `count` packed numbers of `item_type`, or strings, each after
 * its length, in the byte order and with the lengths that `encoding` tells. They need not be aligned, strings
 * do not end in NUL, and the caller compares each length with the bytes that are left. Valid until
 * tenon_close; about files that others shrink see tenon_map. TENON_E_NOT_MAPPABLE, with the reason: nested
 * and mixed arrays, filters, callbacks, TENON_OPEN_NO_MAP. */
TENON_API tenon_status tenon_value_map (const tenon_file *file, const struct tenon_value *array,
                                        const void **data, uint64_t *size, tenon_error *error);

/* ---- as numbers and strings of the program ----------------------------------------------------------- */

/* The value of a key of `key_length` bytes, or TENON_NUL, as a number of `type`: TENON_BOOL, U8 … U64, I8 …
 * I64, F32 or F64. `number` has room for it and need not be aligned; it is in the byte order of the machine.
 * The number is exact. TENON_E_UNSUPPORTED: the type does not have this number (the message has both), or the
 * value is no number. Only floats have NaN and infinities; true is 1. TENON_E_NOT_FOUND: there is no such
 * key. */
TENON_API tenon_status tenon_metadata_number (const tenon_file *file, const char *key, uint64_t key_length,
                                              uint32_t type, void *number, tenon_error *error);
/* The bytes of a string, which need not be UTF-8 or end in NUL; they live as long as the file. Failures as
 * above. */
TENON_API tenon_status tenon_metadata_string (const tenon_file *file, const char *key, uint64_t key_length,
                                              const char **text, uint64_t *length, tenon_error *error);
/* Items first … first + n - 1 of an array of numbers, the value of an entry of this file, as `n` packed
 * numbers of `type`, exact as above. The array may be mixed: then these items must be numbers. After a
 * failure the content of `numbers` is undefined. TENON_E_NOT_FOUND: the array has no such items. */
TENON_API tenon_status tenon_metadata_numbers (const tenon_file *file, const struct tenon_value *array,
                                               uint32_t type, uint64_t first, uint64_t n, void *numbers,
                                               tenon_error *error);
/* Items first … first + n - 1 of an array of strings, or of a mixed array that has strings there: string i is
 * bytes[offsets[i]] … bytes[offsets[i + 1] - 1]; there are n + 1 offsets, and a NUL behind the last byte.
 * Both are in *memory, which the caller frees. Each call walks from the beginning of the array.
 * TENON_E_LIMIT: they take more than TENON_LIMIT_METADATA_BYTES. */
TENON_API tenon_status tenon_metadata_strings (const tenon_file *file, const struct tenon_value *array,
                                               uint64_t first, uint64_t n, const uint64_t **offsets,
                                               const char **bytes, tenon_memory **memory, tenon_error *error);

#ifdef __cplusplus
}
#endif
#endif
