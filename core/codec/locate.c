/* SPDX-License-Identifier: MIT */
/* locate.c - asks a codec where chunks are, and checks what it says. */
#include "codec/locate.h"
#include "codec/rules.h"
#include "kernels/checksum.h"

/* A catalog keeps so many locators, and of their scratch memory this share of the memory limit. */
#define MOST_KEPT 16u
#define KEPT_SHARE 8u
/* A locator whose codec has taken more than this, and twice what it took for the first chunk, begins again:
 * a codec may take memory for each shard that it looks into. */
#define SCRATCH_LEAST ((uint64_t) 16 << 20)

struct tn_locators {
    pthread_mutex_t lock;
    struct tn_locator *kept; /* the one that was given back last comes first */
    unsigned count;
    uint64_t scratch; /* bytes */
};

tenon_status
tn_locators_need (struct tn_catalog *catalog, tenon_error *error)
{
    if (catalog->locators)
        return TENON_OK;
    if (!(catalog->locators = calloc (1, sizeof *catalog->locators)))
        return tn_fail_memory (error);
    pthread_mutex_init (&catalog->locators->lock, NULL);
    return TENON_OK;
}

/* ---- the call of a locator ---- */

void
tn_locator_start (struct tn_locator *locator)
{
    struct tn_catalog *catalog = locator->catalog;
    const struct tn_description *description = &catalog->descriptions[locator->description];
    struct tn_call *call = &locator->call;
    tn_call_begin (call, &locator->session, TN_CALL_CHUNK, description->codec);
    call->sources = tn_description_sources (description);
    call->source_count = description->count;
    call->locator = locator;
    locator->first = 0;
    if (locator->tensor)
        tn_call_show_tensor (catalog, locator->tensor, call->sources, call->source_count, &locator->theirs);
}

void
tn_locator_stop (struct tn_locator *locator)
{
    tn_locator_close_keys (locator);
    tn_call_free (&locator->call);
    tn_arena_free (&locator->session.arena);
    locator->session.arena = (struct tn_arena){ NULL };
}

static void
free_locator (struct tn_locator *locator)
{
    if (locator->gone)
        locator->gone (locator);
    tn_locator_release (locator);
    tn_locator_stop (locator);
    free (locator);
}

/* ---- locators that are kept ---- */

/* One of this tensor; NULL: none is kept. */
static struct tn_locator *
take_kept (struct tn_locators *locators, const struct tn_tensor *tensor)
{
    struct tn_locator *found = NULL;
    pthread_mutex_lock (&locators->lock);
    for (struct tn_locator **at = &locators->kept; *at && !found; at = &(*at)->next)
        if ((*at)->tensor == tensor) {
            found = *at;
            *at = found->next;
            locators->count--;
            locators->scratch -= found->session.arena.used;
            break;
        }
    pthread_mutex_unlock (&locators->lock);
    return found;
}

/* Removes the oldest ones that are too many. The caller frees them. */
static struct tn_locator *
cut_kept (struct tn_locators *locators, uint64_t most)
{
    struct tn_locator **at = &locators->kept;
    uint64_t scratch = 0;
    for (unsigned count = 0; *at && count < MOST_KEPT; count++, at = &(*at)->next) {
        scratch += (*at)->session.arena.used;
        if (count > 0 && scratch > most) {
            scratch -= (*at)->session.arena.used;
            break;
        }
    }
    struct tn_locator *rest = *at;
    *at = NULL;
    for (const struct tn_locator *gone = rest; gone; gone = gone->next)
        locators->count--;
    locators->scratch = scratch;
    return rest;
}

static tenon_status
begin_locator (struct tn_catalog *catalog, const struct tn_tensor *tensor, struct tn_locator **result,
               tenon_error *error)
{
    struct tn_locator *locator = take_kept (catalog->locators, tensor);
    *result = locator;
    if (locator)
        return TENON_OK;
    if (!(*result = locator = calloc (1, sizeof *locator)))
        return tn_fail_memory (error);
    locator->catalog = catalog;
    locator->tensor = tensor;
    locator->description = tensor->description;
    locator->session = (struct tn_session){
        .context = catalog->context, .error = error, .overlay = &catalog->overlay, .catalog = catalog
    };
    tn_locator_start (locator);
    return TENON_OK;
}

static void
end_locator (struct tn_locator *locator)
{
    if (!locator)
        return;
    struct tn_locators *locators = locator->catalog->locators;
    uint64_t most = locator->catalog->context->limits[TENON_LIMIT_MEMORY] / KEPT_SHARE;
    pthread_mutex_lock (&locators->lock);
    locator->next = locators->kept;
    locators->kept = locator;
    locators->count++;
    locators->scratch += locator->session.arena.used;
    struct tn_locator *rest =
        locators->count > MOST_KEPT || locators->scratch > most ? cut_kept (locators, most) : NULL;
    pthread_mutex_unlock (&locators->lock);
    for (struct tn_locator *next; rest; rest = next) {
        next = rest->next;
        free_locator (rest);
    }
}

static void
forget_locators (struct tn_catalog *catalog)
{
    struct tn_locators *locators = catalog->locators;
    for (struct tn_locator *at = locators->kept, *next; at; at = next) {
        next = at->next;
        free_locator (at);
    }
    pthread_mutex_destroy (&locators->lock);
    free (locators);
    catalog->locators = NULL;
}

/* ---- asking ---- */

/* Scratch memory that grows from shard to shard is freed. */
static void
renew_call (struct tn_locator *locator)
{
    tn_locator_stop (locator);
    tn_locator_start (locator);
}

static tenon_status
ask_once (struct tn_locator *locator, const uint64_t *chunk, struct tenon_chunk *found)
{
    struct tn_call *call = &locator->call;
    *found = (struct tenon_chunk){ .struct_size = sizeof *found, .stored = TENON_AUTO };
    call->pending = TENON_OK;
    call->pending_words[0] = 0;
    tenon_status status =
        call->codec->table.locate_chunk (tn_call_enter (call), &locator->theirs, chunk, found);
    status = tn_call_judge (call, status);
    if (locator->first == 0)
        locator->first = locator->session.arena.used + 1;
    return status;
}

/* Asks again in a call with no memory yet, if the codec failed for the lack of it. */
tenon_status
tn_locator_ask (struct tn_locator *locator, const uint64_t *chunk, struct tenon_chunk *found)
{
    tenon_error *error = locator->session.error;
    bool fresh = locator->first == 0;
    if (locator->session.arena.used > TN_MAX (SCRATCH_LEAST, 2 * locator->first))
        renew_call (locator), fresh = true;
    tenon_status status = ask_once (locator, chunk, found);
    if (status != TENON_E_LIMIT || fresh)
        return status;
    renew_call (locator);
    tn_error_clear (error);
    return ask_once (locator, chunk, found);
}

/* ---- checking ---- */

static tenon_status
check_found (struct tn_locator *locator, const struct tenon_chunk *theirs)
{
    struct tn_call *call = &locator->call;
    const struct tn_pipeline *pipeline = locator->tensor->served->grid->pipeline;
    uint32_t steps = pipeline ? pipeline->count : 0;
    if (theirs->flags & TENON_FLAGS_MUST_KNOW)
        return tn_fail (call->session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "the codec %s finds it with flags %#x that this version does not know",
                        call->codec->table.id, theirs->flags);
    if (theirs->flags & TENON_CHUNK_MISSING)
        return TENON_OK;
    if (theirs->skipped >> steps)
        return tn_fail (call->session->error, TENON_E_MALFORMED, TN_NO_OFFSET,
                        "a chunk leaves out steps %#x of a pipeline of %u", theirs->skipped, steps);
    if (!tn_sum_knows (theirs->check))
        return tn_fail (call->session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "this version knows no checksum of kind %u", theirs->check);
    if (theirs->check != TENON_CHECK_NONE && theirs->check_value > UINT32_MAX)
        return tn_fail (call->session->error, TENON_E_MALFORMED, TN_NO_OFFSET,
                        "the checksum of a chunk is said to be %#llx, which has more than 32 bits",
                        (unsigned long long) theirs->check_value);
    return TENON_OK;
}

static tenon_status
take_range (struct tn_locator *locator, const struct tenon_chunk *theirs, struct tn_chunk *found)
{
    struct tn_source *source = found->source;
    tenon_error *error = locator->session.error;
    if (source->is_folder)
        return tn_call_misuse (&locator->call, "it finds a chunk in a folder, which has no bytes");
    found->offset = theirs->offset;
    found->stored = theirs->stored;
    if (theirs->stored == TENON_AUTO && theirs->offset <= source->size)
        found->stored = source->size - theirs->offset;
    if (found->offset <= source->size && found->stored <= source->size - found->offset)
        return TENON_OK;
    tn_source_fail_in (source, error);
    const char *what = source->kind == TN_SOURCE_PART ? "member" : "file";
    return theirs->stored == TENON_AUTO
               ? tn_fail (error, TENON_E_TRUNCATED, TN_NO_OFFSET,
                          "a chunk is at offset %llu, the %s ends at %llu",
                          (unsigned long long) found->offset, what, (unsigned long long) source->size)
               : tn_fail (error, TENON_E_TRUNCATED, TN_NO_OFFSET,
                          "a chunk has %llu bytes at offset %llu, the %s ends at %llu",
                          (unsigned long long) found->stored, (unsigned long long) found->offset, what,
                          (unsigned long long) source->size);
}

tenon_status
tn_locator_take (struct tn_locator *locator, const struct tenon_chunk *theirs, struct tn_chunk *found)
{
    *found = (struct tn_chunk){ .key = "" };
    TN_TRY (check_found (locator, theirs));
    found->missing = theirs->flags & TENON_CHUNK_MISSING;
    if (found->missing)
        return TENON_OK;
    found->skipped = theirs->skipped;
    found->check = theirs->check;
    found->check_value = (uint32_t) theirs->check_value;
    if (theirs->key)
        TN_TRY (tn_locator_find_key (locator, theirs->key, theirs->key_length, found));
    else if (!(found->source = tn_call_source (&locator->call, theirs->source)))
        return locator->session.error->status;
    else
        tn_locator_hold_number (locator, theirs->source);
    return found->missing ? TENON_OK : take_range (locator, theirs, found);
}

static tenon_status
find_chunk (struct tn_locator *locator, const uint64_t *chunk, struct tn_chunk *found, tenon_error *error)
{
    struct tenon_chunk theirs;
    locator->session.error = error;
    tenon_status status = tn_locator_ask (locator, chunk, &theirs);
    if (status == TENON_OK)
        status = tn_locator_take (locator, &theirs, found);
    if (status < 0)
        tn_fail_in (error, NULL, locator->tensor->name);
    return status;
}

const struct tn_locating tn_locating_here = { begin_locator, find_chunk, end_locator, forget_locators };
