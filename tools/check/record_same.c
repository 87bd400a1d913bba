/* SPDX-License-Identifier: MIT */
/* record_same.c - what was saved and what was read back. */
#include "check/record.h"
#include "memory.h"
#include "report.h"

#define MOST_TOLD 3
/* What is wrong with one file is mostly wrong with all. */
#define MOST_OF_RULE 6

struct comparison {
    struct check *check;
    const struct record_rules *rules;
    const char *subject;
    const tenon_report *losses, *notes;
    unsigned told;
};

/* True if a loss tells of the name, or of all; or a note of the name. */
static bool
is_told_lost (const struct comparison *comparison, const char *name)
{
    tenon_report_entry entry;
    for (uint64_t i = 0; report_next (comparison->losses, TENON_LOSS, &i, &entry);)
        if (entry.subject[0] == 0 || strcmp (entry.subject, name) == 0)
            return true;
    for (uint64_t i = 0; report_next (comparison->notes, TENON_NOTE, &i, &entry);)
        if (name[0] != 0 && strcmp (entry.subject, name) == 0)
            return true;
    return false;
}

/* Items of one kind by name, for a search whose time is not quadratic. */
static int
order_items (const void *a, const void *b)
{
    const struct record_item *const *x = a, *const *y = b;
    if ((*x)->metadata != (*y)->metadata)
        return (*x)->metadata - (*y)->metadata;
    return strcmp ((*x)->name, (*y)->name);
}

static const struct record_item **
sort_items (const struct record *record)
{
    const struct record_item **sorted = get_memory (NULL, record->count + 1, sizeof *sorted);
    for (size_t i = 0; i < record->count; i++)
        sorted[i] = &record->items[i];
    qsort (sorted, record->count, sizeof *sorted, order_items);
    return sorted;
}

static const struct record_item *
find_item (const struct record_item **sorted, size_t count, const struct record_item *wanted)
{
    const struct record_item **found = bsearch (&wanted, sorted, count, sizeof *sorted, order_items);
    return found ? *found : NULL;
}

PRINTF_LIKE (3, 4)
static void
tell_difference (struct comparison *comparison, enum check_rule rule, const char *format, ...)
{
    char text[900];
    va_list list;
    va_start (list, format);
    vsnprintf (text, sizeof text, format, list);
    va_end (list);
    static unsigned told[RULE_COUNT]; /* in this process, which is one step */
    if (comparison->told++ < MOST_TOLD && told[rule]++ < MOST_OF_RULE)
        check_found (comparison->check, rule, comparison->subject, "%s", text);
}

/* The only tensor, of a format that may have no name for it: then the save reports its name as lost, and
 * nothing else of it may be. */
static void
compare_only (struct comparison *comparison, const struct record_item *before,
              const struct record_item *after, bool any_name)
{
    tenon_report_entry entry;
    unsigned losses = 0;
    for (uint64_t i = 0; report_next (comparison->losses, TENON_LOSS, &i, &entry);)
        losses++;
    if (before->unreadable || losses > 1)
        return;
    if (strcmp (before->what, after->what) != 0)
        tell_difference (comparison, comparison->rules->tensors,
                         "the tensor was saved as %s, and comes back as %s", before->what, after->what);
    else if (before->digest != after->digest)
        tell_difference (comparison, comparison->rules->data, "the tensor (%s) comes back with other data",
                         before->what);
    else if (strcmp (before->name, after->name) != 0 && !any_name && comparison->losses && losses == 0)
        tell_difference (comparison, comparison->rules->tensors,
                         "the tensor was '%.200s', and comes back as '%.200s'; no loss reports it",
                         before->name, after->name);
}

static void
compare_items (struct comparison *comparison, const struct record_item *before,
               const struct record_item *after)
{
    const struct record_rules *rules = comparison->rules;
    const char *kind = before->metadata ? "the metadata entry" : "the tensor";
    if (after && strcmp (before->what, after->what) == 0 && before->digest == after->digest)
        return;
    if (before->unreadable || is_told_lost (comparison, before->name))
        return;
    if (!after)
        tell_difference (comparison, before->metadata ? rules->metadata : rules->tensors,
                         "%s '%.200s' (%s) was saved, and is not in the file; no loss reports it", kind,
                         before->name, before->what);
    else if (strcmp (before->what, after->what) != 0)
        tell_difference (comparison, before->metadata ? rules->metadata : rules->tensors,
                         "%s '%.200s' was saved as %s, and comes back as %s; no loss reports it", kind,
                         before->name, before->what, after->what);
    else
        tell_difference (comparison, before->metadata ? rules->metadata : rules->data,
                         "%s '%.200s' (%s) comes back with another value; no loss reports it", kind,
                         before->name, before->what);
}

/* Of the items that both have: what one lacks was told before. */
static void
compare_orders (struct comparison *comparison, const struct record *before, const struct record_item **old,
                const struct record *after, const struct record_item **new)
{
    for (size_t i = 0, k = 0; i < before->count; i++) {
        if (!find_item (new, after->count, &before->items[i]))
            continue;
        while (k < after->count && !find_item (old, before->count, &after->items[k]))
            k++;
        if (k == after->count)
            return; /* a name twice */
        if (strcmp (before->items[i].name, after->items[k].name) != 0) {
            tell_difference (comparison, comparison->rules->tensors,
                             "item %zu was '%.200s', and comes back as '%.200s'; no loss reports it", i,
                             before->items[i].name, after->items[k].name);
            return;
        }
        k++;
    }
}

bool
record_same (struct check *check, const struct record_rules *rules, const char *subject,
             const struct record *before, const struct record *after, const tenon_report *losses,
             const tenon_report *notes, unsigned flags)
{
    struct comparison comparison = { check, rules, subject, losses, notes, 0 };
    const struct record_item **old = sort_items (before), **new = sort_items (after);
    bool renamed = flags & RECORD_NAMELESS && before->tensors == 1 && after->tensors == 1;
    if (renamed)
        compare_only (&comparison, &before->items[0], &after->items[0], flags & RECORD_RENAMED);
    for (size_t i = renamed; i < before->count; i++)
        compare_items (&comparison, &before->items[i], find_item (new, after->count, &before->items[i]));
    for (size_t i = 0; i < after->count; i++) {
        const struct record_item *item = &after->items[i];
        /* a record of what is carried stays where not all of it can be restored, and a note says why */
        bool record =
            item->metadata && tenon_report_count (notes) > 0 && strcmp (item->name, "tenon.types") == 0;
        if ((item->metadata && flags & RECORD_MORE) || (renamed && i == 0) || record
            || find_item (old, before->count, item) || is_told_lost (&comparison, ""))
            continue;
        tell_difference (&comparison, item->metadata ? rules->metadata : rules->tensors,
                         "%s '%.200s' (%s) is in the file, and was not saved",
                         item->metadata ? "the metadata entry" : "the tensor", item->name, item->what);
    }
    if (flags & RECORD_ORDERED && comparison.told == 0)
        compare_orders (&comparison, before, old, after, new);
    free (old);
    free (new);
    check_counted (check);
    return comparison.told == 0;
}
