/* SPDX-License-Identifier: MIT */
/* formats_json.h - the answer of tenon formats in JSON. */
#ifndef TOOL_FORMATS_JSON_H
#define TOOL_FORMATS_JSON_H
#include "common.h"

/* Prints the codecs of these indexes, all filters, all dtypes, and the verdicts on all plugins. */
void formats_print_json (const tenon_context *context, const uint64_t *codecs, uint64_t count);
#endif
