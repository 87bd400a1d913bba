/* SPDX-License-Identifier: MIT */
/* safetensors.h - what the files of the safetensors plugin share. Each calls those below it only.
 *
 *     safetensors.c      the tables, describe, and probe
 *     header.c           describe: the header of a file of tensors
 *     plain.c            a tensor of a header in its usual form
 *     index.c            describe: the index of a sharded set
 *     metadata.c         describe: __metadata__, with the next two
 *     metadata_types.c   the record of types, and the values that it turns texts into
 *     pairs.c            keys and texts of __metadata__
 *     write.c            write: files of tensors, and sets of shards with their index
 *     index_write.c      write: the text of an index
 *     metadata_write.c   write: __metadata__
 *     dtypes.c           the dtypes of the format
 *     names.c            tables of names
 *     sort.c             sorting, and the work of it
 *     text.c             texts
 *
 * The format: the README and the Rust source of github.com/huggingface/safetensors ("the reference" below),
 * and for sets the index files of the Hugging Face hub. Positions and lengths are bytes. All memory is
 * scratch of the call. */
#ifndef SAFETENSORS_H
#define SAFETENSORS_H

#include <tenon/json.h>
#include <tenon/plugin.h>

/* The reference's limit on a header (MAX_HEADER_SIZE). */
#define ST_MOST_HEADER 100000000u
/* Bytes of data in a shard of a set that is saved under the name of its index, as on the Hugging Face hub. */
#define ST_SHARD_SIZE 5000000000u
/* The length of the header comes first, as a u64: the header begins here. */
#define ST_PREFIX 8u
/* Levels of JSON in a header or index. */
#define ST_DEPTH 64u
/* The metadata key of the record of types. */
#define ST_RECORD "tenon.metadata"
/* The metadata key of what an index holds beside its map and its size. */
#define ST_KEPT "tenon.index"

/* The codec's options, by their place in its table. */
enum { ST_OPTION_SLACK, ST_OPTION_SHARD_SIZE, ST_OPTIONS };

/* ---- dtypes.c ---- */

/* A dtype of the format and of tenon. The table has the order in which the reference writes tensors, widest
 * first. */
struct st_dtype {
    const char *word;
    uint32_t length, dtype;
    uint32_t items, bytes; /* of a block */
};
#define ST_DTYPES 22u
extern const struct st_dtype st_dtypes[ST_DTYPES];
/* The dtype that a file calls by this word; NULL if there is none. */
const struct st_dtype *st_find_word (const void *word, uint64_t length);
/* The place in the table of a dtype of tenon; ST_DTYPES if the format does not have it. */
uint32_t st_rank_of (uint32_t dtype);

/* ---- plain.c ---- */

#define ST_RANK 64u /* the most dims of a tensor that can be read */

/* A tensor of a header. */
struct st_entry {
    const char *name;
    uint64_t name_length;
    const struct st_dtype *dtype; /* NULL: the format has none of that word */
    const char *word;             /* without a dtype: its word, perhaps cut */
    uint64_t shape[ST_RANK];
    uint64_t begin, end; /* of its data, from the first byte of data */
    uint64_t at;         /* of the entry in the header */
    uint32_t rank;       /* ST_RANK + 1: more dims, which are not known */
};
/* Parses the value at `at` if it has the form that all writers give it, and returns the byte behind it; NULL
 * if it has not: then the fields but name and at are undefined. entry->dtype is that of the entry before, or
 * NULL. */
const uint8_t *st_take_plain (const uint8_t *at, const uint8_t *end, struct st_entry *entry);

/* ---- text.c ---- */

/* A text of the caller, which need not end in NUL. */
struct st_piece {
    const char *bytes;
    uint64_t length;
};
/* Records json->error at its place; `base` is the place of the document in the file. */
tenon_status st_fail_json (struct tenon_call *call, const struct tenon_json *json, uint64_t base);
/* A copy that ends in NUL; NULL: the failure is recorded. */
const char *st_copy (struct tenon_call *call, const char *text, uint64_t length);
/* The last key or string of the parser with its escapes resolved; NULL: the failure is recorded. */
const char *st_text (struct tenon_call *call, const struct tenon_json *json, uint64_t *length);
/* The order of two texts by their bytes, less than, equal to or greater than 0; a prefix comes first. */
int st_compare (const char *a, uint64_t a_length, const char *b, uint64_t b_length);

/* ---- names.c ---- */

/* A hash table from names to numbers. */
struct st_name {
    const char *text; /* NULL: the slot is free */
    uint64_t length, number;
};
struct st_names {
    struct tenon_call *call;
    struct st_name *slots;
    uint64_t mask;
};
/* Begins a table with room for `most` names. */
tenon_status st_names_begin (struct tenon_call *call, struct st_names *names, uint64_t most);
/* The slot of a name; a free one, for the caller to fill, if the name is not there yet. */
struct st_name *st_names_slot (const struct st_names *names, const char *text, uint64_t length);

/* ---- sort.c ---- */

/* The work service; a host without it bounds none. */
tenon_status st_work (struct tenon_call *call, uint64_t amount);
/* Sorts, stably, and draws the work, so that it can be stopped. Returns the sorted items, in `items` or in
 * scratch memory; NULL: the failure is recorded. */
void *st_sort (struct tenon_call *call, void *items, uint64_t count, uint64_t size,
               int (*compare) (const void *a, const void *b));

/* ---- header.c, index.c ---- */

/* Describe source 0, which has `size` bytes. */
tenon_status st_describe_header (struct tenon_call *call, uint64_t size);
tenon_status st_describe_index (struct tenon_call *call, uint64_t size);
/* True if a file of this name is an index. Nothing but the name tells it from a file of tensors. */
int st_is_index (const char *name, uint64_t length);

/* ---- pairs.c ---- */

/* True if the key is ST_RECORD. */
int st_is_record (const char *key, uint64_t length);
/* The next key of __metadata__ and its text; key->bytes is NULL behind the last one. */
tenon_status st_next_pair (struct tenon_call *call, struct tenon_json *json, uint64_t base,
                           struct st_piece *key, struct st_piece *text);
/* Adds a pair to the catalog, as a string. */
tenon_status st_add_string (struct tenon_call *call, const struct st_piece *key, const struct st_piece *text);

/* ---- metadata.c, metadata_types.c ---- */

/* Reads __metadata__, whose value is next, into the catalog. `base`: of the document in the file. */
tenon_status st_read_metadata (struct tenon_call *call, struct tenon_json *json, uint64_t base);
/* The same for `count` pairs that include a record of types; { was read. */
tenon_status st_read_typed (struct tenon_call *call, struct tenon_json *json, uint64_t base, uint64_t count);

/* ---- index_write.c ---- */

/* A tensor, and the name of its shard. */
struct st_line {
    const char *name;
    uint64_t length;
    const char *file;
};
/* The text of an index of `count` lines. */
tenon_status st_make_index (struct tenon_call *call, const struct st_line *lines, uint64_t count,
                            uint64_t total, const struct st_piece *kept, struct st_piece *made);
/* True if the key is ST_KEPT. */
int st_is_kept (const char *key, uint64_t length);
/* The value of ST_KEPT among the `given` entries of metadata in the plan, if it can go into an index;
 * kept->bytes is NULL if not. */
tenon_status st_find_kept (struct tenon_call *call, uint64_t given, struct st_piece *kept);

/* ---- write.c, metadata_write.c ---- */

tenon_status st_write (struct tenon_call *call);
/* The text "__metadata__":{…} for the `given` entries of metadata in the plan, without ST_KEPT if that is in
 * the index; leaves *made as it is if there are none. */
tenon_status st_make_metadata (struct tenon_call *call, uint64_t given, int without_kept,
                               struct st_piece *made);

#endif
