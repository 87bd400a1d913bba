/* SPDX-License-Identifier: MIT */
/* finding.c - what the steps found. */
#include "finding.h"
#include "memory.h"

#define RULE_TEXT(name, word, sentence, place) { word, sentence, place },
const struct check_rule_text check_rules[RULE_COUNT] = { CHECK_RULES (RULE_TEXT) };

void
result_add (struct check_result *result, enum check_rule rule, const char *subject, const char *message)
{
    if (result->finding_count == result->finding_room) {
        result->finding_room = result->finding_room * 2 + 8;
        result->findings = get_memory (result->findings, result->finding_room, sizeof *result->findings);
    }
    result->findings[result->finding_count++] =
        (struct check_finding){ rule, copy_text (subject, strlen (subject)),
                                copy_text (message, strlen (message)) };
}

void
result_leave_out (struct check_result *result, const char *remark)
{
    if (result->left_out_count == result->left_out_room) {
        result->left_out_room = result->left_out_room * 2 + 8;
        result->left_out = get_memory (result->left_out, result->left_out_room, sizeof *result->left_out);
    }
    result->left_out[result->left_out_count++] = copy_text (remark, strlen (remark));
}

void
result_free (struct check_result *result)
{
    for (size_t i = 0; i < result->finding_count; i++) {
        free (result->findings[i].subject);
        free (result->findings[i].message);
    }
    for (size_t i = 0; i < result->left_out_count; i++)
        free (result->left_out[i]);
    free (result->findings);
    free (result->left_out);
    *result = (struct check_result){ 0 };
}
