/* SPDX-License-Identifier: MIT */
/* xz_filter.h - the two filters, and what their functions share. */
#ifndef XZ_FILTER_H
#define XZ_FILTER_H
#include <lzma.h>
#include <tenon/plugin.h>

/* Streams of .xz, of which any number follow each other; and one LZMA stream in one of two framings. */
extern const struct tenon_filter tenon_xz, tenon_lzma;

enum xz_framing {
    XZ_STREAMS, /* of the filter xz */
    XZ_ZIP,     /* of the filter lzma: a version, the size of the properties, the properties, LZMA */
    XZ_ALONE    /* the same filter, by setup: the properties, the decoded size, LZMA */
};

/* The framing XZ_ZIP: the version of the LZMA SDK, and the number of bytes of the properties. */
#define XZ_ZIP_HEAD 4u
#define XZ_PROPERTIES 5u

struct xz_state {
    lzma_stream stream;
    enum xz_framing framing;
    int32_t level;
    uint64_t memory;                           /* that the decoder may hold; 0: any number */
    int runs;                                  /* the decoder is inside a stream */
    int streams;                               /* 1: a stream has ended, padding may follow */
    uint64_t padding;                          /* bytes of it */
    uint8_t head[XZ_ZIP_HEAD + XZ_PROPERTIES]; /* of XZ_ZIP, … */
    uint32_t head_length;                      /* … so far */
    char why[128];
};

uint64_t xz_bound (const struct tenon_coding *coding, uint64_t size);
int64_t xz_encode (void *state, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room);
uint64_t xz_block_size (const struct tenon_coding *coding, uint64_t size);

tenon_status xz_decode (void *state, uint32_t last, const void *from, uint64_t stored, void *to,
                        uint64_t size);
tenon_status xz_reset (void *state);
int32_t xz_step (void *state, const void *from, uint64_t stored, uint64_t *taken, void *to, uint64_t room,
                 uint64_t *made);

#endif
