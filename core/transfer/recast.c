/* SPDX-License-Identifier: MIT */
/* recast.c - tenon_cast: items in memory of the program as another dtype, on all threads. */
#include "base/pool.h"
#include "kernels/cast.h"
#include "kernels/cast_count.h"
#include "source/apart.h"
#include "transfer/request.h"

/* Items of one step of one thread: enough to hide what a step costs, and little enough for the caches. */
#define STEP_ITEMS 16384u

struct recast {
    const struct tenon_dtype *from, *to;
    uint32_t from_id, to_id;
    const uint8_t *data;
    uint8_t *out;
    uint64_t items, step;
    bool saturate;
};

static uint64_t
bytes_of (const struct tenon_dtype *dtype, uint64_t items)
{
    return items / dtype->block_items * dtype->block_bytes;
}

static void
recast_plain (const struct recast *recast, uint32_t to_id, void *to, uint32_t from_id, const void *from,
              uint64_t items)
{
    struct tn_cast_counts counts = { 0 };
    if (recast->saturate)
        tn_cast_counted (to_id, to, from_id, from, items, true, &counts);
    else
        tn_cast (to_id, to, from_id, from, items);
}

static tenon_status
judge_blocks_of (const struct tenon_dtype *dtype, const char *what, int32_t said, tenon_error *error)
{
    if (said > 0)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "the %s of %s returned %d, which is neither success nor a failure", what, dtype->name,
                        (int) said);
    return said < 0 ? tn_fail (error, said, TN_NO_OFFSET, "the %s of %s failed", what, dtype->name)
                    : TENON_OK;
}

/* Through floats, where one side or both are blocks. */
static tenon_status
recast_step (void *opaque, uint64_t item, unsigned worker, tenon_error *error)
{
    struct recast *recast = opaque;
    const struct tenon_dtype *from = recast->from, *to = recast->to;
    uint64_t first = item * recast->step, count = TN_MIN (recast->step, recast->items - first);
    const uint8_t *data = recast->data + bytes_of (from, first);
    uint8_t *out = recast->out + bytes_of (to, first);
    bool decode = from->kind == TENON_KIND_BLOCK, encode = to->kind == TENON_KIND_BLOCK;
    (void) worker;
    if (!decode && !encode) {
        recast_plain (recast, recast->to_id, out, recast->from_id, data, count);
        return TENON_OK;
    }
    /* floats are made in the result, if they are aligned there */
    float *floats = NULL;
    if (!encode && recast->to_id == TENON_F32 && (uintptr_t) out % sizeof *floats == 0)
        floats = (float *) (void *) out;
    if (!decode && recast->from_id == TENON_F32 && (uintptr_t) data % sizeof *floats == 0)
        floats = (float *) (uintptr_t) data;
    TN_FREE float *room = floats ? NULL : malloc (count * sizeof *room);
    if (!floats && !(floats = room))
        return tn_fail_memory (error);
    if (decode)
        TN_TRY (
            judge_blocks_of (from, "decoder", from->decode (data, floats, count / from->block_items), error));
    else if (floats == room)
        recast_plain (recast, TENON_F32, floats, recast->from_id, data, count);
    if (encode)
        return judge_blocks_of (to, "encoder", to->encode (floats, out, count / to->block_items), error);
    if (floats == room)
        recast_plain (recast, recast->to_id, out, TENON_F32, floats, count);
    return TENON_OK;
}

static tenon_status
check_recast_room (const struct tenon_dtype *dtype, const char *what, uint64_t items, uint64_t size,
                   tenon_error *error)
{
    uint64_t bytes;
    if (items % dtype->block_items != 0)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "%llu items are no multiple of the %llu that %s packs together",
                        (unsigned long long) items, (unsigned long long) dtype->block_items, dtype->name);
    if (tn_multiply (items / dtype->block_items, dtype->block_bytes, &bytes) || bytes != size)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "%llu items of %s are not the %llu bytes of '%s'", (unsigned long long) items,
                        dtype->name, (unsigned long long) size, what);
    return TENON_OK;
}

/* True if the program may not call the decoder of this dtype. */
static bool
runs_apart (const tenon_context *context, uint32_t dtype)
{
    return context->zygote && dtype >= TENON_DTYPE_DYNAMIC
           && tn_plugin_is_foreign (context->registry.dtypes[dtype - TENON_DTYPE_DYNAMIC]->plugin);
}

static tenon_status
check_recast (tenon_context *context, const struct recast *recast, uint64_t size, uint64_t out_size,
              uint32_t flags, tenon_error *error)
{
    const struct tenon_dtype *from = recast->from, *to = recast->to;
    uint32_t unknown = flags & TENON_FLAGS_MUST_KNOW & ~(uint32_t) TENON_CAST_SATURATE;
    uintptr_t data = (uintptr_t) recast->data, out = (uintptr_t) recast->out;
    if (unknown)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "flags %#x are not known to this version",
                        flags);
    if (!from || !to)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "there is no dtype %u",
                        from ? recast->to_id : recast->from_id);
    if (!tn_cast_supported (from, recast->from_id, to, recast->to_id))
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET, "%s cannot be cast to %s", from->name,
                        to->name);
    TN_TRY (check_recast_room (from, "data", recast->items, size, error));
    TN_TRY (check_recast_room (to, "out", recast->items, out_size, error));
    if (size > 0 && out_size > 0 && data < out + out_size && out < data + size)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "'data' and 'out' overlap");
    if (runs_apart (context, recast->from_id))
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "blocks of a plugin that runs apart are only decoded while they are read or saved");
    return TENON_OK;
}

TENON_API tenon_status
tenon_cast (tenon_context *context, uint32_t from, const void *data, uint64_t size, uint32_t to, void *out,
            uint64_t out_size, uint64_t items, uint32_t flags, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    if (!TN_GIVEN (&mine, context, "context") || !TN_GIVEN (&mine, data || size == 0, "data")
        || !TN_GIVEN (&mine, out || out_size == 0, "out"))
        return tn_error_out (error, &mine);
    struct recast recast = { .from = tn_dtype_get (context, from),
                             .to = tn_dtype_get (context, to),
                             .from_id = from,
                             .to_id = to,
                             .data = data,
                             .out = out,
                             .items = items,
                             .saturate = flags & TENON_CAST_SATURATE };
    if (check_recast (context, &recast, size, out_size, flags, &mine) < 0 || items == 0)
        return tn_error_out (error, &mine);
    if (from == to)
        memcpy (out, data, size);
    else {
        uint64_t group = recast.from->block_items * recast.to->block_items;
        recast.step = TN_MAX (STEP_ITEMS / group, 1) * group;
        tn_pool_run (context->pool, (items - 1) / recast.step + 1, recast_step, &recast, &mine);
    }
    return tn_error_out (error, &mine);
}
