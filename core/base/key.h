/* SPDX-License-Identifier: MIT */
/* key.h - keys of a store: "a/b/c", the way to a file from the folder that the store is. */
#ifndef TN_KEY_H
#define TN_KEY_H
#include "base/base.h"

/* Bytes of a key, of one of its components, and the number of components. */
#define TN_LONGEST_KEY 4000u
#define TN_LONGEST_COMPONENT 255u
#define TN_DEEPEST_KEY 64u

/* Words for what is wrong with a key of a folder ("has an empty component"); NULL: nothing. Such a key is
 * relative, UTF-8, and has no component that is empty, "." or "..". */
const char *tn_key_fault (const char *key, uint64_t length);
/* The same before something is written: a backslash, which other systems take for a '/', is a fault, too. */
const char *tn_new_key_fault (const char *key, uint64_t length);
/* The number of components. */
uint64_t tn_key_depth (const char *key, uint64_t length);

#endif
