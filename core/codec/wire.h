/* SPDX-License-Identifier: MIT */
/* wire.h - what the program and an isolated child tell each other, and how structs of the ABI travel.
 *
 * The program asks: it sends an order and then reads messages until TN_SAYS_DONE. While a codec's describe
 * runs in the child, each service that changes the catalog is a message: the child has done it to a catalog
 * of its own, and the program does it to the real one, with all checks. Sources are the codec's numbers, as
 * in the ABI. */
#ifndef TN_WIRE_H
#define TN_WIRE_H
#include "codec/call.h"

enum tn_order {
    TN_ORDER_ROOT = 1,  /* a file, which becomes a source of the child's catalog */
    TN_ORDER_RECOGNISE, /* tn_recognise_contents of source 0 */
    TN_ORDER_DESCRIBE,  /* a root, with a codec */
    TN_ORDER_LIST,      /* a root that is an archive, with its codec */
    TN_ORDER_OPEN,      /* a key of that archive */
    TN_ORDER_READ,      /* a region of a served tensor */
    TN_ORDER_LOCATE,    /* a chunk, by a locator */
    TN_ORDER_FORGET     /* a locator has ended */
};

enum tn_says {
    TN_SAYS_DONE = 0x7e000001, /* the end of an order: a failure, and the order's result */
    TN_SAYS_EXPECT,
    TN_SAYS_DTYPE,
    TN_SAYS_TENSOR,
    TN_SAYS_METADATA,
    TN_SAYS_PART,
    TN_SAYS_INCLUDE,  /* from here on the messages are those of another codec … */
    TN_SAYS_INCLUDED, /* … and no longer: a failure */
    TN_SAYS_NOTE,
    TN_SAYS_FLAW,      /* that the host found while a codec read: a failure */
    TN_SAYS_KEY,       /* a question: the program opens the file of a key and sends it */
    TN_SAYS_KEYS,      /* a question: the next keys of a folder */
    TN_SAYS_BYTES,     /* a question: bytes of a root that is no file */
    TN_SAYS_PROGRESS,  /* a question: whether to stop */
    TN_SAYS_SKIP,      /* a tensor that cannot be read: a status, two texts */
    TN_SAYS_LIST,      /* from here on the messages are those of an archive's codec … */
    TN_SAYS_LISTED,    /* … and no longer: a failure */
    TN_SAYS_OPEN,      /* a key, whose member the archive's codec may have to locate … */
    TN_SAYS_LOCATED,   /* … until here: a failure */
    TN_SAYS_OPENED,    /* the end of it: what open_key returned */
    TN_SAYS_SKIP_PART, /* a member that cannot be read: a status, a text */
    TN_SAYS_CLAIM,     /* keys that the store may have */
    TN_SAYS_REFUSED    /* a source that cannot be included, which the codec forgives: a failure */
};

/* The most bytes, and the most keys, that one question asks for. */
#define TN_WIRE_PIECE 262144u
#define TN_WIRE_KEYS 256u

void tn_wire_put_error (struct tn_channel *channel, const tenon_error *error);
/* Fills `error`, which has no failure yet. Returns its status. */
tenon_status tn_wire_get_error (struct tn_channel *channel, tenon_error *error);

void tn_wire_put_dtype (struct tn_channel *channel, const struct tenon_dtype *dtype);
void tn_wire_put_tensor (struct tn_channel *channel, const struct tenon_tensor *tensor);
void tn_wire_put_part (struct tn_channel *channel, const struct tenon_part *part);
/* Of a value that tn_value_copy accepted. False: no memory. */
bool tn_wire_put_value (struct tn_channel *channel, const struct tenon_value *value);

/* What is read lies in the arena, is complete, and has been checked no further. NULL, or false: there is no
 * memory, or the channel has ended. `most` bounds the bytes. */
struct tenon_dtype *tn_wire_get_dtype (struct tn_channel *channel, struct tn_arena *arena, uint64_t most);
/* `shape` has room for 64 dims. The name is valid until the next read, the state lies in the arena. */
bool tn_wire_get_tensor (struct tn_channel *channel, struct tenon_tensor *tensor, uint64_t *shape,
                         struct tn_arena *arena);
struct tenon_part *tn_wire_get_part (struct tn_channel *channel, struct tn_arena *arena, uint64_t most);
bool tn_wire_get_value (struct tn_channel *channel, struct tenon_value *value, struct tn_arena *arena,
                        uint64_t most);
/* ---- wire_grid.c ---- */

/* Of a tensor that was checked. */
void tn_wire_put_grid (struct tn_channel *channel, const struct tenon_tensor *tensor);
struct tenon_grid *tn_wire_get_grid (struct tn_channel *channel, uint32_t rank, struct tn_arena *arena);
/* Of a claim that was checked. `count` has room for 64 numbers; the prefix is valid until the next read. */
void tn_wire_put_claim (struct tn_channel *channel, const struct tenon_claim *claim);
bool tn_wire_get_claim (struct tn_channel *channel, struct tenon_claim *claim, uint64_t *count);
/* The key is valid until the next read. */
void tn_wire_put_chunk (struct tn_channel *channel, const struct tenon_chunk *chunk);
bool tn_wire_get_chunk (struct tn_channel *channel, struct tenon_chunk *chunk);

/* ---- wire_steps.c ---- */

/* Memory for what was announced. NULL: too much, or none. */
void *tn_wire_get_room (struct tn_channel *channel, struct tn_arena *arena, uint64_t size, uint64_t most);
void tn_wire_put_steps (struct tn_channel *channel, const struct tenon_step *steps, uint32_t step_size,
                        uint32_t count);
bool tn_wire_get_steps (struct tn_channel *channel, struct tn_arena *arena, uint64_t most,
                        const struct tenon_step **steps, uint32_t *count);
/* A text with a NUL behind it. NULL: it was NULL, or there is no memory, or the channel has ended. */
char *tn_wire_get_text (struct tn_channel *channel, struct tn_arena *arena, uint64_t most);

#endif
