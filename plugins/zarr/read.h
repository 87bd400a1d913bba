/* SPDX-License-Identifier: MIT */
/* read.h - what the files that read share. Each calls those below it only.
 *
 *     describe.c      describe: the root of a store, and which version it has
 *     consolidated.c  the nodes that consolidated metadata list
 *     walk.c          the nodes of a store without them, found by listing
 *     node.c          a metadata document: a group, or an array
 *     array2.c        the document of an array, version 2
 *     array3.c        the same, version 3
 *     sharding.c      version 3: the list of codecs, and shards
 *     steps.c         a codec's configuration as a step of a pipeline
 *     fill.c          fill values
 *     add.c           adds an array to the catalog
 *     attributes.c    attributes as metadata
 *     record.c        the types that JSON does not keep
 *     type.c          names of dtypes
 *     structure.c     dtypes with fields
 *     document.c      pieces of JSON
 *
 *     locate.c        locate_chunk, which knows of an array what state.h says
 *
 * Functions that return int32_t return 0; or ZARR_FAULT, if the document is at fault, whose first fault the
 * reader keeps; or a negative status for a failure that the host has recorded. */
#ifndef TENON_ZARR_READ_H
#define TENON_ZARR_READ_H

#include "zarr.h"
#include <tenon/json.h>

#define ZARR_RANK 64u
#define ZARR_STEPS 16u
#define ZARR_PATH 3900u /* the longest path, bytes: keys of chunks stay below the host's limit */
#define ZARR_LEVELS 4u  /* shards in shards */
#define ZARR_SETUP 16u  /* bytes of the largest setup of a step */

enum { ZARR_FAULT = 1 };
#define ZARR_TRY(expression)                                                                                 \
    do {                                                                                                     \
        int32_t zarr_try_ = (expression);                                                                    \
        if (zarr_try_ != 0)                                                                                  \
            return zarr_try_;                                                                                \
    } while (0)

/* A value in a document; its bytes are valid JSON. NULL: there is none. */
struct zarr_text {
    const uint8_t *bytes;
    uint64_t length;
};

/* A string or path, in UTF-8, with a NUL behind its bytes. NULL: there is none. */
struct zarr_word {
    const char *bytes;
    uint64_t length;
    const uint8_t *place; /* in the document, if it comes from one */
};

/* The types of the record in the attributes of the root. */
struct zarr_record;

/* The state of describe. */
struct zarr_reader {
    struct tenon_call *call;
    uint32_t version; /* 2 or 3 */
    uint32_t depth;   /* limits.depth */
    /* the document in work: the source that has its bytes, and what messages call it */
    uint32_t source;
    const char *document;
    const struct zarr_record *record; /* NULL: there is none */
    struct zarr_array *array;         /* used again for each array */
    uint8_t *bytes;                   /* of a document; used again */
    uint64_t size, bytes_room;
    const uint8_t *place; /* among those bytes: what was looked at last, where a fault would be */
    char *key;            /* of metadata; used again */
    uint64_t key_room;
    /* the first fault of the document in work; status 0: there is none */
    tenon_status fault;
    uint64_t fault_offset; /* in the source; TENON_AUTO: none */
    char words[320];
};

/* An element type. */
struct zarr_type {
    uint32_t dtype; /* a fixed id; TENON_NONE: opaque, only `text` describes it */
    uint32_t flags; /* TENON_BIG_ENDIAN */
    uint64_t bytes; /* of an item */
    /* NumPy's letter: b i u f c S U V M m; V for structures, f also for bf16 and the f8 family */
    char kind;
    char order;       /* '<' '>', or '|' if there is none to state */
    const char *text; /* opaque: as NumPy's descr has it */
};

/* A step of a pipeline, with room for its setup. */
struct zarr_step {
    const char *filter;
    int32_t level;
    uint32_t setup_size;
    uint8_t setup[ZARR_SETUP];
};

/* Shards: chunks that are divided into inner chunks. */
struct zarr_shards {
    uint64_t inner[ZARR_RANK]; /* the shape of inner chunks, in dims of the array */
    uint32_t order[ZARR_RANK]; /* the dims of the array in the order in which the index has them */
    uint32_t at_start;         /* where the index is: at the start or at the end */
    uint32_t has_sum;          /* 4 bytes of CRC-32C behind it */
    uint32_t big_endian;
};

/* What stands between the path of an array and the numbers of a chunk in a key. */
enum { ZARR_KEYS_V2 = 0 /* nothing */, ZARR_KEYS_DEFAULT = 1 /* "c" */ };

/* An array, as its document describes it. */
struct zarr_array {
    struct zarr_word path;
    uint64_t dims; /* the number of dims that the document states; UINT64_MAX: none yet */
    uint32_t rank; /* the same, at most ZARR_RANK */
    uint32_t keys, separator;
    uint32_t is_fortran;
    uint64_t shape[ZARR_RANK];
    uint64_t chunk[ZARR_RANK]; /* of a key: of a chunk, or of a shard */
    uint32_t order[ZARR_RANK]; /* tenon_grid.order, of inner chunks */
    struct zarr_type type;
    struct zarr_word type_name; /* the document's word for it, for messages */
    struct zarr_step steps[ZARR_STEPS];
    uint32_t step_count, level_count;
    struct zarr_shards levels[ZARR_LEVELS];
    void *fill;                         /* an item; NULL: zeros */
    uint32_t has_no_fill;               /* the document leaves the value open: null */
    struct zarr_text attributes, names; /* of dims */
};

/* ---- document.c ---- */

/* Records the first fault of a document, and is ZARR_FAULT: a macro, so that the compiler sees that. */
#define zarr_fault(reader, status, ...) (zarr_fault_text (reader, status, __VA_ARGS__), (int32_t) ZARR_FAULT)
__attribute__ ((format (printf, 3, 4))) void zarr_fault_text (struct zarr_reader *reader, tenon_status status,
                                                              const char *format, ...);
/* The same for a name that stands for nothing that is supported. */
int32_t zarr_fault_unknown (struct zarr_reader *reader, const char *what, struct zarr_word name);
/* The words of the fault, for a report, which has no other room for the byte in the document. Call it once.
 */
const char *zarr_fault_words (struct zarr_reader *reader);
/* Begins to parse a value: faults are here, until another one is looked at. */
void zarr_begin (struct zarr_reader *reader, struct zarr_text text, struct tenon_json *json);
/* The offset of a place in the source of the document in work; TENON_AUTO: it is not in it. */
uint64_t zarr_offset (const struct zarr_reader *reader, const void *place);
/* Passes over the value that begins with `token`, and returns its text. */
int32_t zarr_take (struct zarr_reader *reader, struct tenon_json *json, int32_t token,
                   struct zarr_text *value);
/* The first token of a value. */
int32_t zarr_token (struct zarr_reader *reader, struct zarr_text text);
/* True if the value is the string. */
int zarr_text_is (struct zarr_reader *reader, struct zarr_text text, const char *literal);
/* The string that the value is, in scratch memory; `what` names the value in messages. */
int32_t zarr_take_string (struct zarr_reader *reader, struct zarr_text text, const char *what,
                          struct zarr_word *word);
/* The last key or string of the parser, in scratch memory. */
int32_t zarr_take_word (struct zarr_reader *reader, const struct tenon_json *json, struct zarr_word *word);

/* A member of an object, and its value if the object has it. */
struct zarr_member {
    const char *name;
    struct zarr_text value;
};
/* Finds members of an object. *other is the first one that is none of them and that must be understood: its
 * value is no object that says "must_understand": false. `other` NULL: any may be there. */
int32_t zarr_take_members (struct zarr_reader *reader, struct zarr_text object, const char *what,
                           struct zarr_member *members, uint32_t count, struct zarr_word *other);
/* An array of whole numbers, *count of them, of which the first `room` go into `numbers`. Each is below
 * 2^63. */
int32_t zarr_take_numbers (struct zarr_reader *reader, struct zarr_text text, const char *what,
                           uint64_t *numbers, uint64_t room, uint64_t *count);

/* A name with a configuration, as an object or as the name alone. */
struct zarr_named {
    struct zarr_word name;
    struct zarr_text configuration;
    uint32_t may_ignore; /* "must_understand": false */
};
int32_t zarr_take_named (struct zarr_reader *reader, struct zarr_text text, const char *what,
                         struct zarr_named *named);
int zarr_word_is (struct zarr_word word, const char *literal);

/* ---- type.c ---- */

#define ZARR_TYPESTRING 64u
#define ZARR_UNIT 40u

/* Version 3's name of a dtype. */
struct zarr_name {
    const char *name;
    uint32_t dtype;
    char kind; /* NumPy's letter */
    uint8_t bytes;
};
/* NULL: there is none. */
const struct zarr_name *zarr_find_name (struct zarr_word word);
/* The type of a name, in this byte order, '<' or '>'. */
int32_t zarr_use_name (struct zarr_reader *reader, const struct zarr_name *name, char order,
                       struct zarr_type *type);
/* A type of NumPy: the kind, the number behind it, and the unit of a time. */
int32_t zarr_make_type (struct zarr_reader *reader, char kind, char order, uint64_t number, const char *unit,
                        struct zarr_type *type);
int zarr_is_unit (const char *word, uint64_t length);
/* Writes the unit between `at` and `end` as NumPy does: "[25s]". Returns 1. */
int zarr_format_unit (uint64_t multiple, const char *at, const char *end, char unit[ZARR_UNIT]);
/* NumPy's notation: "<f4", or a name such as "int32". */
int32_t zarr_take_typestring (struct zarr_reader *reader, struct zarr_word word, struct zarr_type *type);
/* A type of version 3 without fields. */
int32_t zarr_take_type3 (struct zarr_reader *reader, const struct zarr_named *named, char order,
                         struct zarr_type *type);

/* ---- structure.c ---- */

/* The value of "dtype" in version 2, or of "data_type" in version 3, whose byte order the codec bytes has. */
int32_t zarr_take_type (struct zarr_reader *reader, struct zarr_text text, char order,
                        struct zarr_type *type);

/* ---- fill.c ---- */

/* The item that a fill value is: array->fill. */
int32_t zarr_take_fill (struct zarr_reader *reader, struct zarr_text text, struct zarr_array *array);

/* ---- steps.c ---- */

/* What a codec works on. */
enum { ZARR_ON_ARRAY = 1, ZARR_ON_BYTES = 2 };
/* Adds a codec as a step, by numcodecs' name for it, unless decoding has nothing to do. `item` is the type
 * of the array. *works_on is ZARR_ON_ARRAY or ZARR_ON_BYTES. */
int32_t zarr_add_step (struct zarr_reader *reader, struct zarr_array *array, struct zarr_word name,
                       struct zarr_text configuration, uint32_t *works_on);
/* The codecs blosc and crc32c of version 3. */
int32_t zarr_add_blosc3 (struct zarr_reader *reader, struct zarr_array *array,
                         struct zarr_text configuration);
int32_t zarr_add_crc32c (struct zarr_reader *reader, struct zarr_array *array);

/* ---- sharding.c ---- */

/* The value of "codecs" in version 3. Sets the order of the type too. */
int32_t zarr_take_codecs (struct zarr_reader *reader, struct zarr_text codecs, struct zarr_text data_type,
                          struct zarr_array *array);

/* ---- array2.c, array3.c ---- */

/* The document of an array: array->attributes and names are texts of it. */
int32_t zarr_take_array2 (struct zarr_reader *reader, struct zarr_text document, struct zarr_array *array);
int32_t zarr_take_array3 (struct zarr_reader *reader, struct zarr_text document, struct zarr_array *array);
/* Members of an object that must be there. */
int32_t zarr_require (struct zarr_reader *reader, struct zarr_text object, const struct zarr_member *members,
                      uint32_t count);
/* "zarr_format": the version of the reader. */
int32_t zarr_take_format (struct zarr_reader *reader, struct zarr_text text);
/* The shape of chunks; `what` is the member's name. */
int32_t zarr_take_shape (struct zarr_reader *reader, struct zarr_text text, struct zarr_array *array);
int32_t zarr_take_chunk (struct zarr_reader *reader, struct zarr_text text, const char *what,
                         struct zarr_array *array);

/* ---- add.c ---- */

/* Adds an array to the catalog; or, with the fault of the reader, as one that cannot be read. Its path is
 * empty at the root. */
tenon_status zarr_add_array (struct zarr_reader *reader, struct zarr_array *array);
tenon_status zarr_skip_array (struct zarr_reader *reader, struct zarr_array *array);

/* ---- record.c ---- */

/* The attribute of the root that states the types which JSON does not keep. */
#define ZARR_RECORD "tenon_types"

/* Reads the record among the attributes of the root, if it is there. */
tenon_status zarr_read_record (struct zarr_reader *reader, struct zarr_text attributes);
/* The type that the record has for a key of metadata. Returns 0 if it has none. */
int zarr_recorded (struct zarr_reader *reader, const char *key, uint64_t length, struct tenon_value *type);

/* ---- attributes.c ---- */

/* Adds the attributes of a node as metadata. */
tenon_status zarr_add_attributes (struct zarr_reader *reader, struct zarr_word path,
                                  struct zarr_text attributes);
/* Adds the names of the dims of an array. */
tenon_status zarr_add_names (struct zarr_reader *reader, struct zarr_word path, struct zarr_text names);

/* ---- node.c ---- */

/* Reads a key of the store: *text is in reader->bytes until the next key is read. TENON_E_NOT_FOUND is no
 * failure. ZARR_FAULT: it cannot be read. */
int32_t zarr_read_key (struct zarr_reader *reader, const char *key, uint64_t length, struct zarr_text *text);
/* Fails with the fault of the reader. */
tenon_status zarr_fail (struct zarr_reader *reader);
/* True for the path of a node: "" is the root. */
int zarr_is_path (struct zarr_word path);
/* Begins a document: `name` is what messages call it. */
void zarr_begin_document (struct zarr_reader *reader, const char *name);
/* The document of an array of version 2. */
tenon_status zarr_add_node2 (struct zarr_reader *reader, struct zarr_word path, struct zarr_text document);
/* A document of version 3. *group: it is that of a group, and these are its consolidated metadata. */
tenon_status zarr_add_node3 (struct zarr_reader *reader, struct zarr_word path, struct zarr_text document,
                             int *is_group, struct zarr_text *consolidated);
/* Adds an array whose document cannot be read: the fault is that of the reader. */
tenon_status zarr_skip_node (struct zarr_reader *reader, struct zarr_word path);

/* ---- consolidated.c ---- */

tenon_status zarr_add_consolidated2 (struct zarr_reader *reader, struct zarr_text document);
tenon_status zarr_add_consolidated3 (struct zarr_reader *reader, struct zarr_text metadata);

/* ---- walk.c ---- */

/* Adds the nodes beneath the root. */
tenon_status zarr_walk (struct zarr_reader *reader);

#endif
