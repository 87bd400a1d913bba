/* SPDX-License-Identifier: MIT */
/* casts.h - element types by patterns: convert --as. */
#ifndef TOOL_CASTS_H
#define TOOL_CASTS_H
#include "memory.h"

struct cast {
    const char *text, *dtype_name;
    char *glob;
    uint32_t dtype;
    bool matched;
};
struct casts {
    struct cast *items;
    size_t count;
};
/* False after a message. */
bool casts_parse (const tenon_context *context, const struct text_list *texts, struct casts *casts);
void casts_clean (struct casts *casts);
/* The last one whose pattern matches; NULL: none. */
const struct cast *casts_find (struct casts *casts, const char *name);
/* A pattern that never matched is an error: false after a message. */
bool casts_all_matched (const struct casts *casts);
/* The reason why the library cannot cast this tensor so, or what helps. */
const char *cast_refusal (const tenon_context *context, const tenon_tensor_info *info,
                          const struct cast *cast);
/* True if the tensor keeps its type by the rule for quantised types; `why` then says so. */
bool cast_leaves (const tenon_context *context, const struct cast *cast, const tenon_tensor_info *info,
                  char *why, size_t room);
#endif
