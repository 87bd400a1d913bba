/* SPDX-License-Identifier: MIT */
/* grid_sample.h - tensors in chunks, made by hand: item number i of the C order is i * 7 + 1, modulo its
 * size, and those of missing chunks are the fill value. zlib encodes the chunks. The results are compared
 * with these numbers, item by item. */
#ifndef GRID_SAMPLE_H
#define GRID_SAMPLE_H
#include "sink/sink.h"
#include "source/spool_file.h"
#include "transfer/range_reader.h"
#include "transfer/transfer.h"
#include <check.h>
#include <stdio.h>
#include <unistd.h>
#include <zlib.h>

#define MOST_RANK 64u
#define FILL 201u

struct sample {
    uint32_t rank;
    uint64_t shape[MOST_RANK], edge[MOST_RANK];
    uint32_t order[8]; /* if `ordered` */
    bool ordered;
    uint32_t dtype; /* TENON_U8 … TENON_U64 */
    uint32_t flags; /* of the tensor */
    bool clipped;
    unsigned steps;                 /* 0 … 2: deflate, zlib around it */
    unsigned missing;               /* every so many chunks one is missing; 0: none */
    unsigned skipped;               /* every so many chunks one leaves out step 0 */
    bool sums;                      /* chunks have checksums */
    bool no_fill;                   /* it is 0, and not stated */
    bool in_file, backwards, apart; /* where the chunks lie */
    const char *memory;             /* the limit; NULL: 32 MiB */
};

static tenon_context *context;
static tenon_error error;
static struct tn_catalog *catalog;
static struct tn_tensor tensor;
static struct tn_grid grid;
static struct {
    struct tn_served served;
    uint8_t fill[8];
} described;
static const struct sample *sample;
static uint8_t *stored;
static uint64_t stored_size, item_bytes, item_count, chunk_count;
static struct tn_chunk *chunks;
static atomic_uint finds, begins, locators;

struct tn_locator {
    atomic_flag busy;
};

static void
fresh_error (void)
{
    tenon_error none = TENON_ERROR_INIT;
    error = none;
}

static uint64_t
parts_of (uint32_t dim)
{
    return (sample->shape[dim] + sample->edge[dim] - 1) / sample->edge[dim];
}

static uint64_t
chunk_number (const uint64_t *chunk)
{
    uint64_t number = 0;
    for (uint32_t d = 0; d < sample->rank; d++) {
        ck_assert_uint_lt (chunk[d], parts_of (d));
        number = number * parts_of (d) + chunk[d];
    }
    return number;
}

/* ---- the locator ---- */

static tenon_status
begin_locator (struct tn_catalog *of, const struct tn_tensor *which, struct tn_locator **locator,
               tenon_error *failure)
{
    (void) failure;
    ck_assert_ptr_eq (of, catalog);
    ck_assert_ptr_eq (which, &tensor);
    *locator = calloc (1, sizeof **locator);
    ck_assert_ptr_nonnull (*locator);
    begins++;
    locators++;
    return TENON_OK;
}

static tenon_status
find_chunk (struct tn_locator *locator, const uint64_t *chunk, struct tn_chunk *found, tenon_error *failure)
{
    ck_assert (!atomic_flag_test_and_set (&locator->busy));
    *found = chunks[chunk_number (chunk)];
    finds++;
    atomic_flag_clear (&locator->busy);
    return found->stored == UINT64_MAX ? tn_fail (failure, TENON_E_MALFORMED, 40, "its entry is damaged")
                                       : TENON_OK;
}

static void
end_locator (struct tn_locator *locator)
{
    free (locator);
    locators--;
}

static const struct tn_locating locating = { begin_locator, find_chunk, end_locator, NULL };

/* ---- making ---- */

static void
put_number (uint8_t *to, uint64_t number, bool big)
{
    for (uint64_t i = 0; i < item_bytes; i++)
        to[big ? item_bytes - 1 - i : i] = (uint8_t) (number >> 8 * i);
}

/* Counts through a box in C order. False: it was the last one. */
static bool
next_index (uint32_t rank, const uint64_t *count, uint64_t *index)
{
    for (uint32_t d = rank; d-- > 0; index[d] = 0)
        if (++index[d] < count[d])
            return true;
    return false;
}

static uint64_t
place_in_shape (const uint64_t *index)
{
    uint64_t place = 0;
    for (uint32_t d = 0; d < sample->rank; d++)
        place = place * sample->shape[d] + index[d];
    return place;
}

/* The bytes of a chunk, decoded. Items outside of the shape are no numbers of the tensor. */
static uint64_t
make_chunk (const uint64_t *chunk, uint8_t *bytes)
{
    uint64_t extent[MOST_RANK], stride[MOST_RANK], index[MOST_RANK] = { 0 }, item[MOST_RANK], items = 1;
    for (uint32_t k = sample->rank; k-- > 0;) {
        uint32_t d = sample->ordered                 ? sample->order[k]
                     : sample->flags & TENON_FORTRAN ? sample->rank - 1 - k
                                                     : k;
        extent[d] = sample->clipped ? TN_MIN (sample->edge[d], sample->shape[d] - chunk[d] * sample->edge[d])
                                    : sample->edge[d];
        stride[d] = items;
        items *= extent[d];
    }
    do {
        uint64_t place = 0;
        bool inside = true;
        for (uint32_t d = 0; d < sample->rank; d++) {
            place += index[d] * stride[d];
            item[d] = chunk[d] * sample->edge[d] + index[d];
            inside = inside && item[d] < sample->shape[d];
        }
        put_number (bytes + place * item_bytes, inside ? place_in_shape (item) * 7 + 1 : 0xeeeeeeee,
                    sample->flags & TENON_BIG_ENDIAN);
    } while (next_index (sample->rank, extent, index));
    return items * item_bytes;
}

static uint64_t
deflate_bytes (const uint8_t *from, uint64_t size, int window, uint8_t *to)
{
    z_stream z = { 0 };
    ck_assert_int_eq (deflateInit2 (&z, 1, Z_DEFLATED, window, 9, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *) (uintptr_t) from, z.avail_in = (uInt) size;
    z.next_out = to, z.avail_out = (uInt) (2 * size + 100);
    ck_assert_int_eq (deflate (&z, Z_FINISH), Z_STREAM_END);
    deflateEnd (&z);
    return z.total_out;
}

/* Encodes a chunk by the steps that are not left out. */
static uint64_t
encode_chunk (const uint8_t *from, uint64_t size, uint32_t skipped, uint8_t *to)
{
    uint8_t *between = malloc (2 * size + 100);
    ck_assert_ptr_nonnull (between);
    memcpy (between, from, size);
    for (unsigned i = 0; i < sample->steps; i++)
        if (!(skipped >> i & 1)) {
            size = deflate_bytes (between, size, i == 0 ? -15 : 15, to);
            between = realloc (between, 2 * size + 100);
            ck_assert_ptr_nonnull (between);
            memcpy (between, to, size);
        }
    memcpy (to, between, size);
    free (between);
    return size;
}

static void
store_chunks (void)
{
    uint64_t chunk[MOST_RANK] = { 0 }, parts[MOST_RANK], bytes = grid.chunk_bytes;
    chunk_count = 1;
    for (uint32_t d = 0; d < sample->rank; d++) {
        parts[d] = parts_of (d);
        chunk_count *= parts[d];
    }
    chunks = calloc (chunk_count + 1, sizeof *chunks);
    ck_assert_ptr_nonnull (chunks);
    uint64_t most = sample->steps > 0 ? bytes + bytes / 8 + 200 : bytes;
    stored = calloc (1, chunk_count * (most + (sample->apart ? 9000 : 3)) + 1);
    uint8_t *plain = malloc (bytes + 1), *encoded = malloc (2 * bytes + 200);
    ck_assert (stored && plain && encoded);
    uint64_t at = sample->backwards ? chunk_count * (most + (sample->apart ? 9000 : 3)) : 0, number = 0;
    stored_size = chunk_count * (most + (sample->apart ? 9000 : 3));
    for (; number < chunk_count; number++, next_index (sample->rank, parts, chunk)) {
        struct tn_chunk *found = &chunks[number];
        found->key = "";
        if (sample->missing > 0 && number % sample->missing == 1) {
            found->missing = true;
            continue;
        }
        found->skipped = sample->skipped > 0 && number % sample->skipped == 0 ? 1 : 0;
        uint64_t size = make_chunk (chunk, plain);
        if (sample->sums) {
            found->check = TENON_CHECK_CRC32;
            found->check_value = (uint32_t) crc32 (0, plain, (uInt) size);
        }
        found->stored = encode_chunk (plain, size, found->skipped, encoded);
        at -= sample->backwards ? found->stored + 3 : 0;
        memcpy (stored + at, encoded, found->stored);
        found->offset = at;
        at += sample->backwards ? 0 : found->stored + (sample->apart ? 9000 : 3);
    }
    free (plain);
    free (encoded);
}

static void
open_stored (void)
{
    struct tn_source *source;
    if (sample->in_file) {
        struct tn_spool_file file;
        ck_assert_int_eq (tn_spool_file_open (context, stored_size, &file, &error), TENON_OK);
        ck_assert_int_eq (tn_write_all (file.fd, 0, stored, stored_size, "box", &error), TENON_OK);
        ck_assert_int_eq (tn_source_open_fd (file.fd, "box", true, &source, &error), TENON_OK);
    } else
        ck_assert_int_eq (tn_source_memory (stored, stored_size, "box", &source, &error), TENON_OK);
    ck_assert_int_eq (tn_catalog_add_source (catalog, source, &error), TENON_OK);
    for (uint64_t i = 0; i < chunk_count; i++)
        chunks[i].source = source;
}

static void
open_context (const char *memory, const char *threads)
{
    char limit[64];
    snprintf (limit, sizeof limit, "limits.memory=%s", memory);
    const char *settings[] = { threads, limit, NULL };
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES | TENON_CONTEXT_NO_ENVIRONMENT,
                                      .settings = settings };
    fresh_error ();
    ck_assert_int_eq (tenon_context_new (&context, &options, &error), TENON_OK);
    catalog = tn_catalog_new (context);
    catalog->locating = &locating;
}

static void
describe_grid (void)
{
    const struct tenon_step steps[2] = { { .struct_size = sizeof steps[0], .filter = "deflate" },
                                         { .struct_size = sizeof steps[0], .filter = "zlib" } };
    const char *missing;
    item_bytes = tn_dtype_fixed[sample->dtype].block_bytes;
    item_count = 1;
    memset (&grid, 0, sizeof grid);
    grid.chunk_bytes = item_bytes;
    for (uint32_t d = 0; d < sample->rank; d++) {
        grid.chunk_bytes *= sample->edge[d];
        item_count *= sample->shape[d];
    }
    grid.chunk_shape = sample->edge;
    grid.order = sample->ordered ? sample->order : NULL;
    grid.flags = sample->clipped ? TENON_GRID_CLIPPED : 0;
    put_number (described.fill, FILL, sample->flags & TENON_BIG_ENDIAN);
    grid.fill = sample->no_fill ? NULL : described.fill;
    if (sample->steps > 0)
        ck_assert_int_eq (tn_pipeline_make (context, &catalog->arena, steps, sizeof steps[0], sample->steps,
                                            &grid.pipeline, &missing, &error),
                          TENON_OK);
    described.served.grid = &grid;
    tensor = (struct tn_tensor){ .name = "t",
                                 .shape = sample->shape,
                                 .rank = (uint16_t) sample->rank,
                                 .dtype = sample->dtype,
                                 .flags = (uint8_t) sample->flags,
                                 .length = item_count * item_bytes,
                                 .storage = TENON_GRID,
                                 .served = &described.served };
}

static void
open_sample (const struct sample *which, const char *threads)
{
    sample = which;
    open_context (which->memory ? which->memory : "32MiB", threads);
    describe_grid ();
    store_chunks ();
    open_stored ();
    finds = begins = 0;
}

static void
close_sample (void)
{
    ck_assert_uint_eq (locators, 0);
    tn_catalog_drop (catalog);
    tenon_context_free (context);
    free (chunks);
    free (stored);
    chunks = NULL, stored = NULL;
}

/* ---- expected results ---- */

static uint64_t
number_at (const uint64_t *index)
{
    uint64_t chunk[MOST_RANK], number = place_in_shape (index) * 7 + 1;
    for (uint32_t d = 0; d < sample->rank; d++)
        chunk[d] = index[d] / sample->edge[d];
    if (tensor.storage == TENON_GRID && chunks[chunk_number (chunk)].missing)
        number = sample->no_fill ? 0 : FILL;
    return item_bytes < 8 ? number & (((uint64_t) 1 << 8 * item_bytes) - 1) : number;
}

static uint64_t
number_of (const uint8_t *item, uint32_t dtype, bool big)
{
    uint64_t size = tn_dtype_fixed[dtype].block_bytes, number = 0;
    double real;
    for (uint64_t i = 0; i < size; i++)
        number |= (uint64_t) item[big ? size - 1 - i : i] << 8 * i;
    if (dtype != TENON_F64)
        return number;
    memcpy (&real, &number, sizeof real);
    return (uint64_t) real;
}

/* Compares a result, whose item 0 … 0 is at `result`, with the numbers; strides in items. */
static void
check_items (const uint8_t *result, const struct tn_request *request, const struct tn_box *box,
             const int64_t *strides, uint32_t layout)
{
    uint64_t count[MOST_RANK], index[MOST_RANK] = { 0 }, item[MOST_RANK];
    uint64_t size = request->target->block_bytes;
    if (request->elements == 0)
        return;
    for (uint32_t d = 0; d < sample->rank; d++) {
        uint64_t start = box && box->start ? box->start[d] : 0;
        uint64_t step = box && box->step ? (uint64_t) box->step[d] : 1;
        count[d] = box && box->count ? box->count[d] : (sample->shape[d] - start - 1) / step + 1;
    }
    do {
        int64_t place = 0;
        for (uint32_t d = 0; d < sample->rank; d++) {
            item[d] = (box && box->start ? box->start[d] : 0)
                      + index[d] * (box && box->step ? (uint64_t) box->step[d] : 1);
            place += (int64_t) index[d] * strides[d];
        }
        uint64_t number =
            number_of (result + place * (int64_t) size, request->target_id, layout & TENON_BIG_ENDIAN);
        if (number != number_at (item))
            ck_abort_msg ("item %llu is %llu, not %llu", (unsigned long long) place_in_shape (item),
                          (unsigned long long) number, (unsigned long long) number_at (item));
    } while (next_index (sample->rank, count, index));
}

#endif
