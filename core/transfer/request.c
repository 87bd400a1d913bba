/* want.c - turns a request into a view, and cuts it into slabs. */
#include "transfer/request.h"
#include "kernels/cast.h"

bool
tn_cast_supported (const struct tenon_dtype *from, uint32_t from_id, const struct tenon_dtype *to,
                   uint32_t to_id)
{
    if (from_id == to_id)
        return true;
    bool readable = from->kind == TENON_KIND_PLAIN || (from->kind == TENON_KIND_BLOCK && from->decode);
    bool writable = to->kind == TENON_KIND_PLAIN || (to->kind == TENON_KIND_BLOCK && to->encode);
    if (!readable || !writable)
        return false;
    return tn_cast_possible (from->kind == TENON_KIND_PLAIN ? from_id : TENON_F32,
                             to->kind == TENON_KIND_PLAIN ? to_id : TENON_F32);
}

static tenon_status
check_cast (const struct tn_want *want, tenon_error *error)
{
    if (tn_cast_supported (want->stored, want->stored_id, want->target, want->target_id))
        return TENON_OK;
    return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET, "%s%.80s cannot be read as %.80s",
                    want->stored->kind == TENON_KIND_OPAQUE ? "opaque items of type " : "",
                    tn_dtype_label (want->stored), tn_dtype_label (want->target));
}

/* The box in the tensor's own axes, items. */
static tenon_status
take_box (struct tn_want *want, const struct tn_box *box, tenon_error *error)
{
    const struct tn_tensor *tensor = want->tensor;
    if (box && box->rank != 0 && box->rank != tensor->rank)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "the slice has %u dims, the tensor %u",
                        box->rank, tensor->rank);
    bool sliced = box && box->rank > 0;
    want->whole = true;
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
        want->shape[i] = dim, want->start[i] = start, want->count[i] = count;
        want->step[i] = count <= 1 ? 1 : (uint64_t) step;
        want->whole = want->whole && start == 0 && count == dim;
        want->elements *= count;
    }
    want->rank = tensor->rank;
    if (want->rank == 0) {
        want->rank = 1;
        want->shape[0] = want->count[0] = want->step[0] = 1;
        want->start[0] = 0;
    }
    return TENON_OK;
}

static void
reverse (uint64_t *numbers, uint32_t rank)
{
    for (uint32_t i = 0; i < rank / 2; i++) {
        uint64_t number = numbers[i];
        numbers[i] = numbers[rank - 1 - i];
        numbers[rank - 1 - i] = number;
    }
}

/* Axes of 1 go; in C order an axis that is taken whole joins the one before it. What is left of most reads
 * is one axis. */
static void
simplify (struct tn_want *want)
{
    uint32_t out = 0;
    for (uint32_t i = 0; i < want->rank; i++) {
        if (want->shape[i] == 1 && i + 1 < want->rank)
            continue;
        bool one_behind = want->shape[i] == 1 && out > 0;
        if (one_behind)
            continue;
        want->shape[out] = want->shape[i], want->start[out] = want->start[i];
        want->count[out] = want->count[i], want->step[out] = want->step[i];
        bool joins = out > 0 && !want->fortran && want->start[out] == 0
                     && want->count[out] == want->shape[out] && want->step[out] == 1
                     && want->step[out - 1] == 1;
        if (!joins) {
            out++;
            continue;
        }
        want->shape[out - 1] *= want->shape[out];
        want->start[out - 1] *= want->shape[out];
        want->count[out - 1] *= want->shape[out];
    }
    want->rank = out;
    if (want->rank == 1)
        want->fortran = false;
}

/* From items to units on the innermost axis. */
static tenon_status
count_units (struct tn_want *want, tenon_error *error)
{
    uint64_t items = want->stored->block_items;
    uint32_t last = want->rank - 1;
    want->unit_bytes = want->stored->block_bytes;
    want->unit_items = items;
    if (items == 1 || want->elements == 0)
        return TENON_OK;
    if (want->whole && !want->fortran) { /* packed throughout: rows need not end with a unit */
        want->rank = 1;
        want->start[0] = 0, want->step[0] = 1;
        want->shape[0] = want->count[0] = want->elements / items;
        return TENON_OK;
    }
    if (want->shape[last] % items != 0)
        return tn_fail (
            error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
            "its rows of %llu items are not made of whole groups of %llu, so it can only be read whole",
            (unsigned long long) want->shape[last], (unsigned long long) items);
    if (want->decode)
        return TENON_OK; /* the innermost axis stays in items: any of them may be picked after decoding */
    if (want->start[last] % items != 0 || want->count[last] % items != 0 || want->step[last] != 1)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "slices of %s begin and end at multiples of %llu in the last dim; read it as f32 to "
                        "cut it anywhere",
                        want->stored->name, (unsigned long long) items);
    want->shape[last] /= items, want->start[last] /= items, want->count[last] /= items;
    return TENON_OK;
}

static tenon_status
count_size (struct tn_want *want, tenon_error *error)
{
    uint64_t items = want->target->block_items, row = want->count[want->rank - 1], units;
    bool flat = want->whole && !want->fortran; /* see count_units */
    if (want->unit_items > 1 && (flat || !want->decode))
        row *= want->unit_items;
    if (items > 1 && want->target->kind == TENON_KIND_BLOCK && want->elements > 0) {
        uint64_t own = want->tensor->rank ? want->tensor->shape[want->tensor->rank - 1] : 1;
        if (want->target_id != want->stored_id && own % items != 0)
            return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                            "rows of %llu items cannot be cut into the %llu that a block of %s holds",
                            (unsigned long long) own, (unsigned long long) items, want->target->name);
        if (row % items != 0)
            return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                            "%llu items in a row are no multiple of the %llu in a block of %s",
                            (unsigned long long) row, (unsigned long long) items, want->target->name);
    }
    bool cut = items > 1 && want->target->kind == TENON_KIND_PLAIN && want->target_id != want->stored_id
               && (want->fortran || !want->whole || want->tensor->storage == TENON_SERVED) && want->rank > 1
               && row % items != 0;
    if (cut)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "rows of %llu items are not made of whole groups of the %llu that %s packs together",
                        (unsigned long long) row, (unsigned long long) items, want->target->name);
    if (items > 1 && want->elements % items != 0)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "%llu items are no multiple of the %llu that %s packs together",
                        (unsigned long long) want->elements, (unsigned long long) items, want->target->name);
    units = want->elements / items;
    if (tn_multiply (units, want->target->block_bytes, &want->size) || want->size >= (uint64_t) 1 << 63)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET, "as %s it would take 2^63 bytes or more",
                        tn_dtype_label (want->target));
    return TENON_OK;
}

static bool
swaps (const struct tenon_dtype *dtype)
{
    return dtype->swap_count > 0;
}

/* Opaque items that go as they are may be of any size: cut them anywhere. */
static void
as_bytes (struct tn_want *want)
{
    uint64_t bytes = want->stored->block_bytes;
    want->shape[0] *= bytes, want->start[0] *= bytes, want->count[0] *= bytes;
    want->elements = want->size;
    want->unit_bytes = 1;
    want->stored_id = want->target_id = TENON_U8;
    want->stored = want->target = &tn_dtype_fixed[TENON_U8];
}

tenon_status
tn_want_make (struct tn_want *want, struct tn_catalog *catalog, const struct tn_tensor *tensor,
              const struct tn_box *box, uint32_t target, uint32_t layout, tenon_error *error)
{
    want->catalog = catalog;
    want->tensor = tensor;
    want->stored_id = tensor->dtype;
    want->target_id = target == TENON_NONE ? tensor->dtype : target;
    want->stored = tn_catalog_dtype (catalog, want->stored_id);
    want->target = tn_catalog_dtype (catalog, want->target_id);
    want->source = catalog->sources[tensor->source];
    want->offset = tensor->offset;
    want->elements = 1;
    if (!want->target)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "there is no dtype %u", target);
    TN_TRY (check_cast (want, error));
    want->fortran = (tensor->flags & TENON_FORTRAN) && tensor->rank > 1;
    want->decode = want->stored_id != want->target_id && want->stored->block_items > 1;
    want->swap_in =
        (tensor->flags & TENON_BIG_ENDIAN) && swaps (want->stored) && tensor->storage != TENON_SERVED;
    want->swap_out = (layout & TENON_BIG_ENDIAN) && swaps (want->target);
    TN_TRY (take_box (want, box, error));
    if (want->stored_id == want->target_id && want->swap_in && want->swap_out)
        want->swap_in = want->swap_out = false;
    if ((layout & TENON_FORTRAN) && tensor->rank > 1) {
        if ((want->stored->block_items > 1 || want->target->block_items > 1) && want->rank > 1)
            return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                            "items of %s are packed together and cannot be in Fortran order",
                            want->stored->block_items > 1 ? want->stored->name : want->target->name);
        reverse (want->shape, want->rank);
        reverse (want->start, want->rank);
        reverse (want->count, want->rank);
        reverse (want->step, want->rank);
        want->fortran = !want->fortran;
    }
    TN_TRY (count_units (want, error));
    TN_TRY (count_size (want, error));
    if (want->stored->block_items == 1 && tensor->storage != TENON_SERVED)
        simplify (want);
    if (want->stored->kind == TENON_KIND_OPAQUE && tn_want_is_contiguous (want))
        as_bytes (want);
    return TENON_OK;
}

bool
tn_want_is_contiguous (const struct tn_want *want)
{
    return want->stored_id == want->target_id && want->rank == 1 && want->step[0] == 1 && !want->decode
           && want->tensor->storage == TENON_EXTENT;
}

bool
tn_want_is_plain (const struct tn_want *want)
{
    return tn_want_is_contiguous (want) && !want->swap_in && !want->swap_out;
}

bool
tn_want_covers (const struct tn_want *want)
{
    const struct tn_source *source = want->source;
    return want->whole && source->kind == TN_SOURCE_PART && want->tensor->storage == TENON_EXTENT
           && source->size - want->tensor->length <= TN_MARGIN;
}

void
tn_want_from_memory (struct tn_want *want, struct tn_source *memory, const void *base, uint64_t first,
                     uint64_t size)
{
    memset (memory, 0, sizeof *memory);
    memory->kind = TN_SOURCE_MEMORY;
    memory->fd = -1;
    memory->hard = memory;
    memory->name = want->source->name;
    memory->size = size;
    atomic_init (&memory->base, base);
    want->source = memory;
    want->offset -= first; /* may wrap: what is read begins at `first`, or behind it */
}

/* ---- slabs ---- */

/* Items of the result that one step of the innermost axis stands for. */
static uint64_t
items_per_step (const struct tn_want *want)
{
    return want->decode && want->rank >= 1
                   && !(want->whole && want->stored->block_items > 1 && want->rank == 1)
               ? 1
               : want->unit_items;
}

void
tn_slabs_plan (const struct tn_want *want, uint64_t bytes, struct tn_slabs *slabs)
{
    memset (slabs, 0, sizeof *slabs);
    if (want->size == 0) /* no items, or opaque ones of no bytes */
        return;
    /* what a step of the axis costs: the larger of both sides, so that small results of large dtypes stay
     * bounded, too */
    uint64_t item = TN_MAX (want->target->block_bytes / want->target->block_items,
                            want->stored->block_bytes / want->stored->block_items);
    bool picks = want->decode && items_per_step (want) == 1; /* all that lies between is decoded, too */
    if (picks)
        item = TN_MAX (item, sizeof (float)) * want->step[want->rank - 1];
    uint64_t budget = TN_MAX (bytes / TN_MAX (item, 1), 1), inner = items_per_step (want);
    uint32_t axis = want->rank - 1;
    /* where blocks are encoded or decoded, rows stay whole unless the view has only one */
    while (axis > 0 && inner <= budget / TN_MAX (want->count[axis], 1)) {
        inner *= want->count[axis];
        axis--;
    }
    uint64_t rows = TN_MAX (budget / TN_MAX (inner, 1), 1);
    uint64_t group = 1;
    if (axis == want->rank - 1) { /* cut between groups of both dtypes */
        group = want->target->block_items * want->stored->block_items;
        if (picks || (want->unit_items > 1 && items_per_step (want) > 1))
            group = want->target->block_items;
        rows = TN_MAX (rows / group, 1) * group;
    }
    rows = TN_MIN (rows, want->count[axis]);
    slabs->axis = axis;
    slabs->rows = rows;
    slabs->row_units = inner;
    slabs->per_axis = (want->count[axis] + rows - 1) / rows;
    slabs->count = slabs->per_axis;
    for (uint32_t i = 0; i < axis; i++)
        slabs->count *= want->count[i];
}

void
tn_slab_place (const struct tn_want *want, const struct tn_slabs *slabs, uint64_t slab, uint64_t *begin,
               uint64_t *size)
{
    uint64_t outer = slab / slabs->per_axis, first = slab % slabs->per_axis * slabs->rows;
    uint64_t rows = TN_MIN (slabs->rows, want->count[slabs->axis] - first);
    uint64_t items = (outer * want->count[slabs->axis] + first) * slabs->row_units;
    *begin = items / want->target->block_items * want->target->block_bytes;
    *size = rows * slabs->row_units / want->target->block_items * want->target->block_bytes;
}
