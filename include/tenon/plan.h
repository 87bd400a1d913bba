/* SPDX-License-Identifier: MIT */
/* tenon/plan.h - what is to be saved: tensors from memory, from files and from callbacks, and metadata. */
#ifndef TENON_PLAN_H
#define TENON_PLAN_H
#include <tenon/file.h>
#include <tenon/library.h>
#include <tenon/metadata.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Makes an empty plan; frees one, and what it keeps of files. NULL is fine. */
TENON_API tenon_status tenon_plan_new (tenon_context *context, tenon_plan **plan, tenon_error *error);
TENON_API void tenon_plan_free (tenon_plan *plan);

/* A tensor of the application. */
typedef struct tenon_array {
    uint32_t struct_size;
    uint32_t dtype; /* of the items of `data` */
    /* copied; NULL: arr_0, arr_1 …, counting the arrays without a name, as NumPy names them */
    const char *name;
    const uint64_t *shape; /* `rank` dims, outermost first; copied */
    uint32_t rank, flags;  /* flags: TENON_FORTRAN, TENON_BIG_ENDIAN, the layout of `data` */
    const void *data;      /* packed; must stay until the save is done. NULL: `fill` makes it */
    uint64_t size;         /* bytes of `data`: dtype × shape */
    /* Fills `to` with bytes offset … offset + length - 1 of the packed data; called in order, on one
     * thread. 0 or TENON_E_*. */
    tenon_status (*fill) (void *user, uint64_t offset, void *to, uint64_t length);
    void *user;
    /* `rank` distances between neighbours in each dim, in items, of any sign, copied; 0 repeats. Then `data`
     * is the item 0 … 0, and `size` counts from the first byte of any item to the last. For dtypes whose
     * items stand by themselves, without `fill`. NULL: packed, in the order that `flags` says */
    const int64_t *strides;
    /* The dtype that the tensor is stored as: it is cast while it is saved, in bounded memory, and what the
     * cast changes is counted, as by tenon_plan_add_from. TENON_NONE: `dtype` */
    uint32_t as;
    uint32_t reserved;    /* 0 */
    uint64_t name_length; /* bytes of `name`; 0: it ends in NUL */
    /* With `dtype` TENON_NONE: a dtype of the program's own, copied with its texts. Its kind is
     * TENON_KIND_OPAQUE; family and text say what an item is ("numpy", "<U7"), block_bytes how large it is;
     * alignment, items_as and items_flags may be set, other fields count as 0. `flags` has no
     * TENON_BIG_ENDIAN: the text has the byte order. Formats of the family store it, others refuse it or
     * carry it (TENON_SAVE_CARRY). NULL: none */
    const struct tenon_dtype *opaque;
} tenon_array;
/* Adds an array. Its name must be valid UTF-8 without NUL, not empty, and not the name of another tensor of
 * the plan. After a failure the plan is as it was. TENON_E_UNSUPPORTED: there is no cast to `as`. */
TENON_API tenon_status tenon_plan_add (tenon_plan *plan, const tenon_array *array, tenon_error *error);
/* Adds `count` arrays, all of them or, after a failure, none. All have the struct_size of the first one,
 * which is also their distance in memory. This is faster than one by one, since packed arrays
 * share what the library keeps of them. `arrays` may be NULL if count is 0. */
TENON_API tenon_status tenon_plan_add_many (tenon_plan *plan, const tenon_array *arrays, uint64_t count,
                                            tenon_error *error);

/* Adds a tensor of an open file. A NULL name and TENON_NONE stand for its own name and dtype. What the cast
 * to another dtype changes is counted when it is saved: the digits that a narrower float lacks are what was
 * asked for, and a note for each pair of dtypes says so; values that overflow, are clipped or flushed to
 * zero, NaN that becomes a number, imaginary parts, integers that become others, and blocks that cannot hold
 * their items are a TENON_LOSS of the tensor. */
TENON_API tenon_status tenon_plan_add_from (tenon_plan *plan, tenon_file *file, uint64_t index,
                                            const char *name, uint32_t dtype, tenon_error *error);
/* The same with a name of `name_length` bytes, or TENON_NUL; NULL: the tensor's own. */
TENON_API tenon_status tenon_plan_put_from (tenon_plan *plan, tenon_file *file, uint64_t index,
                                            const char *name, uint64_t name_length, uint32_t dtype,
                                            tenon_error *error);
/* Adds all tensors and all metadata of a file. Tensors that cannot be read, too: TENON_SAVE_SKIP_UNREADABLE.
 * What the file holds beside them, such as bytes behind the data, is not in its catalog: each note that
 * opening it made of that becomes a TENON_LOSS of the saves of the plan (tenon_plan_add_from: those on that
 * tensor). */
TENON_API tenon_status tenon_plan_add_file (tenon_plan *plan, tenon_file *file, tenon_error *error);
/* Counts all of these notes on a file, of which the plan has some tensors, as losses. */
TENON_API tenon_status tenon_plan_add_losses (tenon_plan *plan, tenon_file *file, tenon_error *error);
/* Adds all metadata of a file. */
TENON_API tenon_status tenon_plan_add_metadata_from (tenon_plan *plan, tenon_file *file, tenon_error *error);
/* Adds an entry, or replaces that of the same key. Copies it, with the memory that the value points to. */
TENON_API tenon_status tenon_plan_add_metadata (tenon_plan *plan, const char *key,
                                                const struct tenon_value *value, tenon_error *error);
/* The same with the value as text. `type` is "bool", "u8" … "u64", "i8" … "i64", "f32", "f64", "string",
 * "array:" and one of these, or "json"; NULL: the type of the entry that the plan has under this key, else
 * "string".
 *
 *     string           the text as it is
 *     bool             true, false
 *     whole numbers    decimal, in the range of the type
 *     f32, f64         decimal, rounded once to the nearest number; nan, inf, -inf
 *     arrays           JSON: [1,2], ["a","b"]; "NaN", "Infinity", "-Infinity" among floats
 *     json             any JSON, also NaN, Infinity and -Infinity: objects become maps, integers i64, or u64
 *                      if they are too large, other numbers f64, [1,2] an array of one type, [1,"a"], [null]
 *                      and [] mixed arrays
 *
 * TENON_E_MALFORMED: the text is no value of the type; TENON_E_NOT_FOUND: there is no such type;
 * TENON_E_UNSUPPORTED: no text stands for values of the type of that entry (null, maps, mixed arrays, arrays
 * of arrays); name "json". The message names the key. */
TENON_API tenon_status tenon_plan_set_metadata (tenon_plan *plan, const char *key, const char *type,
                                                const char *text, tenon_error *error);
/* The same with a text of `length` bytes, which need not end in NUL; a string may have NULs. */
TENON_API tenon_status tenon_plan_set_metadata_text (tenon_plan *plan, const char *key, const char *type,
                                                     const char *text, uint64_t length, tenon_error *error);
/* A new value of one item of an array. */
typedef struct tenon_item_text {
    uint32_t struct_size, reserved;
    uint64_t index;   /* from 0 */
    const char *text; /* as for a scalar of the type of the items; need not end in NUL */
    uint64_t length;
} tenon_item_text;
/* Replaces `count` items of the array that the plan has under this key, which keeps its type; of two texts
 * for one item the later counts. Costs one pass over the array, and memory for twice its bytes, whatever
 * `count` is. TENON_E_NOT_FOUND: there is no such key, or item; TENON_E_MALFORMED: a text is no value of the
 * type; TENON_E_UNSUPPORTED: the value is no array, or one of arrays. After a failure all is as it was. */
TENON_API tenon_status tenon_plan_set_metadata_items (tenon_plan *plan, const char *key,
                                                      const tenon_item_text *items, uint64_t count,
                                                      tenon_error *error);
/* ---- metadata without texts, with the length of the key --------------------------------------------- */

/* Each of these adds an entry, or replaces that of the same key, and copies all that it is given.
 * `key_length` is the number of bytes of the key, or TENON_NUL. A key must be valid UTF-8 without NUL, and
 * not empty: else TENON_E_MISUSE. TENON_E_LIMIT: more than TENON_LIMIT_METADATA_BYTES. After a failure the
 * plan is as it was. */
TENON_API tenon_status tenon_plan_put_metadata (tenon_plan *plan, const char *key, uint64_t key_length,
                                                const struct tenon_value *value, tenon_error *error);
/* The number to which `number` points, in the byte order of the machine; it need not be aligned. `type` is
 * TENON_BOOL (a byte, 0 or 1), TENON_U8 … TENON_I64, TENON_F32 or TENON_F64. */
TENON_API tenon_status tenon_plan_set_number (tenon_plan *plan, const char *key, uint64_t key_length,
                                              uint32_t type, const void *number, tenon_error *error);
/* An array of `count` such numbers, packed. `numbers` may be NULL if count is 0. */
TENON_API tenon_status tenon_plan_set_numbers (tenon_plan *plan, const char *key, uint64_t key_length,
                                               uint32_t type, const void *numbers, uint64_t count,
                                               tenon_error *error);
/* A string of `length` bytes, or TENON_NUL. It may have NULs, and need not be UTF-8, though some formats
 * require that. */
TENON_API tenon_status tenon_plan_set_string (tenon_plan *plan, const char *key, uint64_t key_length,
                                              const char *text, uint64_t length, tenon_error *error);
/* An array of `count` strings with these lengths, each of which may be TENON_NUL. `lengths` NULL: all end in
 * NUL. */
TENON_API tenon_status tenon_plan_set_strings (tenon_plan *plan, const char *key, uint64_t key_length,
                                               const char *const *texts, const uint64_t *lengths,
                                               uint64_t count, tenon_error *error);

/* Removes an entry. TENON_E_NOT_FOUND: there is none of this key. */
TENON_API tenon_status tenon_plan_remove_metadata (tenon_plan *plan, const char *key, tenon_error *error);

/* ---- looking at a plan ------------------------------------------------------------------------------- */

/* All that these return is valid until something is added to the plan, set in it or removed, or until it is
 * freed. */

/* The number of tensors. */
TENON_API uint64_t tenon_plan_count (const tenon_plan *plan);
/* A tensor as it is to be saved, in the order of adding: its name, its shape, the dtype that it is stored as
 * (tenon_dtype_get knows it, unless it is an opaque one of the plan's, which dtype_name names) and the bytes
 * of that. `flags` are its layout in memory or in that file, and TENON_CONVERTED if it is cast. source_name
 * is the path of the file that it comes from, or "". storage, source, offset, stored, filter and strides are
 * 0 or NULL. TENON_E_NOT_FOUND: there is no such index. */
TENON_API tenon_status tenon_plan_get (const tenon_plan *plan, uint64_t index, tenon_tensor_info *info);
/* The index of the tensor of this name, in constant time, or TENON_E_NOT_FOUND. `name_length`: bytes, or
 * TENON_NUL. */
TENON_API tenon_status tenon_plan_find (const tenon_plan *plan, const char *name, uint64_t name_length,
                                        uint64_t *index);
/* The entries of the metadata, without removed ones, in the order in which their keys were added. An array in
 * memory (source TENON_NO_SOURCE) has its items in `as`. Another one lies in a file that was added:
 * tenon_value_items reads its items from the entry of that file. */
TENON_API uint64_t tenon_plan_metadata_count (tenon_plan *plan);
TENON_API tenon_status tenon_plan_metadata_get (tenon_plan *plan, uint64_t index, tenon_metadata_info *info);
TENON_API tenon_status tenon_plan_metadata_find (tenon_plan *plan, const char *key, uint64_t key_length,
                                                 uint64_t *index);

#ifdef __cplusplus
}
#endif
#endif
