/* SPDX-License-Identifier: MIT */
/* plain.h - what plain.c and plain_write.c share. */
#ifndef MOCK_PLAIN_H
#define MOCK_PLAIN_H
#include "mock.h"

#define PLAIN_MAGIC "MOCKPLN1"
#define PLAIN_HEAD 24u /* bytes before the first tensor */

/* The numbers of the options in the codec's table. */
enum { PLAIN_ORDER, PLAIN_LOG_ALIGNMENT };

tenon_status plain_refuse (struct tenon_call *call, tenon_status status, uint64_t offset, const char *words);
tenon_status plain_write (struct tenon_call *call);
#endif
