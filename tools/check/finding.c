/* SPDX-License-Identifier: MIT */
/* finding.c - what the steps found. */
#include "finding.h"
#include "memory.h"

#define FAULT_TEXT(name, word, sentence, place) { word, sentence, place, true },
#define WARNING_TEXT(name, word, sentence, place) { word, sentence, place, false },
const struct check_rule_text check_rules[RULE_COUNT] = { CHECK_RULES (FAULT_TEXT, WARNING_TEXT) };

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

static const char *
copy_word (const char *word)
{
    return copy_text (word, strlen (word));
}

void
result_sample (struct check_result *result, const struct check_sample *sample)
{
    if (result->sample_count + 1 >= result->sample_room) {
        result->sample_room = result->sample_room * 2 + 8;
        result->samples = get_memory (result->samples, result->sample_room, sizeof *result->samples);
    }
    result->samples[result->sample_count++] =
        (struct check_sample){ copy_word (sample->path), copy_word (sample->name), copy_word (sample->codec),
                               sample->made, sample->folder };
    result->samples[result->sample_count] = (struct check_sample){ 0 };
}

size_t
result_faults (const struct check_result *result)
{
    size_t count = 0;
    for (size_t i = 0; i < result->finding_count; i++)
        count += check_rules[result->findings[i].rule].fault;
    return count;
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
    for (size_t i = 0; i < result->sample_count; i++) {
        free ((void *) (uintptr_t) result->samples[i].path);
        free ((void *) (uintptr_t) result->samples[i].name);
        free ((void *) (uintptr_t) result->samples[i].codec);
    }
    free (result->samples);
    free (result->findings);
    free (result->left_out);
    *result = (struct check_result){ 0 };
}
