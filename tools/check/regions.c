/* SPDX-License-Identifier: MIT */
/* regions.c - reading a box of a tensor in each of the ways that the library has. */
#include "check/regions.h"
#include "library.h"
#include "memory.h"

/* Bytes behind a result, which must stay as they are. */
#define GUARD 64
#define UNTOUCHED 0xa5

const char *
region_words (enum region_way way)
{
    static const char *const words[REGION_WAYS] = { "", ", with strides", ", streamed", ", loaded" };
    return words[way];
}

/* A request for a box; the arrays in it are the caller's. */
struct region {
    tenon_request request;
    uint64_t start[BOX_DIMS], count[BOX_DIMS];
    int64_t strides[BOX_DIMS];
    uint64_t units, unit;
};

static void
take_box (struct region *region, uint64_t index, uint32_t dtype, const struct box *box, uint64_t together,
          uint64_t unit)
{
    memcpy (region->start, box->start, sizeof region->start);
    memcpy (region->count, box->count, sizeof region->count);
    if (box->rank > 0) {
        region->start[box->rank - 1] *= together;
        region->count[box->rank - 1] *= together;
    }
    region->request = (tenon_request){ .struct_size = sizeof region->request,
                                       .index = index,
                                       .dtype = dtype,
                                       .rank = box->rank,
                                       .start = region->start,
                                       .count = region->count,
                                       .step = box->step };
    region->units = box_units (box);
    region->unit = unit;
}

static uint8_t *
get_result (uint64_t size)
{
    uint8_t *memory = get_memory (NULL, size + GUARD, 1);
    memset (memory, UNTOUCHED, size + GUARD);
    return memory;
}

static bool
is_untouched (const uint8_t *bytes)
{
    for (unsigned i = 0; i < GUARD; i++)
        if (bytes[i] != UNTOUCHED)
            return false;
    return true;
}

static tenon_status
read_packed (tenon_file *file, struct region *region, uint8_t *found, tenon_error *error)
{
    uint64_t size = region->units * region->unit;
    region->request.data = found;
    region->request.size = size;
    tenon_status status = tenon_read (file, &region->request, 1, NULL, error);
    if (status < 0)
        return status;
    return region->request.size == size && is_untouched (found + size) ? TENON_OK : REGION_OVERFLOW;
}

/* The first dim changes fastest, every other one goes backwards, and a gap follows each. */
static uint64_t
choose_strides (struct region *region, uint64_t *first)
{
    uint64_t reach = 0, stride = 2;
    *first = 0;
    for (uint32_t i = 0; i < region->request.rank; i++) {
        uint64_t far = region->count[i] ? (region->count[i] - 1) * stride : 0;
        region->strides[i] = i % 2 ? -(int64_t) stride : (int64_t) stride;
        *first += i % 2 ? far : 0;
        reach += far;
        stride = reach + 2;
    }
    return reach + 1;
}

static tenon_status
read_strided (tenon_file *file, struct region *region, uint8_t *found, tenon_error *error)
{
    uint64_t first, reach = choose_strides (region, &first), unit = region->unit;
    uint8_t *memory = get_result (reach * unit);
    region->request.data = memory + first * unit;
    region->request.size = reach * unit;
    region->request.strides = region->strides;
    tenon_status status = tenon_read (file, &region->request, 1, NULL, error);
    if (status == TENON_OK && !is_untouched (memory + reach * unit))
        status = REGION_OVERFLOW;
    for (uint64_t i = 0; i < region->units && status == TENON_OK; i++) {
        int64_t at = (int64_t) first;
        uint64_t number = i;
        for (uint32_t d = region->request.rank; d-- > 0; number /= region->count[d])
            at += (int64_t) (number % region->count[d]) * region->strides[d];
        memcpy (found + i * unit, memory + (uint64_t) at * unit, unit);
    }
    free (memory);
    return status;
}

struct stream {
    uint8_t *to;
    uint64_t left;
};

static int
take_piece (void *user, const void *data, uint64_t size)
{
    struct stream *stream = user;
    if (size > stream->left)
        return 1;
    if (size > 0)
        memcpy (stream->to, data, size);
    stream->to += size;
    stream->left -= size;
    return 0;
}

static tenon_status
read_streamed (tenon_file *file, struct region *region, uint8_t *found, tenon_error *error)
{
    struct stream stream = { found, region->units * region->unit };
    tenon_status status = tenon_stream (file, &region->request, take_piece, &stream, NULL, error);
    if (status == TENON_E_CANCELLED || (status == TENON_OK && stream.left > 0))
        return REGION_OVERFLOW;
    return status;
}

static tenon_status
read_loaded (tenon_file *file, struct region *region, uint8_t *found, tenon_error *error)
{
    CLEAN (memory) tenon_memory *memory = NULL;
    tenon_status status = tenon_load (file, &region->request, 1, &memory, NULL, error);
    if (status < 0)
        return status;
    if (region->request.size != region->units * region->unit)
        return REGION_OVERFLOW;
    if (region->request.size > 0)
        memcpy (found, region->request.data, region->request.size);
    return TENON_OK;
}

tenon_status
region_read (tenon_file *file, uint64_t index, uint32_t dtype, const struct box *box, uint64_t together,
             uint64_t unit, enum region_way way, uint8_t **found, tenon_error *error)
{
    struct region region;
    take_box (&region, index, dtype, box, together, unit);
    *found = get_result (region.units * unit);
    tenon_status status = way == REGION_READ       ? read_packed (file, &region, *found, error)
                          : way == REGION_STRIDED  ? read_strided (file, &region, *found, error)
                          : way == REGION_STREAMED ? read_streamed (file, &region, *found, error)
                                                   : read_loaded (file, &region, *found, error);
    if (status < 0) {
        free (*found);
        *found = NULL;
    }
    return status;
}
