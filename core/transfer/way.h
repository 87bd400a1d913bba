/* SPDX-License-Identifier: MIT */
/* way.h - how a tensor is read: chosen here, and nowhere else. docs/how-tenon-reads.md explains each way. */
#ifndef TN_WAY_H
#define TN_WAY_H
#include "transfer/request.h"

/* How the result is delivered. */
enum tn_delivery {
    TN_INTO_MEMORY, /* all of it, in any order */
    TN_IN_ORDER,    /* piece after piece, to a consumer */
    TN_TO_FILE,     /* in order, into a sink, which can copy from file to file */
    TN_BY_RANGES,   /* any bytes of it, by one thread */
    TN_BY_CHUNKS    /* boxes of it, each by one thread; or, if that is not GATHER, in order */
};

enum tn_way_kind {
    TN_WAY_COPY,    /* the sink copies the stored bytes */
    TN_WAY_STORED,  /* the result is one range of a source that is not encoded */
    TN_WAY_SLABS,   /* each slab is gathered, turned, swapped and cast by itself */
    TN_WAY_SERVED,  /* the codec makes the slabs */
    TN_WAY_GRID,    /* chunk by chunk, each decoded once (grid.h) */
    TN_WAY_MEMBER,  /* all of a member is decoded in one piece */
    TN_WAY_DECODER, /* a decoder reads on from slab to slab */
    TN_WAY_BLOCKS,  /* blocks of a member are decoded into the result */
    TN_WAY_SCAN,    /* the source is read in order, slabs are made from a window of it */
    TN_WAY_SPOOL,   /* the source is decoded into memory or a temporary file, then as SLABS */
    TN_WAY_GATHER   /* BY_CHUNKS: any box can be gathered, on any thread */
};

struct tn_way {
    enum tn_way_kind kind;
    bool alone;      /* one thread does all of it */
    bool sums;       /* the source's checksum is compared on the way … */
    bool sums_first; /* … or has to be before, in a pass of its own */
    bool in_place;   /* MEMBER: decoded into the result, if that has room for the bytes around the tensor */
};

/* A result of at most so many bytes is small: one thread makes it. */
#define TN_SMALL ((uint64_t) 1 << 20)

struct tn_way tn_way_choose (const struct tn_request *request, enum tn_delivery delivery);
/* A mapping hands out the stored bytes: only what is STORED can be mapped. */
struct tn_way tn_way_to_map (const struct tn_tensor *tensor, const struct tn_source *source);

#endif
