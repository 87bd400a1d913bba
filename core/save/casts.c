/* SPDX-License-Identifier: MIT */
/* casts.c - tells what the casts of a save have changed: one note for each pair of dtypes, since a model has
 * thousands of tensors, and a loss for each tensor in which values became others. */
#include "save/casts.h"
#include "base/report.h"
#include <stdio.h>

/* Pairs of dtypes that have a note of their own; tensors of further ones have one in common. */
#define MOST_PAIRS 32u

struct pair {
    const char *from, *to, *name; /* of its first tensor */
    uint64_t tensors, cut;
};

void
tn_casts_begin (tenon_plan *plan, bool saturate, tenon_error *error)
{
    for (uint64_t i = 0; i < plan->count; i++)
        if (plan->origins[i].tally) {
            tn_tally_reset (plan->origins[i].tally, saturate);
            plan->origins[i].tally->error = error;
        }
}

/* Joins the tensor to its pair; returns the number of pairs. */
static unsigned
add_to_pairs (struct pair *pairs, unsigned count, const char *name, const struct tn_tally *tally)
{
    unsigned i = 0;
    while (i < count && i < MOST_PAIRS
           && (strcmp (pairs[i].from, tally->from) != 0 || strcmp (pairs[i].to, tally->to) != 0))
        i++;
    if (i == count)
        pairs[count++] = (struct pair){ tally->from, tally->to, name, 0, 0 };
    pairs[i].tensors++;
    pairs[i].cut += tn_tally_cut (tally);
    return count;
}

static void
tell_pair (const struct pair *pair, bool others, tenon_report *report)
{
    char cut[80] = "";
    if (pair->cut > 0)
        snprintf (cut, sizeof cut, "; %llu value%s lost a fraction", (unsigned long long) pair->cut,
                  pair->cut == 1 ? "" : "s");
    if (others)
        tn_report_add (report, TENON_NOTE, TENON_OK, 0, "", "",
                       "%llu more tensors converted to other types, as asked for%s",
                       (unsigned long long) pair->tensors, cut);
    else if (pair->tensors == 1)
        tn_report_add (report, TENON_NOTE, TENON_OK, 0, pair->name, "",
                       "converted from %.80s to %.80s, as asked for%s", pair->from, pair->to, cut);
    else
        tn_report_add (report, TENON_NOTE, TENON_OK, 0, "", "",
                       "%llu tensors converted from %.80s to %.80s, as asked for%s",
                       (unsigned long long) pair->tensors, pair->from, pair->to, cut);
}

void
tn_casts_tell (const tenon_plan *plan, tenon_report *report, uint64_t *losses)
{
    struct pair pairs[MOST_PAIRS + 1];
    unsigned count = 0;
    char lost[500];
    for (uint64_t i = 0; i < plan->count; i++)
        if (plan->origins[i].tally)
            plan->origins[i].tally->error = NULL;
    for (uint64_t i = 0; i < plan->count; i++)
        if (plan->origins[i].tally)
            count =
                add_to_pairs (pairs, count, tn_catalog_tensor (plan->own, i)->name, plan->origins[i].tally);
    for (unsigned i = 0; i < count; i++)
        tell_pair (&pairs[i], i == MOST_PAIRS, report);
    for (uint64_t i = 0; i < plan->count; i++) {
        const struct tn_tally *tally = plan->origins[i].tally;
        if (!tally || !tn_tally_tell (tally, lost, sizeof lost))
            continue;
        ++*losses;
        tn_report_add (report, TENON_LOSS, TENON_OK, 0, tn_catalog_tensor (plan->own, i)->name, "",
                       "converted from %.80s to %.80s: %s", tally->from, tally->to, lost);
    }
}
