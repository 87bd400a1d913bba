/* SPDX-License-Identifier: MIT */
/* tenon/plan.h - what is to be saved: tensors from memory, from files and from callbacks, and metadata. */
#ifndef TENON_PLAN_H
#define TENON_PLAN_H
#include <tenon/library.h>

#ifdef __cplusplus
extern "C" {
#endif

TENON_API tenon_status tenon_plan_new (tenon_context *context, tenon_plan **plan, tenon_error *error);
TENON_API void tenon_plan_free (tenon_plan *plan);

/* A tensor of the application. */
typedef struct tenon_array {
    uint32_t struct_size;
    uint32_t dtype;
    /* copied; NULL: arr_0, arr_1 …, the number of arrays without a name before it, as NumPy names them */
    const char *name;
    const uint64_t *shape; /* copied */
    uint32_t rank, flags;  /* TENON_FORTRAN, TENON_BIG_ENDIAN: how `data` lies */
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
/* A name must be valid UTF-8 without NUL, not empty, and no other tensor's of the plan. After a failure the
 * plan is as it was. TENON_E_UNSUPPORTED: there is no such cast. */
TENON_API tenon_status tenon_plan_add (tenon_plan *plan, const tenon_array *array, tenon_error *error);
/* Adds `count` arrays, all of them or, after a failure, none. All have the struct_size of the first one,
 * which is also their distance in memory. Faster than one by one: arrays that lie packed share what the
 * library keeps of them. `arrays` may be NULL if count is 0. */
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
/* The same with the value as text. `type` is "bool", "u8" … "u64", "i8" … "i64", "f32", "f64", "string", or
 * "array:" and one of these; NULL: the type of the entry that the plan has under this key, else "string".
 *
 *     string           the text as it is
 *     bool             true, false
 *     whole numbers    decimal, in the range of the type
 *     f32, f64         decimal, rounded once to the nearest number; nan, inf, -inf
 *     arrays           JSON: [1,2], ["a","b"]; "NaN", "Infinity", "-Infinity" among floats
 *
 * TENON_E_MALFORMED: the text is no value of the type; TENON_E_NOT_FOUND: there is no such type;
 * TENON_E_UNSUPPORTED: no text stands for values of the type of that entry (null, arrays of arrays). The
 * message names the key. */
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
/* Removes an entry. TENON_E_NOT_FOUND: there is none of this key. */
TENON_API tenon_status tenon_plan_remove_metadata (tenon_plan *plan, const char *key, tenon_error *error);

#ifdef __cplusplus
}
#endif
#endif
