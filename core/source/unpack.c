/* SPDX-License-Identifier: MIT */
/* unpack.c - decodes a source into memory or a temporary file, from which it is read from then on. */
#include "source/unpack.h"
#include "kernels/checksum.h"
#include "source/decoder.h"
#include "source/scan.h"

/* A catalog's share of the memory limit. */
#define SHARE 4u

struct tn_unpacked {
    struct tn_unpacked *older;
    struct tn_source view;   /* the source, not encoded */
    struct tn_source memory; /* in which it lies, or … */
    uint8_t *bytes;          /* … NULL: it lies in the store's file */
};

void
tn_store_begin (struct tn_store *store)
{
    pthread_mutex_init (&store->lock, NULL);
}

void
tn_store_end (struct tn_store *store)
{
    while (store->newest) {
        struct tn_unpacked *unpacked = store->newest;
        store->newest = unpacked->older;
        free (unpacked->bytes);
        free (unpacked);
    }
    tn_source_free (store->file);
    pthread_mutex_destroy (&store->lock);
}

/* Takes the bytes of a source, in order. */
struct taker {
    struct tn_budget *budget;
    uint8_t *to; /* NULL: the file … */
    const struct tn_spool_file *file;
    uint64_t at; /* … from here on */
};

static tenon_status
take_bytes (void *user, const void *bytes, uint64_t length, tenon_error *error)
{
    struct taker *taker = user;
    TN_TRY (tn_budget_work (taker->budget, TN_WORK_DECODED * length));
    if (taker->to) {
        memcpy (taker->to, bytes, length);
        taker->to += length;
    } else
        TN_TRY (tn_spool_file_write (taker->file, taker->at, bytes, length, error));
    taker->at += length;
    return TENON_OK;
}

static tenon_status
open_spool (tenon_context *context, struct tn_store *store, uint64_t size, tenon_error *error)
{
    if (store->file)
        return TENON_OK;
    TN_TRY (tn_spool_file_open (context, size, &store->spool, error));
    return tn_source_open_fd (store->spool.fd, "", false, &store->file, error);
}

/* The source lies in unpacked->bytes, or, if that is NULL, in the store's file, from `at` on. */
static void
adopt_bytes (struct tn_store *store, struct tn_source *source, struct tn_unpacked *unpacked, uint64_t at)
{
    if (unpacked->bytes)
        store->in_memory += source->size;
    else
        store->in_file = store->file->size = at + source->size;
    unpacked->memory = (struct tn_source){ .kind = TN_SOURCE_MEMORY,
                                           .fd = -1,
                                           .size = source->size,
                                           .name = source->name,
                                           .backing = &unpacked->memory };
    atomic_init (&unpacked->memory.base, unpacked->bytes);
    unpacked->view = (struct tn_source){ .kind = TN_SOURCE_PART,
                                         .number = source->number,
                                         .depth = source->depth,
                                         .size = source->size,
                                         .encoded = source->encoded,
                                         .name = source->name,
                                         .name_length = source->name_length,
                                         .fd = -1,
                                         .parent = source->parent,
                                         .inside = source->inside,
                                         .offset = source->offset,
                                         .backing = unpacked->bytes ? &unpacked->memory : store->file,
                                         .backing_offset = unpacked->bytes ? 0 : at };
}

static tenon_status
unpack_into (tenon_context *context, struct tn_store *store, struct tn_source *source,
             struct tn_unpacked *unpacked, bool strict, tenon_error *error)
{
    uint64_t share = context->limits[TENON_LIMIT_MEMORY] / SHARE, at = store->in_file;
    struct taker taker = { .budget = store->budget, .at = at };
    bool fits = source->size <= share && store->in_memory <= share - source->size;
    if (store->no_files || fits) {
        if (!tn_budget_draw (store->budget, source->size)
            || !(taker.to = unpacked->bytes = malloc (source->size + 1)))
            return tn_fail_memory (error);
    } else {
        TN_TRY (open_spool (context, store, source->size, error));
        taker.file = &store->spool;
    }
    tenon_error sum = TENON_ERROR_INIT;
    tenon_status status = tn_scan_all (context, source, take_bytes, &taker, strict ? error : &sum);
    bool all = status == TENON_OK || (status == TENON_E_CHECKSUM && taker.at == at + source->size);
    if (!all || (status < 0 && strict)) {
        if (!strict)
            *error = sum;
        return status;
    }
    adopt_bytes (store, source, unpacked, at);
    return TENON_OK;
}

static tenon_status
unpack_source (tenon_context *context, struct tn_store *store, struct tn_source *source, bool strict,
               tenon_error *error)
{
    tenon_status status = TENON_OK;
    if (!tn_needs_decoder (source))
        return TENON_OK;
    source = source->backing;
    pthread_mutex_lock (&store->lock);
    if (!atomic_load (&source->unpacked)) {
        struct tn_unpacked *unpacked = calloc (1, sizeof *unpacked);
        status =
            unpacked ? unpack_into (context, store, source, unpacked, strict, error) : tn_fail_memory (error);
        if (status == TENON_OK) {
            unpacked->older = store->newest;
            store->newest = unpacked;
            atomic_store_explicit (&source->unpacked, &unpacked->view, memory_order_release);
        } else {
            free (unpacked ? unpacked->bytes : NULL);
            free (unpacked);
        }
    }
    pthread_mutex_unlock (&store->lock);
    return status;
}

tenon_status
tn_unpack (tenon_context *context, struct tn_store *store, struct tn_source *source, tenon_error *error)
{
    return unpack_source (context, store, source, true, error);
}

tenon_status
tn_unpack_when_due (tenon_context *context, struct tn_store *store, struct tn_source *source, uint64_t cost,
                    bool describing, tenon_error *error)
{
    uint64_t times = describing ? 1 : 2;
    if (!tn_needs_decoder (source))
        return TENON_OK;
    source = source->backing;
    uint64_t before = atomic_fetch_add (&source->decoded, cost);
    if (cost <= source->size && before <= times * source->size - cost)
        return TENON_OK;
    atomic_store (&source->decoded, 0); /* if it fails, it is not tried again at once */
    return unpack_source (context, store, source, describing, error);
}

/* ---- of unknown size ---- */

#define PIECE ((uint64_t) 1 << 18)

/* The bytes so far: in memory, as long as they fit into their share, then in the store's file. */
struct growing {
    tenon_context *context;
    struct tn_store *store;
    uint8_t *bytes; /* NULL: they are in the file */
    uint64_t size, room;
    uint64_t most; /* bytes that the limits allow … */
    const char *limit;
    uint64_t share; /* … and that may lie in memory */
    bool in_file;
};

static tenon_status
grow_bytes (struct growing *growing, uint64_t size, tenon_error *error)
{
    uint64_t room = TN_MIN (TN_MAX (size, 2 * growing->room), growing->share);
    if (size <= growing->room)
        return TENON_OK;
    if (!tn_budget_draw (growing->store->budget, room - growing->room))
        return tn_fail_memory (error);
    uint8_t *bytes = realloc (growing->bytes, room + 1);
    if (!bytes)
        return tn_fail_memory (error);
    growing->bytes = bytes;
    growing->room = room;
    return TENON_OK;
}

static tenon_status
spool_growing (struct growing *growing, tenon_error *error)
{
    struct tn_store *store = growing->store;
    TN_TRY (open_spool (growing->context, store, growing->share + 1, error));
    TN_TRY (tn_spool_file_write (&store->spool, store->in_file, growing->bytes, growing->size, error));
    free (growing->bytes);
    tn_budget_give_back (store->budget, growing->room);
    growing->bytes = NULL;
    growing->room = 0;
    growing->in_file = true;
    return TENON_OK;
}

static tenon_status
add_growing (struct growing *growing, const struct tn_source *source, const uint8_t *bytes, uint64_t length,
             tenon_error *error)
{
    uint64_t at = growing->size, size = at + length;
    if (size > growing->most) {
        tn_source_fail_in (source, error);
        return tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "it inflates to more than %llu bytes; raise %s in [limits] to read it",
                        (unsigned long long) growing->most, growing->limit);
    }
    if (!growing->in_file && size > growing->share)
        TN_TRY (spool_growing (growing, error));
    growing->size = size;
    if (growing->in_file)
        return tn_spool_file_write (&growing->store->spool, growing->store->in_file + at, bytes, length,
                                    error);
    TN_TRY (grow_bytes (growing, size, error));
    if (length > 0) /* else there may be no memory yet */
        memcpy (growing->bytes + at, bytes, length);
    return TENON_OK;
}

/* Decodes all of the source, and sums it up. */
static tenon_status
decode_growing (struct growing *growing, struct tn_decoder *decoder, struct tn_source *source, uint32_t *sum,
                tenon_error *error)
{
    TN_FREE uint8_t *piece = malloc (PIECE);
    uint64_t made = PIECE;
    if (!piece)
        return tn_fail_memory (error);
    for (*sum = tn_sum_begin (source->check); made == PIECE;) {
        TN_TRY (tn_decoder_next (decoder, source, piece, PIECE, &made, error));
        TN_TRY (add_growing (growing, source, piece, made, error));
        *sum = tn_sum_add (source->check, *sum, piece, made);
    }
    return growing->in_file ? TENON_OK : grow_bytes (growing, 1, error);
}

/* The same by a filter that cannot do it in pieces. */
static tenon_status
decode_whole_growing (struct growing *growing, struct tn_decoder *decoder, struct tn_source *source,
                      uint32_t *sum, tenon_error *error)
{
    uint64_t memory = growing->context->limits[TENON_LIMIT_MEMORY];
    uint64_t most = source->stored < memory ? memory - source->stored : 0;
    if (most < growing->most) {
        growing->most = most;
        growing->limit = "memory";
    }
    TN_TRY (tn_decoder_unpack (decoder, source, growing->most, growing->limit, &growing->bytes,
                               &growing->size, error));
    if (!tn_budget_draw (growing->store->budget, growing->size))
        return tn_fail_memory (error);
    growing->room = growing->size;
    *sum = tn_sum (source->check, growing->bytes, growing->size);
    return TENON_OK;
}

static tenon_status
unpack_growing (struct growing *growing, struct tn_source *source, tenon_error *error)
{
    struct tn_store *store = growing->store;
    struct tn_decoder *decoder = calloc (1, sizeof *decoder);
    struct tn_unpacked *unpacked = calloc (1, sizeof *unpacked);
    uint32_t sum = 0;
    tenon_status status = decoder && unpacked ? TENON_OK : tn_fail_memory (error);
    if (status == TENON_OK) {
        decoder->budget = store->budget;
        status = source->pipeline->in_pieces ? decode_growing (growing, decoder, source, &sum, error)
                                             : decode_whole_growing (growing, decoder, source, &sum, error);
        tn_decoder_free (decoder);
    }
    free (decoder);
    if (status < 0) {
        free (unpacked);
        free (growing->bytes);
        tn_budget_give_back (store->budget, growing->in_file ? 0 : growing->room);
        return status;
    }
    source->size = growing->size;
    unpacked->bytes = growing->bytes;
    adopt_bytes (store, source, unpacked, store->in_file);
    unpacked->older = store->newest;
    store->newest = unpacked;
    atomic_store_explicit (&source->unpacked, &unpacked->view, memory_order_release);
    if (source->check != TENON_CHECK_NONE && sum == source->check_value)
        atomic_store_explicit (&source->sum_is_good, true, memory_order_relaxed);
    return TENON_OK;
}

tenon_status
tn_unpack_to_size (tenon_context *context, struct tn_store *store, struct tn_source *source,
                   tenon_error *error)
{
    uint64_t share = context->limits[TENON_LIMIT_MEMORY] / SHARE;
    struct growing growing = { .context = context, .store = store };
    growing.most = tn_most_decoded (context, source->stored, &growing.limit);
    pthread_mutex_lock (&store->lock);
    growing.share = store->no_files ? growing.most : store->in_memory < share ? share - store->in_memory : 0;
    tenon_status status = unpack_growing (&growing, source, error);
    pthread_mutex_unlock (&store->lock);
    return status;
}
