/* SPDX-License-Identifier: MIT */
/* pack.c - a toy archive: members one behind the other.
 *
 *     "TOYPACK\n", then for each member
 *         "PAD:" · u64 bytes of padding, which follow: any number of these
 *         "DEL:" · u64 place of a member before, which does not count any more: any number of these
 *         "KEY:" · u8 how · u8 length, key · u64 stored · u64 size · u32 checksum · the stored bytes
 *     "END:"
 *
 * how: 0 stored, 1 deflate, 2 toyrot (which no test has); + 0 CRC-32, 4 CRC-32C, 8 Adler-32; + 16:
 * described later; + 32: cannot be read, found at once; + 64: the same, found later; + 128: the archive fails
 * later. The key "table", described later, has a table of blocks that cannot be.
 *
 * Writing it, some keys make functions fail or break rules: see misbehave. So does a target whose name is
 * that of a function, "begin". */
#ifndef PACK_NAME
#define PACK_NAME "pack"
#include <tenon/plugin.h>
#endif

#define MAGIC "TOYPACK\n"
#define HEAD 6u /* "KEY:", how, length */
#define TAIL 20u

enum {
    STORED,
    DEFLATED,
    FILTERS = 3,
    CHECKS = 12,
    LATER = 16,
    SKIPPED = 32,
    SKIPPED_LATER = 64,
    FAILS = 128
};

/* ---- reading ---- */

/* The member at `at`; *end is where the next one begins. */
static tenon_status
read_head (struct tenon_call *call, uint64_t at, uint32_t *how, struct tenon_part *part, uint64_t *end)
{
    struct tenon_cursor cursor;
    uint8_t byte, length;
    uint32_t crc;
    TENON_TRY (tenon_cursor_open (&cursor, call, 0, at + 4));
    TENON_TRY (tenon_take_u8 (&cursor, &byte, "how"));
    TENON_TRY (tenon_take_u8 (&cursor, &length, "a key's length"));
    const uint8_t *key = tenon_take (&cursor, length, "a key");
    char *copy = key ? (char *) call->host->scratch (call, length + 1u) : NULL;
    if (!copy)
        return TENON_E_TRUNCATED;
    memcpy (copy, key, length);
    TENON_TRY (tenon_take_u64 (&cursor, &part->stored, "the stored bytes"));
    TENON_TRY (tenon_take_u64 (&cursor, &part->size, "the bytes"));
    TENON_TRY (tenon_take_u32 (&cursor, &crc, "a checksum"));
    *how = byte;
    part->name = copy;
    part->name_length = length;
    part->lead = HEAD + length + TAIL;
    part->offset = at + part->lead;
    part->place = at;
    part->check = (byte & CHECKS) / 4u + 1u;
    part->check_value = crc;
    static const struct tenon_step deflate = { .struct_size = sizeof deflate, .filter = "deflate" },
                                   toyrot = { .struct_size = sizeof toyrot, .filter = "toyrot" };
    part->steps = (byte & FILTERS) == DEFLATED ? &deflate : &toyrot;
    part->step_size = sizeof toyrot;
    part->step_count = (byte & FILTERS) != STORED;
    *end = part->offset + part->stored;
    return *end < part->offset ? tenon_fail (call, TENON_E_MALFORMED, at, "a member without an end")
                               : TENON_OK;
}

/* Goes over padding, or the note of a member that was deleted. */
static tenon_status
skip_note (struct tenon_call *call, uint64_t at, const char mark[4], uint64_t *end)
{
    uint8_t bytes[8];
    TENON_TRY (call->host->read_at (call, 0, at + 4, bytes, 8));
    uint64_t size = *mark == 'P' ? tenon_le64 (bytes) : 0;
    *end = at + 12 + size;
    return *end < size ? tenon_fail (call, TENON_E_MALFORMED, at, "padding without an end") : TENON_OK;
}

static tenon_status
add_member (struct tenon_call *call, struct tenon_part *part, uint32_t how)
{
    uint32_t source;
    if (how & (SKIPPED | SKIPPED_LATER))
        return call->host->skip_part (call, part, TENON_E_UNSUPPORTED, "it is sealed");
    tenon_status status = call->host->add_part (call, part, &source);
    return status == TENON_E_UNSUPPORTED
               ? call->host->skip_part (call, part, status, call->host->answer (call))
               : status;
}

/* What lies at `at`: its mark, where it ends, and the member if it is one. */
static tenon_status
read_next (struct tenon_call *call, uint64_t at, char mark[4], struct tenon_part *part, uint64_t *end)
{
    uint32_t how;
    *end = at;
    TENON_TRY (call->host->read_at (call, 0, at, mark, 4));
    if (memcmp (mark, "PAD:", 4) == 0 || memcmp (mark, "DEL:", 4) == 0)
        return skip_note (call, at, mark, end);
    return memcmp (mark, "KEY:", 4) == 0 ? read_head (call, at, &how, part, end) : TENON_OK;
}

#define DELETED 16

struct reader {
    uint64_t deleted[DELETED];
    unsigned count;
};

static tenon_status
find_deleted (struct tenon_call *call)
{
    struct reader *reader = (struct reader *) call->host->scratch (call, sizeof *reader);
    uint64_t at = 8, end;
    uint8_t place[8];
    char mark[4];
    if (!reader)
        return TENON_E_MEMORY;
    call->state = reader;
    for (reader->count = 0;; at = end) {
        struct tenon_part part = TENON_INIT (part);
        TENON_TRY (read_next (call, at, mark, &part, &end));
        if (end == at)
            return TENON_OK;
        if (memcmp (mark, "DEL:", 4) || reader->count == DELETED)
            continue;
        TENON_TRY (call->host->read_at (call, 0, at + 4, place, 8));
        reader->deleted[reader->count++] = tenon_le64 (place);
    }
}

static int
is_deleted (const struct tenon_call *call, uint64_t at)
{
    const struct reader *reader = (const struct reader *) call->state;
    for (unsigned i = 0; i < reader->count; i++)
        if (reader->deleted[i] == at)
            return 1;
    return 0;
}

static tenon_status
pack_describe (struct tenon_call *call)
{
    char mark[8];
    uint64_t at = 8, end;
    TENON_TRY (call->host->read_at (call, 0, 0, mark, 8));
    if (memcmp (mark, MAGIC, 8))
        return tenon_fail (call, TENON_E_MALFORMED, 0, "it does not begin with TOYPACK");
    TENON_TRY (find_deleted (call));
    for (;; at = end) {
        struct tenon_part part = TENON_INIT (part);
        uint32_t how;
        TENON_TRY (call->host->read_at (call, 0, at, mark, 4));
        if (memcmp (mark, "END:", 4) == 0)
            return TENON_OK;
        if (memcmp (mark, "PAD:", 4) == 0 || memcmp (mark, "DEL:", 4) == 0) {
            TENON_TRY (skip_note (call, at, mark, &end));
            continue;
        }
        if (memcmp (mark, "KEY:", 4))
            return tenon_fail (call, TENON_E_MALFORMED, at, "no member and no end is here");
        TENON_TRY (read_head (call, at, &how, &part, &end));
        part.flags = how & LATER ? TENON_PART_LATER : 0;
        if (how & LATER && strcmp (part.name, "table") == 0) { /* blocks of a part without a size */
            part.size = TENON_AUTO;
            part.block_ends = &end;
            part.block_size = (uint64_t) 1 << 40;
        }
        if (!is_deleted (call, at))
            TENON_TRY (add_member (call, &part, how & LATER ? how & SKIPPED : how));
    }
}

static tenon_status
pack_locate (struct tenon_call *call, const struct tenon_part *wanted)
{
    struct tenon_part part = TENON_INIT (part);
    uint64_t end;
    uint32_t how;
    TENON_TRY (read_head (call, wanted->place, &how, &part, &end));
    if (how & FAILS || !call->state)
        return tenon_fail (call, TENON_E_MALFORMED, wanted->place, "the archive is broken here");
    return add_member (call, &part, how);
}

/* ---- writing ---- */

#define DROPS 8

struct writer {
    uint64_t begin; /* of the description of the open member */
    int adds, began, fails;
    const char *dropped[DROPS];
    uint64_t lengths[DROPS];
    unsigned drops;
};

static tenon_status
do_nothing (struct tenon_call *call, uint64_t wrong)
{
    struct tenon_entry entry = { .struct_size = sizeof entry, .key = "own", .key_length = 3 };
    struct tenon_member member = { .struct_size = sizeof member, .count = 1, .codec = "toyraw" };
    switch (wrong) {
    case 0: return call->host->put_key (call, &entry);
    case 1: return call->host->put_tensor (call, 0, NULL);
    case 2: return call->host->put_member (call, &member, NULL);
    case 3: return call->host->put_key (call, NULL);
    case 4: return call->host->put_old (call, 8);
    case 5: return call->host->drop_key (call, "x", 1);
    default: return call->host->patch (call, 1000000, "x", 1);
    }
}

/* "FUNCTION.fail": it fails with words; ".mute": without; ".odd": it returns 7; ".lie": it returns TENON_OK
 * after a service failed; ".wrong0" …: it calls a service that is not for archives. */
static tenon_status
misbehave (struct tenon_call *call, const char *function, const char *key)
{
    size_t length = strlen (function);
    if (strncmp (key, function, length) || key[length] != '.')
        return TENON_OK;
    const char *how = key + length + 1;
    if (strcmp (how, "fail") == 0)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "%s does not want '%s'", function, key);
    if (strcmp (how, "mute") == 0)
        return TENON_E_IO;
    if (strcmp (how, "odd") == 0)
        return 7;
    if (strcmp (how, "lie") == 0)
        (void) do_nothing (call, 9);
    return strncmp (how, "wrong", 5) == 0 ? do_nothing (call, (uint64_t) (how[5] - '0')) : TENON_OK;
}

/* 7 goes on, too. */
#define PACK_TRY(call)                                                                                       \
    do {                                                                                                     \
        tenon_status wrong_ = (call);                                                                        \
        if (wrong_ != TENON_OK)                                                                              \
            return wrong_;                                                                                   \
    } while (0)

static tenon_status
pack_begin (struct tenon_call *call)
{
    struct tenon_plan_info plan = TENON_INIT (plan);
    struct writer *writer = (struct writer *) call->host->scratch (call, sizeof *writer);
    if (!writer)
        return TENON_E_MEMORY;
    memset (writer, 0, sizeof *writer);
    call->state = writer;
    TENON_TRY (call->host->plan_info (call, &plan));
    PACK_TRY (misbehave (call, "begin", plan.name));
    writer->adds = (plan.flags & TENON_PLAN_APPENDS) != 0;
    return TENON_OK;
}

static tenon_status
pack_drop (struct tenon_call *call, const char *key, uint64_t length)
{
    struct writer *writer = (struct writer *) call->state;
    char *copy = (char *) call->host->scratch (call, length + 1);
    if (!copy || writer->drops == DROPS)
        return TENON_E_MEMORY;
    memcpy (copy, key, length);
    PACK_TRY (misbehave (call, "drop", key));
    writer->lengths[writer->drops] = length;
    writer->dropped[writer->drops++] = copy;
    return TENON_OK;
}

static int
was_dropped (const struct writer *writer, const struct tenon_part *part)
{
    for (unsigned i = 0; i < writer->drops; i++)
        if (writer->lengths[i] == part->name_length
            && memcmp (writer->dropped[i], part->name, part->name_length) == 0)
            return 1;
    return 0;
}

/* The old members stay where they are. Notes say which were dropped. */
static tenon_status
put_old_members (struct tenon_call *call, const struct writer *writer)
{
    uint64_t at = 8, end, length;
    char mark[4];
    uint8_t note[12] = "DEL:";
    for (int pass = 0; pass < 2; pass++, at = 8) {
        for (;; at = end) {
            struct tenon_part part = TENON_INIT (part);
            TENON_TRY (read_next (call, at, mark, &part, &end));
            if (end == at)
                break;
            if (pass == 0 || memcmp (mark, "KEY:", 4) || !was_dropped (writer, &part))
                continue;
            tenon_put_le64 (note + 4, at);
            TENON_TRY (call->host->put (call, note, sizeof note));
        }
        length = at;
        if (pass == 0)
            TENON_TRY (call->host->put_old (call, length));
    }
    return TENON_OK;
}

static tenon_status
begin_bytes (struct tenon_call *call, struct writer *writer)
{
    if (writer->began)
        return TENON_OK;
    writer->began = 1;
    return writer->adds ? put_old_members (call, writer) : call->host->put (call, MAGIC, 8);
}

/* An old member of that key stays where it is, so a new one cannot be. */
static tenon_status
find_old (struct tenon_call *call, const struct tenon_entry *entry)
{
    uint64_t at = 8, end;
    char mark[4];
    for (;; at = end) {
        struct tenon_part part = TENON_INIT (part);
        TENON_TRY (read_next (call, at, mark, &part, &end));
        if (end == at)
            return TENON_OK;
        if (part.name_length == entry->key_length && memcmp (part.name, entry->key, entry->key_length) == 0
            && !was_dropped ((const struct writer *) call->state, &part))
            return tenon_fail (call, TENON_E_EXISTS, at, "the archive has the key '%s'", entry->key);
    }
}

static tenon_status
pack_begin_entry (struct tenon_call *call, const struct tenon_entry *entry)
{
    struct writer *writer = (struct writer *) call->state;
    uint8_t bytes[12] = "PAD:", zeros[TAIL] = { 0 };
    PACK_TRY (misbehave (call, "begin_entry", entry->key));
    if (entry->key_length > 255)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "a key has 255 bytes at most");
    TENON_TRY (begin_bytes (call, writer));
    if (writer->adds)
        TENON_TRY (find_old (call, entry));
    uint64_t head = HEAD + entry->key_length + TAIL, at = call->host->tell (call) + head;
    if (entry->alignment > 1 && at % entry->alignment) {
        uint64_t beyond = (at + sizeof bytes) % entry->alignment;
        uint64_t padding = beyond ? entry->alignment - beyond : 0;
        tenon_put_le64 (bytes + 4, padding);
        TENON_TRY (call->host->put (call, bytes, sizeof bytes));
        while (padding-- > 0)
            TENON_TRY (call->host->put (call, zeros, 1));
    }
    writer->begin = call->host->tell (call);
    memcpy (bytes, "KEY:", 4);
    bytes[4] = 0;
    bytes[5] = (uint8_t) entry->key_length;
    TENON_TRY (call->host->put (call, bytes, HEAD));
    TENON_TRY (call->host->put (call, entry->key, entry->key_length));
    return call->host->put (call, zeros, TAIL);
}

static tenon_status
pack_end_entry (struct tenon_call *call, const struct tenon_entry *entry,
                const struct tenon_member_result *result)
{
    struct writer *writer = (struct writer *) call->state;
    uint8_t how = entry->step_count && strcmp (entry->steps->filter, "deflate") == 0 ? DEFLATED : STORED;
    how = (uint8_t) (how + 4 * (entry->check - 1));
    uint8_t tail[TAIL];
    PACK_TRY (misbehave (call, "end_entry", entry->key));
    writer->fails |= strcmp (entry->key, "finish.fail") == 0      ? 1
                     : strcmp (entry->key, "finish.odd") == 0     ? 2
                     : strcmp (entry->key, "finish.nothing") == 0 ? 4
                                                                  : 0;
    tenon_put_le64 (tail, result->stored);
    tenon_put_le64 (tail + 8, result->size);
    tenon_put_le32 (tail + 16, (uint32_t) result->check_value);
    TENON_TRY (call->host->patch (call, writer->begin + 4, &how, 1));
    return call->host->patch (call, writer->begin + HEAD + entry->key_length, tail, TAIL);
}

static tenon_status
pack_finish (struct tenon_call *call)
{
    struct writer *writer = (struct writer *) call->state;
    TENON_TRY (begin_bytes (call, writer));
    if (writer->fails == 4)
        return TENON_OK;
    if (writer->fails)
        return writer->fails == 2 ? 7 : misbehave (call, "finish", "finish.fail");
    return call->host->put (call, "END:", 4);
}

/* ---- the tables ---- */

static const char *const filters[] = { "deflate", NULL };
#define ARCHIVE(of_kind)                                                                                     \
    {                                                                                                        \
        .struct_size = sizeof (struct tenon_archive), .check = of_kind, .filters = filters,                  \
        .locate = pack_locate, .begin = pack_begin, .drop = pack_drop, .begin_entry = pack_begin_entry,      \
        .end_entry = pack_end_entry, .finish = pack_finish                                                   \
    }
static const struct tenon_archive archives[] = { ARCHIVE (TENON_CHECK_CRC32), ARCHIVE (TENON_CHECK_CRC32C),
                                                 ARCHIVE (TENON_CHECK_ADLER32) };
static const char *const extensions[] = { "pack", NULL };
static const struct tenon_magic magics[] = { { 0, 8, 0, MAGIC } };
static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .flags = TENON_CODEC_APPENDS,
    .id = "pack",
    .label = "toy archive",
    .extensions = extensions,
    .magics = magics,
    .magic_size = sizeof magics[0],
    .magic_count = 1,
    .describe = pack_describe,
    .archive_functions = &archives[0],
};
/* These only write: pack reads their archives. */
static const struct tenon_codec packc = {
    .struct_size = sizeof packc, .id = "packc", .describe = pack_describe, .archive_functions = &archives[1]
};
static const struct tenon_codec packa = {
    .struct_size = sizeof packa, .id = "packa", .describe = pack_describe, .archive_functions = &archives[2]
};
static const struct tenon_codec *const codecs[] = { &codec, &packc, &packa, NULL };
static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = PACK_NAME,
    .version = "1",
    .license = "MIT",
    .summary = "a toy archive",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
