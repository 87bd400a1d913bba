/* SPDX-License-Identifier: MIT */
/* sha256.h - SHA-256, of FIPS 180-4. */
#ifndef TN_SHA256_H
#define TN_SHA256_H
#include "base/base.h"

enum { TN_SHA256_BYTES = 32, TN_SHA256_BLOCK = 64 };

struct tn_sha256 {
    uint32_t state[8];
    uint64_t length; /* bytes so far; those behind the last whole block are in `rest` */
    unsigned char rest[TN_SHA256_BLOCK];
};

void tn_sha256_begin (struct tn_sha256 *sum);
void tn_sha256_add (struct tn_sha256 *sum, const void *bytes, size_t length);
/* Nothing can be added afterwards. */
void tn_sha256_end (struct tn_sha256 *sum, unsigned char digest[TN_SHA256_BYTES]);

#endif
