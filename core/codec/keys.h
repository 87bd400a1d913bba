/* SPDX-License-Identifier: MIT */
/* keys.h - the store of a keyed codec: keys to sources.
 *
 * A store belongs to the source that it was found in (source->keys), from tn_keys_need on until
 * tn_keys_close. What it is, an archive or a folder, is a table of functions. */
#ifndef TN_KEYS_H
#define TN_KEYS_H
#include "codec/call.h"

struct tn_keys;

struct tn_keys_kind {
    /* The source of a key, which is in the catalog. `call` is that of the keyed codec, which gets the answers
     * (tn_call_answer_missing); with one *source may be set, else it is NULL. */
    tenon_status (*open) (struct tn_keys *keys, struct tn_call *call, const char *key, uint64_t length,
                          struct tn_source **source);
    /* The next key that begins with the prefix, from key->next on, in the way of key->how. False: there is
     * none. Sets `told`, which `open` may use to find that key again. */
    bool (*next) (struct tn_keys *keys, const char *prefix, uint64_t prefix_length, struct tenon_key *key);
    /* The keyed codec begins as run `description` of describe. */
    void (*begin) (struct tn_keys *keys, struct tn_catalog *catalog, uint32_t description);
    void (*close) (struct tn_keys *keys);
};

/* The first member of each kind of store. */
struct tn_keys {
    const struct tn_keys_kind *kind;
    struct tn_source *source; /* that it was found in */
    struct tn_keys *outer;    /* the next one of the session */
    uint64_t told;            /* 1 + the number of the key that `next` told last; 0: none */
};

/* True if the codec describes stores. */
static inline bool
tn_is_keyed (const struct tn_codec *codec)
{
    return codec->table.root_keys != NULL;
}
/* True if it has to do with stores in any way. */
static inline bool
tn_has_store (const struct tn_codec *codec)
{
    return codec->table.root_keys || codec->table.archive_functions;
}
/* True if a key is one of a pattern of root_keys: '*' is any text without '/', '**' any text. */
bool tn_key_matches (const char *pattern, const char *key, uint64_t length);

/* Adds a store to the session, and to its source. */
void tn_keys_add (struct tn_session *session, struct tn_source *source, struct tn_keys *keys);
/* Closes the store of a source, if it has one … */
void tn_keys_close (struct tn_session *session, struct tn_source *source);
/* … and all stores of a session. */
void tn_keys_close_all (struct tn_session *session);

#endif
