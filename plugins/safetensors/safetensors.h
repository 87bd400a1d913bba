/* SPDX-License-Identifier: MIT */
/* safetensors.h - what the parts of the codec know of each other. */
#ifndef SAFETENSORS_H
#define SAFETENSORS_H

#include <tenon/json.h>
#include <tenon/plugin.h>

/* The reference's limit on a header (MAX_HEADER_SIZE). */
#define ST_MOST_HEADER 100000000u
/* Bytes of data in a shard of a set that is named by its index, as the Hugging Face hub has them. */
#define ST_SHARD_SIZE 5000000000u
/* The length of the header, and where the header begins. */
#define ST_PREFIX 8u
#define ST_DEPTH 64u
/* The metadata key whose value says which others are no strings. */
#define ST_RECORD "tenon.metadata"

enum { ST_OPTION_SLACK, ST_OPTION_SHARD_SIZE, ST_OPTIONS };

/* A dtype: ours, and the word for it. In the order in which the reference writes its tensors, widest first.
 */
struct st_dtype {
    const char *word;
    uint32_t length, dtype;
    uint32_t items, bytes; /* of a block */
};
#define ST_DTYPES 22u
extern const struct st_dtype st_dtypes[ST_DTYPES];
/* By the word of a file; NULL: there is none. */
const struct st_dtype *st_find_word (const void *word, uint64_t length);
/* The rank of one of ours; ST_DTYPES: it has none. */
uint32_t st_rank_of (uint32_t dtype);

/* A tensor of a header. */
struct st_entry {
    const char *name;
    uint64_t name_length;
    const struct st_dtype *dtype; /* before: that of the tensor before, or NULL */
    uint64_t shape[64], begin, end;
    uint64_t at; /* in the header */
    uint32_t rank;
};
/* The value that begins at `at`, if it looks as all writers have it; where it ends. NULL: it does not. */
const uint8_t *st_take_plain (const uint8_t *at, const uint8_t *end, struct st_entry *entry);

/* What tenon_json.error says, at its place in the file. `base`: where the document begins there. */
tenon_status st_fail_json (struct tenon_call *call, const struct tenon_json *json, uint64_t base);
/* A text with a NUL behind it; NULL: no memory. */
const char *st_copy (struct tenon_call *call, const char *text, uint64_t length);
/* The key or string that was read last, out of its escapes; NULL: no memory. */
const char *st_text (struct tenon_call *call, const struct tenon_json *json, uint64_t *length);

/* By its name, all that tells an index from a file of tensors. */
int st_is_index (const char *name, uint64_t length);

tenon_status st_describe_header (struct tenon_call *call, uint64_t size);
tenon_status st_describe_index (struct tenon_call *call, uint64_t size);
tenon_status st_read_metadata (struct tenon_call *call, struct tenon_json *json, uint64_t base);
/* A text that lives elsewhere. */
struct st_piece {
    const char *bytes;
    uint64_t length;
};
/* The next key and text of __metadata__; key->bytes is NULL behind the last one. */
tenon_status st_next_pair (struct tenon_call *call, struct tenon_json *json, uint64_t base,
                           struct st_piece *key, struct st_piece *text);
tenon_status st_add_string (struct tenon_call *call, const struct st_piece *key, const struct st_piece *text);
/* All `count` pairs of __metadata__, one of which is the record of types. */
tenon_status st_read_typed (struct tenon_call *call, struct tenon_json *json, uint64_t base, uint64_t count);
tenon_status st_write (struct tenon_call *call);
/* "__metadata__":{…} of the plan, which has so many; nothing if it has none. */
tenon_status st_make_metadata (struct tenon_call *call, uint64_t given, struct st_piece *made);
int st_is_record (const char *key, uint64_t length);
/* By bytes; what ends first comes first. */
int st_compare (const char *a, uint64_t a_length, const char *b, uint64_t b_length);
tenon_status st_option (struct tenon_call *call, uint32_t index, struct tenon_setting *setting);

/* Names, each with a number. */
struct st_name {
    const char *text;
    uint64_t length, number;
};
struct st_names {
    struct st_name *slots;
    uint64_t mask, seed;
};
/* Room for `most` names. */
tenon_status st_names_begin (struct tenon_call *call, struct st_names *names, uint64_t most);
/* The slot of a name: text is NULL when it is not there yet. */
struct st_name *st_names_slot (const struct st_names *names, const char *text, uint64_t length);

#endif
