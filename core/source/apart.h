/* SPDX-License-Identifier: MIT */
/* apart.h - an isolated process that decodes what a file holds: where filters and block dtypes of third-party
 * plugins run in a context that isolates.
 *
 * It is another child than the one that describes the file. That one is busy while the program does to the
 * catalog what codecs in it called, and this may already need decoded bytes. This one has no file: bytes come
 * to it and go from it. It is made when it is first needed, and ends with its catalog.
 *
 * The program asks in exchanges, one at a time: an order, its numbers and its bytes; and then the answer. */
#ifndef TN_APART_H
#define TN_APART_H
#include "context/context.h"

struct tn_apart;

/* Starts no process yet. NULL: no memory. */
struct tn_apart *tn_apart_new (const tenon_context *context);
void tn_apart_free (struct tn_apart *apart);

/* True for what does not run in the program where files are isolated. NULL: the core's own. */
static inline bool
tn_plugin_is_foreign (const struct tn_plugin *plugin)
{
    return plugin && !plugin->own;
}

/* Begins an exchange about something of this plugin. The channel is the caller's up to tn_apart_end. NULL:
 * the process cannot begin, or has crashed before: `error` says so, and there is no exchange. */
struct tn_channel *tn_apart_begin (struct tn_apart *apart, const struct tn_plugin *plugin,
                                   tenon_error *error);
/* Ends it. A failure: the plugin crashed, was silent for too long, or broke the rules. */
tenon_status tn_apart_end (struct tn_apart *apart, tenon_error *error);

/* The answer was TENON_E_MEMORY. */
tenon_status tn_apart_fail_memory (tenon_error *error);

/* During an exchange: a number for a state of a filter, from 1, which no other state has had. */
uint64_t tn_apart_state (struct tn_apart *apart);

enum tn_apart_order {
    /* With a filter begins: u64 filter, u64 state. The answer begins: u32 status, and after a refusal that is
     * no damage its reason, a text. */
    TN_APART_OPEN = 1, /* u64 size of the setup, bytes; the answer has no reason */
    TN_APART_DECODE,   /* u32 last, u64 stored, u64 size, bytes: `size` bytes if the status is TENON_OK */
    TN_APART_RESET,
    TN_APART_STEP,   /* u64 stored, u64 room, bytes: u64 taken, u64 made, bytes, unless the status is negative
                      */
    TN_APART_UNPACK, /* u64 stored, u64 room, bytes: the answer is i64 made, and bytes if there is room for
                      * them
                      */
    TN_APART_CLOSE,  /* no answer */
    /* With a block dtype begins: u32 dtype, u64 blocks, bytes. */
    TN_APART_BLOCKS, /* u32 status, items if it is TENON_OK */
    TN_APART_CHECK   /* u32 status, u64 number of the first bad block */
};

/* The most bytes of either side of an exchange that can be cut. */
#define TN_APART_PIECE 262144u

/* A tn_zygote_main, in apart_child.c: takes orders. `user` is the context. */
void tn_apart_main (void *user, struct tn_channel *channel, atomic_uint *running);

#endif
