/* SPDX-License-Identifier: MIT */
/* session.h - what all calls of one open, one save, or one read of a served tensor share.
 *
 * It lies on the stack of the public function that runs it, and one thread uses it at a time. A batch of
 * members gives each thread a copy with an error, a report and an arena of its own. */
#ifndef TN_SESSION_H
#define TN_SESSION_H
#include "base/budget.h"
#include "catalog/catalog.h"
#include "isolate/zygote.h"
#include "source/readahead.h"

struct tn_asked;
struct tn_call;
struct tn_session;

/* What a session does in place of calling codecs, when they run in an isolated child (isolation.c). */
struct tn_proxy {
    /* in place of a codec's describe */
    tenon_status (*run) (struct tn_call *call);
    /* in place of an archive's describe, or with `one` of its locate */
    tenon_status (*list) (struct tn_call *call, bool one);
    /* before a key of an archive is opened outside of a codec's describe */
    tenon_status (*open) (struct tn_call *call, const char *key, uint64_t length);
    /* in place of reading magics and of probing: tn_recognise_contents */
    tenon_status (*ask) (struct tn_session *session, struct tn_source *source, bool all, uint32_t *contents);
    /* as `serve` of the catalog */
    tenon_status (*serve) (struct tn_catalog *catalog, const struct tn_tensor *tensor,
                           const struct tenon_region *region, void *to, uint64_t size, tenon_error *error);
    const struct tn_locating *locating; /* of the catalog */
};

struct tn_session {
    tenon_context *context;
    tenon_error *error;   /* takes the first failure; later ones change nothing */
    tenon_report *report; /* NULL: notes and losses are not kept */
    const struct tn_overlay *overlay;
    struct tn_catalog *catalog; /* describe: the one being filled; read: the file's; write: the plan's own */
    struct tn_source *const *metadata_sources; /* write: source numbers in metadata values count in these */
    uint64_t metadata_source_count;
    struct tn_arena arena;          /* scratch memory; a call's is released when the call ends */
    struct tn_readahead *readahead; /* probe and describe; NULL: sources are read directly */
    struct tn_budget *budget;       /* bounds what an open costs, and asks whether to stop; NULL: neither */
    const char *directory;          /* of the file, ending in '/', for files beside it; NULL: none */
    struct tn_keys *keys;           /* the stores that are open, the last one first */
    struct tn_keys *beside;         /* the folder around the file, once a codec asked for a file in it */
    uint64_t members;               /* parts and files of keys so far */
    uint64_t nested;                /* bytes of encoded parts in encoded parts so far */
    uint32_t looked;                /* members whose bytes were compared with signatures (identify.c) */
    uint32_t depth;                 /* calls within calls: an include, or a member */
    struct { /* of the file that is described, not of the sources that it includes: struct tenon_shard_info */
        uint64_t number, count, tensors, state_size;
        void *state; /* what the shard before left, in the catalog's arena; NULL: none left any */
        bool whole, incomplete;
    } shard;
    struct {
        uint32_t number, flags; /* of the source that is included, and struct tenon_include: for messages */
    } included;
    bool may_map;                 /* files of keys may be mapped */
    const struct tn_proxy *proxy; /* NULL: codecs are called here */
    struct tn_child *child;       /* with a proxy: where they are called */
    struct tn_channel *channel;   /* in an isolated child: to the program; else NULL */
    struct tn_asked *asked;       /* in an isolated child: the keys of a folder that it asked for */
    struct tn_locator *locators;  /* in an isolated child: those that the program has */
    bool siblings;                /* a file of a key was opened */
    bool broken;                  /* with a proxy: what the child says is not accepted, so all of it fails */
};

#endif
