/* SPDX-License-Identifier: MIT */
/* catalog.h - what describe fills: tensors, metadata, sources. Plain data, no pointers into a plugin.
 *
 * A catalog is filled by one thread and does not change afterwards. It is counted: a file and the plans
 * that take from it share it. About 64 bytes a tensor, its name and shape, and a hash slot. */
#ifndef TN_CATALOG_H
#define TN_CATALOG_H
#include "base/arena.h"
#include "catalog/names.h"
#include "catalog/shape.h"
#include "catalog/value.h"
#include "source/source.h"

struct tn_tensor {
    const char *name; /* NUL-terminated */
    const uint64_t *shape;
    uint64_t offset, length; /* data, in its source; served: 0, bytes of the packed data */
    uint64_t cookie;
    uint32_t name_length, dtype;
    uint32_t source;
    uint32_t description; /* served: which run of describe it comes from */
    uint16_t rank;
    uint8_t flags, storage;
};

struct tn_metadata {
    const char *key;
    uint64_t key_length;      /* 0: it was taken out of the plan again */
    struct tenon_value value; /* sources in it are the catalog's numbers */
    uint32_t description;     /* the run of describe that said it last */
};

/* One run of a codec's describe: read() gets the same source numbers. */
struct tn_description {
    uint64_t codec;
    uint32_t *sources; /* NULL: there is only the first … */
    uint32_t first;    /* … which most have: no allocation for each member of a container */
    uint32_t count, room;
};
static inline const uint32_t *
tn_description_sources (const struct tn_description *description)
{
    return description->sources ? description->sources : &description->first;
}

#define TN_SEGMENTS 32
#define TN_FIRST_SEGMENT 16u

/* Names that are entered together. */
#define TN_NAMES_AT_ONCE 32u

struct tn_catalog {
    atomic_uint references;
    tenon_context *context;
    struct tn_arena arena;                   /* names, shapes, values */
    struct tn_tensor *segments[TN_SEGMENTS]; /* 16, 16, 32, 64 …: entries never move */
    uint64_t count;
    struct tn_names names;             /* of tensors, but for those that were added last */
    uint64_t entered;                  /* tensors whose names are there */
    uint64_t places[TN_NAMES_AT_ONCE]; /* where the file describes those whose names are not; 0: unknown */
    struct tn_metadata *metadata;
    uint64_t metadata_count, metadata_room, metadata_bytes;
    struct tn_names keys;
    struct tn_source **sources;
    uint64_t source_count, source_room;
    struct tenon_dtype **dtypes; /* opaque ones; id = the context's last + 1 + index */
    uint64_t dtype_count, dtype_room;
    struct tn_names words; /* of the opaque dtypes */
    struct tn_description *descriptions;
    uint64_t description_count, description_room;
    struct tn_overlay overlay; /* this file's settings, for read() */
    /* makes a region of a served tensor: set by whoever describes */
    tenon_status (*serve) (struct tn_catalog *catalog, const struct tn_tensor *tensor,
                           const struct tenon_region *region, void *to, uint64_t size, tenon_error *error);
    bool restored;  /* it has carried tensors, which a record in the file's metadata explains */
    bool reordered; /* that record gave it another order than the file's */
    bool aliases;   /* the codec allows tensors to share bytes */
};

struct tn_catalog *tn_catalog_new (tenon_context *context);
struct tn_catalog *tn_catalog_keep (struct tn_catalog *catalog);
void tn_catalog_drop (struct tn_catalog *catalog);

static inline struct tn_tensor *
tn_catalog_tensor (const struct tn_catalog *catalog, uint64_t index)
{
    /* segment 0 holds 0 … 15, segment k ≥ 1 holds 16·2^(k-1) … 16·2^k - 1 */
    if (index < TN_FIRST_SEGMENT)
        return &catalog->segments[0][index];
    unsigned segment = 63u - (unsigned) __builtin_clzll (index / TN_FIRST_SEGMENT) + 1;
    return &catalog->segments[segment][index - ((uint64_t) TN_FIRST_SEGMENT << (segment - 1))];
}

/* Adds a source and numbers it; takes it over, also on failure. */
tenon_status tn_catalog_add_source (struct tn_catalog *catalog, struct tn_source *source, tenon_error *error);
/* Room for one more tensor, zeroed; not counted until tn_catalog_commit, which also enters its name. NULL:
 * no memory. */
struct tn_tensor *tn_catalog_slot (struct tn_catalog *catalog);
/* So many tensors are to come, as far as is known. */
void tn_catalog_expect (struct tn_catalog *catalog, uint64_t tensors);
/* TENON_E_MALFORMED when the name is there already. */
tenon_status tn_catalog_commit (struct tn_catalog *catalog, tenon_error *error);
/* The same, but names are looked up some at a time: the failure may be that of one a little before it. When
 * no more come, and before a name is looked for: tn_catalog_enter_names. */
tenon_status tn_catalog_commit_later (struct tn_catalog *catalog, uint64_t place, tenon_error *error);
tenon_status tn_catalog_enter_names (struct tn_catalog *catalog, tenon_error *error);
/* False: no such name. */
bool tn_catalog_find (const struct tn_catalog *catalog, const char *name, uint64_t length, uint64_t *index);
/* Finds all names and keys again after entries were changed round, or keys taken out. Needs no memory. */
void tn_catalog_renumber (struct tn_catalog *catalog);
/* Copies key and value into the catalog. `replace`: a key that is there gets the new value, else it is
 * TENON_E_MALFORMED. */
tenon_status tn_catalog_add_metadata (struct tn_catalog *catalog, const char *key, uint64_t length,
                                      const struct tenon_value *value, bool replace, tenon_error *error);
bool tn_catalog_find_key (const struct tn_catalog *catalog, const char *key, uint64_t length,
                          uint64_t *index);
tenon_status tn_catalog_add_dtype (struct tn_catalog *catalog, const struct tenon_dtype *dtype,
                                   uint32_t *number, tenon_error *error);
/* Fixed, registered, or this catalog's own. NULL: none. */
const struct tenon_dtype *tn_catalog_dtype (const struct tn_catalog *catalog, uint32_t dtype);

#endif
