/* SPDX-License-Identifier: MIT */
/* make.c - makes a box of a result: gathers its units in the order of the source, swaps and casts them, and
 * puts them where they belong. Units in memory that need no more than that are put there in one step. */
#include "transfer/make.h"
#include "kernels/cast.h"
#include "kernels/checksum.h"
#include "kernels/permute.h"
#include "kernels/swap.h"
#include "transfer/gather.h"
#include "transfer/unblock.h"

/* Larger results are written past the caches. */
#define PAST_CACHES (8u << 20)

static void
swap_blocks (const struct tenon_dtype *dtype, void *data, uint64_t blocks)
{
    const struct tenon_swap_field *field = dtype->swap;
    /* numbers side by side, as in every plain dtype: one run of swaps */
    if (dtype->swap_count == 1 && (uint64_t) field->size * field->count == dtype->block_bytes)
        tn_swap (data, field->size, blocks * field->count);
    else
        tn_swap_blocks (data, dtype->block_bytes, dtype->swap, dtype->swap_size, dtype->swap_count, blocks);
}

void
tn_request_swap (const struct tn_request *request, void *data)
{
    swap_blocks (request->stored, data, request->size / request->stored->block_bytes);
}

/* Casts plain items, and counts what that changes. */
static void
cast_plain (const struct tn_request *request, uint32_t to_id, void *to, uint32_t from_id, const void *from,
            uint64_t items)
{
    struct tn_cast_counts counts = { 0 };
    if (!request->tally || !request->tally->counts) {
        tn_cast (to_id, to, from_id, from, items);
        return;
    }
    tn_cast_counted (to_id, to, from_id, from, items, request->tally->saturate, &counts);
    tn_tally_add (request->tally, &counts);
}

/* From stored items (not blocks, or through f32) to the target; all packed. */
static tenon_status
cast_items (const struct tn_request *request, uint32_t from_id, const void *from, void *to, uint64_t items,
            struct tn_worker *worker, tenon_error *error)
{
    if (request->target->kind == TENON_KIND_PLAIN) {
        cast_plain (request, request->target_id, to, from_id, from, items);
        return TENON_OK;
    }
    const float *floats = from;
    if (from_id != TENON_F32 || (uintptr_t) from % sizeof (float) != 0) { /* memory may lie anywhere */
        float *converted = (float *) (void *) tn_worker_buffer (worker, 2, items * sizeof (float));
        if (!converted)
            return tn_fail_memory (error);
        cast_plain (request, TENON_F32, converted, from_id, from, items);
        floats = converted;
    }
    uint64_t blocks = items / request->target->block_items;
    tenon_status status = request->target->encode (floats, to, blocks);
    if (status > 0)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "the encoder of %s returned %d, which is neither success nor a failure",
                        request->target->name, (int) status);
    if (status < 0)
        return tn_fail (error, status, TN_NO_OFFSET, "it cannot be encoded as %s", request->target->name);
    return request->tally ? tn_tally_blocks (request->tally, request->catalog, request->target_id, floats, to,
                                             blocks, worker, error)
                          : TENON_OK;
}

/* While the bytes are in the cache. */
static void
sum_stored (struct tn_worker *worker, const void *stored, uint64_t length)
{
    worker->sum = tn_sum (worker->check, stored, length);
    worker->summed = length;
}

/* ---- the box in the source and in the result ---- */

/* What is gathered for a box, and how far apart, in units, neighbours on an axis of the view are in that. */
struct pick {
    struct tn_gather gather;
    int64_t apart[TN_MAX_RANK];
    uint64_t first; /* of the view, in the units that were gathered */
    uint64_t units; /* that are gathered */
    bool straight;  /* they are in the order of the view already */
};

/* Puts an axis among those of the gather, the longest stride first. */
static void
add_axis (struct pick *pick, uint8_t *axes, uint32_t axis, uint64_t count, uint64_t stride)
{
    struct tn_gather *gather = &pick->gather;
    uint32_t place = gather->rank++;
    for (; place > 0 && (uint64_t) gather->stride[place - 1] < stride; place--) {
        gather->count[place] = gather->count[place - 1];
        gather->stride[place] = gather->stride[place - 1];
        axes[place] = axes[place - 1];
    }
    gather->count[place] = count;
    gather->stride[place] = (int64_t) stride;
    axes[place] = (uint8_t) axis;
}

/* Axes that run backwards are gathered from their other end, and those that repeat once. */
static void
pick_units (const struct tn_request *request, const struct tn_view_box *box, struct pick *pick)
{
    uint8_t axes[TN_MAX_RANK];
    struct tn_gather *gather = &pick->gather;
    gather->offset = request->offset;
    gather->unit = request->unit_bytes;
    gather->rank = 0;
    pick->straight = true;
    for (uint32_t i = 0; i < request->rank; i++) {
        const struct tn_axis *axis = &request->axis[i];
        int64_t stride = axis->stride * (int64_t) axis->step;
        uint64_t count = box->count[i];
        gather->offset += (axis->start + box->first[i] * axis->step) * (uint64_t) axis->stride;
        pick->apart[i] = 0;
        if (count == 1)
            continue;
        pick->straight = pick->straight && stride > 0;
        if (stride < 0)
            gather->offset += (count - 1) * (uint64_t) stride;
        if (stride != 0)
            add_axis (pick, axes, i, count, stride < 0 ? 0 - (uint64_t) stride : (uint64_t) stride);
    }
    pick->units = 1, pick->first = 0;
    for (uint32_t k = gather->rank; k-- > 0; pick->units *= gather->count[k]) {
        bool back = request->axis[axes[k]].stride < 0;
        pick->apart[axes[k]] = back ? -(int64_t) pick->units : (int64_t) pick->units;
        pick->first += back ? (gather->count[k] - 1) * pick->units : 0;
        pick->straight = pick->straight && (k + 1 == gather->rank || axes[k] < axes[k + 1]);
    }
    tn_gather_settle (gather);
}

static uint64_t
count_box_items (const struct tn_request *request, const struct tn_view_box *box)
{
    bool in_units = request->unit_items > 1 && (!request->decode || tn_request_is_flat (request));
    uint64_t items = in_units ? request->unit_items : 1;
    for (uint32_t i = 0; i < request->rank; i++)
        items *= box->count[i];
    return items;
}

/* True if the result of the box is one piece. */
static bool
is_one_piece (const struct tn_request *request, const struct tn_view_box *box)
{
    uint64_t bytes = request->target->block_bytes;
    if (request->target->block_items > 1)
        return true;
    for (uint32_t i = request->rank; i-- > 0; bytes *= box->count[i])
        if (box->count[i] > 1 && request->axis[i].to != (int64_t) bytes)
            return false;
    return true;
}

/* Puts the items of a box into their places: `from` is the first item of the box, and neighbours on axis i
 * are apart[i] times `scale` bytes apart. `one_piece`: the result is. */
static TN_OWN_FRAME tenon_status
put_items (const struct tn_request *request, const struct tn_view_box *box, bool one_piece, uint64_t item,
           const uint8_t *from, const int64_t *apart, int64_t scale, struct tn_worker *worker, uint8_t *to,
           tenon_error *error)
{
    struct tn_move move;
    move.rank = request->rank, move.item = item;
    move.stream = request->size >= PAST_CACHES;
    uint64_t bytes = item;
    uint8_t *tile = tn_worker_buffer (worker, 4, TN_PERMUTE_TILE);
    if (!tile)
        return tn_fail_memory (error);
    for (uint32_t i = request->rank; i-- > 0; bytes *= box->count[i]) {
        move.count[i] = box->count[i];
        move.from[i] = apart[i] * scale;
        move.to[i] = one_piece ? (int64_t) bytes : request->axis[i].to;
    }
    tn_permute (to, from, &move, tile);
    return TENON_OK;
}

/* ---- items that stand by themselves, or stay as they are ---- */

/* Source memory to result, in one step. */
static TN_OWN_FRAME tenon_status
put_from_memory (const struct tn_request *request, const struct tn_view_box *box, const uint8_t *base,
                 struct tn_worker *worker, uint8_t *to, tenon_error *error)
{
    int64_t apart[TN_MAX_RANK];
    uint64_t at = request->offset;
    for (uint32_t i = 0; i < request->rank; i++) {
        const struct tn_axis *axis = &request->axis[i];
        at += (axis->start + box->first[i] * axis->step) * (uint64_t) axis->stride;
        apart[i] = axis->stride * (int64_t) axis->step;
    }
    TN_TRY (put_items (request, box, is_one_piece (request, box), request->unit_bytes, base + at, apart, 1,
                       worker, to, error));
    if (request->swap_in || request->swap_out)
        swap_blocks (request->stored, to, count_box_items (request, box) / request->unit_items);
    return TENON_OK;
}

/* Bytes of ours that hold `data`. NULL: no memory. */
static uint8_t *
own_copy (const uint8_t *data, uint64_t bytes, struct tn_worker *worker)
{
    uint8_t *own = worker->buffer[0];
    if (data == own || !(own = tn_worker_buffer (worker, 0, bytes)))
        return own;
    memcpy (own, data, bytes);
    return own;
}

/* Casts gathered units. *data becomes the result, which is at `to` if that is given. */
static tenon_status
cast_gathered (const struct tn_request *request, uint64_t units, struct tn_worker *worker, uint8_t *to,
               const uint8_t **data, tenon_error *error)
{
    if (request->swap_in) { /* the bytes may be the caller's own */
        uint8_t *own = *data == worker->buffer[1] ? worker->buffer[1]
                                                  : own_copy (*data, units * request->unit_bytes, worker);
        if (!own)
            return tn_fail_memory (error);
        swap_blocks (request->stored, own, units);
        *data = own;
    }
    uint8_t *cast = to ? to : tn_worker_buffer (worker, 1, units * request->target->block_bytes);
    if (!cast)
        return tn_fail_memory (error);
    TN_TRY (cast_items (request, request->stored_id, *data, cast, units, worker, error));
    if (request->swap_out)
        swap_blocks (request->target, cast, units / request->target->block_items);
    *data = cast;
    return TENON_OK;
}

/* Blocks are made of items that are in order. */
static tenon_status
encode_turned (const struct tn_request *request, const struct tn_view_box *box, const struct pick *pick,
               const uint8_t *data, struct tn_worker *worker, uint8_t *to, tenon_error *error)
{
    uint64_t units = count_box_items (request, box);
    uint8_t *turned = tn_worker_buffer (worker, 1, units * request->unit_bytes);
    if (!turned)
        return tn_fail_memory (error);
    TN_TRY (put_items (request, box, true, request->unit_bytes, data + pick->first * request->unit_bytes,
                       pick->apart, (int64_t) request->unit_bytes, worker, turned, error));
    data = turned;
    return cast_gathered (request, units, worker, to, &data, error);
}

/* Swaps and casts units that were gathered, and puts them where they belong. */
static tenon_status
convert_units (const struct tn_request *request, const struct tn_view_box *box, const struct pick *pick,
               const uint8_t *data, struct tn_worker *worker, uint8_t *to, tenon_error *error)
{
    bool one_piece = is_one_piece (request, box), there = pick->straight && one_piece;
    uint64_t bytes = pick->units * request->unit_bytes, item = request->unit_bytes;
    if (request->stored_id != request->target_id) {
        if (request->target->block_items > 1 && !pick->straight)
            return encode_turned (request, box, pick, data, worker, to, error);
        TN_TRY (cast_gathered (request, pick->units, worker, there ? to : NULL, &data, error));
        item = request->target->block_bytes;
    } else if (request->swap_in || request->swap_out) {
        uint8_t *own = there ? to : own_copy (data, bytes, worker);
        if (!own)
            return tn_fail_memory (error);
        if (there && data != to)
            memcpy (to, data, bytes);
        swap_blocks (request->stored, own, pick->units);
        data = own;
    }
    if (data == to)
        return TENON_OK;
    return put_items (request, box, one_piece, item, data + pick->first * item, pick->apart, (int64_t) item,
                      worker, to, error);
}

static TN_OWN_FRAME tenon_status
make_units (const struct tn_request *request, const struct tn_view_box *box, struct tn_worker *worker,
            uint8_t *to, tenon_error *error)
{
    struct pick pick;
    const uint8_t *base = tn_gather_memory (request->source);
    bool casts = request->stored_id != request->target_id, swaps = request->swap_in || request->swap_out;
    if (base && !casts && worker->check == TENON_CHECK_NONE && (!swaps || is_one_piece (request, box)))
        return put_from_memory (request, box, base, worker, to, error);
    pick_units (request, box, &pick);
    uint64_t bytes = pick.units * request->unit_bytes;
    const uint8_t *data = tn_gather_in_place (request->source, &pick.gather);
    if (!data) {
        bool there = pick.straight && !casts && is_one_piece (request, box);
        uint8_t *gathered = there ? to : tn_worker_buffer (worker, 0, bytes);
        if (!gathered)
            return tn_fail_memory (error);
        TN_TRY (tn_gather (request->source, &pick.gather, worker, gathered, error));
        data = gathered;
    }
    sum_stored (worker, data, bytes);
    return convert_units (request, box, &pick, data, worker, to, error);
}

/* ---- blocks, and items that share bytes ---- */

/* Which blocks of the last axis hold the items of the box. */
struct wide {
    uint64_t rows, blocks; /* of a row */
    uint64_t first;        /* item of a row's first block that is requested */
    uint64_t items, step;  /* requested of a row, and how far apart */
};

static void
widen_box (const struct tn_request *request, const struct tn_view_box *box, struct wide *wide,
           struct tn_gather *gather)
{
    uint32_t last = request->rank - 1;
    const struct tn_axis *axis = &request->axis[last];
    uint64_t group = request->stored->block_items, start = axis->start + box->first[last] * axis->step;
    uint64_t end = start + (box->count[last] - 1) * axis->step + 1;
    if (tn_request_is_flat (request)) /* counted in blocks already */
        *wide = (struct wide){ 1, box->count[last], 0, box->count[last] * group, 1 };
    else {
        *wide = (struct wide){ 1, (end + group - 1) / group - start / group, start % group, box->count[last],
                               axis->step };
        start /= group;
    }
    gather->offset = request->offset + start * (uint64_t) axis->stride;
    gather->unit = request->unit_bytes;
    gather->rank = request->rank;
    for (uint32_t i = 0; i < last; i++) {
        const struct tn_axis *outer = &request->axis[i];
        gather->offset += (outer->start + box->first[i] * outer->step) * (uint64_t) outer->stride;
        gather->count[i] = box->count[i];
        gather->stride[i] = outer->stride * (int64_t) outer->step;
        wide->rows *= box->count[i];
    }
    gather->count[last] = wide->blocks;
    gather->stride[last] = axis->stride;
    tn_gather_settle (gather);
}

/* Stored groups of items, in the processor's order. */
static tenon_status
gather_groups (const struct tn_request *request, const struct tn_gather *box, uint64_t blocks,
               struct tn_worker *worker, const uint8_t **stored, tenon_error *error)
{
    uint64_t bytes = blocks * request->unit_bytes;
    *stored = request->swap_in ? NULL : tn_gather_in_place (request->source, box);
    if (!*stored) {
        uint8_t *gathered = tn_worker_buffer (worker, 0, bytes);
        if (!gathered)
            return tn_fail_memory (error);
        TN_TRY (tn_gather (request->source, box, worker, gathered, error));
        *stored = gathered;
    }
    sum_stored (worker, *stored, bytes);
    if (request->swap_in)
        swap_blocks (request->stored, worker->buffer[0], blocks);
    return TENON_OK;
}

/* Whole groups are gathered and decoded, then the requested items are picked. */
static TN_OWN_FRAME tenon_status
make_decoded (const struct tn_request *request, const struct tn_view_box *box, struct tn_worker *worker,
              uint8_t *to, tenon_error *error)
{
    struct wide wide;
    struct tn_gather gather;
    widen_box (request, box, &wide, &gather);
    uint64_t blocks = wide.rows * wide.blocks, row = wide.blocks * request->stored->block_items;
    bool picks = wide.first > 0 || wide.items != row || wide.step != 1;
    const uint8_t *stored;
    TN_TRY (gather_groups (request, &gather, blocks, worker, &stored, error));
    /* floats that need no further step are decoded into the result */
    bool there = !picks && request->target_id == TENON_F32 && (uintptr_t) to % sizeof (float) == 0;
    float *floats =
        (float *) (void *) (there ? to : tn_worker_buffer (worker, 1, wide.rows * row * sizeof (float)));
    if (!floats)
        return tn_fail_memory (error);
    if (request->stored->kind == TENON_KIND_PLAIN)
        tn_cast (TENON_F32, floats, request->stored_id, stored, wide.rows * row);
    else
        TN_TRY (tn_unblock_decode (request->catalog, request->stored_id, stored, floats, blocks, error));
    if (there)
        return TENON_OK;
    if (picks) { /* to the front, in place: writing never overtakes reading */
        float *next = floats;
        for (uint64_t r = 0; r < wide.rows; r++)
            for (uint64_t i = 0; i < wide.items; i++)
                *next++ = floats[r * row + wide.first + i * wide.step];
    }
    return cast_items (request, TENON_F32, floats, to, wide.rows * wide.items, worker, error);
}

/* ---- what a codec makes ---- */

/* The codec is asked in the tensor's own axes, and its answer is packed in these. */
static tenon_status
ask_codec (const struct tn_request *request, const struct tn_view_box *box, void *to, uint64_t bytes,
           tenon_error *error)
{
    struct tn_catalog *catalog = request->catalog;
    uint64_t start[TN_MAX_RANK], count[TN_MAX_RANK], step[TN_MAX_RANK];
    for (uint32_t i = 0; i < request->rank; i++) {
        uint32_t at = request->reversed ? request->rank - 1 - i : i;
        const struct tn_axis *axis = &request->axis[at];
        start[i] = axis->start + box->first[at] * axis->step;
        count[i] = box->count[at], step[i] = axis->step;
    }
    memset (to, 0, bytes); /* bytes that the codec leaves out must not show the buffer's old contents */
    struct tenon_region region = { sizeof region, request->tensor->rank, start, count, step };
    return catalog->serve (catalog, request->tensor, &region, to, bytes, error);
}

static TN_OWN_FRAME tenon_status
make_served (const struct tn_request *request, const struct tn_view_box *box, struct tn_worker *worker,
             uint8_t *to, tenon_error *error)
{
    int64_t apart[TN_MAX_RANK];
    uint64_t units = 1;
    for (uint32_t i = 0; i < request->rank; i++) {
        uint32_t at = request->reversed ? i : request->rank - 1 - i;
        apart[at] = (int64_t) units;
        units *= box->count[at];
    }
    bool casts = request->stored_id != request->target_id;
    uint64_t item = request->unit_bytes, bytes = units * item;
    uint8_t *made = casts || request->reversed ? tn_worker_buffer (worker, 0, bytes) : to;
    if (!made)
        return tn_fail_memory (error);
    TN_TRY (ask_codec (request, box, made, bytes, error));
    const uint8_t *data = made;
    if (casts) {
        TN_TRY (cast_gathered (request, units, worker, request->reversed ? NULL : to, &data, error));
        item = request->target->block_bytes;
    } else if (request->swap_in
               || request->swap_out) /* opaque items, whose type states an order of its own */
        swap_blocks (request->stored, made, units);
    if (!request->reversed)
        return TENON_OK;
    return put_items (request, box, is_one_piece (request, box), item, data, apart, (int64_t) item, worker,
                      to, error);
}

/* ---- boxes ---- */

/* Makes the box in one piece, and puts that into its places. */
static TN_OWN_FRAME tenon_status
make_scattered (const struct tn_request *request, const struct tn_view_box *box, struct tn_worker *worker,
                uint8_t *to, tenon_error *error)
{
    int64_t apart[TN_MAX_RANK];
    uint64_t units = 1, item = request->target->block_bytes;
    for (uint32_t i = request->rank; i-- > 0; units *= box->count[i])
        apart[i] = (int64_t) units;
    uint8_t *packed = tn_worker_buffer (worker, 6, units * item);
    if (!packed)
        return tn_fail_memory (error);
    TN_TRY (request->decode ? make_decoded (request, box, worker, packed, error)
                            : make_served (request, box, worker, packed, error));
    return put_items (request, box, false, item, packed, apart, (int64_t) item, worker, to, error);
}

tenon_status
tn_box_make (const struct tn_request *request, const struct tn_view_box *box, struct tn_worker *worker,
             void *to, tenon_error *error)
{
    bool served = request->storage == TENON_SERVED;
    tenon_status status;
    /* what turns is put into its places anyway */
    if (((served && !request->reversed) || request->decode) && !is_one_piece (request, box))
        status = make_scattered (request, box, worker, to, error);
    else if (served)
        status = make_served (request, box, worker, to, error);
    else if (request->decode)
        status = make_decoded (request, box, worker, to, error);
    else
        status = make_units (request, box, worker, to, error);
    if (status < 0)
        tn_fail_in (error, NULL, request->tensor->name);
    else if (request->swap_out && request->decode)
        swap_blocks (request->target, to, count_box_items (request, box) / request->target->block_items);
    return status;
}
