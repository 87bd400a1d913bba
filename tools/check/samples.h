/* SPDX-License-Identifier: MIT */
/* samples.h - the samples that are given: which of the plugin's codecs reads each. */
#ifndef CHECK_SAMPLES_H
#define CHECK_SAMPLES_H
#include "check.h"

/* Looks at what check->arguments name, in items from *number on, and moves *number behind them. */
void samples_look (struct check *check, tenon_context *context, uint64_t from, uint64_t *number);
/* True if a codec of the plugin reads files by itself, and not only what others hold. */
bool samples_has_reader (const struct check *check, const tenon_context *context);
#endif
