/* SPDX-License-Identifier: MIT */
/* toybox.c - a toy container, with a directory at its end.
 *
 *     "TOYBOX1\n" · u32 members · u32 0 · u64 offset of the directory
 *     each member: "MEMB", u16 length, name (its lead) · its stored bytes
 *     the directory, for each member:
 *         u16 length, name · u8 filter (0 none, 1 deflate, 2 toyxor, 3 toyrot) · u8 check (1: CRC-32) ·
 *         u64 lead, offset, stored, size · u32 crc · u64 block size · u32 blocks · u64 their ends
 *
 * All numbers are little-endian. The writer patches the header after the directory. A member holds the file
 * of another codec, toyraw unless the option names another, or another toybox; members that no codec
 * recognises are skipped. */
#include <tenon/plugin.h>

#define MAGIC "TOYBOX1\n"
#define HEADER 24u
#define LEAD 6u /* bytes before the name in a lead */

enum {
    MEMBER,
    FILTER,
    LEVEL,
    BLOCK_SIZE,
    BLOCKS,
    GROUP,
    CHECK,
    MIX,
    ANNOUNCE,
    OLD,
    PREFIX,
    METADATA,
    OPTIONS
};
enum { ANNOUNCE_YES, ANNOUNCE_NO, ANNOUNCE_MORE, ANNOUNCE_FEWER, ANNOUNCE_OTHER };
enum { OLD_KEEP, OLD_FORGET, OLD_LATE, OLD_TWICE, OLD_BEYOND };
enum { METADATA_SHARED, METADATA_NAMED, METADATA_NONE };

static const char *const filters[] = { NULL, "deflate", "toyxor", "toyrot" };
#define FILTERS (sizeof filters / sizeof filters[0])

static tenon_status
box_option (struct tenon_call *call, uint32_t index, struct tenon_setting *setting)
{
    memset (setting, 0, sizeof *setting);
    setting->struct_size = sizeof *setting;
    return call->host->option (call, index, setting);
}

/* ---- reading ---- */

static tenon_status
include_member (struct tenon_call *call, uint32_t source, const struct tenon_part *part)
{
    struct tenon_include how = { .struct_size = sizeof how };
    struct tenon_setting prefix, metadata;
    TENON_TRY (box_option (call, PREFIX, &prefix));
    TENON_TRY (box_option (call, METADATA, &metadata));
    how.flags = prefix.integer ? TENON_INCLUDE_PREFIX : 0;
    if (metadata.integer == METADATA_SHARED)
        how.flags |= TENON_INCLUDE_REPEATED;
    if (metadata.integer == METADATA_NONE)
        how.flags |= TENON_INCLUDE_NO_METADATA;
    if (metadata.integer == METADATA_NAMED) {
        char *text = (char *) call->host->scratch (call, part->name_length + 2);
        if (!text)
            return TENON_E_MEMORY;
        memcpy (text, part->name, (size_t) part->name_length);
        text[part->name_length] = '.';
        how.metadata_prefix = text;
    }
    tenon_status status = call->host->include (call, source, &how);
    if (status == TENON_E_UNRECOGNISED) {
        tenon_note (call, TENON_NOTE, part->name, "a member that no codec recognises");
        return TENON_OK;
    }
    return status;
}

static tenon_status
take_blocks (struct tenon_cursor *cursor, struct tenon_part *part)
{
    uint32_t count;
    TENON_TRY (tenon_take_u64 (cursor, &part->block_size, "a block size"));
    TENON_TRY (tenon_take_u32 (cursor, &count, "the number of blocks"));
    if (part->block_size == 0)
        return TENON_OK;
    if (count != part->size / part->block_size + (part->size % part->block_size > 0))
        return tenon_fail (cursor->call, TENON_E_MALFORMED, cursor->position - 4,
                           "%u blocks of %llu for %llu bytes", count, (unsigned long long) part->block_size,
                           (unsigned long long) part->size);
    if (count > (cursor->end - cursor->position) / 8)
        return tenon_fail (cursor->call, TENON_E_TRUNCATED, cursor->position,
                           "%u blocks are more than there is", count);
    uint64_t *ends = (uint64_t *) cursor->call->host->scratch (cursor->call, (uint64_t) count * sizeof *ends);
    if (!ends)
        return TENON_E_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        TENON_TRY (tenon_take_u64 (cursor, &ends[i], "a block's end"));
    part->block_ends = ends;
    return TENON_OK;
}

static tenon_status
describe_member (struct tenon_cursor *cursor)
{
    struct tenon_call *call = cursor->call;
    struct tenon_part part = { .struct_size = sizeof part };
    uint16_t length;
    uint8_t filter, check;
    uint32_t crc, source;
    TENON_TRY (tenon_take_u16 (cursor, &length, "a name's length"));
    const uint8_t *bytes = tenon_take (cursor, length, "a name");
    char *name = bytes ? (char *) call->host->scratch (call, length + 1u) : NULL;
    if (!name)
        return TENON_E_TRUNCATED;
    memcpy (name, bytes, length);
    part.name = name;
    part.name_length = length;
    TENON_TRY (tenon_take_u8 (cursor, &filter, "a filter"));
    TENON_TRY (tenon_take_u8 (cursor, &check, "a check"));
    if (filter >= FILTERS)
        return tenon_fail (call, TENON_E_UNSUPPORTED, cursor->position - 2, "toybox has no filter %u",
                           filter);
    struct tenon_step step = { .struct_size = sizeof step, .filter = filters[filter] };
    part.steps = &step;
    part.step_size = sizeof step;
    part.step_count = step.filter != NULL;
    part.check = check;
    TENON_TRY (tenon_take_u64 (cursor, &part.lead, "a lead"));
    TENON_TRY (tenon_take_u64 (cursor, &part.offset, "an offset"));
    TENON_TRY (tenon_take_u64 (cursor, &part.stored, "a stored size"));
    TENON_TRY (tenon_take_u64 (cursor, &part.size, "a size"));
    TENON_TRY (tenon_take_u32 (cursor, &crc, "a checksum"));
    part.check_value = crc;
    TENON_TRY (take_blocks (cursor, &part));
    TENON_TRY (call->host->add_part (call, &part, &source));
    return include_member (call, source, &part);
}

static tenon_status
box_describe (struct tenon_call *call)
{
    uint8_t header[HEADER];
    struct tenon_cursor cursor;
    TENON_TRY (call->host->read_at (call, 0, 0, header, HEADER));
    if (memcmp (header, MAGIC, 8))
        return tenon_fail (call, TENON_E_MALFORMED, 0, "it does not begin with TOYBOX1");
    TENON_TRY (tenon_cursor_open (&cursor, call, 0, tenon_le64 (header + 16)));
    for (uint32_t i = 0, count = tenon_le32 (header + 8); i < count; i++)
        TENON_TRY (describe_member (&cursor));
    return TENON_OK;
}

/* ---- writing ---- */

/* The new directory. It grows in scratch memory, which the host frees. */
struct directory {
    uint8_t *bytes;
    uint64_t size, room;
};

/* Room for `more` bytes at the end; NULL: the failure is recorded. */
static uint8_t *
directory_room (struct tenon_call *call, struct directory *directory, uint64_t more)
{
    if (more > directory->room - directory->size) {
        uint64_t room = 2 * directory->room + more;
        uint8_t *bytes = (uint8_t *) call->host->scratch (call, room);
        if (!bytes)
            return NULL;
        if (directory->size > 0)
            memcpy (bytes, directory->bytes, (size_t) directory->size);
        directory->bytes = bytes;
        directory->room = room;
    }
    return directory->bytes + directory->size;
}

/* Counts the members after this tensor's that are like it: of the same size, through the same filter. */
static uint64_t
count_alike (uint64_t first, uint64_t count, uint64_t tensors, uint64_t mix)
{
    uint64_t alike = 0;
    for (uint64_t next = first + count; next + count <= tensors; next += count, alike++)
        if (mix && (next % mix == 0) != (first % mix == 0))
            break;
    return alike;
}

static tenon_status
put_member (struct tenon_call *call, uint64_t first, uint64_t tensors, uint64_t announced,
            struct directory *directory)
{
    struct tenon_tensor tensor = { .struct_size = sizeof tensor };
    struct tenon_member member = {
        .struct_size = sizeof member, .first = first, .count = tensors, .announced = announced
    };
    struct tenon_member_result result = { .struct_size = sizeof result };
    struct tenon_setting codec, filter, level, block_size, blocks, check, mix, announce;
    uint8_t lead[LEAD];
    char name[1024];
    TENON_TRY (box_option (call, MEMBER, &codec));
    TENON_TRY (box_option (call, FILTER, &filter));
    TENON_TRY (box_option (call, LEVEL, &level));
    TENON_TRY (box_option (call, BLOCK_SIZE, &block_size));
    TENON_TRY (box_option (call, BLOCKS, &blocks));
    TENON_TRY (box_option (call, CHECK, &check));
    TENON_TRY (box_option (call, MIX, &mix));
    TENON_TRY (box_option (call, ANNOUNCE, &announce));
    if (mix.integer && first % (uint64_t) mix.integer == 0)
        filter.integer = 2;
    TENON_TRY (call->host->plan_tensor (call, first, &tensor));
    int length = snprintf (name, sizeof name, "%s.%s", tensor.name, codec.text);
    if (length < 0 || (size_t) length >= sizeof name)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "toybox has 1023 bytes for a name");
    memcpy (lead, "MEMB", 4);
    tenon_put_le16 (lead + 4, (uint16_t) length);
    TENON_TRY (call->host->put (call, lead, LEAD));
    TENON_TRY (call->host->put (call, name, (uint64_t) length));
    member.codec = codec.text;
    struct tenon_step step = { .struct_size = sizeof step,
                               .level = (int32_t) level.integer,
                               .filter = filters[filter.integer] };
    member.steps = &step;
    member.step_size = sizeof step;
    member.step_count = step.filter != NULL;
    member.block_size = (uint64_t) block_size.integer;
    member.check = check.integer ? TENON_CHECK_CRC32 : TENON_CHECK_NONE;
    if (announce.integer == ANNOUNCE_OTHER && first > 0 && announced == 0)
        member.check = TENON_CHECK_CRC32 - member.check;
    TENON_TRY (call->host->put_member (call, &member, &result));
    /* the directory's entry; fixed fields are 50 bytes */
    uint64_t size = 50 + 2 + (uint64_t) length + 8 * result.block_count;
    uint8_t *to = directory_room (call, directory, size);
    if (!to)
        return TENON_E_MEMORY;
    to = (uint8_t *) tenon_put_le16 (to, (uint16_t) length);
    memcpy (to, name, (size_t) length);
    to += length;
    *to++ = (uint8_t) filter.integer;
    *to++ = (uint8_t) member.check;
    to = (uint8_t *) tenon_put_le64 (to, LEAD + (uint64_t) length);
    to = (uint8_t *) tenon_put_le64 (to, result.offset);
    to = (uint8_t *) tenon_put_le64 (to, result.stored);
    to = (uint8_t *) tenon_put_le64 (to, result.size);
    to = (uint8_t *) tenon_put_le32 (to, (uint32_t) result.check_value);
    uint64_t count = blocks.integer ? result.block_count : 0;
    to = (uint8_t *) tenon_put_le64 (to, count ? result.block_size : 0);
    to = (uint8_t *) tenon_put_le32 (to, (uint32_t) count);
    for (uint64_t i = 0; i < count; i++)
        to = (uint8_t *) tenon_put_le64 (to, result.block_ends[i]);
    directory->size = (uint64_t) (to - directory->bytes);
    return TENON_OK;
}

/* ---- adding to a box ---- */

/* True if the plan has the tensor of a member: its name is the member's, without the last extension. */
static int
is_replaced (struct tenon_call *call, const char *name, uint64_t length, uint64_t tensors)
{
    while (length > 0 && name[length - 1] != '.')
        length--;
    for (uint64_t i = 0; i < tensors && length > 0; i++) {
        struct tenon_tensor tensor = { .struct_size = sizeof tensor };
        if (call->host->plan_tensor (call, i, &tensor) == TENON_OK && tensor.name_length == length - 1
            && memcmp (tensor.name, name, (size_t) length - 1) == 0)
            return 1;
    }
    return 0;
}

/* Takes over the entry at the cursor unless the plan replaces it. */
static tenon_status
keep_entry (struct tenon_cursor *cursor, uint64_t tensors, struct directory *directory, uint32_t *members)
{
    struct tenon_call *call = cursor->call;
    uint64_t begin = cursor->position;
    uint16_t length;
    uint32_t blocks;
    TENON_TRY (tenon_take_u16 (cursor, &length, "a name's length"));
    char *name = tenon_take_text (cursor, length, "a name");
    if (!name)
        return TENON_E_TRUNCATED;
    TENON_TRY (tenon_skip (cursor, 2 + 4 * 8 + 4 + 8, "an entry"));
    TENON_TRY (tenon_take_u32 (cursor, &blocks, "blocks"));
    TENON_TRY (tenon_skip (cursor, 8 * (uint64_t) blocks, "the blocks' ends"));
    if (is_replaced (call, name, length, tensors)) {
        tenon_note (call, TENON_NOTE, name, "is replaced");
        return TENON_OK;
    }
    uint64_t size = cursor->position - begin;
    uint8_t *to = directory_room (call, directory, size);
    if (!to)
        return TENON_E_MEMORY;
    TENON_TRY (call->host->read_at (call, 0, begin, to, size));
    directory->size += size;
    ++*members;
    return TENON_OK;
}

static tenon_status
keep_old (struct tenon_call *call, uint64_t tensors, struct directory *directory, uint32_t *members)
{
    struct tenon_setting old;
    struct tenon_source_info info = { .struct_size = sizeof info };
    struct tenon_cursor cursor;
    uint8_t header[HEADER];
    TENON_TRY (box_option (call, OLD, &old));
    TENON_TRY (call->host->source_info (call, 0, &info));
    if (old.integer == OLD_FORGET)
        return call->host->put (call, header, HEADER);
    TENON_TRY (call->host->read_at (call, 0, 0, header, HEADER));
    uint64_t end = tenon_le64 (header + 16);
    TENON_TRY (tenon_cursor_open (&cursor, call, 0, end));
    for (uint32_t i = 0, count = tenon_le32 (header + 8); i < count; i++)
        TENON_TRY (keep_entry (&cursor, tensors, directory, members));
    if (old.integer == OLD_LATE)
        TENON_TRY (call->host->put (call, "late", 4));
    TENON_TRY (call->host->put_old (call, old.integer == OLD_BEYOND ? info.size + 1 : end));
    return old.integer == OLD_TWICE ? call->host->put_old (call, end) : TENON_OK;
}

static tenon_status
box_write (struct tenon_call *call)
{
    struct tenon_plan_info plan = { .struct_size = sizeof plan };
    struct directory directory = { NULL, 0, 0 };
    struct tenon_setting group, mix, announce;
    uint8_t header[HEADER] = MAGIC;
    uint32_t members = 0;
    TENON_TRY (call->host->plan_info (call, &plan));
    TENON_TRY (box_option (call, GROUP, &group));
    TENON_TRY (box_option (call, MIX, &mix));
    TENON_TRY (box_option (call, ANNOUNCE, &announce));
    if (plan.flags & TENON_PLAN_APPENDS)
        TENON_TRY (keep_old (call, plan.tensors, &directory, &members));
    else
        TENON_TRY (call->host->put (call, header, HEADER));
    uint64_t most = group.integer ? (uint64_t) group.integer : plan.tensors;
    uint64_t end = 0; /* of the announced or written tensors */
    for (uint64_t first = 0, count; first < plan.tensors; first += count, members++) {
        uint64_t alike = 0;
        count = plan.tensors - first < most ? plan.tensors - first : most;
        if (first == end && announce.integer != ANNOUNCE_NO)
            alike = count_alike (first, count, plan.tensors, (uint64_t) mix.integer);
        if (first == end)
            end += count * (alike + 1);
        if (announce.integer == ANNOUNCE_FEWER && members > 2)
            break;
        TENON_TRY (put_member (call, first, count, alike + (announce.integer == ANNOUNCE_MORE), &directory));
    }
    tenon_put_le32 (header + 8, members);
    tenon_put_le64 (header + 16, call->host->tell (call));
    if (directory.bytes)
        TENON_TRY (call->host->put (call, directory.bytes, directory.size));
    return call->host->patch (call, 8, header + 8, HEADER - 8);
}

/* ---- the tables ---- */

static const struct tenon_magic magics[] = { { 0, 8, 0, MAGIC } };
static const char *const extensions[] = { "toybox", NULL };

#define OPTION(type, name, value, choices, help, least, most, flags)                                         \
    {                                                                                                        \
        sizeof (struct tenon_option), type, name, value, choices, help, least, most, flags, 0                \
    }
#define READS TENON_OPTION_FOR_READING
#define WRITES TENON_OPTION_FOR_WRITING
static const struct tenon_option options[OPTIONS] = {
    [MEMBER] =
        OPTION (TENON_OPTION_TEXT, "member", "toyraw", NULL, "which codec writes the members", 0, 0, WRITES),
    [FILTER] = OPTION (TENON_OPTION_CHOICE, "filter", "none", "none deflate toyxor toyrot",
                       "how members are packed", 0, 0, WRITES),
    [LEVEL] =
        OPTION (TENON_OPTION_INTEGER, "level", "-1", NULL, "the filter's level, -1: its own", -1, 9, WRITES),
    [BLOCK_SIZE] = OPTION (TENON_OPTION_SIZE, "block_size", "0", NULL, "bytes that are packed by themselves",
                           0, 1073741824, WRITES),
    [BLOCKS] = OPTION (TENON_OPTION_BOOL, "blocks", "yes", NULL, "keep a table of the blocks", 0, 0, WRITES),
    [GROUP] =
        OPTION (TENON_OPTION_INTEGER, "group", "1", NULL, "tensors in a member, 0: all", 0, 1000000, WRITES),
    [CHECK] =
        OPTION (TENON_OPTION_BOOL, "check", "yes", NULL, "keep a checksum of each member", 0, 0, WRITES),
    [MIX] = OPTION (TENON_OPTION_INTEGER, "mix", "0", NULL,
                    "every so many members the filter is toyxor, 0: never", 0, 1000000, WRITES),
    [ANNOUNCE] = OPTION (TENON_OPTION_CHOICE, "announce", "yes", "yes no more fewer other",
                         "how members are announced, and whether that comes true", 0, 0, WRITES),
    [OLD] = OPTION (TENON_OPTION_CHOICE, "old", "keep", "keep forget late twice beyond",
                    "how right the old file is put when members are added", 0, 0, WRITES),
    [PREFIX] = OPTION (TENON_OPTION_BOOL, "prefix", "no", NULL, "put the member's name before its tensors'",
                       0, 0, READS),
    [METADATA] = OPTION (TENON_OPTION_CHOICE, "metadata", "shared", "shared named none",
                         "metadata of the members", 0, 0, READS),
};

static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .flags = TENON_CODEC_NEEDS_PATCH | TENON_CODEC_APPENDS,
    .id = "toybox",
    .label = "toy container",
    .extensions = extensions,
    .magics = magics,
    .magic_size = sizeof magics[0],
    .magic_count = 1,
    .options = options,
    .option_size = sizeof options[0],
    .option_count = OPTIONS,
    .opaque_family = "toy",
    .describe = box_describe,
    .write = box_write,
    .member_option = "member",
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "toybox",
    .version = "1.0",
    .license = "MIT",
    .summary = "a container, for the tests",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
