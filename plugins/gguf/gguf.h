/* SPDX-License-Identifier: MIT */
/* gguf.h - what the parts of the codec know of each other. */
#ifndef GGUF_H
#define GGUF_H

#include <tenon/plugin.h>

#define GGUF_VERSION 3u
#define GGUF_ALIGNMENT 32u /* without the key general.alignment */
#define GGUF_MOST_DIMS 4u

/* Types of values, as they stand in files. */
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
/* Ours, and the bytes of one; 0: not of a fixed size. */
struct gguf_value_type {
    uint32_t type, width;
};
extern const struct gguf_value_type gguf_value_types[GGUF_VALUES];

/* A type of tensors: its number in files, and its name, ours. */
struct gguf_type {
    uint32_t id, dtype; /* dtype: a fixed one, or 0: registered, by the name */
    const char *name;
};
/* NULL: there is none, or it was removed. */
const struct gguf_type *gguf_find_type (uint32_t id);
/* The type of a dtype of the plan; NULL: none. */
const struct gguf_type *gguf_type_of (struct tenon_call *call, uint32_t dtype);
#define GGUF_TYPES 64u /* ids are below */
/* The dtypes of blocks, NULL-terminated: quants.c. */
extern const struct tenon_dtype *const gguf_dtypes[];

/* What is being read, for messages. */
struct gguf_subject {
    const char *kind; /* "tensor"; NULL: the file */
    const char *name; /* NULL: only its number is known */
    uint64_t length, number;
};

/* What a part of a split set says of itself: the keys split.no, split.count, split.tensors.count. */
enum { GGUF_SPLIT_NUMBER, GGUF_SPLIT_COUNT, GGUF_SPLIT_TENSORS, GGUF_SPLIT_KEYS };
struct gguf_split {
    uint32_t has[GGUF_SPLIT_KEYS];
    int64_t values[GGUF_SPLIT_KEYS];
    uint64_t places[GGUF_SPLIT_KEYS]; /* of the keys in the file */
    struct tenon_shard_info set;      /* what its name says */
};

/* A file that is described. */
struct gguf_reader {
    struct tenon_call *call;
    struct tenon_cursor cursor;
    uint32_t version;
    uint64_t alignment;
    uint64_t tensors, pairs;
    uint64_t most_header;              /* bytes that are read, or passed over, before the data */
    uint64_t most_depth, nested_bytes; /* of values in arrays of arrays so far */
    uint32_t dtypes[GGUF_TYPES];       /* of the types that were asked for so far */
    struct gguf_subject subject;
    struct gguf_split split;
    uint32_t triples;      /* quantised tensors are described as MLX has them: mlx.h */
    uint64_t more_tensors; /* that were added for it */
};

/* ---- read.c ---- */

/* "tensor 'x': ", in `room`. */
#define GGUF_WHOSE 160
const char *gguf_whose (const struct gguf_reader *reader, char room[GGUF_WHOSE]);
/* Fails with the subject before the words. */
#define gguf_fail(reader, status, place, words, ...)                                                         \
    tenon_fail ((reader)->call, status, place, "%s" words, gguf_whose (reader, (char[GGUF_WHOSE]){ 0 }),     \
                __VA_ARGS__)
uint64_t gguf_left (const struct gguf_reader *reader);
tenon_status gguf_skip (struct gguf_reader *reader, uint64_t length, const char *what);
/* The next bytes, which stay valid until the next take; NULL: the failure is recorded. */
const uint8_t *gguf_take (struct gguf_reader *reader, uint64_t length, const char *what);
tenon_status gguf_take_u32 (struct gguf_reader *reader, uint32_t *number, const char *what);
/* A length or count: u32 in version 1. */
tenon_status gguf_take_size (struct gguf_reader *reader, uint64_t *size, const char *what);
/* A string, which stays valid until the next take. */
tenon_status gguf_take_string (struct gguf_reader *reader, const char **text, uint64_t *length,
                               const char *what);

/* ---- split.c ---- */

/* Which of GGUF_SPLIT_… a key is; GGUF_SPLIT_KEYS: none of them. */
uint32_t gguf_split_key (const char *key, uint64_t length);
extern const char *const gguf_split_keys[GGUF_SPLIT_KEYS];
extern const uint32_t gguf_split_types[GGUF_SPLIT_KEYS]; /* TENON_U16, … */
tenon_status gguf_split_begin (struct gguf_reader *reader);
/* `place`: of the key. */
tenon_status gguf_split_take (struct gguf_reader *reader, uint32_t key, const struct tenon_value *value,
                              uint64_t place);
/* Are the parts of its set one catalog, to which these keys do not belong? */
int gguf_split_whole (const struct gguf_reader *reader);
/* When all pairs were read. */
tenon_status gguf_split_check (struct gguf_reader *reader);
/* When all tensors were. */
tenon_status gguf_split_end (struct gguf_reader *reader);
/* Will a single file of this plan open by its name and keys? Asked before anything is written. */
tenon_status gguf_split_single (struct tenon_call *call, const struct tenon_plan_info *plan,
                                uint64_t tensors);

/* ---- the others ---- */

enum { GGUF_OPTION_SHARD_SIZE, GGUF_OPTION_SHARD_TENSORS, GGUF_OPTION_MLX, GGUF_OPTIONS };

tenon_status gguf_read_value (struct gguf_reader *reader, uint32_t type, struct tenon_value *value);
tenon_status gguf_describe (struct tenon_call *call);
tenon_status gguf_write (struct tenon_call *call);

#endif
