/* SPDX-License-Identifier: MIT */
/* hash_key.h - the random key of a context's hash tables. */
#ifndef TN_HASH_KEY_H
#define TN_HASH_KEY_H
#include "base/hash.h"

/* A key from the best source of this system. It never fails, and never waits. */
void tn_hash_key_make (struct tn_hash_key *key, const void *context);

/* The sources, best first. False: the system has no such function, or it has no random numbers yet … */
bool tn_hash_key_from_system (struct tn_hash_key *key);
/* … or there is no such file, as in a chroot without /dev. */
bool tn_hash_key_from_file (struct tn_hash_key *key, const char *path);
void tn_hash_key_from_circumstances (struct tn_hash_key *key, const void *context);

#endif
