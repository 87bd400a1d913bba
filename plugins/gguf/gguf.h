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

/* A file that is described. */
struct gguf_reader {
    struct tenon_call *call;
    struct tenon_cursor cursor;
    uint32_t version, has_alignment;
    uint64_t alignment;
    uint64_t tensors, pairs;
    uint64_t most_depth;
    uint32_t dtypes[GGUF_TYPES]; /* of the types that were asked for so far */
};

/* A length or count: u32 in version 1. */
tenon_status gguf_take_size (struct gguf_reader *reader, uint64_t *size, const char *what);
/* A string, which stays valid until the next take. */
tenon_status gguf_take_string (struct gguf_reader *reader, const char **text, uint64_t *length,
                               const char *what);
tenon_status gguf_read_value (struct gguf_reader *reader, uint32_t type, struct tenon_value *value);
tenon_status gguf_describe (struct tenon_call *call);
tenon_status gguf_write (struct tenon_call *call);

#endif
