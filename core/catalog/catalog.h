/* SPDX-License-Identifier: MIT */
/* catalog.h - the tensors, metadata and sources of a file, or of a plan. Plain data, no pointers into a
 * plugin.
 *
 * One thread fills a catalog, which does not change afterwards. References to it are counted: a file shares
 * it with the plans that have tensors of it. A tensor takes about 72 bytes, its name and shape, and a hash
 * slot. */
#ifndef TN_CATALOG_H
#define TN_CATALOG_H
#include "catalog/claims.h"
#include "catalog/grid.h"
#include "catalog/names.h"
#include "catalog/shape.h"
#include "catalog/value.h"
#include "source/source.h"
#include "source/unpack.h"

/* What read and locate_chunk of a codec get to know of a tensor beside its dtype and shape, as describe gave
 * it. */
struct tn_served {
    uint64_t offset, place;
    uint64_t size;
    const struct tn_grid *grid; /* of chunks, or of the boxes that read is asked for; NULL: any box */
    /* behind it, aligned to 16: `size` bytes, the codec's state */
};
static inline void *
tn_served_state (const struct tn_served *served)
{
    return (char *) (uintptr_t) served + sizeof *served;
}

struct tn_tensor {
    const char *name; /* NUL-terminated */
    const uint64_t *shape;
    uint64_t offset, length;        /* bytes in its source; served: 0, and bytes of the packed data */
    const struct tn_served *served; /* NULL: its bytes are a range of its source */
    uint32_t name_length, dtype;
    uint32_t source;
    uint32_t description; /* served: index of the run of describe that added it */
    uint32_t remark;      /* number + 1 of what is known beside this; 0: nothing */
    uint16_t rank;
    uint8_t flags, storage;
};

/* What is said of a few tensors only. */
struct tn_remark {
    tenon_status status; /* negative: the tensor cannot be read … */
    const char *why;     /* … for this reason */
    const char *dtype;   /* the format's words for a dtype that is not known; NULL: it is known */
    uint32_t loss;       /* number + 1 of the first loss on it; 0: none */
    /* Between neighbours in each dim, in items; those of dims of 1 do not count. NULL: it is packed. Else its
     * items take `span` bytes of the source, from the first to the last, of which `low` lie before its
     * offset. */
    const int64_t *strides;
    uint64_t low, span;
};

/* Something in the file that the catalog does not hold: a loss of the saves that take what it lies beside. */
struct tn_omission {
    const char *subject, *file, *message; /* as in reports, but not escaped */
    uint32_t next;                        /* number + 1 of the next one on the same; 0: none */
};

struct tn_metadata {
    const char *key;
    uint64_t key_length;      /* 0: the entry was removed, and is skipped */
    struct tenon_value value; /* its sources are numbers of the catalog's */
    uint32_t description;     /* index of the run of describe that set it last */
    bool given;               /* of a plan: the program set it, it comes from no file */
    uint32_t codec; /* of a plan: 1 + the number of the codec whose file it comes, or came first, from */
};

/* One run of a codec's describe. The codec's read gets the same source numbers. */
struct tn_description {
    uint64_t codec;
    uint32_t *sources; /* NULL: only the first … */
    uint32_t first;    /* … as most have: no allocation for each member of a container */
    uint32_t count, room;
    uint32_t loss;            /* number + 1 of the first loss on all of an included source; 0: none */
    struct tn_claims *claims; /* the keys that it opened or claimed for chunks; NULL: none */
};
/* The numbers of its sources in the catalog. */
static inline const uint32_t *
tn_description_sources (const struct tn_description *description)
{
    return description->sources ? description->sources : &description->first;
}

#define TN_SEGMENTS 32
/* Entries of the first segment, as a power of 2, unless more tensors are expected. */
#define TN_FIRST_SEGMENT 4u

/* Names are entered so many at a time. */
#define TN_NAMES_AT_ONCE 32u

struct tn_catalog {
    atomic_uint references;
    tenon_context *context;
    struct tn_arena arena;                   /* names, shapes, values */
    struct tn_tensor *segments[TN_SEGMENTS]; /* n, n, 2n, 4n …: entries never move */
    unsigned first_segment;                  /* n, as a power of 2 */
    uint64_t count;
    struct tn_names names; /* of the first `entered` tensors */
    uint64_t entered;
    uint64_t places[TN_NAMES_AT_ONCE]; /* where the file describes the others; 0: unknown */
    struct tn_metadata *metadata;
    uint64_t metadata_count, metadata_room, metadata_bytes;
    struct tn_remark *remarks;
    uint64_t remark_count, remark_room;
    uint64_t unreadable; /* tensors */
    struct tn_omission *omissions;
    uint64_t omission_count, omission_room;
    struct tn_names keys;
    struct tn_source **sources;
    uint64_t source_count, source_room;
    struct tn_file_pool *files;         /* of those that lie beside source 0; NULL: there are none */
    struct tn_store store;              /* those that were unpacked */
    const struct tn_pipeline *pipeline; /* of the encoded part that was added last */
    struct tn_apart *apart;      /* where third-party filters and dtypes decode; NULL: in the program */
    struct tenon_dtype **dtypes; /* opaque ones; their numbers follow the context's */
    uint64_t dtype_count, dtype_room;
    struct tn_names words; /* of the opaque dtypes */
    struct tn_description *descriptions;
    uint64_t description_count, description_room;
    struct tn_overlay overlay; /* this file's settings, for the codec's read */
    struct tn_budget *budget;  /* while the file is opened; else NULL */
    /* makes a region of a served tensor; set by the room codec, which is above this one */
    tenon_status (*serve) (struct tn_catalog *catalog, const struct tn_tensor *tensor,
                           const struct tenon_region *region, void *to, uint64_t size, tenon_error *error);
    const struct tn_locating *locating; /* finds the chunks of its tensors; set likewise */
    struct tn_locators *locators;       /* that it keeps; NULL: it has no tensor in chunks */
    bool names_wait; /* names are entered only when one is looked for: another catalog has the same and enters
                        them */
    bool name_twice; /* a name was to be entered twice */
    bool serves;     /* it has tensors that their codec serves, or whose chunks it locates */
    bool restored;   /* it has carried tensors, restored from the record in the file's metadata */
    bool reordered;  /* that record put the tensors into another order than the file's */
    bool aliases;    /* the codec allows tensors to share bytes */
};

/* A file of the folder, which was added, need not keep its descriptor. */
tenon_status tn_catalog_pool_source (struct tn_catalog *catalog, const char *folder, struct tn_source *source,
                                     tenon_error *error);
/* With one reference. NULL: no memory. */
struct tn_catalog *tn_catalog_new (tenon_context *context);
/* What it allocates from now on is drawn from the budget; NULL: from none. */
void tn_catalog_set_budget (struct tn_catalog *catalog, struct tn_budget *budget);
/* One reference more, and one less. The last one frees; NULL is fine. */
struct tn_catalog *tn_catalog_keep (struct tn_catalog *catalog);
void tn_catalog_drop (struct tn_catalog *catalog);

static inline struct tn_tensor *
tn_catalog_tensor (const struct tn_catalog *catalog, uint64_t index)
{
    /* segment 0 holds 0 … n-1, segment k ≥ 1 holds n·2^(k-1) … n·2^k - 1 */
    uint64_t above = index >> catalog->first_segment;
    if (above == 0)
        return &catalog->segments[0][index];
    unsigned segment = 64u - (unsigned) __builtin_clzll (above);
    return &catalog->segments[segment][index - ((uint64_t) 1 << (catalog->first_segment + segment - 1))];
}

/* Adds a source and numbers it. The catalog owns it, also after a failure. */
tenon_status tn_catalog_add_source (struct tn_catalog *catalog, struct tn_source *source, tenon_error *error);
/* Room for one more tensor, zeroed. It counts only after tn_catalog_commit, which also enters its name. NULL:
 * no memory. */
struct tn_tensor *tn_catalog_slot (struct tn_catalog *catalog);
/* Gives the tensor of tn_catalog_slot a shape, which is copied. False: no memory. */
bool tn_catalog_give_shape (struct tn_catalog *catalog, struct tn_tensor *tensor, uint32_t rank,
                            const uint64_t *shape);
/* The reason why a tensor cannot be read; NULL: it can. */
static inline const struct tn_remark *
tn_catalog_fault (const struct tn_catalog *catalog, const struct tn_tensor *tensor)
{
    const struct tn_remark *remark = tensor->remark > 0 ? &catalog->remarks[tensor->remark - 1] : NULL;
    return remark && remark->status < 0 ? remark : NULL;
}
/* What is known of a tensor's strides; NULL: it is packed. */
static inline const struct tn_remark *
tn_tensor_strides (const struct tn_catalog *catalog, const struct tn_tensor *tensor)
{
    const struct tn_remark *remark = tensor->remark > 0 ? &catalog->remarks[tensor->remark - 1] : NULL;
    return remark && remark->strides ? remark : NULL;
}
/* The bytes of its source that a tensor takes, from the first to the last. */
static inline void
tn_tensor_range (const struct tn_catalog *catalog, const struct tn_tensor *tensor, uint64_t *begin,
                 uint64_t *length)
{
    const struct tn_remark *lay = tn_tensor_strides (catalog, tensor);
    *begin = tensor->offset - (lay ? lay->low : 0);
    *length = lay ? lay->span : tensor->length;
}
/* Gives a tensor strides, `rank` of them, which are copied, and their reach: what tn_shape_reach found. */
tenon_status tn_catalog_lay (struct tn_catalog *catalog, struct tn_tensor *tensor, const int64_t *strides,
                             uint64_t low, uint64_t span, tenon_error *error);
/* Makes a tensor unreadable, which it was not. `dtype`: words for a dtype that is not known; NULL: it is
 * known. */
tenon_status tn_catalog_spoil (struct tn_catalog *catalog, struct tn_tensor *tensor, tenon_status status,
                               const char *dtype, const char *why, tenon_error *error);
/* Adds a loss: on the tensor of this name, on all tensors that the run of describe added (`whole`), or on the
 * file. */
tenon_status tn_catalog_add_omission (struct tn_catalog *catalog, const char *subject, const char *file,
                                      const char *message, uint32_t description, bool whole,
                                      tenon_error *error);
/* Finds the tensors that losses name, when all are in the catalog. */
tenon_status tn_catalog_tie_omissions (struct tn_catalog *catalog, tenon_error *error);
/* Fails with the reason why the tensor cannot be read, if it cannot. */
tenon_status tn_catalog_readable (const struct tn_catalog *catalog, const struct tn_tensor *tensor,
                                  tenon_error *error);
/* Makes room for so many tensors, an estimate. */
void tn_catalog_expect (struct tn_catalog *catalog, uint64_t tensors);
/* TENON_E_MALFORMED: the name is there already. */
tenon_status tn_catalog_commit (struct tn_catalog *catalog, tenon_error *error);
/* The same, but names are entered TN_NAMES_AT_ONCE at a time, so the failure may be that of an earlier
 * tensor. `place`: where the file describes the tensor, for that message. Call tn_catalog_enter_names after
 * the last one, and before a name is looked for. */
tenon_status tn_catalog_commit_later (struct tn_catalog *catalog, uint64_t place, tenon_error *error);
tenon_status tn_catalog_enter_names (struct tn_catalog *catalog, tenon_error *error);
/* False: no such name. */
bool tn_catalog_find (const struct tn_catalog *catalog, const char *name, uint64_t length, uint64_t *index);
/* Enters all names and keys anew after entries changed their order, or keys were removed. Needs no memory. */
void tn_catalog_renumber (struct tn_catalog *catalog);
/* Copies key and value into the catalog. A key that is there already gets the new value if `replace`, else it
 * is TENON_E_MALFORMED. */
tenon_status tn_catalog_add_metadata (struct tn_catalog *catalog, const char *key, uint64_t length,
                                      const struct tenon_value *value, bool replace, tenon_error *error);
/* Forgets the entries from `first` on. */
tenon_status tn_catalog_forget_metadata (struct tn_catalog *catalog, uint64_t first, tenon_error *error);
bool tn_catalog_find_key (const struct tn_catalog *catalog, const char *key, uint64_t length,
                          uint64_t *index);
/* Adds an opaque dtype, or finds an equal one. */
tenon_status tn_catalog_add_dtype (struct tn_catalog *catalog, const struct tenon_dtype *dtype,
                                   uint32_t *number, tenon_error *error);
/* A fixed or registered dtype, or one of this catalog. NULL: no such number. */
const struct tenon_dtype *tn_catalog_dtype (const struct tn_catalog *catalog, uint32_t dtype);

#endif
