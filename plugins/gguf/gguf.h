/* SPDX-License-Identifier: MIT */
/* gguf.h - what the files of the codec share. quants/ has the block dtypes, mlx/ MLX's quantised tensors. */
#ifndef GGUF_H
#define GGUF_H

#include <tenon/plugin.h>

#define GGUF_VERSION 3u
#define GGUF_ALIGNMENT 32u  /* without the key general.alignment */
#define GGUF_MOST_DIMS 64u  /* as in gguf-py, whose arrays are NumPy's */
#define GGUF_USUAL_DIMS 4u  /* llama.cpp reads no more … */
#define GGUF_USUAL_NAME 63u /* … and no longer names, in bytes */

/* Types of values, by their numbers in files. */
enum {
    GGUF_U8 = 0,
    GGUF_I8 = 1,
    GGUF_U16 = 2,
    GGUF_I16 = 3,
    GGUF_U32 = 4,
    GGUF_I32 = 5,
    GGUF_F32 = 6,
    GGUF_BOOL = 7,
    GGUF_STRING = 8,
    GGUF_ARRAY = 9,
    GGUF_U64 = 10,
    GGUF_I64 = 11,
    GGUF_F64 = 12,
    GGUF_VALUES = 13
};
/* A type of values in tenon, and the bytes of a value; 0: its size varies. */
struct gguf_value_type {
    uint32_t type, width;
};

/* Options of the codec. */
enum {
    GGUF_OPTION_SHARD_SIZE,
    GGUF_OPTION_SHARD_TENSORS,
    GGUF_OPTION_MLX,
    GGUF_OPTION_BYTE_ORDER,
    GGUF_OPTION_EMPTY_FIRST,
    GGUF_OPTION_FILE_TYPE,
    GGUF_OPTION_ORIG_SHAPE,
    GGUF_OPTIONS
};

/* A type of tensors: its number in files, and its name in tenon. */
struct gguf_type {
    uint32_t id, dtype; /* dtype: a fixed one; 0: registered under the name */
    const char *name;
};
#define GGUF_TYPES 64u /* all ids are below */

/* The object that is being read, for messages. */
struct gguf_subject {
    const char *kind; /* "tensor", "key-value pair" …; NULL: the file */
    const char *name; /* NULL: only the number is known */
    uint64_t length, number;
};

/* The keys of a shard: split.no, split.count, split.tensors.count. */
enum { GGUF_SPLIT_NUMBER, GGUF_SPLIT_COUNT, GGUF_SPLIT_TENSORS, GGUF_SPLIT_KEYS };
struct gguf_split {
    uint32_t has[GGUF_SPLIT_KEYS];
    int64_t values[GGUF_SPLIT_KEYS];
    uint64_t places[GGUF_SPLIT_KEYS]; /* offsets of the keys in the file */
    struct tenon_shard_info set;      /* from the file's name */
    struct { /* a shard leaves it to the next: split.tensors.count, and tensors beyond those of the files */
        uint64_t total, more_tensors;
    } left;
};

/* Keys or names that were read, by hash. place 0: the slot is empty. */
struct gguf_names {
    uint64_t mask;
    struct {
        uint64_t hash, place;
    } * slots;
};

/* Shapes that keys give to tensors, by name. rank 0: the slot is empty. */
struct gguf_shape {
    const char *name;
    uint64_t length, *dims;
    uint32_t rank;
};
struct gguf_shapes {
    uint32_t wanted; /* an option asks to restore them */
    uint64_t count;  /* of all such keys */
    uint64_t mask;
    struct gguf_shape *slots; /* NULL: there is none */
};

/* A file that is being described. */
struct gguf_reader {
    struct tenon_call *call;
    struct tenon_cursor cursor;
    uint32_t version;
    uint64_t alignment;
    uint64_t tensors, pairs;
    uint64_t tensors_there, pairs_there; /* the number whose headers were found to be whole */
    uint64_t most_header;                /* limit on the bytes before the data */
    uint64_t most_depth;                 /* limit on arrays in arrays */
    uint64_t nested_bytes;               /* memory of arrays in arrays so far */
    uint32_t dtypes[GGUF_TYPES];         /* by type, 0: not looked up yet */
    uint64_t items[GGUF_TYPES];          /* of a block, of those that were looked up */
    struct gguf_subject subject;
    struct gguf_names keys, names;
    struct gguf_shapes shapes;
    struct gguf_split split;
    uint32_t triples;      /* true: describe quantised tensors as MLX has them, see mlx/mlx.h */
    uint64_t more_tensors; /* added by that beyond those of the file */
};

/* Where the data lie. All but the first three are offsets from `data`. */
struct gguf_extent {
    uint64_t begin, end;
};
struct gguf_layout {
    uint64_t infos;              /* where the infos of tensors begin … */
    uint64_t header;             /* … and end */
    uint64_t data;               /* where the data begin */
    uint64_t expected;           /* offset of the next tensor, if there are no gaps */
    uint64_t end;                /* of the last tensor */
    uint32_t open_end;           /* the end of the last one is not known */
    uint64_t *offsets;           /* of all tensors, rising; NULL: not needed yet */
    struct gguf_extent *extents; /* NULL: there are no gaps so far */
    uint64_t extent_count;
};

/* The most that arrays may lie in each other, which is the most that limits.depth can be. */
#define GGUF_DEPTH 100u

/* A walk over an array and those that lie in it, each before its items. Begins with depth 0. */
struct gguf_walk {
    uint32_t depth; /* arrays around the present one */
    struct {
        const struct tenon_value *items;
        uint64_t left;
    } level[GGUF_DEPTH];
};

/* ---- types.c ---- */

extern const struct gguf_value_type gguf_value_types[GGUF_VALUES];
/* NULL: there is no such type, or it was removed from the format. */
const struct gguf_type *gguf_find_type (uint32_t id);
/* The name of a type that was removed from the format; NULL: it was not. */
const char *gguf_removed_type (uint32_t id);
/* The type of a dtype of the plan; NULL: none. */
const struct gguf_type *gguf_type_of (struct tenon_call *call, uint32_t dtype);

/* ---- read.c ---- */

/* Returns "tensor 'x': ", or "" for the file. `room` may hold the text. */
#define GGUF_WHOSE 160
const char *gguf_whose (const struct gguf_reader *reader, char room[GGUF_WHOSE]);
/* Words for a file that ends in its header: how much of it is there. */
const char *gguf_there (const struct gguf_reader *reader, char room[GGUF_WHOSE]);
/* Fails with a message that begins with the subject. */
#define gguf_fail(reader, status, place, words, ...)                                                         \
    tenon_fail ((reader)->call, status, place, "%s" words, gguf_whose (reader, (char[GGUF_WHOSE]){ 0 }),     \
                __VA_ARGS__)
/* Notes an oddity with a message that begins with the subject. */
#define gguf_note(reader, kind, words, ...)                                                                  \
    tenon_note ((reader)->call, kind, NULL, "%s" words, gguf_whose (reader, (char[GGUF_WHOSE]){ 0 }),        \
                __VA_ARGS__)
/* Bytes up to the end of the file. */
uint64_t gguf_left (const struct gguf_reader *reader);
tenon_status gguf_skip (struct gguf_reader *reader, uint64_t length, const char *what);
/* Takes bytes, which stay valid until the next take. NULL: a failure is recorded. */
const uint8_t *gguf_take (struct gguf_reader *reader, uint64_t length, const char *what);
tenon_status gguf_take_u32 (struct gguf_reader *reader, uint32_t *number, const char *what);
/* Takes a length or count: u32 in version 1, else u64. */
tenon_status gguf_take_size (struct gguf_reader *reader, uint64_t *size, const char *what);
/* Takes a string, which stays valid until the next take. */
tenon_status gguf_take_string (struct gguf_reader *reader, const char **text, uint64_t *length,
                               const char *what);

/* Skips the info of a tensor. TENON_E_TRUNCATED, without a failure: it is not all there. */
tenon_status gguf_skip_info (struct gguf_reader *reader);

/* ---- names.c ---- */

/* Makes room for `count` names. */
tenon_status gguf_names_begin (struct gguf_reader *reader, struct gguf_names *names, uint64_t count);
/* Adds the name whose length and text lie at `place` in the file. *first: the place of the same name, which
 * was added before; 0: it is new. */
tenon_status gguf_names_add (struct gguf_reader *reader, struct gguf_names *names, const char *text,
                             uint64_t length, uint64_t place, uint64_t *first);
/* *same: the bytes from `first` are those from `second` to `end`. */
tenon_status gguf_names_compare (struct gguf_reader *reader, uint64_t first, uint64_t second, uint64_t end,
                                 int *same);

/* ---- shapes.c ---- */

/* Keeps the shape that a key gives, if it is such a key. */
tenon_status gguf_shapes_take (struct gguf_reader *reader, const char *key, uint64_t length,
                               const struct tenon_value *value);
/* Changes shape and rank, of which there is room for GGUF_MOST_DIMS, to those that a key gives. `items` share
 * a block. */
void gguf_shapes_restore (struct gguf_reader *reader, const char *name, uint64_t length, uint64_t items,
                          uint64_t *shape, uint32_t *rank);
/* Tells of shapes that are not restored, after all pairs. */
void gguf_shapes_tell (struct gguf_reader *reader);

/* ---- extents.c ---- */

/* The length of a tensor whose size is not known: its bytes end where those of the next tensor begin, or with
 * the file. 0: the file ends before it. */
tenon_status gguf_find_length (struct gguf_reader *reader, struct gguf_layout *layout, uint64_t offset,
                               uint64_t *length);
/* Notes the bytes of a tensor, in the order of the infos. */
tenon_status gguf_take_extent (struct gguf_reader *reader, struct gguf_layout *layout, uint64_t offset,
                               uint64_t length);
/* Tells of bytes that belong to no tensor: between tensors, and behind the last one. */
tenon_status gguf_check_extents (struct gguf_reader *reader, struct gguf_layout *layout);

/* ---- split.c ---- */

/* The index GGUF_SPLIT_… of a key; GGUF_SPLIT_KEYS: none of them. */
uint32_t gguf_split_key (const char *key, uint64_t length);
extern const char *const gguf_split_keys[GGUF_SPLIT_KEYS];
extern const uint32_t gguf_split_types[GGUF_SPLIT_KEYS]; /* TENON_U16, … */
tenon_status gguf_split_begin (struct gguf_reader *reader);
/* Keeps the value of a key at the offset `place`. */
tenon_status gguf_split_take (struct gguf_reader *reader, uint32_t key, const struct tenon_value *value,
                              uint64_t place);
/* True if the whole set becomes one catalog, which does not have these keys. */
int gguf_split_whole (const struct gguf_reader *reader);
/* Checks the keys, after all pairs. */
tenon_status gguf_split_check (struct gguf_reader *reader);
/* Checks the number of tensors, after all of them. */
tenon_status gguf_split_end (struct gguf_reader *reader);
/* Checks that a single file of this plan can be opened with its name and its keys, before it is written. */
tenon_status gguf_split_single (struct tenon_call *call, const struct tenon_plan_info *plan,
                                uint64_t tensors);

/* ---- value.c, pairs.c, infos.c, describe.c, write.c ---- */

tenon_status gguf_read_value (struct gguf_reader *reader, uint32_t type, struct tenon_value *value);
/* The array that follows; NULL: that was the last one. */
const struct tenon_value *gguf_next_array (struct gguf_walk *walk, const struct tenon_value *array);
tenon_status gguf_read_pairs (struct gguf_reader *reader);
tenon_status gguf_read_infos (struct gguf_reader *reader);
tenon_status gguf_describe (struct tenon_call *call);
tenon_status gguf_write (struct tenon_call *call);

#endif
