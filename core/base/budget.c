/* SPDX-License-Identifier: MIT */
/* budget.c - what opening a file may cost. */
#include "base/budget.h"

/* What any file may take, whatever its size. */
#define FREE_MEMORY ((uint64_t) 64 << 20)
#define FREE_WORK ((uint64_t) 256 << 20)
/* Units of work, less than a millisecond, between two questions to the program. */
#define PORTION ((uint64_t) 1 << 20)

static uint64_t
find_bound (const struct tn_budget *budget, uint32_t most, uint32_t ratio, uint64_t free_amount)
{
    uint64_t amount;
    if (!budget->limits)
        return UINT64_MAX;
    if (tn_multiply (budget->bytes, budget->limits[ratio], &amount) || tn_add (amount, free_amount, &amount))
        amount = UINT64_MAX;
    return TN_MIN (amount, budget->limits[most]);
}

/* A portion ends where the bound is passed, so that the bound is met to the unit. */
static void
begin_portion (struct tn_budget *budget)
{
    uint64_t rest = budget->most_done - budget->done, whole = PORTION - TN_MIN (budget->unasked, PORTION - 1);
    budget->portion = budget->left = rest < whole ? rest + 1 : whole;
}

void
tn_budget_join (struct tn_budget *budget, uint64_t bytes)
{
    if (!budget)
        return;
    if (tn_add (budget->bytes, bytes, &budget->bytes))
        budget->bytes = UINT64_MAX;
    budget->most_held =
        find_bound (budget, TENON_LIMIT_OPEN_MEMORY, TENON_LIMIT_OPEN_MEMORY_RATIO, FREE_MEMORY);
    budget->most_done = find_bound (budget, TENON_LIMIT_OPEN_WORK, TENON_LIMIT_OPEN_WORK_RATIO, FREE_WORK);
    budget->done += budget->portion - budget->left;
    budget->unasked += budget->portion - budget->left;
    begin_portion (budget);
}

void
tn_budget_begin (struct tn_budget *budget, const uint64_t *limits, const tenon_progress *progress,
                 tenon_error *error)
{
    *budget = (struct tn_budget){ .error = error,
                                  .limits = limits,
                                  .progress = progress && progress->report ? progress : NULL };
    tn_budget_join (budget, 0);
}

/* The limit that has to be raised is the one that makes the bound. */
static tenon_status
refuse_more (struct tn_budget *budget, uint64_t bound, uint32_t most, const char *what, const char *name)
{
    budget->refused = true;
    bool absolute = bound == budget->limits[most];
    return tn_fail (budget->error, TENON_E_LIMIT, TN_NO_OFFSET,
                    "opening it takes more %s %llu bytes%s; raise %s%s in [limits] to read it", what,
                    (unsigned long long) bound, absolute ? "" : ", too much for a file of its size", name,
                    absolute ? "" : "_ratio");
}

/* ---- memory ---- */

bool
tn_budget_draw (struct tn_budget *budget, uint64_t bytes)
{
    if (!budget)
        return true;
    if (bytes > budget->most_held || budget->held > budget->most_held - bytes) {
        refuse_more (budget, budget->most_held, TENON_LIMIT_OPEN_MEMORY, "memory than", "open_memory");
        return false;
    }
    budget->held += bytes;
    budget->peak = TN_MAX (budget->peak, budget->held);
    return true;
}

void
tn_budget_give_back (struct tn_budget *budget, uint64_t bytes)
{
    if (budget)
        budget->held -= bytes;
}

/* ---- work ---- */

tenon_status
tn_budget_ask (struct tn_budget *budget)
{
    if (!budget)
        return TENON_OK;
    if (!budget->stopped && budget->progress)
        budget->stopped = budget->progress->report (budget->progress->user, 0, 0);
    return budget->stopped ? tn_fail (budget->error, TENON_E_CANCELLED, TN_NO_OFFSET, "cancelled") : TENON_OK;
}

tenon_status
tn_budget_settle (struct tn_budget *budget, uint64_t amount)
{
    if (tn_add (budget->done, budget->portion - budget->left, &budget->done)
        || tn_add (budget->done, amount, &budget->done))
        budget->done = UINT64_MAX;
    budget->portion = budget->left = 0;
    if (budget->done > budget->most_done)
        return refuse_more (budget, budget->most_done, TENON_LIMIT_OPEN_WORK, "work than copying",
                            "open_work");
    TN_TRY (tn_budget_ask (budget));
    budget->unasked = 0;
    begin_portion (budget);
    return TENON_OK;
}
