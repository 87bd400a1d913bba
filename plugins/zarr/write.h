/* SPDX-License-Identifier: MIT */
/* write.h - what the files that write share. Each calls those below it only.
 *
 *     write.c           write: a plan as a store
 *     write_array.c     an array of the store: how it is stored, and its document
 *     write_chunks.c    the chunks of an array, and its shards
 *     write_pipeline.c  which filters encode the chunks, and their names in Zarr
 *     write_shape.c     the shapes of chunks and shards
 *     write_fill.c      the value of missing chunks
 *     write_dtype.c     the names of element types
 *     write_attribute.c the attributes of a node, and its dimension names
 *     write_node.c      the nodes of the store: which groups the names of tensors make
 *     write_setting.c   the options
 *     write_out.c      JSON with the indents of Python's
 */
#ifndef TENON_ZARR_WRITE_H
#define TENON_ZARR_WRITE_H

#include "zarr.h"
#include <tenon/json_any.h>

/* ---- write_out.c ---- */

/* JSON with an indent for each level, as Python's json.dumps writes it, on its way to the open entry. */
struct zarr_out {
    struct tenon_json_out json; /* where values are put, without white space */
    struct tenon_json_out laid; /* the same with lines and indents */
    struct tenon_call *call;
    uint32_t depth; /* open brackets of json, at most ZARR_OUT_DEPTH */
    uint32_t indent;
    uint64_t begun; /* bit i: the bracket of depth i + 1 has an item */
    /* of the text that was laid out so far: open brackets, 1 if nothing follows the last one yet, 1 inside a
     * string, 1 behind a backslash; and the character in work, of which so many bytes are missing */
    uint32_t level, is_empty, in_string, escapes, character, missing;
};
#define ZARR_OUT_DEPTH 64u

/* `buffer` has ZARR_OUT_BUFFER bytes; `indent` is the number of spaces for each level. */
#define ZARR_OUT_BUFFER 8192u
void zarr_out_begin (struct zarr_out *out, struct tenon_call *call, char *buffer, uint32_t indent);
/* Puts what the buffer still has. */
tenon_status zarr_out_end (struct zarr_out *out);
/* '{' or '[', and the bracket that closes it. */
void zarr_out_open (struct zarr_out *out, char bracket);
void zarr_out_close (struct zarr_out *out, char bracket);
/* What stands before an item of an array; the key of a member. */
void zarr_out_item (struct zarr_out *out);
void zarr_out_key_of (struct zarr_out *out, const char *key, uint64_t length);
void zarr_out_key (struct zarr_out *out, const char *key);
/* Values: a string, and what needs no quotes. */
void zarr_out_word (struct zarr_out *out, const char *word);
void zarr_out_bare (struct zarr_out *out, const char *word);
/* A number, or "NaN", "Infinity", "-Infinity". */
void zarr_out_f64 (struct zarr_out *out, double number);
void zarr_out_numbers (struct zarr_out *out, const uint64_t *numbers, uint32_t count);
/* Members. */
void zarr_out_member_word (struct zarr_out *out, const char *key, const char *word);
void zarr_out_member_number (struct zarr_out *out, const char *key, int64_t number);
void zarr_out_member_bare (struct zarr_out *out, const char *key, const char *word);

/* ---- write_setting.c ---- */

enum {
    ZARR_COMPRESSION_KEEP = 0,
    ZARR_COMPRESSION_NONE,
    ZARR_COMPRESSION_ZSTD,
    ZARR_COMPRESSION_GZIP,
    ZARR_COMPRESSION_ZLIB,
    ZARR_COMPRESSION_BLOSC,
    ZARR_COMPRESSION_LZ4,
    ZARR_COMPRESSION_BZ2,
    ZARR_COMPRESSION_LZMA
};
enum { ZARR_SHUFFLE_AUTO = 0, ZARR_SHUFFLE_NONE, ZARR_SHUFFLE_BYTE, ZARR_SHUFFLE_BIT };
enum { ZARR_ORDER_KEEP = 0, ZARR_ORDER_C, ZARR_ORDER_FORTRAN };
enum { ZARR_BYTEORDER_KEEP = 0, ZARR_BYTEORDER_LITTLE, ZARR_BYTEORDER_BIG };
enum { ZARR_FILL_KEEP = 0, ZARR_FILL_ZERO, ZARR_FILL_NAN, ZARR_FILL_NULL };

enum { ZARR_CONSOLIDATE_AUTO = 0, ZARR_CONSOLIDATE_YES, ZARR_CONSOLIDATE_NO };

/* The options that write follows. */
struct zarr_settings {
    uint32_t format;              /* 2 or 3 */
    uint32_t compression;         /* ZARR_COMPRESSION_* */
    const char *compression_word; /* the same, as it was given */
    int32_t level;                /* or TENON_LEVEL_DEFAULT */
    uint32_t blosc;               /* its compressor, as in the setup of the filter */
    uint32_t shuffle, order, byteorder, fill;
    uint32_t checksum, skip_fill; /* 0 or 1 */
    uint32_t is_tuned;            /* level, cname or shuffle was set */
    uint32_t consolidate;         /* ZARR_CONSOLIDATE_* */
    uint32_t root_array;          /* the only tensor is the root */
    uint32_t v2_keys;             /* format 3: keys are encoded as in format 2 */
    char separator;               /* of the numbers in the key of a chunk */
    const char *chunks, *shards;  /* as they were given */
};
tenon_status zarr_read_settings (struct tenon_call *call, struct zarr_settings *settings);

/* A group or an array. */
struct zarr_node {
    const char *path; /* in the store, without '/' at its ends; not NUL-terminated */
    uint64_t tensor;  /* of the plan; TENON_AUTO: it is a group */
    uint64_t first;   /* its first attribute: an entry of the plan's metadata, or TENON_AUTO */
    uint64_t last;    /* its last one */
    uint32_t length;  /* of the path; 0: the root */
    uint32_t reserved;
};

/* ---- the state of write ---- */

/* How Zarr names a dtype. */
struct zarr_element {
    uint32_t dtype;    /* a fixed id; TENON_NONE: opaque, and `text` has it */
    uint32_t item;     /* bytes of an item */
    const char *name;  /* format 3: its name */
    const char *text;  /* opaque: NumPy's descr */
    char kind;         /* opaque: 'M', 'm', 'S', 'U', 'V', '[' for a structure, or 0 */
    char order;        /* opaque: of its bytes, '<', '>' or '|' */
    uint8_t has_order; /* 1: its items have a byte order */
    uint8_t is_rare; /* 1: zarr-python does not know it, and then opens no store with consolidated metadata */
    const char *descr; /* plain: NumPy's letter and digits */
};

#define ZARR_FILL_ROOM 4096u
/* The value of missing chunks: one item. */
struct zarr_fill {
    const uint8_t *bytes;         /* in the byte order of the chunks; NULL: they are all 0 */
    const uint8_t *document;      /* little-endian */
    uint32_t is_null, reserved;   /* 1: format 2, there is none */
    uint8_t item[ZARR_FILL_ROOM]; /* of bytes */
};

#define ZARR_PLAN_STEPS 16u
#define ZARR_PLAN_SETUP 16u

/* How an array is stored. */
struct zarr_stored {
    const struct zarr_node *node;
    struct tenon_tensor tensor;
    struct zarr_element element;
    struct tenon_layout layout; /* of the items in a chunk */
    uint32_t order[64];         /* of the dims in a chunk */
    uint32_t has_order;         /* 1: it is not C order */
    uint32_t is_sharded;
    uint64_t chunk[64]; /* items */
    uint64_t shard[64]; /* chunks */
    struct tenon_step steps[ZARR_PLAN_STEPS];
    uint32_t step_count, reserved;
    uint8_t setups[ZARR_PLAN_STEPS][ZARR_PLAN_SETUP];
    struct zarr_fill fill;
    uint8_t fill_bytes[ZARR_FILL_ROOM]; /* little-endian, for the document */
};

/* All of it. */
struct zarr_writer {
    struct tenon_call *call;
    struct tenon_plan_info plan;
    struct zarr_settings settings;
    struct zarr_node *nodes; /* the root first, and each group before its first array */
    uint64_t node_count, node_room;
    uint64_t *table; /* numbers of nodes + 1, by the hash of their paths; 0: free */
    uint64_t table_size;
    uint64_t *next;        /* for each entry of metadata the next one of its node, or TENON_AUTO */
    uint8_t *kept;         /* for each TENON_JSON_*; TENON_JSON_TOO_DEEP: it is not written */
    uint32_t types;        /* 1: there are types that JSON does not keep */
    uint32_t consolidates; /* 1: there are consolidated metadata */
    char *buffer;          /* of documents */
    /* used again for each array, document or shard */
    struct tenon_chunk_place *places;
    uint64_t place_room;
    char *key;
    uint64_t key_room;
    uint8_t *zeros; /* an item of zeros */
    uint64_t zero_room;
    struct zarr_stored stored;
};

/* ---- write_node.c ---- */

/* Checks the names of all tensors and makes the nodes. */
tenon_status zarr_make_nodes (struct zarr_writer *writer);
/* The node of that path; NULL: there is none. */
struct zarr_node *zarr_find_node (const struct zarr_writer *writer, const char *path, uint64_t length);

/* ---- write_attribute.c ---- */

/* Gives each entry of metadata to its node, and reports those that cannot be written. */
tenon_status zarr_share_attributes (struct zarr_writer *writer);
/* True if the node has attributes. */
int zarr_has_attributes (struct zarr_writer *writer, const struct zarr_node *node);
/* The object of them. */
tenon_status zarr_put_attributes (struct zarr_writer *writer, const struct zarr_node *node,
                                  struct zarr_out *out);
/* Format 3: the member "dimension_names", if the node has them. */
tenon_status zarr_put_dimension_names (struct zarr_writer *writer, const struct zarr_node *node,
                                       struct zarr_out *out);

/* ---- write_dtype.c ---- */

tenon_status zarr_find_element (struct zarr_writer *writer, const struct tenon_tensor *tensor,
                                struct zarr_element *element);
/* The value of "data_type", and that of "dtype". */
tenon_status zarr_put_data_type (struct zarr_out *out, const struct zarr_element *element);
tenon_status zarr_put_descr (struct zarr_out *out, const struct zarr_element *element, uint32_t big_endian);

/* ---- write_fill.c ---- */

/* The value of "fill_value". Returns 0 if JSON cannot say it; nothing is put then. */
int zarr_put_fill (struct zarr_out *out, const struct zarr_element *element, uint32_t format,
                   const uint8_t *bytes);

/* ---- write_shape.c ---- */

/* Checks the options `chunks` and `shards`. */
tenon_status zarr_check_shapes (struct zarr_writer *writer);

/* Chooses the shapes of chunks and shards. */
tenon_status zarr_choose_shapes (struct zarr_writer *writer, struct zarr_stored *stored);

/* ---- write_pipeline.c ---- */

/* Chooses the filters that encode the chunks. `tells`: notes are written. */
tenon_status zarr_choose_pipeline (struct zarr_writer *writer, struct zarr_stored *stored, int tells);
/* Format 3: the items of the array of codecs that filters are. */
void zarr_put_codecs (struct zarr_out *out, const struct zarr_stored *stored);
/* Format 2: the values of "filters" and "compressor". */
void zarr_put_filters (struct zarr_out *out, const struct zarr_stored *stored);
void zarr_put_compressor (struct zarr_out *out, const struct zarr_stored *stored);

/* ---- write_array.c ---- */

/* Decides how the tensor of a node is stored. `tells`: notes are written. */
tenon_status zarr_plan_array (struct zarr_writer *writer, const struct zarr_node *node,
                              struct zarr_stored *stored, int tells);
/* Its document: an object, zarr.json or .zarray. */
tenon_status zarr_put_document (struct zarr_writer *writer, const struct zarr_stored *stored,
                                struct zarr_out *out);

/* ---- write_chunks.c ---- */

tenon_status zarr_put_chunks (struct zarr_writer *writer, const struct zarr_stored *stored);

#endif
