/* SPDX-License-Identifier: MIT */
/* locate.h - locators: each asks a codec where chunks of one tensor are, in one call of locate_chunk's.
 *
 * A catalog keeps the locators that were given back, so that what a codec knows of a tensor, such as the
 * index of a shard, is known the next time, too. */
#ifndef TN_LOCATE_H
#define TN_LOCATE_H
#include "codec/call.h"

/* Keys that a codec opened in locate_chunk and that stay open, for one locator. */
#define TN_LOCATOR_KEYS 8u

/* The file of a key in a folder. */
struct tn_located_file {
    struct tn_source *source; /* its name is the key */
    uint64_t hash;            /* of the key */
    unsigned uses;
};

struct tn_locator {
    struct tn_locator *next; /* of those that the catalog keeps, or that the child has */
    struct tn_catalog *catalog;
    const struct tn_tensor *tensor; /* NULL in an isolated child, where the struct below says all */
    uint32_t description;
    uint64_t id;                               /* of all that the catalog has had; 0: none was needed yet */
    void (*gone) (struct tn_locator *locator); /* called before it is freed; NULL: nothing is */
    struct tn_session session;
    struct tn_call call;
    struct tenon_tensor theirs; /* what the codec sees of the tensor */
    uint64_t first;             /* bytes of scratch memory that its first chunk took; 0: none was found yet */
    /* the files of the last chunks, which found them in this order; NULL: it lies in a source of the catalog
     */
    struct tn_located_file *held[TN_LOCATED_AT_ONCE];
    unsigned at;
    struct tn_located_file *opened[TN_LOCATOR_KEYS]; /* by the codec; NULL: none */
    uint32_t serial; /* files that the codec opened: number n of them is opened[n % TN_LOCATOR_KEYS] */
};

/* Begins the call of a locator, whose other members are set; asks in it, or in a new one if the codec has
 * taken much memory; ends it. */
void tn_locator_start (struct tn_locator *locator);
tenon_status tn_locator_ask (struct tn_locator *locator, const uint64_t *chunk, struct tenon_chunk *found);
void tn_locator_stop (struct tn_locator *locator);
/* Checks what a codec found. */
tenon_status tn_locator_take (struct tn_locator *locator, const struct tenon_chunk *theirs,
                              struct tn_chunk *found);

/* The functions of locators that run in this process. */
extern const struct tn_locating tn_locating_here;
/* Lets the catalog keep locators. */
tenon_status tn_locators_need (struct tn_catalog *catalog, tenon_error *error);

/* The file that open_key gave this number in locate_chunk. NULL: it is not open any more, or never was. */
static inline struct tn_located_file *
tn_locator_file (const struct tn_locator *locator, uint32_t number)
{
    uint32_t opened = number - locator->call.source_count;
    bool is_open = opened < locator->serial && locator->serial - opened <= TN_LOCATOR_KEYS;
    return is_open ? locator->opened[opened % TN_LOCATOR_KEYS] : NULL;
}
/* open_key in locate_chunk. */
tenon_status tn_locator_open (struct tn_call *call, const char *key, uint64_t length, uint32_t *number);
/* In an isolated child: takes over a source that the program has opened, with its number. */
tenon_status tn_locator_keep (struct tn_locator *locator, uint32_t number, struct tn_source *source);
/* The source of a chunk that has a key, or chunk->missing. */
tenon_status tn_locator_find_key (struct tn_locator *locator, const char *key, uint64_t length,
                                  struct tn_chunk *chunk);
/* Holds the file of a number that open_key gave, for a chunk that lies in it. */
void tn_locator_hold_number (struct tn_locator *locator, uint32_t number);
/* Lets go of all files. */
void tn_locator_release (struct tn_locator *locator);
/* Lets go of what the codec has opened, but for files that chunks lie in. */
void tn_locator_close_keys (struct tn_locator *locator);

#endif
