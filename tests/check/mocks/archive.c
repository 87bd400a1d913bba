/* SPDX-License-Identifier: MIT */
/* archive.c - a mock plugin (mock.h): an archive, and a keyed codec whose files are such archives.
 *
 *     mockarchive   "MOCKARC1" · the bytes of the members · for each member: u16 length, key · u64 offset ·
 *                   u64 bytes · u32 CRC-32 · then u32 members · u64 place of the directory · "MOCKEND1"
 *     mockset       the key ".mockset", which is empty, and for each tensor a key "t/NAME": u16 length, dtype
 * · u8 rank · rank × u64 dim · the data
 *
 * Numbers are little-endian. */
#include "directory.h"

#define MAGIC "MOCKARC1"
#define ROOT ".mockset"
#define MOST_DIMS 64
#define LONGEST_DTYPE 63 /* bytes */

/* Such keys are neither read nor written. */
static int
has_control (const char *key, uint64_t length)
{
    for (uint64_t i = 0; i < length; i++)
        if ((uint8_t) key[i] < ' ')
            return 1;
    return 0;
}

/* ---- the archive: reading ---- */

static tenon_status
describe_member (struct tenon_cursor *cursor, uint32_t number)
{
    struct tenon_call *call = cursor->call;
    struct tenon_part part = { .struct_size = sizeof part,
                               .check = TENON_CHECK_CRC32,
                               .place = cursor->position };
    uint32_t sum, source;
    uint16_t length;
    TENON_TRY (tenon_take_u16 (cursor, &length, "the length of a key"));
    part.name = tenon_take_text (cursor, length, "a key");
    if (!part.name)
        return TENON_E_TRUNCATED;
    if (has_control (part.name, length))
        return tenon_fail (call, TENON_E_MALFORMED, cursor->position - length,
                           "a key has a control character");
    part.name_length = length;
    TENON_TRY (tenon_take_u64 (cursor, &part.offset, "an offset"));
    TENON_TRY (tenon_take_u64 (cursor, &part.stored, "a number of bytes"));
    TENON_TRY (tenon_take_u32 (cursor, &sum, "a checksum"));
    part.size = part.stored;
    part.check_value = sum;
    if (MOCK (forgets_sum) && number / 2 % 2)
        part.check = TENON_CHECK_NONE;
    return call->host->add_part (call, &part, &source);
}

static tenon_status
describe_archive (struct tenon_call *call)
{
    struct tenon_cursor cursor;
    uint32_t count;
    TENON_TRY (open_directory (call, &cursor, &count));
    for (uint32_t i = 0; i < count; i++)
        TENON_TRY (describe_member (&cursor, i));
    return close_directory (&cursor);
}

/* ---- the archive: writing ---- */

struct written {
    char *key;
    uint64_t key_length, offset, size;
    uint32_t sum;
};
struct writer {
    struct written *members;
    uint64_t room, count;
};

static tenon_status
begin_archive (struct tenon_call *call)
{
    call->state = call->host->scratch (call, sizeof (struct writer));
    return call->state ? call->host->put (call, MAGIC, 8) : TENON_E_MEMORY;
}

static tenon_status
begin_entry (struct tenon_call *call, const struct tenon_entry *entry)
{
    if (entry->key_length > UINT16_MAX)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "a key has 65535 bytes at most");
    if (has_control (entry->key, entry->key_length))
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "a key has no control characters");
    return entry->alignment > 1 ? call->host->align (call, entry->alignment, 0) : TENON_OK;
}

static tenon_status
end_entry (struct tenon_call *call, const struct tenon_entry *entry, const struct tenon_member_result *result)
{
    struct writer *writer = (struct writer *) call->state;
    if (MOCK (loses_empty) && result->size == 0)
        return TENON_OK;
    TENON_TRY (
        tenon_grow (call, &writer->members, &writer->room, writer->count + 1, sizeof *writer->members));
    struct written *member = &writer->members[writer->count++];
    member->key = (char *) call->host->scratch (call, entry->key_length + 1);
    if (!member->key)
        return TENON_E_MEMORY;
    memcpy (member->key, entry->key, entry->key_length);
    member->key_length = MOCK (cuts_keys) && entry->key_length > 16 ? 16 : entry->key_length;
    member->offset = result->offset;
    member->size = result->stored;
    member->sum = (uint32_t) result->check_value;
    return TENON_OK;
}

static tenon_status
finish_archive (struct tenon_call *call)
{
    const struct writer *writer = (const struct writer *) call->state;
    uint8_t tail[TAIL];
    if (writer->count > UINT32_MAX)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "there are too many members");
    fill_tail (call, tail, (uint32_t) writer->count);
    for (uint64_t i = 0; i < writer->count; i++) {
        const struct written *member = &writer->members[i];
        uint8_t bytes[20];
        tenon_put_le16 (bytes, (uint16_t) member->key_length);
        TENON_TRY (call->host->put (call, bytes, 2));
        TENON_TRY (call->host->put (call, member->key, member->key_length));
        tenon_put_le64 (bytes, member->offset);
        tenon_put_le64 (bytes + 8, member->size);
        tenon_put_le32 (bytes + 16, member->sum);
        TENON_TRY (call->host->put (call, bytes, sizeof bytes));
    }
    return call->host->put (call, tail, sizeof tail);
}

/* ---- the keyed codec ---- */

/* The head of a tensor's entry. No cursor, which has a window of 64 KiB: there may be many entries. */
static tenon_status
read_head (struct tenon_call *call, struct tenon_tensor *tensor, uint64_t shape[MOST_DIMS])
{
    uint8_t bytes[8];
    char dtype[LONGEST_DTYPE + 1] = "";
    TENON_TRY (call->host->read_at (call, tensor->source, 0, bytes, 2));
    uint64_t length = tenon_le16 (bytes);
    if (length > LONGEST_DTYPE)
        return tenon_fail_in (call, TENON_E_MALFORMED, tensor->source, 0, "there is no such dtype");
    TENON_TRY (call->host->read_at (call, tensor->source, 2, dtype, length));
    TENON_TRY (call->host->read_at (call, tensor->source, 2 + length, bytes, 1));
    tensor->dtype = call->host->dtype_find (call, dtype);
    tensor->rank = bytes[0];
    if (!tensor->dtype || tensor->rank > MOST_DIMS)
        return tenon_fail_in (call, TENON_E_MALFORMED, tensor->source, 0,
                              "there is no such dtype, or no such rank");
    for (uint32_t i = 0; i < tensor->rank; i++) {
        TENON_TRY (call->host->read_at (call, tensor->source, 2 + length + 1 + 8 * i, bytes, 8));
        shape[i] = tenon_le64 (bytes);
    }
    return TENON_OK;
}

static tenon_status
describe_key (struct tenon_call *call, const struct tenon_key *key)
{
    struct tenon_tensor tensor = { .struct_size = sizeof tensor, .length = TENON_AUTO, .place = key->place };
    uint64_t shape[MOST_DIMS];
    if (key->length < 2 || memcmp (key->key, "t/", 2) != 0)
        return TENON_OK;
    TENON_TRY (call->host->open_key (call, key->key, key->length, &tensor.source));
    TENON_TRY (read_head (call, &tensor, shape));
    char *data = (char *) call->host->scratch (call, key->length);
    if (!data)
        return TENON_E_MEMORY;
    memcpy (data, key->key, key->length);
    data[0] = 'd';
    if (call->host->open_key (call, data, key->length, &tensor.source) < 0)
        return tenon_fail (call, TENON_E_MALFORMED, key->place, "'%.200s' has no data", key->key);
    tensor.name = key->key + 2;
    tensor.name_length = key->length - 2;
    tensor.shape = shape;
    return call->host->add_tensor (call, &tensor);
}

static tenon_status
describe_set (struct tenon_call *call)
{
    struct tenon_key key = { .struct_size = sizeof key };
    tenon_status status;
    while ((status = call->host->next_key (call, "", 0, &key)) == TENON_OK)
        TENON_TRY (describe_key (call, &key));
    return status == TENON_E_NOT_FOUND ? TENON_OK : status;
}

static tenon_status
write_tensor (struct tenon_call *call, uint64_t number)
{
    struct tenon_tensor tensor = { .struct_size = sizeof tensor };
    struct tenon_dtype dtype = { .struct_size = sizeof dtype };
    struct tenon_entry entry = { .struct_size = sizeof entry, .size = TENON_AUTO };
    uint8_t bytes[8];
    TENON_TRY (call->host->plan_tensor (call, number, &tensor));
    TENON_TRY (call->host->dtype_info (call, tensor.dtype, &dtype));
    char *key = (char *) call->host->scratch (call, tensor.name_length + 2);
    if (!key)
        return TENON_E_MEMORY;
    memcpy (key, "t/", 2);
    memcpy (key + 2, tensor.name, tensor.name_length);
    entry.key = key;
    entry.key_length = tensor.name_length + 2;
    TENON_TRY (call->host->put_key (call, &entry));
    tenon_put_le16 (bytes, (uint16_t) strlen (dtype.name));
    TENON_TRY (call->host->put (call, bytes, 2));
    TENON_TRY (call->host->put (call, dtype.name, strlen (dtype.name)));
    bytes[0] = (uint8_t) tensor.rank;
    TENON_TRY (call->host->put (call, bytes, 1));
    for (uint32_t i = 0; i < tensor.rank; i++) {
        tenon_put_le64 (bytes, tensor.shape[i]);
        TENON_TRY (call->host->put (call, bytes, 8));
    }
    key[0] = 'd';
    TENON_TRY (call->host->put_key (call, &entry));
    return call->host->put_tensor (call, number, NULL);
}

static tenon_status
write_set (struct tenon_call *call)
{
    struct tenon_plan_info plan = { .struct_size = sizeof plan };
    struct tenon_entry root = { .struct_size = sizeof root, .key = ROOT, .key_length = sizeof ROOT - 1 };
    TENON_TRY (call->host->plan_info (call, &plan));
    TENON_TRY (call->host->put_key (call, &root));
    for (uint64_t i = 0; i < plan.tensors; i++)
        TENON_TRY (write_tensor (call, i));
    return TENON_OK;
}

/* ---- the tables ---- */

static const struct tenon_magic magics[] = { { 0, 8, 0, MAGIC } };
static const char *const archive_extensions[] = { "mockarchive", NULL };
static const char *const set_extensions[] = { "mockset", NULL };
static const char *const root_keys[] = { ROOT, NULL };
static const struct tenon_archive functions = {
    .struct_size = sizeof functions,
    .check = TENON_CHECK_CRC32,
    .begin = begin_archive,
    .begin_entry = begin_entry,
    .end_entry = end_entry,
    .finish = finish_archive,
};
static const struct tenon_codec archive = {
    .struct_size = sizeof archive,
    .id = "mockarchive",
    .label = "a mock of an archive",
    .extensions = archive_extensions,
    .magics = magics,
    .magic_size = sizeof magics[0],
    .magic_count = 1,
    .describe = describe_archive,
    .archive_functions = &functions,
};
static const struct tenon_codec set = {
    .struct_size = sizeof set,
    .flags = TENON_CODEC_ARCHIVED,
    .id = "mockset",
    .label = "a mock of a keyed codec",
    .extensions = set_extensions,
    .describe = describe_set,
    .write = write_set,
    .root_keys = root_keys,
    .archive = "mockarchive",
};
static const struct tenon_codec *const codecs[] = { &archive, &set, NULL };
static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "archive",
    .version = "1.0",
    .license = "MIT",
    .summary = "an archive for the tests of tenon check-plugin",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
