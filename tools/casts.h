/* SPDX-License-Identifier: MIT */
/* casts.h - element types by patterns: convert --as. */
#ifndef TOOL_CASTS_H
#define TOOL_CASTS_H
#include "memory.h"

/* A rule: a dtype, and the pattern of the tensors that get it. */
struct cast {
    const char *text, *dtype_name;
    char *pattern;   /* NULL: all tensors of floating-point and quantised types */
    bool for_dtypes; /* the pattern is one of element types, not of names */
    uint32_t dtype;
    bool matched;
};
struct casts {
    struct cast *items;
    size_t count;
};
/* False after a message. The file tells which patterns are those of element types. */
bool casts_parse (const tenon_context *context, const tenon_file *file, const struct text_list *texts,
                  struct casts *casts);
void casts_clean (struct casts *casts);

/* What the rules say of one tensor. */
struct cast_choice {
    const struct cast *cast; /* the rule that applies; NULL: none does */
    bool refused;            /* a rule names the tensor, which cannot be cast: `why` */
    bool packed;             /* it is packed weights, of which the rule makes numbers */
    char why[400]; /* the last rule that matches does not fit, and why; "" if it does, or none matches */
};
/* Tries the rules that match from the last to the first, until one fits. */
void casts_choose (const tenon_context *context, struct casts *casts, const tenon_file *file, uint64_t index,
                   struct cast_choice *choice);
/* A pattern that never matched is an error: false after a message. */
bool casts_all_matched (const struct casts *casts);
#endif
