/* SPDX-License-Identifier: MIT */
/* aged.h - the codec of the old and of the future plugin: the same source, compiled with shorter or longer
 * structs. It uses every struct that crosses the ABI.
 *
 *     MAGIC (8 bytes) · u32 tensors · u32 bytes of the member behind all data
 *     each tensor: u8 length, name · u8 length, dtype · u8 rank · u64 dims · u64 offset
 *     data, in C order, little-endian
 *     the member, a file of the codec `aged.member`
 *
 * The plan's last tensor goes into the member when there are several. FUTURE (struct) fills the fields that
 * only future hosts know; LOW_FLAGS are flags that hosts may ignore. */
#ifndef AGED_MEMBER_FILTER
#error define AGED_ID, AGED_MAGIC, AGED_MEMBER_FILTER, FUTURE, PAST_IS_ZERO and LOW_FLAGS first
#endif

enum { AGED_MEMBER, AGED_OPTIONS };

static const char *const aged_filters[] = { AGED_MEMBER_FILTER };

/* ---- reading ---- */

static tenon_status
aged_tensor (struct tenon_cursor *cursor)
{
    struct tenon_call *call = cursor->call;
    struct tenon_tensor tensor = { .struct_size = sizeof tensor, .flags = LOW_FLAGS, .length = TENON_AUTO };
    struct tenon_dtype dtype = { .struct_size = sizeof dtype };
    char texts[2][256];
    uint64_t shape[255];
    uint8_t length, rank;
    FUTURE (tensor);
    FUTURE (dtype);
    for (unsigned i = 0; i < 2; i++) {
        TENON_TRY (tenon_take_u8 (cursor, &length, "a length"));
        const uint8_t *text = tenon_take (cursor, length, "a text");
        if (!text)
            return TENON_E_TRUNCATED;
        memcpy (texts[i], text, length);
        texts[i][length] = 0;
    }
    tensor.name = texts[0];
    tensor.name_length = strlen (texts[0]);
    tensor.dtype = call->host->dtype_find (call, texts[1]);
    TENON_TRY (call->host->dtype_info (call, tensor.dtype, &dtype));
    if (!PAST_IS_ZERO (dtype) || !dtype.name || strcmp (dtype.name, texts[1]))
        return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO,
                           "dtype_info did not fill the struct as it should");
    TENON_TRY (tenon_take_u8 (cursor, &rank, "a rank"));
    for (uint32_t i = 0; i < rank; i++)
        TENON_TRY (tenon_take_u64 (cursor, &shape[i], "a dim"));
    tensor.rank = rank;
    tensor.shape = shape;
    TENON_TRY (tenon_take_u64 (cursor, &tensor.offset, "an offset"));
    TENON_TRY (call->host->add_tensor (call, &tensor));
    struct tenon_tensor found = { .struct_size = sizeof found };
    FUTURE (found);
    TENON_TRY (call->host->find (call, texts[0], strlen (texts[0]), &found));
    if (!PAST_IS_ZERO (found) || found.offset != tensor.offset || found.length != tensor.length)
        return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "find did not fill the struct as it should");
    return TENON_OK;
}

static tenon_status
aged_member (struct tenon_call *call, uint64_t begin, uint64_t size)
{
    struct tenon_part part = { .struct_size = sizeof part, .offset = begin, .stored = size, .size = size };
    struct tenon_include how = { .struct_size = sizeof how, .flags = LOW_FLAGS };
    uint32_t source;
    FUTURE (part);
    FUTURE (how);
    struct tenon_step step = { .struct_size = sizeof step, .level = -1, .filter = aged_filters[0] };
    FUTURE (step);
    part.steps = &step;
    part.step_size = sizeof step;
    part.step_count = 1;
    TENON_TRY (call->host->add_part (call, &part, &source));
    return call->host->include (call, source, &how);
}

static tenon_status
aged_describe (struct tenon_call *call)
{
    struct tenon_source_info info = { .struct_size = sizeof info };
    struct tenon_value value = { .type = TENON_U32, .source = TENON_NO_SOURCE };
    struct tenon_cursor cursor;
    uint32_t tensors, member;
    uint64_t sum;
    struct tenon_shard_info set = { .struct_size = sizeof set };
    FUTURE (info);
    FUTURE (set);
    TENON_TRY (call->host->source_info (call, 0, &info));
    if (!PAST_IS_ZERO (info))
        return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "source_info left what it does not know");
    TENON_TRY (call->host->shard_info (call, &set));
    if (set.number || set.count || set.flags || set.tensors || !PAST_IS_ZERO (set))
        return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO,
                           "shard_info did not fill the struct as it should");
    if (!TENON_HAS (call, checksum)
        || call->host->checksum (call, TENON_CHECK_CRC32, NULL, "123456789", 9, &sum) < 0
        || sum != 0xcbf43926u)
        return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "the host has no checksum, or another one");
    TENON_TRY (tenon_cursor_open (&cursor, call, 0, 8));
    TENON_TRY (tenon_take_u32 (&cursor, &tensors, "a number"));
    TENON_TRY (tenon_take_u32 (&cursor, &member, "a number"));
    for (uint32_t i = 0; i < tensors; i++)
        TENON_TRY (aged_tensor (&cursor));
    value.as.u = call->host->struct_size;
    TENON_TRY (call->host->add_metadata (call, "host_size", 9, &value));
    if (member > info.size)
        return tenon_fail (call, TENON_E_TRUNCATED, 12, "a member of %u bytes", member);
    return member ? aged_member (call, info.size - member, member) : TENON_OK;
}

/* ---- writing ---- */

static tenon_status
aged_entry (struct tenon_call *call, uint64_t index, uint64_t offset, uint64_t *length, uint64_t *entry_size)
{
    struct tenon_tensor tensor = { .struct_size = sizeof tensor };
    struct tenon_dtype dtype = { .struct_size = sizeof dtype };
    uint8_t bytes[3 + 2 * 255 + 8 * 65], *to = bytes;
    FUTURE (tensor);
    FUTURE (dtype);
    TENON_TRY (call->host->plan_tensor (call, index, &tensor));
    TENON_TRY (call->host->dtype_info (call, tensor.dtype, &dtype));
    if (!PAST_IS_ZERO (tensor) || tensor.name_length > 255)
        return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO,
                           "plan_tensor did not fill the struct as it should");
    *to++ = (uint8_t) tensor.name_length;
    memcpy (to, tensor.name, (size_t) tensor.name_length);
    to += tensor.name_length;
    *to++ = (uint8_t) strlen (dtype.name);
    memcpy (to, dtype.name, strlen (dtype.name));
    to += strlen (dtype.name);
    *to++ = (uint8_t) tensor.rank;
    for (uint32_t i = 0; i < tensor.rank; i++)
        to = (uint8_t *) tenon_put_le64 (to, tensor.shape[i]);
    to = (uint8_t *) tenon_put_le64 (to, offset);
    *length = tensor.length;
    *entry_size = (uint64_t) (to - bytes);
    return offset == TENON_AUTO ? TENON_OK : call->host->put (call, bytes, *entry_size);
}

static tenon_status
aged_put_member (struct tenon_call *call, uint64_t index)
{
    struct tenon_setting codec = { .struct_size = sizeof codec };
    struct tenon_member member = { .struct_size = sizeof member, .first = index, .count = 1 };
    struct tenon_member_result result = { .struct_size = sizeof result };
    uint8_t size[4];
    FUTURE (codec);
    FUTURE (member);
    FUTURE (result);
    TENON_TRY (call->host->option (call, AGED_MEMBER, &codec));
    if (!PAST_IS_ZERO (codec))
        return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "option left what it does not know");
    member.codec = "toyraw"; /* the option's choices have it as number 0; old settings have no text */
    member.flags = LOW_FLAGS;
    struct tenon_step step = { .struct_size = sizeof step, .level = -1, .filter = aged_filters[0] };
    FUTURE (step);
    member.steps = &step;
    member.step_size = sizeof step;
    member.step_count = 1;
    if (codec.integer != 0)
        return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "option gave %lld", (long long) codec.integer);
    TENON_TRY (call->host->put_member (call, &member, &result));
    if (!PAST_IS_ZERO (result) || result.size != result.stored)
        return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO,
                           "put_member did not fill the struct as it should");
    tenon_put_le32 (size, (uint32_t) result.stored);
    return call->host->patch (call, 12, size, 4);
}

static tenon_status
aged_write (struct tenon_call *call)
{
    struct tenon_plan_info plan = { .struct_size = sizeof plan };
    struct tenon_layout layout = { .struct_size = sizeof layout, .flags = LOW_FLAGS };
    uint8_t head[16] = AGED_MAGIC;
    uint64_t offset = sizeof head, length, entry;
    FUTURE (plan);
    FUTURE (layout);
    TENON_TRY (call->host->plan_info (call, &plan));
    if (!PAST_IS_ZERO (plan))
        return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "plan_info left what it does not know");
    uint64_t own = plan.tensors > 1 ? plan.tensors - 1 : plan.tensors;
    tenon_put_le32 (head + 8, (uint32_t) own);
    TENON_TRY (call->host->put (call, head, sizeof head));
    for (uint64_t i = 0; i < own; i++) {
        TENON_TRY (aged_entry (call, i, TENON_AUTO, &length, &entry));
        offset += entry;
    }
    for (uint64_t i = 0; i < own; i++) {
        TENON_TRY (aged_entry (call, i, offset, &length, &entry));
        offset += length;
    }
    for (uint64_t i = 0; i < own; i++)
        TENON_TRY (call->host->put_tensor (call, i, &layout));
    return own < plan.tensors ? aged_put_member (call, own) : TENON_OK;
}

/* ---- a filter and a dtype of that age ---- */

static tenon_status
aged_open (const struct tenon_coding *coding, void **state)
{
    static const char nothing = 0;
    (void) coding;
    *state = (void *) (uintptr_t) &nothing;
    return TENON_OK;
}

static void
aged_close (void *state)
{
    (void) state;
}

static uint64_t
aged_bound (const struct tenon_coding *coding, uint64_t size)
{
    (void) coding;
    return size;
}

static int64_t
aged_encode (void *state, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room)
{
    (void) state, (void) flags;
    if (room < size)
        return TENON_E_MISUSE;
    for (uint64_t i = 0; i < size; i++)
        ((uint8_t *) to)[i] = ((const uint8_t *) from)[i] ^ 0x5a;
    return (int64_t) size;
}

static tenon_status
aged_decode (void *state, uint32_t last, const void *from, uint64_t stored, void *to, uint64_t size)
{
    (void) last;
    return stored == size && aged_encode (state, 0, from, size, to, size) >= 0 ? TENON_OK : TENON_E_MALFORMED;
}
