/* SPDX-License-Identifier: MIT */
/* describe.c - runs a codec over a source, and its read over regions of tensors that it serves; finds ranges
 * that overlap. */
#include "codec/describe.h"
#include "codec/call.h"
#include "codec/host.h"
#include "codec/identify.h"
#include "codec/keyed.h"
#include "codec/locate.h"
#include "codec/rules.h"

/* Makes a region of a served tensor with its codec. It is `serve` of the catalog. */
static tenon_status
serve_region (struct tn_catalog *catalog, const struct tn_tensor *tensor, const struct tenon_region *region,
              void *to, uint64_t size, tenon_error *error)
{
    const struct tn_description *description = &catalog->descriptions[tensor->description];
    struct tn_session session = {
        .context = catalog->context, .error = error, .overlay = &catalog->overlay, .catalog = catalog
    };
    struct tn_call call;
    tn_call_begin (&call, &session, TN_CALL_READ, description->codec);
    call.sources = tn_description_sources (description);
    call.source_count = description->count;
    struct tenon_tensor theirs;
    tn_call_show_tensor (catalog, tensor, call.sources, call.source_count, &theirs);
    const struct tenon_codec *codec = &catalog->context->registry.codecs[description->codec]->table;
    tenon_status status = tn_call_end (&call, codec->read (tn_call_enter (&call), &theirs, region, to, size));
    tn_arena_free (&session.arena);
    return status;
}

tenon_status
tn_describe (struct tn_session *session, uint32_t source, uint64_t codec, const char *prefix,
             const char *metadata_prefix, uint32_t include_flags)
{
    struct tn_catalog *catalog = session->catalog;
    struct tn_call call;
    const struct tn_codec *entry = session->context->registry.codecs[codec];
    if (!entry->table.describe)
        return tn_fail (session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET, "the codec %s only writes",
                        entry->table.id);
    TN_TRY (tn_budget_work (session->budget, TN_WORK_CALL));
    struct tn_mark mark = tn_arena_mark (&session->arena);
    if (tn_is_keyed (entry))
        TN_TRY (tn_keys_need (session, catalog->sources[source], prefix, codec));
    if (!tn_grow_within (session->budget, &catalog->descriptions, &catalog->description_room,
                         catalog->description_count, sizeof (struct tn_description)))
        return tn_fail_memory (session->error);
    catalog->serve = session->proxy ? session->proxy->serve : serve_region;
    catalog->locating = session->proxy ? session->proxy->locating : &tn_locating_here;
    tn_call_begin (&call, session, TN_CALL_DESCRIBE, codec);
    call.description = (uint32_t) catalog->description_count;
    call.prefix = prefix;
    call.metadata_prefix = metadata_prefix;
    call.include_flags = include_flags;
    struct tn_description *description = &catalog->descriptions[catalog->description_count++];
    *description = (struct tn_description){ .codec = codec, .first = source, .count = 1 };
    call.keys = tn_is_keyed (entry) ? catalog->sources[source]->keys : NULL;
    if (call.keys)
        call.keys->kind->begin (call.keys, catalog, call.description);
    session->depth++;
    uint32_t outer = tn_plugin_enter (entry->plugin);
    tenon_status status =
        session->proxy ? session->proxy->run (&call) : entry->table.describe (tn_call_enter (&call));
    if (status == TENON_OK && session->error->status == TENON_OK && !session->proxy)
        status = tn_call_open_claimed (&call);
    status = tn_call_end (&call, status);
    tn_plugin_leave (entry->plugin, outer);
    session->depth--;
    if (call.keys)
        tn_keys_close (session, catalog->sources[source]);
    status = status < 0 ? status : session->error->status;
    tn_arena_release (&session->arena, mark);
    if (status < 0) {
        tn_identify_failure (session, catalog->sources[source], codec);
        tn_source_fail_in (catalog->sources[source], session->error);
    }
    return status;
}

/* ---- ranges that overlap ---- */

struct range {
    uint64_t begin, end;
    const char *name;
    uint32_t source;
    bool tensor;
};

/* In order of their sources and beginnings. */
static int
compare_ranges (const void *a, const void *b)
{
    const struct range *x = a, *y = b;
    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    return x->begin < y->begin ? -1 : x->begin > y->begin ? 1 : (x->end > y->end) - (x->end < y->end);
}

static uint64_t
collect_ranges (const struct tn_catalog *catalog, struct range *ranges)
{
    uint64_t count = 0;
    for (uint64_t i = 0; i < catalog->count; i++) {
        const struct tn_tensor *tensor = tn_catalog_tensor (catalog, i);
        if (tensor->storage != TENON_EXTENT || tensor->length == 0 || (tensor->flags & TENON_ALIAS)
            || !catalog->sources[tensor->source]->unordered)
            continue;
        if (ranges)
            ranges[count] = (struct range){ tensor->offset, tensor->offset + tensor->length, tensor->name,
                                            tensor->source, true };
        count++;
    }
    for (uint64_t i = 0; i < catalog->source_count; i++) {
        const struct tn_source *source = catalog->sources[i];
        if (source->kind != TN_SOURCE_PART || source->lead + source->stored == 0
            || !source->parent->unordered)
            continue;
        if (ranges)
            ranges[count] = (struct range){ source->offset - source->lead, source->offset + source->stored,
                                            source->name, source->parent->number, false };
        count++;
    }
    return count;
}

/* Ranges that are sorted at once; longer runs are merged, so that sorting can be stopped. */
#define RUN ((uint64_t) 4096)

/* Merges the runs [0, middle) and [middle, end) of `from`. */
static void
merge_runs (const struct range *from, uint64_t middle, uint64_t end, struct range *to)
{
    for (uint64_t i = 0, a = 0, b = middle; i < end; i++)
        to[i] = b == end || (a < middle && compare_ranges (&from[a], &from[b]) <= 0) ? from[a++] : from[b++];
}

/* *ranges is one of two arrays of `count`, `spare` the other. */
static tenon_status
sort_ranges (struct tn_budget *budget, struct range **ranges, struct range *spare, uint64_t count)
{
    for (uint64_t at = 0; at < count; at += RUN) {
        uint64_t run = TN_MIN (RUN, count - at);
        qsort (*ranges + at, run, sizeof **ranges, compare_ranges);
        TN_TRY (tn_budget_work (budget, TN_WORK_LOOKUP * run));
    }
    for (uint64_t width = RUN; width < count; width *= 2) {
        for (uint64_t at = 0; at < count; at += 2 * width) {
            uint64_t end = TN_MIN (2 * width, count - at);
            merge_runs (*ranges + at, TN_MIN (width, end), end, spare + at);
            TN_TRY (tn_budget_work (budget, sizeof **ranges * end));
        }
        struct range *sorted = spare;
        spare = *ranges, *ranges = sorted;
    }
    return TENON_OK;
}

static tenon_status
find_overlap (struct tn_catalog *catalog, const struct range *ranges, uint64_t count, tenon_error *error)
{
    for (uint64_t i = 1; i < count; i++) {
        const struct range *a = &ranges[i - 1], *b = &ranges[i];
        if (a->source != b->source || a->end <= b->begin)
            continue;
        char name[120];
        tn_escape (name, sizeof name, a->name, strlen (a->name));
        tn_source_fail_in (catalog->sources[b->source], error);
        if (b->tensor)
            tn_fail_in (error, NULL, b->name);
        char own[120];
        tn_escape (own, sizeof own, b->name, strlen (b->name));
        return tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET,
                        "%s%s%sits bytes %llu … %llu overlap those of %s '%s', which end at %llu",
                        b->tensor ? "" : "member '", b->tensor ? "" : own,
                        b->tensor ? "" : "': ", (unsigned long long) b->begin, (unsigned long long) b->end,
                        a->tensor ? "tensor" : "member", name, (unsigned long long) a->end);
    }
    return TENON_OK;
}

tenon_status
tn_check_overlaps (struct tn_catalog *catalog, tenon_error *error)
{
    bool unordered = false;
    for (uint64_t i = 0; i < catalog->source_count && !unordered; i++)
        unordered = catalog->sources[i]->unordered;
    if (!unordered)
        return TENON_OK;
    uint64_t count = collect_ranges (catalog, NULL), bytes = 2 * (count + 1) * sizeof (struct range);
    if (!tn_budget_draw (catalog->budget, bytes))
        return error->status;
    TN_FREE struct range *memory = malloc (bytes);
    struct range *ranges = memory;
    tenon_status status = memory ? TENON_OK : tn_fail_memory (error);
    if (status == TENON_OK) {
        collect_ranges (catalog, ranges);
        status = sort_ranges (catalog->budget, &ranges, memory + count + 1, count);
    }
    if (status == TENON_OK)
        status = find_overlap (catalog, ranges, count, error);
    tn_budget_give_back (catalog->budget, bytes);
    return status;
}
