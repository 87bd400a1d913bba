/* SPDX-License-Identifier: MIT */
/* plan.h - the tensors and metadata of a save. */
#ifndef TN_PLAN_H
#define TN_PLAN_H
#include "catalog/catalog.h"
#include "transfer/tally.h"
#include <sys/types.h>

/* Where the bytes of a tensor of the plan come from. The codec sees its name, shape and the dtype in which it
 * will be stored, which are the entry of the same number in the plan's own catalog. */
struct tn_origin {
    struct tn_catalog *catalog;     /* held by the plan, or the plan's own */
    const struct tn_tensor *tensor; /* as it is stored; of a file's catalog, or beside the plan's own */
    uint32_t target;                /* dtype to store, in the numbers of `catalog`; TENON_NONE: as stored */
    bool from_file;                 /* a change of layout is told */
    struct tn_tally *tally;         /* of the cast; NULL: none. Each save begins it anew */
    /* the first tensor of the plan that is the same bytes; TENON_AUTO: none. Each save finds it anew */
    uint64_t twin;
};
static inline const struct tn_source *
tn_origin_source (const struct tn_origin *origin)
{
    return origin->catalog->sources[origin->tensor->source];
}

/* The file that had the name of a source after the plan was saved over it. */
struct tn_saved_over {
    const struct tn_source *source;
    dev_t device;
    ino_t inode;
};

/* A catalog that a plan has a reference to, and which of its losses the plan's saves have. */
struct tn_kept {
    struct tn_catalog *catalog;
    bool *losses; /* NULL: none */
};

/* Something that was lent to a plan, and how to give it back. */
struct tn_loan {
    void *object;
    void (*give_back) (void *object);
};

struct tenon_plan {
    tenon_context *context;
    struct tn_catalog *own; /* tensors as they will be stored; metadata; sources of arrays */
    struct tn_origin *origins;
    bool *carried; /* per tensor: it is the bytes of another one (save/carry.h); NULL: none is */
    uint64_t count, room;
    struct tn_source **metadata_sources; /* of catalogs in `kept`; values have numbers of these */
    uint64_t metadata_source_count, metadata_source_room;
    uint64_t unreadable;  /* tensors that cannot be read */
    uint64_t unnamed;     /* arrays that got a number for a name */
    bool lent;            /* it belongs to a writer, which alone saves and frees it */
    bool removed;         /* metadata has entries without keys */
    struct tn_kept *kept; /* catalogs of files */
    uint64_t kept_count, kept_room;
    struct tn_saved_over *saved_over; /* by saves of this plan */
    uint64_t saved_over_count, saved_over_room;
    struct tn_loan *loans; /* loans.h */
    uint64_t loan_count, loan_room;
};

/* Adds a source of bytes that a function makes. It is called from one thread, at rising offsets. */
tenon_status tn_plan_add_reader (tenon_plan *plan, const tenon_reader *reader, struct tn_source **source,
                                 tenon_error *error);
/* Adds an entry of metadata, or replaces it. The key may end in NUL (TENON_NUL). */
tenon_status tn_plan_set_value (tenon_plan *plan, const char *key, uint64_t length,
                                const struct tenon_value *value, tenon_error *error);
/* Copies the metadata of a file, whose catalog is kept. A key that the plan has gets the new value. */
tenon_status tn_plan_take_metadata (tenon_plan *plan, tenon_file *file, tenon_error *error);
/* Copies the metadata of a plan, which must outlive this one. A key that this one has gets the new value. */
tenon_status tn_plan_copy_metadata (tenon_plan *plan, const tenon_plan *from, tenon_error *error);
/* Sets a key to the value that a text is as JSON. */
tenon_status tn_plan_set_json (tenon_plan *plan, const char *key, const char *text, uint64_t length,
                               tenon_error *error);
/* The value of an item of an array from its text, with `type` the array's item type. A string points into the
 * text. `item` is its index, for failures. */
tenon_status tn_plan_parse_item (const char *key, uint32_t type, uint64_t item, const char *text,
                                 uint64_t length, struct tenon_value *value, tenon_error *error);

#endif
