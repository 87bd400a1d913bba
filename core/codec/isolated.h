/* SPDX-License-Identifier: MIT */
/* isolated.h - what an isolated child does: it runs codecs and tells the program what they call. */
#ifndef TN_ISOLATED_H
#define TN_ISOLATED_H
#include "isolate/zygote.h"

/* A tn_zygote_main. `user` is the context. */
void tn_isolated_main (void *user, struct tn_channel *channel, atomic_uint *running);

#endif
