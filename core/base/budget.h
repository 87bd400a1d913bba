/* SPDX-License-Identifier: MIT */
/* budget.h - what opening a file may cost: one sum of memory, one of work, and the place where the program is
 * asked whether to stop.
 *
 * Each step of an open may be harmless and their sum not: a name that stands before a million names, a member
 * that is decoded again for each of its tensors. So everything that opening allocates or does by the file's
 * word is drawn from one budget, whose bounds grow with the bytes of the files that take part.
 *
 * A budget belongs to one thread. All functions take NULL, a budget without bounds. */
#ifndef TN_BUDGET_H
#define TN_BUDGET_H
#include "base/base.h"

/* What steps cost, in units of work: about the time that copying a byte takes. */
enum {
    TN_WORK_READ = 64,       /* a read, beside its bytes */
    TN_WORK_DECODED = 4,     /* a byte that a filter makes */
    TN_WORK_LOOKUP = 64,     /* finding or entering a name, beside its bytes */
    TN_WORK_ENTRY = 256,     /* adding a tensor, a part or a key, beside its bytes */
    TN_WORK_NOTE = 1024,     /* a note */
    TN_WORK_CALL = 1024,     /* a run of a codec's function */
    TN_WORK_SIBLING = 65536, /* opening another file */
};

struct tn_budget {
    tenon_error *error;     /* takes the refusal, so that a "no memory" behind it changes nothing */
    const uint64_t *limits; /* of the context; NULL: no bounds */
    const tenon_progress *progress;
    uint64_t bytes;      /* of the files so far */
    uint64_t held, peak; /* memory */
    uint64_t most_held;
    uint64_t done, most_done; /* work, without the portion */
    uint64_t portion, left;   /* units until the next look at the bounds, and what is left of them */
    uint64_t unasked;         /* units of portions that a join ended: the program was not asked meanwhile */
    bool stopped;             /* the program asked to stop */
    bool refused;             /* a bound was met */
};

/* `limits` and `progress` may be NULL. */
void tn_budget_begin (struct tn_budget *budget, const uint64_t *limits, const tenon_progress *progress,
                      tenon_error *error);
/* A file of so many bytes takes part: the bounds grow. */
void tn_budget_join (struct tn_budget *budget, uint64_t bytes);

/* Memory is drawn before it is allocated, and given back after it is freed. False: refused, and recorded. */
bool tn_budget_draw (struct tn_budget *budget, uint64_t bytes);
void tn_budget_give_back (struct tn_budget *budget, uint64_t bytes);

/* Asks the program whether to stop. TENON_E_CANCELLED. */
tenon_status tn_budget_ask (struct tn_budget *budget);
/* Looks at the bounds, and asks. */
tenon_status tn_budget_settle (struct tn_budget *budget, uint64_t amount);

/* Work is drawn before or after it is done, in pieces that are small. TENON_E_LIMIT, TENON_E_CANCELLED. */
static inline tenon_status
tn_budget_work (struct tn_budget *budget, uint64_t amount)
{
    if (!budget)
        return TENON_OK;
    if (amount >= budget->left)
        return tn_budget_settle (budget, amount);
    budget->left -= amount;
    return TENON_OK;
}

#endif
