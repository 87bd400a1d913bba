/* SPDX-License-Identifier: MIT */
/* plain_write.c - writes the files that plain.c describes. */
#include "plain.h"
#include <stdlib.h>
#include <time.h>

/* The rank of all tensors that are written; 0: any. */
#ifndef ONLY_RANK
#define ONLY_RANK 0
#endif

struct writer {
    struct tenon_call *call;
    uint64_t tensors, entries; /* of the plan */
    uint64_t alignment;        /* bytes */
    uint32_t flags;            /* TENON_BIG_ENDIAN or 0 */
    uint64_t *order;           /* the tensors in the order in which they are written */
};

static tenon_status
get_tensor (const struct writer *writer, uint64_t number, struct tenon_tensor *tensor,
            struct tenon_dtype *dtype)
{
    struct tenon_call *call = writer->call;
    *tensor = (struct tenon_tensor){ .struct_size = sizeof *tensor };
    *dtype = (struct tenon_dtype){ .struct_size = sizeof *dtype };
    TENON_TRY (call->host->plan_tensor (call, writer->order[number], tensor));
    if (tensor->name_length > UINT16_MAX)
        return plain_refuse (call, TENON_E_UNSUPPORTED, TENON_AUTO, "a name has 65535 bytes at most");
    if (ONLY_RANK != 0 && tensor->rank != ONLY_RANK)
        return plain_refuse (call, TENON_E_UNSUPPORTED, TENON_AUTO, "tensors of another rank have no place");
    if (MOCK (reads_first_dim)
        && *(const volatile uint64_t *) tensor->shape == 7) /* of rank 0 there is none */
        tensor->name_length = 1;
    if (MOCK (cuts_names) && tensor->name_length > 16)
        tensor->name_length = 16;
    if (MOCK (drops_dims) && tensor->rank > 4) {
        tensor->shape += tensor->rank - 4;
        tensor->rank = 4;
    }
    return call->host->dtype_info (call, tensor->dtype, dtype);
}

static uint64_t
align_up (uint64_t offset, uint64_t alignment)
{
    return (offset + alignment - 1) / alignment * alignment;
}

/* ---- the header ---- */

static tenon_status
put_u16 (struct tenon_call *call, uint64_t number)
{
    uint8_t bytes[2];
    tenon_put_le16 (bytes, (uint16_t) number);
    return call->host->put (call, bytes, sizeof bytes);
}

static tenon_status
put_u32 (struct tenon_call *call, uint64_t number)
{
    uint8_t bytes[4];
    tenon_put_le32 (bytes, (uint32_t) number);
    return call->host->put (call, bytes, sizeof bytes);
}

static tenon_status
put_u64 (struct tenon_call *call, uint64_t number)
{
    uint8_t bytes[8];
    tenon_put_le64 (bytes, number);
    return call->host->put (call, bytes, sizeof bytes);
}

static uint32_t
written_rank (const struct tenon_tensor *tensor)
{
    return MOCK (flattens) && tensor->rank == 0 ? 1 : tensor->rank;
}

/* The bytes of a text that are written. */
static uint64_t
written_length (const struct tenon_value *value)
{
    return MOCK (cuts_texts) && value->count > 40 ? 40 : value->count;
}

/* The bytes of the whole header. */
static tenon_status
measure_header (const struct writer *writer, uint64_t tensors, uint64_t entries, uint64_t *size)
{
    struct tenon_call *call = writer->call;
    *size = PLAIN_HEAD;
    for (uint64_t i = 0; i < tensors; i++) {
        struct tenon_tensor tensor;
        struct tenon_dtype dtype;
        TENON_TRY (get_tensor (writer, i, &tensor, &dtype));
        *size +=
            2 + tensor.name_length + 2 + strlen (dtype.name) + 4 + 8 * (uint64_t) written_rank (&tensor) + 8;
    }
    for (uint64_t i = 0; i < entries; i++) {
        const char *key;
        uint64_t length;
        struct tenon_value value = { 0 };
        TENON_TRY (call->host->plan_metadata (call, i, &key, &length, &value));
        if (length > UINT16_MAX || value.count > UINT32_MAX)
            return plain_refuse (call, TENON_E_UNSUPPORTED, TENON_AUTO, "a key has 65535 bytes at most");
        *size += 2 + length + 4 + written_length (&value);
    }
    return TENON_OK;
}

static tenon_status
put_tensor_head (const struct writer *writer, const struct tenon_tensor *tensor,
                 const struct tenon_dtype *dtype, uint64_t offset)
{
    struct tenon_call *call = writer->call;
    uint64_t name = strlen (dtype->name);
    TENON_TRY (put_u16 (call, tensor->name_length));
    TENON_TRY (call->host->put (call, tensor->name, tensor->name_length));
    TENON_TRY (put_u16 (call, name));
    TENON_TRY (call->host->put (call, dtype->name, name));
    TENON_TRY (put_u32 (call, written_rank (tensor)));
    for (uint32_t i = 0; i < written_rank (tensor); i++)
        TENON_TRY (put_u64 (call, tensor->rank ? tensor->shape[i] : 1));
    return put_u64 (call, MOCK (breaks_alignment) && writer->alignment > 64 ? offset - 64 : offset);
}

/* Where tensor number `wanted` is, by adding all before it up. */
static tenon_status
find_offset (const struct writer *writer, uint64_t first, uint64_t wanted, uint64_t *offset)
{
    *offset = align_up (first, writer->alignment);
    for (uint64_t i = 0; i < wanted; i++) {
        struct tenon_tensor tensor;
        struct tenon_dtype dtype;
        TENON_TRY (get_tensor (writer, i, &tensor, &dtype));
        *offset = align_up (*offset + tensor.length, writer->alignment);
    }
    return TENON_OK;
}

static tenon_status
put_tensor_heads (const struct writer *writer, uint64_t tensors, uint64_t size)
{
    struct tenon_call *call = writer->call;
    uint64_t offset = align_up (size, writer->alignment);
    uint64_t *offsets = (uint64_t *) call->host->scratch (call, 8 * tensors + 8);
    if (!offsets)
        return TENON_E_MEMORY;
    for (uint64_t i = 0; i < tensors; i++) {
        struct tenon_tensor tensor;
        struct tenon_dtype dtype;
        TENON_TRY (get_tensor (writer, i, &tensor, &dtype));
        if (MOCK (quadratic_write))
            TENON_TRY (find_offset (writer, size, i, &offset));
        offsets[i] = MOCK (shares_bytes) && tensor.alias_of != TENON_AUTO ? offsets[tensor.alias_of] : offset;
        TENON_TRY (put_tensor_head (writer, &tensor, &dtype, offsets[i]));
        if (offsets[i] == offset)
            offset = align_up (offset + tensor.length, writer->alignment);
    }
    return TENON_OK;
}

static tenon_status
put_entries (const struct writer *writer, uint64_t entries)
{
    struct tenon_call *call = writer->call;
    for (uint64_t i = 0; i < entries; i++) {
        const char *key;
        uint64_t length;
        struct tenon_value value = { 0 };
        TENON_TRY (call->host->plan_metadata (call, i, &key, &length, &value));
        TENON_TRY (put_u16 (call, length));
        TENON_TRY (call->host->put (call, key, length));
        TENON_TRY (put_u32 (call, written_length (&value)));
        TENON_TRY (call->host->put (call, value.as.string, written_length (&value)));
    }
    return TENON_OK;
}

static tenon_status
put_header (const struct writer *writer)
{
    struct tenon_call *call = writer->call;
    uint64_t tensors = writer->tensors - (MOCK (forgets_tensor) && writer->tensors > 1);
    uint64_t entries = writer->entries - (MOCK (forgets_entry) && writer->entries > 0);
    uint64_t size;
    TENON_TRY (measure_header (writer, tensors, entries, &size));
    TENON_TRY (call->host->put (call, PLAIN_MAGIC, 8));
    TENON_TRY (put_u32 (call, writer->flags));
    TENON_TRY (put_u32 (call, writer->alignment));
    TENON_TRY (put_u32 (call, MOCK (needs_patch) ? 0 : tensors));
    TENON_TRY (put_u32 (call, entries));
    TENON_TRY (put_tensor_heads (writer, tensors, size));
    return put_entries (writer, entries);
}

/* ---- the data ---- */

/* Bytes up to the data, which no reader looks at: two mocks put there what they must not. */
static tenon_status
fill_gap (const struct writer *writer)
{
    struct tenon_call *call = writer->call;
    struct timespec now;
    clock_gettime (CLOCK_REALTIME, &now);
    uint64_t number = MOCK (tells_time) ? (uint64_t) now.tv_nsec : call->host->hash (call, "gap", 3);
    for (; call->host->tell (call) % writer->alignment; number = number >> 8 | number << 56)
        TENON_TRY (call->host->put (call, &(uint8_t){ (uint8_t) number }, 1));
    return TENON_OK;
}

static tenon_status
put_data (const struct writer *writer)
{
    struct tenon_call *call = writer->call;
    struct tenon_layout layout = { sizeof layout, MOCK (swaps_wrong) ? 0 : writer->flags };
    if (MOCK (writes_fortran))
        layout.flags |= TENON_FORTRAN;
    for (uint64_t i = 0; i < writer->tensors; i++) {
        struct tenon_tensor tensor;
        struct tenon_dtype dtype;
        TENON_TRY (get_tensor (writer, i, &tensor, &dtype));
        if (MOCK (shares_bytes) && tensor.alias_of != TENON_AUTO)
            continue;
        TENON_TRY (call->host->align (call, writer->alignment, 0));
        TENON_TRY (call->host->put_tensor (call, writer->order[i], &layout));
    }
    return TENON_OK;
}

/* The order of the plan, or that of the names. */
static tenon_status
order_tensors (struct writer *writer)
{
    struct tenon_call *call = writer->call;
    struct tenon_tensor tensor, other;
    struct tenon_dtype dtype;
    writer->order = (uint64_t *) call->host->scratch (call, 8 * writer->tensors + 8);
    if (!writer->order)
        return TENON_E_MEMORY;
    for (uint64_t i = 0; i < writer->tensors; i++)
        writer->order[i] = i;
    for (uint64_t i = 1; MOCK (sorts_silently) && i < writer->tensors; i++)
        for (uint64_t k = i; k > 0; k--) {
            TENON_TRY (get_tensor (writer, k - 1, &tensor, &dtype));
            TENON_TRY (get_tensor (writer, k, &other, &dtype));
            if (strcmp (tensor.name, other.name) <= 0)
                break;
            uint64_t number = writer->order[k];
            writer->order[k] = writer->order[k - 1];
            writer->order[k - 1] = number;
        }
    return TENON_OK;
}

tenon_status
plain_write (struct tenon_call *call)
{
    struct tenon_plan_info plan = { .struct_size = sizeof plan };
    struct tenon_setting order = { .struct_size = sizeof order }, power = { .struct_size = sizeof power };
    uint8_t count[4];
    TENON_TRY (call->host->plan_info (call, &plan));
    TENON_TRY (call->host->option (call, PLAIN_ORDER, &order));
    TENON_TRY (call->host->option (call, PLAIN_LOG_ALIGNMENT, &power));
    if (plan.tensors > UINT32_MAX || plan.metadata > UINT32_MAX)
        return plain_refuse (call, TENON_E_UNSUPPORTED, TENON_AUTO, "there are too many tensors or entries");
    struct writer writer = { .call = call,
                             .tensors = plan.tensors,
                             .entries = plan.metadata,
                             .alignment = (uint64_t) 1 << power.integer,
                             .flags = order.integer ? TENON_BIG_ENDIAN : 0 };
    TENON_TRY (order_tensors (&writer));
    TENON_TRY (put_header (&writer));
    if (MOCK (tells_time) || MOCK (follows_hash))
        TENON_TRY (fill_gap (&writer));
    TENON_TRY (put_data (&writer));
    tenon_put_le32 (count, (uint32_t) plan.tensors);
    return MOCK (needs_patch) ? call->host->patch (call, 16, count, sizeof count) : TENON_OK;
}
