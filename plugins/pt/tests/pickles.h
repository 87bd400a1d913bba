/* SPDX-License-Identifier: MIT */
/* pickles.h - pickles by hand, each with what it gives. What is expected of well-formed ones is what Python's
 * pickle.loads gives; Python refuses, or should, the others. */
#ifndef PICKLES_H
#define PICKLES_H
#include "kit.h"

#define UNSUPPORTED TENON_E_UNSUPPORTED
#define MALFORMED TENON_E_MALFORMED
#define TRUNCATED TENON_E_TRUNCATED

struct pickle {
    const char *bytes;
    size_t size;
    tenon_status status; /* of opening it */
    const char *words;   /* of the failure; else of the metadata, all of them */
};
#define CASE(bytes, status, words)                                                                           \
    {                                                                                                        \
        bytes, sizeof bytes - 1, status, words                                                               \
    }

#endif
