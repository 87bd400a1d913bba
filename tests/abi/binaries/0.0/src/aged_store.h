/* SPDX-License-Identifier: MIT */
/* aged_store.h - the store of the old and of the future plugin: an archive, and a keyed codec on it. It uses
 * what crosses the ABI for them: struct tenon_archive, tenon_entry, tenon_key, tenon_part of locate, and
 * tenon_member_result of end_entry.
 *
 *     MAGIC (8 bytes)
 *     each member: u8 length, key · u64 decoded bytes · u32 CRC-32 · the bytes, which AGED_MEMBER_FILTER
 * encodes a byte 0
 *
 * The keyed codec has the key "aged", and one for each tensor, which it has as bytes. PEER_SIZE (struct) is
 * true if the size that the host gave to a struct is right for its age. */
#ifndef PEER_SIZE
#error define AGED_PACK, AGED_STORE, AGED_PACK_MAGIC, PEER_SIZE and LATER_FIELDS first
#endif

static const struct tenon_step aged_step = {
    .struct_size = sizeof aged_step, .level = -1, .filter = AGED_MEMBER_FILTER, LATER_FIELDS
};

/* ---- the archive, read ---- */

/* *part: the member at its place, in source 0. *next: where the one behind it is. */
static tenon_status
aged_head (struct tenon_call *call, struct tenon_part *part, uint64_t *next)
{
    struct tenon_cursor cursor;
    uint8_t length;
    uint32_t sum;
    TENON_TRY (tenon_cursor_open (&cursor, call, 0, part->place));
    TENON_TRY (tenon_take_u8 (&cursor, &length, "a length"));
    const uint8_t *key = tenon_take (&cursor, length, "a key");
    char *copy = key ? (char *) call->host->scratch (call, length + 1u) : NULL;
    if (!copy)
        return key ? TENON_E_MEMORY : TENON_E_TRUNCATED;
    memcpy (copy, key, length);
    TENON_TRY (tenon_take_u64 (&cursor, &part->size, "a size"));
    TENON_TRY (tenon_take_u32 (&cursor, &sum, "a checksum"));
    part->name = copy;
    part->name_length = length;
    part->lead = 1u + length + 12;
    part->offset = part->place + part->lead;
    part->stored = part->size;
    part->check = TENON_CHECK_CRC32;
    part->check_value = sum;
    part->steps = &aged_step;
    part->step_size = sizeof aged_step;
    part->step_count = 1;
    *next = part->offset + part->size;
    return *next < part->offset ? tenon_fail (call, TENON_E_MALFORMED, part->place, "a member without an end")
                                : TENON_OK;
}

static tenon_status
aged_list (struct tenon_call *call)
{
    uint64_t at = 8, next;
    uint32_t source;
    for (uint8_t length;; at = next) {
        TENON_TRY (call->host->read_at (call, 0, at, &length, 1));
        if (length == 0)
            return TENON_OK;
        struct tenon_part part = { .struct_size = sizeof part, .place = at, .flags = LOW_FLAGS };
        FUTURE (part);
        TENON_TRY (aged_head (call, &part, &next));
        part.flags |= TENON_PART_LATER;
        TENON_TRY (call->host->add_part (call, &part, &source));
    }
}

static tenon_status
aged_locate (struct tenon_call *call, const struct tenon_part *wanted)
{
    struct tenon_part part = { .struct_size = sizeof part, .place = wanted->place };
    uint64_t next;
    uint32_t source;
    FUTURE (part);
    if (!PEER_SIZE (wanted))
        return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "a part has %u bytes", wanted->struct_size);
    TENON_TRY (aged_head (call, &part, &next));
    return call->host->add_part (call, &part, &source);
}

/* ---- the archive, written ---- */

static tenon_status
aged_begin (struct tenon_call *call)
{
    return call->host->put (call, AGED_PACK_MAGIC, 8);
}

static tenon_status
aged_begin_entry (struct tenon_call *call, const struct tenon_entry *entry)
{
    static const uint8_t zeros[12];
    uint8_t length = (uint8_t) entry->key_length;
    uint64_t *begin = (uint64_t *) call->host->scratch (call, sizeof *begin);
    if (!begin)
        return TENON_E_MEMORY;
    if (!PEER_SIZE (entry) || entry->step_count != 1 || strcmp (entry->steps->filter, AGED_MEMBER_FILTER))
        return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "an entry is not as it should be");
    TENON_TRY (call->host->put (call, &length, 1));
    TENON_TRY (call->host->put (call, entry->key, entry->key_length));
    *begin = call->host->tell (call);
    call->state = begin;
    return call->host->put (call, zeros, sizeof zeros);
}

static tenon_status
aged_end_entry (struct tenon_call *call, const struct tenon_entry *entry,
                const struct tenon_member_result *result)
{
    uint8_t bytes[12];
    if (!PEER_SIZE (entry) || !PEER_SIZE (result) || result->size != result->stored)
        return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "a result is not as it should be");
    tenon_put_le64 (bytes, result->size);
    tenon_put_le32 (bytes + 8, (uint32_t) result->check_value);
    return call->host->patch (call, *(const uint64_t *) call->state, bytes, sizeof bytes);
}

static tenon_status
aged_finish (struct tenon_call *call)
{
    return call->host->put (call, "", 1);
}

/* ---- its keys ---- */

static tenon_status
aged_keys (struct tenon_call *call)
{
    struct tenon_key key = { .struct_size = sizeof key };
    FUTURE (key);
    tenon_status status;
    while ((status = call->host->next_key (call, "", 0, &key)) == TENON_OK) {
        struct tenon_tensor tensor = { .struct_size = sizeof tensor,
                                       .dtype = TENON_U8,
                                       .length = TENON_AUTO };
        struct tenon_source_info info = { .struct_size = sizeof info };
        FUTURE (tensor);
        FUTURE (info);
        if (!PAST_IS_ZERO (key) || !(key.flags & TENON_KEY_ENCODED))
            return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "next_key did not fill the struct");
        if (key.length == 4 && memcmp (key.key, "aged", 4) == 0)
            continue;
        TENON_TRY (call->host->open_key (call, key.key, key.length, &tensor.source));
        TENON_TRY (call->host->source_info (call, tensor.source, &info));
        tensor.name = key.key;
        tensor.name_length = key.length;
        tensor.shape = &info.size;
        tensor.rank = 1;
        TENON_TRY (call->host->add_tensor (call, &tensor));
    }
    return status == TENON_E_NOT_FOUND ? TENON_OK : status;
}

static tenon_status
aged_put (struct tenon_call *call, const char *key, uint64_t length)
{
    struct tenon_entry entry = { .struct_size = sizeof entry, .flags = LOW_FLAGS, .size = TENON_AUTO };
    FUTURE (entry);
    entry.key = key;
    entry.key_length = length;
    entry.steps = &aged_step;
    entry.step_size = sizeof aged_step;
    entry.step_count = 1;
    return call->host->put_key (call, &entry);
}

static tenon_status
aged_write_keys (struct tenon_call *call)
{
    struct tenon_plan_info plan = { .struct_size = sizeof plan };
    TENON_TRY (call->host->plan_info (call, &plan));
    TENON_TRY (aged_put (call, "aged", 4));
    for (uint64_t i = 0; i < plan.tensors; i++) {
        struct tenon_tensor tensor = { .struct_size = sizeof tensor };
        TENON_TRY (call->host->plan_tensor (call, i, &tensor));
        TENON_TRY (aged_put (call, tensor.name, tensor.name_length));
        TENON_TRY (call->host->put_tensor (call, i, NULL));
    }
    return TENON_OK;
}

/* ---- the tables ---- */

static const char *const aged_pack_filters[] = { AGED_MEMBER_FILTER, NULL };
static const struct tenon_archive aged_archive = { .struct_size = sizeof aged_archive,
                                                   .flags = LOW_FLAGS,
                                                   .check = TENON_CHECK_CRC32,
                                                   .filters = aged_pack_filters,
                                                   .locate = aged_locate,
                                                   .begin = aged_begin,
                                                   .begin_entry = aged_begin_entry,
                                                   .end_entry = aged_end_entry,
                                                   .finish = aged_finish,
                                                   LATER_FIELDS };
static const char *const aged_roots[] = { "aged", NULL };
static const struct tenon_codec aged_pack = { .struct_size = sizeof aged_pack,
                                              .id = AGED_PACK,
                                              .describe = aged_list,
                                              .archive_functions = &aged_archive,
                                              LATER_FIELDS };
static const struct tenon_codec aged_store = { .struct_size = sizeof aged_store,
                                               .id = AGED_STORE,
                                               .describe = aged_keys,
                                               .write = aged_write_keys,
                                               .root_keys = aged_roots,
                                               .archive = AGED_PACK,
                                               LATER_FIELDS };
