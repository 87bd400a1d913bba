/* SPDX-License-Identifier: MIT */
/* unpack.c - decodes a source into memory or a temporary file, from which it is read from then on. */
#include "source/unpack.h"
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
