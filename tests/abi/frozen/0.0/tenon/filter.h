/* SPDX-License-Identifier: MIT */
/* tenon/filter.h - the table of a filter. <tenon/plugin.h> includes it. */
#ifndef TENON_FILTER_H
#define TENON_FILTER_H

#include <tenon/structs.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a filter's state is made for. */
struct tenon_coding {
    uint32_t struct_size;
    uint32_t encode; /* 1: it encodes; 0: it decodes */
    int32_t level;   /* encode: inside the filter's levels */
    uint32_t flags;  /* none yet */
    /* The step's setup, NULL without any; it lives until open returns. It may come from a file: check it */
    const void *setup;
    uint64_t setup_size;
    /* decode: the most bytes that the state may hold (TENON_LIMIT_MEMORY). step refuses a stream that needs
     * more with TENON_E_LIMIT. 0: any number */
    uint64_t memory;
};

/* tenon_filter.flags. Without JOINS and FRAMES, all of a source is encoded as one block, or one stream */
enum {
    /* Blocks that were encoded by themselves, the last one with TENON_FILTER_LAST, are one stream when they
     * are joined end to end: raw deflate */
    TENON_FILTER_JOINS = 1,
    /* Each block is a whole stream by itself, and streams joined end to end are one: gzip, zstd, xz. So
     * encode always gets TENON_FILTER_FIRST and TENON_FILTER_LAST, and decode gets `last` 1 */
    TENON_FILTER_FRAMES = 2,
    /* An encoded block has exactly as many bytes as bound says: a shuffle, a checksum beside the bytes. So
     * the host knows the size of what such a filter gets, too, where filters follow each other */
    TENON_FILTER_FIXED = 4
};
/* Flags of encode: this block ends the stream, or begins it. A block may do both */
enum { TENON_FILTER_LAST = 1, TENON_FILTER_FIRST = 2 };
/* The result of step */
enum {
    TENON_STEP_MORE = 0, /* there is more to do */
    TENON_STEP_END = 1,  /* the stream has ended: input that follows does not belong to it */
    /* the stream is complete if no input follows. If some does, step goes on with it */
    TENON_STEP_MAY_END = 2,
    /* as TENON_STEP_MORE; and if no input follows, the bytes do not have the checksum that is among them. The
     * host then reports TENON_E_CHECKSUM */
    TENON_STEP_WRONG_SUM = 3
};

/* A reversible byte transform. A state belongs to one thread at a time and processes one block, or one
 * stream, after the other. */
struct tenon_filter {
    uint32_t struct_size, flags; /* TENON_FILTER_* */
    const char *id;              /* lower case: "deflate" */
    const char *label;
    int32_t least_level, most_level, default_level;
    uint32_t reserved;
    /* The most bytes of an encoded block of `size` decoded bytes. */
    uint64_t (*bound) (const struct tenon_coding *coding, uint64_t size);
    /* Makes a state, which is the only thing that a plugin allocates; close frees it. TENON_E_MALFORMED: the
     * setup is wrong; TENON_E_UNSUPPORTED: the filter cannot do what it asks for. */
    tenon_status (*open) (const struct tenon_coding *coding, void **state);
    void (*close) (void *state);
    /* Encodes a block of `size` bytes into at most `room` bytes. Returns their number, or TENON_E_*. */
    int64_t (*encode) (void *state, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room);
    /* Decodes a whole block: exactly `stored` bytes to exactly `size` bytes. It ends the stream if and only
     * if `last` is 1. A whole stream is such a block, too: with `last` 1, and with TENON_FILTER_FRAMES of
     * any number of frames. */
    tenon_status (*decode) (void *state, uint32_t last, const void *from, uint64_t stored, void *to,
                            uint64_t size);
    /* Decode a stream in pieces of any size: the host calls reset, and then step until the stream ends. step
     * sets *taken and *made to the bytes that it read and wrote, and returns TENON_STEP_* or TENON_E_*. If it
     * returns TENON_STEP_MORE and both are 0, it needs more input or more room. */
    tenon_status (*reset) (void *state);
    int32_t (*step) (void *state, const void *from, uint64_t stored, uint64_t *taken, void *to, uint64_t room,
                     uint64_t *made);
    /* Decodes a whole stream whose decoded size is not known, and returns that size. A size above `room` is
     * the room that the stream needs; the host then ignores the bytes at `to`. TENON_E_LIMIT: `room` is too
     * small, and the filter does not know the size. NULL: the host uses step. */
    int64_t (*unpack) (void *state, const void *from, uint64_t stored, void *to, uint64_t room);
    /* The block size for a member of about `size` decoded bytes, if the codec leaves the choice to the host.
     * It must depend on the arguments only, so that files do not depend on the machine. NULL: 1 MiB. */
    uint64_t (*block_size) (const struct tenon_coding *coding, uint64_t size);
    /* After decode, reset, step or unpack refused the bytes with TENON_E_UNSUPPORTED or TENON_E_LIMIT: one
     * line that states the reason, such as "they need the dictionary 7", valid until the next call. NULL: the
     * host states a general reason. TENON_E_CHECKSUM: the bytes do not have the checksum that is among them.
     * Any other failure means damage, whose place the host reports. */
    const char *(*why) (void *state);
};

#ifdef __cplusplus
}
#endif

#endif
