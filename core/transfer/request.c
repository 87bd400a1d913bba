/* SPDX-License-Identifier: MIT */
/* request.c - makes a request from a box, a dtype and a layout. */
#include "transfer/request.h"
#include "kernels/cast.h"
#include "source/scan.h"
#include "transfer/view.h"

bool
tn_cast_supported (const struct tenon_dtype *from, uint32_t from_id, const struct tenon_dtype *to,
                   uint32_t to_id)
{
    if (from_id == to_id
        || (from->kind == TENON_KIND_OPAQUE && to_id != TENON_NONE && from->items_as == to_id))
        return true;
    bool readable = from->kind == TENON_KIND_PLAIN || (from->kind == TENON_KIND_BLOCK && from->decode);
    bool writable = to->kind == TENON_KIND_PLAIN || (to->kind == TENON_KIND_BLOCK && to->encode);
    if (!readable || !writable)
        return false;
    return tn_cast_possible (from->kind == TENON_KIND_PLAIN ? from_id : TENON_F32,
                             to->kind == TENON_KIND_PLAIN ? to_id : TENON_F32);
}

static tenon_status
check_cast (const struct tn_request *request, tenon_error *error)
{
    if (tn_cast_supported (request->stored, request->stored_id, request->target, request->target_id))
        return TENON_OK;
    uint32_t only = request->stored->items_as;
    return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET, "%s%.80s cannot be read as %.80s%s%s",
                    request->stored->kind == TENON_KIND_OPAQUE ? "opaque items of type " : "",
                    tn_dtype_label (request->stored), tn_dtype_label (request->target),
                    only ? ", only as " : "", only ? tn_dtype_fixed[only].name : "");
}

/* Opaque items that are read as the plain dtype whose bytes they have are such items from here on. */
static void
see_items (struct tn_request *request)
{
    const struct tenon_dtype *opaque = request->stored;
    if (opaque->kind != TENON_KIND_OPAQUE || request->target_id == request->stored_id)
        return;
    request->stored_id = opaque->items_as;
    request->stored = &tn_dtype_fixed[opaque->items_as];
    request->swap_in = (opaque->items_flags & TENON_BIG_ENDIAN) && request->stored->swap_count > 0;
}

/* The box in the tensor's own axes, items. */
static tenon_status
take_box (struct tn_request *request, const struct tn_box *box, tenon_error *error)
{
    const struct tn_tensor *tensor = request->tensor;
    if (box && box->rank != 0 && box->rank != tensor->rank)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "the slice has %u dims, the tensor %u",
                        box->rank, tensor->rank);
    bool sliced = box && box->rank > 0;
    request->whole = true;
    for (uint32_t i = 0; i < tensor->rank; i++) {
        uint64_t dim = tensor->shape[i], start = sliced && box->start ? box->start[i] : 0;
        int64_t step = sliced && box->step ? box->step[i] : 1;
        if (step < 1)
            return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                            "a slice's step is %lld in dim %u; it must be 1 or more", (long long) step, i);
        uint64_t most = start >= dim ? 0 : (dim - start - 1) / (uint64_t) step + 1;
        uint64_t count = sliced && box->count ? box->count[i] : most;
        if (start > dim || count > most)
            return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "the slice leaves dim %u, which is %llu", i,
                            (unsigned long long) dim);
        request->axis[i] = (struct tn_axis){ start, count, count <= 1 ? 1 : (uint64_t) step, 0, 0 };
        request->whole = request->whole && start == 0 && count == dim;
        request->elements *= count;
    }
    request->rank = tensor->rank;
    if (request->rank == 0) {
        request->rank = 1;
        request->axis[0] = (struct tn_axis){ .count = 1, .step = 1 };
    }
    return TENON_OK;
}

/* From items to units on the innermost axis. */
static tenon_status
count_units (struct tn_request *request, tenon_error *error)
{
    uint64_t items = request->stored->block_items;
    struct tn_axis *last = &request->axis[request->rank - 1];
    request->unit_bytes = request->stored->block_bytes;
    request->unit_items = items;
    if (items == 1 || request->elements == 0)
        return TENON_OK;
    if (tn_request_is_flat (request)) { /* rows need not end with a unit */
        uint64_t units = request->elements / items;
        request->rank = 1;
        request->axis[0] = (struct tn_axis){ .count = units, .step = 1 };
        return TENON_OK;
    }
    uint64_t row = request->tensor->rank > 0 ? request->tensor->shape[request->tensor->rank - 1] : 1;
    if (row % items != 0)
        return tn_fail (
            error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
            "its rows of %llu items are not made of whole groups of %llu, so it can only be read whole",
            (unsigned long long) row, (unsigned long long) items);
    if (request->decode)
        return TENON_OK; /* the innermost axis stays in items: any of them may be picked after decoding */
    if (last->start % items != 0 || last->count % items != 0 || last->step != 1)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "slices of %s begin and end at multiples of %llu in the last dim; read it as f32 to "
                        "cut it anywhere",
                        request->stored->name, (unsigned long long) items);
    last->start /= items, last->count /= items;
    return TENON_OK;
}

static tenon_status
count_size (struct tn_request *request, tenon_error *error)
{
    uint64_t items = request->target->block_items, row = request->axis[request->rank - 1].count, units;
    if (request->unit_items > 1 && (tn_request_is_flat (request) || !request->decode)) /* see count_units */
        row *= request->unit_items;
    if (items > 1 && request->target->kind == TENON_KIND_BLOCK && request->elements > 0) {
        uint64_t own = request->tensor->rank ? request->tensor->shape[request->tensor->rank - 1] : 1;
        if (request->target_id != request->stored_id && own % items != 0)
            return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                            "rows of %llu items cannot be cut into the %llu that a block of %s holds",
                            (unsigned long long) own, (unsigned long long) items, request->target->name);
        if (row % items != 0)
            return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                            "%llu items in a row are no multiple of the %llu in a block of %s",
                            (unsigned long long) row, (unsigned long long) items, request->target->name);
    }
    bool cut = items > 1 && request->target->kind == TENON_KIND_PLAIN
               && request->target_id != request->stored_id
               && (!request->linear || !request->whole || request->storage == TENON_SERVED)
               && request->rank > 1 && row % items != 0;
    if (cut)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "rows of %llu items are not made of whole groups of the %llu that %s packs together",
                        (unsigned long long) row, (unsigned long long) items, request->target->name);
    if (items > 1 && request->elements % items != 0)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "%llu items are no multiple of the %llu that %s packs together",
                        (unsigned long long) request->elements, (unsigned long long) items,
                        request->target->name);
    units = request->elements / items;
    if (tn_multiply (units, request->target->block_bytes, &request->size)
        || request->size >= (uint64_t) 1 << 63)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET, "as %s it would take 2^63 bytes or more",
                        tn_dtype_label (request->target));
    return TENON_OK;
}

static bool
has_byte_order (const struct tenon_dtype *dtype)
{
    return dtype->swap_count > 0;
}

/* Opaque items of this size are cut, also where they do not lie one behind the other. */
#define LARGE_ITEM ((uint64_t) 64 << 10)

static void
count_in_bytes (struct tn_request *request)
{
    request->elements = request->size;
    request->unit_items = request->unit_bytes = 1;
    request->stored_id = request->target_id = TENON_U8;
    request->stored = request->target = &tn_dtype_fixed[TENON_U8];
}

/* Opaque items that go as they are may be of any size: cut them anywhere. */
static void
as_bytes (struct tn_request *request)
{
    int64_t bytes = (int64_t) request->stored->block_bytes;
    struct tn_axis *axis = &request->axis[request->rank - 1];
    if (axis->stride == bytes && axis->to == bytes) {
        axis->count *= (uint64_t) bytes;
        axis->stride = axis->to = 1;
    } else /* the bytes of an item are an axis of their own */
        request->axis[request->rank++] = (struct tn_axis){ 0, (uint64_t) bytes, 1, .stride = 1, .to = 1 };
    count_in_bytes (request);
}

static bool
may_be_bytes (const struct tn_request *request)
{
    return request->stored->kind == TENON_KIND_OPAQUE && request->storage == TENON_EXTENT
           && (tn_request_is_contiguous (request)
               || (request->stored->block_bytes >= LARGE_ITEM && request->rank < TN_MAX_RANK));
}

void
tn_request_flatten (struct tn_request *request)
{
    uint64_t length = request->size = request->span = request->length;
    request->rank = 1;
    request->offset = request->begin;
    request->axis[0] = (struct tn_axis){ 0, length, 1, .stride = 1, .to = 1 };
    request->linear = true;
    request->turns = request->rewinds = request->reversed = request->scattered = false;
    request->decode = request->swap_in = request->swap_out = false;
    count_in_bytes (request);
}

bool
tn_request_covers (const struct tn_request *request)
{
    const struct tn_source *source = request->source;
    return request->whole && request->size > 0 && source->kind == TN_SOURCE_PART
           && request->storage == TENON_EXTENT && source->size - request->length <= TN_MARGIN;
}

bool
tn_request_by_items (const struct tn_request *request)
{
    return (request->storage == TENON_EXTENT || request->grid) && !request->decode
           && request->target->block_items == 1;
}

uint64_t
tn_request_last_byte (const struct tn_request *request)
{
    int64_t end = (int64_t) request->offset;
    for (uint32_t i = 0; i < request->rank; i++) {
        const struct tn_axis *axis = &request->axis[i];
        uint64_t last = axis->start + (axis->count - 1) * axis->step;
        if (request->decode && i + 1 == request->rank && !tn_request_is_flat (request))
            last /= request->unit_items; /* counted in items */
        end += axis->stride > 0 ? (int64_t) last * axis->stride : 0;
    }
    return (uint64_t) end + request->unit_bytes - 1;
}

/* A source that was unpacked is read from there. There it has no checksum: a request that covers it, and so
 * is to fail if its checksum is wrong, reads it itself until the checksum was found right. */
static void
turn_to_unpacked (struct tn_request *request)
{
    struct tn_source *source = request->source;
    if (source->check == TENON_CHECK_NONE || !tn_request_covers (request)
        || atomic_load_explicit (&source->sum_is_good, memory_order_relaxed))
        request->source = tn_source_plain (source);
}

/* Dtypes, and which steps lie between them. */
static tenon_status
take_dtypes (struct tn_request *request, uint32_t target, uint32_t layout, tenon_error *error)
{
    struct tn_catalog *catalog = request->catalog;
    const struct tn_tensor *tensor = request->tensor;
    request->tally = NULL;
    request->stored_id = tensor->dtype;
    request->target_id = target == TENON_NONE ? tensor->dtype : target;
    request->stored = tn_catalog_dtype (catalog, request->stored_id);
    request->target = tn_catalog_dtype (catalog, request->target_id);
    if (!request->target)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "there is no dtype %u", target);
    TN_TRY (check_cast (request, error));
    request->decode = request->stored_id != request->target_id && request->stored->block_items > 1;
    request->swap_in = (tensor->flags & TENON_BIG_ENDIAN) && has_byte_order (request->stored)
                       && tensor->storage != TENON_SERVED;
    see_items (request);
    request->swap_out = (layout & TENON_BIG_ENDIAN) && has_byte_order (request->target);
    if (request->stored_id == request->target_id && request->swap_in && request->swap_out)
        request->swap_in = request->swap_out = false;
    request->reversed = (layout & TENON_FORTRAN) && tensor->rank > 1;
    if (request->reversed && (request->stored->block_items > 1 || request->target->block_items > 1))
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "items of %s are packed together and cannot be in Fortran order",
                        request->stored->block_items > 1 ? request->stored->name : request->target->name);
    return TENON_OK;
}

tenon_status
tn_request_make (struct tn_request *request, struct tn_catalog *catalog, const struct tn_tensor *tensor,
                 const struct tn_box *box, uint32_t target, uint32_t layout, tenon_error *error)
{
    TN_TRY (tn_catalog_readable (catalog, tensor, error));
    request->catalog = catalog;
    request->tensor = tensor;
    request->context = catalog->context;
    request->storage = tensor->storage;
    request->source = catalog->sources[tensor->source];
    request->offset = tensor->offset;
    request->elements = 1;
    tn_tensor_range (catalog, tensor, &request->begin, &request->length);
    TN_TRY (take_dtypes (request, target, layout, error));
    request->grid = tensor->served && request->stored->block_items == 1 ? tensor->served->grid : NULL;
    TN_TRY (take_box (request, box, error));
    TN_TRY (tn_view_set_result (request, box ? box->to : NULL, error));
    TN_TRY (count_units (request, error));
    tn_view_set_strides (request);
    TN_TRY (count_size (request, error));
    tn_view_settle (request);
    if (may_be_bytes (request))
        as_bytes (request);
    turn_to_unpacked (request);
    return TENON_OK;
}

void
tn_request_unpack (struct tn_request *request)
{
    struct tn_source *source = request->source;
    if (!tn_needs_decoder (source) || request->storage != TENON_EXTENT || !request->whole
        || request->size == 0 || source->tensor_bytes <= request->length)
        return;
    uint64_t cost = request->begin + request->length;
    if (tn_has_blocks (source))
        cost = TN_MIN ((cost - 1) / source->block_size * source->block_size + source->block_size
                           - request->begin / source->block_size * source->block_size,
                       source->size);
    tenon_error ignored = TENON_ERROR_INIT; /* reading says what is wrong */
    tn_unpack_when_due (request->context, &request->catalog->store, source, cost, false, &ignored);
    turn_to_unpacked (request);
}

tenon_status
tn_request_account (const struct tn_request *request, tenon_error *error)
{
    struct tn_catalog *catalog = request->catalog;
    const struct tn_tensor *tensor = request->tensor;
    uint64_t bytes = request->unit_bytes;
    if (request->size == 0 || tensor->storage != TENON_EXTENT)
        return TENON_OK;
    for (uint32_t i = 0; i < request->rank && !request->whole; i++)
        bytes *= request->axis[i].count; /* no more than the tensor has */
    /* which tensor is read last depends on the threads: the failure is the member's, and names no tensor */
    return tn_scan_account (request->context, catalog->sources[tensor->source],
                            request->whole ? request->length : TN_MIN (bytes, request->length), true, error);
}

void
tn_request_copy (struct tn_request *to, const struct tn_request *request)
{
    memcpy (to, request, offsetof (struct tn_request, axis) + request->rank * sizeof request->axis[0]);
}

struct tn_request *
tn_request_keep (struct tn_arena *arena, const struct tn_request *request)
{
    size_t size = offsetof (struct tn_request, axis) + request->rank * sizeof request->axis[0];
    struct tn_request *kept = tn_arena_get (arena, size, false);
    if (kept)
        tn_request_copy (kept, request);
    return kept;
}

bool
tn_request_is_contiguous (const struct tn_request *request)
{
    const struct tn_axis *axis = &request->axis[0];
    return request->stored_id == request->target_id && request->rank == 1 && axis->step == 1
           && axis->stride == (int64_t) request->unit_bytes && !request->decode && !request->scattered
           && request->storage == TENON_EXTENT;
}

bool
tn_request_is_plain (const struct tn_request *request)
{
    return tn_request_is_contiguous (request) && !request->swap_in && !request->swap_out;
}

void
tn_request_from_memory (struct tn_request *request, struct tn_source *memory, const void *base,
                        uint64_t first, uint64_t size)
{
    memset (memory, 0, sizeof *memory);
    memory->kind = TN_SOURCE_MEMORY;
    memory->fd = -1;
    memory->backing = memory;
    memory->name = request->source->name;
    memory->size = size;
    atomic_init (&memory->base, base);
    request->source = memory;
    request->offset -= first; /* may wrap: all reads begin at `first`, or behind it */
    request->begin -= first;
}

TENON_API int
tenon_dtype_castable (const tenon_context *context, uint32_t from, uint32_t to)
{
    const struct tenon_dtype *source = context ? tn_dtype_get (context, from) : NULL;
    const struct tenon_dtype *target = context ? tn_dtype_get (context, to) : NULL;
    return source && target && tn_cast_supported (source, from, target, to);
}
